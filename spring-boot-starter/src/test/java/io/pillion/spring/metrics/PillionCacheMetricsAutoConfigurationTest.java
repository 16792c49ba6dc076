package io.pillion.spring.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pillion.cache.CodecException;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.Replies;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.cache.PillionCacheAutoConfiguration;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.metrics.CacheMetricsAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.Configuration;

class PillionCacheMetricsAutoConfigurationTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class,
                  PillionCacheAutoConfiguration.class,
                  PillionCacheMetricsAutoConfiguration.class,
                  CacheMetricsAutoConfiguration.class))
          .withUserConfiguration(Caching.class);

  @Test
  void countsWhatCachesMadeAtStartAndLaterDo() {
    runner
        .withBean(SimpleMeterRegistry.class)
        .withPropertyValues("pillion.cache.caches.early.ttl=1h")
        .run(
            context -> {
              CacheManager caches = context.getBean(CacheManager.class);
              MeterRegistry registry = context.getBean(MeterRegistry.class);
              for (String name : new String[] {"early", "late"}) {
                Cache cache = Objects.requireNonNull(caches.getCache(name));
                String key = UUID.randomUUID().toString();
                cache.get(key);
                cache.put(key, "value");
                cache.get(key);
                cache.get(key);
                cache.evict(key);

                assertThat(count(registry, "cache.gets", name, "result", "hit")).isEqualTo(2);
                assertThat(count(registry, "cache.gets", name, "result", "miss")).isEqualTo(1);
                assertThat(count(registry, "cache.puts", name)).isEqualTo(1);
                assertThat(count(registry, "cache.removals", name)).isEqualTo(1);
              }
            });
  }

  @Test
  void countsValuesThatCannotBeRead() {
    runner
        .withBean(SimpleMeterRegistry.class)
        .withPropertyValues("pillion.cache.caches.strict.unreadable=fail")
        .run(
            context -> {
              CacheManager caches = context.getBean(CacheManager.class);
              MeterRegistry registry = context.getBean(MeterRegistry.class);
              for (String name : new String[] {"lenient", "strict"}) {
                Cache cache = Objects.requireNonNull(caches.getCache(name));
                cache.put("key", "value");
                damage(context.getBean(Commands.class), name);
                if (name.equals("strict")) {
                  assertThatThrownBy(() -> cache.get("key")).isInstanceOf(CodecException.class);
                } else {
                  assertThat(cache.get("key")).isNull();
                  assertThat(count(registry, "cache.unreadable", name)).isEqualTo(1);
                }
              }
            });
  }

  /** Puts a byte in the place of the cache's values that no format begins with. */
  private static void damage(Commands commands, String cache) {
    for (Object key : Replies.asList(commands.call(Command.of("KEYS", "p:" + cache + ":*:key")))) {
      byte[] bytes = Objects.requireNonNull(Replies.asBytes(key));
      commands.call(Command.of("SET").arg(bytes).arg("?"));
    }
  }

  @Test
  void isNotNeeded() {
    runner
        .withClassLoader(new FilteredClassLoader("io.micrometer.core"))
        .run(context -> assertThat(context).hasNotFailed());
  }

  private static double count(MeterRegistry registry, String meter, String cache, String... tags) {
    return registry
        .get(meter)
        .tag("cache", cache)
        .tag("cache.manager", "cacheManager")
        .tags(tags)
        .functionCounter()
        .count();
  }

  @Configuration(proxyBeanMethods = false)
  @EnableCaching
  static class Caching {}
}
