package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.RandomWords;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Payloads and files that were changed at random or made wrong on purpose, with their check sums
 * made right again: each is loaded or refused with its place, quickly and without more memory than
 * it can stand for; a key that was there stays when it is refused; and what was loaded works.
 *
 * <p>{@code -Dpillion.fuzz.rounds=50000} tries so many payloads of each kind, and a fifth as many
 * files; {@code -Dpillion.fuzz.seed} others.
 */
class DamagedInputTest {
  private static final int ROUNDS = Integer.getInteger("pillion.fuzz.rounds", 300);
  private static final int COMMANDS = 100;
  private static final long SLOW_NANOS = 1_000_000_000L;
  private static final long MEMORY_SLACK = 1 << 20;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Commands that go elsewhere or wait, or answer for far more than the key. */
  private static final Set<String> LEFT_OUT = Set.of("MIGRATE", "WAIT", "WAITAOF", "RESTORE");

  private final long seed = Long.getLong("pillion.fuzz.seed", 20261121);
  private final Random random = new Random(seed);
  private final RandomWords words = new RandomWords(seed);
  private final List<Integer> keyLengths = new ArrayList<>();
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
    return client.send(bytes).toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
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
    tryAll(
        () -> {
          byte[] payload = payloads.get(random.nextInt(payloads.size()));
          byte[] value = Arrays.copyOf(payload, payload.length - 10);
          byte[] body = mutate(value, 0, value.length);
          return versioned(body, payload[payload.length - 10]);
        });
  }

  @Test
  void hostilePayloads() {
    HostilePayload careful = new HostilePayload(random, 1000);
    HostilePayload careless = new HostilePayload(random, 20);
    tryAll(
        () -> {
          byte[] body = (random.nextInt(3) == 0 ? careful : careless).next();
          return versioned(body, (byte) RdbFormat.VERSION_WITH_FIELD_TTLS);
        });
  }

  private static byte[] versioned(byte[] body, byte version) {
    byte[] versioned = Arrays.copyOf(body, body.length + 2);
    versioned[body.length] = version;
    return signed(versioned);
  }

  private void tryAll(Supplier<byte[]> payloads) {
    int accepted = 0;
    text("RESTORE", "key", 0, versioned(new byte[1], (byte) 1)); // what the first complaint loads
    for (int round = 0; round < ROUNDS; round++) {
      byte[] payload = payloads.get();
      send("SET", "key", "before");
      long memory = memory();
      long start = cpuNanos();
      String answer = text("RESTORE", "key", 0, payload, "REPLACE");
      assertThat(cpuNanos() - start).as("round %d", round).isLessThan(SLOW_NANOS);
      assertThat(memory() - memory)
          .as("bytes taken in round %d", round)
          .isLessThan(4L * payload.length + MEMORY_SLACK);
      if (answer.equals("OK")) {
        accepted++;
        use(round);
      } else {
        assertThat(answer).contains("Bad data format");
        assertThat(text("GET", "key")).isEqualTo("before");
      }
      send("FLUSHALL");
    }
    System.out.printf("%d of %d payloads were accepted%n", accepted, ROUNDS);
    assertThat(accepted).isBetween(ROUNDS / 20, ROUNDS - ROUNDS / 20);
    assertNothingIsLeft();
  }

  /** All that this thread ever took from the heap, and what the arena holds. */
  private long memory() {
    return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId())
        + engine.engine().keyspace().arena().usedBytes();
  }

  /** The time that this thread has worked: others may keep the machine busy. */
  private static long cpuNanos() {
    return THREADS.getCurrentThreadCpuTime();
  }

  private void assertNothingIsLeft() {
    send("FLUSHALL");
    assertThat(engine.engine().keyspace().arena().usedBytes()).isLessThan(1 << 20);
  }

  /** Commands of all kinds on what was accepted; none may fail inside, or take long. */
  private void use(int round) {
    String type = text("TYPE", "key");
    for (Object[] command : commandsFor(type)) {
      tryOne(round, command);
    }
    Object again = send("DUMP", "key");
    if (again != null) {
      assertThat(text("RESTORE", "key", 0, again, "REPLACE")).isEqualTo("OK");
    }
    List<Command> choices = new ArrayList<>();
    for (Command command : engine.engine().table().all()) {
      addFitting(command, type, choices);
    }
    for (int i = 0; i < COMMANDS; i++) {
      Command command = words.oneOf(choices);
      List<String> line = words.command(command.fullName(), command.syntax());
      if (line.stream().noneMatch("BLOCK"::equalsIgnoreCase)) {
        tryOne(round, onKey(command, line));
      }
    }
  }

  private void tryOne(int round, Object[] command) {
    long start = cpuNanos();
    assertThat(text(command))
        .as("round %d: %s", round, Arrays.toString(command))
        .doesNotContain("internal error");
    assertThat(cpuNanos() - start)
        .as("nanoseconds in round %d: %s", round, Arrays.toString(command))
        .isLessThan(SLOW_NANOS);
  }

  private static Object[] onKey(Command command, List<String> line) {
    KeySpec spec = command.keySpecs().isEmpty() ? null : command.keySpecs().iterator().next();
    if (spec != null) {
      Args args = new Args();
      line.forEach(word -> args.add(word.getBytes(StandardCharsets.ISO_8859_1), 0, word.length()));
      int[] first = {0};
      try {
        spec.forEachKey(args, at -> first[0] = first[0] == 0 ? at : first[0]);
      } catch (CommandException e) {
        return line.toArray(); // words that do not say where their keys are
      }
      if (first[0] > 0 && first[0] < line.size()) {
        line.set(first[0], "key");
      }
    }
    return line.toArray();
  }

  private static void addFitting(Command command, String type, List<Command> choices) {
    command.subcommands().values().forEach(sub -> addFitting(sub, type, choices));
    boolean fits =
        switch (command.group()) {
          case GENERIC -> true;
          case STRING, BITMAP, HYPERLOGLOG -> type.equals("string");
          case LIST -> type.equals("list");
          case SET -> type.equals("set");
          case SORTED_SET, GEO -> type.equals("zset");
          case HASH -> type.equals("hash");
          case STREAM -> type.equals("stream");
          default -> false;
        };
    boolean waits = command.is(CommandFlag.BLOCKING) && command.group() != CommandGroup.STREAM;
    if (fits && !waits && command.subcommands().isEmpty() && !LEFT_OUT.contains(command.name())) {
      choices.add(command);
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
    int rounds = Math.max(100, ROUNDS / 5);
    for (int round = 0; round < rounds; round++) {
      byte[] body = Arrays.copyOf(file, file.length - 8);
      byte[] mutated = signed(mutate(body, 5, body.length));
      long memory = memory();
      long start = cpuNanos();
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
      assertThat(cpuNanos() - start).as("round %d", round).isLessThan(SLOW_NANOS);
      assertThat(memory() - memory)
          .as("bytes taken in round %d", round)
          .isLessThan(4L * mutated.length + MEMORY_SLACK);
      assertThat(text("DEBUG", "DIGEST")).doesNotContain("error");
      if (text("RENAME", "key" + keyLengths.get(round % keyLengths.size()), "key").equals("OK")) {
        use(round);
      }
      send("FLUSHALL");
    }
    System.out.printf("%d of %d files were loaded%n", loaded, rounds);
    assertThat(loaded).isBetween(1, rounds - 1);
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
      keyLengths.add(payload.length);
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
                      new SnapshotOptions(true, true, false, 64 << 20, ".", FieldTtls.REDIS));
              while (snapshot[0].scan(1 << 20)) {
                // Until all is taken down.
              }
            });
    snapshot[0].finish();
    send("FLUSHALL");
    return target.toByteArray();
  }

  /** As Valkey 9.1 dumps a hash of two fields, one of which leaves in 2096, and a string. */
  @Test
  void payloadsOfValkey9AreRead() {
    String hash = "\26\2\1a\300\1\0@\224R\243\3\0\0\1b\300\2\377\377\377\377\377\377\377\377";
    assertThat(text("RESTORE", "h", 0, signed(raw(hash + "P\0")))).isEqualTo("OK");
    assertThat(text("HGET", "h", "b")).isEqualTo("2");
    assertThat(send("HPEXPIRETIME", "h", "FIELDS", 2, "a", "b"))
        .isEqualTo(List.of(4_000_000_000_000L, -1L));
    assertThat(text("RESTORE", "s", 0, signed(raw("\0\1xP\0")))).isEqualTo("OK");
    assertThat(text("RESTORE", "s", 0, signed(raw("\0\1xQ\0")), "REPLACE"))
        .contains("payload version or checksum are wrong");
  }

  private static byte[] raw(String bytes) {
    return bytes.getBytes(StandardCharsets.ISO_8859_1);
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
