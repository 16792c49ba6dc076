package io.pillion.engine.replication;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.persistence.ReplicationPoint;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.world.Line;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which server this one follows, if any, and how far that has come: the replica's side of
 * replication. It connects, and again when the link is lost; what happens on one link is {@link
 * PrimaryLink}. Used under the engine lock, except where a method says otherwise.
 *
 * <p>While another server is followed nothing expires and nothing is evicted here, and clients may
 * not change data, unless {@code replica-read-only} is off: all that comes from there. What they
 * want to change is refused or, where the other is an engine like this one, forwarded: {@link
 * Forwarding}.
 */
public final class Following {
  private static final Logger log = LoggerFactory.getLogger(Following.class);
  private static final long SECOND = 1_000_000_000;
  private static final int MAX_PAUSE_SECONDS = 60;
  private static final long LOG_RETRY_NANOS = SECOND;
  private static final String REASON = "replica";
  private static final String NO_LOG = "no log";

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException LOG_FAILS =
      new CommandException(
          "MISCONF The AOF cannot be turned on again after a synchronization. Please check the"
              + " server logs.");

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  static final CommandException READ_ONLY =
      new CommandException("READONLY You can't write against a read only replica.");

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException STALE =
      new CommandException(
          "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");

  private final Parameters parameters;
  private final Replication replication;
  private final RdbStore rdb;
  private final AppendOnly appendOnly;
  private final Functions functions;
  private final Failover failover;
  private final Forwarding forwarding;
  private Supplier<Line.@Nullable Encryption> encryption = () -> null;
  private Engine engine;
  private LocalDeadlines localDeadlines;
  private String host = "";
  private int port;
  private State state = State.NONE;
  private @Nullable PrimaryLink link;
  private boolean knowsHistory;
  private int streamDatabase;
  private long downSinceMillis;
  private int failedSyncs;
  private long nextTryNanos;
  private boolean ticking;
  private boolean logSuspended;
  private long fullLoads;
  private boolean takesForwards;
  private long errors;

  /** How far it is. */
  public enum State {
    /** Nobody is followed. */
    NONE("none"),
    /** It is time to connect, or will be. */
    CONNECT("connect"),
    CONNECTING("connecting"),
    HANDSHAKE("handshake"),
    /** All data are on their way. */
    TRANSFER("sync"),
    /** All data are there, and are being put in place of the old ones. */
    LOADING("sync"),
    CONNECTED("connected");

    private final String redisName;

    State(String redisName) {
      this.redisName = redisName;
    }

    /** As ROLE says it. */
    public String redisName() {
      return redisName;
    }
  }

  /** Of an engine that is yet to be made. */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  public Following(
      Parameters parameters,
      Replication replication,
      RdbStore rdb,
      AppendOnly appendOnly,
      Functions functions) {
    this.parameters = parameters;
    this.replication = replication;
    this.rdb = rdb;
    this.appendOnly = appendOnly;
    this.functions = functions;
    failover = new Failover(this, replication);
    forwarding = new Forwarding(parameters, replication);
  }

  /** Says who follows; before anything else. */
  public void attach(Engine newEngine) {
    engine = newEngine;
    localDeadlines = new LocalDeadlines(newEngine);
    forwarding.attach(newEngine);
    replication.pointFrom(this::point);
    replication.promotion(this::promoted);
    rdb.pointFrom(this::point);
    parameters.onChange(
        this::restrict,
        "replica-read-only",
        "replica-forward-writes",
        "replica-serve-stale-data",
        "replica-ignore-maxmemory");
  }

  private @Nullable ReplicationPoint point() {
    PrimaryLink current = link;
    return replication.point(current == null ? streamDatabase : current.database());
  }

  /** Says what encrypts the link when {@code tls-replication} wants it. */
  public void encryption(Supplier<Line.@Nullable Encryption> newEncryption) {
    encryption = newEncryption;
  }

  /**
   * All is loaded at the start: follows whom {@code replicaof} names, from where the data are, if
   * they say so. Once.
   */
  public void start() {
    ReplicationPoint loaded = appendOnly.isEnabled() ? null : rdb.loadedPoint();
    List<String> wanted = parameters.words("replicaof");
    replication.restart(loaded, !wanted.isEmpty());
    if (loaded != null) {
      streamDatabase = loaded.database();
    }
    if (!wanted.isEmpty()) {
      follow(wanted.get(0), Integer.parseInt(wanted.get(1)), loaded != null);
    }
  }

  // --- what INFO and ROLE say

  /** Whether another server is followed. */
  public boolean isOn() {
    return state != State.NONE;
  }

  /** How far it is. */
  public State state() {
    return state;
  }

  /** Whom it follows. */
  public String host() {
    return host;
  }

  /** Where that listens. */
  public int port() {
    return port;
  }

  /** Whether everything that happens there comes here. */
  public boolean isUp() {
    return state == State.CONNECTED;
  }

  /** Since when it is not, in Unix milliseconds. */
  public long downSinceMillis() {
    return downSinceMillis;
  }

