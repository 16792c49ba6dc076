package io.pillion.cache;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One lock per key in use, for this process only. Exact, not striped: two keys never wait for each
 * other, so a loader that reads other keys of its own cache cannot deadlock by chance.
 */
final class KeyLocks {
  private final ConcurrentHashMap<String, Counted> locks = new ConcurrentHashMap<>();

  /** Locks this key until the result is released. Reentrant. */
  Held lock(byte[] id) {
    String key = text(id);
    acquire(key);
    return () -> release(key);
  }

  /** Locks all these keys, in one order everywhere, until the result is released. */
  Held lockAll(Collection<byte[]> ids) {
    TreeMap<String, byte[]> sorted = new TreeMap<>();
    for (byte[] id : ids) {
      sorted.put(text(id), id);
    }
    Deque<String> held = new ArrayDeque<>();
    for (String key : sorted.keySet()) {
      acquire(key);
      held.push(key);
    }
    return () -> held.forEach(this::release);
  }

  /** Notices from now on when this key is invalidated, and keeps nobody out. To be ended. */
  Watch watch(byte[] id) {
    String key = text(id);
    return new Watch(key, enter(key));
  }

  /**
   * Tells whoever holds the lock of this key or watches it that what it is about to store may be
   * out of date. Costs one look-up when nobody does.
   */
  void invalidate(byte[] id) {
    Counted lock = locks.get(text(id));
    if (lock != null) {
      lock.invalidations.incrementAndGet();
    }
  }

  /** Whether the key, whose lock this thread holds, was invalidated since it was locked. */
  boolean isInvalidated(byte[] id) {
    Counted lock = locks.get(text(id));
    return lock != null && lock.invalidations.get() != lock.whenLocked;
  }

  private Counted enter(String key) {
    return Objects.requireNonNull(
        locks.compute(
            key,
            (k, existing) -> {
              Counted counted = existing == null ? new Counted() : existing;
              counted.users++;
              return counted;
            }));
  }

  private void acquire(String key) {
    Counted lock = enter(key);
    lock.lock();
    if (lock.getHoldCount() == 1) {
      lock.whenLocked = lock.invalidations.get();
    }
  }

  private void release(String key) {
    locks.computeIfPresent(
        key,
        (k, counted) -> {
          counted.unlock();
          return --counted.users == 0 ? null : counted;
        });
  }

  private static String text(byte[] id) {
    return new String(id, StandardCharsets.ISO_8859_1);
  }

  /** One or more locks, held by the thread that asked for them. */
  @FunctionalInterface
  interface Held {
    /** Nothing is held. */
    Held NOTHING = () -> {};

    /** Ends it; once, by the same thread. */
    void release();
  }

  /** What somebody without the lock notices of a key. */
  final class Watch {
    private final String key;
    private final Counted watched;
    private final int atFirst;

    private Watch(String key, Counted watched) {
      this.key = key;
      this.watched = watched;
      this.atFirst = watched.invalidations.get();
    }

    /** Whether the key was invalidated since this began. */
    boolean isInvalidated() {
      return watched.invalidations.get() != atFirst;
    }

    /** Nobody looks any more; once, on any thread. */
    void end() {
      locks.computeIfPresent(key, (k, counted) -> --counted.users == 0 ? null : counted);
    }
  }

  /** A lock and how many hold it, wait for it or watch; that count is guarded by the map's bin. */
  private static final class Counted extends ReentrantLock {
    private static final long serialVersionUID = 1L;
    private final AtomicInteger invalidations = new AtomicInteger();
    private int users;

    /** The invalidations when the lock was taken; guarded by the lock. */
    private int whenLocked;
  }
}
