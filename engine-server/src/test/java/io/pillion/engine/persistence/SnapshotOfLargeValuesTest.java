package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.CommandLog;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.SeededWorld;
import io.pillion.engine.world.World;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Large collections of all kinds change at random, grow, shrink, move, go and come back while a
 * snapshot of them is written with so little memory that parts are moved to a file and changes are
 * delayed: it shows what was there when it began.
 */
class SnapshotOfLargeValuesTest {
  private static final long LITTLE = 48 << 10;

  /** What waits is moved to a file when the test says so, if it wants to. */
  private final Queue<Runnable> spills = new ConcurrentLinkedQueue<>();

  private volatile boolean spillsByHand;

  private final World world =
      new SeededWorld(1) {
        @Override
        public void background(String name, Runnable task) {
          if (spillsByHand && name.equals("spill")) {
            spills.add(task);
          } else {
            super.background(name, task);
          }
        }
      };

  private final PillionEngine engine = newEngine(world);
  private final LocalClient client = engine.connect();
  private final ByteArrayOutputStream target = new ByteArrayOutputStream();
  private Snapshot snapshot = begin(LITTLE);

  private static PillionEngine newEngine(World world) {
    return new EngineBuilder()
        .world(world)
        .set("enable-debug-command", "yes")
        .memoryBytes(128 << 20)
        .start();
  }

  private void spill() {
    for (Runnable spill = spills.poll(); spill != null; spill = spills.poll()) {
      spill.run();
    }
  }

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private static CompletableFuture<Object> send(LocalClient client, Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    return client
        .send(bytes)
        .thenApply(
            answer ->
                answer instanceof byte[] text
                    ? (Object) new String(text, StandardCharsets.ISO_8859_1)
                    : String.valueOf(answer))
        .toCompletableFuture();
  }

  /** Sends a command; when it is delayed, the snapshot is written on until it is carried out. */
  private Object call(Object... words) throws IOException {
    CompletableFuture<Object> answer = send(client, words);
    while (!answer.isDone()) {
      snapshot.drain();
      if (!scan(100)) {
        // Whoever carried it out, as a tick may, answers when the lock is let go.
        assertThat(answer)
            .as("delayed by nothing, and still not answered: " + List.of(words))
            .succeedsWithin(Duration.ofSeconds(60));
      }
    }
    return answer.join();
  }

  private Snapshot begin(long memoryBytes) {
    return begin(memoryBytes, System.getProperty("java.io.tmpdir"));
  }

  private Snapshot begin(long memoryBytes, String folder) {
    target.reset();
    Snapshot[] begun = {null};
    Keyspace keyspace = engine.engine().keyspace();
    engine
        .engine()
        .hold(
            () ->
                begun[0] =
                    new Snapshot(
                        keyspace,
                        Functions.NONE,
                        target,
                        new SnapshotOptions(
                            true, true, false, memoryBytes, folder, FieldTtls.REDIS)));
    return begun[0];
  }

  private boolean scan(int bytes) {
    boolean[] more = {true};
    engine.engine().hold(() -> more[0] = snapshot.scan(bytes));
    return more[0];
  }

  /**
   * What is there: the digest, which knows nothing of groups, and these with all that is pending.
   */
  private static Object state(PillionEngine engine, LocalClient client) {
    TreeMap<String, Object> found = new TreeMap<>();
    engine
        .engine()
        .hold(
            () -> {
              Keyspace keyspace = engine.engine().keyspace();
              for (int i = 0; i < keyspace.databaseCount(); i++) {
                Database database = keyspace.database(i);
                String prefix = i + ":";
                database.forEach(
                    record -> {
                      if (database.type(record) == ValueType.STREAM) {
                        found.put(
                            prefix + database.key(record),
                            groups(
                                new StreamValue(
                                    keyspace.arena(),
                                    database.rootCell(record),
                                    keyspace.settings().types)));
                      }
                    });
              }
            });
    found.put("digest", String.valueOf(send(client, "DEBUG", "DIGEST").join()));
    return found;
  }

