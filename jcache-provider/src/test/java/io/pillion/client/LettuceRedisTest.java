package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The client against a real server over TCP, and what happens when that server goes away. */
class LettuceRedisTest extends CommandsContract {
  private static @Nullable RedisServer server;
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    RedisServer found = RedisServer.find();
    server = found;
    commands = PillionClient.connect(found.url() + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    if (commands != null) {
      commands.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Test
  void aServerThatIsNotThereIsOneClearSentence() {
    int port = RedisServer.freePort();
    try (Commands lost = PillionClient.connect("redis://user:s3cret@127.0.0.1:" + port)) {
      assertThatThrownBy(() -> lost.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("Cannot connect to redis://user:***@127.0.0.1:" + port)
          .hasMessageContaining("refused")
          .hasMessageNotContaining("s3cret");
      assertThatThrownBy(
              () -> lost.transaction(List.of(Command.of("PING"))).toCompletableFuture().join())
          .hasCauseInstanceOf(ConnectionException.class);
      assertThatThrownBy(() -> lost.await(lost.sendBlocking(Command.of("PING"))))
          .isInstanceOf(ConnectionException.class);
    }
  }

  @Test
  void aWrongPasswordIsOneClearSentence() {
    try (RedisServer locked = RedisServer.start("--requirepass", "right");
        Commands wrong =
            PillionClient.connect(locked.url().replace("redis://", "redis://:wr0ng@"));
        Commands none = PillionClient.connect(locked.url());
        Commands right =
            PillionClient.connect(locked.url().replace("redis://", "redis://:right@") + "/3")) {
      assertThatThrownBy(() -> wrong.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("WRONGPASS")
          .hasMessageNotContaining("wr0ng");
      assertThatThrownBy(() -> none.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("NOAUTH");
      assertThat(Replies.asText(right.call(Command.of("CLIENT", "INFO")))).contains(" db=3 ");
    }
  }

  @Test
  void aRestartedServerIsFoundAgainAndNothingIsSentTwice() {
    int port = RedisServer.freePort();
    RedisServer first = RedisServer.start(port);
    try (Commands client = PillionClient.connect("redis://127.0.0.1:" + port + "?timeout=5s")) {
      assertThat(client.call(Command.of("INCR").arg("n"))).isEqualTo(1L);
      first.close();
      assertThatThrownBy(
              () -> {
                client.call(Command.of("INCR").arg("n"));
                client.call(Command.of("INCR").arg("n"));
              })
          .isInstanceOf(ConnectionException.class);
      try (RedisServer second = RedisServer.start(port)) {
        assertThat(second.port()).isEqualTo(port);
        Object reply = Awaiting.reply(client, Command.of("INCR").arg("n"));
        assertThat(reply).isEqualTo(1L);
      }
    }
  }

  @Test
  void aStalledServerFailsTheCommandInDoubtAndTheNextOneConnectsAnew() {
    try (RedisServer stalled = RedisServer.start();
        Commands other = PillionClient.connect(stalled.url());
        Commands client = PillionClient.connect(stalled.url() + "?timeout=300ms")) {
      Object before = client.call(Command.of("CLIENT", "ID"));
      other.call(Command.of("CLIENT", "PAUSE", "1200", "ALL").keyAt(9));
      assertThatThrownBy(() -> client.call(Command.of("INCR").arg("n")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("No answer to INCR")
          .hasMessageContaining("not known");
      Object after = Awaiting.reply(client, Command.of("CLIENT", "ID"));
      assertThat(after).isNotEqualTo(before);
    }
  }

  @Test
  void whatWasSentWhileConnectingIsExecutedInOrder() {
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect(own.url())) {
      List<CompletionStage<@Nullable Object>> stages = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        stages.add(client.send(Command.of("RPUSH").arg("order").arg(i)));
      }
      for (int i = 0; i < 100; i++) {
        assertThat(client.await(stages.get(i))).isEqualTo(i + 1L);
      }
      Object all = client.call(Command.of("LRANGE").arg("order").arg(0).arg(-1));
      for (int i = 0; i < 100; i++) {
        assertThat(Replies.asLong(Replies.asList(all).get(i))).isEqualTo(i);
      }
    }
  }

  @Test
  void aClosedClientSaysSo() {
    try (RedisServer own = RedisServer.start()) {
      Commands client = PillionClient.connect(own.url());
      client.call(Command.of("PING"));
      client.close();
      client.close();
      assertThatThrownBy(() -> client.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("closed");
    }
  }

  @Test
  void pushesArriveAndALostConnectionIsAGap() throws Exception {
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect(own.url());
        Commands other = PillionClient.connect(own.url())) {
      LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
      CountDownLatch gap = new CountDownLatch(1);
      AutoCloseable subscription =
          client.onPush(
              new Commands.PushListener() {
                @Override
                public void onPush(String kind, List<@Nullable Object> content) {
                  Object keys = content.get(0);
                  seen.add(kind + " " + Replies.asText(Replies.asList(keys).get(0)));
                }

                @Override
                public void onGap() {
                  gap.countDown();
                }
              });
      client.call(Command.of("CLIENT", "TRACKING", "ON", "BCAST").keyAt(9));
      other.call(Command.of("SET").arg("watched").arg("v"));
      assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo("invalidate watched");

      long id = Replies.asLong(client.call(Command.of("CLIENT", "ID").keyAt(9)));
      other.call(Command.of("CLIENT", "KILL", "ID", Long.toString(id)).keyAt(9));
      assertThat(gap.await(5, TimeUnit.SECONDS)).isTrue();
      subscription.close();
    }
  }

  @Test
  void aCallbackThatWaitsForAnotherCommandIsRefusedInsteadOfHanging() {
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect(own.url())) {
      client.call(Command.of("PING"));
      CompletionStage<@Nullable Object> nested =
          client
              .send(Command.of("DEBUG", "SLEEP", "0.3").keyAt(9))
              .thenApply(reply -> client.call(Command.of("PING")));
      assertThatThrownBy(() -> client.await(nested))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("waits for another command");
    }
  }

  @Test
  void aLoneCallerReadsItsOwnAnswer() {
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect(own.url())) {
      // At first, and when the machine leaves this thread no time for a while, the loop's thread.
      Awaiting.until(() -> callerReads(client));
      CompletionStage<@Nullable Object> elsewhere = client.send(Command.of("PING"));
      assertThat(Replies.asText(client.await(elsewhere))).isEqualTo("PONG");
    }
  }

  @Test
  void whereSomebodyWaitsForPushesNoCallerRunsTheLoop() throws Exception {
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect(own.url())) {
      AutoCloseable subscription = client.onPush((kind, content) -> {});
      assertThat(callerReads(client)).isFalse();
      subscription.close();
      Awaiting.until(() -> callerReads(client));
      client.onPush((kind, content) -> {});
      assertThat(callerReads(client)).isFalse();
    }
  }

  /** Whether this thread has read an answer to one of many calls from the socket itself. */
  private static boolean callerReads(Commands client) {
    Thread caller = Thread.currentThread();
    boolean[] reads = new boolean[1];
    for (int i = 0; i < 200 && !reads[0]; i++) {
      client.call(
          () ->
              client
                  .send(Command.of("PING"))
                  .whenComplete(
                      (pong, failure) ->
                          reads[0] |=
                              Thread.currentThread() == caller && Waiting.isOnEventLoop(caller)));
    }
    return reads[0];
  }

  @Test
  void aUnixDomainSocketWorksWhereTheTransportHasThem() {
    Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    root.addAppender(log);
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect("redis-socket://" + own.socket())) {
      assertThat(Replies.asText(client.call(Command.of("PING")))).isEqualTo("PONG");
    } finally {
      root.detachAppender(log);
    }
    assertThat(log.list)
        .filteredOn(event -> event.getFormattedMessage().contains("EpollDomainSocketChannel"))
        .isEmpty();
  }

  @Test
  void aTransactionInFlightWhenTheServerDiesIsInDoubt() {
    RedisServer dying = RedisServer.start();
    try (Commands client = PillionClient.connect(dying.url() + "?timeout=10s");
        Commands other = PillionClient.connect(dying.url())) {
      client.call(Command.of("PING"));
      other.call(Command.of("CLIENT", "PAUSE", "60000", "ALL").keyAt(9));
      CompletionStage<List<@Nullable Object>> transaction =
          client.transaction(List.of(Command.of("SET").arg("a").arg("b")));
      CompletionStage<@Nullable Object> single = client.send(Command.of("INCR").arg("n"));
      dying.close();
      assertThatThrownBy(() -> transaction.toCompletableFuture().join())
          .hasCauseInstanceOf(ConnectionException.class)
          .hasMessageContaining("EXEC");
      assertThatThrownBy(() -> client.await(single))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("INCR");
    } finally {
      dying.close();
    }
  }

  @Test
  void repliesAreNeverMixedUpWhileConnectionsAreKilled() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (RedisServer own = RedisServer.start();
        Commands client = PillionClient.connect(own.url() + "?timeout=10s");
        Commands killer = PillionClient.connect(own.url() + "?clientName=killer")) {
      AtomicBoolean stop = new AtomicBoolean();
      LongAdder answered = new LongAdder();
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        String name = "t" + t;
        running.add(
            threads.submit(
                () -> {
                  for (int i = 0; !stop.get(); i++) {
                    check(client, name + "-" + i, i);
                    answered.increment();
                  }
                }));
      }
      for (int round = 0; round < 12; round++) {
        long seen = answered.sum();
        Awaiting.until(() -> answered.sum() > seen + 20);
        killer.call(Command.of("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").keyAt(9));
      }
      stop.set(true);
      for (Future<?> thread : running) {
        thread.get(20, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** One exchange, single, piped or in a transaction, whose answers are its own or none. */
  private static void check(Commands client, String text, int turn) {
    try {
      Command echo = Command.of("ECHO").arg(text).keyAt(9);
      switch (turn % 3) {
        case 0 -> assertThat(Replies.asText(client.call(echo))).isEqualTo(text);
        case 1 -> {
          for (CompletionStage<@Nullable Object> stage : client.pipeline(List.of(echo, echo))) {
            assertThat(Replies.asText(client.await(stage))).isEqualTo(text);
          }
        }
        default -> {
          CompletionStage<@Nullable Object> all =
              client.transaction(List.of(echo, echo)).thenApply(replies -> replies);
          assertThat(Replies.asList(client.await(all)))
              .extracting(Replies::asText)
              .containsExactly(text, text);
        }
      }
    } catch (ConnectionException e) {
      // A command whose connection breaks fails then, and not when its time is up.
      assertThat(e).hasMessageContaining("127.0.0.1").hasMessageNotContaining("No answer");
    }
  }
}
