package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.Arrays;

/** Packs entries into a listpack, as {@link ListpackInput} reads it. One object makes many. */
final class Listpack {
  private static final int HEADER = 6;
  private static final int MAX_COUNT = 0xFFFF;

  private byte[] bytes = new byte[256];
  private int size = HEADER;
  private int count;

  /** How many bytes the length of an entry takes behind it. */
  static int backLengthBytes(int length) {
    if (length <= 127) {
      return 1;
    }
    if (length < 16_383) {
      return 2;
    }
    if (length < 2_097_151) {
      return 3;
    }
    return length < 268_435_455 ? 4 : 5;
  }

  /** The most bytes that a string of a length takes as an entry. */
  static int entryBytes(int length) {
    return length + 10;
  }

  /** Begins a new one. */
  void clear() {
    size = HEADER;
    count = 0;
  }

  int count() {
    return count;
  }

  /** How many bytes it has so far. */
  int size() {
    return size + 1;
  }

  /** Adds a string: as an integer where it is the digits of one. */
  void add(Bytes string) {
    if (string.length() <= Numbers.MAX_DIGITS && Numbers.isLong(string)) {
      add(Numbers.parseLong(string, Errors.notAnInteger()));
      return;
    }
    int length = string.length();
    reserve(length);
    int start = size;
    if (length < 64) {
      bytes[size++] = (byte) (0x80 | length);
    } else if (length < 4096) {
      bytes[size++] = (byte) (0xE0 | length >>> 8);
      bytes[size++] = (byte) length;
    } else {
      bytes[size++] = (byte) 0xF0;
      putLow(length, 4);
    }
    System.arraycopy(string.array(), string.offset(), bytes, size, length);
    size += length;
    end(start);
  }

  /** Adds an integer. */
  void add(long value) {
    reserve(Long.BYTES);
    int start = size;
    if (value >= 0 && value < 128) {
      bytes[size++] = (byte) value;
    } else if (value >= -4096 && value < 4096) {
      bytes[size++] = (byte) (0xC0 | (value >>> 8 & 0x1F));
      bytes[size++] = (byte) value;
    } else if (value == (short) value) {
      bytes[size++] = (byte) 0xF1;
      putLow(value, 2);
    } else if (value << 40 >> 40 == value) {
      bytes[size++] = (byte) 0xF2;
      putLow(value, 3);
    } else if (value == (int) value) {
      bytes[size++] = (byte) 0xF3;
      putLow(value, 4);
    } else {
      bytes[size++] = (byte) 0xF4;
      putLow(value, 8);
    }
    end(start);
  }

  private void putLow(long value, int numberOfBytes) {
    for (int i = 0; i < numberOfBytes; i++) {
      bytes[size++] = (byte) (value >>> (8 * i));
    }
  }

  private void reserve(int contentBytes) {
    int wanted = Math.addExact(size, entryBytes(contentBytes) + 1);
    if (wanted > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(wanted, Math.min(2 * bytes.length, 1 << 28)));
    }
  }

  private void end(int start) {
    int length = size - start;
    int back = backLengthBytes(length);
    for (int i = 0; i < back; i++) {
      int seven = (length >>> (7 * (back - 1 - i))) & 0x7F;
      bytes[size++] = (byte) (i == 0 ? seven : seven | 0x80);
    }
    count++;
  }

  /** The whole: a view, valid until the next change. */
  Bytes whole() {
    int total = size + 1;
    for (int i = 0; i < 4; i++) {
      bytes[i] = (byte) (total >>> (8 * i));
    }
    int known = Math.min(count, MAX_COUNT);
    bytes[4] = (byte) known;
    bytes[5] = (byte) (known >>> 8);
    bytes[size] = (byte) 0xFF;
    return Bytes.of(bytes, 0, total);
  }
}
