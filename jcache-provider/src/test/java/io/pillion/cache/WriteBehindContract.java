package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Commands;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link WriteBehind} promises, among caches that share nothing but the server. */
@Timeout(60)
abstract class WriteBehindContract {
  private static final WriteBehindSettings QUICK =
      WriteBehindSettings.defaults()
          .withMaxDelay(Duration.ZERO)
          .withLease(Duration.ofSeconds(1))
          .withRetries(2, Duration.ofMillis(10), Duration.ofMillis(20));

  private final String name = "behind-" + UUID.randomUUID();
  private final Table table = new Table();
  private final List<EngineCache<String, String>> open = new ArrayList<>();

  /** A client, and one that another process would have. */
  abstract Commands one();

  abstract Commands other();

  @AfterEach
  void close() {
    table.broken.clear();
    table.down = false;
    open.forEach(EngineCache::close);
  }

  private EngineCache<String, String> cache(Commands commands, WriteBehindSettings behind) {
    return cache(commands, behind, Expiry.eternal());
  }

  private EngineCache<String, String> cache(
      Commands commands, WriteBehindSettings behind, Expiry expiry) {
    EngineCache<String, String> cache =
        new EngineCache<>(
            commands,
            CacheSettings.<String, String>named(name)
                .writer(table)
                .loader(table.rows::get)
                .readThrough(true)
                .expiry(expiry)
                .writeBehind(behind)
                .build());
    open.add(cache);
    return cache;
  }

  private static WriteBehind<String, String> behind(EngineCache<String, String> cache) {
    return Objects.requireNonNull(cache.writeBehind());
  }

  private static void awaitEmpty(EngineCache<String, String> cache) {
    Awaiting.until(() -> behind(cache).length() == 0);
  }

  @Test
  void everyOperationReachesTheWriterAsItReachedTheCache() {
    EngineCache<String, String> cache = cache(one(), QUICK);
    cache.put("put", "1");
    cache.putAsync("async", "1").toCompletableFuture().join();
    cache.putAll(Map.of("all1", "1", "all2", "2"));
    assertThat(cache.putIfAbsent("absent", "1")).isNull();
    assertThat(cache.putIfAbsent("absent", "2")).isEqualTo("1");
    assertThat(cache.getAndPut("put", "2")).isEqualTo("1");
    assertThat(cache.replace("put", "3")).isTrue();
    assertThat(cache.replace("put", "wrong", "4")).isFalse();
    assertThat(cache.replace("put", "3", "5")).isTrue();
    assertThat(cache.getAndReplace("nothing", "x")).isNull();
    assertThat(cache.remove("async")).isTrue();
    assertThat(cache.remove("all1", "no")).isFalse();
    assertThat(cache.remove("all1", "1")).isTrue();
    assertThat(cache.getAndRemove("absent")).isEqualTo("1");
    cache.invoke(
        "invoked",
        entry -> {
          entry.set("1");
          return true;
        });
    cache.removeAll(Set.of("all2", "never"));
    awaitEmpty(cache);
    assertThat(table.rows).containsExactlyInAnyOrderEntriesOf(Map.of("put", "5", "invoked", "1"));
    cache.clear();
    cache.put("put", "6");
    awaitEmpty(cache);
    assertThat(table.rows).containsEntry("put", "6").containsKey("invoked");
    assertThat(behind(cache).age()).isZero();
    assertThat(behind(cache).written()).isPositive();
  }

  @Test
  void whatIsNotStoredForWantOfLifeIsWrittenAllTheSame() {
    EngineCache<String, String> cache = cache(one(), QUICK, Expiry.fixed(0, 0, 0));
    cache.put("a", "1");
    assertThat(cache.putIfAbsent("b", "2")).isNull();
    awaitEmpty(cache);
    assertThat(table.rows).containsEntry("a", "1").containsEntry("b", "2");
  }

