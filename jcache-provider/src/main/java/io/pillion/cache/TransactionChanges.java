package io.pillion.cache;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cache as one transaction sees it: what is committed, and over it what the transaction changed.
 * The writer is told at once, so that what it writes is part of the transaction; the cache changes
 * when that was committed, and not at all when it is rolled back. For one thread.
 *
 * <p>It holds no lock between its operations, and none while the writer works: the database's locks
 * are held by transactions, and waiting for those with one of ours held could wait for ever. What
 * the transaction loads may be its own uncommitted work and is treated like it.
 */
final class TransactionChanges<K, V> implements Transactions.Participant {
  private final EngineCache<K, V> cache;
  private final @Nullable EntryWriter<K, V> writer;
  private final @Nullable EntryLoader<K, V> readThrough;
  private final Commits<K, V> commits;
  private final CommitOrder order;

  /** By id. */
  private Map<String, Change<K>> changes = new LinkedHashMap<>();

  private boolean cleared;

  /** Ids that this transaction has in the {@link CommitOrder}, and those of them it changed. */
  private final Map<String, byte[]> ordered = new LinkedHashMap<>();

  private final Set<String> changed = new HashSet<>();

  private boolean isOver;

  TransactionChanges(
      EngineCache<K, V> cache,
      @Nullable EntryWriter<K, V> writer,
      @Nullable EntryLoader<K, V> readThrough,
      Commits<K, V> commits) {
    this.cache = cache;
    this.writer = writer;
    this.readThrough = readThrough;
    this.commits = commits;
    this.order = commits.order();
  }

  /**
   * What will become of a key.
   *
   * @param bytes null for removed
   * @param how how long it is to live; null for what was only loaded, as the cache says of that
   * @param before where it was only loaded, what it may replace; null for nothing
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Change<K>(
      K key,
      byte[] id,
      byte @Nullable [] bytes,
      @Nullable Expiry how,
      byte @Nullable [] before,
      long number) {

    boolean isOnlyLoaded() {
      return bytes != null && how == null;
    }
  }

  private record Savepoint<K>(Map<String, Change<K>> changes, boolean cleared) {}

  /** Whether the transaction has ended, and operations are none of its business any more. */
  boolean isOver() {
    return isOver;
  }

  // --- reading

  /** Whether this transaction has an answer of its own for this key. */
  boolean isChanged(byte[] id) {
    return cleared || changes.containsKey(name(id));
  }

  /** The value that this transaction sees, else a loaded one where the cache reads through. */
  @Nullable V get(K key) {
    byte[] id = cache.id(key);
    V value = look(key, id);
    // Who deletes through the cache knows that there is nothing to load.
    boolean isDeleted = writer != null && changes.containsKey(name(id));
    EntryLoader<K, V> from = readThrough;
    if (value != null || from == null || isDeleted) {
      return value;
    }
    long number = beginLoad(id);
    return loaded(key, id, from.load(key), number);
  }

  /** The value that this transaction sees, else what the function makes. */
  @Nullable V computeIfAbsent(K key, Function<? super K, ? extends @Nullable V> function) {
    byte[] id = cache.id(key);
    V value = look(key, id);
    if (value != null) {
      return value;
    }
    long number = beginLoad(id);
    return loaded(key, id, function.apply(key), number);
  }

  /** Numbers a load before it begins: whoever changes the key meanwhile comes after it. */
  private long beginLoad(byte[] id) {
    enlist(id);
    return order.load(id);
  }

  private @Nullable V loaded(K key, byte[] id, @Nullable V value, long number) {
    if (value != null && isChanged(id)) {
      // The transaction has removed the entry: it is to be replaced.
      record(key, id, cache.encode(value), cache.lifeOf(value));
    } else if (value != null) {
      changes.put(name(id), new Change<>(key, id, cache.encode(value), null, null, number));
    }
    return value;
  }

  Map<K, V> getAll(Set<? extends K> keys) {
    Map<K, V> found = new LinkedHashMap<>();
    Set<K> others = new LinkedHashSet<>();
    for (K key : keys) {
      V value = isChanged(cache.id(key)) ? get(key) : null;
      if (value != null) {
        found.put(key, value);
      } else if (!isChanged(cache.id(key))) {
        others.add(key);
      }
    }
    Set<K> missing = commits.lookUpAll(others, found);
    if (readThrough != null && !missing.isEmpty()) {
      Map<K, Long> numbers = beginLoads(missing);
      Loads.loadAll(readThrough, missing)
          .forEach(
              (key, value) ->
                  found.put(
                      key,
                      loaded(key, cache.id(key), value, Objects.requireNonNull(numbers.get(key)))));
    }
    return found;
  }

  private Map<K, Long> beginLoads(Set<K> keys) {
    Map<K, Long> numbers = new HashMap<>();
    keys.forEach(key -> numbers.put(key, beginLoad(cache.id(key))));
    return numbers;
  }

