package io.pillion.engine.world;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file that is written at its end, and read, past the system's cache: whole blocks, at places
 * that are whole blocks away from its beginning, with buffers that are taken here. Its last bytes
 * wait in one of them. Used by one thread at a time.
 *
 * <p>What goes through the cache is copied by the kernel, page by page into memory that it has to
 * find first, and written later by threads of its own; both keep processors from others for
 * milliseconds, and the pages count as the container's memory. A program that writes gigabytes
 * while it answers requests does better without.
 */
final class DirectChannel implements Closeable {
  private static final int BUFFER_BYTES = 128 << 10;
  private static final int SMALLEST_BLOCK_BYTES = 4 << 10;
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  /**
   * Buffers to be used again: what lies outside the heap is given back by full collections only. A
   * snapshot has one for its file, and two for what it moves out of memory.
   */
  private static final Queue<ByteBuffer> SPARE = new ArrayBlockingQueue<>(3);

  private final FileChannel channel;
  private final int block;

  /** What follows the {@link #written} bytes. */
  private ByteBuffer last;

  private long written;

  private DirectChannel(FileChannel channel, int block) {
    this.channel = channel;
    this.block = block;
    last = takeBuffer();
  }

  /**
   * Opens a file to be written, and makes it when there is none.
   *
   * @return null where there is no way past the cache
   */
  static @Nullable DirectChannel open(Path path, OpenOption... more) {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      return null;
    }
    Set<OpenOption> options =
        Stream.concat(
                Stream.of(
                    StandardOpenOption.WRITE, StandardOpenOption.CREATE, ExtendedOpenOption.DIRECT),
                Stream.of(more))
            .collect(Collectors.toSet());
    try {
      // Of the folder, as there may be no file yet.
      long block = Math.max(Files.getFileStore(folder).getBlockSize(), SMALLEST_BLOCK_BYTES);
      if (BUFFER_BYTES % block != 0) {
        return null;
      }
      DirectChannel opened = new DirectChannel(FileChannel.open(path, options), (int) block);
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

  /** How many bytes a block has. */
  int blockBytes() {
    return block;
  }

  /** A buffer of a number of whole blocks, as the system wants it for them; to be given back. */
  ByteBuffer takeBuffer() {
    ByteBuffer spare = block == SMALLEST_BLOCK_BYTES ? SPARE.poll() : null;
    return spare == null
        ? ByteBuffer.allocateDirect(BUFFER_BYTES + block - 1).alignedSlice(block)
        : spare.clear();
  }

  /** Takes a buffer back; returns one without room, to be had in its place. */
  ByteBuffer giveBack(ByteBuffer buffer) {
    if (block == SMALLEST_BLOCK_BYTES && buffer.capacity() > 0) {
      SPARE.offer(buffer);
    }
    return NONE;
  }

  /** How many bytes it has got. */
  long size() {
    return written + last.position();
  }

  /** How many of its bytes are in the file: what {@link #read} gives. */
  long written() {
    return written;
  }

  /** Adds bytes at the end, of which the last stay in a buffer. */
  void append(byte[] bytes, int offset, int length) throws IOException {
    checkOpen();
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

  /** Copies bytes that are not {@link #written} yet, from a position in the file on. */
  void copyLast(long position, byte[] bytes, int offset, int length) {
    last.get((int) (position - written), bytes, offset, length);
  }

  /** Reads some bytes into a buffer; returns how many, or -1 at the end of the file. */
  int read(ByteBuffer buffer, long position) throws IOException {
    return channel.read(buffer, position);
  }

  void sync() throws IOException {
    channel.force(/* metaData= */ false);
  }

  void checkOpen() throws ClosedChannelException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
  }

  @Override
  public void close() throws IOException {
    last = giveBack(last);
    channel.close();
  }
}
