package io.pillion.engine.persistence.backup;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.world.World;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backups of an engine: made by a schedule or on command, verified, restored, removed. One
 * thing at a time is done, on a thread of its own, in steps that hold the engine lock for a moment
 * each.
 */
public final class Backups {
  private static final Logger log = LoggerFactory.getLogger(Backups.class);
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long LOOK_MILLIS = 30_000;
  private static final long RETRY_MILLIS = 1_000;
  private static final long LOG_POLL_MILLIS = 20;
  private static final int LOG_POLLS = 3_000;
  static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final Parameters parameters;
  private final RdbStore rdb;
  private final AppendOnly appendOnly;
  private Engine engine;
  private World world;
  private World.Worker worker;
  private BackupReader reader;
  private BackupWriter writer;
  private BackupRestore restore;
  private volatile boolean closed;

  // Under the engine lock.
  private Runnable checkReplacing = () -> {};
  private Runnable beforeReplacing = () -> {};
  private boolean started;
  private @Nullable BackupTask running;
  private @Nullable BackupSchedule schedule;
  private long nextMillis = BackupSchedule.NEVER;
  private World.@Nullable Scheduled timer;
  private boolean lastOk = true;
  private long lastMillis;
  private int count;
  private long made;
  private long failed;
  private long missed;
  private String lastError = "";

  /** The backups of an engine to come: {@link #attach}. */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  public Backups(Parameters parameters, RdbStore rdb, AppendOnly appendOnly) {
    this.parameters = parameters;
    this.rdb = rdb;
    this.appendOnly = appendOnly;
  }

  /**
   * Says whose data they are, before anything else.
   *
   * @throws PersistenceException when the schedule cannot be understood
   */
  public void attach(Engine newEngine, Functions functions) {
    engine = newEngine;
    world = newEngine.world();
    worker = world.worker("backup");
    reader = new BackupReader(newEngine, functions, () -> closed);
    writer = new BackupWriter(newEngine, parameters, functions, reader);
    restore = new BackupRestore(newEngine, parameters, functions, reader, rdb, appendOnly);
    try {
      schedule = BackupSchedule.of(parameters);
    } catch (ConfigException e) {
      throw new PersistenceException(e.reason(), e);
    }
  }

  /**
   * Says who else has to know that all data are about to be replaced, told under the lock.
   *
   * @param check throws a {@link CommandException} when they may not be
   */
  public void beforeReplacing(Runnable check, Runnable listener) {
    checkReplacing = check;
    beforeReplacing =
        () -> {
          check.run();
          listener.run();
        };
  }

  /** Where backups are kept now. */
  BackupTarget target() {
    String folder = parameters.text("backup-dir");
    return new FolderTarget(
        world.disk(),
        world.disk().absolute(folder.isEmpty() ? parameters.text("dir") + "/backups" : folder));
  }

  /**
   * Begins with the backup that {@code restore-from} names, unless that was done in an earlier life
   * whose data are kept. Without the lock, before clients are served and before the append-only log
   * is begun.
   *
   * @return whether the data are those of the backup now
   * @throws PersistenceException when there is none, or it is damaged, or does not fit
   */
  public boolean restoreAtStart() {
    return restore.atStart(target());
  }

  /** Removes what a crash has left, and follows the schedule from now on. */
  public void start() {
    engine.hold(
        () -> {
          started = true;
          parameters.onChange(this::reschedule, "backup-schedule", "backup-zone", "backup-window");
          submit("look for backups", this::lookAround);
        });
  }

  private String lookAround() throws IOException {
    BackupTarget target = target();
    try {
      int swept = target.sweep();
      if (swept > 0) {
        log.info("{} files of backups that were not finished are removed", swept);
      }
    } catch (IOException e) {
      log.warn(
          "Cannot remove what is left of backups in {}: {}", target.description(), e.getMessage());
    }
    List<BackupManifest> found = List.of();
    try {
      found = target.list();
    } finally {
      // A folder that cannot be read now may be there when the next backup is due.
      List<BackupManifest> known = found;
      engine.hold(() -> follow(known));
    }
    return "";
  }

  // --- what is told. Under the lock.

  /** What INFO and BACKUP STATUS say. */
  public BackupStatus status() {
    BackupTask task = running;
    return new BackupStatus(
        task == null ? null : task.what(),
        lastOk,
        lastMillis,
        nextMillis == BackupSchedule.NEVER ? 0 : nextMillis,
        count,
        made,
        failed,
        missed,
        lastError,
        target().description());
  }

  // --- what can be done. Under the lock.

  /** A name for a manual backup that has none. */
  public String freshName() {
    return "manual-" + STAMP.format(Instant.ofEpochMilli(engine.keyspace().now()));
  }

