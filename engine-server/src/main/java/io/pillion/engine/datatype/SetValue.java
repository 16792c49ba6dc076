package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A set of members. Small ones are sorted {@link Integers} as long as all members are integers, or
 * one {@link Packed} record; larger ones a {@link PageTable}. Once packed or paged, a set does not
 * go back.
 *
 * <p>A view of what the root block's address in {@code cell} leads to; cheap to make, and can be
 * moved from set to set. Changes either succeed or throw {@link OutOfArenaException} and leave the
 * set as it was. Members that it hands out hold until the next call on it.
 */
public final class SetValue {
  private final Arena arena;
  private final TypeLimits limits;
  private long cell;
  private @Nullable PageTable table;

  /**
   * @param cell the address of the word that holds the root block's address
   */
  public SetValue(Arena arena, long cell, TypeLimits limits) {
    this.arena = arena;
    this.cell = cell;
    this.limits = limits;
  }

  /** Moves this view to another set in the same arena. */
  public SetValue at(long newCell) {
    cell = newCell;
    return this;
  }

  /** Makes an empty set; returns the address of its root block. */
  public static long create(Arena arena) {
    return Integers.create(arena);
  }

  /** Makes an empty set that is paged from the first member on; returns its root block. */
  static long createPaged(Arena arena) {
    return PageTable.create(arena);
  }

  /** Frees all blocks of a set. O(1) when small, else O(members). */
  public static void free(Arena arena, long root) {
    if (arena.getByte(root) == Layout.PAGED) {
      PageTable.free(arena, root, /* pairs= */ false);
    } else {
      arena.free(root);
    }
  }

  /** The root of a large set, or 0. */
  public static long watchable(Arena arena, long root) {
    return arena.getByte(root) == Layout.PAGED ? root : 0;
  }

  /** A walk over this set, which is a large one, while it changes. */
  public PartWalk walk(HashValue.PartVisitor visitor) {
    return new TableWalk(
        arena, arena.getLong(cell), /* pairs= */ false, /* schedule= */ null, visitor);
  }

  /** Whether it has so many blocks that freeing them at once would take long. */
  public static boolean isLarge(Arena arena, long root) {
    return arena.getByte(root) == Layout.PAGED && PageTable.size(arena, root) > Layout.LARGE;
  }

  /** Frees some blocks of a set that nobody will look at again; whether all are gone. */
  public static boolean freeSome(Arena arena, long root, Portion portion) {
    if (arena.getByte(root) == Layout.PAGED) {
      return PageTable.freeSome(arena, root, /* pairs= */ false, portion);
    }
    arena.free(root);
    return true;
  }

  /** Copies a set; returns the address of the copy's root block. O(members). */
  public static long copy(Arena arena, long root) {
    return switch (arena.getByte(root)) {
      case Layout.PAGED -> PageTable.copy(arena, root, /* pairs= */ false);
      case Layout.PACKED -> Packed.copy(arena, root);
      default -> Integers.copy(arena, root);
    };
  }

  private long root() {
    return arena.getLong(cell);
  }

  private byte layout(long root) {
    return arena.getByte(root);
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
    return new PageTable(arena, cell, /* pairs= */ false);
  }

  /** How many members it has. O(1). */
  public long size() {
    long root = root();
    return switch (layout(root)) {
      case Layout.PAGED -> PageTable.size(arena, root);
      case Layout.PACKED -> Packed.entries(arena, root);
      default -> Integers.size(arena, root);
    };
  }

  /** What {@code OBJECT ENCODING} says: {@code intset}, {@code listpack} or {@code hashtable}. */
  public String encoding() {
    return switch (layout(root())) {
      case Layout.PAGED -> "hashtable";
      case Layout.PACKED -> "listpack";
      default -> "intset";
    };
  }

  /** Whether it has this member. */
  public boolean contains(Bytes member) {
    long root = root();
    return switch (layout(root)) {
      case Layout.PAGED -> table().find(member);
      case Layout.PACKED -> Packed.find(arena, root, 1, member) >= 0;
      default ->
          Integers.isInteger(member) && Integers.find(arena, root, Integers.parse(member)) >= 0;
    };
  }

