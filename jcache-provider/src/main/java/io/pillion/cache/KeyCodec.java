package io.pillion.cache;

/**
 * Turns keys into the last part of a key name on the server, and back. Equal keys must give equal
 * bytes, unequal keys unequal ones.
 */
public interface KeyCodec {

  /**
   * The bytes of this key.
   *
   * @throws CodecException when this codec cannot say it
   */
  byte[] encode(Object key);

  /**
   * The key of these bytes.
   *
   * @throws CodecException when they are not this codec's
   */
  Object decode(byte[] bytes);
}
