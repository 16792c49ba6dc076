package io.pillion.jcache;

import javax.cache.management.CacheStatisticsMXBean;

/** What JSR-107 says of a cache over JMX, in the same place, and what else Pillion counts. */
public interface PillionStatisticsMXBean extends CacheStatisticsMXBean {
  /** Values that could not be read and counted as missing, or failed if so configured. */
  long getUnreadableValues();
}
