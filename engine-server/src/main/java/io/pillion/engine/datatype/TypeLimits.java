package io.pillion.engine.datatype;

/**
 * Up to what size a collection stays one packed record. The names and defaults are those of
 * redis.conf; the values may change while the engine runs ({@code CONFIG SET}), and then hold for
 * collections that change afterwards.
 */
public final class TypeLimits {
  /** {@code hash-max-listpack-entries}: fields. */
  public int hashMaxPackedEntries = 128;

  /** {@code hash-max-listpack-value}: bytes of a field or a value. */
  public int hashMaxPackedBytes = 64;

  /** {@code set-max-intset-entries}: members, all of them integers. */
  public int setMaxIntegers = 512;

  /** {@code set-max-listpack-entries}: members. */
  public int setMaxPackedEntries = 128;

  /** {@code set-max-listpack-value}: bytes of a member. */
  public int setMaxPackedBytes = 64;

  /** {@code zset-max-listpack-entries}: members. */
  public int sortedSetMaxPackedEntries = 128;

  /** {@code zset-max-listpack-value}: bytes of a member. */
  public int sortedSetMaxPackedBytes = 64;

  /**
   * {@code list-max-listpack-size}: elements of a page when positive, else -1 to -5 for 4, 8, 16,
   * 32 and 64 KiB.
   */
  public int listMaxPackedSize = -2;

  /** {@code stream-node-max-bytes}: bytes of a page of entries; 0 for no limit. */
  public int streamNodeMaxBytes = 4096;

  /** {@code stream-node-max-entries}: entries of a page; 0 for no limit. */
  public int streamNodeMaxEntries = 100;
}
