package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import io.pillion.client.FaultProxy;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a cache does while its server is away, and when it is back. */
class FailureTest {
  private static @Nullable RedisServer server;

  private final String name = "failing-" + UUID.randomUUID();
  private final FailureSettings open =
      FailureSettings.open().withFailuresToOpen(2).withRetryAfter(Duration.ofMillis(100));
  private FaultProxy proxy = new FaultProxy(0);
  private Commands commands = PillionClient.connect("embedded:FailureTest");
  private Commands direct = commands;

  @BeforeAll
  static void startServer() {
    server = RedisServer.find();
  }

  @AfterAll
  static void stopServer() {
    Objects.requireNonNull(server).close();
  }

  @BeforeEach
  void start() {
    stop();
    RedisServer found = Objects.requireNonNull(server);
    proxy = new FaultProxy(found.port());
    commands = PillionClient.connect(proxy.url() + "?timeout=5s&connectTimeout=5s");
    direct = PillionClient.connect(found.url());
  }

  @AfterEach
  void stop() {
    commands.close();
    direct.close();
    proxy.close();
  }

  private EngineCache<String, String> cache(FailureSettings failure) {
    return new EngineCache<>(
        commands,
        CacheSettings.<String, String>named(name).failure(failure).statistics(true).build());
  }

  /** The same cache as another process has it, whose way to the server is never broken. */
  private EngineCache<String, String> other() {
    return new EngineCache<>(direct, CacheSettings.<String, String>named(name).build());
  }

  private static FailureStatistics of(EngineCache<?, ?> cache) {
    return Objects.requireNonNull(cache.failureStatistics());
  }

  @Test
  void aPaymentThatFailsAtOnceIsOwedStillAndKeepsNobodyWaiting() {
    Outage outage = new Outage(name, open.withRetryAfter(Duration.ofMinutes(5)));
    AtomicInteger payments = new AtomicInteger();
    Outage.Payment failing =
        ids -> {
          payments.incrementAndGet();
          throw new IllegalStateException("not sent");
        };
    outage.missed(
        List.of(new byte[] {1}), new ConnectionException("away", new IOException()), failing);
    for (int i = 1; i <= 2; i++) {
      assertThat(outage.guard(() -> CompletableFuture.completedFuture("done"), failing))
          .failsWithin(Duration.ofSeconds(10))
          .withThrowableOfType(ExecutionException.class)
          .withMessageContaining("not sent");
      assertThat(payments).hasValue(i);
    }
  }

  @Test
  void theApplicationGoesOnWithoutTheCache() {
    EngineCache<String, String> cache = cache(open);
    cache.put("a", "1");
    proxy.refuse(true);
    for (int i = 0; i < 5; i++) {
      assertThat(cache.get("a")).isNull();
      assertThat(cache.containsKey("a")).isFalse();
      assertThat(cache.getAll(Set.of("a", "b"))).isEmpty();
      assertThat(cache.getAsync("a").toCompletableFuture().join()).isNull();
      assertThat(cache.computeIfAbsent("a", key -> "loaded")).isEqualTo("loaded");
      assertThat(
              cache
                  .computeIfAbsentAsync("a", () -> CompletableFuture.completedFuture("later"))
                  .toCompletableFuture()
                  .join())
          .isEqualTo("later");
      cache.put("a", "2");
      cache.putAsync("a", "2").toCompletableFuture().join();
      cache.putAll(Map.of("a", "2", "b", "2"));
      assertThat(cache.remove("a")).isFalse();
      assertThat(cache.removeAsync("a").toCompletableFuture().join()).isFalse();
      cache.removeAll(Set.of("a"));
    }
    assertThat(of(cache).isCircuitOpen()).isTrue();
    assertThat(of(cache).tolerated()).isGreaterThan(20);
    assertThat(of(cache).refused()).isPositive();
    assertThat(of(cache).missed()).isEqualTo(2);
    // What has to say what was there cannot.
    assertThatThrownBy(() -> cache.putIfAbsent("a", "3")).isInstanceOf(ConnectionException.class);
    assertThatThrownBy(() -> cache.getAndPut("a", "3")).isInstanceOf(ConnectionException.class);
    assertThatThrownBy(() -> cache.replace("a", "2", "3")).isInstanceOf(ConnectionException.class);
    proxy.refuse(false);
    Awaiting.until(
        () -> {
          cache.put("c", "3");
          return "3".equals(cache.get("c"));
        });
    assertThat(of(cache).isCircuitOpen()).isFalse();
  }

  @Test
  void itGoesOnWithLoaderAndListenersToo() {
    AtomicInteger loads = new AtomicInteger();
    EntryObserver<String, String> listener =
        new EntryObserver<>() {
          @Override
          public boolean isActive() {
            return true;
          }

          @Override
          public void changed(List<EntryChange<String, String>> changes) {}
        };
    for (LoadingSettings loading :
        List.of(LoadingSettings.none(), LoadingSettings.none().withLease(Duration.ofSeconds(20)))) {
      EngineCache<String, String> cache =
          new EngineCache<>(
              commands,
              CacheSettings.<String, String>named(name)
                  .failure(open)
                  .loading(loading)
                  .loader(key -> "row " + key + loads.incrementAndGet())
                  .readThrough(true)
                  .observer(listener)
                  .build());
      assertThat(cache.get("there")).startsWith("row there");
      proxy.refuse(true);
      for (int i = 0; i < 4; i++) {
        loads.set(0);
        assertThat(cache.getAll(Set.of("a", "b"))).containsOnlyKeys("a", "b");
        assertThat(loads).hasValue(2);
        assertThat(cache.get("a")).isEqualTo("row a3");
        assertThat(cache.remove("there")).isFalse();
        cache.put("there", "new");
        cache.removeAll(Set.of("there"));
      }
      proxy.refuse(false);
      Awaiting.until(() -> of(cache).missed() == 0);
    }
  }

