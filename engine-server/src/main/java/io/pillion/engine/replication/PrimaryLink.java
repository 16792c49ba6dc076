package io.pillion.engine.replication;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.world.Line;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to the server that is followed, from the first PING to its end: the handshake, all
 * data if they are needed ({@link FullLoad}), then what happens there ({@link PrimaryStream}).
 *
 * <p>What comes is looked at on the line's thread; whatever is changed is changed under the engine
 * lock, and only while this is the link that counts. Nothing that comes is believed: lines, all
 * data, and what waits to be carried out have limits.
 */
final class PrimaryLink implements Line.Listener, Outlet {
  private static final Logger log = LoggerFactory.getLogger(PrimaryLink.class);
  private static final int MAX_LINE_BYTES = 4 << 10;
  private static final byte[] LINE_FEED = {'\n'};

  private final Following following;
  private final Engine engine;
  private final Replication replication;
  private final Handshake handshake;
  private final FullLoad load;
  private final int streamDatabase;
  private @Nullable PrimaryStream stream;
  private @Nullable Line line;

  // The line's thread alone.
  private final StringBuilder text = new StringBuilder();
  private boolean streams;
  private volatile boolean receives;

  // Under the engine lock.
  private String id = "";
  private long offset;
  private boolean killed;
  private boolean ended;

  private volatile long lastHeardMillis;

  PrimaryLink(
      Following following,
      Engine engine,
      Parameters parameters,
      Replication replication,
      int streamDatabase) {
    this.following = following;
    this.engine = engine;
    this.replication = replication;
    handshake = new Handshake(parameters, this::send);
    load = new FullLoad(following, engine, parameters);
    this.streamDatabase = streamDatabase;
    lastHeardMillis = engine.keyspace().now();
  }

  /** Connects. Under the engine lock. */
  void dial(Line.Target target) {
    line = engine.world().dial(target, this);
  }

  // --- under the engine lock

  long lastHeardMillis() {
    return lastHeardMillis;
  }

  long totalBytes() {
    return load.totalBytes();
  }

  long readBytes() {
    return load.readBytes();
  }

  /** The database that what comes next is for, unless it says otherwise. */
  int database() {
    PrimaryStream begun = stream;
    return begun == null ? streamDatabase : begun.client().database();
  }

  private boolean isCurrent() {
    return !ended && following.isCurrent(this);
  }

  void send(String words) {
    sendBytes(words.getBytes(StandardCharsets.UTF_8));
  }

  private void sendBytes(byte[] bytes) {
    Line current = line;
    if (current != null) {
      current.send(bytes);
    }
  }

  /** Whether more is handed over; not while what there is has to wait. */
  void reading(boolean yes) {
    Line current = line;
    if (current != null && !ended) {
      current.reading(yes);
    }
  }

  /** Ends it; returns the database that what follows would have been for. */
  int end() {
    ended = true;
    Line current = line;
    if (current != null) {
      current.close();
    }
    replication.stream().unstage();
    engine.world().background("replication", load::giveUp);
    PrimaryStream begun = stream;
    return begun == null ? streamDatabase : begun.end();
  }

  /** Gives it up. */
  void abort(boolean badData) {
    following.lost(this, badData);
  }

  /** A second has passed. */
  void timePasses(long timeoutMillis) {
    long silence = engine.keyspace().now() - lastHeardMillis;
    switch (following.state()) {
      case CONNECTED -> {
        if (silence > timeoutMillis) {
          log.warn("PRIMARY timeout: no data nor PING received...");
          abort(/* badData= */ false);
        } else if (stream != null) {
          stream.acknowledge();
        }
      }
      case LOADING -> sendBytes(LINE_FEED);
      case TRANSFER -> {
        if (silence > timeoutMillis) {
          log.warn(
              "Timeout receiving bulk data from PRIMARY... If the problem persists try to set the"
                  + " 'repl-timeout' parameter in the configuration to a larger value.");
          abort(/* badData= */ false);
        }
      }
      case CONNECTING, HANDSHAKE -> {
        if (silence > timeoutMillis) {
          log.warn("Timeout connecting to the PRIMARY...");
          abort(/* badData= */ false);
        }
      }
      case NONE, CONNECT -> {
        // There is no link then.
      }
    }
  }

