package io.pillion.engine.persistence;

import io.pillion.engine.world.World;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Has an RDB parsed ahead on a background thread, a few batches of it, while its owner enters what
 * was parsed before. When the parser needs the arena, or much of the heap, it waits until its owner
 * wants the very batch that it is at, and has the arena then as long as that batch takes. A batch
 * that nobody has begun is filled by the owner himself, so that nothing depends on that thread.
 */
final class ParseAhead {
  private static final int MOST_AHEAD = 3;

  /** There are {@value #MOST_AHEAD} batches ahead, one at the parser, and one at the owner. */
  static final int MOST_BATCHES = MOST_AHEAD + 2;

  private static final int FEW_PARTS = 16;

  private final EntryParser parser;
  private final int firstParts;
  private final int firstBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<EntryBatch> ready = new ArrayDeque<>();
  private final ArrayDeque<EntryBatch> used;
  private boolean parsing;
  private boolean owned;
  private boolean closed;

  /** Whether the parser waits to be let in, and whether it is. */
  private boolean waiting;

  private boolean inside;

  /**
   * @param length how many bytes there are to parse, or -1 when that is not known: for a few,
   *     batches are small
   * @param used empty batches to use; all there are lie there again when this is closed
   */
  ParseAhead(EntryParser parser, long length, ArrayDeque<EntryBatch> used) {
    this.parser = parser;
    this.used = used;
    boolean small = length >= 0 && length < EntryBatch.FULL_BYTES;
    firstParts = small ? FEW_PARTS : EntryBatch.MAX_PARTS;
    firstBytes = small ? (int) length : EntryBatch.FULL_BYTES;
  }

  /** Begins to parse ahead; by now the parser must know whom it has to ask to be let in. */
  void begin(World world) {
    world.background("parse-ahead", this::run);
  }

  private void run() {
    lock.lock();
    try {
      while (!closed && !parser.isEnded()) {
        if (parsing || ready.size() == MOST_AHEAD) {
          changed.awaitUninterruptibly();
        } else {
          parseOne();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Fills one batch, without the lock. */
  private void parseOne() {
    EntryBatch batch = used.isEmpty() ? new EntryBatch(firstParts, firstBytes) : used.removeLast();
    parsing = true;
    lock.unlock();
    try {
      parser.fill(batch, Long.MAX_VALUE, Integer.MAX_VALUE);
    } finally {
      lock.lock();
      parsing = false;
      inside = false;
      ready.addLast(batch);
      changed.signalAll();
    }
  }

  /**
   * The parser wants the arena, or much of the heap.
   *
   * @throws IllegalStateException when nobody will let it in any more
   */
  void enter() {
    lock.lock();
    try {
      waiting = !owned && !inside;
      while (waiting && !inside && !closed) {
        changed.signalAll();
        changed.awaitUninterruptibly();
      }
      if (waiting && !inside) {
        throw new IllegalStateException("loading was given up");
      }
      waiting = false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next batch, for the owner. After one that says how it ended there is none.
   *
   * @param done one that is not looked at any more, or null
   */
  EntryBatch take(@Nullable EntryBatch done) {
    lock.lock();
    try {
      if (done != null) {
        giveBack(done);
      }
      while (ready.isEmpty()) {
        if (waiting && !inside) {
          inside = true;
          changed.signalAll();
        }
        if (parsing) {
          changed.awaitUninterruptibly();
        } else {
          owned = true;
          parseOne();
          owned = false;
        }
      }
      changed.signalAll();
      return ready.removeFirst();
    } finally {
      lock.unlock();
    }
  }

  private void giveBack(EntryBatch done) {
    done.clear();
    used.addLast(done);
  }

  /**
   * Ends parsing ahead; the parser is at rest then.
   *
   * @param done a batch that is not looked at any more, or null
   */
  void close(@Nullable EntryBatch done) {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      while (parsing) {
        changed.awaitUninterruptibly();
      }
      ready.forEach(this::giveBack);
      ready.clear();
      if (done != null) {
        giveBack(done);
      }
    } finally {
      lock.unlock();
    }
  }
}
