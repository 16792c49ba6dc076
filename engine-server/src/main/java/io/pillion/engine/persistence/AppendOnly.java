package io.pillion.engine.persistence;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Blocked;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.CommandLog;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The append-only log of an engine: what commands have changed, written to files in the order it
 * happened, and rewritten from time to time as a base of all data.
 *
 * <p>Three threads work for it: one writes ({@link AofWriter}), one syncs in the background when
 * {@code appendfsync} is {@code everysec}, one writes bases ({@link AofRewrite}). With {@code
 * always} every reply waits until what its turn saw is synced, reads as well; one fsync serves all
 * that wait.
 *
 * <p>It is off, starting (it was turned on, and its first base is being written), on, or failed (an
 * fsync has failed: changes are refused until a new base is there).
 */
public final class AppendOnly {
  private static final Logger log = LoggerFactory.getLogger(AppendOnly.class);
  private static final long SECOND = 1_000_000_000;
  private static final long GATHERING_NANOS = 5_000_000;
  private static final long RELOAD_RETRY_NANOS = 1_000_000;
  private static final long NANOS_BETWEEN_TRY_LINES = 30 * SECOND;
  private static final int GATHERED_BYTES = 256 << 10;

  /** Waiting for the disk, above which commands that write must wait; less with a small heap. */
  private static final int FULL_BYTES =
      (int) Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 16);

  private static final int MOST_BYTES =
      (int) Math.min(Integer.MAX_VALUE, Runtime.getRuntime().maxMemory() / 2);

  private static final int FAILURES_BEFORE_DELAY = 3;
  private static final int MAX_DELAY_MINUTES = 60;
  private static final String REASON = "aof";
  private static final String REPLACED = "replaced data";

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException NO_BASE_YET =
      new CommandException(
          "MISCONF All data were replaced, and are not in the AOF file yet: try again later");

  private final Parameters parameters;
  private final LoadProgress progress;
  private final AofStatus status = new AofStatus();

  private Engine engine;
  private World world;
  private Bases bases;
  private AofLog effects;
  private AofWriter writer;
  private World.Worker worker;
  private World.Worker syncer;
  private World.Worker rewriter;

  // Changed under the engine lock.
  private volatile State state = State.OFF;
  private @Nullable AofRewrite rewrite;

  /** Where the log is, which stays there while it is on, whatever becomes of {@code dir}. */
  private AofFolder place;

  private boolean suspended;
  private boolean replaced;
  private boolean closed;
  private boolean ticking;
  private long rewriteNumber;

  /** Whether a rewrite was tried since one has succeeded. */
  private boolean tried;

  private long nextTryLineNanos;

  // The log's thread alone.
  private int delayMinutes;
  private boolean resting;
  private long nextRewriteNanos;

  private volatile AofWriter.Fsync fsync = AofWriter.Fsync.EVERYSEC;
  private volatile boolean drainComes;
  private volatile boolean gathering;
  private volatile long lastDrainNanos;

  /** Whether all was written at the end. */
  private volatile boolean kept;

  private enum State {
    OFF,
    STARTING,
    ON,
    FAILED
  }

  /** The log of an engine that is yet to be made. */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  public AppendOnly(Parameters parameters, LoadProgress progress) {
    this.parameters = parameters;
    this.progress = progress;
  }

  /** How far loading is. */
  public LoadProgress progress() {
    return progress;
  }

  /** What INFO says. */
  public AofStatus status() {
    return status;
  }

  // --- the start

  /** Says whose log it is, and who keeps functions. Once, before anything else. */
  public void attach(Engine newEngine, Functions functions) {
    attach(newEngine, new SnapshotBases(newEngine, parameters, functions));
  }

  void attach(Engine newEngine, Bases newBases) {
    engine = newEngine;
    world = newEngine.world();
    bases = newBases;
    worker = world.worker("aof");
    nextTryLineNanos = world.nanos();
    syncer = world.worker("aof-fsync");
    rewriter = world.worker("aof-rewrite");
    effects = new AofLog(new Effects(), FULL_BYTES, MOST_BYTES);
    place = new AofFolder(world.disk(), parameters);
    writer = new AofWriter(engine, place, effects, status, syncer, new WriterPolicy());
    writer.onBackgroundSync((file, failure) -> execute(() -> writer.synced(file, failure)));
    followFsync();
    parameters.onChange(this::followFsync, "appendfsync");
    parameters.onChange(
        () -> effects.timestamps(parameters.isOn("aof-timestamp-enabled")),
        "aof-timestamp-enabled");
    effects.timestamps(parameters.isOn("aof-timestamp-enabled"));
    parameters.onChange(() -> execute(writer::removeHistory), "aof-disable-auto-gc");
    parameters.onChange(this::followAppendOnly, "appendonly");
  }

  /**
   * Reads what is on disk into the engine, and begins to write. Once, when {@code appendonly} was
   * on at the start.
   *
   * @throws PersistenceException when what is there cannot be read, or nothing can be written
   */
  public void start() {
    engine.hold(() -> engine.restrictions().loading(true));
    load();
    engine.hold(
        () -> {
          engine.restrictions().loading(false);
          state = State.ON;
          status.enabled = true;
          engine.log(effects);
          effects.cut();
          effects.endCut();
          holdReplies();
          tick();
        });
  }

  private void load() {
    AofFolder folder = new AofFolder(world.disk(), parameters);
    AofManifest manifest = folder.upgrade(folder.read());
    AofLoader loader = new AofLoader(engine, folder, parameters, bases, progress);
    long begin = world.nanos();
    loader.load(manifest);
    if (!manifest.isEmpty()) {
      log.info(
          "DB loaded from append only file: {} seconds", AofLoader.seconds(world.nanos() - begin));
    }
    try {
      folder.create();
      if (manifest.isEmpty()) {
        manifest = withFirstBase(folder, manifest);
      }
      AofManifest.Entry last = manifest.last();
      long others = loader.size(manifest) - (last == null ? 0 : sizeOf(folder, last));
      AofManifest.Entry base = manifest.base();
      writer.open(folder, manifest, others, base == null ? 0 : sizeOf(folder, base));
      place = folder;
    } catch (IOException e) {
      throw new PersistenceException("Can't open the append-only file: " + e.getMessage(), e);
    }
  }

  private long sizeOf(AofFolder folder, AofManifest.Entry entry) throws IOException {
    return world.disk().size(folder.file(entry.name()));
  }

  /** A base of an engine that has loaded nothing. */
  private AofManifest withFirstBase(AofFolder folder, AofManifest manifest) throws IOException {
    boolean rdb = parameters.isOn("aof-use-rdb-preamble");
    AofRewrite first = AofRewrite.now(engine, folder, bases, rdb, rewriteNumber++);
    AofManifest.Entry entry = manifest.nextBase(folder.logName(), first.isRdb());
    world.disk().rename(folder.file(first.temporaryName), folder.file(entry.name()));
    log.info("Creating AOF base file {} on server start", entry.name());
    // Named by the manifest once the first increment is there, too.
    return manifest.withBase(entry);
  }

  // --- settings

  private void followFsync() {
    fsync =
        switch (parameters.text("appendfsync")) {
          case "always" -> AofWriter.Fsync.ALWAYS;
          case "no" -> AofWriter.Fsync.NO;
          default -> AofWriter.Fsync.EVERYSEC;
        };
    holdReplies();
    execute(writer::everySecond);
  }

  /** Says whose replies wait, as state and settings are now. */
  private void holdReplies() {
    boolean begins = state == State.OFF || (state == State.STARTING && !replaced);
    AofLog.Holds who = AofLog.Holds.WHO_WROTE;
    if (fsync != AofWriter.Fsync.ALWAYS || begins) {
      who = AofLog.Holds.NOBODY;
    } else if (state == State.ON && status.lastWriteOk) {
      who = AofLog.Holds.ALL;
    }
    effects.holdReplies(who);
  }

  /**
   * All is loaded at the start: follows {@code appendonly} as somebody has set it meanwhile. Under
   * the engine lock.
   *
   * @throws PersistenceException when nothing can be written
   */
  public void loaded() {
    try {
      followAppendOnly();
    } catch (ConfigException e) {
      throw new PersistenceException("Unable to turn on AOF after loading", e);
    }
  }

  private void followAppendOnly() {
    // A base of half the data would replace files that have all of them.
    if (suspended || engine.restrictions().isLoading()) {
      return;
    }
    boolean on = parameters.isOn("appendonly");
    if (on && state == State.OFF) {
      turnOn();
    } else if (!on && state != State.OFF) {
      turnOff();
    }
  }

  private void turnOn() {
    AofFolder folder = new AofFolder(world.disk(), parameters);
    AofManifest found;
    try {
      folder.create();
      found = folder.read();
    } catch (IOException | PersistenceException e) {
      log.warn("Can't open or create append-only dir {}: {}", folder.path(), e.getMessage());
      throw new ConfigException("Unable to turn on AOF. Check server logs.");
    }
    state = State.STARTING;
    status.enabled = true;
    status.starting = true;
    engine.log(effects);
    tick();
    execute(() -> writer.know(folder, found));
    place = folder;
    if (rewrite == null && !bases.isBusy()) {
      begin(/* fresh= */ true);
    } else {
      AofRewrite other = rewrite;
      if (other != null) {
        log.info("AOF was enabled but there is already another background operation.");
        other.abandon();
      }
      schedule();
    }
  }

  private void turnOff() {
    replaced(false);
    state = State.OFF;
    status.enabled = false;
    status.starting = false;
    if (status.scheduled) {
      status.scheduled = false;
      log.info("AOF was disabled but there is a scheduled AOF background, cancel it.");
    }
    holdReplies();
    effects.endHold(/* more= */ false);
    engine.log(CommandLog.OFF);
    engine.restrictions().refuseWrites(REASON, null);
    status.lastWriteOk = true;
    if (rewrite != null) {
      // The words that tools look for.
      log.info("Killing the AOF rewrite, which is no child process here: the log was turned off");
      rewrite.abandon();
      noRewrite();
    }
    long upTo = effects.offset();
    int cuts = effects.cuts();
    execute(() -> writer.turnOff(cuts, upTo));
  }

  private void schedule() {
    status.scheduled = true;
    tick();
  }

  // --- rewriting, under the engine lock

  /**
   * BGREWRITEAOF.
   *
   * @return what to answer
   * @throws CommandException when one is going on, or none can be begun
   */
  public String rewrite(Call call) {
    if (rewrite != null) {
      throw Errors.err("Background append only file rewriting already in progress");
    }
    if (bases.isBusy() || !call.mayBlock()) {
      schedule();
      status.consecutiveFailures.set(0);
      log.info("Background append only file rewriting scheduled.");
      return "Background append only file rewriting scheduled";
    }
    nextTryLineNanos = world.nanos();
    if (!begin(state == State.STARTING || state == State.FAILED)) {
      throw Errors.err(
          "Can't execute an AOF background rewriting. Please check the server logs for more"
              + " information.");
    }
    return "Background append only file rewriting started";
  }

  /** Begins a rewrite now; whether it could be begun. */
  private boolean begin(boolean fresh) {
    // It is tried every second, and nobody need read of it as often.
    boolean repeats = tried && world.nanos() - nextTryLineNanos < 0;
    if (!repeats) {
      nextTryLineNanos = world.nanos() + NANOS_BETWEEN_TRY_LINES;
    }
    tried = true;
    AofFolder folder;
    try {
      folder = placeOfRewrite(fresh);
    } catch (IOException | PersistenceException e) {
      log.atLevel(repeats ? Level.DEBUG : Level.WARN)
          .log(
              "Can't open or create append-only dir {}: {}",
              new AofFolder(world.disk(), parameters).path(),
              e.getMessage());
      status.lastRewriteOk = false;
      return false;
    }
    boolean rdb = parameters.isOn("aof-use-rdb-preamble");
    // Made below, at the same moment: a cut that no rewrite belongs to would hold up the log.
    int cut = state == State.OFF ? AofRewrite.NO_CUT : effects.cuts() + 1;
    AofRewrite begun =
        new AofRewrite(
            engine,
            Delay.ofSaving(parameters),
            parameters.isOn("aof-timestamp-enabled"),
            folder,
            bases,
            rewriter,
            rewriteNumber++,
            fresh,
            cut,
            rdb,
            (ended, failure) -> execute(() -> writer.written(ended, failure)));
    if (cut != AofRewrite.NO_CUT) {
      begun.cutOffset = effects.cut();
    }
    rewrite = begun;
    status.scheduled = false;
    status.rewriting = true;
    status.rewrites.incrementAndGet();
    engine.statistics().copying();
    status.rewriteStartedMillis = begun.startedMillis;
    begun.repeats = repeats && fresh;
    log.atLevel(begun.level(Level.INFO)).log("Background append only file rewriting started");
    execute(() -> writer.rewriting(folder, begun));
    try {
      begun.start();
    } catch (OutOfMemoryError noThread) {
      begun.abandon();
      IOException failure = new IOException(noThread.getMessage(), noThread);
      execute(() -> writer.written(begun, failure));
    }
    return true;
  }

  /**
   * Where a base goes: beside what is appended meanwhile, as a manifest names files of one folder.
   *
   * @param fresh whether nothing that a manifest names is appended to
   */
  private AofFolder placeOfRewrite(boolean fresh) throws IOException {
    AofFolder wanted = new AofFolder(world.disk(), parameters);
    if (wanted.isSameAs(place)) {
      place.create();
    } else if (fresh || state == State.OFF) {
      wanted.create();
      AofManifest found = wanted.read();
      place = wanted;
      execute(() -> writer.know(wanted, found));
    } else {
      log.warn(
          "The append-only files stay in {} until appendonly is turned off and on again",
          place.path());
    }
    return place;
  }

  private void noRewrite() {
    rewrite = null;
    status.rewriting = false;
    status.rewriteStartedMillis = -1;
  }

  private void ended(AofRewrite which, boolean success) {
    if (rewrite != which) {
      // It was given up before.
      return;
    }
    noRewrite();
    status.lastRewriteSeconds = Math.max(0, (world.wallMillis() - which.startedMillis) / 1000);
    status.lastRewritePeakBytes = which.peakBytes();
    status.lastRewriteOk = success;
    if (success) {
      tried = false;
      status.consecutiveFailures.set(0);
    } else {
      status.consecutiveFailures.incrementAndGet();
    }
    if (!which.fresh || state == State.OFF || state == State.ON) {
      return;
    }
    if (!success) {
      // It cannot be on without a base.
      schedule();
      return;
    }
    if (state == State.FAILED) {
      log.warn("AOF write error looks solved. The server can write again.");
    }
    state = State.ON;
    status.starting = false;
    status.lastWriteOk = true;
    engine.restrictions().refuseWrites(REASON, null);
    replaced(false);
  }

  // --- while all data are replaced by others, by no command

  /**
   * Ends writing: what is on the disk stays as it is, whatever becomes of the data, until {@link
   * #resume}. Under the engine lock.
   */
  public void suspend() {
    suspended = true;
    if (state != State.OFF) {
      turnOff();
    }
  }

  /**
   * Begins anew, with a base of the data as they are now, if {@code appendonly} is on. Only when
   * that is there the files give way that are there now. Under the engine lock.
   *
   * @param refusing whether changes are refused until then, as a restart would lose them
   * @throws ConfigException when nothing can be written; it stays suspended
   */
  public void resume(boolean refusing) {
    if (parameters.isOn("appendonly")) {
      turnOn();
      replaced(refusing);
    }
    suspended = false;
  }

  private void replaced(boolean yes) {
    replaced = yes;
    engine.restrictions().refuseWrites(REPLACED, yes ? NO_BASE_YET : null);
    holdReplies();
  }

  /** Whether there is something that {@link #start} would load. */
  public boolean hasFiles() {
    return !new AofFolder(world.disk(), parameters).read().isEmpty()
        || world.disk().exists(parameters.text("dir") + "/" + parameters.text("appendfilename"));
  }

  /**
   * Gives what {@link #start} would load another name, at once: its own and an ending.
   *
   * @return the new names; empty when there is nothing
   */
  public List<String> setAside(String ending) throws IOException {
    List<String> names = new ArrayList<>();
    String dir = parameters.text("dir");
    String manifest = parameters.text("appendfilename") + ".manifest";
    String folder = dir + "/" + parameters.text("appenddirname");
    if (world.disk().exists(folder + "/" + manifest)) {
      names.add(folder);
    }
    String old = dir + "/" + parameters.text("appendfilename");
    if (world.disk().exists(old)) {
      names.add(old);
    }
    for (String name : names) {
      world.disk().rename(name, name + ending);
    }
    world.disk().syncFolder(dir);
    return names.stream().map(name -> name + ending).toList();
  }

  /**
   * Answers OK once {@code aof-disable-auto-gc}, which was set now, has had its effect: when it was
   * turned off, no manifest names a file any more that was replaced. In a transaction nobody waits.
   */
  public void answerOnceCollected(Call call) {
    Client client = call.client();
    call.block(ValueType.STRING, List.of(), /* timeoutMillis= */ 0, Reply::ok);
    Blocked waiting = client.blocked();
    if (waiting == null) {
      return;
    }
    execute(
        () ->
            engine.hold(
                () -> {
                  if (client.blocked() == waiting) {
                    engine.unblock(client, /* withError= */ false);
                  }
                }));
  }

  // --- DEBUG LOADAOF

  /**
   * Throws all data away and reads them from the files again, once everything is in them. The
   * caller waits; others are told that data are being loaded.
   *
   * @param reloaded what to do then, under the lock, unless they could not be read
   */
  public void reload(Call call, Runnable reloaded) {
    if (!call.mayBlock()) {
      throw Errors.err("Error trying to load the AOF files, check server logs.");
    }
    Client client = call.client();
    Reload reload = new Reload(reloaded);
    engine.awaitOffset(call, Long.MAX_VALUE, /* timeoutMillis= */ 0, reload::answer);
    Blocked waiting = client.blocked();
    reload.ended =
        () -> {
          // Somebody may have ended its wait before.
          if (waiting != null && client.blocked() == waiting) {
            engine.unblock(client, /* withError= */ false);
          }
        };
    execute(reload::begin);
  }

  /** Reads the files again, on the log's thread; others are told meanwhile that data are loaded. */
  private final class Reload {
    private final Runnable reloaded;
    private AofFolder folder = place;
    private Runnable ended = () -> {};
    private boolean success;

    Reload(Runnable reloaded) {
      this.reloaded = reloaded;
    }

    void answer(Reply reply) {
      if (success) {
        reply.ok();
      } else {
        reply.error("ERR Error trying to load the AOF files, check server logs.");
      }
    }

    void begin() {
      writer.drain();
      boolean[] begun = new boolean[1];
      boolean[] later = new boolean[1];
      engine.hold(
          () -> {
            boolean caughtUp = writer.isCaughtUp();
            later[0] = engine.isBusy() || (!caughtUp && state == State.ON && status.lastWriteOk);
            if (later[0]) {
              return;
            }
            begun[0] = caughtUp || state == State.OFF || state == State.STARTING;
            if (begun[0]) {
              folder = state == State.OFF ? new AofFolder(world.disk(), parameters) : place;
              engine.silent(true);
              engine.restrictions().loading(true);
            } else {
              ended.run();
            }
          });
      if (later[0]) {
        world.schedule(RELOAD_RETRY_NANOS, () -> execute(this::begin));
      } else if (begun[0]) {
        boolean loaded = load();
        engine.hold(() -> end(loaded));
      }
    }

    private boolean load() {
      try {
        AofManifest manifest = folder.read();
        if (manifest.isEmpty()) {
          throw new PersistenceException(
              "There is no append-only file " + folder.file(folder.logName()));
        }
        engine.hold(() -> engine.keyspace().flushAll());
        new AofLoader(engine, folder, parameters, bases, progress).load(manifest);
        log.info("Append Only File loaded by DEBUG LOADAOF");
        return true;
      } catch (PersistenceException e) {
        log.error("{}", e.getMessage());
        return false;
      }
    }

    private void end(boolean loaded) {
      engine.restrictions().loading(false);
      engine.silent(false);
      success = loaded;
      if (loaded) {
        reloaded.run();
      }
      engine.onReplaced();
      ended.run();
      // As somebody may have set it meanwhile.
      try {
        followAppendOnly();
      } catch (ConfigException e) {
        log.warn("{}", e.getMessage());
      }
    }
  }

  /** How long each write to the file is delayed, in microseconds: for tests. Any thread. */
  public void delayWrites(long micros) {
    writer.delayWrites(micros);
  }

  // --- time

  private void tick() {
    if (!ticking && !closed && (state != State.OFF || status.scheduled)) {
      ticking = true;
      world.schedule(SECOND, () -> execute(this::everySecond));
    }
  }

  private void everySecond() {
    try {
      if (state != State.OFF) {
        writer.everySecond();
      }
      engine.hold(this::rewriteIfDue);
    } finally {
      // Whatever has failed, for want of memory say: without the next second nothing is synced.
      engine.hold(
          () -> {
            ticking = false;
            tick();
          });
    }
  }

  private void rewriteIfDue() {
    // What a script has half done must be in no base.
    boolean free = !bases.isBusy() && !engine.isBusy() && !engine.restrictions().isLoading();
    if (rewrite != null || !free || closed) {
      return;
    }
    boolean fresh = state == State.STARTING || state == State.FAILED;
    if (isUrgent(fresh) || (status.scheduled && !isLimited())) {
      begin(fresh);
    } else if (state == State.ON && hasGrown() && !isLimited()) {
      begin(/* fresh= */ false);
    }
  }

  /** While changes are refused for lack of a base there is no rest between tries. */
  private boolean isUrgent(boolean fresh) {
    return fresh && (state == State.FAILED || replaced || !status.lastWriteOk);
  }

  private boolean hasGrown() {
    long percentage = parameters.number("auto-aof-rewrite-percentage");
    if (percentage == 0 || status.currentSize <= parameters.number("auto-aof-rewrite-min-size")) {
      return false;
    }
    long growth = status.currentSize * 100 / Math.max(1, status.baseSize) - 100;
    if (growth < percentage) {
      return false;
    }
    log.info("Starting automatic rewriting of AOF on {}% growth", growth);
    return true;
  }

  /** After some failures one after the other: a minute's rest, then two, four, up to an hour. */
  private boolean isLimited() {
    if (status.consecutiveFailures.get() < FAILURES_BEFORE_DELAY) {
      delayMinutes = 0;
      resting = false;
      return false;
    }
    long now = world.nanos();
    if (resting) {
      resting = now < nextRewriteNanos;
      return resting;
    }
    delayMinutes = Math.min(MAX_DELAY_MINUTES, Math.max(1, delayMinutes * 2));
    nextRewriteNanos = now + delayMinutes * 60L * SECOND;
    resting = true;
    log.warn(
        "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {}"
            + " minutes",
        delayMinutes);
    return true;
  }

  // --- the end

  /**
   * Writes and syncs what is left. Nobody changes anything any more; without the lock.
   *
   * @return false when not everything that was changed is in the files
   */
  public boolean close() {
    engine.hold(
        () -> {
          closed = true;
          if (rewrite != null) {
            rewrite.abandon();
          }
          effects.endHold(/* more= */ false);
        });
    if (status.enabled) {
      log.info("Calling fsync() on the AOF file.");
    }
    worker.execute(this::closeFiles);
    rewriter.close();
    worker.close();
    syncer.close();
    return kept;
  }

  private void closeFiles() {
    boolean written = writer.close(effects.cuts());
    if (state == State.FAILED || (state == State.STARTING && replaced)) {
      written = false;
      try {
        // What was acknowledged is in no file.
        writeLastBase();
        written = true;
      } catch (IOException | RuntimeException | OutOfMemoryError e) {
        log.error("What is in memory cannot be written to the AOF: {}", e.getMessage());
      }
    }
    kept = written;
  }

  private void writeLastBase() throws IOException {
    engine.hold(engine.keyspace()::giveUpCut);
    place.create();
    boolean rdb = parameters.isOn("aof-use-rdb-preamble");
    writer.putInPlace(AofRewrite.now(engine, place, bases, rdb, rewriteNumber++));
  }

  /**
   * Whether it is on, but has no base yet, or lost what it had: what was acknowledged would not all
   * be found again.
   */
  public boolean isStarting() {
    return state == State.STARTING || state == State.FAILED;
  }

  /** Whether WAITAOF can be answered. */
  public boolean isEnabled() {
    return state != State.OFF;
  }

  /** Whether this offset is safe in the files. Under the engine lock. */
  public boolean isSafe(long offset) {
    return state == State.ON && engine.safeOffset() >= offset;
  }

  // --- parts

  private void execute(Runnable task) {
    worker.execute(task);
  }

  private void drain() {
    drainComes = false;
    gathering = false;
    lastDrainNanos = world.nanos();
    writer.drain();
  }

  private void drainSoon() {
    if (!drainComes) {
      drainComes = true;
      execute(this::drain);
    }
  }

  private final class Effects implements AofLog.Listener {
    @Override
    public void appended(int waitingBytes, boolean more) {
      if (waitingBytes > GATHERED_BYTES) {
        drainSoon();
      } else if (fsync == AofWriter.Fsync.ALWAYS) {
        // One fsync for all who sent at about the same time.
        if (!more) {
          drainSoon();
        }
      } else if (!gathering && !drainComes) {
        // Nobody waits for these: after the first, a few milliseconds' worth make one write.
        gathering = world.nanos() - lastDrainNanos < GATHERING_NANOS;
        if (gathering) {
          world.schedule(GATHERING_NANOS, AppendOnly.this::drainSoon);
        } else {
          drainSoon();
        }
      }
    }

    @Override
    public void torn() {
      execute(writer::torn);
    }

    @Override
    public long safeOffset() {
      return engine.safeOffset();
    }

    @Override
    public long seconds() {
      return world.wallMillis() / 1000;
    }
  }

  private final class WriterPolicy implements AofWriter.Policy {
    @Override
    public AofWriter.Fsync fsync() {
      return fsync;
    }

    @Override
    public boolean syncsDuringRewrite() {
      return !parameters.isOn("no-appendfsync-on-rewrite");
    }

    @Override
    public boolean removesHistory() {
      return !parameters.isOn("aof-disable-auto-gc");
    }

    @Override
    public void writesFail(IOException reason) {
      engine.hold(
          () -> {
            if (state != State.OFF) {
              refuse(reason);
            }
          });
    }

    private void refuse(IOException reason) {
      engine
          .restrictions()
          .refuseWrites(
              REASON,
              new CommandException(
                  "MISCONF Errors writing to the AOF file: " + reason.getMessage()));
      holdReplies();
    }

    @Override
    public void writesWork() {
      engine.hold(
          () -> {
            if (state != State.FAILED) {
              engine.restrictions().refuseWrites(REASON, null);
              holdReplies();
            }
          });
    }

    @Override
    public void failed(IOException reason) {
      engine.hold(
          () -> {
            engine.abandonUnsafe();
            effects.discard();
            if (state == State.OFF) {
              return;
            }
            if (state != State.FAILED) {
              nextTryLineNanos = world.nanos();
            }
            state = State.FAILED;
            status.lastWriteOk = false;
            status.starting = true;
            refuse(reason);
            AofRewrite going = rewrite;
            if (going != null) {
              going.abandon();
              noRewrite();
            }
            schedule();
          });
    }

    @Override
    public void lost() {
      engine.hold(engine::abandonUnsafe);
    }

    @Override
    public void rewritten(AofRewrite which, boolean success) {
      engine.hold(() -> ended(which, success));
    }
  }
}
