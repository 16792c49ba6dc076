package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Span;
import java.util.HashMap;
import java.util.Map;

/**
 * A walk over a large list while it changes. It follows the links from page to page as they were at
 * the beginning: a page whose elements or link are about to change is kept, with its link, under
 * its address. A page that is new, or was shown, may be kept too, but nothing leads there any more.
 */
final class ListWalk implements PartWalk {
  private final Arena arena;
  private final ListValue.Visitor visitor;
  private final PartKeeper keeper;
  private final Span span;
  private final Map<Long, Kept> kept = new HashMap<>();
  private long page;

  private record Kept(int number, long next) {}

  ListWalk(Arena arena, long firstPage, ListValue.Visitor visitor, PartKeeper keeper) {
    this.arena = arena;
    this.visitor = visitor;
    this.keeper = keeper;
    page = firstPage;
    span = new Span(arena);
  }

  @Override
  public void beforeChange(long changing) {
    if (!kept.containsKey(changing)) {
      int number = keeper.keep(() -> show(changing));
      kept.put(changing, new Kept(number, ListPage.next(arena, changing)));
    }
  }

  @Override
  public boolean step() {
    if (page == 0) {
      return false;
    }
    Kept before = kept.get(page);
    if (before != null) {
      keeper.show(before.number);
      page = before.next;
    } else {
      show(page);
      page = ListPage.next(arena, page);
    }
    return true;
  }

  private void show(long shown) {
    int end = ListPage.end(arena, shown);
    for (int at = ListPage.start(arena, shown); at < end; ) {
      int head = ListPage.head(arena, shown, at);
      if (ListPage.isInteger(head)) {
        visitor.visit(ListPage.integer(arena, shown, at, head));
      } else {
        visitor.visit(ListPage.bytes(arena, shown, at, head, span));
      }
      at = ListPage.offsetBehind(arena, shown, at);
    }
  }
}
