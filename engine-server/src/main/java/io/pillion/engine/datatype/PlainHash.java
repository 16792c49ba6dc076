package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A hash whose fields all stay: what {@link HashValue} is made of. Small ones are one {@link
 * Packed} record, larger ones a {@link PageTable}; once paged, a hash stays so.
 *
 * <p>A view of what the root block's address in {@code cell} leads to; cheap to make, and can be
 * moved from hash to hash. Changes either succeed or throw {@link OutOfArenaException} and leave
 * the hash as it was. Spans and entries that it hands out hold until the next call on it.
 */
final class PlainHash {
  private final Arena arena;
  private final TypeLimits limits;
  private long cell;
  private @Nullable PageTable table;

  /**
   * @param cell the address of the word that holds the root block's address
   */
  PlainHash(Arena arena, long cell, TypeLimits limits) {
    this.arena = arena;
    this.cell = cell;
    this.limits = limits;
  }

  /** Moves this view to another hash in the same arena. */
  PlainHash at(long newCell) {
    cell = newCell;
    return this;
  }

  /** Makes an empty hash; returns the address of its root block. */
  static long create(Arena arena) {
    return Packed.create(arena);
  }

  /** Frees all blocks of a hash. O(1) when packed, else O(fields). */
  static void free(Arena arena, long root) {
    if (arena.getByte(root) == Layout.PAGED) {
      PageTable.free(arena, root, /* pairs= */ true);
    } else {
      arena.free(root);
    }
  }

  static boolean isLarge(Arena arena, long root) {
    return arena.getByte(root) == Layout.PAGED && PageTable.size(arena, root) > Layout.LARGE;
  }

  /** Frees some blocks of a hash; whether all are gone. */
  static boolean freeSome(Arena arena, long root, Portion portion) {
    if (arena.getByte(root) == Layout.PAGED) {
      return PageTable.freeSome(arena, root, /* pairs= */ true, portion);
    }
    arena.free(root);
    return true;
  }

  /** Copies a hash; returns the address of the copy's root block. O(fields). */
  static long copy(Arena arena, long root) {
    return arena.getByte(root) == Layout.PAGED
        ? PageTable.copy(arena, root, /* pairs= */ true)
        : Packed.copy(arena, root);
  }

  /** How many fields it has. O(1). */
  long size() {
    long root = root();
    return isPaged(root) ? PageTable.size(arena, root) : Packed.entries(arena, root);
  }

  /** What is kept elsewhere of a field is about to change. */
  void beforeChange(Bytes field) {
    if (isPaged()) {
      table().beforeChange(field);
    }
  }

  /** Whether it has become a table. */
  boolean isPaged() {
    return isPaged(root());
  }

  private long root() {
    return arena.getLong(cell);
  }

  private boolean isPaged(long root) {
    return arena.getByte(root) == Layout.PAGED;
  }

  private PageTable table() {
    PageTable view = table;
    if (view == null) {
      view = newTable();
      table = view;
    }
    return view.at(cell);
  }

  /** A view of its own, for walks that outlast other uses of this object. */
  private PageTable newTable() {
    return new PageTable(arena, cell, /* pairs= */ true);
  }

  /** Moves the span to a field's value; false when there is no such field. */
  boolean get(Bytes field, Span value) {
    long root = root();
    if (isPaged(root)) {
      PageTable table = table();
      if (!table.find(field)) {
        return false;
      }
      value.set(table.page.valueAddress, table.page.valueLength);
      return true;
    }
    int at = Packed.find(arena, root, 2, field);
    if (at < 0) {
      return false;
    }
    setSpan(value, root, at + Packed.size(field));
    return true;
  }

  private void setSpan(Span span, long root, int at) {
    int length = Packed.length(arena, root, at);
    span.set(Packed.address(root, at, length), length);
  }

  /** Whether there is such a field. */
  boolean contains(Bytes field) {
    long root = root();
    return isPaged(root) ? table().find(field) : Packed.find(arena, root, 2, field) >= 0;
  }

  /**
   * Gives a field a value.
   *
   * @return whether the field is new
   */
  boolean put(Bytes field, Bytes value) {
    long root = root();
    if (isPaged(root)) {
      return table().put(field, value);
    }
    int at = Packed.find(arena, root, 2, field);
    boolean isNew = at < 0;
    if (mustPage(root, field, value, isNew)) {
      convert();
      return table().put(field, value);
    }
    if (isNew) {
      Packed.splice(arena, cell, Packed.used(arena, root), 0, field, value, 1);
      return true;
    }
    int valueAt = at + Packed.size(field);
    int length = Packed.length(arena, root, valueAt);
    if (length == value.length()) {
      arena.copyIn(Packed.address(root, valueAt, length), value);
    } else {
      Packed.splice(arena, cell, valueAt, Packed.size(arena, root, valueAt), value, null, 0);
    }
    return false;
  }

