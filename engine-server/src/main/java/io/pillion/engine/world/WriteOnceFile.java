package io.pillion.engine.world;

import java.io.IOException;
import java.io.OutputStream;

/** A file that is being written, from its beginning to its end. Used by one thread at a time. */
public interface WriteOnceFile extends AutoCloseable {
  /**
   * Writes bytes at the end. When it fails, some of the first of them may have been written, or may
   * still be.
   */
  void write(byte[] bytes, int offset, int length) throws IOException;

  /**
   * Returns when all bytes written survive a loss of power. Once it has failed, what was written
   * before is in doubt for ever: a later success says nothing about it.
   */
  void sync() throws IOException;

  @Override
  void close() throws IOException;

  /** The same file as a stream, not buffered; closing it closes the file. */
  default OutputStream output() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        WriteOnceFile.this.write(bytes, offset, length);
      }

      @Override
      public void close() throws IOException {
        WriteOnceFile.this.close();
      }
    };
  }
}
