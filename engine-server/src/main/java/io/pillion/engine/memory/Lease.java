package io.pillion.engine.memory;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a large block that somebody uses outside the lock: a reply that is being sent, or a
 * request that is being received. They stay where they are until it is released, by whichever
 * thread; the arena counts that the next time the lock is held.
 */
public final class Lease {
  private final Arena arena;
  private final Object run;
  private final long block;
  private final long address;
  private final int length;
  private final ByteBuffer[] parts;
  private @Nullable Lease next;

  Lease(Arena arena, long block, long address, int length, ByteBuffer[] parts, Object run) {
    this.arena = arena;
    this.run = run;
    this.block = block;
    this.address = address;
    this.length = length;
    this.parts = parts;
  }

  /** The arena that the block is in. */
  public Arena arena() {
    return arena;
  }

  /** Where the block begins. */
  public long block() {
    return block;
  }

  /** Where the leased bytes begin. */
  public long address() {
    return address;
  }

  /** How many bytes are leased. */
  public int length() {
    return length;
  }

  /**
   * The leased bytes, in order, as buffers of their own: one for each slab they lie in. Their
   * positions and limits belong to who holds the lease.
   */
  public ByteBuffer[] parts() {
    return parts;
  }

  /** Ends it, once; the bytes must not be touched any more. Any thread. */
  public void release() {
    arena.giveBack(this);
  }

  /** Copies the first bytes to the heap. Who holds the lease may, without the lock. */
  public void copyOut(byte[] target, int count) {
    int done = 0;
    for (int i = 0; done < count; i++) {
      int size = Math.min(count - done, parts[i].capacity());
      parts[i].get(0, target, done, size);
      done += size;
    }
  }

  /** Copies the first bytes from the heap. */
  public void copyIn(byte[] source, int offset, int count) {
    int done = 0;
    for (int i = 0; done < count; i++) {
      int size = Math.min(count - done, parts[i].capacity());
      parts[i].put(0, source, offset + done, size);
      done += size;
    }
  }

  /** Copies the first bytes of another lease. */
  public void copyIn(Lease source, int count) {
    int to = 0;
    int toAt = 0;
    int from = 0;
    int fromAt = 0;
    for (int left = count; left > 0; ) {
      ByteBuffer target = parts[to];
      ByteBuffer origin = source.parts[from];
      int size = Math.min(left, Math.min(target.capacity() - toAt, origin.capacity() - fromAt));
      target.put(toAt, origin, fromAt, size);
      left -= size;
      toAt += size;
      fromAt += size;
      if (toAt == target.capacity()) {
        to++;
        toAt = 0;
      }
      if (fromAt == origin.capacity()) {
        from++;
        fromAt = 0;
      }
    }
  }

  Object run() {
    return run;
  }

  @Nullable Lease next() {
    return next;
  }

  void next(@Nullable Lease newNext) {
    next = newNext;
  }
}
