package io.pillion.engine.command;

import io.pillion.engine.world.World;

/**
 * What tells one run of an engine from every other.
 *
 * @param startedMillis when it began, in Unix milliseconds
 * @param runId 40 random hexadecimal digits
 * @param replicationId 40 others, by which replicas know its history
 * @param rate how busy it is
 */
record ServerIdentity(long startedMillis, String runId, String replicationId, CommandRate rate) {
  static ServerIdentity random(World world, long startedMillis) {
    return new ServerIdentity(
        startedMillis, randomId(world), randomId(world), new CommandRate(world));
  }

  private static String randomId(World world) {
    StringBuilder id = new StringBuilder();
    while (id.length() < 40) {
      id.append(String.format("%016x", world.randomLong()));
    }
    return id.substring(0, 40);
  }
}
