package io.pillion.spring.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.cache.Cache;
import org.springframework.cache.Cache.ValueRetrievalException;
import org.springframework.cache.Cache.ValueWrapper;
import org.springframework.cache.interceptor.SimpleKey;

/**
 * What Spring's {@link Cache} promises, as its Javadoc says it. Each test works on a key of its
 * own, in a cache that allows nulls and one that does not.
 */
@Timeout(60)
abstract class SpringCacheContract {
  private Cache cache = nullable();
  private Cache strict = nonNull();
  private Object key = "";

  /** A cache that keeps nulls, named "nullable". */
  abstract Cache nullable();

  /** A cache that refuses nulls, named "strict". */
  abstract Cache nonNull();

  @BeforeEach
  void begin() {
    cache = nullable();
    strict = nonNull();
    key = UUID.randomUUID().toString();
  }

  @Test
  void hasItsNameAndANativeCache() {
    assertThat(cache.getName()).isEqualTo("nullable");
    assertThat(strict.getName()).isEqualTo("strict");
    assertThat(cache.getNativeCache()).isNotNull();
  }

  @Test
  void aMissIsNullHoweverItIsAskedFor() {
    assertThat(cache.get(key)).isNull();
    assertThat(cache.get(key, String.class)).isNull();
    assertThat(cache.retrieve(key))
        .satisfiesAnyOf(
            future -> assertThat(future).isNull(), future -> assertThat(future.join()).isNull());
  }

  @Test
  void whatWasPutIsRead() {
    cache.put(key, "value");

    assertThat(value(cache.get(key))).isEqualTo("value");
    assertThat(cache.get(key, String.class)).isEqualTo("value");
    assertThat(cache.get(key, Object.class)).isEqualTo("value");
    assertThat(cache.get(key, (Class<?>) null)).isEqualTo("value");
  }

  @Test
  void aPutReplaces() {
    cache.put(key, "old");
    cache.put(key, 2L);

    assertThat(value(cache.get(key))).isEqualTo(2L);
  }

  @Test
  void valuesAreReadAsWhatTheyWere() {
    List<Object> values =
        List.of(
            "text",
            7,
            8L,
            1.5,
            true,
            List.of("a", 1),
            new BigDecimal("1.99"),
            UUID.fromString("00000000-0000-0001-0000-000000000002"));
    for (Object each : values) {
      cache.put(key, each);
      assertThat(value(cache.get(key))).isEqualTo(each).hasSameClassAs(each);
    }
  }

  @Test
  void aValueOfAnotherTypeThanAskedForIsAnIllegalState() {
    cache.put(key, "text");

    assertThatIllegalStateException().isThrownBy(() -> cache.get(key, Integer.class));
  }

  @Test
  void keysOfAnyTypeAreKeptApart() {
    cache.put("42", "text");
    cache.put(42, "int");
    cache.put(42L, "long");
    cache.put(List.of(42, "x"), "list");
    cache.put(new SimpleKey(1, "a"), "simple");

    assertThat(value(cache.get("42"))).isEqualTo("text");
    assertThat(value(cache.get(42))).isEqualTo("int");
    assertThat(value(cache.get(42L))).isEqualTo("long");
    assertThat(value(cache.get(List.of(42, "x")))).isEqualTo("list");
    assertThat(value(cache.get(new SimpleKey(1, "a")))).isEqualTo("simple");
    assertThat(cache.get(new SimpleKey("a", 1))).isNull();
  }

  @Test
  void cachesDoNotShareKeys() {
    cache.put(key, "here");

    assertThat(strict.get(key)).isNull();
  }

  @Test
  void aNullIsAValueWhereNullsAreAllowed() {
    cache.put(key, null);

    ValueWrapper wrapper = cache.get(key);
    assertThat(wrapper).isNotNull();
    assertThat(Objects.requireNonNull(wrapper).get()).isNull();
    assertThat(cache.get(key, String.class)).isNull();
    AtomicInteger loads = new AtomicInteger();
    assertThat(cache.get(key, () -> "load " + loads.incrementAndGet())).isNull();
    assertThat(loads).hasValue(0);
  }

