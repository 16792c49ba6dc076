package io.pillion.engine.persistence;

import io.pillion.engine.world.World;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far the loading of files is: for INFO and, when it takes long, for the log. Any thread. */
public final class LoadProgress {
  private static final Logger log = LoggerFactory.getLogger(LoadProgress.class);
  private static final long NANOS_BETWEEN_LINES = 5_000_000_000L;

  private volatile boolean running;
  private volatile long startedMillis;
  private volatile long totalBytes;
  private volatile long bytes;
  private volatile long seconds;

  // The thread that loads alone.
  private World world;
  private long startedNanos;
  private long nextLineNanos;
  private long fileBytes;
  private String file = "";

  /** Nothing is loaded yet. */
  @SuppressWarnings("NullAway.Init") // begin() comes first
  public LoadProgress() {}

  /** Loading begins. */
  public void begin(World newWorld, long newTotalBytes) {
    world = newWorld;
    startedMillis = world.wallMillis();
    startedNanos = world.nanos();
    nextLineNanos = startedNanos + NANOS_BETWEEN_LINES;
    totalBytes = newTotalBytes;
    bytes = 0;
    fileBytes = 0;
    running = true;
  }

  /** The next file begins. */
  public void file(String name) {
    file = name;
    fileBytes = bytes;
  }

  /** So many bytes of the file have been read. */
  public void reach(long offset) {
    bytes = fileBytes + offset;
    long now = world.nanos();
    seconds = (now - startedNanos) / 1_000_000_000;
    if (now >= nextLineNanos) {
      nextLineNanos = now + NANOS_BETWEEN_LINES;
      log.info(
          "Loading {}: {} of {} bytes ({}%), {} seconds to go",
          file, bytes, totalBytes, String.format("%.2f", percent()), remainingSeconds());
    }
  }

  /** Loading has ended. */
  public void end() {
    running = false;
  }

  /** Whether loading goes on. */
  public boolean isRunning() {
    return running;
  }

  /** When it began, in Unix milliseconds. */
  public long startedMillis() {
    return startedMillis;
  }

  /** How much there is to load. */
  public long totalBytes() {
    return totalBytes;
  }

  /** How much was loaded. */
  public long bytes() {
    return bytes;
  }

  /** How much was loaded, in percent. */
  public double percent() {
    return totalBytes == 0 ? 0 : 100.0 * bytes / totalBytes;
  }

  /** How long it will take at the pace so far, in seconds. */
  public long remainingSeconds() {
    return bytes == 0 ? 1 : Math.max(0, seconds * (totalBytes - bytes) / bytes);
  }
}
