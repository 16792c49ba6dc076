package io.pillion.engine.replication;

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
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Three engines in one simulated world, one of which the others follow, each perhaps by way of
 * another. Links are cut, engines crash and are promoted as a test says; what happens then depends
 * on the seed alone.
 */
final class ReplicaGroup implements AutoCloseable {
  static final int ENGINES = 3;
  private static final int FIRST_PORT = 7000;

  private final SimulatedWorld world;
  private final SimulatedNetwork network;
  private final Settings settings;
  private final List<PillionEngine> engines = new ArrayList<>();
  private final List<LocalClient> clients = new ArrayList<>();
  private int primary;

  /** What engines of a test are to have beside what all of them have. */
  interface Settings {
    void apply(int number, EngineBuilder builder);
  }

  /** All of them, of which number 0 is the primary. */
  ReplicaGroup(long seed, Settings settings) throws IOException {
    world = new SimulatedWorld(seed);
    network = new SimulatedNetwork(world, seed);
    this.settings = settings;
    for (int i = 0; i < ENGINES; i++) {
      engines.add(start(i));
      clients.add(connect(i));
    }
  }

  private PillionEngine start(int number) throws IOException {
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
            .set("repl-diskless-sync-delay", "0")
            .set("enable-debug-command", "yes")
            .warm();
    settings.apply(number, builder);
    if (number != primary) {
      builder.set("replicaof", "127.0.0.1", Integer.toString(FIRST_PORT + primary));
    }
    PillionEngine engine = builder.start();
    network.listen(FIRST_PORT + number, engine.engine());
    return engine;
  }

  SimulatedWorld world() {
    return world;
  }

  SimulatedNetwork network() {
    return network;
  }

  int primary() {
    return primary;
  }

  // --- asking

  /** A new client of an engine. */
  LocalClient connect(int engine) {
    return engines.get(engine).connect();
  }

  /** Sends a command by this client. */
  static CompletionStage<@Nullable Object> send(LocalClient client, String... words) {
    return client.send(
        Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList());
  }

  /** Has a command carried out by the client that each engine has for this; the answer. */
  String call(int engine, String... words) {
    return text(send(clients.get(engine), words).toCompletableFuture().join());
  }

  /** What was answered, to be read. */
  static String text(@Nullable Object answer) {
    if (answer instanceof List<?> list) {
      return list.stream().map(ReplicaGroup::text).toList().toString();
    }
    return answer instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.UTF_8)
        : String.valueOf(answer);
  }

  /** Whether an engine is linked to whom it follows. */
  boolean isLinked(int engine) {
    return call(engine, "INFO", "replication").contains("master_link_status:up");
  }

  /** Whether all replicas are linked and have what the primary has. */
  boolean areSame() {
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary && (!isLinked(i) || !digest(i).equals(digest(primary)))) {
        return false;
      }
    }
    return true;
  }

  /** What an engine has, in short. */
  String digest(int engine) {
    return call(engine, "DEBUG", "DIGEST");
  }

  // --- disturbing

  /** Cuts all links of the primary. */
  void cutPrimary() {
    network.cut(FIRST_PORT + primary);
  }

  /** Lets an engine follow another. */
  void follow(int engine, int leader) {
    call(engine, "REPLICAOF", "127.0.0.1", Integer.toString(FIRST_PORT + leader));
  }

  /** Lets all follow the primary. */
  void followPrimary() {
    for (int i = 0; i < ENGINES; i++) {
      if (i != primary) {
        follow(i, primary);
      }
    }
  }

  /** Ends an engine in the middle of everything, and starts it again as a replica. */
  void crash(int number, int downMillis) throws IOException {
    network.cut(FIRST_PORT + number);
    network.listen(FIRST_PORT + number, null);
    engines.get(number).close();
    world.advanceMillis(downMillis);
    engines.set(number, start(number));
    clients.set(number, connect(number));
  }

  /**
   * Makes a replica the primary, which all others then follow.
   *
   * @return false when it is not linked, and so not fit for it
   */
  boolean promote(int replica) {
    if (!isLinked(replica)) {
      return false;
    }
    call(replica, "REPLICAOF", "NO", "ONE");
    primary = replica;
    followPrimary();
    return true;
  }

  @Override
  public void close() {
    engines.forEach(PillionEngine::close);
  }
}
