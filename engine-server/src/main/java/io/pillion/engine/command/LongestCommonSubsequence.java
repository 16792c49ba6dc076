package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;

/**
 * The longest bytes that two strings have in common, in order but not side by side.
 *
 * <p>The textbook table, of which only two rows of lengths are kept; what leads back from its end
 * are two bits for each pair of bytes. When two ways are equally long, it goes back along the
 * second string, as Redis does, so that both find the same.
 */
final class LongestCommonSubsequence {
  private static final int SAME = 1;
  private static final int BACK_IN_FIRST = 2;

  private final Bytes first;
  private final Bytes second;
  private final long[] ways;
  private final int length;

  /**
   * @param tableBytesLimit what a table of four bytes for each pair may take, as Redis limits its
   */
  LongestCommonSubsequence(Bytes first, Bytes second, long tableBytesLimit) {
    this.first = first;
    this.second = second;
    long pairs = (first.length() + 1L) * (second.length() + 1L);
    if (pairs > tableBytesLimit / 4) {
      throw Errors.err("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    ways = new long[Math.toIntExact((pairs + 31) / 32)];
    length = fill();
  }

  private int fill() {
    int[] above = new int[second.length() + 1];
    int[] row = new int[second.length() + 1];
    for (int i = 1; i <= first.length(); i++) {
      for (int j = 1; j <= second.length(); j++) {
        if (first.get(i - 1) == second.get(j - 1)) {
          row[j] = above[j - 1] + 1;
          way(i, j, SAME);
        } else if (above[j] > row[j - 1]) {
          row[j] = above[j];
          way(i, j, BACK_IN_FIRST);
        } else {
          row[j] = row[j - 1];
        }
      }
      int[] swapped = above;
      above = row;
      row = swapped;
    }
    return above[second.length()];
  }

  private long cell(int i, int j) {
    return (long) i * (second.length() + 1) + j;
  }

  private void way(int i, int j, int way) {
    long cell = cell(i, j);
    ways[(int) (cell >>> 5)] |= (long) way << ((cell & 31) << 1);
  }

  private int way(int i, int j) {
    long cell = cell(i, j);
    return (int) (ways[(int) (cell >>> 5)] >>> ((cell & 31) << 1)) & 3;
  }

  /** How many bytes they have in common. */
  int length() {
    return length;
  }

  /** The common bytes. */
  Bytes text() {
    byte[] text = new byte[length];
    int left = length;
    int i = first.length();
    int j = second.length();
    while (left > 0) {
      switch (way(i, j)) {
        case SAME -> {
          text[--left] = first.get(i - 1);
          i--;
          j--;
        }
        case BACK_IN_FIRST -> i--;
        default -> j--;
      }
    }
    return Bytes.of(text);
  }

  /** Writes where the common bytes lie, as ranges in both strings, the last ones first. */
  void writeMatches(Reply reply, long leastLength, boolean withLengths) {
    reply.map(2);
    reply.bulk("matches");
    int mark = reply.deferred();
    int matches = 0;
    int i = first.length();
    int j = second.length();
    while (i > 0 && j > 0) {
      switch (way(i, j)) {
        case SAME -> {
          int run = 1;
          while (i > run && j > run && way(i - run, j - run) == SAME) {
            run++;
          }
          if (run >= leastLength) {
            writeMatch(reply, i - run, j - run, run, withLengths);
            matches++;
          }
          i -= run;
          j -= run;
        }
        case BACK_IN_FIRST -> i--;
        default -> j--;
      }
    }
    reply.resolveArray(mark, matches);
    reply.bulk("len");
    reply.integer(length);
  }

  private static void writeMatch(Reply reply, int inFirst, int inSecond, int run, boolean length) {
    reply.array(length ? 3 : 2);
    reply.array(2);
    reply.integer(inFirst);
    reply.integer(inFirst + run - 1L);
    reply.array(2);
    reply.integer(inSecond);
    reply.integer(inSecond + run - 1L);
    if (length) {
      reply.integer(run);
    }
  }
}
