package io.pillion.cache;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The threads that all caches of this process share. They are daemons and end when idle.
 *
 * <p>The common pool will not do: on a machine with two processors it is a single thread since Java
 * 25, and one loader that waits for a database would stop every cache of the process.
 */
public final class CacheThreads {
  private static final int WORKER_COUNT = 16;

  /** So many more may be started in place of threads that wait for one another. */
  private static final int SPARE_COUNT = 240;

  private static final long IDLE_SECONDS = 10;

  /**
   * Run what may block, such as loaders behind an asynchronous call. A thread that waits for a
   * {@link CompletableFuture} is replaced by another one as long as it waits.
   */
  static final ForkJoinPool WORKERS =
      new ForkJoinPool(
          WORKER_COUNT,
          CacheThreads::newWorker,
          null,
          true,
          0,
          WORKER_COUNT + SPARE_COUNT,
          1,
          pool -> true,
          IDLE_SECONDS,
          TimeUnit.SECONDS);

  private CacheThreads() {}

  /**
   * Returns a future of the answer that completes on a thread which may block. Whoever waits for it
   * may run code of the application, or ask what the server can do; the thread that reads replies
   * must do neither.
   *
   * @param answer what a server answers
   * @return the same answer, at once if it is there already
   */
  public static <T extends @Nullable Object> CompletableFuture<T> offTheReader(
      CompletionStage<T> answer) {
    CompletableFuture<T> future = answer.toCompletableFuture();
    return future.isDone() ? future : future.thenApplyAsync(value -> value, WORKERS);
  }

  private static ForkJoinWorkerThread newWorker(ForkJoinPool pool) {
    ForkJoinWorkerThread worker = new Worker(pool);
    worker.setName("pillion-cache-" + worker.getPoolIndex());
    worker.setContextClassLoader(CacheThreads.class.getClassLoader());
    return worker;
  }

  private static final class Worker extends ForkJoinWorkerThread {
    Worker(ForkJoinPool pool) {
      super(pool);
    }
  }
}
