package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.World;
import io.pillion.engine.world.WriteOnceFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The RDB file of an engine, {@code dbfilename} in {@code dir}: saved at once or in the background,
 * on command or when so much has changed in so much time, and loaded. A file takes the place of the
 * old one whole, when it is on the disk. Used under the engine lock, except where a method says
 * otherwise.
 */
public final class RdbStore {
  private static final Logger log = LoggerFactory.getLogger(RdbStore.class);
  private static final int LEFTOVER_LENGTH = "temp-0123456789abcdef.rdb".length();

  private static final int LOAD_BYTES = 1 << 20;
  private static final int LOAD_KEYS = 2000;
  private static final long LOG_PROGRESS_NANOS = 5_000_000_000L;
  private static final long CHECK_NANOS = 200_000_000L;
  private static final long RETRY_NANOS = 5_000_000_000L;

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException MISCONF =
      new CommandException(
          "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist"
              + " to disk. Commands that may modify the data set are disabled, because this"
              + " instance is configured to report errors during writes if RDB snapshotting fails"
              + " (stop-writes-on-bgsave-error option). Please check the Redis logs for details"
              + " about the RDB error.");

  private final Parameters parameters;
  private final Functions functions;
  private final RdbProgress progress = new RdbProgress();
  private @Nullable Engine engine;
  private @Nullable Snapshot background;
  private @Nullable Target backgroundTarget;
  private boolean scheduled;
  private boolean watching;
  private Supplier<@Nullable ReplicationPoint> point = () -> null;
  private @Nullable ReplicationPoint loadedPoint;
  private volatile boolean checksumsChecked = true;

  /** A store for an engine to come: {@link #attach}. */
  public RdbStore(Parameters parameters, Functions functions) {
    this.parameters = parameters;
    this.functions = functions;
  }

  /** Says whose data it keeps, before anything else. */
  public void attach(Engine newEngine) {
    engine = newEngine;
    parameters.onChange(this::refuseWritesIfFailed, "save", "stop-writes-on-bgsave-error");
    progress.started(newEngine);
  }

  private Engine engine() {
    return Objects.requireNonNull(engine, "not attached");
  }

  private Keyspace keyspace() {
    return engine().keyspace();
  }

  private World world() {
    return engine().world();
  }

  private Disk disk() {
    return world().disk();
  }

  /** What INFO says. */
  public RdbProgress progress() {
    return progress;
  }

  /** How fields with a time to live are written, to files and into payloads. */
  public FieldTtls fieldTtls() {
    return FieldTtls.of(parameters);
  }

  /** Where the file is. Any thread. */
  public String path() {
    return parameters.text("dir") + "/" + parameters.text("dbfilename");
  }

  /** Where the file is written before the end: always there, so that it can be removed. */
  private String finalTemporaryPath() {
    return parameters.text("dir") + "/temp-" + ProcessHandle.current().pid() + ".rdb";
  }

  /** Removes what the save before the end has written so far: it is given up. Any thread. */
  public void deleteFinalTemporary() {
    deleteQuietly(finalTemporaryPath());
  }

  private String temporaryPath() {
    return parameters.text("dir")
        + "/temp-"
        + HexFormat.of().toHexDigits(world().randomLong())
        + ".rdb";
  }

  /**
   * Removes what a process that was killed had written of a file, here or for a replica: else a pod
   * that is killed again and again fills its volume. Before anything is written. Without the lock.
   */
  public void removeLeftovers() {
    try {
      for (String name : disk().list(parameters.text("dir"))) {
        // Only names of ours: redis-server's have its process number, which is shorter.
        if (name.length() == LEFTOVER_LENGTH && name.startsWith("temp-") && name.endsWith(".rdb")) {
          log.info("Removing {}, which was not finished", name);
          deleteQuietly(parameters.text("dir") + "/" + name);
        }
      }
    } catch (IOException e) {
      log.warn("Cannot look into {}: {}", parameters.text("dir"), e.getMessage());
    }
  }

  /** Whether the file is being written in the background. */
  public boolean isSaving() {
    return background != null;
  }

