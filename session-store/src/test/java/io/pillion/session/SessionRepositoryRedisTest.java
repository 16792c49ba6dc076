package io.pillion.session;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The repository on a real server. */
class SessionRepositoryRedisTest extends SessionRepositoryContract {
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
}
