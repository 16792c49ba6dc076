package io.pillion.session;

import java.io.IOException;

/**
 * Turns the value of a session attribute into bytes and back.
 *
 * <p>Each stored value begins with the {@link #id} of the codec that wrote it, so that a session
 * may hold values of several codecs while an application moves from one to another.
 */
public interface AttributeCodec {
  /**
   * What marks this codec's values; 1 is {@link JdkAttributeCodec}, 2 to 31 are kept for Pillion.
   */
  byte id();

  /**
   * The value as bytes.
   *
   * @throws IOException when this codec cannot write it
   */
  byte[] encode(Object value) throws IOException;

  /**
   * The value that {@link #encode} wrote.
   *
   * @throws IOException when the bytes are not such a value, or one that must not be read
   * @throws ClassNotFoundException when this application does not know the value's class
   */
  Object decode(byte[] bytes) throws IOException, ClassNotFoundException;
}
