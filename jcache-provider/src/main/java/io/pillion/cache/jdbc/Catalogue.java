package io.pillion.cache.jdbc;

import io.pillion.cache.jdbc.Shape.Column;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks a mapped table and its columns up, so that names are quoted as the database spells them.
 */
final class Catalogue {
  private final Connection connection;
  private final DatabaseMetaData metaData;
  private final JdbcMapping<?, ?> mapping;
  private final String quote;

  /** By name in lower case. */
  private final Map<String, Found> columns = new HashMap<>();

  Catalogue(Connection connection, JdbcMapping<?, ?> mapping) throws SQLException {
    this.connection = connection;
    this.metaData = connection.getMetaData();
    this.mapping = mapping;
    this.quote = metaData.getIdentifierQuoteString().strip();
  }

  private record Found(String name, boolean isJson) {}

  /**
   * The statements for this table.
   *
   * @throws JdbcTableException when there is no such table, or a column is not in it
   */
  Statements.OfTable statements() throws SQLException {
    String table = findTable();
    return new Statements.OfTable(
        Dialect.of(metaData.getDatabaseProductName()),
        table,
        mapping.key().columns().stream().map(this::quoted).toList(),
        mapping.value().columns().stream().map(this::quoted).toList(),
        mapping.value().columns().stream().map(column -> find(column).isJson()).toList());
  }

  private String findTable() throws SQLException {
    String[] parts = mapping.table().split("\\.", -1);
    String name = parts[parts.length - 1];
    // Where there are no schemas, as in MySQL, databases are used like them.
    boolean schemas = metaData.supportsSchemasInTableDefinitions();
    String catalogue = schemas || parts.length == 1 ? connection.getCatalog() : parts[0];
    String schema = !schemas ? null : parts.length > 1 ? parts[0] : connection.getSchema();
    try (ResultSet tables = metaData.getTables(catalogue, null, null, null)) {
      while (tables.next()) {
        String tableSchema = tables.getString("TABLE_SCHEM");
        boolean here = schema == null || schema.equalsIgnoreCase(tableSchema);
        String exact = tables.getString("TABLE_NAME");
        if (here && name.equalsIgnoreCase(exact)) {
          readColumns(catalogue, tableSchema, exact);
          String qualifier = schemas ? tableSchema : parts.length > 1 ? parts[0] : null;
          return (qualifier == null ? "" : quoted(qualifier) + ".") + quoted(exact);
        }
      }
    }
    throw new JdbcTableException(
        "There is no table "
            + mapping.table()
            + (schema == null ? "" : " in schema " + schema)
            + " of "
            + metaData.getURL(),
        null);
  }

  private void readColumns(@Nullable String catalogue, @Nullable String schema, String table)
      throws SQLException {
    try (ResultSet all = metaData.getColumns(catalogue, schema, table, null)) {
      while (all.next()) {
        // The arguments are patterns: an underscore in the name also finds its neighbours.
        if (table.equals(all.getString("TABLE_NAME"))) {
          String column = all.getString("COLUMN_NAME");
          String type = String.valueOf(all.getString("TYPE_NAME"));
          columns.put(
              column.toLowerCase(Locale.ROOT),
              new Found(column, type.toLowerCase(Locale.ROOT).startsWith("json")));
        }
      }
    }
  }

  private String quoted(Column column) {
    return quoted(find(column).name());
  }

  private String quoted(String name) {
    return quote + (quote.isEmpty() ? name : name.replace(quote, quote + quote)) + quote;
  }

  private Found find(Column column) {
    Found found = columns.get(column.name().toLowerCase(Locale.ROOT));
    if (found != null) {
      return found;
    }
    List<String> names = new ArrayList<>(columns.values().stream().map(Found::name).toList());
    throw new JdbcTableException(
        "Table "
            + mapping.table()
            + " has no column "
            + column.name()
            + (column.property().equals(column.name())
                ? ""
                : " for the property " + column.property())
            + "; it has "
            + names.stream().sorted().collect(Collectors.joining(", "))
            + ". Name it with JdbcMapping.Builder.column(...)",
        null);
  }
}
