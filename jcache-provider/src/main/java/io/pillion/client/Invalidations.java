package io.pillion.client;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Reports of the keys that change on the server, whoever changes them: what a cache in this process
 * has to know. Made by {@link Commands#invalidations}; ends with {@link #close}.
 *
 * <p>Over the network there is one connection of its own to each primary, in RESP3, with {@code
 * CLIENT TRACKING ON BCAST}, shared by all reports of one client. It is made again when it breaks,
 * when the primaries change, and when a connection that carries commands breaks, as both must lead
 * to the same server.
 */
public interface Invalidations extends AutoCloseable {

  /**
   * Completes when every primary has promised to report. Fails with {@link CommandException} when a
   * server cannot (no RESP3, or no CLIENT TRACKING), and with {@link ConnectionException} when it
   * could not be asked; attempts go on in both cases until this is closed.
   */
  CompletionStage<@Nullable Object> established();

  /** Ends the reports. */
  @Override
  void close();

  /** Is told. Called on threads that read from the network, so it must not block. */
  interface Listener {
    /** This key has changed, was removed, or has expired. */
    void onInvalidated(byte[] key);

    /**
     * Any key may have changed: the server was flushed, or reports may have been lost. What was
     * read before, or is being read now, is no longer covered.
     */
    void onGap();

    /**
     * Every change that the server acknowledged to anybody before this moment of {@link
     * System#nanoTime()} has been reported. Not called between a gap and the time when every
     * primary reports again.
     */
    void onHeard(long nanos);
  }
}
