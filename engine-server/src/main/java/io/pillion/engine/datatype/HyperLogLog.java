package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A HyperLogLog as Redis lays it out in a string: an estimate of how many different elements were
 * added, with a standard error of 0.81 %, in at most 12304 bytes. This object is a workbench: a
 * string is loaded into it, changed, and taken back by the caller, so that a change that fails
 * half-way is never seen.
 *
 * <h2>The layout</h2>
 *
 * A header of 16 bytes, then 16384 registers.
 *
 * <ul>
 *   <li>0 to 3: the letters {@code HYLL}; 4: the encoding, 0 dense or 1 sparse; 5 to 7: not used;
 *   <li>8 to 15: the cardinality when it was last estimated, little endian. The highest bit says
 *       that registers have changed since.
 *   <li>Dense: registers of 6 bits, from the least significant bit of the first byte on.
 *   <li>Sparse: runs of equal registers. {@code 00rrrrrr}: r+1 zeros. {@code 01rrrrrr rrrrrrrr}:
 *       r+1 zeros, the high bits first. {@code 1vvvvvrr}: r+1 registers of v+1.
 * </ul>
 *
 * The low 14 bits of an element's hash choose its register, which keeps the greatest number of
 * trailing zeros, plus one, that the other 50 bits have had. A sparse one becomes dense, for good,
 * when a register passes 32 or when it outgrows {@code hll-sparse-max-bytes}.
 *
 * <p>Strings can be written by anybody, so whatever is loaded may be broken: every walk over sparse
 * runs ends at the end of the string and says when the runs do not cover the registers.
 *
 * <p>Sources: the format as Redis documents it; Austin Appleby's MurmurHash64A; Otmar Ertl, "New
 * cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6.
 */
public final class HyperLogLog {
  /** How many registers there are. */
  public static final int REGISTERS = 1 << 14;

  private static final int INDEX_BITS = 14;
  private static final int HASH_BITS = 64 - INDEX_BITS;

  /** How many bytes come before the registers; the cardinality is among them. */
  public static final int HEADER_BYTES = 16;

  private static final int ENCODING_AT = 4;
  private static final int CARDINALITY_AT = 8;
  private static final byte[] MAGIC = {'H', 'Y', 'L', 'L'};
  private static final byte DENSE = 0;
  private static final byte SPARSE = 1;

  private static final int REGISTER_BITS = 6;
  private static final int REGISTER_MASK = (1 << REGISTER_BITS) - 1;
  private static final int DENSE_BYTES = HEADER_BYTES + REGISTERS * REGISTER_BITS / 8;

  /** No sparse string that is whole is longer: two bytes for each register. */
  private static final int MAX_SPARSE_BYTES = HEADER_BYTES + 2 * REGISTERS;

  private static final int MAX_SHORT_ZEROS = 64;
  private static final int MAX_SPARSE_VALUE = 32;
  private static final int MAX_VALUE_RUN = 4;

  /** One run is replaced by three at most, of two bytes at most. */
  private static final int MAX_SPLIT_BYTES = 5;

  /** How many runs are looked at for equal neighbours after a change. */
  private static final int MERGED_RUNS = 5;

  private static final long HASH_SEED = 0xadc83b19L;

  /** 1 / (2 ln 2). */
  private static final double ALPHA = 0.7213475204444817;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes = new byte[MAX_SPARSE_BYTES];
  private final Bytes view = Bytes.of(bytes, 0, 0);
  private final byte[] split = new byte[MAX_SPLIT_BYTES];
  private final int[] histogram = new int[1 << REGISTER_BITS];
  private int length;

  // --- what is on the workbench

  /** Begins an empty one. */
  public void create() {
    Arrays.fill(bytes, 0, HEADER_BYTES, (byte) 0);
    System.arraycopy(MAGIC, 0, bytes, 0, MAGIC.length);
    bytes[ENCODING_AT] = SPARSE;
    length = HEADER_BYTES + putZeros(bytes, HEADER_BYTES, REGISTERS);
  }

