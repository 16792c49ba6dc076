package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Numbers;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The entries of one string in which Redis packs a small collection, one after the other: strings
 * and integers. Every step is checked against the string's end, and the whole against what its
 * header says.
 */
abstract class PackedInput {
  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** An entry count that means: too many to be counted in the header. */
  static final int UNKNOWN_COUNT = 0xFFFF;

  final RdbInput in;
  final byte[] bytes;

  /** Where in the array the first byte is, and where the last one was. */
  final int start;

  final int end;
  int at;
  private long entries;
  private boolean isInteger;
  private long integer;
  private int from;
  private int length;
  private final Bytes view = Bytes.of(new byte[0]);
  private byte[] digits = {};

  /**
   * @param packed which stays as it is while it is read
   */
  PackedInput(Bytes packed, RdbInput in) {
    this.in = in;
    bytes = packed.array();
    start = packed.offset();
    end = start + packed.length();
  }

  /** Goes to the next entry; false after the last, when all has been in order. */
  final boolean next() throws IOException {
    require(1);
    if ((bytes[at] & 0xFF) == 0xFF) {
      if (at != end - 1) {
        throw broken("bytes behind its end");
      }
      int count = announced();
      if (count != UNKNOWN_COUNT && count != entries) {
        throw broken("a wrong count of entries");
      }
      checkEnd();
      return false;
    }
    read();
    entries++;
    return true;
  }

  /** Goes to the next entry, which must be there. */
  final void require() throws IOException {
    if (!next()) {
      throw broken("an entry missing");
    }
  }

  /** Reads the entry at {@link #at}. */
  abstract void read() throws IOException;

  /** How many entries the header says there are, or {@link #UNKNOWN_COUNT}. */
  abstract int announced();

  /** Checks what can only be told at the end. */
  abstract void checkEnd() throws IOException;

  /** How many entries were read so far. */
  final long entries() {
    return entries;
  }

  /** How many bytes were not read yet. */
  final int bytesLeft() {
    return end - at;
  }

  final void setInteger(long value) {
    isInteger = true;
    integer = value;
  }

  final void setString(int newFrom, long newLength) throws IOException {
    if (newLength < 0 || newLength > end - 1 - newFrom) {
      throw broken("an entry longer than what follows");
    }
    isInteger = false;
    from = newFrom;
    length = (int) newLength;
    at = newFrom + length;
  }

  /** Checks that so many bytes are left. */
  final void require(int count) throws IOException {
    if (end - at < count) {
      throw broken("no end");
    }
  }

  /** A signed number of so many bytes, the lowest first, behind {@link #at}; moves there. */
  final long takeSigned(int count) throws IOException {
    require(count);
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (bytes[at + i] & 0xFFL) << (8 * i);
    }
    at += count;
    int shift = Long.SIZE - 8 * count;
    return value << shift >> shift;
  }

  final RdbException broken(String what) {
    return in.broken("A packed collection with " + what);
  }

  /** Whether the entry is an integer. */
  final boolean isInteger() {
    return isInteger;
  }

  /** The entry, which must be an integer. */
  final long integer() throws IOException {
    if (!isInteger) {
      throw broken("a string where an integer should be");
    }
    return integer;
  }

  /** The entry as a string: a view, or the digits of an integer. */
  final Bytes string() {
    return isInteger ? Bytes.of(integer) : Bytes.of(bytes, from, length);
  }

  /** The entry as {@link #string}, but valid only until the next call of this. */
  final Bytes view() {
    if (!isInteger) {
      return view.wrap(bytes, from, length);
    }
    if (digits.length == 0) {
      digits = new byte[Numbers.MAX_DIGITS];
    }
    int begin = Numbers.write(integer, digits);
    return view.wrap(digits, begin, digits.length - begin);
  }

  /**
   * Moves a view to the entry as a string, which it is as long as what is read stays as it is.
   *
   * @param room for the digits of an integer: {@link Numbers#MAX_DIGITS} bytes
   * @param roomAt where in there they may begin
   */
  final void string(Bytes target, byte[] room, int roomAt) {
    if (isInteger) {
      Bytes text = view();
      System.arraycopy(text.array(), text.offset(), room, roomAt, text.length());
      target.wrap(room, roomAt, text.length());
    } else {
      target.wrap(bytes, from, length);
    }
  }

  /** The entry as a score. */
  final double score() throws IOException {
    return Scores.check(isInteger ? integer : Scores.parse(Bytes.of(bytes, from, length), in), in);
  }
}
