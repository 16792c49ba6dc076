package io.pillion.engine.persistence.backup;

import java.io.IOException;
import java.io.InputStream;

/**
 * Reads from a slow stream what will be wanted under the engine lock before it is taken: who finds
 * it empty then, in the middle of a large value, reads on himself.
 */
final class ReadAhead extends InputStream {
  private final InputStream source;
  private final byte[] buffer;
  private int position;
  private int limit;

  ReadAhead(InputStream source, int bytes) {
    this.source = source;
    buffer = new byte[bytes];
  }

  /** Reads as much as there is room for. Without the lock. */
  void fill() throws IOException {
    System.arraycopy(buffer, position, buffer, 0, limit - position);
    limit -= position;
    position = 0;
    limit += source.readNBytes(buffer, limit, buffer.length - limit);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int count;
    if (position < limit) {
      count = Math.min(length, limit - position);
      System.arraycopy(buffer, position, bytes, offset, count);
      position += count;
    } else {
      count = source.read(bytes, offset, length);
    }
    return count;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
