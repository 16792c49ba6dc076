package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A walk over the pages of a large stream while it changes, in the order of their ids, which they
 * keep as long as they live; then over what is pending in its groups: {@link PendingWalk}. A page
 * that is about to change or to go is kept under its id, and that of a new one is remembered, so
 * that it is passed over.
 */
final class StreamWalk implements PartWalk {
  /** What is kept of a page that was not there at the beginning. */
  private static final int NOTHING = -1;

  /** About what a walk over one tree takes. */
  private static final long PENDING_WALK_BYTES = 600;

  private final Arena arena;
  private final StreamValue stream;
  private final IdTree pages;
  private final StreamValue.Visitor visitor;
  private final PartKeeper keeper;
  private final TreeMap<StreamId, Integer> kept = new TreeMap<>();
  private final ArrayDeque<PendingWalk> pending = new ArrayDeque<>();

  /** The same by their trees, as long as these are there. */
  private final Map<Long, PendingWalk> pendingByTree = new HashMap<>();

  private final long bytes;

  /** The last page that was shown. */
  private @Nullable StreamId position;

  StreamWalk(
      Arena arena,
      StreamValue stream,
      IdTree pages,
      StreamValue.Visitor visitor,
      PartKeeper keeper) {
    this.arena = arena;
    this.stream = stream;
    this.pages = pages;
    this.visitor = visitor;
    this.keeper = keeper;
    for (int i = 0; i < stream.groupCount(); i++) {
      StreamGroup group = stream.group(i);
      addPending(group.pendingHolder(), group.tree(), /* hasWords= */ true);
      for (int j = 0; j < group.consumerCount(); j++) {
        StreamConsumer consumer = group.consumer(j);
        addPending(consumer.pendingHolder(), consumer.pendingTree(), /* hasWords= */ false);
      }
    }
    bytes = PENDING_WALK_BYTES * pending.size();
  }

  private void addPending(long holder, IdTree tree, boolean hasWords) {
    if (tree.size() > 0) {
      PendingWalk walk = new PendingWalk(holder, tree, hasWords, visitor, keeper);
      pending.addLast(walk);
      pendingByTree.put(holder, walk);
    }
  }

  @Override
  public void watch(int number) {
    for (int i = 0; i < stream.groupCount(); i++) {
      stream.group(i).watch(number);
    }
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void beforePendingChange(long tree, long ms, long seq) {
    PendingWalk walk = pendingByTree.get(tree);
    if (walk != null) {
      walk.beforeChange(ms, seq);
    }
  }

  @Override
  public void beforePendingGoes(long tree) {
    PendingWalk walk = pendingByTree.remove(tree);
    if (walk != null) {
      walk.beforeGoing();
    }
  }

  @Override
  public void end() {
    pending.forEach(PendingWalk::end);
  }

  /**
   * @param part the address of a page; its complement for one that is new
   */
  @Override
  public void beforeChange(long part) {
    long page = part < 0 ? ~part : part;
    StreamId id = new StreamId(StreamPage.ms(arena, page), StreamPage.seq(arena, page));
    if ((position != null && id.compareTo(position) <= 0) || kept.containsKey(id)) {
      return;
    }
    kept.put(id, part < 0 ? NOTHING : keeper.keep(() -> show(page, id)));
  }

  @Override
  public boolean step() {
    StreamId last = position;
    boolean isThere = last == null ? pages.first() : pages.ceiling(last.ms(), last.seq());
    if (isThere && last != null && pages.id().equals(last)) {
      isThere = pages.next();
    }
    Map.Entry<StreamId, Integer> first = kept.firstEntry();
    if (first == null && !isThere) {
      return stepPending();
    }
    if (first != null && (!isThere || first.getKey().compareTo(pages.id()) <= 0)) {
      position = first.getKey();
      kept.pollFirstEntry();
      if (first.getValue() != NOTHING) {
        keeper.show(first.getValue());
      }
    } else {
      StreamId id = pages.id();
      show(pages.word(0), id);
      position = id;
    }
    return true;
  }

  private boolean stepPending() {
    PendingWalk walk = pending.peekFirst();
    if (walk != null && !walk.step()) {
      pending.removeFirst();
      // Another tree may be at its place by now.
      pendingByTree.remove(walk.holder(), walk);
    }
    return walk != null;
  }

  private void show(long page, StreamId id) {
    StreamValue.Entries entries = stream.entries(id, StreamId.MAX, /* reverse= */ false);
    if (!entries.next()) {
      throw new IllegalStateException("a page of a stream has no entries");
    }
    visitor.page(entries, StreamPage.count(arena, page));
  }
}
