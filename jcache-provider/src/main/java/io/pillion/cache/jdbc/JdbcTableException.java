package io.pillion.cache.jdbc;

import org.jspecify.annotations.Nullable;

/** The table could not be read or written: the database is away, refuses, or is not as mapped. */
public sealed class JdbcTableException extends RuntimeException permits JdbcConflictException {
  private static final long serialVersionUID = 1L;

  /** Says which table, what was tried and what to do; never a value. */
  public JdbcTableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
