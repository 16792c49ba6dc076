package io.pillion.engine.world;

import java.io.IOException;

/**
 * A file without a name, which is gone when it is closed or the process ends: room for what does
 * not fit into memory. Used by one thread at a time.
 */
public interface ScratchFile extends AutoCloseable {
  /** Writes bytes at the end; returns the position of the first of them. */
  long append(byte[] bytes, int offset, int length) throws IOException;

  /** Reads bytes that were written, from a position on. */
  void read(long position, byte[] bytes, int offset, int length) throws IOException;

  @Override
  void close() throws IOException;
}
