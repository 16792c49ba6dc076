package io.pillion.engine.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A run of bytes on the heap: an argument as it lies in a connection's input, or a string of our
 * own. Equal by content.
 *
 * <p>A view made by {@link #wrap} may be moved to other bytes by its owner, so a command must
 * {@link #copy()} what it keeps beyond its own call.
 */
public final class Bytes implements Comparable<Bytes> {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  /** No bytes. */
  public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

  private byte[] array;
  private int offset;
  private int length;

  private Bytes(byte[] array, int offset, int length) {
    this.array = array;
    this.offset = offset;
    this.length = length;
  }

  /** A view of a whole array, which must not change while the view is used as a key. */
  public static Bytes of(byte[] array) {
    return new Bytes(array, 0, array.length);
  }

  /** A view of part of an array. */
  public static Bytes of(byte[] array, int offset, int length) {
    return new Bytes(array, offset, length);
  }

  /** The UTF-8 bytes of a text. */
  public static Bytes of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The decimal digits of a number. */
  public static Bytes of(long number) {
    return of(Long.toString(number));
  }

  /** Moves this view; only for the owner of a reused view. */
  public Bytes wrap(byte[] newArray, int newOffset, int newLength) {
    array = newArray;
    offset = newOffset;
    length = newLength;
    return this;
  }

  /** A view of a copy of these bytes, safe to keep. */
  public Bytes copy() {
    return of(toByteArray());
  }

  /** The array these bytes lie in, from {@link #offset()} on. */
  public byte[] array() {
    return array;
  }

  /** Where in {@link #array()} they begin. */
  public int offset() {
    return offset;
  }

  /** How many there are. */
  public int length() {
    return length;
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return length == 0;
  }

  /** The byte at an index from 0 on; the index is not checked against this view's length. */
  public byte get(int index) {
    return array[offset + index];
  }

  /** The bytes from one index to another, as a view. */
  public Bytes slice(int from, int to) {
    if (from < 0 || to < from || to > length) {
      throw new IndexOutOfBoundsException(from + " to " + to + " of " + length);
    }
    return new Bytes(array, offset + from, to - from);
  }

  /** A copy of the bytes. */
  public byte[] toByteArray() {
    return Arrays.copyOfRange(array, offset, offset + length);
  }

  /** Whether these are the given ASCII letters, in upper or lower case; {@code upper} is upper. */
  public boolean equalsIgnoreCase(String upper) {
    if (upper.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      byte b = array[offset + i];
      if (b >= 'a' && b <= 'z') {
        b -= 32;
      }
      if (b != upper.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** As Redis compares strings: byte by byte, unsigned, then by length. */
  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(
        array, offset, offset + length, other.array, other.offset, other.offset + other.length);
  }

  /** Eight bytes at an index, in native order. */
  long longAt(int index) {
    return (long) LONGS.get(array, offset + index);
  }

  /** A seeded 64-bit hash of the content. */
  public long hash(long seed) {
    return Hashing.hash(array, offset, length, seed);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Bytes that
        && Arrays.equals(
            array, offset, offset + length, that.array, that.offset, that.offset + that.length);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(hash(0));
  }

  /** The bytes as ISO-8859-1 text, so that every byte survives. */
  @Override
  public String toString() {
    return new String(array, offset, length, StandardCharsets.ISO_8859_1);
  }

  /** The bytes as UTF-8 text. */
  public String toUtf8() {
    return new String(array, offset, length, StandardCharsets.UTF_8);
  }
}
