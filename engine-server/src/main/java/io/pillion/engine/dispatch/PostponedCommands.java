package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Reply;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Commands that were not begun, because of a pause, a log that is full or a snapshot that has
 * gathered too much, and when they are. Under the engine lock.
 */
final class PostponedCommands {
  private final Engine engine;
  private final Keyspace keyspace;
  private final Effects effects;
  private final Map<Client, Args> postponed = new LinkedHashMap<>();
  private Engine.PauseMode pause = Engine.PauseMode.NONE;
  private Engine.PauseMode clientPause = Engine.PauseMode.NONE;
  private Engine.PauseMode endPause = Engine.PauseMode.NONE;
  private long pausedUntilMillis;
  private boolean logFull;
  private boolean delayed;
  private long delayBeganNanos;

  PostponedCommands(Engine engine, Effects effects) {
    this.engine = engine;
    this.keyspace = engine.keyspace();
    this.effects = effects;
  }

  /** A hold begins: looks whether changes must wait for room. */
  void beginHold() {
    look();
  }

  /**
   * A hold ends: carries out what waits if there is room now, whoever made it. Who makes room in
   * one place tells nobody again when changes still wait for room in another.
   */
  void endHold() {
    if (logFull || !postponed.isEmpty()) {
      look();
      if (!engine.isInCommand()) {
        executeIfFree();
      }
    }
  }

  private void look() {
    boolean cutFull = keyspace.isCutFull();
    logFull = cutFull || effects.log().isFull();
    if (delayed && !cutFull) {
      delayed = false;
      engine.statistics().delayed(engine.world().nanos() - delayBeganNanos);
    }
  }

  /** Whether changes must wait for room, as it was when the hold began. */
  boolean isLogFull() {
    return logFull;
  }

  /** Whether this client's command is postponed. */
  boolean contains(Client client) {
    return postponed.containsKey(client);
  }

  /** Forgets a client that is gone. */
  void remove(Client client) {
    postponed.remove(client);
  }

  // --- pauses

  /** Whether commands wait for a pause to end. */
  boolean isPaused() {
    return pause != Engine.PauseMode.NONE;
  }

  /** Whether nothing is to be carried out any more. */
  boolean isEnding() {
    return endPause == Engine.PauseMode.ALL;
  }

  /** When CLIENT PAUSE ends, in Unix milliseconds; for ever when only the engine's end waits. */
  long pauseEndMillis() {
    return clientPause == Engine.PauseMode.NONE ? Long.MAX_VALUE : pausedUntilMillis;
  }

  /** Lets commands wait until a moment. */
  void pause(Engine.PauseMode mode, long untilMillis) {
    if (mode == Engine.PauseMode.ALL || clientPause == Engine.PauseMode.NONE) {
      clientPause = mode;
    }
    pausedUntilMillis = Math.max(pausedUntilMillis, untilMillis);
    followPauses();
  }

  /** Lets commands wait because the engine is about to end, or no longer. */
  void pauseForEnd(Engine.PauseMode mode) {
    endPause = mode;
    followPauses();
  }

  private void followPauses() {
    Engine.PauseMode before = pause;
    pause = clientPause.compareTo(endPause) > 0 ? clientPause : endPause;
    keyspace.pauseExpiry(pause != Engine.PauseMode.NONE);
    if (pause.compareTo(before) < 0 && !engine.isInCommand()) {
      execute();
    }
  }

  /** Ends CLIENT PAUSE. */
  void unpause() {
    clientPause = Engine.PauseMode.NONE;
    pausedUntilMillis = 0;
    followPauses();
  }

  /** Ends CLIENT PAUSE if its time has come. */
  void unpauseIfDue() {
    if (pause != Engine.PauseMode.NONE && pausedUntilMillis <= keyspace.now()) {
      unpause();
    }
  }

  // --- commands

  /** Whether a command must not begin now. */
  boolean mustWait(Client client, Command command, Args args) {
    if (clientPause != Engine.PauseMode.NONE && pausedUntilMillis <= keyspace.now()) {
      unpause();
    }
    if (pause == Engine.PauseMode.NONE) {
      return logFull && mayWrite(client, command, args) && (effects.log().isFull() || mustDelay());
    }
    if (pause == Engine.PauseMode.ALL) {
      return true;
    }
    return mayWrite(client, command, args)
        || engine.restrictions().isRedirectedSoon(client, command);
  }

  private static boolean mayWrite(Client client, Command command, Args args) {
    Client.Transaction transaction = client.transaction();
    return command.mayWrite(args)
        || (transaction != null
            && command.is(CommandFlag.RUNS_TRANSACTION)
            && transaction.queue().stream().anyMatch(q -> q.command().mayWrite(q.args())));
  }

  /** Whether what a snapshot has gathered is too much for anything to change: counts the delay. */
  private boolean mustDelay() {
    if (!keyspace.isCutFull()) {
      return false;
    }
    beginDelay();
    engine.statistics().delayedWrite();
    return true;
  }

  private void beginDelay() {
    if (!delayed) {
      delayed = true;
      delayBeganNanos = engine.lastNanos();
    }
  }

  /** Keeps a command for later; its client is served nothing else meanwhile. */
  void add(Client client, Command command, Args args) {
    Args kept;
    try {
      kept = args.copy();
    } catch (CommandException tooLarge) {
      engine.error(client.reply(), tooLarge);
      engine.touch(client);
      return;
    }
    postponed.put(client, kept);
    client.blocked(
        new Blocked(
            client,
            command,
            kept,
            keyspace.database(client.database()),
            ValueType.STRING,
            /* untilLost= */ false,
            List.of(),
            Long.MAX_VALUE,
            Reply::nil));
  }

  /** Carries out what waits, unless there is nothing, or it must go on waiting. */
  void executeIfFree() {
    if (pause != Engine.PauseMode.NONE || postponed.isEmpty()) {
      return;
    }
    if (logFull) {
      look();
    }
    if (!logFull) {
      execute();
    }
  }

  private void execute() {
    Map<Client, Args> waiting = new LinkedHashMap<>(postponed);
    postponed.clear();
    waiting.forEach(
        (client, args) -> {
          if (fillsAgain(client, args)) {
            logFull = true;
            beginDelay();
            postponed.put(client, args);
            return;
          }
          client.blocked(null);
          if (!client.isClosing()) {
            engine.execute(client, args);
          }
          client.outlet().resume();
        });
  }

  /** Whether those before it, each of which may copy a large value, have left it no room. */
  private boolean fillsAgain(Client client, Args args) {
    Blocked blocked = client.blocked();
    return blocked != null
        && !client.isClosing()
        && keyspace.isCutFull()
        && mayWrite(client, blocked.command(), args);
  }
}
