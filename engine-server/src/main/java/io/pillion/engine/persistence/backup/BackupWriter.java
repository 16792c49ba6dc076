package io.pillion.engine.persistence.backup;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.FieldTtls;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.Snapshot;
import io.pillion.engine.persistence.SnapshotOptions;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes backups: a snapshot, packed with gzip, which every machine can unpack and the JDK has; read
 * again from beginning to end before it is given its name.
 */
final class BackupWriter {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final String VERSION =
      Objects.requireNonNullElse(BackupWriter.class.getPackage().getImplementationVersion(), "dev");

  private final Engine engine;
  private final Parameters parameters;
  private final Functions functions;
  private final BackupReader reader;

  BackupWriter(Engine engine, Parameters parameters, Functions functions, BackupReader reader) {
    this.engine = engine;
    this.parameters = parameters;
    this.functions = functions;
    this.reader = reader;
  }

  /** What the cut was like. */
  private record Cut(Snapshot snapshot, long millis, long memoryBytes, long offset) {}

  /**
   * Makes a backup of the data as they are now. Without the lock.
   *
   * @throws BackupTarget.BusyException when a snapshot for another purpose is going on
   * @throws IOException when it cannot be written, or is not found again as it was written; nothing
   *     is left of it then
   */
  BackupManifest write(BackupTarget target, String name, BackupManifest.Kind kind)
      throws IOException {
    BackupTarget.Draft draft = target.begin(name);
    try {
      BackupManifest manifest = fill(draft, name, kind);
      BackupReader.Found found = reader.verify(draft::open, manifest);
      BackupManifest known = complete(manifest, nextNumber(target), found.rdbVersion());
      draft.publish(known);
      return known;
    } finally {
      draft.discard();
    }
  }

  private static long nextNumber(BackupTarget target) throws IOException {
    List<BackupManifest> all = target.list();
    return all.isEmpty() ? 1 : all.get(all.size() - 1).number() + 1;
  }

  private BackupManifest fill(BackupTarget.Draft draft, String name, BackupManifest.Kind kind)
      throws IOException {
    Measured stored = new Measured(draft.output(), BackupReader.sha256());
    Measured data = new Measured(new FastGzip(stored), null);
    Cut cut;
    try (data) {
      cut = cut(data);
      try {
        drive(cut.snapshot);
      } finally {
        engine.hold(cut.snapshot::abandon);
      }
    }
    return new BackupManifest(
        name,
        kind,
        /* number= */ 0,
        cut.millis,
        VERSION,
        BackupManifest.GZIP,
        /* rdbVersion= */ 0,
        cut.snapshot.records(),
        stored.bytes,
        data.bytes,
        cut.memoryBytes,
        cut.offset,
        HexFormat.of().formatHex(Objects.requireNonNull(stored.digest).digest()));
  }

  private static BackupManifest complete(BackupManifest manifest, long number, int rdbVersion) {
    return new BackupManifest(
        manifest.name(),
        manifest.kind(),
        number,
        manifest.createdMillis(),
        manifest.engineVersion(),
        manifest.encoding(),
        rdbVersion,
        manifest.keys(),
        manifest.bytes(),
        manifest.dataBytes(),
        manifest.memoryBytes(),
        manifest.offset(),
        manifest.sha256());
  }

  private Cut cut(OutputStream data) throws BackupTarget.BusyException {
    Cut[] made = new Cut[1];
    engine.hold(
        () -> {
          // A script that is half-way through has changed some of what it will change.
          boolean halfWay = engine.isBusy() || engine.restrictions().isLoading();
          if (engine.keyspace().isCut() || halfWay) {
            return;
          }
          // Strings are not compressed one by one: all of it is, and better.
          SnapshotOptions options =
              new SnapshotOptions(
                  /* compress= */ false,
                  /* checksum= */ true,
                  /* aofBase= */ false,
                  parameters.number("snapshot-memory"),
                  parameters.text("dir"),
                  FieldTtls.of(parameters));
          Snapshot snapshot = new Snapshot(engine.keyspace(), functions, data, options);
          made[0] =
              new Cut(
                  snapshot,
                  engine.keyspace().now(),
                  engine.keyspace().arena().usedBytes(),
                  engine.log().offset());
        });
    if (made[0] == null) {
      throw new BackupTarget.BusyException(
          "a background save, a rewrite of the append-only file, a full synchronization or a long"
              + " script is in progress: try again when it has ended");
    }
    return made[0];
  }

  private void drive(Snapshot snapshot) throws IOException {
    boolean[] more = {true};
    Runnable scan = () -> more[0] = snapshot.scan(Snapshot.BYTES_AT_A_TIME);
    while (more[0]) {
      reader.refuseIfStopped();
      engine.hold(scan);
      snapshot.drain();
    }
    if (snapshot.isFlushed()) {
      throw new BackupTarget.BusyException("all data were removed meanwhile");
    }
    snapshot.finish();
  }

  /** Counts what passes. */
  private static final class Measured extends FilterOutputStream {
    final @Nullable MessageDigest digest;
    long bytes;
    private boolean closed;

    Measured(OutputStream out, @Nullable MessageDigest digest) {
      super(out);
      this.digest = digest;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] array, int offset, int length) throws IOException {
      out.write(array, offset, length);
      bytes += length;
      if (digest != null) {
        digest.update(array, offset, length);
      }
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        super.close();
      }
    }
  }

  /** Compression at the level that costs least: it runs beside the engine, on its processors. */
  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream out) throws IOException {
      super(out, BUFFER_BYTES);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }
}
