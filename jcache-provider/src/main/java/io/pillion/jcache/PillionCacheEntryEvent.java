package io.pillion.jcache;

import io.pillion.cache.EntryChange;
import javax.cache.Cache;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.EventType;
import org.jspecify.annotations.Nullable;

/** A change as JSR-107 tells it: the value of a removed or expired entry is its last one. */
final class PillionCacheEntryEvent<K, V> extends CacheEntryEvent<K, V> {
  private static final long serialVersionUID = 1L;

  private final transient EntryChange<K, V> change;
  private final boolean oldValueAvailable;

  /**
   * An event of this change.
   *
   * @param oldValueRequired whether the listener asked for the old value of updates
   */
  PillionCacheEntryEvent(Cache<K, V> source, EntryChange<K, V> change, boolean oldValueRequired) {
    super(source, type(change.kind()));
    this.change = change;
    this.oldValueAvailable =
        change.oldValue() != null
            && (oldValueRequired || change.kind() != EntryChange.Kind.UPDATED);
  }

  private static EventType type(EntryChange.Kind kind) {
    return switch (kind) {
      case CREATED -> EventType.CREATED;
      case UPDATED -> EventType.UPDATED;
      case REMOVED -> EventType.REMOVED;
      case EXPIRED -> EventType.EXPIRED;
    };
  }

  @Override
  public K getKey() {
    return change.key();
  }

  @Override
  public @Nullable V getValue() {
    V value = change.value();
    return value == null ? change.oldValue() : value;
  }

  @Override
  public @Nullable V getOldValue() {
    return oldValueAvailable ? change.oldValue() : null;
  }

  @Override
  public boolean isOldValueAvailable() {
    return oldValueAvailable;
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrapping.as(type, this);
  }
}
