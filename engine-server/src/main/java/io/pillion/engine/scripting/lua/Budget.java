package io.pillion.engine.scripting.lua;

import java.util.function.LongSupplier;

/**
 * What a state may use: bytes of the heap, charged before they are allocated, and ticks of work,
 * after so many of which somebody is asked whether to go on.
 *
 * <p>Java's collector takes back what a script drops, but does not say so. So charges only add up;
 * when they reach the threshold, what is still reachable is counted, as the mark phase of a
 * collector does, and counting goes on from there. Hence what is reachable and what was charged
 * since are together never more than the limit.
 */
public final class Budget {
  /** Ticks between two questions: well under a millisecond of work. */
  private static final int TICKS = 10_000;

  /** Below this nothing is worth counting. */
  private static final long FLOOR_BYTES = 8 << 20;

  private final long limitBytes;
  private final LongSupplier reachable;
  private long charged;
  private long counted = -1;
  private long threshold;
  private long pinned;
  private int ticks = TICKS;
  private Runnable interrupt = () -> {};

  /**
   * A budget of so many bytes.
   *
   * @param reachable counts the bytes still in use
   */
  Budget(long limitBytes, LongSupplier reachable) {
    this.limitBytes = limitBytes;
    this.reachable = reachable;
    threshold = Math.min(limitBytes, FLOOR_BYTES);
  }

  /** Asks this every so often; what it throws ends the script. */
  void interrupt(Runnable newInterrupt) {
    interrupt = newInterrupt;
  }

  /**
   * Charges bytes that are about to be allocated.
   *
   * @throws LuaError not enough memory
   */
  public void charge(long bytes) {
    charged += bytes;
    if (charged > threshold || bytes < 0) {
      count(bytes);
    }
  }

  private void count(long bytes) {
    charged -= bytes;
    if (bytes < 0 || bytes > limitBytes) {
      throw notEnough();
    }
    long live = reachable.getAsLong() + pinned;
    charged = live;
    if (live + bytes > limitBytes) {
      threshold = limitBytes;
      throw notEnough();
    }
    charged += bytes;
    threshold = Math.min(limitBytes, Math.max(FLOOR_BYTES, charged * 2));
  }

  private static LuaError notEnough() {
    return new LuaError("not enough memory");
  }

  /** Charges bytes that only a running function knows, until it lets them go. */
  void pin(long bytes) {
    charge(bytes);
    pinned += bytes;
  }

  /** Such bytes are let go, or have become a value that can be reached. */
  void unpin(long bytes) {
    pinned -= bytes;
  }

  /** Nothing runs: nothing is pinned. */
  void reset() {
    pinned = 0;
    ticks = TICKS;
  }

  /** One step that may be repeated without end. */
  void tick() {
    if (--ticks <= 0) {
      ask();
    }
  }

  /** Several steps at once. */
  void tick(int n) {
    ticks -= n;
    if (ticks <= 0) {
      ask();
    }
  }

  private void ask() {
    ticks = TICKS;
    interrupt.run();
  }

  /** Bytes in use, as far as was counted: an upper bound. */
  long usedBytes() {
    return charged;
  }

  /** Whether nothing was charged since all was counted, so that this is no bound but exact. */
  boolean isExact() {
    return charged == counted;
  }

  /** Counts what is reachable now. */
  void collect() {
    charged = reachable.getAsLong() + pinned;
    counted = charged;
    threshold = Math.min(limitBytes, Math.max(FLOOR_BYTES, charged * 2));
  }
}
