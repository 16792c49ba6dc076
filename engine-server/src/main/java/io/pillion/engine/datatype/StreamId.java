package io.pillion.engine.datatype;

/**
 * The id of a stream's entry: two unsigned 64-bit numbers, in whose order the entries are.
 *
 * @param ms mostly the Unix milliseconds at which the entry was added
 * @param seq which of the entries of that millisecond it is, from 0 on
 */
public record StreamId(long ms, long seq) implements Comparable<StreamId> {
  /** {@code 0-0}, which no entry has. */
  public static final StreamId MIN = new StreamId(0, 0);

  /** The last id there can be. */
  public static final StreamId MAX = new StreamId(-1, -1);

  /** Compares two ids given by their parts, unsigned. */
  public static int compare(long ms, long seq, long otherMs, long otherSeq) {
    int order = Long.compareUnsigned(ms, otherMs);
    return order != 0 ? order : Long.compareUnsigned(seq, otherSeq);
  }

  /** Whether this is {@code 0-0}. */
  public boolean isZero() {
    return ms == 0 && seq == 0;
  }

  /** The id that follows this one; {@link #MIN} follows {@link #MAX}. */
  public StreamId next() {
    return new StreamId(seq == -1 ? ms + 1 : ms, seq + 1);
  }

  /** The id before this one; {@link #MAX} is before {@link #MIN}. */
  public StreamId previous() {
    return new StreamId(seq == 0 ? ms - 1 : ms, seq - 1);
  }

  @Override
  public int compareTo(StreamId other) {
    return compare(ms, seq, other.ms, other.seq);
  }

  /** As clients see it: {@code 1526919030474-55}. */
  @Override
  public String toString() {
    return Long.toUnsignedString(ms) + "-" + Long.toUnsignedString(seq);
  }
}
