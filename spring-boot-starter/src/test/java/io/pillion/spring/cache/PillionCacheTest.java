package io.pillion.spring.cache;

import io.pillion.cache.CacheSettings;
import io.pillion.cache.EngineCache;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.springframework.cache.Cache;

/** The contract on the embedded engine. */
class PillionCacheTest extends SpringCacheContract {
  private static final Commands COMMANDS = PillionClient.connect("embedded:pillion-cache-test");
  private static PillionCache nullable;
  private static PillionCache strict;

  @BeforeAll
  static void open() {
    nullable = cache("nullable", true);
    strict = cache("strict", false);
  }

  @AfterAll
  static void close() {
    COMMANDS.close();
  }

  private static PillionCache cache(String name, boolean allowNullValues) {
    CacheSettings.Builder<Object, Object> settings =
        CacheSettings.<Object, Object>named(name)
            .allow("org.springframework.cache.interceptor.SimpleKey");
    return new PillionCache(new EngineCache<>(COMMANDS, settings.build()), allowNullValues);
  }

  @Override
  Cache nullable() {
    return nullable;
  }

  @Override
  Cache nonNull() {
    return strict;
  }
}
