package io.pillion.engine.dispatch;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * One thread seals replies while another reports that the log is safe: a reply is not sent before
 * its offset is safe, and none is forgotten that could go.
 */
public class HeldRepliesLincheckTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);

  private final HeldReplies held = new HeldReplies();
  private final Replies replies = new Replies();
  private volatile long appended;
  private boolean early;

  /** Replies that wait for an offset each; as long as any waits, it is by the list alone. */
  private final class Replies implements Outlet {
    private long sealed;
    private long sent;

    @Override
    public synchronized void seal(long offset) {
      sealed = offset;
    }

    @Override
    public synchronized void flush() {
      long safe = held.safeOffset();
      if (sealed > sent && safe > sent) {
        sent = Math.min(sealed, safe);
        early |= sent > appended;
      }
    }

    synchronized boolean isForgotten() {
      return Math.min(sealed, held.safeOffset()) > sent;
    }

    @Override
    public void resume() {}

    @Override
    public void close(boolean afterReplies) {}

    @Override
    public String peerAddress() {
      return "";
    }

    @Override
    public String localAddress() {
      return "";
    }

    @Override
    public long pendingBytes() {
      return 0;
    }
  }

  /** A turn with one write: its effect, the end of its hold, and its flush without the lock. */
  @Operation(nonParallelGroup = "lock")
  public void turn() {
    long offset = appended + 1;
    appended = offset;
    replies.seal(offset);
    held.add(offset, replies);
    replies.flush();
  }

  /** The log becomes safe as far as it goes. */
  @Operation(nonParallelGroup = "log")
  public void sync() {
    held.safe(appended);
  }

  /** In the end, without any further flush: nobody would come to make one. */
  @Validate
  public void whatMayGoHasGone() {
    if (early) {
      throw new IllegalStateException("sent before the log was safe");
    }
    if (replies.isForgotten()) {
      throw new IllegalStateException("safe up to " + held.safeOffset() + ", but not sent");
    }
  }

  /** Lincheck's model checker tries the interleavings of short scenarios one by one. */
  @Test
  void forgetsNobody() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsBefore(1)
        .actorsPerThread(2)
        .actorsAfter(0)
        .iterations(2 * ITERATIONS)
        .invocationsPerIteration(1000)
        .check(HeldRepliesLincheckTest.class);
  }
}
