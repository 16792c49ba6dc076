package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What of a snapshot has its place and its target has not taken yet, in order, with the check sum
 * of what it has. It is filled under the engine lock and drained without it, by one thread.
 */
final class Spool implements RdbOutput.Sink {
  /**
   * All data pass through here: chunks that are used again keep the collector, which stops
   * everybody, from running dozens of times a second. A little more than {@link RdbOutput} hands on
   * as a rule.
   */
  private static final int CHUNK_BYTES = 72 << 10;

  private static final int LEAST_RECYCLED_BYTES = 32 << 10;
  private static final int MOST_SPARES = 4;

  private final OutputStream target;
  private final boolean checksum;
  private final SnapshotMemory memory;
  private final ArrayDeque<Item> items = new ArrayDeque<>();
  private final ArrayDeque<byte[]> spares = new ArrayDeque<>(MOST_SPARES);
  private final RdbOutput packing;
  private long crc;
  private @Nullable IOException failure;

  /** Something that has its place; written without the engine lock. */
  @FunctionalInterface
  private interface Item {
    void write() throws IOException;
  }

  /**
   * To a target.
   *
   * @param compress whether strings are compressed that come as they are
   */
  Spool(OutputStream target, boolean checksum, boolean compress, SnapshotMemory memory) {
    this.target = target;
    this.checksum = checksum;
    this.memory = memory;
    packing = new RdbOutput(/* sink= */ null, compress);
  }

  @Override
  public void accept(byte[] array, int length) {
    byte[] bytes = room(length);
    System.arraycopy(array, 0, bytes, 0, length);
    memory.use(length);
    add(
        () -> {
          put(bytes, 0, length);
          memory.use(-length);
          recycle(bytes);
        });
  }

  private byte[] room(int length) {
    if (length < LEAST_RECYCLED_BYTES || length > CHUNK_BYTES) {
      return new byte[length];
    }
    synchronized (items) {
      byte[] spare = spares.poll();
      return spare == null ? new byte[CHUNK_BYTES] : spare;
    }
  }

  private void recycle(byte[] bytes) {
    synchronized (items) {
      if (bytes.length == CHUNK_BYTES && spares.size() < MOST_SPARES) {
        spares.add(bytes);
      }
    }
  }

  /**
   * Gives a string its place, which is compressed only when it is written.
   *
   * @param bytes that nobody else uses from now on, and whose memory is counted already
   */
  void string(byte[] bytes) {
    add(
        () -> {
          packing.putPlain(Bytes.of(bytes));
          put(packing.bytes().array(), 0, packing.size());
          packing.clear();
          memory.use(-bytes.length);
        });
  }

  /**
   * Gives a part of a parcel its place.
   *
   * @param last whether nothing of the parcel is needed afterwards
   */
  void splice(Parcel parcel, long from, long to, boolean last) {
    add(
        () -> {
          parcel.writeTo(this::put, from, to);
          if (last) {
            parcel.free();
          }
        });
  }

  private void add(Item item) {
    synchronized (items) {
      items.add(item);
    }
  }

  private @Nullable Item poll() {
    synchronized (items) {
      return items.poll();
    }
  }

  /** Hands everything that has its place to the target, and makes room in memory for the rest. */
  synchronized void drain() throws IOException {
    if (failure != null) {
      throw failure;
    }
    try {
      for (Item item = poll(); item != null; item = poll()) {
        item.write();
      }
      memory.spill();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  private void put(byte[] bytes, int offset, int length) throws IOException {
    if (checksum) {
      crc = Crc64.update(crc, bytes, offset, length);
    }
    target.write(bytes, offset, length);
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
