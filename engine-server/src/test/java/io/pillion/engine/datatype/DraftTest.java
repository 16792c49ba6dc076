package io.pillion.engine.datatype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Collections that are put together at once are those that commands make of the same elements. */
class DraftTest {
  private final TypeLimits limits = new TypeLimits();
  private final Arena arena = new Arena(SlabPool.shared(), 64 << 20, /* hashSeed= */ 42);
  private final long built = arena.allocate(8);
  private final long drafted = arena.allocate(8);
  private final long baseline = arena.usedBytes();

  @AfterEach
  void leavesNothingBehind() {
    assertThat(arena.usedBytes()).isEqualTo(baseline);
    arena.close();
  }

  /** Distinct strings and integers. */
  private static List<Bytes> elements(Random random, int count, int mostBytes) {
    Map<Bytes, Boolean> distinct = new LinkedHashMap<>();
    while (distinct.size() < count) {
      byte[] bytes = new byte[random.nextInt(mostBytes + 1)];
      random.nextBytes(bytes);
      long number = random.nextLong() >> random.nextInt(64);
      distinct.put(random.nextInt(3) == 0 ? Bytes.of(number) : Bytes.of(bytes), true);
    }
    return new ArrayList<>(distinct.keySet());
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 20",
    "2, 30, 20",
    "3, 128, 64",
    "4, 129, 64",
    "5, 40, 70",
    "6, 600, 300",
    "7, 5000, 30"
  })
  void hashes(long seed, int fields, int mostBytes) {
    Random random = new Random(seed);
    HashDraft draft = new HashDraft(arena, limits);
    for (int round = 0; round < 20; round++) {
      arena.putLong(built, HashValue.create(arena));
      HashValue hash = new HashValue(arena, built, limits);
      draft.begin(round % 2 == 0 ? 0 : fields);
      for (Bytes field : elements(random, fields, mostBytes)) {
        Bytes value = elements(random, 1, mostBytes).get(0);
        hash.put(field, value);
        draft.field(field);
        assertThat(draft.value(value)).isTrue();
      }
      assertThat(draft.size()).isEqualTo(fields);
      arena.putLong(drafted, draft.finish());
      HashValue other = new HashValue(arena, drafted, limits);
      assertThat(other.encoding()).isEqualTo(hash.encoding());
      assertThat(contents(other)).isEqualTo(contents(hash));
      HashValue.free(arena, arena.getLong(built));
      HashValue.free(arena, arena.getLong(drafted));
    }
  }

  private static Map<Bytes, Bytes> contents(HashValue hash) {
    Map<Bytes, Bytes> contents = new LinkedHashMap<>();
    HashValue.Entries all = hash.entries();
    while (all.next()) {
      contents.put(all.field().toBytes(), all.value().toBytes());
    }
    return contents;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 20",
    "2, 30, 20",
    "3, 128, 64",
    "4, 129, 64",
    "5, 40, 70",
    "6, 600, 300",
    "7, 5000, 30"
  })
  void sets(long seed, int members, int mostBytes) {
    Random random = new Random(seed);
    SetDraft draft = new SetDraft(arena, limits);
    for (int round = 0; round < 20; round++) {
      arena.putLong(built, SetValue.create(arena));
      SetValue set = new SetValue(arena, built, limits);
      List<Bytes> elements = elements(random, members, mostBytes);
      set.expect(elements.get(0), members);
      draft.begin(members);
      for (Bytes member : elements) {
        set.add(member);
        assertThat(draft.add(member)).isTrue();
      }
      assertThat(draft.size()).isEqualTo(members);
      arena.putLong(drafted, draft.finish());
      SetValue other = new SetValue(arena, drafted, limits);
      assertThat(other.encoding()).isEqualTo(set.encoding());
      assertThat(contents(other)).containsExactlyInAnyOrderElementsOf(contents(set));
      SetValue.free(arena, arena.getLong(built));
      SetValue.free(arena, arena.getLong(drafted));
    }
  }

  private static List<Bytes> contents(SetValue set) {
    List<Bytes> contents = new ArrayList<>();
    SetValue.Members all = set.members();
    while (all.next()) {
      contents.add(all.member().bytes().copy());
    }
    return contents;
  }

  @ParameterizedTest
  @CsvSource({"2, 3", "4, 3", "8, 3", "2, 512", "4, 513", "8, 700"})
  void setsOfIntegers(int width, int members) {
    byte[] bytes = new byte[members * width];
    arena.putLong(built, SetValue.create(arena));
    SetValue set = new SetValue(arena, built, limits);
    for (int i = 0; i < members; i++) {
      long value = (i - 5L) << (8 * width - 16);
      set.add(Bytes.of(value));
      for (int j = 0; j < width; j++) {
        bytes[i * width + j] = (byte) (value >> (8 * j));
      }
    }
    SetDraft draft = new SetDraft(arena, limits);
    draft.begin(members);
    assertThat(draft.integers(Bytes.of(bytes), width)).isTrue();
    arena.putLong(drafted, draft.finish());
    SetValue other = new SetValue(arena, drafted, limits);
    assertThat(other.encoding()).isEqualTo(set.encoding());
    assertThat(contents(other)).containsExactlyInAnyOrderElementsOf(contents(set));
    SetValue.free(arena, arena.getLong(built));
    SetValue.free(arena, arena.getLong(drafted));
    System.arraycopy(bytes, width, bytes, 0, width);
    draft.begin(members);
    assertThat(draft.integers(Bytes.of(bytes), width)).as("one twice").isFalse();
    draft.abandon();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 20",
    "2, 30, 20",
    "3, 128, 64",
    "4, 129, 64",
    "5, 40, 70",
    "6, 600, 300",
    "7, 5000, 30"
  })
  void sortedSets(long seed, int members, int mostBytes) {
    Random random = new Random(seed);
    SortedSetDraft draft = new SortedSetDraft(arena, limits);
    for (int round = 0; round < 20; round++) {
      arena.putLong(built, SortedSetValue.create(arena));
      SortedSetValue set = new SortedSetValue(arena, built, limits);
      List<Bytes> elements = elements(random, members, mostBytes);
      double[] scores = {0, -0.0, 1, -300, 70_000, 0.5, 1e300, Double.NEGATIVE_INFINITY};
      for (Bytes member : elements) {
        set.put(member, scores[random.nextInt(scores.length)]);
      }
      if (round % 2 == 0) {
        elements.clear();
        SortedSetValue.Entries all = set.byRank(0, /* reverse= */ round % 4 == 0);
        while (all.next()) {
          elements.add(all.member().toBytes());
        }
      }
      draft.begin(round % 3 == 0 ? 0 : members);
      for (Bytes member : elements) {
        set.seek(member);
        assertThat(draft.add(member, set.score())).isTrue();
      }
      assertThat(draft.size()).isEqualTo(members);
      arena.putLong(drafted, draft.finish());
      SortedSetValue other = new SortedSetValue(arena, drafted, limits);
      assertThat(other.encoding()).isEqualTo(set.encoding());
      assertThat(contents(other)).isEqualTo(contents(set));
      SortedSetValue.free(arena, arena.getLong(built));
      SortedSetValue.free(arena, arena.getLong(drafted));
    }
  }

  private static List<String> contents(SortedSetValue set) {
    List<String> contents = new ArrayList<>();
    SortedSetValue.Entries all = set.byRank(0, /* reverse= */ false);
    while (all.next()) {
      contents.add(all.score() + " " + all.member().toBytes());
    }
    return contents;
  }

  @ParameterizedTest
  @CsvSource({
    "1, -2, 20, 1",
    "2, -2, 60, 2000",
    "3, -1, 300, 300",
    "4, 1, 10, 30",
    "5, 7, 10, 300",
    "6, -1, 20000, 40",
    "7, -5, 300000, 20",
    "8, -2, 8200, 1"
  })
  void lists(long seed, int pageLimit, int mostBytes, int size) {
    limits.listMaxPackedSize = pageLimit;
    Random random = new Random(seed);
    ListDraft draft = new ListDraft(arena, limits);
    for (int round = 0; round < 10; round++) {
      arena.putLong(built, ListValue.create(arena));
      ListValue list = new ListValue(arena, built, limits);
      draft.begin();
      for (Bytes element : elements(random, size, mostBytes)) {
        list.pushTail(element);
        draft.add(element);
      }
      assertThat(draft.size()).isEqualTo(size);
      arena.putLong(drafted, draft.finish());
      ListValue other = new ListValue(arena, drafted, limits);
      assertThat(other.encoding()).isEqualTo(list.encoding());
      assertThat(contents(other, /* reverse= */ false)).isEqualTo(contents(list, false));
      assertThat(contents(other, /* reverse= */ true)).isEqualTo(contents(list, true));
      other.removeRange(0, size / 2);
      other.pushTail(Bytes.of("another"));
      ListValue.free(arena, arena.getLong(built));
      ListValue.free(arena, arena.getLong(drafted));
    }
  }

  private static List<Bytes> contents(ListValue list, boolean reverse) {
    List<Bytes> contents = new ArrayList<>();
    ListValue.Elements all = list.elements(0, reverse);
    while (all.next()) {
      contents.add(all.toBytes());
    }
    return contents;
  }

  @Test
  void whatIsThereTwiceIsFound() {
    for (int size : new int[] {10, 200}) {
      List<Bytes> elements = elements(new Random(size), size, 20);
      Bytes twice = elements.get(size / 2);
      SetDraft set = new SetDraft(arena, limits);
      HashDraft hash = new HashDraft(arena, limits);
      SortedSetDraft sortedSet = new SortedSetDraft(arena, limits);
      set.begin(0);
      hash.begin(0);
      sortedSet.begin(0);
      double score = 0;
      for (Bytes element : elements) {
        set.add(element);
        hash.field(element);
        hash.value(element);
        sortedSet.add(element, score++);
      }
      assertThat(set.add(twice)).isFalse();
      hash.field(twice);
      assertThat(hash.value(twice)).isFalse();
      assertThat(sortedSet.add(twice, score)).isFalse();
      set.abandon();
      hash.abandon();
      sortedSet.abandon();
    }
  }

  @Test
  void whatDoesNotFitLeavesNothing() {
    try (Arena small = new Arena(SlabPool.shared(), 1 << 20)) {
      HashDraft hash = new HashDraft(small, limits);
      ListDraft list = new ListDraft(small, limits);
      SetDraft set = new SetDraft(small, limits);
      SortedSetDraft sortedSet = new SortedSetDraft(small, limits);
      List<Bytes> elements = elements(new Random(9), 60_000, 60);
      List<Runnable> fills =
          List.of(
              () ->
                  elements.forEach(
                      element -> {
                        hash.field(element);
                        hash.value(element);
                      }),
              () -> elements.forEach(list::add),
              () -> elements.forEach(set::add),
              () -> elements.forEach(element -> sortedSet.add(element, 1)));
      hash.begin(0);
      list.begin();
      set.begin(0);
      sortedSet.begin(0);
      List<Draft> drafts = List.of(hash, list, set, sortedSet);
      for (int i = 0; i < drafts.size(); i++) {
        assertThatThrownBy(fills.get(i)::run).isInstanceOf(OutOfArenaException.class);
        drafts.get(i).abandon();
        assertThat(small.usedBytes()).isZero();
      }
    }
  }
}
