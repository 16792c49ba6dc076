package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The client against a cluster of three real servers. */
class LettuceClusterTest extends CommandsContract {
  private static @Nullable RedisCluster cluster;
  private static @Nullable Commands commands;

  @BeforeAll
  static void start() {
    RedisCluster started = RedisCluster.start();
    cluster = started;
    commands = PillionClient.connect(started.url() + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    if (commands != null) {
      commands.close();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  private static List<RedisServer> servers() {
    return Objects.requireNonNull(cluster).servers();
  }

  @Override
  protected Commands commands() {
    return Objects.requireNonNull(commands);
  }

  @Test
  void keysAreSpreadOverThePrimaries() {
    List<Command> writes = new ArrayList<>();
    String prefix = UUID.randomUUID().toString();
    for (int i = 0; i < 300; i++) {
      writes.add(Command.of("SET").arg(prefix + i).arg(i));
    }
    for (CompletionStage<@Nullable Object> stage : commands().pipeline(writes)) {
      assertThat(Replies.isOk(commands().await(stage))).isTrue();
    }

    List<Commands> primaries = commands().primaries();

    assertThat(commands().isCluster()).isTrue();
    assertThat(primaries).hasSize(3);
    for (Commands primary : primaries) {
      assertThat(Replies.asLong(primary.call(Command.of("DBSIZE")))).isGreaterThan(50);
    }
    assertThat(Replies.asLong(commands().call(Command.of("GET").arg(prefix + 299)))).isEqualTo(299);
  }

  @Test
  void aTransactionOverSeveralSlotsIsRefusedWhole() {
    CompletionStage<List<@Nullable Object>> stage =
        commands()
            .transaction(
                List.of(Command.of("SET").arg("a").arg(1), Command.of("SET").arg("b").arg(1)));
    assertThatThrownBy(() -> stage.toCompletableFuture().join())
        .hasCauseInstanceOf(CommandException.class);
    assertThat(commands().call(Command.of("GET").arg("a"))).isNull();
  }

  @Test
  void aSlotThatMovesIsFollowedByCommandsTransactionsAndBlockedCommands() {
    String tag = "{moving" + UUID.randomUUID() + "}";
    Object slotReply = commands().call(Command.of("CLUSTER", "KEYSLOT").arg(tag).keyAt(1));
    long slot = Replies.asLong(slotReply);
    int from = (int) (slot * 3 / RedisCluster.SLOTS);
    for (int step = 1; step <= 3; step++) {
      int owner = (from + step) % 3;
      assign(slot, (owner + 2) % 3, owner);
      switch (step) {
        case 1 ->
            assertThat(Replies.isOk(commands().call(Command.of("SET").arg(tag).arg("v")))).isTrue();
        case 2 ->
            assertThat(
                    commands()
                        .transaction(List.of(Command.of("INCR").arg(tag + "n")))
                        .toCompletableFuture()
                        .join())
                .containsExactly(1L);
        default -> {
          Command pop = Command.of("BLPOP").arg(tag + "q").arg(0.05);
          assertThat(commands().await(commands().sendBlocking(pop))).isNull();
        }
      }
      clear(owner, tag);
    }
  }

  /**
   * Gives an empty slot to a server, as redis-cli does: who imports the slot gets a new epoch with
   * it. Without one, what the old owner still says to the others takes the slot back.
   */
  private static void assign(long slot, int before, int owner) {
    setSlot(owner, slot, "IMPORTING", idOf(before));
    for (int i = 0; i < 3; i++) {
      setSlot((owner + i) % 3, slot, "NODE", idOf(owner));
    }
  }

  private static String idOf(int server) {
    try (Commands node = PillionClient.connect(servers().get(server).url())) {
      return String.valueOf(Replies.asText(node.call(Command.of("CLUSTER", "MYID"))));
    }
  }

  private static void setSlot(int server, long slot, String how, String id) {
    try (Commands node = PillionClient.connect(servers().get(server).url())) {
      Command set = Command.of("CLUSTER", "SETSLOT").arg(slot).arg(how).arg(id);
      assertThat(Replies.isOk(node.call(set))).isTrue();
    }
  }

  private static void clear(int owner, String tag) {
    try (Commands node = PillionClient.connect(servers().get(owner).url())) {
      node.call(Command.of("DEL").arg(tag).arg(tag + "n").arg(tag + "q"));
    }
  }
}
