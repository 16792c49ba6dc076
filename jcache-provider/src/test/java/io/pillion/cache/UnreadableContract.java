package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Commands;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A value that cannot be read is a miss with a count, in every operation. */
abstract class UnreadableContract {
  private final String name = "unreadable-" + UUID.randomUUID();
  private final List<String> told = new CopyOnWriteArrayList<>();

  /** A client of the server. */
  abstract Commands commands();

  /** Whether the cache keeps copies. */
  @Nullable NearSettings near() {
    return null;
  }

  record Price(int cents) implements Serializable {}

  record Foreign(String text) implements Serializable {}

  /** What may be on the server in place of a value. */
  enum Damage {
    EMPTY(new byte[0]),
    OTHER_VERSION(new byte[] {9, 1, 0, 'a'}),
    OTHER_CODEC(new byte[] {1, 99, 0, 'a'}),
    OTHER_FLAGS(new byte[] {1, 1, 77, 'a'}),
    NOT_A_NUMBER(new byte[] {1, 2, 0, 'a'}),
    SHORT_DOUBLE(new byte[] {1, 4, 0, 'a'}),
    NO_BOOLEAN(new byte[] {1, 5, 0}),
    NOT_COMPRESSED(new byte[] {1, 1, 1, 0, 0, 0, 9, 'a', 'b'}),
    CUT_OBJECT(cut(serialized(new Price(1)))),
    REFUSED_CLASS(serialized(new Foreign("a"))),
    CHANGED_CLASS(renamed(serialized(new Price(1)))),
    NOT_JSON("\001\021\000{\"cents\":".getBytes(StandardCharsets.ISO_8859_1)),
    OTHER_JSON("\001\021\000[1]".getBytes(StandardCharsets.ISO_8859_1)),
    OTHER_TYPE(new byte[] {1, 1, 0, 'a'});

    private final String latin1;

    Damage(byte[] bytes) {
      this.latin1 = new String(bytes, StandardCharsets.ISO_8859_1);
    }

