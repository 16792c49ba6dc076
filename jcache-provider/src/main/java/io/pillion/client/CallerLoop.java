package io.pillion.client;

import java.util.concurrent.CompletableFuture;

/**
 * An event loop that a caller may run itself while it waits, so that its own thread writes the
 * command and reads the answer.
 */
interface CallerLoop {
  /**
   * The calling thread is about to send something and to wait for it.
   *
   * @return whether it has to call {@link #end}: not when it may not run a loop, when another
   *     thread is at that, or when it said so before
   */
  boolean begin();

  /** It has what it waited for, or has given up. */
  void end();

  /** A command of the calling thread is about to be written, and counts as unanswered already. */
  void sending();

  /**
   * Makes the calling thread the loop's, if it began and nobody else runs the loop.
   *
   * @return whether it has to call {@link #leave}
   */
  boolean enter();

  /** The loop is not the calling thread's any more. */
  void leave();

  /**
   * Runs the loop until this is done, the time is up, the thread is interrupted or others need the
   * loop; returns at once when the thread did not begin or somebody else runs the loop.
   */
  void run(CompletableFuture<?> awaited, long nanos);
}
