package io.pillion.engine.net;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Sealed replies on their way from the engine lock to the socket. One thread at a time adds (the
 * one that holds the lock), one thread takes (the connection's loop); neither waits.
 *
 * <p>There is at most one buffer. Who adds takes it out, appends to it and puts it back with
 * release order, so nothing is ever appended to what the loop has taken; what was sealed while the
 * buffer was out, the adder's own flush will find.
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

  /** Takes everything sealed, or null. */
  @Nullable ByteBuf take() {
    return (ByteBuf) SEALED.getAndSet(this, null);
  }

  /** Puts back what was taken, with more in it; only by who seals. */
  void put(ByteBuf buffer) {
    SEALED.setRelease(this, buffer);
  }

  /** How many bytes are sealed and not taken; a moment ago. */
  int bytes() {
    ByteBuf buffer = sealed;
    return buffer == null ? 0 : Math.max(0, buffer.writerIndex());
  }
}
