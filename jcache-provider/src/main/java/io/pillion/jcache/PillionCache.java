package io.pillion.jcache;

import io.pillion.cache.CacheEntry;
import io.pillion.cache.CacheSettings;
import io.pillion.cache.CodecException;
import io.pillion.cache.EngineCache;
import io.pillion.cache.NearStatistics;
import io.pillion.cache.Transactions;
import io.pillion.client.CommandException;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.Factory;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CompletionListener;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import javax.cache.processor.EntryProcessorResult;
import org.jspecify.annotations.Nullable;

/**
 * A cache as JSR-107 sees it: its types, its configuration, its listeners and beans. What a cache
 * does is in {@link EngineCache}.
 *
 * <p>When the server cannot be reached or says no, operations throw a {@link CacheException} whose
 * cause is the client's exception.
 */
public final class PillionCache<K, V> implements Cache<K, V> {
  private final PillionCacheManager manager;
  private final String name;
  private final MutableConfiguration<K, V> configuration;
  private final Listeners<K, V> listeners;
  private final List<Object> ofApplication = new ArrayList<>();
  private final Beans beans = new Beans(this);
  private final @Nullable CacheLoader<K, V> loader;
  private final EngineCache<K, V> cache;
  private boolean closed;

  PillionCache(
      PillionCacheManager manager,
      String name,
      MutableConfiguration<K, V> configuration,
      CacheSettings.Builder<K, V> settings,
      Commands commands,
      @Nullable Transactions transactions) {
    this.manager = manager;
    this.name = name;
    this.configuration = configuration;
    this.listeners = new Listeners<>(this);
    try {
      this.loader = make(configuration.getCacheLoaderFactory());
      CacheWriter<? super K, ? super V> writer = make(configuration.getCacheWriterFactory());
      ExpiryPolicy policy = Objects.requireNonNull(make(configuration.getExpiryPolicyFactory()));
      configuration.getCacheEntryListenerConfigurations().forEach(listeners::add);
      if (loader != null) {
        settings
            .loader(new LoaderAdapter<>(joined(loader, transactions)))
            .readThrough(configuration.isReadThrough());
      }
      if (writer != null && configuration.isWriteThrough()) {
        settings.writer(new WriterAdapter<>(joined(writer, transactions)));
      }
      settings.transactions(transactions);
      this.cache =
          new EngineCache<>(
              commands,
              settings
                  .expiry(PolicyExpiry.of(policy))
                  .observer(listeners)
                  .statistics(configuration.isStatisticsEnabled())
                  .build());
    } catch (RuntimeException e) {
      listeners.close();
      closeOfApplication();
      throw e instanceof CacheException refused
          ? refused
          : new CacheException("Cannot create cache '" + name + "': " + e.getMessage(), e);
    }
  }

  private static <K, V> CacheLoader<K, V> joined(
      CacheLoader<K, V> loader, @Nullable Transactions transactions) {
    return transactions != null && loader instanceof JdbcCacheLoader<K, V> ofTable
        ? ofTable.over(transactions::joined)
        : loader;
  }

  private static <K, V> CacheWriter<? super K, ? super V> joined(
      CacheWriter<? super K, ? super V> writer, @Nullable Transactions transactions) {
    return transactions != null && writer instanceof JdbcCacheWriter<? super K, ? super V> ofTable
        ? ofTable.over(transactions::joined)
        : writer;
  }

  private <T> @Nullable T make(@Nullable Factory<? extends T> factory) {
    if (factory == null) {
      return null;
    }
    T made = factory.create();
    // One object may be loader and writer; it is closed once.
    if (made != null && ofApplication.stream().noneMatch(one -> one == made)) {
      ofApplication.add(made);
    }
    return made;
  }

  @Override
  public @Nullable V get(K key) {
    requireKey(key);
    return asking(() -> cache.get(key));
  }

  @Override
  public Map<K, V> getAll(Set<? extends K> keys) {
    requireKeys(keys);
    return asking(() -> cache.getAll(keys));
  }

  @Override
  public boolean containsKey(K key) {
    requireKey(key);
    return asking(() -> cache.containsKey(key));
  }

  @Override
  public void loadAll(
      Set<? extends K> keys,
      boolean replaceExistingValues,
      @Nullable CompletionListener completionListener) {
    requireKeys(keys);
    asking(() -> cache.loadAllAsync(keys, replaceExistingValues))
        .whenComplete(
            (done, failure) -> {
              if (completionListener == null) {
                return;
              }
              if (failure == null) {
                completionListener.onCompletion();
              } else {
                completionListener.onException(toCacheException(failure));
              }
            });
  }

