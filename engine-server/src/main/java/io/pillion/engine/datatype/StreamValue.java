package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import org.jspecify.annotations.Nullable;

/**
 * A stream: entries in the order of their ids, each a list of fields and values, and the groups of
 * consumers that share the reading of it.
 *
 * <p>Entries lie in pages ({@link StreamPage}) of up to {@link TypeLimits#streamNodeMaxBytes} and
 * {@link TypeLimits#streamNodeMaxEntries}; an {@link IdTree} leads from an id to its page. New
 * entries go to the last page, whose address the root has at hand. Groups and consumers are small
 * blocks in the order of their names ({@link NameTable}); see {@link StreamGroup}.
 *
 * <p>This object is a view, made for one command. An {@link Entries} walk is void after a change. A
 * change that fails with {@link OutOfArenaException} leaves the stream as it was.
 *
 * <p>To read a whole stream out: {@link #entries()}, {@link #lastId()}, {@link #maxDeletedId()},
 * {@link #entriesAdded()}, then {@link #groupCount()} and {@link #group(int)}. To build the same
 * again: {@link #append} each entry, {@link #restore} those three, then {@link #createGroup}.
 */
public final class StreamValue {
  /** What is said of a group whose number of entries read cannot be told. */
  public static final long UNKNOWN = -1;

  private static final long MAX_PAGE_BYTES = 1 << 30;

  // The root.
  private static final int SIZE = 0;
  private static final int LAST_ID = 8;
  private static final int MAX_DELETED_ID = 24;
  private static final int ENTRIES_ADDED = 40;
  private static final int PAGES = 48;
  private static final int TAIL = PAGES + IdTree.HOLDER_BYTES;
  private static final int GROUPS = TAIL + 8;
  private static final int WATCHED = GROUPS + 8;
  private static final int ROOT_BYTES = WATCHED + 8;

  private final Arena arena;
  private final long root;
  private final TypeLimits limits;
  private final NameTable groups;

  /** The least bytes of a new page. */
  private int room;

  /**
   * A view of the stream whose root's address lies at {@code cell}.
   *
   * @param cell an address in the arena; the root stays where it is as long as the stream lives
   */
  public StreamValue(Arena arena, long cell, TypeLimits limits) {
    this(limits, arena, arena.getLong(cell));
  }

  /** A view of the stream with this root. */
  StreamValue(TypeLimits limits, Arena arena, long root) {
    this.arena = arena;
    this.root = root;
    this.limits = limits;
    groups = new NameTable(arena, root + GROUPS, StreamGroup.NAME);
  }

  /** Makes an empty stream and returns its root. */
  public static long create(Arena arena) {
    long root = arena.allocate(ROOT_BYTES);
    arena.clear(root, ROOT_BYTES);
    return root;
  }

  /** Frees all blocks of the stream with this root. O(pages + consumers + pending entries). */
  public static void free(Arena arena, long root) {
    IdTree pages = new IdTree(arena, root + PAGES, 1);
    for (boolean more = pages.first(); more; more = pages.next()) {
      arena.free(pages.word(0));
    }
    IdTree.free(arena, root + PAGES);
    NameTable groups = new NameTable(arena, root + GROUPS, StreamGroup.NAME);
    for (int i = 0; i < groups.size(); i++) {
      StreamGroup.free(arena, groups.get(i));
    }
    groups.free();
    arena.free(root);
  }

  /** Whether a stream is so large that freeing it at once would take long. O(1). */
  public static boolean isLarge(Arena arena, long root) {
    NameTable groups = new NameTable(arena, root + GROUPS, StreamGroup.NAME);
    long blocks = new IdTree(arena, root + PAGES, 1).size() + groups.size();
    if (groups.size() > 0) {
      // As in Redis, the first group stands for the others.
      blocks += groups.size() * new StreamGroup(arena, groups.get(0)).pendingCount();
    }
    return blocks > Layout.LARGE;
  }

  /** Frees some blocks of a stream that nobody will look at again; whether all are gone. */
  public static boolean freeSome(Arena arena, long root, Portion portion) {
    if (!IdTree.freeSome(arena, root + PAGES, 1, /* withBlocks= */ true, portion)) {
      return false;
    }
    NameTable groups = new NameTable(arena, root + GROUPS, StreamGroup.NAME);
    for (int last = groups.size() - 1; last >= 0; last--) {
      if (portion.isUsedUp() || !StreamGroup.freeSome(arena, groups.get(last), portion)) {
        return false;
      }
      groups.remove(last);
    }
    arena.free(root);
    return true;
  }

