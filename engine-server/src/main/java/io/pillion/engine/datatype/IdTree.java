package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.OutOfArenaException;
import java.nio.ByteBuffer;

/**
 * A B+tree from stream ids to a fixed number of words each: the pages of a stream, what is pending
 * in a group, what is pending for a consumer.
 *
 * <p>Its holder is two words: the address of the root node, 0 while the tree is empty, and the
 * number of entries. A node is a block just large enough, which grows with its entries until it has
 * {@value #MAX_ENTRIES} of them, and then splits. An entry of a leaf is an id and the words; an
 * entry of an inner node is an id and a child: no id in that child is smaller, and none in the
 * children before it is as large; the id of child 0 means nothing. Full nodes are split on the way
 * down, before anything is inserted: each step is whole, and running out of memory at any of them
 * leaves a correct tree. A split at the end of the tree leaves the old node full, so that ascending
 * ids, which is what streams have, fill their nodes.
 *
 * <p>A tree object is also a walk: it keeps the path to one entry. The walk is void after a change.
 */
final class IdTree {
  static final int HOLDER_BYTES = 16;

  /** How many entries a leaf has at most. */
  static final int MAX_ENTRIES = 64;

  private static final int MERGE_BELOW = 16;
  private static final int MERGED_AT_MOST = 48;
  private static final int MAX_DEPTH = 16;

  // A node: number of entries (short), whether it is inner (byte), and the entries.
  private static final int COUNT = 0;
  private static final int INNER = 2;
  private static final int ENTRIES = 8;

  private static final int SEQ = 8;
  private static final int WORDS = 16;
  private static final int INNER_ENTRY = WORDS + 8;

  private final Arena arena;
  private final long holder;
  private final int leafEntry;

  /** Whether its entries were taken out of the holder. */
  private boolean isDetached;

  /** The root node of what was taken, else 0. */
  private long taken;

  // The path of the last descent: nodes from the root to a leaf, and a slot in each.
  private final long[] path = new long[MAX_DEPTH];
  private final int[] slots = new int[MAX_DEPTH];
  private int leaf;

  /**
   * @param holder the address of the two words
   * @param words how many words an entry has besides its id
   */
  IdTree(Arena arena, long holder, int words) {
    this.arena = arena;
    this.holder = holder;
    this.leafEntry = WORDS + 8 * words;
  }

  /** Makes the holder's words those of an empty tree. */
  static void clear(Arena arena, long holder) {
    arena.putLong(holder, 0);
    arena.putLong(holder + 8, 0);
  }

  /** Frees all nodes; the holder's words mean nothing afterwards. */
  static void free(Arena arena, long holder) {
    long root = arena.getLong(holder);
    if (root != 0) {
      freeNode(arena, root);
    }
  }

  private static void freeNode(Arena arena, long node) {
    if (arena.getByte(node + INNER) != 0) {
      int count = arena.getShort(node + COUNT);
      for (int i = 0; i < count; i++) {
        freeNode(arena, arena.getLong(node + ENTRIES + (long) INNER_ENTRY * i + WORDS));
      }
    }
    arena.free(node);
  }

  /**
   * Frees some nodes of a tree that nobody will look at again, from its end on.
   *
   * @param words how many words an entry has
   * @param withBlocks whether the first word of each is the address of a block that goes as well
   * @return whether all are gone; the holder's words are those of an empty tree then
   */
  static boolean freeSome(
      Arena arena, long holder, int words, boolean withBlocks, Portion portion) {
    long root = arena.getLong(holder);
    if (root != 0 && !freeSomeOfNode(arena, root, WORDS + 8 * words, withBlocks, portion)) {
      return false;
    }
    clear(arena, holder);
    return true;
  }

