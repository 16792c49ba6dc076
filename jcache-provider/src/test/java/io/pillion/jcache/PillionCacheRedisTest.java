package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.ConnectionException;
import io.pillion.client.RedisServer;
import java.net.URI;
import java.util.Objects;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The provider over a real server. */
class PillionCacheRedisTest extends PillionCacheContract {
  private static @Nullable RedisServer server;

  @BeforeAll
  static void start() {
    server = RedisServer.find();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Override
  protected String url() {
    return Objects.requireNonNull(server).url();
  }

  @Test
  void aServerThatIsAwayIsSaidToBeByEveryOperation() {
    PillionCachingProvider provider = new PillionCachingProvider();
    URI away = URI.create("redis://127.0.0.1:" + RedisServer.freePort() + "?timeout=300ms");
    Cache<String, String> cache =
        provider
            .getCacheManager(away, null)
            .createCache("away", new MutableConfiguration<String, String>());
    assertThatThrownBy(() -> cache.put("a", "1"))
        .isInstanceOf(CacheException.class)
        .hasCauseInstanceOf(ConnectionException.class);
    assertThatThrownBy(cache::clear).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.remove("a")).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.get("a")).isInstanceOf(CacheException.class);
    provider.close();
    assertThat(cache.isClosed()).isTrue();
  }
}
