package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Values that cannot be read, over TCP and with copies in this process. */
class UnreadableNearTest extends UnreadableContract {
  private static @Nullable Commands owner;
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    int port = RedisServer.freePort();
    owner = PillionClient.connect("embedded:unreadable?listen=127.0.0.1:" + port);
    owner.call(Command.of("PING"));
    commands = PillionClient.connect("redis://127.0.0.1:" + port);
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(commands).close();
    Objects.requireNonNull(owner).close();
  }

  @Override
  Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Override
  @Nullable NearSettings near() {
    return NearSettings.defaults();
  }
}
