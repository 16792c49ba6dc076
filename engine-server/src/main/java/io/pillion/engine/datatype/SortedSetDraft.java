package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A sorted set that is put together at once, with every score as it is given, -0.0 too: what was
 * dumped is loaded as itself. What becomes a small one is laid out on the heap as it will be when
 * its entries come in their order, as they do from another small one; of any other the heap has the
 * entries as they came.
 */
public final class SortedSetDraft extends Draft {
  private final SeenElements seen;
  private final Bytes member = Bytes.of(new byte[0]);
  private byte[] bytes = new byte[512];
  private @Nullable SortedSetValue set;
  private int layout;
  private int end;
  private int entries;
  private double lastScore;
  private int lastAt;
  private int lastLength;

  /** Makes sorted sets in this arena. */
  public SortedSetDraft(Arena arena, TypeLimits limits) {
    this(arena, limits, () -> {});
  }

  /**
   * Makes sorted sets in this arena.
   *
   * @param beforeArena done before anything of the arena is looked at
   */
  public SortedSetDraft(Arena arena, TypeLimits limits, Runnable beforeArena) {
    super(arena, limits, beforeArena);
    seen = new SeenElements(arena.hashSeed());
  }

  /**
   * Begins one.
   *
   * @param members how many it is said to have
   */
  public void begin(long members) {
    if (bytes.length > MAX_KEPT_BYTES) {
      bytes = new byte[512];
    }
    end = PackedSortedSet.HEADER;
    entries = 0;
    set = null;
    seen.clear();
    boolean small = members <= limits.sortedSetMaxPackedEntries;
    layout = small ? PackedSortedSet.IN_ORDER : PackedSortedSet.LARGE;
  }

  @Override
  public long size() {
    return cell == 0 ? entries : set().size();
  }

  private SortedSetValue set() {
    SortedSetValue view = set;
    if (view == null) {
      view = new SortedSetValue(arena, cell, limits);
      set = view;
    }
    return view;
  }

  /**
   * Adds a member.
   *
   * @param score not NaN
   * @return false when it was there before; {@link #abandon} the set then
   */
  public boolean add(Bytes newMember, double score) {
    if (cell == 0) {
      if (layout == PackedSortedSet.IN_ORDER && !fits(newMember, score)) {
        layout = PackedSortedSet.AS_THEY_COME;
      }
      if ((long) end + newMember.length() + 16 <= MAX_HEAP_BYTES) {
        return append(newMember, score);
      }
      layout = Math.max(layout, PackedSortedSet.AS_THEY_COME);
      leaveHeap();
    }
    return add(set(), newMember, score);
  }

  private static boolean add(SortedSetValue set, Bytes member, double score) {
    if (set.seek(member)) {
      return false;
    }
    set.assignExactly(score);
    return true;
  }

  private boolean fits(Bytes newMember, double score) {
    if (entries >= Math.min(limits.sortedSetMaxPackedEntries, PackedSortedSet.MAX_ENTRIES)
        || newMember.length() > limits.sortedSetMaxPackedBytes
        || (long) end + newMember.length() + 16 > PackedSortedSet.MAX_BYTES) {
      return false;
    }
    if (entries == 0 || lastScore < score) {
      return true;
    }
    return lastScore == score && member.wrap(bytes, lastAt, lastLength).compareTo(newMember) <= 0;
  }

  private boolean append(Bytes newMember, double score) {
    int length = newMember.length();
    if (bytes.length - end < length + 16) {
      bytes = Arrays.copyOf(bytes, Math.max(end + length + 16, 2 * bytes.length));
    }
    int at = PackedSortedSet.writeHead(bytes, end, score, length);
    System.arraycopy(newMember.array(), newMember.offset(), bytes, at, length);
    if (!seen.add(bytes, at, length)) {
      return false;
    }
    lastScore = score;
    lastAt = at;
    lastLength = length;
    end = at + length;
    entries++;
    return true;
  }

  @Override
  void seal() {
    PackedSortedSet.writeHeader(bytes, layout, end, entries);
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
    if (from[at] == PackedSortedSet.IN_ORDER) {
      return block(from, at, length);
    }
    boolean large = from[at] == PackedSortedSet.LARGE;
    return filled(
        large ? SortedSetValue.createPaged(arena) : SortedSetValue.create(arena),
        newCell -> {
          // A new view each time: it remembers what it saw.
          SortedSetValue target = new SortedSetValue(arena, newCell, limits);
          PackedSortedSet.HeapEntries all = new PackedSortedSet.HeapEntries(from, at, length);
          while (all.next()) {
            add(target, all.member(), all.score());
          }
        });
  }

  @Override
  void free(long root) {
    SortedSetValue.free(arena, root);
  }
}