  /** Copies a stream with its groups and returns the copy's root. O(n). */
  public static long copy(Arena arena, long root) {
    long copy = create(arena);
    try {
      arena.copy(root, copy, PAGES);
      copyPages(arena, root, copy);
      NameTable groups = new NameTable(arena, root + GROUPS, StreamGroup.NAME);
      NameTable copies = new NameTable(arena, copy + GROUPS, StreamGroup.NAME);
      for (int i = 0; i < groups.size(); i++) {
        long group = StreamGroup.copy(arena, groups.get(i));
        try {
          copies.append(group);
        } catch (OutOfArenaException e) {
          StreamGroup.free(arena, group);
          throw e;
        }
      }
    } catch (OutOfArenaException e) {
      free(arena, copy);
      throw e;
    }
    return copy;
  }

  private static void copyPages(Arena arena, long root, long copy) {
    IdTree from = new IdTree(arena, root + PAGES, 1);
    IdTree to = new IdTree(arena, copy + PAGES, 1);
    for (boolean more = from.first(); more; more = from.next()) {
      long bytes = StreamPage.bytes(arena, from.word(0));
      long page = arena.allocate(bytes);
      arena.copy(from.word(0), page, bytes);
      try {
        to.insert(from.ms(), from.seq());
      } catch (OutOfArenaException e) {
        arena.free(page);
        throw e;
      }
      to.word(0, page);
      arena.putLong(copy + TAIL, page);
    }
  }

  // --- what is known of the whole

  /** The number of entries. O(1). */
  public long size() {
    return arena.getLong(root + SIZE);
  }

  /** The id of the first entry, or {@link StreamId#MIN} when there is none. O(log n). */
  public StreamId firstId() {
    IdTree pages = pages();
    if (!pages.first()) {
      return StreamId.MIN;
    }
    StreamPage page = new StreamPage(arena).open(pages.word(0));
    page.next();
    return new StreamId(page.ms(), page.seq());
  }

  /** The id of the last entry, or {@link StreamId#MIN} when there is none. O(log n). */
  public StreamId topId() {
    Entries entries = entries(StreamId.MIN, StreamId.MAX, /* reverse= */ true);
    return entries.next() ? entries.id() : StreamId.MIN;
  }

  /** The id last given to an entry, or set by XSETID; new ones must be behind it. O(1). */
  public StreamId lastId() {
    return id(root + LAST_ID);
  }

  /** The largest id that an entry had which was deleted, or {@link StreamId#MIN}. O(1). */
  public StreamId maxDeletedId() {
    return id(root + MAX_DELETED_ID);
  }

  /** How many entries have ever been added. O(1). */
  public long entriesAdded() {
    return arena.getLong(root + ENTRIES_ADDED);
  }

  /** How many pages the entries take. O(1). */
  public long pageCount() {
    return pages().size();
  }

  /** How many nodes the index of the pages has. O(pages). */
  public long indexNodeCount() {
    return pages().nodes();
  }

  /** Sets what is known of the stream besides its entries and groups. O(1). */
  public void restore(StreamId lastId, StreamId maxDeletedId, long entriesAdded) {
    putId(root + LAST_ID, lastId);
    putId(root + MAX_DELETED_ID, maxDeletedId);
    arena.putLong(root + ENTRIES_ADDED, entriesAdded);
  }

  private StreamId id(long at) {
    return new StreamId(arena.getLong(at), arena.getLong(at + 8));
  }

  private void putId(long at, StreamId id) {
    arena.putLong(at, id.ms());
    arena.putLong(at + 8, id.seq());
  }

  private IdTree pages() {
    return new IdTree(arena, root + PAGES, 1);
  }

  // --- adding

