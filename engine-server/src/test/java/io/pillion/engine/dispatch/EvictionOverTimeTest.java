package io.pillion.engine.dispatch;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.SimulatedWorld;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What time evicts when no command comes that would. */
final class EvictionOverTimeTest {
  private static final int VALUE_BYTES = 10_000;
  private static final int QUEUED_BYTES = 400_000;

  private final SimulatedWorld world = new SimulatedWorld(1);

  private static void send(LocalClient client, String... words) {
    List<byte[]> bytes = Arrays.stream(words).map(word -> word.getBytes(US_ASCII)).toList();
    assertThat(client.send(bytes).toCompletableFuture()).isCompleted();
  }

  /** The data alone would fit. */
  @Test
  void whatClientsTakeCountsAsItDoesForACommandOnceMaxmemoryIsLowered() {
    try (PillionEngine engine =
            new EngineBuilder()
                .world(world)
                .memoryBytes(8 << 20)
                .set("dir", "/")
                .set("maxmemory-policy", "allkeys-lru")
                .start();
        LocalClient client = engine.connect();
        LocalClient queueing = engine.connect()) {
      for (int i = 0; i < 100; i++) {
        send(client, "SET", "k" + i, "v".repeat(VALUE_BYTES));
      }
      send(queueing, "MULTI");
      send(queueing, "SET", "queued", "v".repeat(QUEUED_BYTES));
      Keyspace keyspace = engine.engine().keyspace();
      long clients = engine.engine().statistics().clientBytes();
      assertThat(clients).isGreaterThan(QUEUED_BYTES);
      world.advanceMillis(1_000);
      assertThat(keyspace.eviction().evictedCount()).isZero();

      long limit = keyspace.arena().usedBytes() + clients / 2;
      engine
          .engine()
          .hold(
              () ->
                  engine
                      .parameters()
                      .change(
                          List.of(new Parameters.Setting("maxmemory", Long.toString(limit))),
                          /* local= */ true));
      world.advanceMillis(1_000);
      long evicted = keyspace.eviction().evictedCount();
      assertThat(evicted).isPositive();
      assertThat(keyspace.arena().usedBytes() + clients).isBetween(limit - 2 * VALUE_BYTES, limit);
      // A command finds nothing left to do.
      send(client, "SET", "k", "v");
      assertThat(keyspace.eviction().evictedCount()).isEqualTo(evicted);
    }
  }
}
