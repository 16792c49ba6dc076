package io.pillion.engine.memory;

/** The arena's budget is used up; nothing was allocated. */
public final class OutOfArenaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OutOfArenaException(long wantedBytes, long budgetBytes) {
    super(
        "no room for " + wantedBytes + " bytes within the arena's budget of " + budgetBytes,
        null,
        false,
        false);
  }
}
