package io.pillion.engine.persistence;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an RDB on their way out: its lengths, strings and numbers, gathered in memory, and
 * handed on in chunks where there is somebody who takes them.
 */
final class RdbOutput {
  private static final int CHUNK_BYTES = 16 << 10;
  private static final int MAX_NUMBER_BYTES = 11;
  private static final int MIN_COMPRESSED_BYTES = 21;

  /** What is longer is written as it is: compressing it would hold everybody up. */
  static final int MAX_COMPRESSED_BYTES = 1 << 20;

  private final @Nullable Sink sink;
  private final boolean compress;

  /** What compresses at once; null where nothing does. */
  private final @Nullable Lzf lzf;

  private final boolean drafting;
  private byte[] buffer = new byte[512];
  private int size;

  /** Where the head of a draft's segment is that goes on to grow, or -1. */
  private int open = -1;

  private long handedOn;
  private byte[] plain = new byte[64];
  private byte[] packed = new byte[64];
  private final Bytes view = Bytes.of(plain);
  private final byte[] digits = new byte[Numbers.MAX_DIGITS];

  /** Where chunks go. */
  @FunctionalInterface
  public interface Sink {
    /** Takes the first bytes of an array, which is used for others afterwards. */
    void accept(byte[] array, int length);
  }

  /**
   * Bytes for this sink, or, without one, to be fetched from {@link #bytes()}.
   *
   * @param compress whether to compress strings
   */
  public RdbOutput(@Nullable Sink sink, boolean compress) {
    this(sink, compress, /* drafting= */ false);
  }

  private RdbOutput(@Nullable Sink sink, boolean compress, boolean drafting) {
    this.sink = sink;
    this.compress = compress;
    this.drafting = drafting;
    lzf = compress && !drafting ? new Lzf() : null;
  }

  /**
   * A {@link RdbDraft} for this sink, or, without one, to be fetched from {@link #bytes()}.
   *
   * @param compress whether strings are to be compressed when it is finished
   */
  static RdbOutput draft(@Nullable Sink sink, boolean compress) {
    return new RdbOutput(sink, compress, /* drafting= */ true);
  }

  /** What was written and not handed on yet: a view. */
  public Bytes bytes() {
    closeSegment();
    return Bytes.of(buffer, 0, size);
  }

  /** How many bytes were written and not handed on yet. */
  public int size() {
    return size;
  }

  /** How many bytes were written since it was made. */
  long total() {
    return handedOn + size;
  }

  /** Counts bytes that somebody has taken down in another way. */
  void count(int bytes) {
    handedOn += bytes;
  }

  /** Whether a string of this length, which is no number, is compressed where that helps. */
  boolean wouldCompress(int length) {
    return compress && length >= MIN_COMPRESSED_BYTES && length <= MAX_COMPRESSED_BYTES;
  }

  /** Hands what was not handed on to this one. */
  void moveTo(Sink other) {
    if (size > 0) {
      closeSegment();
      other.accept(buffer, size);
      size = 0;
    }
  }

  /** Forgets what was not handed on. */
  void clear() {
    size = 0;
    open = -1;
  }

  /** Hands everything on. */
  public void flush() {
    if (sink != null && size > 0) {
      closeSegment();
      sink.accept(buffer, size);
      handedOn += size;
      size = 0;
    }
  }

  /** Makes room for some bytes, which in a draft are to be taken as they are. */
  private void reserve(int bytes) {
    if (!drafting) {
      makeRoom(bytes);
      return;
    }
    makeRoom(bytes + RdbDraft.HEAD_BYTES);
    if (open < 0) {
      open = size;
      size += RdbDraft.HEAD_BYTES;
    }
  }

  private void makeRoom(int bytes) {
    if (size + bytes <= buffer.length) {
      return;
    }
    if (sink != null && size >= CHUNK_BYTES) {
      flush();
    }
    if (size + bytes > buffer.length) {
      int wanted = Math.addExact(size, bytes);
      buffer = Arrays.copyOf(buffer, Math.max(wanted, (int) Math.min(2L * wanted, 1 << 30)));
    }
  }

  private void closeSegment() {
    if (open >= 0) {
      RdbDraft.putHead(buffer, open, size - open - RdbDraft.HEAD_BYTES, /* string= */ false);
      open = -1;
    }
  }

  /** In a draft: begins a segment that is a string to be compressed; its bytes are to follow. */
  private void beginString(int length) {
    makeRoom(length + RdbDraft.HEAD_BYTES);
    closeSegment();
    RdbDraft.putHead(buffer, size, length, /* string= */ true);
    size += RdbDraft.HEAD_BYTES;
  }

  /** In a draft: what another one came to. */
  void putDraft(byte[] draft) {
    makeRoom(draft.length);
    closeSegment();
    System.arraycopy(draft, 0, buffer, size, draft.length);
    size += draft.length;
  }

