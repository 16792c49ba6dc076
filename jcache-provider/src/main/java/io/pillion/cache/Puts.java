package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.EntryStore.Loaded;
import io.pillion.cache.KeyLocks.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a cache that store a value, outside of transactions: under the key's lock the
 * writer is told, then the value stored, counted, and told to the observer.
 */
final class Puts<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final EntryStore changes;
  private final Writes<K, V> writes;
  private final Expiry expiry;
  private final @Nullable EntryWriter<K, V> writer;
  private final CacheStatistics statistics;

  Puts(
      EngineCache<K, V> cache,
      EntryStore store,
      EntryStore changes,
      Writes<K, V> writes,
      Expiry expiry,
      @Nullable EntryWriter<K, V> writer) {
    this.cache = cache;
    this.store = store;
    this.changes = changes;
    this.writes = writes;
    this.expiry = expiry;
    this.writer = writer;
    this.statistics = cache.statistics();
  }

  /** See {@link EngineCache#put(Object, Object)}. */
  void put(K key, V value, Expiry how) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    byte[] bytes = cache.encode(value);
    Held held = cache.exclusively(id);
    try {
      cache.tellWriter(key, id, value);
      Written written =
          cache.orWithout(
              () -> writes.write(changes, id, bytes, how, cache.isObserved()), Written.NOTHING);
      statistics.put(written.stored(), start);
      cache.tellOf(written, key, value);
    } finally {
      held.release();
    }
  }

  /** The same, with no thread that waits. */
  CompletionStage<@Nullable Void> putAsync(K key, V value, Expiry how) {
    if (cache.isExclusive() || !Writes.storesAtOnce(how)) {
      return cache.onExecutor(
          () -> {
            put(key, value, how);
            return null;
          });
    }
    long start = statistics.start();
    byte[] id = cache.id(key);
    byte[] bytes = cache.encode(value);
    CompletionStage<?> stored =
        how.forCreation() == how.forUpdate()
            ? changes.set(id, bytes, how.forCreation())
            : changes.put(id, bytes, how.forCreation(), how.forUpdate(), /* wantOld= */ false);
    return cache.orWithout(
        stored.thenApply(
            done -> {
              statistics.put(1, start);
              return null;
            }),
        null);
  }

  /** See {@link EngineCache#putAll}. */
  void putAll(Map<? extends K, ? extends V> entries) {
    long start = statistics.start();
    Map<K, byte[]> encoded = cache.encodeAll(entries);
    Held held = cache.exclusively(encoded.keySet());
    try {
      RuntimeException failure = null;
      if (writer != null) {
        List<CacheEntry<K, V>> unwritten = new ArrayList<>(entries.size());
        entries.forEach((key, value) -> unwritten.add(new CacheEntry<>(key, value)));
        try {
          writer.writeAll(unwritten);
        } catch (RuntimeException e) {
          failure = e;
          unwritten.forEach(entry -> encoded.remove(entry.key()));
        }
      }
      cache.overtake(cache.ids(encoded.keySet()));
      cache.orWithout(
          () -> {
            statistics.put(writes.storeAll(changes, entries, encoded), start);
            return true;
          },
          true);
      if (failure != null) {
        throw failure;
      }
    } finally {
      held.release();
    }
  }

  /** See {@link EngineCache#create}: what there is already, and whether the value was stored. */
  Loaded putIfAbsent(K key, V value) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    byte[] bytes = cache.encode(value);
    Held held = cache.exclusively(id);
    try {
      // Only when it is known that the entry is new may a policy be asked, and the writer told.
      // Without time to live nothing would be sent that could find an old one.
      boolean lookFirst = writer != null || !expiry.isFixed() || expiry.forCreation() == 0;
      byte[] there = lookFirst ? cache.readable(id, cache.await(() -> store.get(id))) : null;
      boolean stored = false;
      if (there == null) {
        cache.tellWriter(key, id, value);
        long ttl = expiry.forCreation();
        if (ttl != 0) {
          there = writes.setIfAbsent(changes, id, bytes, ttl);
          stored = there == null;
        } else {
          cache.await(() -> changes.tellWriter(id, bytes));
        }
      }
      statistics.got(there != null, start);
      if (stored) {
        statistics.put(1, start);
        cache.tell(Kind.CREATED, key, null, value);
      }
      return new Loaded(there, stored);
    } finally {
      held.release();
    }
  }

  /** See {@link EngineCache#putIfAbsentAsync}. */
  CompletionStage<@Nullable V> putIfAbsentAsync(K key, V value) {
    if (cache.isExclusive() || !Writes.storesAtOnce(expiry)) {
      return cache.onExecutor(() -> cache.decodeOrNull(putIfAbsent(key, value).existing()));
    }
    long start = statistics.start();
    return writes
        .setIfAbsentAsync(changes, cache.id(key), cache.encode(value), expiry.forCreation())
        .thenApply(
            there -> {
              statistics.got(there != null, start);
              statistics.put(there == null ? 1 : 0, start);
              return cache.decodeOrNull(there);
            });
  }

  /** See {@link EngineCache#getAndPut}. */
  @Nullable V getAndPut(K key, V value) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    byte[] bytes = cache.encode(value);
    Held held = cache.exclusively(id);
    try {
      cache.tellWriter(key, id, value);
      Written written = writes.write(changes, id, bytes, expiry, /* wantOld= */ true);
      V old = cache.decodeOrNull(written.old());
      statistics.got(old != null, start);
      statistics.put(written.stored(), start);
      cache.tellOf(written, key, value);
      return old;
    } finally {
      held.release();
    }
  }

  /** See {@link EngineCache#getAndReplace}. */
  @Nullable V getAndReplace(K key, V value) {
    return replaceIf(key, value, there -> true);
  }

  /** See {@link EngineCache#replace(Object, Object, Object)}. */
  boolean replace(K key, V oldValue, V newValue) {
    Objects.requireNonNull(oldValue, "oldValue");
    return replaceIf(key, newValue, there -> there.equals(oldValue)) != null;
  }

  /** Stores the value if there is one that passes the test; the one there was, or null. */
  private @Nullable V replaceIf(K key, V value, Predicate<? super V> test) {
    long start = statistics.start();
    byte[] id = cache.id(key);
    byte[] bytes = cache.encode(value);
    Held held = cache.exclusively(id);
    try {
      for (; ; ) {
        // Only who has read it knows that there is a value to be replaced.
        byte[] old = cache.await(() -> store.get(id));
        V present = cache.decodeOrNull(old);
        if (old == null || present == null || !test.test(present)) {
          cache.countMismatch(id, present != null, start);
          return null;
        }
        cache.tellWriter(key, id, value);
        Written swapped = writes.swap(changes, id, old, bytes, expiry);
        if (swapped != null) {
          statistics.got(true, start);
          statistics.put(swapped.stored(), start);
          cache.tellOf(swapped, key, value);
          return present;
        }
      }
    } finally {
      held.release();
    }
  }
}
