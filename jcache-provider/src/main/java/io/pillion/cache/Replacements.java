package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.KeyLocks.Held;
import io.pillion.cache.LoadLeases.Claim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * How a cache loads many keys anew, whatever it has of them. What was there before the load began
 * is replaced, nothing newer: what others store meanwhile stays, and what they remove is not
 * brought back. Without leases that is known by comparing the bytes, so of a key that has no value
 * only this process' removals are noticed; with leases, whatever anybody does.
 */
final class Replacements<K, V> {
  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final KeyLocks locks;
  private final Loads<K, V> loads;
  private final BulkLoads<K, V> bulkLoads;
  private final Expiry expiry;

  Replacements(
      EngineCache<K, V> cache,
      EntryStore store,
      KeyLocks locks,
      Loads<K, V> loads,
      BulkLoads<K, V> bulkLoads,
      Expiry expiry) {
    this.cache = cache;
    this.store = store;
    this.locks = locks;
    this.loads = loads;
    this.bulkLoads = bulkLoads;
    this.expiry = expiry;
  }

  /** Loads these keys and stores what there is. */
  void replace(EntryLoader<K, V> from, Set<K> keys) {
    Call call = new Call(from);
    Held held = locks.lockAll(cache.ids(keys));
    try {
      LoadLeases leases = loads.leases();
      if (leases == null) {
        call.replaceHere(keys);
      } else {
        call.replaceOnce(keys, leases);
      }
      // Also what ended by itself meanwhile looks like that; a load that begins now knows.
      if (!call.overtaken.isEmpty()) {
        bulkLoads.missing(from, call.overtaken);
      }
    } finally {
      held.release();
    }
  }

  /** One call. */
  private final class Call {
    private final EntryLoader<K, V> from;
    private final Set<K> overtaken = new LinkedHashSet<>();

    Call(EntryLoader<K, V> from) {
      this.from = from;
    }

    void replaceHere(Set<K> keys) {
      List<K> all = new ArrayList<>(keys);
      List<byte[]> ids = cache.ids(all);
      List<byte @Nullable []> before = cache.await(() -> store.getAll(ids, Expiry.UNCHANGED));
      byte[] generation = store.seenGeneration();
      Map<K, V> loaded = Loads.loadAll(from, keys);
      List<Storing<K, V>> pending = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        V value = loaded.get(all.get(i));
        if (value != null) {
          Storing<K, V> one = storing(all.get(i), ids.get(i), before.get(i), value);
          if (one != null) {
            pending.add(one.with(store(one, generation)));
          }
        }
        if (pending.size() == EntryStore.BATCH || i == all.size() - 1) {
          await(pending);
        }
      }
    }

    private CompletionStage<Boolean> store(Storing<K, V> one, byte[] generation) {
      byte[] before = one.before();
      return before == null
          ? store
              .setLoaded(generation, one.id(), one.bytes(), one.ttl())
              .thenApply(EntryStore.Loaded::stored)
          : one.ends()
              ? store.compareAndExpire(one.id(), before, one.bytes())
              : store.compareAndSet(one.id(), before, one.bytes(), one.ttl());
    }

    /**
     * Loads what nobody loads, all at once, then what others did meanwhile: their loads may have
     * begun before this. Nobody waits for another while it holds leases.
     */
    void replaceOnce(Set<K> keys, LoadLeases leases) {
      Set<K> left = new LinkedHashSet<>(keys);
      while (!left.isEmpty()) {
        Map<K, Claim> mine = new HashMap<>();
        try {
          Claim ofAnother = claim(new ArrayList<>(left), leases, mine);
          if (mine.isEmpty() && ofAnother != null) {
            Loads.pause(leases.ended(ofAnother), ofAnother.waitMillis());
          }
          left.removeAll(mine.keySet());
          keep(loadLeased(mine, leases), mine, leases);
        } finally {
          mine.values().forEach(loads::release);
        }
      }
    }

