package io.pillion.engine.protocol;

import io.pillion.engine.memory.Lease;
import org.jspecify.annotations.Nullable;

/**
 * A word of a request that is so large that it was received outside the heap, where a command that
 * stores it may leave it. Who asks for its bytes has them copied to the heap.
 */
final class LargeWord {
  private final int index;
  private final int length;
  private final @Nullable Lease lease;
  private final BufferPool buffers;
  private byte @Nullable [] array;

  /**
   * @param index which word of its command it is
   * @param lease where it lies; null when there was no room, and its bytes were passed over
   */
  LargeWord(int index, int length, @Nullable Lease lease, BufferPool buffers) {
    this.index = index;
    this.length = length;
    this.lease = lease;
    this.buffers = buffers;
  }

  int index() {
    return index;
  }

  int length() {
    return length;
  }

  /** Where it lies, or null: it could not be received. */
  @Nullable Lease lease() {
    return lease;
  }

  /**
   * Its bytes on the heap, from 0 on.
   *
   * @throws CommandException when there is too little heap, or it could not be received
   */
  byte[] array() {
    byte[] copy = array;
    if (copy == null) {
      Lease from = lease;
      if (from == null) {
        throw Errors.outOfMemory();
      }
      if (length > RespReply.MAX_BYTES) {
        throw new CommandException(
            "ERR a word of "
                + length
                + " bytes exceeds "
                + RespReply.MAX_BYTES
                + ", a quarter of the Java heap, which only SET and its kin may");
      }
      copy = buffers.take(length);
      from.copyOut(copy, length);
      array = copy;
    }
    return copy;
  }

  /** The first of its bytes, however little heap there is. */
  byte[] head(int most) {
    byte[] head = new byte[Math.min(most, length)];
    Lease from = lease;
    if (from != null) {
      from.copyOut(head, head.length);
    }
    return head;
  }

  /** Gives its memory back, unless a command has taken it over. */
  void release() {
    if (lease != null) {
      lease.release();
    }
    byte[] copy = array;
    if (copy != null) {
      buffers.give(copy);
      array = null;
    }
  }
}
