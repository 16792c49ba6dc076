package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.KeyLocks.Held;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** How processors run on an entry, outside of transactions, and what they did to it is applied. */
final class Invocations<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final EntryStore changes;
  private final Writes<K, V> writes;
  private final KeyLocks locks;
  private final Expiry expiry;
  private final @Nullable EntryLoader<K, V> readThrough;
  private final CacheStatistics statistics;

  Invocations(
      EngineCache<K, V> cache,
      EntryStore store,
      EntryStore changes,
      Writes<K, V> writes,
      KeyLocks locks,
      Expiry expiry,
      @Nullable EntryLoader<K, V> readThrough) {
    this.cache = cache;
    this.store = store;
    this.changes = changes;
    this.writes = writes;
    this.locks = locks;
    this.expiry = expiry;
    this.readThrough = readThrough;
    this.statistics = cache.statistics();
  }

  /** See {@link EngineCache#invoke}. */
  <T extends @Nullable Object> T invoke(K key, Function<WorkingEntry<K, V>, T> processor) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    // Processors exclude each other even in plain caches: running them twice is no virtue.
    Held held = locks.lock(id);
    try {
      for (boolean first = true; ; first = false) {
        byte[] stored = cache.await(() -> store.get(id));
        V before = cache.decodeOrNull(stored);
        if (first) {
          statistics.got(before != null, start);
        }
        WorkingEntry<K, V> entry = new WorkingEntry<>(key, before, readThrough);
        T result = processor.apply(entry);
        if (stored != null && before == null && entry.changes()) {
          cache.await(() -> store.compareAndDelete(id, stored));
        }
        if (apply(entry, id, before == null ? null : stored, start)) {
          return result;
        }
      }
    } finally {
      held.release();
    }
  }

  private boolean apply(WorkingEntry<K, V> entry, byte[] id, byte @Nullable [] before, long start) {
    K key = entry.key();
    V after = entry.after();
    switch (entry.outcome()) {
      case NOTHING -> {
        return true;
      }
      case READ -> {
        cache.await(() -> store.touch(id, expiry.forAccess()));
        return true;
      }
      case REMOVED -> {
        cache.tellWriter(key, id, null);
        locks.invalidate(id);
        if (before == null) {
          cache.await(() -> changes.tellWriter(id, null));
          return true;
        }
        if (!cache.await(() -> changes.compareAndDelete(id, before))) {
          return false;
        }
        statistics.removed(1, start);
        cache.tell(Kind.REMOVED, key, before, null);
        return true;
      }
      case LOADED, SET -> {
        V value = Objects.requireNonNull(after);
        byte[] bytes = cache.encode(value);
        boolean loaded = entry.outcome() == WorkingEntry.Outcome.LOADED;
        if (!loaded) {
          cache.tellWriter(key, id, value);
        }
        EntryStore to = loaded ? store : changes;
        Written written =
            before == null
                ? writes.create(to, id, bytes, expiry)
                : writes.swap(to, id, before, bytes, expiry);
        if (written == null) {
          return false;
        }
        if (!loaded) {
          statistics.put(written.stored(), start);
        }
        cache.tellOf(written, key, value);
        return true;
      }
    }
    throw new AssertionError(entry.outcome());
  }
}
