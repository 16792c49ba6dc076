package io.pillion.engine.world;

import java.io.IOException;

/**
 * Everything that two runs of the same engine may see differently. The real one asks the machine; a
 * simulated one replays a seed, so that a group of engines, their crashes and partitions run in one
 * single-threaded test.
 */
public interface World {
  /** Milliseconds since 1970, by the clock that users set: for expiry and for people. */
  long wallMillis();

  /** Nanoseconds of a clock that only goes forward: for durations. */
  long nanos();

  /** 64 unpredictable bits: for seeds and identifiers. */
  long randomLong();

  /**
   * Runs a task once after a delay, on a thread of its own kind, which must not be blocked.
   *
   * @return takes the task back unless it has begun
   */
  Scheduled schedule(long delayNanos, Runnable task);

  /** How many bytes of memory the machine has, or the container around it. */
  long memoryBytes();

  /** Where files are. */
  Disk disk();

  /**
   * Connects to another server; waits for it, so only on a background thread.
   *
   * @param timeoutMillis how long connecting, and afterwards each read, may take
   */
  default Link connect(String host, int port, int timeoutMillis) throws IOException {
    throw new IOException("There is no network in this world");
  }

  /**
   * Connects to another server, in the background.
   *
   * @param listener told when it is connected, and of everything that comes
   */
  default Line dial(Line.Target target, Line.Listener listener) {
    throw new UnsupportedOperationException("There is no network in this world");
  }

  /** Runs a task that may take long, or wait for the disk, on a background thread. */
  void background(String name, Runnable task);

  /** A thread of its own, for tasks that are carried out one after the other. */
  Worker worker(String name);

  /** Tasks that may take long, or wait for the disk, one after the other. */
  interface Worker extends AutoCloseable {
    /** Has a task run after those given before; any thread. */
    void execute(Runnable task);

    /**
     * Returns when all tasks given so far have run; those given later are dropped. Not from a task
     * of its own.
     */
    @Override
    void close();
  }

  /** A task that was scheduled. */
  @FunctionalInterface
  interface Scheduled {
    /** Takes the task back unless it has begun. */
    void cancel();
  }
}
