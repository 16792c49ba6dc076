package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A B+tree over member records, ordered by score and then by the member's bytes, with the number of
 * entries below each child, so that a rank is found on the way down.
 *
 * <p>A leaf holds pairs of score and record and is a block just large enough: it grows by {@value
 * #LEAF_STEP} entries until it has {@value #MAX_ENTRIES}, and then splits. An inner node holds, per
 * child, its smallest entry (score and record; that of child 0 is not kept up), its address and its
 * count, each kind in an array of its own, so that a search and a sum read consecutive bytes. Full
 * nodes are split on the way down, before anything is inserted: each step is whole, and running out
 * of memory at any of them leaves a correct tree. A split at either end of the tree leaves the old
 * node full, so that ascending scores fill their leaves.
 *
 * <p>There are no links between leaves, which lets them move; a walk keeps its path instead, and is
 * void after a change.
 *
 * <p>Scores compare as numbers: -0.0 and 0.0 are equal. They are never NaN.
 */
final class ScoreTree {
  private static final int MAX_ENTRIES = 63;
  private static final int LEAF_STEP = 4;
  private static final int MERGE_BELOW = 16;
  private static final int MERGED_AT_MOST = 48;
  private static final int MAX_DEPTH = 12;

  // Every node: count (short), capacity of a leaf (short), whether it is inner (byte).
  private static final int COUNT = 0;
  private static final int CAPACITY = 2;
  private static final int INNER = 4;

  // A leaf: pairs of score and record.
  private static final int ENTRIES = 8;

  // An inner node: four arrays.
  private static final int SCORES = 8;
  private static final int RECORDS = SCORES + 8 * MAX_ENTRIES;
  private static final int CHILDREN = RECORDS + 8 * MAX_ENTRIES;
  private static final int COUNTS = CHILDREN + 8 * MAX_ENTRIES;
  private static final int INNER_BYTES = COUNTS + 4 * MAX_ENTRIES;

  /** What a probe is compared by. */
  private enum By {
    SCORE_AND_MEMBER,
    SCORE,
    MEMBER
  }

  private final Arena arena;
  private long holder;

  // The path of the last descent: nodes from the root to a leaf, and a slot in each.
  private final long[] path = new long[MAX_DEPTH];
  private final int[] slots = new int[MAX_DEPTH];
  private int leaf;

  private By by = By.SCORE;
  private double probeScore;
  private Bytes probeMember = Bytes.EMPTY;
  private boolean orEqual;

  /**
   * @param holder the address of the word that points to the root node
   */
  ScoreTree(Arena arena, long holder) {
    this.arena = arena;
    this.holder = holder;
  }

  /** Moves this view to another tree in the same arena. */
  void at(long newHolder) {
    holder = newHolder;
  }

  /** Makes an empty tree and returns what the holder's word must contain. */
  static long create(Arena arena) {
    return newLeaf(arena, LEAF_STEP);
  }

  /** Frees all nodes, and all records, below a node. */
  static void freeWithRecords(Arena arena, long node) {
    int count = arena.getShort(node + COUNT);
    for (int i = 0; i < count; i++) {
      if (isInner(arena, node)) {
        freeWithRecords(arena, arena.getLong(node + CHILDREN + 8L * i));
      } else {
        arena.free(arena.getLong(node + ENTRIES + 16L * i + 8));
      }
    }
    arena.free(node);
  }

  /**
   * Frees some nodes and records of a tree that nobody will look at again, the last ones first.
   *
   * @return whether all are gone, this node included
   */
  static boolean freeSomeWithRecords(Arena arena, long node, Portion portion) {
    int count = arena.getShort(node + COUNT);
    for (; count > 0; count--) {
      boolean gone = !portion.isUsedUp();
      if (gone && isInner(arena, node)) {
        long child = arena.getLong(node + CHILDREN + 8L * (count - 1));
        gone = freeSomeWithRecords(arena, child, portion);
      } else if (gone) {
        arena.free(arena.getLong(node + ENTRIES + 16L * (count - 1) + 8));
        portion.use(1);
      }
      if (!gone) {
        arena.putShort(node + COUNT, (short) count);
        return false;
      }
    }
    arena.free(node);
    portion.use(1);
    return true;
  }

  /** How many entries there are. */
  int size() {
    return total(arena.getLong(holder));
  }

  // --- searching

  /** How many entries have a score below this one, or below or equal to it. */
  int rankOfScore(double score, boolean countEqual) {
    by = By.SCORE;
    probeScore = score;
    orEqual = countEqual;
    return descendToProbe();
  }

  /** How many entries have a member before this one, or up to it; for equal scores only. */
  int rankOfMember(Bytes member, boolean countEqual) {
    by = By.MEMBER;
    probeMember = member;
    orEqual = countEqual;
    return descendToProbe();
  }

  /** The rank of an entry that is in the tree; the path then leads to it. */
  int rankOf(double score, Bytes member) {
    by = By.SCORE_AND_MEMBER;
    probeScore = score;
    probeMember = member;
    return descendToProbe();
  }

  /**
   * Moves to the entry at a rank, which must exist; {@link #record} then reads it. The ends of the
   * tree are near whichever it is.
   *
   * @param size how many entries the tree has
   */
  void seekRank(int rank, int size) {
    long node = arena.getLong(holder);
    int depth = 0;
    while (isInner(arena, node)) {
      int child;
      if (rank < size >> 1) {
        child = 0;
        size = countOf(node, 0);
        while (rank >= size) {
          rank -= size;
          size = countOf(node, ++child);
        }
      } else {
        int behind = size - rank;
        child = count(node) - 1;
        size = countOf(node, child);
        while (behind > size) {
          behind -= size;
          size = countOf(node, --child);
        }
        rank = size - behind;
      }
      path[depth] = node;
      slots[depth++] = child;
      node = childOf(node, child);
    }
    path[depth] = node;
    slots[depth] = rank;
    leaf = depth;
  }

  /** The record at which the walk is. */
  long record() {
    return arena.getLong(path[leaf] + ENTRIES + 16L * slots[leaf] + 8);
  }

  /** The score at which the walk is. */
  double score() {
    return arena.getDouble(path[leaf] + ENTRIES + 16L * slots[leaf]);
  }

  /** Moves the walk to the next entry, which must exist. */
  void forward() {
    if (++slots[leaf] < count(path[leaf])) {
      return;
    }
    int depth = leaf - 1;
    while (++slots[depth] == count(path[depth])) {
      depth--;
    }
    for (; depth < leaf; depth++) {
      path[depth + 1] = childOf(path[depth], slots[depth]);
      slots[depth + 1] = 0;
    }
  }

  /** Moves the walk to the entry before, which must exist. */
  void backward() {
    if (--slots[leaf] >= 0) {
      return;
    }
    int depth = leaf - 1;
    while (--slots[depth] < 0) {
      depth--;
    }
    for (; depth < leaf; depth++) {
      path[depth + 1] = childOf(path[depth], slots[depth]);
      slots[depth + 1] = count(path[depth + 1]) - 1;
    }
  }

  /** Goes to the first entry that is not before the probe, and returns its rank. */
  private int descendToProbe() {
    long node = arena.getLong(holder);
    int depth = 0;
    int rank = 0;
    while (isInner(arena, node)) {
      int child = childForProbe(node);
      rank += sumBefore(node, child);
      path[depth] = node;
      slots[depth++] = child;
      node = childOf(node, child);
    }
    path[depth] = node;
    slots[depth] = entryForProbe(node);
    leaf = depth;
    return rank + slots[depth];
  }

  private int sumBefore(long node, int child) {
    ByteBuffer buffer = arena.bufferOf(node);
    int at = Arena.offsetInBuffer(node) + COUNTS;
    int sum = 0;
    for (int end = at + 4 * child; at < end; at += 4) {
      sum += buffer.getInt(at);
    }
    return sum;
  }

  /** The last child whose smallest entry is before the probe or is the probe itself. */
  private int childForProbe(long node) {
    ByteBuffer buffer = arena.bufferOf(node);
    int offset = Arena.offsetInBuffer(node);
    int low = 0;
    int high = buffer.getShort(offset + COUNT) - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      double score = buffer.getDouble(offset + SCORES + 8 * middle);
      if (isBefore(score, buffer, offset + RECORDS + 8 * middle, /* inner= */ true)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private int entryForProbe(long node) {
    ByteBuffer buffer = arena.bufferOf(node);
    int offset = Arena.offsetInBuffer(node);
    int low = 0;
    int high = buffer.getShort(offset + COUNT);
    while (low < high) {
      int middle = (low + high) >>> 1;
      int entry = offset + ENTRIES + 16 * middle;
      if (isBefore(buffer.getDouble(entry), buffer, entry + 8, /* inner= */ false)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private boolean isBefore(double score, ByteBuffer buffer, int recordAt, boolean inner) {
    switch (by) {
      case SCORE -> {
        return orEqual ? score <= probeScore : score < probeScore;
      }
      case MEMBER -> {
        int order = MemberRecord.compare(arena, buffer.getLong(recordAt), probeMember);
        return orEqual ? order <= 0 : order < 0;
      }
      default -> {
        if (score != probeScore) {
          return score < probeScore;
        }
        int order = MemberRecord.compare(arena, buffer.getLong(recordAt), probeMember);
        return inner ? order <= 0 : order < 0;
      }
    }
  }

  // --- inserting

  /**
   * Adds an entry.
   *
   * @param member the bytes of the record's member
   * @throws OutOfArenaException when there is no room; the entry is not in the tree then
   */
  void insert(double score, long record, Bytes member) {
    by = By.SCORE_AND_MEMBER;
    probeScore = score;
    probeMember = member;
    long node = arena.getLong(holder);
    if (count(node) == MAX_ENTRIES) {
      node = growRoot(node);
    }
    int depth = 0;
    boolean first = true;
    boolean last = true;
    while (isInner(arena, node)) {
      int child = childForProbe(node);
      path[depth] = node;
      slots[depth] = child;
      boolean firstChild = first && child == 0;
      boolean lastChild = last && child == count(node) - 1;
      if (count(childOf(node, child)) == MAX_ENTRIES) {
        splitChild(node, child, firstChild, lastChild);
        child = childForProbe(node);
        slots[depth] = child;
        firstChild = first && child == 0;
        lastChild = last && child == count(node) - 1;
      }
      first = firstChild;
      last = lastChild;
      depth++;
      node = childOf(node, child);
    }
    leaf = depth;
    path[depth] = node;
    if (count(node) == arena.getShort(node + CAPACITY)) {
      resizeLeaf(Math.min(MAX_ENTRIES, count(node) + LEAF_STEP));
      node = path[depth];
    }
    int slot = entryForProbe(node);
    slots[depth] = slot;
    int count = count(node);
    long entry = node + ENTRIES + 16L * slot;
    arena.copy(entry, entry + 16, 16L * (count - slot));
    arena.putDouble(entry, score);
    arena.putLong(entry + 8, record);
    arena.putShort(node + COUNT, (short) (count + 1));
    addToCounts(1);
  }

  private long growRoot(long old) {
    long root = arena.allocate(INNER_BYTES);
    arena.putShort(root + COUNT, (short) 1);
    arena.putByte(root + INNER, (byte) 1);
    arena.putLong(root + CHILDREN, old);
    arena.putInt(root + COUNTS, total(old));
    arena.putDouble(root + SCORES, 0);
    arena.putLong(root + RECORDS, 0);
    arena.putLong(holder, root);
    return root;
  }

  /** Splits a full child of a node that is not full. */
  private void splitChild(long parent, int child, boolean first, boolean last) {
    long left = childOf(parent, child);
    int count = count(left);
    boolean inner = isInner(arena, left);
    int kept = count / 2;
    if (last && isAfterAll(left, inner)) {
      kept = count - 1;
    } else if (first && isBeforeAll(left, inner)) {
      kept = 1;
    }
    int moved = count - kept;
    long right;
    if (inner) {
      right = arena.allocate(INNER_BYTES);
      arena.putByte(right + INNER, (byte) 1);
      moveArrays(left, kept, right, 0, moved);
    } else {
      right = newLeaf(arena, Math.min(MAX_ENTRIES, moved + LEAF_STEP));
      arena.copy(left + ENTRIES + 16L * kept, right + ENTRIES, 16L * moved);
    }
    arena.putShort(right + COUNT, (short) moved);
    arena.putShort(left + COUNT, (short) kept);
    int rightTotal = total(right);
    moveArrays(parent, child + 1, parent, child + 2, count(parent) - child - 1);
    arena.putShort(parent + COUNT, (short) (count(parent) + 1));
    setChild(parent, child + 1, right, rightTotal);
    addToCount(parent, child, -rightTotal);
    setSmallest(parent, child + 1, smallestScore(right), smallestRecord(right));
    if (!inner && kept <= count / 2) {
      shrinkLeaf(parent, child, kept + LEAF_STEP);
    }
  }

  /** Whether the probe goes behind the last entry (of a leaf), or into the last child. */
  private boolean isAfterAll(long node, boolean inner) {
    return inner ? childForProbe(node) == count(node) - 1 : entryForProbe(node) == count(node);
  }

  private boolean isBeforeAll(long node, boolean inner) {
    return inner ? childForProbe(node) == 0 : entryForProbe(node) == 0;
  }

  // --- changing and removing

  /**
   * Gives the entry at the path another score when it keeps its place by that.
   *
   * @return whether it does; nothing has changed when not
   */
  boolean rescoreInPlace(double score, Bytes member) {
    long node = path[leaf];
    int slot = slots[leaf];
    long entry = node + ENTRIES + 16L * slot;
    boolean keepsPlace =
        slot > 0
            && slot < count(node) - 1
            && precedes(entry - 16, score, member)
            && !precedes(entry + 16, score, member);
    if (keepsPlace) {
      arena.putDouble(entry, score);
    }
    return keepsPlace;
  }

  private boolean precedes(long entry, double score, Bytes member) {
    double there = arena.getDouble(entry);
    return there != score
        ? there < score
        : MemberRecord.compare(arena, arena.getLong(entry + 8), member) < 0;
  }

  /** How many entries there are in the leaf from the path's entry on. */
  int restOfLeaf() {
    return count(path[leaf]) - slots[leaf];
  }

  /** The record of an entry of the same leaf, a number of entries further on. */
  long recordAhead(int entries) {
    return arena.getLong(path[leaf] + ENTRIES + 16L * (slots[leaf] + entries) + 8);
  }

  /** Removes entries from the path's entry on, all of them in its leaf; the path is void then. */
  void removeHere(int entries) {
    long node = path[leaf];
    int slot = slots[leaf];
    int count = count(node);
    long entry = node + ENTRIES + 16L * slot;
    arena.copy(entry + 16L * entries, entry, 16L * (count - slot - entries));
    count -= entries;
    arena.putShort(node + COUNT, (short) count);
    addToCounts(-entries);
    if (count == 0) {
      if (total(arena.getLong(holder)) == 0) {
        becomeEmpty(node);
      } else {
        removeNode(leaf);
      }
      return;
    }
    if (slot == 0) {
      setSmallestAbove(leaf, smallestScore(node), smallestRecord(node));
    }
    if (leaf > 0) {
      if (count < MERGE_BELOW) {
        merge(leaf - 1);
      } else if (count < arena.getShort(node + CAPACITY) / 2) {
        shrinkLeaf(path[leaf - 1], slots[leaf - 1], count + LEAF_STEP);
      }
    }
  }

  /** Nothing is left but a chain of nodes down to an empty leaf: the leaf becomes the root. */
  private void becomeEmpty(long emptyLeaf) {
    for (int depth = 0; depth < leaf; depth++) {
      arena.free(path[depth]);
    }
    arena.putLong(holder, emptyLeaf);
  }

  /** Frees the empty node at a depth and takes it out of its parent; some ancestor is not empty. */
  private void removeNode(int depth) {
    arena.free(path[depth]);
    long parent = path[depth - 1];
    int slot = slots[depth - 1];
    removeSlot(parent, slot);
    if (count(parent) == 0) {
      removeNode(depth - 1);
      return;
    }
    if (slot == 0) {
      setSmallestAbove(
          depth - 1, arena.getDouble(parent + SCORES), arena.getLong(parent + RECORDS));
    }
    mergeUpwards(depth - 1);
  }

  /** Restores the fill of the inner node at a depth, and of those above it. */
  private void mergeUpwards(int depth) {
    if (depth > 0 && count(path[depth]) < MERGE_BELOW) {
      merge(depth - 1);
    } else if (depth == 0) {
      collapseRoot();
    }
  }

  /** Joins the path's child of an inner node with a neighbour if they fit well into one. */
  private void merge(int depth) {
    long parent = path[depth];
    int slot = slots[depth];
    int count = count(parent);
    if (count > 1) {
      int left = slot + 1 < count ? slot : slot - 1;
      if (count(childOf(parent, left)) + count(childOf(parent, left + 1)) <= MERGED_AT_MOST
          && mergeChildren(parent, left)) {
        mergeUpwards(depth);
        return;
      }
    }
    if (depth == 0) {
      collapseRoot();
    }
  }

  private boolean mergeChildren(long parent, int leftSlot) {
    long left = childOf(parent, leftSlot);
    long right = childOf(parent, leftSlot + 1);
    int leftCount = count(left);
    int rightCount = count(right);
    if (isInner(arena, left)) {
      // The smallest entry of a node's child 0 is not kept up; its parent knows it.
      arena.putDouble(right + SCORES, arena.getDouble(parent + SCORES + 8L * (leftSlot + 1)));
      arena.putLong(right + RECORDS, arena.getLong(parent + RECORDS + 8L * (leftSlot + 1)));
      moveArrays(right, 0, left, leftCount, rightCount);
    } else {
      if (arena.getShort(left + CAPACITY) < leftCount + rightCount
          && !growLeafIfPossible(parent, leftSlot, leftCount + rightCount)) {
        return false;
      }
      left = childOf(parent, leftSlot);
      arena.copy(right + ENTRIES, left + ENTRIES + 16L * leftCount, 16L * rightCount);
    }
    arena.putShort(left + COUNT, (short) (leftCount + rightCount));
    addToCount(parent, leftSlot, countOf(parent, leftSlot + 1));
    removeSlot(parent, leftSlot + 1);
    arena.free(right);
    return true;
  }

  private void collapseRoot() {
    long root = arena.getLong(holder);
    while (isInner(arena, root) && count(root) == 1) {
      long child = childOf(root, 0);
      arena.free(root);
      arena.putLong(holder, child);
      root = child;
    }
  }

  // --- nodes

  private static long newLeaf(Arena arena, int capacity) {
    long node = arena.allocate(ENTRIES + 16L * capacity);
    arena.putShort(node + COUNT, (short) 0);
    arena.putShort(node + CAPACITY, (short) capacity);
    arena.putByte(node + INNER, (byte) 0);
    return node;
  }

  private static boolean isInner(Arena arena, long node) {
    return arena.getByte(node + INNER) != 0;
  }

  private int count(long node) {
    return arena.getShort(node + COUNT);
  }

  private long childOf(long node, int child) {
    return arena.getLong(node + CHILDREN + 8L * child);
  }

  private int countOf(long node, int child) {
    return arena.getInt(node + COUNTS + 4L * child);
  }

  private int total(long node) {
    int count = count(node);
    return isInner(arena, node) ? sumBefore(node, count) : count;
  }

  private void setChild(long node, int slot, long child, int count) {
    arena.putLong(node + CHILDREN + 8L * slot, child);
    arena.putInt(node + COUNTS + 4L * slot, count);
  }

  private void setSmallest(long node, int slot, double score, long record) {
    arena.putDouble(node + SCORES + 8L * slot, score);
    arena.putLong(node + RECORDS + 8L * slot, record);
  }

  /** Tells the ancestors that the node at a depth of the path has another smallest entry. */
  private void setSmallestAbove(int depth, double score, long record) {
    for (int above = depth - 1; above >= 0; above--) {
      if (slots[above] > 0) {
        setSmallest(path[above], slots[above], score, record);
        return;
      }
    }
  }

  private double smallestScore(long node) {
    return arena.getDouble(node + (isInner(arena, node) ? SCORES : ENTRIES));
  }

  private long smallestRecord(long node) {
    return arena.getLong(node + (isInner(arena, node) ? RECORDS : ENTRIES + 8));
  }

  private void addToCounts(int delta) {
    for (int depth = 0; depth < leaf; depth++) {
      addToCount(path[depth], slots[depth], delta);
    }
  }

  private void addToCount(long node, int slot, int delta) {
    long at = node + COUNTS + 4L * slot;
    arena.putInt(at, arena.getInt(at) + delta);
  }

  /** Moves what two inner nodes, or one, know about children. */
  private void moveArrays(long from, int fromSlot, long to, int toSlot, int count) {
    arena.copy(from + SCORES + 8L * fromSlot, to + SCORES + 8L * toSlot, 8L * count);
    arena.copy(from + RECORDS + 8L * fromSlot, to + RECORDS + 8L * toSlot, 8L * count);
    arena.copy(from + CHILDREN + 8L * fromSlot, to + CHILDREN + 8L * toSlot, 8L * count);
    arena.copy(from + COUNTS + 4L * fromSlot, to + COUNTS + 4L * toSlot, 4L * count);
  }

  private void removeSlot(long node, int slot) {
    int count = count(node);
    moveArrays(node, slot + 1, node, slot, count - slot - 1);
    arena.putShort(node + COUNT, (short) (count - 1));
  }

  /** Moves the path's leaf to a block of another capacity. */
  private void resizeLeaf(int capacity) {
    path[leaf] =
        leaf == 0 ? moveLeaf(0, 0, capacity) : moveLeaf(path[leaf - 1], slots[leaf - 1], capacity);
  }

  private long moveLeaf(long parent, int slot, int capacity) {
    long old = parent == 0 ? arena.getLong(holder) : childOf(parent, slot);
    long moved = newLeaf(arena, capacity);
    int count = count(old);
    arena.copy(old + ENTRIES, moved + ENTRIES, 16L * count);
    arena.putShort(moved + COUNT, (short) count);
    if (parent == 0) {
      arena.putLong(holder, moved);
    } else {
      arena.putLong(parent + CHILDREN + 8L * slot, moved);
    }
    arena.free(old);
    return moved;
  }

  private boolean growLeafIfPossible(long parent, int slot, int capacity) {
    try {
      moveLeaf(parent, slot, capacity);
      return true;
    } catch (OutOfArenaException e) {
      return false;
    }
  }

  private void shrinkLeaf(long parent, int slot, int capacity) {
    if (!growLeafIfPossible(parent, slot, capacity)) {
      // It stays roomier than it needs to be.
      return;
    }
  }

  /** The structure's invariants, for tests: the count below a node, whose entries lie in order. */
  int check(long node, @Nullable String where) {
    int count = count(node);
    if (!isInner(arena, node)) {
      return count;
    }
    int sum = 0;
    for (int i = 0; i < count; i++) {
      long child = childOf(node, i);
      int below = check(child, where);
      if (below != countOf(node, i) || below == 0) {
        throw new IllegalStateException(where + ": child " + i + " has " + below + " entries");
      }
      if (i > 0) {
        long smallest = child;
        while (isInner(arena, smallest)) {
          smallest = childOf(smallest, 0);
        }
        if (arena.getLong(smallest + ENTRIES + 8) != arena.getLong(node + RECORDS + 8L * i)
            || arena.getDouble(smallest + ENTRIES) != arena.getDouble(node + SCORES + 8L * i)) {
          throw new IllegalStateException(where + ": child " + i + " has another smallest entry");
        }
      }
      sum += below;
    }
    return sum;
  }
}
