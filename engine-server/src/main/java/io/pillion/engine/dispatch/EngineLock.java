package io.pillion.engine.dispatch;

import java.util.concurrent.locks.ReentrantLock;

/**
 * The one lock under which commands run. Holds are short (a turn's share, or one call from within
 * the process), so a thread that finds it taken spins for about as long as a short hold lasts
 * before it parks: parking and being woken cost several times as much.
 */
final class EngineLock {
  private static final int SPINS = 100;

  /** What a snapshot takes down in one hold lasts some ten microseconds. */
  private static final int SPINS_WHILE_CUT = 600;

  private static final boolean CAN_SPIN = Runtime.getRuntime().availableProcessors() > 1;

  private final ReentrantLock lock = new ReentrantLock();
  private final int spins;

  EngineLock() {
    this(CAN_SPIN ? SPINS : 0);
  }

  /** One that looks so many times more before it parks. */
  EngineLock(int spins) {
    this.spins = spins;
  }

  void lock() {
    lock(spins);
  }

  /** Takes it while a snapshot is taken down, whose holds are longer than most, and many. */
  void lockWhileCut() {
    lock(spins == 0 ? 0 : SPINS_WHILE_CUT);
  }

  private void lock(int looks) {
    if (lock.tryLock()) {
      return;
    }
    for (int i = 0; i < looks; i++) {
      Thread.onSpinWait();
      if (lock.tryLock()) {
        return;
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
