package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Payloads and files that were changed at random, with their check sums made right again: each is
 * loaded or refused with its place, quickly and without more memory than it can stand for; and what
 * was loaded works. {@code -Dpillion.fuzz.rounds=100000} tries more.
 */
class DamagedInputTest {
  private static final int ROUNDS = Integer.getInteger("pillion.fuzz.rounds", 3000);
  private static final long SLOW_NANOS = 1_000_000_000L;

  private final long seed = Long.getLong("pillion.fuzz.seed", 20261121);
  private final Random random = new Random(seed);
  private final PillionEngine engine =
      new EngineBuilder().set("enable-debug-command", "yes").memoryBytes(64 << 20).start();
  private final LocalClient client = engine.connect();

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private @Nullable Object send(Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(
          word instanceof byte[] raw
              ? raw
              : String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    return client.send(bytes).toCompletableFuture().join();
  }

  private String text(Object... words) {
    Object answer = send(words);
    return answer instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  private List<byte[]> payloads() {
    send("SET", "string", "a text that is compressed compressed compressed");
    send("SET", "number", 12345);
    send("RPUSH", "list", "a", 1, -70000, "x".repeat(300), "b");
    send("SADD", "integers", 1, 2, 70000);
    send("SADD", "set", "a", "b", 5);
    send("ZADD", "zset", 1.5, "a", "-inf", "b", 3, "c");
    send("HSET", "hash", "f", "v", "g", 1, "h", "w");
    send("HSET", "expiring", "f", "v", "g", 1);
    send("HPEXPIREAT", "expiring", 4_000_000_000_000L, "FIELDS", 1, "f");
    for (int i = 1; i < 200; i++) {
      send("SADD", "largeset", "m" + i);
      send("ZADD", "largezset", i, "m" + i);
      send("HSET", "largehash", "f" + i, i);
    }
    for (int i = 1; i < 20; i++) {
      send("XADD", "stream", i + "-1", "f", i, "g", "v");
    }
    send("XADD", "stream", "50-7", "other", "x");
    send("XGROUP", "CREATE", "stream", "group", 0);
    send("XREADGROUP", "GROUP", "group", "alice", "COUNT", 5, "STREAMS", "stream", ">");
    send("XREADGROUP", "GROUP", "group", "bob", "COUNT", 3, "STREAMS", "stream", ">");
    send("PFADD", "hll", "a", "b", "c");
    List<byte[]> payloads = new ArrayList<>();
    for (String key :
        List.of(
            "string",
            "number",
            "list",
            "integers",
            "set",
            "zset",
            "hash",
            "expiring",
            "largeset",
            "largezset",
            "largehash",
            "stream",
            "hll")) {
      payloads.add((byte[]) Objects.requireNonNull(send("DUMP", key)));
    }
    send("FLUSHALL");
    return payloads;
  }

  /** The same bytes but for a few: turned over, lost, twice, or such as lengths are made of. */
  private byte[] mutate(byte[] original, int from, int to) {
    byte[] bytes = original.clone();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      int at = from + random.nextInt(to - from);
      switch (random.nextInt(7)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) INTERESTING[random.nextInt(INTERESTING.length)];
        case 3 -> bytes[at]++;
        case 4 -> {
          // A part of it elsewhere: members twice, lengths of something else.
          int length = Math.min(1 + random.nextInt(24), to - at);
          int source = from + random.nextInt(to - from - length + 1);
          System.arraycopy(original, source, bytes, at, length);
        }
        case 5 -> {
          byte[] shorter = Arrays.copyOf(bytes, bytes.length - 1);
          System.arraycopy(bytes, at + 1, shorter, at, bytes.length - at - 1);
          if (shorter.length < to + 1 && to - from > 2) {
            to--;
          }
          bytes = shorter;
          original = shorter;
        }
        default -> {
          for (int j = at; j < Math.min(to, at + 1 + random.nextInt(8)); j++) {
            bytes[j] = (byte) 0xFF;
          }
        }
      }
    }
    return bytes;
  }

