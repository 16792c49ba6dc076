package io.pillion.engine.datatype;

import java.util.Map;
import java.util.TreeMap;

/**
 * A walk over what is pending in a group of a stream, or for a consumer, while it changes, in the
 * order of the ids.
 *
 * <p>Before an entry changes, the ids of the leaf in which it is, as far as they were neither shown
 * nor kept, become a range that is kept. So outside of the ranges the tree is as it was at the
 * beginning, whatever became of its leaves; what is behind the last id of then is never looked at.
 * When all entries go at once, as with their group, nothing is kept: the walk takes the nodes over.
 */
final class PendingWalk {
  /** What is kept of a range that had no entries. */
  private static final int NOTHING = -1;

  /** The end of a range, and the number under which it is kept. */
  private record Range(StreamId last, int number) {}

  private final long holder;
  private final IdTree tree;
  private final boolean hasWords;
  private final StreamValue.Visitor visitor;
  private final PartKeeper keeper;
  private final StreamId end;

  /** By their first ids; none before {@link #next}. */
  private final TreeMap<StreamId, Range> kept = new TreeMap<>();

  /** The least id that was not shown. */
  private StreamId next = StreamId.MIN;

  private boolean begun;
  private boolean done;

  /**
   * @param tree with at least one entry
   * @param hasWords whether it is that of a group
   */
  PendingWalk(
      long holder, IdTree tree, boolean hasWords, StreamValue.Visitor visitor, PartKeeper keeper) {
    this.holder = holder;
    this.tree = tree;
    this.hasWords = hasWords;
    this.visitor = visitor;
    this.keeper = keeper;
    tree.last();
    end = tree.id();
  }

  long holder() {
    return holder;
  }

  /** Shows some entries; false when all were shown. */
  boolean step() {
    if (!begun) {
      begun = true;
      visitor.beginPending();
    }
    Map.Entry<StreamId, Range> first = kept.firstEntry();
    if (first == null || !first.getKey().equals(next)) {
      moveBehind(show(next, first == null ? end : first.getKey().previous()));
    } else {
      kept.pollFirstEntry();
      if (first.getValue().number != NOTHING) {
        keeper.show(first.getValue().number);
      }
      moveBehind(first.getValue().last);
    }
    if (done) {
      tree.freeTaken();
    }
    return !done;
  }

  private void moveBehind(StreamId id) {
    if (id.compareTo(end) >= 0) {
      done = true;
    } else {
      next = id.next();
    }
  }

  /** Shows entries between two ids, as many as a leaf has at most; up to where it has. */
  private StreamId show(StreamId from, StreamId to) {
    boolean more = tree.ceiling(from.ms(), from.seq());
    for (int i = 0; i < IdTree.MAX_ENTRIES; i++) {
      long ms = more ? tree.ms() : 0;
      long seq = more ? tree.seq() : 0;
      if (!more || StreamId.compare(ms, seq, to.ms(), to.seq()) > 0) {
        return to;
      }
      if (hasWords) {
        visitor.pending(ms, seq, tree.word(StreamGroup.TIME), tree.word(StreamGroup.DELIVERIES));
      } else {
        visitor.pending(ms, seq);
      }
      if (i == IdTree.MAX_ENTRIES - 1) {
        return new StreamId(ms, seq);
      }
      more = tree.next();
    }
    throw new AssertionError();
  }

  /** An entry is about to be added, to change or to go. */
  void beforeChange(long ms, long seq) {
    if (done
        || StreamId.compare(ms, seq, next.ms(), next.seq()) < 0
        || StreamId.compare(ms, seq, end.ms(), end.seq()) > 0) {
      return;
    }
    StreamId id = new StreamId(ms, seq);
    Map.Entry<StreamId, Range> before = kept.floorEntry(id);
    if (before != null && id.compareTo(before.getValue().last) <= 0) {
      return;
    }
    StreamId behind = kept.higherKey(id);
    keepLeaf(
        id,
        before == null ? next : before.getValue().last.next(),
        behind == null ? end : behind.previous());
  }

  /** Keeps the leaf of an id, as far as it is between two others. */
  private void keepLeaf(StreamId id, StreamId least, StreamId most) {
    StreamId from = tree.leafFrom(id.ms(), id.seq());
    StreamId first = from.compareTo(least) < 0 ? least : from;
    StreamId to = tree.leafTo(id.ms(), id.seq());
    StreamId last = to.compareTo(most) > 0 ? most : to;
    boolean isEmpty = !tree.ceiling(first.ms(), first.seq()) || tree.id().compareTo(last) > 0;
    int number = isEmpty ? NOTHING : keeper.keep(() -> show(first, last));
    kept.put(first, new Range(last, number));
  }

  /** All entries are about to go: they become the walk's own, which are shown when it is time. */
  void beforeGoing() {
    if (!done) {
      tree.take();
    }
  }

  /** Gives back what is its own; nothing more is shown. */
  void end() {
    done = true;
    tree.freeTaken();
  }
}
