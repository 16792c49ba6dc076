package io.pillion.engine.persistence;

import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The files of the append-only log while an engine runs. Everything here is done by one thread, the
 * log's own; nobody else ever waits for the disk, and it takes the engine lock only for a moment
 * and while it holds nothing that others need.
 *
 * <p>When a write fails, the bytes are kept and tried again every second. When an fsync fails, what
 * the file holds is in doubt: it is given up, and the log begins anew with a base from memory.
 */
final class AofWriter {
  private static final Logger log = LoggerFactory.getLogger(AofWriter.class);
  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final long SLOW_SYNC_NANOS = 2_000_000_000L;
  private static final int SECONDS_BETWEEN_ERROR_LINES = 30;

  private final Engine engine;
  private final Disk disk;
  private final AofLog effects;
  private final AofStatus status;
  private final World.Worker syncer;
  private final Policy policy;

  private AofFolder folder;
  private AofManifest manifest = AofManifest.EMPTY;
  private @Nullable AofFile file;
  private @Nullable AofRewrite rewrite;

  // What could not be written yet, and from where on.
  private AofLog.@Nullable Batch pending;
  private int pendingFrom;

  private long written;
  private boolean unsynced;
  private boolean syncing;
  private long syncStartedNanos;
  private long otherFilesBytes;
  private volatile long delayMicros;
  private int secondsSinceErrorLine = SECONDS_BETWEEN_ERROR_LINES;

  /** What the log is told by settings, and what it tells whoever keeps the engine's state. */
  interface Policy {
    Fsync fsync();

    /** Whether nothing is synced while a base is written. */
    boolean syncsDuringRewrite();

    /** Whether replaced files are removed. */
    boolean removesHistory();

    /** Nothing can be written: changes must be refused. */
    void writesFail(IOException reason);

    /** It can again. */
    void writesWork();

    /**
     * An fsync has failed: what was not safe is in doubt, and a new base is needed. What waits to
     * be written is thrown away before anybody can begin one: what comes behind its cut belongs to
     * it.
     */
    void failed(IOException reason);

    /** The log is off, and what was not safe yet never will be: who waits for it is in doubt. */
    void lost();

    /** A rewrite has ended; when it was to begin the log, the log is on from now on. */
    void rewritten(AofRewrite rewrite, boolean success);
  }

  /** {@code appendfsync}. */
  enum Fsync {
    ALWAYS,
    EVERYSEC,
    NO
  }

  AofWriter(
      Engine engine,
      AofFolder folder,
      AofLog effects,
      AofStatus status,
      World.Worker syncer,
      Policy policy) {
    this.engine = engine;
    this.folder = folder;
    disk = engine.world().disk();
    this.effects = effects;
    this.status = status;
    this.syncer = syncer;
    this.policy = policy;
  }

  void delayWrites(long micros) {
    delayMicros = micros;
  }

  // --- the start, before the log's thread is used

  /**
   * Opens the last increment of what was loaded, or begins a new one.
   *
   * @param otherBytes how many bytes the other files have, of which the base has {@code baseBytes}
   */
  void open(AofFolder newFolder, AofManifest loaded, long otherBytes, long baseBytes)
      throws IOException {
    folder = newFolder;
    folder.create();
    AofManifest.Entry last = loaded.last();
    AofManifest next = last == null ? loaded.withIncrement(folder.logName()) : loaded;
    String name = next.increments().get(next.increments().size() - 1).name();
    AofFile opened = new AofFile(name, disk.append(folder.file(name)));
    // What was found there counts as kept from now on.
    opened.sync();
    if (last == null) {
      folder.write(next);
    }
    log.info("{} AOF incr file {} on server start", last == null ? "Creating" : "Opening", name);
    file = opened;
    manifest = policy.removesHistory() ? folder.removeHistory(next) : next;
    folder.discardTemporary();
    otherFilesBytes = otherBytes;
    updateSizes();
    // What was appended in earlier lives counts as growth, or a log might grow for ever.
    status.baseSize = baseBytes;
  }

  /** Says what is there when the log is off, or was until now. */
  void know(AofFolder newFolder, AofManifest found) {
    folder = newFolder;
    manifest = found;
    // What was yet to be done when it was found may have changed it.
    rereadManifest();
  }

  // --- writing

  /** Writes all that waits. */
  void drain() {
    while (true) {
      AofLog.Batch batch = pending == null ? take() : pending;
      if (batch == null) {
        AofRewrite going = rewrite;
        if (going == null || !effects.isAtCut(going.cut)) {
          // At a cut whose rewrite is not known here yet, it soon will be.
          break;
        }
        beginIncrement(going);
      } else if (file == null) {
        // The log is off, or a base that includes this is on its way.
        pending = null;
        written = batch.upTo();
      } else if (!write(file, batch) || !syncAlways(file)) {
        break;
      }
    }
    AofLog.Batch left = pending;
    status.bufferBytes =
        (long) effects.waitingBytes() + (left == null ? 0 : left.length() - pendingFrom);
  }

