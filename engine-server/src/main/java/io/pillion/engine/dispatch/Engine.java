package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Lease;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.OutgoingReply;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.world.World;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The heart: one order of commands. Whoever wants a command carried out holds the one lock, from a
 * network loop's {@link Turn} or from a caller's own thread, and every command passes through
 * {@link #execute}: found, checked, carried out, its effects logged, those who waited for it
 * served.
 *
 * <p>A hold begins with {@link #beginHold}, which looks at the clock, and ends with {@link
 * #endHold}, which seals the replies of all clients that got any and hands them over to be flushed
 * without the lock. Time passes by itself: {@link #tick} expires keys and ends waits, on the
 * world's timer.
 */
public final class Engine {
  private static final Logger log = LoggerFactory.getLogger(Engine.class);

  private static final int GIVE_WAY_SPINS = 20_000;

  /** A command that took longer than this is followed by a new look at the clock. */
  private static final long SLOW_NANOS = 1_000_000;

  private final World world;
  private final long startedMillis;
  private final Keyspace keyspace;
  private final CommandTable table;
  private final EngineLock lock = new EngineLock();
  private final EngineStatistics statistics = new EngineStatistics();
  private final Clients clients;
  private final WatchedKeys watches;
  private final Admission admission;
  private final Effects effects;
  private final WaitingClients waits;
  private final KeyEvents keyEvents;
  private final PostponedCommands postponed;
  private final ForwardedCommands forwarded = new ForwardedCommands(this);
  private final ScriptHost scriptHost;
  private final Replay replay;
  private final Observers observers;
  private final Ticks ticks;
  private final HeldReplies held = new HeldReplies();
  private final List<Client> touched = new ArrayList<>();
  private ReadListener readListener = ReadListener.NONE;
  private @Nullable Client executing;
  private int depth;
  private long dirty;
  private long lastNanos;
  private long holdBeganNanos;
  private volatile boolean closed;

  /** An engine over this keyspace, whose listener is a part of it. */
  public Engine(World world, Keyspace keyspace, CommandTable table) {
    this.world = world;
    this.keyspace = keyspace;
    this.table = table;
    clients = new Clients(this);
    watches = new WatchedKeys(clients.memory());
    admission = new Admission(this);
    effects = new Effects(this);
    waits = new WaitingClients(this);
    keyEvents = new KeyEvents(this, watches, waits, effects);
    postponed = new PostponedCommands(this, effects);
    scriptHost = new ScriptHost(this, admission, effects);
    replay = new Replay(this);
    observers = new Observers(this);
    ticks = new Ticks(this, waits, postponed);
    keyspace.listener(keyEvents);
    lastNanos = world.nanos();
    startedMillis = world.wallMillis();
  }

  // --- parts

  /** When it began, in Unix milliseconds. */
  public long startedMillis() {
    return startedMillis;
  }

  /** All databases. */
  public Keyspace keyspace() {
    return keyspace;
  }

  /** All commands. */
  public CommandTable table() {
    return table;
  }

  /** Clock and randomness. */
  public World world() {
    return world;
  }

  /** What INFO counts. */
  public EngineStatistics statistics() {
    return statistics;
  }

  /** Where effects go. */
  public CommandLog log() {
    return effects.log();
  }

  /** Says where effects go, under the lock or before the first command. */
  public void log(CommandLog newLog) {
    effects.log(newLog);
  }

  /** Says where effects go beside {@link #log}: to those who follow. Under the lock. */
  public void followersLog(CommandLog newLog) {
    effects.followersLog(newLog);
  }

  /**
   * Says whether effects go nowhere for now: what happens brings back what was there already. Under
   * the lock.
   */
  public void silent(boolean yes) {
    effects.silent(yes);
  }

  /** Who is asked before each command of guarded clients. */
  public CommandGate gate() {
    return admission.gate();
  }

  /** Says who is asked before each command of guarded clients: before the first of them comes. */
  public void gate(CommandGate newGate) {
    admission.gate(newGate);
  }

  /** Whether a client must authenticate before it may go on. Any thread. */
  public boolean needsAuthentication(Client client) {
    return client.isGuarded() && admission.gate().needsAuthentication(client);
  }

  /** Who is told of commands. */
  public Observers observers() {
    return observers;
  }

  /** All clients. */
  public Clients clients() {
    return clients;
  }

  /** What scripts ask of it. */
  public ScriptHost scriptHost() {
    return scriptHost;
  }

  /** How a log is carried out again. */
  public Replay replay() {
    return replay;
  }

  /** Adds somebody to be told of each change of a key. */
  public void addWriteListener(WriteListener listener) {
    keyEvents.addWriteListener(listener);
  }

  /** Stops telling somebody of changes. */
  public void removeWriteListener(WriteListener listener) {
    keyEvents.removeWriteListener(listener);
  }

  /** Adds somebody to be told of each event of a key. */
  public void addEventListener(EventListener listener) {
    keyEvents.addEventListener(listener);
  }

  /** Stops telling somebody of events. */
  public void removeEventListener(EventListener listener) {
    keyEvents.removeEventListener(listener);
  }

  /** Says who is told of what clients read. */
  public void readListener(ReadListener listener) {
    readListener = listener;
  }

  /** How many changes there were since the engine began. */
  public long dirty() {
    return dirty;
  }

  void countChanges(long more) {
    dirty += more;
  }

  /** What commands have done, on its way to the log. */
  Effects effects() {
    return effects;
  }

  /** What happens to keys. */
  KeyEvents keyEvents() {
    return keyEvents;
  }

  /** What another server carries out. */
  public ForwardedCommands forwarded() {
    return forwarded;
  }

  /** Who waits for keys, or for the log. */
  WaitingClients waits() {
    return waits;
  }

  /** What was not begun yet. */
  PostponedCommands postponed() {
    return postponed;
  }

  // --- holding the lock

  /** Takes the lock and looks at the clock. */
  void beginHold() {
    if (keyspace.isCut()) {
      lock.lockWhileCut();
    } else {
      lock.lock();
    }
    if (!scriptHost.isBusy()) {
      keyspace.refreshNow();
    }
    lastNanos = world.nanos();
    holdBeganNanos = lastNanos;
    keyspace.arena().takeBack();
    postponed.beginHold();
  }

  /**
   * Seals the replies of clients that got any, and lets the lock go.
   *
   * @param flushLater receives the outlets to flush, which the caller does now, without the lock
   * @param more whether this thread takes the lock again now
   */
  void endHold(List<Outlet> flushLater, boolean more) {
    try {
      readListener.onHoldEnd();
      effects.log().endHold(more);
      for (int i = 0; i < touched.size(); i++) {
        Client client = touched.get(i);
        client.touched = false;
        long offset = effects.log().replyOffset(client.writtenOffset());
        client.outlet().seal(offset);
        if (offset != 0) {
          held.add(offset, client.outlet());
        }
        flushLater.add(client.outlet());
      }
      clients.count(touched);
      touched.clear();
      statistics.memoryUsed(keyspace.arena().usedBytes());
      if (lastNanos == holdBeganNanos) {
        // No command was carried out; but something was.
        lastNanos = world.nanos();
      }
      statistics.held(lastNanos - holdBeganNanos);
      ticks.schedule();
    } finally {
      lock.unlock();
    }
  }

  /** Does something under the lock, then flushes what it caused to be replied. */
  public void hold(Runnable action) {
    // Most cause nothing to be replied.
    List<Outlet> outlets = new ArrayList<>(0);
    beginHold();
    try {
      action.run();
      postponed.endHold();
    } finally {
      // Also when the action failed: others were answered.
      endHold(outlets, /* more= */ false);
      for (Outlet outlet : outlets) {
        outlet.flush();
      }
    }
  }

  /** A block for a large word of a request: {@link Keyspace#leaseForString}. Any thread. */
  public @Nullable Lease lend(int keyLength, int bytes) {
    lock.lock();
    try {
      return keyspace.leaseForString(keyLength, bytes);
    } finally {
      lock.unlock();
    }
  }

  /** When the clock was last looked at. */
  long lastNanos() {
    return lastNanos;
  }

  /** Looks at the clock. */
  long lookAtClock() {
    lastNanos = world.nanos();
    return lastNanos;
  }

  /** Whether a command is being carried out, so that what happens now is a part of it. */
  boolean isInCommand() {
    return depth > 0;
  }

  // --- clients

  /**
   * A new client; one that is closed already when the engine is. Under the lock.
   *
   * @param reply where its replies are written
   */
  public Client connect(Outlet outlet, OutgoingReply reply) {
    return clients.connect(outlet, reply);
  }

  /** A client is gone: what it watched, waited for and queued is forgotten. Under the lock. */
  public void disconnect(Client client) {
    clients.disconnect(client);
  }

  /**
   * Ends a client for good, whatever it does: it is not among the clients any more. Who is being
   * answered, or is sending this very command, is answered first. Under the lock.
   */
  public void kill(Client client) {
    clients.kill(client);
  }

  /** How many keys somebody watches. */
  public int watchedKeyCount() {
    return watches.size();
  }

  /** How many waits will end by themselves. */
  public int deadlineCount() {
    return waits.deadlineCount();
  }

  /** The client whose command is being carried out, or null: time passes, or a hold ends. */
  public @Nullable Client executing() {
    return executing;
  }

  /** How many clients wait for the command log to be safe. */
  public int offsetWaitCount() {
    return waits.offsetWaitCount();
  }

  /** Says that something was written to a client's reply, so that it is sealed and flushed. */
  public void touch(Client client) {
    if (!client.touched) {
      client.touched = true;
      touched.add(client);
    }
  }

  // --- the one path of every command

  /**
   * Carries out one command of a client, or queues it in its transaction, or refuses it. Under the
   * lock.
   */
  public void execute(Client client, Args args) {
    Reply reply = client.reply();
    Client.ReplyMode mode = client.replyMode();
    Command command = null;
    boolean elsewhere;
    try {
      command = table.resolve(args);
      client.sent(command, keyspace.now());
      elsewhere = admission.check(client, command, args);
    } catch (CommandException e) {
      int start = reply.position();
      admission.refuse(client, command, args, e);
      finishReply(client, start, mode);
      return;
    }
    if (postponed.mustWait(client, command, args)) {
      postponed.add(client, command, args);
      return;
    }
    int start = reply.position();
    Client.Transaction transaction = client.transaction();
    if (transaction != null && !command.is(CommandFlag.TRANSACTION_CONTROL)) {
      enqueue(client, transaction, command, args);
      finishReply(client, start, mode);
      return;
    }
    if (elsewhere) {
      try {
        forwarded.forward(client, command, args);
      } catch (CommandException e) {
        admission.refuse(client, command, args, e);
        finishReply(client, start, mode);
      }
      return;
    }
    Call call = client.call(this, command, args);
    Client around = executing;
    executing = client;
    try {
      run(call);
    } finally {
      executing = around;
    }
    if (depth > 0) {
      // A script lets this client in: what it has done itself goes on waiting for its end.
      finishReply(client, start, mode);
      forwarded.doAfterwards();
      return;
    }
    effects.commit(client);
    finishReply(client, start, mode);
    waits.serveReady();
    postponed.executeIfFree();
    forwarded.doAfterwards();
  }

  private void enqueue(Client client, Client.Transaction transaction, Command command, Args args) {
    long bytes = Queued.bytes(args);
    try {
      clients.memory().keep(client, bytes);
    } catch (CommandException e) {
      admission.refuse(client, command, args, e);
      return;
    }
    transaction.add(new Queued(command, args.copy()), bytes);
    client.reply().simple("QUEUED");
  }

  /** Carries out one command of a transaction, writing its reply in its place. */
  public void executeQueued(Client client, Queued queued) {
    Call call =
        new Call(
            this, client, queued.command(), queued.args(), client.reply(), /* mayBlock= */ false);
    try {
      if (!client.isReplaying()) {
        admission.checkGate(client, queued.command(), queued.args(), CommandGate.Context.EXEC);
      }
    } catch (CommandException e) {
      queued.command().statistics().rejected(1);
      error(client.reply(), e);
      return;
    }
    run(call);
  }

  // --- for parts

  /** Throws what the state of the engine has against a write. */
  public void checkMayWrite(Command command) {
    admission.checkMayWrite(command);
  }

  /** Whether a script is half-way through: what it has changed has no effects yet. */
  public boolean isBusy() {
    return scriptHost.isBusy();
  }

  /**
   * Lets the lock go in the middle of a command, and takes it back.
   *
   * @param caller whose command it is
   * @param meanwhile done without the lock, before those get it who wait for it
   */
  void interrupt(Client caller, Runnable meanwhile) {
    // The caller's replies so far stay together with the one that the command is going to give.
    boolean isTouched = caller.touched && touched.remove(caller);
    int around = depth;
    Client runs = executing;
    List<Outlet> outlets = new ArrayList<>();
    endHold(outlets, /* more= */ false);
    try {
      outlets.forEach(Outlet::flush);
      meanwhile.run();
      giveWay();
    } finally {
      lock.lock();
    }
    depth = around;
    executing = runs;
    if (isTouched) {
      touched.add(caller);
    }
  }

  /** Replies with an error, which is counted. */
  void error(Reply reply, CommandException e) {
    replay.failed(e.text());
    statistics.error(e.text());
    reply.error(e.text());
  }

  /** Runs a handler; a mistake or a lack of memory becomes its reply. */
  void run(Call call) {
    Command command = call.command();
    int start = call.reply().position();
    boolean script = command.isScript();
    if (script) {
      observers.show(call);
      scriptHost.begin();
    }
    depth++;
    boolean foundMayChange = keyspace.isCut() && keyspace.findsMayChange(command.mayChange());
    // A client that may write where another server says what expires must not meet what has.
    boolean keepsExpired = keyspace.keepsExpired();
    if (keepsExpired && executing != null && command.isWrite()) {
      keyspace.keepExpired(false);
    }
    try {
      command.handler().handle(call);
    } catch (CommandException e) {
      fail(call, start, e);
    } catch (OutOfArenaException e) {
      fail(call, start, Errors.outOfMemory());
    } catch (StackOverflowError | OutOfMemoryError e) {
      // Nearly always the caller's own doing, and no reason to leave the lock in the middle.
      log.error("{} failed for want of {}", command, memoryOf(e));
      fail(
          call,
          start,
          Errors.err("not enough " + memoryOf(e) + " for '" + command.fullName() + "'"));
    } catch (RuntimeException e) {
      // A bug in a handler costs its caller an error, not everybody the engine.
      log.error("{} failed; this is a bug", command, e);
      fail(call, start, Errors.err("internal error in '" + command.fullName() + "': " + e));
    } finally {
      depth--;
      if (keepsExpired) {
        keyspace.keepExpired(true);
      }
      if (keyspace.isCut()) {
        keyspace.findsMayChange(foundMayChange);
      }
      if (script) {
        scriptHost.end();
      }
    }
    if (!script) {
      observers.show(call);
    }
    // What a script reads, its caller has read.
    Client reader = executing;
    if (reader != null && reader.tracksReads() && command.isRead()) {
      readListener.onRead(reader, command, call.args());
    }
    long now = world.nanos();
    long took = now - lastNanos;
    lastNanos = now;
    if (call.hasBlocked()) {
      // It is counted when it is served, or not at all.
      dirty += call.changes();
      if (call.hasOwnEffects()) {
        effects.collect(call);
      }
      return;
    }
    if (took > SLOW_NANOS && depth == 0) {
      keyspace.refreshNow();
    }
    dirty += call.changes();
    // What a script does, its caller has done.
    observers.executed(reader == null ? call.client() : reader, command, call.args(), took);
    effects.collect(call);
  }

  /** The reply of a command becomes an error. */
  private void fail(Call call, int start, CommandException e) {
    call.reply().rewind(start);
    call.command().statistics().failed(1);
    error(call.reply(), e);
  }

  /** Carries out again, for a client that waits, what it waits with, if it still may. */
  void runAgain(Client client, Blocked blocked) {
    Command command = blocked.command();
    try {
      admission.checkGate(client, command, blocked.args(), CommandGate.Context.TOPLEVEL);
    } catch (CommandException e) {
      command.statistics().rejected(1);
      error(client.reply(), e);
      return;
    }
    executing = client;
    try {
      run(client.call(this, blocked.command(), blocked.args()));
    } finally {
      executing = null;
    }
  }

  private static String memoryOf(VirtualMachineError e) {
    return e instanceof StackOverflowError ? "stack" : "heap";
  }

  /**
   * This server follows another from now on: who waits for keys is told so, and cut off. Under the
   * lock.
   */
  public void cutOffWaiting() {
    clients.stream().toList().stream().filter(this::waitsHere).forEach(waits::cutOff);
  }

  /** Lets a reply go, or takes it back where CLIENT REPLY says so. */
  void finishReply(Client client, int start, Client.ReplyMode before) {
    Client.ReplyMode after = client.replyMode();
    boolean skip = before == Client.ReplyMode.SKIP_NEXT && after == Client.ReplyMode.SKIP_NEXT;
    if (skip) {
      client.replyMode(Client.ReplyMode.ON);
    }
    if (skip || after == Client.ReplyMode.OFF) {
      boolean answered = client.reply().position() != start;
      client.reply().rewind(start);
      if (answered && client.isReplica()) {
        clients.cutOff(client);
      }
    } else if (client.reply().position() != start) {
      touch(client);
    }
    client.appendPushes();
    if (client.tracksReads()) {
      readListener.onAnswered(client);
    }
  }

  // --- keys

  /**
   * All data have become others, by no command: who watches keys finds them changed, who keeps
   * copies forgets them, who waits for keys is served. Under the lock.
   */
  public void onReplaced() {
    keyEvents.onReplaced();
    waits.serve();
  }

  /** A read found its key. */
  void countHit() {
    statistics.hit();
  }

  /** A read did not find its key. */
  void countMiss(Database database, Bytes key) {
    statistics.miss();
    keyEvents.onMiss(database, key);
  }

  // --- WATCH

  /**
   * The client's EXEC fails when one of these keys changes before.
   *
   * @throws CommandException when they take too much memory; none of them is watched then
   */
  public void watch(Client client, List<Bytes> keys) {
    watches.add(client, keyspace.database(client.database()), keys);
  }

  /** Forgets all keys that the client watches. */
  public void unwatch(Client client) {
    watches.removeAll(client);
    forwarded.unwatch(client);
  }

  /** Whether a key that the client watches has changed since, or its time has come. */
  public boolean isWatchBroken(Client client) {
    return watches.isBroken(client);
  }

  // --- waiting for keys

  /** Whether a client's command was begun here, and waits. */
  private boolean waitsHere(Client client) {
    return client.blocked() != null && !postponed.contains(client) && !client.forwards();
  }

  /** Tries again what a client waits for: what it lacked is there. Under the lock. */
  public void retry(Client client) {
    Blocked blocked = client.blocked();
    if (blocked != null && !client.isClosing() && waitsHere(client)) {
      waits.retry(blocked);
    }
  }

  /**
   * Ends a client's wait before its time.
   *
   * @param withError whether it gets an error, instead of the reply for a wait that timed out
   * @return false when it does not wait for keys
   */
  public boolean unblock(Client client, boolean withError) {
    Blocked blocked = client.blocked();
    if (blocked == null || !waitsHere(client)) {
      return client.forwards() && forwarded.unblock(client, withError);
    }
    waits.unblock(blocked, withError ? WaitingClients.UNBLOCKED : null);
    return true;
  }

  // --- waiting for the command log

  /** Up to where the command log is safe: replies that wait for no more may go. Any thread. */
  public long safeOffset() {
    return held.safeOffset();
  }

  /**
   * Says that the command log is safe up to an offset: replies and commands that waited for it go
   * on. Any thread, without the lock.
   */
  public void safe(long offset) {
    held.safe(offset);
    if (waits.awaitsOffsets()) {
      hold(waits::endOffsetWaits);
    }
  }

  /**
   * Makes a client wait until the command log is safe up to an offset.
   *
   * @param timeoutMillis how long at most; 0 for ever
   * @param reply writes the reply when the wait ends, for whatever reason
   */
  public void awaitOffset(Call call, long offset, long timeoutMillis, Consumer<Reply> reply) {
    waits.awaitOffset(call, offset, timeoutMillis, reply);
  }

  /**
   * The log has failed, and nobody knows what of its unsafe part will be found again: those who
   * wait for it are cut off, so that they must ask. Under the lock.
   */
  public void abandonUnsafe() {
    Set<Outlet> outlets = held.abandon();
    clients.stream().toList().stream()
        .filter(client -> outlets.contains(client.outlet()))
        .forEach(client -> client.close(/* afterReplies= */ false));
    waits.abandonOffsetWaits();
  }

  /** Whether changes must wait: for the log, a snapshot, a script's end, or the engine's. */
  public boolean mustDelayChanges() {
    return scriptHost.isBusy()
        || postponed.isEnding()
        || effects.log().isFull()
        || keyspace.isCutFull();
  }

  /** Whether there are changes that the log does not know of yet: in the middle of a command. */
  public boolean hasPendingEffects() {
    return effects.pendingCount() > 0;
  }

  /** The log has room again: commands that had to wait for that go on. Without the lock. */
  public void logHasRoom() {
    hold(postponed::executeIfFree);
  }

  /**
   * Lets those have the lock who wait for it: for whoever takes it again at once, and would always
   * be faster than who has to be woken. Without the lock.
   */
  public void giveWay() {
    for (int i = 0; i < GIVE_WAY_SPINS && lock.isAwaited(); i++) {
      Thread.onSpinWait();
    }
  }

  /** What the state of the engine forbids: loading, disks that fail. Under the lock. */
  public Restrictions restrictions() {
    return admission.restrictions();
  }

  // --- CLIENT PAUSE

  /** Whose commands wait. */
  public enum PauseMode {
    NONE,
    /** Those that may write. */
    WRITE,
    ALL
  }

  /**
   * Lets commands wait until a moment; a longer pause already going on is kept, as is the wider.
   */
  public void pause(PauseMode mode, long untilMillis) {
    postponed.pause(mode, untilMillis);
  }

  /**
   * Lets commands wait because the engine is about to end, or another one is to lead, whatever
   * CLIENT PAUSE and UNPAUSE say, or, with {@code NONE}, no longer.
   */
  public void pauseForEnd(PauseMode mode) {
    postponed.pauseForEnd(mode);
  }

  /**
   * Ends a pause and carries out what waited: now, or, when a command ends it, after that command
   * and the transaction it may be part of.
   */
  public void unpause() {
    postponed.unpause();
  }

  // --- time

  /**
   * Lets time pass: keys expire, waits end. Called by the world's timer, without the lock. What is
   * too much for one hold is left to the next tick, so that others get the lock in between.
   */
  public void tick() {
    hold(ticks::tick);
  }

  /**
   * Evicts by and by, from the next moment on, until no more memory is used than allowed: the limit
   * was lowered, and no command may come that would do it.
   */
  public void evictSoon() {
    ticks.evictSoon();
  }

  /** Whether it has ended. */
  public boolean isClosed() {
    return closed;
  }

  /**
   * Carries out nothing any more, ends scripts, and returns when none is half-way. Without the
   * lock.
   */
  public void comeToRest() {
    scriptHost.stop();
    boolean[] rests = new boolean[1];
    while (!rests[0]) {
      hold(
          () -> {
            pauseForEnd(PauseMode.ALL);
            rests[0] = !scriptHost.isBusy();
          });
      Thread.onSpinWait();
    }
  }

  /** Ends the engine: no command is carried out afterwards, and its memory goes back. */
  public void close() {
    scriptHost.stop();
    while (!closed) {
      hold(this::closeUnlessBusy);
      Thread.onSpinWait();
    }
  }

  /** A script that has let us in goes on afterwards, to find that it must end. */
  private void closeUnlessBusy() {
    if (!scriptHost.isBusy()) {
      closed = true;
      ticks.end();
      clients.end();
      keyspace.giveUpCut();
      keyspace.arena().close();
    }
  }
}
