package io.pillion.samples.storefront.reads;

/**
 * One read through a cache, as the page shows it.
 *
 * @param cache the cache's name
 * @param via the API that was called, such as {@code @Cacheable}
 * @param keys how many keys were asked for
 * @param misses how many of them came from the database
 * @param micros how long the whole read took, in microseconds
 */
public record Read(String cache, String via, int keys, int misses, long micros) {

  /** Whether the database was left alone. */
  public boolean hit() {
    return misses == 0;
  }
}
