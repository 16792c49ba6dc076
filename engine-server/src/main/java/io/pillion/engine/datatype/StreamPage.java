package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Span;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A run of consecutive entries of a stream in one block, and a walk over them.
 *
 * <pre>
 *  0  bytes used behind the header (4)     4  entries (4)
 *  8  entries ever put in (4)             12  where the entries begin behind the header (4)
 * 16  the first entry's id, which is the page's (16)
 * 32  the first entry's field names: their number, then each after its length
 *     the entries
 * </pre>
 *
 * An entry says how many milliseconds its id is behind the page's, shifted by one bit that tells
 * whether it has fields of its own; then its sequence number, less the page's when the milliseconds
 * are equal. Fields of its own are their number, then names and values each after its length; an
 * entry with the same fields as the page's first has only the values. All numbers take seven bits
 * per byte.
 *
 * <p>A deleted entry is cut out at once. How many there ever were is kept because the page counts
 * as full by it, as Redis counts, so that trimming by whole pages removes what it does there.
 */
final class StreamPage {
  static final int HEADER_BYTES = 32;

  /** The most milliseconds that an entry may be behind its page. */
  static final long MAX_MS_BEHIND = 1L << 56;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final int USED = 0;
  private static final int LIVE = 4;
  private static final int ADDED = 8;
  private static final int FIRST = 12;
  private static final int MS = 16;
  private static final int SEQ = 24;

  private final Arena arena;
  private final Span field;
  private final Span value;

  private long address;
  private long entriesEnd;
  private int pageFields;
  private long pageFieldsAt;

  // The entry at which the walk is.
  private long at;
  private long behind;
  private long ms;
  private long seq;
  private boolean own;
  private int fields;
  private long bodyAt;

  // The walk over its fields.
  private int fieldsLeft;
  private long nameAt;
  private long valueAt;

  StreamPage(Arena arena) {
    this.arena = arena;
    field = new Span(arena);
    value = new Span(arena);
  }

  // --- making

  /** Makes a page without entries whose fields are the first, third ... of these words. */
  static long create(Arena arena, StreamId id, Bytes[] words, int entryBytes) {
    int names = Varint.sizeOf(words.length / 2);
    for (int i = 0; i < words.length; i += 2) {
      names += sizeOf(words[i]);
    }
    long page = arena.allocate((long) HEADER_BYTES + names + entryBytes);
    arena.putInt(page + USED, names);
    arena.putInt(page + LIVE, 0);
    arena.putInt(page + ADDED, 0);
    arena.putInt(page + FIRST, names);
    arena.putLong(page + MS, id.ms());
    arena.putLong(page + SEQ, id.seq());
    long to = Varint.put(arena, page + HEADER_BYTES, words.length / 2);
    for (int i = 0; i < words.length; i += 2) {
      to = put(arena, to, words[i]);
    }
    return page;
  }

  /** What an entry of the first words takes that has the same fields as the page. */
  static int sizeOfValues(Bytes[] words, int count) {
    int size = 0;
    for (int i = 1; i < count; i += 2) {
      size += sizeOf(words[i]);
    }
    return size;
  }

  /** What an entry of the first words takes that has fields of its own. */
  static int sizeOfAll(Bytes[] words, int count) {
    int size = Varint.sizeOf(count / 2);
    for (int i = 0; i < count; i++) {
      size += sizeOf(words[i]);
    }
    return size;
  }

  private static int sizeOf(Bytes word) {
    return Varint.sizeOf(word.length()) + word.length();
  }

  private static long put(Arena arena, long to, Bytes word) {
    long behindLength = Varint.put(arena, to, word.length());
    arena.copyIn(behindLength, word);
    return behindLength + word.length();
  }

  // --- pages on the heap: see StreamDraft

  /** Writes the header of a page that has its field names and no entry yet. */
  static void writeBeginning(byte[] bytes, int page, int length, long ms, long seq) {
    INT.set(bytes, page + FIRST, length - HEADER_BYTES);
    LONG.set(bytes, page + MS, ms);
    LONG.set(bytes, page + SEQ, seq);
  }

  /** Writes what of a page's header changes with every entry. */
  static void writeHeader(byte[] bytes, int page, int length, int entries) {
    INT.set(bytes, page + USED, length - HEADER_BYTES);
    INT.set(bytes, page + LIVE, entries);
    INT.set(bytes, page + ADDED, entries);
  }

  /** How many bytes a page takes. */
  static int bytes(byte[] bytes, int page) {
    return HEADER_BYTES + (int) INT.get(bytes, page + USED);
  }

  // --- the page

  /** Moves to a page, before its first entry. */
  StreamPage open(long newAddress) {
    address = newAddress;
    entriesEnd = address + HEADER_BYTES + arena.getInt(address + USED);
    pageFields = Varint.get(arena, address + HEADER_BYTES);
    pageFieldsAt = address + HEADER_BYTES + Varint.sizeOf(pageFields);
    behind = address + HEADER_BYTES + arena.getInt(address + FIRST);
    at = 0;
    return this;
  }

  long address() {
    return address;
  }

  /** How many bytes of the block are used. */
  static long bytes(Arena arena, long page) {
    return HEADER_BYTES + (long) arena.getInt(page + USED);
  }