  /** Whether {@code save} asks for the file to be written from time to time, and at the end. */
  public boolean hasSavePoints() {
    return !parameters.words("save").isEmpty();
  }

  // --- saving

  /** Writes the file while everybody waits. */
  public void save() throws IOException {
    save(temporaryPath(), /* delayed= */ false);
  }

  private void save(String temporary, boolean delayed) throws IOException {
    abandonBackground();
    long dirty = engine().dirty();
    try {
      Target target = new Target(temporary);
      try {
        target.create();
        Snapshot.write(
            keyspace(),
            functions,
            target,
            options(),
            delayed ? Delay.ofSaving(parameters) : Delay.NONE);
      } finally {
        target.close();
      }
      putInPlace(temporary);
    } catch (IOException e) {
      log.warn("Error saving DB on disk: {} ({})", e.getMessage(), path());
      deleteQuietly(temporary);
      throw e;
    }
    log.info("DB saved on disk");
    progress.saved(engine(), dirty);
    refuseWritesIfFailed();
  }

  /**
   * All databases were emptied: so is the file, if {@code save} asks for one, lest a restart brings
   * all of it back.
   */
  public void flushed() {
    abandonBackground();
    if (hasSavePoints() && !engine().restrictions().isLoading()) {
      try {
        save();
        // The command that did it is yet to be counted.
        progress.saved(engine(), engine().dirty() + 1);
      } catch (IOException e) {
        // The log says so; the save points try again.
        return;
      }
    }
  }

  private Snapshot begin(OutputStream target) {
    return new Snapshot(keyspace(), functions, target, options());
  }

  private SnapshotOptions options() {
    return SnapshotOptions.of(parameters, /* aofBase= */ false).at(point.get());
  }

  /** Says who knows what the data are a moment of, when a file is begun. */
  public void pointFrom(Supplier<@Nullable ReplicationPoint> newPoint) {
    point = newPoint;
  }

  /** What the data that were loaded last are a moment of; null when they do not say. */
  public @Nullable ReplicationPoint loadedPoint() {
    return loadedPoint;
  }

  private void putInPlace(String temporary) throws IOException {
    disk().rename(temporary, path());
    disk().syncFolder(parameters.text("dir"));
  }

  private void deleteQuietly(String path) {
    try {
      disk().delete(path);
    } catch (IOException e) {
      log.warn("Cannot remove {}: {}", path, e.getMessage());
    }
  }

  /** Begins to write the file in the background; the data as they are now. */
  public void saveInBackground() {
    String temporary = temporaryPath();
    Target target = new Target(temporary);
    Snapshot snapshot = begin(target);
    background = snapshot;
    engine().statistics().copying();
    backgroundTarget = target;
    progress.began(engine());
    log.info("Background saving started");
    long dirty = engine().dirty();
    try {
      world().background("bgsave", () -> write(snapshot, target, temporary, dirty));
    } catch (OutOfMemoryError noThread) {
      // Nobody would end it, and changes would wait for room that never comes.
      ended(snapshot, new IOException(noThread.getMessage(), noThread), dirty);
    }
  }

  /** Without the lock. */
  private void write(Snapshot snapshot, Target target, String temporary, long dirty) {
    IOException failure = null;
    boolean complete = false;
    try {
      try {
        complete = run(snapshot);
      } finally {
        target.close();
      }
      if (complete) {
        putInPlace(temporary);
      }
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | OutOfMemoryError e) {
      // It must end: everybody who changes something gathers for it until then.
      failure = new IOException(e.toString(), e);
    }
    if (failure != null || !complete) {
      deleteQuietly(temporary);
    }
    IOException failed = failure;
    engine().hold(() -> ended(snapshot, failed, dirty));
  }

  /**
   * Takes down and writes everything.
   *
   * @return false when databases were emptied meanwhile
   */
  private boolean run(Snapshot snapshot) throws IOException {
    boolean[] more = {true};
    // Made once: there are ten thousand holds a second, and what each leaves behind is collected.
    Delay delay = Delay.ofSaving(parameters);
    Runnable scan =
        () -> {
          more[0] = snapshot.scan(delay.isNone() ? Snapshot.BYTES_AT_A_TIME : 1);
          progress.saving(snapshot.records());
        };
    while (more[0]) {
      long before = snapshot.records();
      engine().hold(scan);
      snapshot.drain();
      delay.pass(snapshot.records() - before, snapshot::isFlushed);
    }
    if (snapshot.isFlushed()) {
      return false;
    }
    snapshot.finish();
    return true;
  }

