package io.pillion.engine.keyspace;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.Portion;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.datatype.Watch;
import io.pillion.engine.memory.Arena;

/** What every collection can do whatever its type: be made, be freed and be copied. */
public final class Values {
  private Values() {}

  /** Makes an empty collection; returns the address of its root block. */
  public static long create(Arena arena, ValueType type) {
    return switch (type) {
      case HASH -> HashValue.create(arena);
      case LIST -> ListValue.create(arena);
      case SET -> SetValue.create(arena);
      case ZSET -> SortedSetValue.create(arena);
      case STREAM -> StreamValue.create(arena);
      default -> throw new IllegalArgumentException(type + " has no root");
    };
  }

  /** Frees all blocks of a collection. */
  public static void free(Arena arena, ValueType type, long root) {
    switch (type) {
      case HASH -> HashValue.free(arena, root);
      case LIST -> ListValue.free(arena, root);
      case SET -> SetValue.free(arena, root);
      case ZSET -> SortedSetValue.free(arena, root);
      case STREAM -> StreamValue.free(arena, root);
      default -> throw new IllegalArgumentException(type + " has no root");
    }
  }

  /** Whether a collection is so large that freeing it at once would take long. */
  static boolean isLarge(Arena arena, ValueType type, long root) {
    return switch (type) {
      case HASH -> HashValue.isLarge(arena, root);
      case LIST -> ListValue.isLarge(arena, root);
      case SET -> SetValue.isLarge(arena, root);
      case ZSET -> SortedSetValue.isLarge(arena, root);
      case STREAM -> StreamValue.isLarge(arena, root);
      default -> false;
    };
  }

  /**
   * Where somebody can have a collection watched: its root, or what stands for it; 0 when it is so
   * small that it has no parts.
   */
  public static long watchable(Arena arena, ValueType type, long root) {
    return switch (type) {
      case HASH -> HashValue.watchable(arena, root);
      case LIST -> ListValue.watchable(arena, root);
      case SET -> SetValue.watchable(arena, root);
      case ZSET -> SortedSetValue.watchable(arena, root);
      case STREAM -> StreamValue.watchable(root);
      default -> 0;
    };
  }

  /** Has a collection watched under a number, or with 0 by nobody. */
  public static void watch(Arena arena, long watchable, int watch) {
    Watch.set(arena, watchable, watch);
  }

  /** The number under which somebody watches a collection, or 0. */
  static int watch(Arena arena, ValueType type, long root) {
    long watchable = watchable(arena, type, root);
    return watchable == 0 ? 0 : Watch.get(arena, watchable);
  }

  /** Frees some blocks of a collection that nobody can reach any more; whether all are gone. */
  static boolean freeSome(Arena arena, ValueType type, long root, Portion portion) {
    return switch (type) {
      case HASH -> HashValue.freeSome(arena, root, portion);
      case LIST -> ListValue.freeSome(arena, root, portion);
      case SET -> SetValue.freeSome(arena, root, portion);
      case ZSET -> SortedSetValue.freeSome(arena, root, portion);
      case STREAM -> StreamValue.freeSome(arena, root, portion);
      default -> throw new IllegalArgumentException(type + " is never large");
    };
  }

  static long copy(Arena arena, ValueType type, long root, TypeLimits limits) {
    return switch (type) {
      case HASH -> HashValue.copy(arena, root, limits);
      case LIST -> ListValue.copy(arena, root);
      case SET -> SetValue.copy(arena, root);
      case ZSET -> SortedSetValue.copy(arena, root, limits);
      case STREAM -> StreamValue.copy(arena, root);
      default -> throw new IllegalArgumentException(type + " has no root");
    };
  }
}
