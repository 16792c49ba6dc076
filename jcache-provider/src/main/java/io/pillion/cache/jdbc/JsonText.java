package io.pillion.cache.jdbc;

import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a column of JSON holds, as the Java type it stands for, by Jackson 3 (an optional
 * dependency). The type is the property's, never named by the data.
 */
final class JsonText {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final JavaType type;

  JsonText(Type type) {
    this.type = MAPPER.getTypeFactory().constructType(type);
  }

  /**
   * The text of this object.
   *
   * @throws JdbcTableException when it cannot be written
   */
  String write(Object value) {
    try {
      return MAPPER.writerFor(type).writeValueAsString(value);
    } catch (JacksonException e) {
      throw new JdbcTableException("Not to be written as JSON: " + type.toCanonical(), e);
    }
  }

  /** Whether they are the same JSON: a database may have given the fields another order. */
  boolean isSame(Object one, Object other) {
    return MAPPER.readTree(write(one)).equals(MAPPER.readTree(write(other)));
  }

  /**
   * The object of this text; null for a JSON null.
   *
   * @throws JdbcTableException when it is not JSON of the type
   */
  @Nullable Object read(String text, String column) {
    try {
      return MAPPER.readerFor(type).readValue(text);
    } catch (JacksonException e) {
      throw new JdbcTableException(
          "Column " + column + " holds no JSON of " + type.toCanonical(), e);
    }
  }
}
