package io.pillion.engine.server;

import static io.pillion.engine.testkit.TestServer.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.net.Endpoint;
import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.testkit.RedisProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** SHUTDOWN and signals: what is saved before the end, who is waited for, what stops it. */
@Timeout(60)
final class ShutdownTest {
  private static final String FAILED = "ERR Errors trying to SHUTDOWN. Check logs.";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final CountDownLatch ended = new CountDownLatch(1);

  @SuppressWarnings("NullAway.Init")
  private PillionEngine engine;

  @SuppressWarnings("NullAway.Init")
  private LocalClient client;

  @BeforeEach
  void start() {
    engine =
        new EngineBuilder()
            .set("dir", folder.toString())
            .set("save", "900", "1")
            .set("repl-diskless-sync-delay", "0")
            .set("enable-debug-command", "yes")
            .memoryBytes(64 << 20)
            .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false))
            .onShutdown(ended::countDown)
            .start();
    client = engine.connect();
  }

  @AfterEach
  void close() {
    engine.close();
  }

  private static CompletableFuture<@Nullable Object> send(LocalClient from, Object... words) {
    List<byte[]> bytes =
        Arrays.stream(words).map(word -> String.valueOf(word).getBytes(UTF_8)).toList();
    return from.send(bytes)
        .<@Nullable Object>thenApply(
            value ->
                value instanceof byte[] text
                    ? new String(text, UTF_8)
                    : value instanceof ErrorValue error ? error.message() : value)
        .toCompletableFuture();
  }

  /** Sends a command that is not answered, or whose answer does not matter. */
  private static void sendOnly(LocalClient from, Object... words) {
    CompletableFuture<@Nullable Object> unused = send(from, words);
  }

  private @Nullable Object call(Object... words) {
    return send(client, words).orTimeout(20, TimeUnit.SECONDS).join();
  }

  private boolean isWaiting() {
    return String.valueOf(call("INFO", "server")).contains("shutdown_in_milliseconds:");
  }

  private void assertEnded() throws InterruptedException {
    assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aSaveThatFailsStopsIt() throws Exception {
    call("SET", "k", "v");
    Path inTheWay = Files.createDirectory(folder.resolve("dump.rdb"));
    Files.createFile(inTheWay.resolve("full"));
    assertThat(call("SHUTDOWN")).isEqualTo(FAILED);
    assertThat(engine.shutdown().signalled("SIGTERM")).isTrue();
    assertThat(call("SET", "k", "w")).isEqualTo("OK");
    assertThat(ended.getCount()).isOne();
    assertThat(call("SHUTDOWN", "ABORT")).isEqualTo("ERR No shutdown in progress.");

    Files.delete(inTheWay.resolve("full"));
    Files.delete(inTheWay);
    assertThat(engine.shutdown().signalled("SIGTERM")).isTrue();
    assertEnded();
    assertThat(folder).isDirectoryContaining(file -> file.endsWith("dump.rdb"));
  }

  @Test
  void forceEndsItWhateverFails() throws Exception {
    call("SET", "k", "v");
    Path inTheWay = Files.createDirectory(folder.resolve("dump.rdb"));
    Files.createFile(inTheWay.resolve("full"));
    call("CONFIG", "SET", "shutdown-on-sigterm", "force");
    engine.shutdown().signalled("SIGTERM");
    assertEnded();
  }

  @Test
  void withoutTheFirstBaseOfTheLogItDoesNotEnd() throws Exception {
    call("SET", "k", "v");
    call("CONFIG", "SET", "rdb-key-save-delay", "30000000");
    call("CONFIG", "SET", "appendonly", "yes");
    assertThat(call("SHUTDOWN", "NOSAVE")).isEqualTo(FAILED);
    call("CONFIG", "SET", "rdb-key-save-delay", "0");
    await(
        "the base",
        () -> String.valueOf(call("INFO", "persistence")).contains("aof_rewrite_in_progress:0"));
    sendOnly(client, "SHUTDOWN", "NOSAVE");
    assertEnded();
  }

  /** A pod is signalled once, and killed when the grace period is over. */
  @Test
  void aSignalIsObeyedOnceTheFirstBaseOfTheLogIsThere() throws Exception {
    call("SET", "k", "v");
    call("CONFIG", "SET", "rdb-key-save-delay", "30000000");
    call("CONFIG", "SET", "appendonly", "yes");
    engine.shutdown().signalled("SIGTERM");
    assertThat(call("SHUTDOWN", "ABORT")).isEqualTo("OK");
    engine.shutdown().signalled("SIGTERM");
    assertThat(call("SET", "k2", "v")).isEqualTo("OK");
    assertThat(ended.getCount()).isOne();
    sendOnly(client, "CONFIG", "SET", "rdb-key-save-delay", "0");
    assertEnded();
  }

  @Test
  void whatIsSavedInTheBackgroundLeavesNothing() throws Exception {
    // The file is there once what is gathered for it fills a buffer.
    String value = "v".repeat(20_000);
    call("CONFIG", "SET", "rdbcompression", "no");
    for (int i = 0; i < 100; i++) {
      call("SET", "k" + i, value);
    }
    call("CONFIG", "SET", "rdb-key-save-delay", "20000");
    call("BGSAVE");
    await("a temporary file", () -> !files().isEmpty());
    sendOnly(client, "SHUTDOWN", "NOSAVE");
    assertEnded();
    assertThat(files()).isEmpty();
  }

  private List<Path> files() {
    try (var found = Files.list(folder)) {
      return found.toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** What is lost with a second SIGINT, and only with that. */
  @Test
  void aSecondInterruptInsists() throws Exception {
    call("DEBUG", "PAUSE-CRON", 1);
    assertThat(engine.shutdown().signalled("SIGINT")).isTrue();
    assertThat(call("SHUTDOWN", "ABORT")).isEqualTo("OK");
    assertThat(engine.shutdown().signalled("SIGINT")).isTrue();
    assertThat(engine.shutdown().signalled("SIGTERM")).isTrue();
    assertThat(engine.shutdown().signalled("SIGINT")).isFalse();
    assertThat(ended.getCount()).isOne();
    call("DEBUG", "PAUSE-CRON", 0);
    assertEnded();
  }

  @Test
  void waitsForARealReplica() throws Exception {
    try (RedisProcess replica = follow()) {
      replica.stopped(true);
      CompletableFuture<@Nullable Object> increment = send(client, "INCR", "k");
      assertThat(increment.get(10, TimeUnit.SECONDS)).isEqualTo(2L);
      sendOnly(engine.connect(), "SHUTDOWN");
      await("waiting", this::isWaiting);
      assertThat(ended.getCount()).isOne();
      // Nobody writes any more, as it would be lost; who reads is answered.
      assertThat(send(engine.connect(), "INCR", "k")).isNotDone();
      assertThat(call("GET", "k")).isEqualTo("2");
      replica.stopped(false);
      assertEnded();
      assertThat(replica.client().call("GET", "k").text()).isEqualTo("2");
    }
  }

  @Test
  void waitsForReplicasNoLongerThanItMay() throws Exception {
    call("CONFIG", "SET", "shutdown-timeout", "1");
    try (RedisProcess replica = follow()) {
      replica.stopped(true);
      call("INCR", "k");
      engine.shutdown().signalled("SIGTERM");
      assertThat(isWaiting()).isTrue();
      assertEnded();
      replica.stopped(false);
    }
  }

  @Test
  void nowDoesNotWait() throws Exception {
    try (RedisProcess replica = follow()) {
      replica.stopped(true);
      call("INCR", "k");
      sendOnly(client, "SHUTDOWN", "NOW");
      assertEnded();
      replica.stopped(false);
    }
  }

  @Test
  void waitingIsAborted() throws Exception {
    try (RedisProcess replica = follow()) {
      replica.stopped(true);
      call("INCR", "k");
      CompletableFuture<@Nullable Object> first = send(engine.connect(), "SHUTDOWN");
      CompletableFuture<@Nullable Object> second = send(engine.connect(), "SHUTDOWN");
      assertThat(String.valueOf(call("INFO", "clients"))).contains("blocked_clients:2\r\n");
      CompletableFuture<@Nullable Object> write = send(engine.connect(), "INCR", "k");
      assertThat(call("SHUTDOWN", "ABORT")).isEqualTo("OK");
      assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(FAILED);
      assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(FAILED);
      assertThat(write.get(10, TimeUnit.SECONDS)).isEqualTo(3L);
      assertThat(isWaiting()).isFalse();
      assertThat(ended.getCount()).isOne();
      replica.stopped(false);
    }
  }

  private RedisProcess follow() throws IOException {
    RedisProcess replica = new RedisProcess(folder, "--replicaof", "127.0.0.1 " + engine.port());
    call("SET", "k", "1");
    await("the replica", () -> Long.valueOf(1).equals(call("WAIT", 1, 1000)));
    return replica;
  }
}
