package io.pillion.engine.datatype;

import io.pillion.engine.memory.Hashing;
import java.util.Arrays;

/**
 * Which byte strings within an array were seen: finds the one that is there twice. An open hash
 * table whose slots say where the string is, how long, and in which round it was put there, so that
 * a new round costs nothing.
 */
final class SeenElements {
  /** Below which places and lengths must be. */
  static final int MAX_BYTES = 1 << 20;

  private static final int FIELD_BITS = 20;
  private static final int FIELD_MASK = MAX_BYTES - 1;
  private static final int ROUND_SHIFT = 2 * FIELD_BITS;
  private static final long MAX_ROUND = (1L << (Long.SIZE - ROUND_SHIFT)) - 1;

  private static final int FIRST_SLOTS = 64;
  private static final int MAX_KEPT_SLOTS = 4096;

  private final long seed;
  private long[] slots = new long[FIRST_SLOTS];
  private long round = 1;
  private int count;

  /**
   * @param seed a secret number: see {@link Hashing}
   */
  SeenElements(long seed) {
    this.seed = seed;
  }

  /** Begins again. */
  void clear() {
    count = 0;
    if (slots.length > MAX_KEPT_SLOTS) {
      slots = new long[FIRST_SLOTS];
    }
    if (round == MAX_ROUND) {
      Arrays.fill(slots, 0);
      round = 0;
    }
    round++;
  }

  /**
   * Adds a string, which stays where it is until {@link #clear}.
   *
   * @return false when an equal one was there
   */
  boolean add(byte[] bytes, int at, int length) {
    if (count >= slots.length / 2) {
      grow(bytes);
    }
    int mask = slots.length - 1;
    int slot = (int) Hashing.hash(bytes, at, length, seed) & mask;
    for (long word = slots[slot]; word >>> ROUND_SHIFT == round; word = slots[slot]) {
      int other = (int) word & FIELD_MASK;
      if (((int) (word >>> FIELD_BITS) & FIELD_MASK) == length
          && Arrays.equals(bytes, other, other + length, bytes, at, at + length)) {
        return false;
      }
      slot = (slot + 1) & mask;
    }
    slots[slot] = round << ROUND_SHIFT | (long) length << FIELD_BITS | at;
    count++;
    return true;
  }

  private void grow(byte[] bytes) {
    long[] old = slots;
    slots = new long[old.length * 2];
    int mask = slots.length - 1;
    for (long word : old) {
      if (word >>> ROUND_SHIFT == round) {
        int at = (int) word & FIELD_MASK;
        int length = (int) (word >>> FIELD_BITS) & FIELD_MASK;
        int slot = (int) Hashing.hash(bytes, at, length, seed) & mask;
        while (slots[slot] != 0) {
          slot = (slot + 1) & mask;
        }
        slots[slot] = word;
      }
    }
  }
}
