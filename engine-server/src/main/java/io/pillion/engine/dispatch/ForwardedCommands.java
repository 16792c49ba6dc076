package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.OutgoingReply;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/**
 * Commands that are not carried out here, because only the server that this one follows may change
 * data: which those are, and how their clients wait for the answer. Under the engine lock.
 *
 * <p>A client whose command is on its way is blocked: what it sends next is carried out after the
 * answer, and the answer comes when this server has what the command did. So everybody reads here
 * what they have written there.
 *
 * <p>WATCH is forwarded too, as only there it is known in time whether a key changes before EXEC;
 * whoever watches there has EXEC carried out there, or, when that watch is lost, in vain.
 */
public final class ForwardedCommands {
  private final Engine engine;
  private Forwarder forwarder = Forwarder.NONE;
  private final ArrayDeque<Runnable> afterwards = new ArrayDeque<>(0);
  private boolean open;

  /** Where a command goes. */
  enum Choice {
    /** It is carried out here, if it may be. */
    HERE,
    /** It is carried out here whatever it may write, which it is not going to: not now. */
    HERE_IN_ANY_CASE,
    ELSEWHERE
  }

  ForwardedCommands(Engine engine) {
    this.engine = engine;
  }

  /** Says who knows the way. */
  public void forwarder(Forwarder newForwarder) {
    forwarder = newForwarder;
  }

  /** Says whether there is a way now. */
  public void open(boolean yes) {
    if (yes == open) {
      return;
    }
    open = yes;
    for (Client client : engine.clients()) {
      // They watch here, where changes of the other server come to be known too late; or there,
      // where nobody is asked any more.
      if (client.watchedCount() > 0 || forwarder.watches(client)) {
        loseWatches(client);
      }
    }
  }

  /** Whether there is a way now. */
  public boolean isOpen() {
    return open;
  }

  /** What a client watches may have changed unseen: its EXEC must fail. */
  public void loseWatches(Client client) {
    client.watchBroken(true);
  }

  /** Whether keys are watched for a client at another server. */
  public boolean watchesElsewhere(Client client) {
    return forwarder.watches(client);
  }

  /** Where this command goes, when some are refused here. */
  Choice choose(Client client, Command command, Args args) {
    if (!open) {
      return Choice.HERE;
    }
    Client.Transaction transaction = client.transaction();
    if (transaction != null) {
      if (!command.is(CommandFlag.TRANSACTION_CONTROL)) {
        return Choice.HERE_IN_ANY_CASE;
      }
      return command.is(CommandFlag.RUNS_TRANSACTION)
          ? chooseForAll(client, transaction)
          : Choice.HERE;
    }
    return command.is(CommandFlag.WATCHES) || isForElsewhere(command, args)
        ? Choice.ELSEWHERE
        : Choice.HERE;
  }

  private Choice chooseForAll(Client client, Client.Transaction transaction) {
    if (transaction.isBroken() || client.isWatchBroken()) {
      return Choice.HERE_IN_ANY_CASE;
    }
    boolean changes =
        transaction.queue().stream().anyMatch(each -> isForElsewhere(each.command(), each.args()));
    return changes || forwarder.watches(client) ? Choice.ELSEWHERE : Choice.HERE;
  }

  /** What would do something else at another server than it does here. */
  private static boolean isForHere(Command command) {
    boolean special = command.is(CommandFlag.NOSCRIPT) || command.is(CommandFlag.ADMIN);
    return special && !command.isWrite() && !command.isScript();
  }

  /**
   * Whether a server that follows may have these words carried out here.
   *
   * @param alone whether they are not part of a transaction
   */
  public boolean mayComeFromElsewhere(Args words, boolean alone) {
    Command command = engine.table().lookUp(words);
    if (command == null) {
      // It is told so.
      return true;
    }
    return alone
        ? command.isWrite() || command.isScript() || command.is(CommandFlag.WATCHES)
        : !isForHere(command) && !command.is(CommandFlag.TRANSACTION_CONTROL);
  }

  /** What may write, but not what only has effects for others, as PUBLISH, which is for here. */
  private static boolean isForElsewhere(Command command, Args args) {
    return command.isWrite() || (command.isScript() && command.mayWrite(args));
  }

  /**
   * Sends a client's command on its way; the client waits from now on.
   *
   * @throws CommandException when it cannot be sent
   */
  void forward(Client client, Command command, Args args) {
    Client.Transaction transaction = client.transaction();
    if (transaction != null && command.is(CommandFlag.RUNS_TRANSACTION)) {
      List<Queued> queue = transaction.queue();
      for (Queued each : queue) {
        if (isForHere(each.command())) {
          throw Errors.err(
              "'"
                  + each.command().fullName()
                  + "' is for this server and connection, but the primary carries this transaction"
                  + " out");
        }
      }
      forwarder.forward(
          client,
          queue.stream().map(each -> each.command().forwardedAs(each.args())).toList(),
          Forwarder.Kind.TRANSACTION);
      queue.forEach(each -> engine.observers().show(client, each.command(), each.args()));
      client.transaction(null);
    } else {
      Forwarder.Kind kind =
          command.is(CommandFlag.WATCHES) ? Forwarder.Kind.WATCH : Forwarder.Kind.COMMAND;
      forwarder.forward(client, List.of(command.forwardedAs(args)), kind);
    }
    engine.observers().show(client, command, args);
    client.blocked(
        new Blocked(
            client,
            command,
            args.copy(),
            engine.keyspace().database(client.database()),
            ValueType.STRING,
            /* untilLost= */ false,
            List.of(),
            Long.MAX_VALUE,
            Reply::nil));
    client.forwards(true);
  }

  /**
   * The answer to what a client has had forwarded is there, and this server has what it speaks of.
   * Not within a command.
   *
   * @param answer writes it
   */
  public void answer(Client client, Consumer<OutgoingReply> answer) {
    Blocked blocked = client.blocked();
    if (blocked == null || !client.forwards()) {
      return;
    }
    OutgoingReply reply = client.outgoingReply();
    int start = reply.position();
    engine.waits().release(blocked, Blocked.State.SERVED);
    // What it did here has come by another way, and was counted.
    client.forwards(false);
    try {
      answer.accept(reply);
    } catch (CommandException e) {
      reply.rewind(start);
      blocked.command().statistics().failed(1);
      engine.error(reply, e);
    }
    engine.finishReply(client, start, client.replyMode());
    client.outlet().resume();
  }

  /** Does something once the command that is being carried out, one that comes from there, ends. */
  public void afterwards(Runnable action) {
    afterwards.add(action);
  }

  void doAfterwards() {
    while (!afterwards.isEmpty()) {
      afterwards.remove().run();
    }
  }

  /** As {@link Engine#unblock}, of a client that waits for an answer. */
  boolean unblock(Client client, boolean withError) {
    return forwarder.unblock(client, withError);
  }

  /** A client watches no keys any more. */
  void unwatch(Client client) {
    forwarder.unwatch(client);
  }
}
