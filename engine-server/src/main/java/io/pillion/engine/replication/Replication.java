package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.config.Parameters.OutputLimit;
import io.pillion.engine.config.QuotedWords;
import io.pillion.engine.dispatch.Blocked;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientListener;
import io.pillion.engine.dispatch.CommandLog;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.FieldTtls;
import io.pillion.engine.persistence.Functions;
import io.pillion.engine.persistence.ReplicationPoint;
import io.pillion.engine.persistence.SnapshotOptions;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.protocol.RespReply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A primary and those who follow it. A replica asks to be brought up to date (SYNC, PSYNC), gets
 * all data or, when it had them once and the backlog still has what it missed, only that, and from
 * then on the effects of commands as they happen. Used under the engine lock, except where a method
 * says otherwise.
 *
 * <p>Nothing is logged, and nothing kept, before the first replica comes, and again once there has
 * been none for {@code repl-backlog-ttl} seconds.
 */
public final class Replication implements ClientListener {
  private static final Logger log = LoggerFactory.getLogger(Replication.class);
  private static final int MAX_ADDRESS = 46;
  private static final long SECOND = 1_000_000_000;
  private static final long SOON = SECOND / 10;

  /** What a replica is sent at once when it has to catch up. */
  private static final int PIECE_BYTES = 64 << 10;

  private static final long PAUSE_NANOS = 1_000_000;
  private static final int PAUSES_PER_LOOK = 50;

  /** What is kept for replicas that lag, and lies on the heap. */
  private static final long MOST_KEPT_BYTES = Runtime.getRuntime().maxMemory() / 2;

  /** Beyond that nothing is kept at all: a lagging replica is closed before. */
  private static final long MOST_STREAM_BYTES = Runtime.getRuntime().maxMemory() / 4 * 3;

  private static final String REASON = "replicas";
  private static final Bytes DEL = Bytes.of("DEL");
  private static final List<Bytes> PING = List.of(Bytes.of("PING"));
  private static final List<Bytes> GET_ACK =
      List.of(Bytes.of("REPLCONF"), Bytes.of("GETACK"), Bytes.of("*"));

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException NO_REPLICAS =
      new CommandException("NOREPLICAS Not enough good replicas to write.");

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException FOLLOWS =
      Errors.err(
          "this server follows another one, whose data it has: restore the backup there, or make"
              + " this one a primary before (REPLICAOF NO ONE)");

  private final Parameters parameters;
  private final Functions functions;
  private final ReplicationStream stream = new ReplicationStream(this::holdEnds, MOST_STREAM_BYTES);
  private final Map<Client, Replica> known = new LinkedHashMap<>();
  private final List<Replica> replicas = new ArrayList<>();
  private final List<Wait> waits = new ArrayList<>();
  private final Counts counts = new Counts();
  private final Forwards forwards;
  private Engine engine;
  private History history;
  private boolean follows;
  private Supplier<@Nullable ReplicationPoint> pointNow = () -> point(0);
  private boolean linked;
  private boolean failingOver;
  private Consumer<Client> promotion = client -> {};
  private OutputLimit limit = new OutputLimit(0, 0, 0);
  private @Nullable FullSync sync;
  private boolean on;
  private boolean ticking;
  private long lastPingMillis;
  private long lastNewlineMillis;
  private long deserted;
  private long backlogBytes;
  private int goodReplicas;

  /** How often replicas were brought up to date. */
  public static final class Counts {
    private long full;
    private long partial;
    private long partialRefused;

    /** With all data. */
    public long full() {
      return full;
    }

    /** With what they had missed. */
    public long partial() {
      return partial;
    }

    /** How often that was asked for and could not be. */
    public long partialRefused() {
      return partialRefused;
    }

    /** Begins anew: CONFIG RESETSTAT. */
    public void reset() {
      full = 0;
      partial = 0;
      partialRefused = 0;
    }
  }

