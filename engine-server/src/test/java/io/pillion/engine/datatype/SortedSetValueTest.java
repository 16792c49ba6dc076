package io.pillion.engine.datatype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sorted sets against a model: the same operations on both, small and large. */
class SortedSetValueTest {
  private record Entry(Bytes member, double score) {
    /** Small sets do not keep the sign of a zero. */
    Entry {
      score += 0.0;
    }
  }

  // As C compares doubles: 0.0 and -0.0 are equal.
  private static final Comparator<Entry> ORDER =
      (a, b) -> a.score < b.score ? -1 : a.score > b.score ? 1 : a.member.compareTo(b.member);

  private final Arena arena = new Arena(SlabPool.shared(), 64 << 20);
  private final long cell = arena.allocate(8);
  private final long baseline = arena.usedBytes();
  private final TypeLimits limits = new TypeLimits();
  private final Map<Bytes, Double> model = new HashMap<>();

  SortedSetValueTest() {
    arena.putLong(cell, SortedSetValue.create(arena));
  }

  @AfterEach
  void leavesNothingBehind() {
    SortedSetValue.free(arena, arena.getLong(cell));
    assertThat(arena.usedBytes()).isEqualTo(baseline);
    arena.close();
  }

  private SortedSetValue set() {
    return new SortedSetValue(arena, cell, limits);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 40, 3000, 1", // packed all the time
    "2, 170, 4000, 0", // around the border
    "3, 3000, 12000, 0", // a tree of two levels
    "4, 20000, 60000, 5", // of three
    "5, 500, 5000, 2", // few scores, long members
    "6, 3000, 20000, 3", // ascending scores
    "7, 3000, 20000, 4", // descending scores
  })
  void behavesAsTheModel(long seed, int members, int steps, int style) {
    Random random = new Random(seed);
    for (int step = 0; step < steps; step++) {
      Bytes member = member(random, members, style);
      // Phases of growth and of shrinkage.
      boolean grows = (step / Math.max(1, steps / 6)) % 2 == 0;
      int action = random.nextInt(100);
      if (action < (grows ? 85 : 25)) {
        double score = score(random, style, step);
        set().put(member, score);
        model.merge(member, score, (was, is) -> was.doubleValue() == is ? was : is);
      } else if (action < 95) {
        assertThat(set().remove(member)).isEqualTo(model.remove(member) != null);
      } else if (action == 95 && !model.isEmpty() && random.nextInt(10) == 0) {
        int from = random.nextInt(model.size());
        int count = random.nextInt(Math.min(model.size() - from, model.size() / 3 + 1) + 1);
        List<Entry> sorted = sorted();
        set().removeRange(from, count);
        sorted.subList(from, from + count).forEach(e -> model.remove(e.member));
      } else {
        check(random, member);
      }
      assertThat(set().size()).isEqualTo(model.size());
      if (step % Math.max(1, steps / 12) == 0) {
        checkAll(random, "step " + step);
      }
    }
    checkAll(random, "end");
    assertThat(set().encoding()).isEqualTo(members <= 40 ? "listpack" : "skiplist");
  }

  private static Bytes member(Random random, int members, int style) {
    int number = random.nextInt(members);
    return style == 2
        ? Bytes.of(("m" + number + ";").repeat(1 + number % 40))
        : Bytes.of(number % 7 == 0 ? "" + number : "member:" + number);
  }

  private static double score(Random random, int style, int step) {
    if (style == 3) {
      return step;
    }
    if (style == 4) {
      return -step * 0.5;
    }
    if (style == 5) {
      return random.nextInt(1_000_000);
    }
    return switch (random.nextInt(10)) {
      case 0 -> Double.POSITIVE_INFINITY;
      case 1 -> Double.NEGATIVE_INFINITY;
      case 2 -> -0.0;
      case 3 -> 0.0;
      case 4 -> random.nextInt(300) - 150;
      case 5 -> random.nextInt();
      case 6 -> random.nextLong();
      case 7 -> random.nextInt(4);
      case 8 -> random.nextInt(100) + 0.5;
      default -> style == 2 ? 1 : random.nextGaussian();
    };
  }

  private List<Entry> sorted() {
    List<Entry> entries = new ArrayList<>();
    model.forEach((member, score) -> entries.add(new Entry(member, score)));
    entries.sort(ORDER);
    return entries;
  }

  private void check(Random random, Bytes member) {
    Double score = model.get(member);
    SortedSetValue set = set();
    assertThat(set.seek(member)).isEqualTo(score != null);
    if (score != null) {
      assertThat(set.score() == score).isTrue();
      Entry wanted = new Entry(member, score);
      long rank =
          model.entrySet().stream()
              .filter(e -> ORDER.compare(new Entry(e.getKey(), e.getValue()), wanted) < 0)
              .count();
      assertThat(set.rank(member)).isEqualTo((int) rank);
    } else {
      assertThat(set.rank(member)).isEqualTo(-1);
    }
    double bound = score(random, 0, 0);
    assertThat(set.countBelow(bound, false))
        .isEqualTo((int) model.values().stream().filter(s -> s < bound).count());
    assertThat(set.countBelow(bound, true))
        .isEqualTo((int) model.values().stream().filter(s -> s <= bound).count());
  }

  private void checkAll(Random random, String where) {
    SortedSetValue set = set();
    set.check(where);
    List<Entry> sorted = sorted();
    assertThat(walk(set.byRank(0, false))).isEqualTo(sorted);
    int from = random.nextInt(sorted.size() + 1);
    assertThat(walk(set.byRank(from, false))).isEqualTo(sorted.subList(from, sorted.size()));
    List<Entry> reversed = new ArrayList<>(sorted);
    Collections.reverse(reversed);
    assertThat(walk(set.byRank(0, true))).isEqualTo(reversed);
    assertThat(walk(set.byRank(from, true))).isEqualTo(reversed.subList(from, reversed.size()));
    Set<Bytes> scanned = new HashSet<>();
    long cursor = 0;
    do {
      SortedSetValue.Entries page = set.scan(cursor);
      while (page.next()) {
        Bytes member = page.member().toBytes();
        assertThat(model.getOrDefault(member, Double.NaN) == page.score()).isTrue();
        scanned.add(member);
      }
      cursor = page.nextCursor();
    } while (cursor != 0);
    assertThat(scanned).isEqualTo(model.keySet());
  }

  private static List<Entry> walk(SortedSetValue.Entries entries) {
    List<Entry> walked = new ArrayList<>();
    while (entries.next()) {
      walked.add(new Entry(entries.member().toBytes(), entries.score()));
    }
    return walked;
  }

  @ParameterizedTest
  @CsvSource({"20", "2000"})
  void countsByMemberWhenScoresAreEqual(int members) {
    List<Bytes> sorted = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      Bytes member = Bytes.of("m" + i * 7 % members);
      set().put(member, 1);
      sorted.add(member);
    }
    Collections.sort(sorted);
    for (int i = 0; i < members; i += 3) {
      assertThat(set().countBefore(sorted.get(i), false)).isEqualTo(i);
      assertThat(set().countBefore(sorted.get(i), true)).isEqualTo(i + 1);
    }
    assertThat(set().countBefore(Bytes.EMPTY, true)).isZero();
    assertThat(set().countBefore(Bytes.of("z"), false)).isEqualTo(members);
  }

  @Test
  void becomesLargeAtTheLimitsAndStaysSo() {
    for (int i = 0; i < 128; i++) {
      set().put(Bytes.of("m" + i), i);
    }
    assertThat(set().encoding()).isEqualTo("listpack");
    set().put(Bytes.of("m5"), 500);
    assertThat(set().encoding()).isEqualTo("listpack");
    set().put(Bytes.of("m128"), 128);
    assertThat(set().encoding()).isEqualTo("skiplist");
    set().removeRange(0, 128);
    assertThat(set().encoding()).isEqualTo("skiplist");
    assertThat(walk(set().byRank(0, false))).containsExactly(new Entry(Bytes.of("m5"), 500));
    set().removeRange(0, 1);
    assertThat(set().size()).isZero();
    set().put(Bytes.of("again"), 1);
    assertThat(set().rank(Bytes.of("again"))).isZero();
  }

  @Test
  void longMembersMakeItLarge() {
    set().put(Bytes.of("x".repeat(64)), 1);
    assertThat(set().encoding()).isEqualTo("listpack");
    Bytes huge = Bytes.of("y".repeat(3 << 20));
    set().put(huge, 2);
    assertThat(set().encoding()).isEqualTo("skiplist");
    assertThat(set().rank(huge)).isEqualTo(1);
    assertThat(walk(set().byRank(0, true)).get(0).member()).isEqualTo(huge);
  }

  @Test
  void keepsItsSmallEncodingsOfScores() {
    double[] scores = {
      0,
      1,
      -1,
      127,
      -128,
      128,
      32767,
      -32768,
      32768,
      Integer.MAX_VALUE,
      Integer.MIN_VALUE,
      2147483648.0,
      0.5,
      0.1,
      1e300,
      -1e-300,
      Double.MIN_VALUE,
      Double.MAX_VALUE
    };
    for (int i = 0; i < scores.length; i++) {
      set().put(Bytes.of("m" + i), scores[i]);
    }
    for (int i = 0; i < scores.length; i++) {
      SortedSetValue set = set();
      assertThat(set.seek(Bytes.of("m" + i))).isTrue();
      assertThat(Double.doubleToRawLongBits(set.score()))
          .isEqualTo(Double.doubleToRawLongBits(scores[i]));
    }
  }

  @ParameterizedTest
  @CsvSource({"100", "5000"})
  void copies(int members) {
    for (int i = 0; i < members; i++) {
      set().put(Bytes.of("m" + i), i % 17);
    }
    long other = arena.allocate(8);
    arena.putLong(other, SortedSetValue.copy(arena, arena.getLong(cell), limits));
    SortedSetValue copy = new SortedSetValue(arena, other, limits);
    assertThat(copy.encoding()).isEqualTo(set().encoding());
    assertThat(walk(copy.byRank(0, false))).isEqualTo(walk(set().byRank(0, false)));
    SortedSetValue.free(arena, arena.getLong(other));
    arena.free(other);
  }

  @Test
  void scanMeetsEveryMemberThatStaysWhilePagesSplitAndMerge() {
    Random random = new Random(11);
    Set<Bytes> staying = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      Bytes member = Bytes.of("stays" + i);
      staying.add(member);
      set().put(member, i);
    }
    Set<Bytes> seen = new HashSet<>();
    long cursor = 0;
    int round = 0;
    do {
      SortedSetValue.Entries page = set().scan(cursor);
      while (page.next()) {
        seen.add(page.member().toBytes());
      }
      cursor = page.nextCursor();
      boolean grows = round++ % 20 < 10;
      for (int i = 0; i < 500; i++) {
        Bytes passing = Bytes.of("passes" + random.nextInt(5000));
        if (grows) {
          set().put(passing, i);
        } else {
          set().remove(passing);
        }
      }
    } while (cursor != 0);
    assertThat(seen).containsAll(staying);
  }

  @Test
  void runningOutOfMemoryChangesNothing() {
    Arena small = new Arena(SlabPool.shared(), 3 << 20);
    long smallCell = small.allocate(8);
    small.putLong(smallCell, SortedSetValue.create(small));
    int[] added = {0};
    assertThatThrownBy(
            () -> {
              for (; ; added[0]++) {
                SortedSetValue set = new SortedSetValue(small, smallCell, limits);
                set.put(Bytes.of("member" + added[0]), added[0] * 7 % 1000);
              }
            })
        .isInstanceOf(OutOfArenaException.class);
    SortedSetValue set = new SortedSetValue(small, smallCell, limits);
    set.check("out of memory");
    assertThat(set.size()).isEqualTo(added[0]).isGreaterThan(20_000);
    for (int i = 0; i < added[0]; i++) {
      assertThat(set.seek(Bytes.of("member" + i))).isTrue();
    }
    assertThat(set.seek(Bytes.of("member" + added[0]))).isFalse();
    SortedSetValue.free(small, small.getLong(smallCell));
    small.free(smallCell);
    assertThat(small.usedBytes()).isZero();
    small.close();
  }
}