  /**
   * Loads these keys and remembers what there is. What only this loads, and nobody changes until
   * the commit, takes the place of what the cache has now.
   *
   * @param replace whether also keys are loaded that have a value
   */
  void loadAll(EntryLoader<K, V> from, Set<K> keys, boolean replace) {
    List<K> committed = keys.stream().filter(key -> !isOwn(cache.id(key))).toList();
    List<byte @Nullable []> stored = commits.stored(cache.ids(committed));
    Map<K, byte[]> before = new HashMap<>();
    Set<K> wanted = new LinkedHashSet<>(keys);
    for (int i = 0; i < committed.size(); i++) {
      byte[] bytes = stored.get(i);
      if (bytes != null && (replace || cache.decodeOrNull(bytes) == null)) {
        before.put(committed.get(i), bytes);
      } else if (bytes != null) {
        wanted.remove(committed.get(i));
      }
    }
    // Who deletes through the cache knows that there is nothing to load.
    wanted.removeIf(
        key -> {
          byte[] id = cache.id(key);
          return isPut(id) ? !replace : writer != null && changes.containsKey(name(id));
        });
    if (wanted.isEmpty()) {
      return;
    }
    Map<K, Long> numbers = beginLoads(wanted);
    Loads.loadAll(from, wanted)
        .forEach(
            (key, value) -> {
              byte[] id = cache.id(key);
              byte[] bytes = cache.encode(value);
              long number = Objects.requireNonNull(numbers.get(key));
              if (isOwn(id)) {
                record(key, id, bytes, cache.lifeOf(value));
              } else {
                changes.put(name(id), new Change<>(key, id, bytes, null, before.get(key), number));
              }
            });
  }

  /** Whether the transaction itself put or removed this, rather than only loaded it. */
  private boolean isOwn(byte[] id) {
    Change<K> change = changes.get(name(id));
    return change == null ? cleared : !change.isOnlyLoaded();
  }

  boolean containsKey(K key) {
    byte[] id = cache.id(key);
    return isChanged(id) ? isPut(id) : commits.isReadable(id);
  }

  private boolean isPut(byte[] id) {
    Change<K> change = changes.get(name(id));
    return change != null && change.bytes() != null;
  }

  /** Counted as a read. */
  private @Nullable V look(K key, byte[] id) {
    if (!isChanged(id)) {
      return commits.lookUp(key, id);
    }
    Change<K> change = changes.get(name(id));
    V value = change == null ? null : cache.decodeOrNull(change.bytes());
    cache.statistics().got(value != null, cache.statistics().start());
    return value;
  }

  // --- changing

  void put(K key, V value, Expiry how) {
    byte[] id = cache.id(key);
    byte[] bytes = cache.encode(value);
    if (writer != null) {
      writer.write(key, value);
    }
    record(key, id, bytes, how);
  }

  /** When the writer fails, what it had written is this transaction's nevertheless. */
  void putAll(Map<? extends K, ? extends V> entries) {
    Map<K, byte[]> encoded = new LinkedHashMap<>();
    entries.forEach((key, value) -> encoded.put(key, cache.encode(value)));
    List<CacheEntry<K, V>> unwritten = new ArrayList<>();
    entries.forEach((key, value) -> unwritten.add(new CacheEntry<>(key, value)));
    try {
      if (writer != null) {
        writer.writeAll(unwritten);
      }
      unwritten.clear();
    } finally {
      unwritten.forEach(entry -> encoded.remove(entry.key()));
      encoded.forEach(
          (key, bytes) ->
              record(
                  key,
                  cache.id(key),
                  bytes,
                  cache.lifeOf(Objects.requireNonNull(entries.get(key)))));
    }
  }

  @Nullable V putIfAbsent(K key, V value) {
    V there = look(key, cache.id(key));
    if (there == null) {
      put(key, value, cache.lifeOf(value));
    }
    return there;
  }

  @Nullable V getAndPut(K key, V value) {
    V old = look(key, cache.id(key));
    put(key, value, cache.lifeOf(value));
    return old;
  }

  @Nullable V getAndReplace(K key, V value) {
    V old = look(key, cache.id(key));
    if (old != null) {
      put(key, value, cache.lifeOf(value));
    }
    return old;
  }

  boolean replace(K key, V oldValue, V newValue) {
    V old = look(key, cache.id(key));
    boolean isEqual = old != null && old.equals(oldValue);
    if (isEqual) {
      put(key, newValue, cache.lifeOf(newValue));
    }
    return isEqual;
  }

  boolean remove(K key) {
    byte[] id = cache.id(key);
    boolean existed = isChanged(id) ? isPut(id) : commits.exists(id);
    if (writer != null) {
      writer.delete(key);
    }
    record(key, id, null, null);
    return existed;
  }

