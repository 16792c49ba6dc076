package io.pillion.cache;

import io.pillion.cache.EntryStore.Page;
import io.pillion.client.Commands;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Walks through the entries of one generation in pages. For one thread. */
final class EntryIterator<K, V> implements Iterator<CacheEntry<K, V>> {
  private static final int PAGE = 512;

  private final EngineCache<K, V> cache;
  private final EntryStore store;
  private final byte[] generation;
  private final Queue<Found<K, V>> ready = new ArrayDeque<>();
  private final Queue<Commands> nodesLeft;
  private byte[] cursor = Page.START;
  private @Nullable K current;

  EntryIterator(EngineCache<K, V> cache, EntryStore store) {
    this.cache = cache;
    this.store = store;
    this.generation = cache.await(() -> store.currentGeneration());
    this.nodesLeft = new ArrayDeque<>(store.nodes());
  }

  @Override
  public boolean hasNext() {
    while (ready.isEmpty() && !nodesLeft.isEmpty()) {
      List<byte[]> ids = nextIds();
      List<byte @Nullable []> values = cache.await(() -> store.getAll(ids, Expiry.UNCHANGED));
      for (int i = 0; i < ids.size(); i++) {
        K key = cache.decodeKeyOrNull(ids.get(i));
        V value = key == null ? null : cache.decodeOrNull(values.get(i));
        if (key != null && value != null) {
          ready.add(new Found<>(ids.get(i), key, value));
        }
      }
    }
    return !ready.isEmpty();
  }

  @Override
  public CacheEntry<K, V> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Found<K, V> found = ready.remove();
    current = found.key();
    cache.iterated(found.id());
    return new CacheEntry<>(found.key(), found.value());
  }

  @Override
  public void remove() {
    K key = current;
    if (key == null) {
      throw new IllegalStateException("Nothing to remove: next() comes first");
    }
    current = null;
    cache.remove(key);
  }

  /** The next page of keys, perhaps empty; null at the end. Not to be mixed with {@link #next}. */
  @Nullable Set<K> nextKeys() {
    if (nodesLeft.isEmpty()) {
      return null;
    }
    Set<K> keys = new LinkedHashSet<>();
    for (byte[] id : nextIds()) {
      K key = cache.decodeKeyOrNull(id);
      if (key != null) {
        keys.add(key);
      }
    }
    return keys;
  }

  private List<byte[]> nextIds() {
    Page page = cache.await(() -> store.scan(nodesLeft.element(), generation, cursor, PAGE));
    cursor = page.cursor();
    if (page.isLast()) {
      nodesLeft.remove();
    }
    return page.ids();
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Found<K, V>(byte[] id, K key, V value) {}
}
