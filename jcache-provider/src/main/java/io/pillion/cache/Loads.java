package io.pillion.cache;

import io.pillion.cache.EntryStore.Fetched;
import io.pillion.cache.EntryStore.Loaded;
import io.pillion.cache.KeyLocks.Held;
import io.pillion.cache.KeyLocks.Watch;
import io.pillion.cache.LoadLeases.Claim;
import io.pillion.client.ConnectionException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a cache comes by the values that it does not have, and by new ones for those that grow old.
 *
 * <p>In this process one caller at a time loads a key; with a lease, in all processes, see {@link
 * LoadLeases}. The others get what that one found. What it loaded is not stored when the entry was
 * removed or replaced meanwhile, or the cache cleared: it may be what that was to get rid of.
 */
final class Loads<K, V> {
  private static final Logger log = LoggerFactory.getLogger(Loads.class);

  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final KeyLocks locks;
  private final LoadingSettings settings;
  private final Expiry expiry;
  private final @Nullable LoadLeases leases;
  private final ConcurrentMap<String, CompletableFuture<@Nullable V>> flights =
      new ConcurrentHashMap<>();
  private final Set<String> refreshing = ConcurrentHashMap.newKeySet();

  /** The loads of this cache; without leases if null. */
  Loads(
      EngineCache<K, V> cache,
      EntryStore store,
      KeyLocks locks,
      CacheSettings<K, V> settings,
      @Nullable LoadLeases leases) {
    this.cache = cache;
    this.store = store;
    this.locks = locks;
    this.settings = settings.loading();
    this.expiry = settings.expiry();
    this.leases = leases;
  }

  /** Who of all processes loads; null for whoever wants to. */
  @Nullable LoadLeases leases() {
    return leases;
  }

  // --- age

  /** Whether reads have to know how long an entry still lives. */
  boolean looksAtAge() {
    return settings.looksAtAge();
  }

  /** What is left of an entry's life: zero or less when it is only kept to be handed out stale. */
  private long leftMillis(Fetched fetched) {
    return fetched.ttlMillis() < 0
        ? Long.MAX_VALUE
        : fetched.ttlMillis() - settings.staleFor().toMillis();
  }

  /** Whether there is an entry whose life is over. */
  boolean isStale(Fetched fetched) {
    return fetched.value() != null && leftMillis(fetched) <= 0;
  }

  /** The same, to be kept as a copy no longer than until it is to be loaded anew. */
  Fetched untilDue(Fetched fetched) {
    long left = leftMillis(fetched);
    return left == Long.MAX_VALUE
        ? fetched
        : new Fetched(fetched.value(), Math.max(0, left - settings.refreshAhead().toMillis()));
  }

  /** Has the entry loaded anew in the background if it is time for that and nobody does. */
  void refreshIfDue(
      byte[] id, Fetched fetched, Supplier<? extends CompletionStage<@Nullable V>> from) {
    byte[] old = fetched.value();
    if (old == null || leftMillis(fetched) > settings.refreshAhead().toMillis()) {
      return;
    }
    String name = name(id);
    if (!refreshing.add(name)) {
      return;
    }
    CompletionStage<?> unused =
        claimToRefresh(id)
            .thenComposeAsync(claim -> refresh(id, old, from, claim), CacheThreads.WORKERS)
            .whenComplete(
                (done, failure) -> {
                  refreshing.remove(name);
                  if (failure != null) {
                    log.debug("An entry of '{}' stays as it is: {}", cache.name(), failure + "");
                  }
                });
  }

  private CompletionStage<@Nullable Claim> claimToRefresh(byte[] id) {
    return leases == null
        ? CompletableFuture.completedFuture(null)
        : leases.claimToRefresh(id).thenApply(claim -> claim);
  }

  private CompletionStage<?> refresh(
      byte[] id,
      byte[] old,
      Supplier<? extends CompletionStage<@Nullable V>> from,
      @Nullable Claim claim) {
    if (claim != null && (claim.token() == null || !Arrays.equals(claim.found().value(), old))) {
      release(claim);
      return CompletableFuture.completedFuture(null);
    }
    LoadLeases.Renewal renewal = claim == null || leases == null ? null : leases.renewing(claim);
    CompletionStage<?> stored;
    try {
      stored =
          CacheThreads.offTheReader(from.get())
              .thenCompose(
                  value ->
                      value == null
                          ? store.compareAndDelete(id, old)
                          : store.compareAndSet(id, old, cache.encode(value), ttl(value)));
    } catch (RuntimeException e) {
      stored = CompletableFuture.failedFuture(e);
    }
    return stored.whenComplete(
        (done, failure) -> {
          if (renewal != null) {
            renewal.end();
          }
          release(claim);
        });
  }

