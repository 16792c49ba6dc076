package io.pillion.cache;

import java.io.Serializable;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a cache finds missing values when many want them at once, and how long it goes on with old
 * ones. Concerns what loads: {@link EngineCache#computeIfAbsent} in all its forms, and reading
 * through.
 *
 * @param lease lets one process at a time load a key, whoever else misses it waiting for what comes
 *     of that; when the process dies, the next one loads after this time. While a load goes on the
 *     lease is renewed, for up to ten times this; what a load brings that took longer than that, or
 *     whose process stood still, is returned and not stored. Null: each process loads for itself,
 *     once.
 * @param staleFor how long an entry is still handed out after its time to live, while one caller's
 *     request has it loaded anew in the background; zero for not at all. Reads that load nothing do
 *     not see such an entry; operations that compare, replace or remove do.
 * @param refreshAhead a read within this time before the end of an entry's life has it loaded anew
 *     in the background; zero for not at all
 * @param jitter by what part of it, at most, a time to live is cut at random, so that what was
 *     stored together does not end together: 0 to 0.5
 * @param absentFor how long it is remembered that there is no value for a key; zero for not at all
 */
public record LoadingSettings(
    @Nullable Duration lease,
    Duration staleFor,
    Duration refreshAhead,
    double jitter,
    Duration absentFor)
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Duration LEAST_LEASE = Duration.ofMillis(50);
  private static final Duration DEFAULT_LEASE = Duration.ofSeconds(10);
  private static final double MOST_JITTER = 0.5;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of range
   */
  public LoadingSettings {
    if (lease != null && lease.compareTo(LEAST_LEASE) < 0) {
      throw new IllegalArgumentException("A lease of " + lease + " is less than 50 ms");
    }
    requireNotNegative("stale", staleFor);
    requireNotNegative("refreshed ahead", refreshAhead);
    requireNotNegative("absent", absentFor);
    if (!(jitter >= 0 && jitter <= MOST_JITTER)) {
      throw new IllegalArgumentException("A jitter is 0 to 0.5, not " + jitter);
    }
  }

  private static void requireNotNegative(String what, Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("Nothing is " + what + " for " + duration);
    }
  }

  /** None of it. */
  public static LoadingSettings none() {
    return new LoadingSettings(null, Duration.ZERO, Duration.ZERO, 0, Duration.ZERO);
  }

  /** One process at a time loads a key. */
  public LoadingSettings withLease(@Nullable Duration newLease) {
    return new LoadingSettings(newLease, staleFor, refreshAhead, jitter, absentFor);
  }

  /** Entries are handed out for this long after their life. */
  public LoadingSettings withStaleFor(Duration time) {
    return new LoadingSettings(lease, time, refreshAhead, jitter, absentFor);
  }

  /** Entries are loaded anew from this long before the end of their life. */
  public LoadingSettings withRefreshAhead(Duration time) {
    return new LoadingSettings(lease, staleFor, time, jitter, absentFor);
  }

  /** Times to live are cut by at most this part. */
  public LoadingSettings withJitter(double part) {
    return new LoadingSettings(lease, staleFor, refreshAhead, part, absentFor);
  }

  /** That there is no value is remembered for this long. */
  public LoadingSettings withAbsentFor(Duration time) {
    return new LoadingSettings(lease, staleFor, refreshAhead, jitter, time);
  }

  /** The lease in milliseconds; 0 when neither it nor remembering absence is wanted. */
  long leaseMillis() {
    if (lease == null && absentFor.isZero()) {
      return 0;
    }
    return (lease == null ? DEFAULT_LEASE : lease).toMillis();
  }

  /** Whether a read has to know how long the entry still lives. */
  boolean looksAtAge() {
    return !staleFor.isZero() || !refreshAhead.isZero();
  }
}
