package io.pillion.cache;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * The envelope of stored values: three bytes (version, codec, flags), then what the codec wrote.
 * With the flag {@code DEFLATED} that is preceded by its length in four bytes, and compressed.
 *
 * <p>Reading goes by the envelope and not by the setting, so a cache whose codec or compression was
 * changed still reads what it wrote before.
 */
final class ValueFormat {
  private static final byte VERSION = 1;
  private static final int HEADER = 3;
  private static final byte PLAIN = 0;
  private static final byte DEFLATED = 1;

  /** Redis' own limit of a value. */
  private static final int MAX_LENGTH = 512 * 1024 * 1024;

  private final String cacheName;
  private final ValueCodec codec;
  private final Map<Integer, ValueCodec> readable = new HashMap<>();
  private final int compressFrom;
  private final @Nullable Class<?> valueType;

  /**
   * A format that writes with this codec, unless the value is of a plain type.
   *
   * @param alsoReads further codecs whose values are read, by their id
   * @param compressFrom the length in bytes from which values are compressed
   * @param valueType what values are; null for anything
   */
  ValueFormat(
      String cacheName,
      ValueCodec codec,
      Iterable<ValueCodec> alsoReads,
      int compressFrom,
      @Nullable Class<?> valueType) {
    this.cacheName = cacheName;
    this.codec = codec;
    this.compressFrom = compressFrom;
    this.valueType = valueType;
    for (ValueCodec other : alsoReads) {
      readable.put(other.id(), other);
    }
    readable.put(codec.id(), codec);
  }

  byte[] encode(Object value) {
    ValueCodec chosen = BasicCodec.of(value);
    if (chosen == null) {
      chosen = codec;
    }
    byte[] content = chosen.encode(value);
    if (content.length >= compressFrom) {
      byte[] compressed = deflate(content, chosen.id());
      if (compressed.length < content.length) {
        return compressed;
      }
    }
    byte[] stored = new byte[HEADER + content.length];
    stored[0] = VERSION;
    stored[1] = (byte) chosen.id();
    stored[2] = PLAIN;
    System.arraycopy(content, 0, stored, HEADER, content.length);
    return stored;
  }

  /**
   * The value of these bytes.
   *
   * @throws CodecException when they are none, whatever is wrong with them
   */
  Object decode(byte[] stored) {
    Object value;
    try {
      value = read(stored);
    } catch (CodecException e) {
      throw e;
    } catch (RuntimeException | LinkageError | StackOverflowError e) {
      throw new CodecException("A value in cache '" + cacheName + "' cannot be read: " + e, e);
    }
    if (valueType != null && !valueType.isInstance(value) && value != AbsentValue.ABSENT) {
      throw new CodecException(
          "A value in cache '"
              + cacheName
              + "' is a "
              + value.getClass().getName()
              + ", not a "
              + valueType.getName(),
          null);
    }
    return value;
  }

  private Object read(byte[] stored) {
    if (stored.length < HEADER || stored[0] != VERSION) {
      throw new CodecException(
          "A value in cache '"
              + cacheName
              + "' was not written by this version of Pillion ("
              + (stored.length < HEADER ? "too short" : "version byte " + stored[0])
              + "): clear the cache, or give this application a prefix of its own",
          null);
    }
    int id = stored[1] & 0xff;
    ValueCodec writer = BasicCodec.byId(id);
    if (writer == null) {
      writer = readable.get(id);
    }
    if (writer == null) {
      throw new CodecException(
          "A value in cache '" + cacheName + "' needs the codec " + id + ", which is not set",
          null);
    }
    return switch (stored[2]) {
      case PLAIN ->
          writer == BasicCodec.STRING
              ? BasicCodec.string(stored, HEADER)
              : writer.decode(Arrays.copyOfRange(stored, HEADER, stored.length));
      case DEFLATED -> writer.decode(inflate(stored));
      default ->
          throw new CodecException(
              "A value in cache '" + cacheName + "' has the unknown flags " + stored[2], null);
    };
  }

  private static byte[] deflate(byte[] content, int codecId) {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      deflater.setInput(content);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream(content.length / 2 + 16);
      out.write(VERSION);
      out.write(codecId);
      out.write(DEFLATED);
      out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(content.length).array());
      byte[] chunk = new byte[4096];
      while (!deflater.finished()) {
        out.write(chunk, 0, deflater.deflate(chunk));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  private byte[] inflate(byte[] stored) {
    int start = HEADER + Integer.BYTES;
    int length = stored.length < start ? -1 : ByteBuffer.wrap(stored).getInt(HEADER);
    if (length < 0 || length > MAX_LENGTH) {
      throw damaged(null);
    }
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(stored, start, stored.length - start);
      // Grown as it fills: the length is only what the value says of itself.
      ByteArrayOutputStream out = new ByteArrayOutputStream(Math.min(length, 64 * 1024));
      byte[] chunk = new byte[4096];
      while (!inflater.finished()) {
        int count = inflater.inflate(chunk);
        if ((count == 0 && !inflater.finished()) || out.size() + count > length) {
          throw damaged(null);
        }
        out.write(chunk, 0, count);
      }
      if (out.size() != length) {
        throw damaged(null);
      }
      return out.toByteArray();
    } catch (DataFormatException e) {
      throw damaged(e);
    } finally {
      inflater.end();
    }
  }

  private CodecException damaged(@Nullable Throwable cause) {
    return new CodecException("A compressed value in cache '" + cacheName + "' is damaged", cause);
  }
}
