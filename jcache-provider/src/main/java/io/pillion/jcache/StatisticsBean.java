package io.pillion.jcache;

import io.pillion.cache.CacheStatistics;

/** What one cache object of this JVM counted, over JMX. Times are in microseconds. */
final class StatisticsBean implements PillionStatisticsMXBean {
  static final String TYPE = "CacheStatistics";

  private final CacheStatistics statistics;

  StatisticsBean(CacheStatistics statistics) {
    this.statistics = statistics;
  }

  @Override
  public void clear() {
    statistics.clear();
  }

  @Override
  public long getCacheHits() {
    return statistics.hits();
  }

  @Override
  public float getCacheHitPercentage() {
    return percentage(getCacheHits());
  }

  @Override
  public long getCacheMisses() {
    return statistics.misses();
  }

  @Override
  public float getCacheMissPercentage() {
    return percentage(getCacheMisses());
  }

  @Override
  public long getCacheGets() {
    return getCacheHits() + getCacheMisses();
  }

  @Override
  public long getCachePuts() {
    return statistics.puts();
  }

  @Override
  public long getCacheRemovals() {
    return statistics.removals();
  }

  /** Zero: evictions are the server's, for all caches and clients together. */
  @Override
  public long getCacheEvictions() {
    return 0;
  }

  @Override
  public float getAverageGetTime() {
    return micros(statistics.getNanos(), getCacheGets());
  }

  @Override
  public float getAveragePutTime() {
    return micros(statistics.putNanos(), getCachePuts());
  }

  @Override
  public float getAverageRemoveTime() {
    return micros(statistics.removeNanos(), getCacheRemovals());
  }

  @Override
  public long getUnreadableValues() {
    return statistics.unreadableValues();
  }

  private float percentage(long part) {
    long all = getCacheGets();
    return all == 0 ? 0 : 100f * part / all;
  }

  private static float micros(long nanos, long count) {
    return count == 0 ? 0 : nanos / 1000f / count;
  }
}
