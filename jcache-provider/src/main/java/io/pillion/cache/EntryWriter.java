package io.pillion.cache;

import java.util.Collection;
import java.util.Iterator;

/**
 * Writes through to what stands behind the cache, before the cache changes: when a method throws,
 * the cache keeps what it had. Called by many threads, but in one JVM by one at a time for a key.
 */
public interface EntryWriter<K, V> {

  /** Writes one entry, new or not. */
  void write(K key, V value);

  /** Deletes the entry of this key, which may not exist. */
  void delete(K key);

  /**
   * Writes entries, and takes each out of the collection once it is written: what is left when the
   * method throws is what the cache must not take over.
   */
  default void writeAll(Collection<CacheEntry<K, V>> entries) {
    Iterator<CacheEntry<K, V>> all = entries.iterator();
    while (all.hasNext()) {
      CacheEntry<K, V> entry = all.next();
      write(entry.key(), entry.value());
      all.remove();
    }
  }

  /** Deletes entries; takes each key out of the collection like {@link #writeAll}. */
  default void deleteAll(Collection<K> keys) {
    Iterator<K> all = keys.iterator();
    while (all.hasNext()) {
      delete(all.next());
      all.remove();
    }
  }
}
