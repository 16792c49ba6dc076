package io.pillion.jcache.spec;

import io.pillion.client.RedisServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Cases on a real server, where changes are compared by scripts. */
class SpecificationMatrixRedisTest extends SpecificationMatrix {
  private static @Nullable RedisServer server;

  @BeforeAll
  static void start() {
    server = RedisServer.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Override
  String url() {
    return Objects.requireNonNull(server).url();
  }

  @Override
  int every() {
    return Integer.getInteger("pillion.matrix.every", 17);
  }
}