  private AofLog.@Nullable Batch take() {
    AofLog.Batch batch = effects.take();
    // At once: whatever happens to who is to write it, nothing else will come in its place.
    pending = batch;
    pendingFrom = 0;
    if (batch != null && batch.madeRoom()) {
      engine.logHasRoom();
    }
    return batch;
  }

  private boolean write(AofFile target, AofLog.Batch batch) {
    long before = target.size();
    if (delayMicros > 0) {
      LockSupport.parkNanos(delayMicros * 1000);
    }
    try {
      target.write(batch.bytes(), pendingFrom, batch.length() - pendingFrom);
    } catch (IOException e) {
      writeFailed(target, before, e);
      return false;
    } catch (RuntimeException | OutOfMemoryError e) {
      // The system's own copy of what is written needs memory, too.
      writeFailed(target, before, new IOException(e.toString(), e));
      return false;
    }
    pending = null;
    written = batch.upTo();
    unsynced = true;
    effects.recycle(batch);
    updateSizes();
    if (!status.lastWriteOk) {
      status.lastWriteOk = true;
      log.warn("AOF write error looks solved. The server can write again.");
      policy.writesWork();
    }
    return true;
  }

  private void writeFailed(AofFile target, long before, IOException reason) {
    removeShortWrite(target, before);
    complain("Error writing to the AOF file: {}", reason);
    if (status.lastWriteOk) {
      status.lastWriteOk = false;
      policy.writesFail(reason);
    }
  }

  private void removeShortWrite(AofFile target, long before) {
    try {
      if (target.size() > before) {
        target.truncate(before);
      }
    } catch (IOException e) {
      // Half a command stays at the end, until the rest of it can follow.
      pendingFrom += (int) (target.size() - before);
      log.warn("Could not remove short write from the append-only file: {}", e.getMessage());
    }
  }

  private void complain(String line, IOException e) {
    if (secondsSinceErrorLine >= SECONDS_BETWEEN_ERROR_LINES) {
      secondsSinceErrorLine = 0;
      log.warn(line, e.getMessage());
    }
  }

  private void updateSizes() {
    AofFile current = file;
    status.currentSize = otherFilesBytes + (current == null ? 0 : current.size());
  }

  // --- fsync

  private boolean syncAlways(AofFile target) {
    return policy.fsync() != Fsync.ALWAYS || sync(target);
  }

  /** Syncs here and now, unless settings spare it; false when that fails. */
  private boolean sync(AofFile target) {
    if (rewrite != null && !policy.syncsDuringRewrite()) {
      engine.safe(written);
      return true;
    }
    return syncWhole(target);
  }

  private boolean syncWhole(AofFile target) {
    try {
      target.sync();
    } catch (IOException e) {
      fail(e);
      return false;
    }
    unsynced = false;
    if (target == file && status.starting) {
      // Until there is a base for it, nothing here is found again.
      return true;
    }
    engine.safe(written);
    return true;
  }

  private void syncInBackground(AofFile target) {
    if (syncing) {
      if (engine.world().nanos() - syncStartedNanos > SLOW_SYNC_NANOS) {
        status.delayedSyncs.incrementAndGet();
        complain(
            "Asynchronous AOF fsync is taking too long ({}). Writing the AOF buffer without waiting"
                + " for fsync to complete.",
            new IOException("disk is busy?"));
      }
      return;
    }
    if (!unsynced || (rewrite != null && !policy.syncsDuringRewrite())) {
      return;
    }
    syncing = true;
    status.syncing = true;
    unsynced = false;
    syncStartedNanos = engine.world().nanos();
    long upTo = written;
    boolean counts = !status.starting;
    try {
      syncer.execute(() -> syncNow(target, upTo, counts));
    } catch (OutOfMemoryError noThread) {
      // The next second tries again.
      syncing = false;
      status.syncing = false;
      unsynced = true;
      complain("Cannot fsync the AOF file now: {}", new IOException(noThread.getMessage()));
    }
  }

  /** On the thread that syncs. */
  private void syncNow(AofFile target, long upTo, boolean counts) {
    IOException failure = null;
    try {
      target.sync();
    } catch (IOException e) {
      failure = e;
    } finally {
      backgroundSyncEnded.ended(target, failure);
    }
    if (failure == null && counts) {
      engine.safe(upTo);
    }
  }

  /** Who brings the news of an fsync back to the log's thread. */
  interface SyncListener {
    void ended(AofFile target, @Nullable IOException failure);
  }