  /**
   * Chooses a layout for as many members as are about to be added, before the first is. Redis
   * decides by that number even when many of them are the same or there already.
   *
   * @param first one of them
   * @param members how many
   */
  public void expect(Bytes first, int members) {
    long root = root();
    switch (layout(root)) {
      case Layout.INTEGERS -> {
        boolean empty = Integers.size(arena, root) == 0;
        if (empty && !Integers.isInteger(first)) {
          convert(members > limits.setMaxPackedEntries ? Layout.PAGED : Layout.PACKED);
        } else if (members > limits.setMaxIntegers) {
          boolean packed = empty && members <= limits.setMaxPackedEntries;
          convert(packed ? Layout.PACKED : Layout.PAGED);
        }
      }
      case Layout.PACKED -> {
        if (members > limits.setMaxPackedEntries) {
          convert(Layout.PAGED);
        }
      }
      default -> {}
    }
  }

  /** Adds a member; false when it was there. */
  public boolean add(Bytes member) {
    long root = root();
    return switch (layout(root)) {
      case Layout.PAGED -> table().put(member, Bytes.EMPTY);
      case Layout.PACKED -> addToPacked(root, member);
      default -> addToIntegers(root, member);
    };
  }

  private boolean addToPacked(long root, Bytes member) {
    if (Packed.find(arena, root, 1, member) >= 0) {
      return false;
    }
    if (Packed.entries(arena, root) >= limits.setMaxPackedEntries
        || member.length() > limits.setMaxPackedBytes
        || Packed.used(arena, root) + (long) member.length() > Packed.MAX_BYTES) {
      convert(Layout.PAGED);
      return table().put(member, Bytes.EMPTY);
    }
    Packed.splice(arena, cell, Packed.used(arena, root), 0, member, null, 1);
    return true;
  }

  private boolean addToIntegers(long root, Bytes member) {
    int size = Integers.size(arena, root);
    if (Integers.isInteger(member)) {
      if (size >= limits.setMaxIntegers) {
        if (contains(member)) {
          return false;
        }
        convert(Layout.PAGED);
        return table().put(member, Bytes.EMPTY);
      }
      return Integers.add(arena, cell, Integers.parse(member));
    }
    boolean packed =
        size < limits.setMaxPackedEntries
            && member.length() <= limits.setMaxPackedBytes
            && Integers.longest(arena, root) <= limits.setMaxPackedBytes
            && size * 21L + member.length() <= Packed.MAX_BYTES;
    convert(packed ? Layout.PACKED : Layout.PAGED);
    return add(member);
  }

  /** Moves all members to another layout. */
  private void convert(int layout) {
    long old = root();
    long newCell = arena.allocate(8);
    try {
      boolean paged = layout == Layout.PAGED;
      arena.putLong(newCell, paged ? PageTable.create(arena) : Packed.create(arena));
      try {
        fill(newCell, paged);
      } catch (OutOfArenaException full) {
        free(arena, arena.getLong(newCell));
        throw full;
      }
      arena.putLong(cell, arena.getLong(newCell));
    } finally {
      arena.free(newCell);
    }
    arena.free(old);
  }

  private void fill(long newCell, boolean paged) {
    PageTable table = new PageTable(arena, newCell, /* pairs= */ false);
    Members all = members();
    while (all.next()) {
      Bytes member = all.member().bytes();
      if (paged) {
        table.put(member, Bytes.EMPTY);
      } else {
        int end = Packed.used(arena, arena.getLong(newCell));
        Packed.splice(arena, newCell, end, 0, member, null, 1);
      }
    }
  }

  /** Takes a member out; false when it was not there. */
  public boolean remove(Bytes member) {
    long root = root();
    switch (layout(root)) {
      case Layout.PAGED -> {
        return table().remove(member);
      }
      case Layout.PACKED -> {
        int at = Packed.find(arena, root, 1, member);
        if (at < 0) {
          return false;
        }
        Packed.splice(arena, cell, at, Packed.size(member), null, null, -1);
        return true;
      }
      default -> {
        int index =
            Integers.isInteger(member) ? Integers.find(arena, root, Integers.parse(member)) : -1;
        if (index < 0) {
          return false;
        }
        Integers.removeAt(arena, cell, index);
        return true;
      }
    }
  }

  /**
   * A member: bytes in the arena, or a number of a set of integers. One object for many members.
   */
  public final class Member {
    private final Span span = new Span(arena);
    private final Bytes bytes = Bytes.of(new byte[24]);
    private byte[] buffer = bytes.array();
    private boolean isInteger;
    private long integer;

