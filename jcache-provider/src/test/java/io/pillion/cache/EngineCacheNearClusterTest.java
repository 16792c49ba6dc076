package io.pillion.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.client.Awaiting;
import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisCluster;
import io.pillion.client.RedisServer;
import io.pillion.client.Replies;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Copies of the entries of a cluster: every primary reports, also while slots move. */
class EngineCacheNearClusterTest extends EngineCacheContract {
  private static @Nullable RedisCluster cluster;
  private static @Nullable Commands commands;
  private static @Nullable Commands others;

  @BeforeAll
  static void start() {
    RedisCluster started = RedisCluster.start();
    cluster = started;
    commands = PillionClient.connect(started.url() + "?timeout=5s");
    others = PillionClient.connect(started.url() + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    Objects.requireNonNull(commands).close();
    Objects.requireNonNull(others).close();
    Objects.requireNonNull(cluster).close();
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Override
  protected void adjust(CacheSettings.Builder<?, ?> settings) {
    settings.near(NearSettings.defaults());
  }

  @Test
  void copiesFollowASlotThatMoves() {
    String name = "moving-" + UUID.randomUUID();
    CacheSettings.Builder<Integer, String> settings = CacheSettings.named(name);
    EngineCache<Integer, String> other =
        new EngineCache<>(Objects.requireNonNull(others), settings.build());
    EngineCache<Integer, String> cache =
        new EngineCache<>(
            commands(),
            settings
                .near(NearSettings.defaults().withMaxStaleness(Duration.ofSeconds(20)))
                .build());
    for (int i = 0; i < 50; i++) {
      other.put(i, "old");
    }
    NearStatistics near = Objects.requireNonNull(cache.nearStatistics());
    for (int round = 0; round < 3; round++) {
      readUntilKept(cache, near);
      // The owner changes without a command of this client having noticed.
      KeyLayout layout = new KeyLayout("p", name);
      byte[] generation =
          Objects.requireNonNull(
              Replies.asBytes(commands().call(Command.of("GET").arg(layout.generationKey()))));
      byte[] key = layout.entryKey(generation, "~i7".getBytes(StandardCharsets.US_ASCII));
      move(slot(key), key);
      String value = "new " + round;
      other.put(7, value);
      Awaiting.until(() -> value.equals(cache.get(7)));
      for (int i = 0; i < 50; i++) {
        other.put(i, "round " + round);
      }
      String last = "round " + round;
      for (int i = 0; i < 50; i++) {
        int at = i;
        Awaiting.until(() -> last.equals(cache.get(at)));
      }
    }
    cache.close();
  }

  private static void readUntilKept(EngineCache<Integer, String> cache, NearStatistics near) {
    Awaiting.until(
        () -> {
          long before = near.hits();
          for (int i = 0; i < 50; i++) {
            cache.get(i);
          }
          return near.hits() - before == 50;
        });
    assertThat(near.isLive()).isTrue();
  }

  private int slot(byte[] key) {
    return (int)
        Replies.asLong(commands().call(Command.of("CLUSTER", "KEYSLOT").arg(key).keyAt(1)));
  }

  /** Gives the slot to the next server, with the one key that is in it. */
  private static void move(int slot, byte[] key) {
    List<RedisServer> servers = Objects.requireNonNull(cluster).servers();
    List<Commands> nodes = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (RedisServer server : servers) {
      Commands node = PillionClient.connect(server.url());
      nodes.add(node);
      ids.add(String.valueOf(Replies.asText(node.call(Command.of("CLUSTER", "MYID")))));
    }
    int from = 0;
    while (Replies.asLong(nodes.get(from).call(Command.of("CLUSTER", "COUNTKEYSINSLOT").arg(slot)))
        == 0) {
      from++;
    }
    int to = (from + 1) % nodes.size();
    setSlot(nodes.get(to), slot, "IMPORTING", ids.get(from));
    setSlot(nodes.get(from), slot, "MIGRATING", ids.get(to));
    Command migrate = Command.of("MIGRATE", "127.0.0.1").arg(servers.get(to).port());
    nodes.get(from).call(migrate.arg(key).arg(0).arg(5_000));
    setSlot(nodes.get(to), slot, "NODE", ids.get(to));
    setSlot(nodes.get(from), slot, "NODE", ids.get(to));
    nodes.forEach(Commands::close);
  }

  private static void setSlot(Commands node, int slot, String how, String id) {
    node.call(Command.of("CLUSTER", "SETSLOT").arg(slot).arg(how).arg(id));
  }
}
