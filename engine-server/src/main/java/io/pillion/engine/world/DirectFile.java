package io.pillion.engine.world;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** A file that is written past the system's cache. */
final class DirectFile implements WriteOnceFile {
  private final DirectChannel channel;

  private DirectFile(DirectChannel channel) {
    this.channel = channel;
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
    channel.append(bytes, offset, length);
  }

  @Override
  public void sync() throws IOException {
    channel.writeLast();
    channel.sync();
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      channel.writeLast();
    }
  }
}
