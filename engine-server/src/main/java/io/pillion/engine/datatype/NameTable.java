package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;

/**
 * Blocks that have a name, in the order of their names: the groups of a stream, the consumers of a
 * group. There are few of them, so one block with their addresses is enough.
 *
 * <p>The cell is one word: the address of that block, 0 while the table is empty. The block is the
 * number of addresses (4 bytes), 4 unused, and the addresses.
 */
final class NameTable {
  private static final int ADDRESSES = 8;

  private final Arena arena;
  private final long cell;
  private final int nameAt;

  /**
   * @param cell the address of the word
   * @param nameAt where in a block its name is: the length in 4 bytes, then the bytes
   */
  NameTable(Arena arena, long cell, int nameAt) {
    this.arena = arena;
    this.cell = cell;
    this.nameAt = nameAt;
  }

  /** Frees the table, but not the blocks that it leads to. */
  void free() {
    long block = arena.getLong(cell);
    if (block != 0) {
      arena.free(block);
    }
  }

  int size() {
    long block = arena.getLong(cell);
    return block == 0 ? 0 : arena.getInt(block);
  }

  long get(int index) {
    return arena.getLong(arena.getLong(cell) + ADDRESSES + 8L * index);
  }

  /** The index of a name, or, when it is not there, minus where it would be, minus 1. */
  int find(Bytes name) {
    int low = 0;
    int high = size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      long block = get(middle);
      int length = arena.getInt(block + nameAt);
      int order = arena.compare(block + nameAt + 4, length, name);
      if (order == 0) {
        return middle;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -low - 1;
  }

  /**
   * Adds a block whose name is not there yet.
   *
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  void insert(Bytes name, long address) {
    insert(-find(name) - 1, address);
  }

  /** Adds a block whose name is behind all others. */
  void append(long address) {
    insert(size(), address);
  }

  private void insert(int index, long address) {
    long block = arena.getLong(cell);
    int size = size();
    long used = ADDRESSES + 8L * size;
    if (block == 0) {
      block = arena.allocate(used + 8);
    } else if (used + 8 > arena.capacity(block)) {
      block = arena.reallocate(block, used + Math.max(8, used / 4), used);
    }
    arena.putLong(cell, block);
    long at = block + ADDRESSES + 8L * index;
    arena.copy(at, at + 8, 8L * (size - index));
    arena.putLong(at, address);
    arena.putInt(block, size + 1);
  }

  void remove(int index) {
    long block = arena.getLong(cell);
    int left = size() - 1;
    if (left == 0) {
      arena.free(block);
      arena.putLong(cell, 0);
      return;
    }
    long at = block + ADDRESSES + 8L * index;
    arena.copy(at + 8, at, 8L * (left - index));
    arena.putInt(block, left);
    Shrink.toFit(arena, cell, block, ADDRESSES + 8 * left);
  }
}
