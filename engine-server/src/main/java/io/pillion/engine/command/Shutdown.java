package io.pillion.engine.command;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Blocked;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.replication.Replication;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the server ends, by SHUTDOWN or by a signal. It waits for replicas that lag, while nothing
 * more is written, then brings to disk what settings promise; when that fails, or somebody says
 * SHUTDOWN ABORT, it goes on as if nothing had been said. Used under the engine lock, except where
 * a method says otherwise.
 */
public final class Shutdown {
  private static final Logger log = LoggerFactory.getLogger(Shutdown.class);
  private static final long LOOK_NANOS = 20_000_000;
  private static final String FAILED = "Errors trying to SHUTDOWN. Check logs.";

  private final Parameters parameters;
  private final RdbStore rdb;
  private final AppendOnly appendOnly;
  private final Replication replication;
  private final @Nullable Runnable end;
  private final List<Waiter> waiters = new ArrayList<>();
  private Engine engine;
  private Wish wish = Wish.DEFAULT;
  private boolean signalsWait;
  private boolean waiting;
  private boolean decided;
  private boolean postponed;
  private long deadlineMillis;

  /** Which signal has asked, until it is heard; else empty. */
  private volatile String signal = "";

  /**
   * What whoever ends the server wants.
   *
   * @param save to save the data, whatever {@code save} says
   * @param noSave not to
   * @param now not to wait for replicas
   * @param force to end even when data could not be saved
   */
  record Wish(boolean save, boolean noSave, boolean now, boolean force) {
    static final Wish DEFAULT = new Wish(false, false, false, false);

    static Wish of(List<String> words) {
      return new Wish(
          words.contains("save"),
          words.contains("nosave"),
          words.contains("now"),
          words.contains("force"));
    }
  }

  private record Waiter(Client client, Blocked blocked) {}

  /**
   * The end of an engine that is yet to be made.
   *
   * @param end ends the server, on a thread of its own; null where clients may not
   */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  public Shutdown(
      Parameters parameters,
      RdbStore rdb,
      AppendOnly appendOnly,
      Replication replication,
      @Nullable Runnable end) {
    this.parameters = parameters;
    this.rdb = rdb;
    this.appendOnly = appendOnly;
    this.replication = replication;
    this.end = end;
  }

  /** Says which engine it ends; before anything else. */
  public void attach(Engine newEngine) {
    engine = newEngine;
  }

  /** How many milliseconds it goes on waiting for replicas at most, or -1 when it does not wait. */
  long remainingMillis() {
    return waiting ? deadlineMillis - engine.keyspace().now() : -1;
  }

  // --- who wants it

  /** SHUTDOWN: the client waits, is told why not, or is closed. */
  void request(Call call, Wish newWish) {
    Client client = call.client();
    if (end == null) {
      throw Errors.err(FAILED);
    }
    if (!waiting) {
      log.info(
          "User requested shutdown... (user request from 'id={} addr={}')",
          client.id(),
          client.outlet().peerAddress());
      begin(newWish);
    }
    if (decided) {
      client.close(/* afterReplies= */ true);
    } else if (waiting) {
      call.block(
          ValueType.STRING,
          List.of(),
          /* timeoutMillis= */ 0,
          reply -> reply.error("ERR " + FAILED));
      Blocked blocked = client.blocked();
      if (blocked != null) {
        waiters.add(new Waiter(client, blocked));
      }
    } else {
      throw Errors.err(FAILED);
    }
  }

  /**
   * The process was sent a signal: ends as {@code shutdown-on-sigint} or {@code
   * shutdown-on-sigterm} says. Without the lock.
   *
   * @param name SIGINT or SIGTERM
   * @return false when that is the second SIGINT: whoever sends it wants no more waiting
   */
  public boolean signalled(String name) {
    if (name.equals("SIGINT") && !signal.isEmpty()) {
      log.warn("You insist... exiting now.");
      rdb.deleteFinalTemporary();
      return false;
    }
    log.warn("Received {} scheduling shutdown...", name);
    signal = name;
    engine.hold(this::hear);
    return true;
  }

