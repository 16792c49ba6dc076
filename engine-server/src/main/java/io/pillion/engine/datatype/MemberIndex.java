package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import java.nio.ByteBuffer;

/**
 * From a member's hash to its record: pages of slots under a trie over the hash's leading bits.
 *
 * <p>A page holds the slots of all members whose hashes share its prefix; a full page splits in
 * two, and where its node of the trie has no slot left to tell the halves apart, a new node of
 * {@value #FANOUT} children takes its place. So the index grows a page at a time and never doubles
 * as a whole. A slot is one long: {@value #TAG_BITS} bits of the hash, which decide splits without
 * looking at the members, and the record's address divided by 8.
 *
 * <p>Pages in the order of their prefixes are the scan order. A cursor is a prefix: splits and
 * merges move members only within the prefix, so a member that stays is met whatever happens
 * between two calls.
 */
final class MemberIndex {
  private static final int TAG_BITS = 28;
  private static final int REF_BITS = 64 - TAG_BITS;
  private static final long REF_MASK = (1L << REF_BITS) - 1;
  private static final int LEVEL_BITS = 5;
  private static final int FANOUT = 1 << LEVEL_BITS;
  private static final int MAX_DEPTH = 25;
  private static final int HASH_SHIFT = 64 - TAG_BITS;

  /** A word that points to a node of the trie, not to a page, has this bit set. */
  private static final long NODE = 1;

  // A page: count (short), capacity (short), depth (byte), then slots of 8 bytes.
  private static final int COUNT = 0;
  private static final int CAPACITY = 2;
  private static final int DEPTH = 4;
  private static final int SLOTS = 8;
  private static final int FIRST_CAPACITY = 7;
  private static final int STEP = 4;
  private static final int MAX_SLOTS = 63;
  private static final int MERGE_BELOW = 24;

  private final Arena arena;
  private long holder;

  // Where the last descent ended.
  private final long[] nodes = new long[MAX_DEPTH / LEVEL_BITS];
  private int level;
  private int at;
  private long page;

  /**
   * @param holder the address of the word that points to the first page or node
   */
  MemberIndex(Arena arena, long holder) {
    this.arena = arena;
    this.holder = holder;
  }

  /** Moves this view to another index in the same arena. */
  void at(long newHolder) {
    holder = newHolder;
  }

  /** Makes an empty index and returns what the holder's word must contain. */
  static long create(Arena arena) {
    return newPage(arena, FIRST_CAPACITY, 0);
  }

  /** Frees the index' own blocks, not the records. */
  static void free(Arena arena, long word) {
    if ((word & NODE) == 0) {
      arena.free(word);
      return;
    }
    long node = word - NODE;
    long last = 0;
    for (int i = 0; i < FANOUT; i++) {
      long child = arena.getLong(node + 8L * i);
      if (child != last) {
        free(arena, child);
        last = child;
      }
    }
    arena.free(node);
  }

  /**
   * Frees some of the index' own blocks, when nobody will look at it again.
   *
   * @return whether all are gone
   */
  static boolean freeSome(Arena arena, long word, Portion portion) {
    if ((word & NODE) == 0) {
      arena.free(word);
      portion.use(1);
      return true;
    }
    long node = word - NODE;
    for (int i = 0; i < FANOUT; ) {
      long child = arena.getLong(node + 8L * i);
      if (child != 0 && (portion.isUsedUp() || !freeSome(arena, child, portion))) {
        return false;
      }
      // A page may stand in several places. What is gone is skipped next time.
      for (long same = child; i < FANOUT && same == child; ) {
        arena.putLong(node + 8L * i, 0);
        i++;
        same = i < FANOUT ? arena.getLong(node + 8L * i) : 0;
      }
    }
    arena.free(node);
    return true;
  }

  /** The record of a member, or 0. */
  long find(long hash, Bytes member) {
    descend((int) (hash >>> HASH_SHIFT));
    ByteBuffer buffer = arena.bufferOf(page);
    int offset = Arena.offsetInBuffer(page);
    int end = offset + SLOTS + 8 * buffer.getShort(offset + COUNT);
    long tag = hash >>> HASH_SHIFT;
    for (int i = offset + SLOTS; i < end; i += 8) {
      long slot = buffer.getLong(i);
      if (slot >>> REF_BITS == tag) {
        long record = (slot & REF_MASK) << 3;
        if (MemberRecord.matches(arena, record, member)) {
          return record;
        }
      }
    }
    return 0;
  }

