package io.pillion.cache.jdbc;

import io.pillion.cache.jdbc.GivenStatements.Given;
import io.pillion.cache.jdbc.Shape.Column;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the entries of a cache lie in a table, or come out of statements: which columns are the key,
 * and which column holds which property of the value.
 *
 * <pre>{@code
 * record Product(long id, String name, BigDecimal unitPrice) {}
 *
 * JdbcMapping<Long, Product> products =
 *     JdbcMapping.table("product", Long.class, Product.class).key("id").build();
 * }</pre>
 *
 * <p>A value is a record, a bean (a constructor without parameters, getters and setters), or one of
 * the {@linkplain #isColumnType types of a single column}. A property lies in the column of its
 * name in lower case with underscores ({@code unitPrice} in {@code unit_price}), unless said
 * otherwise; upper and lower case of column names do not matter. A key is a single column, or a
 * record for several. A property may lie in a key column; it is read from there, and the cache's
 * key is what is written.
 *
 * <p>Where one table is not enough, the statements are {@linkplain #sql given}:
 *
 * <pre>{@code
 * JdbcMapping.sql(Long.class, Product.class)
 *     .key("id")
 *     .load("select p.id, p.name, s.level from product p join stock s using (id)"
 *         + " where p.id in (:keys)")
 *     .write("update product set name = :name where id = :id")
 *     .delete("delete from product where id = :id")
 *     .build();
 * }</pre>
 */
public final class JdbcMapping<K, V> {
  private static final Pattern TABLE =
      Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_$]*(\\.[\\p{L}_][\\p{L}\\p{N}_$]*)?");

  private final String table;
  private final Given given;
  private final Shape<K> key;
  private final Shape<V> value;
  private final int version;

  private JdbcMapping(String table, Given given, Shape<K> key, Shape<V> value, int version) {
    this.table = table;
    this.given = given;
    this.key = key;
    this.value = value;
    this.version = version;
  }

  /** Begins a mapping of this table, given as {@code name} or {@code schema.name}. */
  public static <K, V> Builder<K, V> table(String table, Class<K> keyType, Class<V> valueType) {
    return new Builder<>(table, keyType, valueType);
  }

  /** Begins a mapping of the rows that given statements load and write. */
  public static <K, V> Builder<K, V> sql(Class<K> keyType, Class<V> valueType) {
    return new Builder<>("", keyType, valueType);
  }

  /** Whether a value of this type is one column and not a record or bean of several. */
  public static boolean isColumnType(Class<?> type) {
    return ColumnTypes.isColumnType(type);
  }

  /** Empty when statements are given. */
  String table() {
    return table;
  }

  /** What is read and written, as messages say it. */
  String name() {
    return isGiven() ? "the rows of " + value.type().getName() : "table " + table;
  }

  boolean isGiven() {
    return table.isEmpty();
  }

  Given given() {
    return given;
  }

  /** The position of the version among the value's columns; -1 for none. */
  int version() {
    return version;
  }

  Shape<K> key() {
    return key;
  }

  Shape<V> value() {
    return value;
  }

  /** {@code unitPrice} as {@code unit_price}. */
  static String columnOf(String property) {
    StringBuilder column = new StringBuilder(property.length() + 4);
    for (int i = 0; i < property.length(); i++) {
      char c = property.charAt(i);
      boolean starts =
          Character.isUpperCase(c) && i > 0 && !Character.isUpperCase(property.charAt(i - 1));
      if (starts) {
        column.append('_');
      }
      column.append(c);
    }
    return column.toString().toLowerCase(Locale.ROOT);
  }

  /** Gathers a mapping. */
  public static final class Builder<K, V> {
    private final String table;
    private final Class<K> keyType;
    private final Class<V> valueType;
    private final Map<String, String> columns = new TreeMap<>();
    private final List<String> leftOut = new ArrayList<>();
    private final Set<String> json = new HashSet<>();
    private List<String> keyColumns = List.of();
    private @Nullable String valueColumn;
    private @Nullable String versionProperty;
    private boolean isWholeJson;
    private Given given = new Given(null, null, null);

    private Builder(String table, Class<K> keyType, Class<V> valueType) {
      this.table = table;
      this.keyType = keyType;
      this.valueType = valueType;
    }

    /**
     * The key's columns: one, or for a record as many as it has components, in their order. Without
     * this, the columns named after the record's components.
     */
    public Builder<K, V> key(String... columns) {
      keyColumns = List.of(columns);
      return this;
    }

    /** The column of a property of the value. */
    public Builder<K, V> column(String property, String column) {
      columns.put(property, column);
      return this;
    }

    /** The column of a value that is a single column. */
    public Builder<K, V> valueColumn(String column) {
      valueColumn = column;
      return this;
    }

    /** The column that holds the whole value as JSON, see {@link #json}. */
    public Builder<K, V> valueAsJson(String column) {
      valueColumn = column;
      isWholeJson = true;
      return this;
    }

    /**
     * Properties that lie in their columns as JSON, of whatever type they are. The columns are of
     * the database's JSON type or hold text. Needs Jackson 3 ({@code
     * tools.jackson.core:jackson-databind}).
     */
    public Builder<K, V> json(String... properties) {
      json.addAll(Arrays.asList(properties));
      return this;
    }

    /**
     * The property of the value, a number, that says which of two values of a key is the later one.
     * Whoever changes a value counts it up. A row is replaced only by a value of a higher version;
     * otherwise writing fails with a {@link JdbcConflictException}, unless the row holds that very
     * value already. A row that is not there is inserted, whatever the version; deleting does not
     * ask for it.
     *
     * <p>With given statements, it is the statement that compares (as {@code … where id = :id and
     * version < :version}): one that changes no row is a conflict.
     */
    public Builder<K, V> version(String property) {
      versionProperty = property;
      return this;
    }

    /**
     * The statement that finds rows; for {@link JdbcMapping#sql} only. With {@code where id in
     * (:keys)}, or {@code (a, b) in (:keys)} for keys of two columns, it is asked for many at once
     * and its result has the key's columns, too; else with {@code where id = :id} for one. A
     * property of the value is read from the column of its name.
     */
    public Builder<K, V> load(String select) {
      given = new Given(select, given.write(), given.delete());
      return this;
    }

    /**
     * The statement that inserts or updates a row; for {@link JdbcMapping#sql} only. Its parameters
     * are the columns or properties of key and value, as {@code :unitPrice}.
     */
    public Builder<K, V> write(String upsert) {
      given = new Given(given.load(), upsert, given.delete());
      return this;
    }

    /** The statement that deletes a row by the columns of its key; likewise. */
    public Builder<K, V> delete(String delete) {
      given = new Given(given.load(), given.write(), delete);
      return this;
    }

    /** Properties of a bean that have no column; they keep what its constructor gives them. */
    public Builder<K, V> without(String... properties) {
      leftOut.addAll(Arrays.asList(properties));
      return this;
    }

    /**
     * The mapping.
     *
     * @throws IllegalArgumentException when it does not fit the types; whether it fits the table is
     *     found out when that is first used
     */
    public JdbcMapping<K, V> build() {
      boolean isGiven = !given.equals(new Given(null, null, null));
      if (isGiven != table.isEmpty()) {
        throw new IllegalArgumentException(
            isGiven
                ? "Statements are given, or made for a table: table " + table + " has both"
                : "Neither a table nor a statement is given");
      }
      if (!isGiven && !TABLE.matcher(table).matches()) {
        throw new IllegalArgumentException("Not the name of a table: '" + table + "'");
      }
      Shape<V> value = valueShape();
      JdbcMapping<K, V> mapping =
          new JdbcMapping<>(table, given, keyShape(), value, versionOf(value));
      GivenStatements.check(mapping);
      return mapping;
    }

    private int versionOf(Shape<V> value) {
      if (versionProperty == null) {
        return -1;
      }
      for (int i = 0; i < value.columns().size(); i++) {
        Column column = value.columns().get(i);
        if (column.property().equals(versionProperty) && ColumnTypes.isInteger(column.type())) {
          return i;
        }
      }
      throw new IllegalArgumentException(
          valueType.getName() + " has no property " + versionProperty + " that is an int or long");
    }

    private Shape<K> keyShape() {
      if (ColumnTypes.isColumnType(keyType)) {
        if (keyColumns.size() != 1) {
          throw new IllegalArgumentException(
              "A key of type " + keyType.getName() + " needs one key column: " + keyColumns);
        }
        return Shape.single(keyType, keyColumns.get(0), null);
      }
      Map<String, String> names = new LinkedHashMap<>();
      List<String> properties = Shape.properties(keyType);
      if (!keyType.isRecord() || properties.isEmpty()) {
        throw new IllegalArgumentException(
            "A key of several columns must be a record: " + keyType.getName());
      }
      if (!keyColumns.isEmpty() && keyColumns.size() != properties.size()) {
        throw new IllegalArgumentException(
            keyType.getName() + " has the components " + properties + ", not " + keyColumns);
      }
      for (int i = 0; i < properties.size(); i++) {
        names.put(
            properties.get(i),
            keyColumns.isEmpty() ? columnOf(properties.get(i)) : keyColumns.get(i));
      }
      return Shape.of(keyType, names, Set.of());
    }

    private Shape<V> valueShape() {
      if (isWholeJson && valueColumn != null) {
        return Shape.single(valueType, valueColumn, new JsonText(valueType));
      }
      if (ColumnTypes.isColumnType(valueType)) {
        if (valueColumn == null) {
          throw new IllegalArgumentException(
              "A value of type " + valueType.getName() + " needs valueColumn(...)");
        }
        return Shape.single(valueType, valueColumn, null);
      }
      Map<String, String> names = new LinkedHashMap<>();
      List<String> properties = Shape.properties(valueType);
      List<String> unknown = new ArrayList<>(columns.keySet());
      unknown.addAll(leftOut);
      unknown.addAll(json);
      unknown.removeAll(properties);
      if (!unknown.isEmpty() || valueColumn != null) {
        throw new IllegalArgumentException(
            valueType.getName() + " has the properties " + properties + ", not " + unknown);
      }
      for (String property : properties) {
        if (!leftOut.contains(property)) {
          names.put(property, columns.getOrDefault(property, columnOf(property)));
        }
      }
      return Shape.of(valueType, names, json);
    }
  }
}