  // --- on the line's thread

  @Override
  public void connected() {
    engine.hold(
        () -> {
          if (isCurrent()) {
            log.info("Non blocking connect for SYNC fired the event.");
            lastHeardMillis = engine.keyspace().now();
            following.handshake();
            handshake.begin();
          }
        });
  }

  @Override
  public void received(byte[] bytes, int length) {
    lastHeardMillis = engine.world().wallMillis();
    int at = 0;
    while (at < length) {
      if (streams) {
        receiveEffects(bytes, at, length - at);
        return;
      }
      at = receives ? receiveData(bytes, at, length) : receiveLine(bytes, at, length);
      if (at < 0) {
        return;
      }
    }
  }

  private void receiveEffects(byte[] bytes, int from, int length) {
    PrimaryStream current = stream;
    if (current != null) {
      engine.hold(
          () -> {
            if (isCurrent()) {
              current.received(bytes, from, length);
            }
          });
      current.goOn();
    }
  }

  /** Takes bytes of all data; returns where others begin, or -1 when it is over. */
  private int receiveData(byte[] bytes, int at, int length) {
    try {
      int next = load.received(bytes, at, length);
      if (!load.isComplete()) {
        return next;
      }
      receives = false;
      boolean[] current = {false};
      engine.hold(
          () -> {
            current[0] = isCurrent();
            if (current[0]) {
              following.loading();
            }
          });
      if (!current[0]) {
        load.giveUp();
        return -1;
      }
      load.load(this::isCurrent, this::loaded);
      streams = true;
      return next;
    } catch (IOException e) {
      log.warn(
          "Failed trying to load the PRIMARY synchronization DB from disk, check server logs: {}",
          e.getMessage());
      load.giveUp();
      engine.hold(() -> abort(/* badData= */ true));
      return -1;
    }
  }

  /** All data are in place; under the engine lock, with the end of loading. */
  private void loaded(int database) {
    replication.adopt(id, offset);
    following.connected(handshake.offersForwards());
    following.resumeLog();
    log.info("PRIMARY <-> REPLICA sync: Finished with success");
    beginStream(database);
    if (killed) {
      close(/* afterReplies= */ false);
    }
  }

  private void beginStream(int database) {
    Client client = engine.replay().primary(this, new RespReply());
    client.database(database);
    PrimaryStream begun = new PrimaryStream(this, following, engine, replication, client);
    stream = begun;
    begun.acknowledge();
  }

  /** Takes bytes of a line; returns where the next one begins, or -1 when it is over. */
  private int receiveLine(byte[] bytes, int start, int length) {
    int at = start;
    while (at < length && bytes[at] != '\n') {
      text.append((char) (bytes[at] & 0xFF));
      at++;
      if (text.length() > MAX_LINE_BYTES) {
        engine.hold(() -> fail("a line without an end"));
        return -1;
      }
    }
    if (at == length) {
      return at;
    }
    String whole = text.toString().stripTrailing();
    text.setLength(0);
    boolean[] goesOn = {false};
    engine.hold(
        () -> {
          if (isCurrent()) {
            onLine(whole);
            goesOn[0] = isCurrent();
          }
        });
    return goesOn[0] ? at + 1 : -1;
  }

  private void fail(String what) {
    if (isCurrent()) {
      log.warn("The link to the PRIMARY is given up: {}", what);
      abort(/* badData= */ false);
    }
  }

  // --- lines, under the engine lock

  private void onLine(String whole) {
    if (whole.isEmpty()) {
      // What keeps the link alive while the other prepares.
      return;
    }
    if (following.state() == Following.State.TRANSFER) {
      onDataHeader(whole);
    } else if (!handshake.isDone()) {
      String complaint = handshake.answered(whole);
      if (complaint != null) {
        fail(complaint);
      } else if (handshake.isDone()) {
        askToGoOn();
      }
    } else {
      onAnswer(whole);
    }
  }

