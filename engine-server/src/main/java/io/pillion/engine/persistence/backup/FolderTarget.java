package io.pillion.engine.persistence.backup;

import io.pillion.engine.world.Disk;
import io.pillion.engine.world.DiskFile;
import io.pillion.engine.world.WriteOnceFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Backups as files of a folder: {@code name.rdb.gz} and {@code name.manifest}. The manifest is in
 * place before the file gets its name, which is the moment from which the backup is there; it is
 * removed after the file. So a manifest alone is a remainder, and a file alone is somebody else's.
 *
 * <p>Whoever changes something holds a lock on the folder meanwhile: else an engine that starts
 * would take what another one is writing there for what a crash has left.
 */
final class FolderTarget implements BackupTarget {
  static final String FILE = ".rdb.gz";
  static final String MANIFEST = ".manifest";
  private static final String TEMPORARY = ".temp-";
  private static final String LOCK = ".lock";
  private static final Logger log = LoggerFactory.getLogger(FolderTarget.class);

  private final Disk disk;
  private final String folder;

  /** A target in a folder, named from the root on; its parent must be there. */
  FolderTarget(Disk disk, String folder) {
    this.disk = disk;
    this.folder = folder;
  }

  @Override
  public String description() {
    return folder;
  }

  private String path(String name) {
    return folder + "/" + name;
  }

  private String parent() {
    int slash = folder.lastIndexOf('/');
    return slash > 0 ? folder.substring(0, slash) : "/";
  }

  @FunctionalInterface
  private interface Step<T> {
    T run() throws IOException;
  }

  // Whoever reads the message may not know which of the disks it is that has no room.