  private static boolean freeSomeOfNode(
      Arena arena, long node, int leafEntry, boolean withBlocks, Portion portion) {
    boolean inner = arena.getByte(node + INNER) != 0;
    for (int left = arena.getShort(node + COUNT); left > 0 && (inner || withBlocks); left--) {
      boolean gone = !portion.isUsedUp();
      if (gone && inner) {
        long child = arena.getLong(node + ENTRIES + (long) INNER_ENTRY * (left - 1) + WORDS);
        gone = freeSomeOfNode(arena, child, leafEntry, withBlocks, portion);
      } else if (gone) {
        arena.free(arena.getLong(node + ENTRIES + (long) leafEntry * (left - 1) + WORDS));
        portion.use(1);
      }
      if (!gone) {
        arena.putShort(node + COUNT, (short) left);
        return false;
      }
    }
    arena.free(node);
    portion.use(1);
    return true;
  }

  /**
   * Copies all entries of this tree into a holder.
   *
   * @throws OutOfArenaException when there is no room; the holder is then an empty tree
   */
  void copyTo(long target) {
    clear(arena, target);
    IdTree copy = new IdTree(arena, target, (leafEntry - WORDS) / 8);
    try {
      for (boolean more = first(); more; more = next()) {
        copy.insert(ms(), seq());
        arena.copy(entry() + WORDS, copy.entry() + WORDS, leafEntry - WORDS);
      }
    } catch (OutOfArenaException e) {
      free(arena, target);
      clear(arena, target);
      throw e;
    }
  }

  /** Takes all entries out of the holder, which is left empty: from now on they are read here. */
  void take() {
    taken = arena.getLong(holder);
    isDetached = true;
    clear(arena, holder);
  }

  /** Frees what was taken, if anything was. O(nodes). */
  void freeTaken() {
    if (taken != 0) {
      freeNode(arena, taken);
      taken = 0;
    }
  }

  /** How many entries there are. O(1). */
  long size() {
    return arena.getLong(holder + 8);
  }

  /** How many nodes there are. O(nodes). */
  long nodes() {
    long root = arena.getLong(holder);
    return root == 0 ? 0 : nodes(root);
  }

  private long nodes(long node) {
    long sum = 1;
    if (isInner(node)) {
      for (int i = 0; i < count(node); i++) {
        sum += nodes(child(node, i));
      }
    }
    return sum;
  }

  // --- walking

  /** The id's first part, of the entry at which the walk is. */
  long ms() {
    return arena.getLong(entry());
  }

  /** The id's second part. */
  long seq() {
    return arena.getLong(entry() + SEQ);
  }

  /** The id. */
  StreamId id() {
    return new StreamId(ms(), seq());
  }

  /** A word of the entry. */
  long word(int index) {
    return arena.getLong(entry() + WORDS + 8L * index);
  }

  /** Sets a word of the entry. */
  void word(int index, long value) {
    arena.putLong(entry() + WORDS + 8L * index, value);
  }

  private long entry() {
    return path[leaf] + ENTRIES + (long) leafEntry * slots[leaf];
  }

  /** Moves to the entry with this id; false when there is none. */
  boolean find(long ms, long seq) {
    return ceiling(ms, seq) && ms() == ms && seq() == seq;
  }

  /** Moves to the first entry; false when there is none. */
  boolean first() {
    return ceiling(0, 0);
  }

  /** Moves to the last entry; false when there is none. */
  boolean last() {
    return floor(-1, -1);
  }

  /** Moves to the first entry that is not before this id; false when there is none. */
  boolean ceiling(long ms, long seq) {
    return descend(ms, seq) && (slots[leaf] < count(path[leaf]) || stepForward());
  }

  /** Moves to the last entry that is not behind this id; false when there is none. */
  boolean floor(long ms, long seq) {
    if (!descend(ms, seq)) {
      return false;
    }
    boolean exact = slots[leaf] < count(path[leaf]) && ms() == ms && seq() == seq;
    return exact || previous();
  }

  /** Moves to the next entry; false when there is none. */
  boolean next() {
    return ++slots[leaf] < count(path[leaf]) || stepForward();
  }