  /** One byte. */
  public void putByte(int value) {
    reserve(1);
    buffer[size++] = (byte) value;
  }

  /** Four bytes, the lowest first. */
  public void putInt(int value) {
    reserve(4);
    for (int shift = 0; shift < 32; shift += 8) {
      buffer[size++] = (byte) (value >>> shift);
    }
  }

  /** Eight bytes, the lowest first. */
  public void putLong(long value) {
    putInt((int) value);
    putInt((int) (value >>> 32));
  }

  /** Bytes as they are. */
  public void putBytes(byte[] bytes, int offset, int length) {
    int done = 0;
    while (done < length) {
      int part = sink == null ? length : Math.min(length - done, CHUNK_BYTES);
      reserve(part);
      System.arraycopy(bytes, offset + done, buffer, size, part);
      size += part;
      done += part;
    }
  }

  /** Bytes of an arena as they are. */
  void putBytes(Arena arena, long address, int length) {
    int done = 0;
    while (done < length) {
      int part = sink == null ? length : Math.min(length - done, CHUNK_BYTES);
      reserve(part);
      arena.copyOut(address + done, buffer, size, part);
      size += part;
      done += part;
    }
  }

  /** A length, unsigned. */
  public void putLength(long length) {
    if (length >= 0 && length < 1 << 6) {
      putByte((int) length);
    } else if (length >= 0 && length < 1 << 14) {
      putByte(RdbFormat.LENGTH_14_BITS << 6 | (int) (length >>> 8));
      putByte((int) length);
    } else if (length >>> 32 == 0) {
      putByte(RdbFormat.LENGTH_32_BITS);
      putInt(Integer.reverseBytes((int) length));
    } else {
      putByte(RdbFormat.LENGTH_64_BITS);
      putLong(Long.reverseBytes(length));
    }
  }

  /** A string: as a number where it is a short one, compressed where that makes it shorter. */
  public void putString(Bytes string) {
    if (string.length() <= MAX_NUMBER_BYTES && Numbers.isLong(string)) {
      long number = Numbers.parseLong(string, Errors.notAnInteger());
      if (number == (int) number) {
        putNumber((int) number);
        return;
      }
    }
    putPlain(string);
  }

  /** As {@link #putString(Bytes)}, for one that is known not to be a number. */
  public void putPlain(Bytes string) {
    if (drafting && wouldCompress(string.length())) {
      beginString(string.length());
      System.arraycopy(string.array(), string.offset(), buffer, size, string.length());
      size += string.length();
      return;
    }
    Lzf compressor = lzf;
    if (compressor == null
        || !wouldCompress(string.length())
        || !putCompressed(compressor, string)) {
      putLength(string.length());
      putBytes(string.array(), string.offset(), string.length());
    }
  }

  /** A string that lies in an arena. */
  public void putString(Arena arena, long address, int length) {
    if (length > MAX_COMPRESSED_BYTES) {
      putLength(length);
      putBytes(arena, address, length);
      return;
    }
    if (drafting && length > MAX_NUMBER_BYTES && wouldCompress(length)) {
      beginString(length);
      arena.copyOut(address, buffer, size, length);
      size += length;
      return;
    }
    if (plain.length < length) {
      plain = new byte[Math.max(length, 2 * plain.length)];
    }
    arena.copyOut(address, plain, 0, length);
    putString(view.wrap(plain, 0, length));
  }

  /** A string that lies in an arena. */
  public void putString(Span span) {
    putString(span.arena(), span.address(), span.length());
  }

  /** A string that is the digits of a number. */
  public void putString(long number) {
    if (number == (int) number) {
      putNumber((int) number);
    } else {
      int start = Numbers.write(number, digits);
      putLength(digits.length - start);
      putBytes(digits, start, digits.length - start);
    }
  }

  private void putNumber(int number) {
    if (number == (byte) number) {
      putByte(RdbFormat.LENGTH_ENCODED << 6 | RdbFormat.STRING_INT8);
      putByte(number);
    } else if (number == (short) number) {
      putByte(RdbFormat.LENGTH_ENCODED << 6 | RdbFormat.STRING_INT16);
      putByte(number);
      putByte(number >>> 8);
    } else {
      putByte(RdbFormat.LENGTH_ENCODED << 6 | RdbFormat.STRING_INT32);
      putInt(number);
    }
  }

  private boolean putCompressed(Lzf compressor, Bytes string) {
    int room = string.length() - 4;
    if (packed.length < room) {
      packed = new byte[Math.max(room, 2 * packed.length)];
    }
    int length = compressor.compress(string, packed, room);
    if (length == 0) {
      return false;
    }
    putByte(RdbFormat.LENGTH_ENCODED << 6 | RdbFormat.STRING_LZF);
    putLength(length);
    putLength(string.length());
    putBytes(packed, 0, length);
    return true;
  }
}
