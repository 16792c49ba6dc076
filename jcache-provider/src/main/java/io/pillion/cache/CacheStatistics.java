package io.pillion.cache;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * What one cache object counted in this process, as JSR-107 defines it: a hit or miss for each key
 * looked up, a put for each value stored (not for those a read-through loaded), a removal for each
 * entry removed (not by clear or expiry). Reading a counter costs the number of its stripes.
 */
public final class CacheStatistics {
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder puts = new LongAdder();
  private final LongAdder removals = new LongAdder();
  private final LongAdder getNanos = new LongAdder();
  private final LongAdder putNanos = new LongAdder();
  private final LongAdder removeNanos = new LongAdder();
  private final LongAdder unreadable = new LongAdder();
  private final AtomicBoolean foundUnreadable = new AtomicBoolean();
  private volatile boolean enabled;

  CacheStatistics(boolean enabled) {
    this.enabled = enabled;
  }

  /** Whether anything is counted. */
  public boolean isEnabled() {
    return enabled;
  }

  /** Starts or stops counting; what was counted stays. */
  public void setEnabled(boolean enabled) {
    this.enabled = enabled;
  }

  /** Keys that were found. */
  public long hits() {
    return hits.sum();
  }

  /** Keys that were looked up and not found, even when then loaded. */
  public long misses() {
    return misses.sum();
  }

  /** Values stored. */
  public long puts() {
    return puts.sum();
  }

  /** Entries removed. */
  public long removals() {
    return removals.sum();
  }

  /**
   * How often a value was found that could not be read, and was taken for missing. Counted always;
   * one value is counted each time that it is met.
   */
  public long unreadableValues() {
    return unreadable.sum();
  }

  /** Counts one; whether it is the first of all. */
  boolean unreadable() {
    unreadable.increment();
    return foundUnreadable.compareAndSet(false, true);
  }

  /** Time spent looking up, in nanoseconds. */
  public long getNanos() {
    return getNanos.sum();
  }

  /** Time spent storing, in nanoseconds. */
  public long putNanos() {
    return putNanos.sum();
  }

  /** Time spent removing, in nanoseconds. */
  public long removeNanos() {
    return removeNanos.sum();
  }

  /** Sets every counter to zero. */
  public void clear() {
    for (LongAdder counter :
        new LongAdder[] {
          hits, misses, puts, removals, unreadable, getNanos, putNanos, removeNanos
        }) {
      counter.reset();
    }
  }

  long start() {
    return enabled ? System.nanoTime() : 0;
  }

  void got(long hitCount, long missCount, long start) {
    if (enabled) {
      hits.add(hitCount);
      misses.add(missCount);
      getNanos.add(since(start));
    }
  }

  void got(boolean found, long start) {
    got(found ? 1 : 0, found ? 0 : 1, start);
  }

  void put(boolean stored, long start) {
    if (stored) {
      put(1, start);
    }
  }

  void put(long count, long start) {
    if (enabled) {
      puts.add(count);
      putNanos.add(since(start));
    }
  }

  void removed(long count, long start) {
    if (enabled) {
      removals.add(count);
      removeNanos.add(since(start));
    }
  }

  /** Zero when counting began in between. */
  private static long since(long start) {
    return start == 0 ? 0 : System.nanoTime() - start;
  }
}
