package io.pillion.engine.persistence;

/** What is on disk cannot be used; the message says what and why, for whoever runs the server. */
public final class PersistenceException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** A complaint. */
  public PersistenceException(String message) {
    super(message);
  }

  /** A complaint with its cause. */
  public PersistenceException(String message, Throwable cause) {
    super(message, cause);
  }
}
