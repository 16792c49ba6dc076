package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.ClientListener;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.RespReply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What replicas have carried out here for their clients: FORWARD. Each of those clients has a
 * {@link Shadow} here, a client like any other, which is who the replica says that it is; so
 * whoever may send FORWARD may do what any user may. Under the engine lock.
 */
public final class Forwards implements ClientListener {
  private static final Logger log = LoggerFactory.getLogger(Forwards.class);
  private static final long SECOND = 1_000_000_000;

  /** How frames look; a replica that writes others is refused. */
  static final String VERSION = "1";

  /** Words before those of the command: see {@link Forwarding}. */
  static final int HEADER_WORDS = 10;

  private final Parameters parameters;
  private final Replication replication;
  private final Map<Client, Link> links = new HashMap<>();
  private Engine engine;
  private long carriedOut;
  private boolean ticking;

  /** One connection of a replica, and for whom it has spoken. */
  static final class Link {
    final Client client;
    final Map<Long, Shadow> shadows = new HashMap<>();
    long waitingBytes;

    Link(Client client) {
      this.client = client;
    }
  }

  /** Of an engine that is yet to be made. */
  @SuppressWarnings("NullAway.Init") // attach() comes before anything else
  public Forwards(Parameters parameters, Replication replication) {
    this.parameters = parameters;
    this.replication = replication;
  }

  /** Says who carries them out; before anything else. */
  public void attach(Engine newEngine) {
    engine = newEngine;
    engine.clients().addListener(this);
  }

  Engine engine() {
    return engine;
  }

  Replication replication() {
    return replication;
  }

  // --- what INFO says

  /** How many connections of replicas there are. */
  public int linkCount() {
    return links.size();
  }

  /** For how many clients they have spoken that are still there. */
  public int clientCount() {
    return links.values().stream().mapToInt(link -> link.shadows.size()).sum();
  }

  /** How many commands and transactions were carried out. */
  public long carriedOut() {
    return carriedOut;
  }

  // --- FORWARD

  /** FORWARD BEGIN: whether the frames that follow will be understood. */
  public void begin(Call call) {
    if (!call.args().is(2, VERSION)) {
      throw Errors.err("unknown version of FORWARD: " + Errors.shown(call.arg(2)));
    }
    if (!(call.reply() instanceof RespReply)) {
      throw Errors.err("FORWARD is for connections");
    }
    links.computeIfAbsent(call.client(), Link::new);
    tick();
    call.reply().ok();
  }

  private Link link(Call call) {
    Link link = links.get(call.client());
    if (link == null) {
      throw Errors.err("FORWARD BEGIN comes first");
    }
    return link;
  }

  /** FORWARD PING. */
  public void ping(Call call) {
    link(call);
    call.reply().array(1);
    call.reply().bulk("PONG");
  }

  /** FORWARD CALL: one command of a client. */
  public void call(Call call) {
    Args command = words(call, HEADER_WORDS, call.count() - HEADER_WORDS);
    check(command, /* alone= */ true);
    accept(call, List.of(command));
  }

  /** FORWARD EXEC: the commands of a client's transaction, each with the number of its words. */
  public void exec(Call call) {
    List<Args> commands = new ArrayList<>();
    commands.add(Args.of(Bytes.of("MULTI")));
    int at = HEADER_WORDS;
    while (at < call.count()) {
      long count = call.args().integer(at);
      if (count < 1 || count > call.count() - at - 1) {
        throw Errors.err("FORWARD EXEC with a wrong number of words");
      }
      Args command = words(call, at + 1, (int) count);
      check(command, /* alone= */ false);
      commands.add(command);
      at += 1 + (int) count;
    }
    commands.add(Args.of(Bytes.of("EXEC")));
    accept(call, commands);
  }

  private void check(Args command, boolean alone) {
    if (!engine.forwarded().mayComeFromElsewhere(command, alone)) {
      throw Errors.err(
          "FORWARD of '" + Errors.shown(command.get(0)) + "', which is not for others");
    }
  }

  private static Args words(Call call, int from, int count) {
    Bytes[] copies = new Bytes[count];
    for (int i = 0; i < count; i++) {
      copies[i] = call.arg(from + i).copy();
    }
    return Args.of(copies);
  }

