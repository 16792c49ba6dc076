package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Writing behind on a real server. */
class WriteBehindRedisTest extends WriteBehindContract {
  private static @Nullable RedisServer server;
  private static @Nullable Commands one;
  private static @Nullable Commands other;

  @BeforeAll
  static void start() {
    RedisServer found = RedisServer.find();
    server = found;
    one = PillionClient.connect(found.url() + "?timeout=5s");
    other = PillionClient.connect(found.url() + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(one).close();
    Objects.requireNonNull(other).close();
    Objects.requireNonNull(server).close();
  }

  @Override
  Commands one() {
    return Objects.requireNonNull(one);
  }

  @Override
  Commands other() {
    return Objects.requireNonNull(other);
  }
}
