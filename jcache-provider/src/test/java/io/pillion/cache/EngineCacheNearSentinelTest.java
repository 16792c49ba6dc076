package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Copies follow the primary that the sentinels name. */
class EngineCacheNearSentinelTest {
  @Test
  @SuppressWarnings("try") // the primary ends in the middle
  void copiesOfTheOldPrimaryEndWithIt() {
    try (RedisServer first = RedisServer.start();
        RedisServer second = RedisServer.start();
        RedisServer sentinel = RedisServer.startSentinel();
        Commands asked = PillionClient.connect(sentinel.url())) {
      monitor(asked, first);
      String url = sentinel.url().replace("redis://", "redis-sentinel://") + "?timeout=1s#primary";
      try (Commands client = PillionClient.connect(url);
          Commands direct = PillionClient.connect(second.url());
          EngineCache<String, String> cache =
              new EngineCache<>(
                  client,
                  CacheSettings.<String, String>named("failover")
                      .near(NearSettings.defaults().withMaxStaleness(Duration.ofSeconds(20)))
                      .build());
          EngineCache<String, String> other =
              new EngineCache<>(direct, CacheSettings.<String, String>named("failover").build())) {
        NearStatistics near = Objects.requireNonNull(cache.nearStatistics());
        cache.put("a", "on the first");
        Awaiting.until(() -> "on the first".equals(cache.get("a")) && near.hits() > 0);

        other.put("a", "on the second");
        asked.call(Command.of("SENTINEL", "REMOVE", "primary"));
        monitor(asked, second);
        first.close();

        Awaiting.until(() -> "on the second".equals(found(cache)));
        Awaiting.until(near::isLive);
        long hits = near.hits();
        Awaiting.until(() -> "on the second".equals(found(cache)) && near.hits() > hits);
        other.put("a", "later");
        Awaiting.until(() -> "later".equals(found(cache)));
        assertThat(near.isLive()).isTrue();
      }
    }
  }

  private static String found(EngineCache<String, String> cache) {
    try {
      return String.valueOf(cache.get("a"));
    } catch (ConnectionException onTheWay) {
      return "";
    }
  }

  private static void monitor(Commands sentinel, RedisServer primary) {
    Command monitor = Command.of("SENTINEL", "MONITOR", "primary", "127.0.0.1");
    sentinel.call(monitor.arg(primary.port()).arg(1));
  }
}
