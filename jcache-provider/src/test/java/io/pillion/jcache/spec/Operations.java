package io.pillion.jcache.spec;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.integration.CompletionListenerFuture;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorResult;
import org.jspecify.annotations.Nullable;

/** The operations that {@link ReferenceTable} names; each answers for every key. */
final class Operations {
  private Operations() {}

  /** What the operation answered for these keys; keys without an answer are left out. */
  static Map<Integer, @Nullable Object> run(
      String name, Cache<Integer, String> cache, Set<Integer> keys) {
    Integer key = keys.iterator().next();
    return switch (name) {
      case "containsKey" -> of(key, cache.containsKey(key));
      case "get" -> of(key, cache.get(key));
      case "getAll" -> forEach(keys, cache.getAll(keys)::get);
      case "getAndPut" -> of(key, cache.getAndPut(key, "new"));
      case "getAndRemove" -> of(key, cache.getAndRemove(key));
      case "getAndReplace" -> of(key, cache.getAndReplace(key, "new"));
      case "put" -> nothing(() -> cache.put(key, "new"));
      case "putAll" -> nothing(() -> cache.putAll(allNew(keys)));
      case "putIfAbsent" -> of(key, cache.putIfAbsent(key, "new"));
      case "remove" -> of(key, cache.remove(key));
      case "remove(old)" -> of(key, cache.remove(key, "old"));
      case "remove(other)" -> of(key, cache.remove(key, "other"));
      case "replace" -> of(key, cache.replace(key, "new"));
      case "replace(old)" -> of(key, cache.replace(key, "old", "new"));
      case "replace(other)" -> of(key, cache.replace(key, "other", "new"));
      case "removeAll(keys)" -> nothing(() -> cache.removeAll(keys));
      case "removeAll" -> nothing(cache::removeAll);
      case "clear" -> nothing(cache::clear);
      case "iterator" -> iterate(cache, keys, /* remove= */ false);
      case "iterator, remove" -> iterate(cache, keys, /* remove= */ true);
      case "loadAll(keep)" -> nothing(() -> load(cache, keys, /* replace= */ false));
      case "loadAll(replace)" -> nothing(() -> load(cache, keys, /* replace= */ true));
      default ->
          name.startsWith("invokeAll ")
              ? invokeAll(cache, keys, processor(name.substring("invokeAll ".length())))
              : of(key, cache.invoke(key, processor(name.substring("invoke ".length()))));
    };
  }

  private static Map<Integer, @Nullable Object> of(Integer key, @Nullable Object answer) {
    Map<Integer, @Nullable Object> answers = new HashMap<>();
    answers.put(key, answer);
    return answers;
  }

  private static Map<Integer, @Nullable Object> nothing(Runnable operation) {
    operation.run();
    return Map.of();
  }

  private static Map<Integer, @Nullable Object> forEach(
      Set<Integer> keys, Function<Integer, @Nullable Object> answer) {
    Map<Integer, @Nullable Object> answers = new LinkedHashMap<>();
    keys.forEach(key -> answers.put(key, answer.apply(key)));
    return answers;
  }

  private static Map<Integer, String> allNew(Set<Integer> keys) {
    Map<Integer, String> entries = new LinkedHashMap<>();
    keys.forEach(key -> entries.put(key, "new"));
    return entries;
  }

  private static Map<Integer, @Nullable Object> iterate(
      Cache<Integer, String> cache, Set<Integer> keys, boolean remove) {
    Map<Integer, @Nullable Object> found = new HashMap<>();
    keys.forEach(key -> found.put(key, null));
    Iterator<Cache.Entry<Integer, String>> walk = cache.iterator();
    while (walk.hasNext()) {
      Cache.Entry<Integer, String> entry = walk.next();
      found.put(entry.getKey(), entry.getValue());
      if (remove) {
        walk.remove();
      }
    }
    return found;
  }

  private static void load(Cache<Integer, String> cache, Set<Integer> keys, boolean replace) {
    CompletionListenerFuture done = new CompletionListenerFuture();
    cache.loadAll(keys, replace, done);
    try {
      done.get();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw (CacheException) e.getCause();
    }
  }

  private static Map<Integer, @Nullable Object> invokeAll(
      Cache<Integer, String> cache,
      Set<Integer> keys,
      EntryProcessor<Integer, String, @Nullable Object> processor) {
    Map<Integer, EntryProcessorResult<@Nullable Object>> results = cache.invokeAll(keys, processor);
    return forEach(
        keys,
        key -> {
          EntryProcessorResult<@Nullable Object> result = results.get(key);
          return result == null ? null : result.get();
        });
  }

  /** Does these things in order, and returns the last thing that it saw. */
  private static EntryProcessor<Integer, String, @Nullable Object> processor(String steps) {
    return (entry, arguments) -> {
      Object seen = null;
      for (String step : Arrays.asList(steps.split(", "))) {
        switch (step) {
          case "exists" -> seen = entry.exists();
          case "get" -> seen = entry.getValue();
          case "set" -> entry.setValue("new");
          case "remove" -> entry.remove();
          case "throw" -> throw new IllegalStateException("as asked");
          default -> {}
        }
      }
      return seen;
    };
  }
}
