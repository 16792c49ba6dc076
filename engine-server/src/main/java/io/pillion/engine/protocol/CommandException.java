package io.pillion.engine.protocol;

/**
 * A client's mistake: the command ends, nothing has changed, and the message becomes the error
 * reply. Cheap: it has no stack trace.
 */
public final class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The error reply, beginning with its code: {@code ERR syntax error}. */
  public CommandException(String message) {
    super(message, null, false, false);
  }

  /** The error reply. */
  public String text() {
    return String.valueOf(getMessage());
  }
}