  @Test
  void changesOfAKeyInABatchBecomeTheLast() {
    EngineCache<String, String> cache =
        cache(one(), QUICK.withMaxDelay(Duration.ofSeconds(30)).withBatchSize(300));
    for (int i = 0; i < 99; i++) {
      cache.put("k", "v" + i);
      cache.put("gone", "v" + i);
      cache.put("back", "v" + i);
    }
    cache.remove("gone");
    cache.remove("back");
    assertThat(table.batches).isEmpty();
    assertThat(behind(cache).length()).isEqualTo(299);
    cache.put("back", "again");
    awaitEmpty(cache);
    assertThat(table.rows).containsExactlyInAnyOrderEntriesOf(Map.of("k", "v98", "back", "again"));
    assertThat(table.batches).containsExactly(2, 1);
    Awaiting.until(() -> behind(cache).written() == 3);
  }

  @Test
  void whatWaitsIsReadBeforeTheDatabase() {
    EngineCache<String, String> cache = cache(one(), QUICK.withMaxDelay(Duration.ofSeconds(30)));
    table.rows.put("removed", "old");
    table.rows.put("put", "old");
    table.rows.put("other", "row");
    cache.remove("removed");
    cache.put("put", "new");
    cache.clear();
    assertThat(cache.get("removed")).isNull();
    assertThat(cache.get("put")).isEqualTo("new");
    cache.clear();
    assertThat(cache.getAll(Set.of("removed", "put", "other")))
        .isEqualTo(Map.of("put", "new", "other", "row"));
  }

  @Test
  void aBatchThatFailsIsWrittenOneByOneAndWhatFailsForGoodIsADeadLetter() {
    EngineCache<String, String> cache = cache(one(), QUICK.withMaxDelay(Duration.ofMillis(100)));
    table.rows.put("gone", "x");
    table.broken.add("bad");
    table.broken.add("gone");
    cache.put("good", "1");
    cache.put("bad", "1");
    cache.remove("gone");
    cache.put("fine", "1");
    WriteBehind<String, String> behind = behind(cache);
    Awaiting.until(() -> behind.deadLetterCount() == 2);
    assertThat(behind.length()).isZero();
    assertThat(behind.failures()).isEqualTo(6);
    assertThat(table.rows).containsEntry("good", "1").containsEntry("fine", "1");
    DeadLetter<String, String> bad =
        behind.deadLetters(10).stream().filter(l -> "bad".equals(l.key())).findAny().orElseThrow();
    assertThat(bad.value()).isEqualTo("1");
    assertThat(bad.tries()).isEqualTo(3);
    assertThat(bad.error()).contains("bad is broken");
    DeadLetter<String, String> gone =
        behind.deadLetters(10).stream().filter(l -> "gone".equals(l.key())).findAny().orElseThrow();
    assertThat(gone.value()).isNull();
    table.broken.clear();
    assertThat(behind.retry(bad.id())).isTrue();
    assertThat(behind.retry(bad.id())).isFalse();
    assertThat(behind.discard(gone.id())).isTrue();
    awaitEmpty(cache);
    assertThat(table.rows).containsEntry("bad", "1").containsEntry("gone", "x");
    assertThat(behind.deadLetterCount()).isZero();
  }

  record Letter(String text) implements Serializable {}

  private EngineCache<Object, Object> ofAnything(Commands commands, Map<Object, Object> rows) {
    EntryWriter<Object, Object> writer =
        new EntryWriter<>() {
          @Override
          public void write(Object key, Object value) {
            rows.put(key, value);
          }

          @Override
          public void delete(Object key) {
            rows.remove(key);
          }
        };
    return new EngineCache<>(
        commands,
        CacheSettings.<Object, Object>named(name).writer(writer).writeBehind(QUICK).build());
  }

