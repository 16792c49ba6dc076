package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.nio.ByteOrder;

/**
 * A small set of integers: one block with the numbers in ascending order, all as wide as the widest
 * needs (2, 4 or 8 bytes).
 *
 * <p>The header is one word: the layout in byte 0, the width in byte 1, the number of members in
 * bytes 4 to 7.
 */
final class Integers {
  private static final int HEADER_BYTES = 8;

  private Integers() {}

  static long create(Arena arena) {
    long root = arena.allocate(HEADER_BYTES);
    arena.putLong(root, header(2, 0));
    return root;
  }

  /**
   * Makes a set of integers that are there in ascending order, each once.
   *
   * @param bytes the lowest byte of each first
   * @param width how many bytes each has
   */
  static long of(Arena arena, Bytes bytes, int width) {
    int count = bytes.length() / width;
    int needed = 2;
    if (count > 0) {
      needed = Math.max(widthOf(get(bytes, width, 0)), widthOf(get(bytes, width, count - 1)));
    }
    long root = arena.allocate(HEADER_BYTES + (long) count * needed);
    arena.putLong(root, header(needed, count));
    if (needed == width && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      arena.copyIn(root + HEADER_BYTES, bytes);
    } else {
      for (int i = 0; i < count; i++) {
        set(arena, root, needed, i, get(bytes, width, i));
      }
    }
    return root;
  }

  /** One of the integers on the heap, the lowest byte first. */
  static long get(Bytes bytes, int width, int index) {
    long value = 0;
    for (int i = width - 1; i >= 0; i--) {
      value = value << 8 | (bytes.get(index * width + i) & 0xFF);
    }
    int unused = Long.SIZE - 8 * width;
    return value << unused >> unused;
  }

  private static long header(int width, long size) {
    return Layout.INTEGERS | width << 8 | size << 32;
  }

  static int size(Arena arena, long root) {
    return (int) (arena.getLong(root) >>> 32);
  }

  private static int width(Arena arena, long root) {
    return arena.getByte(root + 1);
  }

  static long get(Arena arena, long root, int index) {
    return get(arena, root, width(arena, root), index);
  }

  private static long get(Arena arena, long root, int width, int index) {
    long at = root + HEADER_BYTES + (long) index * width;
    return switch (width) {
      case 2 -> arena.getShort(at);
      case 4 -> arena.getInt(at);
      default -> arena.getLong(at);
    };
  }

  private static void set(Arena arena, long root, int width, int index, long value) {
    long at = root + HEADER_BYTES + (long) index * width;
    switch (width) {
      case 2 -> arena.putShort(at, (short) value);
      case 4 -> arena.putInt(at, (int) value);
      default -> arena.putLong(at, value);
    }
  }

  /** The index of a number, or {@code -1 - index} of where it would be. */
  static int find(Arena arena, long root, long value) {
    int width = width(arena, root);
    int low = 0;
    int high = size(arena, root) - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      long found = get(arena, root, width, middle);
      if (found < value) {
        low = middle + 1;
      } else if (found > value) {
        high = middle - 1;
      } else {
        return middle;
      }
    }
    return -1 - low;
  }

  /** Adds a number; false when it was there. */
  static boolean add(Arena arena, long cell, long value) {
    long root = arena.getLong(cell);
    int at = find(arena, root, value);
    if (at >= 0) {
      return false;
    }
    int index = -1 - at;
    int size = size(arena, root);
    int width = width(arena, root);
    int newWidth = Math.max(width, widthOf(value));
    long bytes = HEADER_BYTES + (size + 1L) * newWidth;
    if (newWidth == width && bytes <= arena.capacity(root)) {
      long from = root + HEADER_BYTES + (long) index * width;
      arena.copy(from, from + width, (long) (size - index) * width);
      set(arena, root, width, index, value);
      arena.putLong(root, header(width, size + 1L));
      return true;
    }
    long grown = arena.allocate(bytes);
    for (int i = 0; i < size; i++) {
      set(arena, grown, newWidth, i < index ? i : i + 1, get(arena, root, width, i));
    }
    set(arena, grown, newWidth, index, value);
    arena.putLong(grown, header(newWidth, size + 1L));
    arena.putLong(cell, grown);
    arena.free(root);
    return true;
  }

  static void removeAt(Arena arena, long cell, int index) {
    long root = arena.getLong(cell);
    int size = size(arena, root) - 1;
    int width = width(arena, root);
    long to = root + HEADER_BYTES + (long) index * width;
    arena.copy(to + width, to, (long) (size - index) * width);
    arena.putLong(root, header(width, size));
    Shrink.toFit(arena, cell, root, HEADER_BYTES + size * width);
  }

  /** Copies a set; returns the copy's address. */
  static long copy(Arena arena, long root) {
    long bytes = HEADER_BYTES + (long) size(arena, root) * width(arena, root);
    long copied = arena.allocate(bytes);
    arena.copy(root, copied, bytes);
    return copied;
  }

  /** How many bytes the longest member has as text. */
  static int longest(Arena arena, long root) {
    int size = size(arena, root);
    return size == 0
        ? 0
        : Math.max(
            Long.toString(get(arena, root, 0)).length(),
            Long.toString(get(arena, root, size - 1)).length());
  }

  private static int widthOf(long value) {
    return value == (short) value ? 2 : value == (int) value ? 4 : 8;
  }

  /**
   * Whether bytes are how Redis writes some 64-bit integer: no plus sign, no leading zeros, no
   * minus zero.
   */
  static boolean isInteger(Bytes bytes) {
    int length = bytes.length();
    if (length == 0 || length > 20) {
      return false;
    }
    int at = bytes.get(0) == '-' ? 1 : 0;
    if (at == length) {
      return false;
    }
    if (bytes.get(at) == '0') {
      return length == 1;
    }
    long negative = 0;
    for (int i = at; i < length; i++) {
      int digit = bytes.get(i) - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      if (negative < Long.MIN_VALUE / 10 || negative * 10 < Long.MIN_VALUE + digit) {
        return false;
      }
      negative = negative * 10 - digit;
    }
    return at == 1 || negative != Long.MIN_VALUE;
  }

  /** The number that bytes say of which {@link #isInteger} is true. */
  static long parse(Bytes bytes) {
    boolean minus = bytes.get(0) == '-';
    long negative = 0;
    for (int i = minus ? 1 : 0; i < bytes.length(); i++) {
      negative = negative * 10 - (bytes.get(i) - '0');
    }
    return minus ? negative : -negative;
  }
}
