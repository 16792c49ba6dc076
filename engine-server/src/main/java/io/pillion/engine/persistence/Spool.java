package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What of a snapshot has its place and its target has not taken yet, in order, with the check sum
 * of what it has. It is filled with a {@link RdbDraft} under the engine lock, and drained, which
 * finishes the draft, without it, by one thread.
 */
final class Spool implements RdbOutput.Sink {
  private static final int BLOCK_BYTES = 16 << 10;

  /** A block of short strings takes a compressor longer than others may have to wait. */
  private static final int BYTES_WITHOUT_A_BREAK = 1 << 10;

  private final OutputStream target;
  private final boolean checksum;
  private final SnapshotMemory memory;
  private final Breaks breaks;
  private final ArrayDeque<Item> items = new ArrayDeque<>();

  /** What came in order. */
  private final Parcel stream;

  /** Grows to what the longest segment takes. */
  private byte[] block = new byte[BLOCK_BYTES];

  private final RdbOutput packing;
  private final Bytes view = Bytes.of(block);
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
   * @param compress whether strings are compressed that are to be
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
    stream = new Parcel(memory);
    packing = new RdbOutput(/* sink= */ null, compress);
  }

  @Override
  public void accept(byte[] array, int length) {
    long from = stream.size();
    stream.accept(array, length);
    long to = from + length;
    add(
        () -> {
          write(stream, from, to);
          stream.drop(to);
        });
  }

  /**
   * Gives a string its place, all bytes of a parcel that is no draft, which is compressed only when
   * it is written.
   */
  void string(Parcel parcel) {
    add(
        () -> {
          int length = (int) parcel.size();
          reserve(length);
          for (int done = 0; done < length; ) {
            done += parcel.read(done, block, done, length - done);
          }
          parcel.free();
          packing.putPlain(view.wrap(block, 0, length));
          putPacked();
        });
  }

  /** Gives all bytes of a parcel, which is no draft, their place. */
  void plain(Parcel parcel) {
    add(
        () -> {
          long length = parcel.size();
          for (long at = 0; at < length; ) {
            int some = parcel.read(at, block, 0, (int) Math.min(block.length, length - at));
            put(block, 0, some);
            at += some;
            lookUp();
          }
          parcel.free();
        });
  }

  /**
   * Gives a part of a parcel its place, which is a draft.
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

  /** Finishes what is a draft: whole segments, in a part of a parcel. */
  private void write(Parcel parcel, long from, long to) throws IOException {
    int held = 0;
    for (long at = from; at < to; ) {
      int some = parcel.read(at, block, held, (int) Math.min(block.length - held, to - at));
      at += some;
      held += some;
      int done = finish(held);
      held -= done;
      System.arraycopy(block, done, block, 0, held);
      if (held >= RdbDraft.HEAD_BYTES) {
        reserve(RdbDraft.segmentBytes(block, 0));
      }
      putPacked();
      lookUp();
    }
  }

  /**
   * Finishes the segments at the beginning of the block; returns how many of its bytes they are.
   */
  private int finish(int held) {
    int at = 0;
    int next = BYTES_WITHOUT_A_BREAK;
    while (held - at >= RdbDraft.HEAD_BYTES) {
      if (at >= next) {
        breaks.takeIfDue();
        next = at + BYTES_WITHOUT_A_BREAK;
      }
      int bytes = RdbDraft.segmentBytes(block, at);
      if (bytes > held - at) {
        break;
      }
      int from = at + RdbDraft.HEAD_BYTES;
      int length = bytes - RdbDraft.HEAD_BYTES;
      if (RdbDraft.isString(block, at)) {
        packing.putPlain(view.wrap(block, from, length));
      } else {
        packing.putBytes(block, from, length);
      }
      at += bytes;
    }
    return at;
  }

  private void reserve(int bytes) {
    if (block.length < bytes) {
      block = Arrays.copyOf(block, Math.max(bytes, 2 * block.length));
    }
  }

  private void putPacked() throws IOException {
    put(packing.bytes().array(), 0, packing.size());
    packing.clear();
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

  /** Hands everything that has its place to the target. */
  synchronized void drain() throws IOException {
    if (failure != null) {
      throw failure;
    }
    try {
      for (Item item = poll(); item != null; item = poll()) {
        item.write();
        lookUp();
      }
      lookUp();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /** Others may have lost something meanwhile, and want the processor. */
  private void lookUp() throws IOException {
    memory.check();
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
