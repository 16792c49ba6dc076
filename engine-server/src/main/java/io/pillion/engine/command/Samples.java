package io.pillion.engine.command;

import io.pillion.engine.protocol.Errors;
import java.util.function.LongSupplier;

/** How random elements are chosen for SRANDMEMBER, HRANDFIELD and ZRANDMEMBER. */
final class Samples {
  /** The most elements that are drawn one by one: a reply is made in memory as a whole. */
  private static final long MOST_DRAWS = 4 << 20;

  private Samples() {}

  /**
   * Refuses to draw so often that the reply may not fit into memory.
   *
   * @param count how often to draw, as a negative number
   */
  static void checkDraws(long count) {
    if (count < -MOST_DRAWS) {
      throw Errors.err("value is out of range");
    }
  }

  /**
   * Whether to draw distinct elements one by one, again when one comes twice, instead of passing
   * over all: as long as few come twice.
   */
  static boolean areFewOf(long count, long size) {
    return count <= size / 3;
  }

  /** Takes a number of elements out of a walk over all, every combination equally likely. */
  static final class Selection {
    private final LongSupplier random;
    private long wanted;
    private long left;

    Selection(long wanted, long size, LongSupplier random) {
      this.wanted = wanted;
      this.left = size;
      this.random = random;
    }

    /** Whether the next element of the walk is taken. */
    boolean takesNext() {
      boolean takes = (random.getAsLong() >>> 1) % left < wanted;
      left--;
      if (takes) {
        wanted--;
      }
      return takes;
    }
  }
}