  private boolean mustPage(long root, Bytes field, Bytes value, boolean isNew) {
    return field.length() > limits.hashMaxPackedBytes
        || value.length() > limits.hashMaxPackedBytes
        || (isNew && Packed.entries(arena, root) >= limits.hashMaxPackedEntries)
        || Packed.used(arena, root) + (long) field.length() + value.length() > Packed.MAX_BYTES;
  }

  /** Makes pages of the packed record. */
  private void convert() {
    long packed = root();
    long newCell = arena.allocate(8);
    try {
      arena.putLong(newCell, PageTable.create(arena));
      try {
        PageTable table = new PageTable(arena, newCell, /* pairs= */ true);
        Entries all = entries();
        while (all.next()) {
          table.put(all.field().toBytes(), all.value().toBytes());
        }
      } catch (OutOfArenaException full) {
        PageTable.free(arena, arena.getLong(newCell), /* pairs= */ true);
        throw full;
      }
      arena.putLong(cell, arena.getLong(newCell));
    } finally {
      arena.free(newCell);
    }
    arena.free(packed);
  }

  /** Takes a field out; false when it was not there. */
  boolean remove(Bytes field) {
    long root = root();
    if (isPaged(root)) {
      return table().remove(field);
    }
    int at = Packed.find(arena, root, 2, field);
    if (at < 0) {
      return false;
    }
    int fieldSize = Packed.size(field);
    int bytes = fieldSize + Packed.size(arena, root, at + fieldSize);
    Packed.splice(arena, cell, at, bytes, null, null, -1);
    return true;
  }

  /** A walk over all fields: in order of insertion when packed, else in no order. */
  Entries entries() {
    return new Entries();
  }

  /** A walk over all fields; the hash must not change meanwhile. */
  final class Entries {
    private final Span field = new Span(arena);
    private final Span value = new Span(arena);
    private final PageTable.@Nullable Cursor pages;
    private final PageTable table = newTable();
    private final long root = root();
    private final int used;
    private int at;

    private Entries() {
      boolean paged = isPaged(root);
      pages = paged ? table.new Cursor() : null;
      used = paged ? 0 : Packed.used(arena, root);
    }

    /** Goes to the next field; false after the last. */
    boolean next() {
      if (pages != null) {
        if (!pages.next()) {
          return false;
        }
        open(table, field, value);
        return true;
      }
      if (at == used) {
        return false;
      }
      setSpan(field, root, at);
      at += Varint.sizeOf(field.length()) + field.length();
      setSpan(value, root, at);
      at += Varint.sizeOf(value.length()) + value.length();
      return true;
    }

    /** The field; the same span every time. */
    Span field() {
      return field;
    }

    /** Its value; the same span every time. */
    Span value() {
      return value;
    }
  }

  private static void open(PageTable table, Span field, Span value) {
    field.set(table.page.keyAddress, table.page.keyLength);
    value.set(table.page.valueAddress, table.page.valueLength);
  }

  /**
   * Visits some fields: a packed hash at once, a paged one about {@code count} at a time. A field
   * that is there from the first call to the last is visited at least once.
   *
   * @param cursor 0 to begin, then what the last call returned
   * @return the cursor to go on with (an unsigned number), or 0 when all have been visited
   */
  long scan(long cursor, long count, HashValue.Visitor visitor) {
    if (!isPaged(root())) {
      Entries all = entries();
      while (all.next()) {
        visitor.visit(all.field(), all.value());
      }
      return 0;
    }
    Span field = new Span(arena);
    Span value = new Span(arena);
    PageTable table = newTable();
    return table.scan(
        cursor,
        count,
        () -> {
          open(table, field, value);
          visitor.visit(field, value);
        });
  }

  /**
   * Moves the spans to a field chosen at random, each about equally likely. The hash is not empty.
   * O(1) when paged.
   *
   * @param random gives 64 random bits at a time
   */
  void randomEntry(LongSupplier random, Span field, Span value) {
    long root = root();
    if (isPaged(root)) {
      PageTable table = table();
      table.random(random);
      open(table, field, value);
      return;
    }
    int index = PageTable.below(Packed.entries(arena, root), random);
    int at = Packed.offsetOf(arena, root, 2, index);
    setSpan(field, root, at);
    setSpan(value, root, at + Packed.size(arena, root, at));
  }
}
