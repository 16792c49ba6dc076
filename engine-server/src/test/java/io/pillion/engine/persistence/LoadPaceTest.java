package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.world.SimulatedDisk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much is loaded in one hold of the engine lock. */
@Timeout(60)
final class LoadPaceTest {
  @Test
  void itFollowsTheTimeThatAHoldTakes() {
    try (AofWorld world = new AofWorld(new SimulatedDisk(), 1, "appendonly", "no")) {
      LoadPace pace = new LoadPace(world.engine().engine());
      int first = pace.bytes();
      assertThat(first).isLessThanOrEqualTo(64 << 10);
      for (int i = 0; i < 20; i++) {
        pace.hold(() -> {});
      }
      assertThat(pace.bytes()).isEqualTo(1 << 20);
      world.world().nanosPerLook(5_000_000);
      pace.hold(() -> {});
      assertThat(pace.bytes()).isEqualTo(512 << 10);
      for (int i = 0; i < 20; i++) {
        pace.hold(() -> {});
      }
      assertThat(pace.bytes()).isEqualTo(4 << 10);
      world.world().nanosPerLook(3_000_000);
      pace.hold(() -> {});
      assertThat(pace.bytes()).isEqualTo(4 << 10);
    }
  }
}
