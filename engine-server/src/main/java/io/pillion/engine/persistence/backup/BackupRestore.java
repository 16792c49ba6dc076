package io.pillion.engine.persistence.backup;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.world.Disk;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a backup in place of the data. It is read from beginning to end before the first key goes,
 * so that a damaged one changes nothing. Without the engine lock.
 */
final class BackupRestore {
  private static final Logger log = LoggerFactory.getLogger(BackupRestore.class);
  private static final String ASIDE = ".before-restore";

  private final Engine engine;
  private final Parameters parameters;
  private final Functions functions;
  private final BackupReader reader;
  private final RdbStore rdb;

  BackupRestore(
      Engine engine,
      Parameters parameters,
      Functions functions,
      BackupReader reader,
      RdbStore rdb) {
    this.engine = engine;
    this.parameters = parameters;
    this.functions = functions;
    this.reader = reader;
    this.rdb = rdb;
  }

  // --- into a running engine

  void whileRunning(BackupTarget target, String name) throws IOException {
    BackupManifest manifest = target.manifest(name);
    refuseIfTooLarge(manifest);
    reader.verify(() -> target.open(name), manifest);
    boolean[] logged = {false};
    engine.hold(
        () -> {
          // The log and the file would go on from data that are no more: both begin anew below.
          logged[0] = parameters.isOn("appendonly");
          if (logged[0]) {
            appendOnly("no");
          }
          clear();
        });
    IOException failure = null;
    try {
      load(() -> target.open(name), manifest.dataBytes());
      log.info("Backup {} is restored: {} keys", name, manifest.keys());
    } catch (IOException e) {
      failure =
          new IOException("the engine is empty now, as the backup broke off: " + e.getMessage(), e);
    }
    IOException why = failure;
    boolean[] kept = {true};
    engine.hold(
        () -> {
          if (why != null) {
            engine.keyspace().flushAll();
          }
          kept[0] = !logged[0] || appendOnly("yes");
          if (rdb.hasSavePoints()) {
            rdb.scheduleSave();
          }
        });
    if (failure != null) {
      throw failure;
    }
    if (!kept[0]) {
      throw new IOException(
          "the data are restored, but the append-only log cannot be begun anew and is off now");
    }
  }

  private boolean appendOnly(String value) {
    try {
      parameters.change(List.of(new Parameters.Setting("appendonly", value)), /* local= */ true);
      return true;
    } catch (ConfigException e) {
      log.error("Cannot turn appendonly to {}: {}", value, e.getMessage());
      return false;
    }
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

  private void clear() {
    rdb.abandonBackground();
    functions.clear();
    engine.keyspace().flushAll();
    engine.restrictions().loading(true);
  }

  private void load(BackupReader.Source source, long dataBytes) throws IOException {
    engine.hold(() -> rdb.progress().loading(engine, dataBytes));
    try {
      BackupReader.Found found =
          reader.load(source, offset -> rdb.progress().loadedBytes(engine, offset));
      engine.hold(() -> rdb.progress().loaded(found.keys(), found.expired()));
    } finally {
      engine.hold(
          () -> {
            engine.restrictions().loading(false);
            rdb.progress().loadingEnded();
          });
    }
  }

  // --- at the start

  /**
   * Loads what {@code restore-from} names into empty databases; false when there is nothing to do.
   */
  boolean atStart(BackupTarget target) {
    String from = parameters.text("restore-from");
    if (from.isEmpty()) {
      return false;
    }
    if (isKept() && from.equals(remembered())) {
      log.info("Backup {} was restored before: the data since then are loaded", from);
      return false;
    }
    try {
      BackupReader.Source source;
      long dataBytes = 0;
      BackupManifest manifest = null;
      if (from.indexOf('/') < 0) {
        BackupManifest.checkName(from);
        manifest = target.manifest(from);
        source = () -> target.open(from);
      } else {
        source = () -> disk().open(from);
        manifest = beside(from);
      }
      if (manifest != null) {
        refuseIfTooLarge(manifest);
        reader.verify(source, manifest);
        dataBytes = manifest.dataBytes();
      } else {
        dataBytes = reader.tryOut(source).dataBytes();
      }
      setAside();
      load(source, dataBytes);
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

  private boolean isKept() {
    return parameters.isOn("appendonly") || rdb.hasSavePoints();
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

  /** Gives other names to what is there, of which nothing is lost. */
  private void setAside() throws IOException {
    if (!isKept()) {
      return;
    }
    if (disk().exists(rdb.path())) {
      log.warn("{} is kept as {}{}", rdb.path(), rdb.path(), ASIDE);
      disk().rename(rdb.path(), rdb.path() + ASIDE);
      disk().syncFolder(parameters.text("dir"));
    }
    String folder = parameters.text("dir") + "/" + parameters.text("appenddirname");
    if (!parameters.isOn("appendonly") || !disk().isFolder(folder)) {
      return;
    }
    for (String file : disk().list(folder)) {
      if (!file.endsWith(ASIDE)) {
        disk().rename(folder + "/" + file, folder + "/" + file + ASIDE);
      }
    }
    log.warn("The files in {} are kept with the ending {}", folder, ASIDE);
    disk().syncFolder(folder);
  }

  /** Keeps what was restored, so that the next start goes on from there. */
  void remember() {
    if (!isKept()) {
      return;
    }
    try {
      if (!parameters.isOn("appendonly")) {
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
      disk().replace(marker(), parameters.text("restore-from") + "\n");
    } catch (IOException e) {
      throw new PersistenceException("Cannot keep what was restored: " + e.getMessage(), e);
    }
  }
}
