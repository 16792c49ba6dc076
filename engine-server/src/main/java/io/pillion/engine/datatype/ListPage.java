package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Elements of a list in one block: the whole of a small list, or a page of a large one.
 *
 * <p>An entry is a head, the element, and the size of these two in a varint that is read backwards,
 * for walks from the end. The head is a varint too: the element's length plus {@value #WIDTHS}, or
 * below that, which of the {@value #WIDTHS} widths an element has that is kept as a number, because
 * its bytes are just the decimal digits of one. The entries lie together anywhere in the block, so
 * that both ends can grow and shrink without moving the rest. Offsets count from the block's begin.
 */
final class ListPage {
  // Kind (byte), count (int), where the entries begin and end (ints); a page has neighbours too.
  private static final int COUNT = 4;
  private static final int START = 8;
  private static final int END = 12;
  private static final int PREVIOUS = 16;
  private static final int NEXT = 24;
  private static final int ROOT_HEADER = 16;
  private static final int PAGE_HEADER = 32;

  /** Up to here a block is made to measure; above, with a quarter to grow. */
  private static final int TIGHT_BYTES = 256;

  /** How many widths of integers there are. */
  private static final int WIDTHS = 5;

  private static final int[] WIDTH_BYTES = {1, 2, 3, 4, 8};

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.nativeOrder());
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private ListPage() {}

  /** Makes an empty page; its neighbours are none. */
  static long create(Arena arena, byte kind, int bytesOfEntries) {
    int header = headerBytes(kind);
    long page = arena.allocate((long) header + bytesOfEntries);
    arena.putByte(page, kind);
    arena.putInt(page + COUNT, 0);
    arena.putInt(page + START, header);
    arena.putInt(page + END, header);
    if (kind == ListValue.PAGE) {
      setPrevious(arena, page, 0);
      setNext(arena, page, 0);
    }
    return page;
  }

  /** Makes a page of entries on the heap. */
  static long create(Arena arena, byte kind, byte[] entries, int at, int bytes, int count) {
    long page = create(arena, kind, bytes);
    int header = headerBytes(kind);
    arena.copyIn(page + header, entries, at, bytes);
    arena.putInt(page + END, header + bytes);
    arena.putInt(page + COUNT, count);
    return page;
  }

  /** Makes a page with the entries of another, or with those from an offset on. */
  static long copyFrom(Arena arena, long page, int offset, int count, byte kind) {
    int bytes = end(arena, page) - offset;
    long copy = create(arena, kind, bytes);
    int header = headerBytes(kind);
    arena.copy(page + offset, copy + header, bytes);
    arena.putInt(copy + END, header + bytes);
    arena.putInt(copy + COUNT, count);
    return copy;
  }

  private static int headerBytes(byte kind) {
    return kind == ListValue.PAGE ? PAGE_HEADER : ROOT_HEADER;
  }

  static int count(Arena arena, long page) {
    return arena.getInt(page + COUNT);
  }

  static int start(Arena arena, long page) {
    return arena.getInt(page + START);
  }

  static int end(Arena arena, long page) {
    return arena.getInt(page + END);
  }

  static int usedBytes(Arena arena, long page) {
    return end(arena, page) - start(arena, page);
  }

  static long previous(Arena arena, long page) {
    return arena.getLong(page + PREVIOUS);
  }

  static long next(Arena arena, long page) {
    return arena.getLong(page + NEXT);
  }

  static void setPrevious(Arena arena, long page, long previous) {
    arena.putLong(page + PREVIOUS, previous);
  }

  static void setNext(Arena arena, long page, long next) {
    arena.putLong(page + NEXT, next);
  }

  // --- entries

  /** How an element is written: the head of its entry. */
  static int headOf(Bytes element) {
    if (!Integers.isInteger(element)) {
      return element.length() + WIDTHS;
    }
    long value = Integers.parse(element);
    int bits = 65 - Long.numberOfLeadingZeros(value ^ (value >> 63));
    return bits <= 32 ? (bits - 1) >>> 3 : WIDTHS - 1;
  }

  private static int payloadBytes(int head) {
    return head < WIDTHS ? WIDTH_BYTES[head] : head - WIDTHS;
  }

  /** What an element with this head takes. */
  static int entryBytes(int head) {
    int size = Varint.sizeOf(head) + payloadBytes(head);
    return size + Varint.sizeOf(size);
  }

  /** The head of the entry at an offset. */
  static int head(Arena arena, long page, int offset) {
    return Varint.get(arena, page + offset);
  }

  /** Whether an element with this head is kept as a number. */
  static boolean isInteger(int head) {
    return head < WIDTHS;
  }

  /** The number at an offset. */
  static long integer(Arena arena, long page, int offset, int head) {
    long at = page + offset + 1;
    return switch (WIDTH_BYTES[head]) {
      case 1 -> arena.getByte(at);
      case 2 -> arena.getShort(at);
      case 3 -> (arena.getByte(at + 2) << 16) | (arena.getShort(at) & 0xFFFF);
      case 4 -> arena.getInt(at);
      default -> arena.getLong(at);
    };
  }

  /** The bytes at an offset, of an element that is not kept as a number. */
  static Span bytes(Arena arena, long page, int offset, int head, Span span) {
    return span.set(page + offset + Varint.sizeOf(head), head - WIDTHS);
  }

  /** The offset behind the entry at one. */
  static int offsetBehind(Arena arena, long page, int offset) {
    return offset + entryBytes(head(arena, page, offset));
  }

  /** The offset of the entry that ends at one. */
  static int offsetBefore(Arena arena, long page, int offset) {
    int size = 0;
    int shift = 0;
    int b;
    do {
      b = arena.getByte(page + --offset);
      size |= (b & 0x7F) << shift;
      shift += 7;
    } while (b < 0);
    return offset - size;
  }

  /** The offset of an entry by its number in the page, from the nearer end. */
  static int offsetOf(Arena arena, long page, int number) {
    int count = count(arena, page);
    int offset;
    if (number <= count / 2) {
      offset = start(arena, page);
      for (int i = 0; i < number; i++) {
        offset = offsetBehind(arena, page, offset);
      }
    } else {
      offset = end(arena, page);
      for (int i = count; i > number; i--) {
        offset = offsetBefore(arena, page, offset);
      }
    }
    return offset;
  }

  /** Writes another element over one with the same head. */
  static void overwrite(Arena arena, long page, int offset, int head, Bytes element) {
    writePayload(arena, page + offset + Varint.sizeOf(head), head, element);
  }

  private static void writePayload(Arena arena, long at, int head, Bytes element) {
    if (head >= WIDTHS) {
      arena.copyIn(at, element);
      return;
    }
    long value = Integers.parse(element);
    switch (WIDTH_BYTES[head]) {
      case 1 -> arena.putByte(at, (byte) value);
      case 2 -> arena.putShort(at, (short) value);
      case 3 -> {
        arena.putShort(at, (short) value);
        arena.putByte(at + 2, (byte) (value >> 16));
      }
      case 4 -> arena.putInt(at, (int) value);
      default -> arena.putLong(at, value);
    }
  }

  private static void write(Arena arena, long address, int head, Bytes element) {
    long at = Varint.put(arena, address, head);
    writePayload(arena, at, head, element);
    at += payloadBytes(head);
    int size = (int) (at - address);
    for (int left = Varint.sizeOf(size) - 1; left >= 0; left--) {
      int more = left == Varint.sizeOf(size) - 1 ? 0 : 0x80;
      arena.putByte(at++, (byte) (((size >>> (7 * left)) & 0x7F) | more));
    }
  }

  /** Writes an entry on the heap. */
  static void write(byte[] target, int start, int head, Bytes element) {
    int at = start;
    int left = head;
    for (; left >>> 7 != 0; left >>>= 7) {
      target[at++] = (byte) (left | 0x80);
    }
    target[at++] = (byte) left;
    int payload = payloadBytes(head);
    if (head >= WIDTHS) {
      System.arraycopy(element.array(), element.offset(), target, at, payload);
    } else {
      long value = Integers.parse(element);
      switch (payload) {
        case 1 -> target[at] = (byte) value;
        case 2 -> SHORTS.set(target, at, (short) value);
        case 3 -> {
          SHORTS.set(target, at, (short) value);
          target[at + 2] = (byte) (value >> 16);
        }
        case 4 -> INTS.set(target, at, (int) value);
        default -> LONGS.set(target, at, value);
      }
    }
    at += payload;
    int size = at - start;
    int groups = Varint.sizeOf(size);
    for (int group = groups - 1; group >= 0; group--) {
      int more = group == groups - 1 ? 0 : 0x80;
      target[at++] = (byte) (((size >>> (7 * group)) & 0x7F) | more);
    }
  }

  /**
   * Writes an entry at an offset between two entries, or at an end.
   *
   * @param head the element's, from {@link #headOf}
   * @param mostBytes what the block should not grow beyond for the sake of room to grow
   * @return where the page is now; when it moved, the old block is free
   */
  static long insert(Arena arena, long page, int offset, int head, Bytes element, int mostBytes) {
    int size = entryBytes(head);
    int start = start(arena, page);
    int end = end(arena, page);
    int header = headerBytes(arena.getByte(page));
    int left = offset - start;
    int right = end - offset;
    long capacity = arena.capacity(page);
    boolean roomInFront = start - header >= size;
    long to = page;
    int newStart;
    if (capacity - end >= size && (right <= left || !roomInFront)) {
      newStart = start;
    } else if (roomInFront) {
      newStart = start - size;
    } else {
      long gap = capacity - header - (end - start) - size;
      if (gap >= 0) {
        newStart = header + (int) (gap / 2);
      } else {
        to = moveToRoomier(arena, page, (long) header + left + right + size, mostBytes);
        long spare = arena.capacity(to) - header - left - right - size;
        newStart = header + (left == 0 && right > 0 ? (int) spare : 0);
      }
    }
    spread(arena, page, start, left, right, to, newStart, size);
    arena.putInt(to + START, newStart);
    arena.putInt(to + END, newStart + left + size + right);
    arena.putInt(to + COUNT, count(arena, page) + 1);
    write(arena, to + newStart + left, head, element);
    if (to != page) {
      arena.free(page);
    }
    return to;
  }

  /** Moves the entries before and behind a gap, in the order in which neither hurts the other. */
  private static void spread(
      Arena arena, long page, int start, int left, int right, long to, int newStart, int gap) {
    long rightTo = to + newStart + left + gap;
    if (newStart > start) {
      arena.copy(page + start + left, rightTo, right);
      arena.copy(page + start, to + newStart, left);
    } else {
      arena.copy(page + start, to + newStart, left);
      arena.copy(page + start + left, rightTo, right);
    }
  }

  private static long moveToRoomier(Arena arena, long page, long bytes, int mostBytes) {
    long wanted = bytes <= TIGHT_BYTES ? bytes : Math.min(bytes + bytes / 4, mostBytes);
    long to = arena.allocate(Math.max(bytes, wanted));
    byte kind = arena.getByte(page);
    arena.copy(page, to, headerBytes(kind));
    return to;
  }

  /** Removes the entries between two offsets; those behind them move up. */
  static void remove(Arena arena, long page, int from, int to, int entries) {
    int start = start(arena, page);
    int end = end(arena, page);
    if (from == start) {
      arena.putInt(page + START, to);
    } else {
      arena.copy(page + to, page + from, end - to);
      arena.putInt(page + END, end - (to - from));
    }
    arena.putInt(page + COUNT, count(arena, page) - entries);
  }

  /** Whether most of the block is unused. */
  static boolean isRoomy(Arena arena, long page) {
    long capacity = arena.capacity(page);
    return capacity > TIGHT_BYTES && usedBytes(arena, page) < capacity / 4;
  }

  /** Copies the entries of the page behind this one to its end, where there is room for them. */
  static void append(Arena arena, long page, long other) {
    int used = usedBytes(arena, page);
    int more = usedBytes(arena, other);
    int header = headerBytes(arena.getByte(page));
    if (arena.capacity(page) - end(arena, page) < more) {
      arena.copy(page + start(arena, page), page + header, used);
      arena.putInt(page + START, header);
      arena.putInt(page + END, header + used);
    }
    int end = end(arena, page);
    arena.copy(other + start(arena, other), page + end, more);
    arena.putInt(page + END, end + more);
    arena.putInt(page + COUNT, count(arena, page) + count(arena, other));
  }

  /** Whether the entries of another page would fit behind this page's own, within the block. */
  static boolean canAppend(Arena arena, long page, long other) {
    int header = headerBytes(arena.getByte(page));
    return arena.capacity(page) - header - usedBytes(arena, page) >= usedBytes(arena, other);
  }
}
