package io.pillion.cache;

/** How one cache object fared without its server. Counting is always on. */
public interface FailureStatistics {
  /** Whether operations are not sent at the moment. */
  boolean isCircuitOpen();

  /** Operations that had no answer. */
  long failures();

  /** Operations that were not sent because the circuit was open. */
  long refused();

  /** Operations that the application was let go on without. */
  long tolerated();

  /** Keys that are to be removed when the server is back; -1 for all of them. */
  long missed();

  /** Keys that were removed when the server was back. */
  long reconciled();
}