  private record Wait(Client client, Blocked blocked, BooleanSupplier done) {}

  /** The replication of an engine that is yet to be made. */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  public Replication(Parameters parameters, Functions functions) {
    this.parameters = parameters;
    this.functions = functions;
    forwards = new Forwards(parameters, this);
  }

  /** Says whose data are replicated; before anything else. */
  public void attach(Engine newEngine) {
    engine = newEngine;
    history = new History(engine.world());
    engine.clients().addListener(this);
    forwards.attach(newEngine);
    Parameters.Listener follow =
        () -> {
          limit = parameters.outputLimit("slave");
          backlogBytes = parameters.number("repl-backlog-size");
        };
    follow.changed();
    parameters.onChange(follow, "client-output-buffer-limit", "repl-backlog-size");
    // Who waits for the file here has nothing to wait for without one.
    parameters.onChange(
        () -> engine.world().schedule(0, () -> engine.hold(this::endWaits)), "appendonly");
    parameters.onChange(this::countGood, "min-replicas-to-write", "min-replicas-max-lag");
    countGood();
  }

  // --- what INFO and ROLE say

  /** The history that offsets belong to. */
  public String id() {
    return history.id();
  }

  /** The history that went before this one; 40 zeros for none. */
  public String secondId() {
    return history.secondId();
  }

  /** The first offset that the history before this one does not have; -1 when there was none. */
  public long secondOffset() {
    return history.secondOffset();
  }

  /** How many bytes have come from the server that is followed, if one is. */
  public long readOffset() {
    return stream.stagedOffset();
  }

  /** How many bytes the stream has had. */
  public long offset() {
    return stream.propagatedOffset();
  }

  /** Whether there is a backlog. */
  public boolean isOn() {
    return on;
  }

  /** From how many bytes before the end a replica can go on. */
  public long historyBytes() {
    return stream.historyBytes(backlogBytes);
  }

  /** What the backlog, and what waits for replicas, takes. */
  public long bufferBytes() {
    return stream.memoryBytes();
  }

  /** Whether all data are being taken down for replicas. */
  public boolean isTakingDown() {
    FullSync current = sync;
    return current != null && !current.isComplete();
  }

  /** What of {@link #bufferBytes} is there for replicas that lag. */
  public long laggingBytes() {
    return replicas.isEmpty() ? 0 : Math.max(0, bufferBytes() - backlogBytes);
  }

  /** Those who have asked to be brought up to date, in the order they came. */
  public List<Replica> replicas() {
    return Collections.unmodifiableList(replicas);
  }

  /** How many replicas have said something in the last {@code min-replicas-max-lag} seconds. */
  public int goodReplicas() {
    return goodReplicas;
  }

  /** How often replicas were brought up to date. */
  public Counts counts() {
    return counts;
  }

  /** What replicas have carried out here for their clients. */
  public Forwards forwards() {
    return forwards;
  }

  /** Whether all replicas have said that they have everything. */
  public boolean areAllInSync() {
    return replicas.stream().allMatch(each -> each.ackedOffset == offset());
  }

  /**
   * Has replicas carry out a command that was not carried out here, so that their data are others
   * from then on: for tests.
   *
   * @param words the command, which comes in the database that is selected there
   */
  public void feed(List<Bytes> words) {
    if (on && !follows) {
      stream.appendPlain(words);
    }
  }

  /** Has all replicas say how far they are. */
  public void askHowFar() {
    if (on && !follows) {
      stream.appendPlain(GET_ACK);
    }
  }

  /** Says in the log which replicas lag, at the end. */
  public void logLag() {
    long now = engine.keyspace().now();
    int inSync = 0;
    for (Replica each : replicas) {
      if (each.ackedOffset == offset()) {
        inSync++;
      } else {
        log.info(
            "Lagging replica {} reported offset {} behind master, lag={}, state={}.",
            each,
            offset() - each.ackedOffset,
            each.lagSeconds(now),
            each.state());
      }
    }
    if (!replicas.isEmpty()) {
      log.info("{} of {} replicas are in sync when shutting down.", inSync, replicas.size());
    }
  }

