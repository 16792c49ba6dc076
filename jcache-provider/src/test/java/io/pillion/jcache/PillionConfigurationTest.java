package io.pillion.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.cache.EngineCache;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import io.pillion.cache.NearStatistics;
import io.pillion.client.Awaiting;
import io.pillion.client.RedisServer;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What Pillion adds to a JSR-107 configuration, said in code and in properties. */
class PillionConfigurationTest {
  private static @Nullable RedisServer server;

  private final String name = "configured-" + UUID.randomUUID();

  @BeforeAll
  static void start() {
    server = RedisServer.find();
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(server).close();
  }

  private static CacheManager manager(String... properties) {
    Properties all = new Properties();
    for (int i = 0; i < properties.length; i += 2) {
      all.setProperty(properties[i], properties[i + 1]);
    }
    return new PillionCachingProvider()
        .getCacheManager(URI.create(Objects.requireNonNull(server).url()), null, all);
  }

  private static @Nullable NearStatistics near(Cache<?, ?> cache) {
    return cache.unwrap(EngineCache.class).nearStatistics();
  }

  @Test
  @SuppressWarnings("unchecked") // the standard asks with a raw class
  void aNearCacheIsConfiguredInCode() throws Exception {
    PillionConfiguration<String, String> configuration =
        new PillionConfiguration<String, String>()
            .setNear(NearSettings.defaults().withMaxStaleness(Duration.ofMillis(700)));
    configuration.setTypes(String.class, String.class).setStatisticsEnabled(true);
    try (CacheManager manager = manager()) {
      Cache<String, String> cache = manager.createCache(name, configuration);
      NearStatistics near = Objects.requireNonNull(near(cache));
      assertThat(near.maxStaleness()).isEqualTo(Duration.ofMillis(700));
      cache.put("a", "1");
      Awaiting.until(() -> "1".equals(cache.get("a")) && near.hits() > 0);
      assertThat(cache.getConfiguration(CompleteConfiguration.class)).isEqualTo(configuration);
      MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
      ObjectName bean =
          beans.queryNames(new ObjectName("io.pillion:type=NearCache,*"), null).iterator().next();
      assertThat(beans.getAttribute(bean, "MaxStalenessMillis")).isEqualTo(700L);
      assertThat((Long) beans.getAttribute(bean, "Hits")).isPositive();
      cache.close();
      assertThat(beans.isRegistered(bean)).isFalse();
    }
  }

  @Test
  void valuesThatCannotBeReadAreCountedOverJmxOrFail() throws Exception {
    try (CacheManager manager = manager("pillion.caches." + name + "-strict.unreadable", "fail")) {
      for (String one : List.of(name + "-lenient", name + "-strict")) {
        writeNumber(one);
        MutableConfiguration<String, String> texts =
            new MutableConfiguration<String, String>().setTypes(String.class, String.class);
        Cache<String, String> cache = manager.createCache(one, texts.setStatisticsEnabled(true));
        MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
        ObjectName bean =
            beans
                .queryNames(
                    new ObjectName("javax.cache:type=CacheStatistics,Cache=" + one + ",*"), null)
                .iterator()
                .next();
        if (one.endsWith("-strict")) {
          assertThatThrownBy(() -> cache.get("k")).isInstanceOf(CacheException.class);
        } else {
          assertThat(cache.get("k")).isNull();
          assertThat(beans.getAttribute(bean, "UnreadableValues")).isEqualTo(1L);
        }
      }
    }
  }

  /** What an application stores that has another value type for the cache. */
  private static void writeNumber(String cacheName) {
    try (CacheManager other = manager("pillion.check", "another manager")) {
      MutableConfiguration<String, Integer> numbers =
          new MutableConfiguration<String, Integer>().setTypes(String.class, Integer.class);
      other.createCache(cacheName, numbers).put("k", 7);
    }
  }

  @Test
  void propertiesHoldForAllCachesOrForOne() {
    try (CacheManager manager =
        manager(
            "pillion.near",
            "true",
            "pillion.near.max-staleness",
            "PT0.25S",
            "pillion.near.max-bytes",
            "1000000",
            "pillion.near.ttl",
            "PT1M",
            "pillion.near.immutable",
            "com.example.**",
            "pillion.caches." + name + ".near",
            "false",
            "pillion.failure",
            "open",
            "pillion.loading.lease",
            "PT5S",
            "pillion.loading.jitter",
            "0.1",
            "pillion.loading.absent-for",
            "PT1S")) {
      assertThat(near(manager.createCache(name, new MutableConfiguration<>()))).isNull();
      NearStatistics near =
          near(manager.createCache(name + "-other", new MutableConfiguration<>()));
      assertThat(Objects.requireNonNull(near).maxStaleness()).isEqualTo(Duration.ofMillis(250));
    }
  }

  @Test
  void whatCannotBeIsRefusedByName() {
    for (String[] wrong :
        new String[][] {
          {"pillion.near", "yes"},
          {"pillion.near.max-bytes", "0"},
          {"pillion.near.max-staleness", "PT0S"},
          {"pillion.near.ttl", "soon"},
          {"pillion.loading.jitter", "0.9"},
          {"pillion.loading.lease", "PT0.001S"}
        }) {
      assertThatThrownBy(() -> manager(wrong))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(wrong[0] + "=" + wrong[1]);
    }
    try (CacheManager manager = manager()) {
      PillionConfiguration<String, String> stale =
          new PillionConfiguration<String, String>()
              .setLoading(LoadingSettings.none().withStaleFor(Duration.ofSeconds(1)));
      stale.setExpiryPolicyFactory(
          javax.cache.expiry.TouchedExpiryPolicy.factoryOf(javax.cache.expiry.Duration.ONE_MINUTE));
      assertThatThrownBy(() -> manager.createCache(name, stale))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("depends on when they are read");
    }
  }

  @Test
  void configurationsAreEqualByWhatTheySay() {
    PillionConfiguration<String, String> one =
        new PillionConfiguration<String, String>().setNear(NearSettings.defaults());
    assertThat(new PillionConfiguration<>(one)).isEqualTo(one).hasSameHashCodeAs(one);
    assertThat(new PillionConfiguration<String, String>()).isNotEqualTo(one);
  }
}
