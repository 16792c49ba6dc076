package io.pillion.engine.command;

import io.pillion.engine.world.World;

/**
 * What tells one run of an engine from every other.
 *
 * @param startedMillis when it began, in Unix milliseconds
 * @param runId 40 random hexadecimal digits
 * @param commands how many commands come
 * @param input how many bytes come
 * @param output how many bytes go
 * @param turns how often the engine's lock is taken
 */
record ServerIdentity(
    long startedMillis, String runId, Rate commands, Rate input, Rate output, Rate turns) {
  static ServerIdentity random(World world, long startedMillis) {
    return new ServerIdentity(
        startedMillis,
        randomId(world),
        new Rate(world),
        new Rate(world),
        new Rate(world),
        new Rate(world));
  }

  private static String randomId(World world) {
    StringBuilder id = new StringBuilder();
    while (id.length() < 40) {
      id.append(String.format("%016x", world.randomLong()));
    }
    return id.substring(0, 40);
  }
}
