package io.pillion.engine.memory;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The slabs of this process: direct buffers of {@link #SLAB_BYTES}, which arenas borrow and return.
 * A returned slab is kept for the next borrower, because the JVM gives direct memory back to the
 * system only when a collection finds the buffer unreachable.
 *
 * <p>Arenas reserve their budget before they borrow, so that running out is an answer of {@link
 * #reserve}, not an error in the middle of a command.
 */
public final class SlabPool {
  /** The size of a slab: 1 MiB. */
  public static final int SLAB_BYTES = 1 << 20;

  /** What is left for sockets and everything else that needs direct memory. */
  private static final long HEADROOM_BYTES = 32L << 20;

  /** What of that may be lent for work that passes. */
  private static final long WORK_BYTES = 16L << 20;

  // Looked up once, as who reserves may hold an engine's lock.
  private static final @Nullable BufferPoolMXBean DIRECT = directPool();
  private static final long DIRECT_LIMIT = findDirectLimit();

  private static final SlabPool SHARED = new SlabPool();

  private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();
  private long reservedBytes;
  private long slabs;

  SlabPool() {}

  /** The pool of this process. */
  public static SlabPool shared() {
    return SHARED;
  }

  /**
   * Sets aside a budget.
   *
   * @param wantedBytes the most that will be borrowed, or 0 for all there is
   * @return what was granted, at most what was wanted; to be given back with {@link #release}
   */
  public synchronized long reserve(long wantedBytes) {
    long free = Math.max(0, DIRECT_LIMIT - foreignDirectBytes() - HEADROOM_BYTES - reservedBytes);
    long granted = wantedBytes == 0 ? free : Math.min(wantedBytes, free);
    reservedBytes += granted;
    return granted;
  }

  /**
   * Sets aside a budget for passing work, of at least a few MiB even where an engine has everything
   * else: then from what is left for sockets.
   */
  synchronized long reserveForWork(long wantedBytes) {
    long granted = reserve(wantedBytes);
    long missing = Math.max(0, Math.min(wantedBytes, WORK_BYTES) - granted);
    reservedBytes += missing;
    return granted + missing;
  }

  /** Gives a budget back. */
  public synchronized void release(long grantedBytes) {
    reservedBytes -= grantedBytes;
  }

  /** How much is set aside now. */
  public synchronized long reservedBytes() {
    return reservedBytes;
  }

  synchronized ByteBuffer borrow() {
    ByteBuffer slab = idle.pollLast();
    if (slab == null) {
      slab = ByteBuffer.allocateDirect(SLAB_BYTES).order(ByteOrder.nativeOrder());
      slabs++;
    }
    return slab;
  }

  synchronized void giveBack(ByteBuffer slab) {
    idle.addLast(slab);
  }

  /** A borrowed slab does not come back. */
  synchronized void lose() {
    slabs--;
  }

  synchronized long borrowedSlabs() {
    return slabs - idle.size();
  }

  private long foreignDirectBytes() {
    return DIRECT == null ? 0 : Math.max(0, DIRECT.getMemoryUsed() - slabs * SLAB_BYTES);
  }

  private static @Nullable BufferPoolMXBean directPool() {
    for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
      if (pool.getName().equals("direct")) {
        return pool;
      }
    }
    return null;
  }

  /** The JVM's limit on direct memory: {@code -XX:MaxDirectMemorySize}, or else the heap's. */
  private static long findDirectLimit() {
    long limit = 0;
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (argument.startsWith("-XX:MaxDirectMemorySize=")) {
        limit = parseSize(argument.substring(argument.indexOf('=') + 1));
      }
    }
    return limit > 0 ? limit : Runtime.getRuntime().maxMemory();
  }

  private static long parseSize(String text) {
    int shift =
        switch (text.charAt(text.length() - 1)) {
          case 'k', 'K' -> 10;
          case 'm', 'M' -> 20;
          case 'g', 'G' -> 30;
          case 't', 'T' -> 40;
          default -> 0;
        };
    String digits = shift == 0 ? text : text.substring(0, text.length() - 1);
    return Long.parseLong(digits) << shift;
  }
}
