package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Effects reach the thread that writes whole, once and in order, and not over a cut. */
public class AofLogTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);

  private final AofLog log =
      new AofLog(
          new AofLog.Listener() {
            @Override
            public void appended(int waitingBytes, boolean more) {}

            @Override
            public void torn() {
              throw new AssertionError("there is room");
            }

            @Override
            public long safeOffset() {
              return 0;
            }

            @Override
            public long seconds() {
              return 0;
            }
          },
          1 << 20,
          1 << 20);
  private final StringBuilder appended = new StringBuilder();
  private int numbers;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private boolean wrongOffset;
  private volatile long cutAt = Long.MAX_VALUE;
  private boolean overCut;

  /** A hold with two commands. */
  @Operation(nonParallelGroup = "lock")
  public void hold() {
    append();
    append();
    log.endHold(/* more= */ false);
  }

  private void append() {
    if (numbers == 0) {
      appended.append("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
    }
    String word = Integer.toString(10 + numbers++);
    log.append(0, new Bytes[] {Bytes.of(word.getBytes(StandardCharsets.US_ASCII))});
    appended.append("*1\r\n$2\r\n").append(word).append("\r\n");
  }

  /** What follows belongs to the next file. */
  @Operation(nonParallelGroup = "lock")
  public void cut() {
    if (cutAt == Long.MAX_VALUE) {
      cutAt = log.cut();
      numbers = 0;
    }
  }

  /** The writer's step. */
  @Operation(nonParallelGroup = "writer")
  public void write() {
    AofLog.@Nullable Batch batch = log.take();
    if (batch != null) {
      int before = written.size();
      written.write(batch.bytes(), 0, batch.length());
      log.recycle(batch);
      wrongOffset |= batch.upTo() != written.size();
      overCut |= before < cutAt && written.size() > cutAt;
    }
    if (log.isAtCut(log.cuts())) {
      log.endCut();
    }
  }

  /** In the end, when everything was written. */
  @Validate
  public void everythingWasWrittenOnce() {
    write();
    write();
    String text = written.toString(StandardCharsets.US_ASCII);
    if (wrongOffset || overCut || !text.contentEquals(appended)) {
      throw new IllegalStateException(
          "wrong offset: " + wrongOffset + ", over the cut: " + overCut + ", written: " + text);
    }
  }

  /** Lincheck's model checker tries the interleavings of short scenarios one by one. */
  @Test
  void handsOver() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsPerThread(3)
        .iterations(4 * ITERATIONS)
        .invocationsPerIteration(100)
        .check(AofLogTest.class);
  }
}
