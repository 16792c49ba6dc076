package io.pillion.jcache;

/** What every {@code unwrap} of the standard does. */
final class Unwrapping {
  private Unwrapping() {}

  /**
   * The object as this type.
   *
   * @throws IllegalArgumentException when it is none
   */
  static <T> T as(Class<T> type, Object object) {
    if (!type.isInstance(object)) {
      throw new IllegalArgumentException(
          object.getClass().getName() + " cannot be unwrapped as " + type.getName());
    }
    return type.cast(object);
  }
}
