package io.pillion.engine.net;

import org.jspecify.annotations.Nullable;

/** The engine cannot listen where it was told to; the message says where, why and what to do. */
public final class ListenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ListenException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