  /** All that is known of a stream's groups, as text. */
  private static String groups(StreamValue stream) {
    StringBuilder text = new StringBuilder();
    text.append(stream.lastId()).append(' ').append(stream.entriesAdded());
    for (int i = 0; i < stream.groupCount(); i++) {
      StreamGroup group = stream.group(i);
      text.append("\ngroup ").append(group.name()).append(' ').append(group.lastId());
      text.append(' ').append(group.entriesRead());
      for (int j = 0; j < group.consumerCount(); j++) {
        StreamConsumer consumer = group.consumer(j);
        text.append("\nconsumer ").append(consumer.name()).append(' ').append(consumer.seenTime());
        StreamGroup.Pending walk = group.pending(consumer);
        for (boolean more = walk.seek(StreamId.MIN); more; more = walk.next()) {
          text.append('\n').append(walk.id()).append(' ').append(walk.consumer());
          text.append(' ').append(walk.deliveryTime()).append(' ').append(walk.deliveries());
        }
      }
    }
    return text.toString();
  }

  private Object state() {
    return state(engine, client);
  }

  private Object stateOfWritten() throws IOException {
    try (PillionEngine loaded = newEngine(RealWorld.get());
        LocalClient reader = loaded.connect()) {
      load(loaded);
      return state(loaded, reader);
    }
  }

  private String digestOfWritten() throws IOException {
    try (PillionEngine loaded = newEngine(RealWorld.get());
        LocalClient reader = loaded.connect()) {
      load(loaded);
      return String.valueOf(send(reader, "DEBUG", "DIGEST").join());
    }
  }

