package io.pillion.jcache.spec;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Cases on an engine over TCP. */
class SpecificationMatrixTcpTest extends SpecificationMatrix {
  private static final int PORT = RedisServer.freePort();
  private static @Nullable Commands owner;

  @BeforeAll
  static void start() {
    owner = PillionClient.connect("embedded:matrix-tcp?listen=127.0.0.1:" + PORT);
    owner.call(Command.of("PING"));
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(owner).close();
  }

  @Override
  String url() {
    return "redis://127.0.0.1:" + PORT;
  }

  @Override
  int every() {
    return Integer.getInteger("pillion.matrix.every", 7);
  }
}
