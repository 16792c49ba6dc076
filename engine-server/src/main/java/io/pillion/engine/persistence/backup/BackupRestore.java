package io.pillion.engine.persistence.backup;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.world.Disk;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a backup in place of the data. It is read from beginning to end before the first key goes,
 * so that a damaged one changes nothing; and what is on the disk stays until the new data are in
 * memory, so that a restore that breaks off all the same is undone by a restart. Without the engine
 * lock.
 */
final class BackupRestore {
  private static final Logger log = LoggerFactory.getLogger(BackupRestore.class);
  private static final long NANOS_BETWEEN_LINES = 5_000_000_000L;
  private static final String ASIDE = ".before-restore-";

  private final Engine engine;
  private final Parameters parameters;
  private final Functions functions;
  private final BackupReader reader;
  private final RdbStore rdb;
  private final AppendOnly appendOnly;

  BackupRestore(
      Engine engine,
      Parameters parameters,
      Functions functions,
      BackupReader reader,
      RdbStore rdb,
      AppendOnly appendOnly) {
    this.engine = engine;
    this.parameters = parameters;
    this.functions = functions;
    this.reader = reader;
    this.rdb = rdb;
    this.appendOnly = appendOnly;
  }

  // --- into a running engine

  /**
   * Restores.
   *
   * @param beforeReplacing who else has to know, told under the lock
   * @throws IOException when nothing was changed, or the data are gone from memory and the engine
   *     answers {@code -LOADING} until another restore goes well; the message says which
   */
  void whileRunning(BackupTarget target, String name, Runnable beforeReplacing) throws IOException {
    BackupManifest manifest = target.manifest(name);
    refuseIfTooLarge(manifest);
    log.info("Verifying backup {}, of {} bytes, before it is restored", name, manifest.bytes());
    reader.verify(() -> target.open(name), manifest);
    begin(beforeReplacing);
    try {
      load(() -> target.open(name), manifest.dataBytes());
      finish();
    } catch (IOException e) {
      log.error(
          "The restore of backup {} broke off after the data were removed: {}. Clients are told"
              + " -LOADING until another one goes well; a restart begins with the files in {}",
          name,
          e.getMessage(),
          parameters.text("dir"));
      throw new IOException(
          "the restore broke off: "
              + e.getMessage()
              + "; restore again, or restart with the data on the disk",
          e);
    }
    log.info("Backup {} is restored: {} keys", name, manifest.keys());
  }

  private void refuseIfTooLarge(BackupManifest manifest) throws IOException {
    long room = engine.keyspace().arena().budgetBytes();
    if (manifest.memoryBytes() > room) {
      throw new IOException(
          "the data took "
              + manifest.memoryBytes()
              + " bytes of memory, and there are only "
              + room
              + ": raise maxmemory");
    }
  }

  /** From here on there is nothing in memory, unless somebody objects. */
  private void begin(Runnable beforeReplacing) throws IOException {
    boolean[] busy = {false};
    CommandException[] refusal = {null};
    engine.hold(
        () -> {
          busy[0] = engine.isBusy();
          if (busy[0] || reader.isStopped()) {
            return;
          }
          try {
            beforeReplacing.run();
          } catch (CommandException e) {
            refusal[0] = e;
            return;
          }
          rdb.abandonBackground();
          appendOnly.suspend();
          engine.restrictions().loading(true);
          functions.clear();
          engine.keyspace().flushAll();
        });
    if (busy[0]) {
      throw new IOException("a script is running: try again when it has ended");
    }
    CommandException refused = refusal[0];
    if (refused != null) {
      throw new IOException(refused.text());
    }
    reader.refuseIfStopped();
  }

  private void load(BackupReader.Source source, long dataBytes) throws IOException {
    engine.hold(() -> rdb.progress().loading(engine, dataBytes));
    long[] nextLine = {engine.world().nanos() + NANOS_BETWEEN_LINES};
    try {
      BackupReader.Found found =
          reader.load(
              source,
              offset -> {
                rdb.progress().loadedBytes(engine, offset);
                if (engine.world().nanos() >= nextLine[0]) {
                  nextLine[0] += NANOS_BETWEEN_LINES;
                  log.info(
                      "Loading the backup: {} of {} bytes, {} seconds to go",
                      offset,
                      dataBytes,
                      rdb.progress().loadingLeftSeconds());
                }
              });
      engine.hold(() -> rdb.progress().loaded(found.keys(), found.expired()));
    } finally {
      engine.hold(rdb.progress()::loadingEnded);
    }
  }