  /**
   * While files cannot be saved that should be, nothing is changed that might be lost: MISCONF, as
   * {@code stop-writes-on-bgsave-error} says.
   */
  void refuseWritesIfFailed() {
    boolean refused =
        !progress.isLastOk() && hasSavePoints() && parameters.isOn("stop-writes-on-bgsave-error");
    engine().restrictions().refuseWrites("rdb", refused ? MISCONF : null);
  }

  private void ended(Snapshot snapshot, @Nullable IOException failure, long dirty) {
    snapshot.abandon();
    if (background != snapshot) {
      return;
    }
    background = null;
    backgroundTarget = null;
    progress.gathered(snapshot.peakBytes());
    if (failure != null) {
      log.warn("Background saving error: {} ({})", failure.getMessage(), path());
      progress.failed(engine());
    } else if (snapshot.isFlushed()) {
      log.info("Background saving given up: all data were removed meanwhile");
      progress.givenUp();
    } else {
      log.info("Background saving terminated with success");
      progress.saved(engine(), dirty);
    }
    refuseWritesIfFailed();
  }

  /** Writes the file in the background once nobody else writes all data. */
  public void scheduleSave() {
    scheduled = true;
    watch();
  }

  /**
   * Saves, or does not, because the engine is about to end.
   *
   * @param save whether to save
   * @param force whether to go on when that fails
   * @return whether the engine may end
   */
  public boolean saveAtEnd(boolean save, boolean force) {
    // While data are loaded, the file that is there holds more than we do.
    if (save && !engine().restrictions().isLoading()) {
      log.info("Saving the final RDB snapshot before exiting.");
      try {
        save(finalTemporaryPath(), /* delayed= */ true);
      } catch (IOException e) {
        if (!force) {
          log.warn("Error trying to save the DB, can't exit.");
          return false;
        }
        log.warn("Error trying to save the DB. Exit anyway.");
      }
    }
    return true;
  }

  /** Gives up what is being written in the background. */
  public void abandonBackground() {
    Snapshot current = background;
    if (current != null) {
      log.warn("The RDB file that is written in the background is given up");
      current.abandon();
      if (backgroundTarget != null) {
        backgroundTarget.giveUp();
      }
      background = null;
      backgroundTarget = null;
      progress.givenUp();
    }
  }

  // --- save points

  /** Looks from now on, again and again, whether {@code save} asks for the file to be written. */
  public void followSavePoints() {
    parameters.onChange(this::watch, "save");
    watch();
  }

  private void watch() {
    if (!watching && (hasSavePoints() || scheduled)) {
      watching = true;
      world().schedule(CHECK_NANOS, this::check);
    }
  }

  private void check() {
    engine()
        .hold(
            () -> {
              watching = false;
              if (engine().isClosed()) {
                return;
              }
              // First: whatever fails below, the next look comes.
              watch();
              // What a script has half done must be in no file.
              if (!engine().isBusy()) {
                saveIfDue();
              }
            });
  }

  private void saveIfDue() {
    boolean loading = engine().restrictions().isLoading();
    if (scheduled && !keyspace().isCut() && !loading) {
      scheduled = false;
      saveInBackground();
    } else if (isDue()) {
      saveInBackground();
    }
  }

  private boolean isDue() {
    if (background != null || keyspace().isCut() || engine().restrictions().isLoading()) {
      return false;
    }
    if (!progress.mayTry(engine(), RETRY_NANOS)) {
      return false;
    }
    if (!progress.isLastOk() && parameters.isOn("stop-writes-on-bgsave-error")) {
      // Nobody may write until it has gone well, so that no save point would come nearer.
      return hasSavePoints();
    }
    long changes = progress.changes(engine());
    if (changes == 0) {
      return false;
    }
    long seconds = progress.secondsSinceSave(engine());
    List<String> points = parameters.words("save");
    for (int i = 0; i + 1 < points.size(); i += 2) {
      if (changes >= Long.parseLong(points.get(i + 1)) && seconds > Long.parseLong(points.get(i))) {
        log.info("{} changes in {} seconds. Saving...", points.get(i + 1), points.get(i));
        return true;
      }
    }
    return false;
  }

