package io.pillion.cache;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.OwnThreads;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What {@link EngineCache} promises, whatever carries its commands. */
public abstract class EngineCacheContract {
  private final String name = "cache-" + UUID.randomUUID();

  protected abstract Commands commands();

  record Point(int x, int y) implements Serializable {}

  record Secret(String word) implements Serializable {}

  private <K, V> CacheSettings.Builder<K, V> settings() {
    CacheSettings.Builder<K, V> settings =
        CacheSettings.<K, V>named(name).allow("io.pillion.cache.**").executor(Runnable::run);
    adjust(settings);
    return settings;
  }

  /** What the promises have to hold with. */
  protected void adjust(CacheSettings.Builder<?, ?> settings) {}

  private <K, V> EngineCache<K, V> cache() {
    return new EngineCache<>(commands(), this.<K, V>settings().build());
  }

  private <K, V> EngineCache<K, V> cache(CacheSettings.Builder<K, V> settings) {
    return new EngineCache<>(commands(), settings.build());
  }

  private List<String> keysOnServer() {
    List<String> keys = new ArrayList<>();
    commands().primaries().forEach(node -> addKeysOf(node, keys));
    return keys;
  }

  private void addKeysOf(Commands node, List<String> keys) {
    byte[] cursor = {'0'};
    do {
      List<?> page =
          (List<?>)
              Objects.requireNonNull(
                  node.call(
                      Command.of("SCAN")
                          .arg(cursor)
                          .arg("MATCH")
                          .arg("p:" + name + ":*")
                          .arg("COUNT")
                          .arg(1000)));
      cursor = (byte[]) Objects.requireNonNull(page.get(0));
      for (Object key : (List<?>) Objects.requireNonNull(page.get(1))) {
        keys.add(new String((byte[]) key, StandardCharsets.UTF_8));
      }
    } while (!(cursor.length == 1 && cursor[0] == '0'));
  }

  @Test
  void aValueIsThereUntilItIsRemoved() {
    EngineCache<String, String> cache = cache();
    assertThat(cache.get("a")).isNull();
    assertThat(cache.containsKey("a")).isFalse();
    cache.put("a", "1");
    assertThat(cache.get("a")).isEqualTo("1");
    assertThat(cache.containsKey("a")).isTrue();
    assertThat(cache.remove("a")).isTrue();
    assertThat(cache.remove("a")).isFalse();
    assertThat(cache.get("a")).isNull();
  }

  @Test
  void valuesComeBackAsTheyWentIn() {
    EngineCache<String, Object> cache = cache();
    for (Object value :
        List.of(
            "text ü",
            "half a pair \ud800",
            "",
            42,
            -42L,
            0.1,
            true,
            false,
            new Point(1, 2),
            List.of("a", 1),
            AbsentValue.ABSENT)) {
      cache.put("k", value);
      assertThat(cache.get("k")).isEqualTo(value);
    }
    cache.put("k", new byte[] {1, 2});
    assertThat(cache.get("k")).isEqualTo(new byte[] {1, 2});
  }

  @Test
  void keysThatDifferAreDifferentEntries() {
    EngineCache<Object, String> cache = cache();
    List<Object> keys =
        List.of(
            "42",
            42,
            42L,
            "~i42",
            "~~i42",
            "%7Ei42",
            "{42}",
            "%7B42%7D",
            "",
            " ",
            ":",
            "a:b",
            "ü",
            "\ud800",
            "\udbff",
            "?",
            new UUID(1, 2),
            new UUID(1, 2).toString(),
            new Point(1, 2),
            new Point(2, 1));
    for (int i = 0; i < keys.size(); i++) {
      cache.put(keys.get(i), "v" + i);
    }
    for (int i = 0; i < keys.size(); i++) {
      assertThat(cache.get(keys.get(i))).as("key %s", keys.get(i)).isEqualTo("v" + i);
    }
    Set<Object> iterated = new HashSet<>();
    cache.iterator().forEachRemaining(entry -> iterated.add(entry.key()));
    assertThat(iterated).isEqualTo(new HashSet<>(keys));
    assertThat(keysOnServer()).noneMatch(key -> key.contains("{") || key.contains("}"));
  }