  /**
   * Adds an entry behind all others, and counts it as added. O(1) but for a new page, which is
   * O(log n).
   *
   * @param id greater than {@link #lastId()}
   * @param words fields and values in turn
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  public void append(StreamId id, Bytes... words) {
    long tail = arena.getLong(root + TAIL);
    StreamPage page = new StreamPage(arena);
    boolean own = false;
    if (tail != 0) {
      page.open(tail);
      own = !page.hasFieldsOf(words);
    }
    int size =
        own
            ? StreamPage.sizeOfAll(words, words.length)
            : StreamPage.sizeOfValues(words, words.length);
    if (tail == 0 || isFull(tail, id, size)) {
      own = false;
      size = StreamPage.sizeOfValues(words, words.length);
      // The id costs two bytes in a page that begins with it.
      page.open(addPage(id, words, size + 2));
      if (tail != 0) {
        shrink(tail);
      }
    } else {
      beforeChange(tail);
      page.open(roomyTail(tail, size + page.sizeOfId(id)));
    }
    page.append(id, words, own);
    arena.putLong(root + SIZE, size() + 1);
    arena.putLong(root + ENTRIES_ADDED, StreamGroup.oneMore(entriesAdded()));
    putId(root + LAST_ID, id);
  }

  /**
   * Says that about so many bytes of entries are appended next: pages that this view adds have room
   * for them at once, until it is told that none follow.
   */
  public void expect(int bytes) {
    int limit = limits.streamNodeMaxBytes;
    room = limit > 0 ? Math.min(bytes, limit) : bytes;
  }

  /** Says that no more entries follow: the last page gives back what it does not need. */
  void expectNone() {
    room = 0;
    long tail = arena.getLong(root + TAIL);
    if (tail != 0) {
      shrink(tail);
    }
  }

  private boolean isFull(long tail, StreamId id, int size) {
    return isFull(
        limits,
        StreamPage.bytes(arena, tail),
        StreamPage.added(arena, tail),
        id.ms() - StreamPage.ms(arena, tail),
        size);
  }

  /**
   * Whether a page must not take another entry: by Redis' rules for its nodes.
   *
   * @param bytes how many it has
   * @param added how many entries it has ever had
   * @param behind how many milliseconds the entry is behind the page
   * @param size how many bytes the entry takes
   */
  static boolean isFull(TypeLimits limits, long bytes, int added, long behind, int size) {
    int limit = limits.streamNodeMaxBytes;
    long most = limit > 0 ? Math.min(limit, MAX_PAGE_BYTES) : MAX_PAGE_BYTES;
    int mostEntries = limits.streamNodeMaxEntries;
    return bytes + size >= most
        || (mostEntries > 0 && added >= mostEntries)
        || behind >= StreamPage.MAX_MS_BEHIND
        || behind < 0;
  }

  private long addPage(StreamId id, Bytes[] words, int entryBytes) {
    long page = StreamPage.create(arena, id, words, Math.max(entryBytes, room));
    addPage(page);
    beforeChange(~page);
    return page;
  }

  private void addPage(long page) {
    IdTree pages = pages();
    try {
      pages.insert(StreamPage.ms(arena, page), StreamPage.seq(arena, page));
    } catch (OutOfArenaException e) {
      arena.free(page);
      throw e;
    }
    pages.word(0, page);
    arena.putLong(root + TAIL, page);
  }

  // --- put together page by page: see StreamDraft

  /** Adds a page behind all others; its entries are not counted. */
  void addLastPage(byte[] from, int at, int length) {
    long page = arena.allocate(length);
    arena.copyIn(page, from, at, length);
    addPage(page);
  }

  /** Says how many entries there are. */
  void restoreSize(long size) {
    arena.putLong(root + SIZE, size);
  }

  /** The last page, moved to where it has room for more bytes. */
  private long roomyTail(long tail, int more) {
    long used = StreamPage.bytes(arena, tail);
    long capacity = arena.capacity(tail);
    if (used + more <= capacity) {
      return tail;
    }
    long most = Math.max(limits.streamNodeMaxBytes, used + more);
    return moved(tail, Math.min(most, used + Math.max(more, used / 4)));
  }

  private long moved(long page, long bytes) {
    long moved = arena.allocate(bytes);
    arena.copy(page, moved, StreamPage.bytes(arena, page));
    IdTree pages = pages();
    pages.find(StreamPage.ms(arena, page), StreamPage.seq(arena, page));
    pages.word(0, moved);
    if (arena.getLong(root + TAIL) == page) {
      arena.putLong(root + TAIL, moved);
    }
    arena.free(page);
    return moved;
  }

