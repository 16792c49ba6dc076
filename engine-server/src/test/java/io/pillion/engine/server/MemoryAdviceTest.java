package io.pillion.engine.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.LoggedLines;
import io.pillion.engine.world.SimulatedWorld;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the log says of a maxmemory that there is no memory for. */
class MemoryAdviceTest {
  private static final long GIB = 1L << 30;

  private final LoggedLines lines = LoggedLines.of(MemoryAdvice.class);
  private final SimulatedWorld world = new SimulatedWorld(1);
  private final long heap = Runtime.getRuntime().maxMemory();

  @AfterEach
  void stopListening() {
    lines.close();
  }

  private PillionEngine start(long maxmemory) {
    return new EngineBuilder()
        .world(world)
        .memoryBytes(8 << 20)
        .set("dir", "/")
        .set("maxmemory", Long.toString(maxmemory))
        .start();
  }

  private static void change(PillionEngine engine, long maxmemory) {
    try (LocalClient client = engine.connect()) {
      List<byte[]> words =
          List.of(
              "CONFIG".getBytes(US_ASCII),
              "SET".getBytes(US_ASCII),
              "maxmemory".getBytes(US_ASCII),
              Long.toString(maxmemory).getBytes(US_ASCII));
      assertThat((byte[]) client.send(words).toCompletableFuture().join())
          .isEqualTo("OK".getBytes(US_ASCII));
    }
  }

  @Test
  void moreThanTheMachineHasIsToldAtTheStartAndWhenItIsSet() {
    world.memoryBytes(heap + 2 * GIB);
    try (PillionEngine engine = start(2 * GIB + 1)) {
      assertThat(lines.take())
          .singleElement()
          .asString()
          .contains("maxmemory is " + (2 * GIB + 1), "has only " + (heap + 2 * GIB));
      change(engine, 4 << 20);
      assertThat(lines.take()).isEmpty();
      change(engine, 3 * GIB);
      assertThat(lines.take())
          .singleElement()
          .asString()
          .contains("the system may kill the process");
      change(engine, 0);
      assertThat(lines.take()).isEmpty();
    }
  }

  @Test
  void moreThanTheJvmMayUseIsToldAtTheStartAndWhenItIsSet() {
    world.memoryBytes(heap + 2 * GIB);
    try (PillionEngine engine = start(GIB)) {
      assertThat(lines.take()).singleElement().asString().contains("-XX:MaxDirectMemorySize");
      change(engine, GIB + 1);
      assertThat(lines.take()).singleElement().asString().contains("-XX:MaxDirectMemorySize");
    }
  }

  @Test
  void anEmbeddedEngineOfTheUsualSizeIsNoNews() {
    world.memoryBytes(heap + GIB);
    new EngineBuilder().world(world).memoryBytes(8 << 20).set("dir", "/").start().close();
    assertThat(lines.take()).isEmpty();
  }
}
