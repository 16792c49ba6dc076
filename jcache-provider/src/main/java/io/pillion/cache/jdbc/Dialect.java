package io.pillion.cache.jdbc;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What databases say differently: how a row is inserted, or updated if its key is there. */
enum Dialect {
  /** {@code INSERT … ON CONFLICT}; needs a primary key or unique index on the key columns. */
  POSTGRESQL {
    @Override
    String upsert(String table, List<String> keys, List<String> others) {
      String action =
          others.isEmpty()
              ? "DO NOTHING"
              : "DO UPDATE SET "
                  + others.stream()
                      .map(column -> column + " = EXCLUDED." + column)
                      .collect(Collectors.joining(", "));
      return insert(table, keys, others)
          + " ON CONFLICT ("
          + String.join(", ", keys)
          + ") "
          + action;
    }

    @Override
    void setJson(
        PreparedStatement statement, int index, @Nullable String text, boolean isJsonColumn)
        throws SQLException {
      // As what the column is, json, jsonb or text: a string would only fit the last.
      if (text == null) {
        statement.setNull(index, Types.OTHER);
      } else {
        statement.setObject(index, text, Types.OTHER);
      }
    }
  },
  /**
   * {@code INSERT … ON DUPLICATE KEY UPDATE}; needs a primary key or unique index on the key
   * columns, and minds other unique indexes, too.
   */
  MYSQL {
    @Override
    void set(PreparedStatement statement, int index, @Nullable Object value, Class<?> type)
        throws SQLException {
      // MySQL's driver would serialize the object.
      super.set(statement, index, value instanceof UUID ? value.toString() : value, type);
    }

    @Override
    String upsert(String table, List<String> keys, List<String> others) {
      List<String> updated = others.isEmpty() ? keys.subList(0, 1) : others;
      return insert(table, keys, others)
          + " ON DUPLICATE KEY UPDATE "
          + updated.stream()
              .map(column -> column + " = VALUES(" + column + ")")
              .collect(Collectors.joining(", "));
    }
  },
  /** {@code MERGE INTO … KEY}. */
  H2 {
    @Override
    String upsert(String table, List<String> keys, List<String> others) {
      return "MERGE INTO "
          + table
          + " ("
          + columns(keys, others)
          + ") KEY ("
          + String.join(", ", keys)
          + ") VALUES ("
          + marks(keys.size() + others.size())
          + ")";
    }

    @Override
    void setJson(
        PreparedStatement statement, int index, @Nullable String text, boolean isJsonColumn)
        throws SQLException {
      if (text != null && isJsonColumn) {
        // A string would become a JSON string that holds the text.
        statement.setBytes(index, text.getBytes(StandardCharsets.UTF_8));
      } else {
        super.setJson(statement, index, text, isJsonColumn);
      }
    }
  },
  /** Any other database: its tables can be read, and written with statements that are given. */
  OTHER {
    @Override
    String upsert(String table, List<String> keys, List<String> others) {
      throw new JdbcTableException(
          "Writing through to table "
              + table
              + " is not supported by itself on this database; on H2, MariaDB, MySQL and PostgreSQL"
              + " it is. Give the statements: JdbcMapping.sql(...)",
          null);
    }
  };

  /** The dialect of the database with this product name. */
  static Dialect of(String productName) {
    return switch (productName.toLowerCase(Locale.ROOT)) {
      case "postgresql" -> POSTGRESQL;
      case "mariadb", "mysql" -> MYSQL;
      case "h2" -> H2;
      default -> OTHER;
    };
  }

  /**
   * The statement, with a parameter for each key and then each other column.
   *
   * @throws JdbcTableException when it is not known how this database says it
   */
  abstract String upsert(String table, List<String> keys, List<String> others);

  /** Sets a parameter to a value of this type, or null. */
  void set(PreparedStatement statement, int index, @Nullable Object value, Class<?> type)
      throws SQLException {
    ColumnTypes.set(statement, index, value, type);
  }

  /**
   * Sets a parameter to a JSON text.
   *
   * @param isJsonColumn whether the column is known to be of a JSON type
   */
  void setJson(PreparedStatement statement, int index, @Nullable String text, boolean isJsonColumn)
      throws SQLException {
    statement.setString(index, text);
  }

  /** The statement, with a parameter for each key and then each other column. */
  static String insert(String table, List<String> keys, List<String> others) {
    return "INSERT INTO "
        + table
        + " ("
        + columns(keys, others)
        + ") VALUES ("
        + marks(keys.size() + others.size())
        + ")";
  }

  private static String columns(List<String> keys, List<String> others) {
    return String.join(", ", keys) + (others.isEmpty() ? "" : ", " + String.join(", ", others));
  }

  static String marks(int count) {
    return "?" + ", ?".repeat(count - 1);
  }
}
