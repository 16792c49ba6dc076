package io.pillion.samples.storefront.reads;

import java.util.Map;
import javax.cache.integration.CacheLoader;
import org.jspecify.annotations.Nullable;

/** A loader that tells the {@link ReadMeter} of every key it is asked for. */
public final class CountingLoader<K, V> implements CacheLoader<K, V> {
  private final CacheLoader<K, V> loader;

  /** Asks this loader. */
  public CountingLoader(CacheLoader<K, V> loader) {
    this.loader = loader;
  }

  @Override
  public @Nullable V load(K key) {
    ReadMeter.loaded(1);
    return loader.load(key);
  }

  @Override
  public Map<K, V> loadAll(Iterable<? extends K> keys) {
    keys.forEach(key -> ReadMeter.loaded(1));
    return loader.loadAll(keys);
  }
}