  @Test
  void aLoaderIsAskedOnceEvenWhenItsValueCannotBeStored() {
    EngineCache<String, String> cache = cache(open.withFailuresToOpen(1_000));
    assertThat(cache.get("a")).isNull();
    AtomicInteger loads = new AtomicInteger();
    String loaded =
        cache.computeIfAbsent(
            "a",
            key -> {
              proxy.refuse(true);
              return "loaded " + loads.incrementAndGet();
            });
    assertThat(loaded).isEqualTo("loaded 1");
    assertThat(loads).hasValue(1);
    assertThatThrownBy(
            () ->
                cache.computeIfAbsent(
                    "b",
                    key -> {
                      throw new ConnectionException("the application's own", null);
                    }))
        .hasMessage("the application's own");
  }

  @Test
  void whatWasMissedIsMadeGoodInTheBackground() {
    for (FailureSettings settings :
        new FailureSettings[] {
          open, FailureSettings.fast().withRetryAfter(Duration.ofMillis(50))
        }) {
      EngineCache<String, String> cache = cache(settings);
      EngineCache<String, String> other = other();
      other.put("removed", "old");
      other.put("replaced", "old");
      other.put("kept", "old");
      assertThat(cache.get("kept")).isEqualTo("old");
      proxy.refuse(true);
      quietly(() -> cache.remove("removed"));
      quietly(() -> cache.put("replaced", "new"));
      assertThat(other.get("removed")).isEqualTo("old");
      proxy.refuse(false);
      Awaiting.until(() -> other.get("removed") == null && other.get("replaced") == null);
      Awaiting.until(() -> of(cache).missed() == 0);
      assertThat(of(cache).reconciled()).isEqualTo(2);
      assertThat(other.get("kept")).isEqualTo("old");
    }
  }

  private static void quietly(Runnable operation) {
    try {
      operation.run();
    } catch (ConnectionException away) {
      assertThat(away).hasMessageNotContaining("null");
    }
  }

  @Test
  void nothingOldIsReadBeforeThatIsDone() {
    EngineCache<String, String> cache = cache(open.withRetryAfter(Duration.ofMillis(1)));
    for (int i = 0; i < 20; i++) {
      other().put("a", "old");
      Awaiting.until(() -> "old".equals(cache.get("a")));
      proxy.refuse(true);
      cache.remove("a");
      proxy.refuse(false);
      for (int read = 0; read < 50; read++) {
        assertThat(cache.get("a")).isNull();
      }
      Awaiting.until(() -> of(cache).missed() == 0);
    }
  }

  @Test
  void moreThanCanBeRememberedIsCleared() {
    EngineCache<String, String> cache = cache(open.withMostMissed(3));
    EngineCache<String, String> other = other();
    other.put("a", "old");
    assertThat(cache.get("a")).isEqualTo("old");
    proxy.refuse(true);
    for (int i = 0; i < 4; i++) {
      cache.remove("k" + i);
    }
    assertThat(of(cache).missed()).isEqualTo(-1);
    proxy.refuse(false);
    Awaiting.until(() -> other.get("a") == null);
    other.put("a", "old");
    Awaiting.until(() -> "old".equals(cache.get("a")));
    proxy.refuse(true);
    cache.clear();
    proxy.refuse(false);
    Awaiting.until(() -> other.get("a") == null);
  }

  @Test
  void anOpenCircuitFailsAtOnceAndTriesAgain() {
    FailureSettings fast = FailureSettings.fast().withFailuresToOpen(2);
    EngineCache<String, String> patient = cache(fast.withRetryAfter(Duration.ofMinutes(10)));
    EngineCache<String, String> cache = cache(fast.withRetryAfter(Duration.ofMillis(100)));
    cache.put("a", "1");
    proxy.refuse(true);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> patient.get("a")).isInstanceOf(ConnectionException.class);
      assertThatThrownBy(() -> cache.get("a")).isInstanceOf(ConnectionException.class);
    }
    assertThat(of(patient).isCircuitOpen()).isTrue();
    for (int i = 0; i < 100; i++) {
      assertThatThrownBy(() -> patient.get("a"))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("was not sent");
    }
    assertThat(of(patient).refused()).isEqualTo(100);
    proxy.refuse(false);
    assertThatThrownBy(() -> patient.get("a")).hasMessageContaining("was not sent");
    Awaiting.until(
        () -> {
          try {
            return "1".equals(cache.get("a"));
          } catch (ConnectionException stillOpen) {
            return false;
          }
        });
    assertThat(of(cache).isCircuitOpen()).isFalse();
  }
}
