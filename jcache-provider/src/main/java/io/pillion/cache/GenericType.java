package io.pillion.cache;

import java.io.Serializable;
import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A type with what is in it, which a class literal cannot say: {@code new
 * GenericType<List<Product>>() {}}. Two are equal if their types are.
 *
 * @param <T> the type; no type variables in it, as they are not known at run time
 */
public abstract class GenericType<T> implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * The type that the subclass names.
   *
   * @throws IllegalArgumentException when it names none, or one with a type variable
   */
  protected GenericType() {
    requireKnown(type());
  }

  /** The type. */
  public final Type type() {
    if (getClass().getSuperclass() == GenericType.class
        && getClass().getGenericSuperclass() instanceof ParameterizedType own) {
      return own.getActualTypeArguments()[0];
    }
    throw new IllegalArgumentException(
        getClass().getName() + " does not name its type: write new GenericType<List<String>>() {}");
  }

  /** The class of its objects. */
  @SuppressWarnings("unchecked") // it is what is left of T at run time
  public final Class<T> rawType() {
    return (Class<T>) raw(type());
  }

  /** All classes that the type names. */
  public final List<Class<?>> classes() {
    List<Class<?>> classes = new ArrayList<>();
    collect(type(), classes);
    return classes;
  }

  private static void collect(Type type, List<Class<?>> classes) {
    if (type instanceof Class<?> one) {
      classes.add(one);
    } else {
      if (type instanceof ParameterizedType) {
        classes.add(raw(type));
      }
      parts(type).forEach(part -> collect(part, classes));
    }
  }

  private static void requireKnown(Type type) {
    if (type instanceof TypeVariable<?>) {
      throw new IllegalArgumentException(
          type + " is not known at run time: name the type in full, or its class");
    }
    parts(type).forEach(GenericType::requireKnown);
  }

  /** What a type is made of. */
  static List<Type> parts(Type type) {
    if (type instanceof ParameterizedType of) {
      return List.of(of.getActualTypeArguments());
    }
    if (type instanceof GenericArrayType array) {
      return List.of(array.getGenericComponentType());
    }
    if (type instanceof WildcardType any) {
      List<Type> bounds = new ArrayList<>(List.of(any.getUpperBounds()));
      bounds.addAll(List.of(any.getLowerBounds()));
      return bounds;
    }
    return type instanceof Class<?> one && one.isArray()
        ? List.of(one.getComponentType())
        : List.of();
  }

  private static Class<?> raw(Type type) {
    if (type instanceof ParameterizedType of) {
      return (Class<?>) of.getRawType();
    }
    if (type instanceof GenericArrayType array) {
      return Array.newInstance(raw(array.getGenericComponentType()), 0).getClass();
    }
    return (Class<?>) type;
  }

  @Override
  public final boolean equals(@Nullable Object other) {
    return other instanceof GenericType<?> another && type().equals(another.type());
  }

  @Override
  public final int hashCode() {
    return type().hashCode();
  }

  @Override
  public final String toString() {
    return type().getTypeName();
  }
}
