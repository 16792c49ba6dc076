package io.pillion.client;

/** The server answered with an error. */
public final class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error reply, in the server's words: {@code WRONGTYPE Operation against a key ...}. */
  public CommandException(String message) {
    super(message, null, false, false);
  }

  /** The first word of the error, such as {@code WRONGTYPE} or {@code ERR}. */
  public String code() {
    String message = String.valueOf(getMessage());
    int space = message.indexOf(' ');
    return space < 0 ? message : message.substring(0, space);
  }
}
