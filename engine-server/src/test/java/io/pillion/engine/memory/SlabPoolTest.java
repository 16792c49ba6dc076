package io.pillion.engine.memory;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/** Engines of one process share its slabs: no slab has two borrowers, and the count is right. */
public class SlabPoolTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);
  private static final int SLABS = 4;

  private final SlabPool pool = new SlabPool();
  private final AtomicInteger tokens = new AtomicInteger();

  /** A pool that has slabs already: small ones, of which it knows nothing. */
  public SlabPoolTest() {
    for (int i = 0; i < SLABS; i++) {
      pool.giveBack(ByteBuffer.allocate(Integer.BYTES));
    }
  }

  /** Borrows one, writes on it, and gives it back; true when nobody else has written meanwhile. */
  @Operation
  public boolean use() {
    int token = tokens.incrementAndGet();
    ByteBuffer slab = pool.borrow();
    slab.putInt(0, token);
    boolean isMine = slab.getInt(0) == token;
    pool.giveBack(slab);
    return isMine;
  }

  /** How many slabs the pool counts as lent, below that of the beginning. */
  @Operation
  public boolean lendsNoMoreThanUsers() {
    long lent = pool.borrowedSlabs() + SLABS;
    return lent >= 0 && lent <= 2;
  }

  /** Lincheck's model checker tries the interleavings of short scenarios one by one. */
  @Test
  void lendsASlabToOneAtATime() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsPerThread(3)
        .iterations(5 * ITERATIONS)
        .invocationsPerIteration(300)
        .check(SlabPoolTest.class);
  }
}
