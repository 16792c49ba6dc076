package io.pillion.spring.writebehind;

import io.pillion.cache.EngineCache;
import io.pillion.cache.WriteBehind;
import io.pillion.jcache.PillionCacheManager;
import java.util.Map;
import java.util.TreeMap;
import javax.cache.Cache;
import org.jspecify.annotations.Nullable;

/**
 * The caches of the application that are written behind: how far the writing lags, which changes
 * could not be written, and what is to become of those.
 */
public final class WriteBehinds {
  private final PillionCacheManager manager;

  /** Those of this manager. */
  public WriteBehinds(PillionCacheManager manager) {
    this.manager = manager;
  }

  /** Those that are open in this process, by the names of their caches. */
  public Map<String, WriteBehind<?, ?>> all() {
    Map<String, WriteBehind<?, ?>> all = new TreeMap<>();
    for (String name : manager.getCacheNames()) {
      WriteBehind<?, ?> behind = of(name);
      if (behind != null) {
        all.put(name, behind);
      }
    }
    return all;
  }

  /** That of the cache of this name; null when it is not open here, or not written behind. */
  public @Nullable WriteBehind<?, ?> of(String cacheName) {
    Cache<?, ?> cache = manager.getCache(cacheName);
    return cache == null ? null : cache.unwrap(EngineCache.class).writeBehind();
  }
}
