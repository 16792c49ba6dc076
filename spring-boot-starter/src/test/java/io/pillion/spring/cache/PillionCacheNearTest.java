package io.pillion.spring.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pillion.cache.CacheSettings;
import io.pillion.cache.EngineCache;
import io.pillion.cache.LoadingSettings;
import io.pillion.cache.NearSettings;
import io.pillion.cache.NearStatistics;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.metrics.PillionCacheMetricsAutoConfiguration;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.cache.autoconfigure.metrics.CacheMetricsAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.Configuration;

/** The contract over TCP with copies in this process and leases, and how both are configured. */
class PillionCacheNearTest extends SpringCacheContract {
  private static final String URL = "redis://127.0.0.1:" + freePort();
  private static Commands engine;
  private static Commands commands;
  private static PillionCache nullable;
  private static PillionCache strict;

  @BeforeAll
  static void open() {
    engine =
        PillionClient.connect(
            "embedded:pillion-cache-near?listen=" + URL.substring("redis://".length()));
    engine.call(Command.of("PING"));
    commands = PillionClient.connect(URL);
    nullable = cache("nullable", true);
    strict = cache("strict", false);
  }

  @AfterAll
  static void close() {
    commands.close();
    engine.close();
  }

  /** Below those that outgoing connections are given, one of which could be faster. */
  private static int freePort() {
    for (; ; ) {
      int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
      try (ServerSocket socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        Thread.onSpinWait();
      }
    }
  }

  private static PillionCache cache(String name, boolean allowNullValues) {
    CacheSettings.Builder<Object, Object> settings =
        CacheSettings.<Object, Object>named(name)
            .allow("org.springframework.cache.interceptor.SimpleKey")
            .near(NearSettings.defaults())
            .loading(
                LoadingSettings.none()
                    .withLease(Duration.ofSeconds(10))
                    .withAbsentFor(Duration.ofSeconds(20)));
    return new PillionCache(new EngineCache<>(commands, settings.build()), allowNullValues);
  }

  @Override
  Cache nullable() {
    return nullable;
  }

  @Override
  Cache nonNull() {
    return strict;
  }

  @Test
  void propertiesAndMetersSayIt() {
    String name = "books-" + UUID.randomUUID();
    new ApplicationContextRunner()
        .withConfiguration(
            AutoConfigurations.of(
                PillionAutoConfiguration.class,
                PillionCacheAutoConfiguration.class,
                PillionCacheMetricsAutoConfiguration.class,
                CacheAutoConfiguration.class,
                CacheMetricsAutoConfiguration.class))
        .withUserConfiguration(Caching.class)
        .withBean(SimpleMeterRegistry.class)
        .withPropertyValues(
            "pillion.url=" + URL,
            "pillion.cache.near.enabled=true",
            "pillion.cache.near.max-size=2MB",
            "pillion.cache.near.immutable=com.example.**",
            "pillion.cache.loading.lease=5s",
            "pillion.cache.loading.jitter=0.2",
            "pillion.cache.caches." + name + ".near.max-staleness=300ms",
            "pillion.cache.caches.plain.near.enabled=false")
        .run(
            context -> {
              CacheManager caches = context.getBean(CacheManager.class);
              Cache cache = Objects.requireNonNull(caches.getCache(name));
              NearStatistics near = Objects.requireNonNull(near(cache));
              assertThat(near.maxStaleness()).isEqualTo(Duration.ofMillis(300));
              assertThat(near(Objects.requireNonNull(caches.getCache("plain")))).isNull();
              MeterRegistry registry = context.getBean(MeterRegistry.class);
              assertThat(
                      registry
                          .get("cache.near.staleness.max")
                          .tag("cache", name)
                          .timeGauge()
                          .value(TimeUnit.MILLISECONDS))
                  .isEqualTo(300);
              assertThat(cache.retrieve("k", () -> CompletableFuture.completedFuture("v")).join())
                  .isEqualTo("v");
            });
  }

  private static @Nullable NearStatistics near(Cache cache) {
    return ((PillionCache) cache).getNativeCache().nearStatistics();
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Caching {}
}
