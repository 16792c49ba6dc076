package io.pillion.cache.jdbc;

import io.pillion.cache.jdbc.Shape.Column;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Statements that the application wrote. A parameter is {@code :name}, the name of a column or
 * property of the key or the value, or {@code :keys} for all keys of a bulk load. What looks like
 * one in a quotation, a comment or a cast ({@code ::}) is none.
 */
final class GivenStatements extends Statements {
  private static final String KEYS = "keys";

  private final JdbcMapping<?, ?> mapping;
  private final boolean isBulk;

  GivenStatements(JdbcMapping<?, ?> mapping, Dialect dialect) {
    super(dialect);
    this.mapping = mapping;
    this.isBulk = parse(mapping.given().load()).contains(":" + KEYS);
  }

  /** The statements as they are given; null for those that are not. */
  record Given(@Nullable String load, @Nullable String write, @Nullable String delete) {}

  /**
   * Checks that every parameter is known.
   *
   * @throws IllegalArgumentException naming the first that is not
   */
  static void check(JdbcMapping<?, ?> mapping) {
    GivenStatements statements = new GivenStatements(mapping, Dialect.OTHER);
    Given given = mapping.given();
    if (given.load() != null) {
      statements.select(1);
    }
    if (given.write() != null) {
      statements.write();
    }
    if (given.delete() != null) {
      statements.delete();
    }
  }

  @Override
  int keysPerSelect() {
    return isBulk ? super.keysPerSelect() : 1;
  }

  @Override
  Bound select(int keyCount) {
    return bound("load", mapping.given().load(), keyCount, /* withValue= */ false);
  }

  @Override
  int[] places(ResultSet rows, List<Column> columns, Part part) throws SQLException {
    int[] places = new int[columns.size()];
    if (part == Part.KEY && !isBulk) {
      return places;
    }
    for (int i = 0; i < places.length; i++) {
      places[i] = rows.findColumn(columns.get(i).name());
    }
    return places;
  }

  @Override
  Bound write() {
    return bound("write", mapping.given().write(), 1, /* withValue= */ true);
  }

  @Override
  Bound delete() {
    return bound("delete", mapping.given().delete(), 1, /* withValue= */ false);
  }

  @Override
  boolean isJson(int valueColumn) {
    return false;
  }

  private Bound bound(String what, @Nullable String given, int keyCount, boolean withValue) {
    if (given == null) {
      throw new JdbcTableException(
          "There is no statement to " + what + " " + mapping.name() + "; give one", null);
    }
    StringBuilder sql = new StringBuilder(given.length());
    List<Slot> slots = new ArrayList<>();
    for (String piece : parse(given)) {
      if (piece.equals(":" + KEYS)) {
        sql.append(keys(keyCount, slots));
      } else if (isParameter(piece)) {
        sql.append('?');
        slots.add(slot(piece.substring(1), withValue));
      } else {
        sql.append(piece);
      }
    }
    return new Bound(sql.toString(), slots);
  }

  /** {@code ?, ?} for keys of one column, {@code (?, ?), (?, ?)} for keys of two. */
  private String keys(int keyCount, List<Slot> slots) {
    int columns = mapping.key().columns().size();
    String one = columns == 1 ? "?" : "(" + Dialect.marks(columns) + ")";
    for (int key = 0; key < keyCount; key++) {
      for (int column = 0; column < columns; column++) {
        slots.add(new Slot(Part.KEY, column, key));
      }
    }
    return one + (", " + one).repeat(keyCount - 1);
  }

  private Slot slot(String name, boolean withValue) {
    int column = find(name, mapping.key().columns());
    if (column >= 0) {
      return Slot.ofKey(column);
    }
    column = withValue ? find(name, mapping.value().columns()) : -1;
    if (column >= 0) {
      return Slot.ofValue(column);
    }
    List<Column> known = new ArrayList<>(mapping.key().columns());
    known.addAll(withValue ? mapping.value().columns() : List.of());
    throw new IllegalArgumentException(
        "There is no :"
            + name
            + "; there are "
            + known.stream().map(one -> ":" + one.name()).collect(Collectors.joining(", ")));
  }

  private static int find(String name, List<Column> columns) {
    for (int i = 0; i < columns.size(); i++) {
      Column column = columns.get(i);
      if (name.equalsIgnoreCase(column.name()) || name.equalsIgnoreCase(column.property())) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isParameter(String piece) {
    return piece.length() > 1 && piece.charAt(0) == ':' && isNameStart(piece.charAt(1));
  }

  /** The statement cut into parameters and what is between them. */
  private static List<String> parse(@Nullable String sql) {
    List<String> pieces = new ArrayList<>();
    if (sql == null) {
      return pieces;
    }
    int from = 0;
    int at = 0;
    while (at < sql.length()) {
      int end = endOfOpaque(sql, at);
      if (end > at) {
        at = end;
      } else if (sql.charAt(at) == ':'
          && at + 1 < sql.length()
          && isNameStart(sql.charAt(at + 1))) {
        end = at + 1;
        while (end < sql.length() && Character.isJavaIdentifierPart(sql.charAt(end))) {
          end++;
        }
        pieces.add(sql.substring(from, at));
        String name = sql.substring(at + 1, end);
        pieces.add(":" + (name.toLowerCase(Locale.ROOT).equals(KEYS) ? KEYS : name));
        from = end;
        at = end;
      } else {
        at++;
      }
    }
    pieces.add(sql.substring(from));
    return pieces;
  }

  /** Where what begins here and holds no parameters ends; here if nothing such begins. */
  private static int endOfOpaque(String sql, int at) {
    char c = sql.charAt(at);
    if (c == '\'' || c == '"' || c == '`') {
      return after(sql, String.valueOf(c), at + 1);
    }
    if (sql.startsWith("--", at)) {
      return after(sql, "\n", at + 2);
    }
    if (sql.startsWith("/*", at)) {
      return after(sql, "*/", at + 2);
    }
    return sql.startsWith("::", at) ? at + 2 : at;
  }

  private static int after(String sql, String end, int from) {
    int found = sql.indexOf(end, from);
    return found < 0 ? sql.length() : found + end.length();
  }

  private static boolean isNameStart(char c) {
    return Character.isLetter(c) || c == '_';
  }
}