  boolean isThere(Replica replica) {
    return replicas.contains(replica);
  }

  // --- the history, as whoever follows another server needs it

  /**
   * Another server is followed from now on: what changes here is not for those who follow.
   *
   * @return whether what was here can be gone on from
   */
  boolean follow() {
    boolean known = on && !engine.hasPendingEffects();
    follows = true;
    engine.followersLog(CommandLog.OFF);
    countGood();
    return known;
  }

  /** No other server is followed any more: a new history begins, where the old one ends. */
  void lead() {
    follows = false;
    if (on) {
      stream.unstage();
      branch(History.randomId(engine.world()));
      stream.deselect();
      engine.followersLog(stream);
      deserted = engine.keyspace().now();
    }
    countGood();
  }

  /** The history goes on under another name; who follows must hear of it. */
  private void branch(String newId) {
    history.branch(newId, stream.propagatedOffset());
    log.info(
        "Setting secondary replication ID to {}, valid up to offset: {}. New replication ID is {}",
        history.secondId(),
        history.secondOffset(),
        newId);
    dropAll();
  }

  private void dropAll() {
    List.copyOf(replicas).forEach(this::drop);
  }

  /** All data are about to become those of another history: who follows must begin anew. */
  void forgetHistory() {
    dropAll();
    on = false;
    history.beginAnew();
    stream.clear();
  }

  /** The data are those of another server's history at an offset. */
  void adopt(String newId, long offset) {
    dropAll();
    history.become(newId);
    on = true;
    stream.startAt(offset);
    tick();
  }

  /** The server that is followed lets this one go on, and may have another name for the history. */
  void goOnAs(String newId) {
    stream.unstage();
    if (!newId.equals(history.id())) {
      log.info("Primary replication ID changed to {}", newId);
      branch(newId);
    }
  }

  /** Whether the link to the server that is followed is up: only then others can follow. */
  void linked(boolean yes) {
    linked = yes;
  }

  /** Says what is done when the server that is followed wants this one to lead. */
  void promotion(Consumer<Client> newPromotion) {
    promotion = newPromotion;
  }

  /** Whether a replica is to lead: then nothing more is said, and nobody else comes. */
  void failingOver(boolean yes) {
    failingOver = yes;
  }

  /** What the server that is followed has written, and those who follow get as it is. */
  ReplicationStream stream() {
    return stream;
  }

  /** Says who knows what the data are a moment of: whoever knows which server is followed. */
  void pointFrom(Supplier<@Nullable ReplicationPoint> newPoint) {
    pointNow = newPoint;
  }

  /** What the data are a moment of; null when nobody could go on from it. */
  @Nullable ReplicationPoint point(int streamDatabase) {
    if (!on || engine.hasPendingEffects()) {
      return null;
    }
    int database = follows ? streamDatabase : stream.selected();
    return new ReplicationPoint(history.id(), stream.propagatedOffset(), database);
  }

  /**
   * A key was not loaded at the start, as its time had come: those who had followed must hear of
   * it, if it turns out that they can go on.
   */
  public void expiredAtStart(int database, Bytes key) {
    stream.append(database, new Bytes[] {DEL, key});
    stream.trim(stream.propagatedOffset() - backlogBytes);
  }

  /**
   * All is loaded at the start.
   *
   * @param point the moment of a history that the data are of, or null
   */
  void restart(@Nullable ReplicationPoint point, boolean asFollower) {
    if (point == null) {
      stream.startAt(0);
      return;
    }
    on = true;
    stream.shift(point.offset());
    if (asFollower) {
      history.become(point.id());
    } else {
      history.goOnFrom(point.id(), point.offset());
      engine.followersLog(stream);
      deserted = engine.keyspace().now();
    }
    tick();
  }