  /** Gives the lease back, if this is one. */
  void release(@Nullable Claim claim) {
    if (claim != null && claim.token() != null && leases != null) {
      CompletionStage<?> unused = CacheThreads.offTheReader(leases.release(claim));
    }
  }

  /** How long a loaded value lives. */
  long ttl(V value) {
    long ttl = expiry.forCreation();
    return value == AbsentValue.ABSENT && !settings.absentFor().isZero()
        ? Math.min(ttl, settings.absentFor().toMillis())
        : ttl;
  }

  // --- blocking

  /** The value that is there meanwhile, or what the function makes of the key; or null. */
  @Nullable V load(K key, byte[] id, Function<? super K, ? extends @Nullable V> from) {
    Once<K, V> once = new Once<>(from);
    Held held = locks.lock(id);
    try {
      LoadLeases all = leases;
      return all == null ? loadHere(key, id, once) : loadOnce(key, id, once, all);
    } catch (ConnectionException away) {
      if (once.failed || !cache.goesOnWithout()) {
        throw away;
      }
      return once.called ? once.result : from.apply(key);
    } finally {
      held.release();
    }
  }

  /** Remembers what a function made, so that it need not do so again when storing fails. */
  private static final class Once<K, V> implements Function<K, @Nullable V> {
    private final Function<? super K, ? extends @Nullable V> function;
    private @Nullable V result;
    private boolean called;
    private boolean failed;

    Once(Function<? super K, ? extends @Nullable V> function) {
      this.function = function;
    }

    @Override
    public @Nullable V apply(K key) {
      failed = true;
      result = function.apply(key);
      failed = false;
      called = true;
      return result;
    }
  }

  private @Nullable V loadHere(K key, byte[] id, Function<? super K, ? extends @Nullable V> from) {
    // Another thread may have loaded it while this one waited for the lock.
    byte[] there = cache.readable(id, cache.await(() -> store.get(id)));
    if (there != null) {
      return cache.decode(there);
    }
    byte[] generation = store.seenGeneration();
    V loaded = from.apply(key);
    if (loaded == null) {
      return null;
    }
    long ttl = ttl(loaded);
    if (ttl == 0) {
      return loaded;
    }
    byte[] bytes = cache.encode(loaded);
    Loaded kept = cache.await(() -> store.setLoaded(generation, id, bytes, ttl));
    V fresher = cache.decodeOrNull(kept.existing());
    if (fresher != null) {
      return fresher;
    }
    if (kept.stored() && locks.isInvalidated(id)) {
      cache.await(() -> store.compareAndDelete(id, bytes));
    } else if (kept.stored()) {
      cache.created(key, loaded);
    }
    return loaded;
  }

  /** Loads a key once in all processes; this one's lock of it is held. */
  @Nullable V loadOnce(
      K key, byte[] id, Function<? super K, ? extends @Nullable V> from, LoadLeases all) {
    for (; ; ) {
      Claim claim = cache.await(() -> all.claim(id));
      byte[] there = claim.found().value();
      if (there != null) {
        release(claim);
        V value = cache.decodeOrNull(there);
        if (value != null) {
          return value;
        }
        cache.await(() -> store.compareAndDelete(id, there));
        continue;
      }
      if (claim.absent()) {
        return null;
      }
      if (claim.mayLoad()) {
        return loaded(key, claim, from, all);
      }
      pause(all.ended(claim), claim.waitMillis());
    }
  }

  private @Nullable V loaded(
      K key, Claim claim, Function<? super K, ? extends @Nullable V> from, LoadLeases all) {
    boolean ended = false;
    LoadLeases.Renewal renewal = all.renewing(claim);
    try {
      V loaded = from.apply(key);
      renewal.end();
      ended = cache.await(() -> keep(claim, loaded, all));
      if (ended && loaded != null) {
        cache.created(key, loaded);
      }
      return loaded;
    } finally {
      renewal.end();
      if (!ended) {
        release(claim);
      }
    }
  }

