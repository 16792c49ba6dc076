package io.pillion.engine.persistence.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * Where backups are kept. A backup is a stream of bytes and a {@link BackupManifest} beside it; it
 * is there whole or not at all, also after a crash. What the bytes are is the business of who
 * writes them, and said by the manifest: a target may be wrapped by one that encrypts.
 *
 * <p>Names have passed {@link BackupManifest#checkName}. Used by one thread at a time, except
 * {@link #list}. Every {@link IOException} has a message that says why.
 */
public interface BackupTarget {
  /** Where it is, for people. */
  String description();

  /** All that is there, oldest first; what cannot be understood is left out. */
  List<BackupManifest> list() throws IOException;

  /** Whether the name is taken. */
  boolean exists(String name);

  /** What is known of a backup. */
  BackupManifest manifest(String name) throws IOException;

  /** The bytes of a backup, from the first on. */
  InputStream open(String name) throws IOException;

  /** Begins a new backup, which is not there until it is published. */
  Draft begin(String name) throws IOException;

  /** Removes a backup. */
  void delete(String name) throws IOException;

  /**
   * Removes what was begun and never published, in a life before this one.
   *
   * @return how many pieces were removed
   */
  int sweep() throws IOException;

  /** A backup that is being made. */
  interface Draft {
    /** Takes the bytes; closing it makes them survive a loss of power. */
    OutputStream output();

    /** Reads what was written, after it was closed. */
    InputStream open() throws IOException;

    /** Makes it a backup, at once and for good. */
    void publish(BackupManifest manifest) throws IOException;

    /** Removes it, as well as possible; nothing when it was published. */
    void discard();
  }
}
