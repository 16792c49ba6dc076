package io.pillion.spring.cache;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;

/** Spring's caches on the engine: made when first asked for, then kept. Thread-safe. */
public final class PillionCacheManager implements CacheManager, AutoCloseable {
  private final Function<String, PillionCache> maker;
  private final boolean onDemand;
  private final ConcurrentMap<String, PillionCache> caches = new ConcurrentHashMap<>();
  private final List<Consumer<? super PillionCache>> listeners = new CopyOnWriteArrayList<>();

  /**
   * A manager that makes its caches with this function.
   *
   * @param names caches to make at once
   * @param onDemand whether further caches are made when they are asked for
   */
  public PillionCacheManager(
      Function<String, PillionCache> maker, Collection<String> names, boolean onDemand) {
    this.maker = maker;
    this.onDemand = onDemand;
    names.forEach(this::make);
  }

  /** The cache of this name; null when there is none and none is made on demand. */
  @Override
  public @Nullable Cache getCache(String name) {
    PillionCache cache = caches.get(name);
    return cache != null || !onDemand ? cache : make(name);
  }

  private PillionCache make(String name) {
    return caches.computeIfAbsent(
        name,
        missing -> {
          PillionCache made = maker.apply(missing);
          listeners.forEach(listener -> listener.accept(made));
          return made;
        });
  }

  /** The caches made so far. */
  @Override
  public Collection<String> getCacheNames() {
    return List.copyOf(caches.keySet());
  }

  /** Tells of every cache made from now on, before anybody uses it; must not ask for caches. */
  public void onCreation(Consumer<? super PillionCache> listener) {
    listeners.add(listener);
  }

  /** Ends the caches of this process; what they hold stays on the server. */
  @Override
  public void close() {
    caches.values().forEach(cache -> cache.getNativeCache().close());
  }
}