  @Test
  void theNameOfACacheMayBeAnything() {
    EngineCache<String, String> star =
        new EngineCache<>(commands(), CacheSettings.<String, String>named("*" + name).build());
    EngineCache<String, String> odd =
        new EngineCache<>(
            commands(), CacheSettings.<String, String>named("[a]{b}:c ?\\" + name).build());
    odd.put("k", "odd");
    star.put("k", "star");
    star.put("l", "star");
    star.clear();
    star.sweep();
    assertThat(odd.get("k")).isEqualTo("odd");
    List<String> keys = new ArrayList<>();
    odd.iterator().forEachRemaining(entry -> keys.add(entry.key()));
    assertThat(keys).containsExactly("k");
  }

  @Test
  void conditionalWritesSayWhatWasThere() {
    EngineCache<String, Object> cache = cache();
    assertThat(cache.replace("a", 1)).isFalse();
    assertThat(cache.getAndReplace("a", 1)).isNull();
    assertThat(cache.getAndRemove("a")).isNull();
    assertThat(cache.putIfAbsent("a", 1)).isNull();
    assertThat(cache.putIfAbsent("a", 2)).isEqualTo(1);
    assertThat(cache.replace("a", 2)).isTrue();
    assertThat(cache.getAndReplace("a", 3)).isEqualTo(2);
    assertThat(cache.getAndPut("a", 4)).isEqualTo(3);
    assertThat(cache.replace("a", 3, 5)).isFalse();
    assertThat(cache.replace("a", 4, 5)).isTrue();
    assertThat(cache.remove("a", 4)).isFalse();
    assertThat(cache.remove("a", 5)).isTrue();
    assertThat(cache.getAndPut("a", 6)).isNull();
    assertThat(cache.getAndRemove("a")).isEqualTo(6);
    cache.put("set", new HashSet<>(Set.of("a", "b", "c")));
    assertThat(cache.remove("set", Set.of("c", "b", "a"))).isTrue();
  }

  @Test
  void bulkOperationsReachEveryKey() {
    EngineCache<Integer, String> cache = cache();
    Map<Integer, String> entries = new HashMap<>();
    IntStream.range(0, 1_500).forEach(i -> entries.put(i, "v" + i));
    cache.putAll(entries);
    assertThat(cache.getAll(entries.keySet())).isEqualTo(entries);
    cache.removeAll(Set.of(1, 2, 1_499, 9_999));
    assertThat(cache.getAll(Set.of(0, 1, 2, 1_498, 1_499))).containsOnlyKeys(0, 1_498);
    Map<Integer, String> iterated = new HashMap<>();
    cache.iterator().forEachRemaining(entry -> iterated.put(entry.key(), entry.value()));
    entries.keySet().removeAll(Set.of(1, 2, 1_499));
    assertThat(iterated).isEqualTo(entries);
    assertThat(cache.getAll(Set.of())).isEmpty();
    cache.putAll(Map.of());
    cache.removeAll(Set.of());
  }

  @Test
  void entriesEndWhenTheirTimeIsOver() {
    Set<String> keys = Set.of("a", "b", "c", "d", "lasts", "not at all");
    // On a busy machine no life is long enough to be seen and short enough to wait for its end.
    for (Duration life : List.of(Duration.ofMinutes(10), Duration.ofMillis(100))) {
      EngineCache<String, String> cache =
          cache(this.<String, String>settings().expiry(Expiry.afterWrite(life)));
      cache.clear();
      cache.put("a", "1");
      cache.putAll(Map.of("b", "1", "c", "1"));
      cache.putIfAbsent("d", "1");
      cache.put("lasts", "1", Duration.ofHours(1));
      cache.put("not at all", "1", Duration.ZERO);
      int left = life.toMillis() > 100 ? 5 : 1;
      Awaiting.until(() -> cache.getAll(keys).size() <= left);
      assertThat(cache.getAll(keys)).hasSize(left).containsEntry("lasts", "1");
    }
  }

  @Test
  void updatesMayKeepTheTimeThatIsLeft() {
    EngineCache<String, Integer> cache =
        cache(
            this.<String, Integer>settings()
                .expiry(Expiry.fixed(300, Expiry.UNCHANGED, Expiry.UNCHANGED)));
    int[] updates = {0};
    // More than once only where a busy machine takes 300 ms for the first update.
    while (updates[0] < 2) {
      cache.put("a", 0);
      updates[0] = 0;
      Awaiting.until(
          () -> {
            updates[0]++;
            return !cache.replace("a", updates[0]);
          });
    }
  }

