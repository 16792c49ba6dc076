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

  /**
   * Begins a new backup, which is not there until it is published. Nobody else can begin one until
   * it is discarded, which a published one must be, too.
   *
   * @throws BusyException when another engine is at work there
   * @throws IOException when the name is taken, or nothing can be written
   */
  Draft begin(String name) throws IOException;

  /**
   * Removes a backup.
   *
   * @throws BusyException when another engine is at work there
   */
  void delete(String name) throws IOException;

  /**
   * Removes what was begun and never published, in a life before this one.
   *
   * @throws BusyException when another engine is at work there
   * @return how many pieces were removed
   */
  int sweep() throws IOException;

  /** Somebody else is at work, or has removed the data; later it may go well. */
  final class BusyException extends IOException {
    private static final long serialVersionUID = 1;

    BusyException(String message) {
      super(message);
    }
  }

  /** A backup that is being made. */
  interface Draft {
    /** Takes the bytes; closing it makes them survive a loss of power. */
    OutputStream output();

    /** Reads what was written, after it was closed. */
    InputStream open() throws IOException;

    /** Makes it a backup, at once and for good. */
    void publish(BackupManifest manifest) throws IOException;

    /** Ends it, and removes it, as well as possible, unless it was published. */
    void discard();
  }
}
