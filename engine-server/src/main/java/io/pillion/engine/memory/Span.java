package io.pillion.engine.memory;

import org.jspecify.annotations.Nullable;

/**
 * A run of bytes in the arena: an element as it lies in its collection. A cursor moves one span
 * over many elements; what a command keeps beyond the cursor's next step, or beyond a change of the
 * collection, it copies with {@link #toBytes()}.
 */
public final class Span {
  private final Arena arena;
  private long address;
  private int length;

  /** A span that points nowhere yet. */
  public Span(Arena arena) {
    this.arena = arena;
  }

  /** Moves this span. */
  public Span set(long newAddress, int newLength) {
    address = newAddress;
    length = newLength;
    return this;
  }

  /** The arena the bytes lie in. */
  public Arena arena() {
    return arena;
  }

  /** Where they begin. */
  public long address() {
    return address;
  }

  /** How many there are. */
  public int length() {
    return length;
  }

  /** A copy on the heap. */
  public Bytes toBytes() {
    return Bytes.of(toByteArray());
  }

  /** A copy on the heap. */
  public byte[] toByteArray() {
    return arena.toByteArray(address, length);
  }

  /** Whether these are the given bytes. */
  public boolean matches(Bytes bytes) {
    return arena.matches(address, length, bytes);
  }

  /** Compares with bytes, unsigned, then by length. */
  public int compareTo(Bytes bytes) {
    return arena.compare(address, length, bytes);
  }

  /** Equal by content. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Span that
        && arena.compare(address, length, that.address, that.length) == 0;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(Hashing.hash(arena, address, length, 0));
  }

  /** The bytes as ISO-8859-1 text. */
  @Override
  public String toString() {
    return toBytes().toString();
  }
}
