package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;

/**
 * A list: elements in order, cheap at both ends.
 *
 * <p>A small one is a single block of entries ({@link ListPage}); a larger one is a chain of such
 * pages with links both ways, each up to the size that {@link TypeLimits#listMaxPackedSize} says.
 * An element that does not fit into a page has one of its own, as large as it needs. Positions are
 * found from the nearer end, page by page. A large list whose last page is half empty becomes small
 * again.
 *
 * <p>This object is a view, made for one command, or moved from list to list. An {@link Elements}
 * walk is void after a change that it did not make itself. A change that fails with {@link
 * OutOfArenaException} leaves the elements as they were.
 */
public final class ListValue {
  static final byte PACKED = 0;
  private static final byte PAGED = 1;
  static final byte PAGE = 2;

  // A paged root: encoding (byte), who watches it (Watch.OFFSET), count (long), first page, last
  // page.
  private static final int COUNT = 8;
  private static final int FIRST = 16;
  private static final int LAST = 24;
  private static final int PAGED_BYTES = 32;

  private static final int PAGE_OVERHEAD = 32;
  private static final int SAFE_BYTES = 8 << 10;

  private final Arena arena;
  private long cell;
  private final TypeLimits limits;

  // Where the last search ended.
  private long page;
  private int number;

  /**
   * A view of the list whose root's address lies at {@code cell}.
   *
   * @param cell an address in the arena; written when the root moves
   */
  public ListValue(Arena arena, long cell, TypeLimits limits) {
    this.arena = arena;
    this.cell = cell;
    this.limits = limits;
  }

  /** Moves this view to another list in the same arena. */
  public ListValue at(long newCell) {
    cell = newCell;
    page = 0;
    number = 0;
    return this;
  }

  /** Makes an empty list and returns its root. */
  public static long create(Arena arena) {
    return ListPage.create(arena, PACKED, 0);
  }

  /** Frees all blocks of the list with this root. O(pages). */
  public static void free(Arena arena, long root) {
    if (arena.getByte(root) == PAGED) {
      freePages(arena, arena.getLong(root + FIRST));
    }
    arena.free(root);
  }

  /** Whether it may have so many blocks that freeing them at once would take long. */
  public static boolean isLarge(Arena arena, long root) {
    return arena.getByte(root) == PAGED && arena.getLong(root + COUNT) > Layout.LARGE;
  }

  /** Frees some blocks of a list that nobody will look at again; whether all are gone. */
  public static boolean freeSome(Arena arena, long root, Portion portion) {
    if (arena.getByte(root) == PAGED) {
      long page = arena.getLong(root + FIRST);
      for (; page != 0 && !portion.isUsedUp(); portion.use(1)) {
        long next = ListPage.next(arena, page);
        arena.free(page);
        page = next;
      }
      arena.putLong(root + FIRST, page);
      if (page != 0) {
        return false;
      }
    }
    arena.free(root);
    return true;
  }

  private static void freePages(Arena arena, long page) {
    while (page != 0) {
      long next = ListPage.next(arena, page);
      arena.free(page);
      page = next;
    }
  }

  /** Copies a list and returns the copy's root. O(n). */
  public static long copy(Arena arena, long root) {
    if (arena.getByte(root) == PACKED) {
      return copyOf(arena, root, PACKED);
    }
    long copy = arena.allocate(PAGED_BYTES);
    arena.copy(root, copy, PAGED_BYTES);
    Watch.set(arena, copy, 0);
    arena.putLong(copy + FIRST, 0);
    long last = 0;
    try {
      for (long p = arena.getLong(root + FIRST); p != 0; p = ListPage.next(arena, p)) {
        long page = copyOf(arena, p, PAGE);
        ListPage.setPrevious(arena, page, last);
        if (last == 0) {
          arena.putLong(copy + FIRST, page);
        } else {
          ListPage.setNext(arena, last, page);
        }
        last = page;
      }
    } catch (OutOfArenaException e) {
      free(arena, copy);
      throw e;
    }
    arena.putLong(copy + LAST, last);
    return copy;
  }

  private static long copyOf(Arena arena, long page, byte kind) {
    return ListPage.copyFrom(
        arena, page, ListPage.start(arena, page), ListPage.count(arena, page), kind);
  }

  /** The number of elements. O(1). */
  public long size() {
    long root = root();
    return isPaged(root) ? arena.getLong(root + COUNT) : ListPage.count(arena, root);
  }

