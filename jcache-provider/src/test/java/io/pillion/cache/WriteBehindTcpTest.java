package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Writing behind on our engine, over TCP. */
class WriteBehindTcpTest extends WriteBehindContract {
  private static @Nullable Commands host;
  private static @Nullable Commands one;
  private static @Nullable Commands other;

  @BeforeAll
  static void start() {
    int port = RedisServer.freePort();
    host = PillionClient.connect("embedded:WriteBehindTcpTest?listen=" + port);
    one = PillionClient.connect("redis://127.0.0.1:" + port + "?timeout=5s");
    other = PillionClient.connect("redis://127.0.0.1:" + port + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(one).close();
    Objects.requireNonNull(other).close();
    Objects.requireNonNull(host).close();
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