  // --- REPLCONF

  /** What somebody who is going to follow says of itself, or a replica of how far it is. */
  public void configure(Call call) {
    if (call.count() % 2 == 0) {
      throw Errors.syntax();
    }
    boolean forwards = false;
    for (int i = 1; i < call.count(); i += 2) {
      Bytes value = call.arg(i + 1);
      switch (call.arg(i).toString().toLowerCase(Locale.ROOT)) {
        case "listening-port" -> replica(call).port = (int) call.args().integer(i + 1);
        case "ip-address" -> replica(call).address = address(value);
        case "capa" -> {
          capability(replica(call), value);
          forwards |= value.equalsIgnoreCase(Handshake.CAN_FORWARD.toUpperCase(Locale.ROOT));
        }
        case "rdb-only" -> replica(call).wantsOnlyData = call.args().integer(i + 1) == 1;
        case "rdb-filter-only" -> replica(call).wanted = contents(value);
        case "version" -> replica(call).fieldTtls = fieldTtlsOf(value.toString());
        case "ack" -> {
          acknowledge(call, i);
          return;
        }
        case "getack" -> {
          // For replicas to answer.
          return;
        }
        default -> throw Errors.err("Unrecognized REPLCONF option: " + Errors.shown(call.arg(i)));
      }
    }
    if (forwards) {
      call.reply().simple(Handshake.FORWARDS);
    } else {
      call.reply().ok();
    }
  }

  private Replica replica(Call call) {
    return known.computeIfAbsent(call.client(), Replica::new);
  }

  private static String address(Bytes value) {
    if (value.length() >= MAX_ADDRESS) {
      throw Errors.err(
          "REPLCONF ip-address provided by replica instance is too long: "
              + value.length()
              + " bytes");
    }
    return value.toString();
  }

  private static void capability(Replica replica, Bytes name) {
    if (name.equalsIgnoreCase("EOF")) {
      replica.takesMark = true;
    } else if (name.equalsIgnoreCase("PSYNC2")) {
      replica.takesNewId = true;
    }
  }

  private static SnapshotOptions.Contents contents(Bytes filters) {
    List<String> words = QuotedWords.split(filters.toString());
    if (words == null) {
      throw Errors.err("Missing rdb-filter-only values");
    }
    for (String word : words) {
      if (!word.equalsIgnoreCase("functions")) {
        throw Errors.err("Unsupported rdb-filter-only option: " + Errors.shown(Bytes.of(word)));
      }
    }
    return words.isEmpty() ? SnapshotOptions.Contents.NOTHING : SnapshotOptions.Contents.FUNCTIONS;
  }

  /** Only Valkey says its version; since 9 it has fields with a time to live, in its own format. */
  private static FieldTtls fieldTtlsOf(String version) {
    int end = version.indexOf('.');
    String major = end < 0 ? version : version.substring(0, end);
    return major.matches("9|[1-9][0-9]+") ? FieldTtls.VALKEY : FieldTtls.REDIS;
  }

  private void acknowledge(Call call, int index) {
    Replica replica = known.get(call.client());
    if (replica == null || !replicas.contains(replica)) {
      return;
    }
    replica.ackedOffset = Math.max(replica.ackedOffset, call.args().integer(index + 1));
    if (call.count() > index + 3 && call.args().is(index + 2, "FACK")) {
      replica.ackedFileOffset = Math.max(replica.ackedFileOffset, call.args().integer(index + 3));
    }
    replica.ackedMillis = call.now();
    if (replica.state == Replica.State.CONFIRMING) {
      catchUp(replica);
    }
    countGood();
    endWaits();
  }

  // --- SYNC, PSYNC

  /** Sends the client all data, then what changes. */
  public void synchronize(Call call) {
    Client client = call.client();
    if (client.isReplica() || client.isMonitor()) {
      return;
    }
    check(client);
    checkLink();
    begin(replica(call), /* withId= */ false);
  }

