package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.FaultProxy;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import io.pillion.client.Replies;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The cache core with copies in this process: all that holds without them, and what is new. */
class EngineCacheNearTest extends EngineCacheContract {
  private static @Nullable RedisServer server;
  private static @Nullable FaultProxy proxy;
  private static @Nullable Commands commands;
  private static @Nullable Commands others;

  private final String cacheName = "near-" + UUID.randomUUID();

  record Track(int id, String title) implements Serializable {}

  record Album(String title, List<String> tracks) implements Serializable {}

  @BeforeAll
  static void start() {
    RedisServer found = RedisServer.find();
    FaultProxy between = new FaultProxy(found.port());
    server = found;
    proxy = between;
    commands = PillionClient.connect(between.url() + "?timeout=5s");
    others = PillionClient.connect(found.url() + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(commands).close();
    Objects.requireNonNull(others).close();
    Objects.requireNonNull(proxy).close();
    Objects.requireNonNull(server).close();
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Override
  protected void adjust(CacheSettings.Builder<?, ?> settings) {
    settings.near(NearSettings.defaults());
  }

  private static FaultProxy proxy() {
    return Objects.requireNonNull(proxy);
  }

  private <V> EngineCache<Object, V> near(NearSettings near) {
    return new EngineCache<>(
        commands(),
        CacheSettings.<Object, V>named(cacheName)
            .allow("io.pillion.cache.**")
            .near(near)
            .statistics(true)
            .build());
  }

  private <V> EngineCache<Object, V> near() {
    return near(NearSettings.defaults().withMaxStaleness(Duration.ofSeconds(20)));
  }

  /** The same cache as another process has it. */
  private <V> EngineCache<Object, V> other() {
    return new EngineCache<>(
        Objects.requireNonNull(others),
        CacheSettings.<Object, V>named(cacheName).allow("io.pillion.cache.**").build());
  }

  private static NearStatistics of(EngineCache<?, ?> cache) {
    return Objects.requireNonNull(cache.nearStatistics());
  }

  /** Reads until the value comes from a copy. */
  private static <V> @Nullable V kept(EngineCache<Object, V> cache, Object key) {
    List<@Nullable V> last = new ArrayList<>();
    Awaiting.until(
        () -> {
          long before = of(cache).hits();
          last.clear();
          last.add(cache.get(key));
          return of(cache).hits() > before;
        });
    return last.get(0);
  }

  @Test
  void whatWasReadOnceIsReadWithoutTheServer() {
    EngineCache<Object, String> cache = near();
    other().put("a", "1");
    assertThat(kept(cache, "a")).isEqualTo("1");
    long before = readsOfServer();
    for (int i = 0; i < 1000; i++) {
      assertThat(cache.get("a")).isEqualTo("1");
    }
    assertThat(cache.getAll(Set.of("a"))).isEqualTo(Map.of("a", "1"));
    assertThat(readsOfServer()).isEqualTo(before);
    assertThat(of(cache).size()).isPositive();
    assertThat(of(cache).weightBytes()).isPositive();
    assertThat(of(cache).isLive()).isTrue();
    assertThat(cache.statistics().hits()).isGreaterThanOrEqualTo(1001);
    cache.close();
  }

  private static long numberIn(String section, String name) {
    Commands direct = Objects.requireNonNull(others);
    String info = String.valueOf(Replies.asText(direct.call(Command.of("INFO", section))));
    int start = info.indexOf(name);
    if (start < 0) {
      return 0;
    }
    int end = start + name.length();
    while (Character.isDigit(info.charAt(end))) {
      end++;
    }
    return Long.parseLong(info.substring(start + name.length(), end));
  }

  @Test
  void whatOthersChangeIsHeardOf() {
    EngineCache<Object, String> cache = near();
    EngineCache<Object, String> other = other();
    for (Object key : List.of("a", "~tilde {brace} %", 7, 7L, new UUID(1, 2), new Track(1, "x"))) {
      other.put(key, "1");
      assertThat(kept(cache, key)).isEqualTo("1");
      other.put(key, "2");
      Awaiting.until(() -> "2".equals(cache.get(key)));
      assertThat(kept(cache, key)).isEqualTo("2");
      other.remove(key);
      Awaiting.until(() -> cache.get(key) == null);
    }
    cache.close();
  }

  @Test
  void clearAndFlushEndAllCopies() {
    EngineCache<Object, String> cache = near();
    EngineCache<Object, String> other = other();
    other.put("a", "1");
    assertThat(kept(cache, "a")).isEqualTo("1");
    other.clear();
    Awaiting.until(() -> cache.get("a") == null);
    other.put("a", "2");
    assertThat(kept(cache, "a")).isEqualTo("2");
    Objects.requireNonNull(others).call(Command.of("FLUSHALL"));
    Awaiting.until(() -> cache.get("a") == null);
    cache.put("a", "3");
    assertThat(kept(cache, "a")).isEqualTo("3");
    cache.clear();
    assertThat(cache.get("a")).isNull();
    cache.close();
  }

  @Test
  void ownWritesAreSeenAtOnce() {
    EngineCache<Object, Integer> cache = near();
    for (int i = 0; i < 500; i++) {
      cache.put("a", i);
      assertThat(cache.get("a")).isEqualTo(i);
      assertThat(cache.get("a")).isEqualTo(i);
    }
    assertThat(kept(cache, "a")).isEqualTo(499);
    cache.putAll(Map.of("a", 1, "b", 2));
    assertThat(cache.getAll(Set.of("a", "b"))).isEqualTo(Map.of("a", 1, "b", 2));
    assertThat(kept(cache, "b")).isEqualTo(2);
    cache.invoke(
        "b",
        entry -> {
          entry.set(3);
          return null;
        });
    assertThat(cache.get("b")).isEqualTo(3);
    cache.removeAll(Set.of("a", "b"));
    assertThat(cache.getAll(Set.of("a", "b"))).isEmpty();
    cache.close();
  }

  @Test
  void brokenConnectionsEndAllCopiesAndReportsComeBack() {
    EngineCache<Object, String> cache = near();
    EngineCache<Object, String> other = other();
    for (int i = 0; i < 5; i++) {
      other.put("a", "before " + i);
      String before = "before " + i;
      Awaiting.until(() -> before.equals(cache.get("a")));
      assertThat(kept(cache, "a")).isEqualTo(before);
      long flushes = of(cache).flushes();
      proxy().kill();
      other.put("a", "after " + i);
      Awaiting.until(() -> of(cache).flushes() > flushes && of(cache).isLive());
      String expected = "after " + i;
      Awaiting.until(() -> expected.equals(cache.get("a")));
      assertThat(kept(cache, "a")).isEqualTo(expected);
    }
    cache.close();
  }

  @Test
  void copiesAreNotUsedWhileTheServerIsNotHeardOf() {
    Duration bound = Duration.ofMillis(200);
    EngineCache<Object, String> cache = near(NearSettings.defaults().withMaxStaleness(bound));
    EngineCache<Object, String> other = other();
    other.put("a", "1");
    assertThat(kept(cache, "a")).isEqualTo("1");
    proxy().stallTracking(true);
    other.put("a", "2");
    long acknowledged = System.nanoTime();
    String seen;
    do {
      long began = System.nanoTime();
      seen = cache.get("a");
      if ("1".equals(seen)) {
        assertThat(began - acknowledged).isLessThanOrEqualTo(bound.toNanos());
      }
    } while ("1".equals(seen));
    assertThat(seen).isEqualTo("2");
    assertThat(of(cache).isLive()).isFalse();
    assertThat(of(cache).staleness()).isGreaterThanOrEqualTo(bound);
    proxy().stallTracking(false);
    Awaiting.until(() -> of(cache).isLive());
    assertThat(kept(cache, "a")).isEqualTo("2");
    cache.close();
  }

  @Test
  void anAnswerThatWasOvertakenByAReportIsNotKept() {
    EngineCache<Object, String> cache = near();
    EngineCache<Object, String> other = other();
    other.put("a", "1");
    other.put("after", "1");
    assertThat(kept(cache, "after")).isEqualTo("1");
    other.put("after", "2");
    // What was reported before this is told apart from what is reported below.
    Awaiting.until(() -> "2".equals(cache.get("after")));
    proxy().stallCommands(true);
    long readsBefore = readsOfServer();
    var answer = cache.getAsync("a").toCompletableFuture();
    // The answer is on its way already when the change is reported.
    Awaiting.until(() -> readsOfServer() > readsBefore);
    long reports = of(cache).invalidations();
    other.put("a", "2");
    Awaiting.until(() -> of(cache).invalidations() > reports);
    proxy().stallCommands(false);
    assertThat(answer.join()).isEqualTo("1");
    assertThat(cache.get("a")).isEqualTo("2");
    assertThat(kept(cache, "a")).isEqualTo("2");
    cache.close();
  }

  /** How often the server was asked for an entry of which a copy is to be kept. */
  private static long readsOfServer() {
    return numberIn("commandstats", "cmdstat_pttl:calls=");
  }

  @Test
  void aCopyLivesNoLongerThanItsEntryOrTheNearCachesOwnLimit() {
    EngineCache<Object, String> cache = near();
    other().put("short", "1", Duration.ofMillis(60));
    Awaiting.until(() -> cache.get("short") == null);
    EngineCache<Object, String> brief =
        near(
            NearSettings.defaults()
                .withMaxStaleness(Duration.ofSeconds(20))
                .withTtl(Duration.ofMillis(1)));
    brief.put("a", "1");
    assertThat(brief.get("a")).isEqualTo("1");
    long misses = of(brief).misses();
    Awaiting.until(
        () -> {
          brief.get("a");
          return of(brief).misses() > misses + 1;
        });
    cache.close();
    brief.close();
  }

  @Test
  void immutableValuesAreHandedOutAndOthersCopied() {
    EngineCache<Object, Object> cache = near();
    other().put("text", "a text");
    other().put("track", new Track(1, "x"));
    other().put("album", new Album("y", new ArrayList<>(List.of("a"))));
    other().put("bytes", new byte[] {1});
    kept(cache, "text");
    kept(cache, "track");
    kept(cache, "album");
    kept(cache, "bytes");
    assertThat(cache.get("text")).isSameAs(cache.get("text"));
    assertThat(cache.get("track")).isSameAs(cache.get("track")).isEqualTo(new Track(1, "x"));
    Album mine = (Album) Objects.requireNonNull(cache.get("album"));
    mine.tracks().add("b");
    assertThat(cache.get("album")).isEqualTo(new Album("y", List.of("a")));
    byte[] bytes = (byte[]) Objects.requireNonNull(cache.get("bytes"));
    bytes[0] = 9;
    assertThat(cache.get("bytes")).isEqualTo(new byte[] {1});
    cache.close();
    EngineCache<Object, Object> declared =
        near(NearSettings.defaults().withImmutable(Album.class.getName()));
    kept(declared, "album");
    assertThat(declared.get("album")).isSameAs(declared.get("album"));
    declared.close();
  }

  @Test
  void itHoldsNoMoreThanItsWeight() {
    EngineCache<Object, String> cache = near(NearSettings.defaults().withMaxBytes(20_000));
    String value = "x".repeat(900);
    for (int i = 0; i < 200; i++) {
      cache.put(i, value);
      cache.get(i);
      cache.get(i);
    }
    assertThat(of(cache).weightBytes()).isLessThanOrEqualTo(20_000);
    assertThat(of(cache).size()).isLessThan(25);
    cache.close();
  }

  @Test
  void entriesThatLiveOnFromTheirLastReadAreNotKept() {
    EngineCache<Object, String> cache =
        new EngineCache<>(
            commands(),
            CacheSettings.<Object, String>named(cacheName)
                .expiry(Expiry.afterTouch(Duration.ofMinutes(1)))
                .near(NearSettings.defaults())
                .build());
    assertThat(cache.nearStatistics()).isNull();
    cache.put("a", "1");
    assertThat(cache.get("a")).isEqualTo("1");
  }

  @Test
  void cachesOfOneClientHearOnlyOfTheirOwn() {
    EngineCache<Object, String> cache = near();
    EngineCache<Object, String> second =
        new EngineCache<>(
            commands(),
            CacheSettings.<Object, String>named(cacheName + "-second")
                .near(NearSettings.defaults().withMaxStaleness(Duration.ofSeconds(20)))
                .build());
    cache.put("a", "1");
    second.put("a", "2");
    assertThat(kept(cache, "a")).isEqualTo("1");
    // Its own put is reported to it, too, sooner or later.
    Awaiting.until(() -> of(second).invalidations() > 0);
    assertThat(kept(second, "a")).isEqualTo("2");
    long reports = of(second).invalidations();
    other().put("a", "3");
    Awaiting.until(() -> "3".equals(cache.get("a")));
    assertThat(of(second).invalidations()).isEqualTo(reports);
    cache.close();
    assertThat(kept(second, "a")).isEqualTo("2");
    second.close();
  }

  @Test
  void aServerThatCannotReportIsRefusedAtOnce() {
    try (RedisServer old = RedisServer.start("--rename-command", "HELLO", "");
        Commands toOld = PillionClient.connect(old.url() + "?timeout=5s")) {
      assertThatThrownBy(
              () ->
                  new EngineCache<>(
                      toOld, CacheSettings.named("refused").near(NearSettings.defaults()).build()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("refused")
          .hasMessageContaining("CLIENT TRACKING over RESP3");
    }
  }

  @Test
  void aServerThatIsAwayIsAskedWhenItComes() {
    try (FaultProxy late = new FaultProxy(Objects.requireNonNull(server).port());
        Commands toLate = PillionClient.connect(late.url() + "?timeout=5s&connectTimeout=5s")) {
      late.refuse(true);
      EngineCache<Object, String> cache =
          new EngineCache<>(
              toLate,
              CacheSettings.<Object, String>named(cacheName)
                  .near(NearSettings.defaults().withMaxStaleness(Duration.ofSeconds(20)))
                  .build());
      assertThat(of(cache).isLive()).isFalse();
      late.refuse(false);
      Awaiting.until(() -> of(cache).isLive());
      other().put("a", "1");
      assertThat(kept(cache, "a")).isEqualTo("1");
      cache.close();
    }
  }
}
