package io.pillion.engine.world;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A connection to another server, for one thread that may wait: every read and write fails with an
 * {@link IOException} when it takes longer than was agreed.
 */
public interface Link extends AutoCloseable {
  /** What the other says; not buffered. */
  InputStream input() throws IOException;

  /** What is said to the other; not buffered. */
  OutputStream output() throws IOException;

  @Override
  void close() throws IOException;
}
