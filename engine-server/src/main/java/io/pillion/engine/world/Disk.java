package io.pillion.engine.world;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Files. Paths are as users write them, relative ones from where the process was started.
 *
 * <p>Every {@link IOException} has a message that says why, as the system would: {@code No such
 * file or directory}, {@code No space left on device}.
 *
 * <p>What survives a loss of power: the bytes of a file that {@link DiskFile#sync} has seen, and
 * the names in a folder that {@link #syncFolder} has seen. Of everything else any part may be
 * there, or none.
 */
public interface Disk {
  /** The whole of a text file, in UTF-8. */
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

  // --- files as bytes

  /** Reads a file from its beginning; not buffered, so read in large pieces. */
  InputStream open(String path) throws IOException;

  /** A new file to be written, in place of one of that name. */
  DiskFile create(String path) throws IOException;

  /**
   * The same for much that is not read again soon: past the system's cache where that can be, so
   * that it takes no memory there, and nobody has to wait while the system makes room.
   */
  WriteOnceFile createLarge(String path) throws IOException;

  /** A file to be written on at its end; a new one when there is none. */
  DiskFile append(String path) throws IOException;

  /** A new file without a name in a folder. */
  ScratchFile scratch(String folder) throws IOException;

  /** Whether there is a file or folder of that name. */
  boolean exists(String path);

  /** How many bytes a file has. */
  long size(String path) throws IOException;

  /** Cuts a file off after so many bytes, and makes that survive a loss of power. */
  void truncate(String path, long size) throws IOException;

  /** Gives a file another name within the same file system, replacing one of that name at once. */
  void rename(String from, String to) throws IOException;

  /**
   * Makes a file somebody's own until it is closed, or until this process ends however that comes;
   * it is made when there is none. Where files cannot be locked, nobody is kept out.
   *
   * @return null when it is somebody else's, of this process or of another one
   */
  @Nullable Closeable tryLock(String path) throws IOException;

  // --- folders

  /** The names in a folder, in order. */
  List<String> list(String folder) throws IOException;

  /** Makes a folder, unless it is there; its parent must be. */
  void createFolder(String path) throws IOException;

  /** Makes what was created, renamed and removed in a folder survive a loss of power. */
  void syncFolder(String path) throws IOException;
}
