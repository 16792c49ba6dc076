package io.pillion.engine.memory;

/**
 * Somebody who has to see the parts of some large collections before they change: whoever takes
 * them down for a snapshot. A collection that is watched has a number in its root, and says itself
 * what is about to change; the others cost a look at that number, which is 0. Under the engine
 * lock.
 */
public interface PartWatcher {
  /**
   * A part is about to change, or to go. Nothing may be allocated in the arena meanwhile.
   *
   * @param watch the number in the collection's root
   * @param part what tells the part from others of the same collection: its kind decides
   */
  void beforeChange(int watch, long part);

  /**
   * An entry that is pending in a stream's group, or for a consumer, is about to be added, to
   * change or to go. Nothing may be allocated in the arena meanwhile.
   *
   * @param watch the number in the group
   * @param tree what tells the entries of a group or consumer from those of others
   * @param ms the first part of the entry's id
   * @param seq the second part
   */
  void beforePendingChange(int watch, long tree, long ms, long seq);

  /**
   * All that is pending in a stream's group, or for a consumer, is about to go. The watcher may
   * take it out of the tree: what it leaves is then removed.
   */
  void beforePendingGoes(int watch, long tree);

  /** The root of a collection is somewhere else now. */
  void rootMoved(int watch, long root);
}
