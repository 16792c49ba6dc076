package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Eviction;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a command may be carried out: by this client, with these words, in the state the engine
 * is in, with the memory there is. Under the engine lock.
 */
final class Admission {
  private final Engine engine;
  private final Keyspace keyspace;
  private final Restrictions restrictions = new Restrictions();
  private CommandGate gate = CommandGate.OPEN;
  private boolean shortOfMemory;

  Admission(Engine engine) {
    this.engine = engine;
    this.keyspace = engine.keyspace();
  }

  CommandGate gate() {
    return gate;
  }

  void gate(CommandGate newGate) {
    gate = newGate;
  }

  /** What the state of the engine forbids. */
  Restrictions restrictions() {
    return restrictions;
  }

  /** Whether memory was full, and nothing to be evicted, when the command going on began. */
  boolean isShortOfMemory() {
    return shortOfMemory && keyspace.settings().limitBytes() > 0;
  }

  /**
   * Throws what there is against a command of a client. Words that lie outside the heap are copied
   * to it here if anybody but the command will look at them: later it would be too late to refuse.
   *
   * @return whether it is for another server to carry out, which then says the rest
   */
  boolean check(Client client, Command command, Args args) {
    boolean elsewhere = checkState(client, command, args);
    if (args.hasLarge()) {
      args.requireWhole();
      if (elsewhere
          || client.transaction() != null
          || engine.observers().monitorCount() != 0
          || (engine.log().isOn() && command.mayWrite(args))) {
        args.fetchAll();
      }
    }
    return elsewhere;
  }

  private boolean checkState(Client client, Command command, Args args) {
    if (!command.takes(args.count())) {
      throw Errors.wrongNumberOfArguments(command.fullName());
    }
    if (client.isGuarded()) {
      gate.admit(client, command, args);
    }
    boolean elsewhere = restrictions.areAny() && checkRestrictions(client, command, args);
    if (elsewhere) {
      checkMoment(client, command);
      return true;
    }
    if (keyspace.hasDiscarded() && command.is(CommandFlag.DENYOOM)) {
      keyspace.reclaimInNeed();
    }
    if (keyspace.settings().limitBytes() > 0 && !engine.isBusy()) {
      shortOfMemory = !makeRoom();
      if (shortOfMemory
          && (command.is(CommandFlag.DENYOOM) || execWouldNeedMemory(client, command))) {
        throw Errors.outOfMemory();
      }
    }
    checkMoment(client, command);
    return false;
  }

  /** Throws what is against any command now; returns whether this one is for another server. */
  private boolean checkRestrictions(Client client, Command command, Args args) {
    if (restrictions.checkPlace(client, command)) {
      return false;
    }
    ForwardedCommands.Choice choice = engine.forwarded().choose(client, command, args);
    boolean mayWrite = choice == ForwardedCommands.Choice.HERE && isWrite(client, command);
    restrictions.check(command, mayWrite, isRefusedIfStale(client, command));
    return choice == ForwardedCommands.Choice.ELSEWHERE;
  }

  /** Throws what the state of the client, or a script that is busy, has against a command. */
  private void checkMoment(Client client, Command command) {
    if (client.isSubscriber()
        && client.reply().version() == 2
        && !command.is(CommandFlag.SUBSCRIBER)) {
      throw Errors.err(
          "Can't execute '"
              + command.fullName()
              + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in"
              + " this context");
    }
    if (client.isReplica()
        && (command.isWrite()
            || command.is(CommandFlag.READONLY)
            || command.is(CommandFlag.MAY_REPLICATE))) {
      throw Errors.err("Replica can't interact with the keyspace");
    }
    if (!command.is(CommandFlag.ALLOW_BUSY)) {
      engine.scriptHost().checkNotBusy();
    }
    if (client.transaction() != null && command.is(CommandFlag.NO_MULTI)) {
      throw Errors.err("Command not allowed inside a transaction");
    }
  }

  /** Answers a command that is not carried out, and what becomes of its transaction. */
  void refuse(Client client, @Nullable Command command, Args args, CommandException e) {
    if (command != null) {
      command.statistics().rejected(1);
    }
    Client.Transaction transaction = client.transaction();
    if (transaction == null) {
      engine.error(client.reply(), e);
    } else if (command != null && command.is(CommandFlag.RUNS_TRANSACTION)) {
      client.transaction(null);
      engine.unwatch(client);
      engine.observers().show(client, command, args);
      engine.error(client.reply(), restrictions.isRedirection(e) ? e : abortBecauseOf(e));
    } else {
      transaction.markBroken();
      engine.error(client.reply(), e);
    }
  }

  private static CommandException abortBecauseOf(CommandException e) {
    String reason = e.text().startsWith("ERR ") ? e.text().substring(4) : e.text();
    return new CommandException("EXECABORT Transaction discarded because of: " + reason);
  }

  /** Throws what the gate has against what a client does later than it has sent it. */
  void checkGate(Client client, Command command, Args args, CommandGate.Context context) {
    if (client.isGuarded()) {
      gate.check(client, command, args, context);
    }
  }

  /** Throws what the state of the engine has against a write. */
  void checkMayWrite(Command command) {
    if (restrictions.areAny()) {
      restrictions.check(command, /* mayWrite= */ true, /* refusedIfStale= */ false);
    }
  }

  /** A script that says nothing of itself is refused with its first write, not before. */
  private static boolean isWrite(Client client, Command command) {
    Client.Transaction transaction = client.transaction();
    return command.isWrite()
        || (transaction != null
            && command.is(CommandFlag.RUNS_TRANSACTION)
            && transaction.queue().stream().anyMatch(q -> q.command().isWrite()));
  }

  private static boolean isRefusedIfStale(Client client, Command command) {
    Client.Transaction transaction = client.transaction();
    return !command.is(CommandFlag.STALE)
        || (transaction != null
            && command.is(CommandFlag.RUNS_TRANSACTION)
            && transaction.queue().stream().anyMatch(q -> !q.command().is(CommandFlag.STALE)));
  }

  private boolean makeRoom() {
    Eviction eviction = keyspace.eviction();
    long before = eviction.evictedCount();
    long start = engine.lastNanos();
    boolean enough = eviction.makeRoom(engine.statistics().clientBytes());
    if (eviction.evictedCount() != before) {
      // The command that comes next has not cost this.
      long took = engine.lookAtClock() - start;
      engine.statistics().evicting(took);
      engine.observers().spent("eviction-cycle", took);
    }
    return enough;
  }

  private static boolean execWouldNeedMemory(Client client, Command command) {
    Client.Transaction transaction = client.transaction();
    return transaction != null
        && command.is(CommandFlag.RUNS_TRANSACTION)
        && transaction.queue().stream().anyMatch(q -> q.command().is(CommandFlag.DENYOOM));
  }
}