  @Test
  void noEntryOutlivesTheCeiling() {
    EngineCache<String, String> cache =
        cache(this.<String, String>settings().ttlCeiling(Duration.ofMinutes(1)));
    cache.put("eternal", "1");
    cache.put("long", "1", Duration.ofDays(1));
    for (String key : keysOnServer()) {
      if (!key.endsWith(":gen")) {
        assertThat((Long) commands().call(Command.of("PTTL", key))).isBetween(1L, 60_000L);
      }
    }
  }

  @Test
  void clearIsSeenByEverybodyAtOnce() {
    EngineCache<String, String> ours = cache();
    EngineCache<String, String> theirs = cache();
    for (int i = 0; i < 20; i++) {
      ours.put("a", "old");
      assertThat(theirs.get("a")).isEqualTo("old");
      theirs.clear();
      assertThat(ours.get("a")).isNull();
      assertThat(ours.putIfAbsent("a", "new")).isNull();
      assertThat(theirs.getAndRemove("a")).isEqualTo("new");
    }
  }

  @Test
  void nothingFromBeforeAClearIsSeenAfterIt() throws Exception {
    EngineCache<String, Integer> writing = cache();
    EngineCache<String, Integer> clearing = cache();
    AtomicInteger ended = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    Thread writer =
        new Thread(
            () -> {
              for (int i = 1; !over.get(); i++) {
                writing.put("a", i);
                ended.set(i);
              }
            });
    writer.start();
    for (int i = 0; i < 200; i++) {
      Integer seen = clearing.get("a");
      int before = ended.get();
      // On a cluster a put under way may be seen before and after a clear: see ClearOnClusterTest.
      if (seen != null && !commands().isCluster()) {
        before = Math.max(before, seen);
      }
      clearing.clear();
      Integer after = clearing.get("a");
      assertThat(after == null || after > before)
          .as("%d, then cleared, then %d", before, after)
          .isTrue();
    }
    over.set(true);
    writer.join();
  }

  @Test
  void aWriteTakesEffectOnceEvenWhenAClearComesInBetween() {
    EngineCache<String, String> theirs = cache();
    List<@Nullable String> seen = new ArrayList<>();
    AtomicBoolean armed = new AtomicBoolean();
    EngineCache<String, String> ours =
        new EngineCache<>(
            new InterruptedPipelines(
                commands(),
                after -> {
                  if (armed.get() && after.name().equals("SET")) {
                    seen.add(theirs.get("a"));
                    theirs.clear();
                  }
                }),
            this.<String, String>settings().build());
    ours.containsKey("a");
    armed.set(true);
    ours.put("a", "1");
    assertThat(seen).containsExactly("1");
    assertThat(theirs.get("a")).isNull();
    assertThat(ours.get("a")).isNull();
  }

  @Test
  void aWriteInAGenerationThatIsOverIsDoneAgain() {
    EngineCache<String, String> ours = cache();
    EngineCache<String, String> theirs = cache();
    ours.put("a", "old");
    theirs.clear();
    ours.put("a", "new");
    assertThat(theirs.get("a")).isEqualTo("new");
  }

  @Test
  void clearedEntriesAreSweptAndTheCounterMayBeLost() {
    EngineCache<String, String> cache = cache();
    IntStream.range(0, 100).forEach(i -> cache.put("k" + i, "old"));
    cache.clear();
    cache.put("a", "new");
    assertThat(keysOnServer()).hasSize(102);
    cache.sweep();
    assertThat(keysOnServer()).hasSize(2);
    assertThat(cache.get("a")).isEqualTo("new");
    commands().call(Command.of("DEL", "p:" + name + ":gen"));
    // Others hear of it in their own time, if they keep copies.
    Awaiting.until(() -> cache.get("a") == null);
    cache.put("a", "newer");
    assertThat(EngineCacheContract.this.<String, String>cache().get("a")).isEqualTo("newer");
  }

