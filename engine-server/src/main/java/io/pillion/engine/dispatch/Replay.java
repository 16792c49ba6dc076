package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.OutgoingReply;
import org.jspecify.annotations.Nullable;

/**
 * Commands of a log, of a file or of another server, that are carried out again. Each was allowed
 * and acknowledged once, so nothing is asked: not who may, nor whether there is memory. Under the
 * engine lock.
 */
public final class Replay {
  private final Engine engine;
  private final Keyspace keyspace;
  private @Nullable String error;

  Replay(Engine engine) {
    this.engine = engine;
    this.keyspace = engine.keyspace();
  }

  /**
   * A client for {@link #execute}, which counts nowhere.
   *
   * @param reply where replies are written to be thrown away
   */
  public Client client(Outlet outlet, OutgoingReply reply) {
    Client client = new Client(engine, /* id= */ 0, outlet, reply, keyspace.now());
    client.replaying();
    return client;
  }

  /**
   * As {@link #client}, but it is seen by others, who may close it: a server that this one follows.
   */
  public Client primary(Outlet outlet, OutgoingReply reply) {
    Client client = engine.connect(outlet, reply);
    client.user(null, /* proved= */ true);
    client.guarded(false);
    client.replaying();
    client.becomePrimary();
    return client;
  }

  /**
   * Carries out a command. Time stands still meanwhile, so that no key expires that the log goes on
   * to use: the log says itself what expired. The reply is thrown away.
   *
   * @param client one of {@link #client}, the same for all of the log, as it may select a database
   *     and begin a transaction
   * @return false when there is no such command, or none with so many words
   */
  public boolean execute(Client client, Args args) {
    error = null;
    Command command = engine.table().lookUp(args);
    if (command == null || !command.takes(args.count())) {
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
      engine.run(new Call(engine, client, command, args, client.reply(), /* mayBlock= */ false));
    } finally {
      keyspace.refreshNow();
      client.reply().rewind(0);
    }
    engine.effects().commit(client);
    engine.waits().serveReady();
    return true;
  }

  /** What the last command has answered in vain; null when it went well. */
  public @Nullable String error() {
    return error;
  }

  /** A command has failed, whoever has sent it. */
  void failed(String text) {
    error = text;
  }
}
