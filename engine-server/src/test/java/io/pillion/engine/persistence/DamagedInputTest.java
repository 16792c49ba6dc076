package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.RandomWords;
import io.pillion.engine.world.SeededWorld;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Payloads and files that were changed at random or made wrong on purpose, with their check sums
 * made right again: each is loaded or refused with its place, quickly and without more memory than
 * it can stand for; a key that was there stays when it is refused; and what was loaded works.
 *
 * <p>{@code -Dpillion.fuzz.rounds=50000} tries so many payloads of each kind, {@code
 * -Dpillion.fuzz.files} so many files of each kind; {@code -Dpillion.fuzz.seed} others, and {@code
 * -Dpillion.fuzz.first} begins with the one of that number, to cut a long run in parts or to see
 * one again.
 */
class DamagedInputTest {
  private static final int ROUNDS = Integer.getInteger("pillion.fuzz.rounds", 300);
  private static final int FILES =
      Integer.getInteger("pillion.fuzz.files", Math.max(100, ROUNDS / 5));
  private static final int FIRST = Integer.getInteger("pillion.fuzz.first", 0);

  /** Rounds in which costs are not looked at. */
  private static final int WARM_UP = 100;

  /** Buffers, a page of each kind, a message with its stack, whatever the size. */
  private static final long PAYLOAD_SLACK = 128 << 10;

  /** The same for every kind of value in a file. */
  private static final long FILE_SLACK = 512 << 10;

  private static final int DATABASES = 2;
  private static final String LIBRARY =
      "#!lua name=before\nredis.register_function('before', function() return 1 end)";
  private static final int EMPTY_BYTES = 64 << 10;

  /** What the most keys take that a file is believed to have before they are seen. */
  private static final int CLAIMED_INDEX_BYTES = 256 << 10;

  private final long seed = Long.getLong("pillion.fuzz.seed", 20261121);
  private final Random random = new Random();
  private final RandomWords words = new RandomWords(seed);
  private final List<Integer> keyLengths = new ArrayList<>();
  private final Path folder;
  private final SeededWorld world = new SeededWorld(seed);
  private final PillionEngine engine;
  private final WordClient client;
  private final RandomUse use;
  private long mostBytes = Long.MIN_VALUE;

  DamagedInputTest(@TempDir Path folder) {
    this.folder = folder;
    engine =
        new EngineBuilder()
            .world(world)
            .set("enable-debug-command", "yes")
            .set("databases", String.valueOf(DATABASES))
            .set("dir", folder.toString())
            .memoryBytes(64 << 20)
            .start();
    client = new WordClient(engine);
    use = new RandomUse(engine.engine().table(), words, this::send);
  }

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private @Nullable Object send(Object... words) {
    return client.send(words);
  }

