package io.pillion.cache.jdbc;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.temporal.Temporal;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The Java types that one column holds, and how they go in and come out. */
@SuppressWarnings("JavaUtilDate") // the application's types
final class ColumnTypes {
  private static final Map<Class<?>, Class<?>> BOXED =
      Map.of(
          boolean.class, Boolean.class,
          byte.class, Byte.class,
          short.class, Short.class,
          int.class, Integer.class,
          long.class, Long.class,
          float.class, Float.class,
          double.class, Double.class,
          char.class, Character.class);

  private static final Set<Class<?>> PLAIN =
      Set.of(
          Boolean.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class,
          Character.class,
          String.class,
          BigDecimal.class,
          BigInteger.class,
          byte[].class,
          UUID.class,
          LocalDate.class,
          LocalTime.class,
          LocalDateTime.class,
          OffsetDateTime.class,
          Instant.class,
          java.sql.Date.class,
          Time.class,
          Timestamp.class,
          java.util.Date.class);

  private ColumnTypes() {}

  static boolean isColumnType(Class<?> type) {
    return type.isPrimitive() || type.isEnum() || PLAIN.contains(type);
  }

  static boolean isInteger(Class<?> type) {
    Class<?> boxed = BOXED.getOrDefault(type, type);
    return boxed == Integer.class || boxed == Long.class || boxed == Short.class;
  }

  /**
   * Whether a row holds what was written there, as far as columns keep it: numbers may have got
   * another scale, and times have been rounded, to seconds at most.
   */
  static boolean isSame(@Nullable Object inRow, @Nullable Object written, Shape.Column column) {
    if (inRow == null || written == null) {
      return inRow == written;
    }
    if (column.json() != null) {
      return inRow.equals(written) || column.json().isSame(inRow, written);
    }
    if (inRow instanceof BigDecimal number && written instanceof BigDecimal other) {
      return number.compareTo(other) == 0;
    }
    if (inRow instanceof byte[] bytes && written instanceof byte[] other) {
      return Arrays.equals(bytes, other);
    }
    if (inRow instanceof Temporal time && time.isSupported(ChronoUnit.MILLIS)) {
      return Math.abs(ChronoUnit.MILLIS.between(time, (Temporal) written)) <= 1_000;
    }
    if (inRow instanceof java.util.Date time && written instanceof java.util.Date other) {
      return Math.abs(time.getTime() - other.getTime()) <= 1_000;
    }
    return inRow.equals(written);
  }

  /** Sets a parameter; enums go in by name, instants as times with an offset. */
  static void set(PreparedStatement statement, int index, @Nullable Object value, Class<?> type)
      throws SQLException {
    if (value == null) {
      statement.setNull(index, sqlType(type));
    } else if (value instanceof Enum<?> constant) {
      statement.setString(index, constant.name());
    } else if (value instanceof Character letter) {
      statement.setString(index, letter.toString());
    } else if (value instanceof Instant instant) {
      statement.setObject(index, instant.atOffset(ZoneOffset.UTC));
    } else if (value.getClass() == java.util.Date.class) {
      statement.setTimestamp(index, new Timestamp(((java.util.Date) value).getTime()));
    } else if (value instanceof BigInteger integer) {
      statement.setBigDecimal(index, new BigDecimal(integer));
    } else {
      statement.setObject(index, value);
    }
  }

  private static int sqlType(Class<?> type) {
    Class<?> boxed = BOXED.getOrDefault(type, type);
    if (boxed == String.class || boxed == Character.class || boxed.isEnum()) {
      return Types.VARCHAR;
    }
    if (boxed == Boolean.class) {
      return Types.BOOLEAN;
    }
    if (boxed == byte[].class) {
      return Types.VARBINARY;
    }
    if (boxed == Double.class || boxed == Float.class) {
      return Types.DOUBLE;
    }
    if (boxed == Integer.class || boxed == Short.class || boxed == Byte.class) {
      return Types.INTEGER;
    }
    if (boxed == Long.class) {
      return Types.BIGINT;
    }
    return Number.class.isAssignableFrom(boxed) ? Types.NUMERIC : timeType(boxed);
  }

