package io.pillion.cache.jdbc;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

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
  };

  /**
   * The dialect of the database with this product name.
   *
   * @throws JdbcTableException when it is none of these
   */
  static Dialect of(String productName) {
    return switch (productName.toLowerCase(Locale.ROOT)) {
      case "postgresql" -> POSTGRESQL;
      case "h2" -> H2;
      default ->
          throw new JdbcTableException(
              "Writing through to " + productName + " is not supported; H2 and PostgreSQL are",
              null);
    };
  }

  /** The statement, with a parameter for each key and then each other column. */
  abstract String upsert(String table, List<String> keys, List<String> others);

  private static String insert(String table, List<String> keys, List<String> others) {
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
