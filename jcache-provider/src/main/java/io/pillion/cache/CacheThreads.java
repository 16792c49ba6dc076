package io.pillion.cache;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads that all caches of this process share. They are daemons and end when idle. */
final class CacheThreads {
  private static final int WORKER_COUNT = 16;
  private static final long IDLE_SECONDS = 10;

  /** Run what may block, such as loaders behind an asynchronous call. */
  static final ThreadPoolExecutor WORKERS =
      new ThreadPoolExecutor(
          WORKER_COUNT,
          WORKER_COUNT,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          named("pillion-cache-"));

  static {
    WORKERS.allowCoreThreadTimeOut(true);
  }

  private CacheThreads() {}

  private static ThreadFactory named(String prefix) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, prefix + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
