package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an RDB on their way in: its lengths, strings and numbers. Nothing they claim is
 * believed: memory is taken for what has arrived, or can still arrive, and every complaint says at
 * which byte.
 */
public final class RdbInput {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final int FIRST_PART_BYTES = 64 << 10;
  private static final int MAX_STRING_BYTES = Integer.MAX_VALUE - 64;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final @Nullable InputStream stream;
  private final byte[] buffer;
  private final byte[] scratch = new byte[8];
  private long end;
  private int position;
  private int limit;

  /** How many bytes had been used before those in the buffer. */
  private long before;

  private long crc;
  private int crcFrom;

  /** Reads a payload. */
  public RdbInput(Bytes payload) {
    stream = null;
    buffer = payload.array();
    position = payload.offset();
    limit = payload.offset() + payload.length();
    before = -position;
    end = payload.length();
    crcFrom = position;
  }

  /**
   * Reads a stream.
   *
   * @param length how many bytes it has, or -1 when that is not known
   */
  public RdbInput(InputStream stream, long length) {
    this.stream = stream;
    buffer = new byte[BUFFER_BYTES];
    end = length < 0 ? Long.MAX_VALUE : length;
  }

  /** How many bytes were read so far. */
  public long offset() {
    return before + position;
  }

  /** How many bytes may follow: more than there are when the length is not known. */
  public long remaining() {
    return end - offset();
  }

  /** Whether it is known how many bytes there are. */
  boolean isLengthKnown() {
    return end != Long.MAX_VALUE;
  }

  /** The check sum of all bytes that were read so far. */
  public long crc() {
    crc = Crc64.update(crc, buffer, crcFrom, position - crcFrom);
    crcFrom = position;
    return crc;
  }

  /** A complaint about what was just read. */
  public RdbException broken(String complaint) {
    return new RdbException(complaint, offset());
  }

  private RdbException tooShort() {
    return broken("The data end too early");
  }

  /** Reads more; true when there is at least one byte. */
  private boolean refill() throws IOException {
    if (stream == null) {
      return false;
    }
    crc();
    before += position;
    position = 0;
    crcFrom = 0;
    limit = Math.max(0, stream.read(buffer, 0, buffer.length));
    return limit > 0;
  }

  /** Whether everything was read. */
  public boolean isAtEnd() throws IOException {
    return position == limit && !refill();
  }

  /** One byte, from 0 to 255. */
  public int readByte() throws IOException {
    if (position == limit && !refill()) {
      throw tooShort();
    }
    return buffer[position++] & 0xFF;
  }

  private void readFully(byte[] target, int offset, int length) throws IOException {
    while (length > 0) {
      if (position == limit && !refill()) {
        throw tooShort();
      }
      int part = Math.min(length, limit - position);
      System.arraycopy(buffer, position, target, offset, part);
      position += part;
      offset += part;
      length -= part;
    }
  }

  /** Four bytes, the lowest first. */
  public int readInt() throws IOException {
    readFully(scratch, 0, 4);
    return (int) INT.get(scratch, 0);
  }

  /** Eight bytes, the lowest first. */
  public long readLong() throws IOException {
    readFully(scratch, 0, 8);
    return (long) LONG.get(scratch, 0);
  }

  /** A double in eight bytes. */
  public double readDouble() throws IOException {
    return Double.longBitsToDouble(readLong());
  }