  @Test
  void theCounterStaysBehindTheClockThatALostOneBeginsAt() {
    EngineCache<String, String> cache = cache();
    IntStream.range(0, 500).forEach(i -> cache.clear());
    byte[] counter = (byte[]) commands().call(Command.of("GET", "p:" + name + ":gen"));
    assertThat(Long.parseLong(new String(counter, US_ASCII)))
        .isLessThan(ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
  }

  @Test
  void nothingIsLeftOfADestroyedCache() {
    EngineCache<String, String> cache = cache();
    cache.put("a", "old");
    cache.clear();
    cache.put("a", "new");
    EngineCache<String, String> theirs = cache();
    assertThat(theirs.get("a")).isEqualTo("new");
    cache.destroy();
    assertThat(keysOnServer()).isEmpty();
    assertThat(theirs.get("a")).isNull();
  }

  @Test
  void nothingIsLostBetweenManyWriters() throws Exception {
    int threads = 4;
    int rounds = 50;
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      // Objects of their own, as in processes of their own: no common lock.
      EngineCache<String, Integer> cache = cache();
      boolean byProcessor = t % 2 == 0;
      all.add(
          new Thread(() -> IntStream.range(0, rounds).forEach(i -> addOne(cache, byProcessor))));
    }
    all.forEach(Thread::start);
    for (Thread thread : all) {
      thread.join();
    }
    assertThat(this.<String, Integer>cache().get("n")).isEqualTo(threads * rounds);
  }

  private static void addOne(EngineCache<String, Integer> cache, boolean byProcessor) {
    if (byProcessor) {
      cache.invoke(
          "n",
          entry -> {
            Integer before = entry.value();
            entry.set(before == null ? 1 : before + 1);
            return null;
          });
      return;
    }
    for (; ; ) {
      Integer before = cache.get("n");
      boolean done =
          before == null
              ? cache.putIfAbsent("n", 1) == null
              : cache.replace("n", before, before + 1);
      if (done) {
        return;
      }
    }
  }

