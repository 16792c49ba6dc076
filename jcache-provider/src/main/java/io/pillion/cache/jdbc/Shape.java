package io.pillion.cache.jdbc;

import java.beans.IntrospectionException;
import java.beans.Introspector;
import java.beans.PropertyDescriptor;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How objects of one type are taken apart into columns and put together again. */
abstract sealed class Shape<T> {
  private final Class<T> type;
  private final List<Column> columns;

  private Shape(Class<T> type, List<Column> columns) {
    this.type = type;
    this.columns = List.copyOf(columns);
  }

  /** A type that is one column, as JSON or, with null, as it is. */
  static <T> Shape<T> single(Class<T> type, String column, @Nullable JsonText json) {
    return new Single<>(new Column(column, column, type, json), type);
  }

  /**
   * A record or bean whose properties lie in these columns.
   *
   * @param json those of the properties that lie there as JSON
   */
  static <T> Shape<T> of(Class<T> type, Map<String, String> columnOfProperty, Set<String> json) {
    return type.isRecord()
        ? new OfRecord<>(type, columnOfProperty, json)
        : new OfBean<>(type, columnOfProperty, json);
  }

  /**
   * The names of a record's components, or of a bean's properties that can be read and written.
   *
   * @throws IllegalArgumentException when the type is neither
   */
  static List<String> properties(Class<?> type) {
    if (type.isRecord()) {
      return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
    }
    List<String> names = descriptors(type).stream().map(PropertyDescriptor::getName).toList();
    if (names.isEmpty()) {
      throw new IllegalArgumentException(
          type.getName()
              + " is neither a record, nor a bean with getters and setters, nor one of"
              + " the types that a column holds");
    }
    return names;
  }

  private static List<PropertyDescriptor> descriptors(Class<?> type) {
    try {
      return Arrays.stream(Introspector.getBeanInfo(type, Object.class).getPropertyDescriptors())
          .filter(one -> one.getReadMethod() != null && one.getWriteMethod() != null)
          .toList();
    } catch (IntrospectionException e) {
      throw new IllegalArgumentException(type.getName() + " cannot be inspected", e);
    }
  }

  Class<T> type() {
    return type;
  }

  /** The columns, in the order of {@link #take} and {@link #make}. */
  List<Column> columns() {
    return columns;
  }

  /** What the columns hold for this object. */
  abstract List<@Nullable Object> take(T object);

  /** The object for what the columns hold. */
  abstract T make(List<@Nullable Object> held);

  /** Lets this package call what the application made, even in its package-private types. */
  private static <A extends AccessibleObject> A accessible(A member) {
    member.setAccessible(true);
    return member;
  }

  private static @Nullable Object call(
      Method method, Object target, @Nullable Object... arguments) {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw failed(method.toString(), e.getCause());
    } catch (IllegalAccessException e) {
      throw failed(method.toString(), e);
    }
  }

  private static <T> T construct(Constructor<T> constructor, @Nullable Object... arguments) {
    try {
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      throw failed(constructor.toString(), e.getCause());
    } catch (InstantiationException | IllegalAccessException e) {
      throw failed(constructor.toString(), e);
    }
  }

  private static JdbcTableException failed(String member, @Nullable Throwable cause) {
    return new JdbcTableException(member + " failed: " + cause, cause);
  }

  private static <T> Constructor<T> constructor(Class<T> type, Class<?>... parameters) {
    try {
      return accessible(type.getDeclaredConstructor(parameters));
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(
          type.getName() + " needs a constructor without parameters", e);
    }
  }

  /**
   * A column, the property it holds, and its type in Java.
   *
   * @param json null when the column holds the type as it is
   */
  record Column(String name, String property, Class<?> type, @Nullable JsonText json) {
    static Column of(
        Map<String, String> columnOfProperty,
        Set<String> json,
        String property,
        Class<?> type,
        Type genericType) {
      if (!json.contains(property) && !ColumnTypes.isColumnType(type)) {
        throw new IllegalArgumentException(
            "The property "
                + property
                + " is of type "
                + type.getName()
                + ", which no column holds: keep it as JSON with json(\""
                + property
                + "\"), or leave it out of a bean with without(...)");
      }
      return new Column(
          columnOfProperty.getOrDefault(property, property),
          property,
          type,
          json.contains(property) ? new JsonText(genericType) : null);
    }
  }

  private static final class Single<T> extends Shape<T> {
    Single(Column column, Class<T> type) {
      super(type, List.of(column));
    }

    @Override
    List<@Nullable Object> take(T object) {
      return Arrays.asList(object);
    }

    @Override
    @SuppressWarnings("unchecked") // read as this very type
    T make(List<@Nullable Object> held) {
      return (T) held.get(0);
    }
  }

  private static final class OfRecord<T> extends Shape<T> {
    private final Constructor<T> constructor;
    private final List<Method> accessors = new ArrayList<>();

    OfRecord(Class<T> type, Map<String, String> columnOfProperty, Set<String> json) {
      super(
          type,
          Arrays.stream(type.getRecordComponents())
              .map(
                  part ->
                      Column.of(
                          columnOfProperty,
                          json,
                          part.getName(),
                          part.getType(),
                          part.getGenericType()))
              .toList());
      if (columnOfProperty.size() != type.getRecordComponents().length) {
        throw new IllegalArgumentException("Every component of a record needs a column");
      }
      constructor =
          Shape.constructor(
              type,
              Arrays.stream(type.getRecordComponents())
                  .map(RecordComponent::getType)
                  .toArray(Class<?>[]::new));
      for (RecordComponent part : type.getRecordComponents()) {
        accessors.add(accessible(part.getAccessor()));
      }
    }

    @Override
    List<@Nullable Object> take(T object) {
      List<@Nullable Object> held = new ArrayList<>(accessors.size());
      accessors.forEach(accessor -> held.add(call(accessor, object)));
      return held;
    }

    @Override
    T make(List<@Nullable Object> held) {
      return construct(constructor, held.toArray());
    }
  }

  private static final class OfBean<T> extends Shape<T> {
    private final Constructor<T> constructor;
    private final List<Method> getters = new ArrayList<>();
    private final List<Method> setters = new ArrayList<>();

    OfBean(Class<T> type, Map<String, String> columnOfProperty, Set<String> json) {
      super(
          type,
          descriptors(type).stream()
              .filter(one -> columnOfProperty.containsKey(one.getName()))
              .map(
                  one ->
                      Column.of(
                          columnOfProperty,
                          json,
                          one.getName(),
                          one.getPropertyType(),
                          one.getReadMethod().getGenericReturnType()))
              .toList());
      constructor = Shape.constructor(type);
      for (PropertyDescriptor one : descriptors(type)) {
        if (columnOfProperty.containsKey(one.getName())) {
          getters.add(accessible(one.getReadMethod()));
          setters.add(accessible(one.getWriteMethod()));
        }
      }
    }

    @Override
    List<@Nullable Object> take(T object) {
      List<@Nullable Object> held = new ArrayList<>(getters.size());
      getters.forEach(getter -> held.add(call(getter, object)));
      return held;
    }

    @Override
    T make(List<@Nullable Object> held) {
      T bean = construct(constructor);
      for (int i = 0; i < setters.size(); i++) {
        call(setters.get(i), bean, held.get(i));
      }
      return bean;
    }
  }
}
