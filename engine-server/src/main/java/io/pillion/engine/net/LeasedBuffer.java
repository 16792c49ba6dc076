package io.pillion.engine.net;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.pillion.engine.memory.Lease;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** A part of a value in the arena on its way to a socket: with the last part its lease ends. */
final class LeasedBuffer extends UnpooledDirectByteBuf {
  private final Lease lease;
  private final AtomicInteger left;

  private LeasedBuffer(
      ByteBufAllocator allocator, ByteBuffer part, Lease lease, AtomicInteger left) {
    super(allocator, part, part.capacity());
    this.lease = lease;
    this.left = left;
  }

  /** Appends all bytes of a lease, which is released with them. */
  static void addTo(CompositeByteBuf target, Lease lease, ByteBufAllocator allocator) {
    AtomicInteger left = new AtomicInteger(lease.parts().length);
    for (ByteBuffer part : lease.parts()) {
      target.addComponent(true, new LeasedBuffer(allocator, part, lease, left));
    }
  }

  @Override
  protected void deallocate() {
    super.deallocate();
    if (left.decrementAndGet() == 0) {
      lease.release();
    }
  }
}
