package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.util.Arrays;

/** A list that is put together at once, page by page. */
public final class ListDraft extends Draft {
  /** The most bytes of an element that is laid out on the heap. */
  private static final int MAX_BYTES = 128 << 10;

  private byte[] bytes = new byte[1024];
  private int end;
  private int entries;
  private long size;

  /** Makes lists in this arena. */
  public ListDraft(Arena arena, TypeLimits limits) {
    super(arena, limits);
  }

  /** Begins one. */
  public void begin() {
    end = 0;
    entries = 0;
    size = 0;
  }

  @Override
  public long size() {
    return size;
  }

  /** Adds an element behind the others. */
  public void add(Bytes element) {
    int head = ListPage.headOf(element);
    int entryBytes = ListPage.entryBytes(head);
    boolean fits = ListValue.fits(limits, end, entries, entryBytes);
    if (!fits && entries > 0) {
      addPage();
      fits = ListValue.fits(limits, 0, 0, entryBytes);
    }
    size++;
    if (entryBytes > MAX_BYTES) {
      list().addLastPage(element);
      return;
    }
    if (bytes.length - end < entryBytes) {
      bytes = Arrays.copyOf(bytes, Math.max(end + entryBytes, 2 * bytes.length));
    }
    ListPage.write(bytes, end, head, element);
    end += entryBytes;
    entries++;
    if (!fits) {
      addPage();
    }
  }

  private ListValue list() {
    if (cell == 0) {
      long newCell = arena.allocate(Long.BYTES);
      try {
        arena.putLong(newCell, ListValue.createPaged(arena));
      } catch (RuntimeException e) {
        arena.free(newCell);
        throw e;
      }
      cell = newCell;
    }
    return new ListValue(arena, cell, limits);
  }

  private void addPage() {
    list().addLastPage(bytes, end, entries);
    end = 0;
    entries = 0;
  }

  @Override
  public long finish() {
    if (cell != 0 && entries > 0) {
      addPage();
    }
    return super.finish();
  }

  @Override
  long write() {
    return ListPage.create(arena, ListValue.PACKED, bytes, end, entries);
  }

  @Override
  void free(long root) {
    ListValue.free(arena, root);
  }
}
