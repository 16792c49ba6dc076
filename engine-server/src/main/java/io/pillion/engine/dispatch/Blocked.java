package io.pillion.engine.dispatch;

import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.keyspace.Waiter;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Reply;
import java.util.List;
import java.util.function.Consumer;

/**
 * A client that waits: its command is tried again whenever one of the keys holds what it waits for,
 * and until that or its deadline comes it is served nothing else.
 */
public final class Blocked implements Waiter {
  private final Client client;
  private final Command command;
  private final Args args;
  private final Database database;
  private final ValueType type;
  private final boolean untilLost;
  private final List<Bytes> keys;
  private final long deadlineNanos;
  private final Consumer<Reply> timeoutReply;
  private State state = State.WAITING;

  Blocked(
      Client client,
      Command command,
      Args args,
      Database database,
      ValueType type,
      boolean untilLost,
      List<Bytes> keys,
      long deadlineNanos,
      Consumer<Reply> timeoutReply) {
    this.client = client;
    this.command = command;
    this.args = args;
    this.database = database;
    this.type = type;
    this.untilLost = untilLost;
    this.keys = keys;
    this.deadlineNanos = deadlineNanos;
    this.timeoutReply = timeoutReply;
  }

  Client client() {
    return client;
  }

  Command command() {
    return command;
  }

  Args args() {
    return args;
  }

  Database database() {
    return database;
  }

  @Override
  public boolean isUntilLost() {
    return untilLost;
  }

  List<Bytes> keys() {
    return keys;
  }

  /** By the world's forward clock; {@link Long#MAX_VALUE} for ever. */
  long deadlineNanos() {
    return deadlineNanos;
  }

  Consumer<Reply> timeoutReply() {
    return timeoutReply;
  }

  State state() {
    return state;
  }

  void state(State newState) {
    state = newState;
  }

  @Override
  public ValueType waitsFor() {
    return type;
  }

  /** What became of the wait. */
  enum State {
    WAITING,
    SERVED,
    TIMED_OUT,
    KILLED
  }
}
