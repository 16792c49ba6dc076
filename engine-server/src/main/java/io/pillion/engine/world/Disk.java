package io.pillion.engine.world;

import java.io.IOException;
import java.util.List;

/** Files. Paths are as users write them, relative ones from where the process was started. */
public interface Disk {
  /**
   * The whole of a text file, in UTF-8.
   *
   * @throws IOException whose message says why, as the system would: {@code No such file or
   *     directory}
   */
  String read(String path) throws IOException;

  /** Puts a text in place of a file's content, all of it or nothing, also in a crash. */
  void replace(String path, String text) throws IOException;

  /** Removes a file, if it is there. */
  void delete(String path) throws IOException;

  /** The files that match a pattern with {@code *} and {@code ?} in its last part, in order. */
  List<String> matching(String pattern) throws IOException;

  /** Whether it is a folder. */
  boolean isFolder(String path);

  /** The same path from the root on. */
  String absolute(String path);
}
