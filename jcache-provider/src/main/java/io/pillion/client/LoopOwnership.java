package io.pillion.client;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who runs an event loop: its keeper, which is a thread of its own, or a caller it is lent to, or
 * for a moment nobody.
 *
 * <p>While it is lent, whoever finds it without an owner may take it. Nothing is left lying: who
 * brings work looks afterwards whether there is an owner, and who gives the loop back looks
 * afterwards whether there is work; one of the two sees the other and wakes the keeper. The same
 * holds for the call that ends the lending. All fields are volatile, so that what one owner did is
 * seen by the next one, and a read does not overtake the write before it.
 */
final class LoopOwnership {
  private static final AtomicReferenceFieldUpdater<LoopOwnership, @Nullable Thread> OWNER =
      AtomicReferenceFieldUpdater.newUpdater(LoopOwnership.class, Thread.class, "owner");

  private final BooleanSupplier hasWork;
  private final Runnable wakeKeeper;
  private final AtomicInteger turns = new AtomicInteger();
  private volatile @Nullable Thread owner;
  private volatile boolean lent;

  /**
   * A loop without an owner, which is not lent.
   *
   * @param hasWork whether there is something that must not wait for the next caller; asked by any
   *     thread
   * @param wakeKeeper makes the keeper look ({@link #reclaim}) once more, now or when it next would
   *     sleep
   */
  LoopOwnership(BooleanSupplier hasWork, Runnable wakeKeeper) {
    this.hasWork = hasWork;
    this.wakeKeeper = wakeKeeper;
  }

  @Nullable Thread owner() {
    return owner;
  }

  boolean isLent() {
    return lent;
  }

  /** How often a caller has given it back; wraps around. */
  int turns() {
    return turns.get();
  }

  // --- callers

  /** Makes this thread the owner if the loop is lent and has none. */
  boolean take(Thread caller) {
    return lent && OWNER.compareAndSet(this, null, caller);
  }

  /** The caller that is the owner is not any more. */
  void giveBack() {
    turns.incrementAndGet();
    owner = null;
    if (!lent || hasWork.getAsBoolean()) {
      wakeKeeper.run();
    }
  }

  // --- anybody

  /** There is new work; called after it can be seen. */
  void workCame() {
    if (owner == null) {
      wakeKeeper.run();
    }
  }

  /** Ends the lending: the owner should give the loop back soon. False if it was not lent. */
  boolean recall() {
    if (!lent) {
      return false;
    }
    lent = false;
    wakeKeeper.run();
    return true;
  }

  // --- the keeper

  /** Makes the keeper the owner, before anybody was. */
  void keep(Thread keeper) {
    owner = keeper;
  }

  /** The keeper, which is the owner, lends the loop; from now on it only looks. */
  void lend() {
    lent = true;
    owner = null;
  }

  /**
   * The keeper's look: takes the loop back if nobody owns it and there is reason.
   *
   * @param idle whether no caller has come for some time
   */
  boolean reclaim(Thread keeper, boolean idle) {
    if ((idle || !lent || hasWork.getAsBoolean()) && OWNER.compareAndSet(this, null, keeper)) {
      lent = false;
      return true;
    }
    return false;
  }
}
