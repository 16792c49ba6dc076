package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.keyspace.Waiter;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Clients whose command waits, for a key to be filled or for the command log to be safe up to an
 * offset, and how such a wait ends: served, timed out, or killed. Under the engine lock, except
 * where it says otherwise.
 */
final class WaitingClients {
  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  static final CommandException UNBLOCKED =
      new CommandException("UNBLOCKED client unblocked via CLIENT UNBLOCK");

  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  static final CommandException CUT_OFF =
      new CommandException(
          "UNBLOCKED force unblock from blocking operation, instance state changed (master ->"
              + " replica?)");

  private final Engine engine;
  private final Keyspace keyspace;
  private final PriorityQueue<Blocked> deadlines =
      new PriorityQueue<>((a, b) -> Long.compare(a.deadlineNanos(), b.deadlineNanos()));
  private final Map<Blocked, Long> offsetWaits = new LinkedHashMap<>();
  private volatile boolean awaitsOffsets;
  private Set<AwaitedKey> ready = new LinkedHashSet<>();
  private @Nullable Blocked retrying;
  private boolean blockedAgain;

  WaitingClients(Engine engine) {
    this.engine = engine;
    this.keyspace = engine.keyspace();
  }

  private record AwaitedKey(Database database, Bytes key) {}

  // --- for keys

  void block(
      Call call,
      ValueType type,
      List<Bytes> keys,
      long timeoutMillis,
      Consumer<Reply> timeoutReply) {
    block(call, type, keys, timeoutMillis, timeoutReply, call.args(), /* untilLost= */ false);
  }

  void block(
      Call call,
      ValueType type,
      List<Bytes> keys,
      long timeoutMillis,
      Consumer<Reply> timeoutReply,
      Args again,
      boolean untilLost) {
    Client client = call.client();
    call.markBlocked();
    if (retrying != null && retrying.client() == client) {
      blockedAgain = true;
      return;
    }
    long deadline =
        timeoutMillis == 0
            ? Long.MAX_VALUE
            : Ticks.saturatedAdd(engine.world().nanos(), timeoutMillis);
    List<Bytes> kept = new ArrayList<>(keys.size());
    for (Bytes key : keys) {
      kept.add(key.copy());
    }
    Blocked blocked =
        new Blocked(
            client,
            call.command(),
            again.copy(),
            call.database(),
            type,
            untilLost,
            kept,
            deadline,
            timeoutReply);
    client.blocked(blocked);
    for (Bytes key : kept) {
      blocked.database().awaitedKeys().add(key, blocked);
    }
    if (deadline != Long.MAX_VALUE) {
      deadlines.add(blocked);
    }
  }

  /** Lets those who wait for a key look again, when {@link #serve} comes to it. */
  void ready(Database database, Bytes key) {
    ready.add(new AwaitedKey(database, key.copy()));
  }

  /** Lets all who wait for keys of a database look again. */
  void allReady(Database database) {
    for (Bytes key : database.awaitedKeys().keys()) {
      ready.add(new AwaitedKey(database, key));
    }
  }

  /** As {@link #serve}, if there is anything to do; not before all data are loaded. */
  void serveReady() {
    if (!ready.isEmpty() && !engine.restrictions().isLoading()) {
      serve();
    }
  }

  /** Serves those who wait for keys that commands have filled, first come first. */
  void serve() {
    // What filled the key may have taken long: a value may have expired before it is handed on.
    keyspace.refreshNow();
    while (!ready.isEmpty()) {
      Set<AwaitedKey> now = ready;
      ready = new LinkedHashSet<>();
      for (AwaitedKey awaited : now) {
        for (Waiter waiter : awaited.database.awaitedKeys().waitersOf(awaited.key)) {
          // Nobody asks for the key: one whose time has come is left to who does.
          boolean stale = awaited.database.isStale(awaited.key);
          long record = stale ? 0 : awaited.database.peek(awaited.key);
          Blocked blocked = (Blocked) waiter;
          boolean fits = record != 0 && awaited.database.type(record) == waiter.waitsFor();
          // A client that was killed is still there until its socket has closed.
          if ((fits || blocked.isUntilLost())
              && blocked.state() == Blocked.State.WAITING
              && !blocked.client().isClosing()) {
            retry(blocked);
          }
        }
      }
    }
  }

