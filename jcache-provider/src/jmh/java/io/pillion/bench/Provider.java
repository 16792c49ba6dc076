package io.pillion.bench;

import java.net.URI;
import java.util.Properties;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.spi.CachingProvider;
import org.redisson.config.Config;
import org.redisson.jcache.configuration.RedissonConfiguration;

/** A JCache provider to measure, with the server it uses. */
public enum Provider {
  PILLION_REMOTE("io.pillion.jcache.PillionCachingProvider"),
  PILLION_NEAR("io.pillion.jcache.PillionCachingProvider"),
  PILLION_EMBEDDED("io.pillion.jcache.PillionCachingProvider"),
  CAFFEINE("com.github.benmanes.caffeine.jcache.spi.CaffeineCachingProvider"),
  REDISSON("org.redisson.jcache.JCachingProvider");

  private final String className;

  Provider(String className) {
    this.className = className;
  }

  /** Creates a cache that stores by value. */
  <V> Cache<String, V> createCache(String name, Class<V> values) {
    CachingProvider provider = Caching.getCachingProvider(className);
    MutableConfiguration<String, V> configuration =
        new MutableConfiguration<String, V>().setTypes(String.class, values);
    Configuration<String, V> used = configuration;
    if (this == REDISSON) {
      Config config = new Config();
      config.useSingleServer().setAddress("redis://127.0.0.1:" + port());
      used = RedissonConfiguration.fromConfig(config, configuration);
    }
    return manager(provider).createCache(name, used);
  }

  private CacheManager manager(CachingProvider provider) {
    if (this == CAFFEINE || this == REDISSON) {
      return provider.getCacheManager();
    }
    Properties properties = new Properties();
    properties.setProperty("pillion.serialization.allow", Product.class.getName());
    properties.setProperty("pillion.near", String.valueOf(this == PILLION_NEAR));
    String uri = this == PILLION_EMBEDDED ? "embedded:bench" : "redis://127.0.0.1:" + port();
    return provider.getCacheManager(
        URI.create(this == PILLION_NEAR ? uri + "?timeout=61s" : uri),
        Provider.class.getClassLoader(),
        properties);
  }

  static int port() {
    return Integer.getInteger("pillion.bench.port");
  }
}