  /** Moves to the entry before; false when there is none. */
  boolean previous() {
    if (--slots[leaf] >= 0) {
      return true;
    }
    int depth = leaf - 1;
    while (depth >= 0 && --slots[depth] < 0) {
      depth--;
    }
    if (depth < 0) {
      return false;
    }
    for (; depth < leaf; depth++) {
      path[depth + 1] = child(path[depth], slots[depth]);
      slots[depth + 1] = count(path[depth + 1]) - 1;
    }
    return true;
  }

  /** The least id that may be in the leaf in which this one is or would be. O(log n). */
  StreamId leafFrom(long ms, long seq) {
    if (descend(ms, seq)) {
      for (int depth = leaf - 1; depth >= 0; depth--) {
        if (slots[depth] > 0) {
          return innerId(path[depth], slots[depth]);
        }
      }
    }
    return StreamId.MIN;
  }

  /** The largest id that may be in the leaf in which this one is or would be. O(log n). */
  StreamId leafTo(long ms, long seq) {
    if (descend(ms, seq)) {
      for (int depth = leaf - 1; depth >= 0; depth--) {
        if (slots[depth] + 1 < count(path[depth])) {
          return innerId(path[depth], slots[depth] + 1).previous();
        }
      }
    }
    return StreamId.MAX;
  }

  private StreamId innerId(long node, int slot) {
    long at = node + ENTRIES + (long) INNER_ENTRY * slot;
    return new StreamId(arena.getLong(at), arena.getLong(at + SEQ));
  }

  private boolean stepForward() {
    int depth = leaf - 1;
    while (depth >= 0 && ++slots[depth] == count(path[depth])) {
      depth--;
    }
    if (depth < 0) {
      return false;
    }
    for (; depth < leaf; depth++) {
      path[depth + 1] = child(path[depth], slots[depth]);
      slots[depth + 1] = 0;
    }
    return true;
  }

  /** Goes to where the id is or would be, perhaps behind a leaf's last entry. */
  private boolean descend(long ms, long seq) {
    long node = isDetached ? taken : arena.getLong(holder);
    if (node == 0) {
      return false;
    }
    int depth = 0;
    while (isInner(node)) {
      int slot = childFor(node, ms, seq);
      path[depth] = node;
      slots[depth++] = slot;
      node = child(node, slot);
    }
    path[depth] = node;
    slots[depth] = slotFor(node, ms, seq);
    leaf = depth;
    return true;
  }

