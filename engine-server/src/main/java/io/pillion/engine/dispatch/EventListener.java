package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;

/** Told of each event of a key by its name: keyspace notifications. Under the engine lock. */
public interface EventListener {
  /** Something happened to a key; the view is valid during the call. */
  void onEvent(Database database, Bytes key, EventClass eventClass, String event);
}
