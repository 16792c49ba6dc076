package io.pillion.engine.persistence.backup;

import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.RdbReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.zip.GZIPInputStream;

/**
 * Reads a backup from beginning to end: to see whether it is whole, or into the databases. Each
 * step holds the engine lock for what one step needs and no longer; without the lock, it is read
 * ahead.
 */
final class BackupReader {
  private static final int STEP_BYTES = 256 << 10;
  private static final int STEP_KEYS = 500;
  private static final int BUFFER_BYTES = 64 << 10;

  private final Engine engine;
  private final Functions functions;
  private final BooleanSupplier stopped;

  /** A reader that gives up when it is told to. */
  BackupReader(Engine engine, Functions functions, BooleanSupplier stopped) {
    this.engine = engine;
    this.functions = functions;
    this.stopped = stopped;
  }

  /** Where the bytes come from, as often as they are asked for. */
  @FunctionalInterface
  interface Source {
    InputStream open() throws IOException;
  }

  /**
   * What was found.
   *
   * @param rdbVersion the version of the RDB format
   * @param keys how many keys
   * @param expired how many more there were whose time had come
   * @param dataBytes how many bytes the RDB has
   */
  record Found(int rdbVersion, long keys, long expired, long dataBytes) {}

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }

  /**
   * Compares the stored bytes with their check sum, then reads all that is in them, and changes
   * nothing.
   *
   * @throws IOException when anything is wrong
   */
  Found verify(Source source, BackupManifest manifest) throws IOException {
    if (!manifest.encoding().equals(BackupManifest.GZIP)) {
      throw new IOException(
          "the backup is packed with '" + manifest.encoding() + "', which is not known here");
    }
    compareCheckSum(source, manifest);
    Found found = tryOut(source);
    if (found.keys != manifest.keys()) {
      throw new IOException(
          "the backup is damaged: " + found.keys + " keys where there were " + manifest.keys());
    }
    return found;
  }

  private void compareCheckSum(Source source, BackupManifest manifest) throws IOException {
    MessageDigest digest = sha256();
    long bytes = 0;
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = source.open()) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        refuseIfStopped();
        digest.update(buffer, 0, count);
        bytes += count;
      }
    }
    if (bytes != manifest.bytes()) {
      throw new IOException(
          "the backup is damaged: " + bytes + " bytes where there were " + manifest.bytes());
    }
    if (!HexFormat.of().formatHex(digest.digest()).equals(manifest.sha256())) {
      throw new IOException("the backup is damaged: its SHA-256 check sum is another");
    }
  }

  /** Reads everything, and changes nothing. */
  Found tryOut(Source source) throws IOException {
    return read(source, options().asDry(), offset -> {});
  }

  /**
   * Reads everything into the databases.
   *
   * @param progress told how many bytes were read, under the lock
   */
  Found load(Source source, LongConsumer progress) throws IOException {
    return read(source, options(), progress);
  }

  private static RdbReader.Options options() {
    return new RdbReader.Options(
        /* keepExpired= */ false, /* replace= */ true, /* checksum= */ true);
  }

  /** Whether it gives up at the next step. */
  boolean isStopped() {
    return stopped.getAsBoolean();
  }

  void refuseIfStopped() throws IOException {
    if (isStopped()) {
      throw new IOException("given up: the engine is ending");
    }
  }

  private Found read(Source source, RdbReader.Options options, LongConsumer progress)
      throws IOException {
    try (ReadAhead ahead = new ReadAhead(unpacked(source.open()), STEP_BYTES * 2)) {
      RdbReader reader =
          new RdbReader(ahead, /* length= */ -1, engine.keyspace(), functions, options);
      ahead.fill();
      reader.readHeader();
      boolean[] more = {true};
      IOException[] failure = {null};
      while (more[0]) {
        refuseIfStopped();
        ahead.fill();
        engine.hold(
            () -> {
              try {
                more[0] = reader.readSome(STEP_BYTES, STEP_KEYS);
              } catch (OutOfArenaException e) {
                failure[0] = new IOException("the data do not fit into memory: raise maxmemory", e);
              } catch (IOException e) {
                failure[0] = new IOException("the backup is damaged: " + e.getMessage(), e);
              }
              progress.accept(reader.offset());
            });
        if (failure[0] != null) {
          throw failure[0];
        }
      }
      // What packs it has a check sum of its own at the end.
      while (ahead.read() >= 0) {
        refuseIfStopped();
      }
      return new Found(reader.version(), reader.keys(), reader.expired(), reader.offset());
    }
  }

  private static InputStream unpacked(InputStream stored) throws IOException {
    BufferedInputStream in = new BufferedInputStream(stored, BUFFER_BYTES);
    in.mark(2);
    int magic = in.read() | in.read() << 8;
    in.reset();
    return magic == GZIPInputStream.GZIP_MAGIC ? new GZIPInputStream(in, BUFFER_BYTES) : in;
  }
}
