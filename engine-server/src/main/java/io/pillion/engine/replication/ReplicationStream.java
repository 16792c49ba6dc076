package io.pillion.engine.replication;

import io.pillion.engine.dispatch.FramedLog;
import io.pillion.engine.memory.Bytes;
import java.util.ArrayList;
import java.util.List;

/**
 * The effects of commands as replicas get them, the last of them kept: the backlog, from which a
 * replica that lost its link goes on. Those who cannot be sent everything at once are served from
 * here, too, so there is one copy whatever their number. Under the engine lock.
 *
 * <p>An offset is the number of bytes before it since the stream of this engine began.
 */
final class ReplicationStream extends FramedLog {
  private static final int BLOCK_BYTES = 16 << 10;

  private final Runnable holdEnds;
  private final long mostBytes;
  private final List<byte[]> blocks = new ArrayList<>();
  private byte[] spare = new byte[BLOCK_BYTES];
  private final byte[] digits = new byte[16];
  private long first;
  private long end;

  /** Up to where bytes are there, though those behind the end are not part of it yet. */
  private long staged;

  private boolean torn;

  /** Takes bytes of the stream, which are a view. */
  interface Sink {
    void accept(byte[] bytes, int offset, int length);
  }

  /**
   * @param holdEnds told when a hold of the lock ends, before replies are sealed
   * @param mostBytes how much may be kept: an effect for which there is no room tears the stream
   */
  ReplicationStream(Runnable holdEnds, long mostBytes) {
    this.holdEnds = holdEnds;
    this.mostBytes = mostBytes;
  }

  /** Half an effect is of no use, and nor is what follows without it. */
  @Override
  protected void tear() {
    unstage();
    forgetFrame();
    torn = true;
  }

  /** Whether an effect is missing: who follows must have all data anew. */
  boolean isTorn() {
    return torn;
  }

  @Override
  public void pass(int database, Bytes[] words) {
    append(database, words);
  }

  /** Appends what is of no database: PING, REPLCONF GETACK. */
  void appendPlain(List<Bytes> words) {
    try {
      putNumber('*', words.size());
      for (Bytes word : words) {
        put(word);
      }
      end = staged;
    } catch (OutOfMemoryError e) {
      tear();
    }
  }

  @Override
  protected void effectEnds() {
    end = staged;
  }

  @Override
  protected void put(Bytes word) {
    putNumber('$', word.length());
    put(word.array(), word.offset(), word.length());
    digits[0] = '\r';
    digits[1] = '\n';
    put(digits, 0, 2);
  }

  @Override
  protected void putNumber(char sign, int number) {
    int at = digits.length;
    digits[--at] = '\n';
    digits[--at] = '\r';
    int rest = number;
    do {
      digits[--at] = (byte) ('0' + rest % 10);
      rest /= 10;
    } while (rest > 0);
    digits[--at] = (byte) sign;
    put(digits, at, digits.length - at);
  }

  @Override
  protected void put(byte[] bytes, int offset, int length) {
    int done = 0;
    while (done < length) {
      int block = (int) ((staged - first) / BLOCK_BYTES);
      int at = (int) ((staged - first) % BLOCK_BYTES);
      if (block == blocks.size()) {
        if (memoryBytes() >= mostBytes) {
          throw new OutOfMemoryError("too much waits to be sent to replicas");
        }
        blocks.add(spare.length == 0 ? new byte[BLOCK_BYTES] : spare);
        spare = new byte[0];
      }
      int some = Math.min(length - done, BLOCK_BYTES - at);
      System.arraycopy(bytes, offset + done, blocks.get(block), at, some);
      done += some;
      staged += some;
    }
  }

  @Override
  public void endHold(boolean more) {
    holdEnds.run();
  }

  @Override
  public long propagatedOffset() {
    return end;
  }

  /** How much is kept, at least, for replicas to go on from. */
  long historyBytes(long backlogBytes) {
    return Math.min(end - first, backlogBytes);
  }

  /** How much memory it takes. */
  long memoryBytes() {
    return (long) blocks.size() * BLOCK_BYTES;
  }

  /** Forgets what lies before an offset, as far as whole blocks do. */
  void trim(long before) {
    int whole = (int) ((before - first) / BLOCK_BYTES);
    if (whole > 0) {
      spare = blocks.get(0);
      blocks.subList(0, whole).clear();
      first += (long) whole * BLOCK_BYTES;
    }
  }

  /** Forgets everything; offsets go on. */
  void clear() {
    startAt(end);
  }

  /** Forgets everything, and goes on from an offset. */
  void startAt(long offset) {
    blocks.clear();
    first = offset;
    end = offset;
    staged = offset;
    deselect();
    torn = false;
  }

  /** What was appended so far comes after an offset that was not known. */
  void shift(long by) {
    first += by;
    end += by;
    staged += by;
  }

  // --- what another server has written

  /** Takes bytes that are to follow, once it is known that they are whole commands. */
  void stage(byte[] bytes, int offset, int length) {
    put(bytes, offset, length);
  }

  /** The first of the bytes that were taken become part of it. */
  void commit(long upTo) {
    end = upTo;
  }

  /** Up to where bytes were taken. */
  long stagedOffset() {
    return staged;
  }

  /** Forgets bytes that were taken and are not part of it. */
  void unstage() {
    int needed = (int) ((end - first + BLOCK_BYTES - 1) / BLOCK_BYTES);
    if (needed < blocks.size()) {
      blocks.subList(needed, blocks.size()).clear();
    }
    staged = end;
  }

  /** Hands over the bytes between two offsets, in order. */
  void read(long from, long to, Sink sink) {
    long at = from;
    while (at < to) {
      int begin = (int) ((at - first) % BLOCK_BYTES);
      int some = (int) Math.min(to - at, BLOCK_BYTES - begin);
      sink.accept(blocks.get((int) ((at - first) / BLOCK_BYTES)), begin, some);
      at += some;
    }
  }
}
