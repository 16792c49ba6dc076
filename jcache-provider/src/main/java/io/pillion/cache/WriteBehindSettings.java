package io.pillion.cache;

import java.io.Serializable;
import java.time.Duration;

/**
 * How changes that a cache has acknowledged reach its {@link EntryWriter} later, see {@link
 * WriteBehind}.
 *
 * @param batchSize how many changes, at most, are read from the queue and written at once
 * @param maxDelay how long a change waits, at most, for others to be written with it, or to be
 *     replaced by a later one of its key; zero for not at all
 * @param retries how often a change whose writing failed is tried again before it becomes a dead
 *     letter
 * @param backOff the time before the first of these; it doubles each time
 * @param maxBackOff the longest such time
 * @param capacity how many changes may wait, and how many dead letters there may be; a bulk
 *     operation may exceed it by one pipeline
 * @param fullWait how long an operation waits when the queue is full, until it is refused with a
 *     {@link QueueFullException}; zero refuses at once
 * @param lease how long a process that died or stopped keeps others from writing. A single call of
 *     the writer must end within this time after its process stood still, or its effect may come
 *     after that of a later one.
 * @param drain how long closing the cache waits for what is in the queue to be written; what is
 *     left waits for the next process that opens the cache
 */
public record WriteBehindSettings(
    int batchSize,
    Duration maxDelay,
    int retries,
    Duration backOff,
    Duration maxBackOff,
    int capacity,
    Duration fullWait,
    Duration lease,
    Duration drain)
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final int MOST_BATCH = 10_000;
  private static final Duration LEAST_LEASE = Duration.ofMillis(100);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is out of range
   */
  public WriteBehindSettings {
    if (batchSize < 1 || batchSize > MOST_BATCH) {
      throw new IllegalArgumentException("A batch is 1 to 10000 changes, not " + batchSize);
    }
    if (retries < 0) {
      throw new IllegalArgumentException("Nothing is tried again " + retries + " times");
    }
    if (capacity < 1) {
      throw new IllegalArgumentException("A queue holds at least 1 change, not " + capacity);
    }
    if (lease.compareTo(LEAST_LEASE) < 0) {
      throw new IllegalArgumentException("A lease of " + lease + " is less than 100 ms");
    }
    if (backOff.toMillis() < 1 || maxBackOff.compareTo(backOff) < 0) {
      throw new IllegalArgumentException(
          "Times between tries are from 1 ms up, not " + backOff + " to " + maxBackOff);
    }
    requireNotNegative("maximum delay", maxDelay);
    requireNotNegative("wait for room in the queue", fullWait);
    requireNotNegative("time to drain", drain);
  }

  private static void requireNotNegative(String what, Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("The " + what + " cannot be " + duration);
    }
  }

  /**
   * Batches of 500 within a second; 10 retries from 100 ms to 30 s apart; 100,000 changes, 5 s for
   * room; a lease of 10 s; 10 s to drain.
   */
  public static WriteBehindSettings defaults() {
    return new WriteBehindSettings(
        500,
        Duration.ofSeconds(1),
        10,
        Duration.ofMillis(100),
        Duration.ofSeconds(30),
        100_000,
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(10));
  }

  /** At most so many changes are written at once. */
  public WriteBehindSettings withBatchSize(int changes) {
    return new WriteBehindSettings(
        changes, maxDelay, retries, backOff, maxBackOff, capacity, fullWait, lease, drain);
  }

  /** A change waits so long for others. */
  public WriteBehindSettings withMaxDelay(Duration delay) {
    return new WriteBehindSettings(
        batchSize, delay, retries, backOff, maxBackOff, capacity, fullWait, lease, drain);
  }

  /** A change that fails is tried again so often, after these times. */
  public WriteBehindSettings withRetries(int times, Duration first, Duration longest) {
    return new WriteBehindSettings(
        batchSize, maxDelay, times, first, longest, capacity, fullWait, lease, drain);
  }

  /** So many changes may wait; an operation waits this long for room. */
  public WriteBehindSettings withCapacity(int changes, Duration wait) {
    return new WriteBehindSettings(
        batchSize, maxDelay, retries, backOff, maxBackOff, changes, wait, lease, drain);
  }

  /** Another process takes over after this time. */
  public WriteBehindSettings withLease(Duration time) {
    return new WriteBehindSettings(
        batchSize, maxDelay, retries, backOff, maxBackOff, capacity, fullWait, time, drain);
  }

  /** Closing waits so long. */
  public WriteBehindSettings withDrain(Duration time) {
    return new WriteBehindSettings(
        batchSize, maxDelay, retries, backOff, maxBackOff, capacity, fullWait, lease, time);
  }
}
