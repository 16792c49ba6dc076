package io.pillion.engine.persistence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedWorld;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An engine with an append-only log in a world of its own, where time passes when told. */
final class AofWorld implements AutoCloseable {
  private static final int MEMORY_BYTES = 8 << 20;

  private final SimulatedWorld world;
  private final PillionEngine engine;
  private LocalClient client;
  private boolean killed;

  /** Starts on a disk. */
  AofWorld(SimulatedDisk disk, long seed, String... settings) {
    world = new SimulatedWorld(seed);
    world.disk(disk);
    EngineBuilder builder =
        new EngineBuilder()
            .world(world)
            .memoryBytes(MEMORY_BYTES)
            .set("dir", "/")
            .set("appendonly", "yes")
            .set("databases", "4")
            .set("enable-debug-command", "yes");
    for (int i = 0; i < settings.length; i += 2) {
      builder.set(settings[i], settings[i + 1]);
    }
    engine = builder.start();
    client = engine.connect();
  }

  SimulatedWorld world() {
    return world;
  }

  PillionEngine engine() {
    return engine;
  }

  /** Whether the engine has cut this client off. */
  boolean isClosed() {
    return client.isClosed();
  }

  /** Connects again. */
  void reconnect() {
    client = engine.connect();
  }

  /** Another client. */
  LocalClient connect() {
    return engine.connect();
  }

  /** Sends a command; done when it is answered. */
  CompletableFuture<@Nullable Object> send(Object... words) {
    return send(client, words);
  }

  /** Sends a command whose answer does not matter. */
  void sendOnly(Object... words) {
    CompletableFuture<@Nullable Object> unused = send(words);
  }

  static CompletableFuture<@Nullable Object> send(LocalClient from, Object... words) {
    List<byte[]> bytes =
        Arrays.stream(words).map(word -> String.valueOf(word).getBytes(ISO_8859_1)).toList();
    return from.send(bytes).<@Nullable Object>thenApply(AofWorld::shown).toCompletableFuture();
  }

  private static @Nullable Object shown(@Nullable Object value) {
    return value instanceof byte[] bytes ? new String(bytes, ISO_8859_1) : value;
  }

  /** Sends a command and lets time pass until it is answered. */
  @Nullable Object call(Object... words) {
    CompletableFuture<@Nullable Object> reply = send(words);
    for (int i = 0; i < 100 && !reply.isDone(); i++) {
      world.advanceMillis(20);
    }
    if (!reply.isDone()) {
      throw new AssertionError("no answer to " + Arrays.toString(words));
    }
    Object value = reply.join();
    if (value instanceof ErrorValue error) {
      return "-" + error.message();
    }
    return value;
  }

  /** The fingerprint of all data. */
  String digest() {
    return String.valueOf(call("DEBUG", "DIGEST"));
  }

  /** A line of INFO persistence. */
  String info(String field) {
    for (String line : String.valueOf(call("INFO", "persistence")).split("\r\n", -1)) {
      if (line.startsWith(field + ":")) {
        return line.substring(field.length() + 1);
      }
    }
    throw new AssertionError("no " + field);
  }

  /** Lets time pass until no rewrite is going on or due. */
  void awaitRewrite() {
    awaitNone("aof_rewrite_in_progress", "aof_rewrite_scheduled");
  }

  void awaitSave() {
    awaitNone("rdb_bgsave_in_progress");
  }

  private void awaitNone(String... fields) {
    for (int i = 0; i < 200; i++) {
      if (Stream.of(fields).allMatch(field -> info(field).equals("0"))) {
        return;
      }
      world.advanceMillis(50);
    }
    throw new AssertionError("it does not end: " + call("INFO", "persistence"));
  }

  /** Ends as if the process had been killed: nothing more is written. */
  void kill() {
    killed = true;
    engine.engine().close();
  }

  @Override
  public void close() {
    if (!killed) {
      engine.close();
    }
  }
}
