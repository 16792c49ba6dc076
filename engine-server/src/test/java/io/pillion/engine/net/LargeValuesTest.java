package io.pillion.engine.net;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Large values are received into their place and sent from it, without the lock: whatever becomes
 * of their keys meanwhile, each reply is one of the values whole, and in the end no memory is left.
 */
@Timeout(60)
class LargeValuesTest {
  private static final int ROUNDS = Integer.getInteger("pillion.large.rounds", 60);
  private static final String[] KEYS = {"one", "two", "three"};
  private static final int[] LENGTHS = {20_000, 150_000, 1_400_000};

  private @Nullable PillionEngine running;

  @AfterEach
  void stop() {
    if (running != null) {
      running.close();
    }
  }

  private PillionEngine start(EngineBuilder builder) {
    running = builder.listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false)).start();
    return running;
  }

  /** A client that speaks in words and sees bytes. */
  private static final class Wire implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    Wire(PillionEngine engine) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), engine.port());
      socket.setSoTimeout(30_000);
      in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
      out = socket.getOutputStream();
    }

    void send(Object... words) throws IOException {
      out.write(command(words));
    }

    @Nullable Object call(Object... words) throws IOException {
      send(words);
      return read();
    }

    /** A status or error as text, a number, bytes, a list, or null. */
    @Nullable Object read() throws IOException {
      String line = line();
      String rest = line.substring(1);
      switch (line.charAt(0)) {
        case '$' -> {
          int length = Integer.parseInt(rest);
          if (length < 0) {
            return null;
          }
          byte[] bytes = in.readNBytes(length);
          assertThat(bytes).hasSize(length);
          assertThat(line()).isEmpty();
          return bytes;
        }
        case '*' -> {
          List<@Nullable Object> elements = new ArrayList<>();
          for (int i = Integer.parseInt(rest); i > 0; i--) {
            elements.add(read());
          }
          return elements;
        }
        case ':' -> {
          return Long.parseLong(rest);
        }
        default -> {
          return line;
        }
      }
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c != '\r'; c = in.read()) {
        if (c < 0) {
          throw new EOFException("after " + line);
        }
        line.append((char) c);
      }
      assertThat(in.read()).isEqualTo('\n');
      return line.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static byte[] command(Object... words) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(("*" + words.length + "\r\n").getBytes(ISO_8859_1));
    for (Object word : words) {
      byte[] each = word instanceof byte[] given ? given : word.toString().getBytes(ISO_8859_1);
      bytes.write(("$" + each.length + "\r\n").getBytes(ISO_8859_1));
      bytes.write(each);
      bytes.write("\r\n".getBytes(ISO_8859_1));
    }
    return bytes.toByteArray();
  }

  private static byte[] letters(Random random, int length) {
    byte[] value = new byte[length];
    Arrays.fill(value, (byte) ('a' + random.nextInt(26)));
    return value;
  }

  /** One letter all through, and after as many of them as its key's values have, what was added. */
  private static void assertWhole(int key, @Nullable Object reply) {
    if (reply == null) {
      return;
    }
    assertThat(reply).isInstanceOf(byte[].class);
    byte[] value = (byte[]) reply;
    assertThat(value.length).isGreaterThanOrEqualTo(LENGTHS[key]);
    for (int i = 0; i < value.length; i++) {
      byte expected = i < LENGTHS[key] ? value[0] : (byte) '!';
      if (value[i] != expected) {
        throw new AssertionError(
            KEYS[key] + " has '" + (char) value[i] + "' at " + i + " of " + value.length);
      }
    }
  }

  private static void change(Wire wire, Random random) throws IOException {
    int key = random.nextInt(KEYS.length);
    byte[] value = letters(random, LENGTHS[key]);
    switch (random.nextInt(12)) {
      case 0 -> wire.call("DEL", KEYS[key]);
      case 1 -> wire.call("SET", KEYS[key], value, "PX", 50);
      case 2 -> {
        // Only in place of another: a new string would begin with zeros.
        wire.call("EVAL", OVERWRITE, 1, KEYS[key], value);
      }
      case 3 ->
          wire.call(
              "EVAL",
              "if redis.call('exists', KEYS[1]) == 1 then"
                  + " redis.call('append', KEYS[1], '!!') end",
              1,
              KEYS[key]);
      case 4 -> wire.call("EXPIRE", KEYS[key], 100);
      case 5 -> wire.call("PERSIST", KEYS[key]);
      case 6 -> assertWhole(key, wire.call("GETDEL", KEYS[key]));
      case 7 -> assertWhole(key, wire.call("SET", KEYS[key], value, "GET"));
      case 8 -> {
        if (random.nextInt(5) == 0) {
          wire.call("FLUSHALL");
        }
      }
      default -> assertThat(wire.call("SET", KEYS[key], value)).isEqualTo("+OK");
    }
  }

  private static final String OVERWRITE =
      "if redis.call('exists', KEYS[1]) == 1 then redis.call('setrange', KEYS[1], 0, ARGV[1]) end";

  private static void look(Wire wire, Random random) throws IOException {
    int key = random.nextInt(KEYS.length);
    switch (random.nextInt(4)) {
      case 0 -> {
        List<?> all =
            (List<?>) wire.call((Object[]) new String[] {"MGET", KEYS[0], KEYS[1], KEYS[2]});
        for (int i = 0; i < KEYS.length; i++) {
          assertWhole(i, all == null ? null : all.get(i));
        }
      }
      case 1 -> {
        wire.send("MULTI");
        wire.send("GET", KEYS[key]);
        wire.send("SET", KEYS[key], letters(random, LENGTHS[key]));
        wire.send("GET", KEYS[key]);
        wire.send("EXEC");
        for (int i = 0; i < 4; i++) {
          assertThat((String) wire.read()).startsWith("+");
        }
        List<?> replies = (List<?>) wire.read();
        assertWhole(key, replies == null ? null : replies.get(0));
        assertWhole(key, replies == null ? null : replies.get(2));
      }
      case 2 -> {
        Object part = wire.call("GETRANGE", KEYS[key], 0, LENGTHS[key] - 1);
        if (part instanceof byte[] bytes && bytes.length > 0) {
          assertWhole(key, bytes);
        }
      }
      default -> {
        for (int i = 0; i < 5; i++) {
          wire.send("GET", KEYS[key]);
        }
        for (int i = 0; i < 5; i++) {
          assertWhole(key, wire.read());
        }
      }
    }
  }

  /** Somebody who leaves in the middle of replies, and of a request. */
  private static void leave(PillionEngine engine, Random random) throws IOException {
    try (Wire wire = new Wire(engine)) {
      int key = random.nextInt(KEYS.length);
      for (int i = 0; i < 10; i++) {
        wire.send("GET", KEYS[key]);
      }
      byte[] request = command("SET", KEYS[key], letters(random, LENGTHS[key]));
      wire.out.write(request, 0, random.nextInt(request.length));
      assertThat(wire.in.read()).isEqualTo('$');
    }
  }

  @ParameterizedTest
  @CsvSource({"no, 1", "no, 2", "yes, 1"})
  void everyReplyIsAValueWhole(String appendonly, String threads, @TempDir Path folder)
      throws Exception {
    PillionEngine engine =
        start(
            new EngineBuilder()
                .memoryBytes(64 << 20)
                .set("dir", folder.toString())
                .set("appendonly", appendonly)
                .set("appendfsync", "always")
                .set("engine-threads", threads));
    long before = usedBytes(engine);
    ExecutorService pool = Executors.newFixedThreadPool(5);
    try {
      List<Callable<@Nullable Void>> work = new ArrayList<>();
      for (int seed = 0; seed < 5; seed++) {
        int number = seed;
        work.add(
            () -> {
              Random random = new Random(number);
              try (Wire wire = new Wire(engine)) {
                for (int i = 0; i < ROUNDS; i++) {
                  if (number == 4 && i % 8 == 0) {
                    leave(engine, random);
                  } else if (number % 2 == 0) {
                    change(wire, random);
                  } else {
                    look(wire, random);
                  }
                }
              }
              return null;
            });
      }
      for (Future<@Nullable Void> each : pool.invokeAll(work)) {
        each.get();
      }
    } finally {
      pool.shutdownNow();
    }
    try (LocalClient client = engine.connect()) {
      client.send(List.of("FLUSHALL".getBytes(ISO_8859_1))).toCompletableFuture().join();
    }
    awaitUsed(engine, before);
  }

  private static long usedBytes(PillionEngine engine) {
    long[] used = new long[1];
    engine.engine().hold(() -> used[0] = engine.engine().keyspace().arena().usedBytes());
    return used[0];
  }

  /** Connections are closed, and their leases end, a little later. */
  private static void awaitUsed(PillionEngine engine, long expected) {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (usedBytes(engine) > expected && System.nanoTime() < giveUp) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(usedBytes(engine)).isLessThanOrEqualTo(expected);
  }

  @Test
  void aRequestUnderWayOutlivesAFlush() throws Exception {
    PillionEngine engine = start(new EngineBuilder().memoryBytes(32 << 20));
    byte[] value = letters(new Random(7), 2_500_000);
    byte[] request = command("SET", "k", value, "EX", 1000);
    try (Wire slow = new Wire(engine);
        Wire other = new Wire(engine)) {
      slow.out.write(request, 0, 1_300_000);
      long empty = usedBytes(engine);
      long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (empty < 1_200_000 && System.nanoTime() < giveUp) {
        empty = usedBytes(engine);
      }
      assertThat(empty).as("what has come is held in the arena").isGreaterThan(1_200_000);
      assertThat(other.call("FLUSHALL")).isEqualTo("+OK");
      for (int i = 0; i < 20; i++) {
        assertThat(other.call("SET", "fill" + i, letters(new Random(i), 1_000_000)))
            .isEqualTo("+OK");
      }
      slow.out.write(request, 1_300_000, request.length - 1_300_000);
      assertThat(slow.read()).isEqualTo("+OK");
      assertThat(other.call("GET", "k")).isEqualTo(value);
      assertThat((Long) other.call("TTL", "k")).isBetween(900L, 1000L);
      assertThat(other.call("PERSIST", "k")).isEqualTo(1L);
      assertThat(other.call("TTL", "k")).isEqualTo(-1L);
      assertThat(other.call("APPEND", "k", "tail")).isEqualTo(2_500_004L);
      assertThat(other.call("STRLEN", "k")).isEqualTo(2_500_004L);
    }
  }

  /** It is refused in words, and the connection goes on. */
  @Test
  void aValueWithoutRoomIsRefused() throws Exception {
    PillionEngine engine = start(new EngineBuilder().memoryBytes(4 << 20));
    int length = 8 << 20;
    try (Wire wire = new Wire(engine)) {
      assertThat((String) wire.call("SET", "k", new byte[length])).startsWith("-OOM");
      assertThat((String) wire.call("HSET", "h", "f", new byte[length])).startsWith("-OOM");
      assertThat(wire.call("SET", "k", "small")).isEqualTo("+OK");
    }
  }
}
