package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;

/** Who a client is, as far as the dispatcher cares; the {@link CommandGate} knows more. */
public interface ClientUser {
  /** The name, of any bytes but blanks and NUL. */
  Bytes name();
}
