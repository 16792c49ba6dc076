package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.DiskFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of an append-only log: where its files are, and how its manifest is replaced so that
 * it never names a file that is not there, whenever power is lost.
 */
final class AofFolder {
  private static final Logger log = LoggerFactory.getLogger(AofFolder.class);

  private final Disk disk;
  private final String dir;
  private final String path;
  private final String logName;

  AofFolder(Disk disk, Parameters parameters) {
    this.disk = disk;
    dir = parameters.text("dir");
    path = dir + "/" + parameters.text("appenddirname");
    logName = parameters.text("appendfilename");
  }

  /** The name that all its files begin with, and the one file of old versions has. */
  String logName() {
    return logName;
  }

  /** Whether it is the same, with the same names in it. */
  boolean isSameAs(AofFolder other) {
    return path.equals(other.path) && logName.equals(other.logName);
  }

  /** Where it is. */
  String path() {
    return path;
  }

  /** The path of one of its files. */
  String file(String name) {
    return path + "/" + name;
  }

  private String manifestPath() {
    return file(logName + ".manifest");
  }

  /** A name for the increment that is written while there is no base for it yet. */
  String temporaryIncrement() {
    return "temp-" + logName + ".incr";
  }

  /** A name for a base that is being written, never used twice. */
  String temporaryBase(long number) {
    return "temp-rewriteaof-bg-" + ProcessHandle.current().pid() + "-" + number + ".aof";
  }

  /** Makes the folder, unless it is there. */
  void create() throws IOException {
    if (!disk.isFolder(path)) {
      disk.createFolder(path);
      disk.syncFolder(dir);
    }
  }

  /** Whether the manifest and this file of its are still there by name. */
  boolean isThere(String name) {
    return disk.exists(manifestPath()) && disk.exists(file(name));
  }

  /**
   * What is there; an empty manifest when there is none.
   *
   * @throws PersistenceException when it cannot be read, or is not one
   */
  AofManifest read() {
    if (!disk.isFolder(path) || !disk.exists(manifestPath())) {
      return AofManifest.EMPTY;
    }
    String text;
    try {
      text = disk.read(manifestPath());
    } catch (IOException e) {
      throw new PersistenceException(
          "Fatal error: can't open the AOF manifest file "
              + manifestPath()
              + " for reading: "
              + e.getMessage(),
          e);
    }
    return AofManifest.parse(text);
  }

  /**
   * Puts a manifest in place of the old one. The files that it names must be there and synced; that
   * they are there by name is seen to here, before it names them.
   */
  void write(AofManifest manifest) throws IOException {
    // The folder's own name, too: it may have been made, and this have failed.
    disk.syncFolder(dir);
    disk.syncFolder(path);
    String temporary = file("temp-" + logName + ".manifest");
    byte[] bytes = manifest.format().getBytes(StandardCharsets.UTF_8);
    try (DiskFile fresh = disk.create(temporary)) {
      fresh.write(bytes, 0, bytes.length);
      fresh.sync();
    }
    disk.rename(temporary, manifestPath());
    disk.syncFolder(path);
  }

  /** Removes the files that a manifest has replaced; returns it without them. */
  AofManifest removeHistory(AofManifest manifest) throws IOException {
    if (manifest.history().isEmpty()) {
      return manifest;
    }
    for (AofManifest.Entry entry : manifest.history()) {
      log.info("Removing the history file {} in the background", entry.name());
      disk.delete(file(entry.name()));
    }
    AofManifest less = manifest.withoutHistory();
    write(less);
    return less;
  }

  /** Removes a file that is in no manifest, as well as possible. */
  void discard(String name) {
    try {
      disk.delete(file(name));
    } catch (IOException e) {
      log.warn("Cannot remove {}: {}", name, e.getMessage());
    }
  }

  /** Removes what an earlier life of the log began and did not finish. */
  void discardTemporary() throws IOException {
    for (String name : disk.list(path)) {
      if (name.startsWith("temp-rewriteaof-") || name.equals(temporaryIncrement())) {
        discard(name);
      }
    }
  }

  /**
   * Takes the single file of old versions into the folder, as its base, when it is there and the
   * folder has no log of its own. Where that is broken off, the next start goes on.
   */
  AofManifest upgrade(AofManifest manifest) {
    String old = dir + "/" + logName;
    AofManifest.Entry base = manifest.base();
    boolean begun =
        base != null
            && manifest.increments().isEmpty()
            && base.name().equals(logName)
            && !disk.exists(file(logName));
    if (!disk.exists(old) || disk.isFolder(old) || !(manifest.isEmpty() || begun)) {
      return manifest;
    }
    AofManifest upgraded =
        AofManifest.EMPTY.withBase(new AofManifest.Entry(logName, 1, AofManifest.Kind.BASE));
    try {
      create();
      write(upgraded);
      disk.rename(old, file(logName));
      disk.syncFolder(path);
      disk.syncFolder(dir);
    } catch (IOException e) {
      throw new PersistenceException(
          "Error trying to move the old AOF file "
              + logName
              + " into dir "
              + path
              + ": "
              + e.getMessage(),
          e);
    }
    log.info(
        "Successfully migrated an old-style AOF file ({}) into the AOF directory ({}).",
        logName,
        path);
    return upgraded;
  }
}
