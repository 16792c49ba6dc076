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
  private static final int BLOCK_BYTES = 16 << 10;

  private final OutputStream target;
  private final boolean checksum;
  private final SnapshotMemory memory;
  private final Breaks breaks;
  private final ArrayDeque<Item> items = new ArrayDeque<>();

  /** What came as it is. */
  private final Parcel plain;

  private final byte[] block = new byte[BLOCK_BYTES];
  private final RdbOutput packing;
  private byte[] unpacked = new byte[0];
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
  Spool(
      OutputStream target,
      boolean checksum,
      boolean compress,
      SnapshotMemory memory,
      Breaks breaks) {
    this.target = target;
    this.checksum = checksum;
    this.memory = memory;
    this.breaks = breaks;
    plain = new Parcel(memory);
    packing = new RdbOutput(/* sink= */ null, compress);
  }

  @Override
  public void accept(byte[] array, int length) {
    long from = plain.size();
    plain.accept(array, length);
    long to = from + length;
    add(
        () -> {
          write(plain, from, to);
          plain.drop(to);
        });
  }

  /** Gives a string its place, all of a parcel, which is compressed only when it is written. */
  void string(Parcel parcel) {
    add(
        () -> {
          int length = (int) parcel.size();
          if (unpacked.length < length) {
            unpacked = new byte[Math.max(length, 2 * unpacked.length)];
          }
          for (int done = 0; done < length; ) {
            done += parcel.read(done, unpacked, done, length - done);
          }
          parcel.free();
          packing.putPlain(Bytes.of(unpacked, 0, length));
          put(packing.bytes().array(), 0, packing.size());
          packing.clear();
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
          write(parcel, from, to);
          if (last) {
            parcel.free();
          }
        });
  }

  private void write(Parcel parcel, long from, long to) throws IOException {
    for (long at = from; at < to; ) {
      int length = parcel.read(at, block, 0, (int) Math.min(block.length, to - at));
      put(block, 0, length);
      at += length;
      makeRoom();
    }
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
        makeRoom();
      }
      makeRoom();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /** Others gather, and want the processor, also while much is written. */
  private void makeRoom() throws IOException {
    memory.check();
    memory.spill();
    breaks.takeIfDue();
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
