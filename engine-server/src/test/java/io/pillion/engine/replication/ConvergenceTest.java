package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.SimulatedNetwork;
import io.pillion.engine.world.SimulatedWorld;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Three engines in one simulated world, while links are cut, engines crash and others are promoted:
 * in the end all have the same, and at no moment anybody sees half a transaction.
 */
final class ConvergenceTest {
  private static final int ENGINES = 3;
  private static final int FIRST_PORT = 7000;
  private static final int CYCLES = Integer.getInteger("pillion.convergence.cycles", 30);
  private static final int SEEDS = Integer.getInteger("pillion.convergence.seeds", 3);

  private final List<PillionEngine> engines = new ArrayList<>();
  private final List<LocalClient> clients = new ArrayList<>();

  private SimulatedWorld world = new SimulatedWorld(0);
  private SimulatedNetwork network = new SimulatedNetwork(world, 0);
  private SplittableRandom random = new SplittableRandom(0);
  private int primary;
  private int written;
  private long partial;

  private String call(int engine, String... words) {
    Object answer =
        clients
            .get(engine)
            .send(Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList())
            .toCompletableFuture()
            .join();
    return answer instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.UTF_8)
        : String.valueOf(answer);
  }

  private PillionEngine start(int number, String... replicaof) throws IOException {
    String dir = "/engine" + number;
    if (!world.disk().isFolder(dir)) {
      world.disk().createFolder(dir);
    }
    EngineBuilder builder =
        new EngineBuilder()
            .world(world)
            .memoryBytes(16 << 20)
            .set("dir", dir)
            .set("port", Integer.toString(FIRST_PORT + number))
            .set("repl-backlog-size", "20kb")
            .set("repl-timeout", "5")
            .set("repl-ping-replica-period", "1")
            .set("repl-diskless-sync", number == 1 ? "no" : "yes")
            .set("repl-diskless-sync-delay", "0")
            .set("enable-debug-command", "yes")
            .warm();
    if (replicaof.length > 0) {
      builder.set("replicaof", replicaof);
    }
    PillionEngine engine = builder.start();
    network.listen(FIRST_PORT + number, engine.engine());
    return engine;
  }

  private void write() {
    for (int i = random.nextInt(20); i >= 0; i--) {
      String key = "k" + random.nextInt(50);
      call(primary, "SELECT", Integer.toString(random.nextInt(3)));
      switch (random.nextInt(7)) {
        case 0 -> call(primary, "SET", key, "v" + written++);
        case 1 -> call(primary, "SET", key, "x".repeat(random.nextInt(3000)));
        case 2 -> call(primary, "DEL", key);
        case 3 -> call(primary, "ZADD", "z" + key, Integer.toString(written++), "m" + written % 90);
        case 4 -> call(primary, "SET", key, "v", "PX", Integer.toString(1 + random.nextInt(3000)));
        case 5 -> call(primary, "SPOP", "s");
        default -> call(primary, "SADD", "s", "m" + written++, "n" + written);
      }
      call(primary, "SELECT", "0");
      call(primary, "MULTI");
      call(primary, "INCR", "left");
      call(primary, "SET", "between", "y".repeat(random.nextInt(2000)));
      call(primary, "INCR", "right");
      call(primary, "EXEC");
    }
  }

  private void noHalves() {
    for (int i = 0; i < ENGINES; i++) {
      call(i, "SELECT", "0");
      String left = call(i, "GET", "left");
      if (!left.contains("LOADING")) {
        assertThat(call(i, "GET", "right")).as("engine %s", i).isEqualTo(left);
      }
    }
  }

  private void disturb() throws IOException {
    int replica = (primary + 1 + random.nextInt(ENGINES - 1)) % ENGINES;
    switch (random.nextInt(6)) {
      case 0, 1 -> network.cutOne();
      case 2 -> network.cut(FIRST_PORT + primary);
      case 3 -> {
        // One follows the other replica, or the primary again.
        int other = ENGINES - primary - replica;
        int leader = random.nextBoolean() ? other : primary;
        if (leader == primary || call(other, "ROLE").contains("slave")) {
          call(other, "REPLICAOF", "127.0.0.1", Integer.toString(FIRST_PORT + primary));
          call(replica, "REPLICAOF", "127.0.0.1", Integer.toString(FIRST_PORT + leader));
        }
      }
      case 4 -> crash(replica, primary);
      default -> promote(replica);
    }
  }

  private void crash(int number, int leader) throws IOException {
    if (random.nextBoolean()) {
      call(number, "SAVE");
    }
    partial += number(number, "sync_partial_ok");
    network.cut(FIRST_PORT + number);
    network.listen(FIRST_PORT + number, null);
    engines.get(number).close();
    world.advanceMillis(random.nextInt(2000));
    engines.set(number, start(number, "127.0.0.1", Integer.toString(FIRST_PORT + leader)));
    clients.set(number, engines.get(number).connect());
  }

  private void promote(int replica) throws IOException {
    if (call(replica, "INFO", "replication").contains("master_link_status:down")
        || call(replica, "DBSIZE").contains("LOADING")) {
      return;
    }
    int old = primary;
    call(replica, "REPLICAOF", "NO", "ONE");
    primary = replica;
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary) {
        call(i, "REPLICAOF", "127.0.0.1", Integer.toString(FIRST_PORT + primary));
      }
    }
    if (random.nextBoolean()) {
      crash(old, primary);
    }
  }

  private void follow() {
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary) {
        call(i, "REPLICAOF", "127.0.0.1", Integer.toString(FIRST_PORT + primary));
      }
    }
  }

  private void run(long seed) throws IOException {
    world = new SimulatedWorld(seed);
    network = new SimulatedNetwork(world, seed);
    random = new SplittableRandom(seed);
    primary = 0;
    for (int i = 0; i < ENGINES; i++) {
      engines.add(start(i));
      clients.add(engines.get(i).connect());
    }
    follow();
    for (int cycle = 0; cycle < CYCLES; cycle++) {
      write();
      for (int i = random.nextInt(100); i >= 0; i--) {
        world.advanceMillis(random.nextInt(50));
        if (i % 10 == 0) {
          write();
          noHalves();
        }
      }
      disturb();
      noHalves();
    }
    follow();
    for (int i = 0; i < 200 && !areSame(); i++) {
      world.advanceMillis(200);
    }
    for (int i = 0; i < ENGINES; i++) {
      assertThat(call(i, "DEBUG", "DIGEST"))
          .as(
              "engine %s, seed %s, primary %s: %s",
              i, seed, primary, call(i, "INFO", "replication"))
          .isEqualTo(call(primary, "DEBUG", "DIGEST"));
      partial += number(i, "sync_partial_ok");
    }
    clients.clear();
    engines.forEach(PillionEngine::close);
    engines.clear();
  }

  private long number(int engine, String name) {
    return call(engine, "INFO", "stats")
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
        .sum();
  }

  private boolean areSame() {
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary
          && (!call(i, "INFO", "replication").contains("master_link_status:up")
              || !call(i, "DEBUG", "DIGEST").equals(call(primary, "DEBUG", "DIGEST")))) {
        return false;
      }
    }
    return true;
  }

  @Test
  void allHaveTheSameInTheEnd() throws IOException {
    for (int seed = 1; seed <= SEEDS; seed++) {
      run(seed);
    }
    assertThat(partial).as("how often somebody went on from where it was").isGreaterThan(SEEDS);
  }
}
