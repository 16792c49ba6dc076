package io.pillion.engine.persistence;

import io.pillion.engine.world.World;
import java.util.concurrent.locks.LockSupport;

/**
 * The breaks of a thread that works in the background for seconds while others answer requests: it
 * never has a processor for long, and gives half of one to others while they want it. A kernel lets
 * a thread that woke up wait for a busy processor until its next tick, which is milliseconds away,
 * also when another processor falls idle meanwhile; and a request takes several threads that wake
 * up. So this thread also yields between breaks, which costs next to nothing when nobody waits for
 * its processor, and lets those go on who do. Used by one thread, without the engine lock.
 */
final class Breaks {
  private static final long MOST_WORK_NANOS = 250_000;
  private static final long NANOS_TO_NEXT_YIELD = 10_000;
  private static final long SHORTEST_NANOS = 50_000;
  private static final long LONGEST_NANOS = 3_000_000;

  private final World world;
  private final boolean none;
  private long since;
  private long yieldedAt;
  private boolean givesWay;

  private Breaks(World world, boolean none) {
    this.world = world;
    this.none = none;
    since = world.nanos();
  }

  /** As many as others need who want to answer at once. */
  static Breaks often(World world) {
    return new Breaks(world, /* none= */ false);
  }

  /** For somebody for whom all others wait. */
  static Breaks none(World world) {
    return new Breaks(world, /* none= */ true);
  }

  /** Says whether others want the processor just now. */
  void giveWay(boolean whether) {
    givesWay = whether;
  }

  /** Takes a break if the last one was long ago; to be called every some ten microseconds. */
  @SuppressWarnings("ThreadPriorityCheck") // the breaks are for where a yield is not enough
  void takeIfDue() {
    if (none) {
      return;
    }
    long now = world.nanos();
    long worked = now - since;
    if (worked >= MOST_WORK_NANOS) {
      // A yield alone would not do: the one that worked for longest may be picked again.
      long nanos = givesWay ? Math.min(worked, LONGEST_NANOS) : 0;
      LockSupport.parkNanos(Math.max(nanos, SHORTEST_NANOS));
      since = world.nanos();
      yieldedAt = since;
    } else if (givesWay && now - yieldedAt >= NANOS_TO_NEXT_YIELD) {
      Thread.yield();
      yieldedAt = world.nanos();
      // What others did meanwhile is no work of this thread.
      since += yieldedAt - now;
    }
  }
}
