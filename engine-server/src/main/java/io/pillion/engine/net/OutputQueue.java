package io.pillion.engine.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sealed replies on their way from the engine lock to the socket. One thread at a time adds (the
 * one that holds the lock), one thread takes (the connection's loop); neither waits.
 *
 * <p>As a rule there is at most one buffer. Who adds takes it out, appends to it and puts it back
 * with release order, so nothing is ever appended to what the loop has taken; what was sealed while
 * the buffer was out, the adder's own flush will find.
 *
 * <p>Replies that must wait for the command log stand in a queue of their own behind that buffer,
 * and so does everything that comes while there are any: nothing overtakes. Both sides lock for
 * that queue, and the loop empties the buffer first, within the lock: what is there was sealed
 * before anything in the queue.
 */
final class OutputQueue {
  private static final VarHandle SEALED;

  static {
    try {
      SEALED = MethodHandles.lookup().findVarHandle(OutputQueue.class, "sealed", ByteBuf.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("UnusedVariable") // through SEALED
  private volatile @Nullable ByteBuf sealed;

  private final ArrayDeque<Held> held = new ArrayDeque<>(0);
  private volatile boolean holds;
  private int heldBytes;

  private static final class Held {
    final ByteBuf buffer;
    final long offset;

    Held(ByteBuf buffer, long offset) {
      this.buffer = buffer;
      this.offset = offset;
    }
  }

  /**
   * Queues bytes behind all that were queued before; only by who seals.
   *
   * @param offset up to where the command log must be safe before they are sent; 0 for no such wait
   * @throws OutOfMemoryError when there is no room for them: what waited with them is lost, too
   */
  void add(byte[] bytes, int length, long offset, ByteBufAllocator allocator) {
    if (offset != 0 || holds) {
      hold(bytes, length, offset, allocator);
      return;
    }
    ByteBuf buffer = take();
    if (buffer == null) {
      buffer = allocator.directBuffer(length);
    }
    try {
      buffer.writeBytes(bytes, 0, length);
    } catch (OutOfMemoryError full) {
      buffer.release();
      throw full;
    }
    SEALED.setRelease(this, buffer);
  }

  /** Takes everything sealed, or null. */
  @Nullable ByteBuf take() {
    return (ByteBuf) SEALED.getAndSet(this, null);
  }

  /** Whether replies wait for the command log, so that all that follow must queue. */
  boolean holds() {
    return holds;
  }

  private void hold(byte[] bytes, int length, long offset, ByteBufAllocator allocator) {
    synchronized (held) {
      Held last = held.peekLast();
      if (last != null && last.offset >= offset) {
        last.buffer.writeBytes(bytes, 0, length);
      } else {
        held.addLast(new Held(allocator.directBuffer(length).writeBytes(bytes, 0, length), offset));
        holds = true;
      }
      heldBytes += length;
    }
  }

  /** Takes what may be sent, in order, now that the log is safe up to an offset. */
  void takeUpTo(long safeOffset, Consumer<ByteBuf> each) {
    synchronized (held) {
      ByteBuf first = take();
      if (first != null) {
        each.accept(first);
      }
      for (Held next = held.peek(); next != null && next.offset <= safeOffset; next = held.peek()) {
        held.remove();
        heldBytes -= next.buffer.writerIndex();
        each.accept(next.buffer);
      }
      holds = !held.isEmpty();
    }
  }

  /** How many bytes are sealed and not taken; a moment ago. */
  int bytes() {
    ByteBuf buffer = sealed;
    int bytes = buffer == null ? 0 : Math.max(0, buffer.writerIndex());
    if (holds) {
      synchronized (held) {
        bytes += heldBytes;
      }
    }
    return bytes;
  }
}
