package io.pillion.cache;

import java.time.Duration;

/** What the copies of one cache object in this process did. Counting is always on. */
public interface NearStatistics {
  /** Reads answered from a copy. */
  long hits();

  /** Reads of which the server had to be asked. */
  long misses();

  /** Changes of keys that the server reported, whether there was a copy or not. */
  long invalidations();

  /** How often all copies were given up: cleared, flushed, or reports may have been lost. */
  long flushes();

  /** Copies, about; those that have come to the end of their life are counted until replaced. */
  long size();

  /** What they weigh, in bytes, about. */
  long weightBytes();

  /** The bound: copies are not used while the server was not heard of for longer. */
  Duration maxStaleness();

  /**
   * How old what is known of the server is at most: what was acknowledged earlier than this has
   * been heard of. Grows while the server is silent.
   */
  Duration staleness();

  /** Whether copies are used at the moment. */
  boolean isLive();
}
