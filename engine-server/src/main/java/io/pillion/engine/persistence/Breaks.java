package io.pillion.engine.persistence;

import io.pillion.engine.world.World;
import java.util.concurrent.locks.LockSupport;

/**
 * The breaks of a thread that works in the background for seconds while others answer requests: it
 * never has a processor for long, and leaves most of one to others while they want it. A kernel
 * lets a thread that woke up wait for a busy processor until its next tick, which is milliseconds
 * away, also when another processor falls idle meanwhile. Used by one thread, without the engine
 * lock.
 */
final class Breaks {
  private static final long MOST_WORK_NANOS = 150_000;
  private static final long SHORTEST_NANOS = 50_000;
  private static final long LONGEST_NANOS = 3_000_000;

  private final World world;
  private final long mostWorkNanos;
  private long since;
  private long shares;

  private Breaks(World world, long mostWorkNanos) {
    this.world = world;
    this.mostWorkNanos = mostWorkNanos;
    since = world.nanos();
  }

  /** As many as others need who want to answer at once. */
  static Breaks often(World world) {
    return new Breaks(world, MOST_WORK_NANOS);
  }

  /** For somebody for whom all others wait. */
  static Breaks none(World world) {
    return new Breaks(world, Long.MAX_VALUE);
  }

  /**
   * Says who else wants the processor.
   *
   * @param newShares how many times as much as this thread the others ought to have; with 0, nobody
   *     does
   */
  void leave(long newShares) {
    shares = newShares;
  }

  /** Takes a break if the last one was long ago; to be called every some ten microseconds. */
  void takeIfDue() {
    if (world.nanos() - since >= mostWorkNanos) {
      take();
    }
  }

  /** Takes a break, for as long as others ought to have after what was done since the last one. */
  void take() {
    long nanos = Math.min(shares * (world.nanos() - since), LONGEST_NANOS);
    // Not a yield: the thread that worked for longest may be the one that the kernel picks again.
    LockSupport.parkNanos(Math.max(nanos, SHORTEST_NANOS));
    since = world.nanos();
  }
}
