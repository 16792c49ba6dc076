package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Numbers;
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
final class RdbInput {
  /** The longest string that is read as a view of the buffer wherever it lies. */
  static final int MAX_VIEW_BYTES = 64 << 10;

  /** Before memory for a single string longer than this is taken, {@link #beforeMuch} is told. */
  static final int MUCH_BYTES = 1 << 20;

  private static final int BUFFER_BYTES = 2 * MAX_VIEW_BYTES;
  private static final int FIRST_PART_BYTES = 64 << 10;
  private static final int MAX_STRING_BYTES = Integer.MAX_VALUE - 64;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final @Nullable InputStream stream;
  private final @Nullable BlockReader blocks;
  private BlockReader.@Nullable Block block;
  private BlockReader.@Nullable Block blockBefore;
  private final Bytes view = Bytes.of(new byte[0]);
  private byte[] buffer;
  private byte[] expanded = {};
  private byte[] digits = {};
  private long end;
  private int position;
  private int limit;

  /** How many bytes had been used before those in the buffer. */
  private long before;

  private long crc;
  private int crcFrom;
  private Runnable beforeMuch = () -> {};

  /** Reads a payload. */
  public RdbInput(Bytes payload) {
    stream = null;
    blocks = null;
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
    blocks = stream instanceof BlockReader reader ? reader : null;
    buffer = new byte[blocks == null ? BUFFER_BYTES : 0];
    end = length < 0 ? Long.MAX_VALUE : length;
  }

  /** What strings are expanded into, until one is longer. */
  byte[] expanded() {
    return expanded;
  }

  /** Says what strings may be expanded into. */
  void expanded(byte[] room) {
    expanded = room;
  }

  /** Gives back the blocks that it has taken of a {@link BlockReader}: nothing more is read. */
  void giveBackBlocks() {
    if (blocks != null) {
      giveBack(blocks, blockBefore);
      giveBack(blocks, block);
    }
    blockBefore = null;
    block = null;
    buffer = new byte[0];
    before += position;
    position = 0;
    limit = 0;
  }

  private static void giveBack(BlockReader reader, BlockReader.@Nullable Block done) {
    if (done != null) {
      reader.giveBack(done);
    }
  }

  /** Says what is done each time before a single string takes much memory. */
  void beforeMuch(Runnable action) {
    beforeMuch = action;
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

  /** Reads more, behind what is left; true when there is at least one byte. */
  private boolean refill() throws IOException {
    if (blocks != null) {
      return nextBlock(blocks);
    }
    if (stream == null) {
      return false;
    }
    if (position == limit || limit == buffer.length) {
      crc();
      int left = limit - position;
      System.arraycopy(buffer, position, buffer, 0, left);
      before += position;
      position = 0;
      crcFrom = 0;
      limit = left;
    }
    int count = stream.read(buffer, limit, buffer.length - limit);
    limit += Math.max(0, count);
    return count > 0;
  }

  /** What is left goes in front of the next block: the two are read as one. */
  private boolean nextBlock(BlockReader reader) throws IOException {
    int left = limit - position;
    BlockReader.Block next = reader.take(blockBefore);
    blockBefore = null;
    if (next == null) {
      return false;
    }
    next.reserve(left);
    int start = next.start - left;
    System.arraycopy(buffer, position, next.bytes, start, left);
    before += position - start;
    position = start;
    limit = next.end;
    buffer = next.bytes;
    crc = next.crcBefore;
    crcFrom = next.start;
    blockBefore = block;
    block = next;
    return true;
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

  /** Sees to it that so many bytes lie in the buffer, one after the other. */
  private void require(int count) throws IOException {
    while (limit - position < count) {
      if (!refill()) {
        position = limit;
        throw tooShort();
      }
    }
  }

  /** Four bytes, the lowest first. */
  public int readInt() throws IOException {
    require(Integer.BYTES);
    int value = (int) INT.get(buffer, position);
    position += Integer.BYTES;
    return value;
  }

  /** Eight bytes, the lowest first. */
  public long readLong() throws IOException {
    require(Long.BYTES);
    long value = (long) LONG.get(buffer, position);
    position += Long.BYTES;
    return value;
  }

  /** A double in eight bytes. */
  public double readDouble() throws IOException {
    return Double.longBitsToDouble(readLong());
  }

  /** A copy of so many bytes. */
  public byte[] readBytes(long length) throws IOException {
    checkLength(length);
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

  private void checkLength(long length) throws RdbException {
    if (length < 0 || length > remaining() || length > MAX_STRING_BYTES) {
      throw broken("A length of " + Long.toUnsignedString(length) + " where fewer bytes follow");
    }
  }

  /** So many bytes, as a view of the buffer where they fit into it. */
  private Bytes view(long length) throws IOException {
    checkLength(length);
    if (length > MAX_VIEW_BYTES && length > limit - position) {
      if (length > MUCH_BYTES) {
        beforeMuch.run();
      }
      return Bytes.of(readBytes(length));
    }
    require((int) length);
    view.wrap(buffer, position, (int) length);
    position += (int) length;
    return view;
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

  /** A string in any encoding, safe to keep. */
  public Bytes readString() throws IOException {
    return kept(readView());
  }

  /** What {@link #readView} has just read, safe to keep. */
  Bytes kept(Bytes string) {
    byte[] array = string.array();
    return array == buffer || array == expanded || array == digits ? string.copy() : string;
  }

  /** A string in any encoding: as {@link #readString}, but valid only until more is read. */
  public Bytes readView() throws IOException {
    int first = readByte();
    if (first >>> 6 != RdbFormat.LENGTH_ENCODED) {
      return view(readLength(first));
    }
    return switch (first & 0x3F) {
      case RdbFormat.STRING_INT8 -> number((byte) readByte());
      case RdbFormat.STRING_INT16 -> number((short) (readByte() | readByte() << 8));
      case RdbFormat.STRING_INT32 -> number(readInt());
      case RdbFormat.STRING_LZF -> readCompressed();
      default -> throw broken("An unknown string encoding " + (first & 0x3F));
    };
  }

  private Bytes number(long value) {
    if (digits.length == 0) {
      digits = new byte[Numbers.MAX_DIGITS];
    }
    int begin = Numbers.write(value, digits);
    return view.wrap(digits, begin, digits.length - begin);
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
    Bytes packed = view(compressed);
    byte[] target = targetOf((int) length);
    if (!Lzf.expand(packed.array(), packed.offset(), packed.length(), target, (int) length)) {
      throw broken("A compressed string that does not expand");
    }
    return target == expanded ? view.wrap(target, 0, (int) length) : Bytes.of(target);
  }

  /** Where to expand a string: what is not too long to one place again and again. */
  private byte[] targetOf(int length) {
    if (length > MUCH_BYTES) {
      beforeMuch.run();
      return new byte[length];
    }
    if (length > expanded.length) {
      expanded = new byte[Math.max(length, Math.min(2 * expanded.length, MUCH_BYTES))];
    }
    return expanded;
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