  /** Gives back what a page does not use and will not need. */
  private void shrink(long page) {
    long used = StreamPage.bytes(arena, page);
    if (arena.capacity(page) - used < used / 8) {
      return;
    }
    try {
      moved(page, used);
    } catch (OutOfArenaException e) {
      // It stays roomier than it needs to be.
    }
  }

  // --- removing

  /** Removes an entry, and remembers that one was; false when there is no such entry. O(log n). */
  public boolean delete(StreamId id) {
    StreamPage page = find(id);
    if (page == null) {
      return false;
    }
    beforeChange(page.address());
    if (StreamPage.count(arena, page.address()) == 1) {
      removePage(page.address());
    } else {
      page.remove();
      shrinkIfHalfEmpty(page.address());
    }
    arena.putLong(root + SIZE, size() - 1);
    if (id.compareTo(maxDeletedId()) > 0) {
      putId(root + MAX_DELETED_ID, id);
    }
    return true;
  }

  /** Whether there is an entry with this id. O(log n). */
  public boolean contains(StreamId id) {
    return find(id) != null;
  }

  private @Nullable StreamPage find(StreamId id) {
    IdTree pages = pages();
    if (!pages.floor(id.ms(), id.seq())) {
      return null;
    }
    StreamPage page = new StreamPage(arena).open(pages.word(0));
    return page.seek(id) && page.ms() == id.ms() && page.seq() == id.seq() ? page : null;
  }

  private void removePage(long page) {
    IdTree pages = pages();
    pages.remove(StreamPage.ms(arena, page), StreamPage.seq(arena, page));
    arena.free(page);
    if (arena.getLong(root + TAIL) == page) {
      arena.putLong(root + TAIL, pages.last() ? pages.word(0) : 0);
    }
  }

  private void shrinkIfHalfEmpty(long page) {
    if (StreamPage.bytes(arena, page) < arena.capacity(page) / 2) {
      shrink(page);
    }
  }

  /**
   * Removes the first entries until no more than so many are left. O(log n) per page.
   *
   * @param approximate whether to remove whole pages only
   * @param limit how many to remove at most, in whole pages; 0 for any number
   * @return how many were removed
   */
  public long trimToSize(long most, boolean approximate, long limit) {
    long removed = 0;
    while (size() > most) {
      IdTree pages = pages();
      pages.first();
      long page = pages.word(0);
      int count = StreamPage.count(arena, page);
      if (limit > 0 && removed + count > limit) {
        break;
      }
      if (size() - count >= most) {
        beforeChange(page);
        removePage(page);
        removed += count;
        arena.putLong(root + SIZE, size() - count);
        continue;
      }
      if (!approximate) {
        int excess = (int) (size() - most);
        removeFirst(page, excess);
        removed += excess;
      }
      break;
    }
    return removed;
  }

  /**
   * Removes the entries before an id.
   *
   * @see #trimToSize
   */
  public long trimBefore(StreamId least, boolean approximate, long limit) {
    long removed = 0;
    while (size() > 0) {
      IdTree pages = pages();
      pages.first();
      long page = pages.word(0);
      int count = StreamPage.count(arena, page);
      if (limit > 0 && removed + count > limit) {
        break;
      }
      int before = countBefore(page, least);
      if (before == count) {
        beforeChange(page);
        removePage(page);
        removed += count;
        arena.putLong(root + SIZE, size() - count);
        continue;
      }
      if (!approximate && before > 0) {
        removeFirst(page, before);
        removed += before;
      }
      break;
    }
    return removed;
  }

  private int countBefore(long address, StreamId id) {
    StreamPage page = new StreamPage(arena).open(address);
    int count = 0;
    while (page.next() && StreamId.compare(page.ms(), page.seq(), id.ms(), id.seq()) < 0) {
      count++;
    }
    return count;
  }

  /** Removes some, but not all entries of a page. */
  private void removeFirst(long address, int count) {
    beforeChange(address);
    StreamPage page = new StreamPage(arena).open(address);
    for (int i = 0; i < count; i++) {
      page.next();
    }
    page.removeWithAllBefore(count);
    arena.putLong(root + SIZE, size() - count);
    shrinkIfHalfEmpty(address);
  }

  // --- groups

