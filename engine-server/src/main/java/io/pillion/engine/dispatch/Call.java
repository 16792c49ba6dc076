package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One command being carried out: what a handler gets. It reads words, looks up keys, changes them,
 * says what it changed, and writes one reply.
 *
 * <p>What a command says of its changes:
 *
 * <ul>
 *   <li>{@link #changed} once for each key it changed, with Redis' event for it;
 *   <li>{@link #effect} when the words as sent would not do the same again (chance, time, clients
 *       that wait): one or more commands that do. Without it, the words as sent are the effect.
 * </ul>
 */
public final class Call {
  private static final Bytes DEL = Bytes.of("DEL");
  private static final Bytes UNLINK = Bytes.of("UNLINK");

  private final Engine engine;
  private final Client client;
  private final boolean mayBlock;
  private Command command;
  private Args args;
  private Reply reply;
  private long changes;
  private boolean ownEffects;
  private boolean passedOn;
  private boolean blocked;
  private final List<Bytes[]> effects = new ArrayList<>(0);

  Call(Engine engine, Client client, Command command, Args args, Reply reply, boolean mayBlock) {
    this.engine = engine;
    this.client = client;
    this.command = command;
    this.args = args;
    this.reply = reply;
    this.mayBlock = mayBlock;
  }

  // --- what was asked

  /** The words: the command's name at 0, then its arguments. */
  public Args args() {
    return args;
  }

  /** How many words there are, the name included. */
  public int count() {
    return args.count();
  }

  /** The word at an index; 0 is the name. A view: copy what is to be kept. */
  public Bytes arg(int index) {
    return args.get(index);
  }

  /** The command, or subcommand, being carried out. */
  public Command command() {
    return command;
  }

  /**
   * Whether whoever asks may, by the same rules that let this command pass, read every key: for
   * keys that are not among the words.
   */
  public boolean mayReadAllKeys() {
    // A script has no rights of its own.
    Client asks = engine.executing();
    return asks == null
        || client.isReplaying()
        || !asks.isGuarded()
        || engine.gate().allowsReadingAllKeys(asks, command, args);
  }

  /** Who asks. */
  public Client client() {
    return client;
  }

  /** Where the answer goes. */
  public Reply reply() {
    return reply;
  }

  /** Copies the words, for a command during which the connection reads on. */
  public void keepArgs() {
    args = args.copy();
  }

  // --- where the data are

  /** The engine. */
  public Engine engine() {
    return engine;
  }

  /** All databases. */
  public Keyspace keyspace() {
    return engine.keyspace();
  }

  /** The database that the client has selected. */
  public Database database() {
    return engine.keyspace().database(client.database());
  }

  /** Where the data are. */
  public Arena arena() {
    return engine.keyspace().arena();
  }

  /** Unix milliseconds, the same throughout a command. */
  public long now() {
    return engine.keyspace().now();
  }

  /**
   * The record of a key that must hold a type, or 0 when there is no such key.
   *
   * @throws io.pillion.engine.protocol.CommandException WRONGTYPE when it holds another
   */
  public long find(Bytes key, ValueType type) {
    long record = find(key);
    if (record != 0 && database().type(record) != type) {
      throw Errors.wrongType();
    }
    return record;
  }

  /** The record of a key, whatever it holds, or 0 when there is no such key. */
  public long find(Bytes key) {
    return command.isWrite() ? look(key) : counted(look(key), key);
  }

  /**
   * As {@link #find(Bytes, ValueType)}, and counted as a read even when the command writes: what it
   * answers with, or makes another key from.
   */
  public long findToRead(Bytes key, ValueType type) {
    long record = findToRead(key);
    if (record != 0 && database().type(record) != type) {
      throw Errors.wrongType();
    }
    return record;
  }

  /** As {@link #findToRead(Bytes, ValueType)}, whatever the key holds. */
  public long findToRead(Bytes key) {
    return counted(look(key), key);
  }

  /** As {@link #findToRead(Bytes)}, without counting as a use of the key: TTL, TYPE, EXISTS. */
  public long peekToRead(Bytes key) {
    return counted(database().peek(key), key);
  }

  private long look(Bytes key) {
    Database database = database();
    return client.isNoTouch() ? database.peek(key) : database.find(key);
  }

  private long counted(long record, Bytes key) {
    if (record == 0) {
      engine.countMiss(database(), key);
    } else {
      engine.countHit();
    }
    return record;
  }

  // --- what was changed

  /** Says that a key was changed, created or removed, and by what event. */
  public void changed(Bytes key, EventClass eventClass, String event) {
    changed(database(), key, eventClass, event);
  }

  /** Says that a change which was counted has changed another key, too. */
  public void changedAlso(Bytes key, EventClass eventClass, String event) {
    engine.keyEvents().onChange(database(), key, eventClass, event);
  }

  /** Says that a key of another database was changed. */
  public void changed(Database database, Bytes key, EventClass eventClass, String event) {
    changes++;
    engine.keyEvents().onChange(database, key, eventClass, event);
  }

  /** Says that a key was changed in a way that has no event: a number kept to spare work later. */
  public void changedSilently(Bytes key) {
    changes++;
    engine.keyEvents().onSilentChange(database(), key);
  }

  /** Says that something was changed that is no key, or counts for more: FLUSHALL, SWAPDB. */
  public void changed() {
    changes++;
  }

  /** Removes a key that has become empty, with the event for it. */
  public void deleteEmptied(Bytes key) {
    if (database().delete(key)) {
      engine.keyEvents().onChange(database(), key, EventClass.GENERIC, "del");
    }
  }

  /** Whether effects are wanted; when not, they need not be made. */
  public boolean wantsEffects() {
    return engine.log().isOn();
  }

  /**
   * Says what to do to have the same again, in place of the words as sent. The bytes may be views
   * of the arguments.
   */
  public void effect(Bytes... words) {
    ownEffects = true;
    effects.add(words);
  }

  /**
   * Says that to have the same again, a key is to be deleted, in place of the words as sent.
   *
   * @param lazily whether its value is freed bit by bit
   */
  public void deletion(Bytes key, boolean lazily) {
    effect(lazily ? UNLINK : DEL, key);
  }

  /**
   * Says that who follows now shall do the same, and that no file need keep it: a message, which is
   * nothing to whoever was not there.
   */
  public void passOn() {
    passedOn = true;
  }

  /** Says that nothing need be done to have the same again, in place of the words as sent. */
  public void noEffect() {
    ownEffects = true;
  }

  // --- waiting

  /**
   * Whether this call may wait: not inside a transaction, where a command that would wait answers
   * as if its time were up.
   */
  public boolean mayBlock() {
    return mayBlock;
  }

  /**
   * Makes the client wait until one of the keys holds a type; the command is then tried again from
   * the beginning. Writes no reply. When the command is being tried again, the client keeps its
   * place and its deadline.
   *
   * @param timeoutMillis how long; 0 for ever
   * @param timeoutReply writes the reply when time is up
   */
  public void block(
      ValueType type, List<Bytes> keys, long timeoutMillis, Consumer<Reply> timeoutReply) {
    if (!mayBlock) {
      timeoutReply.accept(reply);
      return;
    }
    engine.waits().block(this, type, keys, timeoutMillis, timeoutReply);
  }

  /**
   * As {@link #block}, but the command is tried again with other words, and perhaps also when the
   * key is gone or holds another type.
   *
   * @param again the words to try again with
   * @param untilLost whether the wait makes no sense without what the key holds
   */
  public void block(
      ValueType type,
      List<Bytes> keys,
      long timeoutMillis,
      Consumer<Reply> timeoutReply,
      Args again,
      boolean untilLost) {
    if (!mayBlock) {
      timeoutReply.accept(reply);
      return;
    }
    engine.waits().block(this, type, keys, timeoutMillis, timeoutReply, again, untilLost);
  }

  // --- for the dispatcher

  long changes() {
    return changes;
  }

  void markBlocked() {
    blocked = true;
  }

  boolean hasBlocked() {
    return blocked;
  }

  boolean hasOwnEffects() {
    return ownEffects;
  }

  boolean isPassedOn() {
    return passedOn;
  }

  List<Bytes[]> effects() {
    return effects;
  }

  /** The same object for the next command of the same client kind, to spare the allocation. */
  void reuse(Command newCommand, Args newArgs, Reply newReply) {
    command = newCommand;
    args = newArgs;
    reply = newReply;
    changes = 0;
    ownEffects = false;
    passedOn = false;
    blocked = false;
    if (!effects.isEmpty()) {
      effects.clear();
    }
  }
}
