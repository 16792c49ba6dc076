package io.pillion.cache;

import java.io.Serializable;
import java.time.Duration;

/**
 * What a cache does while its server cannot be reached. By default there are no such settings, and
 * every operation asks the server and fails with it.
 *
 * <p>With them there is a circuit breaker: after some operations in a row without an answer, the
 * following ones are not sent at all, but for one at a time to see whether the server is back.
 *
 * <p>What could not be stored, removed or cleared is remembered, and those entries are removed as
 * soon as the server is back, before the cache reads anything else from it: no old value survives
 * that a put or a removal of this process was to replace. When more keys are to be remembered than
 * there is room for, the cache is cleared. (This is kept in memory: a process that ends during the
 * outage leaves old values until the end of their life.)
 *
 * @param failsOpen whether the application goes on without the cache: reads find nothing (and load,
 *     if they can), and put, remove and clear return; operations that answer with what was there
 *     fail all the same. If not, every operation fails, at once.
 * @param failuresToOpen how many operations in a row without an answer open the circuit; above 0
 * @param retryAfter how long after that the server is asked again; above 0
 * @param mostMissed how many keys are remembered; 0 clears the cache whatever was missed
 */
public record FailureSettings(
    boolean failsOpen, int failuresToOpen, Duration retryAfter, int mostMissed)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of range
   */
  public FailureSettings {
    if (failuresToOpen <= 0) {
      throw new IllegalArgumentException("No circuit opens after " + failuresToOpen + " failures");
    }
    if (retryAfter.isZero() || retryAfter.isNegative()) {
      throw new IllegalArgumentException("A server is not asked again after " + retryAfter);
    }
    if (mostMissed < 0) {
      throw new IllegalArgumentException("Nothing is remembered of " + mostMissed + " keys");
    }
  }

  /** Goes on without the cache; opens after 5 failures, asks every second, remembers 10,000. */
  public static FailureSettings open() {
    return new FailureSettings(true, 5, Duration.ofSeconds(1), 10_000);
  }

  /** Fails at once; opens after 5 failures, asks every second, remembers 10,000. */
  public static FailureSettings fast() {
    return new FailureSettings(false, 5, Duration.ofSeconds(1), 10_000);
  }

  /**
   * {@link #open} or {@link #fast} by name.
   *
   * @throws IllegalArgumentException when the name is neither
   */
  public static FailureSettings named(String name) {
    return switch (name) {
      case "open" -> open();
      case "fast" -> fast();
      default -> throw new IllegalArgumentException("known are open and fast");
    };
  }

  /** The same, opening after so many failures. */
  public FailureSettings withFailuresToOpen(int failures) {
    return new FailureSettings(failsOpen, failures, retryAfter, mostMissed);
  }

  /** The same, asking again after so long. */
  public FailureSettings withRetryAfter(Duration time) {
    return new FailureSettings(failsOpen, failuresToOpen, time, mostMissed);
  }

  /** The same, remembering so many keys. */
  public FailureSettings withMostMissed(int keys) {
    return new FailureSettings(failsOpen, failuresToOpen, retryAfter, keys);
  }
}
