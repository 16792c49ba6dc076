package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Eviction;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.world.World;
import org.jspecify.annotations.Nullable;

/**
 * What the engine does when time passes and no command comes: keys expire and are evicted, what was
 * discarded is freed, waits end. The world is asked to come back when the next thing is due, and at
 * no other time. Under the engine lock.
 */
final class Ticks {
  /** After so many keys that expired or were evicted, time is looked at. */
  private static final int LEAVING_AT_ONCE = 32;

  /** How long keys leave in one hold: as long as commands are carried out in a turn. */
  private static final long LEAVING_NANOS_PER_HOLD = 200_000;

  /** Blocks of discarded values: some tens of microseconds. */
  private static final int RECLAIMED_PER_HOLD = 512;

  private final Engine engine;
  private final Keyspace keyspace;
  private final WaitingClients waits;
  private final PostponedCommands postponed;
  private World.@Nullable Scheduled wake;
  private long wakeAtNanos = Long.MAX_VALUE;
  private boolean evicting;

  Ticks(Engine engine, WaitingClients waits, PostponedCommands postponed) {
    this.engine = engine;
    this.keyspace = engine.keyspace();
    this.waits = waits;
    this.postponed = postponed;
  }

  /**
   * Does what is due. What is too much for one hold is left to the next tick, so that others get
   * the lock in between.
   */
  void tick() {
    wake = null;
    wakeAtNanos = Long.MAX_VALUE;
    if (engine.isClosed() || engine.isBusy()) {
      return;
    }
    if (mayExpire()) {
      expireDue();
    }
    if (keyspace.hasDiscarded()) {
      // No more in this tick: who frees without pause leaves the lock to nobody.
      keyspace.reclaim(RECLAIMED_PER_HOLD);
    }
    if (evicting && mayExpire()) {
      evicting = evictDue();
    }
    waits.endDue();
    postponed.unpauseIfDue();
    waits.serveReady();
  }

  private void expireDue() {
    long start = engine.lastNanos();
    long now = start;
    boolean more = true;
    while (more && now - start < LEAVING_NANOS_PER_HOLD) {
      more = keyspace.expireDue(LEAVING_AT_ONCE);
      now = engine.lookAtClock();
    }
    engine.statistics().expiring(now - start);
    engine.observers().spent("expire-cycle", now - start);
  }

  /** Evicts by and by, from the next moment on, until no more memory is used than allowed. */
  void evictSoon() {
    evicting = true;
  }

  /** Evicts some keys; true when more have to go. */
  private boolean evictDue() {
    Eviction eviction = keyspace.eviction();
    long start = engine.lastNanos();
    long now = start;
    while (now - start < LEAVING_NANOS_PER_HOLD) {
      for (int i = 0; i < LEAVING_AT_ONCE; i++) {
        if (!eviction.isOverLimit(engine.statistics().clientBytes()) || !eviction.evictOne()) {
          return false;
        }
      }
      now = engine.lookAtClock();
    }
    return true;
  }

  /**
   * Not while data are loaded, while the log takes no more, or where another server says what goes.
   */
  private boolean mayExpire() {
    return !postponed.isLogFull() && !engine.restrictions().isLoading() && !keyspace.keepsExpired();
  }

  /** Asks the world to wake the engine when the next thing is due, unless it will by then. */
  void schedule() {
    if (engine.isBusy()) {
      // Time stands still; the hold that the script's end belongs to comes back to this.
      return;
    }
    long lastNanos = engine.lastNanos();
    long due = Long.MAX_VALUE;
    long nextKey =
        keyspace.settings().activeExpiry && mayExpire() ? keyspace.nextDue() : Long.MAX_VALUE;
    if (postponed.isPaused()) {
      nextKey = postponed.pauseEndMillis();
    }
    if (nextKey != Long.MAX_VALUE) {
      due = saturatedAdd(lastNanos, Math.max(0, nextKey - keyspace.now()));
    }
    due = Math.min(due, waits.firstDeadlineNanos());
    if ((evicting && mayExpire()) || keyspace.hasDiscarded()) {
      due = lastNanos;
    }
    if (due >= wakeAtNanos || due == Long.MAX_VALUE || engine.isClosed()) {
      return;
    }
    if (wake != null) {
      wake.cancel();
    }
    wakeAtNanos = due;
    wake = engine.world().schedule(Math.max(100_000, due - lastNanos), engine::tick);
  }

  /** Asks the world for nothing any more. */
  void end() {
    if (wake != null) {
      wake.cancel();
    }
  }

  /** A moment some milliseconds later, or one that never comes. */
  static long saturatedAdd(long nanos, long millis) {
    return millis > (Long.MAX_VALUE - Math.max(0, nanos)) / 1_000_000 - 1
        ? Long.MAX_VALUE - 1
        : nanos + millis * 1_000_000;
  }
}