  private void load(PillionEngine loaded) throws IOException {
    byte[] rdb = target.toByteArray();
    RdbReader input =
        new RdbReader(
            new ByteArrayInputStream(rdb),
            rdb.length,
            loaded.engine().keyspace(),
            Functions.NONE,
            new RdbReader.Options(/* keepExpired= */ true, /* replace= */ false, true));
    input.readHeader();
    IOException[] failure = {null};
    loaded
        .engine()
        .hold(
            () -> {
              try {
                while (input.readSome(1 << 20, 1000)) {
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

  private static String text(Random random, int most) {
    return "x".repeat(random.nextInt(most)) + random.nextInt();
  }

  /** Large values of every kind, and some that are just not or no longer large. */
  private void fill(Random random) throws IOException {
    for (int key = 0; key < 2; key++) {
      int elements = 500 + random.nextInt(6000);
      for (int i = 0; i < elements; i++) {
        call("ZADD", "z" + key, random.nextInt(100), "member" + i);
        call("HSET", "h" + key, "field" + i, text(random, i % 97 == 0 ? 700 : 20));
        call("HSET", "e" + key, "field" + i, i);
        call("SADD", "s" + key, i % 3 == 0 ? text(random, 300) : "member" + i);
        call("RPUSH", "l" + key, i % 2 == 0 ? i : text(random, i % 500 == 0 ? 20_000 : 40));
        call("XADD", "x" + key, 10 * i + "-1", "field", i, "other" + i % 7, text(random, 30));
      }
      for (int i = 0; i < 50; i++) {
        call("HPEXPIRE", "e" + key, 10_000_000 + i, "FIELDS", 1, "field" + random.nextInt(500));
      }
      call("XGROUP", "CREATE", "x" + key, "group", "0");
      call("XREADGROUP", "GROUP", "group", "me", "COUNT", 50, "STREAMS", "x" + key, ">");
      fillGroups(random, "x" + key);
      for (int i = 0; i < 300; i++) {
        call("SET", "small" + i, text(random, 100));
      }
    }
  }

  /** Groups in which much is pending, for some consumers, with gaps. */
  private void fillGroups(Random random, String stream) throws IOException {
    for (String group : List.of("busy", "idle", "lazy")) {
      call("XGROUP", "CREATE", stream, group, "0");
      for (String consumer : List.of("you", "me", "them")) {
        int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 50 : 2500);
        call("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", stream, ">");
      }
      for (int i = random.nextInt(300); i > 0; i--) {
        call("XACK", stream, group, id(random), id(random), id(random));
      }
    }
  }

  private static String id(Random random) {
    return 10 * random.nextInt(7000) + "-1";
  }

  private void changeGroup(Random random, String stream) throws IOException {
    String group = List.of("busy", "idle", "lazy", "group").get(random.nextInt(4));
    String consumer = List.of("me", "you", "them", "new").get(random.nextInt(4));
    switch (random.nextInt(24)) {
      case 0, 1, 2, 3 -> call("XACK", stream, group, id(random), id(random), id(random));
      case 4, 5 -> ackSome(random, stream, group);
      case 6, 7 -> call("XCLAIM", stream, group, consumer, 0, id(random), id(random));
      case 8 -> call("XCLAIM", stream, group, consumer, 0, id(random), "JUSTID");
      case 9 -> call("XCLAIM", stream, group, consumer, 0, id(random), "RETRYCOUNT", 7);
      case 10, 11 -> call("XCLAIM", stream, group, consumer, 0, id(random), "FORCE");
      case 12, 13 -> {
        int count = 1 + random.nextInt(200);
        call("XAUTOCLAIM", stream, group, consumer, 0, id(random), "COUNT", count);
      }
      case 14, 15 -> {
        int count = 1 + random.nextInt(300);
        call("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", stream, ">");
      }
      case 16, 17 -> {
        int count = 1 + random.nextInt(100);
        String from = id(random);
        call("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", stream, from);
      }
      case 18 -> call("XGROUP", "CREATECONSUMER", stream, group, consumer);
      case 19 -> call("XGROUP", "SETID", stream, group, id(random));
      default -> rarelyChangeGroup(random, stream, group, consumer);
    }
  }

  /** Neighbours, so that leaves of what is pending are joined and go. */
  private void ackSome(Random random, String stream, String group) throws IOException {
    int from = random.nextInt(7000);
    List<Object> words = new ArrayList<>(List.of("XACK", stream, group));
    for (int i = random.nextInt(300); i >= 0; i--) {
      words.add(10 * (from + i) + "-1");
    }
    call(words.toArray());
  }

  private void rarelyChangeGroup(Random random, String stream, String group, String consumer)
      throws IOException {
    switch (random.nextInt(20)) {
      case 0 -> call("XGROUP", "DELCONSUMER", stream, group, consumer);
      case 1 -> call("XGROUP", "DESTROY", stream, group);
      case 2, 3, 4 -> call("XGROUP", "CREATE", stream, group, id(random));
      default -> call("XGROUP", "CREATECONSUMER", stream, group, "c" + random.nextInt(100));
    }
  }

  private void change(Random random) throws IOException {
    int key = random.nextInt(2);
    int at = random.nextInt(7000);
    switch (random.nextInt(40)) {
      case 0, 1 -> call("ZADD", "z" + key, random.nextInt(100), "member" + at);
      case 2 -> call("ZREM", "z" + key, "member" + at);
      case 3 -> call("ZREMRANGEBYRANK", "z" + key, at, at + random.nextInt(100));
      case 4 -> call("ZPOPMIN", "z" + key, random.nextInt(5));
      case 5, 6 -> call("HSET", "h" + key, "field" + at, text(random, 300));
      case 7 -> call("HDEL", "h" + key, "field" + at, "field" + (at + 1));
      case 8 -> call("HPEXPIRE", "e" + key, 20_000_000, "FIELDS", 1, "field" + at);
      case 9 -> call("HPERSIST", "e" + key, "FIELDS", 1, "field" + at);
      case 10 -> call("HPEXPIRE", "h" + key, 20_000_000, "FIELDS", 1, "field" + at);
      case 11 -> call("HDEL", "e" + key, "field" + at);
      case 12, 13 -> call("SADD", "s" + key, "member" + at, random.nextInt());
      case 14 -> call("SREM", "s" + key, "member" + at);
      case 15 -> call("SPOP", "s" + key, random.nextInt(20));
      case 16, 17 -> call("LSET", "l" + key, random.nextInt(400), text(random, 100));
      case 18 -> call("LPUSH", "l" + key, text(random, 1000));
      case 19 -> call("RPUSH", "l" + key, text(random, 1000));
      case 20 -> call("LPOP", "l" + key, random.nextInt(100));
      case 21 -> call("LREM", "l" + key, 3, at);
      case 22 -> call("LINSERT", "l" + key, "BEFORE", 2 * (at / 2), text(random, 3000));
      case 23 -> call("LTRIM", "l" + key, random.nextInt(3), -1 - random.nextInt(300));
      case 24 -> call("XADD", "x" + key, "*", "field", at);
      case 25 -> call("XDEL", "x" + key, 10 * at + "-1");
      case 26 -> call("XTRIM", "x" + key, "MAXLEN", 100 + random.nextInt(6000));
      case 27 -> call("XREADGROUP", "GROUP", "group", "you", "COUNT", 5, "STREAMS", "x" + key, ">");
      case 28, 29, 30, 31, 32, 33, 34, 35 -> changeGroup(random, "x" + key);
      default -> rarely(random, key);
    }
  }

  /** What happens to a key as a whole. */
  private void rarely(Random random, int key) throws IOException {
    String kind = "zhslxe".charAt(random.nextInt(6)) + "";
    switch (random.nextInt(40)) {
      case 0 -> call(random.nextBoolean() ? "DEL" : "UNLINK", kind + key);
      case 1 -> call("RENAME", kind + key, kind + (1 - key));
      case 2 -> call("COPY", kind + key, kind + (1 - key), "REPLACE");
      case 3 -> call("MOVE", kind + key, 1);
      case 4 -> call("SET", kind + key, "another value");
      case 5 -> call("PEXPIRE", kind + key, 10_000_000);
      case 6 -> call("PERSIST", kind + key);
      case 7 -> call("SWAPDB", 0, 1);
      case 8 -> call("LTRIM", "l" + key, 0, 2);
      case 9 -> call("ZUNIONSTORE", "z" + key, 2, "z0", "z1");
      case 10 -> call("PEXPIRE", kind + key, 1);
      default -> call("SET", "small" + random.nextInt(400), text(random, 200));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void showsTheDataOfItsMoment(long seed) throws IOException {
    run(seed);
  }

  /** Many more seeds, by hand: {@code -Dpillion.snapshot.seeds=1000}. */
  @Test
  void showsTheDataOfItsMomentWithMoreSeeds() throws IOException {
    int seeds = Integer.getInteger("pillion.snapshot.seeds", 0);
    for (int seed = 0; seed < seeds; seed++) {
      run(1000 + seed);
      call("FLUSHALL");
      snapshot = begin(LITTLE);
    }
  }

  @Test
  void whatWaitsIsMovedToAFileAndChangesAreDelayed() throws IOException {
    for (int i = 0; i < 3000; i++) {
      call("HSET", "hash", "field" + i, "value");
      call("SADD", "set", "member" + i);
    }
    while (scan(1 << 20)) {
      snapshot.drain();
    }
    final Object digest = call("DEBUG", "DIGEST");
    spillsByHand = true;
    snapshot = begin(LITTLE);
    CompletableFuture<Object> delayed = send(client, "HSET", "hash", "field0", "changed");
    for (int i = 0; delayed.isDone(); i++) {
      assertThat(i).as("changes without a delay").isLessThan(3000);
      delayed =
          send(
              client, i % 2 == 0 ? "SREM" : "HSET", i % 2 == 0 ? "set" : "hash", "member" + i, "x");
    }
    try (LocalClient reader = engine.connect()) {
      assertThat(send(reader, "HGET", "hash", "field0").getNow("nothing")).isEqualTo("changed");
    }
    assertThat(snapshot.isFull()).isTrue();
    spill();
    assertThat(snapshot.spilledBytes()).isPositive();
    assertThat(snapshot.heldBytes()).isLessThan(LITTLE / 2);
    assertThat(delayed).isNotDone();
    boolean more = scan(1);
    assertThat(delayed).isDone();
    assertThat(engine.engine().statistics().delayedWrites()).isEqualTo(1);
    assertThat(engine.engine().statistics().delayNanos()).isPositive();
    while (more) {
      snapshot.drain();
      more = scan(1000);
    }
    snapshot.finish();
    assertThat(digestOfWritten()).isEqualTo(digest);
  }

  @Test
  void changesGoOnWhenThereIsNoFileForWhatWaits() throws IOException {
    for (int i = 0; i < 3000; i++) {
      call("HSET", "hash", "field" + i, "value");
    }
    while (scan(1 << 20)) {
      snapshot.drain();
    }
    spillsByHand = true;
    snapshot = begin(LITTLE, "/no such folder");
    CompletableFuture<Object> delayed = send(client, "HSET", "hash", "field0", "changed");
    for (int i = 0; delayed.isDone(); i++) {
      delayed = send(client, "HSET", "hash", "field" + i, "changed");
    }
    spill();
    assertThatThrownBy(() -> snapshot.drain()).isInstanceOf(IOException.class);
    engine.engine().hold(() -> snapshot.abandon());
    assertThat(delayed).isDone();
    assertThat(send(client, "HSET", "hash", "field1", "again").join()).isEqualTo("0");
    assertThat(engine.engine().keyspace().isCut()).isFalse();
  }

  // --- room

  private static final class LogThatMayBeFull implements CommandLog {
    private volatile boolean full;

    @Override
    public boolean isOn() {
      return true;
    }

    @Override
    public void append(int database, Bytes[] words) {}

    @Override
    public void begin() {}

    @Override
    public void end() {}

    @Override
    public boolean isFull() {
      return full;
    }
  }

  /** A snapshot that the change of a large string has filled, and two more of these. */
  private Object beginFull() throws IOException {
    for (String key : List.of("s", "t", "u")) {
      call("SET", key, large(new Random(1), 100_000, 110_000));
    }
    writeAll();
    final Object digest = call("DEBUG", "DIGEST");
    spillsByHand = true;
    snapshot = begin(LITTLE);
    assertThat(send(client, "SETRANGE", "s", 5, "changed")).isDone();
    assertThat(snapshot.isFull()).isTrue();
    return digest;
  }

  @Test
  void aChangeThatWaitedForTheLogWaitsForTheSnapshotToo() throws IOException {
    final Object digest = beginFull();
    LogThatMayBeFull log = new LogThatMayBeFull();
    log.full = true;
    engine.engine().hold(() -> engine.engine().log(log));
    CompletableFuture<Object> delayed = send(client, "SETRANGE", "t", 5, "changed");
    log.full = false;
    engine.engine().logHasRoom();
    assertThat(delayed).as("while the snapshot is full").isNotDone();
    spill();
    scan(1);
    assertThat(delayed).as("when nothing is full").isDone();
    writeAll();
    assertThat(digestOfWritten()).isEqualTo(digest);
  }

  @Test
  void aChangeThatWaitedForTheSnapshotWaitsForTheLogToo() throws IOException {
    final Object digest = beginFull();
    LogThatMayBeFull log = new LogThatMayBeFull();
    engine.engine().hold(() -> engine.engine().log(log));
    final CompletableFuture<Object> delayed = send(client, "SETRANGE", "t", 5, "changed");
    spill();
    log.full = true;
    scan(1);
    assertThat(delayed).as("while the log is full").isNotDone();
    log.full = false;
    engine.engine().hold(() -> {});
    assertThat(delayed).as("when nothing is full").isDone();
    writeAll();
    assertThat(digestOfWritten()).isEqualTo(digest);
  }

  @Test
  void changesThatWaitDoNotAllGoOnAtOnceWhenTheFirstFillsItAgain() throws IOException {
    final Object digest = beginFull();
    try (LocalClient other = engine.connect()) {
      final CompletableFuture<Object> first = send(client, "SETRANGE", "t", 5, "changed");
      final CompletableFuture<Object> second = send(other, "SETRANGE", "u", 5, "changed");
      spill();
      scan(1);
      assertThat(first).isDone();
      assertThat(second).isNotDone();
      assertThat(snapshot.heldBytes()).isLessThan(150_000);
      spill();
      scan(1);
      assertThat(second).isDone();
    }
    assertThat(engine.engine().statistics().delayedWrites()).isEqualTo(2);
    writeAll();
    assertThat(digestOfWritten()).isEqualTo(digest);
  }

  // --- strings

  private static String large(Random random, int least, int most) {
    int length = least + random.nextInt(most - least);
    StringBuilder text = new StringBuilder(length + 64);
    while (text.length() < length) {
      // Some of it can be compressed.
      text.append(random.nextLong()).append("x".repeat(random.nextInt(40)));
    }
    return text.toString();
  }

  private void fillStrings(Random random) throws IOException {
    for (int key = 0; key < 3; key++) {
      call("SET", "b" + key, large(random, 1 << 20, 8 << 20));
      call("SET", "m" + key, large(random, 60 << 10, 1 << 20));
      call("SET", "e" + key, large(random, 60 << 10, 300 << 10), "PX", 10_000_000);
    }
    for (int i = 0; i < 100; i++) {
      call("SET", "small" + i, text(random, 100));
    }
  }

  private void changeString(Random random) throws IOException {
    String key = "bme".charAt(random.nextInt(3)) + "" + random.nextInt(3);
    String other = "bme".charAt(random.nextInt(3)) + "" + random.nextInt(3);
    int at = random.nextInt(random.nextBoolean() ? 50_000 : 5 << 20);
    switch (random.nextInt(40)) {
      case 0, 1, 2 -> call("APPEND", key, text(random, 50));
      case 3 -> call("APPEND", key, large(random, 1000, 200_000));
      case 4, 5 -> call("SETRANGE", key, at, text(random, 100));
      case 6, 7 -> call("SETBIT", key, 8 * at, random.nextInt(2));
      case 8, 9 -> call("BITFIELD", key, "SET", "u32", 8 * at, random.nextInt(), "GET", "u8", 0);
      case 10 -> call("BITOP", "NOT", key, key);
      case 11 -> call("BITOP", "XOR", key, key, other);
      case 12 -> call("DEL", key);
      case 13 -> call("UNLINK", key);
      case 14 -> call("GETDEL", key);
      case 15 -> call("SET", key, "another value");
      case 16 -> call("SET", key, large(random, 60 << 10, 200 << 10), "GET");
      case 17 -> call("SET", key, large(random, 1 << 20, 2 << 20), "KEEPTTL");
      case 18 -> call("MSET", key, large(random, 60 << 10, 200 << 10), "small1", "x", other, "y");
      case 19 -> call("PEXPIRE", key, 10_000_000);
      case 20 -> call("PERSIST", key);
      case 21 -> call("GETEX", key, "PX", 20_000_000);
      case 22 -> call("RENAME", key, other);
      case 23 -> call("COPY", key, other, "REPLACE");
      case 24 -> call("MOVE", key, 1);
      case 25 -> call("SWAPDB", 0, 1);
      case 26 -> call("PEXPIRE", key, -1);
      case 27 -> call("INCR", key);
      case 28 -> call("GETSET", key, large(random, 10_000, 100_000));
      case 29 -> expire(key);
      default -> call("SET", "small" + random.nextInt(200), text(random, 200));
    }
  }

  private void expire(String key) throws IOException {
    call("PEXPIRE", key, 1);
    while (call("EXISTS", key).equals("1")) {
      Thread.onSpinWait();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void showsTheStringsOfItsMoment(long seed) throws IOException {
    runStrings(seed);
  }

  @Test
  void showsTheStringsOfItsMomentWithMoreSeeds() throws IOException {
    int seeds = Integer.getInteger("pillion.snapshot.seeds", 0);
    for (int seed = 0; seed < seeds; seed++) {
      runStrings(1000 + seed);
      call("FLUSHALL");
      snapshot = begin(LITTLE);
    }
  }

  private void runStrings(long seed) throws IOException {
    Random random = new Random(seed);
    writeAll();
    for (int round = 0; round < 2; round++) {
      fillStrings(random);
      final Object digest = call("DEBUG", "DIGEST");
      snapshot = begin(random.nextBoolean() ? 64 << 20 : LITTLE);
      int pace = 1 << random.nextInt(4);
      int step = 1 << (8 + random.nextInt(13));
      do {
        for (int i = random.nextInt(pace); i > 0; i--) {
          changeString(random);
        }
        if (random.nextInt(3) == 0) {
          snapshot.drain();
        }
      } while (scan(step));
      snapshot.finish();
      assertThat(snapshot.heldBytes()).as("nothing is held any more").isZero();
      assertThat(digestOfWritten()).as("seed " + seed + ", round " + round).isEqualTo(digest);
    }
  }

  private void writeAll() throws IOException {
    while (scan(1 << 20)) {
      snapshot.drain();
    }
    snapshot.finish();
  }

  private long usedBytes() {
    long[] used = {0};
    engine
        .engine()
        .hold(
            () -> {
              engine.engine().keyspace().reclaim(Integer.MAX_VALUE);
              used[0] = engine.engine().keyspace().arena().usedBytes();
            });
    return used[0];
  }

  /** Before its turn, in the middle of it, and given up. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "DEL s",
        "UNLINK s",
        "SET s small",
        "SET s small GET",
        "GETDEL s",
        "PEXPIRE s -1",
        "RENAME s t",
        "MOVE s 1",
        "PEXPIRE s 1000000",
        "APPEND s more",
        "SETRANGE s 8000000 more",
        "MSET s small t small",
        "FLUSHDB"
      })
  void aStringThatGoesOrMovesIsNotCopied(String command) throws IOException {
    writeAll();
    Object[] words = command.split(" ", -1);
    String value = large(new Random(1), 1_100_000, 1_200_000);
    for (int scans = 0; scans < 3; scans++) {
      call("FLUSHALL");
      final long empty = usedBytes();
      call("SET", "s", value);
      final Object digest = call("DEBUG", "DIGEST");
      snapshot = begin(64 << 20);
      for (int i = 0; i < scans; i++) {
        assertThat(scan(100_000)).isTrue();
        snapshot.drain();
      }
      call(words);
      assertThat(snapshot.heldBytes()).isLessThan(1000);
      assertThat(usedBytes()).as("stays").isGreaterThan(1 << 20);
      writeAll();
      assertThat(digestOfWritten()).isEqualTo(digest);
      call("DEL", "s", "t");
      call("SWAPDB", 0, 1);
      call("DEL", "s");
      assertThat(usedBytes()).as("after " + scans + " scans").isLessThan(empty + 100_000);
    }
    call("SET", "s", value);
    snapshot = begin(64 << 20);
    call(words);
    engine.engine().hold(() -> snapshot.abandon());
    call("FLUSHALL", "SYNC");
    assertThat(usedBytes()).isLessThan(100_000);
  }

  @Test
  void noHoldTakesDownMuchOfAString() throws IOException {
    writeAll();
    call("SET", "large", large(new Random(1), 8 << 20, 9 << 20));
    for (int i = 0; i < 50; i++) {
      call("SET", "medium" + i, large(new Random(i), 100_000, 200_000));
    }
    final Object digest = call("DEBUG", "DIGEST");
    snapshot = begin(64 << 20);
    long most = 0;
    while (scan(1)) {
      most = Math.max(most, snapshot.heldBytes());
      snapshot.drain();
    }
    snapshot.finish();
    assertThat(most).isBetween(60L << 10, 400L << 10);
    assertThat(digestOfWritten()).isEqualTo(digest);
  }

  @Test
  void noHoldTakesDownMuchOfAGroup() throws IOException {
    writeAll();
    for (int i = 0; i < 20_000; i++) {
      call("XADD", "stream", i + "-1", "field", "value");
    }
    call("XGROUP", "CREATE", "stream", "group", "0");
    call("XREADGROUP", "GROUP", "group", "me", "COUNT", 20_000, "STREAMS", "stream", ">");
    call("XTRIM", "stream", "MAXLEN", 0);
    final Object before = state();
    snapshot = begin(64 << 20);
    call("XACK", "stream", "group", "10000-1");
    // Of the group and of the consumer 64 entries each, and what knows of both.
    assertThat(snapshot.heldBytes()).isBetween(1_000L, 10_000L);
    int scans = 1;
    while (scan(1)) {
      snapshot.drain();
      scans++;
    }
    snapshot.finish();
    assertThat(scans).isGreaterThan(2 * 20_000 / 64);
    assertThat(stateOfWritten()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "XGROUP DESTROY stream group",
        "XGROUP DELCONSUMER stream group me",
        "XGROUP DELCONSUMER stream group other",
        "DEL stream"
      })
  void aGroupOrConsumerThatGoesIsNotGathered(String command) throws IOException {
    writeAll();
    final long empty = usedBytes();
    for (int scans = 0; scans < 400; scans += 133) {
      fillPending(command.endsWith("other") ? 1000 : 0);
      final Object before = state();
      snapshot = begin(64 << 20);
      for (int i = 0; i < scans; i++) {
        assertThat(scan(1)).isTrue();
        snapshot.drain();
      }
      call("XACK", "stream", "group", "10000-1");
      final long held = snapshot.heldBytes();
      call((Object[]) command.split(" ", -1));
      assertThat(snapshot.heldBytes())
          .as("held after " + scans + " scans")
          .isLessThan(held + 100_000);
      call("XREADGROUP", "GROUP", "group", "me", "STREAMS", "stream", ">");
      writeAll();
      assertThat(snapshot.heldBytes()).isZero();
      assertThat(stateOfWritten()).as("after " + scans + " scans").isEqualTo(before);
      call("DEL", "stream");
      assertThat(usedBytes()).as("after " + scans + " scans").isLessThan(empty + 100_000);
    }
    fillPending(0);
    snapshot = begin(64 << 20);
    call("XACK", "stream", "group", "10000-1");
    call((Object[]) command.split(" ", -1));
    engine.engine().hold(() -> snapshot.abandon());
    call("DEL", "stream");
    assertThat(usedBytes()).as("given up").isLessThan(empty + 100_000);
  }

  /** A stream without entries, of which many are pending, so many for another consumer. */
  private void fillPending(int others) throws IOException {
    for (int i = 0; i < 20_000; i++) {
      call("XADD", "stream", i + "-1", "field", "value");
    }
    call("XGROUP", "CREATE", "stream", "group", "0");
    call("XREADGROUP", "GROUP", "group", "me", "COUNT", 20_000 - others, "STREAMS", "stream", ">");
    call("XREADGROUP", "GROUP", "group", "other", "COUNT", 1000, "STREAMS", "stream", ">");
    call("XTRIM", "stream", "MAXLEN", 0);
  }

  private void run(long seed) throws IOException {
    Random random = new Random(seed);
    while (scan(1 << 20)) {
      snapshot.drain();
    }
    fill(random);
    final long used = engine.engine().keyspace().arena().usedBytes();
    assertThat(used).isPositive();
    for (int round = 0; round < 2; round++) {
      final Object before = state();
      snapshot = begin(random.nextInt(3) == 0 ? 64 << 20 : LITTLE);
      int pace = 1 << random.nextInt(11);
      int step = 1 << (4 + random.nextInt(13));
      do {
        for (int i = random.nextInt(pace); i > 0; i--) {
          change(random);
        }
        if (random.nextInt(3) == 0) {
          snapshot.drain();
        }
      } while (scan(step));
      snapshot.finish();
      assertThat(snapshot.heldBytes()).as("nothing is held any more").isZero();
      assertThat(stateOfWritten()).as("seed " + seed + ", round " + round).isEqualTo(before);
    }
  }
}
