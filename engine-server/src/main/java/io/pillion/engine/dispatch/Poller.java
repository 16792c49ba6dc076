package io.pillion.engine.dispatch;

/** Somebody who can read from his clients in the middle of a command that his own thread runs. */
public interface Poller {
  /** Whether this is his thread. */
  boolean isHere();

  /** Reads what has come, carries it out and sends the answers. On his thread, without the lock. */
  void poll();
}
