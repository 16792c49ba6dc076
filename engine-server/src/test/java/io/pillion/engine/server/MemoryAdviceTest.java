package io.pillion.engine.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.pillion.engine.world.SimulatedWorld;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the log says of a maxmemory that there is no memory for. */
class MemoryAdviceTest {
  private static final long GIB = 1L << 30;
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(MemoryAdvice.class);

  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
  private final SimulatedWorld world = new SimulatedWorld(1);
  private final long heap = Runtime.getRuntime().maxMemory();

  @BeforeEach
  void listen() {
    appender.start();
    LOGGER.addAppender(appender);
  }

  @AfterEach
  void stopListening() {
    LOGGER.detachAppender(appender);
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

  private List<String> warnings() {
    List<String> found =
        appender.list.stream()
            .filter(event -> event.getLevel() == Level.WARN)
            .map(ILoggingEvent::getFormattedMessage)
            .toList();
    appender.list.clear();
    return found;
  }

  @Test
  void moreThanTheMachineHasIsToldAtTheStartAndWhenItIsSet() {
    world.memoryBytes(heap + 2 * GIB);
    try (PillionEngine engine = start(2 * GIB + 1)) {
      assertThat(warnings())
          .singleElement()
          .asString()
          .contains("maxmemory is " + (2 * GIB + 1), "has only " + (heap + 2 * GIB));
      change(engine, 4 << 20);
      assertThat(warnings()).isEmpty();
      change(engine, 3 * GIB);
      assertThat(warnings()).singleElement().asString().contains("the system may kill the process");
      change(engine, 0);
      assertThat(warnings()).isEmpty();
    }
  }

  @Test
  void moreThanTheJvmMayUseIsToldAtTheStartAndWhenItIsSet() {
    world.memoryBytes(heap + 2 * GIB);
    try (PillionEngine engine = start(GIB)) {
      assertThat(warnings()).singleElement().asString().contains("-XX:MaxDirectMemorySize");
      change(engine, GIB + 1);
      assertThat(warnings()).singleElement().asString().contains("-XX:MaxDirectMemorySize");
    }
  }

  @Test
  void anEmbeddedEngineOfTheUsualSizeIsNoNews() {
    world.memoryBytes(heap + GIB);
    new EngineBuilder().world(world).memoryBytes(8 << 20).set("dir", "/").start().close();
    assertThat(warnings()).isEmpty();
  }
}
