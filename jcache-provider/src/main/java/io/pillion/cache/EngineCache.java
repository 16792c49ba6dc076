package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
import io.pillion.cache.EntryStore.Loaded;
import io.pillion.cache.KeyLocks.Held;
import io.pillion.client.Commands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One named cache on one server, shared by all processes that use the same server, prefix and name.
 * Thread-safe. Keys and values are never null and are stored by value.
 *
 * <p><b>Acknowledged.</b> An operation returns (or its stage completes) when the server has
 * answered; when it could not, it fails with {@link io.pillion.client.ConnectionException} or
 * {@link io.pillion.client.CommandException}. Nothing is swallowed, and nothing is left to be done
 * later.
 *
 * <p><b>Atomic.</b> Each operation on one key is atomic among all processes, by commands that
 * compare on the server. Bulk operations are atomic per key. With a loader, a writer or an
 * observer, operations on one key also exclude each other in this process, so that the database,
 * the cache and the listeners see changes in one order.
 *
 * <p><b>Unreadable.</b> A value that cannot be read (written by another version of its class, by a
 * codec that is not set, of a class that is not allowed, damaged) counts as missing, and as {@link
 * CacheStatistics#unreadableValues}: reads find nothing and load, the iterator passes it by, what
 * stores where nothing is replaces it, what needs a value to replace or compare with leaves it as
 * it is. What overwrites or removes whatever there is does so, and tells listeners of no old value:
 * {@link #put} of an update, {@link #remove(Object)}, {@link #getAndRemove} and {@link #removeAll}
 * of a removal.
 *
 * <p><b>Transactions.</b> With {@link CacheSettings.Builder#transactions}, an operation in one
 * tells the writer at once, and changes the cache after the commit; its thread sees that before.
 *
 * <p><b>Cost.</b> With a fixed {@link Expiry} most operations take one round trip; those that have
 * to look first ({@code replace}, {@code getAndReplace}, {@code remove(key, old)}, {@code invoke})
 * take two, and more when other clients change the entry meanwhile.
 */
public final class EngineCache<K, V> implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EngineCache.class);

  private final Commands commands;
  private final String name;
  private final KeyCodec keyCodec;
  private final ValueFormat valueFormat;
  private final Expiry expiry;
  private final @Nullable EntryLoader<K, V> loader;
  private final @Nullable EntryLoader<K, V> readThrough;
  private final @Nullable EntryWriter<K, V> writer;
  private final @Nullable EntryObserver<K, V> observer;
  private final CacheStatistics statistics;
  private final Executor executor;
  private final EntryStore store;
  private final EntryStore changes;
  private final @Nullable WriteQueue queue;
  private final @Nullable WriteBehind<K, V> writeBehind;
  private final Sweeper sweeper;
  private final boolean failsOnUnreadable;
  private final KeyLocks locks = new KeyLocks();
  private final @Nullable NearCache near;
  private final Loads<K, V> loads;
  private final Reads<K, V> reads;
  private final Writes<K, V> writes;
  private final @Nullable Duration absentFor;
  private final @Nullable Outage outage;
  private final @Nullable Transactions transactions;
  private final @Nullable Commits<K, V> commits;
  private volatile boolean closed;

  /**
   * A cache with these settings. Nothing is sent before its first operation, except for a near
   * cache: the server is asked to report changes.
   *
   * @throws IllegalArgumentException when a near cache is wanted and the server cannot report, or
   *     writing behind and the server cannot keep the queue
   */
  public EngineCache(Commands commands, CacheSettings<K, V> settings) {
    this.commands = commands;
    name = settings.name();
    keyCodec = settings.keyCodec();
    valueFormat = settings.valueFormat();
    expiry = settings.expiry();
    WriteBehindSettings behind = settings.writeBehind();
    EntryWriter<K, V> settingsWriter = settings.writer();
    writer = behind == null ? settingsWriter : null;
    observer = settings.observer();
    statistics = new CacheStatistics(settings.statistics());
    failsOnUnreadable = settings.failsOnUnreadable();
    executor = settings.executor();
    KeyLayout layout = settings.keyLayout();
    queue = behind == null ? null : new WriteQueue(commands, layout, name, behind);
    writeBehind =
        behind == null || queue == null || settingsWriter == null
            ? null
            : new WriteBehind<>(this, queue, settingsWriter, behind);
    EntryLoader<K, V> settingsLoader = settings.loader();
    loader =
        writeBehind == null || settingsLoader == null
            ? settingsLoader
            : writeBehind.before(settingsLoader, keyCodec);
    readThrough = settings.readsThrough() ? loader : null;
    near = NearCache.open(settings, commands);
    outage = settings.outage();
    transactions = settings.transactions();
    LoadingSettings loading = settings.loading();
    store = new EntryStore(commands, layout, settings.ttlCeilingMillis(), near, loading, outage);
    changes = queue == null ? store : store.queuedIn(queue);
    loads =
        new Loads<>(
            this,
            store,
            locks,
            settings,
            loading.leaseMillis() == 0
                ? null
                : new LoadLeases(commands, store, layout, loading.leaseMillis()));
    reads = new Reads<>(this, store, near, loads, expiry);
    writes = new Writes<>(this, store, expiry);
    commits =
        transactions == null
            ? null
            : new Commits<>(this, store, changes, reads, writes, locks, queue != null);
    absentFor = loading.absentFor().isZero() ? null : loading.absentFor();
    sweeper = new Sweeper(commands, layout);
    if (writeBehind != null) {
      writeBehind.start();
    }
  }

  /** What carries changes to the writer later; null when none does. */
  public @Nullable WriteBehind<K, V> writeBehind() {
    return writeBehind;
  }

  /** What the copies in this process did; null when there are none. */
  public @Nullable NearStatistics nearStatistics() {
    return near;
  }

  /** How this object fared without its server; null when nothing was said of that. */
  public @Nullable FailureStatistics failureStatistics() {
    return outage;
  }

  /** The name. */
  public String name() {
    return name;
  }

  /** What this object counted. */
  public CacheStatistics statistics() {
    return statistics;
  }

  /** The value of this key, loaded if it is missing and the cache reads through; or null. */
  public @Nullable V get(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.get(key);
    }
    V copy = reads.copy(key);
    if (copy != null) {
      return copy;
    }
    byte[] id = id(key);
    EntryLoader<K, V> from = readThrough;
    if (from == null) {
      return reads.lookUp(key, id, null);
    }
    V value = reads.lookUp(key, id, from::load);
    return value == null ? loads.load(key, id, from::load) : value;
  }

  /**
   * The value of this key, or what the function makes of it, which is then stored unless it is
   * null. In one process the function runs once at a time for a key; in all processes with a {@link
   * LoadingSettings#lease}. What it makes is returned but not stored if meanwhile the key was
   * removed by this process (with a lease: by anybody), or the cache cleared by anybody.
   */
  public @Nullable V computeIfAbsent(K key, Function<? super K, ? extends @Nullable V> function) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.computeIfAbsent(key, function);
    }
    V copy = reads.copy(key);
    if (copy != null) {
      return copy;
    }
    byte[] id = id(key);
    V value = reads.lookUp(key, id, function);
    return value == null ? loads.load(key, id, function) : value;
  }

  /**
   * Like {@link #computeIfAbsent}, with no thread that waits. What depends on the stage, and the
   * supplier, may run on a thread of the common pool.
   *
   * @param from makes the value
   * @return not to be completed by the caller; callers that ask together may get the same
   */
  public CompletionStage<@Nullable V> computeIfAbsentAsync(
      K key, Supplier<? extends CompletionStage<@Nullable V>> from) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null && mine.isChanged(id(key))) {
      V own = mine.get(key);
      return own == null ? from.get() : CompletableFuture.completedFuture(own);
    }
    V copy = reads.copy(key);
    if (copy != null) {
      return CompletableFuture.completedFuture(copy);
    }
    byte[] id = id(key);
    return loads.loadAsync(key, id, () -> reads.lookUpAsync(key, id, from), from);
  }

  /** The value of this key, or null. With read-through, loading runs on the executor. */
  public CompletionStage<@Nullable V> getAsync(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null && mine.isChanged(id(key))) {
      return CompletableFuture.completedFuture(mine.get(key));
    }
    V copy = reads.copy(key);
    if (copy != null) {
      return CompletableFuture.completedFuture(copy);
    }
    if (readThrough != null || !expiry.isFixed()) {
      return onExecutor(() -> get(key));
    }
    return reads.lookUpAsync(key, id(key), null);
  }

  /** The values of those of these keys that have one, missing ones loaded as by {@link #get}. */
  public Map<K, V> getAll(Set<? extends K> keys) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.getAll(keys);
    }
    requireOpen();
    long start = statistics.start();
    EntryLoader<K, V> from = readThrough;
    Map<K, V> found = new LinkedHashMap<>();
    Set<K> missing = reads.lookUpAll(keys, from, found);
    statistics.got(found.size(), missing.size(), start);
    if (from != null && !missing.isEmpty()) {
      found.putAll(loadMissing(from, missing));
    }
    return found;
  }

  /** Whether this key has a value that can be read; neither loads, nor counts, nor touches. */
  public boolean containsKey(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.containsKey(key);
    }
    return isReadable(id(key));
  }

  boolean isReadable(byte[] id) {
    return decodeOrNull(await(store.get(id))) != null;
  }

  /**
   * The entries, fetched in pages as the iterator moves on. Those present all the time appear;
   * those that come or go meanwhile may or may not, and on servers that reorganise their tables
   * during the walk an entry can appear twice. The walk ends when the cache is cleared. {@code
   * remove} removes like {@link #remove(Object)}. The server walks all its keys, not only this
   * cache's.
   */
  public Iterator<CacheEntry<K, V>> iterator() {
    requireOpen();
    return new EntryIterator<>(this, store);
  }

  /** Stores the value. */
  public void put(K key, V value) {
    put(key, value, lifeOf(value));
  }

  /** Stores the value for this long, whatever the cache's expiry says; zero removes it. */
  public void put(K key, V value, Duration ttl) {
    put(key, value, lasting(ttl));
  }

  private void put(K key, V value, Expiry how) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.put(key, value, how);
      return;
    }
    long start = statistics.start();
    byte[] id = id(key);
    byte[] bytes = encode(value);
    Held held = exclusively(id);
    try {
      tellWriter(key, id, value);
      Written written =
          orWithout(() -> writes.write(changes, id, bytes, how, isObserved()), Written.NOTHING);
      statistics.put(written.stored(), start);
      tellOf(written, key, value);
    } finally {
      held.release();
    }
  }

  /** Stores the value. */
  public CompletionStage<@Nullable Void> putAsync(K key, V value) {
    return putAsync(key, value, lifeOf(value));
  }

  /** Stores the value for this long, whatever the cache's expiry says; zero removes it. */
  public CompletionStage<@Nullable Void> putAsync(K key, V value, Duration ttl) {
    return putAsync(key, value, lasting(ttl));
  }

  private CompletionStage<@Nullable Void> putAsync(K key, V value, Expiry how) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.put(key, value, how);
      return CompletableFuture.completedFuture(null);
    }
    if (isExclusive() || !Writes.storesAtOnce(how)) {
      return onExecutor(
          () -> {
            put(key, value, how);
            return null;
          });
    }
    long start = statistics.start();
    byte[] id = id(key);
    byte[] bytes = encode(value);
    CompletionStage<?> stored =
        how.forCreation() == how.forUpdate()
            ? changes.set(id, bytes, how.forCreation())
            : changes.put(id, bytes, how.forCreation(), how.forUpdate(), /* wantOld= */ false);
    return orWithout(
        stored.thenApply(
            done -> {
              statistics.put(1, start);
              return null;
            }),
        null);
  }

  /** Stores all these values. When the writer fails, those that it had written are stored. */
  public void putAll(Map<? extends K, ? extends V> entries) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.putAll(entries);
      return;
    }
    long start = statistics.start();
    Map<K, byte[]> encoded = encodeAll(entries);
    Held held = exclusively(encoded.keySet());
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
      if (commits != null) {
        commits.overtake(ids(encoded.keySet()), writer);
      }
      orWithout(
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

  /** Stores the value if the key has none: null, or the value that it has. */
  public @Nullable V putIfAbsent(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    return mine == null
        ? decodeOrNull(storeIfAbsent(key, value).existing())
        : mine.putIfAbsent(key, value);
  }

  /**
   * Stores the value if the key has none; whether it was stored. Unlike {@link #putIfAbsent} this
   * tells a value that was stored from one that was given no time to live.
   */
  public boolean create(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    return mine == null ? storeIfAbsent(key, value).stored() : mine.putIfAbsent(key, value) == null;
  }

  private Loaded storeIfAbsent(K key, V value) {
    long start = statistics.start();
    byte[] id = id(key);
    byte[] bytes = encode(value);
    Held held = exclusively(id);
    try {
      // Only when it is known that the entry is new may a policy be asked, and the writer told.
      // Without time to live nothing would be sent that could find an old one.
      boolean lookFirst = writer != null || !expiry.isFixed() || expiry.forCreation() == 0;
      byte[] there = lookFirst ? readable(id, await(store.get(id))) : null;
      boolean stored = false;
      if (there == null) {
        tellWriter(key, id, value);
        long ttl = expiry.forCreation();
        if (ttl != 0) {
          there = writes.setIfAbsent(changes, id, bytes, ttl);
          stored = there == null;
        } else {
          await(changes.tellWriter(id, bytes));
        }
      }
      statistics.got(there != null, start);
      if (stored) {
        statistics.put(1, start);
        tell(Kind.CREATED, key, null, value);
      }
      return new Loaded(there, stored);
    } finally {
      held.release();
    }
  }

  /** Stores the value if the key has none: null, or the value that it has. */
  public CompletionStage<@Nullable V> putIfAbsentAsync(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return CompletableFuture.completedFuture(mine.putIfAbsent(key, value));
    }
    if (isExclusive() || !Writes.storesAtOnce(expiry)) {
      return onExecutor(() -> putIfAbsent(key, value));
    }
    long start = statistics.start();
    return writes
        .setIfAbsentAsync(changes, id(key), encode(value), expiry.forCreation())
        .thenApply(
            there -> {
              statistics.got(there != null, start);
              statistics.put(there == null ? 1 : 0, start);
              return decodeOrNull(there);
            });
  }

  /** Stores the value; the one that it replaces, or null. */
  public @Nullable V getAndPut(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.getAndPut(key, value);
    }
    long start = statistics.start();
    byte[] id = id(key);
    byte[] bytes = encode(value);
    Held held = exclusively(id);
    try {
      tellWriter(key, id, value);
      Written written = writes.write(changes, id, bytes, expiry, /* wantOld= */ true);
      V old = decodeOrNull(written.old());
      statistics.got(old != null, start);
      statistics.put(written.stored(), start);
      tellOf(written, key, value);
      return old;
    } finally {
      held.release();
    }
  }

  /** Stores the value if the key has one; whether it had. */
  public boolean replace(K key, V value) {
    return getAndReplace(key, value) != null;
  }

  /** Stores the value if the key has one; the one it had, or null. */
  public @Nullable V getAndReplace(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.getAndReplace(key, value);
    }
    long start = statistics.start();
    byte[] id = id(key);
    byte[] bytes = encode(value);
    Held held = exclusively(id);
    try {
      for (; ; ) {
        // Only who has read it knows that there is a value to be replaced.
        byte[] old = await(store.get(id));
        V present = decodeOrNull(old);
        if (old == null || present == null) {
          statistics.got(false, start);
          return null;
        }
        tellWriter(key, id, value);
        Written swapped = writes.swap(changes, id, old, bytes, expiry);
        if (swapped != null) {
          statistics.got(true, start);
          statistics.put(swapped.stored(), start);
          tellOf(swapped, key, value);
          return present;
        }
      }
    } finally {
      held.release();
    }
  }

  /** Stores the new value if the key has a value equal to the old one; whether it had. */
  public boolean replace(K key, V oldValue, V newValue) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.replace(key, oldValue, newValue);
    }
    long start = statistics.start();
    byte[] id = id(key);
    Objects.requireNonNull(oldValue, "oldValue");
    byte[] bytes = encode(newValue);
    Held held = exclusively(id);
    try {
      for (; ; ) {
        byte[] old = await(store.get(id));
        V present = decodeOrNull(old);
        if (old == null || present == null || !present.equals(oldValue)) {
          return countMismatch(id, present != null, start);
        }
        tellWriter(key, id, newValue);
        Written swapped = writes.swap(changes, id, old, bytes, expiry);
        if (swapped != null) {
          statistics.got(true, start);
          statistics.put(swapped.stored(), start);
          tellOf(swapped, key, newValue);
          return true;
        }
      }
    } finally {
      held.release();
    }
  }

  /** Removes the value of this key; whether it had one. */
  public boolean remove(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.remove(key);
    }
    long start = statistics.start();
    byte[] id = id(key);
    Held held = exclusively(id);
    try {
      tellWriter(key, id, null);
      locks.invalidate(id);
      if (!isObserved()) {
        boolean removed = orWithout(() -> await(changes.delete(id)), false);
        statistics.removed(removed ? 1 : 0, start);
        return removed;
      }
      byte[] old = await(changes.getAndDelete(id));
      if (old == null) {
        return false;
      }
      statistics.removed(1, start);
      tell(Kind.REMOVED, key, old, null);
      return true;
    } finally {
      held.release();
    }
  }

  /** Removes the value of this key; whether it had one. */
  public CompletionStage<Boolean> removeAsync(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return CompletableFuture.completedFuture(mine.remove(key));
    }
    if (isExclusive()) {
      return onExecutor(() -> remove(key));
    }
    long start = statistics.start();
    byte[] id = id(key);
    locks.invalidate(id);
    return orWithout(
        changes
            .delete(id)
            .thenApply(
                removed -> {
                  statistics.removed(removed ? 1 : 0, start);
                  return removed;
                }),
        false);
  }

  /** Removes the value of this key if it is equal to the given one; whether it was. */
  public boolean remove(K key, V oldValue) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.remove(key, oldValue);
    }
    long start = statistics.start();
    byte[] id = id(key);
    Objects.requireNonNull(oldValue, "oldValue");
    Held held = exclusively(id);
    try {
      for (; ; ) {
        byte[] old = await(store.get(id));
        V present = decodeOrNull(old);
        if (old == null || present == null || !present.equals(oldValue)) {
          return countMismatch(id, present != null, start);
        }
        tellWriter(key, id, null);
        locks.invalidate(id);
        if (await(changes.compareAndDelete(id, old))) {
          statistics.got(true, start);
          statistics.removed(1, start);
          tell(Kind.REMOVED, key, old, null);
          return true;
        }
      }
    } finally {
      held.release();
    }
  }

  /** Removes the value of this key; the one it had, or null. */
  public @Nullable V getAndRemove(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.getAndRemove(key);
    }
    long start = statistics.start();
    byte[] id = id(key);
    Held held = exclusively(id);
    try {
      tellWriter(key, id, null);
      locks.invalidate(id);
      byte[] old = await(changes.getAndDelete(id));
      V value = decodeOrNull(old);
      statistics.got(value != null, start);
      if (old != null) {
        statistics.removed(1, start);
        tell(new EntryChange<>(Kind.REMOVED, key, value, null));
      }
      return value;
    } finally {
      held.release();
    }
  }

  /** Removes the values of these keys. When the writer fails, those it had deleted are removed. */
  public void removeAll(Set<? extends K> keys) {
    if (keys.isEmpty()) {
      return;
    }
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.removeAll(keys);
      return;
    }
    long start = statistics.start();
    List<K> all = new ArrayList<>(keys);
    Held held = exclusively(all);
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
      List<byte[]> ids = ids(all);
      if (commits != null) {
        commits.overtake(ids, writer);
      }
      ids.forEach(locks::invalidate);
      List<byte @Nullable []> removed =
          orWithout(() -> await(changes.deleteAll(ids, isObserved())), List.of());
      statistics.removed(removed.stream().filter(Objects::nonNull).count(), start);
      if (isObserved()) {
        List<EntryChange<K, V>> told = new ArrayList<>();
        for (int i = 0; i < removed.size(); i++) {
          byte[] old = removed.get(i);
          if (old != null) {
            told.add(new EntryChange<>(Kind.REMOVED, all.get(i), decodeOrNull(old), null));
          }
        }
        tell(told);
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      held.release();
    }
  }

  /**
   * Removes every entry as {@link #removeAll(Set)} would, walking through them; in one step, like
   * {@link #clear()}, if no writer, listener or count wants to know of each.
   */
  public void removeAll() {
    requireOpen();
    if (writer == null && queue == null && !isObserved() && !statistics.isEnabled()) {
      clear();
      return;
    }
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      removeAll(mine.putKeys());
      if (mine.isCleared()) {
        return;
      }
    }
    EntryIterator<K, V> walk = new EntryIterator<>(this, store);
    for (Set<K> page = walk.nextKeys(); page != null; page = walk.nextKeys()) {
      removeAll(page);
    }
  }

  /**
   * Puts every entry out of reach of everybody, in one round trip however many there are. Their
   * memory is given back in the background.
   */
  public void clear() {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      requireOpen();
      mine.clear();
      return;
    }
    await(clearAsync());
  }

  /**
   * Removes the value of this key from the cache now, whether this thread is in a transaction or
   * not; in a transaction also when that was committed, as somebody may have loaded the old value
   * before. Whether there was one.
   */
  public boolean removeNow(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    return mine == null ? remove(key) : mine.removeNow(key);
  }

  /** See {@link #clear()} and {@link #removeNow}. */
  public void clearNow() {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.clear();
    }
    await(clearAsync());
  }

  /** See {@link #clear()}. */
  public CompletionStage<@Nullable Void> clearAsync() {
    requireOpen();
    return orWithout(
        store
            .clear()
            .thenApply(
                generation -> {
                  sweeper.schedule();
                  return null;
                }),
        null);
  }

  /**
   * Runs the processor on the entry and applies what it did, if the entry has not changed
   * meanwhile; else runs it again. What the processor throws is thrown, and nothing applied.
   */
  public <T extends @Nullable Object> T invoke(K key, Function<WorkingEntry<K, V>, T> processor) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.invoke(key, processor);
    }
    long start = statistics.start();
    byte[] id = id(key);
    // Processors exclude each other even in plain caches: running them twice is no virtue.
    Held held = locks.lock(id);
    try {
      for (boolean first = true; ; first = false) {
        byte[] stored = await(store.get(id));
        V before = decodeOrNull(stored);
        if (first) {
          statistics.got(before != null, start);
        }
        WorkingEntry<K, V> entry = new WorkingEntry<>(key, before, readThrough);
        T result = processor.apply(entry);
        if (stored != null && before == null && entry.changes()) {
          await(store.compareAndDelete(id, stored));
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
        await(store.touch(id, expiry.forAccess()));
        return true;
      }
      case REMOVED -> {
        tellWriter(key, id, null);
        locks.invalidate(id);
        if (before == null) {
          await(changes.tellWriter(id, null));
          return true;
        }
        if (!await(changes.compareAndDelete(id, before))) {
          return false;
        }
        statistics.removed(1, start);
        tell(Kind.REMOVED, key, before, null);
        return true;
      }
      case LOADED, SET -> {
        V value = Objects.requireNonNull(after);
        byte[] bytes = encode(value);
        boolean loaded = entry.outcome() == WorkingEntry.Outcome.LOADED;
        if (!loaded) {
          tellWriter(key, id, value);
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
        tellOf(written, key, value);
        return true;
      }
    }
    throw new AssertionError(entry.outcome());
  }

  /**
   * Loads these keys with the cache's loader and stores what it finds, without telling the writer.
   * Nothing is counted: the application put nothing, and asked for nothing yet.
   *
   * @param replace whether also keys that have a value are loaded, and their value replaced
   */
  public void loadAll(Set<? extends K> keys, boolean replace) {
    requireOpen();
    EntryLoader<K, V> from = loader;
    if (from == null) {
      return;
    }
    Set<K> wanted = new HashSet<>(keys);
    if (!replace) {
      List<K> all = new ArrayList<>(wanted);
      List<byte @Nullable []> stored = await(store.getAll(ids(all), Expiry.UNCHANGED));
      for (int i = 0; i < all.size(); i++) {
        if (decodeOrNull(stored.get(i)) != null) {
          wanted.remove(all.get(i));
        }
      }
    }
    if (wanted.isEmpty()) {
      return;
    }
    Map<K, V> loaded = Loads.withoutNulls(from.loadAll(wanted));
    Map<K, byte[]> encoded = encodeAll(loaded);
    Held held = exclusively(encoded.keySet());
    try {
      if (replace) {
        writes.storeAll(store, loaded, encoded);
      } else {
        writes.createAll(loaded, encoded);
      }
    } finally {
      held.release();
    }
  }

  /** Loads these keys on the executor, see {@link #loadAll}. */
  public CompletionStage<@Nullable Void> loadAllAsync(Set<? extends K> keys, boolean replace) {
    Set<K> wanted = new HashSet<>(keys);
    return onExecutor(
        () -> {
          loadAll(wanted, replace);
          return null;
        });
  }

  /** Removes what {@link #clear()} put out of reach, now and on this thread. */
  public void sweep() {
    requireOpen();
    sweeper.sweep();
  }

  /** Removes the cache from the server, now and with all that is known of it, and closes. */
  public void destroy() {
    await(store.clear());
    sweeper.sweep();
    await(store.forget());
    close();
  }

  /**
   * Ends this object, not the cache: the entries stay, and others go on using them. With a queue
   * for the writer this waits until it is empty, see {@link WriteBehindSettings#drain}.
   */
  @Override
  public void close() {
    closed = true;
    if (writeBehind != null) {
      writeBehind.close();
    }
    if (near != null) {
      near.close();
    }
  }

  /** Whether {@link #close()} was called. */
  public boolean isClosed() {
    return closed;
  }

  /** Writes through, or deletes with null; what happens next is later than what came before. */
  private void tellWriter(K key, byte[] id, @Nullable V value) {
    if (writer != null && value != null) {
      writer.write(key, value);
    } else if (writer != null) {
      writer.delete(key);
    }
    if (commits != null) {
      commits.overtake(List.of(id), writer);
    }
  }

  // --- for transactions

  /** What this thread's transaction makes of the cache; null outside of one. */
  private @Nullable TransactionChanges<K, V> inTransaction() {
    Transactions all = transactions;
    Commits<K, V> told = commits;
    if (all == null || told == null || !all.isActive()) {
      return null;
    }
    TransactionChanges<K, V> mine =
        all.participant(this, () -> new TransactionChanges<>(this, writer, readThrough, told));
    return mine.isOver() ? null : mine;
  }

  /** Counts and touches what the iterator hands out. */
  void iterated(byte[] id) {
    statistics.got(1, 0, statistics.start());
    await(store.touch(id, expiry.forAccess()));
  }

  K decodeKey(byte[] id) {
    @SuppressWarnings("unchecked")
    K key = (K) keyCodec.decode(id);
    return key;
  }

  /** The key; null for one that cannot be read, which counts as a missing value. */
  @Nullable K decodeKeyOrNull(byte[] id) {
    try {
      return decodeKey(id);
    } catch (CodecException e) {
      note(e);
      return null;
    }
  }

  V decode(byte[] bytes) {
    @SuppressWarnings("unchecked")
    V value = (V) valueFormat.decode(bytes);
    return value;
  }

  @SuppressWarnings("NullAway") // nullness of T is the stage's, which NullAway does not follow
  <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    @SuppressWarnings("unchecked")
    CompletionStage<@Nullable Object> untyped = (CompletionStage<@Nullable Object>) stage;
    @SuppressWarnings("unchecked")
    T result = (T) (queue == null ? commands.await(untyped) : queue.await(untyped));
    return result;
  }

  /** What the server answers, or this when there is no answer and the cache goes on without. */
  @SuppressWarnings("NullAway") // nullness of T is the supplier's, which NullAway does not follow
  <T extends @Nullable Object> T orWithout(Supplier<T> operation, @Nullable T otherwise) {
    return outage == null ? operation.get() : outage.orWithout(operation, otherwise);
  }

  @SuppressWarnings("NullAway") // as above
  <T extends @Nullable Object> CompletionStage<T> orWithout(
      CompletionStage<T> stage, @Nullable T otherwise) {
    return outage == null ? stage : outage.orWithout(stage, otherwise);
  }

  /** Whether the application is not to hear of this. */
  boolean goesOnWithout() {
    return outage != null && outage.goesOnWithout();
  }

  /** Whether nothing is asked at the moment and the application goes on without. */
  boolean isAway() {
    return outage != null && outage.isAway();
  }

  /** Told of what was loaded and stored. */
  void created(K key, V value) {
    tell(Kind.CREATED, key, null, value);
  }

  private Map<K, V> loadMissing(EntryLoader<K, V> from, Set<K> missing) {
    Held held = exclusively(missing);
    try {
      Map<K, V> loaded = Loads.withoutNulls(from.loadAll(missing));
      writes.createAll(loaded, encodeAll(loaded));
      return loaded;
    } finally {
      held.release();
    }
  }

  private boolean countMismatch(byte[] id, boolean present, long start) {
    if (present) {
      await(store.touch(id, expiry.forAccess()));
    }
    statistics.got(present, start);
    return false;
  }

  boolean isObserved() {
    return observer != null && observer.isActive();
  }

  void tellOf(Written written, K key, V value) {
    if (isObserved()) {
      List<EntryChange<K, V>> told = new ArrayList<>(2);
      note(written, key, value, told);
      tell(told);
    }
  }

  /** Adds what a write is told as: an update without time to live is one, and the entry's end. */
  void note(Written written, K key, V value, List<EntryChange<K, V>> told) {
    Kind kind = written.kind();
    if (kind != null) {
      boolean ended = kind == Kind.EXPIRED;
      V old = decodeOrNull(written.old());
      told.add(new EntryChange<>(ended ? Kind.UPDATED : kind, key, old, value));
      if (ended) {
        told.add(new EntryChange<>(Kind.EXPIRED, key, value, null));
      }
    }
  }

  void tell(Kind kind, K key, byte @Nullable [] old, @Nullable V value) {
    if (isObserved()) {
      tell(new EntryChange<>(kind, key, decodeOrNull(old), value));
    }
  }

  private void tell(EntryChange<K, V> change) {
    tell(List.of(change));
  }

  void tell(List<EntryChange<K, V>> changes) {
    if (observer != null && observer.isActive() && !changes.isEmpty()) {
      observer.changed(changes);
    }
  }

  private boolean isExclusive() {
    return writer != null || readThrough != null || isObserved();
  }

  private Held exclusively(byte[] id) {
    return isExclusive() ? locks.lock(id) : Held.NOTHING;
  }

  private Held exclusively(Collection<K> keys) {
    return isExclusive() ? locks.lockAll(ids(keys)) : Held.NOTHING;
  }

  <T extends @Nullable Object> CompletionStage<T> onExecutor(Supplier<T> operation) {
    requireOpen();
    return CompletableFuture.supplyAsync(operation, executor);
  }

  /** That there is no value may be remembered for another time than values are. */
  Expiry lifeOf(V value) {
    return absentFor != null && value == AbsentValue.ABSENT ? lasting(absentFor) : expiry;
  }

  private static Expiry lasting(Duration ttl) {
    long millis = Expiry.millis(ttl);
    return Expiry.fixed(millis, millis, Expiry.UNCHANGED);
  }

  byte[] id(K key) {
    requireOpen();
    return keyCodec.encode(Objects.requireNonNull(key, "key"));
  }

  List<byte[]> ids(Collection<? extends K> keys) {
    requireOpen();
    List<byte[]> ids = new ArrayList<>(keys.size());
    for (K key : keys) {
      ids.add(id(key));
    }
    return ids;
  }

  byte[] encode(V value) {
    return valueFormat.encode(Objects.requireNonNull(value, "value"));
  }

  private Map<K, byte[]> encodeAll(Map<? extends K, ? extends V> entries) {
    Map<K, byte[]> encoded = new LinkedHashMap<>();
    entries.forEach((key, value) -> encoded.put(Objects.requireNonNull(key, "key"), encode(value)));
    return encoded;
  }

  /**
   * The value of these bytes; null for none, and for what cannot be read, unless that is to fail.
   */
  @Nullable V decodeOrNull(byte @Nullable [] stored) {
    if (stored == null) {
      return null;
    }
    try {
      return decode(stored);
    } catch (CodecException e) {
      note(e);
      return null;
    }
  }

  private void note(CodecException unreadable) {
    if (failsOnUnreadable) {
      throw unreadable;
    }
    if (statistics.unreadable()) {
      log.warn(
          "What cannot be read in cache '{}' counts as missing (said once): {}",
          name,
          unreadable.getMessage());
    }
  }

  /** The same bytes; null, and nothing left of them on the server, if they cannot be read. */
  byte @Nullable [] readable(byte[] id, byte @Nullable [] stored) {
    if (stored != null && decodeOrNull(stored) == null) {
      await(store.compareAndDelete(id, stored));
      return null;
    }
    return stored;
  }

  void requireOpen() {
    if (closed) {
      throw new IllegalStateException("Cache '" + name + "' is closed");
    }
  }
}