  /** Adds a record whose member is not in the index. Changes nothing when out of memory. */
  void insert(long hash, long record) {
    if (record >>> 3 > REF_MASK) {
      throw new IllegalStateException("address beyond the index' reach: " + record);
    }
    int tag = (int) (hash >>> HASH_SHIFT);
    descend(tag);
    while (count(page) == capacity(page)) {
      int depth = arena.getByte(page + DEPTH);
      if (capacity(page) < MAX_SLOTS || depth == MAX_DEPTH) {
        resize(Math.min(capacity(page) + STEP, depth == MAX_DEPTH ? Short.MAX_VALUE : MAX_SLOTS));
      } else {
        split(depth);
        descend(tag);
      }
    }
    int count = count(page);
    arena.putLong(page + SLOTS + 8L * count, ((long) tag << REF_BITS) | (record >>> 3));
    arena.putShort(page + COUNT, (short) (count + 1));
  }

  /** Removes a record that is in the index. */
  void remove(long hash, long record) {
    int tag = (int) (hash >>> HASH_SHIFT);
    descend(tag);
    long wanted = ((long) tag << REF_BITS) | (record >>> 3);
    int count = count(page);
    int i = 0;
    while (arena.getLong(page + SLOTS + 8L * i) != wanted) {
      i++;
    }
    count--;
    arena.putLong(page + SLOTS + 8L * i, arena.getLong(page + SLOTS + 8L * count));
    arena.putShort(page + COUNT, (short) count);
    if (count < MERGE_BELOW && !mergeWithBuddy() && count < capacity(page) / 2) {
      shrink(count);
    }
  }

  // --- scanning

  /** Moves to the page at a cursor; {@link #recordsHere} and {@link #recordHere} read it. */
  void seekCursor(long cursor) {
    descend((int) (cursor & ((1 << MAX_DEPTH) - 1)) << (TAG_BITS - MAX_DEPTH));
  }

  /**
   * The cursor of the page behind the one at {@code cursor}, to which the index has moved; or 0.
   */
  long cursorBehind(long cursor) {
    int free = MAX_DEPTH - arena.getByte(page + DEPTH);
    long next = (((cursor & ((1 << MAX_DEPTH) - 1)) >>> free) + 1) << free;
    return next >>> MAX_DEPTH != 0 ? 0 : next;
  }

  /** Moves to the page of a hash; returns how many bits its members' hashes have in common. */
  int seekHash(long hash) {
    descend((int) (hash >>> HASH_SHIFT));
    return arena.getByte(page + DEPTH);
  }

  /** The first bits of a member's hash, as many as tell pages apart, and some more. */
  long hashHere(int i) {
    return arena.getLong(page + SLOTS + 8L * i) >>> REF_BITS << HASH_SHIFT;
  }

  int recordsHere() {
    return count(page);
  }

  long recordHere(int i) {
    return (arena.getLong(page + SLOTS + 8L * i) & REF_MASK) << 3;
  }

  // --- pages and nodes

  private void descend(int tag) {
    long word = arena.getLong(holder);
    int next = 0;
    while ((word & NODE) != 0) {
      long node = word - NODE;
      nodes[next] = node;
      at = (tag >>> (TAG_BITS - LEVEL_BITS * (next + 1))) & (FANOUT - 1);
      next++;
      word = arena.getLong(node + 8L * at);
    }
    level = next - 1;
    page = word;
  }

  private int count(long ofPage) {
    return arena.getShort(ofPage + COUNT);
  }

  private int capacity(long ofPage) {
    return arena.getShort(ofPage + CAPACITY);
  }

  private static long newPage(Arena arena, int capacity, int depth) {
    long page = arena.allocate(SLOTS + 8L * capacity);
    arena.putShort(page + COUNT, (short) 0);
    arena.putShort(page + CAPACITY, (short) capacity);
    arena.putByte(page + DEPTH, (byte) depth);
    return page;
  }

  /** How many slots of its node point to a page of this depth. */
  private int span(int depth) {
    return 1 << (LEVEL_BITS * (level + 1) - depth);
  }

  /** Lets every slot that points to the current page point elsewhere. */
  private void redirect(int depth, long word) {
    if (level < 0) {
      arena.putLong(holder, word);
      return;
    }
    int span = span(depth);
    fill(nodes[level], at & -span, span, word);
  }