  private SyncListener backgroundSyncEnded = (target, failure) -> {};

  void onBackgroundSync(SyncListener listener) {
    backgroundSyncEnded = listener;
  }

  /** An fsync in the background has ended. */
  void synced(AofFile target, @Nullable IOException failure) {
    syncing = false;
    status.syncing = false;
    AofFile current = file;
    if (failure != null && target == current) {
      fail(failure);
    } else if (current != null
        && policy.fsync() == Fsync.EVERYSEC
        && engine.world().nanos() - syncStartedNanos >= SECOND_NANOS) {
      // It took so long that the next one is due.
      syncInBackground(current);
    }
  }

  /** Something that was to be written is lost. */
  void torn() {
    fail(new IOException("no memory for what waits to be written"));
  }

  /** The file cannot be trusted any more. */
  private void fail(IOException reason) {
    AofRewrite going = rewrite;
    Level level = going == null ? Level.ERROR : going.level(Level.ERROR);
    log.atLevel(level)
        .log(
            "Fail to write or fsync the AOF file: {}. It is given up; a new base will be written"
                + " from memory.",
            reason.getMessage());
    AofFile broken = file;
    file = null;
    pending = null;
    rewrite = null;
    unsynced = false;
    policy.failed(reason);
    engine.logHasRoom();
    if (broken != null) {
      close(broken);
    }
  }

  private static void close(AofFile target) {
    try {
      target.close();
    } catch (IOException e) {
      log.warn("Cannot close {}: {}", target.name(), e.getMessage());
    }
  }

  // --- every second

  /** Tries again what failed, syncs, and looks whether the files still have their names. */
  void everySecond() {
    secondsSinceErrorLine++;
    drain();
    AofFile current = file;
    if (current == null) {
      return;
    }
    if (policy.fsync() == Fsync.EVERYSEC) {
      syncInBackground(current);
    } else if (policy.fsync() == Fsync.ALWAYS && unsynced && pending == null && !syncing) {
      sync(current);
    }
    if (file == current && !status.starting && !folder.isThere(current.name())) {
      fail(new IOException("the file " + current.name() + " is not there any more"));
    }
  }

  // --- rewriting

  /** A rewrite has made its cut: what is appended after it belongs to another file. */
  void rewriting(AofFolder newFolder, AofRewrite begun) {
    if (begun.fresh) {
      folder = newFolder;
    }
    rewrite = begun;
    drain();
    if (begun.cut == AofRewrite.NO_CUT && rewrite == begun) {
      begun.increments = true;
      completeIfReady(begun);
    }
  }

  /** The file is full up to the cut: goes on in the next one. */
  private void beginIncrement(AofRewrite begun) {
    AofFile old = file;
    try {
      if (old != null && !syncWhole(old)) {
        return;
      }
      folder.create();
      String name;
      AofManifest next = manifest;
      if (begun.fresh) {
        name = folder.temporaryIncrement();
      } else {
        next = manifest.withIncrement(folder.logName());
        name = next.increments().get(next.increments().size() - 1).name();
      }
      AofFile created = new AofFile(name, disk.create(folder.file(name)));
      if (!begun.fresh) {
        folder.write(next);
      }
      if (old != null) {
        otherFilesBytes += old.size();
        close(old);
      }
      log.atLevel(begun.level(Level.INFO))
          .log("Creating AOF incr file {} on background rewrite", name);
      manifest = next;
      file = created;
      effects.endCut(begun.cut);
      begun.increments = true;
      completeIfReady(begun);
    } catch (IOException | OutOfMemoryError e) {
      log.atLevel(begun.level(Level.WARN))
          .log("Can't open the append-only file: {}", e.getMessage());
      rereadManifest();
      giveUp(begun);
    }
  }

  /** The base is written, or not. */
  void written(AofRewrite ended, @Nullable IOException failure) {
    if (ended != rewrite) {
      folder.discard(ended.temporaryName);
      return;
    }
    if (failure != null) {
      log.atLevel(ended.level(Level.WARN))
          .log("Background AOF rewrite terminated with error: {}", failure.getMessage());
      giveUp(ended);
      drain();
      return;
    }
    log.info("Background AOF rewrite terminated with success");
    ended.written = true;
    completeIfReady(ended);
  }

  private void completeIfReady(AofRewrite ready) {
    if (!ready.written || !ready.increments || rewrite != ready) {
      return;
    }
    try {
      complete(ready);
    } catch (IOException | OutOfMemoryError e) {
      log.atLevel(ready.level(Level.WARN))
          .log("Error trying to put the new AOF base file in place: {}", e.getMessage());
      rereadManifest();
      giveUp(ready);
    }
  }

