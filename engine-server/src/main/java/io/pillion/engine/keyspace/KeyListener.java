package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Bytes;
import java.util.List;

/** Told what happens to keys, under the engine lock, in order. */
public interface KeyListener {
  /** A command changed what this key holds, or removed it. The view is valid during the call. */
  void onChange(Database database, Bytes key, EventClass eventClass, String event);

  /** A key's time had come and it was removed. */
  void onExpired(Database database, Bytes key);

  /**
   * Fields of a hash were removed because their time had come.
   *
   * @param emptied whether they were the last, so that the key was removed as well
   */
  void onFieldsExpired(Database database, Bytes key, List<Bytes> fields, boolean emptied);

  /** A key was removed to make room. */
  void onEvicted(Database database, Bytes key);

  /** A key came to be; the record is valid during the call. */
  void onNew(Database database, long record);

  /** One or all databases have been emptied. */
  void onFlush();

  /** A database is about to be emptied. */
  void beforeFlush(Database database);

  /** Two databases have exchanged what they hold. */
  void onSwap(Database first, Database second);
}
