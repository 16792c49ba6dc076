package io.pillion.engine.persistence;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.PartKeeper;
import io.pillion.engine.datatype.PartWalk;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.keyspace.Values;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Span;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A large collection on its way into a snapshot, as it was when this was made. When it is its turn
 * it is written part by part; what of it changes earlier is gathered in a parcel.
 *
 * <p>The order of fields and members means nothing: what was gathered is written first, and then
 * what has not changed. Elements of lists and pages of streams are put where they belong.
 */
final class FrozenValue implements PartKeeper {
  /** Where its root, or what stands for it, has the number under which it is watched. */
  private long watched;

  private final Arena arena;
  private final int number;
  private final byte[] head;
  private final boolean ordered;
  private final PartWalk walk;

  /** What comes between the parts of a stream, and behind them. */
  private final ArrayDeque<byte[]> heads = new ArrayDeque<>();

  private final long ownBytes;
  private final Spool spool;
  private final RdbOutput out;
  private final RdbOutput gathering;
  private final Parcel parcel;
  private final List<long[]> kept = new ArrayList<>();
  private RdbOutput current;
  private boolean begun;
  private @Nullable ValueType retainedType;
  private long retainedRoot;

  /**
   * What one snapshot's frozen values share: where to write, and where to gather, which are drafts,
   * and where bytes pass that are none.
   */
  record Outputs(
      SnapshotMemory memory,
      Spool spool,
      RdbOutput out,
      RdbOutput gathering,
      RdbOutput copying,
      FieldTtls fieldTtls) {}

  /**
   * Freezes the value of a record, which {@link #isWorthIt}. Its key has been written to where is
   * gathered.
   *
   * @param number of the database, as the snapshot has it
   */
  FrozenValue(
      Arena arena, TypeLimits limits, Database database, int number, long record, Outputs outputs) {
    this.arena = arena;
    this.number = number;
    spool = outputs.spool();
    out = outputs.out();
    gathering = outputs.gathering();
    current = gathering;
    ValueType type = database.type(record);
    long cell = database.rootCell(record);
    watched = Values.watchable(arena, type, arena.getLong(cell));
    ordered = type == ValueType.LIST || type == ValueType.STREAM;
    walk =
        switch (type) {
          case LIST -> list(new ListValue(arena, cell, limits));
          case SET -> set(new SetValue(arena, cell, limits));
          case ZSET -> sortedSet(new SortedSetValue(arena, cell, limits));
          case HASH -> hash(new HashValue(arena, cell, limits), outputs.fieldTtls());
          case STREAM -> stream(new StreamValue(arena, cell, limits));
          case STRING -> throw new IllegalArgumentException("a string has no parts");
        };
    head = gathering.bytes().toByteArray();
    gathering.clear();
    long bytes = walk.bytes();
    if (type == ValueType.STREAM) {
      bytes += gatherHeads(new StreamValue(arena, cell, limits));
    }
    ownBytes = bytes;
    parcel = new Parcel(outputs.memory());
    outputs.memory().use(ownBytes);
  }

  /** Writes what a stream has beside its pages and pending entries; how many bytes. */
  private long gatherHeads(StreamValue stream) {
    StreamHeads writer = new StreamHeads(stream);
    long bytes = 0;
    for (long left = stream.pendingTrees(); left >= 0; left--) {
      writer.writeNext(gathering);
      byte[] piece = gathering.bytes().toByteArray();
      heads.addLast(piece);
      bytes += piece.length + Long.BYTES;
      gathering.clear();
    }
    return bytes;
  }

  /** Whether a value is so large that it is better not written in one go. */
  static boolean isWorthIt(Arena arena, TypeLimits limits, Database database, long record) {
    ValueType type = database.type(record);
    if (type == ValueType.STRING) {
      return false;
    }
    long cell = database.rootCell(record);
    return Values.watchable(arena, type, arena.getLong(cell)) != 0
        && switch (type) {
          case LIST -> new ListValue(arena, cell, limits).size() > ValueWriter.MAX_PACKED_LIST;
          case SET -> new SetValue(arena, cell, limits).size() > MOST_AT_ONCE;
          case ZSET -> new SortedSetValue(arena, cell, limits).size() > MOST_AT_ONCE;
          case HASH -> new HashValue(arena, cell, limits).size() > MOST_AT_ONCE;
          case STREAM -> isWorthIt(new StreamValue(arena, cell, limits));
          case STRING -> false;
        };
  }

