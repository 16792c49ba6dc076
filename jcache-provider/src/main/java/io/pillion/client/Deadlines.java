package io.pillion.client;

import io.netty.util.Timeout;
import io.netty.util.Timer;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Fails the commands of one wire whose time is up.
 *
 * <p>All have the same time, so those that began first are due first: one alarm, for the oldest,
 * stands for all of them, and a command costs a place in a queue.
 */
final class Deadlines {
  private final Supplier<Timer> timer;
  private final long timeoutNanos;
  private final Queue<Deadline> running = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean alarmed = new AtomicBoolean();

  /** When one command is due. */
  static final class Deadline {
    private final long nanos;
    private volatile @Nullable WireCommand command;

    private Deadline(WireCommand command, long nanos) {
      this.command = command;
      this.nanos = nanos;
    }

    /** The command is over. */
    void met() {
      command = null;
    }
  }

  /**
   * No deadlines yet.
   *
   * @param timer runs the alarm
   * @param timeout the time of every command
   */
  Deadlines(Supplier<Timer> timer, Duration timeout) {
    this.timer = timer;
    this.timeoutNanos = timeout.toNanos();
  }

  /** Begins the time of a command, which from now on may fail at any moment. */
  Deadline begin(WireCommand command, long nowNanos) {
    Deadline begun = new Deadline(command, nowNanos + timeoutNanos);
    running.add(begun);
    for (Deadline first = running.peek();
        first != null && first.command == null;
        first = running.peek()) {
      running.remove(first);
    }
    alarm(timeoutNanos);
    return begun;
  }

  private void alarm(long nanos) {
    if (!alarmed.get() && alarmed.compareAndSet(false, true)) {
      setAlarm(nanos);
    }
  }

  private void setAlarm(long nanos) {
    try {
      timer.get().newTimeout(this::ring, nanos, TimeUnit.NANOSECONDS);
    } catch (RuntimeException e) {
      alarmed.set(false);
      throw e;
    }
  }

  private void ring(Timeout rung) {
    try {
      expire(System.nanoTime());
    } finally {
      Deadline next = running.peek();
      if (next != null) {
        setAlarm(next.nanos - System.nanoTime());
      } else {
        alarmed.set(false);
        // Somebody may have counted on the alarm that has just gone.
        Deadline missed = running.peek();
        if (missed != null) {
          alarm(missed.nanos - System.nanoTime());
        }
      }
    }
  }

  /** Fails those that are due, and forgets those that are over before the first that is not. */
  private void expire(long now) {
    for (Deadline first = running.peek(); first != null; first = running.peek()) {
      WireCommand late = first.command;
      if (late != null && first.nanos - now > 0) {
        return;
      }
      running.remove(first);
      if (late != null) {
        late.expired();
      }
    }
  }
}
