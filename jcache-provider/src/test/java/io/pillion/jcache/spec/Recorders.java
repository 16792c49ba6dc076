package io.pillion.jcache.spec;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.cache.Cache;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.expiry.Duration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheWriter;
import org.jspecify.annotations.Nullable;

/** What an application gives to a cache; it notes how it is called. */
final class Recorders {
  private Recorders() {}

  /** What an expiry policy gives, and whether that is to fail. */
  static final class Policy implements ExpiryPolicy {
    private final @Nullable Duration creation;
    private final @Nullable Duration update;
    private final @Nullable Duration access;
    private final boolean fails;
    private final List<String> calls = new ArrayList<>();

    Policy(
        @Nullable Duration creation,
        @Nullable Duration update,
        @Nullable Duration access,
        boolean fails) {
      this.creation = creation;
      this.update = update;
      this.access = access;
      this.fails = fails;
    }

    private @Nullable Duration asked(String what, @Nullable Duration answer) {
      synchronized (calls) {
        calls.add(what);
      }
      if (fails) {
        throw new IllegalStateException("no duration today");
      }
      return answer;
    }

    List<String> takeCalls() {
      synchronized (calls) {
        List<String> taken = List.copyOf(calls);
        calls.clear();
        return taken;
      }
    }

    @Override
    @SuppressWarnings("NullAway") // not annotated there, and null is an answer
    public Duration getExpiryForCreation() {
      return asked("creation", creation);
    }

    @Override
    @SuppressWarnings("NullAway") // as above
    public Duration getExpiryForAccess() {
      return asked("access", access);
    }

    @Override
    @SuppressWarnings("NullAway") // as above
    public Duration getExpiryForUpdate() {
      return asked("update", update);
    }
  }

  /** Calls of an application's loader or writer. */
  abstract static class Calls {
    private final boolean fails;
    private final List<String> calls = new CopyOnWriteArrayList<>();

    Calls(boolean fails) {
      this.fails = fails;
    }

    void called(String method, Iterable<?> keys) {
      Set<Object> sorted = new TreeSet<>();
      keys.forEach(sorted::add);
      calls.add(method + sorted);
      if (fails) {
        throw new IllegalStateException("not today");
      }
    }

    boolean fails() {
      return fails;
    }

    List<String> takeCalls() {
      List<String> taken = List.copyOf(calls);
      calls.clear();
      return taken;
    }
  }

  /** Loads the keys that it was told of. */
  static final class Loader extends Calls implements CacheLoader<Integer, String> {
    private final Set<Integer> known = ConcurrentHashMap.newKeySet();

    Loader(boolean fails) {
      super(fails);
    }

    void know(Collection<Integer> keys) {
      known.addAll(keys);
    }

    @Override
    @SuppressWarnings("NullAway") // not annotated there, and null is an answer
    public String load(Integer key) {
      called("load", List.of(key));
      return known.contains(key) ? "loaded" : null;
    }

    @Override
    public Map<Integer, String> loadAll(Iterable<? extends Integer> keys) {
      called("loadAll", keys);
      Map<Integer, String> found = new LinkedHashMap<>();
      for (Integer key : keys) {
        if (known.contains(key)) {
          found.put(key, "loaded");
        }
      }
      return found;
    }
  }

  /** Writes nowhere. */
  static final class Writer extends Calls implements CacheWriter<Integer, String> {
    Writer(boolean fails) {
      super(fails);
    }

    @Override
    public void write(Cache.Entry<? extends Integer, ? extends String> entry) {
      called("write", List.of(entry.getKey() + "=" + entry.getValue()));
    }

    @Override
    public void writeAll(Collection<Cache.Entry<? extends Integer, ? extends String>> entries) {
      called(
          "writeAll",
          entries.stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList());
      entries.clear();
    }

    @Override
    public void delete(Object key) {
      called("delete", List.of(key));
    }

    @Override
    public void deleteAll(Collection<?> keys) {
      called("deleteAll", keys);
      keys.removeAll(new HashSet<>(keys));
    }
  }

  /** A listener's events, by key. */
  static final class Listener
      implements CacheEntryCreatedListener<Integer, String>,
          CacheEntryUpdatedListener<Integer, String>,
          CacheEntryRemovedListener<Integer, String>,
          CacheEntryExpiredListener<Integer, String> {
    private final Map<Integer, List<String>> heard = new ConcurrentHashMap<>();
    private final boolean wantsOld;

    Listener(boolean wantsOld) {
      this.wantsOld = wantsOld;
    }

    /** What was heard of this key, in order. */
    List<String> heardOf(Integer key) {
      return heard.getOrDefault(key, List.of());
    }

    private void heard(Iterable<CacheEntryEvent<? extends Integer, ? extends String>> events) {
      for (CacheEntryEvent<? extends Integer, ? extends String> event : events) {
        String text = event.getEventType() + " " + event.getValue();
        if (wantsOld) {
          text += " old " + (event.isOldValueAvailable() ? event.getOldValue() : "unknown");
        }
        heard.computeIfAbsent(event.getKey(), key -> new CopyOnWriteArrayList<>()).add(text);
      }
    }

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends Integer, ? extends String>> events) {
      heard(events);
    }

    @Override
    public void onUpdated(Iterable<CacheEntryEvent<? extends Integer, ? extends String>> events) {
      heard(events);
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends Integer, ? extends String>> events) {
      heard(events);
    }

    @Override
    public void onExpired(Iterable<CacheEntryEvent<? extends Integer, ? extends String>> events) {
      heard(events);
    }
  }
}
