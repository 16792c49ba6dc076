package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A walk over the pages of a large stream while it changes, in the order of their ids, which they
 * keep as long as they live. A page that is about to change or to go is kept under its id, and that
 * of a new one is remembered, so that it is passed over.
 */
final class StreamWalk implements PartWalk {
  /** What is kept of a page that was not there at the beginning. */
  private static final int NOTHING = -1;

  private final Arena arena;
  private final StreamValue stream;
  private final IdTree pages;
  private final StreamValue.PageVisitor visitor;
  private final PartKeeper keeper;
  private final TreeMap<StreamId, Integer> kept = new TreeMap<>();

  /** The last page that was shown. */
  private @Nullable StreamId position;

  StreamWalk(
      Arena arena,
      StreamValue stream,
      IdTree pages,
      StreamValue.PageVisitor visitor,
      PartKeeper keeper) {
    this.arena = arena;
    this.stream = stream;
    this.pages = pages;
    this.visitor = visitor;
    this.keeper = keeper;
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
      return false;
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

  private void show(long page, StreamId id) {
    StreamValue.Entries entries = stream.entries(id, StreamId.MAX, /* reverse= */ false);
    if (!entries.next()) {
      throw new IllegalStateException("a page of a stream has no entries");
    }
    visitor.visit(entries, StreamPage.count(arena, page));
  }
}