  @Test
  void whatTheWritingProcessCannotReadIsADeadLetterThatCanBeLookedAt() {
    Map<Object, Object> rows = new ConcurrentHashMap<>();
    // It was never told to allow the class, and has stored none.
    try (EngineCache<Object, Object> writing = ofAnything(other(), rows)) {
      WriteBehind<Object, Object> behind = Objects.requireNonNull(writing.writeBehind());
      Awaiting.until(behind::isWriting);
      try (EngineCache<Object, Object> storing = ofAnything(one(), rows)) {
        storing.put("k", new Letter("value"));
        storing.remove(new Letter("key"));
        storing.put("fine", "1");
        Awaiting.until(() -> behind.deadLetterCount() == 2);
        assertThat(rows).isEqualTo(Map.of("fine", "1"));
        List<DeadLetter<Object, Object>> letters = behind.deadLetters(10);
        assertThat(letters)
            .anySatisfy(
                letter -> {
                  assertThat(letter.key()).isEqualTo("k");
                  assertThat(letter.isDeletion()).isFalse();
                  assertThat(letter.value()).isNull();
                })
            .anySatisfy(
                letter -> {
                  assertThat(letter.key()).isNull();
                  assertThat(letter.isDeletion()).isTrue();
                });
        letters.forEach(letter -> assertThat(behind.discard(letter.id())).isTrue());
        assertThat(behind.deadLetterCount()).isZero();
      }
    }
  }

  @Test
  void anErrorOfTheWriterEndsNothing() {
    EngineCache<String, String> cache = cache(one(), QUICK);
    table.insane.add("bad");
    cache.put("bad", "1");
    Awaiting.until(() -> behind(cache).deadLetterCount() == 1);
    assertThat(behind(cache).deadLetters(1).get(0).error()).contains("NoClassDefFoundError: bad");
    cache.put("good", "1");
    Awaiting.until(() -> table.rows.containsKey("good"));
    table.insane.clear();
  }

  @Test
  void aLaterChangeMakesADeadLetterSuperfluous() {
    EngineCache<String, String> cache = cache(one(), QUICK);
    table.broken.add("k");
    cache.put("k", "1");
    Awaiting.until(() -> behind(cache).deadLetterCount() == 1);
    table.broken.clear();
    cache.put("k", "2");
    awaitEmpty(cache);
    assertThat(behind(cache).deadLetterCount()).isZero();
    assertThat(table.rows).containsEntry("k", "2");
  }

  @Test
  void aDatabaseThatComesBackInTimeCostsNothing() {
    EngineCache<String, String> cache =
        cache(one(), QUICK.withRetries(1_000, Duration.ofMillis(5), Duration.ofMillis(10)));
    table.down = true;
    for (int i = 0; i < 50; i++) {
      cache.put("k" + i, "v" + i);
    }
    Awaiting.until(() -> behind(cache).failures() > 100);
    assertThat(behind(cache).length()).isEqualTo(50);
    assertThat(behind(cache).age()).isPositive();
    table.down = false;
    awaitEmpty(cache);
    assertThat(table.rows).hasSize(50);
    assertThat(behind(cache).deadLetterCount()).isZero();
  }

  @Test
  void whenTheQueueIsFullChangesAreRefusedOrWait() {
    table.down = true;
    WriteBehindSettings patient =
        QUICK.withRetries(100_000, Duration.ofMillis(5), Duration.ofMillis(10));
    EngineCache<String, String> refusing = cache(one(), patient.withCapacity(2, Duration.ZERO));
    EngineCache<String, String> waiting =
        cache(other(), patient.withCapacity(2, Duration.ofSeconds(30)));
    refusing.put("a", "1");
    refusing.put("b", "1");
    assertThatThrownBy(() -> refusing.put("c", "1"))
        .isInstanceOf(QueueFullException.class)
        .hasMessageContaining("2 changes of cache");
    assertThatThrownBy(() -> refusing.remove("a")).isInstanceOf(QueueFullException.class);
    assertThat(refusing.containsKey("c")).isFalse();
    assertThat(refusing.containsKey("a")).isTrue();
    CompletableFuture<Void> waits = waiting.putAsync("d", "1").toCompletableFuture();
    assertThat(waits).isNotDone();
    table.down = false;
    waiting.put("e", "1");
    waits.join();
    awaitEmpty(waiting);
    assertThat(table.rows).containsOnlyKeys("a", "b", "d", "e");
  }