  /** Whether a command is carried out that has waited before. */
  boolean isRetrying() {
    return retrying != null;
  }

  /** Tries again what a client waits for. */
  void retry(Blocked blocked) {
    Client client = blocked.client();
    int start = client.reply().position();
    retrying = blocked;
    blockedAgain = false;
    try {
      engine.runAgain(client, blocked);
    } finally {
      retrying = null;
    }
    engine.effects().commit(client);
    if (blockedAgain) {
      client.appendPushes();
    } else {
      release(blocked, Blocked.State.SERVED);
      engine.finishReply(client, start, client.replyMode());
      client.outlet().resume();
    }
  }

  /** Ends a wait whatever its reason; the reply is the caller's business. */
  void release(Blocked blocked, Blocked.State state) {
    blocked.state(state);
    for (Bytes key : blocked.keys()) {
      blocked.database().awaitedKeys().remove(key, blocked);
    }
    deadlines.remove(blocked);
    offsetWaits.remove(blocked);
    blocked.client().blocked(null);
  }

  /**
   * Ends a wait before its time.
   *
   * @param error what its client gets; null for the reply for a wait that timed out
   */
  void unblock(Blocked blocked, @Nullable CommandException error) {
    Client client = blocked.client();
    int start = client.reply().position();
    release(blocked, Blocked.State.TIMED_OUT);
    engine.observers().executed(client, blocked.command(), blocked.args(), /* took= */ 0);
    if (error != null) {
      blocked.command().statistics().failed(1);
      engine.error(client.reply(), error);
    } else {
      blocked.timeoutReply().accept(client.reply());
    }
    engine.finishReply(client, start, client.replyMode());
    client.outlet().resume();
  }

  /** Ends a client's wait, and the client: this server follows another now. */
  void cutOff(Client client) {
    Blocked blocked = client.blocked();
    if (blocked != null) {
      unblock(blocked, CUT_OFF);
      client.close(/* afterReplies= */ true);
    }
  }

  // --- until a moment

  /** How many waits will end by themselves. */
  int deadlineCount() {
    return deadlines.size();
  }

  /** When the first wait ends by itself, by the world's forward clock; or for ever. */
  long firstDeadlineNanos() {
    Blocked first = deadlines.peek();
    return first == null ? Long.MAX_VALUE : first.deadlineNanos();
  }

  /** Ends the waits whose time has come. */
  void endDue() {
    long now = engine.world().nanos();
    while (true) {
      Blocked blocked = deadlines.peek();
      if (blocked == null || blocked.deadlineNanos() > now) {
        return;
      }
      engine.unblock(blocked.client(), /* withError= */ false);
    }
  }

  // --- for the command log

  /** Whether somebody waits for the log to be safe. Any thread. */
  boolean awaitsOffsets() {
    return awaitsOffsets;
  }

  /** Makes a client wait until the command log is safe up to an offset. */
  void awaitOffset(Call call, long offset, long timeoutMillis, Consumer<Reply> reply) {
    block(call, ValueType.STRING, List.of(), timeoutMillis, reply);
    Blocked blocked = call.client().blocked();
    if (blocked != null) {
      offsetWaits.put(blocked, offset);
      awaitsOffsets = true;
    }
  }

  /** How many wait for the log to be safe. */
  int offsetWaitCount() {
    return offsetWaits.size();
  }

  /** Ends the waits for what is safe by now. */
  void endOffsetWaits() {
    for (Map.Entry<Blocked, Long> wait : List.copyOf(offsetWaits.entrySet())) {
      if (wait.getValue() <= engine.safeOffset()) {
        engine.unblock(wait.getKey().client(), /* withError= */ false);
      }
    }
    awaitsOffsets = !offsetWaits.isEmpty();
  }

  /** Cuts off who waits for the log to be safe. */
  void abandonOffsetWaits() {
    for (Blocked each : List.copyOf(offsetWaits.keySet())) {
      each.client().close(/* afterReplies= */ false);
    }
    offsetWaits.clear();
    awaitsOffsets = false;
  }
}