  // --- loading

  /**
   * Loads the file, if it is there, into empty databases, in turns with others, who are told that
   * data are being loaded. Without the lock.
   *
   * @param keepExpired whether keys whose time has come are kept: another server says when they go
   * @param expired is told of those that are not
   * @throws IOException when the file cannot be read, is damaged, or does not fit into memory
   */
  public void load(boolean keepExpired, RdbReader.ExpiredKeys expired) throws IOException {
    if (disk().exists(path())) {
      load(new RdbReader.Options(keepExpired, /* replace= */ false, checksum()), expired);
    }
  }

  private boolean checksum() {
    return parameters.isOn("rdbchecksum") && checksumsChecked;
  }

  /** Whether what has a wrong check sum is refused; any thread. */
  public boolean areChecksumsChecked() {
    return checksumsChecked;
  }

  /** Says whether what has a wrong check sum is refused: only tests of damage say no. */
  public void checkChecksums(boolean yes) {
    checksumsChecked = yes;
  }

  private void load(RdbReader.Options options, RdbReader.ExpiredKeys expired) throws IOException {
    long size = disk().size(path());
    long start = world().nanos();
    RdbReader reader;
    try (InputStream file = new BlockReader(disk().open(path()), size, world());
        RdbReader ahead = new RdbReader(file, size, keyspace(), functions, options, world())) {
      engine()
          .hold(
              () -> {
                engine().restrictions().loading(true);
                progress.loading(engine(), size);
              });
      reader = ahead;
      reader.tell(expired);
      reader.readHeader();
      read(reader, size, start);
    } catch (OutOfArenaException e) {
      throw new IOException("the data do not fit into memory: raise maxmemory", e);
    } finally {
      engine()
          .hold(
              () -> {
                engine().restrictions().loading(false);
                progress.loadingEnded();
              });
    }
    loaded(reader, start);
  }

  private void loaded(RdbReader reader, long start) {
    loadedPoint = reader.point();
    progress.loaded(reader.keys(), reader.expired());
    log.info(
        "Done loading RDB, keys loaded: {}, keys expired: {}, empty keys skipped: {}.",
        reader.keys(),
        reader.expired(),
        reader.empty());
    log.info("DB loaded from disk: {} seconds", AofLoader.seconds(world().nanos() - start));
  }

  private void read(RdbReader reader, long size, long start) throws IOException {
    boolean[] more = {true};
    IOException[] failure = {null};
    long lastLog = start;
    LoadPace pace = new LoadPace(engine());
    while (more[0]) {
      Delay delay = Delay.ofLoading(parameters);
      pace.hold(
          () -> {
            if (engine().isClosed()) {
              failure[0] = new IOException("the engine has ended");
              return;
            }
            try {
              more[0] =
                  delay.isNone() ? reader.readSome(pace.bytes(), LOAD_KEYS) : reader.readSome(1, 1);
            } catch (IOException e) {
              failure[0] = e;
            }
            progress.loadedBytes(engine(), reader.offset());
          });
      IOException failed = failure[0];
      if (failed != null) {
        throw failed;
      }
      delay.pass(engine()::isClosed);
      if (world().nanos() - lastLog > LOG_PROGRESS_NANOS) {
        lastLog = world().nanos();
        log.info(
            "Loading {}: {} of {} bytes ({}%), {} keys, {} seconds to go",
            parameters.text("dbfilename"),
            reader.offset(),
            size,
            String.format(Locale.ROOT, "%.2f", 100.0 * reader.offset() / Math.max(1, size)),
            reader.keys(),
            progress.loadingLeftSeconds());
      }
    }
  }

