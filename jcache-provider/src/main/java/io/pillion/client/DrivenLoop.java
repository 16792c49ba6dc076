package io.pillion.client;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An event loop whose thread steps aside for a caller that is alone.
 *
 * <p>With a thread of its own a round trip wakes that thread twice and the caller once. A caller
 * that waits has nothing better to do than what the loop's thread would do: it writes its command
 * to the socket, waits there for the answer and reads it. So when {@value #ENOUGH_ALONE} commands
 * in a row were the only ones under way, the loop's thread, its keeper, lends the loop ({@link
 * LoopOwnership}).
 *
 * <p>A caller owns the loop only while it writes, and while it waits; in between its own code runs,
 * which may take its time. As soon as anybody else sends something, the keeper takes the loop back,
 * and so it does when nobody has come for {@value #LOOK_MILLIS} to twice as many ms. So a caller
 * reads other commands' answers, and runs their callbacks, only when they came together with its
 * own.
 *
 * <p>Until the keeper is back nobody listens to the socket. That is why connections that report
 * something unasked have loops of the ordinary kind.
 */
final class DrivenLoop extends SingleThreadIoEventLoop implements CallerLoop {
  private static final int ENOUGH_ALONE = 16;
  private static final long LOOK_MILLIS = 1;

  /** How often the keeper looks while callers run the loop. */
  static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS);

  private static final long TASKS_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final AtomicReferenceFieldUpdater<DrivenLoop, @Nullable Thread> ASKER =
      AtomicReferenceFieldUpdater.newUpdater(DrivenLoop.class, Thread.class, "asker");

  private final BooleanSupplier allAnswered;
  private final long lookNanos;
  private final LoopOwnership ownership = new LoopOwnership(this::hasWork, this::wakeKeeper);
  private final CallerTurn turn = new CallerTurn();
  private final AtomicInteger alone = new AtomicInteger();
  private volatile @Nullable Thread keeper;

  /** Who has begun and not ended; nobody else may run the loop. */
  private volatile @Nullable Thread asker;

  /** Whether others sent something since the asker began. */
  private volatile boolean joined;

  /**
   * A loop whose keeper starts with the first task.
   *
   * @param allAnswered whether no command is under way on the connections of this loop; asked by
   *     any thread
   * @param lookNanos how often the keeper looks while callers run the loop: {@link #LOOK_NANOS}
   */
  DrivenLoop(
      IoEventLoopGroup parent,
      Executor executor,
      IoHandlerFactory handlers,
      BooleanSupplier allAnswered,
      long lookNanos) {
    super(parent, executor, handlers);
    this.allAnswered = allAnswered;
    this.lookNanos = lookNanos;
  }

  @Override
  public boolean inEventLoop(Thread thread) {
    return ownership.owner() == thread;
  }

  /** Whether callers may run it at the moment. */
  boolean isLent() {
    return ownership.isLent();
  }

  private boolean hasWork() {
    return pendingTasks() > 0 || isShuttingDown();
  }

  private void wakeKeeper() {
    LockSupport.unpark(keeper);
  }

  // --- anybody

  @Override
  public void execute(Runnable task) {
    super.execute(task);
    ownership.workCame();
  }

  @Override
  public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
    Future<?> terminated = super.shutdownGracefully(quietPeriod, timeout, unit);
    recall();
    ownership.workCame();
    return terminated;
  }

  @Override
  public void sending() {
    Thread me = Thread.currentThread();
    Thread other = asker;
    if (other != me && !inEventLoop(me)) {
      if (other != null && !joined) {
        joined = true;
      }
      recall();
    }
  }

  private void recall() {
    if (alone.get() != 0) {
      alone.set(0);
    }
    if (ownership.recall()) {
      ioHandler().wakeup();
    }
  }

  // --- callers

  @Override
  public boolean begin() {
    Thread me = Thread.currentThread();
    return asker == null && mayRun(me) && ASKER.compareAndSet(this, null, me);
  }

  private boolean mayRun(Thread me) {
    return !VirtualThreads.isOne(me)
        // A pool that makes up for threads that wait does not see one that waits in here.
        && !(me instanceof ForkJoinWorkerThread)
        && !me.isInterrupted()
        && !Waiting.isOnEventLoop(me);
  }

  @Override
  public void end() {
    if (joined || !allAnswered.getAsBoolean()) {
      joined = false;
      recall();
    } else if (!ownership.isLent()) {
      alone.incrementAndGet();
    }
    asker = null;
  }

  @Override
  public boolean enter() {
    Thread me = Thread.currentThread();
    if (asker != me || !ownership.take(me)) {
      return false;
    }
    Waiting.onEventLoop(true);
    return true;
  }

  @Override
  public void leave() {
    Waiting.onEventLoop(false);
    ownership.giveBack();
  }

  @Override
  public void run(CompletableFuture<?> awaited, long nanos) {
    if (!enter()) {
      return;
    }
    try {
      turn.begin(awaited, nanos);
      // It may as well be somebody else who completes it, such as the timer.
      CompletableFuture<?> unused = awaited.whenComplete((value, failure) -> ioHandler().wakeup());
      while (!turn.isOver()) {
        ioHandler().run(turn);
        runAllTasks(TASKS_NANOS);
      }
    } finally {
      leave();
    }
  }

  // --- the keeper

  @Override
  protected void run() {
    Thread me = Thread.currentThread();
    keeper = me;
    ownership.keep(me);
    ioHandler().initialize();
    for (; ; ) {
      runIo();
      if (isShuttingDown()) {
        ioHandler().prepareToDestroy();
      }
      runAllTasks(TASKS_NANOS);
      if (confirmShutdown()) {
        return;
      }
      if (alone.get() >= ENOUGH_ALONE && allAnswered.getAsBoolean() && !hasWork()) {
        lend(me);
      }
    }
  }

  private void lend(Thread me) {
    ownership.lend();
    if (!allAnswered.getAsBoolean()) {
      // Sent by somebody who saw that it was not lent yet.
      recall();
    }
    int turns = ownership.turns();
    long looked = System.nanoTime();
    boolean idle = false;
    while (!ownership.reclaim(me, idle)) {
      LockSupport.parkNanos(this, lookNanos);
      // Else the next sleep would be none.
      Thread.interrupted();
      idle = false;
      long now = System.nanoTime();
      if (now - looked >= lookNanos) {
        looked = now;
        idle = turns == ownership.turns();
        turns = ownership.turns();
        wakeInterrupted();
      }
    }
    alone.set(0);
  }

  /** An interrupt does not end the wait for a socket by itself. */
  private void wakeInterrupted() {
    Thread owner = ownership.owner();
    if (owner != null && owner.isInterrupted()) {
      ioHandler().wakeup();
    }
  }

  /** How long the caller that owns the loop stays in it. */
  private final class CallerTurn implements IoHandlerContext {
    private @Nullable CompletableFuture<?> awaited;
    private long startNanos;
    private long nanos;

    void begin(CompletableFuture<?> awaited, long nanos) {
      this.awaited = awaited;
      this.startNanos = System.nanoTime();
      this.nanos = nanos;
    }

    private long nanosLeft() {
      return nanos - (System.nanoTime() - startNanos);
    }

    boolean isOver() {
      CompletableFuture<?> future = awaited;
      boolean over =
          future == null
              || future.isDone()
              || !ownership.isLent()
              || isShuttingDown()
              || Thread.currentThread().isInterrupted()
              || nanosLeft() <= 0;
      if (over) {
        awaited = null;
      }
      return over;
    }

    @Override
    public boolean canBlock() {
      return !hasTasks() && !hasScheduledTasks() && !isOver();
    }

    @Override
    public long delayNanos(long currentTimeNanos) {
      return Math.max(0, Math.min(nanosLeft(), DrivenLoop.this.delayNanos(currentTimeNanos)));
    }

    @Override
    public long deadlineNanos() {
      return ticker().nanoTime() + delayNanos(System.nanoTime());
    }
  }
}
