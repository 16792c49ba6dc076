package io.pillion.engine.keyspace;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;

/**
 * How a key and its value lie in the arena: one block, found by the index alone.
 *
 * <pre>
 *  0  type (1)   1  flags (1)   2  snapshot epoch (2)
 *  4  eviction clock (4): last use, or use counter
 *  8  key length (4)           12  value length (4; 0 for a collection)
 * 16  [EXPIRING]  deadline (8), timer (4), unused (4)
 *     [collection] root (8)
 *     key, then [string] value
 * </pre>
 *
 * A string that was received into its place has the 16 bytes for a deadline even without one
 * ([WIDE]).
 *
 * <p>A string with its key costs one block, 16 bytes more than the two; a collection's block holds
 * the root word that its flyweight works on.
 */
final class KeyRecord {
  static final int FLAG_EXPIRING = 1;

  /** A string that must be called {@code raw}, because it was changed in place. */
  static final int FLAG_RAW = 2;

  /** A string that has room for a deadline, even when it has none. */
  static final int FLAG_WIDE = 4;

  static final int HEADER = 16;
  private static final int EXPIRY = 16;
  private static final int ROOT = 8;

  private KeyRecord() {}

  static long sizeBytes(boolean string, boolean expiring, int keyLength, int valueLength) {
    return (long) keyOffset(string, expiring) + keyLength + valueLength;
  }

  /** What a string's record takes with a value of another length. */
  static long sizeWith(Arena arena, long record, int valueLength) {
    return sizeBytes(
        /* string= */ true, isWide(arena, record), keyLength(arena, record), valueLength);
  }

  static int keyOffset(boolean string, boolean expiring) {
    return HEADER + (expiring ? EXPIRY : 0) + (string ? 0 : ROOT);
  }

  /** Where the key of a string begins that has room for a deadline. */
  static int wideKeyOffset() {
    return keyOffset(/* string= */ true, /* expiring= */ true);
  }

  static void initialize(
      Arena arena,
      long record,
      ValueType type,
      boolean expiring,
      int epoch,
      int keyLength,
      int valueLength) {
    arena.putByte(record, (byte) type.code());
    arena.putByte(record + 1, (byte) (expiring ? FLAG_EXPIRING : 0));
    epoch(arena, record, epoch);
    arena.putInt(record + 8, keyLength);
    arena.putInt(record + 12, valueLength);
  }

  static ValueType type(Arena arena, long record) {
    return ValueType.of(arena.getByte(record));
  }

  static boolean isString(Arena arena, long record) {
    return arena.getByte(record) == 0;
  }

  /** Whether there is room for a deadline. */
  static boolean isWide(Arena arena, long record) {
    return (arena.getByte(record + 1) & (FLAG_EXPIRING | FLAG_WIDE)) != 0;
  }

  static boolean isExpiring(Arena arena, long record) {
    return (arena.getByte(record + 1) & FLAG_EXPIRING) != 0;
  }

  static boolean hasFlag(Arena arena, long record, int flag) {
    return (arena.getByte(record + 1) & flag) != 0;
  }

  static void setFlag(Arena arena, long record, int flag, boolean on) {
    int flags = arena.getByte(record + 1);
    arena.putByte(record + 1, (byte) (on ? flags | flag : flags & ~flag));
  }

  /** The last snapshot that has taken the record down, or that was going on when it was made. */
  static int epoch(Arena arena, long record) {
    return arena.getShort(record + 2) & 0xFFFF;
  }

  static void epoch(Arena arena, long record, int epoch) {
    arena.putShort(record + 2, (short) epoch);
  }

  static int clock(Arena arena, long record) {
    return arena.getInt(record + 4);
  }

  static void clock(Arena arena, long record, int clock) {
    arena.putInt(record + 4, clock);
  }

  static int keyLength(Arena arena, long record) {
    return arena.getInt(record + 8);
  }

  static int valueLength(Arena arena, long record) {
    return arena.getInt(record + 12);
  }

  static void valueLength(Arena arena, long record, int length) {
    arena.putInt(record + 12, length);
  }

  static long keyAddress(Arena arena, long record) {
    int typeAndFlags = arena.getShort(record);
    int offset = HEADER;
    if ((typeAndFlags & ((FLAG_EXPIRING | FLAG_WIDE) << 8)) != 0) {
      offset += EXPIRY;
    }
    if ((typeAndFlags & 0xFF) != 0) {
      offset += ROOT;
    }
    return record + offset;
  }

  static long valueAddress(Arena arena, long record) {
    return keyAddress(arena, record) + keyLength(arena, record);
  }

  /** Where the root word of a collection is. */
  static long rootCell(Arena arena, long record) {
    return record + HEADER + (isExpiring(arena, record) ? EXPIRY : 0);
  }

  /** The deadline in Unix milliseconds of an expiring record. */
  static long deadline(Arena arena, long record) {
    return arena.getLong(record + HEADER);
  }

  static void deadline(Arena arena, long record, long millis) {
    arena.putLong(record + HEADER, millis);
  }

  static int timer(Arena arena, long record) {
    return arena.getInt(record + HEADER + 8);
  }

  static void timer(Arena arena, long record, int handle) {
    arena.putInt(record + HEADER + 8, handle);
  }

  static boolean keyMatches(Arena arena, long record, Bytes key) {
    int length = key.length();
    return arena.getInt(record + 8) == length
        && arena.matches(keyAddress(arena, record), length, key);
  }
}