  /** As {@code OBJECT ENCODING} reports it: {@code listpack} or {@code quicklist}. */
  public String encoding() {
    return isPaged(root()) ? "quicklist" : "listpack";
  }

  // --- adding

  /** Adds an element before all others. O(1). */
  public void pushHead(Bytes element) {
    long root = root();
    long first = isPaged(root) ? arena.getLong(root + FIRST) : root;
    insertAt(first, first == 0 ? 0 : ListPage.start(arena, first), element);
  }

  /** Adds an element behind all others. O(1). */
  public void pushTail(Bytes element) {
    long root = root();
    long last = isPaged(root) ? arena.getLong(root + LAST) : root;
    insertAt(last, last == 0 ? 0 : ListPage.end(arena, last), element);
  }

  /**
   * Adds an element so that it has this position. O(pages).
   *
   * @param index from 0 to {@link #size()}
   */
  public void insert(long index, Bytes element) {
    if (index == 0) {
      pushHead(element);
    } else if (index == size()) {
      pushTail(element);
    } else {
      seek(index);
      insertAt(page, ListPage.offsetOf(arena, page, number), element);
    }
  }

  /**
   * Replaces an element. O(pages).
   *
   * @param index from 0 to the size, exclusive
   */
  public void set(long index, Bytes element) {
    seek(index);
    int offset = ListPage.offsetOf(arena, page, number);
    int head = ListPage.headOf(element);
    if (ListPage.head(arena, page, offset) == head) {
      beforeChange(page);
      ListPage.overwrite(arena, page, offset, head, element);
      return;
    }
    insert(index, element);
    removeRange(index + 1, 1);
  }

  // --- removing

  /** Removes elements; both bounds within the list. O(pages). */
  public void removeRange(long from, long count) {
    if (count <= 0) {
      return;
    }
    seek(from);
    boolean paged = isPaged(root());
    long left = count;
    while (left > 0) {
      int inPage = ListPage.count(arena, page);
      int here = (int) Math.min(left, inPage - number);
      long next = paged ? ListPage.next(arena, page) : 0;
      if (paged && here == inPage) {
        unlink(page);
      } else {
        int begin = ListPage.offsetOf(arena, page, number);
        int end =
            number + here == inPage
                ? ListPage.end(arena, page)
                : ListPage.offsetOf(arena, page, number + here);
        beforeChange(page);
        ListPage.remove(arena, page, begin, end, here);
        shrink(page);
      }
      left -= here;
      page = next;
      number = 0;
    }
    if (paged) {
      addToCount(-count);
      packIfSmall();
    }
  }

  /** Joins pages that removals in a walk have left half empty. O(pages). */
  public void compact() {
    if (!isPaged(root())) {
      shrink(root());
      return;
    }
    int most = maxBytes() / 2;
    long at = arena.getLong(root() + FIRST);
    while (at != 0) {
      long next = ListPage.next(arena, at);
      if (next != 0
          && ListPage.usedBytes(arena, at) + ListPage.usedBytes(arena, next) <= most
          && ListPage.count(arena, at) + ListPage.count(arena, next) <= maxCount()
          && ListPage.canAppend(arena, at, next)) {
        beforeChange(at);
        ListPage.append(arena, at, next);
        unlink(next);
      } else {
        shrink(at);
        at = next;
      }
    }
    packIfSmall();
  }

  // --- walking

  /**
   * Walks over the elements.
   *
   * @param from how many to skip
   * @param reverse from the last to the first
   */
  public Elements elements(long from, boolean reverse) {
    return new Elements(from, reverse);
  }

  /** A walk over elements. It begins before the first. */
  public final class Elements {
    private final boolean reverse;
    private final boolean paged = isPaged(root());
    private final Span span = new Span(arena);
    private long current;
    // Forward, the entry that comes next begins here; in reverse, it ends here.
    private int offset;
    private int entry;
    private int entryEnd;
    private Bytes wanted = Bytes.EMPTY;
    private boolean wantsInteger;
    private long wantedInteger;

    private Elements(long from, boolean reverse) {
      this.reverse = reverse;
      long size = size();
      if (from >= size) {
        return;
      }
      seek(reverse ? size - 1 - from : from);
      current = page;
      offset =
          reverse && number == ListPage.count(arena, page) - 1
              ? ListPage.end(arena, page)
              : ListPage.offsetOf(arena, page, reverse ? number + 1 : number);
    }