  /** As {@link #synchronize}, or only what the client has missed: the words say where it was. */
  public void goOn(Call call) {
    Client client = call.client();
    if (client.isReplica() || client.isMonitor()) {
      return;
    }
    if (call.count() > 3 && call.args().is(3, "FAILOVER")) {
      lead(client, call.arg(1).toString());
    }
    check(client);
    checkLink();
    Replica replica = replica(call);
    replica.acknowledges = true;
    // It names the first byte that it wants, and counts from one.
    long from = call.args().integer(2) - 1;
    String wanted = call.arg(1).toString();
    boolean kept =
        on
            && from >= stream.propagatedOffset() - historyBytes()
            && from <= stream.propagatedOffset();
    if (kept && history.isOf(wanted, from)) {
      goOnFrom(replica, from);
      return;
    }
    if (!wanted.startsWith("?")) {
      counts.partialRefused++;
      log.info(
          "Partial resynchronization not accepted: replica {} asked for {} from {} on, I have {}"
              + " from {} to {}",
          replica,
          wanted,
          from + 1,
          history.id(),
          stream.propagatedOffset() - historyBytes() + 1,
          stream.propagatedOffset());
    }
    begin(replica, /* withId= */ true);
  }

  /** The server that is followed wants to be followed, by itself first. */
  private void lead(Client by, String name) {
    log.info("Failover request received for replid {}.", Errors.shown(Bytes.of(name)));
    if (!follows) {
      throw Errors.err("PSYNC FAILOVER can't be sent to a master.");
    }
    if (!name.equalsIgnoreCase(history.id())) {
      throw Errors.err("PSYNC FAILOVER replid must match my replid.");
    }
    promotion.accept(by);
  }

  private void checkLink() {
    if (failingOver) {
      throw new CommandException("NOMASTERLINK Can't SYNC while failing over");
    }
    if (follows && !linked) {
      throw new CommandException("NOMASTERLINK Can't SYNC while not connected with my master");
    }
  }

  private static void check(Client client) {
    if (client.outlet().pendingBytes() > 0 || client.reply().position() > 0) {
      throw Errors.err("SYNC and PSYNC are invalid with pending output");
    }
    if (!(client.reply() instanceof RespReply)) {
      throw Errors.err("SYNC and PSYNC are for connections");
    }
  }

  private void goOnFrom(Replica replica, long from) {
    log.info(
        "Partial resynchronization request from {} accepted. Sending {} bytes of backlog starting"
            + " from offset {}.",
        replica,
        stream.propagatedOffset() - from,
        from + 1);
    counts.partial++;
    add(replica);
    replica.send(replica.takesNewId ? "+CONTINUE " + history.id() + "\r\n" : "+CONTINUE\r\n");
    replica.position = from;
    replica.ackedMillis = engine.keyspace().now();
    catchUp(replica);
    countGood();
  }

  private void begin(Replica replica, boolean withId) {
    if (replica.wanted != SnapshotOptions.Contents.ALL && !replica.takesMark) {
      throw Errors.err("Filtered replica requires EOF capability");
    }
    log.info("Full resync requested by replica {}", replica);
    counts.full++;
    turnOn();
    add(replica);
    replica.acknowledges = withId;
    replica.state = Replica.State.WAITING;
    replica.preparing = true;
    replica.waitingSinceMillis = engine.keyspace().now();
    beginWaiting();
    tick();
  }

  private void add(Replica replica) {
    if (replicas.isEmpty()) {
      lastPingMillis = engine.keyspace().now();
    }
    replica.client().becomeReplica();
    replica.progressMillis = engine.keyspace().now();
    replicas.add(replica);
  }

  private void turnOn() {
    if (!on) {
      on = true;
      history.beginAnew();
      stream.clear();
      engine.followersLog(stream);
      log.info("Replication backlog created, my new replication ID is '{}'", history.id());
    }
  }

