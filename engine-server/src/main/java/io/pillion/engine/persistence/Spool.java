package io.pillion.engine.persistence;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a snapshot has gathered and its target has not taken yet, in order, with the check sum of
 * what it has. It is filled under the engine lock and drained without it; only when the target is
 * too slow, and the budget is full, does who fills it have to drain it too.
 */
final class Spool implements RdbOutput.Sink {
  private final OutputStream target;
  private final boolean checksum;
  private final long budgetBytes;
  private final ArrayDeque<byte[]> chunks = new ArrayDeque<>();
  private long gathered;
  private long stalls;
  private long crc;
  private @Nullable IOException failure;

  Spool(OutputStream target, boolean checksum, long budgetBytes) {
    this.target = target;
    this.checksum = checksum;
    this.budgetBytes = budgetBytes;
  }

  @Override
  public void accept(byte[] array, int length) {
    boolean full;
    synchronized (chunks) {
      chunks.add(Arrays.copyOf(array, length));
      gathered += length;
      full = gathered > budgetBytes;
    }
    if (full) {
      stalls++;
      try {
        drain();
      } catch (IOException e) {
        // Whoever drains it next is told.
        failure = e;
      }
    }
  }

  /** How often a writer had to wait for the target. */
  long stalls() {
    return stalls;
  }

  /** Hands everything gathered so far to the target. */
  synchronized void drain() throws IOException {
    while (true) {
      if (failure != null) {
        throw failure;
      }
      byte[] chunk;
      synchronized (chunks) {
        chunk = chunks.poll();
        if (chunk == null) {
          return;
        }
        gathered -= chunk.length;
      }
      if (checksum) {
        crc = Crc64.update(crc, chunk, 0, chunk.length);
      }
      try {
        target.write(chunk, 0, chunk.length);
      } catch (IOException e) {
        failure = e;
        synchronized (chunks) {
          chunks.clear();
          gathered = 0;
        }
        throw e;
      }
    }
  }

  /** Drains, and writes the check sum, or 0 when there is none. */
  synchronized void finish() throws IOException {
    drain();
    byte[] sum = new byte[Long.BYTES];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (byte) (crc >>> (8 * i));
    }
    target.write(sum, 0, sum.length);
  }
}