    /** Moves to the next element; false behind the last. */
    public boolean next() {
      if (current == 0) {
        return false;
      }
      return reverse ? stepBack() : stepForward();
    }

    private boolean stepForward() {
      while (offset == ListPage.end(arena, current)) {
        current = paged ? ListPage.next(arena, current) : 0;
        if (current == 0) {
          return false;
        }
        offset = ListPage.start(arena, current);
      }
      entry = offset;
      entryEnd = ListPage.offsetBehind(arena, current, entry);
      offset = entryEnd;
      return true;
    }

    private boolean stepBack() {
      while (offset == ListPage.start(arena, current)) {
        current = paged ? ListPage.previous(arena, current) : 0;
        if (current == 0) {
          return false;
        }
        offset = ListPage.end(arena, current);
      }
      entryEnd = offset;
      entry = ListPage.offsetBefore(arena, current, entryEnd);
      offset = entry;
      return true;
    }

    /** Whether the element is {@link #integer}, and not {@link #span}. */
    public boolean isInteger() {
      return ListPage.isInteger(head());
    }

    /** The element, when it is kept as a number whose digits it is. */
    public long integer() {
      return ListPage.integer(arena, current, entry, head());
    }

    /** The element, when it is not kept as a number; the span is the same for each. */
    public Span span() {
      return ListPage.bytes(arena, current, entry, head(), span);
    }

    /** A copy of the element on the heap. */
    public Bytes toBytes() {
      return isInteger() ? Bytes.of(integer()) : span().toBytes();
    }

    /** Says which element {@link #isWanted} asks for; returns this. */
    public Elements lookingFor(Bytes element) {
      wanted = element;
      wantsInteger = Integers.isInteger(element);
      wantedInteger = wantsInteger ? Integers.parse(element) : 0;
      return this;
    }

    /** Whether the element is the one that is looked for. */
    public boolean isWanted() {
      int head = head();
      if (ListPage.isInteger(head)) {
        return wantsInteger && wantedInteger == ListPage.integer(arena, current, entry, head);
      }
      return !wantsInteger && ListPage.bytes(arena, current, entry, head, span).matches(wanted);
    }

    private int head() {
      return ListPage.head(arena, current, entry);
    }

    /**
     * Removes the element; {@link #next} goes on with its neighbour. Call {@link #compact} later.
     */
    public void remove() {
      if (paged) {
        addToCount(-1);
      }
      if (paged && ListPage.count(arena, current) == 1) {
        long gone = current;
        current = reverse ? ListPage.previous(arena, gone) : ListPage.next(arena, gone);
        unlink(gone);
        if (current != 0) {
          offset = reverse ? ListPage.end(arena, current) : ListPage.start(arena, current);
        }
        return;
      }
      boolean first = entry == ListPage.start(arena, current);
      beforeChange(current);
      ListPage.remove(arena, current, entry, entryEnd, 1);
      offset = first ? entryEnd : entry;
    }
  }

  // --- a snapshot's walk

  /** Is shown elements. */
  public interface Visitor {
    /** Sees an element that is kept as a number. */
    void visit(long element);

    /** Sees another element; the span is moved afterwards. */
    void visit(Span element);
  }

  /** The root of a large list, or 0. */
  public static long watchable(Arena arena, long root) {
    return arena.getByte(root) == PAGED ? root : 0;
  }

  /** A walk over this list, which is a large one, while it changes; in order. */
  public PartWalk walk(Visitor visitor, PartKeeper keeper) {
    return new ListWalk(arena, arena.getLong(root() + FIRST), visitor, keeper);
  }

  /** The elements of a page, or where it leads, are about to change. */
  private void beforeChange(long ofPage) {
    if (arena.getByte(ofPage) == PAGE) {
      Watch.beforeChange(arena, root(), ofPage);
    }
  }

  // --- pages

  private long root() {
    return arena.getLong(cell);
  }

  private boolean isPaged(long root) {
    return arena.getByte(root) == PAGED;
  }

  private int maxBytes() {
    return maxBytes(limits);
  }

  private static int maxBytes(TypeLimits limits) {
    int limit = limits.listMaxPackedSize;
    int bytes = limit >= 0 ? SAFE_BYTES : 4096 << (Math.min(-limit, 5) - 1);
    return bytes - PAGE_OVERHEAD;
  }

  private int maxCount() {
    return maxCount(limits);
  }

