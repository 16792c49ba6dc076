package io.pillion.engine.keyspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.SlabPool;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The way from a key to its record. */
final class KeyIndexTest {
  /** Few are chosen by their order, many by random slots; side by side or not. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 40, 150, 400})
  void anyFavoursNoneOfASegment(int count) {
    try (Arena arena = new Arena(SlabPool.shared(), 2 << 20)) {
      KeyIndex index = new KeyIndex(arena, /* seed= */ 1);
      for (int i = 0; i < count; i++) {
        // The same lowest six bits: all side by side.
        index.insert((long) i << 6, /* record= */ 8L * (i + 1));
      }
      SplittableRandom random = new SplittableRandom(2026);
      Map<Long, Integer> drawn = new HashMap<>();
      int each = 1000;
      for (int i = 0; i < each * count; i++) {
        drawn.merge(index.any(random.nextLong()), 1, Integer::sum);
      }
      assertThat(drawn).hasSize(count);
      // Six times the deviation that chance has.
      assertThat(drawn.values()).allSatisfy(n -> assertThat(n).isCloseTo(each, within(190)));
      index.free();
    }
  }
}