  private void accept(Call call, List<Args> commands) {
    Link link = link(call);
    long frame = call.args().integer(2);
    long number = call.args().integer(3);
    long database = call.args().integer(4);
    long version = call.args().integer(5);
    if ((version != 2 && version != 3) || database < 0) {
      throw Errors.err("FORWARD of a wrong form");
    }
    boolean watches = call.args().integer(6) == 1;
    Shadow shadow = link.shadows.get(number);
    if (shadow != null && shadow.isBusy()) {
      throw Errors.err("FORWARD for a client that has not been answered");
    }
    CommandException complaint = complaint(link, shadow, database, bytes(commands));
    if (complaint == null && shadow == null) {
      shadow = new Shadow(this, link, number, shown(call.arg(9)));
      link.shadows.put(number, shadow);
    }
    if (complaint == null && shadow != null && !shadow.becomes(call.arg(7))) {
      complaint =
          Errors.err(
              "the user '"
                  + Errors.shown(call.arg(7))
                  + "' may not log in at the primary, or is not known there");
    }
    if (complaint != null || shadow == null) {
      refuse(link, frame, database, complaint == null ? "ERR" : complaint.text());
      return;
    }
    shadow.client().name(shown(call.arg(8)));
    shadow.client().database((int) database);
    shadow.client().reply().version((int) version);
    carriedOut++;
    Shadow accepted = shadow;
    accepted.begin(frame, commands, watches);
    engine.forwarded().afterwards(accepted::goOn);
  }

  /** As CLIENT LIST can show it. */
  private static String shown(Bytes word) {
    return word.toUtf8().replaceAll("[^!-~]", "_");
  }

  private static long bytes(List<Args> commands) {
    return commands.stream().mapToLong(Args::sizeBytes).sum();
  }

  private @Nullable CommandException complaint(
      Link link, @Nullable Shadow shadow, long database, long bytes) {
    if (database >= engine.keyspace().databaseCount()) {
      return Errors.err("DB index is out of range");
    }
    if (shadow == null && clientCount() >= parameters.number("maxclients")) {
      return Errors.err("max number of clients reached");
    }
    if (link.waitingBytes + bytes > parameters.number("client-query-buffer-limit")) {
      return Errors.err("too much is waiting at the primary");
    }
    return null;
  }

  private void refuse(Link link, long frame, long database, String text) {
    RespReply error = new RespReply();
    error.error(text);
    answer(link, frame, database, error);
  }

  /** Sends an answer, the client's database, and up to where who gets it must have come. */
  void answer(Link link, long frame, long database, RespReply answer) {
    // While data are loaded nothing is carried out, and there may be no history yet.
    boolean waits = !engine.restrictions().isLoading();
    link.client.push(
        reply -> {
          reply.array(6);
          reply.bulk("REPLY");
          reply.bulk(frame);
          reply.bulk(database);
          reply.bulk(replication.id());
          reply.bulk(waits ? replication.offset() : -1);
          reply.bulk(answer.array(), 0, answer.size());
        });
  }

  /** Says that there is never going to be an answer. */
  void lost(Link link, long frame) {
    link.client.push(
        reply -> {
          reply.array(2);
          reply.bulk("LOST");
          reply.bulk(frame);
        });
  }

  /** FORWARD CANCEL: CLIENT UNBLOCK, for a client of the replica. */
  public void cancel(Call call) {
    Shadow shadow = link(call).shadows.get(call.args().integer(2));
    boolean withError = call.args().integer(3) == 1;
    if (shadow != null) {
      Client client = shadow.client();
      engine.forwarded().afterwards(() -> engine.unblock(client, withError));
    }
  }

  /** FORWARD GONE: a client has left the replica, or watches nothing any more. */
  public void gone(Call call) {
    Shadow shadow = link(call).shadows.remove(call.args().integer(2));
    if (shadow != null) {
      engine.forwarded().afterwards(shadow::end);
    }
  }

  // --- time

  private void tick() {
    if (!ticking && !links.isEmpty() && !engine.isClosed()) {
      ticking = true;
      engine.world().schedule(SECOND, () -> engine.hold(this::timePasses));
    }
  }

  /** A replica that is gone without a word must not go on waiting for what others could have. */
  private void timePasses() {
    ticking = false;
    long now = engine.keyspace().now();
    long timeoutMillis = parameters.number("repl-timeout") * 1000;
    for (Link link : List.copyOf(links.values())) {
      if (now - link.client.lastActiveMillis() > timeoutMillis) {
        log.warn("Disconnecting a replica that forwards and is silent: {}", link.client);
        engine.kill(link.client);
      }
    }
    tick();
  }

  @Override
  public void forget(Client client) {
    Link link = links.remove(client);
    if (link != null) {
      List<Shadow> left = List.copyOf(link.shadows.values());
      link.shadows.clear();
      // Whoever closes the link may be looking at all clients, of which they are to go.
      engine.world().schedule(0, () -> engine.hold(() -> left.forEach(Shadow::end)));
    }
  }
}
