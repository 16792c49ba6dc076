package io.pillion.engine.datatype;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SetValueTest {
  private final Arena arena = new Arena(SlabPool.shared(), 128 << 20, 78);
  private final TypeLimits limits = new TypeLimits();
  private final long cell = arena.allocate(8);
  private final SetValue set = open();

  private SetValue open() {
    arena.putLong(cell, SetValue.create(arena));
    return new SetValue(arena, cell, limits);
  }

  private void renew() {
    SetValue.free(arena, arena.getLong(cell));
    arena.putLong(cell, SetValue.create(arena));
  }

  @AfterEach
  void freesAll() {
    SetValue.free(arena, arena.getLong(cell));
    arena.free(cell);
    assertThat(arena.usedBytes()).isZero();
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7})
  void doesWhatASetDoes(long seed) {
    Random random = new Random(seed);
    int range = new int[] {100, 100, 400, 2000, 20_000, 60_000, 3000}[(int) seed - 1];
    int text = new int[] {0, 50, 0, 30, 90, 0, 100}[(int) seed - 1];
    int steps = 60_000;
    Set<Bytes> model = new HashSet<>();
    for (int i = 0; i < steps; i++) {
      boolean growing = (i / (steps / 4)) % 2 == 0;
      Bytes member = member(random.nextInt(range), text, seed);
      if (random.nextInt(10) < (growing ? 7 : 2)) {
        assertThat(set.add(member)).isEqualTo(model.add(member));
      } else if (random.nextInt(10) < 8) {
        assertThat(set.remove(member)).isEqualTo(model.remove(member));
      } else {
        assertThat(set.contains(member)).isEqualTo(model.contains(member));
      }
      if (i % (steps / 10) == 0) {
        assertSame(model);
      }
    }
    assertSame(model);
    long original = arena.getLong(cell);
    arena.putLong(cell, SetValue.copy(arena, original));
    SetValue.free(arena, original);
    assertSame(model);
    for (Bytes member : model) {
      assertThat(set.remove(member)).isTrue();
    }
    assertThat(set.size()).isZero();
    assertThat(arena.usedBytes()).isLessThan(300);
  }

  /** A member of its own for each number; {@code text} of a hundred are no integers. */
  private static Bytes member(int number, int text, long seed) {
    if (number % 100 < text) {
      return Bytes.of("m" + number + (seed == 7 ? "x".repeat(number % 500) : ""));
    }
    long[] scales = {1, 100, 10_000_000, 10_000_000_000_000_000L};
    long scale = scales[(int) (number % Math.min(4, seed))];
    return Bytes.of((number % 2 == 0 ? number : -number) * scale + scale / 3);
  }

  private void assertSame(Set<Bytes> model) {
    assertThat(set.size()).isEqualTo(model.size());
    Set<Bytes> met = new HashSet<>();
    SetValue.Members all = set.members();
    while (all.next()) {
      assertThat(met.add(all.member().bytes().copy())).isTrue();
    }
    assertThat(met.equals(model)).isTrue();
  }

  @Test
  void integersStaySortedAndNarrow() {
    TreeSet<Long> model = new TreeSet<>();
    Random random = new Random(3);
    for (int i = 0; i < 512; i++) {
      long number = random.nextLong() >> random.nextInt(64);
      assertThat(set.add(Bytes.of(number))).isEqualTo(model.add(number));
    }
    assertThat(set.encoding()).isEqualTo("intset");
    SetValue.Members all = set.members();
    for (long number : model) {
      assertThat(all.next()).isTrue();
      assertThat(all.member().isInteger()).isTrue();
      assertThat(all.member().integer()).isEqualTo(number);
    }
    assertThat(all.next()).isFalse();
    assertThat(arena.usedBytes()).isLessThan(8 + (8 + model.size() * 8L) * 9 / 8 + 1);
    renew();
    for (int i = 0; i < 512; i++) {
      set.add(Bytes.of(i));
    }
    assertThat(arena.usedBytes()).isLessThan(8 + (8 + 1024) * 9 / 8 + 1);
    set.add(Bytes.of(511));
    assertThat(set.encoding()).isEqualTo("intset");
    set.add(Bytes.of(512));
    assertThat(set.encoding()).isEqualTo("hashtable");
    assertThat(set.size()).isEqualTo(513);
  }

  @Test
  void onlyRedisOwnFormOfAnIntegerIsOne() {
    for (String text :
        List.of("0", "-1", "12", "9223372036854775807", "-9223372036854775808", "100")) {
      assertThat(Integers.isInteger(Bytes.of(text))).as(text).isTrue();
      assertThat(Integers.parse(Bytes.of(text))).isEqualTo(Long.parseLong(text));
    }
    for (String text :
        List.of(
            "",
            "-",
            "+1",
            "-0",
            "01",
            "00",
            " 1",
            "1 ",
            "1.0",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
            "18446744073709551616",
            "1e3",
            "a")) {
      assertThat(Integers.isInteger(Bytes.of(text))).as(text).isFalse();
    }
  }

  @Test
  void layoutsFollowTheLimits() {
    set.add(Bytes.of(1));
    set.add(Bytes.of("a"));
    assertThat(set.encoding()).isEqualTo("listpack");
    set.remove(Bytes.of("a"));
    assertThat(set.encoding()).isEqualTo("listpack");
    set.add(Bytes.of("x".repeat(65)));
    assertThat(set.encoding()).isEqualTo("hashtable");
    renew();
    for (int i = 0; i < 128; i++) {
      set.add(Bytes.of("m" + i));
    }
    assertThat(set.encoding()).isEqualTo("listpack");
    set.add(Bytes.of("m128"));
    assertThat(set.encoding()).isEqualTo("hashtable");
    renew();
    for (int i = 0; i < 128; i++) {
      set.add(Bytes.of(i));
    }
    set.add(Bytes.of("a"));
    assertThat(set.encoding()).isEqualTo("hashtable");
    assertThat(set.size()).isEqualTo(129);
  }

  @Test
  void theNumberOfMembersToComeDecidesToo() {
    set.expect(Bytes.of("a"), 128);
    assertThat(set.encoding()).isEqualTo("listpack");
    set.expect(Bytes.of("a"), 129);
    assertThat(set.encoding()).isEqualTo("hashtable");
    renew();
    set.expect(Bytes.of(1), 512);
    assertThat(set.encoding()).isEqualTo("intset");
    set.expect(Bytes.of(1), 513);
    assertThat(set.encoding()).isEqualTo("hashtable");
    renew();
    set.expect(Bytes.of("a"), 200);
    assertThat(set.encoding()).isEqualTo("hashtable");
    renew();
    limits.setMaxIntegers = 10;
    set.expect(Bytes.of(1), 11);
    assertThat(set.encoding()).isEqualTo("listpack");
  }

  @Test
  void aVeryLargeSetOfIntegersMayBecomeATable() {
    limits.setMaxIntegers = 300_000;
    for (int i = 0; i < 200_000; i++) {
      set.add(Bytes.of(i));
    }
    assertThat(set.encoding()).isEqualTo("intset");
    for (int i = 0; i < 1000; i++) {
      assertThat(set.remove(Bytes.of(i))).isTrue();
    }
    set.add(Bytes.of("a"));
    assertThat(set.encoding()).isEqualTo("hashtable");
    assertThat(set.size()).isEqualTo(199_001);
    assertThat(set.contains(Bytes.of(199_999))).isTrue();
  }

  @Test
  void outOfMemoryLeavesItAsItWas() {
    Random random = new Random(3);
    try (Arena small = new Arena(SlabPool.shared(), 1 << 20)) {
      for (int round = 0; round < 20; round++) {
        long at = small.allocate(8);
        small.putLong(at, SetValue.create(small));
        SetValue tight = new SetValue(small, at, limits);
        Set<Bytes> model = new HashSet<>();
        List<Long> ballast = new ArrayList<>();
        try {
          while (round % 2 == 0) {
            ballast.add(small.allocate(8 << random.nextInt(12)));
          }
        } catch (OutOfArenaException full) {
          for (int i = 0; i < random.nextInt(20); i++) {
            small.free(ballast.remove(ballast.size() - 1));
          }
        }
        for (int i = 0, refused = 0; refused < 100; i++) {
          Bytes member = member(random.nextInt(100_000), i < 400 ? 0 : 50, 7);
          try {
            tight.add(member);
            model.add(member);
          } catch (OutOfArenaException full) {
            refused++;
          }
        }
        for (Bytes member : model) {
          assertThat(tight.contains(member)).isTrue();
        }
        assertThat(tight.size()).isEqualTo(model.size());
        for (Bytes member : model) {
          assertThat(tight.remove(member)).isTrue();
        }
        SetValue.free(small, small.getLong(at));
        small.free(at);
        ballast.forEach(small::free);
        assertThat(small.usedBytes()).isZero();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"intset", "listpack", "hashtable"})
  void everyMemberIsAboutEquallyLikelyWhilePopped(String encoding) {
    int members = encoding.equals("hashtable") ? 2000 : 100;
    for (int i = 0; i < members; i++) {
      set.add(encoding.equals("intset") ? Bytes.of(i) : Bytes.of("m" + i));
    }
    assertThat(set.encoding()).isEqualTo(encoding);
    Random random = new Random(4);
    SetValue.Sampler sampler = set.sampler(random::nextLong);
    Map<String, Integer> drawn = new HashMap<>();
    for (int i = 0; i < 100 * members; i++) {
      drawn.merge(sampler.next().bytes().toString(), 1, Integer::sum);
    }
    assertThat(drawn).hasSize(members);
    double chiSquare = 0;
    for (int times : drawn.values()) {
      chiSquare += (times - 100.0) * (times - 100) / 100;
    }
    assertThat(chiSquare).isLessThan(members + 6 * Math.sqrt(2.0 * members));
    for (int i = members; i > 0; i--) {
      assertThat(set.remove(sampler.next().bytes())).isTrue();
    }
    assertThat(set.size()).isZero();
  }

  @Test
  void scanMeetsAllMembers() {
    for (int i = 0; i < 3000; i++) {
      set.add(Bytes.of("member:" + i));
    }
    Set<String> met = new HashSet<>();
    long cursor = 0;
    do {
      cursor = set.scan(cursor, 10, member -> met.add(member.bytes().toString()));
    } while (cursor != 0);
    assertThat(met).hasSize(3000);
    renew();
    set.add(Bytes.of(5));
    assertThat(set.scan(77, 10, member -> met.add(member.bytes().toString()))).isZero();
    assertThat(met).contains("5");
  }

  @Test
  void aTableOfShortMembersIsFarSmallerThanRedis() {
    int members = 200_000;
    for (int i = 0; i < members; i++) {
      set.add(Bytes.of("member:" + (100_000 + i)));
    }
    assertThat(arena.usedBytes() / (double) members - 13).isLessThan(8);
  }
}
