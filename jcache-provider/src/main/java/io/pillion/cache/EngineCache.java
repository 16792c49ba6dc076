package io.pillion.cache;

import io.pillion.cache.EntryChange.Kind;
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
  private final Puts<K, V> puts;
  private final Removals<K, V> removals;
  private final Invocations<K, V> invocations;
  private final BulkLoads<K, V> bulkLoads;
  private final Replacements<K, V> replacements;
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
    Writes<K, V> writes = new Writes<>(this, store, expiry);
    puts = new Puts<>(this, store, changes, writes, expiry, writer);
    removals = new Removals<>(this, store, changes, locks, writer);
    invocations = new Invocations<>(this, store, changes, writes, locks, expiry, readThrough);
    bulkLoads = new BulkLoads<>(this, store, locks, loads);
    replacements = new Replacements<>(this, store, locks, loads, bulkLoads, expiry);
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
      found.putAll(bulkLoads.missing(from, missing));
    }
    return found;
  }

  /** Whether this key has a value that can be read; neither loads, nor counts, nor touches. */
  public boolean containsKey(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.containsKey(key);
    }
    byte[] id = id(key);
    return orWithout(() -> isReadable(id), false);
  }

  boolean isReadable(byte[] id) {
    return decodeOrNull(await(() -> store.get(id))) != null;
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
    puts.put(key, value, how);
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
    return puts.putAsync(key, value, how);
  }

  /** Stores all these values. When the writer fails, those that it had written are stored. */
  public void putAll(Map<? extends K, ? extends V> entries) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.putAll(entries);
      return;
    }
    puts.putAll(entries);
  }

  /** Stores the value if the key has none: null, or the value that it has. */
  public @Nullable V putIfAbsent(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    return mine == null
        ? decodeOrNull(puts.putIfAbsent(key, value).existing())
        : mine.putIfAbsent(key, value);
  }

  /**
   * Stores the value if the key has none; whether it was stored. Unlike {@link #putIfAbsent} this
   * tells a value that was stored from one that was given no time to live.
   */
  public boolean create(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    return mine == null
        ? puts.putIfAbsent(key, value).stored()
        : mine.putIfAbsent(key, value) == null;
  }

  /** Stores the value if the key has none: null, or the value that it has. */
  public CompletionStage<@Nullable V> putIfAbsentAsync(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return CompletableFuture.completedFuture(mine.putIfAbsent(key, value));
    }
    return puts.putIfAbsentAsync(key, value);
  }

  /** Stores the value; the one that it replaces, or null. */
  public @Nullable V getAndPut(K key, V value) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.getAndPut(key, value);
    }
    return puts.getAndPut(key, value);
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
    return puts.getAndReplace(key, value);
  }

  /** Stores the new value if the key has a value equal to the old one; whether it had. */
  public boolean replace(K key, V oldValue, V newValue) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.replace(key, oldValue, newValue);
    }
    return puts.replace(key, oldValue, newValue);
  }

  /** Removes the value of this key; whether it had one. */
  public boolean remove(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.remove(key);
    }
    return removals.remove(key);
  }

  /** Removes the value of this key; whether it had one. */
  public CompletionStage<Boolean> removeAsync(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return CompletableFuture.completedFuture(mine.remove(key));
    }
    return removals.removeAsync(key);
  }

  /** Removes the value of this key if it is equal to the given one; whether it was. */
  public boolean remove(K key, V oldValue) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.remove(key, oldValue);
    }
    return removals.remove(key, oldValue);
  }

  /** Removes the value of this key; the one it had, or null. */
  public @Nullable V getAndRemove(K key) {
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      return mine.getAndRemove(key);
    }
    return removals.getAndRemove(key);
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
    removals.removeAll(keys);
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
    await(() -> clearAsync());
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
    await(() -> clearAsync());
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
    return invocations.invoke(key, processor);
  }

  /**
   * Loads these keys with the cache's loader and stores what it finds, without telling the writer.
   * Nothing is counted: the application put nothing, and asked for nothing yet. In a transaction
   * the loader may see uncommitted work: what it finds is this transaction's until the commit, and
   * then stored unless somebody changed the key meanwhile.
   *
   * @param replace whether also keys that have a value are loaded, and their value replaced; not
   *     one that anybody stored or changed during the load, which may be newer than what was loaded
   */
  public void loadAll(Set<? extends K> keys, boolean replace) {
    requireOpen();
    EntryLoader<K, V> from = loader;
    if (from == null || keys.isEmpty()) {
      return;
    }
    TransactionChanges<K, V> mine = inTransaction();
    if (mine != null) {
      mine.loadAll(from, new LinkedHashSet<>(keys), replace);
    } else if (replace) {
      replacements.replace(from, new LinkedHashSet<>(keys));
    } else {
      bulkLoads.missing(from, new LinkedHashSet<>(keys));
    }
  }

  /** Loads these keys on the executor, so outside of transactions, see {@link #loadAll}. */
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
    await(() -> store.clear());
    sweeper.sweep();
    await(() -> store.forget());
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
  void tellWriter(K key, byte[] id, @Nullable V value) {
    if (writer != null && value != null) {
      writer.write(key, value);
    } else if (writer != null) {
      writer.delete(key);
    }
    overtake(List.of(id));
  }

  /**
   * These were changed without a transaction: what older ones still have to tell is out of date.
   */
  void overtake(List<byte[]> ids) {
    if (commits != null) {
      commits.overtake(ids, writer);
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
    await(() -> store.touch(id, expiry.forAccess()));
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

  /** Asks and waits; the thread that asks may be the one that reads the answer. */
  @SuppressWarnings({"unchecked", "NullAway"}) // as above
  <T extends @Nullable Object> T await(Supplier<CompletionStage<T>> asking) {
    return queue == null
        ? (T) commands.call(() -> (CompletionStage<@Nullable Object>) asking.get())
        : await(asking.get());
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

  /** Counts what was looked at and was not the value asked for, or not there. */
  void countMismatch(byte[] id, boolean present, long start) {
    if (present) {
      await(() -> store.touch(id, expiry.forAccess()));
    }
    statistics.got(present, start);
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

  void tell(EntryChange<K, V> change) {
    tell(List.of(change));
  }

  void tell(List<EntryChange<K, V>> changes) {
    if (observer != null && observer.isActive() && !changes.isEmpty()) {
      observer.changed(changes);
    }
  }

  boolean isExclusive() {
    return writer != null || readThrough != null || isObserved();
  }

  Held exclusively(byte[] id) {
    return isExclusive() ? locks.lock(id) : Held.NOTHING;
  }

  Held exclusively(Collection<K> keys) {
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

  Map<K, byte[]> encodeAll(Map<? extends K, ? extends V> entries) {
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
      await(() -> store.compareAndDelete(id, stored));
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
