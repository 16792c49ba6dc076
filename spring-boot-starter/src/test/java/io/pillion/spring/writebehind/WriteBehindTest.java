package io.pillion.spring.writebehind;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pillion.cache.WriteBehind;
import io.pillion.spring.PillionAutoConfiguration;
import io.pillion.spring.jcache.PillionJCacheAutoConfiguration;
import io.pillion.spring.metrics.PillionWriteBehindMetricsAutoConfiguration;
import io.pillion.spring.transaction.PillionTransactionAutoConfiguration;
import io.pillion.spring.writebehind.WriteBehindEndpoint.Letter;
import io.pillion.spring.writebehind.WriteBehindEndpoint.Queue;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.integration.CacheWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Write-behind by properties, with its figures, and its dead letters in an operator's hands. */
@Timeout(60)
class WriteBehindTest {
  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  PillionAutoConfiguration.class,
                  PillionTransactionAutoConfiguration.class,
                  PillionJCacheAutoConfiguration.class,
                  PillionWriteBehindAutoConfiguration.class,
                  PillionWriteBehindMetricsAutoConfiguration.class))
          .withBean(SimpleMeterRegistry.class)
          .withPropertyValues(
              "pillion.jcache.enabled=true",
              "pillion.cache.write-behind.enabled=true",
              "pillion.cache.write-behind.max-delay=0ms",
              "pillion.cache.write-behind.retries=2",
              "pillion.cache.write-behind.back-off=1ms",
              "pillion.cache.write-behind.max-back-off=5ms",
              "pillion.cache.caches.slow.write-behind.max-delay=1h",
              "pillion.cache.caches.stubborn.write-behind.retries=1000000",
              "pillion.cache.caches.direct.write-behind.enabled=false",
              "management.endpoints.web.exposure.include=writebehind");

  /** Stands for a table that does not take everything. */
  private static final class Rows implements CacheWriter<Integer, String> {
    private final Map<Integer, String> rows = new ConcurrentHashMap<>();
    private volatile boolean isPicky = true;

    @Override
    public void write(Cache.Entry<? extends Integer, ? extends String> entry) {
      if (isPicky && entry.getValue().startsWith("bad")) {
        throw new IllegalArgumentException("not a good value");
      }
      rows.put(entry.getKey(), entry.getValue());
    }

    @Override
    public void writeAll(Collection<Cache.Entry<? extends Integer, ? extends String>> entries) {
      entries.forEach(this::write);
      entries.clear();
    }

    @Override
    public void delete(Object key) {
      rows.remove(key);
    }

    @Override
    public void deleteAll(Collection<?> keys) {
      keys.forEach(this::delete);
      keys.clear();
    }
  }

  private static Cache<Integer, String> cache(CacheManager manager, String name, Rows rows) {
    return manager.createCache(
        name,
        new MutableConfiguration<Integer, String>()
            .setTypes(Integer.class, String.class)
            .setWriteThrough(true)
            .setCacheWriterFactory(() -> rows));
  }

  @Test
  void aDeadLetterIsShownTriedAgainAndForgotten() {
    runner
        .withPropertyValues("pillion.url=embedded:write-behind-letters")
        .run(
            context -> {
              Rows rows = new Rows();
              CacheManager manager = context.getBean(CacheManager.class);
              Cache<Integer, String> cache = cache(manager, "letters", rows);
              WriteBehindEndpoint endpoint = context.getBean(WriteBehindEndpoint.class);
              MeterRegistry registry = context.getBean(MeterRegistry.class);
              cache.put(1, "good");
              cache.put(2, "bad");
              until(() -> gauge(registry, "deadletters", "letters") == 1);
              until(() -> rows.rows.containsKey(1));
              until(() -> gauge(registry, "waiting", "letters") == 0);
              assertThat(gauge(registry, "lag", "letters")).isZero();
              assertThat(count(registry, "retries", "letters")).isEqualTo(2);
              assertThat(count(registry, "failures", "letters")).isEqualTo(3);

              List<Letter> letters = Objects.requireNonNull(endpoint.deadLetters("letters"));
              assertThat(letters)
                  .singleElement()
                  .satisfies(
                      letter -> {
                        assertThat(letter.key()).isEqualTo("2");
                        assertThat(letter.operation()).isEqualTo("write");
                        assertThat(letter.tries()).isEqualTo(3);
                        assertThat(letter.error()).contains("not a good value");
                      });
              rows.isPicky = false;
              assertThat(endpoint.retry("letters", letters.get(0).id()).done()).isTrue();
              until(() -> "bad".equals(rows.rows.get(2)));
              assertThat(endpoint.retry("letters", letters.get(0).id()).done()).isFalse();

              rows.isPicky = true;
              cache.put(3, "bad again");
              until(() -> gauge(registry, "deadletters", "letters") == 1);
              String id = Objects.requireNonNull(endpoint.deadLetters("letters")).get(0).id();
              assertThat(endpoint.discard("letters", id).done()).isTrue();
              assertThat(endpoint.deadLetters("letters")).isEmpty();
              assertThat(endpoint.deadLetters("unknown")).isNull();
              assertThat(endpoint.discard("unknown", id).done()).isFalse();
              assertThat(rows.rows).doesNotContainKey(3);
            });
  }

  @Test
  void whatWaitsIsSeenByCache() {
    runner
        .withPropertyValues("pillion.url=embedded:write-behind-waits")
        .run(
            context -> {
              Rows rows = new Rows();
              CacheManager manager = context.getBean(CacheManager.class);
              Cache<Integer, String> slow = cache(manager, "slow", rows);
              Cache<Integer, String> stubborn = cache(manager, "stubborn", rows);
              Cache<Integer, String> direct = cache(manager, "direct", rows);
              direct.put(1, "at once");
              assertThat(rows.rows).containsEntry(1, "at once");
              slow.put(2, "later");
              stubborn.put(3, "bad");

              WriteBehinds all = context.getBean(WriteBehinds.class);
              assertThat(all.all()).containsOnlyKeys("slow", "stubborn");
              WriteBehind<?, ?> failing = Objects.requireNonNull(all.of("stubborn"));
              until(() -> failing.failing().containsKey(3));
              Queue waiting =
                  Objects.requireNonNull(
                      context.getBean(WriteBehindEndpoint.class).queues().get("slow"));
              assertThat(waiting.waiting()).isEqualTo(1);
              assertThat(waiting.lag()).isBetween(Duration.ZERO, Duration.ofMinutes(1));
              assertThat(waiting.failing()).isEmpty();
              assertThat(failing.failing().toString()).contains("not a good value");
              assertThat(rows.rows).doesNotContainKeys(2, 3);
              rows.isPicky = false;
              slow.close();
              assertThat(rows.rows).containsEntry(2, "later");
            });
  }

  @Test
  void needsNeitherTheActuatorNorMicrometer() {
    runner
        .withClassLoader(
            new FilteredClassLoader("org.springframework.boot.actuate", "io.micrometer.core"))
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .hasSingleBean(WriteBehinds.class)
                    .doesNotHaveBean("pillionWriteBehindEndpoint"));
  }

  private static double gauge(MeterRegistry registry, String name, String cache) {
    return registry.get("cache.writebehind." + name).tag("cache", cache).gauge().value();
  }

  private static double count(MeterRegistry registry, String name, String cache) {
    return registry.get("cache.writebehind." + name).tag("cache", cache).functionCounter().count();
  }

  private static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as("nanoseconds too late").isNegative();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }
}
