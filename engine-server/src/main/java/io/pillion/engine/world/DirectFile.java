package io.pillion.engine.world;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A file that is written past the system's cache, in whole blocks. Its last bytes wait in a buffer.
 *
 * <p>What goes through the cache is copied by the kernel, page by page into memory that it has to
 * find first, and written later by threads of its own; both keep processors from others for
 * milliseconds, and the pages count as the container's memory. A program that writes gigabytes
 * while it answers requests does better without.
 */
final class DirectFile implements WriteOnceFile {
  private static final int BUFFER_BYTES = 128 << 10;
  private static final int SMALLEST_BLOCK_BYTES = 4 << 10;
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  /**
   * Buffers to be used again: what lies outside the heap is given back by full collections only.
   */
  private static final Queue<ByteBuffer> SPARE = new ArrayBlockingQueue<>(2);

  private final FileChannel channel;
  private final int block;

  /** What follows the {@link #written} bytes. */
  private ByteBuffer last;

  private long written;

  private DirectFile(FileChannel channel, int block) {
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

  private void giveBack() {
    if (block == SMALLEST_BLOCK_BYTES && last.capacity() > 0) {
      SPARE.offer(last);
    }
    last = NONE;
  }

  /**
   * Opens a file, or makes it empty.
   *
   * @return null where there is no way past the cache
   */
  static @Nullable DirectFile open(Path path) {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      return null;
    }
    try {
      // Of the folder, as there may be no file yet.
      long block = Math.max(Files.getFileStore(folder).getBlockSize(), SMALLEST_BLOCK_BYTES);
      if (BUFFER_BYTES % block != 0) {
        return null;
      }
      FileChannel channel =
          FileChannel.open(
              path,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              ExtendedOpenOption.DIRECT);
      DirectFile opened = new DirectFile(channel, (int) block);
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
      giveBack();
      channel.close();
      throw e;
    }
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
    int end = offset + length;
    for (int from = offset; from < end; ) {
      int part = Math.min(end - from, last.remaining());
      last.put(bytes, from, part);
      from += part;
      if (!last.hasRemaining()) {
        writeFull();
      }
    }
  }

  private void writeFull() throws IOException {
    last.flip();
    try {
      while (last.hasRemaining()) {
        written += channel.write(last, written);
      }
    } finally {
      // What could not be written stays.
      last.compact();
    }
  }

  /** Writes what is in the buffer, which stays there, as its last block may get more bytes. */
  private void writeLast() throws IOException {
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
  public void sync() throws IOException {
    writeLast();
    channel.force(/* metaData= */ false);
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      writeLast();
    } finally {
      giveBack();
    }
  }
}
