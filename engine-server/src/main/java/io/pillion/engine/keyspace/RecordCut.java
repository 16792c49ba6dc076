package io.pillion.engine.keyspace;

/**
 * Somebody who takes down what all keys hold at one moment while they go on to change: sees each
 * record of that moment once, before it changes for the first time or goes. Under the engine lock.
 */
public interface RecordCut {
  /**
   * A record that was there at the moment of the cut, and was not taken down, is about to change.
   *
   * @param database the database it is in
   */
  void beforeChange(Database database, long record);

  /**
   * A database was emptied; what it held stays until it is {@link DetachedKeys#release released}.
   */
  void onDetached(Database database, DetachedKeys keys);

  /** All is about to be emptied: what was not taken down yet cannot be any more. */
  void beforeFlush();
}
