package io.pillion.samples.storefront.pricing;

import io.pillion.cache.jdbc.JdbcMapping;
import io.pillion.jcache.JdbcCacheLoader;
import io.pillion.jcache.JdbcCacheWriter;
import io.pillion.samples.storefront.reads.CountingLoader;
import io.pillion.samples.storefront.reads.Metered;
import io.pillion.samples.storefront.reads.Read;
import io.pillion.samples.storefront.reads.ReadMeter;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.stereotype.Service;

/**
 * Prices by track, in a JCache cache that reads through to their table and writes through to it:
 * the row first, then the entry.
 */
@Service
@DependsOnDatabaseInitialization
public class Prices {
  private final Cache<Integer, BigDecimal> cache;
  private final ReadMeter meter;

  Prices(CacheManager caches, DataSource database, ReadMeter meter) {
    this.meter = meter;
    JdbcMapping<Integer, BigDecimal> rows =
        JdbcMapping.table("price", Integer.class, BigDecimal.class)
            .key("track_id")
            .valueColumn("unit_price")
            .build();
    cache =
        caches.createCache(
            "prices",
            new MutableConfiguration<Integer, BigDecimal>()
                .setTypes(Integer.class, BigDecimal.class)
                .setReadThrough(true)
                .setCacheLoaderFactory(
                    () -> new CountingLoader<>(new JdbcCacheLoader<>(database, rows)))
                .setWriteThrough(true)
                .setCacheWriterFactory(() -> new JdbcCacheWriter<>(database, rows)));
  }

  /** The prices of these tracks; tracks that do not exist are absent. */
  public Map<Integer, BigDecimal> of(Set<Integer> trackIds) {
    return cache.getAll(trackIds);
  }

  /** The prices of these tracks, and how they were read. */
  public Metered<Map<Integer, BigDecimal>> metered(Set<Integer> trackIds) {
    return meter.measure(
        "prices", "JCache read-through", trackIds.size(), () -> cache.getAll(trackIds));
  }

  /** Changes a price in the database and the cache; null when there is no such track. */
  public @Nullable Change change(int trackId, BigDecimal price) {
    BigDecimal before = cache.get(trackId);
    if (before == null) {
      return null;
    }
    long start = System.nanoTime();
    cache.put(trackId, price);
    long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - start);
    return new Change(before, new Read("prices", "JCache write-through", 1, 0, micros));
  }

  /** Forgets every price; the table stays. */
  public void clear() {
    cache.clear();
  }

  /**
   * A price that was changed.
   *
   * @param before what it was
   * @param write how long the write took
   */
  public record Change(BigDecimal before, Read write) {}
}
