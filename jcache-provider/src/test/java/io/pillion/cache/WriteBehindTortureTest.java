package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Awaiting;
import io.pillion.client.Commands;
import io.pillion.client.FaultProxy;
import io.pillion.client.OwnProcesses;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.io.BufferedReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.h2.tools.Server;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Whatever ends in between: the database ends equal to what was acknowledged. */
class WriteBehindTortureTest {
  private static final int KEYS = 20;
  private static final WriteBehindSettings BEHIND =
      WriteBehindSettings.defaults()
          .withBatchSize(7)
          .withMaxDelay(Duration.ofMillis(5))
          .withLease(Duration.ofMillis(500))
          .withRetries(1_000, Duration.ofMillis(5), Duration.ofMillis(50));

  private final String name = "torture-" + UUID.randomUUID();
  private final String database = "jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1";

  @Test
  @Timeout(120)
  void applicationAndConnectionBreakDuringWrites() throws Exception {
    try (RedisServer server = RedisServer.find();
        FaultProxy proxy = new FaultProxy(URI.create(server.url()).getPort());
        Commands commands = PillionClient.connect(proxy.url() + "?timeout=2s")) {
      createTable(database);
      Random random = new Random(7);
      Map<Integer, String> acknowledged = new HashMap<>();
      EngineCache<Integer, String> cache = cache(commands, database);
      EngineCache<Integer, String> second = cache(commands, database);
      for (int i = 0; i < 3_000; i++) {
        if (i % 300 == 299) {
          Objects.requireNonNull(cache.writeBehind()).abandon();
          cache = second;
          second = cache(commands, database);
        }
        if (i % 170 == 169) {
          proxy.kill();
        }
        int key = random.nextInt(KEYS);
        change(cache, key, random.nextInt(5) == 0 ? null : "v" + i, acknowledged);
      }
      EngineCache<Integer, String> last = second;
      Awaiting.until(() -> isEmpty(last));
      assertThat(rows(database)).isEqualTo(new TreeMap<>(acknowledged));
      assertThat(Objects.requireNonNull(last.writeBehind()).deadLetterCount()).isZero();
      last.close();
      cache.close();
    }
  }

  /** Until it is acknowledged: what is in doubt is done again. */
  private static void change(
      EngineCache<Integer, String> cache,
      int key,
      @Nullable String value,
      Map<Integer, String> acknowledged) {
    Awaiting.until(
        () -> {
          try {
            if (value == null) {
              cache.remove(key);
            } else {
              cache.put(key, value);
            }
            return true;
          } catch (RuntimeException inDoubt) {
            return false;
          }
        });
    if (value == null) {
      acknowledged.remove(key);
    } else {
      acknowledged.put(key, value);
    }
  }

  private static boolean isEmpty(EngineCache<Integer, String> cache) {
    try {
      return Objects.requireNonNull(cache.writeBehind()).length() == 0;
    } catch (RuntimeException broken) {
      return false;
    }
  }

  /** How many kills is the property {@code pillion.torture.kills}. */
  @Test
  @EnabledIfSystemProperty(named = "pillion.torture.kills", matches = "[0-9]+")
  void theJvmIsKilledDuringWrites() throws Exception {
    Server h2 = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    try (RedisServer server = RedisServer.find();
        Commands commands = PillionClient.connect(server.url() + "?timeout=5s")) {
      String url =
          "jdbc:h2:tcp://127.0.0.1:" + h2.getPort() + "/mem:" + name + ";DB_CLOSE_DELAY=-1";
      createTable(url);
      Map<Integer, Integer> acknowledged = new HashMap<>();
      Random random = new Random(7);
      int next = 0;
      for (int kill = Integer.getInteger("pillion.torture.kills"); kill > 0; kill--) {
        next = runAndKill(server.url(), url, next, 1 + random.nextInt(400), acknowledged);
      }
      EngineCache<Integer, String> cache = cache(commands, url);
      Awaiting.until(() -> isEmpty(cache));
      // One change may have been done that was not acknowledged; the cache knows it as well.
      TreeMap<Integer, String> cached = new TreeMap<>();
      for (int key = 0; key < KEYS; key++) {
        String value = cache.get(key);
        if (value != null) {
          cached.put(key, value);
        }
        int seen = value == null ? -1 : Integer.parseInt(value);
        assertThat(seen).isGreaterThanOrEqualTo(acknowledged.getOrDefault(key, -1));
      }
      assertThat(rows(url)).isEqualTo(cached).isNotEmpty();
      assertThat(Objects.requireNonNull(cache.writeBehind()).deadLetterCount()).isZero();
      cache.close();
    } finally {
      h2.stop();
    }
  }

