package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import org.jspecify.annotations.Nullable;

/** A set that is put together at once. */
public final class SetDraft extends Draft {
  private final PackedDraft packed;
  private long expected;
  private @Nullable SetValue set;
  private boolean empty;

  /** Makes sets in this arena. */
  public SetDraft(Arena arena, TypeLimits limits) {
    super(arena, limits);
    packed = new PackedDraft(arena.hashSeed());
  }

  /**
   * Begins one.
   *
   * @param members how many it is said to have, or 0 when it is known to have been packed, which it
   *     remains then even if all are integers
   */
  public void begin(long members) {
    packed.clear();
    expected = members;
    empty = true;
  }

  @Override
  public long size() {
    return cell == 0 ? packed.entries() : set().size();
  }

  private SetValue set() {
    SetValue view = set;
    if (view == null) {
      view = new SetValue(arena, cell, limits);
      set = view;
    }
    return view.at(cell);
  }

  /**
   * Adds a member.
   *
   * @return false when it was there before; {@link #abandon} the set then
   */
  public boolean add(Bytes member) {
    if (empty) {
      empty = false;
      begin(member);
    }
    if (cell != 0) {
      return set().add(member);
    }
    if (packed.entries() < limits.setMaxPackedEntries
        && member.length() <= limits.setMaxPackedBytes
        && packed.used() + (long) member.length() <= Packed.MAX_BYTES) {
      return packed.addFirst(member);
    }
    page();
    return set().add(member);
  }

  /** Chooses the layout that many members and the first of them ask for. */
  private void begin(Bytes first) {
    if (expected > 0 && (expected > limits.setMaxPackedEntries || Integers.isInteger(first))) {
      create(Integers.create(arena));
      set().expect(first, (int) Math.min(expected, Integer.MAX_VALUE));
    }
  }

  private void create(long root) {
    try {
      cell = arena.allocate(Long.BYTES);
    } catch (RuntimeException e) {
      arena.free(root);
      throw e;
    }
    arena.putLong(cell, root);
  }

  private void page() {
    create(Integers.create(arena));
    PackedDraft.Elements elements = packed.new Elements();
    SetValue set = set();
    set.page();
    while (elements.hasNext()) {
      set.add(elements.next());
    }
  }

  /**
   * Makes it a set of integers.
   *
   * @param bytes the integers, the lowest byte of each first
   * @param width how many bytes each has: 2, 4 or 8
   * @return false when they do not ascend, which they should; {@link #abandon} the set then
   */
  public boolean integers(Bytes bytes, int width) {
    empty = false;
    int count = bytes.length() / width;
    for (int i = 1; i < count; i++) {
      if (Integers.get(bytes, width, i - 1) >= Integers.get(bytes, width, i)) {
        return false;
      }
    }
    if (count <= limits.setMaxIntegers) {
      create(Integers.of(arena, bytes, width));
      return true;
    }
    create(Integers.create(arena));
    SetValue set = set();
    set.page();
    for (int i = 0; i < count; i++) {
      set.add(Bytes.of(Integers.get(bytes, width, i)));
    }
    return true;
  }

  @Override
  long write() {
    return packed.write(arena);
  }

  @Override
  void free(long root) {
    SetValue.free(arena, root);
  }
}
