package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientListener;
import io.pillion.engine.dispatch.ClientUser;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Forwarder;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.OutgoingReply;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.world.Line;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the primary, when it is an engine like this one, carry out what clients of this replica may
 * not do here. Under the engine lock.
 *
 * <p>Frames go over a connection of their own ({@link ForwardLink}) and are answered in any order:
 *
 * <pre>
 * FORWARD BEGIN version                                              +OK
 * FORWARD CALL frame client database resp watches user name address word...
 * FORWARD EXEC frame client database resp watches user name address (count word...)...
 *                                      REPLY frame database history offset answer
 *                                      or LOST frame
 * FORWARD CANCEL client witherror
 * FORWARD GONE client
 * FORWARD PING                                       PONG
 * </pre>
 *
 * <p>An answer is kept until what has come by way of replication reaches its offset in its history:
 * so clients read here what they wrote. Nothing is ever sent twice. What was on its way when the
 * connection ended is in doubt, and that is what its client is told.
 */
public final class Forwarding implements Forwarder, ClientListener {
  private static final Logger log = LoggerFactory.getLogger(Forwarding.class);
  private static final long SECOND = 1_000_000_000;
  private static final int PAUSE_SECONDS = 10;
  private static final String UNSEEN =
      " The primary has carried the command out, but this server does not have what it did.";

  private final Parameters parameters;
  private final Replication replication;
  private final Map<Client, Session> sessions = new HashMap<>();
  private final Map<Long, Forward> underWay = new LinkedHashMap<>();
  private final ArrayDeque<Forward> answered = new ArrayDeque<>();
  private final RespReply frame = new RespReply();
  private Engine engine;
  private @Nullable Supplier<Line.@Nullable Target> target;
  private @Nullable ForwardLink link;
  private boolean begun;
  private boolean up;
  private long nextFrame = 1;
  private long nextTryNanos;
  private long requestBytes;
  private long answerBytes;
  private long forwarded;
  private long inDoubt;

  /** What a client has there. */
  private static final class Session {
    boolean hasShadow;
    boolean watches;
  }

  /** What was sent, and not handed to the client as an answer. */
  private static final class Forward {
    final long number;
    final Client client;
    final Kind kind;
    final long requestBytes;
    boolean waits;
    byte[] answer = new byte[0];
    int database;
    String history = "";
    long offset;
    long deadlineNanos;

    Forward(long number, Client client, Kind kind, long requestBytes) {
      this.number = number;
      this.client = client;
      this.kind = kind;
      this.requestBytes = requestBytes;
    }
  }

  /** Of an engine that is yet to be made. */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  Forwarding(Parameters parameters, Replication replication) {
    this.parameters = parameters;
    this.replication = replication;
  }

  void attach(Engine newEngine) {
    engine = newEngine;
    engine.forwarded().forwarder(this);
    engine.clients().addListener(this);
  }

  // --- what INFO says

  /** Whether commands are forwarded now. */
  public boolean isOpen() {
    return engine.forwarded().isOpen();
  }

  /** How many commands and transactions were sent. */
  public long forwarded() {
    return forwarded;
  }

  /** How many of them nobody knows the outcome of. */
  public long inDoubt() {
    return inDoubt;
  }

  /** How many wait for their answer, or to have what it speaks of. */
  public int underWay() {
    return underWay.size() + answered.size();
  }

  // --- the link

  /**
   * Says where the primary is.
   *
   * @param newTarget null when there is none that takes forwards, or it is not to be asked to
   */
  void to(@Nullable Supplier<Line.@Nullable Target> newTarget) {
    target = newTarget;
    if (newTarget == null) {
      end("This server does not follow that primary any more.");
    } else if (link == null) {
      dial();
    }
  }

  /** Says whether everything that happens there comes here. */
  void up(boolean yes) {
    up = yes;
    look();
  }

  private void look() {
    engine.forwarded().open(up && begun);
  }

  private void dial() {
    Supplier<Line.@Nullable Target> where = target;
    Line.Target found = where == null ? null : where.get();
    nextTryNanos = engine.world().nanos() + SECOND;
    if (found != null) {
      ForwardLink dialled = new ForwardLink(this, engine, parameters);
      link = dialled;
      dialled.dial(found);
    }
  }

