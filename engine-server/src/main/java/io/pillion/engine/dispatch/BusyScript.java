package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.CommandException;

/** A script that has run for so long that other clients are told. */
public interface BusyScript {
  /** What everybody is answered whose command is not flagged ALLOW_BUSY. */
  CommandException refusal();

  /** The client whose script it is. */
  Client caller();
}
