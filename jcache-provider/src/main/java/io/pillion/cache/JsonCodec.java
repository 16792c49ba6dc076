package io.pillion.cache;

import java.lang.reflect.Type;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON of one declared type, by Jackson 3 (an optional dependency: {@code
 * tools.jackson.core:jackson-databind}). The type comes from the setting, never from the data.
 */
public final class JsonCodec implements ValueCodec {
  static final int ID = 17;

  private final JsonMapper mapper;
  private final JavaType type;

  /** Other classes than the declared one that have come back as themselves. */
  private final Set<Class<?>> known = ConcurrentHashMap.newKeySet();

  /** A codec for this type with Jackson's defaults. */
  public JsonCodec(Type type) {
    this(type, JsonMapper.builder().build());
  }

  /** A codec for this type with the application's mapper. */
  public JsonCodec(Type type, JsonMapper mapper) {
    this.mapper = mapper;
    this.type = mapper.getTypeFactory().constructType(type);
  }

  @Override
  public int id() {
    return ID;
  }

  @Override
  public byte[] encode(Object value) {
    byte[] json;
    try {
      json = mapper.writerFor(type).writeValueAsBytes(value);
    } catch (JacksonException e) {
      throw new CodecException(
          value.getClass().getName() + " cannot be written as JSON of " + type.toCanonical(), e);
    }
    requireSameClass(value, json);
    return json;
  }

  /**
   * A subclass of the declared one would be written without what it adds, and read as another
   * class, unless the types are annotated ({@code @JsonTypeInfo}); looked at once for a class.
   */
  private void requireSameClass(Object value, byte[] json) {
    Class<?> own = value.getClass();
    if (own != type.getRawClass() && !type.isContainerType() && !known.contains(own)) {
      Class<?> read = decode(json).getClass();
      if (read != own) {
        throw new CodecException(
            own.getName()
                + " would be read back from JSON as "
                + read.getName()
                + ": annotate "
                + type.toCanonical()
                + " with @JsonTypeInfo and @JsonSubTypes, or declare the class itself",
            null);
      }
      known.add(own);
    }
  }

  @Override
  public Object decode(byte[] bytes) {
    try {
      Object value = mapper.readerFor(type).readValue(bytes);
      if (value == null) {
        throw new CodecException("A JSON null is not a value", null);
      }
      return value;
    } catch (JacksonException e) {
      throw new CodecException(
          "A stored value is not JSON of " + type.toCanonical() + ": " + e.getOriginalMessage(), e);
    }
  }
}