  /**
   * Makes a backup of the data as they are now.
   *
   * @throws CommandException when the name cannot be one, or something else is being done
   */
  public BackupTask create(String name) {
    BackupManifest.checkName(name);
    return submit("create " + name, () -> make(name, BackupManifest.Kind.MANUAL).name());
  }

  /**
   * Compares a backup with its check sum and reads all of it, without a change.
   *
   * @throws CommandException as {@link #create}
   */
  public BackupTask verify(String name) {
    BackupManifest.checkName(name);
    return submit(
        "verify " + name,
        () -> {
          BackupTarget target = target();
          reader.verify(() -> target.open(name), target.manifest(name));
          log.info("Backup {} is whole", name);
          return "OK";
        });
  }

  /**
   * Looks whether data may be replaced.
   *
   * @throws CommandException where they are another server's
   */
  public void checkMayRestore() {
    checkReplacing.run();
  }

  /**
   * Verifies a backup, then puts its data in place of all that are there.
   *
   * @throws CommandException as {@link #create}, and before the data of the start are there
   */
  public BackupTask restore(String name) {
    BackupManifest.checkName(name);
    if (!started) {
      throw Errors.loading();
    }
    return submit(
        new BackupTask("restore " + name, /* replacesData= */ true),
        () -> {
          BackupTarget target = target();
          restore.whileRunning(target, name, beforeReplacing);
          return "OK";
        });
  }

  /**
   * Removes a backup.
   *
   * @throws CommandException as {@link #create}
   */
  public BackupTask delete(String name) {
    BackupManifest.checkName(name);
    return submit(
        "delete " + name,
        () -> {
          BackupTarget target = target();
          if (!target.exists(name)) {
            throw new IOException("there is no backup '" + name + "'");
          }
          target.delete(name);
          log.info("Backup {} is deleted", name);
          countAll(target);
          return "OK";
        });
  }

  /** A task that answers with all backups, oldest first; others may be done meanwhile. */
  public BackupTask list(List<BackupManifest> into) {
    BackupTask task = new BackupTask("list", /* replacesData= */ false);
    BackupTarget target = target();
    world.background(
        "backup-list",
        () -> {
          IOException failure = null;
          try {
            into.addAll(target.list());
          } catch (IOException e) {
            failure = e;
          }
          IOException why = failure;
          engine.hold(() -> task.end(why == null ? "" : null, why));
        });
    return task;
  }

  @FunctionalInterface
  private interface Job {
    String run() throws IOException;
  }

  private BackupTask submit(String what, Job job) {
    return submit(new BackupTask(what, /* replacesData= */ false), job);
  }

  private BackupTask submit(BackupTask task, Job job) {
    BackupTask other = running;
    if (other != null) {
      throw Errors.err(
          "another backup operation is going on ("
              + other.what()
              + "): try again when it has ended");
    }
    running = task;
    worker.execute(() -> run(task, job));
    return task;
  }

  /** Without the lock. */
  private void run(BackupTask task, Job job) {
    String answer = null;
    IOException failure = null;
    try {
      answer = job.run();
    } catch (IOException e) {
      failure = e;
      if (!(e instanceof BackupTarget.BusyException)) {
        log.warn("Backup operation failed ({}): {}", task.what(), e.getMessage());
      }
    } catch (RuntimeException e) {
      log.error("Backup operation failed ({}); this is a bug", task.what(), e);
      failure = new IOException("an unexpected failure, see the log", e);
    } catch (OutOfMemoryError e) {
      // It must end: nothing else is begun until then.
      log.error("Backup operation failed ({})", task.what(), e);
      failure = new IOException("not enough memory: " + e.getMessage(), e);
    }
    String given = answer;
    IOException why = failure;
    end(task, given, why, LOG_POLLS);
  }

  private void end(
      BackupTask task, @Nullable String answer, @Nullable IOException failure, int polls) {
    engine.hold(
        () -> {
          // Data that were restored survive a restart only once the log has them, too.
          boolean unkept =
              failure == null && task.replacesData() && appendOnly.status().isStarting();
          if (unkept && polls > 0 && !closed) {
            world.schedule(
                LOG_POLL_MILLIS * NANOS_PER_MILLI, () -> end(task, answer, failure, polls - 1));
          } else if (unkept) {
            ended(
                task,
                null,
                new IOException(
                    "the data are restored, but the append-only log does not have them yet: changes"
                        + " are refused until it has"));
          } else {
            ended(task, answer, failure);
          }
        });
  }

  private void ended(BackupTask task, @Nullable String answer, @Nullable IOException failure) {
    running = null;
    if (failure != null && !(failure instanceof BackupTarget.BusyException)) {
      Instant when = Instant.ofEpochMilli(engine.keyspace().now()).truncatedTo(ChronoUnit.SECONDS);
      lastError = when + " " + task.what() + ": " + failure.getMessage();
    }
    task.end(answer, failure);
    lookLater();
  }

