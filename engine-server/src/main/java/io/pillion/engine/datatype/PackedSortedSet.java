package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A small sorted set: one block with all entries in order of score and member.
 *
 * <p>An entry is a byte that says how the score is written and how long the member is, a varint
 * with the rest of the length when it is 31 or more, the score in 0, 1, 2, 4 or 8 bytes, and the
 * member. This is also a cursor over the entries: {@link #first} and {@link #next} move it.
 */
final class PackedSortedSet {
  // The header: encoding (byte), count (unsigned short), bytes in use with the header (int).
  private static final int COUNT = 2;
  private static final int USED = 4;
  static final int HEADER = 8;

  static final int MAX_ENTRIES = 0xFFFF;

  // What the first byte says of entries on the heap: they lie as they are to lie in a small set, or
  // they are to be added one by one, to a small set or to one that is large from the beginning.
  static final int IN_ORDER = SortedSetValue.PACKED;
  static final int AS_THEY_COME = IN_ORDER + 16;
  static final int LARGE = IN_ORDER + 17;

  /** So that the block stays within one slab, and what lies in it is never cut in two. */
  static final int MAX_BYTES = 256 << 10;

  private static final int LONG_MEMBER = 31;
  private static final int ZERO = 0;
  private static final int BYTE = 1;
  private static final int SHORT = 2;
  private static final int INT = 3;
  private static final int FLOAT = 4;
  private static final int DOUBLE = 5;
  private static final int[] SCORE_BYTES = {0, 1, 2, 4, 4, 8};

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.nativeOrder());
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final Arena arena;
  private long cell;

  // The entry at which the cursor is.
  private long root;
  private long entry;
  private long scoreAt;
  private int scoreCode;
  private long memberAt;
  private int memberLength;

  PackedSortedSet(Arena arena, long cell) {
    this.arena = arena;
    this.cell = cell;
  }

  /** Moves this cursor to another set in the same arena. */
  void at(long newCell) {
    cell = newCell;
  }

  static long create(Arena arena) {
    long root = arena.allocate(HEADER);
    arena.putByte(root, SortedSetValue.PACKED);
    arena.putShort(root + COUNT, (short) 0);
    arena.putInt(root + USED, HEADER);
    return root;
  }

  static int count(Arena arena, long root) {
    return arena.getShort(root + COUNT) & 0xFFFF;
  }

  static long copy(Arena arena, long root) {
    int used = arena.getInt(root + USED);
    long copy = arena.allocate(used);
    arena.copy(root, copy, used);
    return copy;
  }

  /** Whether another entry fits as far as the format is concerned. */
  boolean hasRoomFor(Bytes member) {
    long now = arena.getLong(cell);
    return count(arena, now) < MAX_ENTRIES
        && (long) arena.getInt(now + USED) + member.length() + 16 <= MAX_BYTES;
  }

  // --- the cursor

  /** Moves to the first entry; false when there is none. */
  boolean first() {
    root = arena.getLong(cell);
    return moveTo(root + HEADER);
  }

  /** Moves to the next entry; false behind the last. */
  boolean next() {
    return moveTo(memberAt + memberLength);
  }

  /** Moves to the entry at an offset that {@link #offset} gave. */
  void seekOffset(int offset) {
    root = arena.getLong(cell);
    moveTo(root + offset);
  }

  /** Where the entry lies in the block. */
  int offset() {
    return (int) (entry - root);
  }

  double score() {
    return switch (scoreCode) {
      case ZERO -> 0;
      case BYTE -> arena.getByte(scoreAt);
      case SHORT -> arena.getShort(scoreAt);
      case INT -> arena.getInt(scoreAt);
      case FLOAT -> Float.intBitsToFloat(arena.getInt(scoreAt));
      default -> arena.getDouble(scoreAt);
    };
  }

  Span member(Span span) {
    return span.set(memberAt, memberLength);
  }

  private boolean moveTo(long address) {
    entry = address;
    if (address - root >= arena.getInt(root + USED)) {
      return false;
    }
    int head = arena.getByte(address++) & 0xFF;
    scoreCode = head >>> 5;
    memberLength = head & LONG_MEMBER;
    if (memberLength == LONG_MEMBER) {
      int more = Varint.get(arena, address);
      address += Varint.sizeOf(more);
      memberLength += more;
    }
    scoreAt = address;
    memberAt = address + SCORE_BYTES[scoreCode];
    return true;
  }

  // --- searching: all of it linear

  boolean seek(Bytes member) {
    int length = member.length();
    for (boolean here = first(); here; here = next()) {
      if (memberLength == length && arena.matches(memberAt, length, member)) {
        return true;
      }
    }
    return false;
  }

  int rankOf(Bytes member) {
    int rank = 0;
    for (boolean here = first(); here; here = next()) {
      if (memberLength == member.length() && arena.matches(memberAt, memberLength, member)) {
        return rank;
      }
      rank++;
    }
    return -1;
  }

  int rankOfScore(double score, boolean countEqual) {
    int rank = 0;
    for (boolean here = first(); here; here = next()) {
      double there = score();
      if (countEqual ? there > score : there >= score) {
        break;
      }
      rank++;
    }
    return rank;
  }

  int rankOfMember(Bytes member, boolean countEqual) {
    int rank = 0;
    for (boolean here = first(); here; here = next()) {
      int order = arena.compare(memberAt, memberLength, member);
      if (countEqual ? order > 0 : order >= 0) {
        break;
      }
      rank++;
    }
    return rank;
  }

  /** Moves to the entry at a rank, which must exist. */
  void seekRank(int rank) {
    first();
    for (int i = 0; i < rank; i++) {
      next();
    }
  }

  /** Where each entry lies, for walks from the end. */
  int[] offsets() {
    int[] offsets = new int[count(arena, arena.getLong(cell))];
    int i = 0;
    for (boolean here = first(); here; here = next()) {
      offsets[i++] = offset();
    }
    return offsets;
  }

  // --- changing

  /** Adds a member that is not in the set. Changes nothing when out of memory. */
  void insert(Bytes member, double score) {
    boolean here = first();
    while (here && isBefore(score, member)) {
      here = next();
    }
    int at = offset();
    int code = codeOf(score);
    int length = member.length();
    int more = length - LONG_MEMBER;
    int size = 1 + (more < 0 ? 0 : Varint.sizeOf(more)) + SCORE_BYTES[code] + length;
    int used = arena.getInt(root + USED);
    long moved = arena.reallocate(root, used + size, used);
    root = moved;
    arena.putLong(cell, moved);
    long address = moved + at;
    arena.copy(address, address + size, used - at);
    arena.putInt(moved + USED, used + size);
    arena.putShort(moved + COUNT, (short) (count(arena, moved) + 1));
    arena.putByte(address++, (byte) (code << 5 | Math.min(length, LONG_MEMBER)));
    if (more >= 0) {
      address = Varint.put(arena, address, more);
    }
    putScore(address, code, score);
    arena.copyIn(address + SCORE_BYTES[code], member);
  }

  /** Gives the entry at the cursor another score. */
  void rescore(Bytes member, double score) {
    int code = codeOf(score);
    if (code == scoreCode && keepsPlace(score, member)) {
      putScore(scoreAt, code, score);
      return;
    }
    int old = offset();
    boolean movesDown = score < score();
    int usedBefore = arena.getInt(root + USED);
    insert(member, score);
    int size = arena.getInt(root + USED) - usedBefore;
    seekOffset(movesDown ? old + size : old);
    removeHere(1);
  }

  private boolean keepsPlace(double score, Bytes member) {
    int here = offset();
    boolean keeps = !(next() && isBefore(score, member));
    if (keeps && here > HEADER && score < scoreAtOffset(here)) {
      int before = HEADER;
      for (seekOffset(HEADER); offset() < here; next()) {
        before = offset();
      }
      seekOffset(before);
      keeps = isBefore(score, member);
    }
    seekOffset(here);
    return keeps;
  }

  private double scoreAtOffset(int offset) {
    seekOffset(offset);
    return score();
  }

  /** Whether the entry at the cursor comes before this one. */
  private boolean isBefore(double score, Bytes member) {
    double there = score();
    return there != score ? there < score : arena.compare(memberAt, memberLength, member) < 0;
  }

  /** Removes entries from the cursor's on. */
  void removeHere(int entries) {
    int from = offset();
    boolean here = true;
    for (int i = 0; i < entries; i++) {
      here = next();
    }
    int used = arena.getInt(root + USED);
    int to = here ? offset() : used;
    arena.copy(root + to, root + from, used - to);
    used -= to - from;
    arena.putInt(root + USED, used);
    arena.putShort(root + COUNT, (short) (count(arena, root) - entries));
    root = Shrink.toFit(arena, cell, root, used);
  }

  // --- put together on the heap: see SortedSetDraft

  /**
   * Writes all of an entry but its member, which takes up to 14 bytes.
   *
   * @return where the member goes
   */
  static int writeHead(byte[] target, int at, double score, int memberLength) {
    int code = codeOf(score);
    target[at++] = (byte) (code << 5 | Math.min(memberLength, LONG_MEMBER));
    if (memberLength >= LONG_MEMBER) {
      int left = memberLength - LONG_MEMBER;
      for (; left >>> 7 != 0; left >>>= 7) {
        target[at++] = (byte) (left | 0x80);
      }
      target[at++] = (byte) left;
    }
    switch (code) {
      case ZERO -> {}
      case BYTE -> target[at] = (byte) score;
      case SHORT -> SHORTS.set(target, at, (short) score);
      case INT -> INTS.set(target, at, (int) score);
      case FLOAT -> INTS.set(target, at, Float.floatToRawIntBits((float) score));
      default -> LONGS.set(target, at, Double.doubleToRawLongBits(score));
    }
    return at + SCORE_BYTES[code];
  }

  /** Writes the header before entries, of which the first byte says what is to become. */
  static void writeHeader(byte[] bytes, int layout, int used, int count) {
    LONGS.set(bytes, 0, 0L);
    bytes[0] = (byte) layout;
    SHORTS.set(bytes, COUNT, (short) count);
    INTS.set(bytes, USED, used);
  }

  /** A walk over entries on the heap. */
  static final class HeapEntries {
    private final Bytes member;
    private final byte[] bytes;
    private final int end;
    private int at;
    private double score;

    HeapEntries(byte[] bytes, int at, int length) {
      this.bytes = bytes;
      this.at = at + HEADER;
      end = at + length;
      member = Bytes.of(bytes, at, 0);
    }

    /** Moves to the next entry; false behind the last. */
    boolean next() {
      if (at == end) {
        return false;
      }
      int head = bytes[at++] & 0xFF;
      int length = head & LONG_MEMBER;
      if (length == LONG_MEMBER) {
        int shift = 0;
        byte more;
        do {
          more = bytes[at++];
          length += (more & 0x7F) << shift;
          shift += 7;
        } while (more < 0);
      }
      int code = head >>> 5;
      score =
          switch (code) {
            case ZERO -> 0;
            case BYTE -> bytes[at];
            case SHORT -> (short) SHORTS.get(bytes, at);
            case INT -> (int) INTS.get(bytes, at);
            case FLOAT -> Float.intBitsToFloat((int) INTS.get(bytes, at));
            default -> Double.longBitsToDouble((long) LONGS.get(bytes, at));
          };
      at += SCORE_BYTES[code];
      member.wrap(bytes, at, length);
      at += length;
      return true;
    }

    /** The member; the same view every time. */
    Bytes member() {
      return member;
    }

    double score() {
      return score;
    }
  }

  private static int codeOf(double score) {
    int whole = (int) score;
    if (whole == score) {
      return whole == 0
          ? 1 / score < 0 ? FLOAT : ZERO
          : whole == (byte) whole ? BYTE : whole == (short) whole ? SHORT : INT;
    }
    return (float) score == score ? FLOAT : DOUBLE;
  }

  private void putScore(long address, int code, double score) {
    switch (code) {
      case ZERO -> {}
      case BYTE -> arena.putByte(address, (byte) score);
      case SHORT -> arena.putShort(address, (short) score);
      case INT -> arena.putInt(address, (int) score);
      case FLOAT -> arena.putInt(address, Float.floatToRawIntBits((float) score));
      default -> arena.putDouble(address, score);
    }
  }
}
