package io.pillion.engine.persistence.backup;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedWorld;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An engine that makes backups, in a world of its own, where time passes when told. */
final class BackupWorld implements AutoCloseable {
  static final String FOLDER = "/backups";

  private final SimulatedWorld world = new SimulatedWorld(1);
  private final PillionEngine engine;
  private final LocalClient client;

  /** Starts on a disk at a moment. */
  BackupWorld(SimulatedDisk disk, String now, String... settings) {
    world.disk(disk);
    world.jumpWallMillis(Instant.parse(now).toEpochMilli() - world.wallMillis());
    EngineBuilder builder =
        new EngineBuilder()
            .world(world)
            .memoryBytes(8 << 20)
            .set("dir", "/")
            .set("enable-debug-command", "yes")
            .warm();
    for (int i = 0; i < settings.length; i += 2) {
      builder.set(settings[i], settings[i + 1].split(" ", -1));
    }
    engine = builder.start();
    client = engine.connect();
    world.advanceMillis(1);
  }

  BackupWorld(SimulatedDisk disk) {
    this(disk, "2026-03-01T12:00:00Z");
  }

  SimulatedWorld world() {
    return world;
  }

  /** Lets time pass until a moment. */
  void passUntil(String moment) {
    world.advanceMillis(Instant.parse(moment).toEpochMilli() - world.wallMillis());
  }

  CompletableFuture<@Nullable Object> send(Object... words) {
    return send(client, words);
  }

  /** What another client is answered at once. */
  String another(Object... words) {
    try (LocalClient other = engine.connect()) {
      return String.valueOf(send(other, words).join());
    }
  }

  /** What another client will be answered, which stays until the engine ends. */
  CompletableFuture<@Nullable Object> waiting(Object... words) {
    return send(engine.connect(), words);
  }

  private static CompletableFuture<@Nullable Object> send(LocalClient from, Object... words) {
    List<byte[]> bytes =
        Arrays.stream(words).map(word -> String.valueOf(word).getBytes(ISO_8859_1)).toList();
    return from.send(bytes).<@Nullable Object>thenApply(BackupWorld::shown).toCompletableFuture();
  }

  private static @Nullable Object shown(@Nullable Object value) {
    if (value instanceof byte[] bytes) {
      return new String(bytes, ISO_8859_1);
    }
    if (value instanceof List<?> list) {
      return list.stream().map(BackupWorld::shown).toList();
    }
    if (value instanceof Map<?, ?> map) {
      List<@Nullable Object> words = new ArrayList<>();
      map.forEach(
          (key, each) -> {
            words.add(shown(key));
            words.add(shown(each));
          });
      return words;
    }
    return value instanceof ErrorValue error ? "-" + error.message() : value;
  }

  /** Sends a command and lets time pass until it is answered. */
  String call(Object... words) {
    CompletableFuture<@Nullable Object> reply = send(words);
    for (int i = 0; i < 200 && !reply.isDone(); i++) {
      world.advanceMillis(5);
    }
    if (!reply.isDone()) {
      throw new AssertionError("no answer to " + Arrays.toString(words));
    }
    return String.valueOf(reply.join());
  }

  String info(String field) {
    for (String line : call("INFO", "persistence").split("\r\n", -1)) {
      if (line.startsWith(field + ":")) {
        return line.substring(field.length() + 1);
      }
    }
    throw new AssertionError("no " + field);
  }

  String digest() {
    return call("DEBUG", "DIGEST");
  }

  /** The names of all backups, oldest first. */
  List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    for (BackupManifest each : new FolderTarget(world.disk(), FOLDER).list()) {
      names.add(each.name());
    }
    return names;
  }

  void fill() {
    for (int i = 0; i < 50; i++) {
      call("SET", "string" + i, "value".repeat(i));
      call("HSET", "hash" + i % 3, "field" + i, i);
      call("RPUSH", "list", i, "x".repeat(i));
      call("ZADD", "zset", i, "m" + i);
      call("XADD", "stream", i + 1 + "-1", "f", i);
    }
    call("SET", "leaving", "v", "PX", 100_000_000);
  }

  @Override
  public void close() {
    engine.close();
  }
}
