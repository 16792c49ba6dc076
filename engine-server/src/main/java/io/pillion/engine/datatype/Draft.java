package io.pillion.engine.datatype;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.OutOfArenaException;
import java.util.function.LongConsumer;

/**
 * A collection that is put together at once, as when it is loaded, and becomes what commands would
 * have made of the same elements, without the moves that growth by single elements takes. It lies
 * on the heap up to {@value #MAX_HEAP_BYTES} bytes, and may be taken from there as bytes, by {@link
 * #heapBytes} and {@link #copyTo}, of which another draft of the same type can {@link #make} the
 * collection: so that whoever puts drafts together needs nothing of the arena. What is larger goes
 * to the arena at once.
 *
 * <p>One object makes many collections, one after the other; each begins with a {@code begin} and
 * ends with {@link #finish} or {@link #abandon}, or with {@link #copyTo}.
 */
public abstract class Draft {
  /** The most bytes on the heap. */
  static final int MAX_HEAP_BYTES = Packed.MAX_BYTES;

  /** An array that has grown beyond this is not kept for the next collection. */
  static final int MAX_KEPT_BYTES = 64 << 10;

  final Arena arena;
  final TypeLimits limits;

  /** Where the address of the root block stands, once it is too large for the heap; else 0. */
  long cell;

  private final Runnable beforeArena;

  Draft(Arena arena, TypeLimits limits, Runnable beforeArena) {
    this.arena = arena;
    this.limits = limits;
    this.beforeArena = beforeArena;
  }

  /** How many elements it has so far. */
  public abstract long size();

  /** Completes the bytes on the heap. */
  abstract void seal();

  /** The bytes on the heap, from the first one on. */
  abstract byte[] bytes();

  /** Where they end. */
  abstract int end();

  /**
   * Makes a collection in the arena of bytes that {@link #copyTo} has written.
   *
   * @return the address of its root block, which is the caller's
   * @throws OutOfArenaException when it does not fit; nothing is left then
   */
  public abstract long make(byte[] from, int at, int length);

  /** Frees what this root block leads to. */
  abstract void free(long root);

  /** Whether all of it is on the heap. */
  public final boolean isOnHeap() {
    return cell == 0;
  }

  /** How many bytes {@link #copyTo} writes. It is complete now, and on the heap. */
  public final int heapBytes() {
    seal();
    return end();
  }

  /** Writes the bytes, after {@link #heapBytes}, of which {@link #make} makes the collection. */
  public final void copyTo(byte[] target, int at) {
    System.arraycopy(bytes(), 0, target, at, end());
  }

  /**
   * Makes it a collection in the arena.
   *
   * @return the address of its root block, which is the caller's
   * @throws OutOfArenaException when it does not fit; {@link #abandon} it then
   */
  public long finish() {
    if (cell != 0) {
      return takeRoot();
    }
    seal();
    return make(bytes(), 0, end());
  }

  /** Moves what there is so far into the arena. */
  final void leaveHeap() {
    beforeArena.run();
    seal();
    cell = cellOf(make(bytes(), 0, end()));
  }

  /** A new cell with this address in it; if there is no room, what that leads to is freed. */
  final long cellOf(long root) {
    long newCell;
    try {
      newCell = arena.allocate(Long.BYTES);
    } catch (OutOfArenaException full) {
      free(root);
      throw full;
    }
    arena.putLong(newCell, root);
    return newCell;
  }

  /**
   * Fills a new collection, which is given back when that fails.
   *
   * @param root its root block
   * @param filling gets the cell with the address of it, which changes as the collection grows
   * @return the address of what has become of the root block
   */
  final long filled(long root, LongConsumer filling) {
    long newCell = cellOf(root);
    boolean complete = false;
    try {
      filling.accept(newCell);
      complete = true;
    } finally {
      if (!complete) {
        free(rootOf(newCell));
      }
    }
    return rootOf(newCell);
  }

  /** Makes a block of these bytes. */
  final long block(byte[] from, int at, int length) {
    long root = arena.allocate(length);
    arena.copyIn(root, from, at, length);
    return root;
  }

  /** What a cell leads to; the cell is freed. */
  final long rootOf(long oldCell) {
    long root = arena.getLong(oldCell);
    arena.free(oldCell);
    return root;
  }

  private long takeRoot() {
    long root = rootOf(cell);
    cell = 0;
    return root;
  }

  /** Gives back what it has taken of the arena; nothing happens when it has been finished. */
  public void abandon() {
    if (cell != 0) {
      free(takeRoot());
    }
  }
}
