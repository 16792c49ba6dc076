package io.pillion.spring.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinder;
import io.pillion.cache.CacheStatistics;
import io.pillion.cache.EngineCache;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What this process did with one cache: Micrometer's usual {@code cache.*} meters, {@code
 * cache.removals}, and the time of reads and writes. The server is not asked, so the number of
 * entries and of evictions, which only it knows, are absent.
 */
final class PillionCacheMeterBinder extends CacheMeterBinder<EngineCache<Object, Object>> {
  private final CacheStatistics statistics;

  PillionCacheMeterBinder(EngineCache<Object, Object> cache, Iterable<Tag> tags) {
    super(cache, cache.name(), tags);
    this.statistics = cache.statistics();
  }

  @Override
  protected @Nullable Long size() {
    return null;
  }

  @Override
  protected long hitCount() {
    return statistics.hits();
  }

  @Override
  protected Long missCount() {
    return statistics.misses();
  }

  @Override
  protected @Nullable Long evictionCount() {
    return null;
  }

  @Override
  protected long putCount() {
    return statistics.puts();
  }

  @Override
  protected void bindImplementationSpecificMetrics(MeterRegistry registry) {
    FunctionCounter.builder("cache.removals", statistics, CacheStatistics::removals)
        .tags(getTagsWithCacheName())
        .description("Entries removed by this process, not counting clear and expiry")
        .register(registry);
    FunctionTimer.builder(
            "cache.read.time",
            statistics,
            counted -> counted.hits() + counted.misses(),
            CacheStatistics::getNanos,
            TimeUnit.NANOSECONDS)
        .tags(getTagsWithCacheName())
        .description("Time spent looking up keys, without loading")
        .register(registry);
    FunctionTimer.builder(
            "cache.write.time",
            statistics,
            CacheStatistics::puts,
            CacheStatistics::putNanos,
            TimeUnit.NANOSECONDS)
        .tags(getTagsWithCacheName())
        .description("Time spent storing values")
        .register(registry);
  }
}
