package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * One loop's share of the engine: it carries out what its connections have read, in holds of the
 * lock that are short enough for others to get their turn, and flushes after each. Belongs to one
 * thread.
 */
public final class Turn {
  private static final int COMMANDS_PER_HOLD = 64;
  private static final long NANOS_PER_HOLD = 200_000;

  private final Engine engine;
  private final Args args = new Args();
  private final List<Outlet> outlets = new ArrayList<>();

  /** A loop's share of this engine. */
  public Turn(Engine engine) {
    this.engine = engine;
  }

  /** Where commands come from: a connection with input that has been parsed. */
  public interface Source {
    /** Whose commands they are. */
    Client client();

    /**
     * Moves the words to the next command. Called under the lock; where the input breaks the
     * protocol it writes the error to the client's reply and closes the client.
     *
     * @return false when there is no whole command
     */
    boolean next(Args words);
  }

  /**
   * Carries out all commands of these sources, except of clients that come to wait or to close;
   * empties the queue.
   */
  public void run(ArrayDeque<Source> sources) {
    while (!sources.isEmpty()) {
      engine.beginHold();
      try {
        oneHold(sources);
      } finally {
        // Also when a command failed: others were answered.
        engine.endHold(outlets, /* more= */ !sources.isEmpty());
        for (int i = 0; i < outlets.size(); i++) {
          outlets.get(i).flush();
        }
        outlets.clear();
      }
    }
  }

  private void oneHold(ArrayDeque<Source> sources) {
    long end = engine.lastNanos() + NANOS_PER_HOLD;
    int left = COMMANDS_PER_HOLD;
    while (!sources.isEmpty()) {
      Source source = sources.peekFirst();
      Client client = source.client();
      if (engine.scriptHost().isBusyWith(client)) {
        sources.removeFirst();
        continue;
      }
      while (client.blocked() == null && !client.isClosing() && source.next(args)) {
        engine.execute(client, args);
        if (--left == 0 || engine.lastNanos() >= end) {
          return;
        }
      }
      if (client.reply().position() != 0) {
        // A protocol error was written outside of any command.
        engine.touch(client);
      }
      sources.removeFirst();
    }
  }
}