  private void turnOff() {
    on = false;
    history.beginAnew();
    stream.clear();
    engine.followersLog(CommandLog.OFF);
  }

  /** Throws what speaks against {@link #beginAnew}: the data are another server's. */
  public void checkMayBeginAnew() {
    if (follows) {
      throw FOLLOWS;
    }
  }

  /**
   * All data are about to become others, by no command: who follows is cut off, and gets all of
   * them when it comes back, as its history is none any more.
   */
  public void beginAnew() {
    if (on) {
      log.info("All data are replaced: {} replicas must synchronize anew", replicas.size());
      dropAll();
      turnOff();
    }
  }

  private long backlogTtl() {
    return parameters.number("repl-backlog-ttl");
  }

  /** Begins to send all data to those who wait for that, if it is possible now. */
  private void beginWaiting() {
    if (sync != null
        || engine.keyspace().isCut()
        || engine.isBusy()
        || engine.isClosed()
        || engine.restrictions().isLoading()) {
      return;
    }
    List<Replica> waiting =
        replicas.stream().filter(each -> each.state == Replica.State.WAITING).toList();
    if (waiting.isEmpty()) {
      return;
    }
    Replica first = waiting.get(0);
    // Who wants a part of the data is told so by the mark, whatever the others get.
    boolean marked =
        first.takesMark
            && (parameters.isOn("repl-diskless-sync")
                || first.wanted != SnapshotOptions.Contents.ALL);
    List<Replica> group =
        waiting.stream()
            .filter(each -> !marked || each.takesMark)
            .filter(each -> each.fieldTtls == first.fieldTtls && each.wanted == first.wanted)
            .toList();
    if (marked && !isTime(group)) {
      return;
    }
    // Its first effect says which database it is for.
    stream.deselect();
    for (Replica replica : group) {
      replica.state = Replica.State.SENDING;
      replica.getsMark = marked;
      replica.position = stream.propagatedOffset();
      if (replica.acknowledges) {
        replica.send("+FULLRESYNC " + history.id() + " " + stream.propagatedOffset() + "\r\n");
      }
    }
    FullSync begun =
        new FullSync(this, engine, parameters, functions, group, pointNow.get(), marked);
    sync = begun;
    engine.statistics().copying();
    engine.world().background("replication", begun::run);
  }

  /** Whether nobody else is expected to come, who could be sent the same. */
  private boolean isTime(List<Replica> group) {
    long most = parameters.number("repl-diskless-sync-max-replicas");
    if (most > 0 && group.size() >= most) {
      return true;
    }
    long waited = engine.keyspace().now() - group.get(0).waitingSinceMillis;
    return waited >= parameters.number("repl-diskless-sync-delay") * 1000;
  }

  /** Without the lock. */
  void ended(FullSync which) {
    engine.hold(
        () -> {
          if (sync == which) {
            sync = null;
          }
          beginWaiting();
        });
  }

  /** A replica has been sent the last of all data. */
  void hasAllData(Replica replica, boolean marked) {
    log.info("Synchronization with replica {} succeeded", replica);
    replica.ackedMillis = engine.keyspace().now();
    if (replica.wantsOnlyData) {
      replica.client().close(/* afterReplies= */ true);
    } else if (marked) {
      // Nothing may follow the mark before it was seen.
      replica.state = Replica.State.CONFIRMING;
    } else {
      catchUp(replica);
    }
    countGood();
  }

  // --- the stream

  /** Sends what a replica has missed, at its own pace if it is much. */
  private void catchUp(Replica replica) {
    replica.state = Replica.State.CATCHING_UP;
    if (stream.propagatedOffset() - replica.position > PIECE_BYTES || !replica.mayBeSentMore()) {
      engine.world().background("replication", () -> catchUpBitByBit(replica));
    } else {
      sendSome(replica);
    }
  }

