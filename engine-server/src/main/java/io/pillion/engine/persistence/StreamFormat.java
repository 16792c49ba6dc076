package io.pillion.engine.persistence;

/** What entries of streams look like within their listpacks. */
final class StreamFormat {
  /** An id is two numbers of eight bytes, the highest first. */
  static final int ID_BYTES = 16;

  /** The entry was deleted. */
  static final int FLAG_DELETED = 1;

  /** The entry has the fields that are named at the listpack's beginning, in that order. */
  static final int FLAG_SAME_FIELDS = 2;

  private StreamFormat() {}
}