  /** A copy of so many bytes. */
  public byte[] readBytes(long length) throws IOException {
    if (length < 0 || length > remaining() || length > MAX_STRING_BYTES) {
      throw broken("A length of " + Long.toUnsignedString(length) + " where fewer bytes follow");
    }
    // Beyond what the buffer holds only the stream knows what comes: no more is taken on trust.
    byte[] bytes = new byte[(int) Math.min(length, Math.max(FIRST_PART_BYTES, limit - position))];
    int done = 0;
    while (true) {
      readFully(bytes, done, bytes.length - done);
      done = bytes.length;
      if (done == length) {
        return bytes;
      }
      bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * done));
    }
  }

  /** A length: unsigned, as a count of elements or bytes. */
  public long readLength() throws IOException {
    int first = readByte();
    if (first >>> 6 == RdbFormat.LENGTH_ENCODED) {
      throw broken("An encoded string where a length should be");
    }
    return readLength(first);
  }

  /**
   * A count of things that each take so many bytes at least.
   *
   * @throws RdbException also when so many bytes cannot follow
   */
  public long readCount(int leastBytes) throws IOException {
    long count = readLength();
    if (count < 0 || count > remaining() / leastBytes) {
      throw broken("A count of " + Long.toUnsignedString(count) + " where fewer bytes follow");
    }
    return count;
  }

  private long readLength(int first) throws IOException {
    return switch (first >>> 6) {
      case RdbFormat.LENGTH_6_BITS -> first & 0x3F;
      case RdbFormat.LENGTH_14_BITS -> (first & 0x3F) << 8 | readByte();
      default ->
          switch (first) {
            case RdbFormat.LENGTH_32_BITS -> Integer.reverseBytes(readInt()) & 0xFFFF_FFFFL;
            case RdbFormat.LENGTH_64_BITS -> Long.reverseBytes(readLong());
            default -> throw broken("An unknown length encoding " + first);
          };
    };
  }

  /** A string in any encoding. */
  public Bytes readString() throws IOException {
    int first = readByte();
    if (first >>> 6 != RdbFormat.LENGTH_ENCODED) {
      return Bytes.of(readBytes(readLength(first)));
    }
    return switch (first & 0x3F) {
      case RdbFormat.STRING_INT8 -> Bytes.of((byte) readByte());
      case RdbFormat.STRING_INT16 -> Bytes.of((short) (readByte() | readByte() << 8));
      case RdbFormat.STRING_INT32 -> Bytes.of(readInt());
      case RdbFormat.STRING_LZF -> readCompressed();
      default -> throw broken("An unknown string encoding " + (first & 0x3F));
    };
  }

  private Bytes readCompressed() throws IOException {
    long compressed = readLength();
    long length = readLength();
    if (compressed < 0 || compressed > remaining() || length < 0) {
      throw broken("A compressed string longer than what follows");
    }
    if (length > MAX_STRING_BYTES || length > compressed * Lzf.MAX_RATIO) {
      throw broken("A compressed string that claims more bytes than it can hold");
    }
    byte[] packed = readBytes(compressed);
    byte[] bytes = new byte[(int) length];
    if (!Lzf.expand(packed, 0, packed.length, bytes)) {
      throw broken("A compressed string that does not expand");
    }
    return Bytes.of(bytes);
  }

  /** Passes over a string in any encoding. */
  public void skipString() throws IOException {
    int first = readByte();
    if (first >>> 6 != RdbFormat.LENGTH_ENCODED) {
      skip(readLength(first));
      return;
    }
    switch (first & 0x3F) {
      case RdbFormat.STRING_INT8 -> skip(1);
      case RdbFormat.STRING_INT16 -> skip(2);
      case RdbFormat.STRING_INT32 -> skip(4);
      case RdbFormat.STRING_LZF -> {
        long compressed = readLength();
        readLength();
        skip(compressed);
      }
      default -> throw broken("An unknown string encoding " + (first & 0x3F));
    }
  }

  /** Passes over bytes. */
  public void skip(long length) throws IOException {
    if (length < 0 || length > remaining()) {
      throw broken("A length of " + Long.toUnsignedString(length) + " where fewer bytes follow");
    }
    long left = length;
    while (left > 0) {
      if (position == limit && !refill()) {
        throw tooShort();
      }
      int part = (int) Math.min(left, limit - position);
      position += part;
      left -= part;
    }
  }

  /** A score as text, in the way of the oldest sorted sets. */
  public double readTextDouble() throws IOException {
    int length = readByte();
    return switch (length) {
      case 255 -> Double.NEGATIVE_INFINITY;
      case 254 -> Double.POSITIVE_INFINITY;
      case 253 -> Double.NaN;
      default -> Scores.parse(Bytes.of(readBytes(length)), this);
    };
  }
}
