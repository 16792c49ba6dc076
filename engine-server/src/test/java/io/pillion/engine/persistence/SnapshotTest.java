package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A snapshot shows the data of one moment, whatever happens to them while it is written. */
class SnapshotTest {
  private static final SnapshotOptions OPTIONS =
      new SnapshotOptions(
          /* compress= */ true, /* checksum= */ true, false, 64 << 20, ".", FieldTtls.REDIS);

  private final PillionEngine engine = newEngine();
  private final LocalClient client = engine.connect();

  private static PillionEngine newEngine() {
    return new EngineBuilder().set("enable-debug-command", "yes").memoryBytes(64 << 20).start();
  }

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private static Object send(LocalClient client, Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    Object answer = client.send(bytes).toCompletableFuture().join();
    return answer instanceof byte[] text
        ? new String(text, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  private Object call(Object... words) {
    return send(client, words);
  }

  private Snapshot begin(ByteArrayOutputStream target) {
    Snapshot[] begun = {null};
    Keyspace keyspace = engine.engine().keyspace();
    engine.engine().hold(() -> begun[0] = new Snapshot(keyspace, Functions.NONE, target, OPTIONS));
    return begun[0];
  }

  private boolean scan(Snapshot snapshot, int bytes) {
    boolean[] more = {true};
    engine.engine().hold(() -> more[0] = snapshot.scan(bytes));
    return more[0];
  }

  private void scanAll(Snapshot snapshot) {
    boolean more;
    do {
      more = scan(snapshot, 1000);
    } while (more);
  }

  private static String digestOf(byte[] rdb) throws IOException {
    try (PillionEngine loaded = newEngine();
        LocalClient reader = loaded.connect()) {
      load(loaded, rdb);
      return String.valueOf(send(reader, "DEBUG", "DIGEST"));
    }
  }

  private static RdbReader load(PillionEngine target, byte[] rdb) throws IOException {
    RdbReader reader =
        new RdbReader(
            new ByteArrayInputStream(rdb),
            rdb.length,
            target.engine().keyspace(),
            Functions.NONE,
            new RdbReader.Options(/* keepExpired= */ true, /* replace= */ false, true));
    reader.readHeader();
    IOException[] failure = {null};
    target
        .engine()
        .hold(
            () -> {
              try {
                while (reader.readSome(1 << 20, 1000)) {
                  // Until the end.
                }
              } catch (IOException e) {
                failure[0] = e;
              }
            });
    if (failure[0] != null) {
      throw failure[0];
    }
    return reader;
  }

  /** Keys of all types in several databases, some large, some with a time to live. */
  private void fill(Random random, int keys) {
    for (int i = 0; i < keys; i++) {
      call("SELECT", random.nextInt(3));
      change(random);
    }
    call("SELECT", 1);
    for (int i = 0; i < 3000; i++) {
      call("ZADD", "largezset", random.nextInt(100), "member" + i);
      call("HSET", "largehash", "field" + i, "value" + i);
      call("SADD", "largeset", "member" + i);
      call("RPUSH", "largelist", "element" + i, i);
      call("XADD", "largestream", "*", "f", i);
    }
    call("SETRANGE", "largelist2", 3_000_000, "x");
    call("SELECT", 0);
  }

  private void change(Random random) {
    if (random.nextInt(200) == 0) {
      call("FLUSHDB", random.nextBoolean() ? "ASYNC" : "SYNC");
    }
    String key = "k" + random.nextInt(300);
    switch (random.nextInt(22)) {
      case 0, 1, 2 -> call("SET", key, "v" + random.nextInt());
      case 3 -> call("APPEND", key, "more");
      case 4 -> call("RPUSH", "l" + key, random.nextInt(), "x");
      case 5 -> call("LPOP", "l" + key);
      case 6, 7 -> call("HSET", "h" + key, "f" + random.nextInt(200), random.nextInt());
      case 8 -> call("SADD", "s" + key, random.nextInt(1000));
      case 9, 10 -> call("ZADD", "z" + key, random.nextInt(50), "m" + random.nextInt(300));
      case 11 -> call("DEL", key, "h" + key);
      case 12 -> call("RENAME", key, "k" + random.nextInt(300));
      case 13 -> call("EXPIRE", key, 100_000);
      case 14 -> call("PERSIST", key);
      case 15 -> call("MOVE", key, random.nextInt(3));
      case 16 -> call("COPY", "z" + key, "z" + "k" + random.nextInt(300), "REPLACE");
      case 17 -> call("SWAPDB", random.nextInt(3), random.nextInt(3));
      case 18 -> call("XADD", "x" + key, "*", "f", random.nextInt());
      case 19 -> call("HPEXPIRE", "h" + key, 1_000_000, "FIELDS", 1, "f" + random.nextInt(200));
      case 20 -> {
        call("SELECT", 1);
        switch (random.nextInt(6)) {
          case 0 -> call("ZADD", "largezset", random.nextInt(100), "member" + random.nextInt(3000));
          case 1 -> call("HDEL", "largehash", "field" + random.nextInt(3000));
          case 2 -> call("SADD", "largeset", random.nextInt());
          case 3 -> call("LSET", "largelist", random.nextInt(3000), "changed");
          case 4 -> call("XADD", "largestream", "*", "g", 1);
          default -> call("SETRANGE", "largelist2", random.nextInt(3_000_000), "y");
        }
      }
      default -> call("SELECT", random.nextInt(3));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void showsTheDataOfItsMoment(long seed) throws IOException {
    Random random = new Random(seed);
    fill(random, 2000);
    for (int round = 0; round < 3; round++) {
      final Object digest = call("DEBUG", "DIGEST");
      ByteArrayOutputStream target = new ByteArrayOutputStream();
      Snapshot snapshot = begin(target);
      int pace = 1 << random.nextInt(8);
      do {
        for (int i = random.nextInt(pace); i > 0; i--) {
          change(random);
        }
        if (random.nextInt(3) == 0) {
          snapshot.drain();
        }
      } while (scan(snapshot, 1 + random.nextInt(1 << 14)));
      snapshot.finish();
      assertThat(digestOf(target.toByteArray())).as("round " + round).isEqualTo(digest);
    }
  }

  @Test
  void anEmptyEngineMakesAnEmptyFile() throws IOException {
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    Snapshot snapshot = begin(target);
    scanAll(snapshot);
    snapshot.finish();
    assertThat(digestOf(target.toByteArray())).isEqualTo("0".repeat(40));
  }

  @Test
  void isGivenUpWhenDataAreRemoved() throws IOException {
    fill(new Random(1), 100);
    Snapshot snapshot = begin(new ByteArrayOutputStream());
    scan(snapshot, 10);
    call("FLUSHALL");
    assertThat(snapshot.isFlushed()).isTrue();
    assertThat(scan(snapshot, 10)).isFalse();
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    Object digest = call("DEBUG", "DIGEST");
    Snapshot next = begin(target);
    scanAll(next);
    next.finish();
    assertThat(digestOf(target.toByteArray())).isEqualTo(digest);
  }

  @Test
  void aFileWithFieldsThatLeaveHasTheVersionForThem() throws IOException {
    call("HSET", "h", "f", "v", "g", "w");
    call("HPEXPIRE", "h", 1_000_000, "FIELDS", 1, "f");
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    Snapshot snapshot = begin(target);
    scanAll(snapshot);
    snapshot.finish();
    assertThat(target.toString(StandardCharsets.ISO_8859_1)).startsWith("REDIS0012");
    try (PillionEngine loaded = newEngine();
        LocalClient reader = loaded.connect()) {
      load(loaded, target.toByteArray());
      assertThat(send(reader, "HPEXPIRETIME", "h", "FIELDS", 2, "f", "g"))
          .isEqualTo(call("HPEXPIRETIME", "h", "FIELDS", 2, "f", "g"));
    }
  }
}
