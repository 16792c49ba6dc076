package io.pillion.cache.jdbc;

import io.pillion.cache.jdbc.Shape.Column;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The SQL that reads and writes the rows of a cache, for one database. */
abstract sealed class Statements permits Statements.OfTable, GivenStatements {
  private static final int KEYS_PER_STATEMENT = 500;

  private final Dialect dialect;

  Statements(Dialect dialect) {
    this.dialect = dialect;
  }

  Dialect dialect() {
    return dialect;
  }

  /** What a parameter stands for: a column of one of the keys, or of the value. */
  record Slot(Part part, int column, int keyNumber) {
    static Slot ofKey(int column) {
      return new Slot(Part.KEY, column, 0);
    }

    static Slot ofValue(int column) {
      return new Slot(Part.VALUE, column, 0);
    }
  }

  /** The two halves of an entry. */
  enum Part {
    KEY,
    VALUE
  }

  /** A statement and what its parameters stand for, in order. */
  record Bound(String sql, List<Slot> slots) {}

  /** With how many keys {@link #select} can be asked at once. */
  int keysPerSelect() {
    return KEYS_PER_STATEMENT;
  }

  /** Finds the rows of so many keys. */
  abstract Bound select(int keyCount);

  /** Where these columns are in a result of {@link #select}. */
  abstract int[] places(ResultSet rows, List<Column> columns, Part part) throws SQLException;

  /** Inserts a row, or updates it if its key is there. */
  abstract Bound write();

  /** Deletes a row. */
  abstract Bound delete();

  /** Whether this value column is of a JSON type, as far as that is known. */
  abstract boolean isJson(int valueColumn);

  /**
   * Those for a table.
   *
   * @see JdbcTable the mapping
   */
  static final class OfTable extends Statements {
    private final String table;
    private final List<String> keys;
    private final List<String> values;
    private final List<Boolean> json;
    private final List<Integer> written;

    /**
     * The SQL for this table; all names as the database wants them, quoted.
     *
     * @param json which of the value columns are of a JSON type
     */
    OfTable(
        Dialect dialect, String table, List<String> keys, List<String> values, List<Boolean> json) {
      super(dialect);
      this.table = table;
      this.keys = keys;
      this.values = values;
      this.json = json;
      written =
          IntStream.range(0, values.size())
              .filter(column -> !keys.contains(values.get(column)))
              .boxed()
              .toList();
    }

    /** The positions of those value columns that are not key columns. */
    List<Integer> written() {
      return written;
    }

    @Override
    Bound select(int keyCount) {
      String condition;
      if (keys.size() == 1) {
        condition = keys.get(0) + " IN (" + Dialect.marks(keyCount) + ")";
      } else {
        condition = "(" + ofKey() + ")" + (" OR (" + ofKey() + ")").repeat(keyCount - 1);
      }
      List<String> all = new ArrayList<>(keys);
      all.addAll(values);
      List<Slot> slots = new ArrayList<>();
      for (int key = 0; key < keyCount; key++) {
        for (int column = 0; column < keys.size(); column++) {
          slots.add(new Slot(Part.KEY, column, key));
        }
      }
      return new Bound(
          "SELECT " + String.join(", ", all) + " FROM " + table + " WHERE " + condition, slots);
    }

    @Override
    int[] places(ResultSet rows, List<Column> columns, Part part) {
      int first = part == Part.KEY ? 1 : 1 + keys.size();
      return IntStream.range(first, first + columns.size()).toArray();
    }

    @Override
    Bound write() {
      return new Bound(dialect().upsert(table, keys, others()), row());
    }

    /** Inserts a row that is not there. */
    Bound insert() {
      return new Bound(Dialect.insert(table, keys, others()), row());
    }

    /** Updates a row whose version, in this value column, is lower than the value's. */
    Bound updateOlder(int version) {
      List<Slot> slots = new ArrayList<>();
      written.forEach(column -> slots.add(Slot.ofValue(column)));
      slots.addAll(keySlots());
      slots.add(Slot.ofValue(version));
      String columns =
          others().stream().map(column -> column + " = ?").collect(Collectors.joining(", "));
      return new Bound(
          "UPDATE "
              + table
              + " SET "
              + columns
              + " WHERE "
              + ofKey()
              + " AND "
              + values.get(version)
              + " < ?",
          slots);
    }

    @Override
    Bound delete() {
      return new Bound("DELETE FROM " + table + " WHERE " + ofKey(), keySlots());
    }

    @Override
    boolean isJson(int valueColumn) {
      return json.get(valueColumn);
    }

    private List<String> others() {
      return written.stream().map(values::get).toList();
    }

    private String ofKey() {
      return keys.stream().map(key -> key + " = ?").collect(Collectors.joining(" AND "));
    }

    private List<Slot> keySlots() {
      return IntStream.range(0, keys.size()).mapToObj(Slot::ofKey).toList();
    }

    private List<Slot> row() {
      List<Slot> slots = new ArrayList<>(keySlots());
      written.forEach(column -> slots.add(Slot.ofValue(column)));
      return slots;
    }
  }
}
