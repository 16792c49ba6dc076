package io.pillion.engine.replication;

import static io.pillion.engine.replication.ReplicaGroup.ENGINES;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Three engines in one simulated world, while links are cut, engines crash and others are promoted:
 * in the end all have the same, and at no moment anybody sees half a transaction.
 */
final class ConvergenceTest {
  private static final int CYCLES = Integer.getInteger("pillion.convergence.cycles", 30);
  private static final int SEEDS = Integer.getInteger("pillion.convergence.seeds", 3);

  /** One life of a group. */
  private static final class Run implements AutoCloseable {
    private final long seed;
    private final ReplicaGroup group;
    private final SplittableRandom random;
    private int written;
    private long partial;

    Run(long seed) throws IOException {
      this.seed = seed;
      random = new SplittableRandom(seed);
      group =
          new ReplicaGroup(
              seed,
              (number, builder) -> builder.set("repl-diskless-sync", number == 1 ? "no" : "yes"));
    }

    void write() {
      for (int i = random.nextInt(20); i >= 0; i--) {
        writeSomething();
        write("MULTI");
        write("INCR", "left");
        write("SET", "between", "y".repeat(random.nextInt(2000)));
        write("INCR", "right");
        write("EXEC");
      }
    }

    private void writeSomething() {
      String key = "k" + random.nextInt(50);
      write("SELECT", Integer.toString(random.nextInt(3)));
      switch (random.nextInt(7)) {
        case 0 -> write("SET", key, "v" + written++);
        case 1 -> write("SET", key, "x".repeat(random.nextInt(3000)));
        case 2 -> write("DEL", key);
        case 3 -> write("ZADD", "z" + key, Integer.toString(written++), "m" + written % 90);
        case 4 -> write("SET", key, "v", "PX", Integer.toString(1 + random.nextInt(3000)));
        case 5 -> write("SPOP", "s");
        default -> write("SADD", "s", "m" + written++, "n" + written);
      }
      write("SELECT", "0");
    }

    private void write(String... words) {
      group.call(group.primary(), words);
    }

    void noHalves() {
      for (int i = 0; i < ENGINES; i++) {
        group.call(i, "SELECT", "0");
        String left = group.call(i, "GET", "left");
        if (!left.contains("LOADING")) {
          assertThat(group.call(i, "GET", "right")).as("engine %s", i).isEqualTo(left);
        }
      }
    }

    void disturb() throws IOException {
      int primary = group.primary();
      int replica = (primary + 1 + random.nextInt(ENGINES - 1)) % ENGINES;
      switch (random.nextInt(6)) {
        case 0, 1 -> group.network().cutOne();
        case 2 -> group.cutPrimary();
        case 3 -> {
          // One follows the other replica, or the primary again.
          int other = ENGINES - primary - replica;
          int leader = random.nextBoolean() ? other : primary;
          if (leader == primary || group.call(other, "ROLE").contains("slave")) {
            group.follow(other, primary);
            group.follow(replica, leader);
          }
        }
        case 4 -> crash(replica);
        default -> {
          if (group.promote(replica) && random.nextBoolean()) {
            crash(primary);
          }
        }
      }
    }

    private void crash(int number) throws IOException {
      if (random.nextBoolean()) {
        group.call(number, "SAVE");
      }
      partial += partialSyncs(number);
      group.crash(number, random.nextInt(2000));
    }

    /** How many replicas of an engine went on from where they were. */
    private long partialSyncs(int engine) {
      String name = "sync_partial_ok:";
      return group
          .call(engine, "INFO", "stats")
          .lines()
          .filter(line -> line.startsWith(name))
          .mapToLong(line -> Long.parseLong(line.substring(name.length())))
          .sum();
    }

    void settle() {
      group.followPrimary();
      for (int i = 0; i < 200 && !group.areSame(); i++) {
        group.world().advanceMillis(200);
      }
      for (int i = 0; i < ENGINES; i++) {
        assertThat(group.digest(i))
            .as(
                "engine %s, seed %s, primary %s: %s",
                i, seed, group.primary(), group.call(i, "INFO", "replication"))
            .isEqualTo(group.digest(group.primary()));
        partial += partialSyncs(i);
      }
    }

    @Override
    public void close() {
      group.close();
    }
  }

  private static long run(long seed) throws IOException {
    try (Run run = new Run(seed)) {
      for (int cycle = 0; cycle < CYCLES; cycle++) {
        run.write();
        for (int i = run.random.nextInt(100); i >= 0; i--) {
          run.group.world().advanceMillis(run.random.nextInt(50));
          if (i % 10 == 0) {
            run.write();
            run.noHalves();
          }
        }
        run.disturb();
        run.noHalves();
      }
      run.settle();
      return run.partial;
    }
  }

  @Test
  void allHaveTheSameInTheEnd() throws IOException {
    long partial = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      partial += run(seed);
    }
    assertThat(partial).as("how often somebody went on from where it was").isGreaterThan(SEEDS);
  }
}
