package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.OutOfArenaException;

/**
 * A collection that is put together at once, as when it is loaded: while it is small it lies on the
 * heap, and it becomes what commands would have made of the same elements, without the moves that
 * growth by single elements takes. One object makes many, one after the other; each begins with a
 * {@code begin} and ends with {@link #finish} or {@link #abandon}.
 */
public abstract class Draft {
  final Arena arena;
  final TypeLimits limits;

  /** Where the address of the root block stands, once it is too large for the heap; else 0. */
  long cell;

  Draft(Arena arena, TypeLimits limits) {
    this.arena = arena;
    this.limits = limits;
  }

  /** How many elements it has so far. */
  public abstract long size();

  /** Copies what is on the heap into the arena; returns the root block's address. */
  abstract long write();

  /** Frees what this root block leads to. */
  abstract void free(long root);

  /**
   * Makes it a collection in the arena.
   *
   * @return the address of its root block, which is the caller's
   * @throws OutOfArenaException when it does not fit; {@link #abandon} it then
   */
  public long finish() {
    return cell == 0 ? write() : takeRoot();
  }

  private long takeRoot() {
    long root = arena.getLong(cell);
    arena.free(cell);
    cell = 0;
    return root;
  }

  /** Gives back what it has taken of the arena; nothing happens when it has been finished. */
  public void abandon() {
    if (cell != 0) {
      long root = takeRoot();
      if (root != 0) {
        free(root);
      }
    }
  }
}
