package io.pillion.engine.keyspace;

import io.pillion.engine.memory.PartWatcher;

/**
 * Somebody who takes down what all keys hold at one moment while they go on to change: sees each
 * record of that moment once, before it changes for the first time or goes. Under the engine lock.
 */
public interface RecordCut extends PartWatcher {
  /**
   * A record that was there at the moment of the cut, and was not taken down, is about to change.
   *
   * @param database the database it is in
   */
  void beforeChange(Database database, long record);

  /**
   * Some of the bytes are about to change that a string had at the moment of the cut; it has been
   * said before that the record may change.
   */
  void beforeStringChange(long record);

  /**
   * The record of a string is not in any database any more, or has moved.
   *
   * @return whether its bytes are still needed where they are; whoever needs them will give the
   *     memory back: {@link Keyspace#discard(long)}
   */
  boolean retain(long record);

  /**
   * A database was emptied; what it held stays until it is {@link DetachedKeys#release released}.
   */
  void onDetached(Database database, DetachedKeys keys);

  /**
   * A large collection is not in any database any more.
   *
   * @param watch the number under which it is watched
   * @return whether whoever watches needs it still, and will give its memory back: {@link
   *     Keyspace#discard(ValueType, long)}
   */
  boolean retain(int watch, ValueType type, long root);

  /** Whether no more may change for now, as what was gathered is too much to go on. */
  boolean isFull();

  /** How many bytes were gathered and have not been written yet. */
  long heldBytes();

  /** The most that {@link #heldBytes} has been. */
  long peakBytes();

  /** How many bytes were moved to a file meanwhile. */
  long spilledBytes();

  /** All is about to be emptied: what was not taken down yet cannot be any more. */
  void beforeFlush();
}
