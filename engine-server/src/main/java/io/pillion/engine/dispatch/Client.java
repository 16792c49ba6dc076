package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.OutgoingReply;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the engine knows of one client: its database, its name, its transaction, what it waits for.
 * Touched only under the engine lock.
 */
public final class Client {
  private static final Logger log = LoggerFactory.getLogger(Client.class);

  /** What pushes may add to a reply before it is handed on within a hold. */
  private static final int MANY_BYTES = 64 << 10;

  /** What a client takes that does nothing: its objects here and its connection's. */
  private static final int BASE_BYTES = 2048;

  private final Engine engine;
  private final long id;
  private final Outlet outlet;
  private final OutgoingReply reply;
  private final long connectedMillis;
  private int database;
  private String name = "";
  private String libraryName = "";
  private String libraryVersion = "";
  private @Nullable ClientUser user;
  private boolean authenticated;
  private volatile boolean guarded;
  private boolean noEvict;
  private boolean noTouch;
  private boolean takesRedirection;
  private boolean readsHere;
  private boolean subscriber;
  private boolean monitor;
  private boolean tracksReads;
  private boolean pushed;
  private @Nullable OutgoingReply later;
  private ReplyMode replyMode = ReplyMode.ON;
  private boolean closing;
  private boolean closed;
  private long lastActiveMillis;
  private @Nullable Command lastCommand;
  private long commands;
  private @Nullable Transaction transaction;
  private final List<WatchedKeys.Watch> watches = new ArrayList<>(0);
  private boolean watchBroken;
  private @Nullable Blocked blocked;
  boolean touched;
  private long keptBytes;
  private long countedBytes;
  private long writtenOffset;
  private long propagatedOffset;
  private boolean replica;
  private boolean replays;
  private boolean primary;
  private boolean forwards;
  private @Nullable Call call;

  Client(Engine engine, long id, Outlet outlet, OutgoingReply reply, long nowMillis) {
    this.engine = engine;
    this.id = id;
    this.outlet = outlet;
    this.reply = reply;
    connectedMillis = nowMillis;
    lastActiveMillis = nowMillis;
  }

  /** Its number, never used twice within an engine's life. */
  public long id() {
    return id;
  }

  /** The way back to it. */
  public Outlet outlet() {
    return outlet;
  }

  /** Where its replies are written. */
  public Reply reply() {
    return reply;
  }

  OutgoingReply outgoingReply() {
    return reply;
  }

  /** When it connected, in Unix milliseconds. */
  public long connectedMillis() {
    return connectedMillis;
  }

  /** When it last sent a command, in Unix milliseconds. */
  public long lastActiveMillis() {
    return lastActiveMillis;
  }

  /** The command it sent last, or null. */
  public @Nullable Command lastCommand() {
    return lastCommand;
  }

  /** How many commands were carried out for it, those within transactions and scripts included. */
  public long commandCount() {
    return commands;
  }

  void sent(Command command, long nowMillis) {
    lastCommand = command;
    lastActiveMillis = nowMillis;
  }

  void executed() {
    commands++;
  }

  /** The number of the database it has selected. */
  public int database() {
    return database;
  }

  /** Selects a database. */
  public void database(int number) {
    database = number;
  }

  /** The name it gave itself, or empty. */
  public String name() {
    return name;
  }

  /** Names it. */
  public void name(String newName) {
    name = newName;
  }

  /** The library that it says it is, or empty. */
  public String libraryName() {
    return libraryName;
  }

  /** Says which library it is. */
  public void libraryName(String newName) {
    libraryName = newName;
  }

  /** That library's version, or empty. */
  public String libraryVersion() {
    return libraryVersion;
  }

  /** Says which version its library has. */
  public void libraryVersion(String newVersion) {
    libraryVersion = newVersion;
  }

  /** Who it is, or null when it is nobody's: what it does was allowed elsewhere. */
  public @Nullable ClientUser user() {
    return user;
  }

  /** Whether it has proved who it is, or came when nobody had to. */
  public boolean isAuthenticated() {
    return authenticated;
  }

  /**
   * Says who it is: for the {@link CommandGate}.
   *
   * @param newUser null when what it does was allowed elsewhere
   * @param proved whether it has proved that, or needs not
   */
  public void user(@Nullable ClientUser newUser, boolean proved) {
    user = newUser;
    authenticated = proved;
  }

