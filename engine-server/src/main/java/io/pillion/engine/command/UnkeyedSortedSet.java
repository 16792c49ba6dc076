package io.pillion.engine.command;

import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;

/** A sorted set that no key holds: a result, to be replied or stored when it is complete. */
final class UnkeyedSortedSet implements AutoCloseable {
  private final Call call;
  private final Arena arena;
  private final long cell;
  private final SortedSetValue value;

  UnkeyedSortedSet(Call call) {
    this.call = call;
    arena = call.arena();
    cell = arena.allocate(8);
    try {
      arena.putLong(cell, SortedSetValue.create(arena));
    } catch (OutOfArenaException e) {
      arena.free(cell);
      throw e;
    }
    value = new SortedSetValue(arena, cell, call.keyspace().settings().types);
  }

  SortedSetValue value() {
    return value;
  }

  /**
   * Gives the set to a key, in place of what it held; when the set is empty, the key is removed.
   * Replies how many members there are. As in Redis, -0 becomes 0 in a small one.
   */
  void store(Bytes key, String event) {
    value.forgetNegativeZeros();
    int size = value.size();
    if (size > 0) {
      call.database().setCollection(key, ValueType.ZSET, arena.getLong(cell));
      arena.putLong(cell, 0);
      call.changed(key, EventClass.ZSET, event);
    } else if (call.database().delete(key)) {
      call.changed(key, EventClass.GENERIC, "del");
    }
    call.reply().integer(size);
  }

  /** Frees the set unless a key has got it. */
  @Override
  public void close() {
    long root = arena.getLong(cell);
    if (root != 0) {
      SortedSetValue.free(arena, root);
    }
    arena.free(cell);
  }
}
