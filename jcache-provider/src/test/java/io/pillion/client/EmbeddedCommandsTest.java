package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The client of an engine in this JVM. */
class EmbeddedCommandsTest extends CommandsContract {
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    PillionUrl url = PillionUrl.parse("embedded:?timeout=5s");
    commands = PillionClient.connect(url);
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(commands).close();
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Test
  void pausedCommandsRunInOrderWhenThePauseEnds() {
    commands().call(Command.of("CLIENT", "PAUSE", "100", "ALL"));
    CompletionStage<List<@Nullable Object>> transaction =
        commands()
            .transaction(
                List.of(
                    Command.of("RPUSH").arg("paused").arg("1"),
                    Command.of("RPUSH").arg("paused").arg("2")));
    List<CompletionStage<@Nullable Object>> pipeline =
        commands()
            .pipeline(
                List.of(
                    Command.of("SET").arg("paused2").arg("x"), Command.of("GET").arg("paused2")));
    assertThat(transaction.toCompletableFuture()).isNotDone();
    assertThat(Replies.asText(commands().await(pipeline.get(1)))).isEqualTo("x");
    assertThat(transaction.toCompletableFuture().join()).containsExactly(1L, 2L);
  }

  @Test
  void aConnectionThatEndsItselfIsReplaced() {
    assertThat(Replies.isOk(commands().call(Command.of("QUIT")))).isTrue();
    assertThat(Replies.asText(commands().call(Command.of("PING")))).isEqualTo("PONG");
    List<CompletionStage<@Nullable Object>> stages =
        commands().pipeline(List.of(Command.of("QUIT"), Command.of("PING")));
    assertThat(Replies.isOk(commands().await(stages.get(0)))).isTrue();
    assertThatThrownBy(() -> commands().await(stages.get(1)))
        .isInstanceOf(ConnectionException.class);
  }

  @Test
  void aClientThatClosesFailsWhatWaits() {
    PillionUrl url = PillionUrl.parse("embedded:closing");
    Commands one = PillionClient.connect(url);
    Commands two = PillionClient.connect(url);
    one.call(Command.of("SET").arg("k").arg("v"));
    assertThat(Replies.asText(two.call(Command.of("GET").arg("k")))).isEqualTo("v");
    CompletionStage<@Nullable Object> waiting =
        one.sendBlocking(Command.of("BLPOP").arg("q").arg(0));

    one.close();
    one.close();

    assertThatThrownBy(() -> two.await(waiting)).isInstanceOf(ConnectionException.class);
    assertThatThrownBy(() -> one.call(Command.of("PING")))
        .isInstanceOf(ConnectionException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> one.await(one.send(Command.of("PING"))))
        .isInstanceOf(ConnectionException.class);
    assertThatThrownBy(() -> one.await(one.pipeline(List.of(Command.of("PING"))).get(0)))
        .isInstanceOf(ConnectionException.class);
    assertThatThrownBy(
            () -> one.transaction(List.of(Command.of("PING"))).toCompletableFuture().join())
        .hasCauseInstanceOf(ConnectionException.class);
    assertThat(Replies.asText(two.call(Command.of("GET").arg("k")))).isEqualTo("v");
    two.close();
    try (Commands three = PillionClient.connect(url)) {
      assertThat(three.call(Command.of("GET").arg("k"))).isNull();
    }
  }

  @Test
  void aBlockedCommandThatIsNotExpectedToBlockTimesOut() {
    PillionUrl url = PillionUrl.parse("embedded:hasty?timeout=50ms");
    try (Commands hasty = PillionClient.connect(url)) {
      assertThatThrownBy(() -> hasty.call(Command.of("BLPOP").arg("q").arg(0)))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("BLPOP");
      assertThat(hasty.call(Command.of("RPUSH").arg("q").arg("x"))).isEqualTo(1L);
      assertThat(hasty.call(Command.of("LLEN").arg("q"))).isEqualTo(1L);
    }
  }

  @Test
  void sameNameWithOtherSettingsIsRefused() {
    PillionUrl url = PillionUrl.parse("embedded:settled?maxmemory=32mb");
    try (Commands one = PillionClient.connect(url)) {
      assertThat(one.target()).isEqualTo("embedded:settled");
      PillionUrl other = PillionUrl.parse("embedded:settled?maxmemory=64mb");
      assertThatThrownBy(() -> PillionClient.connect(other))
          .isInstanceOf(PillionUrlException.class)
          .hasMessageContaining("settled");
      PillionUrl same = PillionUrl.parse("embedded:settled");
      PillionClient.connect(same).close();
    }
  }

  @Test
  void commandsThatCallbacksSendRunWithoutTheLock() {
    CompletionStage<@Nullable Object> chain =
        commands().sendBlocking(Command.of("BLPOP").arg("chained").arg(5));
    CompletionStage<@Nullable Object> answered =
        chain.thenApply(popped -> commands().call(Command.of("PING")));
    commands().call(Command.of("RPUSH").arg("chained").arg("x"));
    assertThat(Replies.asText(commands().await(answered))).isEqualTo("PONG");
  }

  @Test
  void aKilledClientFailsWhatWaitsAndIsReplaced() {
    PillionUrl url = PillionUrl.parse("embedded:killed");
    try (Commands victim = PillionClient.connect(url);
        Commands killer = PillionClient.connect(url)) {
      victim.call(Command.of("PING"));
      CompletionStage<@Nullable Object> waiting =
          victim.sendBlocking(Command.of("BLPOP").arg("q").arg(0));
      Object killed = killer.call(Command.of("CLIENT", "KILL", "TYPE", "normal"));
      assertThat(Replies.asLong(killed)).isEqualTo(2);
      assertThatThrownBy(() -> killer.await(waiting)).isInstanceOf(ConnectionException.class);
      assertThat(Replies.asText(victim.call(Command.of("PING")))).isEqualTo("PONG");
      assertThat(killer.call(Command.of("RPUSH").arg("q").arg("x"))).isEqualTo(1L);
      assertThat(killer.call(Command.of("LLEN").arg("q"))).isEqualTo(1L);
    }
  }
}