  @Test
  void anotherProcessTakesOverWhenTheWriterIsStoppedHard() {
    EngineCache<String, String> first = cache(one(), QUICK);
    Awaiting.until(() -> behind(first).isWriting());
    EngineCache<String, String> second = cache(other(), QUICK);
    table.hang = new CountDownLatch(1);
    first.put("k", "1");
    Awaiting.until(() -> table.hanging);
    behind(first).abandon();
    table.hang.countDown();
    second.put("k", "2");
    second.put("l", "1");
    awaitEmpty(second);
    assertThat(behind(second).isWriting()).isTrue();
    assertThat(table.rows).containsEntry("k", "2").containsEntry("l", "1");
  }

  @Test
  void oneProcessWritesAtATime() {
    EngineCache<String, String> first = cache(one(), QUICK);
    EngineCache<String, String> second = cache(other(), QUICK);
    for (int i = 0; i < 200; i++) {
      (i % 2 == 0 ? first : second).put("k" + i % 3, "v" + i);
    }
    awaitEmpty(first);
    assertThat(table.rows).isEqualTo(Map.of("k0", "v198", "k1", "v199", "k2", "v197"));
    assertThat(behind(first).isWriting() ^ behind(second).isWriting()).isTrue();
    (behind(first).isWriting() ? first : second).close();
    EngineCache<String, String> left = first.isClosed() ? second : first;
    left.put("after", "1");
    Awaiting.until(() -> table.rows.containsKey("after"));
  }

  @Test
  void closingDrainsAndARestartGoesOn() {
    EngineCache<String, String> cache = cache(one(), QUICK.withMaxDelay(Duration.ofMinutes(1)));
    cache.put("drained", "1");
    cache.close();
    assertThat(table.rows).containsEntry("drained", "1");
    table.down = true;
    EngineCache<String, String> next =
        cache(
            one(),
            QUICK
                .withRetries(9, Duration.ofSeconds(1), Duration.ofSeconds(1))
                .withDrain(Duration.ZERO));
    next.put("left", "1");
    next.close();
    assertThat(table.rows).doesNotContainKey("left");
    table.down = false;
    EngineCache<String, String> restarted = cache(other(), QUICK);
    awaitEmpty(restarted);
    assertThat(table.rows).containsEntry("left", "1");
  }

  /** A table that can be down, slow, or broken in places. */
  private static final class Table implements EntryWriter<String, String> {
    final Map<String, String> rows = new ConcurrentHashMap<>();
    final Set<String> broken = ConcurrentHashMap.newKeySet();
    final Set<String> insane = ConcurrentHashMap.newKeySet();
    final List<Integer> batches = new CopyOnWriteArrayList<>();
    volatile boolean down;
    volatile CountDownLatch hang = new CountDownLatch(0);
    volatile boolean hanging;

    @Override
    public void write(String key, String value) {
      check(key);
      rows.put(key, value);
    }

    @Override
    public void delete(String key) {
      check(key);
      rows.remove(key);
    }

    @Override
    public void writeAll(Collection<CacheEntry<String, String>> entries) {
      batches.add(entries.size());
      hang();
      EntryWriter.super.writeAll(entries);
    }

    @Override
    public void deleteAll(Collection<String> keys) {
      batches.add(keys.size());
      EntryWriter.super.deleteAll(keys);
    }

    private void hang() {
      hanging = hang.getCount() > 0;
      try {
        hang.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private void check(String key) {
      if (down) {
        throw new IllegalStateException("down");
      }
      if (insane.contains(key)) {
        throw new NoClassDefFoundError(key);
      }
      if (broken.contains(key)) {
        throw new IllegalStateException(key + " is broken");
      }
    }
  }
}
