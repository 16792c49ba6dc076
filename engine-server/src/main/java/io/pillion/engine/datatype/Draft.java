package io.pillion.engine.datatype;

import io.pillion.engine.memory.OutOfArenaException;

/**
 * A collection that is put together at once, as when it is loaded: while it is small it lies on the
 * heap, and it becomes what commands would have made of the same elements, without the moves that
 * growth by single elements takes. One object makes many, one after the other; each begins with a
 * {@code begin} and ends with {@link #finish} or {@link #abandon}.
 */
public interface Draft {
  /** How many elements it has so far. */
  long size();

  /**
   * Makes it a collection in the arena.
   *
   * @return the address of its root block, which is the caller's
   * @throws OutOfArenaException when it does not fit; {@link #abandon} it then
   */
  long finish();

  /** Gives back what it has taken of the arena; nothing happens when it has been finished. */
  void abandon();
}
