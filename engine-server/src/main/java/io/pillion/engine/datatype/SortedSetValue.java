package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Hashing;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A sorted set: members with scores, in order of score and then of the members' bytes.
 *
 * <p>Small ones are one packed block ({@link PackedSortedSet}), searched from its begin. Larger
 * ones have a block per member, and two structures that point there: a B+tree in the set's order
 * with counts ({@link ScoreTree}) and an index by the member's hash ({@link MemberIndex}). Redis
 * uses a skip list and a hash table; a B+tree needs a third of the pointers, reads memory in
 * sequence, and its counts give ranks without spans. A set that has become large stays so.
 *
 * <p>All range queries are asked by rank: {@link #countBelow} and {@link #countBefore} turn a bound
 * into a rank in O(log n), so that counting is a subtraction, and skipping costs nothing.
 *
 * <p>This object is a view, made for one command, or moved from set to set. At most one {@link
 * Entries} walk is valid at a time, and none across a change. A change that fails with {@link
 * OutOfArenaException} leaves the set as it was.
 */
public final class SortedSetValue {
  static final byte PACKED = 0;
  private static final byte PAGED = 1;

  // A paged root: encoding (byte), who watches it (Watch.OFFSET), count (int at 4), tree, index.
  private static final int COUNT = 4;
  private static final int TREE = 8;
  private static final int INDEX = 16;
  private static final int PAGED_BYTES = 24;

  private final Arena arena;
  private long cell;
  private final TypeLimits limits;
  private final PackedSortedSet packed;
  private final Span span;
  private @Nullable ScoreTree tree;
  private @Nullable MemberIndex index;
  private long pagedRoot;

  // What seek() found: the packed cursor, or a record.
  private Bytes sought = Bytes.EMPTY;
  private boolean found;
  private long foundRecord;
  private long soughtHash;

  /**
   * A view of the set whose root's address lies at {@code cell}.
   *
   * @param cell an address in the arena; written when the root moves
   */
  public SortedSetValue(Arena arena, long cell, TypeLimits limits) {
    this.arena = arena;
    this.cell = cell;
    this.limits = limits;
    this.packed = new PackedSortedSet(arena, cell);
    this.span = new Span(arena);
  }

  /** Moves this view to another set in the same arena. */
  public SortedSetValue at(long newCell) {
    cell = newCell;
    packed.at(newCell);
    sought = Bytes.EMPTY;
    found = false;
    return this;
  }

  /** Makes an empty set and returns its root. */
  public static long create(Arena arena) {
    return PackedSortedSet.create(arena);
  }

  /** Frees all blocks of the set with this root. O(n) for large ones. */
  public static void free(Arena arena, long root) {
    if (arena.getByte(root) == PAGED) {
      MemberIndex.free(arena, arena.getLong(root + INDEX));
      ScoreTree.freeWithRecords(arena, arena.getLong(root + TREE));
    }
    arena.free(root);
  }

  /** Whether it has so many blocks that freeing them at once would take long. */
  public static boolean isLarge(Arena arena, long root) {
    return arena.getByte(root) == PAGED && arena.getInt(root + COUNT) > Layout.LARGE;
  }

  /** Frees some blocks of a set that nobody will look at again; whether all are gone. */
  public static boolean freeSome(Arena arena, long root, Portion portion) {
    if (arena.getByte(root) == PAGED) {
      long index = arena.getLong(root + INDEX);
      if (index != 0) {
        if (!MemberIndex.freeSome(arena, index, portion)) {
          return false;
        }
        arena.putLong(root + INDEX, 0);
      }
      if (!ScoreTree.freeSomeWithRecords(arena, arena.getLong(root + TREE), portion)) {
        return false;
      }
    }
    arena.free(root);
    return true;
  }

  /** Copies a set and returns the copy's root. O(n log n). */
  public static long copy(Arena arena, long root, TypeLimits limits) {
    if (arena.getByte(root) == PACKED) {
      return PackedSortedSet.copy(arena, root);
    }
    long cells = arena.allocate(16);
    try {
      arena.putLong(cells, root);
      arena.putLong(cells + 8, createPaged(arena));
      SortedSetValue source = new SortedSetValue(arena, cells, limits);
      SortedSetValue target = new SortedSetValue(arena, cells + 8, limits);
      try {
        target.addAll(source.byRank(0, /* reverse= */ false));
      } catch (OutOfArenaException e) {
        free(arena, arena.getLong(cells + 8));
        throw e;
      }
      return arena.getLong(cells + 8);
    } finally {
      arena.free(cells);
    }
  }

  /** The number of members. O(1). */
  public int size() {
    long root = arena.getLong(cell);
    return isPaged(root) ? arena.getInt(root + COUNT) : PackedSortedSet.count(arena, root);
  }

  /** As {@code OBJECT ENCODING} reports it: {@code listpack} or {@code skiplist}. */
  public String encoding() {
    return isPaged(arena.getLong(cell)) ? "skiplist" : "listpack";
  }

  // --- one member

  /**
   * Looks a member up; {@link #score}, {@link #assign} and {@link #removeSought} then speak of it,
   * until the next call of anything else. The bytes must stay as they are until then.
   *
   * @return whether it is in the set
   */
  public boolean seek(Bytes member) {
    sought = member;
    if (isPaged(arena.getLong(cell))) {
      soughtHash = member.hash(arena.hashSeed());
      foundRecord = index().find(soughtHash, member);
      found = foundRecord != 0;
    } else {
      found = packed.seek(member);
    }
    return found;
  }

  /** The score of the sought member, which was found. */
  public double score() {
    return isPaged(arena.getLong(cell)) ? MemberRecord.score(arena, foundRecord) : packed.score();
  }

  /**
   * Gives the sought member this score; adds it when it was not found. O(log n). An equal score
   * changes nothing: -0.0 does not replace 0.0. As in Redis, -0.0 becomes 0 while the set is small.
   *
   * @param score any number, infinite too, but not NaN
   */
  public void assign(double score) {
    assign(score, /* exact= */ false);
  }

  /**
   * As {@link #assign(double)}, but for -0.0: it stays what it is in a small set too, and 0.0 and
   * it replace each other.
   */
  public void assignExactly(double score) {
    assign(score, /* exact= */ true);
  }

  /** Makes 0 of each -0.0 in a small set, as if it had never been there. O(n) in a small one. */
  public void forgetNegativeZeros() {
    if (isPaged(arena.getLong(cell))) {
      return;
    }
    int from = countBelow(0, /* orEqual= */ false);
    int to = countBelow(0, /* orEqual= */ true);
    List<Bytes> zeros = new ArrayList<>();
    Entries entries = byRank(from, /* reverse= */ false);
    for (int i = from; i < to; i++) {
      entries.next();
      if (isNegativeZero(entries.score())) {
        zeros.add(entries.member().toBytes());
      }
    }
    for (Bytes zero : zeros) {
      seek(zero);
      assignExactly(0);
    }
  }

  private static boolean isNegativeZero(double score) {
    return score == 0 && 1 / score < 0;
  }

  private void assign(double score, boolean exact) {
    if (found && score() == score) {
      if (!exact || isNegativeZero(score) == isNegativeZero(score())) {
        return;
      }
      // Their order does not tell the two zeros apart: it comes anew.
      Bytes member = sought;
      removeSought();
      seek(member);
    }
    if (!isPaged(arena.getLong(cell))) {
      double kept = exact ? score : score + 0.0; // makes 0 of -0.0
      if (found) {
        packed.rescore(sought, kept);
        return;
      }
      if (fitsPacked(sought)) {
        packed.insert(sought, kept);
        return;
      }
      convert();
      soughtHash = sought.hash(arena.hashSeed());
    }
    if (found) {
      rescore(score);
    } else {
      insert(score);
    }
  }

  /** Adds a member or changes its score. O(log n). */
  public void put(Bytes member, double score) {
    seek(member);
    assign(score);
  }

  /** Removes a member; false when it is not in the set. O(log n). */
  public boolean remove(Bytes member) {
    if (!seek(member)) {
      return false;
    }
    removeSought();
    return true;
  }

  /** Removes the sought member, which was found. */
  void removeSought() {
    long root = arena.getLong(cell);
    if (isPaged(root)) {
      Watch.beforeChange(arena, root, soughtHash);
      tree().rankOf(MemberRecord.score(arena, foundRecord), sought);
      index().remove(soughtHash, foundRecord);
      tree().removeHere(1);
      arena.free(foundRecord);
      arena.putInt(root + COUNT, arena.getInt(root + COUNT) - 1);
    } else {
      packed.removeHere(1);
    }
    found = false;
  }

  /** How many entries come before a member, or -1 when it is not in the set. O(log n). */
  public int rank(Bytes member) {
    if (!isPaged(arena.getLong(cell))) {
      return packed.rankOf(member);
    }
    return seek(member) ? tree().rankOf(MemberRecord.score(arena, foundRecord), member) : -1;
  }

  // --- bounds and ranges

  /** How many entries have a lower score, or a lower or equal one. O(log n). */
  public int countBelow(double score, boolean orEqual) {
    return isPaged(arena.getLong(cell))
        ? tree().rankOfScore(score, orEqual)
        : packed.rankOfScore(score, orEqual);
  }

  /**
   * How many members come before these bytes, or before or equal them; for sets whose scores are
   * all the same. O(log n).
   */
  public int countBefore(Bytes member, boolean orEqual) {
    return isPaged(arena.getLong(cell))
        ? tree().rankOfMember(member, orEqual)
        : packed.rankOfMember(member, orEqual);
  }

  /**
   * Walks over the entries from a rank on.
   *
   * @param from how many entries to skip: of the lowest, or in reverse of the highest
   */
  public Entries byRank(int from, boolean reverse) {
    return new Entries(from, reverse);
  }

  /** Removes entries from a rank on; both within the set. O(count + log n). */
  public void removeRange(int from, int count) {
    long root = arena.getLong(cell);
    if (!isPaged(root)) {
      if (count > 0) {
        packed.seekRank(from);
        packed.removeHere(count);
      }
      return;
    }
    int size = arena.getInt(root + COUNT);
    for (int left = count; left > 0; ) {
      tree().seekRank(from, size - (count - left));
      int here = Math.min(left, tree().restOfLeaf());
      long[] records = new long[here];
      long[] hashes = new long[here];
      for (int i = 0; i < here; i++) {
        records[i] = tree().recordAhead(i);
        hashes[i] = hashOf(records[i]);
        Watch.beforeChange(arena, root, hashes[i]);
      }
      tree().removeHere(here);
      for (int i = 0; i < here; i++) {
        long record = records[i];
        index().remove(hashes[i], record);
        arena.free(record);
      }
      left -= here;
    }
    arena.putInt(root + COUNT, size - count);
  }

  /**
   * Walks over some of the entries, in no order; {@link Entries#nextCursor} says where to go on. A
   * member that is in the set from the first call to the last is met at least once.
   *
   * @param cursor 0 to begin, or what an earlier walk gave
   */
  public Entries scan(long cursor) {
    return new Entries(cursor);
  }

  /** A walk over entries. It begins before the first. */
  public final class Entries {
    private final boolean isPaged = isPaged(arena.getLong(cell));
    private final boolean reverse;
    private final int @Nullable [] offsets;
    private final boolean scanning;
    private final long nextCursor;
    private int left;
    private int position = -1;
    private long record;

    private Entries(int from, boolean reverse) {
      this.reverse = reverse;
      this.scanning = false;
      this.nextCursor = 0;
      int size = size();
      this.left = Math.max(0, size - from);
      this.offsets = !isPaged && reverse ? packed.offsets() : null;
      if (left == 0) {
        return;
      }
      if (offsets != null) {
        position = left;
      } else if (isPaged) {
        tree().seekRank(reverse ? left - 1 : from, size);
      } else {
        packed.seekRank(from);
      }
    }

    private Entries(long cursor) {
      this.reverse = false;
      this.offsets = null;
      this.scanning = isPaged;
      if (isPaged) {
        index().seekCursor(cursor);
        this.left = index().recordsHere();
        this.nextCursor = index().cursorBehind(cursor);
      } else {
        this.left = size();
        this.nextCursor = 0;
        packed.first();
      }
    }

    /** Moves to the next entry; false behind the last. */
    public boolean next() {
      if (left == 0) {
        return false;
      }
      left--;
      if (scanning) {
        record = index().recordHere(left);
        return true;
      }
      boolean isFirst = position < 0;
      if (offsets != null) {
        packed.seekOffset(offsets[--position]);
        return true;
      }
      position = 0;
      if (isPaged) {
        if (!isFirst && reverse) {
          tree().backward();
        } else if (!isFirst) {
          tree().forward();
        }
        record = tree().record();
      } else if (!isFirst) {
        packed.next();
      }
      return true;
    }

    /** The entry's member; the span is the same for each entry. */
    public Span member() {
      return isPaged ? MemberRecord.member(arena, record, span) : packed.member(span);
    }

    /** The entry's score. */
    public double score() {
      return isPaged ? MemberRecord.score(arena, record) : packed.score();
    }

    /** For a scan: where to go on, or 0 at the end. */
    public long nextCursor() {
      return nextCursor;
    }
  }

  // --- a snapshot's walk

  /** Is shown members and scores. */
  @FunctionalInterface
  public interface Visitor {
    /** Sees one entry; the span is moved afterwards. */
    void visit(Span member, double score);
  }

  /** The root of a large set, or 0. */
  public static long watchable(Arena arena, long root) {
    return isPaged(arena, root) ? root : 0;
  }

  /** A walk over this set, which is a large one, while it changes. */
  public PartWalk walk(Visitor visitor) {
    long root = arena.getLong(cell);
    return new SortedSetWalk(
        arena,
        new ScoreTree(arena, root + TREE),
        new MemberIndex(arena, root + INDEX),
        size(),
        visitor);
  }

  // --- the large form

  private static boolean isPaged(Arena arena, long root) {
    return arena.getByte(root) == PAGED;
  }

  private boolean isPaged(long root) {
    boolean paged = isPaged(arena, root);
    if (paged && root != pagedRoot) {
      pagedRoot = root;
      if (tree == null || index == null) {
        tree = new ScoreTree(arena, root + TREE);
        index = new MemberIndex(arena, root + INDEX);
      } else {
        tree.at(root + TREE);
        index.at(root + INDEX);
      }
    }
    return paged;
  }

  private ScoreTree tree() {
    if (tree == null) {
      throw new NoSuchElementException("not a large sorted set");
    }
    return tree;
  }

  private MemberIndex index() {
    if (index == null) {
      throw new NoSuchElementException("not a large sorted set");
    }
    return index;
  }

  private boolean fitsPacked(Bytes member) {
    return size() < limits.sortedSetMaxPackedEntries
        && member.length() <= limits.sortedSetMaxPackedBytes
        && packed.hasRoomFor(member);
  }

  /** Makes an empty set that is large from the first member on; returns its root. */
  static long createPaged(Arena arena) {
    long root = arena.allocate(PAGED_BYTES);
    long tree = 0;
    try {
      tree = ScoreTree.create(arena);
      arena.putLong(root + INDEX, MemberIndex.create(arena));
    } catch (OutOfArenaException e) {
      if (tree != 0) {
        arena.free(tree);
      }
      arena.free(root);
      throw e;
    }
    arena.putLong(root + TREE, tree);
    arena.putByte(root, PAGED);
    Watch.set(arena, root, 0);
    arena.putInt(root + COUNT, 0);
    return root;
  }

  private void convert() {
    long small = arena.getLong(cell);
    long target = arena.allocate(8);
    try {
      arena.putLong(target, createPaged(arena));
      try {
        new SortedSetValue(arena, target, limits).addAll(byRank(0, /* reverse= */ false));
      } catch (OutOfArenaException e) {
        free(arena, arena.getLong(target));
        throw e;
      }
      arena.putLong(cell, arena.getLong(target));
    } finally {
      arena.free(target);
    }
    arena.free(small);
    isPaged(arena.getLong(cell));
  }

  private void addAll(Entries entries) {
    while (entries.next()) {
      sought = entries.member().toBytes();
      soughtHash = sought.hash(arena.hashSeed());
      insert(entries.score());
    }
  }

  private void insert(double score) {
    long root = arena.getLong(cell);
    isPaged(root);
    Watch.beforeChange(arena, root, soughtHash);
    long record = MemberRecord.create(arena, sought, score);
    try {
      index().insert(soughtHash, record);
    } catch (OutOfArenaException e) {
      arena.free(record);
      throw e;
    }
    try {
      tree().insert(score, record, sought);
    } catch (OutOfArenaException e) {
      index().remove(soughtHash, record);
      arena.free(record);
      throw e;
    }
    arena.putInt(root + COUNT, arena.getInt(root + COUNT) + 1);
    found = true;
    foundRecord = record;
  }

  private void rescore(double score) {
    Watch.beforeChange(arena, arena.getLong(cell), soughtHash);
    double before = MemberRecord.score(arena, foundRecord);
    tree().rankOf(before, sought);
    if (!tree().rescoreInPlace(score, sought)) {
      // Two entries of one record for a moment: what can fail comes first.
      tree().insert(score, foundRecord, sought);
      tree().rankOf(before, sought);
      tree().removeHere(1);
    }
    MemberRecord.setScore(arena, foundRecord, score);
  }

  private long hashOf(long record) {
    MemberRecord.member(arena, record, span);
    return Hashing.hash(arena, span.address(), span.length(), arena.hashSeed());
  }

  /** Checks the invariants of the large form, for tests. */
  void check(String where) {
    if (isPaged(arena.getLong(cell))
        && tree().check(arena.getLong(pagedRoot + TREE), where) != size()) {
      throw new IllegalStateException(where + ": count");
    }
  }
}
