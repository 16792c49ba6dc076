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
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
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
  private final Map<Long, Client> clients = new LinkedHashMap<>();
  private final List<Client> touched = new ArrayList<>();
  private final ClientMemory clientMemory = new ClientMemory(statistics);
  private final WatchedKeys watches = new WatchedKeys(clientMemory);
  private ReadListener readListener = ReadListener.NONE;
  private final List<ClientListener> clientListeners = new ArrayList<>();
  private @Nullable Client executing;

  private final HeldReplies held = new HeldReplies();
  private final Admission admission;
  private final Effects effects;
  private final WaitingClients waits;
  private final KeyEvents keyEvents;
  private final PostponedCommands postponed;
  private final ForwardedCommands forwarded = new ForwardedCommands(this);
  private final Ticks ticks;
  private CommandObserver[] observers = {};
  private CommandMonitor monitor = CommandMonitor.NONE;
  private int monitors;
  private int scripts;
  private boolean tracksLatency = true;
  private int depth;
  private long nextClientId = 1;
  private long dirty;
  private long lastNanos;
  private long holdBeganNanos;
  private volatile boolean closed;
  private boolean noScriptIgnored;
  private @Nullable BusyScript busy;
  private @Nullable String replayError;
  private volatile boolean stopsScripts;
  private final List<Poller> pollers = new CopyOnWriteArrayList<>();

  /** An engine over this keyspace, whose listener is a part of it. */
  public Engine(World world, Keyspace keyspace, CommandTable table) {
    this.world = world;
    this.keyspace = keyspace;
    this.table = table;
    admission = new Admission(this);
    effects = new Effects(this);
    waits = new WaitingClients(this);
    keyEvents = new KeyEvents(this, watches, waits, effects);
    postponed = new PostponedCommands(this, effects);
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

  /** Says who shows monitors what clients send. */
  public void monitor(CommandMonitor newMonitor) {
    monitor = newMonitor;
  }

  /** How many clients are monitors. */
  public int monitorCount() {
    return monitors;
  }

  void countMonitors(int more) {
    monitors += more;
  }

  /** Adds somebody to be told of each command, after those who are told already. */
  public void addObserver(CommandObserver observer) {
    observers = Arrays.copyOf(observers, observers.length + 1);
    observers[observers.length - 1] = observer;
  }

  /** Stops telling somebody of commands. */
  public void removeObserver(CommandObserver observer) {
    observers =
        Arrays.stream(observers).filter(each -> each != observer).toArray(CommandObserver[]::new);
  }

  /** Says whether it is recorded how the durations of each command are spread. */
  public void trackLatency(boolean yes) {
    tracksLatency = yes;
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

  /** Adds somebody to be told which clients to forget. */
  public void addClientListener(ClientListener listener) {
    clientListeners.add(listener);
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

  // --- access

  /** Whether a client must authenticate before it may go on. Any thread. */
  public boolean needsAuthentication(Client client) {
    return client.isGuarded() && admission.gate().needsAuthentication(client);
  }

  // --- holding the lock

  /** Takes the lock and looks at the clock. */
  public void beginHold() {
    lock.lock();
    if (busy == null) {
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
   */
  public void endHold(List<Outlet> flushLater) {
    endHold(flushLater, /* more= */ false);
  }

  /** As {@link #endHold(List)}; {@code more} is to come: this thread takes the lock again now. */
  void endHold(List<Outlet> flushLater, boolean more) {
    try {
      readListener.onHoldEnd();
      effects.log().endHold(more);
      long offset = effects.log().replyOffset();
      for (int i = 0; i < touched.size(); i++) {
        Client client = touched.get(i);
        client.touched = false;
        client.outlet().seal(offset);
        if (offset != 0) {
          held.add(offset, client.outlet());
        }
        flushLater.add(client.outlet());
      }
      if (clientMemory.isLimited()) {
        touched.forEach(clientMemory::count);
        clientMemory.evict(clients.values());
      }
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
    List<Outlet> outlets = new ArrayList<>(2);
    beginHold();
    try {
      action.run();
      postponed.endHold();
    } finally {
      endHold(outlets);
    }
    for (Outlet outlet : outlets) {
      outlet.flush();
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
    Client client = new Client(this, nextClientId++, outlet, reply, keyspace.now());
    admission.gate().welcome(client);
    if (closed) {
      client.closed();
      return client;
    }
    clients.put(client.id(), client);
    statistics.connected();
    return client;
  }

  /** A client is gone: what it watched, waited for and queued is forgotten. Under the lock. */
  public void disconnect(Client client) {
    client.closed();
    clients.remove(client.id());
    clientMemory.forget(client);
    forget(client);
    Blocked blocked = client.blocked();
    if (blocked != null) {
      waits.release(blocked, Blocked.State.KILLED);
    }
    postponed.remove(client);
  }

  /**
   * Ends a client for good, whatever it does: it is not among the clients any more. Who is being
   * answered, or is sending this very command, is answered first. Under the lock.
   */
  public void kill(Client client) {
    if (client == executing) {
      client.close(/* afterReplies= */ true);
    } else {
      client.close(/* afterReplies= */ false);
      disconnect(client);
    }
  }

  /** What clients take, and may take. */
  ClientMemory clientMemory() {
    return clientMemory;
  }

  /**
   * Limits what clients may take.
   *
   * @param keptBytesOfOne of one client, for queued commands and watched keys
   * @param allBytes of all clients, for everything; 0 for no limit
   */
  public void limitClients(long keptBytesOfOne, long allBytes) {
    clientMemory.maxKeptBytesOfOne(keptBytesOfOne);
    clientMemory.maxBytes(allBytes);
    if (clientMemory.isLimited()) {
      clients.values().forEach(clientMemory::count);
    }
  }

  /** Whether there is a limit on what all clients take. */
  public boolean limitsClients() {
    return clientMemory.isLimited();
  }

  /** How many keys somebody watches. */
  public int watchedKeyCount() {
    return watches.size();
  }

  /** How many waits will end by themselves. */
  public int deadlineCount() {
    return waits.deadlineCount();
  }

  /** Forgets what a client was putting together, watched and listened to. */
  public void forget(Client client) {
    client.transaction(null);
    unwatch(client);
    for (int i = 0; i < clientListeners.size(); i++) {
      clientListeners.get(i).forget(client);
    }
  }

  /** The client whose command is being carried out, or null: time passes, or a hold ends. */
  public @Nullable Client executing() {
    return executing;
  }

  /** All clients, in the order they came. Under the lock. */
  public Collection<Client> clients() {
    return Collections.unmodifiableCollection(clients.values());
  }

  /** The client of a number, or null. */
  public @Nullable Client client(long id) {
    return clients.get(id);
  }

  /** How many clients wait for keys. */
  public long blockedCount() {
    return clients.values().stream().filter(client -> client.blocked() != null).count();
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
    if (waits.areAnyReady()) {
      waits.serve();
    }
    postponed.executeIfFree();
    forwarded.doAfterwards();
  }

  private void enqueue(Client client, Client.Transaction transaction, Command command, Args args) {
    long bytes = Queued.bytes(args);
    try {
      clientMemory.keep(client, bytes);
    } catch (CommandException e) {
      admission.refuse(client, command, args, e);
      return;
    }
    transaction.add(new Queued(command, args.copy()), bytes);
    client.reply().simple("QUEUED");
  }

  /**
   * Carries out a command of a log: of a file, or of somebody else's. It was allowed and
   * acknowledged once, so nothing is asked: not who may, nor whether there is memory. Time stands
   * still meanwhile, so that no key expires that the log goes on to use: the log says itself what
   * expired. The reply is thrown away. Under the lock.
   *
   * @param client one of {@link #replayer}, the same for all of the log, as it may select a
   *     database and begin a transaction
   * @return false when there is no such command, or none with so many words
   */
  public boolean replay(Client client, Args args) {
    replayError = null;
    Command command;
    try {
      command = table.resolve(args);
    } catch (CommandException e) {
      return false;
    }
    if (!command.takes(args.count())) {
      return false;
    }
    Client.Transaction transaction = client.transaction();
    if (transaction != null && !command.is(CommandFlag.TRANSACTION_CONTROL)) {
      transaction.add(new Queued(command, args.copy()), /* queuedBytes= */ 0);
      return true;
    }
    client.sent(command, keyspace.now());
    keyspace.stopClock();
    try {
      run(new Call(this, client, command, args, client.reply(), /* mayBlock= */ false));
    } finally {
      keyspace.refreshNow();
      client.reply().rewind(0);
    }
    effects.commit(client);
    if (waits.areAnyReady()) {
      waits.serve();
    }
    return true;
  }

  /**
   * A client for {@link #replay}, which counts nowhere.
   *
   * @param reply where replies are written to be thrown away
   */
  public Client replayer(Outlet outlet, OutgoingReply reply) {
    Client client = new Client(this, /* id= */ 0, outlet, reply, keyspace.now());
    client.replaying();
    return client;
  }

  /**
   * As {@link #replayer}, but it is seen by others, who may close it: a server that this one
   * follows. Under the lock.
   */
  public Client primary(Outlet outlet, OutgoingReply reply) {
    Client client = connect(outlet, reply);
    client.user(null, /* proved= */ true);
    client.guarded(false);
    client.replaying();
    client.becomePrimary();
    return client;
  }

  /** What the last command that was replayed has answered in vain; null when it went well. */
  public @Nullable String replayError() {
    return replayError;
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

  // --- scripts

  /** A client by which a script sends its commands, which counts nowhere. */
  public Client scriptClient(Outlet outlet, OutgoingReply reply) {
    return new Client(this, /* id= */ 0, outlet, reply, keyspace.now());
  }

  /** The command, or subcommand, of these words, or null when there is none. */
  public @Nullable Command lookUp(Args args) {
    try {
      return table.resolve(args);
    } catch (CommandException e) {
      return null;
    }
  }

  /** Throws what the gate has against a command that a client's script sends. */
  public void checkGateInScript(Client client, Command command, Args args) {
    admission.checkGate(client, command, args, CommandGate.Context.SCRIPT);
  }

  /** Whether the gate has nothing against a client's command. */
  public boolean isAllowed(Client client, Command command, Args args) {
    return !client.isGuarded() || admission.gate().allows(client, command, args);
  }

  /** Throws what the state of the engine has against a write. */
  public void checkMayWrite(Command command) {
    admission.checkMayWrite(command);
  }

  /** Whether memory was full, and nothing to be evicted, when the command going on began. */
  public boolean isShortOfMemory() {
    return admission.isShortOfMemory();
  }

  /** Whether a script is being carried out. */
  public boolean isInScript() {
    return scripts != 0;
  }

  /** Whether scripts may send commands flagged NOSCRIPT: for tests. */
  public boolean isNoScriptIgnored() {
    return noScriptIgnored;
  }

  /** Lets scripts send commands flagged NOSCRIPT, or not any more. */
  public void ignoreNoScript(boolean yes) {
    noScriptIgnored = yes;
  }

  /** Counts an error that a script was given for a command that was not carried out. */
  public void countRejected(@Nullable Command command, String text) {
    statistics.error(text);
    if (command != null) {
      command.statistics().rejected(1);
    }
  }

  /**
   * Counts an error that a script ends with.
   *
   * @param isCounted whether it is one of its commands', and so counted among all errors already
   */
  public void countFailed(Command command, String text, boolean isCounted) {
    if (!isCounted) {
      statistics.error(text);
    }
    command.statistics().failed(1);
  }

  /**
   * Carries out one command of a script, whose checks were made; its effects become part of those
   * of the command that runs the script.
   *
   * @param logged whether it has effects at all
   */
  public void executeForScript(Client client, Command command, Args args, boolean logged) {
    int before = effects.pendingCount();
    run(new Call(this, client, command, args, client.reply(), /* mayBlock= */ false));
    if (!logged) {
      effects.forgetAfter(before);
    }
  }

  /** Adds somebody who can read in the middle of a command. Any thread. */
  public void addPoller(Poller poller) {
    pollers.add(poller);
  }

  /** A script has run for too long, or, with null, has ended. Under the lock, by its thread. */
  public void busy(@Nullable BusyScript script) {
    busy = script;
    if (script == null) {
      lastNanos = world.nanos();
    }
  }

  /** Whether a script is half-way through: what it has changed has no effects yet. */
  public boolean isBusy() {
    return busy != null;
  }

  /** Throws what others are told while a script is half-way through, if one is. */
  public void checkNotBusy() {
    if (busy != null) {
      throw busy.refusal();
    }
  }

  /** Whether a client's script is being carried out, so that nothing else of it may be. */
  public boolean isBusyWith(Client client) {
    return busy != null && busy.caller() == client;
  }

  /** Whether scripts that run must end, as the engine does. Any thread. */
  public boolean stopsScripts() {
    return stopsScripts;
  }

  /** Ends scripts that run, and lets none begin. Any thread. */
  public void stopScripts() {
    stopsScripts = true;
  }

  /**
   * Lets other clients in while a script is busy: those who wait for the lock, and those whose
   * input this thread reads. Under the lock, which is let go meanwhile.
   */
  public void letOthersIn() {
    BusyScript script = busy;
    if (script == null) {
      return;
    }
    // The caller's replies so far stay together with the one that the script is going to give.
    Client caller = script.caller();
    boolean isTouched = caller.touched && touched.remove(caller);
    int around = depth;
    Client runs = executing;
    List<Outlet> outlets = new ArrayList<>();
    endHold(outlets);
    try {
      outlets.forEach(Outlet::flush);
      for (Poller poller : pollers) {
        if (poller.isHere()) {
          poller.poll();
        }
      }
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
    replayError = e.text();
    statistics.error(e.text());
    reply.error(e.text());
  }

  /** Runs a handler; a mistake or a lack of memory becomes its reply. */
  private void run(Call call) {
    Reply reply = call.reply();
    Command command = call.command();
    int start = reply.position();
    boolean script = command.isScript();
    if (script) {
      show(call);
      scripts++;
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
      reply.rewind(start);
      command.statistics().failed(1);
      error(reply, e);
    } catch (OutOfArenaException e) {
      reply.rewind(start);
      command.statistics().failed(1);
      error(reply, Errors.outOfMemory());
    } catch (StackOverflowError | OutOfMemoryError e) {
      // Nearly always the caller's own doing, and no reason to leave the lock in the middle.
      log.error("{} failed for want of {}", command, memoryOf(e));
      reply.rewind(start);
      command.statistics().failed(1);
      error(reply, Errors.err("not enough " + memoryOf(e) + " for '" + command.fullName() + "'"));
    } catch (RuntimeException e) {
      // A bug in a handler costs its caller an error, not everybody the engine.
      log.error("{} failed; this is a bug", command, e);
      reply.rewind(start);
      command.statistics().failed(1);
      error(reply, Errors.err("internal error in '" + command.fullName() + "': " + e));
    } finally {
      depth--;
      if (keepsExpired) {
        keyspace.keepExpired(true);
      }
      if (keyspace.isCut()) {
        keyspace.findsMayChange(foundMayChange);
      }
      if (script) {
        scripts--;
      }
    }
    if (!script) {
      show(call);
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
    executed(reader == null ? call.client() : reader, command, call.args(), took);
    effects.collect(call);
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
    List.copyOf(clients.values()).stream().filter(this::waitsHere).forEach(waits::cutOff);
  }

  private void show(Call call) {
    if (monitors != 0 && !waits.isRetrying() && !call.client().isReplaying()) {
      monitor.sent(call.client(), call.command(), call.args(), scripts != 0);
    }
  }

  /** Shows monitors a command that is not carried out here. */
  void show(Client client, Command command, Args args) {
    if (monitors != 0) {
      monitor.sent(client, command, args, /* byScript= */ false);
    }
  }

  /** Counts a command that was carried out, and tells of it. */
  void executed(Client client, Command command, Args args, long took) {
    statistics.executed(took);
    client.executed();
    command.statistics().called(took);
    if (tracksLatency) {
      command.statistics().recordLatency(took);
    }
    for (CommandObserver observer : observers) {
      observer.executed(client, command, args, took);
    }
  }

  /** Tells how long something took that was no command. */
  void spent(String event, long nanos) {
    for (CommandObserver observer : observers) {
      observer.spent(event, nanos);
    }
  }

  /** Lets a reply go, or takes it back where CLIENT REPLY says so. */
  void finishReply(Client client, int start, Client.ReplyMode before) {
    Client.ReplyMode after = client.replyMode();
    boolean skip = before == Client.ReplyMode.SKIP_NEXT && after == Client.ReplyMode.SKIP_NEXT;
    if (skip) {
      client.replyMode(Client.ReplyMode.ON);
    }
    if (skip || after == Client.ReplyMode.OFF) {
      client.reply().rewind(start);
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
    List.copyOf(clients.values()).stream()
        .filter(client -> outlets.contains(client.outlet()))
        .forEach(client -> client.close(/* afterReplies= */ false));
    waits.abandonOffsetWaits();
  }

  /** Whether changes must wait: for the log, a snapshot, a script's end, or the engine's. */
  public boolean mustDelayChanges() {
    return busy != null || postponed.isEnding() || effects.log().isFull() || keyspace.isCutFull();
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
    stopScripts();
    boolean[] rests = new boolean[1];
    while (!rests[0]) {
      hold(
          () -> {
            pauseForEnd(PauseMode.ALL);
            rests[0] = busy == null;
          });
      Thread.onSpinWait();
    }
  }

  /** Ends the engine: no command is carried out afterwards, and its memory goes back. */
  public void close() {
    stopScripts();
    while (!closed) {
      hold(this::closeUnlessBusy);
      Thread.onSpinWait();
    }
  }

  /** A script that has let us in goes on afterwards, to find that it must end. */
  private void closeUnlessBusy() {
    if (busy == null) {
      closed = true;
      ticks.end();
      for (Client client : List.copyOf(clients.values())) {
        client.close(/* afterReplies= */ false);
        disconnect(client);
      }
      keyspace.giveUpCut();
      keyspace.arena().close();
    }
  }
}
