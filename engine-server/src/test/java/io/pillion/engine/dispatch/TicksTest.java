package io.pillion.engine.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.SimulatedWorld;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** However much is due at one moment, no hold of the lock takes it all. */
final class TicksTest {
  private static final int DUE = 10_000;

  /** 200 microseconds of 50 for 32 keys, the first look and the last included. */
  private static final long MOST_PER_TICK = 6 * 32;

  private static final long MOST_PER_COMMAND = 64;

  private final SimulatedWorld world = new SimulatedWorld(1);
  private final PillionEngine engine =
      new EngineBuilder().world(world).memoryBytes(32 << 20).start();
  private final LocalClient client = engine.connect();
  private final Keyspace keyspace = engine.engine().keyspace();

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private Object send(Object... words) {
    return Objects.requireNonNull(client.send(words(words)).toCompletableFuture().join());
  }

  @Test
  void keysThatAreDueAtOnceLeaveInManyTicks() {
    for (int i = 0; i < DUE; i++) {
      send("SET", "key" + i, "value", "PX", 1000);
    }
    world.jumpWallMillis(2000);
    world.nanosPerLook(50_000);
    long before = 0;
    for (int ticks = 0; keyspace.expiredCount() < DUE; ticks++) {
      engine.engine().tick();
      long now = keyspace.expiredCount();
      assertThat(now - before).as("keys that left in tick %d", ticks).isBetween(1L, MOST_PER_TICK);
      before = now;
    }
    // The world is asked to come back for the rest, too.
    assertThat(send("DBSIZE")).isEqualTo(0L);
  }

  private void hashWithDueFields(int staying) {
    List<Object> fields = new ArrayList<>(List.of("HSET", "hash"));
    List<Object> deadlines = new ArrayList<>(List.of("HPEXPIRE", "hash", 1000, "FIELDS", DUE));
    for (int i = 0; i < DUE + staying; i++) {
      fields.add("field" + i);
      fields.add(i);
      if (i < DUE) {
        deadlines.add("field" + i);
      }
    }
    send(fields.toArray());
    send(deadlines.toArray());
    world.jumpWallMillis(2000);
  }

  @Test
  void fieldsThatAreDueAtOnceLeaveInManyTicks() {
    hashWithDueFields(1);
    world.nanosPerLook(50_000);
    long before = 0;
    for (int ticks = 0; keyspace.expiredFieldCount() < DUE; ticks++) {
      engine.engine().tick();
      long now = keyspace.expiredFieldCount();
      assertThat(now - before)
          .as("fields that left in tick %d", ticks)
          .isBetween(1L, MOST_PER_TICK);
      before = now;
    }
    assertThat(send("HLEN", "hash")).isEqualTo(1L);
  }

  @Test
  void theWorldComesBackForTheRest() {
    hashWithDueFields(1);
    world.nanosPerLook(1000);
    world.advanceMillis(1000);
    assertThat(keyspace.expiredFieldCount()).isEqualTo(DUE);
  }

  @Test
  void aWriteTakesOnlySomeOfTheFieldsThatAreDue() {
    hashWithDueFields(1);
    String last = "field" + (DUE - 1);
    String live = "field" + DUE;
    long before = keyspace.expiredFieldCount();
    for (Object[] command :
        new Object[][] {
          {"HSET", "hash", live, "x"},
          {"HINCRBY", "hash", last, 5},
          {"HPEXPIRE", "hash", 5000, "FIELDS", 2, live, "field7000"},
          {"HDEL", "hash", "field8000", "none"},
          {"HEXISTS", "hash", "field9000"}
        }) {
      send(command);
      long now = keyspace.expiredFieldCount();
      assertThat(now - before).as(Arrays.toString(command)).isBetween(1L, MOST_PER_COMMAND + 2);
      before = now;
    }
    assertThat(send("HGET", "hash", last)).isEqualTo("5".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(send("HLEN", "hash")).isEqualTo(2L);
  }

  private static List<byte[]> words(Object[] words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    return bytes;
  }

  @Test
  void aHashAllOfWhoseFieldsAreDueGoesAsAWhole() {
    hashWithDueFields(0);
    // As if it had never been: this one makes another hash.
    assertThat(send("HSETEX", "hash", "NX", "FIELDS", 1, "a", "b")).isEqualTo(1L);
    assertThat(keyspace.expiredFieldCount()).isEqualTo(DUE);
    assertThat(keyspace.hasDiscarded()).as("freed bit by bit").isTrue();
    world.advanceMillis(1000);
    assertThat(keyspace.hasDiscarded()).isFalse();
    assertThat(send("HLEN", "hash")).isEqualTo(1L);
  }

  /** Each draw by itself would pass over all that are due: a minute for these. */
  @Test
  @Timeout(20)
  void manyFieldsAreDrawnInOnePassWhenNearlyAllAreDue() {
    hashWithDueFields(9);
    List<?> drawn = (List<?>) send("HRANDFIELD", "hash", -30_000);
    assertThat(drawn).hasSize(30_000);
    assertThat(texts(drawn)).hasSize(9).allMatch(field -> field.startsWith("field1000"));
    assertThat(texts((List<?>) send("HRANDFIELD", "hash", 3))).hasSize(3);
    List<?> entry = (List<?>) ((List<?>) send("HRANDFIELD", "hash", -1, "WITHVALUES")).get(0);
    assertThat(texts(entry.subList(0, 1)))
        .containsExactly("field" + texts(entry.subList(1, 2)).iterator().next());
  }

  private static Set<String> texts(List<?> words) {
    return words.stream()
        .map(word -> new String((byte[]) word, StandardCharsets.ISO_8859_1))
        .collect(Collectors.toSet());
  }

  @Test
  void theLastFieldThatIsNotDueTakesTheHashWithIt() {
    hashWithDueFields(1);
    assertThat(send("HDEL", "hash", "field" + DUE)).isEqualTo(1L);
    assertThat(send("EXISTS", "hash")).isEqualTo(0L);
  }
}
