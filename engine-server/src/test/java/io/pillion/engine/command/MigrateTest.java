package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.net.Endpoint;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.Processes;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys on their way from one engine to another. */
class MigrateTest {
  private final PillionEngine source = new EngineBuilder().memoryBytes(16 << 20).start();
  private final PillionEngine target =
      new EngineBuilder()
          .memoryBytes(16 << 20)
          .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false))
          .start();
  private final LocalClient here = source.connect();
  private final LocalClient there = target.connect();
  private final int port = target.port();

  @AfterEach
  void close() {
    here.close();
    there.close();
    source.close();
    target.close();
  }

  private static CompletableFuture<String> start(LocalClient client, Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    return client
        .send(bytes)
        .toCompletableFuture()
        .thenApply(
            answer ->
                answer instanceof byte[] text
                    ? new String(text, StandardCharsets.ISO_8859_1)
                    : String.valueOf(answer));
  }

  private static String send(LocalClient client, Object... words) {
    return start(client, words).orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Test
  void aKeyMovesWithItsTimeToLive() {
    send(here, "RPUSH", "list", "a", "b");
    send(here, "PEXPIRE", "list", 100_000);
    assertThat(send(here, "MIGRATE", "127.0.0.1", port, "list", 3, 5000)).isEqualTo("OK");
    assertThat(send(here, "EXISTS", "list")).isEqualTo("0");
    send(there, "SELECT", 3);
    assertThat(send(there, "LLEN", "list")).isEqualTo("2");
    assertThat(Long.parseLong(send(there, "PTTL", "list"))).isBetween(50_000L, 100_000L);
  }

  @Test
  void severalKeysAreCopiedAndReplaced() {
    send(here, "MSET", "a", 1, "b", 2);
    send(there, "SET", "a", "other");
    assertThat(send(here, "MIGRATE", "127.0.0.1", port, "", 0, 5000, "COPY", "KEYS", "a", "b", "c"))
        .contains("ERR Target instance replied with error: BUSYKEY");
    assertThat(
            send(
                here,
                "MIGRATE",
                "127.0.0.1",
                port,
                "",
                0,
                5000,
                "COPY",
                "REPLACE",
                "KEYS",
                "a",
                "b"))
        .isEqualTo("OK");
    assertThat(send(here, "EXISTS", "a", "b")).isEqualTo("2");
    assertThat(send(there, "GET", "a")).isEqualTo("1");
    assertThat(send(there, "GET", "b")).isEqualTo("2");
  }

  /** None that knows of no such fields takes them without their deadlines. */
  @Test
  void fieldsWithATimeToLiveStayWhereTheOtherDoesNotKnowThem(@TempDir Path folder)
      throws IOException {
    send(here, "HSET", "h", "f", 1, "g", 2);
    send(here, "HEXPIRE", "h", 1000, "FIELDS", 1, "f");
    send(here, "SET", "plain", "v");
    try (RedisProcess redis = new RedisProcess(folder);
        TestClient other = redis.client()) {
      boolean knows =
          !(other.call("HTTL", "no", "FIELDS", 1, "f").value() instanceof Answer.Failure);
      for (String format : List.of("redis", "valkey")) {
        send(here, "CONFIG", "SET", "rdb-field-ttl-format", format);
        String answer =
            send(
                here,
                "MIGRATE",
                "127.0.0.1",
                redis.port(),
                "",
                0,
                5000,
                "REPLACE",
                "KEYS",
                "plain",
                "h");
        if (knows && answer.equals("OK")) {
          assertThat(String.valueOf(other.call("HTTL", "h", "FIELDS", 1, "f").value()))
              .doesNotContain("-1");
          return;
        }
        assertThat(answer)
            .contains(
                "ERR Target instance replied with error: ERR DUMP payload version or checksum are"
                    + " wrong");
        assertThat(send(here, "EXISTS", "plain", "h")).isEqualTo("1");
        assertThat(send(here, "HTTL", "h", "FIELDS", 2, "f", "g")).matches("\\[(1000|999), -1\\]");
        assertThat(other.call("EXISTS", "plain", "h").value()).isEqualTo(1L);
      }
    }
  }

  @Test
  void passwords() {
    send(there, "CONFIG", "SET", "requirepass", "secret");
    send(here, "SET", "k", "v");
    assertThat(send(here, "MIGRATE", "127.0.0.1", port, "k", 0, 5000)).contains("NOAUTH");
    assertThat(send(here, "MIGRATE", "127.0.0.1", port, "k", 0, 5000, "AUTH", "secret"))
        .isEqualTo("OK");
    assertThat(send(here, "EXISTS", "k")).isEqualTo("0");
  }

  @Test
  void aConnectionIsUsedAgainAndReplacedWhenItIsGone() {
    for (int i = 0; i < 3; i++) {
      send(here, "SET", "k" + i, i);
      assertThat(send(here, "MIGRATE", "127.0.0.1", port, "k" + i, 0, 5000)).isEqualTo("OK");
    }
    assertThat(send(here, "INFO", "stats")).contains("migrate_cached_sockets:1\r\n");
    // One of this process, and one of MIGRATE.
    assertThat(send(there, "INFO", "stats")).contains("total_connections_received:2\r\n");
    assertThat(send(there, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")).isEqualTo("1");
    send(here, "SET", "k3", 3);
    assertThat(send(here, "MIGRATE", "127.0.0.1", port, "k3", 0, 5000)).isEqualTo("OK");
    assertThat(send(there, "EXISTS", "k0", "k1", "k2", "k3")).isEqualTo("4");
  }

  @Test
  void nothingToMoveAndNobodyThere() throws IOException {
    assertThat(send(here, "MIGRATE", "127.0.0.1", port, "missing", 0, 5000)).isEqualTo("NOKEY");
    send(here, "SET", "k", "v");
    assertThat(send(here, "MIGRATE", "127.0.0.1", Processes.freePort(), "k", 0, 5000))
        .contains("IOERR");
    assertThat(send(here, "GET", "k")).isEqualTo("v");
  }

  @Test
  void othersGoOnMeanwhileAndWhatTheyChangeStays() throws IOException {
    send(here, "SET", "k", "v");
    try (ServerSocket slow = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        LocalClient other = source.connect()) {
      CompletableFuture<String> migration =
          start(here, "MIGRATE", "127.0.0.1", slow.getLocalPort(), "k", 0, 10_000);
      try (Socket connection = slow.accept()) {
        assertThat(send(other, "SET", "k", "changed")).isEqualTo("OK");
        connection.getOutputStream().write("+OK\r\n+OK\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(migration.orTimeout(10, TimeUnit.SECONDS).join())
            .contains("IOERR keys have changed");
      }
      assertThat(send(other, "GET", "k")).isEqualTo("changed");
    }
  }

  @Test
  void anotherThatIsSilentIsNotWaitedForLongerThanAgreed() throws IOException {
    send(here, "SET", "k", "v");
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(send(here, "MIGRATE", "127.0.0.1", silent.getLocalPort(), "k", 0, 100))
          .contains("IOERR error or timeout reading to target instance");
    }
    assertThat(send(here, "GET", "k")).isEqualTo("v");
  }
}