  private static int timeType(Class<?> type) {
    if (type == LocalDate.class || type == java.sql.Date.class) {
      return Types.DATE;
    }
    if (type == LocalTime.class || type == Time.class) {
      return Types.TIME;
    }
    if (type == LocalDateTime.class || java.util.Date.class.isAssignableFrom(type)) {
      return Types.TIMESTAMP;
    }
    return type == UUID.class ? Types.OTHER : Types.TIMESTAMP_WITH_TIMEZONE;
  }

  /**
   * Reads a column as this type.
   *
   * @return null for an SQL null
   * @throws JdbcTableException when the column is null and the type a primitive one, or it holds
   *     what an enum does not know
   */
  static @Nullable Object get(ResultSet row, int index, Shape.Column column) throws SQLException {
    if (column.json() != null) {
      String text = row.getString(index);
      return text == null ? null : column.json().read(text, column.name());
    }
    Class<?> type = BOXED.getOrDefault(column.type(), column.type());
    Object value = read(row, index, type, column);
    if (row.wasNull() || value == null) {
      if (column.type().isPrimitive()) {
        throw new JdbcTableException(
            "Column "
                + column.name()
                + " is null, but the property "
                + column.property()
                + " of type "
                + column.type()
                + " cannot be: make it "
                + type.getSimpleName(),
            null);
      }
      return null;
    }
    return value;
  }

  private static @Nullable Object read(ResultSet row, int index, Class<?> type, Shape.Column column)
      throws SQLException {
    if (type == Long.class) {
      return row.getLong(index);
    }
    if (type == Integer.class) {
      return row.getInt(index);
    }
    if (type == Short.class) {
      return row.getShort(index);
    }
    if (type == Byte.class) {
      return row.getByte(index);
    }
    if (type == Double.class) {
      return row.getDouble(index);
    }
    if (type == Float.class) {
      return row.getFloat(index);
    }
    if (type == Boolean.class) {
      return row.getBoolean(index);
    }
    if (type == BigDecimal.class) {
      return row.getBigDecimal(index);
    }
    if (type == byte[].class) {
      return row.getBytes(index);
    }
    if (type == BigInteger.class) {
      BigDecimal number = row.getBigDecimal(index);
      return number == null ? null : number.toBigInteger();
    }
    if (type == Instant.class) {
      OffsetDateTime time = row.getObject(index, OffsetDateTime.class);
      return time == null ? null : time.toInstant();
    }
    if (type == java.util.Date.class) {
      Timestamp time = row.getTimestamp(index);
      return time == null ? null : new java.util.Date(time.getTime());
    }
    if (type == String.class || type == Character.class || type.isEnum()) {
      String text = row.getString(index);
      return text == null ? null : fromText(text, type, column);
    }
    return type == UUID.class ? uuid(row.getObject(index)) : row.getObject(index, type);
  }

  /** Where a database has no such type, it is a text or its sixteen bytes. */
  private static @Nullable UUID uuid(@Nullable Object held) {
    if (held == null || held instanceof UUID) {
      return (UUID) held;
    }
    if (held instanceof byte[] bytes && bytes.length == 2 * Long.BYTES) {
      ByteBuffer halves = ByteBuffer.wrap(bytes);
      return new UUID(halves.getLong(), halves.getLong());
    }
    return UUID.fromString(held.toString().strip());
  }

  private static @Nullable Object fromText(String text, Class<?> type, Shape.Column column) {
    if (type == String.class) {
      return text;
    }
    if (type == Character.class) {
      return text.isEmpty() ? null : text.charAt(0);
    }
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(text)) {
        return constant;
      }
    }
    throw new JdbcTableException(
        "Column " + column.name() + " holds a text that " + type.getName() + " does not know",
        null);
  }
}