  private int runAndKill(
      String redis, String jdbc, int from, int lines, Map<Integer, Integer> acknowledged)
      throws Exception {
    Process child =
        OwnProcesses.start(
            new ProcessBuilder(
                    List.of(
                        System.getProperty("java.home") + "/bin/java",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        redis,
                        jdbc,
                        name,
                        Integer.toString(from)))
                .redirectError(ProcessBuilder.Redirect.DISCARD));
    int next = from;
    try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
      int left = lines;
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith("ack ")) {
          next = Integer.parseInt(line.substring(4)) + 1;
          acknowledged.put((next - 1) % KEYS, next - 1);
          if (--left == 0) {
            child.toHandle().destroyForcibly();
          }
        }
      }
    }
    child.waitFor();
    assertThat(next).as("what the child wrote").isGreaterThan(from);
    return next + KEYS;
  }

  /** The application that is killed: writes rising numbers, and says which are acknowledged. */
  static final class Writer {
    private Writer() {}

    /** Arguments: URL of the server, of the database, name of the cache, first number. */
    @SuppressWarnings("SystemOut") // how it speaks to the test
    public static void main(String[] args) {
      Commands commands = PillionClient.connect(args[0] + "?timeout=5s");
      EngineCache<Integer, String> cache = open(commands, args[2], args[1]);
      for (int i = Integer.parseInt(args[3]); ; i++) {
        cache.put(i % KEYS, Integer.toString(i));
        System.out.println("ack " + i);
      }
    }
  }

  private EngineCache<Integer, String> cache(Commands commands, String url) {
    return open(commands, name, url);
  }

  private static EngineCache<Integer, String> open(Commands commands, String name, String url) {
    for (; ; ) {
      try {
        return new EngineCache<>(
            commands,
            CacheSettings.<Integer, String>named(name)
                .writer(new Table(url))
                .writeBehind(BEHIND)
                .build());
      } catch (RuntimeException broken) {
        Thread.onSpinWait();
      }
    }
  }

  private static void createTable(String url) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      connection.createStatement().execute("CREATE TABLE t (k INT PRIMARY KEY, v VARCHAR(20))");
    }
  }

  private static Map<Integer, String> rows(String url) throws SQLException {
    Map<Integer, String> rows = new TreeMap<>();
    try (Connection connection = DriverManager.getConnection(url);
        ResultSet found = connection.createStatement().executeQuery("SELECT k, v FROM t")) {
      while (found.next()) {
        rows.put(found.getInt(1), found.getString(2));
      }
    }
    return rows;
  }

  /** The database table, written with plain SQL. */
  private record Table(String url) implements EntryWriter<Integer, String> {
    @Override
    public void write(Integer key, String value) {
      execute("MERGE INTO t KEY (k) VALUES (?, ?)", key, value);
    }

    @Override
    public void delete(Integer key) {
      execute("DELETE FROM t WHERE k = ?", key);
    }

    private void execute(String sql, Object... parameters) {
      try (Connection connection = DriverManager.getConnection(url);
          PreparedStatement statement = connection.prepareStatement(sql)) {
        for (int i = 0; i < parameters.length; i++) {
          statement.setObject(i + 1, parameters[i]);
        }
        statement.executeUpdate();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
