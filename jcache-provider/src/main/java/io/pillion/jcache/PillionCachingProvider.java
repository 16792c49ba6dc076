package io.pillion.jcache;

import io.pillion.client.PillionUrl;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.WeakHashMap;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.OptionalFeature;
import javax.cache.spi.CachingProvider;
import org.jspecify.annotations.Nullable;

/**
 * Pillion as a JSR-107 provider, found by {@code Caching.getCachingProvider()}.
 *
 * <p>The URI of a cache manager says which server keeps its caches, in the forms of {@link
 * PillionUrl}. The default URI, {@code pillion:default}, stands for the URL in the system property
 * {@code pillion.url}, and if there is none, for an engine inside this JVM. Cache managers of one
 * server share their caches' entries, in this JVM and in others.
 */
public final class PillionCachingProvider implements CachingProvider {
  /** The system property with the URL that the default URI stands for. */
  public static final String URL_PROPERTY = "pillion.url";

  private static final URI DEFAULT_URI = URI.create("pillion:default");

  private final Map<ClassLoader, Map<URI, PillionCacheManager>> managers = new WeakHashMap<>();

  /** Made by the service loader. */
  public PillionCachingProvider() {}

  /**
   * The cache manager of this server and class loader, made when there is none.
   *
   * @param uri null for the default one
   * @param classLoader where keys and values have their classes; null for the default one
   * @param properties settings of {@link PillionCacheManager}; null for none. They take effect when
   *     the manager is made.
   * @throws CacheException when the URI is none that this provider knows
   */
  @Override
  public CacheManager getCacheManager(
      @Nullable URI uri, @Nullable ClassLoader classLoader, @Nullable Properties properties) {
    URI where = uri == null ? getDefaultURI() : uri;
    ClassLoader loader = classLoader == null ? getDefaultClassLoader() : classLoader;
    synchronized (managers) {
      Map<URI, PillionCacheManager> ofLoader =
          managers.computeIfAbsent(loader, l -> new HashMap<>());
      PillionCacheManager manager = ofLoader.get(where);
      if (manager == null || manager.isClosed()) {
        Properties own = new Properties();
        if (properties != null) {
          own.putAll(properties);
          // Those that the properties have by default are not among their entries.
          properties.stringPropertyNames().forEach(n -> own.put(n, properties.getProperty(n)));
        }
        manager = new PillionCacheManager(this, where, url(where), loader, own);
        ofLoader.put(where, manager);
      }
      return manager;
    }
  }

  private static PillionUrl url(URI uri) {
    try {
      return PillionUrl.parse(
          uri.equals(DEFAULT_URI) ? System.getProperty(URL_PROPERTY) : uri.toString());
    } catch (IllegalArgumentException e) {
      throw new CacheException(
          (uri.equals(DEFAULT_URI)
                  ? "The system property " + URL_PROPERTY + " names no server: "
                  : "The cache manager's URI names no server: ")
              + e.getMessage(),
          e);
    }
  }

  @Override
  public ClassLoader getDefaultClassLoader() {
    return PillionCachingProvider.class.getClassLoader();
  }

  @Override
  public URI getDefaultURI() {
    return DEFAULT_URI;
  }

  @Override
  public Properties getDefaultProperties() {
    return new Properties();
  }

  @Override
  public CacheManager getCacheManager(@Nullable URI uri, @Nullable ClassLoader classLoader) {
    return getCacheManager(uri, classLoader, null);
  }

  @Override
  public CacheManager getCacheManager() {
    return getCacheManager(null, null, null);
  }

  @Override
  public void close() {
    closeAll(null, null);
  }

  @Override
  public void close(@Nullable ClassLoader classLoader) {
    closeAll(null, classLoader == null ? getDefaultClassLoader() : classLoader);
  }

  @Override
  public void close(@Nullable URI uri, @Nullable ClassLoader classLoader) {
    closeAll(
        uri == null ? getDefaultURI() : uri,
        classLoader == null ? getDefaultClassLoader() : classLoader);
  }

  private void closeAll(@Nullable URI uri, @Nullable ClassLoader classLoader) {
    List<PillionCacheManager> closing = new ArrayList<>();
    synchronized (managers) {
      managers.forEach(
          (loader, ofLoader) ->
              ofLoader.forEach(
                  (at, manager) -> {
                    if ((classLoader == null || loader == classLoader)
                        && (uri == null || at.equals(uri))) {
                      closing.add(manager);
                    }
                  }));
    }
    closeEach(closing);
  }

  /** Closes all of them, also when some fail; throws the first failure with the others in it. */
  static void closeEach(Collection<? extends Closeable> all) {
    CacheException first = null;
    for (Closeable one : all) {
      try {
        one.close();
      } catch (IOException | RuntimeException e) {
        if (first == null) {
          first = e instanceof CacheException of ? of : new CacheException(e.getMessage(), e);
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /** Forgets a closed manager, so that the next request makes a new one. */
  void forget(PillionCacheManager manager) {
    synchronized (managers) {
      managers.values().forEach(ofLoader -> ofLoader.values().remove(manager));
    }
  }

  @Override
  public boolean isSupported(OptionalFeature feature) {
    return false;
  }
}
