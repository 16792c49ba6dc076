package io.pillion.engine.command;

import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.world.World;

/** How many commands a second an engine carries out, from one time it is asked to the next. */
final class CommandRate {
  private static final long SHORTEST_NANOS = 100_000_000;

  private long sinceNanos;
  private long sinceCommands;
  private long perSecond;

  CommandRate(World world) {
    sinceNanos = world.nanos();
  }

  /** The rate since the last time this was asked, if that is not just now. */
  long perSecond(Engine engine) {
    long passed = engine.world().nanos() - sinceNanos;
    if (passed >= SHORTEST_NANOS) {
      long commands = engine.statistics().commands();
      // RESETSTAT may have taken the count back.
      perSecond = Math.max(0, commands - sinceCommands) * 1_000_000_000 / passed;
      sinceCommands = commands;
      sinceNanos += passed;
    }
    return perSecond;
  }
}