    /** Takes the leases that are free; one that is not. */
    private @Nullable Claim claim(List<K> keys, LoadLeases leases, Map<K, Claim> mine) {
      Claim ofAnother = null;
      for (int start = 0; start < keys.size(); start += EntryStore.BATCH) {
        List<K> some = keys.subList(start, Math.min(keys.size(), start + EntryStore.BATCH));
        List<CompletionStage<Claim>> stages = cache.ids(some).stream().map(leases::claim).toList();
        for (int i = 0; i < some.size(); i++) {
          Claim claim = cache.await(stages.get(i));
          if (claim.token() != null) {
            mine.put(some.get(i), claim);
          } else if (claim.absent()) {
            cache.await(() -> leases.forgetAbsent(claim));
          } else {
            ofAnother = claim;
          }
        }
      }
      return ofAnother;
    }

    private Map<K, V> loadLeased(Map<K, Claim> mine, LoadLeases leases) {
      if (mine.isEmpty()) {
        return Map.of();
      }
      List<LoadLeases.Renewal> renewals = mine.values().stream().map(leases::renewing).toList();
      try {
        return Loads.loadAll(from, mine.keySet());
      } finally {
        renewals.forEach(LoadLeases.Renewal::end);
      }
    }

    /** Stores what was loaded; leaves those claims whose lease is still to be given back. */
    private void keep(Map<K, V> loaded, Map<K, Claim> mine, LoadLeases leases) {
      List<Storing<K, V>> pending = new ArrayList<>();
      Map<K, CompletionStage<Boolean>> absent = new HashMap<>();
      mine.forEach(
          (key, claim) -> {
            V value = loaded.get(key);
            byte[] before = claim.found().value();
            if (value == null && before == null) {
              absent.put(key, loads.keep(claim, null, leases));
            } else if (value != null) {
              Storing<K, V> one = storing(key, cache.id(key), before, value);
              if (one != null) {
                pending.add(one.with(keep(one, claim, leases)));
              }
            }
          });
      mine.keySet().removeAll(await(pending));
      absent.forEach(
          (key, stage) -> {
            if (cache.await(stage)) {
              mine.remove(key);
            }
          });
    }

    private CompletionStage<Boolean> keep(Storing<K, V> one, Claim claim, LoadLeases leases) {
      byte[] before = one.before();
      return before != null && one.ends()
          ? store.compareAndExpire(one.id(), before, one.bytes())
          : leases
              .keep(claim, one.bytes(), store.lifetime(one.ttl()))
              .whenComplete((done, failure) -> store.forgetCopy(one.id()));
    }

    /** Null for what has no time to live, where there is nothing that ends with it. */
    private @Nullable Storing<K, V> storing(K key, byte[] id, byte @Nullable [] before, V value) {
      long ttl = before == null ? expiry.forCreation() : expiry.forUpdate();
      return ttl == 0 && before == null
          ? null
          : new Storing<>(key, id, before, value, cache.encode(value), ttl, null);
    }

    /** Tells of what was stored; the keys whose lease, if there was one, ended with that. */
    private Set<K> await(List<Storing<K, V>> pending) {
      Set<K> ended = new LinkedHashSet<>();
      List<EntryChange<K, V>> told = new ArrayList<>();
      for (Storing<K, V> one : pending) {
        if (!cache.await(Objects.requireNonNull(one.stage()))) {
          overtaken.add(one.key());
        } else if (one.before() == null && locks.isInvalidated(one.id())) {
          cache.await(() -> store.compareAndDelete(one.id(), one.bytes()));
        } else {
          if (!one.ends()) {
            ended.add(one.key());
          }
          if (cache.isObserved()) {
            cache.note(one.written(), one.key(), one.value(), told);
          }
        }
      }
      pending.clear();
      cache.tell(told);
      return ended;
    }
  }

  /**
   * A loaded value that is being stored.
   *
   * @param before what it replaces; null for nothing
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Storing<K, V>(
      K key,
      byte[] id,
      byte @Nullable [] before,
      V value,
      byte[] bytes,
      long ttl,
      @Nullable CompletionStage<Boolean> stage) {

    Storing<K, V> with(CompletionStage<Boolean> underWay) {
      return new Storing<>(key, id, before, value, bytes, ttl, underWay);
    }

    /** Whether the entry ends with its new value. */
    boolean ends() {
      return ttl == 0;
    }

    Written written() {
      return before == null
          ? Written.CREATED
          : new Written(true, ends() ? Kind.EXPIRED : Kind.UPDATED, before);
    }
  }
}
