package io.pillion.cache.jdbc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the entries of a cache lie in a table: which columns are the key, and which column holds
 * which property of the value.
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
 */
public final class JdbcMapping<K, V> {
  private static final Pattern TABLE =
      Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_$]*(\\.[\\p{L}_][\\p{L}\\p{N}_$]*)?");

  private final String table;
  private final Shape<K> key;
  private final Shape<V> value;

  private JdbcMapping(String table, Shape<K> key, Shape<V> value) {
    this.table = table;
    this.key = key;
    this.value = value;
  }

  /** Begins a mapping of this table, given as {@code name} or {@code schema.name}. */
  public static <K, V> Builder<K, V> table(String table, Class<K> keyType, Class<V> valueType) {
    return new Builder<>(table, keyType, valueType);
  }

  /** Whether a value of this type is one column and not a record or bean of several. */
  public static boolean isColumnType(Class<?> type) {
    return ColumnTypes.isColumnType(type);
  }

  String table() {
    return table;
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
    private List<String> keyColumns = List.of();
    private @Nullable String valueColumn;

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
      if (!TABLE.matcher(table).matches()) {
        throw new IllegalArgumentException("Not the name of a table: '" + table + "'");
      }
      return new JdbcMapping<>(table, keyShape(), valueShape());
    }

    private Shape<K> keyShape() {
      if (ColumnTypes.isColumnType(keyType)) {
        if (keyColumns.size() != 1) {
          throw new IllegalArgumentException(
              "A key of type " + keyType.getName() + " needs one key column: " + keyColumns);
        }
        return Shape.single(keyType, keyColumns.get(0));
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
      return Shape.of(keyType, names);
    }

    private Shape<V> valueShape() {
      if (ColumnTypes.isColumnType(valueType)) {
        if (valueColumn == null) {
          throw new IllegalArgumentException(
              "A value of type " + valueType.getName() + " needs valueColumn(...)");
        }
        return Shape.single(valueType, valueColumn);
      }
      Map<String, String> names = new LinkedHashMap<>();
      List<String> properties = Shape.properties(valueType);
      List<String> unknown = new ArrayList<>(columns.keySet());
      unknown.addAll(leftOut);
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
      return Shape.of(valueType, names);
    }
  }
}