  /** The last child whose id is not behind this one. */
  private int childFor(long node, long ms, long seq) {
    ByteBuffer buffer = arena.bufferOf(node);
    int base = Arena.offsetInBuffer(node) + ENTRIES;
    int low = 0;
    int high = count(node) - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      int at = base + INNER_ENTRY * middle;
      if (StreamId.compare(buffer.getLong(at), buffer.getLong(at + SEQ), ms, seq) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** The first entry of a leaf that is not before this id. */
  private int slotFor(long node, long ms, long seq) {
    ByteBuffer buffer = arena.bufferOf(node);
    int base = Arena.offsetInBuffer(node) + ENTRIES;
    int low = 0;
    int high = count(node);
    while (low < high) {
      int middle = (low + high) >>> 1;
      int at = base + leafEntry * middle;
      if (StreamId.compare(buffer.getLong(at), buffer.getLong(at + SEQ), ms, seq) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // --- inserting

  /**
   * Adds an entry that is not there yet, and moves to it; its words are undefined.
   *
   * @throws OutOfArenaException when there is no room; the entry is not in the tree then
   */
  void insert(long ms, long seq) {
    long node = arena.getLong(holder);
    if (node == 0) {
      node = newNode(1, leafEntry, /* inner= */ false);
      arena.putLong(holder, node);
    } else if (count(node) == MAX_ENTRIES) {
      node = growRoot(node);
    }
    int depth = 0;
    boolean last = true;
    while (isInner(node)) {
      path[depth] = node;
      slots[depth] = childFor(node, ms, seq);
      if (count(child(node, slots[depth])) == MAX_ENTRIES) {
        split(depth, last && slots[depth] == count(node) - 1);
        node = path[depth];
        slots[depth] = childFor(node, ms, seq);
      }
      last &= slots[depth] == count(node) - 1;
      node = child(node, slots[depth++]);
    }
    leaf = depth;
    path[depth] = node;
    makeRoom(depth, leafEntry);
    node = path[depth];
    slots[depth] = slotFor(node, ms, seq);
    openSlot(node, slots[depth], leafEntry);
    arena.putLong(entry(), ms);
    arena.putLong(entry() + SEQ, seq);
    addToSize(1);
  }

  private long newNode(int entries, int entryBytes, boolean inner) {
    long node = arena.allocate(ENTRIES + (long) entries * entryBytes);
    arena.putShort(node + COUNT, (short) 0);
    arena.putByte(node + INNER, (byte) (inner ? 1 : 0));
    return node;
  }

  private long growRoot(long old) {
    long root = newNode(2, INNER_ENTRY, /* inner= */ true);
    arena.putShort(root + COUNT, (short) 1);
    arena.putLong(root + ENTRIES, 0);
    arena.putLong(root + ENTRIES + SEQ, 0);
    arena.putLong(root + ENTRIES + WORDS, old);
    arena.putLong(holder, root);
    return root;
  }

  /** Splits the full child to which the path leads at a depth. */
  private void split(int depth, boolean last) {
    makeRoom(depth, INNER_ENTRY);
    long parent = path[depth];
    int slot = slots[depth];
    long left = child(parent, slot);
    int size = entryBytes(left);
    int kept = last ? MAX_ENTRIES - 1 : MAX_ENTRIES / 2;
    int moved = MAX_ENTRIES - kept;
    long right = newNode(moved, size, isInner(left));
    long from = left + ENTRIES + (long) size * kept;
    arena.copy(from, right + ENTRIES, (long) size * moved);
    arena.putShort(right + COUNT, (short) moved);
    arena.putShort(left + COUNT, (short) kept);
    openSlot(parent, slot + 1, INNER_ENTRY);
    long entry = parent + ENTRIES + (long) INNER_ENTRY * (slot + 1);
    arena.copy(from, entry, WORDS);
    arena.putLong(entry + WORDS, right);
  }

  /** Lets the node of the path at a depth have room for one entry more. */
  private void makeRoom(int depth, int entryBytes) {
    long node = path[depth];
    int count = count(node);
    long used = ENTRIES + (long) count * entryBytes;
    if (used + entryBytes <= arena.capacity(node)) {
      return;
    }
    int entries = Math.min(MAX_ENTRIES, count + Math.max(1, count / 2));
    replace(depth, ENTRIES + (long) entries * entryBytes, used);
  }

  /** Moves a node of the path to a block of another size. */
  private void replace(int depth, long bytes, long used) {
    long node = path[depth];
    long moved = arena.allocate(bytes);
    arena.copy(node, moved, used);
    arena.free(node);
    path[depth] = moved;
    arena.putLong(pointerTo(depth), moved);
  }

  private long pointerTo(int depth) {
    return depth == 0
        ? holder
        : path[depth - 1] + ENTRIES + (long) INNER_ENTRY * slots[depth - 1] + WORDS;
  }

  private void openSlot(long node, int slot, int entryBytes) {
    int count = count(node);
    long at = node + ENTRIES + (long) entryBytes * slot;
    arena.copy(at, at + entryBytes, (long) entryBytes * (count - slot));
    arena.putShort(node + COUNT, (short) (count + 1));
  }

  // --- removing

  /** Removes the entry with this id; false when there is none. */
  boolean remove(long ms, long seq) {
    if (!find(ms, seq)) {
      return false;
    }
    addToSize(-1);
    int depth = leaf;
    closeSlot(depth);
    while (count(path[depth]) == 0) {
      arena.free(path[depth]);
      if (depth == 0) {
        arena.putLong(holder, 0);
        return true;
      }
      depth--;
      closeSlot(depth);
    }
    for (; depth > 0; depth--) {
      if (!mergeWithNeighbour(depth)) {
        trim(depth);
      }
    }
    trim(0);
    dropIdleRoots();
    return true;
  }

  private void closeSlot(int depth) {
    long node = path[depth];
    int size = entryBytes(node);
    int left = count(node) - 1;
    long at = node + ENTRIES + (long) size * slots[depth];
    arena.copy(at + size, at, (long) size * (left - slots[depth]));
    arena.putShort(node + COUNT, (short) left);
  }

  /** Joins a node that has become small with the one before or behind it, when both fit. */
  private boolean mergeWithNeighbour(int depth) {
    long node = path[depth];
    if (count(node) >= MERGE_BELOW) {
      return false;
    }
    long parent = path[depth - 1];
    int slot = slots[depth - 1];
    return (slot + 1 < count(parent) && merge(depth, slot)) || (slot > 0 && merge(depth, slot - 1));
  }

  /** Joins two neighbours below the path's node above a depth, the first of them in a slot. */
  private boolean merge(int depth, int slot) {
    long parent = path[depth - 1];
    long left = child(parent, slot);
    long right = child(parent, slot + 1);
    int count = count(left) + count(right);
    if (count > MERGED_AT_MOST) {
      return false;
    }
    int size = entryBytes(left);
    long merged;
    try {
      merged = newNode(count, size, isInner(left));
    } catch (OutOfArenaException e) {
      return false;
    }
    long leftBytes = (long) size * count(left);
    arena.copy(left + ENTRIES, merged + ENTRIES, leftBytes);
    arena.copy(right + ENTRIES, merged + ENTRIES + leftBytes, (long) size * count(right));
    arena.putShort(merged + COUNT, (short) count);
    // An inner node's first child has no id of its own: here it gets the one that parted the two.
    arena.copy(
        parent + ENTRIES + (long) INNER_ENTRY * (slot + 1),
        merged + ENTRIES + leftBytes,
        inner(left));
    arena.free(left);
    arena.free(right);
    arena.putLong(parent + ENTRIES + (long) INNER_ENTRY * slot + WORDS, merged);
    slots[depth - 1] = slot + 1;
    closeSlot(depth - 1);
    slots[depth - 1] = slot;
    path[depth] = merged;
    return true;
  }

  private long inner(long node) {
    return isInner(node) ? WORDS : 0;
  }

  /** Gives a node of the path a smaller block when it uses less than half of its own. */
  private void trim(int depth) {
    long node = path[depth];
    long used = ENTRIES + (long) entryBytes(node) * count(node);
    long capacity = arena.capacity(node);
    if (capacity < 128 || used > capacity / 2) {
      return;
    }
    try {
      replace(depth, used, used);
    } catch (OutOfArenaException e) {
      // It stays roomier than it needs to be.
    }
  }

  private void dropIdleRoots() {
    long root = arena.getLong(holder);
    while (isInner(root) && count(root) == 1) {
      long only = child(root, 0);
      arena.free(root);
      arena.putLong(holder, only);
      root = only;
    }
  }

  // --- nodes

  private void addToSize(long delta) {
    arena.putLong(holder + 8, size() + delta);
  }

  private int count(long node) {
    return arena.getShort(node + COUNT);
  }

  private boolean isInner(long node) {
    return arena.getByte(node + INNER) != 0;
  }

  private int entryBytes(long node) {
    return isInner(node) ? INNER_ENTRY : leafEntry;
  }

  private long child(long node, int slot) {
    return arena.getLong(node + ENTRIES + (long) INNER_ENTRY * slot + WORDS);
  }
}
