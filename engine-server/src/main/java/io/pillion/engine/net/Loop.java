package io.pillion.engine.net;

import io.netty.channel.EventLoop;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Turn;
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
final class Loop {
  private static final Logger log = LoggerFactory.getLogger(Loop.class);

  private final EventLoop eventLoop;
  private final Turn turn;
  private final ArrayDeque<Turn.Source> pending = new ArrayDeque<>();
  private final Set<Connection> connections = new LinkedHashSet<>();
  private final Runnable runTurn = this::runTurn;
  private boolean turnComes;

  Loop(EventLoop eventLoop, Engine engine) {
    this.eventLoop = eventLoop;
    this.turn = new Turn(engine);
    // Ends with its loop; nobody else has to stop it.
    var unused = eventLoop.scheduleAtFixedRate(this::lookAfter, 1, 1, TimeUnit.SECONDS);
  }

  EventLoop eventLoop() {
    return eventLoop;
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

  private void runTurn() {
    turnComes = false;
    while (!pending.isEmpty()) {
      try {
        turn.run(pending);
      } catch (Throwable failure) {
        // Too little heap, or a bug. What became of the command is unknown: its client must ask.
        Connection culprit = (Connection) pending.removeFirst();
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