  /** When anything came last from there, in Unix milliseconds; -1 when the link is down. */
  public long lastHeardMillis() {
    PrimaryLink current = link;
    return current == null ? -1 : current.lastHeardMillis();
  }

  /** How many bytes all data have that are on their way; 0 when that is not known. */
  public long totalBytes() {
    PrimaryLink current = link;
    return current == null ? 0 : current.totalBytes();
  }

  /** How many of them have come. */
  public long readBytes() {
    PrimaryLink current = link;
    return current == null ? 0 : current.readBytes();
  }

  /** How many commands of the server that is followed have failed here, which none should. */
  public long errors() {
    return errors;
  }

  // --- REPLICAOF, FAILOVER

  /** What clients have carried out there. */
  public Forwarding forwarding() {
    return forwarding;
  }

  /** How roles are exchanged with a replica. */
  public Failover failover() {
    return failover;
  }

  Engine engine() {
    return engine;
  }

  /** Follows a replica of this server, which it asks to lead. */
  void handOver(String newHost, int newPort) {
    remember(newHost, Integer.toString(newPort));
    follow(newHost, newPort, /* mayKnow= */ true);
  }

  /** The server that was followed asks this one to lead. */
  private void promoted(Client by) {
    stop();
    log.info("PRIMARY MODE enabled (failover request from '{}')", by);
  }

  /** REPLICAOF, SLAVEOF. */
  public void replicaof(Call call) {
    failover.refuseReplicaof();
    if (call.args().is(1, "NO") && call.args().is(2, "ONE")) {
      if (isOn()) {
        stop();
        log.info("PRIMARY MODE enabled (user request from '{}')", call.client());
      }
      call.reply().ok();
      return;
    }
    if (call.client().isReplica()) {
      throw Errors.err("Command is not valid when client is a replica.");
    }
    CommandException complaint = Errors.err("Invalid master port");
    long newPort = Numbers.parseLong(call.arg(2), complaint);
    if (newPort < 0 || newPort > 65_535) {
      throw complaint;
    }
    String newHost = call.arg(1).toUtf8();
    if (isOn() && host.equalsIgnoreCase(newHost) && port == newPort) {
      log.info(
          "REPLICAOF would result into synchronization with the primary we are already connected"
              + " with. No operation performed.");
      call.reply().simple("OK Already connected to specified master");
      return;
    }
    try {
      remember(newHost, Long.toString(newPort));
    } catch (ConfigException e) {
      throw Errors.err(e.reason());
    }
    follow(newHost, (int) newPort, /* mayKnow= */ true);
    log.info("REPLICAOF {}:{} enabled (user request from '{}')", host, port, call.client());
    call.reply().ok();
  }

  /** What CONFIG GET and CONFIG REWRITE know. */
  private void remember(String... words) {
    parameters.set("replicaof", words);
  }

  private void follow(String newHost, int newPort, boolean mayKnow) {
    boolean was = isOn();
    takesForwards = false;
    drop();
    engine.cutOffWaiting();
    if (!was) {
      knowsHistory = replication.follow() && mayKnow;
      engine.addWriteListener(localDeadlines);
      downSinceMillis = 0;
      if (knowsHistory) {
        log.info(
            "Before turning into a replica, using my own primary parameters to synthesize a cached"
                + " primary: I may be able to synchronize with the new primary with just a partial"
                + " transfer.");
      }
    }
    host = newHost;
    port = newPort;
    failedSyncs = 0;
    state(State.CONNECT);
    if (downSinceMillis == 0) {
      downSinceMillis = engine.keyspace().now();
    }
    connect();
    tick();
  }

  /** Follows nobody any more. */
  void stop() {
    takesForwards = false;
    drop();
    host = "";
    port = 0;
    remember();
    downSinceMillis = 0;
    state(State.NONE);
    engine.removeWriteListener(localDeadlines);
    localDeadlines.onFlush();
    replication.lead();
    resumeLog();
  }

  /** Ends the link that there is, if there is one. */
  private void drop() {
    PrimaryLink current = link;
    link = null;
    if (current != null) {
      streamDatabase = current.end();
    }
  }

  private void state(State newState) {
    state = newState;
    replication.linked(newState == State.CONNECTED);
    restrict();
  }

  /** Forbids, while another server is followed, what is for that one to do. */
  void restrict() {
    boolean on = isOn();
    engine
        .restrictions()
        .redirect(
            on ? new CommandException("REDIRECT " + host + ":" + port) : null, failover.isGoing());
    engine.keyspace().keepExpired(on);
    engine.keyspace().settings().ignoresMaxMemory =
        on && parameters.isOn("replica-ignore-maxmemory");
    boolean readOnly = on && parameters.isOn("replica-read-only");
    engine.restrictions().refuseWrites(REASON, readOnly ? READ_ONLY : null);
    boolean stale = on && !isUp() && !parameters.isOn("replica-serve-stale-data");
    engine.restrictions().stale(stale ? STALE : null);
    boolean forwards = readOnly && takesForwards && parameters.isOn("replica-forward-writes");
    forwarding.to(forwards ? this::target : null);
    forwarding.up(forwards && isUp());
  }

  // --- the link

