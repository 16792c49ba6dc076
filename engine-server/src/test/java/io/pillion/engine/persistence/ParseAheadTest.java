package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.SimulatedWorld;
import io.pillion.engine.world.World;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is parsed on another thread is entered as if it were not. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ParseAheadTest {
  private static final int KEYS = 3 * EntryBatch.MAX_PARTS;
  private static final int MANY = 100_000;

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final RdbOutput out = new RdbOutput(/* sink= */ null, /* compress= */ false);
  private @Nullable PillionEngine engine;

  private PillionEngine engine() {
    PillionEngine started = engine;
    if (started == null) {
      started =
          new EngineBuilder()
              .set("enable-debug-command", "yes")
              .set("dir", folder.toString())
              .memoryBytes(64 << 20)
              .start();
      engine = started;
    }
    return started;
  }

  @AfterEach
  void close() {
    if (engine != null) {
      engine.close();
    }
  }

  private String send(Object... words) {
    try (LocalClient client = engine().connect()) {
      List<byte[]> bytes = new ArrayList<>();
      for (Object word : words) {
        bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
      }
      Object answer = client.send(bytes).toCompletableFuture().join();
      return answer instanceof byte[] text
          ? new String(text, StandardCharsets.ISO_8859_1)
          : String.valueOf(answer);
    }
  }

  // --- files

  private void putHeader() {
    byte[] header = "REDIS0011".getBytes(StandardCharsets.US_ASCII);
    out.putBytes(header, 0, header.length);
  }

  private void putStrings(int from, int to) {
    for (int i = from; i < to; i++) {
      putString("key" + i, Bytes.of("value" + i));
    }
  }

  private void putString(String key, Bytes value) {
    out.putByte(RdbFormat.TYPE_STRING);
    out.putString(Bytes.of(key));
    out.putString(value);
  }

  private void putHash(String key, int fields) {
    out.putByte(RdbFormat.TYPE_HASH);
    out.putString(Bytes.of(key));
    out.putLength(fields);
    for (int i = 0; i < fields; i++) {
      out.putString(Bytes.of("field" + i));
      out.putString(Bytes.of("value" + i));
    }
  }

  /** A set whose last member is its first one again. */
  private void putDamagedSet(String key) {
    out.putByte(RdbFormat.TYPE_SET);
    out.putString(Bytes.of(key));
    out.putLength(3);
    out.putString(Bytes.of("one"));
    out.putString(Bytes.of("two"));
    out.putString(Bytes.of("one"));
  }

  private byte[] file() {
    out.putByte(RdbFormat.OP_END);
    out.putLong(0);
    return out.bytes().toByteArray();
  }

  // --- reading

  /** The world of this process, whose threads are noted. */
  private World noted() {
    return (World)
        Proxy.newProxyInstance(
            World.class.getClassLoader(),
            new Class<?>[] {World.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("background")) {
                Thread thread = new Thread((Runnable) arguments[1], (String) arguments[0]);
                thread.setDaemon(true);
                threads.add(thread);
                thread.start();
                return null;
              }
              try {
                return method.invoke(RealWorld.get(), arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private RdbReader reader(InputStream stream, byte[] file, World world) {
    return new RdbReader(
        stream,
        file.length,
        engine().engine().keyspace(),
        Functions.NONE,
        new RdbReader.Options(/* keepExpired= */ true, /* replace= */ false, true),
        world);
  }

  private void read(RdbReader reader, int mostKeys) throws IOException {
    IOException[] failure = {null};
    boolean[] more = {true};
    while (more[0]) {
      engine()
          .engine()
          .hold(
              () -> {
                try {
                  more[0] = reader.readSome(1 << 20, mostKeys);
                } catch (IOException e) {
                  failure[0] = e;
                  more[0] = false;
                }
              });
    }
    if (failure[0] != null) {
      throw failure[0];
    }
  }

  private void readAll(byte[] file, World world) throws IOException {
    try (RdbReader reader = reader(new ByteArrayInputStream(file), file, world)) {
      reader.readHeader();
      read(reader, 100);
      assertThat(reader.offset()).isEqualTo(file.length);
    }
  }

  private void readsAll(World world) throws IOException {
    putHeader();
    putStrings(0, KEYS);
    putString("large", Bytes.of(new byte[3 << 20]));
    putHash("many", MANY);
    putString("large too", Bytes.of(new byte[3 << 20]));
    putHash("few", 3);
    putStrings(KEYS, 2 * KEYS);
    readAll(file(), world);
    assertThat(send("DBSIZE")).isEqualTo("" + (2 * KEYS + 4));
    assertThat(send("GET", "key" + (2 * KEYS - 1))).isEqualTo("value" + (2 * KEYS - 1));
    assertThat(send("STRLEN", "large")).isEqualTo("" + (3 << 20));
    assertThat(send("HLEN", "many")).isEqualTo("" + MANY);
    assertThat(send("HGET", "many", "field" + (MANY - 1))).isEqualTo("value" + (MANY - 1));
    assertThat(send("HGET", "few", "field2")).isEqualTo("value2");
  }

  @Test
  void readsWhatWasParsedAhead() throws IOException {
    readsAll(RealWorld.get());
  }

  @Test
  void needsNobodyWhoParsesAhead() throws IOException {
    readsAll(new SimulatedWorld(1));
  }

  @Test
  void whatIsWrongInTheMiddleOfABatchIsToldWithItsPlace() throws IOException {
    putHeader();
    putStrings(0, KEYS + 50);
    putDamagedSet("damaged");
    int place = out.size();
    putStrings(KEYS + 50, 2 * KEYS);
    byte[] file = file();
    assertThatThrownBy(() -> readAll(file, RealWorld.get()))
        .isInstanceOf(RdbException.class)
        .hasMessageContaining("A set with a member twice at byte " + place);
    assertThat(send("DBSIZE")).as("what came before").isEqualTo("" + (KEYS + 50));
    send("FLUSHALL");
    send("SET", "old", "data");
    String digest = send("DEBUG", "DIGEST");
    Files.write(folder.resolve("dump.rdb"), file);
    assertThat(send("DEBUG", "RELOAD", "NOSAVE")).contains("Error trying to load the RDB dump");
    assertThat(send("DEBUG", "DIGEST")).isEqualTo(digest);
  }

  @Test
  void aKeyTwiceIsFoundAcrossBatches() {
    putHeader();
    putStrings(0, 2 * KEYS);
    putHash("key7", 2);
    int place = out.size();
    putStrings(2 * KEYS, 3 * KEYS);
    byte[] file = file();
    assertThatThrownBy(() -> readAll(file, RealWorld.get()))
        .isInstanceOf(RdbException.class)
        .hasMessageContaining("A key twice in database 0 at byte " + place);
    assertThat(send("GET", "key7")).isEqualTo("value7");
  }

  @Test
  void whatIsInTheArenaAndWasNotEnteredIsFreed() throws IOException {
    Keyspace keyspace = engine().engine().keyspace();
    long before = keyspace.arena().usedBytes();
    putHeader();
    putString("twice", Bytes.of("value"));
    putString("twice", Bytes.of("value"));
    putHash("many", MANY);
    putDamagedSet("damaged");
    byte[] file = file();
    assertThatThrownBy(() -> readAll(file, new SimulatedWorld(1)))
        .hasMessageContaining("A key twice in database 0");
    send("DEL", "twice");
    assertThat(keyspace.arena().usedBytes()).isEqualTo(before);
  }

  @Test
  void batchesAreOfLimitedSize() throws IOException {
    putHeader();
    int most = 0;
    for (int i = 0; i < 20; i++) {
      putString("string" + i, Bytes.of(new byte[(i % 4 + 1) * 500_000]));
      putHash("hash" + i, 20_000 * (i % 3 + 1));
      putStrings(i * 100, i * 100 + 100);
    }
    byte[] file = file();
    EntryParser parser =
        new EntryParser(
            new ByteArrayInputStream(file),
            file.length,
            engine().engine().keyspace(),
            new RdbReader.Options(
                /* keepExpired= */ true, /* replace= */ true, /* checksum= */ true),
            () -> {},
            new LoadBuffers(engine().engine().keyspace()));
    parser.readHeader();
    EntryBatch batch = new EntryBatch(EntryBatch.MAX_PARTS, EntryBatch.FULL_BYTES);
    boolean[] ended = {false};
    while (!ended[0]) {
      engine().engine().hold(() -> parser.fill(batch, Long.MAX_VALUE, Integer.MAX_VALUE));
      assertThat(batch.failure).isNull();
      most = Math.max(most, batch.capacity());
      ended[0] = parser.isEnded();
      batch.clear();
    }
    assertThat(most).isLessThanOrEqualTo(2 * (EntryBatch.FULL_BYTES + RdbInput.MUCH_BYTES));
    assertThat(batch.capacity()).isLessThanOrEqualTo(4 * EntryBatch.FULL_BYTES);
  }

  @Test
  void loadingThatIsGivenUpEndsBothThreads() throws Exception {
    putHeader();
    putStrings(0, 40 * KEYS);
    byte[] strings = file();
    giveUp(strings);
    out.clear();
    putHeader();
    putStrings(0, KEYS);
    putHash("many", MANY);
    giveUp(file());
    assertThat(threads).hasSize(4);
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(20));
      assertThat(thread.isAlive()).as(thread.getName()).isFalse();
    }
  }

  /**
   * Reads a little of a file; the parser is as far ahead as it gets then, or wants to be let in.
   */
  private void giveUp(byte[] file) throws Exception {
    World world = noted();
    send("FLUSHALL");
    try (InputStream blocks = new BlockReader(new ByteArrayInputStream(file), file.length, world);
        RdbReader reader = reader(blocks, file, world)) {
      reader.readHeader();
      engine()
          .engine()
          .hold(
              () -> {
                try {
                  assertThat(reader.readSome(1 << 20, 5)).isTrue();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      Thread parser = threads.get(threads.size() - 1);
      while (parser.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
    }
    assertThat(send("DBSIZE")).isEqualTo("5");
  }

  @Test
  void streamsAreAsTheyWere() throws IOException {
    for (int stream = 0; stream < 6; stream++) {
      for (int i = 1; i <= 10 + 300 * stream; i++) {
        String other = i % 7 == 0 ? "another" : "name";
        send("XADD", "stream" + stream, i + "-" + i % 3, other, "v".repeat(i % 90), "count", i);
      }
      send("XDEL", "stream" + stream, "5-2");
    }
    send("XGROUP", "CREATE", "stream3", "group", "100");
    send("XREADGROUP", "GROUP", "group", "me", "COUNT", 20, "STREAMS", "stream3", ">");
    send("XTRIM", "stream4", "MAXLEN", 0);
    String digest = send("DEBUG", "DIGEST");
    List<String> infos = new ArrayList<>();
    for (int stream = 0; stream < 6; stream++) {
      infos.add(info(stream));
    }
    assertThat(send("DEBUG", "RELOAD")).isEqualTo("OK");
    assertThat(send("DEBUG", "DIGEST")).isEqualTo(digest);
    for (int stream = 0; stream < 6; stream++) {
      assertThat(info(stream)).isEqualTo(infos.get(stream));
      send("XADD", "stream" + stream, "9999-1", "name", "more");
    }
    assertThat(send("XLEN", "stream4")).isEqualTo("1");
  }

  /** The numbers that XINFO says. */
  private String info(int stream) {
    return send("XINFO", "STREAM", "stream" + stream).replaceAll("B@[0-9a-f]+", "");
  }
}