  private static int maxCount(TypeLimits limits) {
    int limit = limits.listMaxPackedSize;
    return limit >= 0 ? Math.max(1, limit) : Integer.MAX_VALUE;
  }

  private boolean fits(long inPage, int entryBytes) {
    return fits(
        limits, ListPage.usedBytes(arena, inPage), ListPage.count(arena, inPage), entryBytes);
  }

  /** Whether another entry fits into a page with so many bytes of so many entries. */
  static boolean fits(TypeLimits limits, int usedBytes, int count, int entryBytes) {
    return (long) usedBytes + entryBytes <= maxBytes(limits) && count < maxCount(limits);
  }

  // --- put together page by page: see ListDraft

  /** Makes an empty list that has pages from the first element on; returns its root. */
  static long createPaged(Arena arena) {
    long root = arena.allocate(PAGED_BYTES);
    arena.putByte(root, PAGED);
    Watch.set(arena, root, 0);
    arena.putLong(root + COUNT, 0);
    arena.putLong(root + FIRST, 0);
    arena.putLong(root + LAST, 0);
    return root;
  }

  /** Adds a page of these entries behind all others of a list that has pages. */
  void addLastPage(byte[] entries, int at, int bytes, int count) {
    link(ListPage.create(arena, PAGE, entries, at, bytes, count), count);
  }

  /** Adds a page of one element behind all others of a list that has pages. */
  void addLastPage(Bytes element) {
    addPage(arena.getLong(root() + LAST), 0, ListPage.headOf(element), element);
    addToCount(1);
  }

  private void link(long lastPage, int count) {
    ListPage.setPrevious(arena, lastPage, arena.getLong(root() + LAST));
    ListPage.setNext(arena, lastPage, 0);
    relink(lastPage);
    addToCount(count);
  }

  /** Finds the page of an element, and its number in there. */
  private void seek(long index) {
    long root = root();
    if (!isPaged(root)) {
      page = root;
      number = (int) index;
      return;
    }
    long size = arena.getLong(root + COUNT);
    if (index < size / 2) {
      page = arena.getLong(root + FIRST);
      while (index >= ListPage.count(arena, page)) {
        index -= ListPage.count(arena, page);
        page = ListPage.next(arena, page);
      }
      number = (int) index;
    } else {
      page = arena.getLong(root + LAST);
      long fromEnd = size - index;
      while (fromEnd > ListPage.count(arena, page)) {
        fromEnd -= ListPage.count(arena, page);
        page = ListPage.previous(arena, page);
      }
      number = (int) (ListPage.count(arena, page) - fromEnd);
    }
  }

  /** Puts an element between two entries of a page, or somewhere near where there is room. */
  private void insertAt(long inPage, int offset, Bytes element) {
    int head = ListPage.headOf(element);
    int size = ListPage.entryBytes(head);
    if (!isPaged(root())) {
      if (fits(inPage, size)) {
        arena.putLong(cell, ListPage.insert(arena, inPage, offset, head, element, mostBytes()));
        return;
      }
      int inEntries = offset - ListPage.start(arena, inPage);
      inPage = convert(inPage);
      offset = inPage == 0 ? 0 : ListPage.start(arena, inPage) + inEntries;
    }
    if (inPage == 0) {
      addPage(0, 0, head, element);
    } else if (fits(inPage, size)) {
      write(inPage, offset, head, element);
    } else if (offset == ListPage.start(arena, inPage)) {
      insertBetween(ListPage.previous(arena, inPage), inPage, head, element);
    } else if (offset == ListPage.end(arena, inPage)) {
      insertBetween(inPage, ListPage.next(arena, inPage), head, element);
    } else {
      insertBetween(inPage, split(inPage, offset), head, element);
    }
    addToCount(1);
  }

  /** Puts an element at the end of one page or the start of the next, or else into a new one. */
  private void insertBetween(long left, long right, int head, Bytes element) {
    int size = ListPage.entryBytes(head);
    if (left != 0 && fits(left, size)) {
      write(left, ListPage.end(arena, left), head, element);
    } else if (right != 0 && fits(right, size)) {
      write(right, ListPage.start(arena, right), head, element);
    } else {
      addPage(left, right, head, element);
    }
  }

  private int mostBytes() {
    return maxBytes() + PAGE_OVERHEAD;
  }

  private void write(long inPage, int offset, int head, Bytes element) {
    beforeChange(inPage);
    long moved = ListPage.insert(arena, inPage, offset, head, element, mostBytes());
    if (moved != inPage) {
      relink(moved);
    }
  }