  /** How many groups of consumers there are. O(1). */
  public int groupCount() {
    return groups.size();
  }

  /** The group with this number, in the order of their names. O(1). */
  public StreamGroup group(int index) {
    return new StreamGroup(arena, groups.get(index));
  }

  /** The group with this name, or null. O(log groups). */
  public @Nullable StreamGroup group(Bytes name) {
    int index = groups.find(name);
    return index < 0 ? null : group(index);
  }

  /**
   * Makes a group without consumers. O(groups).
   *
   * @param name of no group yet
   * @param lastId behind which entries are new to the group
   * @param entriesRead how many entries of all ever added are up to that id, or {@link #UNKNOWN}
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  public StreamGroup createGroup(Bytes name, StreamId lastId, long entriesRead) {
    long group = StreamGroup.create(arena, name, lastId, entriesRead);
    try {
      groups.insert(name, group);
    } catch (OutOfArenaException e) {
      StreamGroup.free(arena, group);
      throw e;
    }
    return new StreamGroup(arena, group);
  }

  /** Removes a group with all that is pending in it; false when there is no such group. */
  public boolean deleteGroup(Bytes name) {
    int index = groups.find(name);
    if (index < 0) {
      return false;
    }
    long group = groups.get(index);
    new StreamGroup(arena, group).beforeGoing();
    groups.remove(index);
    StreamGroup.free(arena, group);
    return true;
  }

  /**
   * How many entries are still to be delivered to a group, by Redis' rules, or {@link #UNKNOWN}
   * when entries that were deleted make it impossible to tell. O(log n).
   */
  public long lag(StreamGroup group) {
    if (entriesAdded() == 0) {
      return 0;
    }
    long read =
        group.entriesRead() != UNKNOWN && !hasTombstoneFrom(group.lastId())
            ? group.entriesRead()
            : entriesUpTo(group.lastId());
    return read == UNKNOWN ? UNKNOWN : entriesAdded() - read;
  }

  /**
   * Moves a group on to an entry that it has been given: its last id, and, as far as it can be
   * told, how many it has read. O(log n).
   */
  public void advance(StreamGroup group, StreamId id) {
    if (group.entriesRead() != UNKNOWN && !hasTombstoneFrom(id)) {
      group.entriesRead(StreamGroup.oneMore(group.entriesRead()));
    } else if (entriesAdded() != 0) {
      group.entriesRead(entriesUpTo(id));
    }
    group.lastId(id);
  }

  /** Whether an entry was deleted at or behind an id, among those that there are. */
  private boolean hasTombstoneFrom(StreamId id) {
    StreamId deleted = maxDeletedId();
    return size() > 0
        && !deleted.isZero()
        && firstId().compareTo(deleted) <= 0
        && id.compareTo(deleted) <= 0;
  }

  /** How many entries of all ever added are up to an id, or {@link #UNKNOWN}. O(log n). */
  public long entriesUpTo(StreamId id) {
    long added = entriesAdded();
    if (added == 0) {
      return 0;
    }
    int toLast = id.compareTo(lastId());
    if (toLast == 0 || (toLast < 0 && size() == 0)) {
      return added;
    }
    if (toLast > 0) {
      return UNKNOWN;
    }
    StreamId first = firstId();
    StreamId deleted = maxDeletedId();
    if (deleted.isZero() || deleted.compareTo(first) < 0) {
      int toFirst = id.compareTo(first);
      if (toFirst <= 0) {
        return added - size() + (toFirst == 0 ? 1 : 0);
      }
    }
    return UNKNOWN;
  }

  // --- a snapshot's walk

  /** Is shown the parts of a stream as they were when a walk began. */
  public interface Visitor {
    /**
     * Sees a page.
     *
     * @param entries at its first entry
     * @param count how many it has; the walk may go on behind them
     */
    void page(Entries entries, int count);

    /**
     * What is pending in a group, or for a consumer, is shown next: in the order of the groups, in
     * each first all of it and then for one consumer after the other; not where nothing is pending.
     */
    void beginPending();

    /** Sees an entry that is pending in a group. */
    void pending(long ms, long seq, long deliveryTime, long deliveries);

    /** Sees the id of an entry that is pending for a consumer. */
    void pending(long ms, long seq);
  }

