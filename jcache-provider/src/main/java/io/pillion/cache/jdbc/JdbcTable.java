package io.pillion.cache.jdbc;

import io.pillion.cache.CacheEntry;
import io.pillion.cache.EntryLoader;
import io.pillion.cache.EntryWriter;
import io.pillion.cache.jdbc.Shape.Column;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A table behind a cache: loads rows as values, writes values as rows. Many keys are loaded with
 * few statements; many entries are written or deleted in one transaction, all or none of them.
 *
 * <p>Thread-safe as far as the data source is; each call takes one connection from it and gives it
 * back. The table is looked up in the database's catalogue at the first use, so a database that is
 * down when the application starts does no harm then.
 *
 * <p>Every failure is a {@link JdbcTableException}.
 */
public final class JdbcTable<K, V> implements EntryLoader<K, V>, EntryWriter<K, V> {
  private static final int KEYS_PER_STATEMENT = 500;
  private static final int ROWS_PER_BATCH = 500;

  private final DataSource dataSource;
  private final JdbcMapping<K, V> mapping;
  private volatile @Nullable Statements known;

  /** A table of this database. */
  public JdbcTable(DataSource dataSource, JdbcMapping<K, V> mapping) {
    this.dataSource = dataSource;
    this.mapping = mapping;
  }

  @Override
  public @Nullable V load(K key) {
    return loadAll(Set.of(key)).values().stream().findFirst().orElse(null);
  }

  @Override
  public Map<K, V> loadAll(Set<? extends K> keys) {
    return withConnection(
        "read",
        (connection, sql) -> {
          List<K> all = new ArrayList<>(keys);
          Map<K, V> loaded = new LinkedHashMap<>();
          for (int from = 0; from < all.size(); from += KEYS_PER_STATEMENT) {
            int to = Math.min(all.size(), from + KEYS_PER_STATEMENT);
            loaded.putAll(loadAll(connection, sql, all.subList(from, to)));
          }
          return loaded;
        });
  }

