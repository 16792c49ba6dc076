package io.pillion.engine.datatype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists against a model: the same operations on both, small and large. */
class ListValueTest {
  private final Arena arena = new Arena(SlabPool.shared(), 64 << 20);
  private final long cell = arena.allocate(8);
  private final long baseline = arena.usedBytes();
  private final TypeLimits limits = new TypeLimits();
  private final List<Bytes> model = new ArrayList<>();

  ListValueTest() {
    arena.putLong(cell, ListValue.create(arena));
  }

  @AfterEach
  void leavesNothingBehind() {
    ListValue.free(arena, arena.getLong(cell));
    assertThat(arena.usedBytes()).isEqualTo(baseline);
    arena.close();
  }

  private ListValue list() {
    return new ListValue(arena, cell, limits);
  }

  @ParameterizedTest
  @CsvSource({
    "1, -2, 20, 60, 4000", // small all the time
    "2, -2, 300, 900, 4000", // around the border
    "3, -1, 300, 3000, 6000",
    "4, -5, 5000, 6000, 6000",
    "5, 1, 10, 200, 3000",
    "6, 7, 10, 500, 4000",
    "7, -1, 20000, 400, 2000", // elements larger than a page
    "8, 0, 10, 50, 500",
  })
  void behavesAsTheModel(long seed, int pageLimit, int elementBytes, int size, int steps) {
    limits.listMaxPackedSize = pageLimit;
    Random random = new Random(seed);
    for (int step = 0; step < steps; step++) {
      boolean grows = model.size() < size && (step / (steps / 5)) % 2 == 0;
      Bytes element = element(random, elementBytes);
      int action = random.nextInt(100);
      if (action < (grows ? 70 : 25)) {
        add(random, element);
      } else if (action < 85) {
        removeSome(random);
      } else if (action < 92 && !model.isEmpty()) {
        int index = random.nextInt(model.size());
        list().set(index, element);
        model.set(index, element);
      } else if (action < 95) {
        removeInAWalk(random);
      } else {
        checkFrom(random.nextInt(model.size() + 1));
      }
      assertThat(list().size()).isEqualTo(model.size());
      if (step % 200 == 0) {
        checkFrom(0);
      }
    }
    checkFrom(0);
  }

  private static Bytes element(Random random, int bytes) {
    if (random.nextInt(3) == 0) {
      // A number of any size; some texts that look like one are none.
      long number = random.nextLong() >> random.nextInt(64);
      return Bytes.of((random.nextInt(10) == 0 ? "0" : "") + number);
    }
    byte[] element = new byte[random.nextInt(8) == 0 ? bytes : random.nextInt(bytes / 4 + 2)];
    if (element.length > 0) {
      element[0] = (byte) random.nextInt(3);
      element[element.length - 1] = element[0];
    }
    return Bytes.of(element);
  }

  private void add(Random random, Bytes element) {
    switch (random.nextInt(5)) {
      case 0, 1 -> {
        list().pushHead(element);
        model.add(0, element);
      }
      case 2, 3 -> {
        list().pushTail(element);
        model.add(element);
      }
      default -> {
        int index = random.nextInt(model.size() + 1);
        list().insert(index, element);
        model.add(index, element);
      }
    }
  }

  private void removeSome(Random random) {
    if (model.isEmpty()) {
      return;
    }
    int from;
    int count = 1;
    switch (random.nextInt(12)) {
      case 0 -> {
        from = random.nextInt(model.size());
        count = random.nextInt(Math.min(model.size() - from, model.size() / 4 + 1) + 1);
      }
      case 1, 2, 3 -> from = random.nextInt(model.size());
      case 4, 5, 6, 7 -> from = 0;
      default -> from = model.size() - 1;
    }
    list().removeRange(from, count);
    model.subList(from, from + count).clear();
  }

  private void removeInAWalk(Random random) {
    boolean reverse = random.nextBoolean();
    Bytes wanted =
        random.nextBoolean()
            ? Bytes.of(random.nextInt(3) - 1)
            : Bytes.of(new byte[] {(byte) random.nextInt(3)});
    int most = random.nextInt(6);
    ListValue list = list();
    ListValue.Elements walk = list.elements(0, reverse).lookingFor(wanted);
    for (int left = most; left > 0 && walk.next(); ) {
      if (walk.isWanted()) {
        walk.remove();
        left--;
      }
    }
    list.compact();
    if (reverse) {
      Collections.reverse(model);
    }
    int left = most;
    for (Iterator<Bytes> i = model.iterator(); left > 0 && i.hasNext(); ) {
      if (i.next().equals(wanted)) {
        i.remove();
        left--;
      }
    }
    if (reverse) {
      Collections.reverse(model);
    }
  }

