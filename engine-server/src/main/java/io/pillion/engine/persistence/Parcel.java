package io.pillion.engine.persistence;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes that have to wait for their place in a snapshot: the first of them in a file, the others in
 * chunks of {@link SnapshotMemory}, whose monitor guards them. Added to under the engine lock; read
 * by whoever writes the snapshot, and moved to the file by another thread. When there are no chunks
 * left, all of it is moved to the file by who adds.
 */
final class Parcel implements RdbOutput.Sink {
  private static final int CHUNK_BYTES = SnapshotMemory.CHUNK_BYTES;

  private final SnapshotMemory memory;

  /** What is in the file, in order. */
  private final List<Extent> extents = new ArrayList<>(1);

  /** Where the chunks are. The first begins at {@link #base}; all but the last are full. */
  private long[] chunks = new long[4];

  private int count;
  private long base;

  /** What is before this is in the file, or is not needed any more. */
  private long kept;

  private long size;

  /** So many bytes from one place in the parcel on are in the file from another place on. */
  private static final class Extent {
    final long from;
    final long position;
    long length;

    Extent(long from, long position) {
      this.from = from;
      this.position = position;
    }

    long end() {
      return from + length;
    }
  }

  Parcel(SnapshotMemory memory) {
    this.memory = memory;
    memory.register(this);
  }

  /** How many bytes it has got. */
  long size() {
    synchronized (memory) {
      return size;
    }
  }

  @Override
  public void accept(byte[] bytes, int length) {
    int done = keep(bytes, length);
    if (done < length) {
      memory.overflow(this, bytes, done, length - done);
    }
  }

  /** Takes the first bytes of an array into chunks; returns how many there was room for. */
  private int keep(byte[] bytes, int length) {
    synchronized (memory) {
      int done = 0;
      while (done < length) {
        if (size == base + (long) count * CHUNK_BYTES && !addChunk()) {
          break;
        }
        int at = (int) (size - base) % CHUNK_BYTES;
        int part = Math.min(length - done, CHUNK_BYTES - at);
        memory.put(chunks[count - 1] + at, bytes, done, part);
        size += part;
        done += part;
      }
      return done;
    }
  }

  private boolean addChunk() {
    long chunk = memory.take();
    if (chunk == 0) {
      return false;
    }
    if (count == chunks.length) {
      chunks = Arrays.copyOf(chunks, 2 * count);
    }
    chunks[count++] = chunk;
    return true;
  }

  /**
   * Reads some of it.
   *
   * @param from where in the parcel
   * @param length how many bytes at most
   * @return how many bytes were read: at least one
   */
  int read(long from, byte[] bytes, int offset, int length) throws IOException {
    long position;
    int some;
    synchronized (memory) {
      if (from >= kept) {
        copyOut(from, bytes, offset, length);
        return length;
      }
      Extent extent = extentOf(from);
      position = extent.position + from - extent.from;
      some = (int) Math.min(length, extent.end() - from);
    }
    memory.read(position, bytes, offset, some);
    return some;
  }

  private void copyOut(long from, byte[] bytes, int offset, int length) throws IOException {
    for (int done = 0; done < length; ) {
      int chunk = (int) ((from + done - base) / CHUNK_BYTES);
      int at = (int) ((from + done - base) % CHUNK_BYTES);
      int part = Math.min(length - done, CHUNK_BYTES - at);
      memory.get(chunks[chunk] + at, bytes, offset + done, part);
      done += part;
    }
  }

  private Extent extentOf(long at) {
    int low = 0;
    int high = extents.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (extents.get(middle).from <= at) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return extents.get(low);
  }

  /**
   * Reads the first bytes that are in memory, to be moved to the file.
   *
   * @return how many, or 0 when there are none
   */
  int readKept(byte[] bytes) throws IOException {
    synchronized (memory) {
      int length = (int) Math.min(bytes.length, size - kept);
      copyOut(kept, bytes, 0, length);
      return length;
    }
  }

  /** Where the first bytes begin that are in memory. */
  long kept() {
    synchronized (memory) {
      return kept;
    }
  }

  /**
   * Bytes of it are in the file now, from a position on; some of the last may never have been here.
   */
  void moved(long from, long position, int length) {
    synchronized (memory) {
      Extent last = extents.isEmpty() ? null : extents.get(extents.size() - 1);
      if (last == null || last.end() != from || last.position + last.length != position) {
        last = new Extent(from, position);
        extents.add(last);
      }
      last.length += length;
      size = Math.max(size, from + length);
      release(from + length);
    }
  }

  /** What is before a place is not needed any more. */
  void drop(long to) {
    synchronized (memory) {
      release(to);
      while (!extents.isEmpty() && extents.get(0).end() <= to) {
        extents.remove(0);
      }
    }
  }

  /** Nothing of it is needed any more. */
  void free() {
    synchronized (memory) {
      drop(size);
      memory.forget(this);
    }
  }

  private void release(long to) {
    kept = Math.max(kept, to);
    int released = kept == size ? count : (int) ((kept - base) / CHUNK_BYTES);
    for (int i = 0; i < released; i++) {
      memory.giveBack(chunks[i]);
    }
    count -= released;
    System.arraycopy(chunks, released, chunks, 0, count);
    base = count == 0 ? kept : base + (long) released * CHUNK_BYTES;
  }
}
