package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What of a snapshot has its place and its target has not taken yet, in order, with the check sum
 * of what it has. It is filled under the engine lock and drained without it, by one thread.
 */
final class Spool implements RdbOutput.Sink {
  private final OutputStream target;
  private final boolean checksum;
  private final SnapshotMemory memory;
  private final ArrayDeque<Item> items = new ArrayDeque<>();
  private long crc;
  private @Nullable IOException failure;

  /** Bytes, or a part of a parcel, which is freed behind its last one. */
  private record Item(Bytes bytes, @Nullable Parcel parcel, long from, long to, boolean last) {}

  Spool(OutputStream target, boolean checksum, SnapshotMemory memory) {
    this.target = target;
    this.checksum = checksum;
    this.memory = memory;
  }

  @Override
  public void accept(byte[] array, int length) {
    add(new Item(Bytes.of(Arrays.copyOf(array, length)), null, 0, 0, false));
    memory.use(length);
  }

  /**
   * Gives a part of a parcel its place.
   *
   * @param last whether nothing of the parcel is needed afterwards
   */
  void splice(Parcel parcel, long from, long to, boolean last) {
    add(new Item(Bytes.EMPTY, parcel, from, to, last));
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
        write(item);
      }
      memory.spill();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  private void write(Item item) throws IOException {
    Parcel parcel = item.parcel;
    if (parcel == null) {
      put(item.bytes.array(), 0, item.bytes.length());
      memory.use(-item.bytes.length());
      return;
    }
    parcel.writeTo(this::put, item.from, item.to);
    if (item.last) {
      parcel.free();
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