  private void connect() {
    Line.Target target = target();
    if (target == null) {
      tryLater();
      return;
    }
    log.info("Connecting to PRIMARY {}:{}", host, port);
    state(State.CONNECTING);
    PrimaryLink begun = new PrimaryLink(this, engine, parameters, replication, streamDatabase);
    link = begun;
    begun.dial(target);
    log.info("PRIMARY <-> REPLICA sync started");
  }

  /** Where it is; null when it cannot be connected to. */
  private Line.@Nullable Target target() {
    Line.Encryption encrypts = null;
    if (parameters.isOn("tls-replication")) {
      try {
        encrypts = encryption.get();
      } catch (ConfigException e) {
        log.warn("Unable to connect to PRIMARY: {}", e.reason());
        return null;
      }
    }
    return new Line.Target(
        host, port, (int) Math.min(timeoutMillis(), Integer.MAX_VALUE), encrypts);
  }

  private long timeoutMillis() {
    return parameters.number("repl-timeout") * 1000;
  }

  boolean isCurrent(PrimaryLink which) {
    return link == which && !engine.isClosed();
  }

  boolean knowsHistory() {
    return knowsHistory;
  }

  void handshake() {
    state(State.HANDSHAKE);
  }

  void transfer() {
    state(State.TRANSFER);
  }

  void loading() {
    state(State.LOADING);
  }

  /**
   * Everything that happens there comes here from now on.
   *
   * @param forwards whether it carries out what clients may not do here
   */
  void connected(boolean forwards) {
    knowsHistory = true;
    downSinceMillis = 0;
    takesForwards = forwards;
    state(State.CONNECTED);
    forwarding.applied();
  }

  /** A command from there has failed here. */
  void failed() {
    errors++;
  }

  /** What is here is not what is there: all data must come anew. */
  void forgetHistory() {
    knowsHistory = false;
  }

  /** The data are gone that the history was of. */
  void beginLoading() {
    knowsHistory = false;
    streamDatabase = 0;
    replication.forgetHistory();
    fullLoads++;
    if (!logSuspended) {
      logSuspended = true;
      appendOnly.suspend();
    }
    rdb.abandonBackground();
    functions.clear();
    engine.keyspace().flushAll();
  }

  /** The append-only log goes on, from the data as they are now. */
  void resumeLog() {
    if (!logSuspended) {
      return;
    }
    try {
      // What a restart would lose comes again from there.
      appendOnly.resume(/* refusing= */ false);
      logSuspended = false;
      engine.restrictions().refuseWrites(NO_LOG, null);
    } catch (ConfigException e) {
      log.warn("Failed enabling the AOF after successful primary synchronization! {}", e.reason());
      // A primary from now on, say: what it acknowledged would be in no file.
      engine.restrictions().refuseWrites(NO_LOG, LOG_FAILS);
      long load = fullLoads;
      engine.world().schedule(LOG_RETRY_NANOS, () -> engine.hold(() -> resumeLogAgain(load)));
    }
  }

  /** Unless all data are others again, or about to be: who loads them sees to the log, too. */
  private void resumeLogAgain(long load) {
    if (load == fullLoads && !engine.isClosed()) {
      resumeLog();
    }
  }

  AppendOnly appendOnly() {
    return appendOnly;
  }

  RdbStore rdb() {
    return rdb;
  }

  Functions functions() {
    return functions;
  }

  /**
   * A link has ended, for whatever reason.
   *
   * @param badData whether all data have come in vain, so that it makes no sense to ask again soon
   */
  void lost(PrimaryLink which, boolean badData) {
    if (link != which) {
      return;
    }
    boolean was = isUp();
    drop();
    if (engine.isClosed() || !isOn()) {
      return;
    }
    if (downSinceMillis == 0) {
      downSinceMillis = engine.keyspace().now();
    }
    state(State.CONNECT);
    if (badData) {
      failedSyncs++;
    }
    if (was && !badData) {
      // At once, lest the backlog there loses what is missed here.
      log.info("Reconnecting to PRIMARY {}:{}", host, port);
      connect();
    } else {
      tryLater();
    }
  }

  private void tryLater() {
    state(State.CONNECT);
    int seconds = failedSyncs == 0 ? 1 : Math.min(MAX_PAUSE_SECONDS, 1 << Math.min(failedSyncs, 6));
    nextTryNanos = engine.world().nanos() + seconds * SECOND;
  }

  // --- time

  private void tick() {
    if (!ticking && isOn() && !engine.isClosed()) {
      ticking = true;
      engine.world().schedule(SECOND, () -> engine.hold(this::timePasses));
    }
  }

  private void timePasses() {
    ticking = false;
    if (engine.isClosed()) {
      forwarding.close();
    }
    if (engine.isClosed() || !isOn()) {
      return;
    }
    if (isUp()) {
      failedSyncs = 0;
    }
    localDeadlines.expireDue();
    PrimaryLink current = link;
    if (current != null) {
      current.timePasses(timeoutMillis());
    } else if (state == State.CONNECT && nextTryNanos - engine.world().nanos() < SECOND / 10) {
      connect();
    }
    forwarding.timePasses(timeoutMillis());
    tick();
  }
}
