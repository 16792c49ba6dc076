package io.pillion.engine.persistence;

import io.pillion.engine.world.World;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file in blocks, some of them ahead and with their check sum, on a background thread: what
 * loads them is left with the work that only it can do. Whoever wants a block that nobody has begun
 * to read reads it himself, so that nothing depends on that thread.
 *
 * <p>Who takes blocks does not read from the stream itself.
 */
final class BlockReader extends InputStream {
  private static final int BLOCK_BYTES = 256 << 10;
  private static final int MOST_AHEAD = 3;

  private final InputStream file;
  private final int blockBytes;

  /**
   * Free bytes in front of a block's own, for the rest of the block before: none in a single one.
   */
  private final int headroom;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Block> ready = new ArrayDeque<>();
  private final ArrayDeque<Block> used;
  private boolean reading;
  private boolean atEnd;
  private boolean closed;
  private @Nullable IOException failure;

  /** The check sum of all blocks that were read; of whoever is reading. */
  private long crc;

  /** Bytes of a file. */
  static final class Block {
    byte[] bytes;

    /** Where they begin: what is in front is free. */
    int start;

    /** Where they end. */
    int end;

    /** The check sum of all that the file has before them. */
    long crcBefore;

    private Block(int headroom, int length) {
      bytes = new byte[headroom + length];
      start = headroom;
    }

    /** Sees to so many free bytes in front, of which a file that has grown may need more. */
    void reserve(int free) {
      if (start < free) {
        byte[] larger = new byte[bytes.length + free - start];
        System.arraycopy(bytes, start, larger, free, end - start);
        end += free - start;
        start = free;
        bytes = larger;
      }
    }
  }

  /**
   * Begins to read ahead.
   *
   * @param file closed with this
   * @param size how many bytes it is said to have: small files are read in one small block
   */
  BlockReader(InputStream file, long size, World world) {
    this(file, size, world, new ArrayDeque<>());
  }

  /**
   * Begins to read ahead.
   *
   * @param file closed with this
   * @param size how many bytes it is said to have: small files are read in one small block
   * @param used blocks to read into, if they are large enough; all there are lie there again when
   *     this is closed
   */
  BlockReader(InputStream file, long size, World world, ArrayDeque<Block> used) {
    this.file = file;
    this.used = used;
    blockBytes = (int) Math.min(size + 1, BLOCK_BYTES);
    headroom = size < BLOCK_BYTES ? 0 : RdbInput.MAX_VIEW_BYTES;
    world.background("read-ahead", this::readAhead);
  }

  private void readAhead() {
    lock.lock();
    try {
      while (!closed && !atEnd && failure == null) {
        if (reading || ready.size() == MOST_AHEAD) {
          changed.awaitUninterruptibly();
        } else {
          readOne();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Reads one block, without the lock while it takes long. */
  private void readOne() {
    Block block = used.pollLast();
    if (block == null || block.bytes.length - block.start < blockBytes) {
      block = new Block(headroom, blockBytes);
    }
    reading = true;
    lock.unlock();
    IOException failed = null;
    int length = 0;
    try {
      length = file.readNBytes(block.bytes, block.start, blockBytes);
      block.end = block.start + length;
      block.crcBefore = crc;
      crc = Crc64.update(crc, block.bytes, block.start, length);
    } catch (IOException e) {
      failed = e;
    } catch (RuntimeException | OutOfMemoryError e) {
      // Who wants the block must hear of it, on whichever thread it was to be read.
      failed = new IOException(e.toString(), e);
    } finally {
      lock.lock();
      reading = false;
      failure = failed;
      atEnd = length < blockBytes;
      (failed == null && length > 0 ? ready : used).addLast(block);
      changed.signalAll();
    }
  }

  /**
   * The next block, or null at the end.
   *
   * @param done one that is not looked at any more, or null
   */
  @Nullable Block take(@Nullable Block done) throws IOException {
    lock.lock();
    try {
      if (done != null) {
        used.addLast(done);
      }
      while (ready.isEmpty() && !atEnd && failure == null) {
        if (reading) {
          changed.awaitUninterruptibly();
        } else {
          readOne();
        }
      }
      Block next = ready.pollFirst();
      if (next == null && failure != null) {
        throw failure;
      }
      changed.signalAll();
      return next;
    } finally {
      lock.unlock();
    }
  }

  /** A block is not looked at any more, and no other is wanted instead. */
  void giveBack(Block done) {
    lock.lock();
    try {
      used.addLast(done);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    throw new IOException("only blocks are read here");
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    return read();
  }

  /** Ends reading ahead, and closes the file. */
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      while (reading) {
        changed.awaitUninterruptibly();
      }
      used.addAll(ready);
      ready.clear();
    } finally {
      lock.unlock();
    }
    file.close();
  }
}
