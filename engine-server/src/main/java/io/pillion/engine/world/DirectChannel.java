package io.pillion.engine.world;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A new file that is written and read past the system's cache, in whole blocks. Its last bytes wait
 * in a buffer.
 *
 * <p>What goes through the cache is copied by the kernel, page by page into memory that it has to
 * find first, and written later by threads of its own; both keep processors from others for
 * milliseconds, and the pages count as the container's memory. A program that writes gigabytes
 * while it answers requests does better without.
 */
final class DirectChannel implements ScratchFile {
  private static final int BUFFER_BYTES = 128 << 10;
  private static final int SMALLEST_BLOCK_BYTES = 4 << 10;
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  /**
   * Buffers to be used again: what lies outside the heap is given back by full collections only.
   */
  private static final Queue<ByteBuffer> SPARE = new ArrayBlockingQueue<>(4);

  private final FileChannel channel;
  private final int block;

  /** What follows the {@link #written} bytes. */
  private ByteBuffer last;

  /** What was read from {@link #aheadFrom} on. */
  private @Nullable ByteBuffer readAhead;

  private long aheadFrom;
  private long written;

  private DirectChannel(FileChannel channel, int block) {
    this.channel = channel;
    this.block = block;
    last = buffer();
  }

  /** A buffer as the system wants it for whole blocks. */
  private ByteBuffer buffer() {
    ByteBuffer spare = block == SMALLEST_BLOCK_BYTES ? SPARE.poll() : null;
    return spare == null
        ? ByteBuffer.allocateDirect(BUFFER_BYTES + block - 1).alignedSlice(block)
        : spare.clear();
  }

  private void giveBack(ByteBuffer buffer) {
    if (block == SMALLEST_BLOCK_BYTES && buffer.capacity() > 0) {
      SPARE.offer(buffer);
    }
  }

  /**
   * Opens a file.
   *
   * @return null where there is no way past the cache
   */
  static @Nullable DirectChannel open(Path path, OpenOption... options) {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      return null;
    }
    try {
      // Of the folder, as the file may have no name any more once it is open.
      long block = Math.max(Files.getFileStore(folder).getBlockSize(), SMALLEST_BLOCK_BYTES);
      if (BUFFER_BYTES % block != 0) {
        return null;
      }
      OpenOption[] more =
          Stream.concat(Stream.of(options), Stream.of(ExtendedOpenOption.DIRECT))
              .toArray(OpenOption[]::new);
      DirectChannel opened = new DirectChannel(FileChannel.open(path, more), (int) block);
      opened.tryOut();
      return opened;
    } catch (UnsupportedOperationException | IOException e) {
      // When there is another reason than the way, the caller meets it on the usual way, too.
      return null;
    }
  }

  /** Some file systems open a file so and then take no block. */
  private void tryOut() throws IOException {
    try {
      last.put(0, new byte[block]);
      channel.write(last.limit(block), 0);
      channel.truncate(0);
      last.clear();
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  @Override
  public long append(byte[] bytes, int offset, int length) throws IOException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
    long position = written + last.position();
    int end = offset + length;
    for (int from = offset; from < end; ) {
      int part = Math.min(end - from, last.remaining());
      last.put(bytes, from, part);
      from += part;
      if (!last.hasRemaining()) {
        writeFull();
      }
    }
    return position;
  }

  private void writeFull() throws IOException {
    last.flip();
    try {
      while (last.hasRemaining()) {
        written += channel.write(last, written);
      }
    } finally {
      // What could not be written stays to be read.
      last.compact();
    }
  }

  /** Writes what is in the buffer, which stays there, as its last block may get more bytes. */
  void writeLast() throws IOException {
    int bytes = last.position();
    if (bytes == 0) {
      return;
    }
    try {
      while (last.position() % block != 0) {
        last.put((byte) 0);
      }
      last.flip();
      while (last.hasRemaining()) {
        channel.write(last, written + last.position());
      }
      channel.truncate(written + bytes);
    } finally {
      last.clear().position(bytes);
    }
  }

  @Override
  public void read(long position, byte[] bytes, int offset, int length) throws IOException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
    int done = 0;
    while (done < length && position + done < written) {
      done += readWritten(position + done, bytes, offset + done, length - done);
    }
    if (done < length) {
      last.get((int) (position + done - written), bytes, offset + done, length - done);
    }
  }

  private int readWritten(long position, byte[] bytes, int offset, int length) throws IOException {
    ByteBuffer ahead = readAhead;
    if (ahead == null) {
      ahead = buffer().limit(0);
      readAhead = ahead;
    }
    if (position < aheadFrom || position >= aheadFrom + ahead.limit()) {
      readAhead(ahead, position / block * block);
    }
    int skipped = (int) (position - aheadFrom);
    int part = Math.min(length, ahead.limit() - skipped);
    ahead.get(skipped, bytes, offset, part);
    return part;
  }

  /** Whoever reads goes on where the last read ended, mostly; what was written stays as it is. */
  private void readAhead(ByteBuffer ahead, long from) throws IOException {
    aheadFrom = from;
    ahead.clear().limit((int) Math.min(ahead.capacity(), written - from));
    try {
      while (ahead.hasRemaining()) {
        if (channel.read(ahead, from + ahead.position()) < 0) {
          throw new IOException("a file is shorter than what was written to it");
        }
      }
    } finally {
      // Nothing of it counts unless all came.
      ahead.limit(ahead.hasRemaining() ? 0 : ahead.limit());
    }
  }

  /** Makes what was written survive a loss of power. */
  void force() throws IOException {
    channel.force(/* metaData= */ false);
  }

  @Override
  public void close() throws IOException {
    giveBack(last);
    last = NONE;
    ByteBuffer ahead = readAhead;
    if (ahead != null) {
      giveBack(ahead);
      readAhead = null;
    }
    channel.close();
  }
}
