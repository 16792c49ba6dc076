package io.pillion.spring.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.pillion.cache.EngineCache;
import io.pillion.cache.WriteBehind;
import io.pillion.jcache.PillionCacheManager;
import io.pillion.spring.jcache.PillionJCacheAutoConfiguration;
import java.util.concurrent.TimeUnit;
import javax.cache.Cache;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * Figures of every JCache cache that is written behind, where Micrometer is present. The gauges ask
 * the server when they are read; without an answer they are not a number.
 */
@AutoConfiguration(after = PillionJCacheAutoConfiguration.class)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(PillionCacheManager.class)
public final class PillionWriteBehindMetricsAutoConfiguration {

  @Bean
  SmartInitializingSingleton pillionWriteBehindMetrics(
      PillionCacheManager manager, ObjectProvider<MeterRegistry> registries) {
    return () ->
        registries.ifAvailable(registry -> manager.onCreation(cache -> bind(registry, cache)));
  }

  private static void bind(MeterRegistry registry, Cache<?, ?> cache) {
    WriteBehind<?, ?> behind = cache.unwrap(EngineCache.class).writeBehind();
    if (behind == null) {
      return;
    }
    Tags tags = Tags.of("cache", cache.getName());
    TimeGauge.builder(
            "cache.writebehind.lag",
            behind,
            TimeUnit.MILLISECONDS,
            queue -> (double) queue.age().toMillis())
        .tags(tags)
        .description("How long the oldest change has waited for the writer")
        .register(registry);
    Gauge.builder("cache.writebehind.waiting", behind, WriteBehind::length)
        .tags(tags)
        .description("Changes that wait for the writer, in all processes")
        .register(registry);
    Gauge.builder("cache.writebehind.deadletters", behind, WriteBehind::deadLetterCount)
        .tags(tags)
        .description("Changes that were given up, in all processes")
        .register(registry);
    FunctionCounter.builder("cache.writebehind.written", behind, WriteBehind::written)
        .tags(tags)
        .description("Keys that this process has written or deleted")
        .register(registry);
    FunctionCounter.builder("cache.writebehind.failures", behind, WriteBehind::failures)
        .tags(tags)
        .description("How often the writer failed for a key in this process")
        .register(registry);
    FunctionCounter.builder("cache.writebehind.retries", behind, WriteBehind::retries)
        .tags(tags)
        .description("How often this process tried a change again")
        .register(registry);
  }
}
