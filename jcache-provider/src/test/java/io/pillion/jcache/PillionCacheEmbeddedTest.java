package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.spi.CachingProvider;
import org.junit.jupiter.api.Test;

/** The provider over an engine of this JVM. */
class PillionCacheEmbeddedTest extends PillionCacheContract {
  @Override
  protected String url() {
    return "embedded:PillionCacheEmbeddedTest";
  }

  @Test
  void theDefaultNeedsNoServer() {
    try (CachingProvider provider = Caching.getCachingProvider();
        CacheManager manager = provider.getCacheManager()) {
      Cache<Object, Object> cache = manager.createCache("a", new MutableConfiguration<>());
      cache.put("k", "v");
      assertThat(cache.get("k")).isEqualTo("v");
    }
  }
}
