package io.pillion.engine.persistence;

import io.pillion.engine.world.DiskFile;
import java.io.IOException;

/**
 * An increment that is being written. Once it could not be synced it never is again: the system may
 * have dropped what it could not write, and would say that all is well the next time.
 */
final class AofFile {
  private String name;
  private final DiskFile file;
  private boolean failed;

  AofFile(String name, DiskFile file) {
    this.name = name;
    this.file = file;
  }

  String name() {
    return name;
  }

  /** It has another name now; for the thread that writes. */
  void renamed(String newName) {
    name = newName;
  }

  long size() {
    return file.size();
  }

  void write(byte[] bytes, int offset, int length) throws IOException {
    file.write(bytes, offset, length);
  }

  void truncate(long size) throws IOException {
    file.truncate(size);
  }

  /** Makes what was written survive a loss of power; one thread at a time. */
  synchronized void sync() throws IOException {
    if (failed) {
      throw new IOException("an earlier fsync has failed");
    }
    try {
      file.sync();
    } catch (IOException e) {
      failed = true;
      throw e;
    } catch (RuntimeException | OutOfMemoryError e) {
      failed = true;
      throw new IOException(e.toString(), e);
    }
  }

  /** Closes it when no sync is going on. */
  synchronized void close() throws IOException {
    file.close();
  }
}
