package io.pillion.jcache;

import io.pillion.cache.CacheEntry;
import io.pillion.cache.EntryWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.cache.Cache;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;

/** A JSR-107 writer; what it throws becomes a {@link CacheWriterException}. */
final class WriterAdapter<K, V> implements EntryWriter<K, V> {
  private final CacheWriter<? super K, ? super V> writer;

  WriterAdapter(CacheWriter<? super K, ? super V> writer) {
    this.writer = writer;
  }

  @Override
  public void write(K key, V value) {
    CacheWriter<K, V> typed = typed();
    wrapping("Writing", () -> typed.write(new PillionEntry<>(key, value)));
  }

  @Override
  public void delete(K key) {
    wrapping("Deleting", () -> writer.delete(key));
  }

  @Override
  public void writeAll(Collection<CacheEntry<K, V>> entries) {
    List<Cache.Entry<? extends K, ? extends V>> left = new ArrayList<>(entries.size());
    entries.forEach(entry -> left.add(new PillionEntry<>(entry.key(), entry.value())));
    CacheWriter<K, V> typed = typed();
    try {
      wrapping("Writing", () -> typed.writeAll(left));
      entries.clear();
    } catch (CacheWriterException e) {
      Set<Object> keys = new HashSet<>();
      left.forEach(entry -> keys.add(entry.getKey()));
      entries.removeIf(entry -> !keys.contains(entry.key()));
      throw e;
    }
  }

  @Override
  public void deleteAll(Collection<K> keys) {
    wrapping("Deleting", () -> writer.deleteAll(keys));
  }

  @SuppressWarnings("unchecked") // it only takes entries in
  private CacheWriter<K, V> typed() {
    return (CacheWriter<K, V>) writer;
  }

  private static void wrapping(String what, Runnable operation) {
    try {
      operation.run();
    } catch (CacheWriterException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheWriterException(what + " through failed: " + e.getMessage(), e);
    }
  }
}
