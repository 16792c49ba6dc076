package io.pillion.jcache;

import io.pillion.cache.WorkingEntry;
import java.util.Objects;
import java.util.function.Consumer;
import javax.cache.processor.MutableEntry;
import org.jspecify.annotations.Nullable;

/** An entry as a JSR-107 entry processor sees it. */
final class ProcessorEntry<K, V> implements MutableEntry<K, V> {
  private final WorkingEntry<K, V> entry;
  private final Consumer<V> typeCheck;

  ProcessorEntry(WorkingEntry<K, V> entry, Consumer<V> typeCheck) {
    this.entry = entry;
    this.typeCheck = typeCheck;
  }

  @Override
  public boolean exists() {
    return entry.exists();
  }

  @Override
  public void remove() {
    entry.remove();
  }

  @Override
  public void setValue(V value) {
    typeCheck.accept(Objects.requireNonNull(value, "value"));
    entry.set(value);
  }

  @Override
  public K getKey() {
    return entry.key();
  }

  @Override
  public @Nullable V getValue() {
    return entry.value();
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrapping.as(type, this);
  }
}
