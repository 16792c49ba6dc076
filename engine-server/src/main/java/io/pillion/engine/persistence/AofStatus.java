package io.pillion.engine.persistence;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What INFO says of the append-only log. Written by its own threads, read by any. */
public final class AofStatus {
  volatile boolean enabled;
  volatile boolean rewriting;
  volatile boolean scheduled;
  volatile boolean starting;
  volatile boolean syncing;
  volatile long rewriteStartedMillis = -1;
  volatile long lastRewriteSeconds = -1;
  volatile long lastRewritePeakBytes;
  volatile boolean lastRewriteOk = true;
  volatile boolean lastWriteOk = true;
  final AtomicLong rewrites = new AtomicLong();
  final AtomicInteger consecutiveFailures = new AtomicInteger();
  volatile long currentSize;
  volatile long baseSize;
  volatile long bufferBytes;
  final AtomicLong delayedSyncs = new AtomicLong();

  AofStatus() {}

  /** Whether effects are written to a file, or will be when the base for them is. */
  public boolean isEnabled() {
    return enabled;
  }

  /** Whether a base is being written. */
  public boolean isRewriting() {
    return rewriting;
  }

  /** Whether a base will be written as soon as possible. */
  public boolean isScheduled() {
    return scheduled;
  }

  /** Whether it was turned on, and its first base is not there yet. */
  public boolean isStarting() {
    return starting;
  }

  /** Whether an fsync is going on in the background. */
  public boolean isSyncing() {
    return syncing;
  }

  /** When the base that is being written was begun, in Unix milliseconds; -1 when there is none. */
  public long rewriteStartedMillis() {
    return rewriteStartedMillis;
  }

  /** The most bytes that the last rewrite gathered at once because they changed meanwhile. */
  public long lastRewritePeakBytes() {
    return lastRewritePeakBytes;
  }

  /** How long the last rewrite took, in seconds; -1 when there was none. */
  public long lastRewriteSeconds() {
    return lastRewriteSeconds;
  }

  /** Whether the last rewrite succeeded. */
  public boolean isLastRewriteOk() {
    return lastRewriteOk;
  }

  /** Whether the last write succeeded, and the last fsync. */
  public boolean isLastWriteOk() {
    return lastWriteOk;
  }

  /** How many rewrites were begun. */
  public long rewrites() {
    return rewrites.get();
  }

  /** How many rewrites have failed one after the other. */
  public int consecutiveFailures() {
    return consecutiveFailures.get();
  }

  /** How many bytes base and increments have. */
  public long currentSize() {
    return currentSize;
  }

  /** How many bytes they had after the last rewrite; the base alone, when there was none yet. */
  public long baseSize() {
    return baseSize;
  }

  /** How many bytes wait to be written. */
  public long bufferBytes() {
    return bufferBytes;
  }

  /** How often an fsync took so long that more had to be written without waiting for it. */
  public long delayedSyncs() {
    return delayedSyncs.get();
  }
}
