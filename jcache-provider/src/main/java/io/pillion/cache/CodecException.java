package io.pillion.cache;

import org.jspecify.annotations.Nullable;

/** A key or value could not be turned into bytes, or bytes not back into a value. */
public final class CodecException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says which cache or class, why, and what to do. */
  public CodecException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
