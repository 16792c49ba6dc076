package io.pillion.engine.world;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file that is written past the system's cache, in whole blocks. Its last bytes wait in a buffer.
 */
final class DirectFile implements WriteOnceFile {
  private final DirectChannel channel;

  /** What follows the {@link #written} bytes. */
  private ByteBuffer last;

  private long written;

  private DirectFile(DirectChannel channel) {
    this.channel = channel;
    last = channel.takeBuffer();
  }

  /**
   * Opens a file, or makes it empty.
   *
   * @return null where there is no way past the cache
   */
  static @Nullable DirectFile open(Path path) {
    DirectChannel channel = DirectChannel.open(path, StandardOpenOption.TRUNCATE_EXISTING);
    return channel == null ? null : new DirectFile(channel);
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
      while (last.position() % channel.blockBytes() != 0) {
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
    channel.sync();
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      writeLast();
    } finally {
      last = channel.giveBack(last);
    }
  }
}
