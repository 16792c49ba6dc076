package io.pillion.jcache;

import java.util.Objects;
import javax.cache.Cache;
import org.jspecify.annotations.Nullable;

/** A key and its value at one moment. */
public final class PillionEntry<K, V> implements Cache.Entry<K, V> {
  private final K key;
  private final V value;

  PillionEntry(K key, V value) {
    this.key = key;
    this.value = value;
  }

  @Override
  public K getKey() {
    return key;
  }

  @Override
  public V getValue() {
    return value;
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrapping.as(type, this);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PillionEntry<?, ?> that
        && key.equals(that.key)
        && value.equals(that.value);
  }

  @Override
  public int hashCode() {
    return Objects.hash(key, value);
  }

  @Override
  public String toString() {
    return key + "=" + value;
  }
}
