package io.pillion.cache;

/**
 * Turns values into bytes and back. Every stored value names its codec by {@link #id()}, so a cache
 * can change its codec and still read what the old one wrote.
 */
public interface ValueCodec {

  /** The smallest id for codecs of applications; those below are Pillion's own. */
  int FIRST_CUSTOM_ID = 64;

  /** The largest id. */
  int LAST_ID = 255;

  /** Names this codec in stored values: {@link #FIRST_CUSTOM_ID} to {@link #LAST_ID}. */
  int id();

  /**
   * The bytes of this value.
   *
   * @throws CodecException when this codec cannot say it
   */
  byte[] encode(Object value);

  /**
   * The value of these bytes, equal to the one encoded and never the same mutable object twice.
   *
   * @throws CodecException when they are not this codec's, or hold what is not allowed
   */
  Object decode(byte[] bytes);
}
