package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Values that cannot be read, over TCP and with copies in this process. */
class UnreadableNearTest extends UnreadableContract {
  private static @Nullable Commands owner;
  private static @Nullable Commands commands;
  private static @Nullable EngineCache<String, String> keepsConnection;

  @BeforeAll
  static void start() {
    int port = RedisServer.freePort();
    owner = PillionClient.connect("embedded:unreadable?listen=127.0.0.1:" + port);
    owner.call(Command.of("PING"));
    commands = PillionClient.connect("redis://127.0.0.1:" + port);
    // The connection for reports ends with the last cache that wants them, and there are many.
    keepsConnection =
        new EngineCache<>(
            commands,
            CacheSettings.<String, String>named("keeper").near(NearSettings.defaults()).build());
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(keepsConnection).close();
    Objects.requireNonNull(commands).close();
    Objects.requireNonNull(owner).close();
  }

  @Override
  Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Override
  @Nullable NearSettings near() {
    // Long enough for reports that a test holds back.
    return NearSettings.defaults().withMaxStaleness(Duration.ofSeconds(60));
  }

  /**
   * What looked like a loaded value that could not be read: until others' change is reported, a
   * copy of what it changed is as good as any, and nothing is loaded or stored.
   */
  @Test
  void untilItIsReportedACopyStandsForWhatOthersMadeUnreadable() {
    HeldReports reports = new HeldReports(commands());
    try (EngineCache<String, Price> cache = new EngineCache<>(reports, settings().build())) {
      cache.put("a", NEW);
      Awaiting.until(
          () -> {
            long before = Objects.requireNonNull(cache.nearStatistics()).hits();
            assertThat(cache.get("a")).isEqualTo(NEW);
            return Objects.requireNonNull(cache.nearStatistics()).hits() > before;
          });
      reports.hold();
      damaged(Damage.OTHER_TYPE);
      Awaiting.until(() -> reports.count() > 0);
      assertThat(loaded(cache, new Price(3))).isEqualTo(NEW);
      reports.release();
      assertThat(cache.get("a")).isNull();
    }
  }

  @Test
  void whatReplacedItIsThereHoweverLateTheReportsCome() {
    HeldReports reports = new HeldReports(commands());
    AtomicInteger replies = new AtomicInteger();
    AtomicInteger releaseAfter = new AtomicInteger(-1);
    Commands interrupted =
        new InterruptedPipelines(
            reports,
            command -> {
              if (replies.incrementAndGet() == releaseAfter.get()) {
                reports.release();
              }
            });
    try (EngineCache<String, Price> cache = new EngineCache<>(interrupted, settings().build())) {
      cache.put("b", NEW);
      for (int after = 0; after < 16; after++) {
        reports.release();
        damaged(Damage.OTHER_TYPE);
        Awaiting.until(() -> cache.get("a") == null);
        reports.hold();
        damaged(Damage.OTHER_TYPE);
        Awaiting.until(() -> reports.count() > 0);
        replies.set(0);
        releaseAfter.set(after);
        Price value = new Price(100 + after);
        assertThat(loaded(cache, value)).isEqualTo(value);
        assertThat(cache.get("a")).as("reported after %d replies", after).isEqualTo(value);
        assertThat(cache.get("a")).as("reported after %d replies", after).isEqualTo(value);
        reports.release();
        assertThat(cache.get("a")).as("reported after %d replies", after).isEqualTo(value);
      }
    }
  }

  private static Price loaded(EngineCache<String, Price> cache, Price value) {
    return cache
        .computeIfAbsentAsync("a", () -> CompletableFuture.completedFuture(value))
        .toCompletableFuture()
        .join();
  }
}
