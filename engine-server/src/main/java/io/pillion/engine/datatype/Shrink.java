package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.OutOfArenaException;

/** Gives room back when a block holds much less than it could. */
final class Shrink {
  private Shrink() {}

  /**
   * Moves a root block to a smaller one when more than half of it is unused.
   *
   * @param cell the word that points to the block
   * @return where it is now; unmoved when there is no room for the smaller one
   */
  static long toFit(Arena arena, long cell, long block, int usedBytes) {
    try {
      long moved = arena.reallocate(block, usedBytes, usedBytes);
      arena.putLong(cell, moved);
      return moved;
    } catch (OutOfArenaException e) {
      return block;
    }
  }
}
