package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A small hash or set: one block with its elements one after the other, in the order of insertion,
 * each after its length. A hash's entry is two elements, a set's is one.
 *
 * <p>The header is one word: the layout in byte 0, the bytes used after the header in bytes 1 to 3,
 * the number of entries in bytes 4 to 7. A block never grows to where it would cross a slab, so
 * that it is read through one buffer.
 */
final class Packed {
  static final int HEADER_BYTES = 8;

  /** Above this, a collection is paged whatever its limits say. */
  static final int MAX_BYTES = 512 << 10;

  private Packed() {}

  static long create(Arena arena) {
    long root = arena.allocate(HEADER_BYTES);
    arena.putLong(root, header(0, 0));
    return root;
  }

  private static long header(int used, long entries) {
    return header(Layout.PACKED, used, entries);
  }

  static long header(int layout, int used, long entries) {
    return layout | (long) used << 8 | entries << 32;
  }

  static int entries(Arena arena, long root) {
    return (int) (arena.getLong(root) >>> 32);
  }

  static int used(Arena arena, long root) {
    return (int) (arena.getLong(root) >>> 8) & 0xFF_FFFF;
  }

  /** What an element takes with its length. */
  static int size(Bytes element) {
    return Varint.sizeOf(element.length()) + element.length();
  }

  /** What the element at an offset takes with its length. */
  static int size(Arena arena, long root, int at) {
    int length = length(arena, root, at);
    return Varint.sizeOf(length) + length;
  }

  static int length(Arena arena, long root, int at) {
    return Varint.get(arena.bufferOf(root), Arena.offsetInBuffer(root) + HEADER_BYTES + at);
  }

  /** Where the bytes of the element at an offset are. */
  static long address(long root, int at, int length) {
    return root + HEADER_BYTES + at + Varint.sizeOf(length);
  }

  /**
   * Looks for an entry by its first element.
   *
   * @param stride elements of an entry
   * @return its offset after the header, or -1
   */
  static int find(Arena arena, long root, int stride, Bytes wanted) {
    ByteBuffer buffer = arena.bufferOf(root);
    int base = Arena.offsetInBuffer(root) + HEADER_BYTES;
    int end = base + used(arena, root);
    int wantedLength = wanted.length();
    for (int at = base; at < end; ) {
      int length = Varint.get(buffer, at);
      int size = Varint.sizeOf(length);
      if (length == wantedLength
          && arena.matches(root + HEADER_BYTES + (at - base) + size, length, wanted)) {
        return at - base;
      }
      at += size + length;
      if (stride == 2) {
        int valueLength = Varint.get(buffer, at);
        at += Varint.sizeOf(valueLength) + valueLength;
      }
    }
    return -1;
  }

  /** The offset of the entry with this number. */
  static int offsetOf(Arena arena, long root, int stride, int index) {
    int at = 0;
    for (int i = index * stride; i > 0; i--) {
      at += size(arena, root, at);
    }
    return at;
  }

  /**
   * Puts up to two elements in the place of some bytes, moving what follows; the block may move.
   *
   * @param at where, after the header
   * @param removed how many bytes to replace
   * @param more entries more, or fewer, than before
   * @throws OutOfArenaException when it must grow and cannot; nothing has changed then
   */
  static void splice(
      Arena arena,
      long cell,
      int at,
      int removed,
      @Nullable Bytes first,
      @Nullable Bytes second,
      int more) {
    long root = arena.getLong(cell);
    int used = used(arena, root);
    int added = (first == null ? 0 : size(first)) + (second == null ? 0 : size(second));
    int newUsed = used - removed + added;
    long from = root + HEADER_BYTES + at + removed;
    int tail = used - at - removed;
    long target = root;
    if (added > removed && HEADER_BYTES + newUsed > arena.capacity(root)) {
      target = arena.allocate(HEADER_BYTES + newUsed);
      arena.copy(root, target, HEADER_BYTES + at);
    }
    arena.copy(from, target + HEADER_BYTES + at + added, tail);
    int position = at;
    if (first != null) {
      position = write(arena, target, position, first);
    }
    if (second != null) {
      write(arena, target, position, second);
    }
    arena.putLong(target, header(newUsed, entries(arena, root) + more));
    if (target != root) {
      arena.free(root);
      arena.putLong(cell, target);
    } else if (newUsed < used) {
      Shrink.toFit(arena, cell, root, HEADER_BYTES + newUsed);
    }
  }

  /** Copies a record; returns the copy's address. */
  static long copy(Arena arena, long root) {
    int bytes = HEADER_BYTES + used(arena, root);
    long copied = arena.allocate(bytes);
    arena.copy(root, copied, bytes);
    return copied;
  }

  private static int write(Arena arena, long root, int at, Bytes element) {
    int base = Arena.offsetInBuffer(root) + HEADER_BYTES;
    int data = Varint.put(arena.bufferOf(root), base + at, element.length());
    arena.copyIn(root + HEADER_BYTES + (data - base), element);
    return data - base + element.length();
  }
}