  private void catchUpBitByBit(Replica replica) {
    boolean[] more = {true};
    int pauses = 0;
    while (more[0]) {
      if (!replica.mayBeSentMore()) {
        LockSupport.parkNanos(PAUSE_NANOS);
        // Whether it has gone is looked at now and then: the lock is for those who do something.
        if (++pauses % PAUSES_PER_LOOK != 0) {
          continue;
        }
      }
      engine.hold(() -> more[0] = sendSome(replica));
    }
  }

  /** Whether there is more to be sent. */
  private boolean sendSome(Replica replica) {
    if (engine.isClosed() || !isThere(replica)) {
      return false;
    }
    if (!replica.mayBeSentMore()) {
      return true;
    }
    long to = Math.min(stream.propagatedOffset(), replica.position + PIECE_BYTES);
    stream.read(replica.position, to, replica::send);
    replica.position = to;
    replica.progressMillis = engine.keyspace().now();
    if (to == stream.propagatedOffset()) {
      replica.state = Replica.State.ONLINE;
      return false;
    }
    return true;
  }

  /** Sends on what this hold of the lock has appended. */
  void holdEnds() {
    if (stream.isTorn()) {
      log.error(
          "There is no heap for what {} replicas must be sent: they must synchronize anew",
          replicas.size());
      dropAll();
      turnOff();
      return;
    }
    long end = stream.propagatedOffset();
    long needed = end - backlogBytes;
    for (int i = replicas.size() - 1; i >= 0; i--) {
      Replica replica = replicas.get(i);
      if (replica.state == Replica.State.ONLINE && replica.position < end) {
        if (replica.mayBeSent(end - replica.position)) {
          stream.read(replica.position, end, replica::send);
          replica.position = end;
        } else {
          // What several have not read yet is kept once.
          replica.progressMillis = engine.keyspace().now();
          catchUp(replica);
        }
      }
      if (replica.isLagging()) {
        long waiting = end - replica.position;
        if (waiting > MOST_KEPT_BYTES || isTooMuch(replica, waiting + replica.unsentBytes())) {
          log.warn("Replica {} closed for overcoming of output buffer limits.", replica);
          engine.statistics().disconnectForOutput();
          drop(replica);
        } else {
          needed = Math.min(needed, replica.position);
        }
      }
    }
    stream.trim(needed);
  }

  private boolean isTooMuch(Replica replica, long bytes) {
    // A replica that may go on from the backlog must be allowed to lag as much.
    if (limit.hardBytes() > 0 && bytes > Math.max(limit.hardBytes(), backlogBytes)) {
      return true;
    }
    if (limit.softBytes() == 0 || bytes <= limit.softBytes()) {
      replica.overSoftLimitSinceMillis = 0;
      return false;
    }
    long now = engine.keyspace().now();
    if (replica.overSoftLimitSinceMillis == 0) {
      replica.overSoftLimitSinceMillis = now;
    }
    return now - replica.overSoftLimitSinceMillis > limit.softSeconds() * 1000L;
  }

  private void drop(Replica replica) {
    remove(replica);
    replica.client().close(/* afterReplies= */ false);
  }

  private void remove(Replica replica) {
    known.remove(replica.client());
    if (replicas.remove(replica)) {
      deserted = engine.keyspace().now();
      countGood();
    }
  }

  @Override
  public void forget(Client client) {
    Replica replica = known.get(client);
    if (replica != null) {
      boolean followed = replicas.contains(replica);
      remove(replica);
      if (followed && !client.isClosing()) {
        client.close(/* afterReplies= */ false);
      }
    }
  }

  // --- WAIT

  /** How many replicas have said that they have the stream up to an offset. */
  public int acknowledged(long offset) {
    int count = 0;
    for (Replica replica : replicas) {
      if (replica.isOnline() && replica.ackedOffset >= offset) {
        count++;
      }
    }
    return count;
  }

