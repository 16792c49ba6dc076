package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A hash: fields to values, and, for fields that do not stay, the times at which they leave.
 *
 * <p>A hash all of whose fields stay is a {@link PlainHash} and nothing else. The first deadline
 * puts a small block before it, with two roots: the plain hash as it was, and a sorted set of the
 * fields that leave, by deadline. So a deadline costs nothing where there is none, the first one is
 * O(1) however large the hash, what is due is found in order, and reading looks at deadlines only
 * when something is due. Rejected: a deadline within each entry, which must rewrite a large hash
 * for its first one, and needs a second order beside it all the same.
 *
 * <p>The block also keeps what the keyspace needs to be woken: its {@link #timer}, and the {@link
 * #alarm} for which that is set, which is never later than the earliest deadline.
 *
 * <p>A view of what the root block's address in {@code cell} leads to; cheap to make, and can be
 * moved from hash to hash. {@linkplain #asOf As of a moment}, fields that are due are not there,
 * though nobody has removed them yet. Changes either succeed or throw {@link OutOfArenaException}
 * and leave the hash as it was. Spans and entries that it hands out hold until the next call on it.
 */
public final class HashValue {
  /** No deadline: the field stays. */
  public static final long NEVER = -1;

  /** No timer. */
  public static final int NO_TIMER = -1;

  private static final int TIMER = 4;
  private static final int FIELDS = 8;
  private static final int SCHEDULE = 16;
  private static final int ALARM = 24;
  private static final int BLOCK_BYTES = 32;
  private static final int RANDOM_TRIES = 100;

  private final Arena arena;
  private final TypeLimits limits;
  private final PlainHash plain;
  private @Nullable SortedSetValue schedule;
  private long cell;
  private long now;

  /**
   * A view that sees all fields, also those that are due.
   *
   * @param cell the address of the word that holds the root block's address
   */
  public HashValue(Arena arena, long cell, TypeLimits limits) {
    this.arena = arena;
    this.cell = cell;
    this.limits = limits;
    this.plain = new PlainHash(arena, cell, limits);
  }

  /** Moves this view to another hash in the same arena. */
  public HashValue at(long newCell) {
    cell = newCell;
    return this;
  }

  /** Makes this view blind for fields that are due at this moment, in Unix milliseconds. */
  public HashValue asOf(long moment) {
    now = moment;
    return this;
  }

  // --- the whole

  /** Makes an empty hash; returns the address of its root block. */
  public static long create(Arena arena) {
    return PlainHash.create(arena);
  }

  /** Frees all blocks of a hash. O(1) when packed, else O(fields). Its timer is the caller's. */
  public static void free(Arena arena, long root) {
    if (isExpiring(arena, root)) {
      PlainHash.free(arena, arena.getLong(root + FIELDS));
      SortedSetValue.free(arena, arena.getLong(root + SCHEDULE));
      arena.free(root);
    } else {
      PlainHash.free(arena, root);
    }
  }

  /** Whether it has so many blocks that freeing them at once would take long. */
  public static boolean isLarge(Arena arena, long root) {
    return PlainHash.isLarge(arena, isExpiring(arena, root) ? arena.getLong(root + FIELDS) : root);
  }

  /**
   * Frees some blocks of a hash that nobody will look at again, and whose timer is gone.
   *
   * @return whether all are gone
   */
  public static boolean freeSome(Arena arena, long root, Portion portion) {
    if (!isExpiring(arena, root)) {
      return PlainHash.freeSome(arena, root, portion);
    }
    long fields = arena.getLong(root + FIELDS);
    if (fields != 0) {
      if (!PlainHash.freeSome(arena, fields, portion)) {
        return false;
      }
      arena.putLong(root + FIELDS, 0);
    }
    if (!SortedSetValue.freeSome(arena, arena.getLong(root + SCHEDULE), portion)) {
      return false;
    }
    arena.free(root);
    return true;
  }

  /** Copies a hash with its deadlines, but no timer; returns the copy's root block. O(fields). */
  public static long copy(Arena arena, long root, TypeLimits limits) {
    if (!isExpiring(arena, root)) {
      return PlainHash.copy(arena, root);
    }
    long fields = PlainHash.copy(arena, arena.getLong(root + FIELDS));
    long schedule = 0;
    try {
      schedule = SortedSetValue.copy(arena, arena.getLong(root + SCHEDULE), limits);
      return block(arena, fields, schedule);
    } catch (OutOfArenaException full) {
      PlainHash.free(arena, fields);
      if (schedule != 0) {
        SortedSetValue.free(arena, schedule);
      }
      throw full;
    }
  }

  private static long block(Arena arena, long fields, long schedule) {
    long block = arena.allocate(BLOCK_BYTES);
    arena.putLong(block, 0);
    arena.putByte(block, (byte) Layout.EXPIRING);
    arena.putLong(block + FIELDS, fields);
    arena.putLong(block + SCHEDULE, schedule);
    timer(arena, block, NO_TIMER, Long.MAX_VALUE);
    return block;
  }

  private static boolean isExpiring(Arena arena, long root) {
    return arena.getByte(root) == Layout.EXPIRING;
  }

  // --- for whoever wakes the hash

  /** Whether any field may have a deadline; if not, the hash has no timer either. */
  public static boolean mayExpire(Arena arena, long root) {
    return isExpiring(arena, root);
  }

  /** The timer of a hash that may expire, or {@link #NO_TIMER}. */
  public static int timer(Arena arena, long root) {
    return arena.getInt(root + TIMER);
  }

  /** For when its timer is set, in Unix milliseconds; {@link Long#MAX_VALUE} when it is not. */
  public static long alarm(Arena arena, long root) {
    return arena.getLong(root + ALARM);
  }

  /** Remembers a timer, and for when it is set. */
  public static void timer(Arena arena, long root, int timer, long alarm) {
    arena.putInt(root + TIMER, timer);
    arena.putLong(root + ALARM, alarm);
  }

  // --- where things are

  private long root() {
    return arena.getLong(cell);
  }

  private PlainHash plain(long root) {
    return plain.at(isExpiring(arena, root) ? root + FIELDS : cell);
  }

  private SortedSetValue schedule(long root) {
    SortedSetValue view = schedule;
    if (view == null) {
      view = new SortedSetValue(arena, root + SCHEDULE, limits);
      schedule = view;
    }
    return view.at(root + SCHEDULE);
  }

  /** Whether fields may be due at this view's moment. */
  private boolean anyDue(long root) {
    return now != 0 && isExpiring(arena, root) && alarm(arena, root) <= now;
  }

  private boolean isDue(long root, Bytes field) {
    SortedSetValue schedule = schedule(root);
    return schedule.seek(field) && schedule.score() <= now;
  }

  private boolean isDue(long root, Span field) {
    return isDue(root, field.toBytes());
  }

  // --- reading

  /** How many fields it has. O(1), and O(log fields) when some are due. */
  public long size() {
    long root = root();
    long stored = plain(root).size();
    return anyDue(root)
        ? stored - schedule(root).countBelow((double) now, /* orEqual= */ true)
        : stored;
  }

  /**
   * What {@code OBJECT ENCODING} says: {@code listpack} or {@code hashtable}; {@code listpackex}
   * for a small one once a field of it had a deadline.
   */
  public String encoding() {
    long root = root();
    if (plain(root).isPaged()) {
      return "hashtable";
    }
    return isExpiring(arena, root) ? "listpackex" : "listpack";
  }

  /** Moves the span to a field's value; false when there is no such field. */
  public boolean get(Bytes field, Span value) {
    long root = root();
    return plain(root).get(field, value) && !(anyDue(root) && isDue(root, field));
  }

  /** Whether there is such a field. */
  public boolean contains(Bytes field) {
    long root = root();
    return plain(root).contains(field) && !(anyDue(root) && isDue(root, field));
  }

  /** When a field leaves, in Unix milliseconds, or {@link #NEVER}. */
  public long deadline(Bytes field) {
    long root = root();
    if (!isExpiring(arena, root)) {
      return NEVER;
    }
    SortedSetValue schedule = schedule(root);
    return schedule.seek(field) ? (long) schedule.score() : NEVER;
  }

  /** When the first field leaves, in Unix milliseconds, or {@link #NEVER}. O(log fields). */
  public long earliestDeadline() {
    long root = root();
    if (!isExpiring(arena, root)) {
      return NEVER;
    }
    SortedSetValue.Entries first = schedule(root).byRank(0, /* reverse= */ false);
    return first.next() ? (long) first.score() : NEVER;
  }

  /** How many fields have a deadline. O(1). */
  public long expiringSize() {
    long root = root();
    return isExpiring(arena, root) ? schedule(root).size() : 0;
  }

  /** The fields that are due at a moment, the first to leave first. */
  public List<Bytes> due(long moment, int most) {
    List<Bytes> due = new ArrayList<>();
    long root = root();
    if (!isExpiring(arena, root)) {
      return due;
    }
    SortedSetValue.Entries entries = schedule(root).byRank(0, /* reverse= */ false);
    while (due.size() < most && entries.next() && entries.score() <= moment) {
      due.add(entries.member().toBytes());
    }
    return due;
  }

  // --- change

  /**
   * Gives a field a value; the field stays from now on, if it did not.
   *
   * @return whether the field is new
   */
  public boolean put(Bytes field, Bytes value) {
    long root = root();
    if (!isExpiring(arena, root)) {
      return plain.at(cell).put(field, value);
    }
    boolean isNew = plain(root).put(field, value) || (anyDue(root) && isDue(root, field));
    schedule(root).remove(field);
    return isNew;
  }

  /**
   * Gives a field a value, and leaves its deadline as it is.
   *
   * @return whether the field is new
   */
  public boolean putKeepingDeadline(Bytes field, Bytes value) {
    return plain(root()).put(field, value);
  }

  /** Takes a field out; false when it was not there. */
  public boolean remove(Bytes field) {
    long root = root();
    boolean removed = plain(root).remove(field);
    if (removed && isExpiring(arena, root)) {
      schedule(root).remove(field);
    }
    return removed;
  }

  /**
   * Says when a field, which is there, leaves.
   *
   * @param deadline Unix milliseconds, below 2^53
   */
  public void expireAt(Bytes field, long deadline) {
    long root = root();
    plain(root).beforeChange(field);
    if (!isExpiring(arena, root)) {
      long schedule = SortedSetValue.create(arena);
      try {
        arena.putLong(cell, block(arena, root, schedule));
      } catch (OutOfArenaException full) {
        SortedSetValue.free(arena, schedule);
        throw full;
      }
      root = root();
    }
    schedule(root).put(field, (double) deadline);
  }

  /** Lets a field stay; false when it did. */
  public boolean persist(Bytes field) {
    long root = root();
    if (!isExpiring(arena, root)) {
      return false;
    }
    plain(root).beforeChange(field);
    return schedule(root).remove(field);
  }

  // --- a snapshot's walk

  /** Is shown the fields of a hash, or the members of a set, part by part. */
  @FunctionalInterface
  public interface PartVisitor {
    /**
     * Sees one field; the spans are moved afterwards.
     *
     * @param value of no meaning for a set
     * @param deadline when it leaves, in Unix milliseconds, or {@link #NEVER}
     */
    void visit(Span field, Span value, long deadline);
  }

  /** The root of the table of a large hash, or 0. */
  public static long watchable(Arena arena, long root) {
    long fields = isExpiring(arena, root) ? arena.getLong(root + FIELDS) : root;
    return arena.getByte(fields) == Layout.PAGED ? fields : 0;
  }

  /** A walk over this hash, which is a large one, while it changes. */
  public PartWalk walk(PartVisitor visitor) {
    long root = root();
    return new TableWalk(
        arena,
        watchable(arena, root),
        /* pairs= */ true,
        isExpiring(arena, root) ? new SortedSetValue(arena, root + SCHEDULE, limits) : null,
        visitor);
  }

  // --- walks

  /** A walk over all fields: in order of insertion when small, else in no order. */
  public Entries entries() {
    return new Entries();
  }

  /** A walk over all fields; the hash must not change meanwhile. */
  public final class Entries {
    private final long root = root();
    private final boolean anyDue = anyDue(root);
    private final PlainHash.Entries all = plain(root).entries();

    private Entries() {}

    /** Goes to the next field; false after the last. */
    public boolean next() {
      do {
        if (!all.next()) {
          return false;
        }
      } while (anyDue && isDue(root, all.field()));
      return true;
    }

    /** The field; the same span every time. */
    public Span field() {
      return all.field();
    }

    /** Its value; the same span every time. */
    public Span value() {
      return all.value();
    }

    /** When it leaves, in Unix milliseconds, or {@link #NEVER}. */
    public long deadline() {
      return mayExpire(arena, root) ? HashValue.this.deadline(all.field().toBytes()) : NEVER;
    }
  }

  /** Is shown fields and values. */
  @FunctionalInterface
  public interface Visitor {
    /** Sees one field; the spans are moved afterwards. */
    void visit(Span field, Span value);
  }

  /**
   * Visits some fields: a small hash at once, a large one about {@code count} at a time. A field
   * that is there from the first call to the last is visited at least once.
   *
   * @param cursor 0 to begin, then what the last call returned
   * @return the cursor to go on with (an unsigned number), or 0 when all have been visited
   */
  public long scan(long cursor, long count, Visitor visitor) {
    long root = root();
    if (!anyDue(root)) {
      return plain(root).scan(cursor, count, visitor);
    }
    return plain(root)
        .scan(
            cursor,
            count,
            (field, value) -> {
              if (!isDue(root, field)) {
                visitor.visit(field, value);
              }
            });
  }

  /** Whether so many fields are due that {@link #randomEntry} is likely to pass over them all. */
  public boolean isMostlyDue() {
    long root = root();
    return anyDue(root) && size() < plain(root).size() / 16;
  }

  /**
   * Moves the spans to a field chosen at random, each about equally likely. {@link #size} is not 0.
   * O(1) when large, but O(fields) when nearly all are due.
   *
   * @param random gives 64 random bits at a time
   */
  public void randomEntry(LongSupplier random, Span field, Span value) {
    long root = root();
    PlainHash fields = plain(root);
    if (!anyDue(root)) {
      fields.randomEntry(random, field, value);
      return;
    }
    for (int i = 0; i < RANDOM_TRIES; i++) {
      fields.randomEntry(random, field, value);
      if (!isDue(root, field)) {
        return;
      }
    }
    Entries left = entries();
    for (long skip = Math.floorMod(random.getAsLong(), size()); skip >= 0; skip--) {
      left.next();
    }
    field.set(left.field().address(), left.field().length());
    value.set(left.value().address(), left.value().length());
  }
}
