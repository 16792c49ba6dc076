package io.pillion.engine.dispatch;

import java.util.concurrent.locks.ReentrantLock;

/**
 * The one lock under which commands run. Holds are short (a turn's share, or one call from within
 * the process), so a thread that finds it taken spins for about as long as a short hold lasts
 * before it parks: parking and being woken cost several times as much.
 */
final class EngineLock {
  private static final int SPINS = 100;
  private static final boolean CAN_SPIN = Runtime.getRuntime().availableProcessors() > 1;

  private final ReentrantLock lock = new ReentrantLock();

  void lock() {
    if (lock.tryLock()) {
      return;
    }
    if (CAN_SPIN) {
      for (int i = 0; i < SPINS; i++) {
        Thread.onSpinWait();
        if (lock.tryLock()) {
          return;
        }
      }
    }
    lock.lock();
  }

  void unlock() {
    lock.unlock();
  }

  /** Whether somebody waits for it. */
  boolean isAwaited() {
    return lock.hasQueuedThreads();
  }
}
