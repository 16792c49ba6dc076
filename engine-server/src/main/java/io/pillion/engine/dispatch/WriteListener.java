package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import org.jspecify.annotations.Nullable;

/** Told whenever what a key holds may have changed: invalidation. Under the engine lock. */
public interface WriteListener {
  /**
   * A key changed, was removed, expired or was evicted, whether or not there is an event for it;
   * the view is valid during the call.
   *
   * @param by whose command did it; null when the key expired or was evicted
   */
  void onWrite(Database database, Bytes key, @Nullable Client by);

  /** One or all databases were emptied, or two were exchanged. */
  void onFlush();
}