  /**
   * Takes a copy of a string.
   *
   * @return whether its header is that of a HyperLogLog; when not, it must not be used
   */
  public boolean load(Arena arena, long address, int stringLength) {
    if (stringLength < HEADER_BYTES) {
      return false;
    }
    arena.copyOut(address, bytes, 0, HEADER_BYTES);
    if (!Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      return false;
    }
    if (bytes[ENCODING_AT] != SPARSE
        && (bytes[ENCODING_AT] != DENSE || stringLength != DENSE_BYTES)) {
      return false;
    }
    // What is too long to be whole is as broken as what has no runs at all.
    length = stringLength <= MAX_SPARSE_BYTES ? stringLength : HEADER_BYTES;
    arena.copyOut(address + HEADER_BYTES, bytes, HEADER_BYTES, length - HEADER_BYTES);
    return true;
  }

  /** The string as it is now: a view, valid until the next change. */
  public Bytes string() {
    return view.wrap(bytes, 0, length);
  }

  /** Whether the registers are laid out one by one. */
  public boolean isDense() {
    return bytes[ENCODING_AT] == DENSE;
  }

  // --- adding

  /**
   * Adds an element. O(1) when dense, O(bytes) when sparse.
   *
   * @param sparseMaxBytes up to what size of the string it stays sparse
   * @return 1 when a register changed, 0 when not, -1 when the string is broken
   */
  public int add(Bytes element, long sparseMaxBytes) {
    long hash = hash(element.array(), element.offset(), element.length());
    int index = (int) hash & (REGISTERS - 1);
    int value = Long.numberOfTrailingZeros((hash >>> INDEX_BITS) | (1L << HASH_BITS)) + 1;
    return raise(index, value, sparseMaxBytes);
  }

  /** Raises a register to a value, if it is less; answers as {@link #add} does. */
  public int raise(int index, int value, long sparseMaxBytes) {
    return isDense() ? raiseDense(index, value) : raiseSparse(index, value, sparseMaxBytes);
  }

  /** Says that registers have changed since the cardinality was estimated. */
  public void invalidateCardinality() {
    bytes[CARDINALITY_AT + 7] |= (byte) 0x80;
  }

  /** MurmurHash64A. */
  static long hash(byte[] array, int offset, int count) {
    long m = 0xc6a4a7935bd1e995L;
    int shift = 47;
    long hash = HASH_SEED ^ (count * m);
    int at = offset;
    int end = offset + count;
    for (; end - at >= Long.BYTES; at += Long.BYTES) {
      long block = (long) LONG.get(array, at) * m;
      block = (block ^ (block >>> shift)) * m;
      hash = (hash ^ block) * m;
    }
    if (at < end) {
      for (int i = 0; at + i < end; i++) {
        hash ^= (array[at + i] & 0xffL) << (8 * i);
      }
      hash *= m;
    }
    hash = (hash ^ (hash >>> shift)) * m;
    return hash ^ (hash >>> shift);
  }

  // --- dense

  private int raiseDense(int index, int value) {
    if (dense(index) >= value) {
      return 0;
    }
    putDense(index, value);
    return 1;
  }

  /** The last register's second byte lies behind the string, and none of its bits there. */
  private int dense(int index) {
    int bit = index * REGISTER_BITS;
    int at = HEADER_BYTES + (bit >>> 3);
    return (two(at) >>> (bit & 7)) & REGISTER_MASK;
  }

  private void putDense(int index, int value) {
    int bit = index * REGISTER_BITS;
    int at = HEADER_BYTES + (bit >>> 3);
    int shift = bit & 7;
    int both = (two(at) & ~(REGISTER_MASK << shift)) | (value << shift);
    bytes[at] = (byte) both;
    bytes[at + 1] = (byte) (both >>> 8);
  }

  private int two(int at) {
    return (bytes[at] & 0xff) | ((bytes[at + 1] & 0xff) << 8);
  }

