package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What commands, time and want of memory have changed, on its way to the command log: gathered
 * while a command goes on, handed over as one when it has ended. Under the engine lock.
 */
final class Effects {
  private static final Bytes DEL = Bytes.of("DEL".getBytes(StandardCharsets.US_ASCII));
  private static final Bytes UNLINK = Bytes.of("UNLINK".getBytes(StandardCharsets.US_ASCII));

  private final Engine engine;
  private final List<Effect> pending = new ArrayList<>();
  private CommandLog ownLog = CommandLog.OFF;
  private CommandLog followersLog = CommandLog.OFF;
  private CommandLog log = CommandLog.OFF;
  private boolean silent;

  Effects(Engine engine) {
    this.engine = engine;
  }

  private static final class Effect {
    final int database;
    final Bytes[] words;
    final boolean kept;

    Effect(int database, Bytes[] words, boolean kept) {
      this.database = database;
      this.words = words;
      this.kept = kept;
    }
  }

  /** Where effects go. */
  CommandLog log() {
    return log;
  }

  void log(CommandLog newLog) {
    ownLog = newLog;
    combineLogs();
  }

  void followersLog(CommandLog newLog) {
    followersLog = newLog;
    combineLogs();
  }

  void silent(boolean yes) {
    silent = yes;
    combineLogs();
  }

  private void combineLogs() {
    if (silent) {
      log = CommandLog.OFF;
    } else if (!followersLog.isOn()) {
      log = ownLog;
    } else if (!ownLog.isOn()) {
      log = followersLog;
    } else {
      log = new BothLogs(ownLog, followersLog);
    }
  }

  /** Gathers the effects of a command that was carried out. */
  void collect(Call call) {
    if (!log.isOn()) {
      return;
    }
    int database = call.client().database();
    if (!engine.isInCommand()
        && pending.isEmpty()
        && !call.hasOwnEffects()
        && !call.isPassedOn()
        && call.changes() > 0
        && call.command().isWrite()) {
      // Most commands: straight from the words into the log.
      log.append(database, call.args());
      call.client().wrote(log.offset(), log.propagatedOffset());
      return;
    }
    if (call.hasOwnEffects()) {
      for (Bytes[] words : call.effects()) {
        pending.add(new Effect(database, words, /* kept= */ true));
      }
    } else if (call.isPassedOn() || (call.changes() > 0 && call.command().isWrite())) {
      Args args = call.args();
      Bytes[] words = new Bytes[args.count()];
      for (int i = 0; i < words.length; i++) {
        words[i] = args.get(i);
      }
      pending.add(new Effect(database, words, /* kept= */ !call.isPassedOn()));
    }
  }

  /** How many are gathered and not handed over. */
  int pendingCount() {
    return pending.size();
  }

  /** Forgets all but the first {@code count} that are gathered. */
  void forgetAfter(int count) {
    pending.subList(count, pending.size()).clear();
  }

  /** Hands the effects of a client's command, or transaction, to the log. */
  void commit(Client client) {
    if (!pending.isEmpty()) {
      Command last = client.lastCommand();
      commit(last == null || !last.is(CommandFlag.TOUCHES_ARBITRARY_KEYS));
      client.wrote(log.offset(), log.propagatedOffset());
    }
  }

  private void commit(boolean asOne) {
    boolean together = asOne && pending.size() > 1;
    if (together) {
      log.begin();
    }
    for (Effect effect : pending) {
      if (effect.kept) {
        log.append(effect.database, effect.words);
      } else {
        log.pass(effect.database, effect.words);
      }
    }
    if (together) {
      log.end();
    }
    pending.clear();
  }

  /** The effect of a key that is gone without a command. */
  void delete(Database database, Bytes key, boolean lazily) {
    if (log.isOn()) {
      ofTime(database, lazily ? UNLINK : DEL, key.copy());
    }
  }

  /** An effect that no command has, but time or want of memory. */
  void ofTime(Database database, Bytes... words) {
    pending.add(new Effect(database.number(), words, /* kept= */ true));
    if (!engine.isInCommand()) {
      commit(/* asOne= */ true);
    }
  }
}