  private void fill(long node, int first, int span, long word) {
    for (int i = first; i < first + span; i++) {
      arena.putLong(node + 8L * i, word);
    }
  }

  private void resize(int capacity) {
    int depth = arena.getByte(page + DEPTH);
    if (capacity <= count(page)) {
      throw new IllegalStateException("too many members with one hash");
    }
    long moved = newPage(arena, capacity, depth);
    int count = count(page);
    arena.putShort(moved + COUNT, (short) count);
    arena.copy(page + SLOTS, moved + SLOTS, 8L * count);
    arena.free(page);
    redirect(depth, moved);
    page = moved;
  }

  private void shrink(int count) {
    try {
      resize(Math.max(FIRST_CAPACITY, count + STEP));
    } catch (OutOfArenaException e) {
      // The page stays roomier than it needs to be.
      return;
    }
  }

  private void split(int depth) {
    boolean needsNode = level < 0 || span(depth) == 1;
    int bit = REF_BITS + TAG_BITS - 1 - depth;
    int count = count(page);
    int ones = 0;
    for (int i = 0; i < count; i++) {
      ones += (int) (arena.getLong(page + SLOTS + 8L * i) >>> bit) & 1;
    }
    long node = needsNode ? arena.allocate(8L * FANOUT) : 0;
    long low = 0;
    long high;
    try {
      low = newPage(arena, roomFor(count - ones), depth + 1);
      high = newPage(arena, roomFor(ones), depth + 1);
    } catch (OutOfArenaException e) {
      if (low != 0) {
        arena.free(low);
      }
      if (needsNode) {
        arena.free(node);
      }
      throw e;
    }
    for (int i = 0; i < count; i++) {
      long slot = arena.getLong(page + SLOTS + 8L * i);
      append(((slot >>> bit) & 1) == 0 ? low : high, slot);
    }
    arena.free(page);
    if (needsNode) {
      redirect(depth, node | NODE);
      fill(node, 0, FANOUT / 2, low);
      fill(node, FANOUT / 2, FANOUT / 2, high);
    } else {
      int half = span(depth) / 2;
      int first = at & -(2 * half);
      fill(nodes[level], first, half, low);
      fill(nodes[level], first + half, half, high);
    }
  }

  private static int roomFor(int count) {
    return Math.min(MAX_SLOTS, Math.max(FIRST_CAPACITY, count + STEP));
  }

  private void append(long toPage, long slot) {
    int count = count(toPage);
    arena.putLong(toPage + SLOTS + 8L * count, slot);
    arena.putShort(toPage + COUNT, (short) (count + 1));
  }

  /** Joins the current page with the other half of its parent prefix when both are small. */
  private boolean mergeWithBuddy() {
    if (level < 0) {
      return false;
    }
    int depth = arena.getByte(page + DEPTH);
    if (depth == LEVEL_BITS * level) {
      return false;
    }
    int span = span(depth);
    int first = at & -span;
    long buddy = arena.getLong(nodes[level] + 8L * (first ^ span));
    if ((buddy & NODE) != 0 || arena.getByte(buddy + DEPTH) != depth) {
      return false;
    }
    int total = count(page) + count(buddy);
    if (total > MERGE_BELOW) {
      return false;
    }
    long kept = capacity(page) >= capacity(buddy) ? page : buddy;
    long gone = kept == page ? buddy : page;
    if (capacity(kept) < total) {
      return false;
    }
    for (int i = 0, n = count(gone); i < n; i++) {
      append(kept, arena.getLong(gone + SLOTS + 8L * i));
    }
    arena.free(gone);
    arena.putByte(kept + DEPTH, (byte) (depth - 1));
    page = kept;
    fill(nodes[level], first & -(2 * span), 2 * span, kept);
    if (depth - 1 == LEVEL_BITS * level) {
      dropNode();
    }
    return true;
  }

  /** Replaces the lowest node, all of whose slots point to one page, by that page. */
  private void dropNode() {
    long node = nodes[level];
    level--;
    if (level < 0) {
      arena.putLong(holder, page);
    } else {
      // The node hangs in one slot of its parent: it replaced a page that spanned one.
      for (int i = 0; i < FANOUT; i++) {
        if (arena.getLong(nodes[level] + 8L * i) == (node | NODE)) {
          at = i;
        }
      }
      arena.putLong(nodes[level] + 8L * at, page);
    }
    arena.free(node);
  }
}
