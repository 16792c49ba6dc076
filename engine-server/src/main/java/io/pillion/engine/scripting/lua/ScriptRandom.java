package io.pillion.engine.scripting.lua;

/**
 * The numbers that scripts see, in the same order in each engine: the linear congruential generator
 * of 48 bits that POSIX calls lrand48.
 */
public final class ScriptRandom {
  private static final long MULTIPLIER = 0x5DEECE66DL;
  private static final long MASK = (1L << 48) - 1;
  private static final int LOW_BITS = 0x330E;

  private long state = 0x1234ABCD330EL;

  /** A generator that begins where POSIX has it begin. */
  public ScriptRandom() {}

  /** Begins anew. */
  public void seed(int seed) {
    state = (seed & 0xFFFFFFFFL) << 16 | LOW_BITS;
  }

  /** The next number of 31 bits. */
  int next() {
    state = (state * MULTIPLIER + 0xB) & MASK;
    return (int) (state >>> 17);
  }
}