  /** Whether the {@link CommandGate} is to be asked before each of its commands. Any thread. */
  public boolean isGuarded() {
    return guarded;
  }

  /** Says whether the {@link CommandGate} is to be asked: for that gate. */
  public void guarded(boolean yes) {
    guarded = yes;
  }

  /** Whether it wants to be told where to go, rather than be served by a replica: CLIENT CAPA. */
  public boolean takesRedirection() {
    return takesRedirection;
  }

  /** Says that it wants to be told where to go. */
  public void takeRedirection() {
    takesRedirection = true;
  }

  /** Whether it reads here whatever this server is: READONLY. */
  public boolean readsHere() {
    return readsHere;
  }

  /** READONLY and READWRITE. */
  public void readsHere(boolean yes) {
    readsHere = yes;
  }

  /** Whether it is spared when clients are dropped to save memory. */
  public boolean isNoEvict() {
    return noEvict;
  }

  /** CLIENT NO-EVICT. */
  public void noEvict(boolean yes) {
    noEvict = yes;
  }

  /** Whether its reads do not count as a use of keys. */
  public boolean isNoTouch() {
    return noTouch;
  }

  /** CLIENT NO-TOUCH. */
  public void noTouch(boolean yes) {
    noTouch = yes;
  }

  /** Whether it is subscribed to channels, patterns or shard channels. */
  public boolean isSubscriber() {
    return subscriber;
  }

  /** Says whether it is subscribed. */
  public void subscriber(boolean yes) {
    subscriber = yes;
  }

  /** Whether it is shown what others send: MONITOR. */
  public boolean isMonitor() {
    return monitor;
  }

  /** Says whether it is shown what others send. */
  public void monitor(boolean yes) {
    if (monitor != yes) {
      monitor = yes;
      engine.observers().countMonitors(yes ? 1 : -1);
    }
  }

  /** Whether it is another server, which follows this one. */
  public boolean isReplica() {
    return replica;
  }

  /** It follows from now on: it is sent the log and gets no replies. */
  public void becomeReplica() {
    replica = true;
    replyMode = ReplyMode.OFF;
  }

  /** Whether it is another server, which this one follows. */
  public boolean isPrimary() {
    return primary;
  }

  void becomePrimary() {
    primary = true;
  }

  /** Whether it waits for what another server carries out: {@link ForwardedCommands}. */
  public boolean forwards() {
    return forwards;
  }

  void forwards(boolean yes) {
    forwards = yes;
  }

  /** Whether the {@link ReadListener} is told what it reads. */
  public boolean tracksReads() {
    return tracksReads;
  }

  /** Says whether the {@link ReadListener} is told what it reads. */
  public void tracksReads(boolean yes) {
    tracksReads = yes;
  }

  /** Whether it wants replies. */
  public ReplyMode replyMode() {
    return replyMode;
  }

  /** CLIENT REPLY. */
  public void replyMode(ReplyMode mode) {
    replyMode = mode;
  }

  // --- pushes

  /**
   * Tells the client something that it did not ask for, whatever CLIENT REPLY says. It comes after
   * everything the client was answered before; while the client is being answered, after that
   * answer. A client that cannot take it is closed.
   *
   * @param message writes it, before this returns
   */
  public void push(Consumer<? super OutgoingReply> message) {
    if (closing) {
      return;
    }
    boolean answering = engine.executing() == this;
    OutgoingReply target = reply;
    if (answering) {
      if (later == null) {
        later = reply.fresh();
      }
      target = later;
    }
    int start = target.position();
    try {
      message.accept(target);
    } catch (CommandException tooMuch) {
      target.rewind(start);
      log.warn("Client id={} closed: {}", id, tooMuch.text());
      close(/* afterReplies= */ false);
    }
    pushed = true;
    engine.touch(this);
    if (!answering && reply.position() > MANY_BYTES) {
      outlet.seal(engine.log().replyOffset(writtenOffset));
    }
  }

  /** Whether it was told anything unasked since this was last asked. */
  public boolean takePushed() {
    boolean was = pushed;
    pushed = false;
    return was;
  }

