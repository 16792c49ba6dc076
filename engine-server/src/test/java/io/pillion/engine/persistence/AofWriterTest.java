package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedDisk.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
      AofLog effects = new AofLog(new Unheard());
      AofFolder folder = new AofFolder(disk, world.engine().parameters());
      boolean[] failed = new boolean[1];
      AofWriter writer =
          new AofWriter(
              world.engine().engine(),
              folder,
              effects,
              new AofStatus(),
              world.world().worker("aof-fsync"),
              new Always() {
                @Override
                public void failed(IOException reason) {
                  failed[0] = true;
                  effects.discard();
                  effects.cut();
                }
              });
      writer.open(folder, AofManifest.EMPTY, 0);
      disk.fail(Operation.SYNC, "incr.aof", "Input/output error", 1);
      effects.append(0, new Bytes[] {Bytes.of("PING".getBytes(StandardCharsets.US_ASCII))});
      effects.endHold(/* more= */ false);
      writer.drain();
      assertThat(failed[0]).isTrue();
      assertThat(effects.isAtCut(effects.cuts())).isTrue();
    }
  }

  private static final class Unheard implements AofLog.Listener {
    @Override
    public void appended(int waitingBytes, boolean more) {}

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
