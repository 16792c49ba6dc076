package io.pillion.engine.net;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * The file of a Unix socket, which nobody else may connect to at any moment. Between bind and chmod
 * a socket has whatever permissions the umask leaves (CVE-2023-45145), and Java cannot set the
 * umask; so the socket is bound in a folder of our own and moved to its place once its permissions
 * are right.
 */
final class UnixSocketFile {
  private final Path path;
  private final Path folder;

  /** Prepares the folder to bind in. */
  UnixSocketFile(Path path) throws IOException {
    this.path = path.toAbsolutePath();
    Path parent = this.path.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new FileSystemException(path.toString(), null, "No such file or directory");
    }
    folder =
        Files.createTempDirectory(
            parent,
            ".p",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /** Where to bind. */
  Path bindPath() {
    return folder.resolve("s");
  }

  /** Gives the bound socket its permissions and its place, where an old one may lie. */
  void publish(int mode) throws IOException {
    Files.setPosixFilePermissions(bindPath(), permissions(mode == 0 ? 0600 : mode));
    Files.move(
        bindPath(), path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Removes the folder. */
  void tidy() {
    deleteQuietly(bindPath());
    deleteQuietly(folder);
  }

  /** Removes the socket: nothing listens there any more. */
  void remove() {
    deleteQuietly(path);
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // A file that is left over stands in nobody's way: the next start replaces it.
      return;
    }
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] fromOwnerReadOn = {
      PosixFilePermission.OWNER_READ,
      PosixFilePermission.OWNER_WRITE,
      PosixFilePermission.OWNER_EXECUTE,
      PosixFilePermission.GROUP_READ,
      PosixFilePermission.GROUP_WRITE,
      PosixFilePermission.GROUP_EXECUTE,
      PosixFilePermission.OTHERS_READ,
      PosixFilePermission.OTHERS_WRITE,
      PosixFilePermission.OTHERS_EXECUTE
    };
    for (int bit = 0; bit < 9; bit++) {
      if ((mode & (0400 >> bit)) != 0) {
        set.add(fromOwnerReadOn[bit]);
      }
    }
    return set;
  }
}
