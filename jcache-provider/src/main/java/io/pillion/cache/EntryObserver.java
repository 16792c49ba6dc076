package io.pillion.cache;

import java.util.List;

/**
 * Told of the changes that this cache object makes, on the thread that makes them, after the server
 * acknowledged them and before the operation returns. Changes made by other processes, expiry on
 * the server, and {@link EngineCache#clear()} are not reported.
 */
public interface EntryObserver<K, V> {

  /** Whether anybody listens. When not, operations skip fetching what only events need. */
  boolean isActive();

  /** The changes of one operation; for a key, in the order they were made. */
  void changed(List<EntryChange<K, V>> changes);
}
