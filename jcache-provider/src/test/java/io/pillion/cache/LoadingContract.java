package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.OwnThreads;
import io.pillion.client.Replies;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link LoadingSettings} promise, among caches that share nothing but the server. */
@Timeout(60)
abstract class LoadingContract {
  private static final LoadingSettings LEASED =
      LoadingSettings.none().withLease(Duration.ofSeconds(20));

  private final String name = "loading-" + UUID.randomUUID();

  /** A client, and one that another process would have. */
  abstract Commands one();

  abstract Commands other();

  private EngineCache<String, String> cache(Commands commands, LoadingSettings loading) {
    return cache(commands, loading, Expiry.eternal());
  }

  private EngineCache<String, String> cache(
      Commands commands, LoadingSettings loading, Expiry expiry) {
    return new EngineCache<>(
        commands,
        CacheSettings.<String, String>named(name).loading(loading).expiry(expiry).build());
  }

  @Test
  void manyMissesInTwoProcessesAreOneLoad() throws Exception {
    List<EngineCache<String, String>> caches =
        List.of(cache(one(), LEASED), cache(other(), LEASED));
    AtomicInteger loads = new AtomicInteger();
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    ExecutorService threads = Executors.newCachedThreadPool();
    List<Future<String>> answers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      EngineCache<String, String> cache = caches.get(i % 2);
      boolean async = i % 4 > 1;
      answers.add(
          threads.submit(
              () -> {
                if (async) {
                  return cache
                      .computeIfAbsentAsync(
                          "k",
                          () ->
                              CompletableFuture.supplyAsync(
                                  () -> load(loads, loading, go), OwnThreads.PER_TASK))
                      .toCompletableFuture()
                      .join();
                }
                return cache.computeIfAbsent("k", key -> load(loads, loading, go));
              }));
    }
    loading.await();
    go.countDown();
    for (Future<String> answer : answers) {
      assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("loaded");
    }
    assertThat(loads).hasValue(1);
    threads.shutdown();
  }

  private static String load(AtomicInteger loads, CountDownLatch loading, CountDownLatch go) {
    loads.incrementAndGet();
    loading.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return "loaded";
  }

  private EngineCache<String, String> readThrough(
      Commands commands, LoadingSettings loading, EntryLoader<String, String> loader) {
    return new EngineCache<>(
        commands,
        CacheSettings.<String, String>named(name)
            .loading(loading)
            .loader(loader)
            .readThrough(true)
            .build());
  }

  /** Counts what is loaded, and lets nobody go before it is told to. */
  private static final class SlowRows implements EntryLoader<String, String> {
    final List<String> asked = new CopyOnWriteArrayList<>();
    final CountDownLatch go = new CountDownLatch(1);
    volatile Set<String> absent = Set.of();

    @Override
    public String load(String key) {
      throw new UnsupportedOperationException("one by one: " + key);
    }

    @Override
    public Map<String, String> loadAll(Set<? extends String> keys) {
      asked.addAll(keys);
      try {
        go.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      Map<String, String> rows = new HashMap<>();
      keys.forEach(key -> rows.put(key, "row " + key));
      rows.keySet().removeAll(absent);
      return rows;
    }
  }

  private static CompletableFuture<Map<String, String>> all(
      EngineCache<String, String> cache, String... keys) {
    return CompletableFuture.supplyAsync(() -> cache.getAll(Set.of(keys)), OwnThreads.PER_TASK);
  }

  @Test
  void bulkMissesInTwoProcessesAreOneLoadOfAKey() {
    SlowRows rows = new SlowRows();
    rows.absent = Set.of("none");
    CompletableFuture<Map<String, String>> first =
        all(readThrough(one(), LEASED, rows), "a", "b", "none");
    Awaiting.until(() -> rows.asked.size() == 3);
    CompletableFuture<Map<String, String>> second =
        all(readThrough(other(), LEASED, rows), "b", "c");
    Awaiting.until(() -> rows.asked.contains("c"));
    rows.go.countDown();
    assertThat(first.join()).isEqualTo(Map.of("a", "row a", "b", "row b"));
    assertThat(second.join()).isEqualTo(Map.of("b", "row b", "c", "row c"));
    assertThat(rows.asked).containsExactlyInAnyOrder("a", "b", "none", "c");
  }

  @Test
  void bulkMissesInOneProcessAreOneLoadOfAKeyWithoutALease() {
    SlowRows rows = new SlowRows();
    EngineCache<String, String> cache = readThrough(one(), LoadingSettings.none(), rows);
    List<CompletableFuture<Map<String, String>>> answers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      answers.add(all(cache, "a", "b"));
    }
    Awaiting.until(() -> rows.asked.size() == 2);
    rows.go.countDown();
    answers.forEach(
        answer -> assertThat(answer.join()).isEqualTo(Map.of("a", "row a", "b", "row b")));
    assertThat(rows.asked).hasSize(2);
  }

  @Test
  void aBulkLoadDoesNotBringBackWhatAnotherProcessRemoved() {
    SlowRows rows = new SlowRows();
    EngineCache<String, String> cache = readThrough(one(), LEASED, rows);
    EngineCache<String, String> second = cache(other(), LEASED);
    CompletableFuture<Map<String, String>> loading = all(cache, "a", "b");
    Awaiting.until(() -> rows.asked.size() == 2);
    second.remove("a");
    second.put("b", "newer");
    rows.go.countDown();
    assertThat(loading.join()).containsEntry("a", "row a");
    assertThat(second.containsKey("a")).isFalse();
    assertThat(second.get("b")).isEqualTo("newer");
  }

  @Test
  void aBulkLoadDoesNotBringBackWhatWasCleared() {
    for (LoadingSettings settings : List.of(LoadingSettings.none(), LEASED)) {
      SlowRows rows = new SlowRows();
      EngineCache<String, String> cache = readThrough(one(), settings, rows);
      CompletableFuture<Map<String, String>> loading = all(cache, "a", "b");
      Awaiting.until(() -> rows.asked.size() == 2);
      cache(other(), settings).clear();
      rows.go.countDown();
      assertThat(loading.join()).hasSize(2);
      assertThat(cache.containsKey("a")).isFalse();
      assertThat(cache.containsKey("b")).isFalse();
      cache.clear();
    }
  }

  @Test
  void whatIsLoadedToReplaceDoesNotOvertakeAPut() {
    SlowRows rows = new SlowRows();
    EngineCache<String, String> cache = readThrough(one(), LoadingSettings.none(), rows);
    CompletableFuture<?> loading =
        cache.loadAllAsync(Set.of("a"), /* replace= */ true).toCompletableFuture();
    Awaiting.until(() -> rows.asked.size() == 1);
    CompletableFuture<?> putting =
        CompletableFuture.runAsync(() -> cache.put("a", "later"), OwnThreads.PER_TASK);
    rows.go.countDown();
    loading.join();
    putting.join();
    assertThat(cache.get("a")).isEqualTo("later");
  }

  private static CompletableFuture<?> replaceAll(
      EngineCache<String, String> cache, String... keys) {
    return cache.loadAllAsync(Set.of(keys), /* replace= */ true).toCompletableFuture();
  }

  @Test
  void whatIsLoadedToReplaceDoesNotOvertakeAnotherProcess() {
    for (LoadingSettings settings : List.of(LoadingSettings.none(), LEASED)) {
      SlowRows rows = new SlowRows();
      EngineCache<String, String> cache = readThrough(one(), settings, rows);
      EngineCache<String, String> second = cache(other(), settings);
      for (String key : List.of("kept", "put", "processed", "removed", "ended")) {
        second.put(key, "old");
      }
      CompletableFuture<?> loading =
          replaceAll(cache, "kept", "put", "processed", "removed", "ended", "new", "created");
      Awaiting.until(() -> rows.asked.size() == 7);
      second.put("put", "newer");
      second.put("created", "newer");
      second.invoke(
          "processed",
          entry -> {
            entry.set("newer");
            return true;
          });
      // Who loads this again finds that there is no row any more.
      rows.absent = Set.of("removed");
      second.remove("removed");
      second.put("ended", "brief", Duration.ofMillis(1));
      Awaiting.until(() -> second.get("ended") == null);
      rows.go.countDown();
      loading.join();
      assertThat(second.getAll(Set.of("kept", "put", "processed", "removed", "ended", "new")))
          .isEqualTo(
              Map.of(
                  "kept", "row kept",
                  "put", "newer",
                  "processed", "newer",
                  "ended", "row ended",
                  "new", "row new"));
      assertThat(second.get("created")).isEqualTo("newer");
      assertThat(cache.get("kept")).isEqualTo("row kept");
      second.clear();
    }
  }

  @Test
  void whatIsLoadedToReplaceIsNotStoredOnceItWasCleared() {
    for (LoadingSettings settings : List.of(LoadingSettings.none(), LEASED)) {
      SlowRows rows = new SlowRows();
      EngineCache<String, String> cache = readThrough(one(), settings, rows);
      cache.put("a", "old");
      CompletableFuture<?> loading = replaceAll(cache, "a", "b");
      Awaiting.until(() -> rows.asked.size() == 2);
      cache(other(), settings).clear();
      rows.absent = Set.of("a", "b");
      rows.go.countDown();
      loading.join();
      assertThat(cache.containsKey("a")).isFalse();
      assertThat(cache.containsKey("b")).isFalse();
    }
  }

  @Test
  void withALeaseAlsoWhatComesBackTheSameOrWasNotThereIsNoticed() {
    SlowRows rows = new SlowRows();
    EngineCache<String, String> cache = readThrough(one(), LEASED, rows);
    EngineCache<String, String> second = cache(other(), LEASED);
    second.put("same", "old");
    CompletableFuture<?> loading = replaceAll(cache, "same", "absent");
    Awaiting.until(() -> rows.asked.size() == 2);
    second.put("same", "old");
    second.put("absent", "brief");
    second.remove("absent");
    rows.absent = Set.of("absent");
    rows.go.countDown();
    loading.join();
    assertThat(second.get("same")).isEqualTo("old");
    assertThat(second.get("absent")).isNull();
  }

  @Test
  void whatAnotherProcessLoadsIsLoadedAgainToReplaceIt() throws Exception {
    EngineCache<String, String> second = cache(other(), LEASED);
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<String> first =
        CompletableFuture.supplyAsync(
            () -> second.computeIfAbsent("b", key -> load(new AtomicInteger(), loading, go)),
            OwnThreads.PER_TASK);
    loading.await();
    SlowRows rows = new SlowRows();
    rows.go.countDown();
    EngineCache<String, String> cache = readThrough(one(), LEASED, rows);
    CompletableFuture<?> replacing = replaceAll(cache, "a", "b");
    Awaiting.until(() -> "row a".equals(second.get("a")));
    assertThat(rows.asked).containsExactly("a");
    go.countDown();
    assertThat(first.join()).isEqualTo("loaded");
    replacing.join();
    assertThat(second.get("b")).isEqualTo("row b");
  }

  @Test
  void whatWasNotThereIsLookedForAgainToReplaceIt() {
    LoadingSettings remembering = LoadingSettings.none().withAbsentFor(Duration.ofMinutes(5));
    SlowRows rows = new SlowRows();
    rows.go.countDown();
    rows.absent = Set.of("k", "never");
    EngineCache<String, String> cache = readThrough(one(), remembering, rows);
    cache.loadAll(Set.of("k", "never"), /* replace= */ true);
    cache.getAll(Set.of("k", "never"));
    assertThat(rows.asked).hasSize(2);
    rows.absent = Set.of("never");
    cache.loadAll(Set.of("k", "never"), /* replace= */ true);
    assertThat(cache.getAll(Set.of("k", "never"))).isEqualTo(Map.of("k", "row k"));
    assertThat(rows.asked).hasSize(4);
  }

  @Test
  void whatIsNoLongerThereWhenItIsLoadedAnewIsGone() {
    LoadingSettings lenient = LoadingSettings.none().withStaleFor(Duration.ofMinutes(5));
    EngineCache<String, String> cache = cache(one(), lenient, Expiry.fixed(1, 1, -1));
    cache.put("k", "old");
    Awaiting.until(
        () -> {
          String seen = cache.computeIfAbsent("k", key -> null);
          assertThat(seen).isIn("old", null);
          return seen == null;
        });
    assertThat(cache.containsKey("k")).isFalse();
  }

  @Test
  void whoWaitsDoesNotPoll() throws Exception {
    EngineCache<String, String> cache = cache(one(), LEASED);
    EngineCache<String, String> second = cache(other(), LEASED);
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger loads = new AtomicInteger();
    CompletableFuture<String> first =
        CompletableFuture.supplyAsync(
            () -> cache.computeIfAbsent("k", key -> load(loads, loading, go)), OwnThreads.PER_TASK);
    loading.await();
    CompletableFuture<String> waiter =
        second
            .computeIfAbsentAsync("k", () -> CompletableFuture.completedFuture("other"))
            .toCompletableFuture();
    Awaiting.until(() -> blocked() > 0);
    long before = asked();
    for (int i = 0; i < 20; i++) {
      assertThat(asked()).isEqualTo(before);
    }
    go.countDown();
    assertThat(first.join()).isEqualTo("loaded");
    assertThat(waiter.join()).isEqualTo("loaded");
  }

  private long blocked() {
    return number("clients", "blocked_clients:");
  }

  /** How often somebody asked for the lease or began to wait for its end. */
  private long asked() {
    return number("commandstats", "cmdstat_pttl:calls=")
        + number("commandstats", "cmdstat_blmove:calls=");
  }

  private long number(String section, String field) {
    long sum = 0;
    for (Commands node : one().primaries()) {
      String info = String.valueOf(Replies.asText(node.call(Command.of("INFO", section))));
      int found = info.indexOf(field);
      if (found >= 0) {
        int start = found + field.length();
        int end = start;
        while (Character.isDigit(info.charAt(end))) {
          end++;
        }
        sum += Long.parseLong(info.substring(start, end));
      }
    }
    return sum;
  }

  @Test
  void whenTheLoaderDiesTheNextOneLoadsWithinTheLease() {
    LoadingSettings brief = LoadingSettings.none().withLease(Duration.ofMillis(400));
    CacheSettings<String, String> settings =
        CacheSettings.<String, String>named(name).loading(brief).build();
    EngineCache<String, String> cache = new EngineCache<>(one(), settings);
    assertThat(cache.get("k")).isNull();
    EntryStore store =
        new EntryStore(other(), settings.keyLayout(), Expiry.ETERNAL, null, brief, null);
    LoadLeases dead = new LoadLeases(other(), store, settings.keyLayout(), 400);
    byte[] id = settings.keyCodec().encode("k");
    long start = System.nanoTime();
    assertThat(dead.claim(id).toCompletableFuture().join().mayLoad()).isTrue();
    assertThat(cache.computeIfAbsent("k", key -> "mine")).isEqualTo("mine");
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    // The lease, and time for a busy machine.
    assertThat(millis).isBetween(390L, 15_000L);
    assertThat(cache.get("k")).isEqualTo("mine");
  }

  @Test
  void aLoadMayTakeLongerThanItsLease() {
    LoadingSettings brief = LoadingSettings.none().withLease(Duration.ofMillis(1_500));
    EngineCache<String, String> cache = cache(one(), brief);
    EngineCache<String, String> second = cache(other(), brief);
    List<CompletableFuture<String>> waiting = new ArrayList<>();
    String loaded =
        cache.computeIfAbsent("k", key -> longLoad(() -> waiting.add(wants(second, key))));
    assertThat(loaded).isEqualTo("long");
    assertThat(waiting.get(0).join()).isEqualTo("long");
    cache.remove("k");
    CompletableFuture<String> async =
        cache
            .computeIfAbsentAsync(
                "k",
                () ->
                    CompletableFuture.supplyAsync(
                        () -> longLoad(() -> waiting.add(wants(second, "k")))))
            .toCompletableFuture();
    assertThat(async.join()).isEqualTo("long");
    assertThat(waiting.get(1).join()).isEqualTo("long");
  }

  @Test
  void aRefreshMayTakeLongerThanItsLease() {
    LoadingSettings lenient =
        LoadingSettings.none()
            .withLease(Duration.ofMillis(1_500))
            .withStaleFor(Duration.ofSeconds(60));
    EngineCache<String, String> cache = cache(one(), lenient);
    EngineCache<String, String> second = cache(other(), lenient);
    cache.put("k", "old", Duration.ofMillis(20));
    Awaiting.until(() -> cache.get("k") == null);
    AtomicInteger loads = new AtomicInteger();
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch loading = new CountDownLatch(1);
    assertThat(cache.computeIfAbsent("k", key -> load(loads, loading, go))).isEqualTo("old");
    byte[] lease = leaseOf("k");
    try {
      awaitRenewal("k");
      for (int i = 0; i < 10; i++) {
        assertThat(second.computeIfAbsent("k", key -> load(loads, loading, go))).isEqualTo("old");
      }
    } finally {
      go.countDown();
    }
    Awaiting.until(
        () -> "loaded".equals(second.computeIfAbsent("k", key -> load(loads, loading, go))));
    assertThat(loads).hasValue(1);
    // Whoever saw the old value last may have asked for the lease, and be giving it back.
    Awaiting.until(() -> one().call(Command.of("GET").arg(lease)) == null);
  }

  private byte[] leaseOf(String key) {
    KeyLayout layout = new KeyLayout("p", name);
    byte[] generation =
        Objects.requireNonNull(
            Replies.asBytes(one().call(Command.of("GET").arg(layout.generationKey()))));
    byte[] id = key.getBytes(StandardCharsets.US_ASCII);
    return layout.leaseKey(layout.entryKey(generation, id));
  }

  @Test
  void whoFoundAValueStaleThatWasLoadedAnewMeanwhileLoadsNothing() {
    LoadingSettings lenient = LEASED.withStaleFor(Duration.ofSeconds(60));
    EngineCache<String, String> cache = cache(one(), lenient);
    cache.put("k", "old", Duration.ofMillis(20));
    Awaiting.until(() -> cache.get("k") == null);
    AtomicInteger reads = new AtomicInteger();
    AtomicInteger claims = new AtomicInteger();
    EngineCache<String, String> second =
        cache(
            new InterruptedPipelines(
                other(),
                command -> {
                  if (command.name().equals("PTTL") && reads.incrementAndGet() == 1) {
                    Awaiting.until(() -> "new".equals(cache.computeIfAbsent("k", key -> "new")));
                    Awaiting.until(() -> one().call(Command.of("GET").arg(leaseOf("k"))) == null);
                  } else if (command.name().equals("SET")) {
                    claims.incrementAndGet();
                  }
                }),
            lenient);
    assertThat(second.containsKey("k")).isTrue();
    claims.set(0);
    AtomicInteger loads = new AtomicInteger();
    assertThat(second.computeIfAbsent("k", key -> "again " + loads.incrementAndGet()))
        .isEqualTo("old");
    Awaiting.until(() -> claims.get() > 0);
    Awaiting.until(() -> one().call(Command.of("GET").arg(leaseOf("k"))) == null);
    assertThat(loads).hasValue(0);
    assertThat(cache.get("k")).isEqualTo("new");
  }

  @Test
  void whatIsRemovedHereDuringALoadIsNotUndoneByIt() throws Exception {
    EngineCache<String, String> cache = cache(one(), LoadingSettings.none());
    CountDownLatch loading = new CountDownLatch(1);
    CompletableFuture<String> database = new CompletableFuture<>();
    CompletableFuture<String> async =
        cache
            .computeIfAbsentAsync(
                "async",
                () -> {
                  loading.countDown();
                  return database;
                })
            .toCompletableFuture();
    assertThat(loading.await(20, TimeUnit.SECONDS)).isTrue();
    cache.remove("async");
    database.complete("old");
    assertThat(async.get(20, TimeUnit.SECONDS)).isEqualTo("old");
    assertThat(cache.get("async")).isNull();
    cache.computeIfAbsent(
        "compared",
        key -> {
          cache.put(key, "new");
          assertThat(cache.remove(key, "new")).isTrue();
          return "old";
        });
    assertThat(cache.get("compared")).isNull();
    cache.computeIfAbsent(
        "processed",
        key -> {
          cache.put(key, "new");
          cache.invoke(
              key,
              entry -> {
                entry.remove();
                return true;
              });
          return "old";
        });
    assertThat(cache.get("processed")).isNull();
  }

  private static CompletableFuture<String> wants(EngineCache<String, String> cache, String key) {
    return cache
        .computeIfAbsentAsync(key, () -> CompletableFuture.completedFuture("second"))
        .toCompletableFuture();
  }

  /** Takes until its lease was renewed. */
  private String longLoad(Runnable begun) {
    begun.run();
    awaitRenewal("k");
    return "long";
  }

  /** Returns when the lease of this key ends later than it did before. */
  private void awaitRenewal(String key) {
    byte[] lease = leaseOf(key);
    long[] left = {Long.MAX_VALUE};
    Awaiting.until(
        () -> {
          long before = left[0];
          left[0] = Replies.asLong(one().call(Command.of("PTTL").arg(lease)));
          return left[0] > before;
        });
  }

  @Test
  void whoSleptPastItsLeaseStoresNothing() {
    LoadingSettings brief = LoadingSettings.none().withLease(Duration.ofMillis(100));
    EngineCache<String, String> cache = cache(one(), brief);
    EngineCache<String, String> second = cache(other(), brief);
    String slow =
        cache.computeIfAbsent(
            "k",
            key -> {
              assertThat(second.computeIfAbsent("k", k -> "second")).isEqualTo("second");
              second.remove("k");
              return "first";
            });
    assertThat(slow).isEqualTo("first");
    assertThat(cache.get("k")).isNull();
  }

  @Test
  void whatIsRemovedOrPutDuringALoadIsNotUndoneByIt() {
    EngineCache<String, String> cache = cache(one(), LEASED);
    EngineCache<String, String> second = cache(other(), LEASED);
    String loaded =
        cache.computeIfAbsent(
            "removed",
            key -> {
              second.remove("removed");
              return "old";
            });
    assertThat(loaded).isEqualTo("old");
    assertThat(second.get("removed")).isNull();
    cache.computeIfAbsent(
        "put",
        key -> {
          second.put("put", "new");
          return "old";
        });
    assertThat(cache.get("put")).isEqualTo("new");
    cache.computeIfAbsent(
        "cleared",
        key -> {
          second.clear();
          return "old";
        });
    assertThat(cache.get("cleared")).isNull();
  }

  @Test
  void aLoadThatFailsLetsTheNextOneTry() throws Exception {
    EngineCache<String, String> cache = cache(one(), LEASED);
    EngineCache<String, String> second = cache(other(), LEASED);
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    CompletableFuture<String> failing =
        CompletableFuture.supplyAsync(
            () ->
                cache.computeIfAbsent(
                    "k",
                    key -> {
                      load(new AtomicInteger(), loading, go);
                      throw new IllegalStateException("no database");
                    }),
            OwnThreads.PER_TASK);
    loading.await();
    CompletableFuture<String> waiting =
        CompletableFuture.supplyAsync(
            () -> second.computeIfAbsent("k", key -> "found"), OwnThreads.PER_TASK);
    go.countDown();
    assertThatThrownBy(failing::join).hasMessageContaining("no database");
    assertThat(waiting.join()).isEqualTo("found");
    assertThatThrownBy(
            () ->
                cache
                    .computeIfAbsentAsync(
                        "a",
                        () -> CompletableFuture.failedFuture(new IllegalStateException("none")))
                    .toCompletableFuture()
                    .join())
        .hasMessageContaining("none");
    assertThat(second.computeIfAbsent("a", key -> "b")).isEqualTo("b");
  }

  @Test
  void aBusyCommonPoolStopsNoCache() throws Exception {
    EngineCache<String, String> cache =
        cache(
            one(),
            LEASED.withStaleFor(Duration.ofSeconds(30)),
            Expiry.afterWrite(Duration.ofMillis(20)));
    CountDownLatch go = new CountDownLatch(1);
    int threads = ForkJoinPool.commonPool().getParallelism();
    for (int i = 0; i < threads; i++) {
      ForkJoinPool.commonPool().execute(() -> load(new AtomicInteger(), new CountDownLatch(1), go));
    }
    try {
      assertThat(
              cache
                  .computeIfAbsentAsync(
                      "k",
                      () ->
                          CompletableFuture.supplyAsync(
                              () -> "first",
                              CompletableFuture.delayedExecutor(
                                  10, TimeUnit.MILLISECONDS, OwnThreads.PER_TASK)))
                  .toCompletableFuture()
                  .get(20, TimeUnit.SECONDS))
          .isEqualTo("first");
      Awaiting.until(() -> "second".equals(cache.computeIfAbsent("k", key -> "second")));
    } finally {
      go.countDown();
    }
  }

  @Test
  void thatThereIsNoValueIsRememberedUntilSomethingChanges() {
    LoadingSettings remembering = LoadingSettings.none().withAbsentFor(Duration.ofSeconds(20));
    EngineCache<String, String> cache = cache(one(), remembering);
    EngineCache<String, String> second = cache(other(), remembering);
    AtomicInteger asked = new AtomicInteger();
    for (int i = 0; i < 5; i++) {
      assertThat(
              (i % 2 == 0 ? cache : second)
                  .computeIfAbsent(
                      "k",
                      key -> {
                        asked.incrementAndGet();
                        return null;
                      }))
          .isNull();
    }
    assertThat(asked).hasValue(1);
    assertThat(cache.containsKey("k")).isFalse();
    second.remove("k");
    assertThat(cache.computeIfAbsent("k", key -> "now")).isEqualTo("now");
    cache.remove("k");
    assertThat(cache.computeIfAbsent("k", key -> null)).isNull();
    second.put("k", "put");
    assertThat(cache.get("k")).isEqualTo("put");
  }

  @Test
  void aStaleValueIsHandedOutWhileItIsLoadedAnewOnce() {
    LoadingSettings lenient = LEASED.withStaleFor(Duration.ofSeconds(30));
    Expiry brief = Expiry.afterWrite(Duration.ofMillis(50));
    EngineCache<String, String> cache = cache(one(), lenient, brief);
    EngineCache<String, String> second = cache(other(), lenient, brief);
    cache.put("k", "old");
    // Who loads nothing does not see it any more.
    Awaiting.until(() -> cache.get("k") == null);
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch loading = new CountDownLatch(1);
    AtomicInteger loads = new AtomicInteger();
    for (int i = 0; i < 10; i++) {
      assertThat(
              (i % 2 == 0 ? cache : second).computeIfAbsent("k", key -> load(loads, loading, go)))
          .isEqualTo("old");
    }
    assertThat(
            cache
                .computeIfAbsentAsync(
                    "k", () -> CompletableFuture.completedFuture(load(loads, loading, go)))
                .toCompletableFuture()
                .join())
        .isEqualTo("old");
    go.countDown();
    Awaiting.until(
        () -> "loaded".equals(second.computeIfAbsent("k", key -> load(loads, loading, go))));
    assertThat(cache.getAll(Set.of("k")).values()).isSubsetOf("loaded");
  }

  @Test
  void aFailedRefreshLeavesTheStaleValue() {
    EngineCache<String, String> cache =
        cache(
            one(),
            LoadingSettings.none().withStaleFor(Duration.ofSeconds(30)),
            Expiry.afterWrite(Duration.ofMillis(20)));
    cache.put("k", "old");
    Awaiting.until(() -> cache.get("k") == null);
    AtomicInteger failed = new AtomicInteger();
    Awaiting.until(
        () -> {
          assertThat(
                  cache.computeIfAbsent(
                      "k",
                      key -> {
                        failed.incrementAndGet();
                        throw new IllegalStateException("no database");
                      }))
              .isEqualTo("old");
          return failed.get() > 1;
        });
  }

  @Test
  void anEntryIsLoadedAnewBeforeItsEnd() {
    EngineCache<String, String> cache =
        cache(
            one(),
            LEASED.withRefreshAhead(Duration.ofSeconds(25)),
            Expiry.afterWrite(Duration.ofSeconds(30)));
    cache.put("k", "old", Duration.ofSeconds(20));
    assertThat(cache.computeIfAbsent("k", key -> "new")).isEqualTo("old");
    Awaiting.until(() -> "new".equals(cache.get("k")));
    AtomicInteger more = new AtomicInteger();
    cache.computeIfAbsent("k", key -> "loaded " + more.incrementAndGet());
    assertThat(more).hasValue(0);
  }

  @Test
  void timesToLiveDiffer() {
    EngineCache<String, String> cache =
        cache(
            one(),
            LoadingSettings.none().withJitter(0.5),
            Expiry.afterWrite(Duration.ofSeconds(100)));
    Set<Long> seconds = new HashSet<>();
    KeyLayout layout = new KeyLayout("p", name);
    for (int i = 0; i < 40; i++) {
      cache.put("k" + i, "v");
    }
    Commands commands = one();
    byte[] generation =
        Objects.requireNonNull(
            Replies.asBytes(commands.call(Command.of("GET").arg(layout.generationKey()))));
    for (int i = 0; i < 40; i++) {
      byte[] key = layout.entryKey(generation, ("k" + i).getBytes(StandardCharsets.US_ASCII));
      long ttl = Replies.asLong(commands.call(Command.of("PTTL").arg(key)));
      assertThat(ttl).isBetween(45_000L, 100_000L);
      seconds.add(ttl / 1_000);
    }
    assertThat(seconds).hasSizeGreaterThan(10);
  }
}
