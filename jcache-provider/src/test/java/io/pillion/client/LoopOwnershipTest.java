package io.pillion.client;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * One thread at a time owns a loop, no work is left lying, and a keeper that was called back comes
 * back. The keeper's sleep is played, so that it only wakes when it is woken: no tick helps here.
 */
public class LoopOwnershipTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);

  private final AtomicInteger work = new AtomicInteger();
  private final AtomicInteger inside = new AtomicInteger();
  private final Thread keeper = new Thread("keeper");
  private volatile boolean woken;
  private volatile boolean together;
  private final LoopOwnership ownership =
      new LoopOwnership(() -> work.get() > 0, () -> woken = true);

  /** Begins lent: what goes wrong needs that. */
  public LoopOwnershipTest() {
    ownership.keep(keeper);
    ownership.lend();
  }

  /** Somebody brings work. */
  @Operation
  public void bring() {
    work.incrementAndGet();
    ownership.workCame();
  }

  /** Somebody needs the keeper. */
  @Operation
  public void recall() {
    ownership.recall();
  }

  /** A caller's turn; who is the owner before it gives the loop back sees all work so far. */
  @Operation
  public void drive() {
    if (ownership.take(Thread.currentThread())) {
      runLoop();
      ownership.giveBack();
    }
  }

  /** The keeper wakes if somebody woke it, and looks; or lends the loop if it has it. */
  @Operation(nonParallelGroup = "keeper")
  public void keep() {
    if (ownership.owner() == keeper) {
      runLoop();
      ownership.lend();
      look();
    } else if (woken) {
      woken = false;
      look();
    }
  }

  private void look() {
    if (ownership.reclaim(keeper, /* idle= */ false)) {
      runLoop();
    }
  }

  private void runLoop() {
    together |= inside.incrementAndGet() > 1;
    work.set(0);
    inside.decrementAndGet();
  }

  /** In the end, when the keeper has looked as often as it was woken. */
  @Validate
  public void nothingIsLeftLying() {
    if (ownership.owner() != keeper && woken) {
      woken = false;
      look();
    }
    boolean kept = ownership.owner() == keeper;
    if (together || (!kept && (work.get() > 0 || !ownership.isLent()))) {
      throw new IllegalStateException(
          String.format(
              "two owners: %s; kept: %s, lent: %s, work: %s",
              together, kept, ownership.isLent(), work));
    }
  }

  /** Lincheck's model checker tries the interleavings of short scenarios one by one. */
  @Test
  void losesNothing() {
    new ModelCheckingOptions()
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(0)
        .actorsAfter(0)
        .iterations(4 * ITERATIONS)
        .invocationsPerIteration(100)
        .check(LoopOwnershipTest.class);
  }
}
