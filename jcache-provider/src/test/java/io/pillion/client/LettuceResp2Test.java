package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The client against a server that has a password and knows nothing newer than RESP2. */
class LettuceResp2Test extends CommandsContract {
  private static @Nullable RedisServer server;
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    RedisServer old =
        RedisServer.start("--rename-command", "HELLO", "", "--requirepass", "p@ss:w/rd");
    server = old;
    commands =
        PillionClient.connect(
            PillionUrl.parse(old.url() + "/2?timeout=5s&clientName=old")
                .withCredentials(null, "p@ss:w/rd"));
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
  void whatTheUrlSaysHolds() {
    assertThat(Replies.asText(commands().call(Command.of("CLIENT", "INFO"))))
        .contains(" name=old ")
        .contains(" db=2 ")
        // Redis 6.2 does not say which it is.
        .doesNotContain(" resp=3");
  }

  @Test
  void aWrongPasswordIsToldThereToo() {
    String url = Objects.requireNonNull(server).url();
    try (Commands wrong =
        PillionClient.connect(PillionUrl.parse(url).withCredentials("default", "wrong"))) {
      assertThatThrownBy(() -> wrong.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("WRONGPASS");
    }
  }
}
