package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisCluster;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Loading on a cluster, where a lease is on the slot of its entry. */
class LoadingClusterTest extends LoadingContract {
  private static @Nullable RedisCluster server;
  private static @Nullable Commands one;
  private static @Nullable Commands other;

  @BeforeAll
  static void start() {
    RedisCluster found = RedisCluster.start();
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
