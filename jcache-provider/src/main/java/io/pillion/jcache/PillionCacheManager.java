package io.pillion.jcache;

import io.pillion.cache.CacheSettings;
import io.pillion.cache.Transactions;
import io.pillion.client.Commands;
import io.pillion.client.PillionUrl;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.spi.CachingProvider;
import org.jspecify.annotations.Nullable;

/**
 * The caches of one server as one application sees them.
 *
 * <p>Settings, each looked up in the manager's properties and then in the system properties; what
 * is set for one cache, as {@code pillion.caches.<name>.near} for {@code pillion.near}, comes
 * before what is set for all:
 *
 * <table>
 * <caption>Settings</caption>
 * <tr><th>name</th><th>meaning</th><th>default</th></tr>
 * <tr><td>{@code pillion.prefix}</td><td>begins every key on the server</td><td>{@code p}</td></tr>
 * <tr><td>{@code pillion.serialization.allow}</td>
 *     <td>classes that may be deserialized: class names, {@code package.*}, {@code package.**},
 *     separated by commas; besides those of {@code Configuration.getKeyType} and {@code
 *     getValueType} with their packages</td><td>none</td></tr>
 * <tr><td>{@code pillion.ttl-ceiling}</td>
 *     <td>the longest life of any entry, as {@code P30D}; {@code none}</td>
 *     <td>{@code P30D}</td></tr>
 * <tr><td>{@code pillion.compress-from}</td>
 *     <td>compress values from this many bytes on</td><td>never</td></tr>
 * <tr><td>{@code pillion.codec}</td>
 *     <td>{@code jdk}, or {@code json} for caches whose value type is configured</td>
 *     <td>{@code jdk}</td></tr>
 * <tr><td>{@code pillion.unreadable}</td>
 *     <td>what a value is that cannot be read: {@code miss}, counted and logged once; {@code fail}
 *     fails the operation</td>
 *     <td>{@code miss}</td></tr>
 * <tr><td>{@code pillion.near}</td>
 *     <td>{@code true} keeps copies in this process, see {@link io.pillion.cache.NearSettings};
 *     nothing is kept of an embedded engine, which is in this process already</td>
 *     <td>{@code false}</td></tr>
 * <tr><td>{@code pillion.near.max-bytes}</td><td>what they may weigh</td>
 *     <td>16777216</td></tr>
 * <tr><td>{@code pillion.near.ttl}</td>
 *     <td>after which a copy is fetched again, as {@code PT10M}; {@code none}</td>
 *     <td>{@code none}</td></tr>
 * <tr><td>{@code pillion.near.max-staleness}</td>
 *     <td>how late a change of another process may be seen</td><td>{@code PT1S}</td></tr>
 * <tr><td>{@code pillion.near.immutable}</td>
 *     <td>classes whose objects never change and are handed out without a copy</td>
 *     <td>none</td></tr>
 * <tr><td>{@code pillion.loading.lease}</td>
 *     <td>one process at a time loads a key, for at most so long, as {@code PT10S}; see {@link
 *     io.pillion.cache.LoadingSettings}, also for those that follow</td>
 *     <td>{@code none}</td></tr>
 * <tr><td>{@code pillion.loading.stale-for}</td>
 *     <td>how long an entry is handed out after its life, while it is loaded anew</td>
 *     <td>{@code PT0S}</td></tr>
 * <tr><td>{@code pillion.loading.refresh-ahead}</td>
 *     <td>from when before its end an entry that is read is loaded anew</td>
 *     <td>{@code PT0S}</td></tr>
 * <tr><td>{@code pillion.loading.jitter}</td>
 *     <td>by what part times to live are cut at random: 0 to 0.5</td><td>0</td></tr>
 * <tr><td>{@code pillion.loading.absent-for}</td>
 *     <td>how long it is remembered that there is no value</td><td>{@code PT0S}</td></tr>
 * <tr><td>{@code pillion.failure}</td>
 *     <td>{@code open}: the application goes on without the cache while the server is away; {@code
 *     fast}: it hears of it at once; in both cases what is missed is made good, see {@link
 *     io.pillion.cache.FailureSettings}</td>
 *     <td>every operation asks the server and fails with it</td></tr>
 * <tr><td>{@code pillion.failure.failures-to-open}</td>
 *     <td>after how many failures in a row nothing is sent for a while</td><td>5</td></tr>
 * <tr><td>{@code pillion.failure.retry-after}</td><td>for how long</td><td>{@code PT1S}</td></tr>
 * <tr><td>{@code pillion.failure.most-missed}</td>
 *     <td>how many missed keys are remembered before the cache is cleared instead</td>
 *     <td>10000</td></tr>
 * <tr><td>{@code pillion.write-behind}</td>
 *     <td>{@code true} calls the writer later, from a queue on the server, see {@link
 *     io.pillion.cache.WriteBehindSettings}; likewise {@code .batch-size}, {@code .max-delay},
 *     {@code .retries}, {@code .back-off}, {@code .max-back-off}, {@code .capacity}, {@code
 *     .full-wait}, {@code .lease}, {@code .drain}</td>
 *     <td>{@code false}</td></tr>
 * </table>
 */
