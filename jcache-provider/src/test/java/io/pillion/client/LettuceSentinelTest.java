package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The client that asks sentinels where the primary is. */
class LettuceSentinelTest {
  private static final String DOWN_AFTER_MILLIS = "60000";

  @Test
  void thePrimaryIsFoundAndFollowedWhenItMoves() {
    try (RedisServer first = RedisServer.start();
        RedisServer second = RedisServer.start();
        RedisServer sentinel = RedisServer.startSentinel();
        Commands asked = PillionClient.connect(sentinel.url())) {
      monitor(asked, first);
      String url = sentinel.url().replace("redis://", "redis-sentinel://") + "#primary";
      try (Commands client = PillionClient.connect(url)) {
        client.call(Command.of("SET").arg("where").arg("first"));
        assertThat(whereIs(first)).isEqualTo("first");

        asked.call(Command.of("SENTINEL", "REMOVE", "primary"));
        monitor(asked, second);
        try (Commands old = PillionClient.connect(first.url())) {
          // The old primary lives on as a replica and refuses the write; that tells the client.
          old.call(Command.of("REPLICAOF", "127.0.0.1").arg(second.port()));
          assertThatThrownBy(() -> client.call(Command.of("SET").arg("where").arg("second")))
              .isInstanceOf(CommandException.class)
              .hasMessageStartingWith("READONLY");
        }
        Object reply = Awaiting.reply(client, Command.of("SET").arg("where").arg("second"));
        assertThat(Replies.isOk(reply)).isTrue();
        assertThat(whereIs(second)).isEqualTo("second");
      }
    }
  }

  @Test
  void anUnknownPrimaryIsOneClearSentence() {
    try (RedisServer sentinel = RedisServer.startSentinel();
        Commands client =
            PillionClient.connect(
                sentinel.url().replace("redis://", "redis-sentinel://") + "#nobody")) {
      assertThatThrownBy(() -> client.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("#nobody");
    }
  }

  private static void monitor(Commands sentinel, RedisServer primary) {
    Command monitor = Command.of("SENTINEL", "MONITOR", "primary", "127.0.0.1");
    sentinel.call(monitor.arg(primary.port()).arg(1));
    sentinel.call(
        Command.of("SENTINEL", "SET", "primary", "down-after-milliseconds", DOWN_AFTER_MILLIS));
  }

  private static String whereIs(RedisServer server) {
    try (Commands direct = PillionClient.connect(server.url())) {
      return String.valueOf(Replies.asText(direct.call(Command.of("GET").arg("where"))));
    }
  }
}
