package io.pillion.engine.net;

import io.netty.channel.EventLoop;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Poller;
import io.pillion.engine.dispatch.Turn;
import io.pillion.engine.protocol.BufferPool;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One network loop's connections and its turns. What a poll has read is carried out once the whole
 * poll has been read, in one turn. Belongs to the event loop's thread.
 */
final class Loop implements Poller {
  private static final Logger log = LoggerFactory.getLogger(Loop.class);

  private final EngineLoops.PollingLoop eventLoop;
  private final Turn turn;
  private final Turn busyTurn;
  private final BufferPool requests = new BufferPool();
  private ArrayDeque<Turn.Source> pending = new ArrayDeque<>();
  private final Set<Connection> connections = new LinkedHashSet<>();
  private final Runnable runTurn = this::runTurn;
  private boolean turnComes;
  private boolean isPolling;

  Loop(EngineLoops.PollingLoop eventLoop, Engine engine) {
    this.eventLoop = eventLoop;
    this.turn = new Turn(engine);
    busyTurn = new Turn(engine);
    engine.scriptHost().addPoller(this);
    // Ends with its loop; nobody else has to stop it.
    var unused = eventLoop.scheduleAtFixedRate(this::lookAfter, 1, 1, TimeUnit.SECONDS);
  }

  EventLoop eventLoop() {
    return eventLoop;
  }

  /** What its connections' parsers lend each other for requests. */
  BufferPool requests() {
    return requests;
  }

  void join(Connection connection) {
    connections.add(connection);
  }

  void leave(Connection connection) {
    connections.remove(connection);
  }

  /** Has a connection's input carried out in the turn that follows the poll going on. */
  void add(Connection connection) {
    pending.addLast(connection);
    if (!turnComes) {
      turnComes = true;
      eventLoop.execute(runTurn);
    }
  }

  @Override
  public boolean isHere() {
    return eventLoop.inEventLoop();
  }

  /** A script of one of its connections is busy: the others are served all the same. */
  @Override
  public void poll() {
    if (isPolling) {
      return;
    }
    isPolling = true;
    ArrayDeque<Turn.Source> around = pending;
    Turn.Source busy = around.pollFirst();
    // What waited behind the connection of the script is served now, in a turn of its own.
    pending = new ArrayDeque<>(around);
    try {
      if (!pending.isEmpty()) {
        busyTurn.run(pending);
      }
      eventLoop.pollNow();
    } finally {
      around.clear();
      if (busy != null) {
        around.addFirst(busy);
      }
      around.addAll(pending);
      pending = around;
      isPolling = false;
    }
  }

  private void runTurn() {
    turnComes = false;
    Turn now = isPolling ? busyTurn : turn;
    while (!pending.isEmpty()) {
      try {
        now.run(pending);
      } catch (Throwable failure) {
        // Too little heap, or a bug. What became of the command is unknown: its client must ask.
        Connection culprit = (Connection) pending.pollFirst();
        if (culprit == null) {
          log.error("The end of a turn failed", failure);
          return;
        }
        log.error("{} failed; its connection is closed", culprit.client(), failure);
        culprit.end();
      }
    }
  }

  /** Ends all connections. */
  void endAll() {
    Set.copyOf(connections).forEach(Connection::end);
  }

  private void lookAfter() {
    for (Connection connection : Set.copyOf(connections)) {
      connection.lookAfter();
    }
  }
}
