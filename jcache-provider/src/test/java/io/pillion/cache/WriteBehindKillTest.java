package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.pillion.client.Awaiting;
import io.pillion.client.Commands;
import io.pillion.client.OwnProcesses;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import io.pillion.engine.net.Endpoint;
import io.pillion.engine.server.EngineBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.h2.tools.Server;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The application, the engine (which has {@code appendfsync always}), or both are killed (SIGKILL)
 * again and again while the application writes behind its cache: the database ends equal to what
 * was acknowledged, and never goes back on the way.
 *
 * <p>{@code -Dpillion.kill.cycles=50} goes on for longer than a build does.
 */
class WriteBehindKillTest {
  private static final int CYCLES = Integer.getInteger("pillion.kill.cycles", 3);
  private static final int KEYS = 20;
  private static final String CACHE = "kills";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final Map<Integer, Integer> acknowledged = new ConcurrentHashMap<>();
  private final Map<Process, Thread> readers = new ConcurrentHashMap<>();
  private final AtomicInteger last = new AtomicInteger(-1);
  private final int port = RedisServer.freePort();

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS) // Less: by the number of cycles.
  void theDatabaseEndsAsAcknowledged() {
    assertTimeoutPreemptively(Duration.ofSeconds(120 + 30L * CYCLES), this::killAgainAndAgain);
  }

  private void killAgainAndAgain() throws Exception {
    Server h2 = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    String jdbc =
        "jdbc:h2:tcp://127.0.0.1:" + h2.getPort() + "/mem:kills" + port + ";DB_CLOSE_DELAY=-1";
    Process engine = engine();
    Process application = null;
    try {
      execute(
          jdbc,
          "create table t(k int primary key, v int)",
          "create table history(n bigint generated always as identity, k int, v int)");
      application = application(jdbc);
      Random random = new Random(42);
      for (int cycle = 0; cycle < CYCLES; cycle++) {
        awaitMore(20 + random.nextInt(200), application);
        boolean killsEngine = cycle % 3 != 1;
        boolean killsApplication = cycle % 3 != 0;
        if (killsApplication) {
          kill(application);
        }
        if (killsEngine) {
          kill(engine);
          engine = engine();
        }
        if (killsApplication) {
          application = application(jdbc);
        }
      }
      awaitMore(100, application);
      kill(application);
      check(jdbc);
    } finally {
      if (application != null) {
        kill(application);
      }
      kill(engine);
      h2.stop();
    }
  }

  /** Everything that waits is written by this process. */
  private void check(String jdbc) throws SQLException {
    try (Commands commands = PillionClient.connect("redis://127.0.0.1:" + port + "?timeout=5s")) {
      EngineCache<Integer, String> cache = open(commands, jdbc);
      WriteBehind<Integer, String> behind = Objects.requireNonNull(cache.writeBehind());
      Awaiting.until(() -> behind.length() == 0);
      assertThat(behind.deadLetterCount()).isZero();
      Map<Integer, Integer> cached = new TreeMap<>();
      for (int key = 0; key < KEYS; key++) {
        String value = cache.get(key);
        if (value != null) {
          cached.put(key, Integer.parseInt(value));
        }
      }
      Map<Integer, Integer> rows = new TreeMap<>();
      query(jdbc, "select k, v from t", rows::put);
      assertThat(rows).isEqualTo(cached).containsOnlyKeys(acknowledged.keySet());
      // One change may have been done that was not acknowledged.
      acknowledged.forEach((key, value) -> assertThat(rows.get(key)).isGreaterThanOrEqualTo(value));
      Map<Integer, Integer> before = new HashMap<>();
      query(
          jdbc,
          "select k, v from history order by n",
          (key, value) ->
              assertThat(value)
                  .isGreaterThanOrEqualTo(Objects.requireNonNullElse(before.put(key, value), 0)));
      cache.close();
    }
  }

  private void awaitMore(int writes, Process application) throws Exception {
    int from = last.get();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (last.get() < from + writes) {
      if (!application.isAlive() || System.nanoTime() > deadline) {
        throw new AssertionError(
            (last.get() - from) + " of " + writes + " writes: " + Files.readString(errors()));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  /** Ends it, and has read by then all that it said: what it acknowledged counts. */
  private void kill(Process process) throws InterruptedException {
    // Process.destroyForcibly would close the output.
    process.toHandle().destroyForcibly();
    process.waitFor();
    Objects.requireNonNull(readers.get(process)).join();
  }

  /** An engine that has loaded its log, started again if somebody else had its port meanwhile. */
  private Process engine() throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    List<String> arguments = List.of(Integer.toString(port), folder.toString());
    while (System.nanoTime() < deadline) {
      CountDownLatch up = new CountDownLatch(1);
      Process engine = start(Engine.class, arguments, line -> up.countDown());
      while (engine.isAlive() && System.nanoTime() < deadline) {
        if (up.await(20, TimeUnit.MILLISECONDS)) {
          return engine;
        }
      }
      kill(engine);
    }
    throw new AssertionError("The engine did not come up: " + Files.readString(errors()));
  }

  private Path errors() {
    return folder.resolve("errors");
  }

  private Process application(String jdbc) throws IOException {
    // One number more may have been sent than was acknowledged.
    int first = last.get() + 2;
    return start(
        Application.class,
        List.of("redis://127.0.0.1:" + port, jdbc, Integer.toString(first)),
        line -> {
          int number = Integer.parseInt(line);
          acknowledged.put(number % KEYS, number);
          last.set(number);
        });
  }

  private Process start(Class<?> main, List<String> arguments, Consumer<String> lines)
      throws IOException {
    List<String> line = new ArrayList<>();
    line.add(System.getProperty("java.home") + "/bin/java");
    line.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    line.addAll(List.of(System.getProperty("java.class.path"), main.getName()));
    line.addAll(arguments);
    Process child =
        OwnProcesses.start(
            new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors().toFile())));
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
                out.lines()
                    .filter(text -> text.startsWith("> "))
                    .map(text -> text.substring(2))
                    .forEach(lines);
              } catch (UncheckedIOException | IOException e) {
                // It was killed.
                return;
              }
            });
    reader.setDaemon(true);
    readers.put(child, reader);
    reader.start();
    return child;
  }

  /** The engine that is killed. */
  static final class Engine {
    private Engine() {}

    /** Arguments: port and folder. */
    @SuppressWarnings("SystemOut") // how it speaks to the test
    public static void main(String[] args) throws InterruptedException {
      AutoCloseable engine =
          new EngineBuilder()
              .set("dir", args[1])
              .set("appendonly", "yes")
              .set("appendfsync", "always")
              .warm()
              .listen(new Endpoint.Tcp("127.0.0.1", Integer.parseInt(args[0]), false))
              .start();
      System.out.println("> " + engine);
      new CountDownLatch(1).await();
    }
  }

  /** The application that is killed: writes rising numbers, and says which are acknowledged. */
  static final class Application {
    private Application() {}

    /** Arguments: URL of the engine, of the database, and the first number. */
    @SuppressWarnings("SystemOut") // how it speaks to the test
    public static void main(String[] args) {
      Commands commands = PillionClient.connect(args[0] + "?timeout=2s");
      EngineCache<Integer, String> cache = open(commands, args[1]);
      for (int i = Integer.parseInt(args[2]); ; i++) {
        // What is in doubt is done again, until it is acknowledged.
        for (boolean done = false; !done; ) {
          try {
            cache.put(i % KEYS, Integer.toString(i));
            done = true;
          } catch (RuntimeException inDoubt) {
            System.err.println(inDoubt);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
          }
        }
        System.out.println("> " + i);
      }
    }
  }

  private static EngineCache<Integer, String> open(Commands commands, String jdbc) {
    CacheSettings<Integer, String> settings =
        CacheSettings.<Integer, String>named(CACHE)
            .writer(new Table(jdbc))
            .writeBehind(
                WriteBehindSettings.defaults()
                    .withBatchSize(7)
                    .withMaxDelay(Duration.ofMillis(5))
                    .withLease(Duration.ofMillis(500))
                    .withRetries(1_000, Duration.ofMillis(5), Duration.ofMillis(50)))
            .build();
    AtomicReference<EngineCache<Integer, String>> opened = new AtomicReference<>();
    Awaiting.untilOthersAreReady(
        () -> {
          try {
            opened.set(new EngineCache<>(commands, settings));
            return true;
          } catch (RuntimeException away) {
            return false;
          }
        });
    return Objects.requireNonNull(opened.get());
  }

  /** What takes a row. */
  @FunctionalInterface
  private interface Row {
    void of(Integer key, Integer value);
  }

  private static void execute(String jdbc, String... statements) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbc)) {
      for (String sql : statements) {
        connection.createStatement().execute(sql);
      }
    }
  }

  private static void query(String jdbc, String sql, Row row) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbc);
        ResultSet found = connection.createStatement().executeQuery(sql)) {
      while (found.next()) {
        row.of(found.getInt(1), found.getInt(2));
      }
    }
  }

  /** A row and the history of all rows, in one transaction. */
  private record Table(String jdbc) implements EntryWriter<Integer, String> {
    @Override
    public void write(Integer key, String value) {
      try (Connection connection = DriverManager.getConnection(jdbc)) {
        connection.setAutoCommit(false);
        change(connection, "merge into t key (k) values (?, ?)", key, value);
        change(connection, "insert into history(k, v) values (?, ?)", key, value);
        connection.commit();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    private static void change(Connection connection, String sql, Integer key, String value)
        throws SQLException {
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.setInt(1, key);
        statement.setInt(2, Integer.parseInt(value));
        statement.executeUpdate();
      }
    }

    @Override
    public void delete(Integer key) {
      throw new UnsupportedOperationException("Nothing is removed here");
    }
  }
}
