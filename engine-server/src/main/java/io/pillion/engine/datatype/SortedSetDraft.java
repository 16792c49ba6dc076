package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A sorted set that is put together at once. It is laid out on the heap while it is small and its
 * entries come in their order, as they do from another small one.
 */
public final class SortedSetDraft extends Draft {
  private final SeenElements seen;
  private final Bytes member = Bytes.of(new byte[0]);
  private byte[] bytes = new byte[512];
  private @Nullable SortedSetValue set;
  private int end;
  private int entries;
  private double lastScore;
  private int lastAt;
  private int lastLength;

  /** Makes sorted sets in this arena. */
  public SortedSetDraft(Arena arena, TypeLimits limits) {
    super(arena, limits);
    seen = new SeenElements(arena.hashSeed());
  }

  /**
   * Begins one.
   *
   * @param members how many it is said to have
   */
  public void begin(long members) {
    end = PackedSortedSet.HEADER;
    entries = 0;
    seen.clear();
    if (members > limits.sortedSetMaxPackedEntries) {
      leaveHeap();
      set().page();
    }
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
    if (cell == 0 && !fits(newMember, score)) {
      leaveHeap();
    }
    if (cell == 0) {
      return append(newMember, score);
    }
    SortedSetValue set = set();
    if (set.seek(newMember)) {
      return false;
    }
    set.assign(score);
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

  /** Moves what there is so far into the arena. */
  private void leaveHeap() {
    long newCell = arena.allocate(Long.BYTES);
    try {
      arena.putLong(newCell, PackedSortedSet.write(arena, bytes, end, entries));
    } catch (RuntimeException e) {
      arena.free(newCell);
      throw e;
    }
    cell = newCell;
    set = null;
  }

  @Override
  long write() {
    return PackedSortedSet.write(arena, bytes, end, entries);
  }

  @Override
  void free(long root) {
    SortedSetValue.free(arena, root);
  }
}
