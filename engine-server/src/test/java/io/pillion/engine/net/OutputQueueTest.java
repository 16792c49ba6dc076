package io.pillion.engine.net;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.pillion.engine.protocol.RespReply;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whoever holds the engine lock seals replies, the connection's loop sends them, and the log
 * becomes safe meanwhile: nothing is lost, doubled, sent too early, or overtakes.
 */
public class OutputQueueTest {
  private static final int ITERATIONS = Integer.getInteger("pillion.stress", 1);
  private static final ByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(false);

  private final OutputQueue queue = new OutputQueue();
  private volatile long safeOffset;

  // Of who holds the lock: for each reply, its number, the offset it waits for.
  private final long[] offsets = new long[64];
  private int sealed;
  private volatile long offset;

  // Of the loop.
  private final List<Integer> sent = new ArrayList<>();
  private boolean early;

  /**
   * Begins with a reply that may go, and one behind it that had to wait: what goes wrong needs
   * such.
   */
  public OutputQueueTest() {
    reply();
    replyOfWrite();
    sync();
  }

  /** Seals a reply that need not wait. */
  @Operation(nonParallelGroup = "lock")
  public void reply() {
    seal(0);
  }

  /** Seals a reply of a write. */
  @Operation(nonParallelGroup = "lock")
  public void replyOfWrite() {
    long next = offset + 1;
    offset = next;
    seal(next);
  }

  private void seal(long waitsFor) {
    offsets[sealed] = waitsFor;
    byte[] number = {(byte) sealed++};
    RespReply reply = new RespReply();
    reply.raw(number, 0, 1);
    queue.add(reply, waitsFor, ALLOCATOR);
  }

  /** The log becomes safe as far as it goes. */
  @Operation(nonParallelGroup = "log")
  public void sync() {
    safeOffset = offset;
  }

  /** As a connection's flush on its loop. */
  @Operation(nonParallelGroup = "loop")
  public void flush() {
    if (queue.holds()) {
      queue.takeUpTo(safeOffset, this::send);
      return;
    }
    ByteBuf taken = queue.take();
    if (taken != null) {
      send(taken);
    }
  }

  private void send(ByteBuf buffer) {
    while (buffer.isReadable()) {
      int number = buffer.readByte();
      sent.add(number);
      early |= offsets[number] > safeOffset;
    }
    buffer.release();
  }

  /** In the end, when all were flushed once more. */
  @Validate
  public void everyReplyWasSentInItsTurn() {
    if (early) {
      throw new IllegalStateException("sent before the log was safe: " + sent);
    }
    safeOffset = Long.MAX_VALUE;
    flush();
    for (int i = 0; i < sent.size(); i++) {
      if (sent.get(i) != i) {
        throw new IllegalStateException("not in order: " + sent);
      }
    }
    if (sent.size() != sealed) {
      throw new IllegalStateException(sealed + " were sealed, sent were " + sent);
    }
  }

  /**
   * Lincheck's model checker tries the interleavings of short scenarios one by one. It cannot
   * follow Netty's buffers, which belong to one thread at a time in any case.
   */
  @Test
  @Tag("own-jvm")
  void keepsOrder() {
    new ModelCheckingOptions()
        .threads(2)
        .actorsBefore(1)
        .actorsPerThread(2)
        .actorsAfter(0)
        .iterations(16 * ITERATIONS)
        .invocationsPerIteration(80)
        .addGuarantee(forClasses(name -> name.startsWith("io.netty.")).allMethods().ignore())
        .check(OutputQueueTest.class);
  }
}