  @Override
  public void put(K key, V value) {
    requireEntry(key, value);
    asking(
        () -> {
          cache.put(key, value);
          return true;
        });
  }

  @Override
  public @Nullable V getAndPut(K key, V value) {
    requireEntry(key, value);
    return asking(() -> cache.getAndPut(key, value));
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> map) {
    requireOpen();
    map.forEach(this::requireEntry);
    asking(
        () -> {
          cache.putAll(map);
          return true;
        });
  }

  @Override
  public boolean putIfAbsent(K key, V value) {
    requireEntry(key, value);
    return asking(() -> cache.create(key, value));
  }

  @Override
  public boolean remove(K key) {
    requireKey(key);
    return asking(() -> cache.remove(key));
  }

  @Override
  public boolean remove(K key, V oldValue) {
    requireEntry(key, oldValue);
    return asking(() -> cache.remove(key, oldValue));
  }

  @Override
  public @Nullable V getAndRemove(K key) {
    requireKey(key);
    return asking(() -> cache.getAndRemove(key));
  }

  @Override
  public boolean replace(K key, V oldValue, V newValue) {
    requireEntry(key, oldValue);
    requireEntry(key, newValue);
    return asking(() -> cache.replace(key, oldValue, newValue));
  }

  @Override
  public boolean replace(K key, V value) {
    requireEntry(key, value);
    return asking(() -> cache.replace(key, value));
  }

  @Override
  public @Nullable V getAndReplace(K key, V value) {
    requireEntry(key, value);
    return asking(() -> cache.getAndReplace(key, value));
  }

  @Override
  public void removeAll(Set<? extends K> keys) {
    requireKeys(keys);
    asking(
        () -> {
          cache.removeAll(keys);
          return true;
        });
  }

  @Override
  public void removeAll() {
    requireOpen();
    asking(
        () -> {
          cache.removeAll();
          return true;
        });
  }

  @Override
  public void clear() {
    requireOpen();
    asking(
        () -> {
          cache.clear();
          return true;
        });
  }

  /**
   * Runs the processor in this JVM. It may run again, when another process changed the entry before
   * its result could be stored.
   */
  @Override
  public <T> @Nullable T invoke(
      K key, EntryProcessor<K, V, T> entryProcessor, @Nullable Object... arguments) {
    requireKey(key);
    Objects.requireNonNull(entryProcessor, "entryProcessor");
    return asking(
        () ->
            cache.<@Nullable T>invoke(
                key,
                entry -> {
                  try {
                    return entryProcessor.process(
                        new ProcessorEntry<>(entry, this::requireValueType), arguments);
                  } catch (CacheException e) {
                    throw e;
                  } catch (Throwable e) {
                    throw new EntryProcessorException("An entry processor failed: " + e, e);
                  }
                }));
  }

  @Override
  public <T> Map<K, EntryProcessorResult<T>> invokeAll(
      Set<? extends K> keys,
      EntryProcessor<K, V, T> entryProcessor,
      @Nullable Object... arguments) {
    requireKeys(keys);
    Objects.requireNonNull(entryProcessor, "entryProcessor");
    Map<K, EntryProcessorResult<T>> results = new LinkedHashMap<>();
    for (K key : keys) {
      try {
        T result = invoke(key, entryProcessor, arguments);
        if (result != null) {
          results.put(key, () -> result);
        }
      } catch (CacheException e) {
        EntryProcessorException failure =
            e instanceof EntryProcessorException thrown ? thrown : new EntryProcessorException(e);
        results.put(
            key,
            () -> {
              throw failure;
            });
      }
    }
    return results;
  }

  @Override
  public String getName() {
    return name;
  }

  @Override
  public CacheManager getCacheManager() {
    return manager;
  }

  @Override
  public <C extends Configuration<K, V>> C getConfiguration(Class<C> type) {
    if (!type.isInstance(configuration)) {
      throw new IllegalArgumentException(
          "The configuration of cache '" + name + "' is no " + type.getName());
    }
    return type.cast(configuration);
  }

  MutableConfiguration<K, V> configuration() {
    return configuration;
  }

