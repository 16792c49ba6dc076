package io.pillion.engine.protocol;

/**
 * What a client sent is not the protocol: it is told so and its connection ends, because nobody
 * knows where its next command begins. Cheap: it has no stack trace.
 */
public final class ProtocolException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ProtocolException(String what) {
    super("ERR Protocol error: " + what, null, false, false);
  }

  /** The error reply. */
  public String text() {
    return String.valueOf(getMessage());
  }
}