  @Test
  void aMissingValueIsLoadedOnceHoweverManyAsk() throws Exception {
    AtomicInteger loads = new AtomicInteger();
    CountDownLatch everybodyAsks = new CountDownLatch(1);
    EngineCache<String, String> cache =
        cache(
            this.<String, String>settings()
                .loader(
                    key -> {
                      loads.incrementAndGet();
                      await(everybodyAsks);
                      return key.isEmpty() ? null : "loaded " + key;
                    })
                .readThrough(true));
    List<CompletableFuture<@Nullable String>> asking = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      asking.add(CompletableFuture.supplyAsync(() -> cache.get("a"), OwnThreads.PER_TASK));
    }
    Awaiting.until(() -> loads.get() == 1);
    everybodyAsks.countDown();
    for (CompletableFuture<@Nullable String> one : asking) {
      assertThat(one.get()).isEqualTo("loaded a");
    }
    assertThat(loads).hasValue(1);
    assertThat(cache.get("")).isNull();
    assertThat(cache.getAll(Set.of("a", "b", "")))
        .isEqualTo(Map.of("a", "loaded a", "b", "loaded b"));
    assertThat(this.<String, String>cache().get("b")).isEqualTo("loaded b");
  }

  @Test
  void whatIsLoadedDuringARemovalOrAClearIsNotKept() {
    EngineCache<String, String> cache = cache();
    EngineCache<String, String> theirs = cache();
    assertThat(
            cache.computeIfAbsent(
                "a",
                key -> {
                  // On another thread, as the method that evicts would be.
                  CompletableFuture.runAsync(() -> cache.remove(key), OwnThreads.PER_TASK).join();
                  return "stale";
                }))
        .isEqualTo("stale");
    assertThat(cache.containsKey("a")).isFalse();
    assertThat(cache.computeIfAbsent("a", key -> "fresh")).isEqualTo("fresh");
    theirs.clear();
    assertThat(
            cache.computeIfAbsent(
                "a",
                key -> {
                  theirs.clear();
                  return "stale";
                }))
        .isEqualTo("stale");
    assertThat(cache.containsKey("a")).isFalse();
    assertThat(
            cache.computeIfAbsent(
                "a",
                key -> {
                  theirs.put(key, "fresher");
                  return "stale";
                }))
        .isEqualTo("fresher");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void whatTheWriterRefusesTheCacheDoesNotTake() {
    Map<String, String> database = new ConcurrentHashMap<>();
    EngineCache<String, String> cache =
        cache(
            this.<String, String>settings()
                .writer(
                    new EntryWriter<>() {
                      @Override
                      public void write(String key, String value) {
                        if (value.startsWith("bad")) {
                          throw new IllegalArgumentException(value);
                        }
                        database.put(key, value);
                      }

                      @Override
                      public void delete(String key) {
                        if (key.startsWith("kept")) {
                          throw new IllegalArgumentException(key);
                        }
                        database.remove(key);
                      }
                    }));
    cache.put("a", "1");
    assertThatThrownBy(() -> cache.put("a", "bad")).hasMessage("bad");
    assertThatThrownBy(() -> cache.replace("a", "bad")).hasMessage("bad");
    assertThatThrownBy(() -> cache.replace("a", "1", "bad")).hasMessage("bad");
    assertThatThrownBy(() -> cache.putIfAbsent("b", "bad")).hasMessage("bad");
    assertThatThrownBy(() -> cache.getAndPut("a", "bad")).hasMessage("bad");
    assertThatThrownBy(
            () ->
                cache.invoke(
                    "a",
                    entry -> {
                      entry.set("bad");
                      return null;
                    }))
        .hasMessage("bad");
    assertThat(cache.getAll(Set.of("a", "b"))).isEqualTo(database).isEqualTo(Map.of("a", "1"));
    cache.put("kept", "1");
    assertThatThrownBy(() -> cache.remove("kept")).hasMessage("kept");
    assertThatThrownBy(() -> cache.getAndRemove("kept")).hasMessage("kept");
    assertThatThrownBy(() -> cache.removeAll(Set.of("kept"))).hasMessage("kept");
    assertThat(cache.replace("kept", "2")).isTrue();
    assertThat(cache.remove("a", "1")).isTrue();
    assertThat(database).isEqualTo(Map.of("kept", "2"));
    assertThatThrownBy(() -> cache.putAll(Map.of("x", "bad"))).hasMessage("bad");
    assertThat(cache.get("x")).isNull();
  }

  @Test
  void observersAreToldInOrder() {
    List<String> told = new ArrayList<>();
    EngineCache<String, Integer> cache =
        cache(
            this.<String, Integer>settings()
                .observer(
                    new EntryObserver<>() {
                      @Override
                      public boolean isActive() {
                        return true;
                      }

                      @Override
                      public void changed(List<EntryChange<String, Integer>> changes) {
                        changes.forEach(
                            one ->
                                told.add(
                                    one.kind()
                                        + " "
                                        + one.key()
                                        + " "
                                        + one.oldValue()
                                        + " "
                                        + one.value()));
                      }
                    }));
    cache.put("a", 1);
    cache.put("a", 2);
    cache.getAndPut("a", 3);
    cache.replace("a", 4);
    cache.putIfAbsent("a", 9);
    cache.put("a", 5, Duration.ZERO);
    cache.putAll(Map.of("a", 6));
    cache.remove("a");
    cache.remove("a");
    cache.putIfAbsent("a", 7);
    cache.removeAll();
    cache.put("a", 8);
    cache.clear();
    assertThat(told)
        .containsExactly(
            "CREATED a null 1",
            "UPDATED a 1 2",
            "UPDATED a 2 3",
            "UPDATED a 3 4",
            "UPDATED a 4 5",
            "EXPIRED a 5 null",
            "CREATED a null 6",
            "REMOVED a 6 null",
            "CREATED a null 7",
            "REMOVED a 7 null",
            "CREATED a null 8");
  }

  @Test
  void theAsynchronousFormsDoTheSame() throws Exception {
    EngineCache<String, String> cache = cache();
    assertThat(cache.getAsync("a").toCompletableFuture().get()).isNull();
    cache.putAsync("a", "1").toCompletableFuture().get();
    assertThat(cache.getAsync("a").toCompletableFuture().get()).isEqualTo("1");
    assertThat(cache.putIfAbsentAsync("a", "2").toCompletableFuture().get()).isEqualTo("1");
    assertThat(cache.removeAsync("a").toCompletableFuture().get()).isTrue();
    assertThat(cache.putIfAbsentAsync("a", "2").toCompletableFuture().get()).isNull();
    cache.putAsync("b", "1", Duration.ZERO).toCompletableFuture().get();
    assertThat(cache.get("b")).isNull();
    cache.clearAsync().toCompletableFuture().get();
    assertThat(cache.get("a")).isNull();
  }

  @Test
  void statisticsCountWhatTheStandardSays() {
    EngineCache<String, String> cache = cache(this.<String, String>settings().statistics(true));
    cache.get("a");
    cache.put("a", "1");
    cache.get("a");
    cache.getAll(Set.of("a", "b"));
    cache.containsKey("a");
    cache.remove("a");
    cache.remove("a");
    CacheStatistics counted = cache.statistics();
    assertThat(counted.hits()).isEqualTo(2);
    assertThat(counted.misses()).isEqualTo(2);
    assertThat(counted.puts()).isEqualTo(1);
    assertThat(counted.removals()).isEqualTo(1);
    assertThat(counted.getNanos()).isPositive();
    counted.clear();
    assertThat(counted.hits()).isZero();
  }

  @Test
  void largeValuesAreCompressedAndReadByThoseWhoDoNotCompress() {
    String large = "pillion ".repeat(10_000);
    cache(this.<String, String>settings().compressFrom(1_000)).put("large", large);
    EngineCache<String, String> plain = cache();
    assertThat(plain.get("large")).isEqualTo(large);
    String key =
        keysOnServer().stream().filter(one -> one.endsWith(":large")).findFirst().orElseThrow();
    assertThat((Long) commands().call(Command.of("STRLEN", key))).isLessThan(5_000);
  }

  @Test
  void anotherCodecReadsWhatTheOldOneWrote() {
    EngineCache<String, Object> old = cache(this.<String, Object>settings().failOnUnreadable(true));
    old.put("a", new Point(1, 2));
    EngineCache<String, Object> json =
        cache(this.<String, Object>settings().valueCodec(new JsonCodec(Point.class)));
    assertThat(json.get("a")).isEqualTo(new Point(1, 2));
    json.put("b", new Point(3, 4));
    assertThat(json.get("b")).isEqualTo(new Point(3, 4));
    assertThatThrownBy(() -> old.get("b"))
        .isInstanceOf(CodecException.class)
        .hasMessage("A value in cache '" + name + "' needs the codec 17, which is not set");
  }

  @Test
  void classesThatAreNotAllowedAreRefused() {
    EngineCache<String, Object> writer =
        cache(CacheSettings.<String, Object>named(name).shared(false));
    writer.put("a", new Secret("x"));
    assertThat(writer.get("a")).as("this process stores such objects").isEqualTo(new Secret("x"));
    EngineCache<String, Object> reader =
        cache(CacheSettings.<String, Object>named(name).shared(false).failOnUnreadable(true));
    assertThatThrownBy(() -> reader.get("a"))
        .isInstanceOf(CodecException.class)
        .hasMessage(
            "Refused to deserialize "
                + Secret.class.getName()
                + ": if the application stores it, name it in pillion.serialization.allow (a"
                + " class, package.* or package.**)");
    assertThatThrownBy(() -> writer.put("b", new Object()))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining("implement Serializable");
  }

  @Test
  void foreignBytesAreRefusedClearly() {
    EngineCache<String, String> cache =
        cache(this.<String, String>settings().failOnUnreadable(true));
    cache.put("a", "1");
    String key =
        keysOnServer().stream().filter(one -> one.endsWith(":a")).findFirst().orElseThrow();
    commands().call(Command.of("SET", key, "raw"));
    assertThatThrownBy(() -> cache.get("a"))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining("was not written by this version of Pillion");
    cache.put("a", "2");
    assertThat(cache.get("a")).isEqualTo("2");
  }

  @Test
  @SuppressWarnings("NullAway") // what callers without it can do
  void nullsAndClosedCachesAreRefused() {
    EngineCache<String, String> cache = cache();
    assertThatThrownBy(() -> cache.get(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> cache.put("a", null)).isInstanceOf(NullPointerException.class);
    cache.close();
    assertThatThrownBy(() -> cache.get("a")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(cache::clear).isInstanceOf(IllegalStateException.class);
  }
}
