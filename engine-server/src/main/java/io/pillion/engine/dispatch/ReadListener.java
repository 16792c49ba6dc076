package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;

/** Told what clients read that want to know when it changes: tracking. Under the engine lock. */
public interface ReadListener {
  /** Is told nothing. */
  ReadListener NONE =
      new ReadListener() {
        @Override
        public void onRead(Client client, Command command, Args args) {}

        @Override
        public void onAnswered(Client client) {}

        @Override
        public void onHoldEnd() {}
      };

  /**
   * A command that only reads was carried out for a client with {@link Client#tracksReads()}: sent
   * by itself, in a transaction or by its script.
   */
  void onRead(Client client, Command command, Args args);

  /** A client with {@link Client#tracksReads()} was answered; its last command is over. */
  void onAnswered(Client client);

  /** A hold of the engine lock ends: the last moment to tell clients of what happened in it. */
  void onHoldEnd();
}