  boolean isCurrent(ForwardLink which) {
    return link == which && !engine.isClosed();
  }

  /** The primary takes frames from now on. */
  void begun() {
    begun = true;
    log.info("Writes are forwarded to the PRIMARY");
    look();
  }

  /**
   * A link has ended, for whatever reason.
   *
   * @param refused whether it makes no sense to ask again soon
   */
  void lost(ForwardLink which, String why, boolean refused) {
    if (link != which) {
      return;
    }
    log.warn("Writes are not forwarded: {}", why);
    end("The link to the primary was lost.");
    nextTryNanos = engine.world().nanos() + (refused ? PAUSE_SECONDS : 1) * SECOND;
  }

  private void end(String why) {
    ForwardLink current = link;
    link = null;
    begun = false;
    if (current != null) {
      current.close();
    }
    look();
    sessions.forEach(
        (client, session) -> {
          if (session.watches) {
            engine.forwarded().loseWatches(client);
          }
        });
    sessions.clear();
    List<Forward> lost = List.copyOf(underWay.values());
    underWay.clear();
    requestBytes = 0;
    for (Forward each : lost) {
      doubt(each, why + " The command may have been carried out, or not.");
    }
    if (target == null) {
      List<Forward> unseen = List.copyOf(answered);
      answered.clear();
      answerBytes = 0;
      unseen.forEach(each -> doubt(each, why + UNSEEN));
    }
  }

  private void doubt(Forward forward, String text) {
    inDoubt++;
    answer(
        forward,
        reply -> {
          throw new CommandException("INDOUBT " + text);
        });
  }

  /** The engine has ended. */
  void close() {
    ForwardLink current = link;
    link = null;
    if (current != null) {
      current.close();
    }
  }

  /** A second has passed. */
  void timePasses(long timeoutMillis) {
    ForwardLink current = link;
    if (current != null) {
      current.timePasses(timeoutMillis);
    } else if (target != null && nextTryNanos - engine.world().nanos() < SECOND / 10) {
      dial();
    }
    long now = engine.world().nanos();
    while (!answered.isEmpty() && answered.element().deadlineNanos <= now) {
      doubt(takeFirst(), "Replication lags behind." + UNSEEN);
    }
    applied();
  }

  // --- commands on their way

  @Override
  public boolean watches(Client client) {
    Session session = sessions.get(client);
    return session != null && session.watches;
  }

  @Override
  public void forward(Client client, List<Args> commands, Kind kind) {
    ForwardLink current = link;
    if (current == null) {
      throw Following.READ_ONLY;
    }
    long most = parameters.number("replica-forward-buffer");
    long words = commands.stream().mapToLong(Args::sizeBytes).sum();
    if (!underWay.isEmpty() && requestBytes + words > most) {
      throw Errors.err("too much is on its way to the primary: see replica-forward-buffer");
    }
    Session session = sessions.computeIfAbsent(client, each -> new Session());
    byte[] bytes = frame(client, session, commands, kind);
    session.hasShadow = true;
    session.watches &= kind != Kind.TRANSACTION;
    Forward sent = new Forward(nextFrame++, client, kind, bytes.length);
    underWay.put(sent.number, sent);
    requestBytes += sent.requestBytes;
    forwarded++;
    current.send(bytes);
  }

  private byte[] frame(Client client, Session session, List<Args> commands, Kind kind) {
    boolean together = kind == Kind.TRANSACTION;
    int count = commands.stream().mapToInt(each -> each.count() + (together ? 1 : 0)).sum();
    ClientUser user = client.user();
    try {
      frame.array(Forwards.HEADER_WORDS + count);
      frame.bulk("FORWARD");
      frame.bulk(together ? "EXEC" : "CALL");
      frame.bulk(nextFrame);
      frame.bulk(client.id());
      frame.bulk(client.database());
      frame.bulk(client.reply().version());
      frame.bulk(session.watches ? 1 : 0);
      frame.bulk(user == null ? Bytes.of("default") : user.name());
      frame.bulk(client.name());
      frame.bulk(client.outlet().peerAddress());
      for (Args each : commands) {
        if (together) {
          frame.bulk(each.count());
        }
        for (int i = 0; i < each.count(); i++) {
          frame.bulk(each.get(i));
        }
      }
      return Arrays.copyOf(frame.array(), frame.size());
    } finally {
      frame.clear();
    }
  }

