package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import java.nio.ByteBuffer;

/** Lengths in one to five bytes, seven bits each, the lowest first. */
final class Varint {
  private Varint() {}

  /** How many bytes a length takes. */
  static int sizeOf(int value) {
    return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
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

  /** How many bytes an unsigned 64-bit number takes. */
  static int sizeOfLong(long value) {
    return (63 - Long.numberOfLeadingZeros(value | 1)) / 7 + 1;
  }

  /** Writes an unsigned 64-bit number in up to ten bytes, and returns the address behind it. */
  static long putLong(Arena arena, long address, long value) {
    while (value >>> 7 != 0) {
      arena.putByte(address++, (byte) (value | 0x80));
      value >>>= 7;
    }
    arena.putByte(address++, (byte) value);
    return address;
  }

  /** Reads an unsigned 64-bit number. */
  static long getLong(Arena arena, long address) {
    long b = arena.getByte(address);
    if (b >= 0) {
      return b;
    }
    long value = b & 0x7F;
    int shift = 7;
    do {
      b = arena.getByte(++address);
      value |= (b & 0x7F) << shift;
      shift += 7;
    } while (b < 0);
    return value;
  }

  /** Writes a length into a block's buffer and returns the place behind it. */
  static int put(ByteBuffer buffer, int at, int value) {
    while (value >>> 7 != 0) {
      buffer.put(at++, (byte) (value | 0x80));
      value >>>= 7;
    }
    buffer.put(at++, (byte) value);
    return at;
  }

  /** Reads a length from a block's buffer. */
  static int get(ByteBuffer buffer, int at) {
    int b = buffer.get(at);
    if (b >= 0) {
      return b;
    }
    int value = b & 0x7F;
    int shift = 7;
    do {
      b = buffer.get(++at);
      value |= (b & 0x7F) << shift;
      shift += 7;
    } while (b < 0);
    return value;
  }

  /** Writes an unsigned 64-bit number to the heap and returns the place behind it. */
  static int putLong(byte[] bytes, int at, long value) {
    while (value >>> 7 != 0) {
      bytes[at++] = (byte) (value | 0x80);
      value >>>= 7;
    }
    bytes[at++] = (byte) value;
    return at;
  }

  /** Reads a length from the heap. */
  static int get(byte[] bytes, int at) {
    int b = bytes[at];
    if (b >= 0) {
      return b;
    }
    int value = b & 0x7F;
    int shift = 7;
    do {
      b = bytes[++at];
      value |= (b & 0x7F) << shift;
      shift += 7;
    } while (b < 0);
    return value;
  }
}
