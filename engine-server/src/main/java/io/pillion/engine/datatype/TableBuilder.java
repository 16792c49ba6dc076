package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;

/**
 * Makes {@link PageTable}s of entries that are all known at once: each page is made of the size it
 * needs, and nothing is split or moved. One object makes many, one after the other.
 */
final class TableBuilder {
  /** Room for more entries than this is not kept. */
  private static final int MAX_KEPT_ENTRIES = 8192;

  private static final int FIRST_ENTRIES = 512;
  private static final int MAX_PAGES = 1 << PageTable.MAX_NODE_BITS;

  private final Arena arena;
  private final boolean pairs;
  private final Page page;
  private final Bytes key = Bytes.of(new byte[0]);

  // Of each entry: the hash of its key, where it lies, what it takes in a page, and its number in
  // the order of pages.
  private long[] hashes = new long[FIRST_ENTRIES];
  private int[] places = new int[FIRST_ENTRIES];
  private int[] sizes = new int[FIRST_ENTRIES];
  private int[] order = new int[FIRST_ENTRIES];
  private int entries;

  // Of each page.
  private final int[] counts = new int[MAX_PAGES];
  private final int[] bytes = new int[MAX_PAGES];
  private final int[] ends = new int[MAX_PAGES];

  /**
   * @param pairs whether entries have values
   */
  TableBuilder(Arena arena, boolean pairs) {
    this.arena = arena;
    this.pairs = pairs;
    page = new Page(arena, pairs);
  }

  /**
   * Makes a table of a {@link PackedDraft}.
   *
   * @param count how many entries it has
   * @return the root block, or 0 when there are more pages than one node has, or elements that lie
   *     outside of pages
   * @throws OutOfArenaException when it does not fit; nothing is left then
   */
  long build(byte[] from, int at, int length, int count) {
    reserve(count);
    PackedDraft.Elements elements = new PackedDraft.Elements(from, at, length);
    if (!measure(elements)) {
      return 0;
    }
    int bits = 0;
    while (!fits(bits)) {
      if (++bits > PageTable.MAX_NODE_BITS) {
        return 0;
      }
    }
    sort(bits);
    return write(elements, bits);
  }

  private void reserve(int count) {
    boolean tooMuch = hashes.length > MAX_KEPT_ENTRIES && count <= MAX_KEPT_ENTRIES;
    if (count > hashes.length || tooMuch) {
      int room = Math.max(count, FIRST_ENTRIES);
      hashes = new long[room];
      places = new int[room];
      sizes = new int[room];
      order = new int[room];
    }
  }

  /** Notes what is known of each entry; false when an element lies outside of its page. */
  private boolean measure(PackedDraft.Elements elements) {
    long seed = arena.hashSeed();
    entries = 0;
    while (elements.hasNext()) {
      places[entries] = elements.position();
      Bytes element = elements.next(key);
      hashes[entries] = element.hash(seed);
      int size = Page.storedBytes(element.length());
      boolean within = element.length() <= Page.MAX_INLINE;
      if (pairs) {
        int valueLength = elements.next().length();
        size += Page.storedBytes(valueLength);
        within &= valueLength <= Page.MAX_INLINE;
      }
      if (!within) {
        return false;
      }
      sizes[entries++] = size;
    }
    return true;
  }

  /** The page of a hash among as many as these bits tell apart. */
  private static int pageOf(long hash, int bits) {
    return (int) (hash >>> 1 >>> (63 - bits));
  }

  /** Counts what each page has; false when that is too much for one. */
  private boolean fits(int bits) {
    int pages = 1 << bits;
    if (entries > pages * Page.MAX_ENTRIES) {
      return false;
    }
    for (int i = 0; i < pages; i++) {
      counts[i] = 0;
      bytes[i] = 0;
    }
    for (int i = 0; i < entries; i++) {
      int number = pageOf(hashes[i], bits);
      counts[number]++;
      bytes[number] += sizes[i];
    }
    for (int i = 0; i < pages; i++) {
      if (counts[i] > Page.MAX_ENTRIES
          || Page.blockBytes(Page.slotsFor(counts[i]), bytes[i]) > Page.MAX_BYTES) {
        return false;
      }
    }
    return true;
  }

  /** Brings the entries of each page together. */
  private void sort(int bits) {
    int end = 0;
    for (int i = 0; i < 1 << bits; i++) {
      ends[i] = end;
      end += counts[i];
    }
    for (int i = 0; i < entries; i++) {
      order[ends[pageOf(hashes[i], bits)]++] = i;
    }
  }

  private long write(PackedDraft.Elements elements, int bits) {
    int pages = 1 << bits;
    long root = PageTable.createNode(arena, bits, entries);
    boolean complete = false;
    try {
      for (int i = 0; i < pages; i++) {
        int slots = Page.slotsFor(Math.max(1, counts[i]));
        long block = arena.allocate(Page.blockBytes(slots, bytes[i]));
        page.begin(block, slots, bits);
        for (int j = ends[i] - counts[i]; j < ends[i]; j++) {
          int entry = order[j];
          elements.moveTo(places[entry]);
          Bytes first = elements.next(key);
          page.append(hashes[entry], first, 0, pairs ? elements.next() : Bytes.EMPTY, 0);
        }
        PageTable.putPage(arena, root, i, block);
      }
      complete = true;
    } finally {
      if (!complete) {
        PageTable.free(arena, root, pairs);
      }
    }
    return root;
  }
}