  /** Lays the registers out one by one; false, and nothing done, when the string is broken. */
  public boolean toDense() {
    if (isDense()) {
      return true;
    }
    byte[] registers = new byte[REGISTERS];
    if (!mergeInto(registers)) {
      return false;
    }
    Arrays.fill(bytes, HEADER_BYTES, DENSE_BYTES + 1, (byte) 0);
    for (int i = 0; i < REGISTERS; i++) {
      putDense(i, registers[i]);
    }
    bytes[ENCODING_AT] = DENSE;
    length = DENSE_BYTES;
    return true;
  }

  // --- sparse

  private int raiseSparse(int index, int value, long sparseMaxBytes) {
    if (value > MAX_SPARSE_VALUE) {
      return promote(index, value);
    }
    int previous = HEADER_BYTES;
    int at = HEADER_BYTES;
    int first = 0;
    while (at < length && first + run(at) <= index) {
      first += run(at);
      previous = at;
      at += runBytes(at);
    }
    if (at + (at < length ? runBytes(at) : 1) > length) {
      return -1;
    }
    if (value(at) >= value) {
      return 0;
    }
    int splitBytes = split(at, first, index, value);
    int more = splitBytes - runBytes(at);
    if (more > 0 && length + more > Math.min(sparseMaxBytes, MAX_SPARSE_BYTES)) {
      return promote(index, value);
    }
    int behind = at + runBytes(at);
    System.arraycopy(bytes, behind, bytes, behind + more, length - behind);
    System.arraycopy(split, 0, bytes, at, splitBytes);
    length += more;
    mergeNeighbours(previous);
    return 1;
  }

  private int promote(int index, int value) {
    return toDense() ? raiseDense(index, value) : -1;
  }

  /** Writes what takes the place of a run when one of its registers changes; answers its bytes. */
  private int split(int at, int first, int index, int value) {
    int old = value(at);
    int before = index - first;
    int after = first + run(at) - 1 - index;
    int to = 0;
    if (before > 0) {
      to += putRun(split, to, old, before);
    }
    to += putRun(split, to, value, 1);
    if (after > 0) {
      to += putRun(split, to, old, after);
    }
    return to;
  }

  /** Makes one run of neighbours of the same value, from one before the change on. */
  private void mergeNeighbours(int from) {
    int at = from;
    for (int i = 0; i < MERGED_RUNS && at < length; i++) {
      boolean equal =
          value(at) > 0
              && at + 1 < length
              && value(at + 1) == value(at)
              && run(at) + run(at + 1) <= MAX_VALUE_RUN;
      if (equal) {
        putRun(bytes, at + 1, value(at), run(at) + run(at + 1));
        System.arraycopy(bytes, at + 1, bytes, at, length - at - 1);
        length--;
      } else {
        at += runBytes(at);
      }
    }
  }

  /**
   * The runs of a sparse one as PFDEBUG writes them: {@code z:length} and {@code Z:length} for
   * zeros in one byte and in two, {@code v:value,length} for others.
   */
  public String runs() {
    StringBuilder text = new StringBuilder();
    for (int at = HEADER_BYTES; at < length; at += runBytes(at)) {
      text.append(text.isEmpty() ? "" : " ");
      if (isValueRun(at)) {
        text.append("v:").append(value(at)).append(',');
      } else {
        text.append(isLongRun(at) ? "Z:" : "z:");
      }
      // Of a run cut off in the middle the second byte counts as 0: what ends Redis' strings.
      text.append(at + runBytes(at) > length ? ((bytes[at] & 0x3f) << 8) + 1 : run(at));
    }
    return text.toString();
  }

  private boolean isValueRun(int at) {
    return (bytes[at] & 0x80) != 0;
  }

  private boolean isLongRun(int at) {
    return (bytes[at] & 0xc0) == 0x40;
  }

  private int runBytes(int at) {
    return isLongRun(at) ? 2 : 1;
  }

  /** The value of a run, 0 of zeros. */
  private int value(int at) {
    return isValueRun(at) ? ((bytes[at] >>> 2) & 0x1f) + 1 : 0;
  }

  /** How many registers a run has; of one cut off in the middle, more than there are. */
  private int run(int at) {
    if (isValueRun(at)) {
      return (bytes[at] & 3) + 1;
    }
    if (!isLongRun(at)) {
      return (bytes[at] & 0x3f) + 1;
    }
    return at + 1 < length
        ? (((bytes[at] & 0x3f) << 8) | (bytes[at + 1] & 0xff)) + 1
        : REGISTERS + 1;
  }

