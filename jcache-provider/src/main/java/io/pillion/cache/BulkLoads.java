package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.EntryStore.Loaded;
import io.pillion.cache.KeyLocks.Held;
import io.pillion.cache.LoadLeases.Claim;
import io.pillion.client.ConnectionException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * How a cache loads many keys at once, with the promises of {@link Loads}: a key is loaded by one
 * caller at a time, and what was removed or cleared meanwhile is not brought back.
 */
final class BulkLoads<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final KeyLocks locks;
  private final Loads<K, V> loads;

  BulkLoads(EngineCache<K, V> cache, EntryStore store, KeyLocks locks, Loads<K, V> loads) {
    this.cache = cache;
    this.store = store;
    this.locks = locks;
    this.loads = loads;
  }

  /**
   * The values of these keys, loaded as far as they are not there by now; loaded ones are stored
   * where there are none.
   */
  Map<K, V> missing(EntryLoader<K, V> from, Set<K> keys) {
    Batch batch = new Batch(from);
    Held held = locks.lockAll(cache.ids(keys));
    try {
      LoadLeases leases = loads.leases();
      if (leases == null) {
        batch.loadHere(keys);
      } else {
        batch.loadOnce(keys, leases);
      }
      return batch.found;
    } catch (ConnectionException away) {
      if (batch.loaderFailed || !cache.goesOnWithout()) {
        throw away;
      }
      return batch.withoutServer(keys);
    } finally {
      held.release();
    }
  }

  /** One call. */
  private final class Batch {
    private final EntryLoader<K, V> from;
    private final Map<K, V> found = new LinkedHashMap<>();
    private final Set<K> asked = new LinkedHashSet<>();
    private boolean loaderFailed;

    Batch(EntryLoader<K, V> from) {
      this.from = from;
    }

    private Map<K, V> load(Set<K> keys) {
      if (keys.isEmpty()) {
        return Map.of();
      }
      loaderFailed = true;
      Map<K, V> loaded = Loads.loadAll(from, keys);
      loaderFailed = false;
      asked.addAll(keys);
      found.putAll(loaded);
      return loaded;
    }

    Map<K, V> withoutServer(Set<K> keys) {
      Set<K> left = new LinkedHashSet<>(keys);
      left.removeAll(asked);
      left.removeAll(found.keySet());
      load(left);
      return found;
    }

    void loadHere(Set<K> keys) {
      Set<K> missing = lookAgain(keys);
      byte[] generation = store.seenGeneration();
      Map<K, V> loaded = load(missing);
      List<EntryChange<K, V>> created = new ArrayList<>();
      List<Kept<K>> pending = new ArrayList<>();
      loaded.forEach(
          (key, value) -> {
            long ttl = loads.ttl(value);
            if (ttl != 0) {
              byte[] id = cache.id(key);
              byte[] bytes = cache.encode(value);
              pending.add(new Kept<>(key, id, bytes, store.setLoaded(generation, id, bytes, ttl)));
            }
            if (pending.size() == EntryStore.BATCH) {
              await(pending, created);
            }
          });
      await(pending, created);
      cache.tell(created);
    }

    /** Another thread may have loaded them while this one waited for the locks. */
    private Set<K> lookAgain(Set<K> keys) {
      List<K> all = new ArrayList<>(keys);
      List<byte[]> ids = cache.ids(all);
      List<byte @Nullable []> stored = cache.await(() -> store.getAll(ids, Expiry.UNCHANGED));
      Set<K> missing = new LinkedHashSet<>();
      for (int i = 0; i < all.size(); i++) {
        V value = cache.decodeOrNull(cache.readable(ids.get(i), stored.get(i)));
        if (value == null) {
          missing.add(all.get(i));
        } else {
          found.put(all.get(i), value);
        }
      }
      return missing;
    }

    private void await(List<Kept<K>> pending, List<EntryChange<K, V>> created) {
      for (Kept<K> one : pending) {
        Loaded kept = cache.await(one.stage());
        V fresher = cache.decodeOrNull(kept.existing());
        if (fresher != null) {
          found.put(one.key(), fresher);
        } else if (kept.stored() && locks.isInvalidated(one.id())) {
          cache.await(() -> store.compareAndDelete(one.id(), one.bytes()));
        } else if (kept.stored()) {
          created.add(change(one.key()));
        }
      }
      pending.clear();
    }

    private EntryChange<K, V> change(K key) {
      return new EntryChange<>(Kind.CREATED, key, null, Objects.requireNonNull(found.get(key)));
    }

    /**
     * Loads what nobody loads, all at once, then waits for what others do: nobody waits for another
     * while it holds leases.
     */
    void loadOnce(Set<K> keys, LoadLeases leases) {
      Map<K, Claim> mine = new HashMap<>();
      Map<K, byte[]> ofOthers = new LinkedHashMap<>();
      try {
        claim(new ArrayList<>(keys), leases, mine, ofOthers);
        keep(loadLeased(mine, leases), mine, leases);
      } finally {
        mine.values().forEach(loads::release);
      }
      ofOthers.forEach(
          (key, id) -> {
            V value = loads.loadOnce(key, id, from::load, leases);
            asked.add(key);
            if (value != null) {
              found.put(key, value);
            }
          });
    }

    private Map<K, V> loadLeased(Map<K, Claim> mine, LoadLeases leases) {
      List<LoadLeases.Renewal> renewals = mine.values().stream().map(leases::renewing).toList();
      try {
        return load(new LinkedHashSet<>(mine.keySet()));
      } finally {
        renewals.forEach(LoadLeases.Renewal::end);
      }
    }

    private void claim(
        List<K> keys, LoadLeases leases, Map<K, Claim> mine, Map<K, byte[]> ofOthers) {
      for (int start = 0; start < keys.size(); start += EntryStore.BATCH) {
        List<K> some = keys.subList(start, Math.min(keys.size(), start + EntryStore.BATCH));
        List<byte[]> ids = cache.ids(some);
        List<CompletionStage<Claim>> stages = ids.stream().map(leases::claim).toList();
        for (int i = 0; i < some.size(); i++) {
          Claim claim = cache.await(stages.get(i));
          V value = cache.decodeOrNull(claim.found().value());
          if (value != null) {
            loads.release(claim);
            found.put(some.get(i), value);
          } else if (claim.mayLoad()) {
            mine.put(some.get(i), claim);
          } else if (!claim.absent()) {
            loads.release(claim);
            ofOthers.put(some.get(i), ids.get(i));
          }
        }
      }
    }

    /** Stores what was loaded; leaves those claims whose lease is still to be given back. */
    private void keep(Map<K, V> loaded, Map<K, Claim> mine, LoadLeases leases) {
      Map<K, CompletionStage<Boolean>> keeping = new LinkedHashMap<>();
      mine.forEach((key, claim) -> keeping.put(key, loads.keep(claim, loaded.get(key), leases)));
      List<EntryChange<K, V>> created = new ArrayList<>();
      keeping.forEach(
          (key, stage) -> {
            if (cache.await(stage)) {
              mine.remove(key);
              if (loaded.containsKey(key)) {
                created.add(change(key));
              }
            }
          });
      cache.tell(created);
    }
  }

  /** A loaded value that is being stored. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Kept<K>(K key, byte[] id, byte[] bytes, CompletionStage<Loaded> stage) {}
}