    private Member() {}

    private void set(long number) {
      isInteger = true;
      integer = number;
    }

    private void set(long address, int length) {
      isInteger = false;
      span.set(address, length);
    }

    /** Whether it is {@link #integer()}, and not {@link #span()}. */
    public boolean isInteger() {
      return isInteger;
    }

    /** The number. */
    public long integer() {
      return integer;
    }

    /** The bytes, in the arena. */
    public Span span() {
      return span;
    }

    /** The bytes, copied to the heap; the same view every time: copy what is to be kept. */
    public Bytes bytes() {
      if (isInteger) {
        byte[] digits = Bytes.of(integer).array();
        return bytes.wrap(digits, 0, digits.length);
      }
      int length = span.length();
      if (length > buffer.length) {
        buffer = new byte[Math.max(length, 2 * buffer.length)];
      }
      arena.copyOut(span.address(), buffer, 0, length);
      return bytes.wrap(buffer, 0, length);
    }
  }

  /** A walk over all members: integers ascending, packed ones in order of insertion. */
  public Members members() {
    return new Members();
  }

  /** A walk over all members; the set must not change meanwhile. */
  public final class Members {
    private final Member member = new Member();
    private final long root = root();
    private final byte layout = layout(root);
    private final @Nullable PageTable table;
    private final PageTable.@Nullable Cursor pages;
    private final int end;
    private int at;

    private Members() {
      table = layout == Layout.PAGED ? newTable() : null;
      pages = table == null ? null : table.new Cursor();
      end =
          switch (layout) {
            case Layout.PAGED -> 0;
            case Layout.PACKED -> Packed.used(arena, root);
            default -> Integers.size(arena, root);
          };
    }

    /** Goes to the next member; false after the last. */
    public boolean next() {
      if (table != null && pages != null) {
        if (!pages.next()) {
          return false;
        }
        member.set(table.page.keyAddress, table.page.keyLength);
        return true;
      }
      if (at == end) {
        return false;
      }
      if (layout == Layout.PACKED) {
        openPacked(member, root, at);
        at += Varint.sizeOf(member.span.length()) + member.span.length();
      } else {
        member.set(Integers.get(arena, root, at++));
      }
      return true;
    }

    /** The member; the same object every time. */
    public Member member() {
      return member;
    }
  }

  private void openPacked(Member member, long root, int at) {
    int length = Packed.length(arena, root, at);
    member.set(Packed.address(root, at, length), length);
  }

  /** Is shown members. */
  @FunctionalInterface
  public interface Visitor {
    /** Sees one member, which is another's afterwards. */
    void visit(Member member);
  }

  /**
   * Visits some members: all of a small set at once, of a paged one about {@code count} at a time.
   * A member that is there from the first call to the last is visited at least once.
   *
   * @param cursor 0 to begin, then what the last call returned
   * @return the cursor to go on with (an unsigned number), or 0 when all have been visited
   */
  public long scan(long cursor, long count, Visitor visitor) {
    if (layout(root()) != Layout.PAGED) {
      Members all = members();
      while (all.next()) {
        visitor.visit(all.member());
      }
      return 0;
    }
    Member member = new Member();
    PageTable table = newTable();
    return table.scan(
        cursor,
        count,
        () -> {
          member.set(table.page.keyAddress, table.page.keyLength);
          visitor.visit(member);
        });
  }

  /** Chooses members at random. */
  public Sampler sampler(LongSupplier random) {
    return new Sampler(random);
  }

  /** Chooses members at random; the set may change between two choices. */
  public final class Sampler {
    private final LongSupplier random;
    private final Member member = new Member();

    private Sampler(LongSupplier random) {
      this.random = random;
    }

    /**
     * Some member, each about equally likely; the same object every time. The set is not empty.
     * O(1) except when packed.
     */
    public Member next() {
      long root = root();
      switch (layout(root)) {
        case Layout.PAGED -> {
          PageTable table = table();
          table.random(random);
          member.set(table.page.keyAddress, table.page.keyLength);
        }
        case Layout.PACKED -> {
          int index = PageTable.below(Packed.entries(arena, root), random);
          openPacked(member, root, Packed.offsetOf(arena, root, 1, index));
        }
        default ->
            member.set(
                Integers.get(arena, root, PageTable.below(Integers.size(arena, root), random)));
      }
      return member;
    }
  }
}
