package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Span;
import org.jspecify.annotations.Nullable;

/** A walk over a large hash or set while it changes. */
final class TableWalk extends HashedWalk {
  private final Arena arena;
  private final PageTable table;
  private final @Nullable SortedSetValue schedule;
  private final HashValue.PartVisitor visitor;
  private final boolean pairs;
  private final Span key;
  private final Span value;
  private long root;

  /**
   * @param root where the table is
   * @param schedule when fields leave, or null
   */
  TableWalk(
      Arena arena,
      long root,
      boolean pairs,
      @Nullable SortedSetValue schedule,
      HashValue.PartVisitor visitor) {
    super(PageTable.size(arena, root));
    this.arena = arena;
    this.root = root;
    this.pairs = pairs;
    this.schedule = schedule;
    this.visitor = visitor;
    table = new PageTable(arena, /* cell= */ 0, pairs);
    key = new Span(arena);
    value = new Span(arena);
  }

  @Override
  public void rootMoved(long newRoot) {
    root = newRoot;
  }

  @Override
  int seek(long hash) {
    table.locateFrom(root, hash);
    return table.page.depth;
  }

  @Override
  int count() {
    return table.page.count;
  }

  @Override
  void open(int index) {
    table.page.entry(index);
  }

  @Override
  long hash() {
    return table.page.hash(arena.hashSeed());
  }

  @Override
  void show() {
    key.set(table.page.keyAddress, table.page.keyLength);
    if (pairs) {
      value.set(table.page.valueAddress, table.page.valueLength);
    }
    long deadline = HashValue.NEVER;
    if (schedule != null && schedule.seek(key.toBytes())) {
      deadline = (long) schedule.score();
    }
    visitor.visit(key, value, deadline);
  }
}