  @Override
  public void registerCacheEntryListener(
      CacheEntryListenerConfiguration<K, V> listenerConfiguration) {
    requireOpen();
    Objects.requireNonNull(listenerConfiguration, "listenerConfiguration");
    listeners.add(listenerConfiguration);
    configuration.addCacheEntryListenerConfiguration(listenerConfiguration);
  }

  @Override
  public void deregisterCacheEntryListener(
      CacheEntryListenerConfiguration<K, V> listenerConfiguration) {
    requireOpen();
    Objects.requireNonNull(listenerConfiguration, "listenerConfiguration");
    listeners.remove(listenerConfiguration);
    configuration.removeCacheEntryListenerConfiguration(listenerConfiguration);
  }

  @Override
  public Iterator<Cache.Entry<K, V>> iterator() {
    requireOpen();
    Iterator<CacheEntry<K, V>> entries = asking(cache::iterator);
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return asking(entries::hasNext);
      }

      @Override
      public Cache.Entry<K, V> next() {
        CacheEntry<K, V> entry = asking(entries::next);
        return new PillionEntry<>(entry.key(), entry.value());
      }

      @Override
      public void remove() {
        asking(
            () -> {
              entries.remove();
              return true;
            });
      }
    };
  }

  /**
   * This object, or its {@link EngineCache} with the asynchronous forms and per-entry lifetimes.
   */
  @Override
  public <T> T unwrap(Class<T> type) {
    return type == EngineCache.class ? type.cast(cache) : Unwrapping.as(type, this);
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      cache.close();
    } finally {
      manager.forget(this);
      beans.unregister(StatisticsBean.TYPE);
      beans.unregister(NearCacheBean.TYPE);
      beans.unregister(ConfigurationBean.TYPE);
      listeners.close();
      closeOfApplication();
    }
  }

  /** Removes the cache from the server, then closes. */
  void destroy() {
    requireOpen();
    try {
      asking(
          () -> {
            cache.destroy();
            return true;
          });
    } finally {
      close();
    }
  }

  private void closeOfApplication() {
    ofApplication.forEach(Closing::quietly);
    ofApplication.clear();
  }

  @Override
  public synchronized boolean isClosed() {
    return closed;
  }

  /** Registers the beans that the configuration asks for. */
  void showBeans() {
    if (configuration.isStatisticsEnabled()) {
      beans.register(StatisticsBean.TYPE, new StatisticsBean(cache.statistics()));
      NearStatistics near = cache.nearStatistics();
      if (near != null) {
        beans.register(NearCacheBean.TYPE, new NearCacheBean(near));
      }
    }
    if (configuration.isManagementEnabled()) {
      beans.register(ConfigurationBean.TYPE, new ConfigurationBean(configuration));
    }
  }

  void enableStatistics(boolean enabled) {
    configuration.setStatisticsEnabled(enabled);
    cache.statistics().setEnabled(enabled);
    if (enabled) {
      showBeans();
    } else {
      beans.unregister(StatisticsBean.TYPE);
      beans.unregister(NearCacheBean.TYPE);
    }
  }

  void enableManagement(boolean enabled) {
    configuration.setManagementEnabled(enabled);
    if (enabled) {
      showBeans();
    } else {
      beans.unregister(ConfigurationBean.TYPE);
    }
  }

  private <T extends @Nullable Object> T asking(Supplier<T> operation) {
    try {
      return operation.get();
    } catch (ConnectionException | CommandException | CodecException e) {
      throw toCacheException(e);
    }
  }

  private CacheException toCacheException(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof CacheException already
        ? already
        : new CacheException("Cache '" + name + "': " + cause.getMessage(), cause);
  }

  private void requireOpen() {
    if (cache.isClosed()) {
      throw new IllegalStateException("Cache '" + name + "' is closed");
    }
  }

  private void requireKeys(Set<? extends K> keys) {
    requireOpen();
    keys.forEach(this::requireKey);
  }

  private void requireKey(K key) {
    requireOpen();
    requireType("Keys", configuration.getKeyType(), Objects.requireNonNull(key, "key"));
  }

  private void requireEntry(K key, V value) {
    requireKey(key);
    requireValueType(Objects.requireNonNull(value, "value"));
  }

  private void requireValueType(V value) {
    requireType("Values", configuration.getValueType(), value);
  }

  private void requireType(String what, Class<?> type, Object object) {
    if (!type.isInstance(object)) {
      throw new ClassCastException(
          what
              + " of cache '"
              + name
              + "' are "
              + type.getName()
              + ", not "
              + object.getClass().getName());
    }
  }
}
