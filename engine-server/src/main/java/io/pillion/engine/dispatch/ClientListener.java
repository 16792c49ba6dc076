package io.pillion.engine.dispatch;

/** Told which clients to forget. Under the engine lock. */
public interface ClientListener {
  /** A client has gone, or is to be as good as new: RESET. */
  void forget(Client client);
}