public final class PillionCacheManager implements CacheManager {
  private final PillionCachingProvider provider;
  private final URI uri;
  private final boolean shared;
  private final ClassLoader classLoader;
  private final Properties properties;
  private final Commands commands;
  private final Runnable release;
  private final @Nullable Transactions transactions;
  private final Map<String, PillionCache<?, ?>> caches = new ConcurrentHashMap<>();
  private final List<Consumer<? super Cache<?, ?>>> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean closed;

  PillionCacheManager(
      PillionCachingProvider provider,
      URI uri,
      PillionUrl url,
      ClassLoader classLoader,
      Properties properties) {
    this(
        provider,
        uri,
        /* shared= */ url.kind() != PillionUrl.Kind.EMBEDDED,
        classLoader,
        properties,
        client(url, properties),
        () -> SharedClients.release(url),
        /* transactions= */ null);
  }

  private PillionCacheManager(
      PillionCachingProvider provider,
      URI uri,
      boolean shared,
      ClassLoader classLoader,
      Properties properties,
      Commands commands,
      Runnable release,
      @Nullable Transactions transactions) {
    this.provider = provider;
    this.uri = uri;
    this.shared = shared;
    this.classLoader = classLoader;
    this.properties = properties;
    this.commands = commands;
    this.release = release;
    this.transactions = transactions;
  }

  private static Commands client(PillionUrl url, Properties properties) {
    ManagerSettings.check(properties);
    try {
      return SharedClients.acquire(url);
    } catch (RuntimeException e) {
      throw new CacheException("Cannot use " + url + ": " + e.getMessage(), e);
    }
  }

  /**
   * A cache manager over a client that the application has already. It belongs to no caching
   * provider that others could ask for it, and closing it leaves the client open.
   *
   * @param shared whether other processes use the same caches
   * @param properties settings as in the table above
   * @param transactions those of the callers, after whose commits the caches change, and which
   *     {@link JdbcCacheLoader} and {@link JdbcCacheWriter} join; null for none
   * @throws CacheException naming a setting that cannot be used
   */
  public static PillionCacheManager over(
      Commands commands,
      boolean shared,
      ClassLoader classLoader,
      Properties properties,
      @Nullable Transactions transactions) {
    ManagerSettings.check(properties);
    return new PillionCacheManager(
        new PillionCachingProvider(),
        URI.create("pillion:application"),
        shared,
        classLoader,
        properties,
        commands,
        () -> {},
        transactions);
  }

  @Override
  public CachingProvider getCachingProvider() {
    return provider;
  }

  @Override
  public URI getURI() {
    return uri;
  }

  @Override
  public ClassLoader getClassLoader() {
    return classLoader;
  }

  @Override
  public Properties getProperties() {
    return properties;
  }

  /**
   * Opens a cache of this name here. Entries that others keep on the server under the name are its
   * entries.
   */
  @Override
  public <K, V, C extends Configuration<K, V>> Cache<K, V> createCache(
      String cacheName, C configuration) {
    requireOpen();
    Objects.requireNonNull(cacheName, "cacheName");
    Objects.requireNonNull(configuration, "configuration");
    synchronized (caches) {
      requireOpen();
      if (caches.containsKey(cacheName)) {
        throw new CacheException("A cache named '" + cacheName + "' already exists");
      }
      MutableConfiguration<K, V> own = copy(configuration);
      CacheSettings.Builder<K, V> settings =
          ManagerSettings.settings(cacheName, own, properties, classLoader);
      settings.shared(shared);
      PillionCache<K, V> cache =
          new PillionCache<>(this, cacheName, own, settings, commands, transactions);
      caches.put(cacheName, cache);
      try {
        cache.showBeans();
        listeners.forEach(listener -> listener.accept(cache));
      } catch (RuntimeException e) {
        cache.close();
        throw e;
      }
      return cache;
    }
  }

