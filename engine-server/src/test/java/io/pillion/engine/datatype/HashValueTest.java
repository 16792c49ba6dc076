package io.pillion.engine.datatype;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.memory.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashValueTest {
  private final Arena arena = new Arena(SlabPool.shared(), 256 << 20, 77);
  private final TypeLimits limits = new TypeLimits();
  private final long cell = arena.allocate(8);
  private final HashValue hash = open(cell);

  private HashValue open(long at) {
    arena.putLong(at, HashValue.create(arena));
    return new HashValue(arena, at, limits);
  }

  @AfterEach
  void freesAll() {
    HashValue.free(arena, arena.getLong(cell));
    arena.free(cell);
    assertThat(arena.usedBytes()).isZero();
    arena.close();
  }

  /**
   * Phases of growing and shrinking, with elements of every size, against a map. Every seed has its
   * own range of fields, from packed to thousands of pages.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void doesWhatAMapDoes(long seed) {
    Random random = new Random(seed);
    Map<Bytes, Bytes> model = new HashMap<>();
    int fields = new int[] {60, 200, 1000, 5000, 30_000, 60_000}[(int) seed - 1];
    int longest = new int[] {30, 70, 3000, 500, 40, 20}[(int) seed - 1];
    Span span = new Span(arena);
    int steps = 80_000;
    for (int i = 0; i < steps; i++) {
      boolean growing = (i / (steps / 4)) % 2 == 0;
      Bytes field = field(random.nextInt(fields), longest);
      if (random.nextInt(10) < (growing ? 7 : 2)) {
        Bytes value = value(random, longest);
        assertThat(hash.put(field, value)).isEqualTo(model.put(field, value) == null);
      } else if (random.nextInt(10) < 8) {
        assertThat(hash.remove(field)).isEqualTo(model.remove(field) != null);
      } else {
        Bytes expected = model.get(field);
        assertThat(hash.contains(field)).isEqualTo(expected != null);
        assertThat(hash.get(field, span)).isEqualTo(expected != null);
        if (expected != null) {
          assertThat(span.toBytes()).isEqualTo(expected);
        }
      }
      if (i % (steps / 10) == 0) {
        assertSame(model);
      }
    }
    assertSame(model);
    long copied = HashValue.copy(arena, arena.getLong(cell), limits);
    for (Bytes field : List.copyOf(model.keySet())) {
      assertThat(hash.remove(field)).isTrue();
    }
    assertThat(hash.size()).isZero();
    // An empty table is down to one small page, whatever it was.
    long copyBytes = arena.usedBytes();
    HashValue.free(arena, arena.getLong(cell));
    arena.putLong(cell, copied);
    assertThat(copyBytes - arena.usedBytes()).isLessThan(300);
    assertSame(model);
  }

  private static Bytes field(int number, int longest) {
    String text = "field:" + number;
    if (number % 97 == 0 && longest > 60) {
      text += "x".repeat(longest / 2 + number % 200);
    }
    return Bytes.of(text);
  }

  private static Bytes value(Random random, int longest) {
    byte[] bytes = new byte[random.nextInt(random.nextInt(3) == 0 ? longest : 20)];
    random.nextBytes(bytes);
    return Bytes.of(bytes);
  }

  private void assertSame(Map<Bytes, Bytes> model) {
    assertThat(hash.size()).isEqualTo(model.size());
    int met = 0;
    HashValue.Entries all = hash.entries();
    while (all.next()) {
      Bytes expected = model.get(all.field().toBytes());
      assertThat(expected).isNotNull();
      if (!all.value().matches(expected)) {
        throw new AssertionError(all.field() + " is " + all.value() + ", not " + expected);
      }
      met++;
    }
    assertThat(met).isEqualTo(model.size());
  }

  @Test
  void staysPackedUpToTheLimitsAndInOrder() {
    for (int i = 0; i < 128; i++) {
      assertThat(hash.put(Bytes.of("f" + i), Bytes.of(i))).isTrue();
    }
    assertThat(hash.encoding()).isEqualTo("listpack");
    HashValue.Entries all = hash.entries();
    for (int i = 0; i < 128; i++) {
      assertThat(all.next()).isTrue();
      assertThat(all.field()).hasToString("f" + i);
      assertThat(all.value()).hasToString("" + i);
    }
    assertThat(all.next()).isFalse();
    assertThat(hash.put(Bytes.of("f5"), Bytes.of("x".repeat(64)))).isFalse();
    assertThat(hash.encoding()).isEqualTo("listpack");
    assertThat(hash.put(Bytes.of("one more"), Bytes.EMPTY)).isTrue();
    assertThat(hash.encoding()).isEqualTo("hashtable");
    assertThat(hash.size()).isEqualTo(129);
  }

  @Test
  void oneLongElementMakesItPaged() {
    hash.put(Bytes.of("a"), Bytes.of("1"));
    hash.put(Bytes.of("a"), Bytes.of("x".repeat(65)));
    assertThat(hash.encoding()).isEqualTo("hashtable");
    Span span = new Span(arena);
    assertThat(hash.get(Bytes.of("a"), span)).isTrue();
    assertThat(span.length()).isEqualTo(65);
    hash.remove(Bytes.of("a"));
    assertThat(hash.encoding()).isEqualTo("hashtable");
    assertThat(hash.size()).isZero();
  }

  @Test
  void packedIsNoLargerThanAListpack() {
    int payload = 0;
    for (int i = 0; i < 100; i++) {
      Bytes field = Bytes.of("field-" + i);
      Bytes value = Bytes.of("value of " + i);
      hash.put(field, value);
      payload += field.length() + value.length();
    }
    // Redis: 16 for the object, 7 for header and end, 2 for each element.
    assertThat(arena.usedBytes() - 8).isLessThanOrEqualTo((16 + 7 + 400 + payload) * 9L / 8);
  }

  @Test
  void valuesOfManyMegabytesComeAndGo() {
    byte[] large = new byte[5 << 20];
    new Random(1).nextBytes(large);
    Span span = new Span(arena);
    hash.put(Bytes.of("large"), Bytes.of(large));
    assertThat(hash.get(Bytes.of("large"), span)).isTrue();
    assertThat(span.toByteArray()).isEqualTo(large);
    hash.put(Bytes.of(large), Bytes.of("a long field"));
    assertThat(hash.get(Bytes.of(large), span)).isTrue();
    assertThat(span).hasToString("a long field");
    hash.put(Bytes.of("large"), Bytes.of(large, 0, 4 << 20));
    hash.put(Bytes.of("large"), Bytes.of("small"));
    assertThat(hash.get(Bytes.of("large"), span)).isTrue();
    assertThat(span).hasToString("small");
    assertThat(hash.remove(Bytes.of(large))).isTrue();
    assertThat(arena.usedBytes()).isLessThan(200);
  }

  @Test
  void outOfMemoryLeavesItAsItWas() {
    Random random = new Random(3);
    int copiesRefused = 0;
    try (Arena small = new Arena(SlabPool.shared(), 2 << 20)) {
      long at = small.allocate(8);
      long empty = small.usedBytes();
      for (int round = 0; round < 20; round++) {
        small.putLong(at, HashValue.create(small));
        HashValue tight = new HashValue(small, at, limits);
        Map<Bytes, Bytes> model = new HashMap<>();
        List<Long> ballast = new ArrayList<>();
        int refused = 0;
        while (refused < 200) {
          Bytes field = field(random.nextInt(20_000), 700);
          Bytes value = value(random, round % 2 == 0 ? 50 : 1500);
          long used = small.usedBytes();
          try {
            tight.put(field, value);
            model.put(field, value);
          } catch (OutOfArenaException full) {
            refused++;
            // A split may have happened; what is lost in it is at most a few size classes' slack.
            assertThat(small.usedBytes()).isLessThan(used + 10_000);
          }
          if (random.nextInt(4) == 0) {
            try {
              ballast.add(small.allocate(8L << random.nextInt(14)));
            } catch (OutOfArenaException full) {
              refused++;
            }
          }
        }
        long before = small.usedBytes();
        try {
          HashValue.free(small, HashValue.copy(small, small.getLong(at), limits));
        } catch (OutOfArenaException full) {
          copiesRefused++;
        }
        assertThat(small.usedBytes()).isEqualTo(before);
        Span span = new Span(small);
        model.forEach(
            (field, value) -> {
              assertThat(tight.get(field, span)).isTrue();
              assertThat(span.matches(value)).isTrue();
            });
        assertThat(tight.size()).isEqualTo(model.size());
        model.keySet().forEach(field -> assertThat(tight.remove(field)).isTrue());
        HashValue.free(small, small.getLong(at));
        ballast.forEach(small::free);
        assertThat(small.usedBytes()).isEqualTo(empty);
      }
    }
    assertThat(copiesRefused).isPositive();
  }

  /** Deadlines come, change and go with their fields, from one field to a table of thousands. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void keepsDeadlinesAsAMapDoes(long seed) {
    Random random = new Random(seed);
    int fields = new int[] {20, 300, 5000}[(int) seed - 1];
    Map<Bytes, Long> model = new HashMap<>();
    HashValue all = new HashValue(arena, cell, limits);
    for (int step = 1; step <= 30_000; step++) {
      Bytes field = field(random.nextInt(fields), 40);
      long deadline = 1L + random.nextInt(1000);
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          assertThat(all.put(field, field)).isEqualTo(model.put(field, HashValue.NEVER) == null);
        }
        case 2 -> {
          all.putKeepingDeadline(field, Bytes.of(deadline));
          model.putIfAbsent(field, HashValue.NEVER);
        }
        case 3 -> assertThat(all.remove(field)).isEqualTo(model.remove(field) != null);
        case 4 -> {
          boolean persisted = model.getOrDefault(field, HashValue.NEVER) != HashValue.NEVER;
          assertThat(all.persist(field)).isEqualTo(persisted);
          model.computeIfPresent(field, (f, old) -> HashValue.NEVER);
        }
        default -> {
          if (model.containsKey(field)) {
            all.expireAt(field, deadline);
            model.put(field, deadline);
          }
        }
      }
      if (step % 3000 == 0) {
        assertDeadlines(all, model);
        HashValue.timer(arena, arena.getLong(cell), HashValue.NO_TIMER, 0);
        assertVisible(model, 1L + random.nextInt(1000));
        long copy = HashValue.copy(arena, arena.getLong(cell), limits);
        HashValue.free(arena, arena.getLong(cell));
        arena.putLong(cell, copy);
        assertDeadlines(all, model);
      }
    }
  }

  private static void assertDeadlines(HashValue all, Map<Bytes, Long> model) {
    Map<Bytes, Long> found = new HashMap<>();
    HashValue.Entries entries = all.entries();
    while (entries.next()) {
      found.put(entries.field().toBytes(), entries.deadline());
    }
    assertThat(found).isEqualTo(model);
    List<Long> deadlines =
        model.values().stream().filter(time -> time != HashValue.NEVER).sorted().toList();
    assertThat(all.expiringSize()).isEqualTo(deadlines.size());
    assertThat(all.earliestDeadline())
        .isEqualTo(deadlines.isEmpty() ? HashValue.NEVER : deadlines.get(0));
    assertThat(all.due(500, 10).stream().map(model::get).toList())
        .isEqualTo(deadlines.stream().filter(time -> time <= 500).limit(10).toList());
  }

  /** What is due is not there, whichever way one looks. */
  private void assertVisible(Map<Bytes, Long> model, long now) {
    HashValue view = new HashValue(arena, cell, limits).asOf(now);
    Set<Bytes> live = new HashSet<>();
    model.forEach(
        (field, deadline) -> {
          boolean isLive = deadline == HashValue.NEVER || deadline > now;
          if (isLive) {
            live.add(field);
          }
          assertThat(view.contains(field)).isEqualTo(isLive);
          assertThat(view.get(field, new Span(arena))).isEqualTo(isLive);
        });
    assertThat(view.size()).isEqualTo(live.size());
    Set<Bytes> walked = new HashSet<>();
    HashValue.Entries entries = view.entries();
    while (entries.next()) {
      walked.add(entries.field().toBytes());
    }
    assertThat(walked).isEqualTo(live);
    Set<Bytes> scanned = new HashSet<>();
    long cursor = 0;
    do {
      cursor = view.scan(cursor, 10, (field, value) -> scanned.add(field.toBytes()));
    } while (cursor != 0);
    assertThat(scanned).isEqualTo(live);
    Span field = new Span(arena);
    for (int i = 0; i < 100 && !live.isEmpty(); i++) {
      view.randomEntry(new Random(now + i)::nextLong, field, new Span(arena));
      assertThat(live).contains(field.toBytes());
    }
  }

  /** Redis' promise, while the table grows and shrinks between the calls. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void scanMeetsAllThatIsThereThroughout(long seed) {
    Random random = new Random(seed);
    int stable = 2000;
    Set<String> names = new HashSet<>();
    for (int i = 0; i < stable; i++) {
      hash.put(Bytes.of("stable:" + i), Bytes.of(i));
      names.add("stable:" + i);
    }
    for (int round = 0; round < 6; round++) {
      Set<String> met = new HashSet<>();
      long cursor = 0;
      int others = 0;
      int calls = 0;
      boolean growing = round % 2 == 0;
      int count = 1 + random.nextInt(200);
      do {
        int[] visited = new int[1];
        cursor =
            hash.scan(
                cursor,
                count,
                (field, value) -> {
                  met.add(field.toString());
                  visited[0]++;
                });
        assertThat(visited[0]).isLessThanOrEqualTo(count * 3 + 32);
        for (int i = 0; i < 2 * count && others < 100_000; i++, others++) {
          Bytes field = Bytes.of("other:" + others);
          if (growing) {
            hash.put(field, Bytes.of("0123456789"));
          } else {
            hash.remove(field);
          }
        }
        calls++;
      } while (cursor != 0);
      assertThat(calls).isGreaterThan(stable / count / 4);
      assertThat(met.containsAll(names)).isTrue();
    }
  }

  @Test
  void aScanOfAnUnchangedTableMeetsEverythingOnceWithSmallCursors() {
    for (int i = 0; i < 10_000; i++) {
      hash.put(Bytes.of("field:" + i), Bytes.of(i));
    }
    List<String> met = new ArrayList<>();
    long cursor = 0;
    do {
      int[] visited = new int[1];
      cursor =
          hash.scan(
              cursor,
              10,
              (field, value) -> {
                met.add(field.toString());
                visited[0]++;
              });
      assertThat(visited[0]).isBetween(0, 60);
      assertThat(cursor).isBetween(0L, 1L << 24);
    } while (cursor != 0);
    assertThat(met).hasSize(10_000).doesNotHaveDuplicates();
  }

  @Test
  void aWalkFromAnyCursorEnds() {
    for (int i = 0; i < 5000; i++) {
      hash.put(Bytes.of("field:" + i), Bytes.of(i));
    }
    Random random = new Random(9);
    for (int i = 0; i < 1000; i++) {
      long cursor = random.nextLong() >>> random.nextInt(64);
      int[] visited = new int[1];
      cursor = hash.scan(cursor, 1 + random.nextInt(1000), (field, value) -> visited[0]++);
      for (int calls = 0; cursor != 0; calls++) {
        assertThat(calls).as("calls until the walk ends").isLessThan(100);
        cursor = hash.scan(cursor, 1000, (field, value) -> visited[0]++);
      }
      assertThat(visited[0]).isLessThanOrEqualTo(5000);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 129, 3000})
  void everyFieldIsAboutEquallyLikely(int fields) {
    for (int i = 0; i < fields; i++) {
      hash.put(Bytes.of("f" + i), Bytes.of("x".repeat(i % 40)));
    }
    Random random = new Random(4);
    Map<String, Integer> drawn = new HashMap<>();
    Span field = new Span(arena);
    Span value = new Span(arena);
    int draws = 200 * fields;
    for (int i = 0; i < draws; i++) {
      hash.randomEntry(random::nextLong, field, value);
      assertThat(value.length()).isEqualTo(Integer.parseInt(field.toString().substring(1)) % 40);
      drawn.merge(field.toString(), 1, Integer::sum);
    }
    double chiSquare = 0;
    for (int i = 0; i < fields; i++) {
      double difference = drawn.getOrDefault("f" + i, 0) - 200;
      chiSquare += difference * difference / 200;
    }
    assertThat(chiSquare).isLessThan(fields + 6 * Math.sqrt(2.0 * fields) + 1);
  }

  @Test
  void aTableIsFarSmallerThanRedis() {
    int fields = 200_000;
    int payload = 0;
    for (int i = 0; i < fields; i++) {
      Bytes field = Bytes.of("field:" + i);
      Bytes value = Bytes.of("value of the field " + i);
      hash.put(field, value);
      payload += field.length() + value.length();
    }
    assertThat((arena.usedBytes() - payload) / (double) fields).isLessThan(16);
  }
}
