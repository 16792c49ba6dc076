package io.pillion.engine.server;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.world.World;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log when {@code maxmemory} is more than there is, at the start and at each change: it
 * would end in a killed process, or in refused writes, where evictions are expected.
 */
final class MemoryAdvice {
  private static final Logger log = LoggerFactory.getLogger(MemoryAdvice.class);

  private final Parameters parameters;
  private final Arena arena;
  private final World world;

  private MemoryAdvice(Parameters parameters, Arena arena, World world) {
    this.parameters = parameters;
    this.arena = arena;
    this.world = world;
  }

  /** Looks now, and at each change. */
  static void follow(Parameters parameters, Arena arena, World world) {
    MemoryAdvice advice = new MemoryAdvice(parameters, arena, world);
    advice.look();
    parameters.onChange(advice::look, "maxmemory");
  }

  private void look() {
    long wanted = parameters.number("maxmemory");
    long heap = Runtime.getRuntime().maxMemory();
    long machine = world.memoryBytes();
    long granted = arena.budgetBytes();
    if (wanted > 0 && wanted > machine - heap) {
      log.warn(
          "maxmemory is {} bytes and the Java heap may grow to {}, but this machine, or the"
              + " container around it, has only {}: the system may kill the process before a key is"
              + " evicted. Lower maxmemory, or give it more memory.",
          wanted,
          heap,
          machine);
    } else if (wanted > granted) {
      log.warn(
          "maxmemory is {} bytes, but this JVM may use only {} for data: raise"
              + " -XX:MaxDirectMemorySize (bin/pillion-server does that by itself at the start).",
          wanted,
          granted);
    }
  }
}