  private void addPage(long left, long right, int head, Bytes element) {
    long added = ListPage.create(arena, PAGE, ListPage.entryBytes(head));
    added = ListPage.insert(arena, added, ListPage.start(arena, added), head, element, mostBytes());
    ListPage.setPrevious(arena, added, left);
    ListPage.setNext(arena, added, right);
    relink(added);
  }

  /** Moves the entries from an offset on to a new page behind this one, and returns that. */
  private long split(long inPage, int offset) {
    beforeChange(inPage);
    int kept = 0;
    for (int at = ListPage.start(arena, inPage); at < offset; kept++) {
      at = ListPage.offsetBehind(arena, inPage, at);
    }
    int moved = ListPage.count(arena, inPage) - kept;
    long right = ListPage.copyFrom(arena, inPage, offset, moved, PAGE);
    ListPage.remove(arena, inPage, offset, ListPage.end(arena, inPage), moved);
    ListPage.setPrevious(arena, right, inPage);
    ListPage.setNext(arena, right, ListPage.next(arena, inPage));
    relink(right);
    return right;
  }

  /** Lets the neighbours of a page, or the root, point to it. */
  private void relink(long moved) {
    long root = root();
    long previous = ListPage.previous(arena, moved);
    long next = ListPage.next(arena, moved);
    if (previous == 0) {
      arena.putLong(root + FIRST, moved);
    } else {
      beforeChange(previous);
      ListPage.setNext(arena, previous, moved);
    }
    if (next == 0) {
      arena.putLong(root + LAST, moved);
    } else {
      ListPage.setPrevious(arena, next, moved);
    }
  }

  private void unlink(long gone) {
    long root = root();
    long previous = ListPage.previous(arena, gone);
    long next = ListPage.next(arena, gone);
    beforeChange(gone);
    if (previous == 0) {
      arena.putLong(root + FIRST, next);
    } else {
      beforeChange(previous);
      ListPage.setNext(arena, previous, next);
    }
    if (next == 0) {
      arena.putLong(root + LAST, previous);
    } else {
      ListPage.setPrevious(arena, next, previous);
    }
    arena.free(gone);
  }

  private void addToCount(long delta) {
    long at = root() + COUNT;
    arena.putLong(at, arena.getLong(at) + delta);
  }

  private void shrink(long roomy) {
    if (!ListPage.isRoomy(arena, roomy)) {
      return;
    }
    long moved;
    try {
      moved = copyOf(arena, roomy, arena.getByte(roomy));
    } catch (OutOfArenaException e) {
      // It stays roomier than it needs to be.
      return;
    }
    if (arena.getByte(roomy) == PAGE) {
      beforeChange(roomy);
      ListPage.setPrevious(arena, moved, ListPage.previous(arena, roomy));
      ListPage.setNext(arena, moved, ListPage.next(arena, roomy));
      relink(moved);
    } else {
      arena.putLong(cell, moved);
    }
    arena.free(roomy);
  }

  /** Makes the large form of a small list, and returns its only page, or 0 if it was empty. */
  private long convert(long small) {
    long root = arena.allocate(PAGED_BYTES);
    int count = ListPage.count(arena, small);
    long first = 0;
    if (count > 0) {
      try {
        first = copyOf(arena, small, PAGE);
      } catch (OutOfArenaException e) {
        arena.free(root);
        throw e;
      }
    }
    arena.putByte(root, PAGED);
    Watch.set(arena, root, 0);
    arena.putLong(root + COUNT, count);
    arena.putLong(root + FIRST, first);
    arena.putLong(root + LAST, first);
    arena.putLong(cell, root);
    arena.free(small);
    return first;
  }

  /** Makes a list small again whose only page has come down to half of what a page may hold. */
  private void packIfSmall() {
    long root = root();
    long only = arena.getLong(root + FIRST);
    if (only == 0
        || only != arena.getLong(root + LAST)
        || ListPage.usedBytes(arena, only) > maxBytes() / 2
        || ListPage.count(arena, only) > maxCount() / 2) {
      return;
    }
    long small;
    try {
      small = copyOf(arena, only, PACKED);
    } catch (OutOfArenaException e) {
      // It stays large for now.
      return;
    }
    beforeChange(only);
    Watch.rootMoved(arena, Watch.get(arena, root), 0);
    arena.putLong(cell, small);
    arena.free(only);
    arena.free(root);
  }
}
