package io.pillion.cache;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the value of a key outside the cache: in a database, say. Called by many threads. */
@FunctionalInterface
public interface EntryLoader<K, V> {

  /** The value of this key, or null when there is none; a null is not cached. */
  @Nullable V load(K key);

  /** The values of those of these keys that have one. Loads one by one unless overridden. */
  default Map<K, V> loadAll(Set<? extends K> keys) {
    Map<K, V> loaded = new HashMap<>();
    for (K key : keys) {
      V value = load(key);
      if (value != null) {
        loaded.put(key, value);
      }
    }
    return loaded;
  }
}
