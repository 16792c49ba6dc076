package io.pillion.cache;

import java.lang.reflect.Type;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON of one declared type, by Jackson 3 (an optional dependency: {@code
 * tools.jackson.core:jackson-databind}). The type comes from the setting, never from the data; for
 * a list of products it is {@code new GenericType<List<Product>>() {}.type()}.
 *
 * <p>What JSON would read back as another class is refused when it is stored: subclasses without
 * annotations that name them, and products in a {@code List<Object>}.
 */
public final class JsonCodec implements ValueCodec {
  static final int ID = 17;

  private final JsonMapper mapper;
  private final JavaType type;

  /** Where other classes than the declared one have come back as themselves. */
  private final Set<Place> known = ConcurrentHashMap.newKeySet();

  /**
   * A codec for this type with Jackson's defaults.
   *
   * @throws IllegalArgumentException when the type does not say what is in it, as {@code
   *     List.class}
   */
  public JsonCodec(Type type) {
    this(type, JsonMapper.builder().build());
  }

  /**
   * A codec for this type with the application's mapper.
   *
   * @throws IllegalArgumentException when the type does not say what is in it, as {@code
   *     List.class}
   */
  public JsonCodec(Type type, JsonMapper mapper) {
    requireWhole(type);
    this.mapper = mapper;
    this.type = mapper.getTypeFactory().constructType(type);
  }

  /** What a raw type holds would be read as maps, and fail in the application's hands. */
  private static void requireWhole(Type type) {
    if (type instanceof Class<?> raw && raw.getTypeParameters().length > 0) {
      String name = raw.getSimpleName();
      throw new IllegalArgumentException(
          String.format(
              "%s does not say what is in it, and JSON would read that back as maps: give the"
                  + " whole type, as new GenericType<%s<%s>>() {}",
              raw.getName(), name, raw.getTypeParameters().length == 1 ? "…" : "…, …"));
    }
    GenericType.parts(type).forEach(JsonCodec::requireWhole);
  }

  /** A class where this type is declared. */
  private record Place(JavaType declared, Class<?> own) {}

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
    requireSameClasses(type, value);
    return json;
  }

  private void requireSameClasses(JavaType declared, Object value) {
    if (declared.isContainerType()) {
      JavaType content = declared.getContentType();
      if (content != null && !content.isPrimitive()) {
        contentOf(value).forEach(one -> requireSameClasses(content, one));
      }
    } else if (value.getClass() != declared.getRawClass()) {
      requireSameClass(declared, value);
    }
  }

  private static Stream<?> contentOf(Object container) {
    Stream<?> content =
        container instanceof Collection<?> collection
            ? collection.stream()
            : container instanceof Map<?, ?> map
                ? map.values().stream()
                : container instanceof Object[] array ? Stream.of(array) : Stream.empty();
    return content.filter(Objects::nonNull);
  }

  /**
   * A subclass of the declared one would be written without what it adds, and read as another
   * class, unless the types are annotated ({@code @JsonTypeInfo}); looked at once for a class.
   */
  private void requireSameClass(JavaType declared, Object value) {
    Class<?> own = value.getClass();
    Place place = new Place(declared, own);
    if (known.contains(place)) {
      return;
    }
    Object read = readAgain(declared, value);
    boolean same = read.getClass() == own;
    // Of collections only the elements matter; of numbers each may be read as another class.
    if (!same && !((value instanceof Collection || value instanceof Map) && value.equals(read))) {
      throw new CodecException(
          own.getName()
              + " would be read back from JSON as "
              + read.getClass().getName()
              + ": annotate "
              + declared.toCanonical()
              + " with @JsonTypeInfo and @JsonSubTypes, or declare the class itself",
          null);
    }
    if (same && !(value instanceof Number || value instanceof Collection || value instanceof Map)) {
      known.add(place);
    }
  }

  private Object readAgain(JavaType declared, Object value) {
    try {
      byte[] json = mapper.writerFor(declared).writeValueAsBytes(value);
      Object read = mapper.readerFor(declared).readValue(json);
      if (read != null) {
        return read;
      }
    } catch (JacksonException e) {
      throw new CodecException(
          value.getClass().getName()
              + " is written as JSON of "
              + declared.toCanonical()
              + ", but cannot be read back: "
              + e.getOriginalMessage(),
          e);
    }
    throw new CodecException(
        value.getClass().getName() + " would be read back from JSON as null", null);
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