  /** The answer is whole: what was pushed meanwhile follows. */
  void appendPushes() {
    OutgoingReply pushes = later;
    if (pushes != null) {
      later = null;
      try {
        reply.append(pushes);
      } catch (CommandException tooMuch) {
        log.warn("Client id={} closed: {}", id, tooMuch.text());
        close(/* afterReplies= */ false);
      }
      engine.touch(this);
    }
  }

  /** Whether it is to be closed once its replies have been sent; it sends no more commands. */
  public boolean isClosing() {
    return closing;
  }

  /** Ends it: at once, or after the replies written so far. */
  public void close(boolean afterReplies) {
    closing = true;
    outlet.close(afterReplies);
  }

  boolean isClosed() {
    return closed;
  }

  void closed() {
    closed = true;
    closing = true;
  }

  /** Up to where the command log must be safe for this client's last change to be. */
  public long writtenOffset() {
    return writtenOffset;
  }

  /** Up to where those who follow must have come for this client's last change to be with them. */
  public long propagatedOffset() {
    return propagatedOffset;
  }

  /** What another client has written counts as its own: its commands are that one's. */
  public void actFor(Client other) {
    wrote(other.writtenOffset, other.propagatedOffset);
  }

  void wrote(long written, long propagated) {
    writtenOffset = written;
    propagatedOffset = propagated;
  }

  /** Whether it repeats what others were allowed to do: see {@link Replay}. */
  public boolean isReplaying() {
    return replays;
  }

  void replaying() {
    replays = true;
  }

  /** The call object of this client, for its next command. */
  Call call(Engine engine, Command command, Args args) {
    Call reused = call;
    if (reused == null) {
      reused = new Call(engine, this, command, args, reply, /* mayBlock= */ true);
      call = reused;
    } else {
      reused.reuse(command, args, reply);
    }
    return reused;
  }

  // --- transactions

  /** The transaction it is putting together, or null. */
  public @Nullable Transaction transaction() {
    return transaction;
  }

  /** Begins a transaction, or, with null, ends it. */
  public void transaction(@Nullable Transaction newTransaction) {
    Transaction old = transaction;
    if (old != null) {
      engine.clients().memory().addKept(this, -old.bytes);
    }
    transaction = newTransaction;
  }

  /** What its queued commands and watched keys take, in bytes. */
  long keptBytes() {
    return keptBytes;
  }

  void keptBytes(long bytes) {
    keptBytes = bytes;
  }

  /** All that it takes: unread replies, an incomplete request, queued commands, watched keys. */
  public long memoryBytes() {
    return BASE_BYTES + outlet.pendingBytes() + outlet.heldInputBytes() + keptBytes;
  }

  long countedBytes() {
    return countedBytes;
  }

  void countedBytes(long bytes) {
    countedBytes = bytes;
  }

  /** The keys it watches. */
  List<WatchedKeys.Watch> watches() {
    return watches;
  }

  /** How many keys it watches. */
  public int watchedCount() {
    return watches.size();
  }

  /** Whether a key that it watches has changed since. */
  public boolean isWatchBroken() {
    return watchBroken;
  }

  void watchBroken(boolean broken) {
    watchBroken = broken;
  }

  // --- blocking

  /** What it waits for, or null. */
  public @Nullable Blocked blocked() {
    return blocked;
  }

  void blocked(@Nullable Blocked newBlocked) {
    blocked = newBlocked;
  }

  /** Whether CLIENT REPLY lets replies through. */
  public enum ReplyMode {
    ON,
    OFF,
    /** The reply to the next command is left out. */
    SKIP_NEXT
  }

  /** A MULTI that has not come to its EXEC. */
  public static final class Transaction {
    private final List<Queued> queue = new ArrayList<>();
    private long bytes;
    private boolean broken;

    void add(Queued queued, long queuedBytes) {
      queue.add(queued);
      bytes += queuedBytes;
    }

    /** What the commands so far take, in bytes. */
    public long bytes() {
      return bytes;
    }

    /** The commands so far, in order. */
    public List<Queued> queue() {
      return queue;
    }

    /** Whether a command was refused while queueing, so that EXEC must refuse. */
    public boolean isBroken() {
      return broken;
    }

    /** A command was refused. */
    public void markBroken() {
      broken = true;
    }
  }

  /** The number, for logs: a name may be secret. */
  @Override
  public String toString() {
    return "client " + id;
  }
}
