package io.pillion.cache;

import org.jspecify.annotations.Nullable;

/**
 * One change of one entry.
 *
 * @param oldValue null when the entry was created
 * @param value null when the entry was removed or expired
 */
public record EntryChange<K, V>(Kind kind, K key, @Nullable V oldValue, @Nullable V value) {

  /** What happened. */
  public enum Kind {
    /** There was no value before. */
    CREATED,
    /** There was another value before. */
    UPDATED,
    /** It was removed. */
    REMOVED,
    /** An update gave it no time to live; told after that update. */
    EXPIRED
  }
}
