package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import org.jspecify.annotations.Nullable;

/** A hash that is put together at once: each field, then its value. */
public final class HashDraft extends Draft {
  /** The longest field name whose room is kept for the next hash. */
  private static final int MAX_KEPT_BYTES = 64 << 10;

  private final PackedDraft packed;
  private final Bytes field = Bytes.of(new byte[64]);
  private @Nullable PageTable table;
  private boolean isNew;

  /** Makes hashes in this arena. */
  public HashDraft(Arena arena, TypeLimits limits) {
    super(arena, limits);
    packed = new PackedDraft(arena.hashSeed());
  }

  /**
   * Begins one.
   *
   * @param fields how many fields it is said to have
   */
  public void begin(long fields) {
    packed.clear();
    if (field.array().length > MAX_KEPT_BYTES) {
      field.wrap(new byte[64], 0, 0);
    }
    if (fields > limits.hashMaxPackedEntries) {
      page();
    }
  }

  @Override
  public long size() {
    return cell == 0 ? packed.entries() : table().size();
  }

  /** Says which field comes next. */
  public void field(Bytes newField) {
    keep(newField);
    if (cell == 0
        && (newField.length() > limits.hashMaxPackedBytes
            || packed.entries() >= limits.hashMaxPackedEntries
            || packed.used() + (long) newField.length() > Packed.MAX_BYTES)) {
      page();
    }
    isNew = cell != 0 || packed.addFirst(newField);
  }

  private void keep(Bytes newField) {
    int length = newField.length();
    byte[] array = field.array();
    if (length > array.length) {
      array = new byte[length];
    }
    System.arraycopy(newField.array(), newField.offset(), array, 0, length);
    field.wrap(array, 0, length);
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
    if (cell != 0) {
      return table().put(field, value);
    }
    if (value.length() <= limits.hashMaxPackedBytes
        && packed.used() + (long) value.length() <= Packed.MAX_BYTES) {
      packed.append(value);
      return true;
    }
    packed.removeFirst(field);
    page();
    return table().put(field, value);
  }

  private PageTable table() {
    PageTable view = table;
    if (view == null) {
      view = new PageTable(arena, cell, /* pairs= */ true);
      table = view;
    }
    return view.at(cell);
  }

  private void page() {
    long newCell = arena.allocate(Long.BYTES);
    arena.putLong(newCell, 0);
    cell = newCell;
    arena.putLong(newCell, PageTable.create(arena));
    PageTable table = table();
    PackedDraft.Elements elements = packed.new Elements();
    Bytes key = Bytes.of(new byte[0]);
    while (elements.hasNext()) {
      table.put(elements.next(key), elements.next());
    }
  }

  @Override
  long write() {
    return packed.write(arena);
  }

  @Override
  void free(long root) {
    PageTable.free(arena, root, /* pairs= */ true);
  }
}
