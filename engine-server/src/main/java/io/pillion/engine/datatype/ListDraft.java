package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A list that is put together at once, page by page. On the heap the entries of all pages lie one
 * after the other, then for each page how many bytes and entries it has, then how many pages there
 * are, or {@value #SMALL} for a list that has none, of which follows how many entries it has.
 */
public final class ListDraft extends Draft {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final int SMALL = -1;
  private static final int PAGE_BYTES = 2 * Integer.BYTES;

  /** The most bytes of an element that is laid out on the heap. */
  private static final int MAX_BYTES = 128 << 10;

  private byte[] bytes = new byte[1024];
  private byte[] pageList = new byte[64];
  private int pages;

  /** Where the page at work begins, and where it ends so far. */
  private int start;

  private int end;
  private int entries;
  private long size;

  /** Makes lists in this arena. */
  public ListDraft(Arena arena, TypeLimits limits) {
    this(arena, limits, () -> {});
  }

  /**
   * Makes lists in this arena.
   *
   * @param beforeArena done before anything of the arena is looked at
   */
  public ListDraft(Arena arena, TypeLimits limits, Runnable beforeArena) {
    super(arena, limits, beforeArena);
  }

  /** Begins one. */
  public void begin() {
    if (bytes.length > MAX_KEPT_BYTES) {
      bytes = new byte[1024];
      pageList = new byte[64];
    }
    pages = SMALL;
    start = 0;
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
    boolean fits = ListValue.fits(limits, end - start, entries, entryBytes);
    if (!fits && entries > 0) {
      endPage();
      fits = ListValue.fits(limits, 0, 0, entryBytes);
    }
    if (cell == 0 && (entryBytes > MAX_BYTES || end + entryBytes > MAX_HEAP_BYTES)) {
      toArena();
    }
    size++;
    if (entryBytes > MAX_BYTES) {
      list(cell).addLastPage(element);
      return;
    }
    reserve(entryBytes);
    ListPage.write(bytes, end, head, element);
    end += entryBytes;
    entries++;
    if (!fits) {
      endPage();
    }
  }

  private void reserve(int more) {
    if (bytes.length - end < more) {
      bytes = Arrays.copyOf(bytes, Math.max(end + more, 2 * bytes.length));
    }
  }

  private ListValue list(long at) {
    return new ListValue(arena, at, limits);
  }

  private void toArena() {
    pages = Math.max(pages, 0);
    leaveHeap();
    start = 0;
    end = 0;
  }

  private void endPage() {
    if (cell != 0) {
      list(cell).addLastPage(bytes, start, end - start, entries);
      end = start;
    } else {
      pages = Math.max(pages, 0);
      if (pageList.length < (pages + 1) * PAGE_BYTES) {
        pageList = Arrays.copyOf(pageList, 2 * pageList.length);
      }
      INT.set(pageList, pages * PAGE_BYTES, end - start);
      INT.set(pageList, pages * PAGE_BYTES + Integer.BYTES, entries);
      pages++;
      start = end;
    }
    entries = 0;
  }

  @Override
  public long finish() {
    if (cell != 0 && entries > 0) {
      endPage();
    }
    return super.finish();
  }

  @Override
  void seal() {
    if (pages == SMALL) {
      reserve(PAGE_BYTES);
      INT.set(bytes, end, entries);
      end += Integer.BYTES;
    } else {
      if (entries > 0) {
        endPage();
      }
      int length = pages * PAGE_BYTES;
      reserve(length + Integer.BYTES);
      System.arraycopy(pageList, 0, bytes, end, length);
      end += length;
    }
    INT.set(bytes, end, pages);
    end += Integer.BYTES;
  }

  @Override
  byte[] bytes() {
    return bytes;
  }

  @Override
  int end() {
    return end;
  }

  @Override
  public long make(byte[] from, int at, int length) {
    int last = at + length - Integer.BYTES;
    int count = (int) INT.get(from, last);
    if (count == SMALL) {
      int entriesAt = last - Integer.BYTES;
      int made = (int) INT.get(from, entriesAt);
      return ListPage.create(arena, ListValue.PACKED, from, at, entriesAt - at, made);
    }
    return filled(
        ListValue.createPaged(arena),
        newCell -> {
          ListValue target = list(newCell);
          int page = at;
          for (int i = last - count * PAGE_BYTES; i < last; i += PAGE_BYTES) {
            int pageBytes = (int) INT.get(from, i);
            target.addLastPage(from, page, pageBytes, (int) INT.get(from, i + Integer.BYTES));
            page += pageBytes;
          }
        });
  }

  @Override
  void free(long root) {
    ListValue.free(arena, root);
  }
}
