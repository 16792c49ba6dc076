package io.pillion.engine.datatype;

/** What the first byte of a hash's or set's root block says about the rest of it. */
final class Layout {
  /** One {@link Packed} record. */
  static final int PACKED = 1;

  /** Sorted {@link Integers}. */
  static final int INTEGERS = 2;

  /** The root of a {@link PageTable}. */
  static final int PAGED = 3;

  /** A hash, of either layout, with the times at which fields leave. */
  static final int EXPIRING = 4;

  /** A collection with more elements than this may be freed bit by bit. */
  static final int LARGE = 64;

  private Layout() {}
}