  private <T> T writing(Step<T> step) throws IOException {
    try {
      return step.run();
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  private IOException notWritten(IOException e) {
    return new IOException("cannot write to " + folder + ": " + e.getMessage(), e);
  }

  private <T> T reading(Step<T> step) throws IOException {
    try {
      return step.run();
    } catch (IOException e) {
      throw new IOException("cannot read " + folder + ": " + e.getMessage(), e);
    }
  }

  @Override
  public List<BackupManifest> list() throws IOException {
    List<BackupManifest> found = new ArrayList<>();
    if (!disk.isFolder(folder) && disk.isFolder(parent())) {
      return found;
    }
    for (String file : reading(() -> disk.list(folder))) {
      if (!file.endsWith(MANIFEST) || file.startsWith(".")) {
        continue;
      }
      String name = file.substring(0, file.length() - MANIFEST.length());
      if (exists(name)) {
        try {
          found.add(manifest(name));
        } catch (IOException e) {
          log.warn("Backup {} in {} is left out: {}", name, folder, e.getMessage());
        }
      }
    }
    found.sort(BackupManifest.ORDER);
    return found;
  }

  @Override
  public boolean exists(String name) {
    return disk.exists(path(name + FILE));
  }

  @Override
  public BackupManifest manifest(String name) throws IOException {
    if (!exists(name)) {
      throw new IOException("there is no backup '" + name + "'");
    }
    if (!disk.exists(path(name + MANIFEST))) {
      throw new IOException("backup '" + name + "' has lost its manifest");
    }
    BackupManifest manifest = BackupManifest.parse(reading(() -> disk.read(path(name + MANIFEST))));
    if (!manifest.name().equals(name)) {
      throw new IOException("the manifest is that of backup '" + manifest.name() + "'");
    }
    return manifest;
  }

  @Override
  public InputStream open(String name) throws IOException {
    return reading(() -> disk.open(path(name + FILE)));
  }

  @Override
  public void delete(String name) throws IOException {
    Closeable lock = lock();
    try {
      writing(
          () -> {
            disk.delete(path(name + FILE));
            disk.syncFolder(folder);
            disk.delete(path(name + MANIFEST));
            disk.syncFolder(folder);
            return name;
          });
    } finally {
      lock.close();
    }
  }

  private Closeable lock() throws IOException {
    Closeable lock;
    try {
      lock = disk.tryLock(path(LOCK));
    } catch (IOException e) {
      throw notWritten(e);
    }
    if (lock == null) {
      throw new BusyException(
          "another engine is at work in " + folder + ": give each a backup-dir of its own");
    }
    return lock;
  }

  @Override
  public int sweep() throws IOException {
    int swept = 0;
    if (!disk.isFolder(folder)) {
      return swept;
    }
    Closeable lock = lock();
    try {
      for (String file : disk.list(folder)) {
        boolean lonely =
            file.endsWith(MANIFEST)
                && !exists(file.substring(0, file.length() - MANIFEST.length()));
        if (file.startsWith(TEMPORARY) || lonely) {
          disk.delete(path(file));
          swept++;
        }
      }
      if (swept > 0) {
        disk.syncFolder(folder);
      }
    } finally {
      lock.close();
    }
    return swept;
  }

  @Override
  public Draft begin(String name) throws IOException {
    writing(
        () -> {
          disk.createFolder(folder);
          // Also when it was there: whoever made it may not have come so far.
          disk.syncFolder(parent());
          return folder;
        });
    FileDraft draft = new FileDraft(name, lock());
    try {
      if (exists(name)) {
        throw new IOException("backup '" + name + "' exists already");
      }
      draft.file = writing(() -> disk.createLarge(draft.temporary(FILE)));
      return draft;
    } catch (IOException e) {
      draft.unlock();
      throw e;
    }
  }

  private final class FileDraft implements Draft {
    private final String name;
    private final Closeable lock;
    private @Nullable WriteOnceFile file;
    private boolean published;

    FileDraft(String name, Closeable lock) {
      this.name = name;
      this.lock = lock;
    }

    private String temporary(String suffix) {
      return path(TEMPORARY + name + suffix);
    }

    @Override
    public OutputStream output() {
      WriteOnceFile open = file;
      if (open == null) {
        throw new IllegalStateException("closed");
      }
      OutputStream plain = open.output();
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          try {
            plain.write(bytes, offset, length);
          } catch (IOException e) {
            throw notWritten(e);
          }
        }

        @Override
        public void close() throws IOException {
          if (file != null) {
            writing(
                () -> {
                  open.sync();
                  closeFile();
                  return name;
                });
          }
        }
      };
    }

    private void closeFile() throws IOException {
      WriteOnceFile open = file;
      file = null;
      if (open != null) {
        open.close();
      }
    }

    @Override
    public InputStream open() throws IOException {
      return reading(() -> disk.open(temporary(FILE)));
    }

    @Override
    public void publish(BackupManifest manifest) throws IOException {
      writing(
          () -> {
            putInPlace(manifest);
            return name;
          });
      published = true;
    }

    private void putInPlace(BackupManifest manifest) throws IOException {
      byte[] text = manifest.format().getBytes(StandardCharsets.UTF_8);
      try (DiskFile fresh = disk.create(temporary(MANIFEST))) {
        fresh.write(text, 0, text.length);
        fresh.sync();
      }
      disk.rename(temporary(MANIFEST), path(name + MANIFEST));
      disk.syncFolder(folder);
      disk.rename(temporary(FILE), path(name + FILE));
      disk.syncFolder(folder);
    }

    @Override
    public void discard() {
      try {
        closeFile();
      } catch (IOException e) {
        // It fails once more for what could not be written, which was told; the file is closed.
        log.debug("Closing {}: {}", temporary(FILE), e.getMessage());
      }
      if (!published) {
        for (String each :
            List.of(
                temporary(FILE), temporary(MANIFEST), path(name + FILE), path(name + MANIFEST))) {
          doing(() -> disk.delete(each));
        }
      }
      unlock();
    }

    private void unlock() {
      doing(lock::close);
    }

    /** What cannot be tidied up is left; the next start tries again. */
    private void doing(Tidying step) {
      try {
        step.run();
      } catch (IOException e) {
        log.warn("Cannot remove the remainder of backup {}: {}", name, e.getMessage());
      }
    }
  }

  @FunctionalInterface
  private interface Tidying {
    void run() throws IOException;
  }
}
