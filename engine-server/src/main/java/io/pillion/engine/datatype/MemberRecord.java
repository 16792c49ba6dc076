package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;

/**
 * A member of a large sorted set in a block of its own, which never moves: its score (8 bytes), its
 * length, its bytes. The score tree and the member index both point here.
 */
final class MemberRecord {
  private static final int LENGTH = 8;

  private MemberRecord() {}

  static long create(Arena arena, Bytes member, double score) {
    int size = Varint.sizeOf(member.length());
    long record = arena.allocate((long) LENGTH + size + member.length());
    arena.putDouble(record, score);
    Varint.put(arena, record + LENGTH, member.length());
    arena.copyIn(record + LENGTH + size, member);
    return record;
  }

  static double score(Arena arena, long record) {
    return arena.getDouble(record);
  }

  static void setScore(Arena arena, long record, double score) {
    arena.putDouble(record, score);
  }

  static Span member(Arena arena, long record, Span span) {
    int length = Varint.get(arena, record + LENGTH);
    return span.set(record + LENGTH + Varint.sizeOf(length), length);
  }

  static boolean matches(Arena arena, long record, Bytes member) {
    int length = Varint.get(arena, record + LENGTH);
    return length == member.length()
        && arena.matches(record + LENGTH + Varint.sizeOf(length), length, member);
  }

  /** Compares the member at a record with one on the heap. */
  static int compare(Arena arena, long record, Bytes member) {
    int length = Varint.get(arena, record + LENGTH);
    return arena.compare(record + LENGTH + Varint.sizeOf(length), length, member);
  }
}
