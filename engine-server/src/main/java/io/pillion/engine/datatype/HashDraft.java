package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import org.jspecify.annotations.Nullable;

/** A hash that is put together at once: each field, then its value. */
public final class HashDraft extends Draft {
  private final PackedDraft packed;
  private @Nullable TableBuilder builder;
  private final Bytes key = Bytes.of(new byte[0]);
  private Bytes field = Bytes.EMPTY;
  private @Nullable PageTable table;
  private int fieldLength;
  private boolean paged;
  private boolean isNew;

  /** Makes hashes in this arena. */
  public HashDraft(Arena arena, TypeLimits limits) {
    this(arena, limits, () -> {});
  }

  /**
   * Makes hashes in this arena.
   *
   * @param beforeArena done before anything of the arena is looked at
   */
  public HashDraft(Arena arena, TypeLimits limits, Runnable beforeArena) {
    super(arena, limits, beforeArena);
    packed = new PackedDraft(arena.hashSeed());
  }

  /**
   * Begins one.
   *
   * @param fields how many fields it is said to have
   */
  public void begin(long fields) {
    packed.clear();
    field = Bytes.EMPTY;
    paged = fields > limits.hashMaxPackedEntries;
  }

  @Override
  public long size() {
    return cell == 0 ? packed.entries() : table(cell).size();
  }

  /** Says which field comes next. */
  public void field(Bytes newField) {
    int length = newField.length();
    if (cell == 0 && !packed.hasRoom(length)) {
      page();
    }
    if (cell != 0) {
      field = newField.copy();
      isNew = true;
      return;
    }
    if (length > limits.hashMaxPackedBytes || packed.entries() >= limits.hashMaxPackedEntries) {
      paged = true;
    }
    fieldLength = length;
    isNew = packed.addFirst(newField);
  }

  /**
   * Says the field's value.
   *
   * @return false when the field was there before; {@link #abandon} the hash then
   */
  public boolean value(Bytes value) {
    if (!isNew) {
      return false;
    }
    if (cell == 0 && !packed.hasRoom(value.length())) {
      field = packed.removeFirst(fieldLength);
      page();
    }
    if (cell != 0) {
      return table(cell).put(field, value);
    }
    if (value.length() > limits.hashMaxPackedBytes) {
      paged = true;
    }
    packed.append(value);
    return true;
  }

  private void page() {
    paged = true;
    leaveHeap();
  }

  private PageTable table(long at) {
    PageTable view = table;
    if (view == null) {
      view = new PageTable(arena, at, /* pairs= */ true);
      table = view;
    }
    return view.at(at);
  }

  @Override
  void seal() {
    packed.seal(paged ? Layout.PAGED : Layout.PACKED);
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
    if (from[at] == Layout.PACKED) {
      return block(from, at, length);
    }
    long built = builder().build(from, at, length, PackedDraft.entries(from, at));
    if (built != 0) {
      return built;
    }
    return filled(
        PageTable.create(arena),
        newCell -> {
          PageTable target = table(newCell);
          PackedDraft.Elements elements = new PackedDraft.Elements(from, at, length);
          while (elements.hasNext()) {
            target.put(elements.next(key), elements.next());
          }
        });
  }

  private TableBuilder builder() {
    TableBuilder known = builder;
    if (known == null) {
      known = new TableBuilder(arena, /* pairs= */ true);
      builder = known;
    }
    return known;
  }

  @Override
  void free(long root) {
    HashValue.free(arena, root);
  }
}