  private Map<K, V> loadAll(Connection connection, Statements sql, List<K> keys)
      throws SQLException {
    List<Column> keyColumns = mapping.key().columns();
    List<Column> valueColumns = mapping.value().columns();
    Map<K, V> loaded = new LinkedHashMap<>();
    try (PreparedStatement select = connection.prepareStatement(sql.select(keys.size()))) {
      int index = 1;
      for (K key : keys) {
        index = bind(select, index, keyColumns, mapping.key().take(key));
      }
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          K key = mapping.key().make(read(rows, 1, keyColumns));
          loaded.put(key, mapping.value().make(read(rows, 1 + keyColumns.size(), valueColumns)));
        }
      }
    }
    return loaded;
  }

  @Override
  public void write(K key, V value) {
    withConnection(
        "write",
        (connection, sql) -> {
          try (PreparedStatement upsert = connection.prepareStatement(sql.upsert())) {
            bindRow(upsert, sql, key, value);
            return upsert.executeUpdate();
          }
        });
  }

  @Override
  public void writeAll(Collection<CacheEntry<K, V>> entries) {
    inTransaction(
        "write",
        (connection, sql) -> {
          try (PreparedStatement upsert = connection.prepareStatement(sql.upsert())) {
            int pending = 0;
            for (CacheEntry<K, V> entry : entries) {
              bindRow(upsert, sql, entry.key(), entry.value());
              upsert.addBatch();
              if (++pending % ROWS_PER_BATCH == 0) {
                upsert.executeBatch();
              }
            }
            return upsert.executeBatch();
          }
        });
    entries.clear();
  }

  @Override
  public void delete(K key) {
    withConnection(
        "delete from",
        (connection, sql) -> {
          try (PreparedStatement delete = connection.prepareStatement(sql.delete())) {
            bind(delete, 1, mapping.key().columns(), mapping.key().take(key));
            return delete.executeUpdate();
          }
        });
  }

  @Override
  public void deleteAll(Collection<K> keys) {
    inTransaction(
        "delete from",
        (connection, sql) -> {
          try (PreparedStatement delete = connection.prepareStatement(sql.delete())) {
            int pending = 0;
            for (K key : keys) {
              bind(delete, 1, mapping.key().columns(), mapping.key().take(key));
              delete.addBatch();
              if (++pending % ROWS_PER_BATCH == 0) {
                delete.executeBatch();
              }
            }
            return delete.executeBatch();
          }
        });
    keys.clear();
  }

  private void bindRow(PreparedStatement upsert, Statements sql, K key, V value)
      throws SQLException {
    int index = bind(upsert, 1, mapping.key().columns(), mapping.key().take(key));
    List<@Nullable Object> held = mapping.value().take(value);
    for (int position : sql.written()) {
      Column column = mapping.value().columns().get(position);
      ColumnTypes.set(upsert, index++, held.get(position), column.type());
    }
  }

  private static int bind(
      PreparedStatement statement, int first, List<Column> columns, List<@Nullable Object> held)
      throws SQLException {
    int index = first;
    for (int i = 0; i < columns.size(); i++) {
      ColumnTypes.set(statement, index++, held.get(i), columns.get(i).type());
    }
    return index;
  }

  private static List<@Nullable Object> read(ResultSet row, int first, List<Column> columns)
      throws SQLException {
    List<@Nullable Object> held = new ArrayList<>(columns.size());
    for (int i = 0; i < columns.size(); i++) {
      held.add(ColumnTypes.get(row, first + i, columns.get(i)));
    }
    return held;
  }

  private <R> R withConnection(String what, Work<R> work) {
    try (Connection connection = dataSource.getConnection()) {
      return work.on(connection, statements(connection));
    } catch (SQLException e) {
      throw failure(what, e);
    }
  }

  private <R> R inTransaction(String what, Work<R> work) {
    return withConnection(
        what,
        (connection, sql) -> {
          // Inside the application's own transaction it is the application that commits.
          if (!connection.getAutoCommit()) {
            return work.on(connection, sql);
          }
          connection.setAutoCommit(false);
          try {
            R result = work.on(connection, sql);
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
            ? "The database of table " + mapping.table() + " cannot be reached: " + e.getMessage()
            : "Cannot " + what + " table " + mapping.table() + ": " + e.getMessage(),
        e);
  }

  private Statements statements(Connection connection) throws SQLException {
    Statements statements = known;
    if (statements == null) {
      statements = inspect(connection);
      known = statements;
    }
    return statements;
  }

  /** Looks the mapped columns up, so that names are quoted as the database spells them. */
  private Statements inspect(Connection connection) throws SQLException {
    DatabaseMetaData catalogue = connection.getMetaData();
    String quote = catalogue.getIdentifierQuoteString().strip();
    Map<String, String> columns = new HashMap<>();
    String table = findTable(connection, catalogue, quote, columns);
    List<String> keys = quoted(mapping.key().columns(), columns, quote);
    List<String> values = quoted(mapping.value().columns(), columns, quote);
    List<Integer> written = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      if (!keys.contains(values.get(i))) {
        written.add(i);
      }
    }
    return new Statements(table, keys, values, written, catalogue.getDatabaseProductName());
  }

  private String findTable(
      Connection connection, DatabaseMetaData catalogue, String quote, Map<String, String> columns)
      throws SQLException {
    String[] parts = mapping.table().split("\\.", -1);
    String name = parts[parts.length - 1];
    String schema = parts.length > 1 ? parts[0] : connection.getSchema();
    String found = null;
    try (ResultSet tables = catalogue.getTables(connection.getCatalog(), null, null, null)) {
      while (tables.next() && found == null) {
        String tableSchema = tables.getString("TABLE_SCHEM");
        boolean here = schema == null || schema.equalsIgnoreCase(tableSchema);
        if (here && name.equalsIgnoreCase(tables.getString("TABLE_NAME"))) {
          String exact = tables.getString("TABLE_NAME");
          found =
              (tableSchema == null ? "" : quote + tableSchema + quote + ".")
                  + quote
                  + exact
                  + quote;
          readColumns(connection, catalogue, tableSchema, exact, columns);
        }
      }
    }
    if (found == null) {
      throw new JdbcTableException(
          "There is no table "
              + mapping.table()
              + (schema == null ? "" : " in schema " + schema)
              + " of "
              + catalogue.getURL(),
          null);
    }
    return found;
  }

  private static void readColumns(
      Connection connection,
      DatabaseMetaData catalogue,
      @Nullable String schema,
      String table,
      Map<String, String> columns)
      throws SQLException {
    try (ResultSet all = catalogue.getColumns(connection.getCatalog(), schema, table, null)) {
      while (all.next()) {
        // The arguments are patterns: an underscore in the name also finds its neighbours.
        if (table.equals(all.getString("TABLE_NAME"))) {
          String column = all.getString("COLUMN_NAME");
          columns.put(column.toLowerCase(Locale.ROOT), column);
        }
      }
    }
  }

  private List<String> quoted(List<Column> mapped, Map<String, String> columns, String quote) {
    List<String> quoted = new ArrayList<>();
    for (Column column : mapped) {
      String exact = columns.get(column.name().toLowerCase(Locale.ROOT));
      if (exact == null) {
        throw new JdbcTableException(
            "Table "
                + mapping.table()
                + " has no column "
                + column.name()
                + (column.property().equals(column.name())
                    ? ""
                    : " for the property " + column.property())
                + "; it has "
                + columns.values().stream().sorted().collect(Collectors.joining(", "))
                + ". Name it with JdbcMapping.Builder.column(...)",
            null);
      }
      quoted.add(quote + exact + quote);
    }
    return quoted;
  }

  /** What is done with a connection. */
  @FunctionalInterface
  private interface Work<R> {
    R on(Connection connection, Statements sql) throws SQLException;
  }

  /**
   * The SQL for this table.
   *
   * @param written the positions of those value columns that are not key columns
   */
  private record Statements(
      String table,
      List<String> keys,
      List<String> values,
      List<Integer> written,
      String productName) {

    String select(int keyCount) {
      String condition;
      if (keys.size() == 1) {
        condition = keys.get(0) + " IN (" + Dialect.marks(keyCount) + ")";
      } else {
        String one =
            keys.stream().map(key -> key + " = ?").collect(Collectors.joining(" AND ", "(", ")"));
        condition = one + (" OR " + one).repeat(keyCount - 1);
      }
      List<String> all = new ArrayList<>(keys);
      all.addAll(values);
      return "SELECT " + String.join(", ", all) + " FROM " + table + " WHERE " + condition;
    }

    String upsert() {
      return Dialect.of(productName)
          .upsert(table, keys, written.stream().map(values::get).toList());
    }

    String delete() {
      return "DELETE FROM "
          + table
          + " WHERE "
          + keys.stream().map(key -> key + " = ?").collect(Collectors.joining(" AND "));
    }
  }
}
