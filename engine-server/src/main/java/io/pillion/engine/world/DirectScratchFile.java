package io.pillion.engine.world;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A scratch file that goes past the system's cache: else the system writes to the disk what is
 * never needed there, once it is half a minute old, and lets go of all of it at the end, each in
 * one go.
 */
final class DirectScratchFile implements ScratchFile {
  private final DirectChannel channel;

  /** Whole blocks that were read. */
  private ByteBuffer window;

  private DirectScratchFile(DirectChannel channel) {
    this.channel = channel;
    window = channel.takeBuffer();
  }

  /**
   * Opens a file, whose name goes.
   *
   * @return null where there is no way past the cache
   */
  static @Nullable DirectScratchFile open(Path path) {
    DirectChannel channel =
        DirectChannel.open(path, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE);
    return channel == null ? null : new DirectScratchFile(channel);
  }

  @Override
  public long append(byte[] bytes, int offset, int length) throws IOException {
    long position = channel.size();
    channel.append(bytes, offset, length);
    return position;
  }

  @Override
  public void read(long position, byte[] bytes, int offset, int length) throws IOException {
    channel.checkOpen();
    if (position + length > channel.size()) {
      throw new IOException("a scratch file is shorter than what is read of it");
    }
    long at = position;
    int to = offset;
    for (int end = offset + length; to < end; ) {
      int part;
      if (at >= channel.written()) {
        part = end - to;
        channel.copyLast(at, bytes, to, part);
      } else {
        part = readBlocks(at, bytes, to, end - to);
      }
      at += part;
      to += part;
    }
  }

  /** Reads the first of some bytes, of which at least the first was written. */
  private int readBlocks(long position, byte[] bytes, int offset, int length) throws IOException {
    int block = channel.blockBytes();
    int before = (int) (position % block);
    long first = position - before;
    long blocks = (before + (long) length + block - 1) / block;
    int most =
        (int) Math.min(Math.min(blocks * block, window.capacity()), channel.written() - first);
    window.clear().limit(most);
    while (window.hasRemaining()) {
      if (channel.read(window, first + window.position()) < 0) {
        throw new IOException("a scratch file has become shorter");
      }
    }
    int part = Math.min(length, most - before);
    window.get(before, bytes, offset, part);
    return part;
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      window = channel.giveBack(window);
    }
  }
}
