package io.pillion.jcache;

import io.pillion.cache.NearStatistics;

/** {@link NearStatistics} over JMX. */
final class NearCacheBean implements NearCacheMXBean {
  static final String TYPE = "NearCache";

  private final NearStatistics statistics;

  NearCacheBean(NearStatistics statistics) {
    this.statistics = statistics;
  }

  @Override
  public long getHits() {
    return statistics.hits();
  }

  @Override
  public long getMisses() {
    return statistics.misses();
  }

  @Override
  public long getInvalidations() {
    return statistics.invalidations();
  }

  @Override
  public long getFlushes() {
    return statistics.flushes();
  }

  @Override
  public long getSize() {
    return statistics.size();
  }

  @Override
  public long getWeightBytes() {
    return statistics.weightBytes();
  }

  @Override
  public long getMaxStalenessMillis() {
    return statistics.maxStaleness().toMillis();
  }

  @Override
  public long getStalenessMillis() {
    return statistics.staleness().toMillis();
  }

  @Override
  public boolean isLive() {
    return statistics.isLive();
  }
}
