package io.pillion.cache.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.Arrays;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connections of a data source, one for each piece of work, and what their failures mean. */
final class Database {
  private static final Logger log = LoggerFactory.getLogger(Database.class);

  /** What the connections of Spring's TransactionAwareDataSourceProxy are. */
  private static final String SPRINGS_CONNECTION =
      "org.springframework.jdbc.datasource.ConnectionProxy";

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
        connection -> isOfApplication(connection) ? work.on(connection) : own(connection, work));
  }

  /** Does this, which is a single statement where the connection commits by itself. */
  <R> R committing(String what, Work<R> work) {
    return withConnection(
        what,
        connection ->
            connection.getAutoCommit() || isOfApplication(connection)
                ? work.on(connection)
                : own(connection, work));
  }

  /**
   * Whether the application has a transaction under way here and commits by itself. A pool may hand
   * out connections without auto-commit, too: of those nobody else knows, so what is done with them
   * would be lost unless it is committed here.
   */
  private static boolean isOfApplication(Connection connection) throws SQLException {
    return !connection.getAutoCommit()
        && Arrays.stream(connection.getClass().getInterfaces())
            .anyMatch(one -> one.getName().equals(SPRINGS_CONNECTION));
  }

  private static <R> R own(Connection connection, Work<R> work) throws SQLException {
    boolean autoCommit = connection.getAutoCommit();
    if (autoCommit) {
      connection.setAutoCommit(false);
    }
    try {
      R result = work.on(connection);
      connection.commit();
      return result;
    } catch (SQLException | RuntimeException e) {
      quietly(connection::rollback, e);
      throw e;
    } finally {
      if (autoCommit) {
        // A connection that fails here is broken: it undoes nothing of what was committed.
        quietly(() -> connection.setAutoCommit(true), null);
      }
    }
  }

  private static void quietly(Step step, @Nullable Exception because) {
    try {
      step.run();
    } catch (SQLException e) {
      if (because == null) {
        log.debug("A connection is given back broken", e);
      } else {
        because.addSuppressed(e);
      }
    }
  }

  @FunctionalInterface
  private interface Step {
    void run() throws SQLException;
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
