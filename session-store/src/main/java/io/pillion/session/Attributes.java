package io.pillion.session;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bytes of attributes: format version, codec, value. What cannot be read is reported and
 * counted, and is nothing else's problem.
 */
final class Attributes {
  private static final Logger LOG = LoggerFactory.getLogger(Attributes.class);
  private static final byte FORMAT = 1;
  private static final int HEADER = 2;

  private final AttributeCodec writer;
  private final Map<Byte, AttributeCodec> readers = new HashMap<>();
  private final LongAdder unreadable = new LongAdder();

  Attributes(AttributeCodec writer, List<AttributeCodec> alsoRead) {
    this.writer = writer;
    alsoRead.forEach(codec -> readers.put(codec.id(), codec));
    readers.put(writer.id(), writer);
  }

  /**
   * The stored form of a value.
   *
   * @throws IllegalArgumentException when the codec cannot write it
   */
  byte[] encode(String name, Object value) {
    try {
      byte[] payload = writer.encode(value);
      byte[] bytes = new byte[HEADER + payload.length];
      bytes[0] = FORMAT;
      bytes[1] = writer.id();
      System.arraycopy(payload, 0, bytes, HEADER, payload.length);
      return bytes;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          String.format(
              "The session attribute \"%s\" of %s cannot be stored: %s",
              name, value.getClass(), e.getMessage()),
          e);
    }
  }

  /** The value of a stored form; null when it cannot be read. */
  @Nullable Object decode(String name, byte[] bytes) {
    try {
      AttributeCodec reader =
          bytes.length >= HEADER && bytes[0] == FORMAT ? readers.get(bytes[1]) : null;
      if (reader == null) {
        throw new IOException("The value begins with no known format and codec.");
      }
      return reader.decode(Arrays.copyOfRange(bytes, HEADER, bytes.length));
    } catch (IOException
        | ClassNotFoundException
        | RuntimeException
        | LinkageError
        | StackOverflowError e) {
      unreadable.increment();
      LOG.warn(
          "The session attribute \"{}\" cannot be read and is treated as absent: {}",
          name,
          e.toString());
      return null;
    }
  }

  long unreadable() {
    return unreadable.sum();
  }
}
