package io.pillion.cache;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
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

  /**
   * Tells whoever holds the lock of this key that what it is about to store may be out of date.
   * Costs one look-up when nobody does.
   */
  void invalidate(byte[] id) {
    Counted lock = locks.get(text(id));
    if (lock != null) {
      lock.invalidated = true;
    }
  }

  /** Whether the key, whose lock this thread holds, was invalidated since it was locked. */
  boolean isInvalidated(byte[] id) {
    Counted lock = locks.get(text(id));
    return lock != null && lock.invalidated;
  }

  private void acquire(String key) {
    Counted lock =
        locks.compute(
            key,
            (k, existing) -> {
              Counted counted = existing == null ? new Counted() : existing;
              counted.users++;
              return counted;
            });
    lock.lock();
    lock.invalidated = false;
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

  /** A lock and how many threads hold it or wait for it; the count is guarded by the map's bin. */
  private static final class Counted extends ReentrantLock {
    private static final long serialVersionUID = 1L;
    private int users;
    private volatile boolean invalidated;
  }
}
