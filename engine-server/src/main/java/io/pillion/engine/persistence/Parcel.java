package io.pillion.engine.persistence;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Bytes that have to wait for their place in a snapshot: the first of them in a file, the others in
 * memory. Added to under the engine lock; spilled and read by whoever writes the snapshot.
 */
final class Parcel implements RdbOutput.Sink {
  /** What a piece takes beside its bytes, here and where its place is kept. */
  private static final int PIECE_OVERHEAD = 192;

  private static final int COPY_BYTES = 64 << 10;

  private final SnapshotMemory memory;
  private final TreeMap<Long, byte[]> pieces = new TreeMap<>();

  /** Where what is in the file begins: in this parcel, and there. It goes on to the next. */
  private final TreeMap<Long, Long> extents = new TreeMap<>();

  private long size;
  private long inFile;

  /** Takes its turn. */
  @FunctionalInterface
  interface Target {
    void write(byte[] bytes, int offset, int length) throws IOException;
  }

  Parcel(SnapshotMemory memory) {
    this.memory = memory;
    memory.register(this);
  }

  /** How many bytes it has. */
  synchronized long size() {
    return size;
  }

  @Override
  public void accept(byte[] array, int length) {
    add(Arrays.copyOf(array, length));
  }

  /** Takes bytes that nobody else uses from now on. */
  synchronized void add(byte[] piece) {
    pieces.put(size, piece);
    size += piece.length;
    memory.use(piece.length + PIECE_OVERHEAD);
  }

  /** Moves what is in memory to the file. */
  void spill() throws IOException {
    List<byte[]> moving;
    synchronized (this) {
      moving = new ArrayList<>(pieces.values());
    }
    byte[] some = moving.size() > 1 ? new byte[COPY_BYTES] : new byte[0];
    for (int i = 0; i < moving.size(); ) {
      byte[] piece = moving.get(i++);
      int length = piece.length;
      int count = 1;
      if (i < moving.size() && length + moving.get(i).length <= COPY_BYTES) {
        // Small ones go together.
        System.arraycopy(piece, 0, some, 0, length);
        piece = some;
        for (; i < moving.size() && length + moving.get(i).length <= COPY_BYTES; i++) {
          byte[] next = moving.get(i);
          System.arraycopy(next, 0, some, length, next.length);
          length += next.length;
          count++;
        }
      }
      moved(memory.append(piece, length), count);
    }
  }

  /** The first pieces are in the file now. */
  private void moved(long at, int count) {
    long bytes = 0;
    synchronized (this) {
      Map.Entry<Long, Long> last = extents.lastEntry();
      if (last == null || last.getValue() + inFile - last.getKey() != at) {
        extents.put(inFile, at);
      }
      for (int i = 0; i < count; i++) {
        int length = pieces.pollFirstEntry().getValue().length;
        inFile += length;
        bytes += length + PIECE_OVERHEAD;
      }
    }
    memory.use(-bytes);
  }

  /** Writes a part of it. */
  void writeTo(Target target, long from, long to) throws IOException {
    byte[] buffer = new byte[0];
    for (long at = from; at < to; ) {
      byte[] piece;
      int offset = 0;
      int length;
      long position = 0;
      synchronized (this) {
        if (at < inFile) {
          Map.Entry<Long, Long> extent = extents.floorEntry(at);
          Long next = extents.higherKey(at);
          long end = Math.min(Math.min(to, inFile), next == null ? Long.MAX_VALUE : next);
          length = (int) Math.min(COPY_BYTES, end - at);
          position = extent.getValue() + at - extent.getKey();
          piece = null;
        } else {
          Map.Entry<Long, byte[]> found = pieces.floorEntry(at);
          piece = found.getValue();
          offset = (int) (at - found.getKey());
          length = (int) Math.min(piece.length - offset, to - at);
        }
      }
      if (piece == null) {
        if (buffer.length < length) {
          buffer = new byte[COPY_BYTES];
        }
        memory.read(position, buffer, length);
        piece = buffer;
      }
      target.write(piece, offset, length);
      at += length;
    }
  }

  /** Nobody needs it any more. */
  synchronized void free() {
    long bytes = 0;
    for (byte[] piece : pieces.values()) {
      bytes += piece.length + PIECE_OVERHEAD;
    }
    pieces.clear();
    extents.clear();
    memory.use(-bytes);
    memory.forget(this);
  }
}
