package io.pillion.jcache;

/** The copies of one cache in this process, over JMX: {@code io.pillion:type=NearCache,…}. */
public interface NearCacheMXBean {
  /** Reads answered from a copy. */
  long getHits();

  /** Reads of which the server had to be asked. */
  long getMisses();

  /** Changes of keys that the server reported. */
  long getInvalidations();

  /** How often all copies were given up. */
  long getFlushes();

  /** Copies, about. */
  long getSize();

  /** What they weigh, in bytes, about. */
  long getWeightBytes();

  /** How late a change of another process may be seen, in milliseconds. */
  long getMaxStalenessMillis();

  /** How old what is known of the server is at most, in milliseconds. */
  long getStalenessMillis();

  /** Whether copies are used at the moment. */
  boolean isLive();
}