  /** How many replicas have said that they have the stream up to an offset on their disks. */
  public int acknowledgedOnDisk(long offset) {
    int count = 0;
    for (Replica replica : replicas) {
      if (replica.isOnline() && replica.ackedFileOffset >= offset) {
        count++;
      }
    }
    return count;
  }

  /**
   * Makes a client wait for replicas, which are asked how far they are.
   *
   * @param done whether the wait is over
   * @param timeoutMillis how long at most; 0 for ever
   * @param reply writes the reply when the wait ends, for whatever reason
   */
  public void await(Call call, BooleanSupplier done, long timeoutMillis, Consumer<Reply> reply) {
    call.block(ValueType.STRING, List.of(), timeoutMillis, reply);
    Blocked blocked = call.client().blocked();
    if (blocked == null) {
      return;
    }
    waits.add(new Wait(call.client(), blocked, done));
    askHowFar();
  }

  private void endWaits() {
    if (waits.isEmpty()) {
      return;
    }
    for (Wait wait : List.copyOf(waits)) {
      Client client = wait.client;
      boolean waiting = client.blocked() == wait.blocked;
      if (!waiting || wait.done.getAsBoolean()) {
        waits.remove(wait);
        if (waiting) {
          engine.unblock(client, /* withError= */ false);
        }
      }
    }
  }

  // --- time

  private void tick() {
    if (!ticking && on && !engine.isClosed()) {
      ticking = true;
      boolean soon = replicas.stream().anyMatch(each -> each.state == Replica.State.WAITING);
      engine.world().schedule(soon ? SOON : SECOND, () -> engine.hold(this::timePasses));
    }
  }

  private void timePasses() {
    ticking = false;
    if (engine.isClosed()) {
      return;
    }
    long now = engine.keyspace().now();
    for (Replica replica : List.copyOf(replicas)) {
      if (isSilent(replica, now)) {
        log.warn("Disconnecting timedout replica: {}", replica);
        drop(replica);
      }
    }
    if (now - lastNewlineMillis >= 1000) {
      lastNewlineMillis = now;
      replicas.stream().filter(each -> each.preparing).forEach(each -> each.send("\n"));
    }
    if (!follows
        && !failingOver
        && !replicas.isEmpty()
        && now - lastPingMillis >= parameters.number("repl-ping-replica-period") * 1000) {
      lastPingMillis = now;
      stream.appendPlain(PING);
    }
    countGood();
    endWaits();
    beginWaiting();
    if (!follows
        && replicas.isEmpty()
        && backlogTtl() > 0
        && now - deserted > backlogTtl() * 1000) {
      log.info(
          "Replication backlog freed after {} seconds without connected replicas.", backlogTtl());
      turnOff();
    }
    tick();
  }

  private boolean isSilent(Replica replica, long now) {
    long timeout = parameters.number("repl-timeout") * 1000;
    // While it loads it sends line feeds, which are no commands.
    long received = replica.client().outlet().receivedBytes();
    if (received != replica.receivedBytes) {
      replica.receivedBytes = received;
      replica.heardMillis = now;
    }
    return switch (replica.state) {
      case ONLINE, CONFIRMING ->
          replica.acknowledges
              && now - Math.max(replica.ackedMillis, replica.heardMillis) > timeout;
      case SENDING, CATCHING_UP -> !replica.preparing && now - replica.progressMillis > timeout;
      case HANDSHAKE, WAITING -> false;
    };
  }

  private void countGood() {
    long wanted = parameters.number("min-replicas-to-write");
    long maxLag = parameters.number("min-replicas-max-lag");
    long now = engine.keyspace().now();
    goodReplicas = 0;
    for (Replica replica : replicas) {
      if (replica.isOnline() && replica.lagSeconds(now) <= maxLag) {
        goodReplicas++;
      }
    }
    boolean refused = !follows && wanted > 0 && maxLag > 0 && goodReplicas < wanted;
    engine.restrictions().refuseWrites(REASON, refused ? NO_REPLICAS : null);
  }
}