  private static final int[] INTERESTING = {
    0, 1, 0x3F, 0x40, 0x7F, 0x80, 0x81, 0xC0, 0xC1, 0xC2, 0xC3, 0xF0, 0xF4, 0xFE, 0xFF
  };

  private static byte[] signed(byte[] body) {
    byte[] signed = Arrays.copyOf(body, body.length + 8);
    long crc = Crc64.update(0, body, 0, body.length);
    for (int i = 0; i < 8; i++) {
      signed[body.length + i] = (byte) (crc >>> (8 * i));
    }
    return signed;
  }

  @Test
  void damagedPayloads() {
    List<byte[]> payloads = payloads();
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] payload = payloads.get(random.nextInt(payloads.size()));
      byte[] value = Arrays.copyOf(payload, payload.length - 10);
      byte[] body = mutate(value, 0, value.length);
      byte[] versioned = Arrays.copyOf(body, body.length + 2);
      versioned[body.length] = payload[payload.length - 10];
      byte[] mutated = signed(versioned);
      long start = System.nanoTime();
      String answer = text("RESTORE", "key", 0, mutated, "REPLACE");
      if (answer.equals("OK")) {
        accepted++;
        use();
      } else {
        assertThat(answer).contains("Bad data format");
      }
      assertThat(System.nanoTime() - start).as("round %d", round).isLessThan(SLOW_NANOS);
      send("DEL", "key");
    }
    assertThat(accepted).isBetween(1, ROUNDS - 1);
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() {
    send("FLUSHALL");
    assertThat(engine.engine().keyspace().arena().usedBytes()).isLessThan(1 << 20);
  }

  /** Commands of all kinds on what was accepted; none may fail inside. */
  private void use() {
    String type = text("TYPE", "key");
    for (Object[] command : commandsFor(type)) {
      assertThat(text(command)).doesNotContain("internal error");
    }
    Object again = send("DUMP", "key");
    if (again != null) {
      assertThat(text("RESTORE", "key", 0, again, "REPLACE")).isEqualTo("OK");
    }
  }

  private List<Object[]> commandsFor(String type) {
    int n = random.nextInt(20);
    List<Object[]> commands =
        new ArrayList<>(
            List.of(
                new Object[] {"OBJECT", "ENCODING", "key"},
                new Object[] {"DEBUG", "DIGEST-VALUE", "key"},
                new Object[] {"COPY", "key", "copy", "REPLACE"},
                new Object[] {"PEXPIRE", "key", 100_000},
                new Object[] {"SORT", "key", "ALPHA"}));
    commands.addAll(
        switch (type) {
          case "string" ->
              List.of(
                  new Object[] {"APPEND", "key", "x"},
                  new Object[] {"INCR", "key"},
                  new Object[] {"PFADD", "key", "y"},
                  new Object[] {"PFCOUNT", "key"},
                  new Object[] {"PFMERGE", "merged", "key"},
                  new Object[] {"SETRANGE", "key", n, "zz"});
          case "list" ->
              List.of(
                  new Object[] {"LRANGE", "key", 0, -1},
                  new Object[] {"LINSERT", "key", "BEFORE", "a", "c"},
                  new Object[] {"LSET", "key", -1, "x".repeat(n)},
                  new Object[] {"LREM", "key", 0, "a"},
                  new Object[] {"RPOP", "key"});
          case "set" ->
              List.of(
                  new Object[] {"SMEMBERS", "key"},
                  new Object[] {"SADD", "key", "m" + n, n},
                  new Object[] {"SREM", "key", "a", 1},
                  new Object[] {"SRANDMEMBER", "key", -5},
                  new Object[] {"SPOP", "key"});
          case "zset" ->
              List.of(
                  new Object[] {"ZRANGE", "key", 0, -1, "WITHSCORES"},
                  new Object[] {"ZADD", "key", n, "m" + n},
                  new Object[] {"ZINCRBY", "key", 1, "a"},
                  new Object[] {"ZREMRANGEBYRANK", "key", 0, 0},
                  new Object[] {"ZRANK", "key", "c"});
          case "hash" ->
              List.of(
                  new Object[] {"HGETALL", "key"},
                  new Object[] {"HSET", "key", "f" + n, n},
                  new Object[] {"HPEXPIRE", "key", 100_000, "FIELDS", 1, "g"},
                  new Object[] {"HPERSIST", "key", "FIELDS", 1, "f"},
                  new Object[] {"HDEL", "key", "h"});
          default ->
              List.of(
                  new Object[] {"XRANGE", "key", "-", "+"},
                  new Object[] {"XADD", "key", "*", "f", "v"},
                  new Object[] {"XREADGROUP", "GROUP", "group", "bob", "STREAMS", "key", ">"},
                  new Object[] {"XPENDING", "key", "group", "-", "+", 100},
                  new Object[] {"XACK", "key", "group", "1-1", "2-1"},
                  new Object[] {"XAUTOCLAIM", "key", "group", "carol", 0, 0},
                  new Object[] {"XDEL", "key", "3-1"},
                  new Object[] {"XTRIM", "key", "MAXLEN", 5},
                  new Object[] {"XGROUP", "DELCONSUMER", "key", "group", "alice"},
                  new Object[] {"XINFO", "STREAM", "key", "FULL"});
        });
    return commands;
  }

  @Test
  void damagedFiles() throws IOException {
    byte[] file = file();
    int loaded = 0;
    for (int round = 0; round < ROUNDS / 3; round++) {
      byte[] body = Arrays.copyOf(file, file.length - 8);
      byte[] mutated = signed(mutate(body, 5, body.length));
      long start = System.nanoTime();
      RdbReader reader =
          new RdbReader(
              new ByteArrayInputStream(mutated),
              round % 2 == 0 ? mutated.length : -1,
              engine.engine().keyspace(),
              Functions.NONE,
              new RdbReader.Options(/* keepExpired= */ true, /* replace= */ true, true));
      try {
        reader.readHeader();
        read(reader);
        loaded++;
      } catch (RdbException e) {
        assertThat(e).hasMessageContaining(" at byte ");
      }
      assertThat(System.nanoTime() - start).as("round %d", round).isLessThan(SLOW_NANOS);
      assertThat(text("DEBUG", "DIGEST")).doesNotContain("error");
      send("FLUSHALL");
    }
    assertThat(loaded).isBetween(1, ROUNDS / 3 - 1);
    assertNothingIsLeft();
  }

  private void read(RdbReader reader) throws IOException {
    IOException[] failure = {null};
    engine
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
  }

  private byte[] file() throws IOException {
    for (byte[] payload : payloads()) {
      send("RESTORE", "key" + payload.length, 0, payload, "REPLACE");
    }
    send("PEXPIRE", "key20", 1_000_000);
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    Snapshot[] snapshot = {null};
    engine
        .engine()
        .hold(
            () -> {
              snapshot[0] =
                  new Snapshot(
                      engine.engine().keyspace(),
                      Functions.NONE,
                      target,
                      new SnapshotOptions(true, true, false, 64 << 20, "."));
              while (snapshot[0].scan(1 << 20)) {
                // Until all is taken down.
              }
            });
    snapshot[0].finish();
    send("FLUSHALL");
    return target.toByteArray();
  }

  @Test
  void claimsAreNotBelieved() {
    // 2^40 members, 2^31 bytes, and 2^31 bytes out of three: nothing of it is allocated.
    for (String body :
        List.of(
            "\2\201\0\0\1\0\0\0\0\0",
            "\0\200\177\377\377\377abc",
            "\0\303\3\200\177\377\377\377abc",
            "\23\201\0\0\1\0\0\0\0\0",
            "\22\200\177\377\377\377\2\3abc")) {
      byte[] bytes = (body + "\12\0").getBytes(StandardCharsets.ISO_8859_1);
      assertThat(text("RESTORE", "key", 0, signed(bytes))).contains("Bad data format");
    }
    assertNothingIsLeft();
  }
}