    byte[] bytes() {
      return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] serialized(Object value) {
      try {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(new byte[] {1, JdkCodec.ID, 0});
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
          out.writeObject(value);
        }
        return bytes.toByteArray();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private static byte[] cut(byte[] bytes) {
      return Arrays.copyOf(bytes, bytes.length - 3);
    }

    /** Of a class that is no longer there. */
    private static byte[] renamed(byte[] bytes) {
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      return text.replace("$Price", "$Prize").getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  CacheSettings.Builder<String, Price> settings() {
    return CacheSettings.<String, Price>named(name)
        .allow(Price.class.getName())
        .alsoReads(new JsonCodec(Price.class))
        .valueType(Price.class)
        .near(near());
  }

  void damaged(Damage damage) {
    StoredEntries<String, Price> stored = new StoredEntries<>(commands(), name);
    stored.putBytes("a", damage.bytes());
    stored.putBytes("b", damage.bytes());
  }

  static final Price NEW = new Price(2);

  /** What becomes of the bytes that cannot be read. */
  enum Then {
    LEFT,
    REPLACED,
    REMOVED
  }

  /**
   * Each operation: what it answers, leaves behind, counts and tells when a value is unreadable.
   */
  enum Way {
    GET(Then.LEFT, "null", "miss", "", cache -> cache.get("a")),
    GET_ASYNC(Then.LEFT, "null", "miss", "", cache -> joined(cache.getAsync("a"))),
    GET_ALL(Then.LEFT, "{}", "miss", "", cache -> cache.getAll(Set.of("a"))),
    CONTAINS_KEY(Then.LEFT, "false", "", "", cache -> cache.containsKey("a")),
    ITERATOR(Then.LEFT, "false", "", "", cache -> cache.iterator().hasNext()),
    PUT(Then.REPLACED, "done", "put", "UPDATED", cache -> done(() -> cache.put("a", NEW))),
    PUT_ASYNC(Then.REPLACED, "null", "put", "UPDATED", cache -> joined(cache.putAsync("a", NEW))),
    PUT_ALL(
        Then.REPLACED,
        "done",
        "put",
        "UPDATED",
        cache -> done(() -> cache.putAll(Map.of("a", NEW)))),
    CREATE(Then.REPLACED, "true", "miss put", "CREATED", cache -> cache.create("a", NEW)),
    PUT_IF_ABSENT(
        Then.REPLACED, "null", "miss put", "CREATED", cache -> cache.putIfAbsent("a", NEW)),
    PUT_IF_ABSENT_ASYNC(
        Then.REPLACED,
        "null",
        "miss put",
        "CREATED",
        cache -> joined(cache.putIfAbsentAsync("a", NEW))),
    GET_AND_PUT(Then.REPLACED, "null", "miss put", "UPDATED", cache -> cache.getAndPut("a", NEW)),
    REPLACE(Then.LEFT, "false", "miss", "", cache -> cache.replace("a", NEW)),
    REPLACE_OLD(Then.LEFT, "false", "miss", "", cache -> cache.replace("a", new Price(1), NEW)),
    GET_AND_REPLACE(Then.LEFT, "null", "miss", "", cache -> cache.getAndReplace("a", NEW)),
    REMOVE(Then.REMOVED, "true", "removal", "REMOVED", cache -> cache.remove("a")),
    REMOVE_ASYNC(
        Then.REMOVED, "true", "removal", "REMOVED", cache -> joined(cache.removeAsync("a"))),
    REMOVE_OLD(Then.LEFT, "false", "miss", "", cache -> cache.remove("a", new Price(1))),
    GET_AND_REMOVE(
        Then.REMOVED, "null", "miss removal", "REMOVED", cache -> cache.getAndRemove("a")),
    REMOVE_ALL(
        Then.REMOVED,
        "done",
        "removal",
        "REMOVED",
        cache -> done(() -> cache.removeAll(Set.of("a")))),
    LOAD(
        Then.REPLACED,
        "Price[cents=2]",
        "miss",
        "CREATED",
        cache -> cache.computeIfAbsent("a", key -> NEW)),
    LOAD_ASYNC(
        Then.REPLACED,
        "Price[cents=2]",
        "miss",
        "CREATED",
        cache ->
            joined(cache.computeIfAbsentAsync("a", () -> CompletableFuture.completedFuture(NEW)))),
    INVOKE_GET(Then.LEFT, "null", "miss", "", cache -> cache.invoke("a", WorkingEntry::value)),
    INVOKE_EXISTS(Then.LEFT, "false", "miss", "", cache -> cache.invoke("a", WorkingEntry::exists)),
    INVOKE_SET(
        Then.REPLACED,
        "set",
        "miss put",
        "CREATED",
        cache ->
            cache.invoke(
                "a",
                entry -> {
                  entry.set(NEW);
                  return "set";
                })),
    INVOKE_REMOVE(
        Then.REMOVED,
        "removed",
        "miss",
        "",
        cache ->
            cache.invoke(
                "a",
                entry -> {
                  entry.remove();
                  return "removed";
                }));

    private final Then then;
    private final String answer;
    private final String counted;
    private final String told;

    @SuppressWarnings("ImmutableEnumChecker") // none of them holds anything
    private final Function<EngineCache<String, Price>, @Nullable Object> operation;

    Way(
        Then then,
        String answer,
        String counted,
        String told,
        Function<EngineCache<String, Price>, @Nullable Object> operation) {
      this.then = then;
      this.answer = answer;
      this.counted = counted;
      this.told = told;
      this.operation = operation;
    }

    private static <T extends @Nullable Object> T joined(CompletionStage<T> stage) {
      return stage.toCompletableFuture().join();
    }

    private static Object done(Runnable operation) {
      operation.run();
      return "done";
    }
  }

  /** How a cache may be set up, which decides how its operations go about it. */
  enum Setting {
    PLAIN,
    OBSERVED,
    WRITER,
    POLICY,
    EVERYTHING
  }

  private CacheSettings<String, Price> settings(Setting setting) {
    CacheSettings.Builder<String, Price> settings = settings().statistics(true);
    if (setting == Setting.OBSERVED || setting == Setting.EVERYTHING) {
      settings.observer(observer());
    }
    if (setting == Setting.WRITER || setting == Setting.EVERYTHING) {
      settings.writer(
          new EntryWriter<>() {
            @Override
            public void write(String key, Price value) {}

            @Override
            public void delete(String key) {}
          });
    }
    if (setting == Setting.POLICY || setting == Setting.EVERYTHING) {
      settings.expiry(
          new Expiry() {
            @Override
            public boolean isFixed() {
              return false;
            }

            @Override
            public long forCreation() {
              return ETERNAL;
            }

            @Override
            public long forUpdate() {
              return UNCHANGED;
            }

            @Override
            public long forAccess() {
              return UNCHANGED;
            }
          });
    }
    return settings.build();
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void eachOperationTakesItForNothing(Damage damage) {
    StoredEntries<String, Price> stored = new StoredEntries<>(commands(), name);
    boolean alsoElsewhere = damage == Damage.OTHER_TYPE || damage == Damage.CUT_OBJECT;
    for (Setting setting : alsoElsewhere ? Setting.values() : new Setting[] {Setting.PLAIN}) {
      for (Way way : Way.values()) {
        String what = setting + " " + way;
        damaged(damage);
        told.clear();
        // Made anew each time, so that no copy of an earlier value stands in for what is there.
        try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings(setting))) {
          assertThat(String.valueOf(way.operation.apply(cache))).as(what).isEqualTo(way.answer);
          CacheStatistics counted = cache.statistics();
          assertThat(counted.hits()).as(what).isZero();
          assertThat(counted.misses()).as(what).isEqualTo(way.counted.contains("miss") ? 1 : 0);
          assertThat(counted.puts()).as(what).isEqualTo(way.counted.contains("put") ? 1 : 0);
          assertThat(counted.removals())
              .as(what)
              .isEqualTo(way.counted.contains("removal") ? 1 : 0);
          if (way.counted.contains("miss")) {
            assertThat(counted.unreadableValues()).as(what).isPositive();
          }
          boolean isObserved = setting == Setting.OBSERVED || setting == Setting.EVERYTHING;
          assertThat(told)
              .as(what)
              .isEqualTo(
                  isObserved && !way.told.isEmpty() ? List.of(way.told + " a null") : List.of());
          byte[] left = stored.bytes("a");
          switch (way.then) {
            case LEFT -> assertThat(left).as(what).isEqualTo(damage.bytes());
            case REMOVED -> assertThat(left).as(what).isNull();
            case REPLACED -> {
              assertThat(cache.get("a")).as(what).isEqualTo(NEW);
              assertThat(cache.containsKey("a")).as(what).isTrue();
              assertThat(cache.getAndReplace("a", new Price(3))).as(what).isEqualTo(NEW);
              assertThat(cache.get("a")).as(what).isEqualTo(new Price(3));
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void loadersAreAskedAndTheirValuesKept(Damage damage) {
    EntryLoader<String, Price> loader =
        new EntryLoader<>() {
          @Override
          public Price load(String key) {
            return NEW;
          }

          @Override
          public Map<String, Price> loadAll(Set<? extends String> keys) {
            Map<String, Price> loaded = new HashMap<>();
            keys.forEach(key -> loaded.put(key, NEW));
            return loaded;
          }
        };
    for (LoadingSettings loading :
        List.of(LoadingSettings.none(), LoadingSettings.none().withLease(Duration.ofSeconds(10)))) {
      CacheSettings<String, Price> settings =
          settings().loader(loader).readThrough(true).loading(loading).build();
      try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings)) {
        damaged(damage);
        assertThat(cache.get("a")).isEqualTo(NEW);
        assertThat(cache.getAll(Set.of("b"))).isEqualTo(Map.of("b", NEW));
        assertReadable();
      }
      try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings)) {
        damaged(damage);
        cache.loadAll(Set.of("a", "b"), /* replace= */ false);
        assertReadable();
        damaged(damage);
        assertThat(
                cache
                    .computeIfAbsentAsync("a", () -> CompletableFuture.completedFuture(NEW))
                    .toCompletableFuture()
                    .join())
            .isEqualTo(NEW);
        assertThat(cache.get("a")).isEqualTo(NEW);
      }
    }
  }

  private void assertReadable() {
    try (EngineCache<String, Price> plain = new EngineCache<>(commands(), settings().build())) {
      assertThat(plain.getAll(Set.of("a", "b"))).isEqualTo(Map.of("a", NEW, "b", NEW));
    }
  }

  private EntryObserver<String, Price> observer() {
    return new EntryObserver<>() {
      @Override
      public boolean isActive() {
        return true;
      }

      @Override
      public void changed(List<EntryChange<String, Price>> changes) {
        changes.forEach(one -> told.add(one.kind() + " " + one.key() + " " + one.oldValue()));
      }
    };
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void listenersHearOfNoOldValue(Damage damage) {
    CacheSettings<String, Price> settings = settings().observer(observer()).build();
    try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings)) {
      damaged(damage);
      cache.put("a", NEW);
      assertThat(cache.remove("b")).isTrue();
      damaged(damage);
      assertThat(cache.getAndRemove("a")).isNull();
      cache.removeAll(Set.of("b"));
      damaged(damage);
      cache.removeAll();
      assertThat(cache.containsKey("a")).isFalse();
    }
    assertThat(told.subList(0, 4))
        .containsExactly("UPDATED a null", "REMOVED b null", "REMOVED a null", "REMOVED b null");
    assertThat(told.subList(4, told.size()))
        .containsExactlyInAnyOrder("REMOVED a null", "REMOVED b null");
  }

  @Test
  void whoWantsHearsOfIt() {
    damaged(Damage.REFUSED_CLASS);
    CacheSettings<String, Price> settings = settings().failOnUnreadable(true).build();
    try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings)) {
      assertThatThrownBy(() -> cache.get("a"))
          .isInstanceOf(CodecException.class)
          .hasMessageContaining(Foreign.class.getName());
      assertThatThrownBy(() -> cache.getAll(Set.of("a"))).isInstanceOf(CodecException.class);
      for (Way way : List.of(Way.CONTAINS_KEY, Way.REPLACE, Way.REPLACE_OLD, Way.GET_AND_REPLACE)) {
        assertThatThrownBy(() -> way.operation.apply(cache))
            .as(way.name())
            .isInstanceOf(CodecException.class);
      }
      assertThat(new StoredEntries<String, Price>(commands(), name).bytes("a"))
          .isEqualTo(Damage.REFUSED_CLASS.bytes());
      assertThat(cache.statistics().unreadableValues()).isZero();
    }
  }
}
