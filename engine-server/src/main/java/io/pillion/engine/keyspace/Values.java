package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;

/** What every collection can do whatever its type: be freed and be copied. */
final class Values {
  private Values() {}

  static void free(Arena arena, ValueType type, long root) {
    switch (type) {
      case STRING -> throw new IllegalArgumentException("a string has no root");
      case LIST -> throw new IllegalStateException("lists are on their way");
      case SET -> throw new IllegalStateException("sets are on their way");
      case ZSET -> throw new IllegalStateException("sorted sets are on their way");
      case HASH -> throw new IllegalStateException("hashes are on their way");
    }
  }

  static long copy(Arena arena, ValueType type, long root) {
    throw new IllegalStateException(type + " is on its way");
  }
}
