package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.EntryStore.Replaced;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * How a cache's values come to the server: in one command where the times to live are known
 * beforehand, else by looking first, asking the expiry once that it is known which time is wanted,
 * and storing if nothing has changed meanwhile. It tells no writer; the caller holds the key's lock
 * where there is anybody to tell.
 */
final class Writes<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final Expiry expiry;

  Writes(EngineCache<K, V> cache, EntryStore store, Expiry expiry) {
    this.cache = cache;
    this.store = store;
    this.expiry = expiry;
  }

  /**
   * Stores the value if there is none now that can be read; null when it was stored, else the one
   * there is.
   */
  byte @Nullable [] setIfAbsent(EntryStore to, byte[] id, byte[] bytes, long ttl) {
    for (; ; ) {
      byte[] there = cache.await(() -> to.setIfAbsent(id, bytes, ttl));
      if (there == null || cache.readable(id, there) != null) {
        return there;
      }
    }
  }

  /** The same, with no thread that waits. */
  CompletionStage<byte @Nullable []> setIfAbsentAsync(
      EntryStore to, byte[] id, byte[] bytes, long ttl) {
    return to.setIfAbsent(id, bytes, ttl)
        .thenCompose(
            there -> {
              if (there == null || cache.decodeOrNull(there) != null) {
                return CompletableFuture.<byte @Nullable []>completedFuture(there);
              }
              return CompletableFuture.runAsync(() -> {}, CacheThreads.WORKERS)
                  .thenCompose(off -> store.compareAndDelete(id, there))
                  .thenCompose(gone -> setIfAbsentAsync(to, id, bytes, ttl));
            });
  }

  /** Stores all these values and tells of them; how many were stored. */
  long storeAll(EntryStore to, Map<? extends K, ? extends V> values, Map<K, byte[]> encoded) {
    List<K> keys = new ArrayList<>(encoded.keySet());
    List<Written> all = new ArrayList<>(keys.size());
    if (storesAtOnce(expiry)) {
      List<Replaced> replaced =
          cache.await(
              () ->
                  to.putAll(
                      cache.ids(keys),
                      new ArrayList<>(encoded.values()),
                      expiry.forCreation(),
                      expiry.forUpdate(),
                      cache.isObserved()));
      for (int i = 0; i < keys.size(); i++) {
        byte[] bytes = Objects.requireNonNull(encoded.get(keys.get(i)));
        all.add(
            replaced.get(i).stored()
                ? Written.of(replaced.get(i))
                : write(to, cache.id(keys.get(i)), bytes, expiry, cache.isObserved()));
      }
    } else {
      encoded.forEach(
          (key, bytes) -> all.add(write(to, cache.id(key), bytes, expiry, cache.isObserved())));
    }
    if (cache.isObserved()) {
      List<EntryChange<K, V>> told = new ArrayList<>();
      for (int i = 0; i < keys.size(); i++) {
        V value = Objects.requireNonNull(values.get(keys.get(i)));
        cache.note(all.get(i), keys.get(i), value, told);
      }
      cache.tell(told);
    }
    return all.stream().filter(Written::stored).count();
  }

  /**
   * Stores the value whatever there is.
   *
   * @param wantOld whether it has to be known what there was
   */
  Written write(EntryStore to, byte[] id, byte[] bytes, Expiry how, boolean wantOld) {
    if (storesAtOnce(how)) {
      if (!wantOld && how.forCreation() == how.forUpdate()) {
        cache.await(() -> to.set(id, bytes, how.forCreation()));
        return Written.SOMEHOW;
      }
      return Written.of(
          cache.await(() -> to.put(id, bytes, how.forCreation(), how.forUpdate(), wantOld)));
    }
    for (; ; ) {
      byte[] old = cache.await(() -> store.get(id));
      Written written = old == null ? create(to, id, bytes, how) : swap(to, id, old, bytes, how);
      if (written != null) {
        return written;
      }
    }
  }

  /** Creates the entry, unless it was given no time to live; null if there is one now. */
  @Nullable Written create(EntryStore to, byte[] id, byte[] bytes, Expiry how) {
    long ttl = how.forCreation();
    if (ttl == 0) {
      cache.await(() -> to.tellWriter(id, bytes));
      return Written.NOTHING;
    }
    return cache.await(() -> to.setIfAbsent(id, bytes, ttl)) == null ? Written.CREATED : null;
  }

  /** Replaces the old value, or ends it if the new one has no time to live; null if it changed. */
  @Nullable Written swap(EntryStore to, byte[] id, byte[] old, byte[] bytes, Expiry how) {
    long ttl = how.forUpdate();
    boolean done =
        ttl == 0
            ? cache.await(() -> to.compareAndExpire(id, old, bytes))
            : cache.await(() -> to.compareAndSet(id, old, bytes, ttl));
    return done ? new Written(true, ttl == 0 ? Kind.EXPIRED : Kind.UPDATED, old) : null;
  }

  /** Whether both times to live are known beforehand, and neither ends the entry at once. */
  static boolean storesAtOnce(Expiry how) {
    return how.isFixed() && how.forCreation() != 0 && how.forUpdate() != 0;
  }
}
