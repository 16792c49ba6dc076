package io.pillion.engine.world;

import java.io.IOException;

/** A file that is being written, at its end only, and cut back. Used by one thread at a time. */
public interface DiskFile extends WriteOnceFile {
  /**
   * Writes bytes at the end. When it fails, some of the first of them may have been written: {@link
   * #size} says how many.
   */
  @Override
  void write(byte[] bytes, int offset, int length) throws IOException;

  /** How many bytes the file has. */
  long size();

  /** Cuts the file off after so many bytes. */
  void truncate(long size) throws IOException;

  /**
   * {@inheritDoc} May be called by another thread while the first one writes; what is written
   * meanwhile may be included or not.
   */
  @Override
  void sync() throws IOException;
}
