package io.pillion.client;

/** A Pillion URL that cannot be used; the message says why and how to write it, without secrets. */
public final class PillionUrlException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** One sentence for the person who wrote the URL. */
  public PillionUrlException(String message) {
    super(message);
  }

  PillionUrlException(String message, Throwable cause) {
    super(message, cause);
  }
}