  @Override
  public boolean unblock(Client client, boolean withError) {
    ForwardLink current = link;
    Command command = client.lastCommand();
    boolean waits = command != null && command.is(CommandFlag.BLOCKING);
    boolean isThere = underWay.values().stream().anyMatch(each -> each.client == client);
    if (current == null || !waits || !isThere) {
      return false;
    }
    current.send("FORWARD", "CANCEL", Long.toString(client.id()), withError ? "1" : "0");
    return true;
  }

  @Override
  public void unwatch(Client client) {
    Session session = sessions.get(client);
    if (session != null && session.watches) {
      leave(client);
    }
  }

  @Override
  public void forget(Client client) {
    leave(client);
    if (client.forwards()) {
      underWay.values().removeIf(each -> isOf(each, client));
      answered.removeIf(each -> isOf(each, client));
    }
  }

  private boolean isOf(Forward forward, Client client) {
    if (forward.client != client) {
      return false;
    }
    if (forward.waits) {
      answerBytes -= forward.answer.length;
    } else {
      requestBytes -= forward.requestBytes;
    }
    return true;
  }

  private void leave(Client client) {
    Session session = sessions.remove(client);
    ForwardLink current = link;
    if (session != null && session.hasShadow && current != null) {
      current.send("FORWARD", "GONE", Long.toString(client.id()));
    }
  }

  // --- answers

  /** An answer has come. */
  void answered(long number, int database, String history, long offset, byte[] answer) {
    Forward forward = underWay.remove(number);
    if (forward == null) {
      // Its client has left.
      return;
    }
    requestBytes -= forward.requestBytes;
    forward.waits = true;
    forward.answer = answer;
    forward.database = database;
    forward.history = history;
    forward.offset = offset;
    forward.deadlineNanos = engine.world().nanos() + parameters.number("repl-timeout") * SECOND;
    answered.add(forward);
    answerBytes += answer.length;
    applied();
    breathe();
  }

  /** There is never going to be an answer. */
  void lost(long number) {
    Forward forward = underWay.remove(number);
    if (forward != null) {
      requestBytes -= forward.requestBytes;
      doubt(
          forward,
          "The primary has cut the client off. The command may have been carried out, or not.");
    }
  }

  /** This server has come further: hands on the answers that waited for that. */
  void applied() {
    while (!answered.isEmpty() && isHere(answered.element())) {
      Forward forward = takeFirst();
      if (forward.kind == Kind.WATCH && forward.answer[0] == '+') {
        watched(forward.client);
      } else if (forward.kind == Kind.TRANSACTION && isDatabase(forward.database)) {
        forward.client.database(forward.database);
      }
      answer(forward, reply -> reply.answer(forward.answer));
    }
  }

  private boolean isDatabase(int number) {
    return number >= 0 && number < engine.keyspace().databaseCount();
  }

  private void watched(Client client) {
    Session session = sessions.get(client);
    if (session == null || !isOpen()) {
      // The link was lost meanwhile, and the watch with it.
      engine.forwarded().loseWatches(client);
    }
    if (session != null) {
      session.watches = true;
    }
  }

  private Forward takeFirst() {
    Forward first = answered.remove();
    answerBytes -= first.answer.length;
    breathe();
    return first;
  }

  /** Takes no more answers while many wait. */
  private void breathe() {
    ForwardLink current = link;
    if (current != null) {
      current.reading(answerBytes <= parameters.number("replica-forward-buffer"));
    }
  }

  private boolean isHere(Forward forward) {
    if (forward.offset < 0) {
      return true;
    }
    return forward.offset <= replication.offset()
        && (forward.history.equals(replication.id())
            || (forward.history.equals(replication.secondId())
                && forward.offset < replication.secondOffset()));
  }

  private void answer(Forward forward, Consumer<OutgoingReply> answer) {
    engine.forwarded().answer(forward.client, answer);
  }
}