  private void checkFrom(int from) {
    assertThat(walk(list().elements(from, false))).isEqualTo(model.subList(from, model.size()));
    List<Bytes> reversed = new ArrayList<>(model);
    Collections.reverse(reversed);
    assertThat(walk(list().elements(from, true)))
        .isEqualTo(reversed.subList(from, reversed.size()));
  }

  private static List<Bytes> walk(ListValue.Elements elements) {
    List<Bytes> walked = new ArrayList<>();
    while (elements.next()) {
      walked.add(elements.toBytes());
    }
    return walked;
  }

  @Test
  void becomesLargeAtThePageSizeAndSmallAtHalfOfIt() {
    for (int i = 0; i < 1000; i++) {
      list().pushTail(Bytes.of("element"));
      model.add(Bytes.of("element"));
    }
    assertThat(list().encoding()).isEqualTo("quicklist");
    list().removeRange(0, 200);
    model.subList(0, 200).clear();
    assertThat(list().encoding()).isEqualTo("quicklist");
    list().removeRange(0, 720);
    model.subList(0, 720).clear();
    assertThat(list().encoding()).isEqualTo("listpack");
    checkFrom(0);
  }

  @Test
  void keepsNumbersAndWhatLooksLikeThem() {
    for (long power = 1; power > 0; power <<= 1) {
      for (long number : new long[] {power - 1, power, power + 1}) {
        model.add(Bytes.of(number));
        model.add(Bytes.of(-number));
      }
    }
    for (String text :
        List.of(
            "-9223372036854775808",
            "9223372036854775808",
            "-9223372036854775809",
            "-0",
            "00",
            "+1",
            "1 ",
            "",
            "-",
            "0x1",
            "1.0",
            "99999999999999999999")) {
      model.add(Bytes.of(text));
    }
    for (Bytes element : model) {
      list().pushTail(element);
    }
    checkFrom(0);
    ListValue.Elements walk = list().elements(0, /* reverse= */ false);
    for (Bytes element : model) {
      assertThat(walk.next()).isTrue();
      assertThat(walk.lookingFor(element).isWanted()).isTrue();
      assertThat(walk.lookingFor(Bytes.of("17 and more")).isWanted()).isFalse();
    }
  }

  @Test
  void holdsElementsLargerThanASlab() {
    Bytes huge = Bytes.of("x".repeat(5 << 20));
    list().pushTail(Bytes.of("a"));
    list().pushTail(huge);
    list().pushHead(huge);
    model.addAll(List.of(huge, Bytes.of("a"), huge));
    checkFrom(0);
    list().set(1, huge);
    list().set(0, Bytes.of("b"));
    model.set(1, huge);
    model.set(0, Bytes.of("b"));
    checkFrom(0);
  }

  @Test
  void aQueueStaysSmall() {
    for (int i = 0; i < 20_000; i++) {
      list().pushTail(Bytes.of("job:" + i));
      if (i >= 50) {
        list().removeRange(0, 1);
      }
    }
    assertThat(list().size()).isEqualTo(50);
    assertThat(arena.usedBytes() - baseline).isLessThan(2048);
    for (int i = 0; i < 20_000; i++) {
      list().pushHead(Bytes.of("job:" + i));
      list().removeRange(50, 1);
    }
    assertThat(arena.usedBytes() - baseline).isLessThan(2048);
  }

  @ParameterizedTest
  @CsvSource({"10", "5000"})
  void copies(int elements) {
    for (int i = 0; i < elements; i++) {
      list().pushTail(Bytes.of("e" + i));
      model.add(Bytes.of("e" + i));
    }
    long other = arena.allocate(8);
    arena.putLong(other, ListValue.copy(arena, arena.getLong(cell)));
    ListValue copy = new ListValue(arena, other, limits);
    assertThat(walk(copy.elements(0, false))).isEqualTo(model);
    copy.pushTail(Bytes.of("more"));
    assertThat(walk(copy.elements(0, true))).hasSize(elements + 1);
    checkFrom(0);
    ListValue.free(arena, arena.getLong(other));
    arena.free(other);
  }

  @Test
  void runningOutOfMemoryChangesNothing() {
    Arena small = new Arena(SlabPool.shared(), 3 << 20);
    long smallCell = small.allocate(8);
    small.putLong(smallCell, ListValue.create(small));
    Random random = new Random(5);
    List<Bytes> kept = new ArrayList<>();
    assertThatThrownBy(
            () -> {
              while (true) {
                Bytes element = element(random, 3000);
                int index = random.nextInt(kept.size() + 1);
                new ListValue(small, smallCell, limits).insert(index, element);
                kept.add(index, element);
              }
            })
        .isInstanceOf(OutOfArenaException.class);
    assertThat(walk(new ListValue(small, smallCell, limits).elements(0, false))).isEqualTo(kept);
    ListValue.free(small, small.getLong(smallCell));
    small.free(smallCell);
    assertThat(small.usedBytes()).isZero();
    small.close();
  }
}
