package io.pillion.spring.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinder;
import io.pillion.cache.CacheStatistics;
import io.pillion.cache.EngineCache;
import io.pillion.cache.FailureStatistics;
import io.pillion.cache.NearStatistics;
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
    FunctionCounter.builder("cache.unreadable", statistics, CacheStatistics::unreadableValues)
        .tags(getTagsWithCacheName())
        .description("Values that could not be read and counted as missing")
        .register(registry);
    EngineCache<Object, Object> cache = getCache();
    NearStatistics near = cache == null ? null : cache.nearStatistics();
    if (near != null) {
      bindNear(registry, near);
    }
    FailureStatistics failure = cache == null ? null : cache.failureStatistics();
    if (failure != null) {
      bindFailure(registry, failure);
    }
  }

  private void bindFailure(MeterRegistry registry, FailureStatistics failure) {
    FunctionCounter.builder("cache.failures", failure, FailureStatistics::failures)
        .tags(getTagsWithCacheName())
        .description("Operations that had no answer of the server")
        .register(registry);
    FunctionCounter.builder("cache.failures.refused", failure, FailureStatistics::refused)
        .tags(getTagsWithCacheName())
        .description("Operations that were not sent because the circuit was open")
        .register(registry);
    FunctionCounter.builder("cache.failures.tolerated", failure, FailureStatistics::tolerated)
        .tags(getTagsWithCacheName())
        .description("Operations that the application went on without")
        .register(registry);
    Gauge.builder("cache.failures.missed", failure, FailureStatistics::missed)
        .tags(getTagsWithCacheName())
        .description("Keys to remove when the server is back; -1 for all")
        .register(registry);
  }

  private void bindNear(MeterRegistry registry, NearStatistics near) {
    FunctionCounter.builder("cache.near.gets", near, NearStatistics::hits)
        .tags(getTagsWithCacheName())
        .tag("result", "hit")
        .description("Reads answered from a copy in this process")
        .register(registry);
    FunctionCounter.builder("cache.near.gets", near, NearStatistics::misses)
        .tags(getTagsWithCacheName())
        .tag("result", "miss")
        .description("Reads of which the server had to be asked")
        .register(registry);
    FunctionCounter.builder("cache.near.invalidations", near, NearStatistics::invalidations)
        .tags(getTagsWithCacheName())
        .description("Changes of keys that the server reported")
        .register(registry);
    FunctionCounter.builder("cache.near.flushes", near, NearStatistics::flushes)
        .tags(getTagsWithCacheName())
        .description("How often all copies were given up")
        .register(registry);
    Gauge.builder("cache.near.size", near, NearStatistics::size)
        .tags(getTagsWithCacheName())
        .description("Copies in this process, about")
        .register(registry);
    Gauge.builder("cache.near.weight", near, NearStatistics::weightBytes)
        .tags(getTagsWithCacheName())
        .baseUnit("bytes")
        .description("What the copies weigh, about")
        .register(registry);
    TimeGauge.builder(
            "cache.near.staleness",
            near,
            TimeUnit.NANOSECONDS,
            copies -> copies.staleness().toNanos())
        .tags(getTagsWithCacheName())
        .description("How old what is known of the server is at most")
        .register(registry);
    TimeGauge.builder(
            "cache.near.staleness.max",
            near,
            TimeUnit.NANOSECONDS,
            copies -> copies.maxStaleness().toNanos())
        .tags(getTagsWithCacheName())
        .description("Copies are not used when the server was not heard of for longer")
        .register(registry);
  }
}