  @Test
  void aNullIsRefusedWhereItIsNotAllowed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> strict.put(key, null))
        .withMessageContaining("strict");
    assertThatIllegalArgumentException().isThrownBy(() -> strict.putIfAbsent(key, null));
    assertThat(strict.get(key)).isNull();
  }

  @Test
  void putIfAbsentKeepsTheFirst() {
    assertThat(cache.putIfAbsent(key, "first")).isNull();
    assertThat(value(cache.putIfAbsent(key, "second"))).isEqualTo("first");
    assertThat(value(cache.get(key))).isEqualTo("first");
  }

  @Test
  void putIfAbsentTakesACachedNullForPresent() {
    cache.put(key, null);

    ValueWrapper there = cache.putIfAbsent(key, "value");
    assertThat(Objects.requireNonNull(there).get()).isNull();
    assertThat(value(cache.get(key))).isNull();
  }

  @Test
  void anEvictedKeyIsGone() {
    cache.put(key, "value");
    cache.evict(key);

    assertThat(cache.get(key)).isNull();
    cache.evict(key);
  }

  @Test
  void evictIfPresentSaysWhetherItWas() {
    cache.put(key, "value");

    assertThat(cache.evictIfPresent(key)).isTrue();
    assertThat(cache.evictIfPresent(key)).isFalse();
    assertThat(cache.get(key)).isNull();
  }

  @Test
  void clearRemovesEverythingAtOnce() {
    cache.put(key, "value");
    cache.put("other" + key, "value");
    strict.put(key, "kept");
    cache.clear();

    assertThat(cache.get(key)).isNull();
    assertThat(cache.get("other" + key)).isNull();
    assertThat(value(strict.get(key))).isEqualTo("kept");
    cache.put(key, "again");
    assertThat(value(cache.get(key))).isEqualTo("again");
  }

  @Test
  void invalidateRemovesEverythingAtOnce() {
    cache.put(key, "value");
    cache.invalidate();

    assertThat(cache.get(key)).isNull();
  }

  @Test
  void aMissIsLoadedAndKept() {
    AtomicInteger loads = new AtomicInteger();

    assertThat(cache.get(key, () -> "load " + loads.incrementAndGet())).isEqualTo("load 1");
    assertThat(cache.get(key, () -> "load " + loads.incrementAndGet())).isEqualTo("load 1");
    assertThat(value(cache.get(key))).isEqualTo("load 1");
  }

  @Test
  void aLoadedNullIsKeptWhereNullsAreAllowed() {
    AtomicInteger loads = new AtomicInteger();

    assertThat(
            cache.<@Nullable Object>get(
                key,
                () -> {
                  loads.incrementAndGet();
                  return null;
                }))
        .isNull();
    assertThat(cache.get(key)).isNotNull();
    assertThat(loads).hasValue(1);
  }

  @Test
  void aFailingLoaderIsReportedAndNothingIsKept() {
    IOException failure = new IOException("the database is away");

    assertThatExceptionOfType(ValueRetrievalException.class)
        .isThrownBy(
            () ->
                cache.get(
                    key,
                    () -> {
                      throw failure;
                    }))
        .withCause(failure)
        .satisfies(thrown -> assertThat(thrown.getKey()).isEqualTo(key));
    assertThat(cache.get(key)).isNull();
    assertThat(cache.get(key, () -> "later")).isEqualTo("later");
  }

  @Test
  void threadsThatMissTheSameKeyTogetherLoadItOnce() throws Exception {
    int threads = 8;
    AtomicInteger loads = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<@Nullable String>> answers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        answers.add(
            pool.submit(
                () -> {
                  start.await();
                  return cache.get(key, () -> "load " + loads.incrementAndGet());
                }));
      }
      start.countDown();
      for (Future<@Nullable String> answer : answers) {
        assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("load 1");
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(loads).hasValue(1);
  }

  @Test
  void retrieveFindsWhatWasPut() {
    cache.put(key, "value");
    strict.put(key, "value");

    assertThat(retrieved(cache)).isEqualTo("value");
    assertThat(retrieved(strict)).isEqualTo("value");
  }

  @Test
  void retrieveTellsACachedNullFromAMiss() {
    cache.put(key, null);

    CompletableFuture<?> found = Objects.requireNonNull(cache.retrieve(key));
    assertThat(found.join()).isInstanceOf(ValueWrapper.class);
    assertThat(retrieved(cache)).isNull();
  }

  @Test
  void retrieveLoadsAMissAndKeepsIt() {
    AtomicInteger loads = new AtomicInteger();

    for (int i = 0; i < 3; i++) {
      CompletableFuture<String> answer =
          cache.retrieve(
              key, () -> CompletableFuture.supplyAsync(() -> "load " + loads.incrementAndGet()));
      assertThat(answer.join()).isEqualTo("load 1");
    }
    assertThat(value(cache.get(key))).isEqualTo("load 1");
  }

  @Test
  void retrieveKeepsALoadedNullWhereNullsAreAllowed() {
    CompletableFuture<@Nullable String> answer =
        cache.retrieve(key, () -> CompletableFuture.completedFuture(null));

    assertThat(answer.join()).isNull();
    assertThat(cache.get(key)).isNotNull();
  }

  @Test
  void futuresThatMissTheSameKeyTogetherLoadItOnce() {
    AtomicInteger loads = new AtomicInteger();
    CompletableFuture<String> load = new CompletableFuture<>();
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(
          cache.retrieve(
              key,
              () -> {
                loads.incrementAndGet();
                return load;
              }));
    }
    load.complete("loaded");

    assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isEqualTo("loaded"));
    assertThat(loads).hasValue(1);
  }

  @Test
  void retrieveReportsAFailingLoaderAndKeepsNothing() {
    IOException failure = new IOException("the database is away");

    assertThatThrownBy(
            () -> cache.retrieve(key, () -> CompletableFuture.failedFuture(failure)).join())
        .hasCause(failure);
    assertThatThrownBy(
            () ->
                cache
                    .retrieve(
                        key,
                        () -> {
                          throw new IllegalStateException("no future at all");
                        })
                    .join())
        .hasRootCauseMessage("no future at all");
    assertThat(cache.get(key)).isNull();
    assertThat(cache.retrieve(key, () -> CompletableFuture.completedFuture("later")).join())
        .isEqualTo("later");
  }

  private @Nullable Object retrieved(Cache from) {
    Object found = Objects.requireNonNull(from.retrieve(key)).join();
    return found instanceof ValueWrapper wrapper ? wrapper.get() : found;
  }

  private static @Nullable Object value(@Nullable ValueWrapper wrapper) {
    return Objects.requireNonNull(wrapper).get();
  }
}
