package io.pillion.engine.world;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A scratch file where there is no way past the system's cache. */
final class CachedScratchFile implements ScratchFile {
  private final FileChannel channel;
  private long size;

  private CachedScratchFile(FileChannel channel) {
    this.channel = channel;
  }

  /** Opens a file, whose name goes. */
  static CachedScratchFile open(Path path) throws IOException {
    return new CachedScratchFile(
        FileChannel.open(
            path,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.DELETE_ON_CLOSE));
  }

  @Override
  public long append(byte[] bytes, int offset, int length) throws IOException {
    long position = size;
    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
    while (buffer.hasRemaining()) {
      channel.write(buffer, position + buffer.position() - offset);
    }
    size += length;
    return position;
  }

  @Override
  public void read(long position, byte[] bytes, int offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position() - offset) < 0) {
        throw new IOException("a scratch file is shorter than what is read of it");
      }
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
