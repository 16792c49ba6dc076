package io.pillion.cache;

import io.pillion.cache.EntryStore.Fetched;
import io.pillion.cache.NearCache.Fill;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How a cache finds the values that are there: in this process' copies, then on the server. A read
 * counts, may let an entry live longer, keeps a copy, and has what grows old loaded anew; it never
 * waits for a load.
 */
final class Reads<K, V> {
  /** What is fetched while the server cannot be asked. */
  private static final Fetched NONE = Fetched.of(null, null);

  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final @Nullable NearCache near;
  private final Loads<K, V> loads;
  private final Expiry expiry;
  private final CacheStatistics statistics;

  Reads(
      EngineCache<K, V> cache,
      EntryStore store,
      @Nullable NearCache near,
      Loads<K, V> loads,
      Expiry expiry) {
    this.cache = cache;
    this.store = store;
    this.near = near;
    this.loads = loads;
    this.expiry = expiry;
    this.statistics = cache.statistics();
  }

  /** The value that is there, counted, or null. */
  @Nullable V lookUp(K key, byte[] id, @Nullable Function<? super K, ? extends @Nullable V> from) {
    long start = statistics.start();
    V value;
    Fill fill = begin(key, id);
    if (fill != null || loads.looksAtAge()) {
      try {
        value =
            aged(
                id,
                cache.orWithout(() -> cache.await(() -> store.fetch(id)), NONE),
                fill,
                onExecutor(key, from));
      } finally {
        abandon(fill);
      }
    } else if (expiry.isFixed()) {
      value =
          cache.decodeOrNull(
              cache.orWithout(
                  () -> cache.await(() -> store.getAndTouch(id, expiry.forAccess())), null));
    } else {
      byte[] stored = cache.orWithout(() -> cache.await(() -> store.get(id)), null);
      if (stored != null) {
        cache.await(() -> store.touch(id, expiry.forAccess()));
      }
      value = cache.decodeOrNull(stored);
    }
    statistics.got(value != null, start);
    return value;
  }

  /** Like {@link #lookUp}, with no thread that waits; only with a fixed expiry. */
  CompletionStage<@Nullable V> lookUpAsync(
      K key, byte[] id, @Nullable Supplier<? extends CompletionStage<@Nullable V>> from) {
    long start = statistics.start();
    Fill fill = begin(key, id);
    CompletionStage<@Nullable V> value =
        fill == null && !loads.looksAtAge()
            ? cache
                .orWithout(store.getAndTouch(id, expiry.forAccess()), null)
                .thenApply(cache::decodeOrNull)
            : cache
                .orWithout(store.fetch(id), NONE)
                .thenApply(fetched -> aged(id, fetched, fill, from));
    return value.whenComplete(
        (found, failure) -> {
          abandon(fill);
          if (failure == null) {
            statistics.got(found != null, start);
          }
        });
  }

  private @Nullable Supplier<CompletionStage<@Nullable V>> onExecutor(
      K key, @Nullable Function<? super K, ? extends @Nullable V> from) {
    return from == null ? null : () -> cache.onExecutor(() -> from.apply(key));
  }

  /**
   * Puts the values that are there into {@code found}; the keys that have none. Not counted.
   *
   * @param from loads anew what is due; null for nothing
   */
  Set<K> lookUpAll(Set<? extends K> keys, @Nullable EntryLoader<K, V> from, Map<K, V> found) {
    List<K> asked = new ArrayList<>(keys.size());
    List<byte[]> ids = new ArrayList<>(keys.size());
    List<@Nullable Fill> fills = new ArrayList<>(keys.size());
    for (K key : keys) {
      byte[] id = cache.id(key);
      V copy = copyQuietly(key, id);
      if (copy != null) {
        found.put(key, copy);
      } else {
        asked.add(key);
        ids.add(id);
        fills.add(begin(key, id));
      }
    }
    Set<K> missing = new LinkedHashSet<>();
    try {
      List<Fetched> fetched =
          cache.orWithout(() -> fetchAll(ids), Collections.nCopies(ids.size(), NONE));
      for (int i = 0; i < asked.size(); i++) {
        K key = asked.get(i);
        Function<K, @Nullable V> one = from == null ? null : from::load;
        V value = aged(ids.get(i), fetched.get(i), fills.get(i), onExecutor(key, one));
        if (value == null) {
          missing.add(key);
        } else {
          found.put(key, value);
        }
      }
    } finally {
      fills.forEach(this::abandon);
    }
    return missing;
  }

  private List<Fetched> fetchAll(List<byte[]> ids) {
    if (near != null || loads.looksAtAge()) {
      return cache.await(() -> store.fetchAll(ids));
    }
    List<Fetched> fetched = new ArrayList<>(ids.size());
    List<CompletionStage<Boolean>> touches = new ArrayList<>();
    for (byte[] value :
        cache.await(
            () -> store.getAll(ids, expiry.isFixed() ? expiry.forAccess() : Expiry.UNCHANGED))) {
      if (value != null && !expiry.isFixed()) {
        touches.add(store.touch(ids.get(fetched.size()), expiry.forAccess()));
      }
      fetched.add(new Fetched(value, EntryStore.NO_TTL));
    }
    touches.forEach(cache::await);
    return fetched;
  }

  /**
   * What the server answered, as far as it still counts; a copy is kept, and what is due loaded.
   */
  private @Nullable V aged(
      byte[] id,
      Fetched fetched,
      @Nullable Fill fill,
      @Nullable Supplier<? extends CompletionStage<@Nullable V>> from) {
    if (from == null && loads.isStale(fetched)) {
      return null;
    }
    V value = cache.decodeOrNull(fetched.value());
    if (fill != null && near != null) {
      near.keep(fill, loads.looksAtAge() ? loads.untilDue(fetched) : fetched, value);
    }
    if (from != null && loads.looksAtAge()) {
      loads.refreshIfDue(id, fetched, from);
    }
    return value;
  }

  /** The value of this process' copy, counted as a hit, or null. */
  @Nullable V copy(K key) {
    if (near == null) {
      return null;
    }
    cache.requireOpen();
    long start = statistics.start();
    V copy = copyQuietly(Objects.requireNonNull(key, "key"), null);
    if (copy != null) {
      statistics.got(true, start);
    }
    return copy;
  }

  private @Nullable V copyQuietly(K key, byte @Nullable [] id) {
    if (near == null) {
      return null;
    }
    try {
      @SuppressWarnings("unchecked")
      V copy = (V) near.get(near.place(key, id));
      return copy;
    } catch (CodecException unreadable) {
      // The server's is looked at instead, and counted if it is no better.
      return null;
    }
  }

  private @Nullable Fill begin(K key, byte[] id) {
    return near == null ? null : near.begin(near.place(key, id));
  }

  /** Does nothing when something was kept. */
  private void abandon(@Nullable Fill fill) {
    if (fill != null && near != null) {
      near.abandon(fill);
    }
  }
}
