package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import org.jspecify.annotations.Nullable;

/** A set that is put together at once. */
public final class SetDraft extends Draft {
  /** Beside {@link Layout}: integers in ascending order, whose width is the second byte. */
  private static final int ASCENDING = 16;

  private final PackedDraft packed;
  private @Nullable TableBuilder builder;
  private @Nullable SetValue set;
  private long expected;
  private int layout;
  private int width;

  /** Makes sets in this arena. */
  public SetDraft(Arena arena, TypeLimits limits) {
    this(arena, limits, () -> {});
  }

  /**
   * Makes sets in this arena.
   *
   * @param beforeArena done before anything of the arena is looked at
   */
  public SetDraft(Arena arena, TypeLimits limits, Runnable beforeArena) {
    super(arena, limits, beforeArena);
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
    layout = Layout.PACKED;
  }

  @Override
  public long size() {
    return cell == 0 ? packed.entries() : set(cell).size();
  }

  private SetValue set(long at) {
    SetValue view = set;
    if (view == null) {
      view = new SetValue(arena, at, limits);
      set = view;
    }
    return view.at(at);
  }

  /**
   * Adds a member.
   *
   * @return false when it was there before; {@link #abandon} the set then
   */
  public boolean add(Bytes member) {
    int length = member.length();
    if (cell == 0) {
      if (packed.entries() == 0 && expected > 0) {
        layout = layoutFor(member);
      }
      if (layout == Layout.PACKED
          && (packed.entries() >= limits.setMaxPackedEntries
              || length > limits.setMaxPackedBytes)) {
        layout = Layout.PAGED;
      }
      if (packed.hasRoom(length)) {
        return packed.addFirst(member);
      }
      if (layout == Layout.PACKED) {
        layout = Layout.PAGED;
      }
      leaveHeap();
    }
    return set(cell).add(member);
  }

  /** The layout that many members and the first of them ask for: see {@link SetValue#expect}. */
  private int layoutFor(Bytes first) {
    boolean integer = Integers.isInteger(first);
    if (integer && expected <= limits.setMaxIntegers) {
      return Layout.INTEGERS;
    }
    return expected > limits.setMaxPackedEntries ? Layout.PAGED : Layout.PACKED;
  }

  /**
   * Makes it a set of integers.
   *
   * @param bytes the integers, the lowest byte of each first
   * @param newWidth how many bytes each has: 2, 4 or 8
   * @return false when they do not ascend, which they should; {@link #abandon} the set then
   */
  public boolean integers(Bytes bytes, int newWidth) {
    int count = bytes.length() / newWidth;
    for (int i = 1; i < count; i++) {
      if (Integers.get(bytes, newWidth, i - 1) >= Integers.get(bytes, newWidth, i)) {
        return false;
      }
    }
    expected = 0;
    if (count <= limits.setMaxIntegers && packed.hasRoom(bytes.length())) {
      layout = ASCENDING;
      width = newWidth;
      packed.fill(bytes, count);
      return true;
    }
    layout = count <= limits.setMaxIntegers ? Layout.INTEGERS : Layout.PAGED;
    for (int i = 0; i < count; i++) {
      add(Bytes.of(Integers.get(bytes, newWidth, i)));
    }
    return true;
  }

  @Override
  void seal() {
    packed.seal(layout);
    if (layout == ASCENDING) {
      packed.bytes()[1] = (byte) width;
    }
  }

  @Override
  byte[] bytes() {
    return packed.bytes();
  }

  @Override
  int end() {
    return packed.end();
  }

  @Override
  public long make(byte[] from, int at, int length) {
    return switch (from[at]) {
      case Layout.PACKED -> block(from, at, length);
      case ASCENDING -> {
        int header = Packed.HEADER_BYTES;
        yield Integers.of(arena, Bytes.of(from, at + header, length - header), from[at + 1]);
      }
      default -> add(from, at, length);
    };
  }

  private long add(byte[] from, int at, int length) {
    boolean paged = from[at] == Layout.PAGED;
    if (paged) {
      long built = builder().build(from, at, length, PackedDraft.entries(from, at));
      if (built != 0) {
        return built;
      }
    }
    return filled(
        paged ? SetValue.createPaged(arena) : SetValue.create(arena),
        newCell -> {
          SetValue target = set(newCell);
          PackedDraft.Elements elements = new PackedDraft.Elements(from, at, length);
          while (elements.hasNext()) {
            target.add(elements.next());
          }
        });
  }

  private TableBuilder builder() {
    TableBuilder known = builder;
    if (known == null) {
      known = new TableBuilder(arena, /* pairs= */ false);
      builder = known;
    }
    return known;
  }

  @Override
  void free(long root) {
    SetValue.free(arena, root);
  }
}
