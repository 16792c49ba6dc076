package io.pillion.engine.world;

import java.io.IOException;
import java.util.Random;
import java.util.Set;

/**
 * The machine's clock, disk and threads, but chance from a seed: two engines lay out the same data
 * in the same way.
 */
public class SeededWorld implements World {
  private final World real = RealWorld.get();
  private final Random random;
  private volatile Set<String> withheld = Set.of();

  /** A world whose chance follows from this seed. */
  public SeededWorld(long seed) {
    random = new Random(seed);
  }

  /** From now on background tasks of these names are never begun. */
  public void withhold(String... names) {
    withheld = Set.of(names);
  }

  @Override
  public long wallMillis() {
    return real.wallMillis();
  }

  @Override
  public long nanos() {
    return real.nanos();
  }

  @Override
  public long randomLong() {
    return random.nextLong();
  }

  @Override
  public Scheduled schedule(long delayNanos, Runnable task) {
    return real.schedule(delayNanos, task);
  }

  @Override
  public long memoryBytes() {
    return real.memoryBytes();
  }

  @Override
  public Disk disk() {
    return real.disk();
  }

  @Override
  public Link connect(String host, int port, int timeoutMillis) throws IOException {
    return real.connect(host, port, timeoutMillis);
  }

  @Override
  public void background(String name, Runnable task) {
    if (!withheld.contains(name)) {
      real.background(name, task);
    }
  }

  @Override
  public Worker worker(String name) {
    return real.worker(name);
  }
}
