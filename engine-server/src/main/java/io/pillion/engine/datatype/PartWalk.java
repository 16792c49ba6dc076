package io.pillion.engine.datatype;

/**
 * A walk over a large collection as it was when the walk was made, part by part, while it goes on
 * to change. Who is about to change a part says so first ({@link #beforeChange}): what of that part
 * was not shown yet is shown then. So each element is shown once, as it was at the beginning, and
 * new ones are not shown.
 *
 * <p>Nothing is copied but what changes, and nothing is kept but which parts were shown.
 */
public interface PartWalk {
  /**
   * Shows what is left of a part that is about to change or to go; nothing when it was shown.
   *
   * @param part as the collection's kind has it: the hash of an element, or the address of a page
   */
  void beforeChange(long part);

  /** Shows the next part; false when there is none left. */
  boolean step();

  /** The collection's root is somewhere else now. */
  default void rootMoved(long root) {}

  /** How much memory the walk takes from its beginning on, beside what is kept for it. */
  default long bytes() {
    return 0;
  }
}
