package io.pillion.engine.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.pillion.engine.protocol.RespReply;
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
 * the buffer was out, the adder's own flush will find. Where replies have large values in them,
 * which are sent from where they lie, the buffer is composed of parts.
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
  private long heldBytes;

  private static final class Held {
    ByteBuf buffer;
    final long offset;

    Held(ByteBuf buffer, long offset) {
      this.buffer = buffer;
      this.offset = offset;
    }
  }

  /**
   * Queues what was written to a reply behind all that was queued before; only by who seals.
   *
   * @param offset up to where the command log must be safe before it is sent; 0 for no such wait
   * @throws OutOfMemoryError when there is no room for it: what waited with it is lost, too
   */
  void add(RespReply reply, long offset, ByteBufAllocator allocator) {
    if (offset != 0 || holds) {
      hold(reply, offset, allocator);
      return;
    }
    SEALED.setRelease(this, appended(take(), reply, allocator));
  }

  /** A buffer, or none yet, with a reply at its end. */
  private static ByteBuf appended(
      @Nullable ByteBuf before, RespReply reply, ByteBufAllocator allocator) {
    ByteBuf buffer = before;
    try {
      if (reply.sharedBytes() == 0 && !(buffer instanceof CompositeByteBuf)) {
        if (buffer == null) {
          buffer = allocator.directBuffer(reply.size());
        }
        return buffer.writeBytes(reply.array(), 0, reply.size());
      }
      CompositeByteBuf parts;
      if (buffer instanceof CompositeByteBuf composite) {
        parts = composite;
      } else {
        parts = new CompositeByteBuf(allocator, /* direct= */ true, Integer.MAX_VALUE);
        if (buffer != null) {
          parts.addComponent(true, buffer);
        }
        buffer = parts;
      }
      appendParts(parts, reply, allocator);
      return parts;
    } catch (OutOfMemoryError full) {
      if (buffer != null) {
        buffer.release();
      }
      throw full;
    }
  }

  private static void appendParts(
      CompositeByteBuf parts, RespReply reply, ByteBufAllocator allocator) {
    ByteBuf copied = allocator.directBuffer(reply.size());
    copied.writeBytes(reply.array(), 0, reply.size());
    for (RespReply.Shared shared : reply.takeShared()) {
      parts.addComponent(true, copied.readRetainedSlice(shared.at() - copied.readerIndex()));
      LeasedBuffer.addTo(parts, shared.lease(), allocator);
    }
    parts.addComponent(true, copied);
  }

  /** Takes everything sealed, or null. */
  @Nullable ByteBuf take() {
    return (ByteBuf) SEALED.getAndSet(this, null);
  }

  /** Whether replies wait for the command log, so that all that follow must queue. */
  boolean holds() {
    return holds;
  }

  private void hold(RespReply reply, long offset, ByteBufAllocator allocator) {
    synchronized (held) {
      long bytes = reply.size() + reply.sharedBytes();
      Held last = held.peekLast();
      if (last != null && last.offset >= offset) {
        last.buffer = appended(last.buffer, reply, allocator);
      } else {
        held.addLast(new Held(appended(null, reply, allocator), offset));
        holds = true;
      }
      heldBytes += bytes;
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
  long bytes() {
    ByteBuf buffer = sealed;
    long bytes = buffer == null ? 0 : Math.max(0, buffer.writerIndex());
    if (holds) {
      synchronized (held) {
        bytes += heldBytes;
      }
    }
    return bytes;
  }
}
