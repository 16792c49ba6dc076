package io.pillion.engine.keyspace;

import io.pillion.engine.datatype.Portion;
import io.pillion.engine.memory.Arena;
import java.util.ArrayDeque;

/**
 * Large values that nobody can reach any more, and whole databases: freed bit by bit, so that no
 * command waits for a million blocks. What waits here still counts as used memory.
 *
 * <p>They are few, as each of them is large, so that what is kept of them here is little.
 */
final class Discarded {
  /** Blocks that are freed at once when memory is short. */
  static final int FREED_IN_NEED = 1024;

  private final Arena arena;
  private final ArrayDeque<Item> items = new ArrayDeque<>();
  private long pending;
  private long freed;

  Discarded(Arena arena) {
    this.arena = arena;
  }

  /** Something to free. */
  private interface Item {
    /** Frees some of it; whether all is gone. */
    boolean freeSome(Portion portion);
  }

  /** Takes a collection. */
  void add(ValueType type, long root) {
    pending++;
    items.addLast(
        portion -> {
          boolean gone = Values.freeSome(arena, type, root, portion);
          if (gone) {
            count(1);
          }
          return gone;
        });
  }

  /** Takes the index of a whole database, with all records that it leads to. */
  void add(KeyIndex index) {
    pending += index.size();
    items.addLast(new Keys(index));
  }

  private final class Keys implements Item {
    private final KeyIndex index;
    private long cursor;
    private boolean empty;

    Keys(KeyIndex index) {
      this.index = index;
    }

    @Override
    public boolean freeSome(Portion portion) {
      while (!empty && !portion.isUsedUp()) {
        cursor = index.scan(cursor, 1, record -> free(record, portion));
        empty = cursor == 0;
      }
      if (empty) {
        index.free();
      }
      return empty;
    }

    private void free(long record, Portion portion) {
      ValueType type = KeyRecord.type(arena, record);
      if (type != ValueType.STRING) {
        long root = arena.getLong(KeyRecord.rootCell(arena, record));
        if (Values.isLarge(arena, type, root)) {
          add(type, root);
        } else {
          Values.free(arena, type, root);
        }
      }
      arena.free(record);
      portion.use(1);
      count(1);
    }
  }

  private void count(int objects) {
    pending -= objects;
    freed += objects;
  }

  /** Frees some of what there is. */
  void freeSome(int blocks) {
    Portion portion = new Portion(blocks);
    while (!items.isEmpty() && !portion.isUsedUp()) {
      Item item = items.removeFirst();
      if (!item.freeSome(portion)) {
        items.addFirst(item);
      }
    }
  }

  /** Forgets everything, as the arena has. */
  void forget() {
    freed += pending;
    pending = 0;
    items.clear();
  }

  boolean isEmpty() {
    return items.isEmpty();
  }

  /** How many values are waiting. */
  long pending() {
    return pending;
  }

  /** How many values were freed in this way. */
  long freed() {
    return freed;
  }

  void resetFreed() {
    freed = 0;
  }
}
