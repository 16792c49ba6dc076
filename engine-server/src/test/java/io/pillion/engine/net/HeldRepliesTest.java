package io.pillion.engine.net;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.dispatch.CommandLog;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replies that wait for the command log, with a log that a test says is safe. */
@Timeout(60)
class HeldRepliesTest {
  private final PillionEngine running =
      new EngineBuilder()
          .memoryBytes(16 << 20)
          .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false))
          .start();
  private final Engine engine = running.engine();
  private final SlowLog log = new SlowLog();

  @BeforeEach
  void begin() {
    engine.hold(() -> engine.log(log));
  }

  @AfterEach
  void stop() {
    running.close();
  }

  /** Counts effects; nothing is safe until told. */
  private static final class SlowLog implements CommandLog {
    private long appended;
    private volatile boolean full;

    @Override
    public boolean isOn() {
      return true;
    }

    @Override
    public void append(int database, Bytes[] words) {
      appended++;
    }

    @Override
    public void begin() {}

    @Override
    public void end() {}

    @Override
    public long offset() {
      return appended;
    }

    @Override
    public long replyOffset(long written) {
      return appended;
    }

    @Override
    public boolean isFull() {
      return full;
    }
  }

  private RawClient connect() throws IOException {
    return new RawClient("127.0.0.1", running.port());
  }

  private void awaitAppended(int effects) {
    TestServer.await(
        effects + " effects",
        () -> {
          long[] now = new long[1];
          engine.hold(() -> now[0] = log.appended);
          return now[0] >= effects;
        });
  }

  @Test
  void repliesWaitForTheWritesOfTheirTurnAndKeepTheirOrder() throws IOException {
    try (RawClient first = connect();
        RawClient second = connect()) {
      assertThat(first.send("PING\r\n").read(7)).isEqualTo("+PONG\r\n");
      first.send("SET k 1\r\n");
      awaitAppended(1);
      // A read of what is not safe yet waits as well, and so does what follows on the connection.
      second.send("GET k\r\nPING\r\n");
      first.send("SET k 22\r\nGET k\r\n");
      awaitAppended(2);
      engine.safe(1);
      assertThat(first.read(5)).isEqualTo("+OK\r\n");
      engine.safe(2);
      assertThat(first.read(13)).isEqualTo("+OK\r\n$2\r\n22\r\n");
      assertThat(second.read(1)).isEqualTo("$");
      assertThat(second.send("QUIT\r\n").readToEnd()).endsWith("\r\n+PONG\r\n+OK\r\n");
      assertThat(first.send("GET k\r\n").read(8)).isEqualTo("$2\r\n22\r\n");
    }
  }

  @Test
  void aConnectionThatEndsSendsWhatItHeldFirst() throws IOException {
    try (RawClient client = connect()) {
      client.send("SET k v\r\nQUIT\r\n");
      awaitAppended(1);
      engine.safe(1);
      assertThat(client.readToEnd()).isEqualTo("+OK\r\n+OK\r\n");
    }
  }

  @Test
  void whoIsInDoubtIsCutOffAndOthersAreNot() throws IOException {
    try (RawClient writer = connect();
        RawClient idle = connect()) {
      assertThat(idle.send("PING\r\n").read(7)).isEqualTo("+PONG\r\n");
      writer.send("SET k v\r\n");
      awaitAppended(1);
      engine.hold(engine::abandonUnsafe);
      // Not before: the turn of the writer may not have looked yet whether its reply may go.
      assertThat(writer.readToEnd()).isEmpty();
      engine.safe(1);
      assertThat(idle.send("GET k\r\n").read(7)).isEqualTo("$1\r\nv\r\n");
    }
  }

  @Test
  void callersWithinTheProcessWaitForTheSameOffset() {
    LocalClient client = running.connect();
    CompletableFuture<@Nullable Object> set = send(client, "SET", "k", "v");
    CompletableFuture<@Nullable Object> get = send(client, "GET", "k");
    assertThat(set).isNotDone();
    assertThat(get).isNotDone();
    engine.safe(1);
    assertThat(set).isCompletedWithValue("OK");
    assertThat(get).isCompletedWithValue("v");
    CompletableFuture<@Nullable Object> lost = send(client, "SET", "k", "w");
    engine.hold(engine::abandonUnsafe);
    assertThat(lost).isCompletedWithValue(new ErrorValue("ERR the client is closed"));
    assertThat(client.isClosed()).isTrue();
  }

  @Test
  void writesWaitWhileTheLogIsFullAndReadsGoOn() {
    LocalClient client = running.connect();
    LocalClient other = running.connect();
    log.full = true;
    CompletableFuture<@Nullable Object> set = send(client, "SET", "k", "v");
    CompletableFuture<@Nullable Object> behind = send(client, "GET", "k");
    assertThat(send(other, "GET", "k")).isCompletedWithValue(null);
    assertThat(send(other, "PING")).isCompletedWithValue("PONG");
    assertThat(set).isNotDone();
    assertThat(behind).isNotDone();
    log.full = false;
    engine.logHasRoom();
    engine.safe(1);
    assertThat(set).isCompletedWithValue("OK");
    assertThat(behind).isCompletedWithValue("v");
  }

  private static CompletableFuture<@Nullable Object> send(LocalClient client, String... words) {
    return client
        .send(Arrays.stream(words).map(word -> word.getBytes(US_ASCII)).toList())
        .<@Nullable Object>thenApply(v -> v instanceof byte[] b ? new String(b, US_ASCII) : v)
        .toCompletableFuture();
  }
}