  private String text(Object... words) {
    return client.text(words);
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
    send("XGROUP", "CREATE", "stream", "g", 0);
    send("XREADGROUP", "GROUP", "g", "h", "COUNT", 5, "STREAMS", "stream", ">");
    send("XREADGROUP", "GROUP", "g", "g", "COUNT", 3, "STREAMS", "stream", ">");
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
    removeAll();
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
          HostilePayload hostile = random.nextInt(3) == 0 ? careful : careless;
          return versioned(hostile.next(), hostile.version());
        });
  }

  /** A value with version and check sum. */
  static byte[] versioned(byte[] body, byte version) {
    byte[] versioned = Arrays.copyOf(body, body.length + 2);
    versioned[body.length] = version;
    return signed(versioned);
  }

  private void tryAll(Supplier<byte[]> payloads) {
    int accepted = 0;
    for (int round = FIRST - WARM_UP; round < FIRST + ROUNDS; round++) {
      begin(round);
      byte[] payload = payloads.get();
      send("SET", "key", "before");
      long memory = memory();
      long start = RandomUse.cpuNanos();
      String answer = text("RESTORE", "key", 0, payload, "REPLACE");
      String what = "payload " + round + " of seed " + seed;
      checkCost(what, start, memory, answer.equals("OK") ? room(payload) : payload.length, round);
      assertThat(mostBytes).as("bytes taken by %s", what).isLessThan(PAYLOAD_SLACK);
      if (answer.equals("OK")) {
        accepted += round < FIRST ? 0 : 1;
        use.use(what, "key", () -> send("RESTORE", "key", 0, payload, "REPLACE"));
      } else {
        assertThat(answer).as(what).contains("Bad data format");
        assertThat(text("GET", "key")).as(what).isEqualTo("before");
      }
      removeAll();
    }
    System.out.printf(
        "%d of %d payloads were accepted; at most %d bytes more than four times the payload%n",
        accepted, ROUNDS, mostBytes);
    assertThat(accepted).isBetween(ROUNDS / 20, ROUNDS - ROUNDS / 20);
    assertNothingIsLeft();
  }

  /** Each round depends on its number and the seed alone, so that it can be tried by itself. */
  private void begin(int round) {
    random.setSeed(seed + round * 1_000_003L);
    words.seed(seed + round * 1_000_003L);
  }

  /** What a value may be counted as: small payloads are compressed, or stand for whole tables. */
  private long room(byte[] payload) {
    return Math.max(payload.length, (Long) Objects.requireNonNull(send("MEMORY", "USAGE", "key")));
  }

  private void checkCost(String what, long start, long memory, long bytes, int round) {
    if (round < FIRST) {
      return; // classes are loaded, tables are made
    }
    long taken = memory() - memory - 4 * bytes;
    mostBytes = Math.max(mostBytes, taken);
    assertThat(RandomUse.cpuNanos() - start)
        .as("nanoseconds of %s", what)
        .isLessThan(RandomUse.SLOW_NANOS);
    assertThat(taken).as("bytes taken by %s", what).isLessThan(FILE_SLACK);
  }

  /** All that this thread ever took from the heap, and what the arena holds. */
  private long memory() {
    return RandomUse.allocatedBytes() + engine.engine().keyspace().arena().usedBytes();
  }

  /** Key by key: emptying the databases would forget also what no key leads to. */
  private void removeAll() {
    for (int database = 0; database < DATABASES; database++) {
      send("SELECT", database);
      for (Object key : (List<?>) Objects.requireNonNull(send("KEYS", "*"))) {
        send("DEL", key);
      }
    }
    send("SELECT", 0);
  }

  private void assertNothingIsLeft() {
    removeAll();
    Keyspace keyspace = engine.engine().keyspace();
    while (keyspace.hasDiscarded()) {
      engine.engine().hold(() -> keyspace.reclaim(1 << 20));
    }
    long bytes = keyspace.arena().usedBytes();
    for (int database = 0; database < DATABASES; database++) {
      // There may be room yet for the keys that a file has claimed to have.
      long indexBytes = keyspace.database(database).indexBytes();
      assertThat(indexBytes).as("room for keys").isLessThanOrEqualTo(CLAIMED_INDEX_BYTES);
      bytes -= indexBytes;
    }
    assertThat(bytes).isLessThan(EMPTY_BYTES);
  }

  @Test
  void damagedFiles() throws IOException {
    byte[] file = file();
    int loaded = 0;
    for (int round = FIRST - WARM_UP; round < FIRST + FILES; round++) {
      begin(round);
      byte[] body = Arrays.copyOf(file, file.length - 8);
      byte[] mutated = signed(mutate(body, 5, body.length));
      String what = "file " + round + " of seed " + seed;
      loaded += tryToRead(what, mutated, round) && round >= FIRST ? 1 : 0;
      assertThat(text("DEBUG", "DIGEST")).as(what).hasSize(40);
      String key = "key" + keyLengths.get(Math.floorMod(round, keyLengths.size()));
      Object value = send("DUMP", key);
      if (value != null) {
        use.use(what, key, () -> send("RESTORE", key, 0, value, "REPLACE"));
      }
      removeAll();
    }
    System.out.printf(
        "%d of %d files were loaded; at most %d bytes more than four times the file%n",
        loaded, FILES, mostBytes);
    assertThat(loaded).isBetween(1, FILES - 1);
    assertNothingIsLeft();
  }

  private boolean tryToRead(String what, byte[] file, int round) throws IOException {
    long memory = memory();
    long start = RandomUse.cpuNanos();
    RdbReader reader =
        new RdbReader(
            new ByteArrayInputStream(file),
            round % 2 == 0 ? file.length : -1,
            engine.engine().keyspace(),
            Functions.NONE,
            new RdbReader.Options(/* keepExpired= */ true, /* replace= */ true, true));
    boolean loaded = false;
    try {
      reader.readHeader();
      read(reader);
      loaded = true;
    } catch (RdbException e) {
      assertThat(e).as(what).hasMessageContaining(" at byte ");
    }
    checkCost(what, start, memory, file.length, round);
    return loaded;
  }

  /**
   * Files whose parts are in order, but not always right; what was there before stays until then.
   * Each is read by this thread alone, where all that it takes is seen, then again with the help of
   * others.
   */
  @Test
  void hostileFiles() throws IOException {
    HostilePayload careful = new HostilePayload(random, 1000);
    HostilePayload careless = new HostilePayload(random, 100);
    int loaded = 0;
    for (int round = FIRST - WARM_UP; round < FIRST + FILES; round++) {
      begin(round);
      byte[] file = new HostileFile(random, random.nextBoolean() ? careful : careless).next();
      String what = "file " + round + " of seed " + seed;
      send("SET", "before", round);
      send("FUNCTION", "FLUSH");
      send("FUNCTION", "LOAD", "REPLACE", LIBRARY);
      String digest = text("DEBUG", "DIGEST");
      Files.write(folder.resolve("dump.rdb"), file);
      world.withhold("read-ahead", "parse-ahead");
      long start = RandomUse.cpuNanos();
      long memory = memory();
      String answer = text("DEBUG", "RELOAD", "NOSAVE");
      checkCost(what, start, memory, file.length, round);
      world.withhold();
      String digestThen = text("DEBUG", "DIGEST");
      assertThat(text("DEBUG", "RELOAD", "NOSAVE")).as(what).isEqualTo(answer);
      assertThat(text("DEBUG", "DIGEST")).as(what).isEqualTo(digestThen);
      if (answer.equals("OK")) {
        loaded += round < FIRST ? 0 : 1;
        assertThat(send("EXISTS", "before")).as(what).isEqualTo(0L);
        Object key = send("RANDOMKEY");
        if (key != null) {
          Object value = Objects.requireNonNull(send("DUMP", key));
          String name = new String((byte[]) key, StandardCharsets.ISO_8859_1);
          use.use(what, name, () -> send("RESTORE", name, 0, value, "REPLACE"));
        }
      } else {
        assertThat(answer).as(what).contains("Error trying to load the RDB dump");
        assertThat(text("DEBUG", "DIGEST")).as(what).isEqualTo(digest);
        assertThat((List<?>) send("FUNCTION", "LIST")).as(what).hasSize(1);
      }
      removeAll();
    }
    System.out.printf(
        "%d of %d files were loaded; at most %d bytes more than four times the file%n",
        loaded, FILES, mostBytes);
    assertThat(loaded).isBetween(FILES / 20, FILES - FILES / 20);
    assertNothingIsLeft();
  }

  /** A file of many kinds of values, for which the second pass of a reload took all anew. */
  @Test
  void bothPassesOfAReloadShareTheirBuffers() throws IOException {
    Random other = new Random();
    other.setSeed(20261201 + 4760 * 1_000_003L);
    HostilePayload careful = new HostilePayload(other, 1000);
    HostilePayload careless = new HostilePayload(other, 100);
    byte[] file = new HostileFile(other, other.nextBoolean() ? careful : careless).next();
    Files.write(folder.resolve("dump.rdb"), file);
    world.withhold("read-ahead", "parse-ahead");
    long taken = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long before = memory();
      assertThat(text("DEBUG", "RELOAD", "NOSAVE")).isEqualTo("OK");
      taken = Math.min(taken, memory() - before);
      removeAll();
    }
    assertThat(taken - 4L * file.length).isBetween(0L, FILE_SLACK - (100 << 10));
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

  @Test
  void countsOfAStreamThatCanGrowNoMoreStayAsTheyAre() {
    send("XADD", "key", "1-1", "f", "v");
    send("XGROUP", "CREATE", "key", "g", "0", "ENTRIESREAD", Long.MAX_VALUE);
    send("XSETID", "key", "1-1", "ENTRIESADDED", Long.MAX_VALUE, "MAXDELETEDID", "0-0");
    send("XADD", "key", "2-1", "f", "v");
    send("XREADGROUP", "GROUP", "g", "c", "STREAMS", "key", ">");
    assertThat(text("RESTORE", "key", 0, Objects.requireNonNull(send("DUMP", "key")), "REPLACE"))
        .isEqualTo("OK");
    send("DEL", "key");
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
