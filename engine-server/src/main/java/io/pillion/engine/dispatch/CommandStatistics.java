package io.pillion.engine.dispatch;

/** What INFO commandstats says of a command. Changed under the engine lock. */
public final class CommandStatistics {
  private long calls;
  private long nanos;
  private long rejected;
  private long failed;

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

  /** Begins anew. */
  public void reset() {
    calls = 0;
    nanos = 0;
    rejected = 0;
    failed = 0;
  }

  void called(long tookNanos) {
    calls++;
    nanos += tookNanos;
  }

  void rejected(int times) {
    rejected += times;
  }

  void failed(int times) {
    failed += times;
  }
}
