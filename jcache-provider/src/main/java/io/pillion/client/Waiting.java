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

  private Waiting() {}

  /** Waits; a stage that is done already costs nothing. */
  static @Nullable Object on(
      CompletionStage<@Nullable Object> stage, Duration timeout, String target) {
    CompletableFuture<@Nullable Object> future = stage.toCompletableFuture();
    try {
      if (!future.isDone() && Thread.currentThread().getName().startsWith(EVENT_LOOP_PREFIX)) {
        throw new IllegalStateException(
            "A callback of a command waits for another command, on the thread that would have to"
                + " read the answer. Compose the stages, or go on in an executor.");
      }
      return future.get(timeout.toMillis() + GRACE_MILLIS, TimeUnit.MILLISECONDS);
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
