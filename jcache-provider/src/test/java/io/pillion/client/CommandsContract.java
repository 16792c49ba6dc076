package io.pillion.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What {@link Commands} promises, whatever carries the commands. */
public abstract class CommandsContract {
  private final String prefix = UUID.randomUUID() + ":";

  /** The client under test; the same one for every test of a class is fine. */
  protected abstract Commands commands();

  private String key(String name) {
    return prefix + name;
  }

  private static @Nullable String text(@Nullable Object reply) {
    return Replies.asText(reply);
  }

  private static @Nullable Object join(CompletionStage<@Nullable Object> stage) {
    return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Test
  void aStringGoesThereAndBackByteForByte() {
    byte[] value = new byte[256];
    for (int i = 0; i < value.length; i++) {
      value[i] = (byte) i;
    }
    Object set = commands().call(Command.of("SET").arg(key("s")).arg(value));
    Object get = commands().call(Command.of("GET").arg(key("s")));

    assertThat(Replies.isOk(set)).isTrue();
    assertThat((byte[]) get).isEqualTo(value);
  }

  @Test
  void aLargeValueGoesThereAndBack() {
    byte[] value = new byte[3_000_000];
    value[2_999_999] = 7;
    commands().call(Command.of("SET").arg(key("large")).arg(value));

    Object reply = commands().call(Command.of("GET").arg(key("large")));

    assertThat((byte[]) reply).isEqualTo(value);
    commands().call(Command.of("DEL").arg(key("large")));
  }

  @Test
  void integersNullsAndCollectionsHaveTheirShapes() {
    assertThat(commands().call(Command.of("INCRBY").arg(key("n")).arg(5))).isEqualTo(5L);
    assertThat(commands().call(Command.of("GET").arg(key("missing")))).isNull();
    assertThat(commands().call(Command.of("LRANGE").arg(key("missing")).arg(0).arg(-1)))
        .isEqualTo(List.of());
    commands().call(Command.of("RPUSH").arg(key("l")).arg("a").arg("").arg("c"));
    Object range = commands().call(Command.of("LRANGE").arg(key("l")).arg(0).arg(-1));
    assertThat(Replies.asList(range)).extracting(Replies::asText).containsExactly("a", "", "c");
    commands().call(Command.of("HSET").arg(key("h")).arg("f").arg("v"));
    Object map = commands().call(Command.of("HGETALL").arg(key("h")));
    assertThat(Replies.asList(map)).extracting(Replies::asText).containsExactly("f", "v");
    Object many = commands().call(Command.of("HMGET").arg(key("h")).arg("f").arg("none"));
    assertThat(Replies.asList(many)).extracting(Replies::asText).containsExactly("v", null);
    commands().call(Command.of("ZADD").arg(key("z")).arg(1.5).arg("m"));
    Object score = commands().call(Command.of("ZSCORE").arg(key("z")).arg("m"));
    assertThat(Replies.asDouble(score)).isEqualTo(1.5);
  }

  @Test
  void anErrorFailsTheStageWithTheServersWords() {
    commands().call(Command.of("SET").arg(key("s")).arg("v"));
    CompletionStage<@Nullable Object> stage =
        commands().send(Command.of("LPUSH").arg(key("s")).arg("x"));

    assertThatThrownBy(() -> commands().await(stage))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("WRONGTYPE ")
        .extracting(e -> ((CommandException) e).code())
        .isEqualTo("WRONGTYPE");
    assertThatThrownBy(() -> join(stage))
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(CommandException.class);
    assertThatThrownBy(() -> commands().call(Command.of("NOSUCHCOMMAND").arg("x")))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("ERR unknown command");
  }

  @Test
  void aPipelineAnswersEachCommandInOrder() {
    List<Command> batch = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      batch.add(Command.of("INCR").arg(key("counter")));
    }
    batch.add(500, Command.of("LPUSH").arg(key("counter")).arg("x"));

    List<CompletionStage<@Nullable Object>> stages = commands().pipeline(batch);

    assertThat(stages).hasSize(1_001);
    assertThat(commands().await(stages.get(0))).isEqualTo(1L);
    assertThat(commands().await(stages.get(1_000))).isEqualTo(1_000L);
    assertThatThrownBy(() -> commands().await(stages.get(500)))
        .isInstanceOf(CommandException.class);
    assertThat(commands().pipeline(List.of())).isEmpty();
  }

