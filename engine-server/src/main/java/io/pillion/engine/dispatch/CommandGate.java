package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/** Asked before each command is carried out or queued: access rules. */
public interface CommandGate {
  /** Lets everything pass. */
  CommandGate OPEN = (client, command, args) -> {};

  /**
   * Returns when the client may send the command.
   *
   * @throws io.pillion.engine.protocol.CommandException when it may not
   */
  void check(Client client, Command command, Args args);
}
