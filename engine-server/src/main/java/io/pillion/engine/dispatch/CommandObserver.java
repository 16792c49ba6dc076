package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/** Told of what the engine has done and how long that took. Called under the engine lock. */
public interface CommandObserver {
  /**
   * A command was carried out, on its own, within a transaction or for a client that had waited.
   *
   * @param args its words; secrets among them have been made unreadable ({@link Args#redact})
   * @param nanos how long it took
   */
  void executed(Client client, Command command, Args args, long nanos);

  /**
   * Something that no client asked for took a while.
   *
   * @param event Redis' name for it: {@code expire-cycle}, {@code eviction-cycle} …
   */
  default void spent(String event, long nanos) {}
}
