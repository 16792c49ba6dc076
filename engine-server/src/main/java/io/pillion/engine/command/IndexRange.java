package io.pillion.engine.command;

/**
 * A range of positions as commands take it: both ends included, negative ones counted from the end,
 * cut to what there is.
 *
 * @param from the first position, from 0 on
 * @param count how many; 0 when the range is empty
 */
record IndexRange(long from, long count) {
  /**
   * The range between two positions.
   *
   * @param size how many elements there are
   */
  static IndexRange of(long start, long stop, long size) {
    long from = start < 0 ? Math.max(0, start + size) : start;
    long to = Math.max(-1, Math.min(stop < 0 ? stop + size : stop, size - 1));
    return new IndexRange(from, Math.max(0, to - from + 1));
  }
}
