package io.pillion.engine.datatype;

import io.pillion.engine.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A {@link Packed} record that is put together on the heap, or one of the same form that has more
 * entries than such a record is to have: the first byte tells what is to become of it.
 */
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
    if (bytes.length > Draft.MAX_KEPT_BYTES) {
      bytes = new byte[512];
    }
    end = Packed.HEADER_BYTES;
    entries = 0;
    seen.clear();
  }

  byte[] bytes() {
    return bytes;
  }

  int end() {
    return end;
  }

  int entries() {
    return entries;
  }

  /** The bytes used after the header. */
  int used() {
    return end - Packed.HEADER_BYTES;
  }

  /** Whether so many bytes of another element may be added. */
  boolean hasRoom(int length) {
    return used() + (long) length <= Packed.MAX_BYTES;
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
    reserve(length + 5);
    int at = end;
    int left = length;
    for (; left >>> 7 != 0; left >>>= 7) {
      bytes[at++] = (byte) (left | 0x80);
    }
    bytes[at++] = (byte) left;
    System.arraycopy(element.array(), element.offset(), bytes, at, length);
    end = at + length;
  }

  private void reserve(int length) {
    if (bytes.length - end < length) {
      bytes = Arrays.copyOf(bytes, Math.max(end + length, 2 * bytes.length));
    }
  }

  /** Takes the last entry out, of which only the first element is there; returns that one. */
  Bytes removeFirst(int length) {
    Bytes element = Bytes.of(bytes, end - length, length).copy();
    end -= Packed.size(element);
    entries--;
    return element;
  }

  /** Makes it so many entries of bytes that are no {@link Packed} record. */
  void fill(Bytes content, int newEntries) {
    clear();
    reserve(content.length());
    System.arraycopy(content.array(), content.offset(), bytes, end, content.length());
    end += content.length();
    entries = newEntries;
  }

  /** How many entries a sealed draft has, wherever its bytes lie. */
  static int entries(byte[] bytes, int at) {
    return (int) ((long) LONG.get(bytes, at) >>> 32);
  }

  /** Writes the header, with this for its first byte. */
  void seal(int layout) {
    LONG.set(bytes, 0, Packed.header(layout, used(), entries));
  }

  /** A walk over the elements of such a draft, wherever its bytes lie. */
  static final class Elements {
    private final Bytes element;
    private final byte[] bytes;
    private final int end;
    private int at;

    Elements(byte[] bytes, int at, int length) {
      this.bytes = bytes;
      this.at = at + Packed.HEADER_BYTES;
      end = at + length;
      element = Bytes.of(bytes, at, 0);
    }

    /** Whether there is another. */
    boolean hasNext() {
      return at < end;
    }

    /** Where the next element lies. */
    int position() {
      return at;
    }

    /** Moves to before an element, of which {@link #position} has told where it lies. */
    void moveTo(int position) {
      at = position;
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
