package io.pillion.engine.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.protocol.ErrorValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LocalClientTest {
  private final PillionEngine engine = new EngineBuilder().memoryBytes(16 << 20).start();
  private final LocalClient client = engine.connect();

  @AfterEach
  void stop() {
    engine.close();
  }

  private static List<byte[]> words(String... words) {
    return Arrays.stream(words).map(word -> word.getBytes(UTF_8)).toList();
  }

  private static CompletableFuture<@Nullable Object> send(LocalClient client, String... words) {
    return client.send(words(words)).toCompletableFuture();
  }

  private static @Nullable Object shown(@Nullable Object reply) {
    if (reply instanceof byte[] bytes) {
      return new String(bytes, UTF_8);
    }
    if (reply instanceof List<?> list) {
      List<@Nullable Object> all = new ArrayList<>();
      list.forEach(each -> all.add(shown(each)));
      return all;
    }
    return reply;
  }

  private @Nullable Object call(String... words) {
    CompletableFuture<@Nullable Object> reply = send(client, words);
    assertThat(reply).isDone();
    return shown(reply.join());
  }

  @Test
  void repliesAreObjectsAndThereAtOnce() {
    assertThat(call("SET", "k", "v")).isEqualTo("OK");
    assertThat(call("GET", "k")).isEqualTo("v");
    assertThat(call("GET", "none")).isNull();
    assertThat(call("RPUSH", "l", "a", "b")).isEqualTo(2L);
    assertThat(call("LRANGE", "l", "0", "-1")).isEqualTo(List.of("a", "b"));
    assertThat(call("ZADD", "z", "1.5", "m")).isEqualTo(1L);
    assertThat(call("ZSCORE", "z", "m")).isEqualTo(1.5);
    assertThat(call("LPUSH", "k", "x"))
        .isEqualTo(
            new ErrorValue("WRONGTYPE Operation against a key holding the wrong kind of value"));
  }

  @Test
  void aClientHasItsOwnDatabaseAndTransaction() {
    LocalClient other = engine.connect(2);
    assertThat(call("SELECT", "3")).isEqualTo("OK");
    assertThat(call("SET", "k", "three")).isEqualTo("OK");
    assertThat(shown(send(other, "GET", "k").join())).isNull();
    assertThat(call("MULTI")).isEqualTo("OK");
    assertThat(call("INCR", "n")).isEqualTo("QUEUED");
    assertThat(shown(send(other, "SET", "n", "5").join())).isEqualTo("OK");
    assertThat(call("EXEC")).isEqualTo(List.of(1L));
  }

  @Test
  void commandsSentTogetherAreAnsweredEach() {
    List<@Nullable Object> replies = new ArrayList<>();
    client
        .sendAll(List.of(words("SET", "a", "1"), words("NOSUCH"), words("INCR", "a")))
        .forEach(stage -> replies.add(shown(stage.toCompletableFuture().join())));
    assertThat(replies)
        .containsExactly(
            "OK", new ErrorValue("ERR unknown command 'NOSUCH', with args beginning with: "), 2L);
  }

  @Test
  void aCommandThatWaitsHoldsUpThoseBehindItAndNobodyElse() {
    CompletableFuture<@Nullable Object> popped = send(client, "BLPOP", "list", "0");
    CompletableFuture<@Nullable Object> behind = send(client, "LLEN", "list");
    assertThat(popped).isNotDone();
    assertThat(behind).isNotDone();
    LocalClient other = engine.connect();
    assertThat(send(other, "RPUSH", "list", "x", "y").join()).isEqualTo(2L);
    assertThat(shown(popped.join())).isEqualTo(List.of("list", "x"));
    assertThat(behind.join()).isEqualTo(1L);
  }

  @Test
  void waitsEndInTime() {
    assertThat(send(client, "BLPOP", "list", "0.05").join()).isNull();
  }

  @Test
  void whoIsNotAnsweredGetsNothing() {
    assertThat(call("CLIENT", "REPLY", "OFF")).isNull();
    assertThat(call("SET", "k", "v")).isNull();
    assertThat(call("CLIENT", "REPLY", "ON")).isEqualTo("OK");
    assertThat(call("GET", "k")).isEqualTo("v");
  }

  @Test
  void closingEndsWhatWaits() {
    CompletableFuture<@Nullable Object> popped = send(client, "BLPOP", "list", "0");
    client.close();
    assertThat(popped.join()).isInstanceOf(ErrorValue.class);
    assertThat(send(client, "PING").join()).isInstanceOf(ErrorValue.class);
  }

  @Test
  void aClientThatIsKilledIsAnswered() {
    CompletableFuture<@Nullable Object> popped = send(client, "BLPOP", "list", "0");
    LocalClient other = engine.connect();
    assertThat(send(other, "CLIENT", "KILL", "SKIPME", "YES").join()).isEqualTo(1L);
    assertThat(popped.join()).isInstanceOf(ErrorValue.class);
  }

  @Test
  void aKilledClientTakesNothingMoreFromAList() {
    CompletableFuture<@Nullable Object> popped = send(client, "BLPOP", "list", "0");
    List<@Nullable Object> replies = new ArrayList<>();
    engine
        .connect()
        .sendAll(
            List.of(
                words("CLIENT", "KILL", "SKIPME", "YES"),
                words("RPUSH", "list", "x"),
                words("LRANGE", "list", "0", "-1")))
        .forEach(stage -> replies.add(shown(stage.toCompletableFuture().join())));
    assertThat(replies).containsExactly(1L, 1L, List.of("x"));
    assertThat(popped.join()).isInstanceOf(ErrorValue.class);
  }

  @Test
  void whatWaitedForAPauseIsNotCarriedOutWithinATransaction() {
    LocalClient other = engine.connect();
    assertThat(shown(send(other, "CLIENT", "PAUSE", "100000", "WRITE").join())).isEqualTo("OK");
    CompletableFuture<@Nullable Object> waiting = send(other, "SET", "k", "theirs");
    assertThat(waiting).isNotDone();
    assertThat(call("MULTI")).isEqualTo("OK");
    assertThat(call("GET", "k")).isEqualTo("QUEUED");
    assertThat(call("CLIENT", "UNPAUSE")).isEqualTo("QUEUED");
    assertThat(call("GET", "k")).isEqualTo("QUEUED");
    assertThat(call("EXEC")).isEqualTo(Arrays.asList(null, "OK", null));
    assertThat(shown(waiting.join())).isEqualTo("OK");
    assertThat(call("GET", "k")).isEqualTo("theirs");
  }

  @Test
  void whoIsNotAnsweredMayWaitAllTheSame() {
    assertThat(call("CLIENT", "REPLY", "OFF")).isNull();
    CompletableFuture<@Nullable Object> popped = send(client, "BLPOP", "list", "0");
    CompletableFuture<@Nullable Object> behind = send(client, "SET", "k", "v");
    assertThat(popped).isNotDone();
    LocalClient other = engine.connect();
    assertThat(send(other, "RPUSH", "list", "x").join()).isEqualTo(1L);
    assertThat(popped.orTimeout(10, TimeUnit.SECONDS).join()).isNull();
    assertThat(behind.orTimeout(10, TimeUnit.SECONDS).join()).isNull();
    assertThat(shown(send(other, "GET", "k").join())).isEqualTo("v");
  }

  @Test
  void aClientOfAClosedEngineIsClosed() {
    engine.close();
    LocalClient late = engine.connect();
    assertThat(late.isClosed()).isTrue();
    assertThat(send(late, "SET", "k", "v").join()).isInstanceOf(ErrorValue.class);
    engine.close();
  }

  @Test
  void closingTheEngineAnswersEverybody() {
    CompletableFuture<@Nullable Object> popped = send(client, "BLPOP", "list", "0");
    engine.close();
    assertThat(popped.join()).isInstanceOf(ErrorValue.class);
    assertThat(send(client, "PING").join()).isInstanceOf(ErrorValue.class);
  }

  @Test
  void threadsShareAClient() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 1000; i++) {
                  send(client, "INCR", "n").join();
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(call("GET", "n")).isEqualTo("4000");
  }

  @Test
  void pushesReachTheListenerAfterTheReply() {
    List<@Nullable Object> told = new ArrayList<>();
    client.onPush(push -> told.add(shown(push.elements())));
    assertThat(call("SUBSCRIBE", "a")).isNull();
    assertThat(told).containsExactly(List.of("subscribe", "a", 1L));
    told.clear();
    try (LocalClient other = engine.connect()) {
      assertThat(send(other, "PUBLISH", "a", "hello").join()).isEqualTo(1L);
    }
    assertThat(told).containsExactly(List.of("message", "a", "hello"));
    told.clear();
    assertThat(call("CLIENT", "TRACKING", "ON")).isEqualTo("OK");
    assertThat(call("GET", "k")).isNull();
    List<@Nullable Object> invalidations = new ArrayList<>();
    client.onPush(push -> invalidations.add(shown(push.elements())));
    assertThat(call("SET", "k", "v")).isEqualTo("OK");
    assertThat(invalidations).containsExactly(List.of("invalidate", List.of("k")));
    assertThat(call("FLUSHALL")).isEqualTo("OK");
    assertThat(invalidations).contains(Arrays.asList("invalidate", null));
  }

  /** Two threads that publish flush the same client: a later message must not pass an earlier. */
  @Test
  void pushesAreToldOneAtATimeInTheirOrder() {
    List<@Nullable Object> told = Collections.synchronizedList(new ArrayList<>());
    assertThat(call("SUBSCRIBE", "a")).isNull();
    client.onPush(
        push -> {
          if (told.isEmpty()) {
            told.add("first begins");
            CompletableFuture.runAsync(
                    () -> {
                      try (LocalClient other = engine.connect()) {
                        send(other, "PUBLISH", "a", "second").join();
                      }
                    })
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
            told.add("first ends");
          } else {
            told.add(shown(push.elements()));
          }
        });
    try (LocalClient other = engine.connect()) {
      assertThat(send(other, "PUBLISH", "a", "first").join()).isEqualTo(1L);
    }
    assertThat(told)
        .containsExactly("first begins", "first ends", List.of("message", "a", "second"));
  }

  @Test
  void aMonitorInThisProcessIsToldByPushes() {
    List<@Nullable Object> told = new ArrayList<>();
    client.onPush(push -> told.add(shown(push.elements())));
    assertThat(call("MONITOR")).isEqualTo("OK");
    assertThat(call("ECHO", "x")).isEqualTo("x");
    assertThat(told).hasSize(1);
    assertThat(String.valueOf(told.get(0)))
        .matches("\\[monitor, \\d+\\.\\d{6} \\[0 in-process:0] \"ECHO\" \"x\"]");
  }
}
