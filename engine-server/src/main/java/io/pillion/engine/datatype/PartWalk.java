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

  /**
   * Shows what is left of the neighbourhood of a pending entry of a stream that is about to be
   * added, to change or to go.
   *
   * @see io.pillion.engine.memory.PartWatcher#beforePendingChange
   */
  default void beforePendingChange(long tree, long ms, long seq) {}

  /** Pending entries are all about to go, from where they are: it may take them over. */
  default void beforePendingGoes(long tree) {}

  /** Writes the number under which the collection is watched to where else it has to be. */
  default void watch(int number) {}

  /** The collection's root is somewhere else now. */
  default void rootMoved(long root) {}

  /** Gives back what it has taken over; it is not used any more. */
  default void end() {}

  /** How much memory the walk takes from its beginning on, beside what is kept for it. */
  default long bytes() {
    return 0;
  }
}
