package io.pillion.engine.world;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The machine's own files. */
final class RealDisk implements Disk {
  private static final String MISSING = "No such file or directory";

  @Override
  public String read(String path) throws IOException {
    return asking(() -> Files.readString(Path.of(path), StandardCharsets.UTF_8));
  }

  @Override
  public void replace(String path, String text) throws IOException {
    Path target = Path.of(path).toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException("Is a directory");
    }
    doing(() -> replace(target, folder, text));
  }

  private static void replace(Path target, Path folder, String text) throws IOException {
    Path fresh = Files.createTempFile(folder, target.getFileName().toString(), ".tmp");
    try {
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        channel.write(StandardCharsets.UTF_8.encode(text));
        channel.force(true);
      }
      if (Files.exists(target)) {
        Files.setPosixFilePermissions(fresh, Files.getPosixFilePermissions(target));
      }
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
      sync(folder);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  @Override
  public void delete(String path) throws IOException {
    doing(() -> Files.deleteIfExists(Path.of(path)));
  }

  @Override
  public List<String> matching(String pattern) throws IOException {
    Path path = Path.of(pattern);
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder, path.getFileName().toString())) {
      files.forEach(file -> found.add(file.toString()));
    }
    found.sort(null);
    return found;
  }

  @Override
  public boolean isFolder(String path) {
    return Files.isDirectory(Path.of(path));
  }

  @Override
  public String absolute(String path) {
    return Path.of(path).toAbsolutePath().normalize().toString();
  }

  @Override
  public InputStream open(String path) throws IOException {
    return asking(() -> Files.newInputStream(Path.of(path)));
  }

  @Override
  public DiskFile create(String path) throws IOException {
    return write(path, StandardOpenOption.TRUNCATE_EXISTING);
  }

  @Override
  public DiskFile append(String path) throws IOException {
    // Not O_APPEND: positions are our own, so that a write that was cut short can be taken up.
    return write(path);
  }

  @Override
  public WriteOnceFile createLarge(String path) throws IOException {
    return asking(
        () -> {
          DirectFile direct = DirectFile.open(Path.of(path));
          return direct == null ? create(path) : direct;
        });
  }

  @Override
  public ScratchFile scratch(String folder) throws IOException {
    return asking(
        () -> {
          Path path = Files.createTempFile(Path.of(folder), "scratch", ".tmp");
          // Its name goes at once, so that nothing is left of it whatever happens.
          DirectScratchFile direct = DirectScratchFile.open(path);
          return direct == null ? CachedScratchFile.open(path) : direct;
        });
  }

  private static DiskFile write(String path, OpenOption... more) throws IOException {
    OpenOption[] options =
        Stream.concat(
                Stream.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE), Stream.of(more))
            .toArray(OpenOption[]::new);
    return asking(() -> new RealFile(FileChannel.open(Path.of(path), options)));
  }

  @Override
  public boolean exists(String path) {
    return Files.exists(Path.of(path));
  }

  @Override
  public long size(String path) throws IOException {
    return asking(() -> Files.size(Path.of(path)));
  }

  @Override
  public void truncate(String path, long size) throws IOException {
    doing(
        () -> {
          try (FileChannel channel = FileChannel.open(Path.of(path), StandardOpenOption.WRITE)) {
            channel.truncate(size);
            channel.force(/* metaData= */ true);
          }
        });
  }

  @Override
  public void rename(String from, String to) throws IOException {
    doing(() -> Files.move(Path.of(from), Path.of(to), StandardCopyOption.ATOMIC_MOVE));
  }

  @Override
  public @Nullable Closeable tryLock(String path) throws IOException {
    FileChannel channel =
        asking(
            () ->
                FileChannel.open(
                    Path.of(path), StandardOpenOption.WRITE, StandardOpenOption.CREATE));
    boolean taken;
    try {
      taken = channel.tryLock() == null;
    } catch (OverlappingFileLockException e) {
      taken = true;
    } catch (IOException e) {
      // Some network file systems know no locks.
      taken = false;
    }
    if (taken) {
      channel.close();
      return null;
    }
    return channel;
  }

  @Override
  public List<String> list(String folder) throws IOException {
    List<String> names = new ArrayList<>();
    doing(
        () -> {
          try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of(folder))) {
            files.forEach(file -> names.add(file.getFileName().toString()));
          }
        });
    names.sort(null);
    return names;
  }

  @Override
  public void createFolder(String path) throws IOException {
    if (!isFolder(path)) {
      doing(() -> Files.createDirectory(Path.of(path)));
    }
  }

  @Override
  public void syncFolder(String path) throws IOException {
    doing(() -> sync(Path.of(path)));
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(/* metaData= */ true);
    }
  }

  // --- errors in the system's words

  @FunctionalInterface
  private interface Action {
    void run() throws IOException;
  }

  @FunctionalInterface
  private interface Question<T> {
    T ask() throws IOException;
  }

  private static void doing(Action action) throws IOException {
    try {
      action.run();
    } catch (IOException e) {
      throw new IOException(reason(e), e);
    }
  }

  private static <T> T asking(Question<T> question) throws IOException {
    try {
      return question.ask();
    } catch (IOException e) {
      throw new IOException(reason(e), e);
    }
  }

  private static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return MISSING;
    }
    if (e instanceof AccessDeniedException) {
      return "Permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "File exists";
    }
    if (e instanceof NotDirectoryException) {
      return "Not a directory";
    }
    if (e instanceof MalformedInputException) {
      return "It is not a text in UTF-8";
    }
    String reason = e instanceof FileSystemException known ? known.getReason() : e.getMessage();
    return reason == null ? e.toString() : reason;
  }

  /** A file of the machine. */
  private static final class RealFile implements DiskFile {
    /** The JDK copies what it writes into a buffer as large, of which each thread keeps one. */
    private static final int MOST_AT_ONCE = 256 << 10;

    private final FileChannel channel;
    private long size;

    RealFile(FileChannel channel) throws IOException {
      this.channel = channel;
      size = channel.size();
      channel.position(size);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      int end = offset + length;
      for (int from = offset; from < end; ) {
        buffer.limit(Math.min(end, from + MOST_AT_ONCE)).position(from);
        int written = channel.write(buffer);
        from += written;
        size += written;
      }
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public void truncate(long newSize) throws IOException {
      channel.truncate(newSize);
      size = Math.min(size, newSize);
    }

    @Override
    public void sync() throws IOException {
      channel.force(/* metaData= */ false);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