  private static int putRun(byte[] target, int at, int value, int run) {
    if (value == 0) {
      return putZeros(target, at, run);
    }
    target[at] = (byte) (0x80 | ((value - 1) << 2) | (run - 1));
    return 1;
  }

  private static int putZeros(byte[] target, int at, int run) {
    if (run <= MAX_SHORT_ZEROS) {
      target[at] = (byte) (run - 1);
      return 1;
    }
    target[at] = (byte) (0x40 | ((run - 1) >>> 8));
    target[at + 1] = (byte) (run - 1);
    return 2;
  }

  // --- counting and merging

  /** Whether {@link #cardinality} is that of the registers as they are. */
  public boolean isCardinalityValid() {
    return bytes[CARDINALITY_AT + 7] >= 0;
  }

  /** The cardinality as it was last estimated. */
  public long cardinality() {
    return (long) LONG.get(bytes, CARDINALITY_AT);
  }

  /** Estimates the cardinality and keeps it in the header; false when the string is broken. */
  public boolean estimateCardinality() {
    Arrays.fill(histogram, 0);
    if (isDense()) {
      for (int i = 0; i < REGISTERS; i++) {
        histogram[dense(i)]++;
      }
    } else {
      int registers = 0;
      for (int at = HEADER_BYTES; at < length; at += runBytes(at)) {
        int run = run(at);
        if (registers + run > REGISTERS) {
          return false;
        }
        histogram[value(at)] += run;
        registers += run;
      }
      if (registers != REGISTERS) {
        return false;
      }
    }
    LONG.set(bytes, CARDINALITY_AT, estimate(histogram));
    return true;
  }

  /**
   * Raises registers to those of this one.
   *
   * @param registers {@link #REGISTERS} of them
   * @return false when the string is broken; some may have been raised then
   */
  public boolean mergeInto(byte[] registers) {
    if (isDense()) {
      for (int i = 0; i < REGISTERS; i++) {
        registers[i] = (byte) Math.max(registers[i], dense(i));
      }
      return true;
    }
    int index = 0;
    for (int at = HEADER_BYTES; at < length; at += runBytes(at)) {
      int end = index + run(at);
      if (end > REGISTERS) {
        return false;
      }
      int value = value(at);
      for (; value > 0 && index < end; index++) {
        registers[index] = (byte) Math.max(registers[index], value);
      }
      index = end;
    }
    return index == REGISTERS;
  }

  /** The cardinality that registers tell of. */
  public static long estimate(byte[] registers) {
    int[] histogram = new int[1 << REGISTER_BITS];
    for (byte register : registers) {
      histogram[register]++;
    }
    return estimate(histogram);
  }

  private static long estimate(int[] histogram) {
    double m = REGISTERS;
    double z = m * tau((m - histogram[HASH_BITS + 1]) / m);
    for (int value = HASH_BITS; value >= 1; value--) {
      z = (z + histogram[value]) * 0.5;
    }
    z += m * sigma(histogram[0] / m);
    double estimate = ALPHA * m * m / z;
    // Registers beyond what a hash can give tell nothing; the number is what Redis answers then.
    return Double.isInfinite(estimate) ? Long.MIN_VALUE : Math.round(estimate);
  }

  private static double sigma(double x) {
    if (x == 1) {
      return Double.POSITIVE_INFINITY;
    }
    double power = x;
    double weight = 1;
    double sum = x;
    double before;
    do {
      power *= power;
      before = sum;
      sum += power * weight;
      weight += weight;
    } while (sum != before);
    return sum;
  }

  private static double tau(double x) {
    if (x == 0 || x == 1) {
      return 0;
    }
    double root = x;
    double weight = 1;
    double rest = 1 - x;
    double before;
    do {
      root = Math.sqrt(root);
      before = rest;
      weight *= 0.5;
      rest -= (1 - root) * (1 - root) * weight;
    } while (rest != before);
    return rest / 3;
  }
}