  private static boolean isWorthIt(StreamValue stream) {
    return stream.pageCount() > MOST_PAGES_AT_ONCE || stream.pendingCount() > MOST_AT_ONCE;
  }

  private static final int MOST_AT_ONCE = 256;
  private static final int MOST_PAGES_AT_ONCE = 8;

  // --- what is written of each kind

  private PartWalk list(ListValue list) {
    gathering.putLength(list.size());
    return list.walk(
        new ListValue.Visitor() {
          @Override
          public void visit(long element) {
            current.putString(element);
          }

          @Override
          public void visit(Span element) {
            current.putString(element);
          }
        },
        this);
  }

  private PartWalk set(SetValue set) {
    gathering.putLength(set.size());
    return set.walk((member, value, deadline) -> current.putString(member));
  }

  private PartWalk sortedSet(SortedSetValue set) {
    gathering.putLength(set.size());
    return set.walk(
        (member, score) -> {
          current.putString(member);
          current.putLong(Double.doubleToRawLongBits(score));
        });
  }

  private PartWalk hash(HashValue hash, FieldTtls fieldTtls) {
    FieldTtls format = hash.expiringSize() > 0 ? fieldTtls : FieldTtls.NONE;
    long earliest = hash.earliestDeadline();
    format.begin(gathering, hash.size(), earliest);
    return hash.walk(
        (field, value, deadline) -> {
          format.before(current, deadline, earliest);
          current.putString(field);
          current.putString(value);
          format.after(current, deadline);
        });
  }

  private PartWalk stream(StreamValue stream) {
    gathering.putLength(stream.pageCount());
    return stream.walk(
        new StreamWriter.Parts() {
          @Override
          RdbOutput out() {
            return current;
          }

          @Override
          public void beginPending() {
            writeHead();
          }
        },
        this);
  }

  private void writeHead() {
    byte[] piece = heads.removeFirst();
    out.putDraft(piece);
  }

  // --- being watched

  /** Has it told of changes under a number; with 0, no more. */
  void watch(int watch) {
    if (watched != 0) {
      Values.watch(arena, watched, watch);
      walk.watch(watch);
    }
  }

  void rootMoved(long root) {
    watched = root;
    walk.rootMoved(root);
  }

  /** A part is about to change. */
  void beforeChange(long part) {
    if (ordered || begun) {
      walk.beforeChange(part);
    } else {
      current = gathering;
      walk.beforeChange(part);
      gathered();
    }
  }

  /** What is pending in a stream is about to change in one place. */
  void beforePendingChange(long tree, long ms, long seq) {
    walk.beforePendingChange(tree, ms, seq);
  }

  /** What is pending in a group of a stream, or for a consumer, is about to go. */
  void beforePendingGoes(long tree) {
    walk.beforePendingGoes(tree);
  }

  /** Nobody else needs the value any more: whoever ends this gives its memory back. */
  void retain(ValueType type, long root) {
    retainedType = type;
    retainedRoot = root;
  }

  /** The kind of a value that nobody else needs, or null. */
  @Nullable ValueType retainedType() {
    return retainedType;
  }

  long retainedRoot() {
    return retainedRoot;
  }

  // --- being written

  @Override
  public int keep(Runnable action) {
    long from = parcel.size();
    current = gathering;
    action.run();
    gathered();
    kept.add(new long[] {from, parcel.size()});
    return kept.size() - 1;
  }

  private void gathered() {
    current = out;
    gathering.moveTo(parcel);
  }

  @Override
  public void show(int index) {
    out.flush();
    spool.splice(parcel, kept.get(index)[0], kept.get(index)[1], /* last= */ false);
  }

  /** The database that it is in, as the snapshot has it. */
  int number() {
    return number;
  }

  /** Its turn begins. */
  void begin() {
    begun = true;
    current = out;
    out.putDraft(head);
    if (!ordered) {
      out.flush();
      spool.splice(parcel, 0, parcel.size(), /* last= */ true);
    }
  }

  /** Writes some of it; false when all is written. */
  boolean step() {
    if (walk.step()) {
      return true;
    }
    if (!heads.isEmpty()) {
      writeHead();
    }
    if (ordered) {
      out.flush();
      spool.splice(parcel, 0, 0, /* last= */ true);
    }
    return false;
  }

  /** Gives back what it holds of the arena for itself. */
  void end() {
    walk.end();
  }

  /** What it takes beside the parcel. */
  long ownBytes() {
    return ownBytes;
  }
}