  /**
   * A walk over this stream's pages, and over what is pending, while they change; in order. The
   * cell may go meanwhile. O(groups + consumers).
   */
  public PartWalk walk(Visitor visitor, PartKeeper keeper) {
    return new StreamWalk(arena, this, pages(), visitor, keeper);
  }

  /** How many groups and consumers have something pending. O(groups + consumers). */
  public long pendingTrees() {
    long trees = 0;
    for (int i = 0; i < groups.size(); i++) {
      StreamGroup group = group(i);
      trees += group.pendingCount() > 0 ? 1 : 0;
      for (int j = 0; j < group.consumerCount(); j++) {
        trees += group.consumer(j).pendingCount() > 0 ? 1 : 0;
      }
    }
    return trees;
  }

  /** How many entries are pending in all groups together. O(groups). */
  public long pendingCount() {
    long sum = 0;
    for (int i = 0; i < groups.size(); i++) {
      sum += group(i).pendingCount();
    }
    return sum;
  }

  /** What stands for the root where it is about who watches: see {@link Watch#OFFSET}. */
  public static long watchable(long root) {
    return root + WATCHED - Watch.OFFSET;
  }

  private void beforeChange(long page) {
    Watch.beforeChange(arena, watchable(root), page);
  }

  // --- walking

  /** Walks over all entries. */
  public Entries entries() {
    return entries(StreamId.MIN, StreamId.MAX, /* reverse= */ false);
  }

  /**
   * Walks over the entries between two ids, both included.
   *
   * @param reverse from the last to the first
   */
  public Entries entries(StreamId from, StreamId to, boolean reverse) {
    return new Entries(from, to, reverse);
  }

  /** A walk over entries. It begins before the first. */
  public final class Entries {
    private final StreamId from;
    private final StreamId to;
    private final boolean reverse;
    private final IdTree pages = pages();
    private final StreamPage page = new StreamPage(arena);
    private boolean inside;
    // In reverse: where the entries of the page are, and how many are still to come.
    private long[] places = {};
    private int placesLeft;

    private Entries(StreamId from, StreamId to, boolean reverse) {
      this.from = from;
      this.to = to;
      this.reverse = reverse;
      if (from.compareTo(to) > 0) {
        return;
      }
      StreamId begin = reverse ? to : from;
      inside = pages.floor(begin.ms(), begin.seq()) || (!reverse && pages.first());
      if (inside) {
        openPage();
      }
    }

    private void openPage() {
      page.open(pages.word(0));
      if (reverse) {
        places = new long[StreamPage.count(arena, page.address())];
        placesLeft = 0;
        while (page.next() && StreamId.compare(page.ms(), page.seq(), to.ms(), to.seq()) <= 0) {
          places[placesLeft++] = page.place();
        }
      }
    }

    /** Moves to the next entry; false behind the last. */
    public boolean next() {
      return inside && (inside = reverse ? stepBack() : stepForward());
    }

    private boolean stepForward() {
      while (true) {
        while (page.next()) {
          if (StreamId.compare(page.ms(), page.seq(), from.ms(), from.seq()) >= 0) {
            return StreamId.compare(page.ms(), page.seq(), to.ms(), to.seq()) <= 0;
          }
        }
        if (!pages.next()) {
          return false;
        }
        openPage();
      }
    }

    private boolean stepBack() {
      while (placesLeft == 0) {
        if (!pages.previous()) {
          return false;
        }
        openPage();
      }
      page.read(places[--placesLeft]);
      return StreamId.compare(page.ms(), page.seq(), from.ms(), from.seq()) >= 0;
    }

    /** The entry's id. */
    public StreamId id() {
      return new StreamId(page.ms(), page.seq());
    }

    /**
     * Whether the entry is the first of its page: forward, and only of use to keep pages together
     * when a stream is written out.
     */
    public boolean isFirstOfPage() {
      return page.isAtFirst();
    }

    /** How many fields the entry has; at least one. */
    public int fieldCount() {
      return page.fields();
    }

    /** Moves to the entry's next field, in the order in which they were given; false at the end. */
    public boolean nextField() {
      return page.nextField();
    }

    /** The name of the field; the span is the same for each. */
    public Span field() {
      return page.field();
    }

    /** The value of the field; the span is the same for each. */
    public Span value() {
      return page.value();
    }
  }
}
