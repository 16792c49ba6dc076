package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A {@link Packed} record that is put together on the heap. */
final class PackedDraft {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final SeenElements seen;
  private byte[] bytes = new byte[512];
  private int end;
  private int entries;

  PackedDraft(long seed) {
    seen = new SeenElements(seed);
    clear();
  }

  /** Begins again. */
  void clear() {
    end = Packed.HEADER_BYTES;
    entries = 0;
    seen.clear();
  }

  int entries() {
    return entries;
  }

  /** The bytes used after the header. */
  int used() {
    return end - Packed.HEADER_BYTES;
  }

  /**
   * Adds the first element of an entry.
   *
   * @return false when there is an entry of it; the draft is as it was then
   */
  boolean addFirst(Bytes element) {
    int before = end;
    append(element);
    if (!seen.add(bytes, end - element.length(), element.length())) {
      end = before;
      return false;
    }
    entries++;
    return true;
  }

  /** Adds another element to the entry. */
  void append(Bytes element) {
    int length = element.length();
    if (bytes.length - end < length + 5) {
      bytes = Arrays.copyOf(bytes, Math.max(end + length + 5, 2 * bytes.length));
    }
    int at = end;
    int left = length;
    for (; left >>> 7 != 0; left >>>= 7) {
      bytes[at++] = (byte) (left | 0x80);
    }
    bytes[at++] = (byte) left;
    System.arraycopy(element.array(), element.offset(), bytes, at, length);
    end = at + length;
  }

  /** Takes the last entry out, of which only the first element is there. */
  void removeFirst(Bytes element) {
    end -= Packed.size(element);
    entries--;
  }

  /** Makes a block of it, and returns its address. */
  long write(Arena arena) {
    LONG.set(bytes, 0, Packed.header(used(), entries));
    long root = arena.allocate(end);
    arena.copyIn(root, bytes, 0, end);
    return root;
  }

  /** A walk over the elements. */
  final class Elements {
    private final Bytes element = Bytes.of(bytes);
    private int at = Packed.HEADER_BYTES;

    /** Whether there is another. */
    boolean hasNext() {
      return at < end;
    }

    /** The next element; the same view every time. */
    Bytes next() {
      return next(element);
    }

    /** Moves a view to the next element. */
    Bytes next(Bytes view) {
      int length = 0;
      int shift = 0;
      byte b;
      do {
        b = bytes[at++];
        length |= (b & 0x7F) << shift;
        shift += 7;
      } while (b < 0);
      view.wrap(bytes, at, length);
      at += length;
      return view;
    }
  }
}
