package io.pillion.engine.replication;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.ProtocolException;
import io.pillion.engine.protocol.RequestParser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens at the server that is followed, as it happens: commands are carried out, and their
 * bytes become part of this server's own stream as they are. A transaction is carried out, and
 * becomes part of the stream, whole or not at all.
 */
final class PrimaryStream implements RequestParser.Limits {
  private static final Logger log = LoggerFactory.getLogger(PrimaryStream.class);
  private static final int COMMANDS_PER_HOLD = 64;
  private static final long NANOS_PER_HOLD = 200_000;
  private static final long PAUSE_NANOS = 1_000_000;
  private static final long MAX_WORD_BYTES = 512L << 20;
  private static final String OUT_OF_MEMORY = "OOM ";

  /**
   * What may wait to be carried out: a command, or a transaction, that is not whole. It lies on the
   * heap twice, in the stream and as words.
   */
  private static final long MAX_WAITING_BYTES = Runtime.getRuntime().maxMemory() / 4;

  private final PrimaryLink link;
  private final Following following;
  private final Engine engine;
  private final Replication replication;
  private final Client client;
  private final RequestParser parser = new RequestParser(this);
  private final Args words = new Args();
  private final Acknowledgement acknowledgement;
  private boolean failed;

  private enum Step {
    /** Nothing whole is there. */
    DONE,
    /** There is more, for another hold. */
    MORE,
    /** What comes next must wait. */
    WAIT
  }

  PrimaryStream(
      PrimaryLink link,
      Following following,
      Engine engine,
      Replication replication,
      Client client) {
    this.link = link;
    this.following = following;
    this.engine = engine;
    this.replication = replication;
    this.client = client;
    acknowledgement = new Acknowledgement(engine, following);
  }

  @Override
  public long maxBulkBytes() {
    // What is announced is made room for.
    return Math.min(MAX_WORD_BYTES, MAX_WAITING_BYTES);
  }

  @Override
  public boolean mustAuthenticate() {
    return false;
  }

  // --- under the engine lock

  Client client() {
    return client;
  }

  /** Ends it; returns the database that what follows would have been for. */
  int end() {
    int database = client.database();
    engine.disconnect(client);
    return database;
  }

  /** Says how far it has come. */
  void acknowledge() {
    link.send(acknowledgement.words(replication.offset()));
  }

  /** Takes bytes, to be carried out by {@link #goOn}. */
  void received(byte[] bytes, int from, int length) {
    if (failed) {
      return;
    }
    ReplicationStream stream = replication.stream();
    if (stream.stagedOffset() - stream.propagatedOffset() + length > MAX_WAITING_BYTES) {
      fail("a command or transaction of more than " + MAX_WAITING_BYTES + " bytes");
      return;
    }
    try {
      stream.stage(bytes, from, length);
      parser.receive(bytes, from, length);
    } catch (ProtocolException e) {
      fail("Protocol error from primary: " + e.getMessage());
    } catch (OutOfMemoryError e) {
      fail("no memory for a command or transaction: " + e.getMessage());
    }
  }

  private void fail(String what) {
    failed = true;
    log.warn("The link to the PRIMARY is given up: {}", what);
    following.forgetHistory();
    link.abort(/* badData= */ true);
  }

  private Step some() {
    if (failed || !following.isCurrent(link)) {
      return Step.DONE;
    }
    long end = engine.world().nanos() + NANOS_PER_HOLD;
    int left = COMMANDS_PER_HOLD;
    try {
      while (parser.ready()) {
        if (engine.mustDelayChanges()) {
          return Step.WAIT;
        }
        if (left-- == 0 || engine.world().nanos() >= end) {
          return Step.MORE;
        }
        parser.take(words);
        carryOut();
        if (failed || !following.isCurrent(link)) {
          return Step.DONE;
        }
        if (client.transaction() == null) {
          ReplicationStream stream = replication.stream();
          stream.commit(stream.stagedOffset() - parser.heldBytes());
        }
      }
      parser.trim();
    } catch (ProtocolException e) {
      fail("Protocol error from primary: " + e.getMessage());
    } finally {
      replication.holdEnds();
      following.forwarding().applied();
    }
    return Step.DONE;
  }

  private void carryOut() {
    if (words.is(0, "REPLCONF")) {
      // It asks how far this is, or tells what is of no interest here.
      if (words.count() > 1 && words.is(1, "GETACK")) {
        acknowledge();
      }
      return;
    }
    Command command = engine.table().lookUp(words);
    if (command == null || !isAllowed(command)) {
      complain("a command that does not belong there");
    } else if (!engine.replay().execute(client, words)) {
      complain("a wrong number of arguments");
    } else if (engine.replay().error() != null) {
      String error = engine.replay().error();
      complain(error);
      if (error.startsWith(OUT_OF_MEMORY)) {
        fail("there is too little memory for the data: raise maxmemory");
      }
    }
  }

  /** What changes data, or is part of a transaction; nothing that only clients have use for. */
  private static boolean isAllowed(Command command) {
    boolean changes = command.is(CommandFlag.WRITE) || command.is(CommandFlag.MAY_REPLICATE);
    return changes
        || command.is(CommandFlag.TRANSACTION_CONTROL)
        || !(command.is(CommandFlag.ADMIN)
            || command.is(CommandFlag.PUBSUB)
            || command.is(CommandFlag.BLOCKING));
  }

  private void complain(String error) {
    following.failed();
    log.error(
        "== CRITICAL == This replica is sending an error to its primary: '{}' after processing the"
            + " command '{}'",
        Handshake.shown(error),
        Handshake.shown(Errors.shown(words.get(0))));
  }

  // --- without the lock

  /** Carries out what is there; what cannot be carried out now is left to a timer. */
  void goOn() {
    if (!carriesOutAll()) {
      link.reading(false);
      engine.world().schedule(PAUSE_NANOS, this::tryAgain);
    }
  }

  private void tryAgain() {
    if (carriesOutAll()) {
      link.reading(true);
    } else {
      engine.world().schedule(PAUSE_NANOS, this::tryAgain);
    }
  }

  private boolean carriesOutAll() {
    Step[] step = {Step.MORE};
    while (step[0] == Step.MORE) {
      engine.hold(() -> step[0] = some());
      if (step[0] == Step.MORE) {
        engine.giveWay();
      }
    }
    return step[0] == Step.DONE;
  }
}
