package io.pillion.cache;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An entry as an entry processor sees it: changes are kept here and applied together when the
 * processor returns. For one thread.
 */
public final class WorkingEntry<K, V> {
  private final K key;
  private final @Nullable V before;
  private final @Nullable EntryLoader<K, V> loader;
  private @Nullable V value;
  private boolean loaded;
  private Outcome outcome = Outcome.NOTHING;

  WorkingEntry(K key, @Nullable V before, @Nullable EntryLoader<K, V> loader) {
    this.key = key;
    this.before = before;
    this.loader = loader;
    this.value = before;
  }

  /** The key. */
  public K key() {
    return key;
  }

  /** Whether there is a value now; never loads one. */
  public boolean exists() {
    return value != null;
  }

  /** The value now, loaded when there was none and the cache reads through; or null. */
  public @Nullable V value() {
    if (outcome != Outcome.NOTHING) {
      return value;
    }
    if (value != null) {
      outcome = Outcome.READ;
    } else if (loader != null) {
      value = loader.load(key);
      loaded = value != null;
      outcome = loaded ? Outcome.LOADED : Outcome.NOTHING;
    }
    return value;
  }

  /** Sets the value. */
  public void set(V newValue) {
    value = Objects.requireNonNull(newValue, "value");
    outcome = Outcome.SET;
  }

  /** Removes the value, in the database, too; or takes back one that was only set here. */
  public void remove() {
    boolean onlyHere = before == null && !loaded && outcome == Outcome.SET;
    value = null;
    outcome = onlyHere ? Outcome.NOTHING : Outcome.REMOVED;
  }

  /** Whether the entry is not to stay as it was. */
  boolean changes() {
    return outcome != Outcome.NOTHING && outcome != Outcome.READ;
  }

  Outcome outcome() {
    return outcome;
  }

  @Nullable V before() {
    return before;
  }

  @Nullable V after() {
    return value;
  }

  /** What is to be applied. */
  enum Outcome {
    NOTHING,
    READ,
    LOADED,
    SET,
    REMOVED
  }
}