  /** Stores what was loaded, and ends the lease with that; false when nothing was stored. */
  CompletionStage<Boolean> keep(Claim claim, @Nullable V loaded, LoadLeases all) {
    long absentMillis = settings.absentFor().toMillis();
    if (loaded == null) {
      return absentMillis == 0
          ? CompletableFuture.completedFuture(false)
          : all.keepAbsent(claim, absentMillis).thenApply(done -> true);
    }
    long ttl = ttl(loaded);
    return ttl == 0
        ? CompletableFuture.completedFuture(false)
        : all.keep(claim, cache.encode(loaded), store.lifetime(ttl));
  }

  /** Waits for somebody else's load, which may take longer than a command. */
  static void pause(CompletionStage<?> stage, long millis) {
    try {
      stage.toCompletableFuture().get(millis + 1_000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.debug("Asking again who loads", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectionException("Interrupted while another process loads the value.", e);
    }
  }

  // --- asynchronous

  /**
   * Like {@link #load}, with no thread that waits.
   *
   * @param lookUp asks for the value that is there
   */
  CompletableFuture<@Nullable V> loadAsync(
      K key,
      byte[] id,
      Supplier<? extends CompletionStage<@Nullable V>> lookUp,
      Supplier<? extends CompletionStage<@Nullable V>> from) {
    CompletableFuture<@Nullable V> flight = new CompletableFuture<>();
    String name = name(id);
    CompletableFuture<@Nullable V> underWay = flights.putIfAbsent(name, flight);
    if (underWay != null) {
      return underWay;
    }
    OnceAsync<V> once = new OnceAsync<>(from);
    CompletionStage<@Nullable V> found;
    try {
      found =
          CacheThreads.offTheReader(lookUp.get())
              .thenCompose(
                  there ->
                      there != null
                          ? CompletableFuture.completedFuture(there)
                          : cache.isAway()
                              ? once.get()
                              : leases == null
                                  ? loadHereAsync(key, id, once)
                                  : loadOnceAsync(key, id, once, leases));
    } catch (RuntimeException e) {
      found = CompletableFuture.failedFuture(e);
    }
    CompletionStage<?> unused =
        withoutServer(found, once)
            .whenComplete(
                (value, failure) -> {
                  flights.remove(name, flight);
                  if (failure == null) {
                    flight.complete(value);
                  } else {
                    flight.completeExceptionally(failure);
                  }
                });
    return flight;
  }

  /** What was found; or what is loaded without the server, when the cache goes on without it. */
  private CompletionStage<@Nullable V> withoutServer(
      CompletionStage<@Nullable V> found, OnceAsync<V> once) {
    return found
        .handle(
            (value, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(value);
              }
              return Outage.isOutage(failure) && cache.goesOnWithout()
                  ? once.again()
                  : CompletableFuture.<@Nullable V>failedFuture(failure);
            })
        .thenCompose(stage -> stage);
  }

  /** Remembers what a supplier made, so that it need not do so again when storing fails. */
  private static final class OnceAsync<V> implements Supplier<CompletionStage<@Nullable V>> {
    private final Supplier<? extends CompletionStage<@Nullable V>> supplier;
    private volatile @Nullable CompletionStage<@Nullable V> made;

    OnceAsync(Supplier<? extends CompletionStage<@Nullable V>> supplier) {
      this.supplier = supplier;
    }

    @Override
    public CompletionStage<@Nullable V> get() {
      CompletionStage<@Nullable V> stage = supplier.get();
      made = stage;
      return stage;
    }

    CompletionStage<@Nullable V> again() {
      CompletionStage<@Nullable V> before = made;
      return before == null ? get() : before;
    }
  }

  private CompletionStage<@Nullable V> loadHereAsync(
      K key, byte[] id, Supplier<? extends CompletionStage<@Nullable V>> from) {
    byte[] generation = store.seenGeneration();
    Watch watch = locks.watch(id);
    CompletionStage<@Nullable V> loading;
    try {
      loading = CacheThreads.offTheReader(from.get());
    } catch (RuntimeException e) {
      loading = CompletableFuture.failedFuture(e);
    }
    return loading
        .thenCompose(
            loaded -> {
              long ttl = loaded == null ? 0 : ttl(loaded);
              if (loaded == null || ttl == 0) {
                return CompletableFuture.<@Nullable V>completedFuture(loaded);
              }
              byte[] bytes = cache.encode(loaded);
              return CacheThreads.offTheReader(store.setLoaded(generation, id, bytes, ttl))
                  .thenCompose(kept -> keptAsync(key, id, loaded, kept, bytes, ttl, watch));
            })
        .whenComplete((value, failure) -> watch.end());
  }

  /** What there is now; it takes the place of what cannot be read. */
  private CompletionStage<@Nullable V> keptAsync(
      K key, byte[] id, V loaded, Loaded kept, byte[] bytes, long ttl, Watch watch) {
    byte[] existing = kept.existing();
    V fresher = cache.decodeOrNull(existing);
    if (fresher != null) {
      return CompletableFuture.completedFuture(fresher);
    }
    CompletionStage<Boolean> stored =
        existing == null
            ? CompletableFuture.completedFuture(kept.stored())
            : CacheThreads.offTheReader(store.compareAndSet(id, existing, bytes, ttl));
    return stored.thenCompose(
        done -> {
          if (done && watch.isInvalidated()) {
            return store.compareAndDelete(id, bytes).thenApply(gone -> loaded);
          }
          if (done) {
            cache.created(key, loaded);
          }
          return CompletableFuture.<@Nullable V>completedFuture(loaded);
        });
  }

  private CompletionStage<@Nullable V> loadOnceAsync(
      K key, byte[] id, Supplier<? extends CompletionStage<@Nullable V>> from, LoadLeases all) {
    return CacheThreads.offTheReader(all.claim(id))
        .thenCompose(
            claim -> {
              byte[] there = claim.found().value();
              if (there != null) {
                release(claim);
                V value = cache.decodeOrNull(there);
                return value != null
                    ? CompletableFuture.<@Nullable V>completedFuture(value)
                    : CacheThreads.offTheReader(store.compareAndDelete(id, there))
                        .thenCompose(done -> loadOnceAsync(key, id, from, all));
              }
              if (claim.absent()) {
                return CompletableFuture.<@Nullable V>completedFuture(null);
              }
              if (claim.mayLoad()) {
                return loadedAsync(key, claim, from, all);
              }
              return CacheThreads.offTheReader(all.ended(claim))
                  .thenCompose(ended -> loadOnceAsync(key, id, from, all));
            });
  }

  private CompletionStage<@Nullable V> loadedAsync(
      K key, Claim claim, Supplier<? extends CompletionStage<@Nullable V>> from, LoadLeases all) {
    CompletionStage<@Nullable V> loading;
    LoadLeases.Renewal renewal = all.renewing(claim);
    try {
      loading = CacheThreads.offTheReader(from.get());
    } catch (RuntimeException e) {
      loading = CompletableFuture.failedFuture(e);
    }
    return loading
        .whenComplete((loaded, failure) -> renewal.end())
        .thenCompose(
            loaded ->
                keep(claim, loaded, all)
                    .thenApply(
                        kept -> {
                          if (!kept) {
                            release(claim);
                          } else if (loaded != null) {
                            cache.created(key, loaded);
                          }
                          return loaded;
                        }))
        .whenComplete(
            (loaded, failure) -> {
              if (failure != null) {
                release(claim);
              }
            });
  }

  private static String name(byte[] id) {
    return new String(id, StandardCharsets.ISO_8859_1);
  }

  /** What there is of these keys, not empty. */
  static <K, V> Map<K, V> loadAll(EntryLoader<K, V> from, Set<K> keys) {
    Map<K, V> loaded = withoutNulls(from.loadAll(keys));
    // What was not asked for is nobody's: neither locked, nor known to be missing.
    loaded.keySet().retainAll(keys);
    return loaded;
  }

  /** Loaders may put null for a key that has no value. */
  private static <K, V> Map<K, V> withoutNulls(@Nullable Map<K, V> loaded) {
    Map<K, V> present = new LinkedHashMap<>();
    if (loaded != null) {
      loaded.forEach(
          (key, value) -> {
            if (key != null && value != null) {
              present.put(key, value);
            }
          });
    }
    return present;
  }
}
