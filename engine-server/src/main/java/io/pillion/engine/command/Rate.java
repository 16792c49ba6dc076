package io.pillion.engine.command;

import io.pillion.engine.world.World;

/** How fast a total grows, from one time it is asked to the next. */
final class Rate {
  private static final long SHORTEST_NANOS = 100_000_000;

  private final World world;
  private long sinceNanos;
  private long sinceTotal;
  private double perSecond;

  Rate(World world) {
    this.world = world;
    sinceNanos = world.nanos();
  }

  /** The rate since the last time this was asked, if that is not just now. */
  double perSecond(long total) {
    long passed = world.nanos() - sinceNanos;
    if (passed >= SHORTEST_NANOS) {
      // RESETSTAT may have taken the total back.
      perSecond = Math.max(0, total - sinceTotal) * 1e9 / passed;
      sinceTotal = total;
      sinceNanos += passed;
    }
    return perSecond;
  }
}
