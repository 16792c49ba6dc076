package io.pillion.cache;

import io.pillion.cache.CommitOrder.Answer;
import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.KeyLocks.Held;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A cache as its transactions need it: what is committed to read, and what becomes of it when they
 * are over; the writer knows by then.
 */
final class Commits<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final EntryStore changes;
  private final Reads<K, V> reads;
  private final Writes<K, V> writes;
  private final KeyLocks locks;
  private final boolean isQueued;
  private final CommitOrder order = new CommitOrder();

  /**
   * The commits of this cache.
   *
   * @param isQueued whether {@code changes} puts what is changed into a queue for the writer
   */
  Commits(
      EngineCache<K, V> cache,
      EntryStore store,
      EntryStore changes,
      Reads<K, V> reads,
      Writes<K, V> writes,
      KeyLocks locks,
      boolean isQueued) {
    this.cache = cache;
    this.store = store;
    this.changes = changes;
    this.reads = reads;
    this.writes = writes;
    this.locks = locks;
    this.isQueued = isQueued;
  }

  CommitOrder order() {
    return order;
  }

  /** These were changed without a transaction; by whom the database was, too, if not null. */
  void overtake(List<byte[]> ids, @Nullable EntryWriter<K, V> writer) {
    for (byte[] id : ids) {
      order.overtake(id, /* isWritten= */ writer != null);
    }
  }

  /** The value that is there, or null; never loaded. */
  @Nullable V lookUp(K key, byte[] id) {
    V copy = reads.copy(key);
    return copy != null ? copy : reads.lookUp(key, id, null);
  }

  /** Puts the values that are there into {@code found}, counted; the keys that have none. */
  Set<K> lookUpAll(Set<K> keys, Map<K, V> found) {
    long start = cache.statistics().start();
    int before = found.size();
    Set<K> missing = reads.lookUpAll(keys, null, found);
    cache.statistics().got(found.size() - before, missing.size(), start);
    return missing;
  }

  /** Whether there is a value that can be read. */
  boolean isReadable(byte[] id) {
    return cache.isReadable(id);
  }

  /** What is there of these, null for nothing; not counted, and nothing lives longer by it. */
  List<byte @Nullable []> stored(List<byte[]> ids) {
    return cache.orWithout(
        () -> cache.await(() -> store.getAll(ids, Expiry.UNCHANGED)),
        Collections.nCopies(ids.size(), null));
  }

  /** Whether there is anything that can be removed. */
  boolean exists(byte[] id) {
    return cache.await(() -> store.exists(id));
  }

  /** Stores or removes what a transaction has written, as it is told, without the writer. */
  void apply(
      K key, byte[] id, byte @Nullable [] bytes, @Nullable Expiry how, Supplier<Answer> ask) {
    locks.invalidate(id);
    Held held = locks.lock(id);
    try {
      Answer told = ask.get();
      // With a queue, the order in which it is told is the one that reaches the database.
      Answer answer = isQueued ? Answer.APPLY : told;
      if (answer == Answer.APPLY && bytes != null && how != null) {
        store(key, id, bytes, how);
      } else if (answer != Answer.IGNORE) {
        remove(key, id);
      }
    } finally {
      held.release();
    }
  }

  private void store(K key, byte[] id, byte[] bytes, Expiry how) {
    long start = cache.statistics().start();
    boolean isObserved = cache.isObserved();
    Written written =
        cache.orWithout(() -> writes.write(changes, id, bytes, how, isObserved), Written.NOTHING);
    cache.statistics().put(written.stored(), start);
    if (isObserved) {
      cache.tellOf(written, key, cache.decode(bytes));
    }
  }

  private void remove(K key, byte[] id) {
    long start = cache.statistics().start();
    byte[] old = cache.orWithout(() -> cache.await(() -> changes.getAndDelete(id)), null);
    if (old != null) {
      cache.statistics().removed(1, start);
      cache.tell(Kind.REMOVED, key, old, null);
    }
  }

  /**
   * Stores what a transaction has loaded, if it is the latest and there is still what was there
   * before. What it was to replace, and it is not the latest, is unknown: the next reader has to
   * find out.
   *
   * @param before null for nothing
   */
  void keepLoaded(
      K key, byte[] id, byte[] bytes, byte @Nullable [] before, BooleanSupplier isLatest) {
    Held held = locks.lock(id);
    try {
      V value = cache.decode(bytes);
      if (before == null) {
        create(key, id, bytes, value, isLatest);
      } else if (isLatest.getAsBoolean()) {
        Written swapped =
            cache.orWithout(() -> writes.swap(store, id, before, bytes, cache.lifeOf(value)), null);
        if (swapped != null) {
          cache.tellOf(swapped, key, value);
        }
      } else if (cache.orWithout(
          () -> cache.await(() -> store.compareAndDelete(id, before)), false)) {
        cache.tell(Kind.REMOVED, key, before, null);
      }
    } finally {
      held.release();
    }
  }

  private void create(K key, byte[] id, byte[] bytes, V value, BooleanSupplier isLatest) {
    long ttl = cache.lifeOf(value).forCreation();
    if (ttl != 0 && isLatest.getAsBoolean()) {
      byte[] there =
          cache.orWithout(() -> cache.await(() -> store.setIfAbsent(id, bytes, ttl)), bytes);
      if (there == null) {
        cache.tell(Kind.CREATED, key, null, value);
      }
    }
  }

  /** Removes entries without telling the writer, now or later. */
  void forget(List<byte[]> ids) {
    ids.forEach(locks::invalidate);
    cache.orWithout(() -> cache.await(() -> store.deleteAll(ids, /* wantOld= */ false)), List.of());
  }
}
