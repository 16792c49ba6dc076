package io.pillion.cache;

import io.pillion.cache.EntryStore.Fetched;
import io.pillion.client.Commands;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The entries of one cache as they are on the server, past everything that a cache does. */
public final class StoredEntries<K, V> {
  private final EngineCache<K, V> cache;
  private final CacheSettings<K, V> settings;
  private final EntryStore store;

  /** The entries of the cache of this name and the default prefix. */
  public StoredEntries(Commands commands, String name) {
    settings = CacheSettings.<K, V>named(name).build();
    cache = new EngineCache<>(commands, settings);
    store =
        new EntryStore(
            commands,
            settings.keyLayout(),
            settings.ttlCeilingMillis(),
            null,
            LoadingSettings.none(),
            null);
  }

  /** Stores a value that ends after this time. */
  public void put(K key, V value, Duration ttl) {
    cache.put(key, value, ttl);
  }

  /** Stores these bytes in place of a value. */
  public void putBytes(K key, byte[] stored) {
    cache.await(store.set(settings.keyCodec().encode(key), stored, Expiry.ETERNAL));
  }

  /** The bytes that are there in place of a value; null for nothing. */
  public byte @Nullable [] bytes(K key) {
    return cache.await(store.get(settings.keyCodec().encode(key)));
  }

  /** Removes all. */
  public void clear() {
    cache.clear();
  }

  /** What there is of this key; null for nothing. */
  public @Nullable Stored<V> get(K key) {
    Fetched fetched = cache.await(store.fetch(settings.keyCodec().encode(key)));
    byte[] value = fetched.value();
    return value == null
        ? null
        : new Stored<>(cache.decode(value), Duration.ofMillis(fetched.ttlMillis()));
  }

  /** A value, and how long it still lives. */
  public record Stored<V>(V value, Duration left) {}
}