  private void finish() throws IOException {
    ConfigException[] failure = {null};
    engine.hold(
        () -> {
          try {
            appendOnly.resume(/* refusing= */ true);
          } catch (ConfigException e) {
            failure[0] = e;
            return;
          }
          if (rdb.hasSavePoints()) {
            rdb.scheduleSave();
          }
          engine.restrictions().loading(false);
          engine.onReplaced();
        });
    if (failure[0] != null) {
      throw new IOException("the append-only log cannot be begun: " + failure[0].getMessage());
    }
  }

  // --- at the start

  /**
   * Loads what {@code restore-from} names into empty databases, and puts it in place of what is on
   * the disk; false when there is nothing to do.
   */
  boolean atStart(BackupTarget target) {
    String from = parameters.text("restore-from");
    if (from.isEmpty()) {
      return false;
    }
    if (isKept() && from.equals(remembered()) && hasData()) {
      log.info("Backup {} was restored before: the data since then are loaded", from);
      return false;
    }
    try {
      BackupReader.Source source;
      BackupManifest manifest;
      if (from.indexOf('/') < 0) {
        BackupManifest.checkName(from);
        manifest = target.manifest(from);
        source = () -> target.open(from);
      } else {
        source = () -> disk().open(from);
        manifest = beside(from);
      }
      long dataBytes;
      log.info("Verifying backup {} before it is restored", from);
      if (manifest != null) {
        refuseIfTooLarge(manifest);
        dataBytes = reader.verify(source, manifest).dataBytes();
      } else {
        dataBytes = reader.tryOut(source).dataBytes();
      }
      load(source, dataBytes);
      if (isKept()) {
        keep(from);
      }
      log.info("Backup {} is restored: {} keys", from, rdb.progress().keysLoaded());
      return true;
    } catch (IOException | RuntimeException e) {
      throw new PersistenceException("Cannot restore from " + from + ": " + e.getMessage(), e);
    }
  }

  private Disk disk() {
    return engine.world().disk();
  }

  /** The manifest of a file that was copied here together with it. */
  private @Nullable BackupManifest beside(String path) throws IOException {
    if (!path.endsWith(FolderTarget.FILE)) {
      return null;
    }
    String manifest =
        path.substring(0, path.length() - FolderTarget.FILE.length()) + FolderTarget.MANIFEST;
    return disk().exists(manifest) ? BackupManifest.parse(disk().read(manifest)) : null;
  }

  /** Whether the next start begins with what this one ends with. */
  private boolean isKept() {
    return parameters.isOn("appendonly") || rdb.hasSavePoints();
  }

  private boolean hasData() {
    return parameters.isOn("appendonly") ? appendOnly.hasFiles() : disk().exists(rdb.path());
  }

  private String marker() {
    return parameters.text("dir") + "/restored-from";
  }

  private String remembered() {
    try {
      return disk().exists(marker()) ? disk().read(marker()).strip() : "";
    } catch (IOException e) {
      log.warn("Cannot read {}: {}", marker(), e.getMessage());
      return "";
    }
  }

  /**
   * Makes what is in memory that which the next start begins with; nothing is lost of what was
   * there. The marker comes first: without data it means nothing, and with them all is done.
   */
  private void keep(String from) throws IOException {
    String ending = ASIDE + Backups.STAMP.format(Instant.ofEpochMilli(engine.world().wallMillis()));
    List<String> names = new ArrayList<>();
    if (disk().exists(rdb.path())) {
      disk().rename(rdb.path(), rdb.path() + ending);
      disk().syncFolder(parameters.text("dir"));
      names.add(rdb.path() + ending);
    }
    if (parameters.isOn("appendonly")) {
      names.addAll(appendOnly.setAside(ending));
    }
    if (!names.isEmpty()) {
      log.warn("What was there before is kept as {}", String.join(", ", names));
    }
    disk().replace(marker(), from + "\n");
    if (!parameters.isOn("appendonly")) {
      save();
    }
  }

  private void save() throws IOException {
    IOException[] failure = {null};
    engine.hold(
        () -> {
          try {
            rdb.save();
          } catch (IOException e) {
            failure[0] = e;
          }
        });
    if (failure[0] != null) {
      throw failure[0];
    }
  }
}
