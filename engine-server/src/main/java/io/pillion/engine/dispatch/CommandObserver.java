package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/** Told of each command that was carried out: slow log, MONITOR, latency. */
public interface CommandObserver {
  /** Sees nothing. */
  CommandObserver NONE = (client, command, args, nanos) -> {};

  /** A command was carried out and took so long. Called under the engine lock. */
  void executed(Client client, Command command, Args args, long nanos);
}
