package io.pillion.spring.cache;

import io.pillion.cache.AbsentValue;
import io.pillion.cache.CacheThreads;
import io.pillion.cache.EngineCache;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.support.AbstractValueAdaptingCache;

/**
 * A cache of the engine, as Spring's annotations use it. Every operation returns when the server
 * has answered and throws when it has not, so a lost put, evict or clear reaches the application's
 * {@code CacheErrorHandler}. Thread-safe.
 *
 * <p>In a transaction that may change data, put, evict and clear wait for its commit, and the
 * transaction's thread sees them before; unless {@code pillion.cache.transactional} says otherwise.
 *
 * <p>Threads of this process that miss the same key together load it once, and so do futures; with
 * a lease in the cache's {@link io.pillion.cache.LoadingSettings}, all threads and futures of all
 * processes.
 */
public final class PillionCache extends AbstractValueAdaptingCache {
  private final EngineCache<Object, Object> cache;

  /**
   * Spring's view of this cache.
   *
   * @param allowNullValues whether a null is kept, as the knowledge that there is no value
   */
  public PillionCache(EngineCache<Object, Object> cache, boolean allowNullValues) {
    super(allowNullValues);
    this.cache = cache;
  }

  @Override
  public String getName() {
    return cache.name();
  }

  /** The cache core's view, with statistics. */
  @Override
  public EngineCache<Object, Object> getNativeCache() {
    return cache;
  }

  @Override
  protected @Nullable Object lookup(Object key) {
    return cache.get(key);
  }

  // T may itself be a nullable type, which NullAway does not follow outside its JSpecify mode.
  @Override
  @SuppressWarnings({"unchecked", "NullAway"})
  public <T extends @Nullable Object> T get(Object key, Callable<T> valueLoader) {
    Object stored = cache.computeIfAbsent(key, missing -> load(missing, valueLoader));
    return (T) fromStoreValue(stored);
  }

  private Object load(Object key, Callable<?> loader) {
    try {
      return toStoreValue(loader.call());
    } catch (Exception e) {
      throw new ValueRetrievalException(key, loader, e);
    }
  }

  @Override
  public @Nullable CompletableFuture<?> retrieve(Object key) {
    return CacheThreads.offTheReader(cache.getAsync(key))
        .thenApply(
            stored ->
                stored != null && isAllowNullValues()
                    ? toValueWrapper(stored)
                    : fromStoreValue(stored));
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends @Nullable Object> CompletableFuture<T> retrieve(
      Object key, Supplier<CompletableFuture<T>> valueLoader) {
    CompletionStage<@Nullable Object> stored =
        cache.computeIfAbsentAsync(
            key,
            () -> {
              CompletableFuture<@Nullable Object> loaded =
                  (CompletableFuture<@Nullable Object>) valueLoader.get();
              return loaded.thenApply(this::toStoreValue);
            });
    // A future of its own: what one caller does to it is not felt by the others.
    return (CompletableFuture<T>) stored.thenApply(this::fromStoreValue).toCompletableFuture();
  }

  @Override
  public void put(Object key, @Nullable Object value) {
    cache.put(key, toStoreValue(value));
  }

  @Override
  public @Nullable ValueWrapper putIfAbsent(Object key, @Nullable Object value) {
    return toValueWrapper(cache.putIfAbsent(key, toStoreValue(value)));
  }

  @Override
  public void evict(Object key) {
    cache.remove(key);
  }

  /** At once, as Spring wants it, and again when the caller's transaction was committed. */
  @Override
  public boolean evictIfPresent(Object key) {
    return cache.removeNow(key);
  }

  /** Removes all entries, however many, with one command; the server reclaims them by and by. */
  @Override
  public void clear() {
    cache.clear();
  }

  /** Like {@link #clear}, but at once, and again when the caller's transaction was committed. */
  @Override
  public boolean invalidate() {
    cache.clearNow();
    return false;
  }

  @Override
  protected @Nullable Object fromStoreValue(@Nullable Object stored) {
    return stored == AbsentValue.ABSENT ? null : stored;
  }

  @Override
  protected Object toStoreValue(@Nullable Object value) {
    if (value == null && isAllowNullValues()) {
      return AbsentValue.ABSENT;
    }
    return Objects.requireNonNull(super.toStoreValue(value));
  }
}
