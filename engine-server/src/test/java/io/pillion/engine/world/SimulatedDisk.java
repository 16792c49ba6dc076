package io.pillion.engine.world;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files in memory that know what a loss of power would leave of them, and that can fail.
 *
 * <p>{@link #afterCrash} makes a new disk as one that lost power now may be found: of the pages of
 * 4 KiB that were not synced each one is there, or is as it was, or is torn between sectors of 512
 * bytes; of the names that were not synced (created, renamed, removed) some are as before. Used by
 * one thread at a time, or by several that do not care who is first.
 */
public final class SimulatedDisk implements Disk {
  private static final int PAGE = 4096;
  private static final int SECTOR = 512;

  private final Map<String, Folder> folders = new TreeMap<>();
  private final List<Fault> faults = new ArrayList<>();
  private final Set<String> readOnly = new TreeSet<>();
  private final Set<String> locks = new TreeSet<>();
  private Runnable beforeChange = () -> {};
  private long freeBytes = Long.MAX_VALUE;
  private long operations;

  /** An empty disk, with the folder {@code /}. */
  public SimulatedDisk() {
    folders.put("/", new Folder());
  }

  /** What can be made to fail. */
  public enum Operation {
    OPEN,
    READ,
    LIST,
    WRITE,
    SYNC,
    RENAME,
    DELETE,
    TRUNCATE,
    CREATE_FOLDER,
    SYNC_FOLDER,
    /** Fails by being somebody else's. */
    LOCK
  }

  /** Has an operation on paths that end with something fail so many times, with a message. */
  public synchronized void fail(Operation operation, String suffix, String message, int times) {
    fail(operation, suffix, message, /* passing= */ 0, times);
  }

  /** The same, after so many that go well. */
  public synchronized void fail(
      Operation operation, String suffix, String message, int passing, int times) {
    faults.add(new Fault(operation, suffix, message, passing, times));
  }

  /** Has the memory be lacking for an operation, once. */
  public synchronized void failForMemory(Operation operation, String suffix) {
    Fault fault =
        new Fault(operation, suffix, "no memory for it", /* passing= */ 0, /* times= */ 1);
    fault.forMemory = true;
    faults.add(fault);
  }

  /** Ends all faults, gives room and lets folders be written to. */
  public synchronized void heal() {
    faults.clear();
    readOnly.clear();
    freeBytes = Long.MAX_VALUE;
  }

  /** How much may still be written, to all files together. */
  public synchronized void room(long bytes) {
    freeBytes = bytes;
  }

  /** Makes a folder and its files read-only. */
  public synchronized void readOnly(String folder) {
    readOnly.add(absolute(folder));
  }

  /** Removes a folder with all that is in it; what is open stays open, without a name. */
  public synchronized void vanish(String folder) {
    String path = absolute(folder);
    folders.keySet().removeIf(each -> each.equals(path) || each.startsWith(path + "/"));
  }

  /** Called before each operation that changes something. */
  public void beforeChange(Runnable listener) {
    beforeChange = listener;
  }

  /** How many operations have changed something. */
  public synchronized long operations() {
    return operations;
  }

  /** The disk as it may be after a loss of power at this moment; the seed decides. */
  public synchronized SimulatedDisk afterCrash(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    SimulatedDisk after = new SimulatedDisk();
    Map<Content, Content> contents = new HashMap<>();
    folders.forEach(
        (path, folder) -> {
          // A folder whose parent was not synced may not be there, or has its name of before.
          boolean asNow = path.equals("/") || folder.durable || random.nextBoolean();
          if (asNow || folder.before != null) {
            Folder survived = new Folder();
            survived.durable = true;
            folder
                .survivors(random)
                .forEach(
                    (name, content) ->
                        survived.put(
                            name, contents.computeIfAbsent(content, c -> c.afterCrash(random))));
            survived.sync();
            after.folders.put(asNow ? path : Objects.requireNonNull(folder.before), survived);
          }
        });
    return after;
  }

  /** All files and their sizes, for messages. */
  public synchronized Map<String, Integer> listing() {
    Map<String, Integer> sizes = new TreeMap<>();
    folders.forEach(
        (path, folder) ->
            folder.names.forEach((name, content) -> sizes.put(path + "/" + name, content.size)));
    return sizes;
  }

  /** A file's bytes as they are now. */
  public synchronized byte[] bytes(String path) throws IOException {
    return find(path).toByteArray();
  }

  /** Puts a file there as if it had always been there. */
  public synchronized void plant(String path, byte[] bytes) {
    Content content = new Content();
    content.write(bytes, 0, bytes.length);
    content.sync();
    Folder folder = new Folder();
    Folder old = folders.putIfAbsent(parent(absolute(path)), folder);
    folder = old == null ? folder : old;
    folder.durable = true;
    folder.put(name(absolute(path)), content);
    folder.sync();
  }

  // --- the interface

  @Override
  public synchronized String read(String path) throws IOException {
    check(Operation.READ, path);
    return new String(find(path).toByteArray(), StandardCharsets.UTF_8);
  }

  @Override
  public synchronized void replace(String path, String text) throws IOException {
    String fresh = path + ".fresh";
    try (DiskFile file = create(fresh)) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      file.write(bytes, 0, bytes.length);
      file.sync();
    }
    rename(fresh, path);
    syncFolder(parent(absolute(path)));
  }

  @Override
  public synchronized void delete(String path) throws IOException {
    Folder folder = folders.get(parent(absolute(path)));
    if (folder != null && folder.names.containsKey(name(absolute(path)))) {
      change(Operation.DELETE, path);
      folder.remove(name(absolute(path)));
    }
  }

  @Override
  public synchronized List<String> matching(String pattern) {
    String path = absolute(pattern);
    Folder folder = folders.get(parent(path));
    if (folder == null) {
      return List.of();
    }
    return folder.names.keySet().stream()
        .filter(each -> matches(name(path), each))
        .map(each -> parent(path) + "/" + each)
        .toList();
  }

  private static boolean matches(String pattern, String name) {
    if (pattern.isEmpty()) {
      return name.isEmpty();
    }
    if (pattern.charAt(0) == '*') {
      return matches(pattern.substring(1), name)
          || (!name.isEmpty() && matches(pattern, name.substring(1)));
    }
    return !name.isEmpty()
        && (pattern.charAt(0) == '?' || pattern.charAt(0) == name.charAt(0))
        && matches(pattern.substring(1), name.substring(1));
  }

  @Override
  public synchronized boolean isFolder(String path) {
    return folders.containsKey(absolute(path));
  }

  @Override
  public String absolute(String path) {
    List<String> parts = new ArrayList<>();
    for (String part : path.split("/", -1)) {
      if (part.equals("..")) {
        parts.remove(parts.size() - 1);
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return "/" + String.join("/", parts);
  }

  @Override
  public synchronized InputStream open(String path) throws IOException {
    check(Operation.OPEN, path);
    Content content = find(path);
    return new InputStream() {
      private byte[] bytes = content.toByteArray();
      private int at;

      @Override
      public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] target, int offset, int length) {
        if (at == bytes.length) {
          // What has been written since belongs to it, too.
          bytes = content.toByteArray();
        }
        int count = Math.min(length, Math.max(0, bytes.length - at));
        System.arraycopy(bytes, at, target, offset, count);
        at += count;
        return count == 0 && length > 0 ? -1 : count;
      }
    };
  }

  @Override
  public synchronized DiskFile create(String path) throws IOException {
    change(Operation.OPEN, path);
    Folder folder = folder(path);
    Content content = folder.names.get(name(absolute(path)));
    if (content == null) {
      content = new Content();
      folder.put(name(absolute(path)), content);
    } else {
      content.truncate(0);
    }
    return new Handle(absolute(path), content);
  }

  @Override
  public WriteOnceFile createLarge(String path) throws IOException {
    return create(path);
  }

  @Override
  public synchronized DiskFile append(String path) throws IOException {
    change(Operation.OPEN, path);
    Folder folder = folder(path);
    Content content = folder.names.get(name(absolute(path)));
    if (content == null) {
      content = new Content();
      folder.put(name(absolute(path)), content);
    }
    return new Handle(absolute(path), content);
  }

  @Override
  public synchronized ScratchFile scratch(String folder) throws IOException {
    String path = folder + "/scratch";
    change(Operation.OPEN, path);
    folder(path);
    return new Scratch(path);
  }

  @Override
  public synchronized boolean exists(String path) {
    Folder folder = folders.get(parent(absolute(path)));
    return isFolder(path) || (folder != null && folder.names.containsKey(name(absolute(path))));
  }

  @Override
  public synchronized long size(String path) throws IOException {
    return find(path).size;
  }

  @Override
  public synchronized void truncate(String path, long size) throws IOException {
    change(Operation.TRUNCATE, path);
    Content content = find(path);
    content.truncate((int) size);
    content.sync();
  }

  @Override
  public synchronized void rename(String from, String to) throws IOException {
    change(Operation.RENAME, to);
    if (isFolder(from)) {
      renameFolder(absolute(from), absolute(to));
      return;
    }
    Content content = find(from);
    folder(to).put(name(absolute(to)), content);
    folder(from).remove(name(absolute(from)));
  }

  private void renameFolder(String from, String to) throws IOException {
    if (exists(to)) {
      throw new IOException("File exists");
    }
    Folder folder = folders.remove(from);
    if (folder.durable) {
      folder.before = from;
      folder.durable = false;
    }
    folders.put(to, folder);
  }

  @Override
  public synchronized @Nullable Closeable tryLock(String path) throws IOException {
    String absolute = absolute(path);
    folder(absolute);
    check(Operation.OPEN, absolute);
    try {
      check(Operation.LOCK, absolute);
    } catch (IOException theirs) {
      return null;
    }
    return locks.add(absolute) ? () -> unlock(absolute) : null;
  }

  private synchronized void unlock(String path) {
    locks.remove(path);
  }

  @Override
  public synchronized List<String> list(String folder) throws IOException {
    check(Operation.LIST, folder);
    Folder found = folders.get(absolute(folder));
    if (found == null) {
      throw new IOException("No such file or directory");
    }
    return List.copyOf(found.names.keySet());
  }

  @Override
  public synchronized void createFolder(String path) throws IOException {
    if (isFolder(path)) {
      return;
    }
    change(Operation.CREATE_FOLDER, path);
    if (!folders.containsKey(parent(absolute(path)))) {
      throw new IOException("No such file or directory");
    }
    folders.put(absolute(path), new Folder());
  }

  @Override
  public synchronized void syncFolder(String path) throws IOException {
    change(Operation.SYNC_FOLDER, path);
    Folder folder = folders.get(absolute(path));
    if (folder == null) {
      throw new IOException("No such file or directory");
    }
    folder.sync();
    folders.forEach(
        (each, child) -> {
          if (!each.equals("/") && parent(each).equals(absolute(path))) {
            child.durable = true;
            child.before = null;
          }
        });
  }

  // --- inside

  private static String parent(String absolute) {
    int slash = absolute.lastIndexOf('/');
    return slash <= 0 ? "/" : absolute.substring(0, slash);
  }

  private static String name(String absolute) {
    return absolute.substring(absolute.lastIndexOf('/') + 1);
  }

  private Folder folder(String path) throws IOException {
    Folder folder = folders.get(parent(absolute(path)));
    if (folder == null) {
      throw new IOException("No such file or directory");
    }
    return folder;
  }

  private Content find(String path) throws IOException {
    Content content = folder(path).names.get(name(absolute(path)));
    if (content == null) {
      throw new IOException("No such file or directory");
    }
    return content;
  }

  private void change(Operation operation, String path) throws IOException {
    beforeChange.run();
    operations++;
    check(operation, path);
    String absolute = absolute(path);
    for (String folder : readOnly) {
      if (folder.equals("/") || absolute.equals(folder) || absolute.startsWith(folder + "/")) {
        throw new IOException("Read-only file system");
      }
    }
  }

  private void check(Operation operation, String path) throws IOException {
    for (Fault fault : faults) {
      boolean meant = fault.operation == operation && path.endsWith(fault.suffix);
      if (meant && fault.passing > 0) {
        fault.passing--;
      } else if (meant && fault.times > 0) {
        fault.times--;
        if (fault.forMemory) {
          throw new OutOfMemoryError(fault.message);
        }
        throw new IOException(fault.message);
      }
    }
  }

  /** A file without a name. */
  private final class Scratch implements ScratchFile {
    private final String path;
    private byte[] bytes = {};
    private int size;

    Scratch(String path) {
      this.path = path;
    }

    @Override
    public long append(byte[] from, int offset, int length) throws IOException {
      synchronized (SimulatedDisk.this) {
        change(Operation.WRITE, path);
        int position = size;
        size += length;
        if (size > bytes.length) {
          bytes = Arrays.copyOf(bytes, Math.max(size, 2 * bytes.length));
        }
        System.arraycopy(from, offset, bytes, position, length);
        return position;
      }
    }

    @Override
    public void read(long position, byte[] to, int offset, int length) throws IOException {
      synchronized (SimulatedDisk.this) {
        check(Operation.READ, path);
        System.arraycopy(bytes, (int) position, to, offset, length);
      }
    }

    @Override
    public void close() {
      bytes = new byte[0];
    }
  }

  private static final class Fault {
    final Operation operation;
    final String suffix;
    final String message;
    int passing;
    int times;
    boolean forMemory;

    Fault(Operation operation, String suffix, String message, int passing, int times) {
      this.operation = operation;
      this.suffix = suffix;
      this.message = message;
      this.passing = passing;
      this.times = times;
    }
  }

  /** A folder: names now, names on the disk, and what has happened between. */
  private static final class Folder {
    final Map<String, Content> names = new TreeMap<>();
    private Map<String, Content> synced = new TreeMap<>();
    private final List<Map.Entry<String, List<Content>>> changes = new ArrayList<>();
    boolean durable;

    /** The name that a folder without others in it has on the disk, where it is not synced. */
    @Nullable String before;

    void put(String name, Content content) {
      names.put(name, content);
      changes.add(Map.entry(name, List.of(content)));
    }

    void remove(String name) {
      names.remove(name);
      changes.add(Map.entry(name, List.of()));
    }

    void sync() {
      synced = new TreeMap<>(names);
      changes.clear();
    }

    /** The first so many changes, or any of them. */
    Map<String, Content> survivors(SplittableRandom random) {
      Map<String, Content> left = new TreeMap<>(synced);
      boolean inOrder = random.nextBoolean();
      int first = random.nextInt(changes.size() + 1);
      for (int i = 0; i < changes.size(); i++) {
        if (inOrder ? i < first : random.nextBoolean()) {
          String name = changes.get(i).getKey();
          List<Content> content = changes.get(i).getValue();
          if (content.isEmpty()) {
            left.remove(name);
          } else {
            left.put(name, content.get(0));
          }
        }
      }
      return left;
    }
  }

  /** The bytes of a file, and those that are on the disk for sure. */
  private static final class Content {
    private byte[] bytes = new byte[0];
    private int size;
    private byte[] synced = new byte[0];
    private final BitSet dirty = new BitSet();

    void write(byte[] source, int offset, int length) {
      if (size + length > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(size + length, bytes.length * 2));
      }
      System.arraycopy(source, offset, bytes, size, length);
      if (length > 0) {
        dirty.set(size / PAGE, (size + length - 1) / PAGE + 1);
      }
      size += length;
    }

    void truncate(int newSize) {
      if (newSize < size) {
        Arrays.fill(bytes, newSize, size, (byte) 0);
        size = newSize;
        dirty.set(newSize / PAGE);
      }
    }

    void sync() {
      synced = toByteArray();
      dirty.clear();
    }

    byte[] toByteArray() {
      return Arrays.copyOf(bytes, size);
    }

    Content afterCrash(SplittableRandom random) {
      // The length is written apart from the pages.
      int low = Math.min(size, synced.length);
      int high = Math.max(size, synced.length);
      int length =
          switch (random.nextInt(4)) {
            case 0 -> synced.length;
            case 1 -> size;
            default -> low + random.nextInt(high - low + 1);
          };
      byte[] left = Arrays.copyOf(synced, length);
      for (int page = dirty.nextSetBit(0); page >= 0; page = dirty.nextSetBit(page + 1)) {
        int fate = random.nextInt(3);
        for (int at = page * PAGE; at < Math.min(length, (page + 1) * PAGE); at += SECTOR) {
          boolean written = fate == 0 || (fate == 1 && random.nextBoolean());
          if (written) {
            int end = Math.min(Math.min(at + SECTOR, size), length);
            if (end > at) {
              System.arraycopy(bytes, at, left, at, end - at);
            }
          }
        }
      }
      Content after = new Content();
      after.write(left, 0, left.length);
      after.sync();
      return after;
    }
  }

  /** A file that is being written; it stays the same when the name goes to another. */
  private final class Handle implements DiskFile {
    private final String path;
    private final Content content;

    Handle(String path, Content content) {
      this.path = path;
      this.content = content;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      synchronized (SimulatedDisk.this) {
        change(Operation.WRITE, path);
        int fits = (int) Math.min(length, freeBytes);
        content.write(bytes, offset, fits);
        if (freeBytes != Long.MAX_VALUE) {
          freeBytes -= fits;
        }
        if (fits < length) {
          throw new IOException("No space left on device");
        }
      }
    }

    @Override
    public long size() {
      synchronized (SimulatedDisk.this) {
        return content.size;
      }
    }

    @Override
    public void truncate(long size) throws IOException {
      synchronized (SimulatedDisk.this) {
        change(Operation.TRUNCATE, path);
        content.truncate((int) size);
      }
    }

    @Override
    public void sync() throws IOException {
      synchronized (SimulatedDisk.this) {
        change(Operation.SYNC, path);
        content.sync();
      }
    }

    @Override
    public void close() {}
  }
}