  /**
   * Tells of every cache that there is, and of each that is made from now on before anybody uses
   * it.
   */
  public void onCreation(Consumer<? super Cache<?, ?>> listener) {
    synchronized (caches) {
      listeners.add(listener);
      caches.values().forEach(listener);
    }
  }

  private static <K, V> MutableConfiguration<K, V> copy(Configuration<K, V> configuration) {
    if (configuration instanceof PillionConfiguration<K, V> ours) {
      return new PillionConfiguration<>(ours);
    }
    if (configuration instanceof CompleteConfiguration<K, V> complete) {
      return new MutableConfiguration<>(complete);
    }
    return new MutableConfiguration<K, V>()
        .setTypes(configuration.getKeyType(), configuration.getValueType())
        .setStoreByValue(configuration.isStoreByValue());
  }

  @Override
  public <K, V> @Nullable Cache<K, V> getCache(
      String cacheName, Class<K> keyType, Class<V> valueType) {
    requireOpen();
    Objects.requireNonNull(keyType, "keyType");
    Objects.requireNonNull(valueType, "valueType");
    PillionCache<K, V> cache = find(cacheName);
    if (cache != null) {
      requireType(cacheName, "keys", cache.configuration().getKeyType(), keyType);
      requireType(cacheName, "values", cache.configuration().getValueType(), valueType);
    }
    return cache;
  }

  private static void requireType(
      String cacheName, String what, Class<?> configured, Class<?> asked) {
    if (!configured.equals(asked)) {
      throw new ClassCastException(
          String.format(
              "The %s of cache '%s' are %s, not %s",
              what, cacheName, configured.getName(), asked.getName()));
    }
  }

  @Override
  public <K, V> @Nullable Cache<K, V> getCache(String cacheName) {
    requireOpen();
    return find(cacheName);
  }

  private <K, V> @Nullable PillionCache<K, V> find(String cacheName) {
    @SuppressWarnings("unchecked")
    PillionCache<K, V> cache =
        (PillionCache<K, V>) caches.get(Objects.requireNonNull(cacheName, "cacheName"));
    return cache;
  }

  @Override
  public Iterable<String> getCacheNames() {
    requireOpen();
    return List.copyOf(caches.keySet());
  }

  /** Clears the cache on the server, for everybody, and closes it here. */
  @Override
  public void destroyCache(String cacheName) {
    requireOpen();
    PillionCache<?, ?> cache = caches.get(Objects.requireNonNull(cacheName, "cacheName"));
    if (cache != null) {
      cache.destroy();
    }
  }

  @Override
  public void enableManagement(String cacheName, boolean enabled) {
    requireOpen();
    PillionCache<?, ?> cache = caches.get(Objects.requireNonNull(cacheName, "cacheName"));
    if (cache != null) {
      cache.enableManagement(enabled);
    }
  }

  @Override
  public void enableStatistics(String cacheName, boolean enabled) {
    requireOpen();
    PillionCache<?, ?> cache = caches.get(Objects.requireNonNull(cacheName, "cacheName"));
    if (cache != null) {
      cache.enableStatistics(enabled);
    }
  }

  /** Closes the caches here; their entries stay on the server. */
  @Override
  public void close() {
    synchronized (caches) {
      if (closed) {
        return;
      }
      closed = true;
    }
    provider.forget(this);
    try {
      PillionCachingProvider.closeEach(caches.values());
    } finally {
      caches.clear();
      release.run();
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  /** This object as one of its classes, or its {@link Commands}, which stay the manager's. */
  @Override
  public <T> T unwrap(Class<T> type) {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    if (type.isInstance(commands)) {
      return type.cast(commands);
    }
    throw new IllegalArgumentException("A cache manager of Pillion is no " + type.getName());
  }

  void forget(PillionCache<?, ?> cache) {
    caches.remove(cache.getName(), cache);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          "The cache manager " + Beans.withoutSecrets(uri) + " is closed");
    }
  }
}
