package io.pillion.engine.persistence;

import io.pillion.engine.dispatch.FramedLog;
import io.pillion.engine.memory.Bytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The effects of commands as an append-only file has them, on their way from the engine lock to the
 * thread that writes. Commands append to a buffer that belongs to the lock; at the end of each hold
 * what came together is handed over at once.
 *
 * <p>What is written goes into one file after another: a {@link #cut} says where the next one
 * begins. What is taken never reaches over it.
 *
 * <p>What waits for the disk lies on the heap, so there is a limit to it. From a part of that on
 * commands that write must wait; what cannot wait, such as keys that expire, goes on. An effect for
 * which there is no room tears the log: neither it nor anything after it is taken any more, until
 * what waits is thrown away and a base of the data themselves takes its place.
 */
final class AofLog extends FramedLog {
  private static final int MOST_ARRAY_BYTES = Integer.MAX_VALUE - 64;
  private static final long LEAST_BYTES = 4096;
  private static final int KEPT_BUFFER_BYTES = 1 << 20;
  private static final byte[] NOTHING = {};

  private final Listener listener;
  private final int fullBytes;
  private final int mostBytes;

  // Under the engine lock.
  private byte[] fresh = NOTHING;
  private int freshSize;
  private boolean owesNews;
  private int counted;
  private long appended;
  private boolean timestamps;
  private long lastTimestamp;

  // Under this object's monitor.
  private byte[] handedOver = new byte[64 << 10];
  private byte @Nullable [] spare;
  private int size;
  private long handedOverUpTo;
  private long cutAt = Long.MAX_VALUE;
  private int cuts;
  private volatile boolean full;
  private volatile boolean torn;

  private volatile Holds holds = Holds.NOBODY;

  /** Whose replies wait until what was appended before them is safe. */
  enum Holds {
    NOBODY,
    /** Who has changed something: a script may have begun when nobody was refused yet. */
    WHO_WROTE,
    ALL
  }

  /** What the log asks and tells. */
  interface Listener {
    /**
     * Bytes wait to be taken. Under the engine lock; must not block.
     *
     * @param more whether this is said again at once: more commands are about to be carried out
     */
    void appended(int waitingBytes, boolean more);

    /**
     * The log is torn: {@link #discard} what waits, and write all data anew. Under the engine lock;
     * must not block.
     */
    void torn();

    /** Up to where the log is safe; any thread. */
    long safeOffset();

    /** Unix seconds. Under the engine lock. */
    long seconds();
  }

  /**
   * What was taken.
   *
   * @param upTo the offset behind the last byte
   * @param madeRoom whether the log was full until it was taken
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  record Batch(byte[] bytes, int length, long upTo, boolean madeRoom) {}

  /**
   * @param fullBytes waiting for the disk, above which commands that write must wait, too
   * @param mostBytes how much may wait, or come together in one hold of the lock
   */
  AofLog(Listener listener, int fullBytes, int mostBytes) {
    this.listener = listener;
    this.fullBytes = fullBytes;
    this.mostBytes = Math.min(mostBytes, MOST_ARRAY_BYTES);
  }

  // --- under the engine lock

  /** Whether a line with the time stands before what was appended in another second. */
  void timestamps(boolean yes) {
    timestamps = yes;
  }

  /** Half an effect, or none, is in the buffer of this hold: neither may be written. */
  @Override
  protected void tear() {
    dropFresh();
    forgetFrame();
    // So that no reply goes that would have waited for it.
    appended++;
    if (!torn) {
      torn = true;
      listener.torn();
    }
  }

  private void dropFresh() {
    freshSize = 0;
    counted = 0;
  }

  @Override
  protected void effectBegins() {
    if (timestamps) {
      putTimestamp();
    }
  }

  @Override
  protected void effectEnds() {
    appended += freshSize - counted;
    counted = freshSize;
  }

  private void putTimestamp() {
    long now = listener.seconds();
    if (now > lastTimestamp && !isInMulti()) {
      lastTimestamp = now;
      byte[] line = timestamp(now);
      put(line, 0, line.length);
    }
  }

  /** The line that says at which Unix second what follows was written. */
  static byte[] timestamp(long seconds) {
    return ascii("#TS:" + seconds + "\r\n");
  }

  @Override
  protected void put(Bytes word) {
    putNumber('$', word.length());
    room(word.length() + 2);
    System.arraycopy(word.array(), word.offset(), fresh, freshSize, word.length());
    freshSize += word.length();
    fresh[freshSize++] = '\r';
    fresh[freshSize++] = '\n';
  }

  @Override
  protected void putNumber(char sign, int number) {
    room(16);
    fresh[freshSize++] = (byte) sign;
    int digits = 1;
    for (int rest = number; rest >= 10; rest /= 10) {
      digits++;
    }
    int at = freshSize + digits;
    for (int rest = number; at > freshSize; rest /= 10) {
      fresh[--at] = (byte) ('0' + rest % 10);
    }
    freshSize += digits;
    fresh[freshSize++] = '\r';
    fresh[freshSize++] = '\n';
  }

  @Override
  protected void put(byte[] bytes, int offset, int length) {
    room(length);
    System.arraycopy(bytes, offset, fresh, freshSize, length);
    freshSize += length;
  }

  private void room(int bytes) {
    if (fresh.length - freshSize < bytes) {
      fresh = Arrays.copyOf(fresh, grown(fresh.length, freshSize, bytes));
    }
  }

  private int grown(int capacity, int used, int more) {
    long needed = (long) used + more;
    if (needed > mostBytes) {
      throw new OutOfMemoryError("too much waits to be written to the append-only file");
    }
    return (int) Math.min(mostBytes, Math.max(needed, Math.max(LEAST_BYTES, 2L * capacity)));
  }

  @Override
  public void endHold(boolean more) {
    if (freshSize == 0) {
      if (owesNews && !more) {
        owesNews = false;
        listener.appended(waitingBytes(), /* more= */ false);
      }
      return;
    }
    owesNews = more;
    int waiting;
    try {
      waiting = handOver();
    } catch (OutOfMemoryError e) {
      tear();
      return;
    }
    listener.appended(waiting, more);
  }

  private int handOver() {
    int waiting;
    synchronized (this) {
      if (torn) {
        // What comes after a hole is as little use as what was lost in it.
        dropFresh();
        return size;
      }
      if (size == 0 && freshSize > KEPT_BUFFER_BYTES) {
        // Much at once is not copied again.
        handedOver = fresh;
        fresh = NOTHING;
      } else {
        if (handedOver.length - size < freshSize) {
          handedOver = Arrays.copyOf(handedOver, grown(handedOver.length, size, freshSize));
        }
        System.arraycopy(fresh, 0, handedOver, size, freshSize);
      }
      size += freshSize;
      handedOverUpTo = appended;
      waiting = size;
      full = size > fullBytes;
    }
    dropFresh();
    if (fresh.length > KEPT_BUFFER_BYTES) {
      fresh = NOTHING;
    }
    return waiting;
  }

  @Override
  public long offset() {
    return appended;
  }

  @Override
  public long replyOffset(long written) {
    long seen =
        switch (holds) {
          case NOBODY -> 0;
          case WHO_WROTE -> written;
          case ALL -> appended;
        };
    return seen > listener.safeOffset() ? appended : 0;
  }

  @Override
  public boolean isFull() {
    return full;
  }

  /**
   * Ends a file here: what is appended from now on begins the next one, with a SELECT.
   *
   * @return the offset of the end
   */
  long cut() {
    endHold(/* more= */ false);
    deselect();
    lastTimestamp = 0;
    synchronized (this) {
      cutAt = appended;
      cuts++;
    }
    return appended;
  }

  /** Whose replies wait until what was appended before them is safe; any thread. */
  void holdReplies(Holds who) {
    holds = who;
  }

  // --- the thread that writes

  /** Takes what waits, up to a cut, or null when nothing does. */
  synchronized @Nullable Batch take() {
    long begin = handedOverUpTo - size;
    int length = (int) Math.min(size, cutAt - begin);
    if (length <= 0 || torn) {
      return null;
    }
    byte[] taken = handedOver;
    int rest = size - length;
    byte[] next = spare;
    spare = null;
    if (next == null || next.length < rest) {
      next = new byte[Math.max(rest, 64 << 10)];
    }
    handedOver = next;
    System.arraycopy(taken, length, handedOver, 0, rest);
    size = rest;
    boolean wasFull = full;
    full = size > fullBytes;
    return new Batch(taken, length, begin + length, wasFull && !full);
  }

  /** Gives the bytes of a batch back, to be filled again. */
  synchronized void recycle(Batch batch) {
    if (batch.bytes().length <= KEPT_BUFFER_BYTES) {
      spare = batch.bytes();
    }
  }

  /** Whether everything up to the cut of this number was taken, and it is the last one. */
  synchronized boolean isAtCut(int number) {
    boolean taken = handedOverUpTo - size >= cutAt;
    return cuts == number && cutAt != Long.MAX_VALUE && taken && !torn;
  }

  /** The cut was made, or given up: what follows it may be taken. */
  synchronized void endCut() {
    cutAt = Long.MAX_VALUE;
  }

  /** Gives up a cut, unless there has been another. */
  synchronized void endCut(int number) {
    if (cuts == number) {
      endCut();
    }
  }

  /** How many cuts there have been. */
  synchronized int cuts() {
    return cuts;
  }

  /** Throws away what waits; what comes from now on is whole again. Under the engine lock, too. */
  synchronized void discard() {
    size = 0;
    handedOverUpTo = appended;
    full = false;
    torn = false;
    cutAt = Long.MAX_VALUE;
  }

  /** How many bytes wait. */
  synchronized int waitingBytes() {
    return size;
  }

  /** Everything handed over so far was taken. */
  synchronized boolean isEmpty() {
    return size == 0;
  }
}