  /** Without the lock. */
  private BackupManifest make(String name, BackupManifest.Kind kind) throws IOException {
    long start = world.nanos();
    BackupTarget target = target();
    BackupManifest manifest;
    try {
      manifest = writer.write(target, name, kind);
    } catch (BackupTarget.BusyException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      engine.hold(
          () -> {
            lastOk = false;
            failed++;
          });
      throw e;
    }
    log.info(
        "Backup {} is made and verified: {} keys, {} bytes, {} seconds",
        name,
        manifest.keys(),
        manifest.bytes(),
        String.format(Locale.ROOT, "%.3f", (world.nanos() - start) / 1e9));
    engine.hold(
        () -> {
          lastOk = true;
          lastMillis = manifest.createdMillis();
          made++;
        });
    countAll(target);
    return manifest;
  }

  private List<BackupManifest> countAll(BackupTarget target) throws IOException {
    List<BackupManifest> all = target.list();
    engine.hold(() -> count = all.size());
    return all;
  }

  // --- the schedule. Under the lock.

  private void follow(List<BackupManifest> found) {
    count = found.size();
    if (!found.isEmpty()) {
      lastMillis = found.get(found.size() - 1).createdMillis();
    }
    replan();
    BackupSchedule plan = schedule;
    long now = world.wallMillis();
    List<BackupManifest> byPlan = scheduled(found);
    if (plan != null && !byPlan.isEmpty()) {
      long last = byPlan.get(byPlan.size() - 1).createdMillis();
      if (plan.nextAfter(last) <= now) {
        log.info("A backup was due while the engine was not running");
        nextMillis = now;
      }
    }
    lookLater();
  }

  private void reschedule() {
    schedule = BackupSchedule.of(parameters);
    replan();
    lookLater();
  }

  private void replan() {
    BackupSchedule plan = schedule;
    nextMillis = plan == null ? BackupSchedule.NEVER : plan.nextAfter(world.wallMillis());
  }

  private void lookLater() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
    if (closed || nextMillis == BackupSchedule.NEVER) {
      return;
    }
    long wait = nextMillis - world.wallMillis();
    // Not all at once: the users' clock may be set meanwhile.
    long millis = wait <= 0 ? RETRY_MILLIS : Math.min(wait, LOOK_MILLIS);
    timer = world.schedule(millis * NANOS_PER_MILLI, () -> engine.hold(this::look));
  }

  private void look() {
    BackupSchedule plan = schedule;
    if (closed || plan == null) {
      return;
    }
    long now = world.wallMillis();
    if (now < nextMillis) {
      nextMillis = Math.min(nextMillis, plan.nextAfter(now));
    } else if (!plan.isOpen(now)) {
      missed++;
      log.warn("A backup was due, but the window {} is closed", parameters.text("backup-window"));
      nextMillis = plan.nextAfter(now);
    } else if (running == null
        && !engine.keyspace().isCut()
        && !engine.restrictions().isLoading()) {
      runScheduled(plan, now);
    }
    lookLater();
  }

  private static List<BackupManifest> scheduled(List<BackupManifest> all) {
    return all.stream().filter(each -> each.kind() == BackupManifest.Kind.SCHEDULED).toList();
  }

  private void runScheduled(BackupSchedule plan, long now) {
    long due = nextMillis;
    nextMillis = plan.nextAfter(now);
    String name = "auto-" + STAMP.format(Instant.ofEpochMilli(now));
    BackupTask task =
        submit(
            "scheduled create " + name,
            () -> {
              make(name, BackupManifest.Kind.SCHEDULED);
              retire(plan);
              return name;
            });
    task.whenEnded(
        () -> {
          if (task.failure() instanceof BackupTarget.BusyException && schedule != null) {
            nextMillis = due;
          }
        });
  }

  private void retire(BackupSchedule plan) throws IOException {
    BackupTarget target = target();
    List<BackupManifest> byPlan = scheduled(target.list());
    Retention retention =
        new Retention(
            parameters.integer("backup-retention-count"),
            parameters.number("backup-retention-days"),
            plan);
    try {
      for (BackupManifest each : retention.leaving(byPlan, world.wallMillis())) {
        target.delete(each.name());
        log.info("Backup {} is deleted: backup-retention-* say so", each.name());
      }
    } catch (BackupTarget.BusyException e) {
      // The backup is made: only what has to go must wait for the next one.
      log.warn("Old backups stay for now: {}", e.getMessage());
    }
    countAll(target);
  }

  // --- the end

  /** Gives up what is going on, and waits until it has. Without the lock. */
  public void close() {
    closed = true;
    worker.close();
  }
}
