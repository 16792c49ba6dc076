package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/** Told what clients send, while one of them is a monitor. Called under the engine lock. */
public interface CommandMonitor {
  /** Shows nobody anything. */
  CommandMonitor NONE = (client, command, args, byScript) -> {};

  /**
   * A command was carried out, or has come to wait; it is not told again when it is tried again. A
   * command with {@link CommandFlag#SKIP_MONITOR} is told before it is carried out.
   *
   * @param args its words; secrets among them have been made unreadable
   * @param byScript whether the client's script sent it
   */
  void sent(Client client, Command command, Args args, boolean byScript);
}
