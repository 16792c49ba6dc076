package io.pillion.engine.command;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.nio.ByteOrder;

/**
 * An integer of some width within a string, and bits within the arena. Bits are numbered from the
 * highest of the first byte on.
 *
 * @param signed whether it is in two's complement
 * @param bits how wide it is: 1 to 64, unsigned to 63
 */
record BitField(boolean signed, int bits) {
  /** What happens when a value does not fit. */
  enum Overflow {
    WRAP,
    SAT,
    FAIL
  }

  /**
   * Reads {@code i16}, {@code u8} and the like.
   *
   * @throws CommandException when it is no such type
   */
  static BitField parse(Bytes word) {
    CommandException refusal =
        Errors.err(
            "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but"
                + " i64 is.");
    if (word.isEmpty() || (word.get(0) != 'i' && word.get(0) != 'u')) {
      throw refusal;
    }
    boolean signed = word.get(0) == 'i';
    long bits = Numbers.parseLong(word.slice(1, word.length()), refusal);
    if (bits < 1 || bits > (signed ? 64 : 63)) {
      throw refusal;
    }
    return new BitField(signed, (int) bits);
  }

  /** The value of bits that were read: with its sign, when it has one. */
  long extend(long raw) {
    int unused = Long.SIZE - bits;
    return signed ? raw << unused >> unused : raw;
  }

  private long max() {
    return (1L << (signed ? bits - 1 : bits)) - 1;
  }

  private long min() {
    return signed ? -max() - 1 : 0;
  }

  /**
   * Whether a sum does not fit: 1 when it is too high, -1 when it is too low, else 0. A value for
   * an unsigned field is unsigned, so that a negative one is too high.
   */
  int overflow(long value, long increment) {
    long most = max() - value;
    long least = min() - value;
    if (!signed) {
      boolean tooHigh = Long.compareUnsigned(value, max()) > 0;
      return tooHigh || (increment > 0 && increment > most)
          ? 1
          : increment < 0 && increment < least ? -1 : 0;
    }
    // As in Redis, where the room above a very low value wraps around: that counts as too high.
    boolean narrow = bits < Long.SIZE;
    if (value > max()
        || (narrow && increment > most)
        || (value >= 0 && increment > 0 && increment > most)) {
      return 1;
    }
    return value < min()
            || (narrow && increment < least)
            || (value < 0 && increment < 0 && increment < least)
        ? -1
        : 0;
  }

  /** What to store for a sum that is too high (1) or too low (-1). */
  long confine(long sum, int over, Overflow overflow) {
    if (overflow == Overflow.SAT) {
      return over > 0 ? max() : min();
    }
    int unused = Long.SIZE - bits;
    return signed ? sum << unused >> unused : sum << unused >>> unused;
  }

  // --- bits in the arena

  /** So many bits, 1 to 64, as an unsigned integer; all of them must be there. */
  static long read(Arena arena, long address, long offset, int bits) {
    long value = 0;
    long end = offset + bits;
    for (long at = offset; at < end; ) {
      int within = (int) at & 7;
      int take = (int) Math.min(8 - within, end - at);
      int part = (arena.getByte(address + (at >>> 3)) & 0xFF) >>> (8 - within - take);
      value = value << take | (part & ((1 << take) - 1));
      at += take;
    }
    return value;
  }

  /** Writes the lowest so many bits, 1 to 64, of a value. */
  static void write(Arena arena, long address, long offset, int bits, long value) {
    long end = offset + bits;
    for (long at = offset; at < end; ) {
      int within = (int) at & 7;
      int take = (int) Math.min(8 - within, end - at);
      int shift = 8 - within - take;
      int mask = ((1 << take) - 1) << shift;
      int part = (int) (value >>> (end - at - take)) << shift & mask;
      long cell = address + (at >>> 3);
      arena.putByte(cell, (byte) ((arena.getByte(cell) & ~mask) | part));
      at += take;
    }
  }

  /** How many bits are set from one to before another. Reads eight bytes at a time. */
  static long count(Arena arena, long address, long from, long to) {
    long sum = 0;
    long at = from;
    while (at < to && (at & 7) != 0) {
      sum += read(arena, address, at++, 1);
    }
    for (; to - at >= Long.SIZE; at += Long.SIZE) {
      sum += Long.bitCount(arena.getLongUnaligned(address + (at >>> 3)));
    }
    while (at < to) {
      int take = (int) Math.min(Byte.SIZE, to - at);
      sum += Long.bitCount(read(arena, address, at, take));
      at += take;
    }
    return sum;
  }

  /** The first bit of a kind from one to before another, or -1. Reads eight bytes at a time. */
  static long find(Arena arena, long address, long from, long to, boolean set) {
    long flip = set ? 0 : -1;
    long at = from;
    for (; at < to && (at & 7) != 0; at++) {
      if ((read(arena, address, at, 1) == 1) == set) {
        return at;
      }
    }
    for (; to - at >= Long.SIZE; at += Long.SIZE) {
      long word = arena.getLongUnaligned(address + (at >>> 3)) ^ flip;
      if (word != 0) {
        boolean reversed = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        return at + Long.numberOfLeadingZeros(reversed ? Long.reverseBytes(word) : word);
      }
    }
    for (; at < to; at++) {
      if ((read(arena, address, at, 1) == 1) == set) {
        return at;
      }
    }
    return -1;
  }
}