  /**
   * Loads the file again, while everybody waits. A file that is damaged is found out before
   * anything is removed.
   *
   * @param flush whether to remove all data before
   * @param merge whether keys that are there are replaced; else they are an error
   */
  public void reload(boolean flush, boolean merge) throws IOException {
    abandonBackground();
    // What could be told only after the data have gone is no error then: a key twice is its last.
    RdbReader.Options options =
        new RdbReader.Options(/* keepExpired= */ false, merge || flush, checksum());
    LoadBuffers buffers = new LoadBuffers(keyspace());
    try {
      readAll(options.asDry(), /* flush= */ false, buffers);
      readAll(options, flush, buffers);
    } catch (IOException e) {
      log.warn("Cannot load {}: {}", path(), e.getMessage());
      throw e;
    }
    progress.saved(engine(), engine().dirty());
  }

  /** The data are those of the append-only file now: nothing has changed that is not kept. */
  public void reloaded() {
    progress.reloaded(engine());
  }

  private void readAll(RdbReader.Options options, boolean flush, LoadBuffers buffers)
      throws IOException {
    long size = disk().size(path());
    try (InputStream file = new BlockReader(disk().open(path()), size, world(), buffers.blocks);
        RdbReader reader =
            new RdbReader(file, size, keyspace(), functions, options, world(), buffers)) {
      reader.readHeader();
      if (flush) {
        functions.clear();
        keyspace().flushAll();
      }
      while (reader.readSome(LOAD_BYTES, LOAD_KEYS)) {
        // All of it at once: nobody may see it half-way.
      }
      progress.loaded(reader.keys(), reader.expired());
    } catch (OutOfArenaException e) {
      throw new IOException("the data do not fit into memory: raise maxmemory", e);
    }
  }

  // --- data of another server

  /** Reads a whole file, and changes nothing. Without the lock. */
  public void tryOut(String file) throws IOException {
    RdbReader.Options options =
        new RdbReader.Options(/* keepExpired= */ true, /* replace= */ false, checksum()).asDry();
    readAll(file, options);
  }

  /**
   * Loads a whole file into databases that are empty, while others are told that data are being
   * loaded. Without the lock.
   *
   * @param then what is done under the lock when others may come again; it is given the database
   *     that commands are for that follow the data
   */
  public void loadFrom(String file, IntConsumer then) throws IOException {
    long size = disk().size(file);
    long start = world().nanos();
    engine().hold(() -> progress.loading(engine(), size));
    RdbReader reader;
    try {
      reader =
          readAll(
              file,
              new RdbReader.Options(/* keepExpired= */ true, /* replace= */ false, checksum()));
    } finally {
      engine().hold(progress::loadingEnded);
    }
    loaded(reader, start);
    engine()
        .hold(
            () -> {
              if (!engine().isClosed()) {
                engine().restrictions().loading(false);
                then.accept(reader.streamDatabase());
                engine().onReplaced();
              }
            });
  }

  private RdbReader readAll(String file, RdbReader.Options options) throws IOException {
    long size = disk().size(file);
    try (InputStream in = new BlockReader(disk().open(file), size, world());
        RdbReader reader = new RdbReader(in, size, keyspace(), functions, options, world())) {
      reader.readHeader();
      read(reader, size, world().nanos());
      return reader;
    } catch (OutOfArenaException e) {
      throw new IOException("the data do not fit into memory: raise maxmemory", e);
    }
  }

  /** The file that a snapshot goes to, made when the first bytes come: without the lock. */
  private final class Target extends OutputStream {
    private final String path;
    private @Nullable WriteOnceFile file;
    private boolean givenUp;

    Target(String path) {
      this.path = path;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
      WriteOnceFile open = file;
      if (givenUp) {
        throw new IOException("given up");
      }
      if (open == null) {
        open = create();
      }
      open.write(bytes, offset, length);
    }

    WriteOnceFile create() throws IOException {
      WriteOnceFile created = disk().createLarge(path);
      file = created;
      return created;
    }

    /** Nothing more is written, and what was is removed; any thread. */
    synchronized void giveUp() {
      givenUp = true;
      if (file != null) {
        deleteQuietly(path);
      }
    }

    /** Makes what was written survive, and closes. */
    @Override
    public void close() throws IOException {
      WriteOnceFile open = file;
      if (open != null) {
        try (open) {
          open.sync();
        }
      }
    }
  }
}
