package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;

/** Told of each change of a key: keyspace notifications, invalidation. Under the engine lock. */
public interface WriteListener {
  /** A key changed; the view is valid during the call. */
  void onChange(Database database, Bytes key, EventClass eventClass, String event);
}
