package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;

/** Lengths in one to five bytes, seven bits each, the lowest first. */
final class Varint {
  private Varint() {}

  /** How many bytes a length takes. */
  static int sizeOf(int value) {
    int size = 1;
    while ((value >>>= 7) != 0) {
      size++;
    }
    return size;
  }

  /** Writes a length and returns the address behind it. */
  static long put(Arena arena, long address, int value) {
    while (value >>> 7 != 0) {
      arena.putByte(address++, (byte) (value | 0x80));
      value >>>= 7;
    }
    arena.putByte(address++, (byte) value);
    return address;
  }

  /** Reads a length. */
  static int get(Arena arena, long address) {
    int b = arena.getByte(address);
    if (b >= 0) {
      return b;
    }
    int value = b & 0x7F;
    int shift = 7;
    do {
      b = arena.getByte(++address);
      value |= (b & 0x7F) << shift;
      shift += 7;
    } while (b < 0);
    return value;
  }
}
