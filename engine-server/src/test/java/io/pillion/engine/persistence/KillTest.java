package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.pillion.engine.server.Main;
import io.pillion.engine.testkit.Processes;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server with {@code appendfsync always} is killed (SIGKILL) again and again while clients write
 * as fast as they can, and while its log is rewritten: what was acknowledged is there afterwards,
 * what was never sent is not, and no transaction is torn. A kill says nothing about fsync: see
 * {@link PowerLossTest}.
 *
 * <p>{@code -Dpillion.kill.cycles=500} goes on for longer than a build does.
 */
final class KillTest {
  private static final int CYCLES = Integer.getInteger("pillion.kill.cycles", 25);
  private static final int WRITERS = 4;
  private static final int ROUNDS_AT_ONCE = 16;
  private static final int COMMANDS_PER_ROUND = 8;

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final SplittableRandom random = new SplittableRandom(42);

  /** Answers of a server, by the bytes. */
  private static final class Connection implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    Connection(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(20_000);
      in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    }

    void send(byte[] bytes) throws IOException {
      socket.getOutputStream().write(bytes);
    }

    /** The next answer, flat: a line, or the bytes of a string; null for none. */
    String read() throws IOException {
      String line = line();
      return switch (line.charAt(0)) {
        case '$' -> {
          int length = Integer.parseInt(line.substring(1));
          if (length < 0) {
            yield "";
          }
          String value = new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
          line();
          yield value;
        }
        case '*' -> {
          List<String> parts = new ArrayList<>();
          for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
            parts.add(read());
          }
          yield parts.toString();
        }
        default -> line;
      };
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int b = in.read(); b != '\r'; b = in.read()) {
        if (b < 0) {
          throw new IOException("closed");
        }
        line.append((char) b);
      }
      in.read();
      return line.toString();
    }

    String call(Object... words) throws IOException {
      send(TestClient.encode(words));
      return read();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** One client that writes rounds until it is cut off. */
  private static final class Writer extends Thread {
    private final int number;
    private final int port;
    private volatile long sent;
    private volatile long acknowledged;

    Writer(int number, int port, long from) {
      super("writer-" + number);
      this.number = number;
      this.port = port;
      sent = from;
      acknowledged = from;
    }

    @Override
    public void run() {
      try (Connection connection = new Connection(port)) {
        while (true) {
          ByteArrayOutputStream rounds = new ByteArrayOutputStream();
          long first = sent + 1;
          for (long i = first; i < first + ROUNDS_AT_ONCE; i++) {
            round(rounds, i);
          }
          sent = first + ROUNDS_AT_ONCE - 1;
          connection.send(rounds.toByteArray());
          for (long i = first; i <= sent; i++) {
            for (int k = 0; k < COMMANDS_PER_ROUND; k++) {
              String answer = connection.read();
              if (answer.startsWith("-")) {
                throw new AssertionError(answer);
              }
            }
            acknowledged = i;
          }
        }
      } catch (IOException killed) {
        return;
      }
    }

    private void round(ByteArrayOutputStream out, long i) {
      put(out, "SET", "n:" + number, i);
      put(out, "INCR", "c:" + number);
      put(out, "MULTI");
      put(out, "SET", "a:" + number, i);
      put(out, "SET", "b:" + number, i);
      put(out, "EXEC");
      put(out, "RPUSH", "l:" + number, i);
      put(out, "SET", "x:" + number + ":" + i % 100, i, "PX", i % 2 == 0 ? 30 : 600_000);
    }

    private static void put(ByteArrayOutputStream out, Object... words) {
      out.writeBytes(TestClient.encode(words));
    }
  }

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS) // Less: by the number of cycles.
  void nothingAcknowledgedIsLost() {
    assertTimeoutPreemptively(Duration.ofSeconds(120 + 10L * CYCLES), this::killAgainAndAgain);
  }

  private void killAgainAndAgain() throws IOException, InterruptedException {
    int port = Processes.freePort();
    long[] reached = new long[WRITERS];
    long[] listFrom = new long[WRITERS];
    List<Writer> writers = new ArrayList<>();
    long rounds = 0;
    long nanos = 0;
    for (int cycle = 0; cycle <= CYCLES; cycle++) {
      Process server = start(port);
      try (Connection connection = awaitAnswer(server, port)) {
        for (Writer writer : writers) {
          reached[writer.number] = check(connection, writer, listFrom[writer.number], cycle);
          listFrom[writer.number] = reached[writer.number];
        }
        writers.clear();
        if (cycle == CYCLES) {
          break;
        }
        long begin = System.nanoTime();
        for (int i = 0; i < WRITERS; i++) {
          Writer writer = new Writer(i, port, reached[i]);
          writers.add(writer);
          writer.start();
        }
        long life = random.nextLong(150, 550);
        if (cycle % 3 == 0) {
          connection.call("BGREWRITEAOF");
        }
        server.waitFor(life, TimeUnit.MILLISECONDS);
        nanos += System.nanoTime() - begin;
      } finally {
        server.destroyForcibly();
        server.waitFor();
      }
      for (Writer writer : writers) {
        writer.join();
        rounds += writer.acknowledged - reached[writer.number];
      }
    }
    System.out.printf(
        "%d cycles, %d writes acknowledged, %.0f a second%n",
        CYCLES, rounds * 6, rounds * 6 / (nanos / 1e9));
    assertThat(rounds).isPositive();
  }

  /**
   * Looks at what one writer has left, and makes it whole; returns the last round that is there.
   */
  private static long check(Connection connection, Writer writer, long listFrom, int cycle)
      throws IOException {
    int number = writer.number;
    String text = connection.call("GET", "n:" + number);
    long found = text.isEmpty() ? 0 : Long.parseLong(text);
    String context = "cycle " + cycle + ", writer " + number;
    assertThat(found).as(context).isBetween(writer.acknowledged, writer.sent);
    long before = found - 1;
    assertThat(value(connection, "GET", "c:" + number)).as(context).isBetween(before, found);
    long a = value(connection, "GET", "a:" + number);
    assertThat(a).as(context).isBetween(before, found);
    assertThat(value(connection, "GET", "b:" + number)).as(context).isEqualTo(a);
    assertThat(value(connection, "LLEN", "l:" + number))
        .as(context)
        .isBetween(before - listFrom, found - listFrom);
    connection.call("SET", "c:" + number, found);
    connection.call("MSET", "a:" + number, found, "b:" + number, found);
    connection.call("DEL", "l:" + number);
    return found;
  }

  private static long value(Connection connection, Object... words) throws IOException {
    String answer = connection.call(words);
    String digits = answer.startsWith(":") ? answer.substring(1) : answer;
    return digits.isEmpty() ? 0 : Long.parseLong(digits);
  }

  private Process start(int port) throws IOException {
    ProcessBuilder server =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "--port",
            String.valueOf(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            folder.toString(),
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--logfile",
            folder.resolve("log").toString());
    // Not this JVM's own output: whoever reads that waits for the end of all that hold it.
    Path output = folder.resolve("output");
    server.redirectErrorStream(true).redirectOutput(Redirect.appendTo(output.toFile()));
    return Processes.start(server);
  }

  private Connection awaitAnswer(Process server, int port) throws IOException {
    long deadline = System.nanoTime() + TestServer.PATIENCE.toNanos();
    String last = "nothing";
    while (server.isAlive() && System.nanoTime() < deadline) {
      try {
        Connection connection = new Connection(port);
        last = connection.call("PING");
        if (last.equals("+PONG")) {
          return connection;
        }
        connection.close();
      } catch (IOException e) {
        last = e.toString();
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
    throw new AssertionError(
        "no server (alive: %s); the last answer: %s; the end of its log:%n%s%nof its output:%n%s"
            .formatted(server.isAlive(), last, endOf("log"), endOf("output")));
  }

  private String endOf(String name) throws IOException {
    Path file = folder.resolve(name);
    String text = Files.exists(file) ? Files.readString(file) : "";
    return text.substring(Math.max(0, text.length() - 2000));
  }
}
