package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The cache core on a real server, which compares in scripts. */
class EngineCacheRedisTest extends EngineCacheContract {
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

  @Test
  void nothingFailsSilentlyWhenTheServerIsAway() {
    try (Commands away =
        PillionClient.connect(
            "redis://127.0.0.1:"
                + RedisServer.freePort()
                + "?timeout=300ms&connectTimeout=300ms")) {
      EngineCache<String, String> cache =
          new EngineCache<>(away, CacheSettings.<String, String>named("away").build());
      for (ThrowingCallable operation :
          new ThrowingCallable[] {
            () -> cache.put("a", "1"),
            () -> cache.remove("a"),
            cache::clear,
            () -> cache.get("a"),
            () -> cache.putAll(Map.of("a", "1")),
            () -> cache.removeAll(Set.of("a")),
            () -> cache.putIfAbsent("a", "1"),
            () -> cache.putAsync("a", "1").toCompletableFuture().join(),
            () -> cache.clearAsync().toCompletableFuture().join()
          }) {
        assertThatThrownBy(operation)
            .satisfiesAnyOf(
                e -> assertThat(e).isInstanceOf(ConnectionException.class),
                e -> assertThat(e).hasCauseInstanceOf(ConnectionException.class));
      }
    }
  }
}
