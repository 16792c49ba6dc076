package io.pillion.client;

import org.jspecify.annotations.Nullable;

/** No answer came: the server could not be reached, or the connection broke, or time ran out. */
public final class ConnectionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what was tried, against which target, and what to do. */
  public ConnectionException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