  /**
   * Puts the base, and the increment that was begun for it, in place of what was there. Up to the
   * moment that the manifest is replaced the old files are the data, afterwards the new ones; both
   * are there.
   */
  private void complete(AofRewrite ready) throws IOException {
    AofManifest.Entry base = manifest.nextBase(folder.logName(), ready.isRdb());
    disk.rename(folder.file(ready.temporaryName), folder.file(base.name()));
    log.info("Successfully renamed the temporary AOF base file into {}", base.name());
    AofManifest next = manifest.withBase(base);
    AofFile current = file;
    if (current == null) {
      next = next.withoutIncrements();
    } else {
      if (ready.fresh) {
        current.sync();
        next = next.withIncrement(folder.logName());
        String name = next.increments().get(next.increments().size() - 1).name();
        disk.rename(folder.file(current.name()), folder.file(name));
        current.renamed(name);
      }
      next = next.withLastIncrementOnly();
    }
    folder.write(next);
    manifest = next;
    rewrite = null;
    otherFilesBytes = disk.size(folder.file(base.name()));
    updateSizes();
    status.baseSize = status.currentSize;
    // Before anybody is told: who then looks into the manifest finds what will stay.
    removeHistory();
    log.info("Background AOF rewrite finished successfully");
    policy.rewritten(ready, /* success= */ true);
    if (current != null && ready.fresh) {
      // What was thrown away before the cut is in the base.
      written = Math.max(written, ready.cutOffset);
      engine.safe(written);
    }
  }

  /** Removes files that were replaced, if settings have them removed. */
  void removeHistory() {
    if (!policy.removesHistory()) {
      return;
    }
    try {
      manifest = folder.removeHistory(manifest);
    } catch (IOException e) {
      log.warn("Cannot remove replaced AOF files now: {}", e.getMessage());
      rereadManifest();
    }
  }

  /** After a failure nobody knows whether the manifest on disk is the old or the new one. */
  private void rereadManifest() {
    try {
      AofManifest found = folder.read();
      if (!found.isEmpty()) {
        manifest = found;
      }
    } catch (PersistenceException e) {
      log.warn("Cannot read the AOF manifest: {}", e.getMessage());
    }
  }

  private void giveUp(AofRewrite failed) {
    rewrite = null;
    if (!failed.increments) {
      // What stopped the old file from being filled up to the cut may be what has failed here.
      effects.endCut(failed.cut);
    }
    if (failed.fresh && file != null) {
      AofFile temporary = file;
      file = null;
      pending = null;
      close(temporary);
      boolean named =
          manifest.increments().stream().anyMatch(each -> each.name().equals(temporary.name()));
      if (!named) {
        log.atLevel(failed.level(Level.INFO))
            .log("Removing the temp incr aof file {} in the background", temporary.name());
        folder.discard(temporary.name());
      }
    }
    folder.discard(failed.temporaryName);
    policy.rewritten(failed, /* success= */ false);
  }

  // --- the end

  /** The log is turned off: nobody need wait for it any more, unless what they wait for is lost. */
  void turnOff(int cuts, long upTo) {
    if (!close(cuts)) {
      policy.lost();
    }
    engine.safe(upTo);
  }

  /**
   * Writes and syncs what is left and closes the file.
   *
   * @param cuts how many cuts there had been: a later one is another file's business
   * @return whether everything is safe; when an fsync failed on the way, {@link Policy#failed}
   *     knows
   */
  boolean close(int cuts) {
    // A rewrite that was going on is given up: all belongs to the file that there is.
    rewrite = null;
    effects.endCut(cuts);
    drain();
    AofFile current = file;
    if (current == null) {
      return true;
    }
    boolean safe = pending == null;
    if (pending != null) {
      long lost = (long) pending.length() - pendingFrom + effects.waitingBytes();
      log.error("What could not be written to the AOF is lost: {} bytes", lost);
      pending = null;
    }
    try {
      current.sync();
      engine.safe(written);
    } catch (IOException e) {
      log.warn("Fail to fsync the AOF file: {}", e.getMessage());
      safe = false;
    }
    file = null;
    close(current);
    if (current.name().equals(folder.temporaryIncrement())) {
      // There never was a base for it.
      folder.discard(current.name());
    }
    return safe;
  }

  /**
   * Puts a base in place of all that there is, after {@link #close}.
   *
   * @throws IOException when that fails: the files are what they were
   */
  void putInPlace(AofRewrite last) throws IOException {
    complete(last);
  }

  /** Whether all that was appended is in the file, and there is one. */
  boolean isCaughtUp() {
    return file != null && pending == null && effects.isEmpty();
  }

  AofManifest manifest() {
    return manifest;
  }

  AofFolder folder() {
    return folder;
  }
}
