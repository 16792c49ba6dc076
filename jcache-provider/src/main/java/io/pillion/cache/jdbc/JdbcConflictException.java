package io.pillion.cache.jdbc;

/**
 * A row was not written because it is not older than the value, by the version that both carry:
 * somebody else wrote it since the value was read.
 */
public final class JdbcConflictException extends JdbcTableException {
  private static final long serialVersionUID = 1L;

  /** Says which table and which versions; never another value. */
  public JdbcConflictException(String message) {
    super(message, null);
  }
}
