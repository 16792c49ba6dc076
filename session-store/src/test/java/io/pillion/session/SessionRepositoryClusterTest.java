package io.pillion.session;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisCluster;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The repository on a cluster of real servers, where a session and its index live apart. */
class SessionRepositoryClusterTest extends SessionRepositoryContract {
  private static @Nullable RedisCluster cluster;
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    RedisCluster started = RedisCluster.start();
    cluster = started;
    commands = PillionClient.connect(started.url() + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    if (commands != null) {
      commands.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }
}