  private void askToGoOn() {
    if (following.knowsHistory()) {
      long next = replication.offset() + 1;
      log.info("Trying a partial resynchronization (request {}:{}).", replication.id(), next);
      send(
          following.failover().isGoing()
              ? Handshake.words("PSYNC", replication.id(), Long.toString(next), "FAILOVER")
              : Handshake.words("PSYNC", replication.id(), Long.toString(next)));
    } else {
      log.info("Partial resynchronization not possible (no cached primary)");
      send(Handshake.words("PSYNC", "?", "-1"));
    }
  }

  private void onAnswer(String answer) {
    String[] words = answer.split(" ", -1);
    if (words[0].equals("+FULLRESYNC")) {
      if (words.length < 3 || words[1].length() != History.ID_DIGITS || !isOffset(words[2])) {
        fail("Primary replied with wrong +FULLRESYNC syntax.");
        return;
      }
      id = words[1];
      offset = Long.parseLong(words[2]);
      log.info("Full resync from primary: {}:{}", id, offset);
      following.failover().done();
      following.transfer();
    } else if (words[0].equals("+CONTINUE") && following.knowsHistory()) {
      log.info("Successful partial resynchronization with primary.");
      following.failover().done();
      if (words.length > 1 && words[1].length() == History.ID_DIGITS) {
        replication.goOnAs(words[1]);
      }
      streams = true;
      following.connected(handshake.offersForwards());
      log.info("PRIMARY <-> REPLICA sync: Primary accepted a Partial Resynchronization.");
      beginStream(streamDatabase);
    } else if (following.failover().isGoing()) {
      log.warn("Unexpected reply to PSYNC from primary: {}", Handshake.shown(answer));
      following.failover().abort("Failover target rejected psync request");
    } else if (answer.startsWith("-NOMASTERLINK") || answer.startsWith("-LOADING")) {
      fail(
          "Primary is currently unable to PSYNC but should be in the future: "
              + Handshake.shown(answer));
    } else {
      fail("Unexpected reply to PSYNC from primary: " + Handshake.shown(answer));
    }
  }

  private static boolean isOffset(String word) {
    return word.matches("[0-9]{1,18}");
  }

  private void onDataHeader(String header) {
    if (header.startsWith("-")) {
      fail("PRIMARY aborted replication with an error: " + Handshake.shown(header.substring(1)));
      return;
    }
    String complaint = load.begin(header);
    if (complaint != null) {
      fail(complaint);
    } else {
      receives = true;
    }
  }

  @Override
  public void ended(IOException cause) {
    load.giveUp();
    engine.hold(
        () -> {
          if (isCurrent()) {
            switch (following.state()) {
              case CONNECTED -> log.warn("Connection with PRIMARY lost: {}", cause.getMessage());
              case CONNECTING ->
                  log.warn("Error condition on socket for SYNC: {}", cause.getMessage());
              default -> log.warn("I/O error trying to sync with PRIMARY: {}", cause.getMessage());
            }
            abort(/* badData= */ false);
          }
        });
  }

  // --- what others see of it as a client

  @Override
  public void seal(long sealedOffset) {
    // It hears nothing but what it is sent.
    PrimaryStream current = stream;
    if (current != null) {
      current.client().reply().rewind(0);
    }
  }

  @Override
  public void flush() {}

  @Override
  public void resume() {}

  /** Somebody kills it: at once, but no later than what is being done allows. */
  @Override
  public void close(boolean afterReplies) {
    if (ended) {
      return;
    }
    if (following.state() == Following.State.LOADING) {
      killed = true;
      return;
    }
    Line current = line;
    if (current != null) {
      current.close();
    }
    // Whoever closes it may be looking at all clients, of which it is to go.
    engine.world().schedule(0, () -> engine.hold(this::closed));
  }

  private void closed() {
    if (isCurrent()) {
      log.warn("Connection with PRIMARY lost: it was closed on this side");
      abort(/* badData= */ false);
    }
  }

  @Override
  public String peerAddress() {
    Line current = line;
    return current == null ? ":0" : current.peerAddress();
  }

  @Override
  public String localAddress() {
    Line current = line;
    return current == null ? ":0" : current.localAddress();
  }

  @Override
  public long pendingBytes() {
    return 0;
  }
}
