package io.pillion.jcache;

import io.pillion.cache.EntryLoader;
import java.util.Map;
import java.util.Set;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import org.jspecify.annotations.Nullable;

/** A JSR-107 loader; what it throws becomes a {@link CacheLoaderException}. */
final class LoaderAdapter<K, V> implements EntryLoader<K, V> {
  private final CacheLoader<K, V> loader;

  LoaderAdapter(CacheLoader<K, V> loader) {
    this.loader = loader;
  }

  @Override
  public @Nullable V load(K key) {
    try {
      return loader.load(key);
    } catch (CacheLoaderException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheLoaderException("Loading one key failed: " + e.getMessage(), e);
    }
  }

  @Override
  public Map<K, V> loadAll(Set<? extends K> keys) {
    try {
      return loader.loadAll(keys);
    } catch (CacheLoaderException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheLoaderException(
          "Loading " + keys.size() + " keys failed: " + e.getMessage(), e);
    }
  }
}
