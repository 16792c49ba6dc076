package io.pillion.engine.dispatch;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/** Plain data under the engine lock are as if one thread used them, whatever the schedule. */
public class EngineLockTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);

  private final EngineLock lock = new EngineLock();
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
}