  @Test
  void aTransactionIsAtomicAgainstOtherThreadsOfTheSameClient() throws Exception {
    int rounds = 200;
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 2; t++) {
        running.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < rounds; i++) {
                    List<@Nullable Object> replies =
                        commands()
                            .transaction(
                                List.of(
                                    Command.of("INCR").arg(key("{t}a")),
                                    Command.of("GET").arg(key("{t}a")),
                                    Command.of("DECR").arg(key("{t}a"))))
                            .toCompletableFuture()
                            .join();
                    assertThat(replies).hasSize(3);
                    assertThat(text(replies.get(1))).isEqualTo("1");
                  }
                }));
        running.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < rounds; i++) {
                    Object seen = commands().call(Command.of("GET").arg(key("{t}a")));
                    assertThat(text(seen)).isIn(null, "0");
                  }
                }));
      }
      for (Future<?> thread : running) {
        thread.get(30, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aTransactionIsAtomicAgainstCommandsThatCallbacksSend() {
    CompletionStage<@Nullable Object> chain = commands().send(Command.of("GET").arg(key("{c}a")));
    for (int i = 0; i < 300; i++) {
      chain =
          chain.thenCompose(
              seen -> {
                assertThat(text(seen)).isIn(null, "0");
                return commands().send(Command.of("GET").arg(key("{c}a")));
              });
    }
    for (int i = 0; i < 300; i++) {
      assertThat(
              commands()
                  .transaction(
                      List.of(
                          Command.of("INCR").arg(key("{c}a")), Command.of("DECR").arg(key("{c}a"))))
                  .toCompletableFuture()
                  .join())
          .containsExactly(1L, 0L);
    }
    join(chain);
  }

  @Test
  void anErrorInsideATransactionIsAnElementAndDoesNotStopTheOthers() {
    List<@Nullable Object> replies =
        commands()
            .transaction(
                List.of(
                    Command.of("SET").arg(key("{t}s")).arg("v"),
                    Command.of("LPUSH").arg(key("{t}s")).arg("x"),
                    Command.of("GET").arg(key("{t}s"))))
            .toCompletableFuture()
            .join();

    assertThat(replies.get(1)).isInstanceOf(CommandException.class);
    assertThat(text(replies.get(2))).isEqualTo("v");
  }

  @Test
  void aTransactionThatCannotBeQueuedChangesNothingAndSaysWhy() {
    CompletionStage<List<@Nullable Object>> stage =
        commands()
            .transaction(
                List.of(
                    Command.of("SET").arg(key("{t}never")).arg("v"),
                    Command.of("GET").arg(key("{t}never")).arg("too").arg("many")));

    assertThatThrownBy(() -> stage.toCompletableFuture().join())
        .hasCauseInstanceOf(CommandException.class)
        .hasMessageContaining("wrong number of arguments");
    assertThat(commands().call(Command.of("GET").arg(key("{t}never")))).isNull();
    assertThat(commands().transaction(List.of()).toCompletableFuture().join()).isEmpty();
  }

  @Test
  void aBlockingCommandHoldsNothingUp() {
    CompletionStage<@Nullable Object> popped =
        commands().sendBlocking(Command.of("BLPOP").arg(key("queue")).arg(10));
    for (int i = 0; i < 20; i++) {
      commands().call(Command.of("SET").arg(key("other")).arg(i));
    }
    assertThat(popped.toCompletableFuture()).isNotDone();

    commands().call(Command.of("RPUSH").arg(key("queue")).arg("x"));

    assertThat(Replies.asList(join(popped)))
        .extracting(Replies::asText)
        .containsExactly(key("queue"), "x");
  }

  @Test
  void aBlockingCommandMayOutliveTheTimeoutAndEndsWithNull() {
    assertThat(commands().await(commands().sendBlocking(blpop(0.05)))).isNull();
  }

  private Command blpop(double seconds) {
    return Command.of("BLPOP").arg(key("nothing")).arg(seconds);
  }

  @Test
  void aCancelledBlockingCommandTakesNoElement() {
    CompletionStage<@Nullable Object> given =
        commands().sendBlocking(Command.of("BLPOP").arg(key("given-up")).arg(0));
    // Another one behind it on the same key proves that the server has seen the first.
    commands().call(Command.of("PING").keyAt(9));
    given.toCompletableFuture().cancel(false);
    CompletionStage<@Nullable Object> second =
        commands().sendBlocking(Command.of("BLPOP").arg(key("given-up")).arg(10));

    commands().call(Command.of("RPUSH").arg(key("given-up")).arg("x"));

    // The first may have been served in the same instant it was given up; then nothing is left.
    CompletionStage<@Nullable Object> filled =
        commands().send(Command.of("RPUSH").arg(key("given-up")).arg("y"));
    assertThat(commands().await(filled)).isNotNull();
    assertThat(Replies.asList(join(second))).hasSize(2);
  }

  @Test
  void supportedAsksTheServer() {
    assertThat(commands().supported(Set.of("GET", "NOSUCHCOMMAND", "ZADD")))
        .containsExactlyInAnyOrder("GET", "ZADD");
    assertThat(commands().supported(Set.of("GET"))).containsExactly("GET");
  }

  @Test
  void manyThreadsShareOneClient() throws Exception {
    int threads = 8;
    int each = 500;
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        String mine = key("mine" + t);
        running.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    commands().call(Command.of("SET").arg(mine).arg(i));
                    Object read = commands().call(Command.of("GET").arg(mine));
                    assertThat(text(read)).isEqualTo(Integer.toString(i));
                  }
                }));
      }
      for (Future<?> thread : running) {
        thread.get(60, TimeUnit.SECONDS);
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void valuesThatLookLikeProtocolStayValues() {
    byte[] nasty = "$3\r\nfoo\r\n*1\r\n".getBytes(UTF_8);
    commands().call(Command.of("SET").arg(key("nasty")).arg(nasty));
    assertThat((byte[]) commands().call(Command.of("GET").arg(key("nasty")))).isEqualTo(nasty);
    assertThat(text(commands().call(Command.of("ECHO").arg("QUEUED")))).isEqualTo("QUEUED");
  }
}
