package io.pillion.cache;

import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

/**
 * Knows the classes whose objects can never change, so that one object may be given to everybody.
 * Each class is looked at once.
 */
final class ImmutableTypes {
  private static final Set<Class<?>> KNOWN =
      Set.of(
          String.class,
          Boolean.class,
          Byte.class,
          Short.class,
          Integer.class,
          Long.class,
          Float.class,
          Double.class,
          Character.class,
          BigInteger.class,
          BigDecimal.class,
          UUID.class,
          URI.class,
          Locale.class);

  private final ClassPatterns declared = new ClassPatterns();
  private final ClassValue<Boolean> immutable =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          return isImmutable(type);
        }
      };

  /** Those that are always so, and those declared by these patterns. */
  ImmutableTypes(Iterable<String> patterns) {
    patterns.forEach(declared::add);
  }

  /** Whether this object can never change, nor anything it holds. */
  boolean isImmutable(Object value) {
    return immutable.get(value.getClass());
  }

  private boolean isImmutable(Class<?> type) {
    return KNOWN.contains(type)
        || Enum.class.isAssignableFrom(type)
        || (type.getPackageName().equals("java.time") && Modifier.isFinal(type.getModifiers()))
        || declared.contains(type.getName())
        || (type.isRecord() && holdsOnlyImmutables(type));
  }

  /** A component counts by its declared class, which must leave no room for another one. */
  private boolean holdsOnlyImmutables(Class<?> type) {
    for (RecordComponent component : type.getRecordComponents()) {
      Class<?> held = component.getType();
      boolean exact = Modifier.isFinal(held.getModifiers()) || held.isEnum();
      // A record that holds its own class ends here: not known to be immutable.
      if (!held.isPrimitive() && (held == type || !exact || !isImmutable(held))) {
        return false;
      }
    }
    return true;
  }
}
