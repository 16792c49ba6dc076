package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.world.SeededWorld;
import io.pillion.engine.world.World;
import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a thread in the background takes breaks, by what the clock says at each of its looks. */
class BreaksTest {
  /** Each look takes the next one; one look more than there are fails. */
  private final ArrayDeque<Long> micros = new ArrayDeque<>();

  private final World world =
      new SeededWorld(1) {
        @Override
        public long nanos() {
          return 1000 * micros.removeFirst();
        }
      };

  @Test
  void whatOthersDoDuringAYieldIsNoWork() {
    // It begins; yields, and has the processor again; goes on, and after 250 us has a break.
    micros.addAll(List.of(0L, 20L, 520L, 525L, 750L, 1000L));
    Breaks breaks = Breaks.often(world);
    breaks.giveWay(true);

    breaks.takeIfDue();
    breaks.takeIfDue();
    assertThat(micros).containsExactly(750L, 1000L);

    breaks.takeIfDue();
    assertThat(micros).isEmpty();
  }

  @Test
  void yieldsOnlyWhileOthersAreAbout() {
    micros.addAll(List.of(0L, 20L));
    Breaks breaks = Breaks.often(world);

    breaks.takeIfDue();

    assertThat(micros).isEmpty();
  }
}
