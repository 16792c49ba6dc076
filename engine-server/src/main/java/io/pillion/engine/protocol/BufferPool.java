package io.pillion.engine.protocol;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What the {@link RequestParser}s of one thread, or the {@link RespReply}s of one engine, lend each
 * other: arrays for what comes or goes in bursts, and tables for commands of many words. A
 * connection needs them for as long as it takes to carry out what it has sent, so that a few serve
 * all connections, and none is made anew for each burst. Belongs to one thread, or to one lock.
 *
 * <p>Arrays are powers of two, so that one which has grown fits somebody else too. Both kinds are
 * kept up to a limit; beyond it, and above the largest size, they are made and left to the
 * collector.
 */
public final class BufferPool {
  /** The size of the smallest array. */
  static final int SMALLEST = 32 << 10;

  /**
   * The size of the largest array that is kept: a reply of a value of 1 MiB is a little longer than
   * that.
   */
  static final int LARGEST = 2 << 20;

  /** How many words a table has room for. */
  static final int TABLE_WORDS = 1024;

  private static final int KEPT_TABLES = 8;
  private static final int KEPT_BYTES =
      (int) Math.min(4L << 20, Math.max(512 << 10, Runtime.getRuntime().maxMemory() / 64));

  private final List<ArrayDeque<byte[]>> arrays = new ArrayList<>();
  private final ArrayDeque<WordTable> tables = new ArrayDeque<>();
  private int keptBytes;

  /** None yet. */
  public BufferPool() {
    for (int size = SMALLEST; size <= LARGEST; size *= 2) {
      arrays.add(new ArrayDeque<>());
    }
  }

  /** An array of at least so many bytes, whatever they are. */
  byte[] take(int bytes) {
    if (bytes > LARGEST) {
      return new byte[bytes];
    }
    int exponent = exponent(Math.max(bytes, SMALLEST));
    byte[] kept = arrays.get(exponent).pollLast();
    if (kept == null) {
      return new byte[SMALLEST << exponent];
    }
    keptBytes -= kept.length;
    return kept;
  }

  /** Takes back an array, of which nothing is needed any more. */
  void give(byte[] array) {
    boolean fits = array.length >= SMALLEST && array.length <= LARGEST;
    if (fits && Integer.bitCount(array.length) == 1 && keptBytes + array.length <= KEPT_BYTES) {
      keptBytes += array.length;
      arrays.get(exponent(array.length)).addLast(array);
    }
  }

  /** How often {@link #SMALLEST} must be doubled to hold so many. */
  private static int exponent(int bytes) {
    return 32 - Integer.numberOfLeadingZeros((bytes - 1) / SMALLEST);
  }

  /** A table with room for {@link #TABLE_WORDS} words. */
  WordTable takeTable() {
    WordTable kept = tables.pollLast();
    return kept == null ? new WordTable(TABLE_WORDS) : kept;
  }

  /** Takes back a table, which holds no arrays any more. */
  void give(WordTable table) {
    if (table.capacity() == TABLE_WORDS && tables.size() < KEPT_TABLES) {
      tables.addLast(table);
    }
  }
}
