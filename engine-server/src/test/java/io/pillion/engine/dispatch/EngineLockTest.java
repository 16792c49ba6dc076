package io.pillion.engine.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Plain data under the engine lock are as if one thread used them, whatever the schedule. */
public class EngineLockTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);

  // The model checker leaves loops that look endless to it: it must be able to come to their end.
  private final EngineLock lock = new EngineLock(/* spins= */ 2);
  private int first;
  private int second;

  /** Changes two things that must change together. */
  @Operation
  public int advance() {
    lock.lock();
    try {
      first++;
      second++;
      return first;
    } finally {
      lock.unlock();
    }
  }

  /** As a caller does that comes back from within its own hold: the lock stays with it. */
  @Operation
  public int advanceFromWithin() {
    lock.lock();
    try {
      first++;
      difference();
      second++;
      return first;
    } finally {
      lock.unlock();
    }
  }

  /** Sees them as one. */
  @Operation
  public int difference() {
    lock.lock();
    try {
      return first - second;
    } finally {
      lock.unlock();
    }
  }

  /** Lincheck's model checker tries the interleavings of short scenarios one by one. */
  @Test
  void isAHandOff() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsPerThread(2)
        .iterations(5 * ITERATIONS)
        .invocationsPerIteration(300)
        .check(EngineLockTest.class);
  }

  /**
   * The model checker lets parked threads wake for no reason, so it cannot miss a wake-up. Here two
   * threads want the lock at the same moment, and in each round nobody comes later who might wake
   * the one that was forgotten.
   */
  @Test
  @Timeout(60)
  @SuppressWarnings("ThreadPriorityCheck") // one processor must do as well
  void nobodyIsLeftAsleep() throws InterruptedException {
    EngineLock parking = new EngineLock(/* spins= */ 0);
    AtomicInteger arrived = new AtomicInteger();
    int[] holds = new int[1];
    int rounds = 150_000 * ITERATIONS;
    Runnable contender =
        () -> {
          for (int round = 0; round < rounds; round++) {
            arrived.incrementAndGet();
            while (arrived.get() < 2 * (round + 1)) {
              Thread.yield();
            }
            parking.lock();
            try {
              holds[0]++;
            } finally {
              parking.unlock();
            }
          }
        };
    Thread other = new Thread(contender, "second contender");
    Thread one = new Thread(contender, "first contender");
    one.setDaemon(true);
    other.setDaemon(true);
    one.start();
    other.start();
    one.join(25_000);
    other.join(1_000);
    assertThat(holds[0]).as("holds of two threads, of %s", arrived).isEqualTo(2 * rounds);
  }
}
