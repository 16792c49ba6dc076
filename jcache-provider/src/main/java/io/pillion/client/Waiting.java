package io.pillion.client;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Turns a stage into an ordinary call: its value, or its failure as one of our two exceptions. */
final class Waiting {
  /** A command's own timeout says more than this one: it goes first. */
  private static final long GRACE_MILLIS = 250;

  /** What the names of the client's own event loops begin with. */
  static final String EVENT_LOOP_PREFIX = "pillion-lettuce-";

  /** Whether this thread, not an event loop by name, runs one at the moment. */
  private static final ThreadLocal<Boolean> RUNS_LOOP = new ThreadLocal<>();

  private Waiting() {}

  /** Says whether the calling thread runs an event loop from now on. */
  static void onEventLoop(boolean runs) {
    RUNS_LOOP.set(runs);
  }

  /** Whether the answers to commands may be this thread's to read. */
  static boolean isOnEventLoop(Thread current) {
    return Boolean.TRUE.equals(RUNS_LOOP.get()) || current.getName().startsWith(EVENT_LOOP_PREFIX);
  }

  /** Waits; a stage that is done already costs nothing. */
  static @Nullable Object on(
      CompletionStage<@Nullable Object> stage, Duration timeout, String target) {
    return on(stage, timeout, target, null);
  }

  /**
   * Waits, as above.
   *
   * @param loop which the caller may run meanwhile; null for none
   */
  static @Nullable Object on(
      CompletionStage<@Nullable Object> stage,
      Duration timeout,
      String target,
      @Nullable CallerLoop loop) {
    CompletableFuture<@Nullable Object> future = stage.toCompletableFuture();
    long nanos = timeout.plusMillis(GRACE_MILLIS).toNanos();
    try {
      if (!future.isDone()) {
        if (isOnEventLoop(Thread.currentThread())) {
          throw new IllegalStateException(
              "A callback of a command waits for another command, on the thread that would have to"
                  + " read the answer. Compose the stages, or go on in an executor.");
        }
        if (loop != null) {
          long start = System.nanoTime();
          loop.run(future, nanos);
          nanos -= System.nanoTime() - start;
        }
      }
      return future.get(nanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof CommandException refused) {
        throw refused;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      if (cause instanceof RuntimeException bug && !(cause instanceof ConnectionException)) {
        throw bug;
      }
      // Thrown anew, so that the trace shows the caller and not only the event loop.
      throw new ConnectionException(String.valueOf(cause.getMessage()), cause);
    } catch (TimeoutException e) {
      throw new ConnectionException(
          String.format(
              "No answer from %s within %d ms; whether the command was executed is not known.",
              target, timeout.toMillis()),
          e);
    } catch (CancellationException e) {
      throw new ConnectionException("The command was cancelled.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectionException("Interrupted while waiting for " + target + ".", e);
    }
  }
}