  /** How many entries a page has. */
  static int count(Arena arena, long page) {
    return arena.getInt(page + LIVE);
  }

  /** How many entries a page has ever had. */
  static int added(Arena arena, long page) {
    return arena.getInt(page + ADDED);
  }

  static long ms(Arena arena, long page) {
    return arena.getLong(page + MS);
  }

  static long seq(Arena arena, long page) {
    return arena.getLong(page + SEQ);
  }

  /** Whether an entry of these words has the page's fields. */
  boolean hasFieldsOf(Bytes[] words) {
    if (pageFields != words.length / 2) {
      return false;
    }
    long name = pageFieldsAt;
    for (int i = 0; i < words.length; i += 2) {
      int length = Varint.get(arena, name);
      name += Varint.sizeOf(length);
      if (!arena.matches(name, length, words[i])) {
        return false;
      }
      name += length;
    }
    return true;
  }

  /** The bytes of an entry's id with a body of its kind. */
  int sizeOfId(StreamId id) {
    return Varint.sizeOfLong((id.ms() - ms(arena, address)) << 1)
        + Varint.sizeOfLong(seqToWrite(id));
  }

  private long seqToWrite(StreamId id) {
    return id.ms() == ms(arena, address) ? id.seq() - seq(arena, address) : id.seq();
  }

  /** Puts an entry behind all others; the block has room. */
  void append(StreamId id, Bytes[] words, boolean ownFields) {
    long head = (id.ms() - ms(arena, address)) << 1 | (ownFields ? 1 : 0);
    long to = Varint.putLong(arena, entriesEnd, head);
    to = Varint.putLong(arena, to, seqToWrite(id));
    if (ownFields) {
      to = Varint.put(arena, to, words.length / 2);
    }
    for (int i = ownFields ? 0 : 1; i < words.length; i += ownFields ? 1 : 2) {
      to = put(arena, to, words[i]);
    }
    entriesEnd = to;
    arena.putInt(address + USED, (int) (to - address - HEADER_BYTES));
    arena.putInt(address + LIVE, arena.getInt(address + LIVE) + 1);
    arena.putInt(address + ADDED, arena.getInt(address + ADDED) + 1);
  }

  // --- the walk

  /** Moves to the next entry; false behind the last. */
  boolean next() {
    if (behind == entriesEnd) {
      return false;
    }
    read(behind);
    return true;
  }

  /** Moves to the first entry that is not before an id; false when there is none. */
  boolean seek(StreamId id) {
    while (next()) {
      if (StreamId.compare(ms, seq, id.ms(), id.seq()) >= 0) {
        return true;
      }
    }
    return false;
  }

  /** Moves to the entry at a place that {@link #place()} has told. */
  void read(long place) {
    at = place;
    long head = Varint.getLong(arena, place);
    long number = Varint.getLong(arena, place += Varint.sizeOfLong(head));
    place += Varint.sizeOfLong(number);
    own = (head & 1) != 0;
    ms = ms(arena, address) + (head >>> 1);
    seq = head >>> 1 == 0 ? seq(arena, address) + number : number;
    fields = pageFields;
    if (own) {
      fields = Varint.get(arena, place);
      place += Varint.sizeOf(fields);
    }
    bodyAt = place;
    for (int i = own ? 2 * fields : fields; i > 0; i--) {
      int length = Varint.get(arena, place);
      place += Varint.sizeOf(length) + length;
    }
    behind = place;
    fieldsLeft = fields;
    nameAt = own ? bodyAt : pageFieldsAt;
    valueAt = bodyAt;
  }

  /** Where the entry is; valid until the page changes. */
  long place() {
    return at;
  }

  boolean isAtFirst() {
    return at == address + HEADER_BYTES + arena.getInt(address + FIRST);
  }

  long ms() {
    return ms;
  }

  long seq() {
    return seq;
  }

  /** How many fields the entry has. */
  int fields() {
    return fields;
  }

  /** Moves to the entry's next field; false behind the last. */
  boolean nextField() {
    if (fieldsLeft == 0) {
      return false;
    }
    fieldsLeft--;
    nameAt = step(field, nameAt);
    if (own) {
      nameAt = step(value, nameAt);
    } else {
      valueAt = step(value, valueAt);
    }
    return true;
  }

  private long step(Span span, long from) {
    int length = Varint.get(arena, from);
    long begin = from + Varint.sizeOf(length);
    span.set(begin, length);
    return begin + length;
  }

  /** The name of the field; the span is the same for each. */
  Span field() {
    return field;
  }

  /** The value of the field; the span is the same for each. */
  Span value() {
    return value;
  }

  // --- removing

  /** Cuts out the entry; {@link #next()} goes on with the one that followed it. */
  void remove() {
    removeUpTo(at, 1);
  }

  /** Cuts out the entry and those before it, so many in all. */
  void removeWithAllBefore(int count) {
    removeUpTo(address + HEADER_BYTES + arena.getInt(address + FIRST), count);
  }

  private void removeUpTo(long from, int count) {
    arena.copy(behind, from, entriesEnd - behind);
    entriesEnd -= behind - from;
    behind = from;
    arena.putInt(address + USED, (int) (entriesEnd - address - HEADER_BYTES));
    arena.putInt(address + LIVE, arena.getInt(address + LIVE) - count);
  }
}
