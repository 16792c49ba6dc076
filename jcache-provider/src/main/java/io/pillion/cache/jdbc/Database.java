package io.pillion.cache.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import javax.sql.DataSource;

/** Connections of a data source, one for each piece of work, and what their failures mean. */
final class Database {
  private final DataSource dataSource;
  private final String of;

  /**
   * The database of this data source.
   *
   * @param of what is read and written, as messages name it
   */
  Database(DataSource dataSource, String of) {
    this.dataSource = dataSource;
    this.of = of;
  }

  /** What is done with a connection. */
  @FunctionalInterface
  interface Work<R> {
    R on(Connection connection) throws SQLException;
  }

  /**
   * Does this with a connection that is given back afterwards.
   *
   * @param what completes "Cannot …" in the message of a failure
   * @throws JdbcTableException when the database failed
   */
  <R> R withConnection(String what, Work<R> work) {
    try (Connection connection = dataSource.getConnection()) {
      return work.on(connection);
    } catch (SQLException e) {
      throw failure(what, e);
    }
  }

  /** Does this whole or not at all. */
  <R> R inTransaction(String what, Work<R> work) {
    return withConnection(
        what,
        connection -> {
          // Inside the application's own transaction it is the application that commits.
          if (!connection.getAutoCommit()) {
            return work.on(connection);
          }
          connection.setAutoCommit(false);
          try {
            R result = work.on(connection);
            connection.commit();
            return result;
          } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
          } finally {
            connection.setAutoCommit(true);
          }
        });
  }

  private JdbcTableException failure(String what, SQLException e) {
    String state = String.valueOf(e.getSQLState());
    // Class 08 is the standard's for connections; H2 says 90xxx, pools wrap a timeout.
    boolean away =
        state.startsWith("08")
            || state.startsWith("90067")
            || state.startsWith("90098")
            || state.startsWith("90121")
            || e instanceof SQLTransientConnectionException
            || e instanceof SQLNonTransientConnectionException;
    return new JdbcTableException(
        away
            ? "The database of " + of + " cannot be reached: " + e.getMessage()
            : "Cannot " + what + " " + of + ": " + e.getMessage(),
        e);
  }
}
