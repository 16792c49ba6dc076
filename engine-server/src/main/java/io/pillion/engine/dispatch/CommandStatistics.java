package io.pillion.engine.dispatch;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What INFO says of a command: how often, how long. Changed under the engine lock. */
public final class CommandStatistics {
  /** As Redis: up to a second, in nanoseconds, with two digits. */
  private static final long HIGHEST_NANOS = 1_000_000_000;

  private static final int DIGITS = 2;

  private long calls;
  private long nanos;
  private long rejected;
  private long failed;
  private @Nullable Histogram latency;

  /** How often it was carried out. */
  public long calls() {
    return calls;
  }

  /** The time spent in it, in microseconds. */
  public long micros() {
    return nanos / 1000;
  }

  /** How often it was refused before it was carried out. */
  public long rejected() {
    return rejected;
  }

  /** How often it ended with an error. */
  public long failed() {
    return failed;
  }

  /** How its durations in nanoseconds are spread, or null when none was recorded. */
  public @Nullable Histogram latency() {
    return latency;
  }

  /** Begins anew. */
  public void reset() {
    latency = null;
    calls = 0;
    nanos = 0;
    rejected = 0;
    failed = 0;
  }

  void called(long tookNanos) {
    calls++;
    nanos += tookNanos;
  }

  void recordLatency(long tookNanos) {
    Histogram histogram = latency;
    if (histogram == null) {
      histogram = new Histogram(1, HIGHEST_NANOS, DIGITS);
      latency = histogram;
    }
    histogram.recordValue(Math.max(1, Math.min(HIGHEST_NANOS, tookNanos)));
  }

  void rejected(int times) {
    rejected += times;
  }

  void failed(int times) {
    failed += times;
  }
}
