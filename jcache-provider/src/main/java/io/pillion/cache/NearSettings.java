package io.pillion.cache;

import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a cache keeps copies of its entries in this process, so that most reads need no server.
 *
 * <p>What others change is reported by the server. A read may return a value that was replaced,
 * removed or cleared by another process at most {@link #maxStaleness()} before the read began; what
 * this process changes through the same cache object, it sees at once.
 *
 * <p>Entries that live on from their last read ({@link Expiry#forAccess()}) are not kept here, as
 * the server has to see every read of them.
 *
 * @param maxBytes how much the copies may weigh: stored bytes, key and 64 for each entry; above 0
 * @param ttl after which a copy is fetched again in any case; null for as long as the entry lives
 * @param maxStaleness at least 10 ms; copies are not used while the server was not heard of for so
 *     long
 * @param immutable classes whose objects never change and may therefore be handed out again and
 *     again: class names, {@code package.*}, {@code package.**}. Strings, numbers, enums, {@code
 *     java.time} and records of nothing else are known to be so; objects of all other classes are
 *     deserialized for each reader.
 */
public record NearSettings(
    long maxBytes, @Nullable Duration ttl, Duration maxStaleness, List<String> immutable)
    implements Serializable {
  private static final long DEFAULT_BYTES = 16L * 1024 * 1024;
  private static final Duration DEFAULT_STALENESS = Duration.ofSeconds(1);
  private static final Duration LEAST_STALENESS = Duration.ofMillis(10);
  private static final Duration MOST_STALENESS = Duration.ofHours(1);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of range
   */
  public NearSettings {
    if (maxBytes <= 0) {
      throw new IllegalArgumentException("A near cache of " + maxBytes + " bytes holds nothing");
    }
    if (ttl != null && (ttl.isZero() || ttl.isNegative())) {
      throw new IllegalArgumentException("A near cache's time to live is above zero, not " + ttl);
    }
    if (maxStaleness.compareTo(LEAST_STALENESS) < 0 || maxStaleness.compareTo(MOST_STALENESS) > 0) {
      throw new IllegalArgumentException(
          "A near cache's maximum staleness is 10 ms to an hour, not " + maxStaleness);
    }
    immutable = List.copyOf(immutable);
    immutable.forEach(ClassPatterns::requirePattern);
  }

  /** 16 MiB, as long as the entry lives, one second, no further classes. */
  public static NearSettings defaults() {
    return new NearSettings(DEFAULT_BYTES, null, DEFAULT_STALENESS, List.of());
  }

  /** The same with this much room. */
  public NearSettings withMaxBytes(long bytes) {
    return new NearSettings(bytes, ttl, maxStaleness, immutable);
  }

  /** The same with this time to live of a copy. */
  public NearSettings withTtl(@Nullable Duration newTtl) {
    return new NearSettings(maxBytes, newTtl, maxStaleness, immutable);
  }

  /** The same with this bound. */
  public NearSettings withMaxStaleness(Duration bound) {
    return new NearSettings(maxBytes, ttl, bound, immutable);
  }

  /** The same with this class, or pattern of classes, whose objects never change. */
  public NearSettings withImmutable(String pattern) {
    List<String> all = new ArrayList<>(immutable);
    all.add(pattern);
    return new NearSettings(maxBytes, ttl, maxStaleness, all);
  }
}
