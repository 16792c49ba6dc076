package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A large hash or set: pages of packed entries, found through a directory by a prefix of the key's
 * hash (extendible hashing, Fagin et al., 1979).
 *
 * <p>The directory is a trie. A node has up to {@link #MAX_NODE_BITS} bits and a slot for each
 * prefix; a page whose entries have fewer bits in common stands in several slots. A page that is
 * full is split by its next bit; a node that has no bit left doubles; one that is as large as nodes
 * get has the slot replaced by a child. So the most that one insertion moves is one page and one
 * node, 4 KiB each, however large the table is. Deletion merges two half-empty pages and takes
 * nodes back.
 *
 * <p>Because pages are ranges of hash values whatever splits and merges, a position in a scan is
 * such a value, and everything that was there throughout is met. The root node lies in the root
 * block, so that a table of up to 512 pages costs two loads: slot, page.
 *
 * <p>Rejected: open addressing over single entries (a pointer and a block for each: 24 bytes more),
 * a B+tree (log n comparisons), linear hashing (long chains before their turn comes), a flat
 * directory (its doubling copies megabytes at once).
 *
 * <p>Root block: layout in byte 0, bits of the root node in byte 1, then the number under which
 * somebody watches it ({@link Watch#OFFSET}), entries in the second word, the root node's slots
 * from the third on. A slot is a page's address, or a child's with its lowest bit set and the
 * child's bits in the highest byte.
 */
final class PageTable {
  static final int HEADER_BYTES = 16;
  static final int MAX_NODE_BITS = 9;
  private static final int MAX_DEPTH = 60;
  private static final long CHILD = 1;
  private static final long ADDRESS = 0x00FF_FFFF_FFFF_FFF8L;
  private static final int MERGE_BYTES = Page.MAX_BYTES / 2;
  private static final int MERGE_ENTRIES = Page.MAX_ENTRIES / 2;

  private final Arena arena;
  private long cell;
  private final boolean pairs;

  /** The page that was last located; its open entry is what {@link #find} found. */
  final Page page;

  /** Where a page is moved to; made when that is needed first. */
  private @Nullable Page target;

  // The node that holds the located page: where its slots begin, its bits, the bits of the nodes
  // above it, and the slot that points to it (0: it is the root's).
  private long node;
  private int nodeBits;
  private int above;
  private long parentSlot;

  /**
   * @param cell where the root block's address stands
   * @param pairs whether entries have values
   */
  PageTable(Arena arena, long cell, boolean pairs) {
    this.arena = arena;
    this.cell = cell;
    this.pairs = pairs;
    this.page = new Page(arena, pairs);
  }

  /** Moves this view to another table of the same kind. */
  PageTable at(long newCell) {
    cell = newCell;
    return this;
  }

  /** Makes an empty table; returns its root block. */
  static long create(Arena arena) {
    long block = arena.allocate(Page.blockBytes(8, 0));
    long root;
    try {
      root = arena.allocate(HEADER_BYTES + 8);
    } catch (OutOfArenaException full) {
      arena.free(block);
      throw full;
    }
    new Page(arena, false).begin(block, 8, 0);
    arena.putLong(root, Layout.PAGED);
    arena.putLong(root + 8, 0);
    arena.putLong(root + HEADER_BYTES, block);
    return root;
  }

  /** Makes a table of so many entries whose pages are yet to come: {@link #putPage} each. */
  static long createNode(Arena arena, int bits, long entries) {
    long root = arena.allocate(HEADER_BYTES + (8L << bits));
    arena.putLong(root, Layout.PAGED | (long) bits << 8);
    arena.putLong(root + 8, entries);
    arena.clear(root + HEADER_BYTES, 8L << bits);
    return root;
  }

  /** Adds a page to a table that {@link #createNode} has made, in their order. */
  static void putPage(Arena arena, long root, int index, long block) {
    arena.putLong(root + HEADER_BYTES + 8L * index, block);
  }

  static long size(Arena arena, long root) {
    return arena.getLong(root + 8);
  }

  long size() {
    return size(arena, arena.getLong(cell));
  }

  private void addToSize(int more) {
    long root = arena.getLong(cell);
    arena.putLong(root + 8, arena.getLong(root + 8) + more);
  }

  // --- look-up

  private void locate(long hash) {
    locateFrom(arena.getLong(cell), hash);
  }

  /** Opens the page of a hash in the table with this root. */
  void locateFrom(long root, long hash) {
    parentSlot = 0;
    above = 0;
    node = root + HEADER_BYTES;
    nodeBits = arena.getByte(root + 1);
    long slot = arena.getLong(slotOf(hash));
    while ((slot & CHILD) != 0) {
      parentSlot = slotOf(hash);
      above += nodeBits;
      nodeBits = (int) (slot >>> 56);
      node = slot & ADDRESS;
      slot = arena.getLong(slotOf(hash));
    }
    page.open(slot);
  }

  private long slotOf(long hash) {
    return node + 8L * indexOf(hash);
  }

  /** The index in the node; two shifts, because a node may have no bits. */
  private int indexOf(long hash) {
    return (int) ((hash << above) >>> 1 >>> (63 - nodeBits));
  }

  /** Looks a key up: whether it is there; if so, the page's open entry is its. */
  boolean find(Bytes key) {
    long hash = key.hash(arena.hashSeed());
    locate(hash);
    return page.find(hash, key) >= 0;
  }

  // --- change

  /** What has this hash is about to change; the located page stays. */
  private void beforeChange(long hash) {
    Watch.beforeChange(arena, arena.getLong(cell), hash);
  }

  /** What is kept elsewhere of a key is about to change. */
  void beforeChange(Bytes key) {
    beforeChange(key.hash(arena.hashSeed()));
  }

  /**
   * Adds an entry, or gives the key another value.
   *
   * @return whether the key is new
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  boolean put(Bytes key, Bytes value) {
    long hash = key.hash(arena.hashSeed());
    locate(hash);
    int index = page.find(hash, key);
    if (index >= 0) {
      if (pairs) {
        beforeChange(hash);
        replace(hash, key, value);
      }
      return false;
    }
    beforeChange(hash);
    int bytes = Page.storedBytes(key.length()) + (pairs ? Page.storedBytes(value.length()) : 0);
    long keyBlock = block(key);
    long valueBlock = 0;
    try {
      valueBlock = block(value);
      makeRoom(hash, bytes, 1);
    } catch (OutOfArenaException full) {
      freeBlocks(keyBlock, valueBlock);
      throw full;
    }
    page.append(hash, key, keyBlock, value, valueBlock);
    addToSize(1);
    return true;
  }

  private void replace(long hash, Bytes key, Bytes value) {
    if (page.valueLength == value.length()) {
      page.overwriteValue(value);
      return;
    }
    int before = Page.storedBytes(page.valueLength);
    int after = Page.storedBytes(value.length());
    long valueBlock = block(value);
    long oldBlock = page.valueLength > Page.MAX_INLINE ? page.valueAddress : 0;
    boolean samePlace =
        before == after && Varint.sizeOf(page.valueLength) == Varint.sizeOf(value.length());
    if (samePlace) {
      page.replaceValue(value, valueBlock);
    } else {
      try {
        makeRoom(hash, page.entryBytes() - before + after, 0);
      } catch (OutOfArenaException full) {
        freeBlocks(0, valueBlock);
        throw full;
      }
      page.moveEntry(page.find(hash, key), value, valueBlock);
    }
    freeBlocks(0, oldBlock);
  }

  private long block(Bytes element) {
    if (element.length() <= Page.MAX_INLINE) {
      return 0;
    }
    long block = arena.allocate(element.length());
    arena.copyIn(block, element);
    return block;
  }

  private void freeBlocks(long first, long second) {
    if (first != 0) {
      arena.free(first);
    }
    if (second != 0) {
      arena.free(second);
    }
  }

  /** Makes the located page one that has room; the content stays the same. */
  private void makeRoom(long hash, int bytes, int entries) {
    while (!page.hasRoom(bytes, entries)) {
      if (page.mayGrow(bytes, entries)) {
        rewrite(hash, bytes, entries);
      } else {
        split(hash);
      }
    }
  }

  /** Moves the page to a block that fits, without dead bytes. */
  private void rewrite(long hash, int bytes, int entries) {
    int slots = Page.slotsFor(page.count + entries);
    long block = arena.allocate(Page.blockBytes(slots, page.live() + bytes));
    Page moved = target == null ? new Page(arena, pairs) : target;
    target = moved;
    moved.begin(block, slots, page.depth);
    moved.appendAll(page);
    long old = page.address;
    point(hash, page.depth, block);
    arena.free(old);
    page.open(block);
  }

  /** Points all slots of the page with this prefix to a block. */
  private void point(long hash, int depth, long block) {
    int span = 1 << (above + nodeBits - depth);
    int first = indexOf(hash) & -span;
    for (int i = first; i < first + span; i++) {
      arena.putLong(node + 8L * i, block);
    }
  }

  private void split(long hash) {
    if (page.depth == above + nodeBits) {
      growNode(hash);
      locate(hash);
    }
    int depth = page.depth;
    boolean[] second = new boolean[page.count];
    int secondCount = 0;
    int secondBytes = 0;
    for (int i = 0; i < page.count; i++) {
      page.entry(i);
      second[i] = (page.hash(arena.hashSeed()) << depth) < 0;
      if (second[i]) {
        secondCount++;
        secondBytes += page.entryBytes();
      }
    }
    int firstSlots = Page.slotsFor(page.count - secondCount + 1);
    int secondSlots = Page.slotsFor(secondCount + 1);
    long left = arena.allocate(Page.blockBytes(firstSlots, page.live() - secondBytes));
    long right;
    try {
      right = arena.allocate(Page.blockBytes(secondSlots, secondBytes));
    } catch (OutOfArenaException full) {
      arena.free(left);
      throw full;
    }
    Page leftPage = new Page(arena, pairs);
    Page rightPage = new Page(arena, pairs);
    leftPage.begin(left, firstSlots, depth + 1);
    rightPage.begin(right, secondSlots, depth + 1);
    for (int i = 0; i < page.count; i++) {
      page.entry(i);
      (second[i] ? rightPage : leftPage).appendFrom(page, page.tag(i));
    }
    leftPage.store();
    rightPage.store();
    long bit = 1L << (63 - depth);
    point(hash & ~bit, depth + 1, left);
    point(hash | bit, depth + 1, right);
    arena.free(page.address);
    page.open((hash & bit) == 0 ? left : right);
  }

  /** Gives the node of the located page, which stands in one slot of it, one more bit for it. */
  private void growNode(long hash) {
    if (above + nodeBits >= MAX_DEPTH) {
      throw new IllegalStateException("more than a page of keys share " + MAX_DEPTH + " hash bits");
    }
    if (nodeBits == MAX_NODE_BITS) {
      long child = arena.allocate(16);
      arena.putLong(child, page.address);
      arena.putLong(child + 8, page.address);
      arena.putLong(slotOf(hash), child | CHILD | 1L << 56);
      return;
    }
    int header = parentSlot == 0 ? HEADER_BYTES : 0;
    long grown = arena.allocate(header + (16L << nodeBits));
    for (int i = 0; i < 1 << nodeBits; i++) {
      long slot = arena.getLong(node + 8L * i);
      arena.putLong(grown + header + 16L * i, slot);
      arena.putLong(grown + header + 16L * i + 8, slot);
    }
    arena.copy(node - header, grown, header);
    arena.free(node - header);
    node = grown + header;
    setNodeBits(nodeBits + 1);
  }

  /** Writes where the node is, and its bits, to where that is kept. */
  private void setNodeBits(int bits) {
    nodeBits = bits;
    if (parentSlot == 0) {
      arena.putByte(node - HEADER_BYTES + 1, (byte) bits);
      rootMoved(node - HEADER_BYTES);
    } else {
      arena.putLong(parentSlot, node | CHILD | (long) bits << 56);
    }
  }

  private void rootMoved(long root) {
    arena.putLong(cell, root);
    Watch.rootMoved(arena, Watch.get(arena, root), root);
  }

  /** Takes a key out; false when it was not there. */
  boolean remove(Bytes key) {
    long hash = key.hash(arena.hashSeed());
    locate(hash);
    int index = page.find(hash, key);
    if (index < 0) {
      return false;
    }
    beforeChange(hash);
    freeElements();
    page.remove(index);
    addToSize(-1);
    try {
      tidy(hash);
    } catch (OutOfArenaException full) {
      // Smaller pages would need room first; the larger ones serve as well.
    }
    return true;
  }

  private void freeElements() {
    if (page.keyLength > Page.MAX_INLINE) {
      arena.free(page.keyAddress);
    }
    if (pairs && page.valueLength > Page.MAX_INLINE) {
      arena.free(page.valueAddress);
    }
  }

  /** After a removal: merges the page with its other half, or makes it smaller. */
  private void tidy(long hash) {
    int needed = page.neededBytes();
    if (page.depth > above && needed < MERGE_BYTES / 2 && page.count < MERGE_ENTRIES / 2) {
      Page other = otherHalf(hash);
      if (other != null) {
        merge(hash, other);
        return;
      }
    }
    long capacity = arena.capacity(page.address);
    if (capacity > 128 && needed < capacity / 2) {
      rewrite(hash, 0, 0);
    }
  }

  private @Nullable Page otherHalf(long hash) {
    long slot = arena.getLong(slotOf(hash ^ 1L << (64 - page.depth)));
    if ((slot & CHILD) != 0) {
      return null;
    }
    Page other = new Page(arena, pairs).open(slot);
    boolean mergeable =
        other.depth == page.depth
            && other.count + page.count <= MERGE_ENTRIES
            && other.neededBytes() + page.neededBytes() <= MERGE_BYTES;
    return mergeable ? other : null;
  }

  private void merge(long hash, Page other) {
    int slots = Page.slotsFor(page.count + other.count);
    long block = arena.allocate(Page.blockBytes(slots, page.live() + other.live()));
    Page merged = new Page(arena, pairs);
    merged.begin(block, slots, page.depth - 1);
    merged.appendAll(page);
    merged.appendAll(other);
    point(hash, merged.depth, block);
    arena.free(page.address);
    arena.free(other.address);
    shrinkNode();
  }

  /** Takes bits back that no page of the node needs any more. */
  private void shrinkNode() {
    while (nodeBits > 0 && lastBitIsIdle()) {
      for (int i = 0; i < 1 << (nodeBits - 1); i++) {
        arena.putLong(node + 8L * i, arena.getLong(node + 16L * i));
      }
      setNodeBits(nodeBits - 1);
    }
    if (nodeBits == 0 && parentSlot != 0) {
      arena.putLong(parentSlot, arena.getLong(node));
      arena.free(node);
      return;
    }
    int header = parentSlot == 0 ? HEADER_BYTES : 0;
    long bytes = header + (8L << nodeBits);
    node = arena.reallocate(node - header, bytes, bytes) + header;
    setNodeBits(nodeBits);
  }

  private boolean lastBitIsIdle() {
    for (int i = 0; i < 1 << nodeBits; i += 2) {
      if (arena.getLong(node + 8L * i) != arena.getLong(node + 8L * i + 8)) {
        return false;
      }
    }
    return true;
  }

  // --- walks

  /** The first hash value after a page's, or 0 after the last page. */
  static long after(long position, int depth) {
    return depth == 0 ? 0 : ((position >>> (64 - depth)) + 1) << (64 - depth);
  }

  /** Moves to every entry in turn: {@link #page}'s open one. The table must not change. */
  final class Cursor {
    private long position;
    private boolean last;
    private int index;

    Cursor() {
      page.count = 0;
    }

    boolean next() {
      while (index >= page.count) {
        if (last) {
          return false;
        }
        locate(position);
        index = 0;
        position = after(position, page.depth);
        last = position == 0;
      }
      page.entry(index++);
      return true;
    }
  }

  /**
   * Visits about as many entries as asked for: {@link #page}'s open one each time.
   *
   * @param cursor 0 to begin, then what the last call returned. It is the position's bits in
   *     reverse, so that clients see small numbers.
   * @return the cursor to go on with, or 0 when all have been visited
   */
  long scan(long cursor, long count, Runnable visit) {
    long position = Long.reverse(cursor);
    long visited = 0;
    long pages = 0;
    do {
      locate(position);
      int depth = page.depth;
      // A part of a page, when that is nearer to what was asked for.
      while (page.count >>> (depth - page.depth) > count - visited && depth < MAX_DEPTH) {
        depth++;
      }
      long end = after(position, depth);
      boolean whole = depth == page.depth && position << page.depth == 0;
      for (int i = 0; i < page.count; i++) {
        page.entry(i);
        if (whole || isWithin(page.hash(arena.hashSeed()), position, end)) {
          visit.run();
          visited++;
        }
      }
      position = end;
      pages++;
    } while (position != 0 && visited < count && pages < count);
    return Long.reverse(position);
  }

  private static boolean isWithin(long hash, long from, long end) {
    return Long.compareUnsigned(hash, from) >= 0
        && (end == 0 || Long.compareUnsigned(hash, end) < 0);
  }

  /**
   * Opens an entry chosen at random; the table is not empty. A page is met as often as its share of
   * the hash values, and taken as often as its entries are more or fewer than that share has on
   * average, so that every entry is about equally likely.
   */
  void random(LongSupplier random) {
    double average = size();
    for (int i = 0; i < 100; i++) {
      locate(random.getAsLong());
      double density = Math.scalb((double) page.count, page.depth) / average;
      if (page.count > 0
          && (page.depth == 0 || (random.getAsLong() >>> 11) * 0x1p-53 * 2 < density)) {
        page.entry(below(page.count, random));
        return;
      }
    }
    long position = random.getAsLong();
    do {
      locate(position);
      position = after(position, page.depth);
    } while (page.count == 0);
    page.entry(below(page.count, random));
  }

  /** A number from 0 on below a bound. */
  static int below(int bound, LongSupplier random) {
    return (int) (((random.getAsLong() >>> 33) * bound) >>> 31);
  }

  // --- the whole

  /** Frees all blocks of a table. */
  static void free(Arena arena, long root, boolean pairs) {
    freeNode(arena, root + HEADER_BYTES, arena.getByte(root + 1), 0, new Page(arena, pairs), pairs);
    arena.free(root);
  }

  private static void freeNode(
      Arena arena, long node, int bits, int above, Page page, boolean pairs) {
    for (int i = 0; i < 1 << bits; ) {
      long slot = arena.getLong(node + 8L * i);
      if (slot == 0) {
        return; // a copy that was given up here
      }
      if ((slot & CHILD) != 0) {
        freeNode(arena, slot & ADDRESS, (int) (slot >>> 56), above + bits, page, pairs);
        arena.free(slot & ADDRESS);
        i++;
        continue;
      }
      page.open(slot);
      freeElements(arena, page, pairs);
      arena.free(slot);
      i += 1 << (above + bits - page.depth);
    }
  }

  /**
   * Frees some blocks of a table that nobody will look at again.
   *
   * @return whether all are gone, the root block included
   */
  static boolean freeSome(Arena arena, long root, boolean pairs, Portion portion) {
    Page page = new Page(arena, pairs);
    int bits = arena.getByte(root + 1);
    if (!freeSomeOfNode(arena, root + HEADER_BYTES, bits, 0, page, pairs, portion)) {
      return false;
    }
    arena.free(root);
    return true;
  }

  private static boolean freeSomeOfNode(
      Arena arena, long node, int bits, int above, Page page, boolean pairs, Portion portion) {
    for (int i = 0; i < 1 << bits; ) {
      long slot = arena.getLong(node + 8L * i);
      int span = 1;
      if (slot != 0 && portion.isUsedUp()) {
        return false;
      }
      if ((slot & CHILD) != 0) {
        long child = slot & ADDRESS;
        int childBits = (int) (slot >>> 56);
        if (!freeSomeOfNode(arena, child, childBits, above + bits, page, pairs, portion)) {
          return false;
        }
        arena.free(child);
      } else if (slot != 0) {
        page.open(slot);
        span = 1 << (above + bits - page.depth);
        portion.use(1 + freeElements(arena, page, pairs));
        arena.free(slot);
      }
      // What is gone is skipped next time.
      for (int end = i + span; i < end; i++) {
        arena.putLong(node + 8L * i, 0);
      }
    }
    return true;
  }

  /** Frees the blocks of a page's elements; returns how many there were. */
  private static int freeElements(Arena arena, Page page, boolean pairs) {
    int freed = 0;
    for (int j = 0; j < page.count; j++) {
      page.entry(j);
      if (page.keyLength > Page.MAX_INLINE) {
        arena.free(page.keyAddress);
        freed++;
      }
      if (pairs && page.valueLength > Page.MAX_INLINE) {
        arena.free(page.valueAddress);
        freed++;
      }
    }
    return freed;
  }

  /**
   * Copies a table with all its blocks; returns the copy's root block.
   *
   * @throws OutOfArenaException when there is no room; nothing has changed then
   */
  static long copy(Arena arena, long root, boolean pairs) {
    int bits = arena.getByte(root + 1);
    long copied = arena.allocate(HEADER_BYTES + (8L << bits));
    arena.copy(root, copied, HEADER_BYTES);
    Watch.set(arena, copied, 0);
    arena.clear(copied + HEADER_BYTES, 8L << bits);
    try {
      copyNode(arena, root + HEADER_BYTES, copied + HEADER_BYTES, bits, 0, pairs);
    } catch (OutOfArenaException full) {
      free(arena, copied, pairs);
      throw full;
    }
    return copied;
  }

  private static void copyNode(
      Arena arena, long from, long to, int bits, int above, boolean pairs) {
    for (int i = 0; i < 1 << bits; ) {
      long slot = arena.getLong(from + 8L * i);
      if ((slot & CHILD) == 0) {
        Page page = new Page(arena, pairs).open(slot);
        int slots = Page.slotsFor(page.count);
        long block = arena.allocate(Page.blockBytes(slots, page.live()));
        Page target = new Page(arena, pairs);
        target.begin(block, slots, page.depth);
        for (int span = 1 << (above + bits - page.depth); span > 0; span--, i++) {
          arena.putLong(to + 8L * i, block);
        }
        copyEntries(arena, page, target, pairs);
        continue;
      }
      int childBits = (int) (slot >>> 56);
      long child = arena.allocate(8L << childBits);
      arena.clear(child, 8L << childBits);
      arena.putLong(to + 8L * i, child | CHILD | (long) childBits << 56);
      copyNode(arena, slot & ADDRESS, child, childBits, above + bits, pairs);
      i++;
    }
  }

  private static void copyEntries(Arena arena, Page page, Page target, boolean pairs) {
    for (int i = 0; i < page.count; i++) {
      page.entry(i);
      long keyBlock = copyBlock(arena, page.keyAddress, page.keyLength);
      long valueBlock = 0;
      try {
        valueBlock = pairs ? copyBlock(arena, page.valueAddress, page.valueLength) : 0;
      } catch (OutOfArenaException full) {
        if (keyBlock != 0) {
          arena.free(keyBlock);
        }
        throw full;
      }
      target.appendFrom(page, page.tag(i));
      target.store();
      if (keyBlock != 0 || valueBlock != 0) {
        target.entry(i);
        target.redirect(keyBlock, valueBlock);
      }
    }
  }

  private static long copyBlock(Arena arena, long address, int length) {
    if (length <= Page.MAX_INLINE) {
      return 0;
    }
    long block = arena.allocate(length);
    arena.copy(address, block, length);
    return block;
  }
}