  /** Also from the cache at once. */
  boolean removeNow(K key) {
    boolean existed = remove(key);
    commits.apply(key, cache.id(key), null, null, () -> CommitOrder.Answer.APPLY);
    return existed;
  }

  boolean remove(K key, V oldValue) {
    V old = look(key, cache.id(key));
    boolean isEqual = old != null && old.equals(oldValue);
    if (isEqual) {
      remove(key);
    }
    return isEqual;
  }

  @Nullable V getAndRemove(K key) {
    V old = look(key, cache.id(key));
    remove(key);
    return old;
  }

  /** When the writer fails, what it had deleted is this transaction's nevertheless. */
  void removeAll(Collection<? extends K> keys) {
    Set<K> undeleted = new LinkedHashSet<>(keys);
    try {
      if (writer != null) {
        writer.deleteAll(undeleted);
      }
      undeleted.clear();
    } finally {
      for (K key : keys) {
        if (!undeleted.contains(key)) {
          record(key, cache.id(key), null, null);
        }
      }
    }
  }

  /** Also those that it has put itself. */
  Set<K> putKeys() {
    Set<K> keys = new LinkedHashSet<>();
    changes.values().stream()
        .filter(change -> change.bytes() != null)
        .forEach(change -> keys.add(change.key()));
    return keys;
  }

  boolean isCleared() {
    return cleared;
  }

  void clear() {
    changes.clear();
    cleared = true;
  }

  <T extends @Nullable Object> T invoke(K key, Function<WorkingEntry<K, V>, T> processor) {
    byte[] id = cache.id(key);
    V before = look(key, id);
    boolean isDeleted = writer != null && changes.containsKey(name(id));
    EntryLoader<K, V> from = isDeleted ? null : readThrough;
    WorkingEntry<K, V> entry = new WorkingEntry<>(key, before, from);
    long number = before == null && from != null ? beginLoad(id) : 0;
    T result = processor.apply(entry);
    switch (entry.outcome()) {
      case NOTHING, READ -> {}
      case REMOVED -> remove(key);
      case LOADED -> loaded(key, id, entry.after(), number);
      case SET -> {
        V value = Objects.requireNonNull(entry.after());
        put(key, value, cache.lifeOf(value));
      }
    }
    return result;
  }

  private void record(K key, byte[] id, byte @Nullable [] bytes, @Nullable Expiry how) {
    enlist(id);
    long number = order.change(id, changed.add(name(id)));
    changes.put(name(id), new Change<>(key, id, bytes, how, null, number));
  }

  private void enlist(byte[] id) {
    if (ordered.put(name(id), id) == null) {
      order.begin(id);
    }
  }

  // --- how it ends

  @Override
  public Object savepoint() {
    return new Savepoint<>(new LinkedHashMap<>(changes), cleared);
  }

  @Override
  @SuppressWarnings("unchecked") // it was made above
  public void rollBackTo(Object savepoint) {
    Savepoint<K> then = (Savepoint<K>) savepoint;
    changes = new LinkedHashMap<>(then.changes());
    cleared = then.cleared();
  }

  /**
   * Changes the cache as far as possible.
   *
   * @throws RuntimeException the first failure, when all was tried
   */
  @Override
  public void committed() {
    isOver = true;
    RuntimeException failure = null;
    if (cleared) {
      failure = tried(cache::clear, null);
    }
    for (Change<K> change : changes.values()) {
      failure = tried(() -> apply(change), failure);
    }
    changes.clear();
    if (failure != null) {
      throw failure;
    }
  }

  private void apply(Change<K> change) {
    byte[] id = change.id();
    byte[] bytes = change.bytes();
    if (bytes != null && change.isOnlyLoaded()) {
      commits.keepLoaded(
          change.key(), id, bytes, change.before(), () -> order.isLatest(id, change.number()));
    } else {
      commits.apply(change.key(), id, bytes, change.how(), () -> order.tell(id, change.number()));
    }
  }

  private static @Nullable RuntimeException tried(
      Runnable task, @Nullable RuntimeException earlier) {
    try {
      task.run();
      return earlier;
    } catch (RuntimeException e) {
      if (earlier == null) {
        return e;
      }
      earlier.addSuppressed(e);
      return earlier;
    }
  }

  /** Whoever reads what it changed is to find out anew. */
  @Override
  public void inDoubt() {
    isOver = true;
    if (cleared) {
      cache.clear();
    }
    List<byte[]> ids = new ArrayList<>();
    changes.values().forEach(change -> ids.add(change.id()));
    changes.clear();
    commits.forget(ids);
  }

  @Override
  public void ended() {
    isOver = true;
    ordered.forEach((name, id) -> order.end(id, changed.contains(name)));
    ordered.clear();
  }

  private static String name(byte[] id) {
    return new String(id, StandardCharsets.ISO_8859_1);
  }
}
