package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.client.Awaiting;
import io.pillion.client.Commands;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A value that cannot be read is a miss with a count, in every operation. */
abstract class UnreadableContract {
  private final String name = "unreadable-" + UUID.randomUUID();
  private final List<String> told = new ArrayList<>();

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

  private CacheSettings.Builder<String, Price> settings() {
    return CacheSettings.<String, Price>named(name)
        .allow(Price.class.getName())
        .alsoReads(new JsonCodec(Price.class))
        .valueType(Price.class)
        .near(near());
  }

  private void damaged(Damage damage) {
    StoredEntries<String, Price> stored = new StoredEntries<>(commands(), name);
    stored.putBytes("a", damage.bytes());
    stored.putBytes("b", damage.bytes());
  }

  private static final Price NEW = new Price(2);

  @ParameterizedTest
  @EnumSource(Damage.class)
  void readsFindNothingAndCountIt(Damage damage) {
    damaged(damage);
    try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings().build())) {
      assertThat(cache.get("a")).isNull();
      assertThat(cache.statistics().unreadableValues()).isEqualTo(1);
      assertThat(cache.getAsync("a").toCompletableFuture().join()).isNull();
      cache.put("c", NEW);
      assertThat(cache.getAll(Set.of("a", "b", "c"))).isEqualTo(Map.of("c", NEW));
      List<String> walked = new ArrayList<>();
      cache.iterator().forEachRemaining(entry -> walked.add(entry.key()));
      assertThat(walked).containsExactly("c");
      assertThat(cache.replace("a", new Price(1), NEW)).isFalse();
      assertThat(cache.remove("a", new Price(1))).isFalse();
      assertThat(cache.containsKey("a")).as("left for those who can read it").isTrue();
      assertThat(cache.statistics().unreadableValues()).isGreaterThan(4);
    }
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void whatStoresReplacesIt(Damage damage) {
    try (EngineCache<String, Price> cache = new EngineCache<>(commands(), settings().build())) {
      Map<String, Runnable> ways =
          Map.of(
              "put", () -> cache.put("a", NEW),
              "putAll", () -> cache.putAll(Map.of("a", NEW)),
              "create", () -> assertThat(cache.create("a", NEW)).isTrue(),
              "putIfAbsent", () -> assertThat(cache.putIfAbsent("a", NEW)).isNull(),
              "getAndPut", () -> assertThat(cache.getAndPut("a", NEW)).isNull(),
              "getAndReplace", () -> assertThat(cache.getAndReplace("a", NEW)).isNull(),
              "load", () -> assertThat(cache.computeIfAbsent("a", key -> NEW)).isEqualTo(NEW),
              "invoke",
                  () ->
                      cache.invoke(
                          "a",
                          entry -> {
                            assertThat(entry.exists()).isFalse();
                            entry.set(NEW);
                            return true;
                          }),
              "loadAsync",
                  () ->
                      assertThat(
                              cache
                                  .computeIfAbsentAsync(
                                      "a", () -> CompletableFuture.completedFuture(NEW))
                                  .toCompletableFuture()
                                  .join())
                          .isEqualTo(NEW));
      ways.forEach(
          (way, operation) -> {
            damaged(damage);
            operation.run();
            if (way.equals("loadAsync")) {
              // Known: beside a near cache the very next read may still miss, see docs/STATUS.md.
              Awaiting.until(() -> NEW.equals(cache.get("a")));
            } else {
              assertThat(cache.get("a")).as(way).isEqualTo(NEW);
            }
          });
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

  @ParameterizedTest
  @EnumSource(Damage.class)
  void listenersHearOfNoOldValue(Damage damage) {
    EntryObserver<String, Price> observer =
        new EntryObserver<>() {
          @Override
          public boolean isActive() {
            return true;
          }

          @Override
          public void changed(List<EntryChange<String, Price>> changes) {
            changes.forEach(one -> told.add(one.kind() + " " + one.key() + " " + one.oldValue()));
          }
        };
    CacheSettings<String, Price> settings = settings().observer(observer).build();
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
      assertThat(cache.statistics().unreadableValues()).isZero();
    }
  }
}