  private void hear() {
    if (signal.isEmpty() || signalsWait || waiting || decided || engine.isClosed()) {
      return;
    }
    if (engine.isBusy()) {
      // What a script has half done must be in no file.
      engine.world().schedule(LOOK_NANOS, () -> engine.hold(this::hear));
      return;
    }
    Wish wanted = Wish.of(parameters.words("shutdown-on-" + signal.toLowerCase(Locale.ROOT)));
    if (appendOnly.isStarting() && !wanted.force) {
      // A supervisor signals once and then kills; until then the base may be there.
      if (!postponed) {
        postponed = true;
        log.warn("Writing initial AOF, can't exit before it is there.");
      }
      engine.world().schedule(LOOK_NANOS, () -> engine.hold(this::hear));
      return;
    }
    postponed = false;
    log.info("User requested shutdown...");
    begin(wanted);
  }

  /** Says whether signals are left for later: for tests. */
  void signalsWait(boolean yes) {
    signalsWait = yes;
    if (!yes) {
      hear();
    }
  }

  /** The process ends whatever anybody says: whether the data are as safe as settings promise. */
  public boolean endAtOnce() {
    if (!decided) {
      wish = Wish.DEFAULT;
      decided = isSafe();
      engine.pauseForEnd(Engine.PauseMode.ALL);
    }
    return decided;
  }

  /** SHUTDOWN ABORT; false when nobody has asked for the end. */
  boolean abort() {
    if (decided || (!waiting && signal.isEmpty())) {
      return false;
    }
    cancel();
    log.info("Shutdown manually aborted.");
    return true;
  }

  // --- what happens

  private void begin(Wish newWish) {
    // While data are loaded, the file that is there holds more than we do.
    boolean loading = engine.restrictions().isLoading();
    wish = loading ? new Wish(false, true, newWish.now, newWish.force) : newWish;
    long timeoutMillis = parameters.number("shutdown-timeout") * 1000;
    if (wish.now || timeoutMillis == 0 || replication.areAllInSync()) {
      finish();
      return;
    }
    waiting = true;
    deadlineMillis = engine.keyspace().now() + timeoutMillis;
    replication.askHowFar();
    engine.pauseForEnd(Engine.PauseMode.WRITE);
    log.info("Waiting for replicas before shutting down.");
    lookAgain();
  }

  private void lookAgain() {
    engine.world().schedule(LOOK_NANOS, () -> engine.hold(this::look));
  }

  private void look() {
    if (!waiting || engine.isClosed()) {
      return;
    }
    if (engine.keyspace().now() < deadlineMillis && !replication.areAllInSync()) {
      lookAgain();
      return;
    }
    // Saving may take long, and timers must not.
    engine.world().background("shutdown", () -> engine.hold(this::finishWaiting));
  }

  private void finishWaiting() {
    if (waiting && !engine.isClosed()) {
      finish();
    }
  }

  private void finish() {
    if (!isSafe()) {
      log.warn("Errors trying to shut down the server. Check the logs for more information.");
      cancel();
      return;
    }
    waiting = false;
    decided = true;
    // What is acknowledged from here on would be in no file.
    engine.pauseForEnd(Engine.PauseMode.ALL);
    for (Waiter each : waiters) {
      each.client.close(/* afterReplies= */ true);
    }
    waiters.clear();
    if (end != null) {
      engine.world().background("shutdown", end);
    }
  }

  private boolean isSafe() {
    replication.logLag();
    rdb.abandonBackground();
    if (appendOnly.isStarting()) {
      if (!wish.force) {
        log.warn("Writing initial AOF, can't exit.");
        return false;
      }
      log.warn("Writing initial AOF. Exit anyway.");
    }
    return rdb.saveAtEnd(wish.save || (!wish.noSave && rdb.hasSavePoints()), wish.force);
  }

  private void cancel() {
    waiting = false;
    postponed = false;
    signal = "";
    engine.pauseForEnd(Engine.PauseMode.NONE);
    List<Waiter> told = List.copyOf(waiters);
    waiters.clear();
    for (Waiter each : told) {
      if (each.client.blocked() == each.blocked) {
        engine.unblock(each.client, /* withError= */ false);
      }
    }
  }
}
