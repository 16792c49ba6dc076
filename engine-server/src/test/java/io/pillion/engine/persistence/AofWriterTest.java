package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedDisk.Operation;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The files of the log, written for somebody else's state. */
@Timeout(60)
final class AofWriterTest {
  private final SimulatedDisk disk = new SimulatedDisk();

  /** Whoever takes the lock first after a failed fsync may be a BGREWRITEAOF. */
  @Test
  void aCutMadeAsSoonAsAFailureIsKnownIsNotThrownAway() throws IOException {
    try (AofWorld world = new AofWorld(disk, 1, "appendonly", "no")) {
      AofLog effects = new AofLog(new Unheard(), 1 << 20, 1 << 20);
      AofFolder folder = new AofFolder(disk, world.engine().parameters());
      boolean[] failed = new boolean[1];
      AofWriter writer =
          writer(
              world,
              folder,
              effects,
              world.world().worker("aof-fsync"),
              new Always() {
                @Override
                public void failed(IOException reason) {
                  failed[0] = true;
                  effects.discard();
                  effects.cut();
                }
              });
      disk.fail(Operation.SYNC, "incr.aof", "Input/output error", 1);
      effects.append(0, new Bytes[] {Bytes.of("PING".getBytes(StandardCharsets.US_ASCII))});
      effects.endHold(/* more= */ false);
      writer.drain();
      assertThat(failed[0]).isTrue();
      assertThat(effects.isAtCut(effects.cuts())).isTrue();
    }
  }

  /** Half an effect in a file would keep all that follows it from being read. */
  @Test
  void anEffectForWhichThereIsNoRoomIsNotWrittenAndNeitherIsWhatFollows() throws IOException {
    try (AofWorld world = new AofWorld(disk, 1, "appendonly", "no")) {
      boolean[] torn = new boolean[1];
      AofLog effects =
          new AofLog(
              new Unheard() {
                @Override
                public void torn() {
                  torn[0] = true;
                }
              },
              500,
              1_000);
      AofFolder folder = new AofFolder(disk, world.engine().parameters());
      List<String> failures = new ArrayList<>();
      AofWriter writer =
          writer(
              world,
              folder,
              effects,
              world.world().worker("aof-fsync"),
              new Always() {
                @Override
                public void failed(IOException reason) {
                  failures.add(reason.getMessage());
                  effects.discard();
                }
              });
      append(effects, "first");
      writer.drain();
      String whole = incrementOf(folder);
      assertThat(whole).contains("first");

      append(effects, "x".repeat(1_100));
      assertThat(torn[0]).isTrue();
      assertThat(effects.replyOffset(/* written= */ 0)).isZero();
      effects.holdReplies(AofLog.Holds.ALL);
      assertThat(effects.replyOffset(/* written= */ 0)).isGreaterThan(effects.offset() - 2);
      append(effects, "follows");
      writer.drain();
      assertThat(incrementOf(folder)).isEqualTo(whole);
      assertThat(failures).isEmpty();

      writer.torn();
      assertThat(failures).hasSize(1);
      effects.cut();
      effects.endCut();
      append(effects, "again");
      AofLog.Batch batch = effects.take();
      assertThat(batch).isNotNull();
      assertThat(new String(batch.bytes(), 0, batch.length(), StandardCharsets.US_ASCII))
          .startsWith("*2\r\n$6\r\nSELECT\r\n")
          .endsWith("again\r\n")
          .doesNotContain("follows");
      assertThat(batch.upTo()).isEqualTo(effects.offset());
    }
  }

  @Test
  void commandsMustWaitWhenMuchWaits() {
    AofLog effects = new AofLog(new Unheard(), 500, 2_000);
    append(effects, "x".repeat(400));
    assertThat(effects.isFull()).isFalse();
    append(effects, "x".repeat(100));
    assertThat(effects.isFull()).isTrue();
    AofLog.Batch batch = effects.take();
    assertThat(batch).isNotNull();
    assertThat(batch.madeRoom()).isTrue();
  }

  /** A sync that takes longer than a second is followed by the next one at once. */
  @Test
  void aSlowSyncPutsOffTheNextOneNoLongerThanItTakes() throws IOException {
    try (AofWorld world = new AofWorld(disk, 1, "appendonly", "no")) {
      AofLog effects = new AofLog(new Unheard(), 1 << 20, 1 << 20);
      AofFolder folder = new AofFolder(disk, world.engine().parameters());
      ArrayDeque<Runnable> syncs = new ArrayDeque<>();
      AofWriter writer =
          writer(
              world,
              folder,
              effects,
              new World.Worker() {
                @Override
                public void execute(Runnable task) {
                  syncs.add(task);
                }

                @Override
                public void close() {}
              },
              new Always() {
                @Override
                public AofWriter.Fsync fsync() {
                  return AofWriter.Fsync.EVERYSEC;
                }
              });
      writer.onBackgroundSync(writer::synced);
      append(effects, "first");
      writer.everySecond();
      append(effects, "second");
      writer.drain();
      world.world().advanceMillis(1_100);
      assertThat(syncs).hasSize(1);
      syncs.remove().run();
      assertThat(syncs).hasSize(1);
      syncs.remove().run();
      assertThat(syncs).isEmpty();
      assertThat(world.engine().engine().safeOffset()).isEqualTo(effects.offset());
    }
  }

  /** One that begins with an empty folder. */
  private static AofWriter writer(
      AofWorld world,
      AofFolder folder,
      AofLog effects,
      World.Worker syncer,
      AofWriter.Policy policy)
      throws IOException {
    AofWriter writer =
        new AofWriter(world.engine().engine(), folder, effects, new AofStatus(), syncer, policy);
    writer.open(folder, AofManifest.EMPTY, 0, 0);
    return writer;
  }

  private static void append(AofLog effects, String word) {
    effects.append(0, new Bytes[] {Bytes.of(word.getBytes(StandardCharsets.US_ASCII))});
    effects.endHold(/* more= */ false);
  }

  private String incrementOf(AofFolder folder) throws IOException {
    return new String(
        disk.bytes(folder.file("appendonly.aof.1.incr.aof")), StandardCharsets.US_ASCII);
  }

  private static class Unheard implements AofLog.Listener {
    @Override
    public void appended(int waitingBytes, boolean more) {}

    @Override
    public void torn() {}

    @Override
    public long safeOffset() {
      return 0;
    }

    @Override
    public long seconds() {
      return 0;
    }
  }

  private static class Always implements AofWriter.Policy {
    @Override
    public AofWriter.Fsync fsync() {
      return AofWriter.Fsync.ALWAYS;
    }

    @Override
    public boolean syncsDuringRewrite() {
      return true;
    }

    @Override
    public boolean removesHistory() {
      return true;
    }

    @Override
    public void writesFail(IOException reason) {}

    @Override
    public void writesWork() {}

    @Override
    public void failed(IOException reason) {}

    @Override
    public void lost() {}

    @Override
    public void rewritten(AofRewrite rewrite, boolean success) {}
  }
}
