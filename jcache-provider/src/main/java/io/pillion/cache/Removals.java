package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.KeyLocks.Held;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a cache that remove a value, outside of transactions: under the key's lock the
 * writer is told, then the value removed, counted, and told to the observer.
 */
final class Removals<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final EntryStore changes;
  private final KeyLocks locks;
  private final @Nullable EntryWriter<K, V> writer;
  private final CacheStatistics statistics;

  Removals(
      EngineCache<K, V> cache,
      EntryStore store,
      EntryStore changes,
      KeyLocks locks,
      @Nullable EntryWriter<K, V> writer) {
    this.cache = cache;
    this.store = store;
    this.changes = changes;
    this.locks = locks;
    this.writer = writer;
    this.statistics = cache.statistics();
  }

  /** See {@link EngineCache#remove(Object)}. */
  boolean remove(K key) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    Held held = cache.exclusively(id);
    try {
      cache.tellWriter(key, id, null);
      locks.invalidate(id);
      if (!cache.isObserved()) {
        boolean removed = cache.orWithout(() -> cache.await(() -> changes.delete(id)), false);
        statistics.removed(removed ? 1 : 0, start);
        return removed;
      }
      byte[] old = cache.orWithout(() -> cache.await(() -> changes.getAndDelete(id)), null);
      if (old == null) {
        return false;
      }
      statistics.removed(1, start);
      cache.tell(Kind.REMOVED, key, old, null);
      return true;
    } finally {
      held.release();
    }
  }

  /** See {@link EngineCache#removeAsync}. */
  CompletionStage<Boolean> removeAsync(K key) {
    if (cache.isExclusive()) {
      return cache.onExecutor(() -> remove(key));
    }
    long start = statistics.start();
    byte[] id = cache.id(key);
    locks.invalidate(id);
    return cache.orWithout(
        changes
            .delete(id)
            .thenApply(
                removed -> {
                  statistics.removed(removed ? 1 : 0, start);
                  return removed;
                }),
        false);
  }

  /** See {@link EngineCache#remove(Object, Object)}. */
  boolean remove(K key, V oldValue) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    Objects.requireNonNull(oldValue, "oldValue");
    Held held = cache.exclusively(id);
    try {
      for (; ; ) {
        byte[] old = cache.await(() -> store.get(id));
        V present = cache.decodeOrNull(old);
        if (old == null || present == null || !present.equals(oldValue)) {
          cache.countMismatch(id, present != null, start);
          return false;
        }
        cache.tellWriter(key, id, null);
        locks.invalidate(id);
        if (cache.await(() -> changes.compareAndDelete(id, old))) {
          statistics.got(true, start);
          statistics.removed(1, start);
          cache.tell(Kind.REMOVED, key, old, null);
          return true;
        }
      }
    } finally {
      held.release();
    }
  }

  /** See {@link EngineCache#getAndRemove}. */
  @Nullable V getAndRemove(K key) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    Held held = cache.exclusively(id);
    try {
      cache.tellWriter(key, id, null);
      locks.invalidate(id);
      byte[] old = cache.await(() -> changes.getAndDelete(id));
      V value = cache.decodeOrNull(old);
      statistics.got(value != null, start);
      if (old != null) {
        statistics.removed(1, start);
        cache.tell(new EntryChange<>(Kind.REMOVED, key, value, null));
      }
      return value;
    } finally {
      held.release();
    }
  }

  /** See {@link EngineCache#removeAll(Set)}. */
  void removeAll(Set<? extends K> keys) {
    if (keys.isEmpty()) {
      return;
    }
    long start = statistics.start();
    List<K> all = new ArrayList<>(keys);
    Held held = cache.exclusively(all);
    try {
      RuntimeException failure = null;
      if (writer != null) {
        Set<K> undeleted = new LinkedHashSet<>(all);
        try {
          writer.deleteAll(undeleted);
        } catch (RuntimeException e) {
          failure = e;
          all.removeAll(undeleted);
        }
      }
      List<byte[]> ids = cache.ids(all);
      cache.overtake(ids);
      ids.forEach(locks::invalidate);
      List<byte @Nullable []> removed =
          cache.orWithout(
              () -> cache.await(() -> changes.deleteAll(ids, cache.isObserved())), List.of());
      statistics.removed(removed.stream().filter(Objects::nonNull).count(), start);
      if (cache.isObserved()) {
        List<EntryChange<K, V>> told = new ArrayList<>();
        for (int i = 0; i < removed.size(); i++) {
          byte[] old = removed.get(i);
          if (old != null) {
            told.add(new EntryChange<>(Kind.REMOVED, all.get(i), cache.decodeOrNull(old), null));
          }
        }
        cache.tell(told);
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      held.release();
    }
  }
}
