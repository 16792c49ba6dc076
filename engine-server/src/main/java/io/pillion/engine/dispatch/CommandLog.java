package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;

/**
 * Where effects go, once and in order: what an append-only file or a replica needs to become the
 * same. Called under the engine lock.
 */
public interface CommandLog {
  /** The log of an engine that nobody follows. */
  CommandLog OFF =
      new CommandLog() {
        @Override
        public boolean isOn() {
          return false;
        }

        @Override
        public void append(int database, Bytes[] words) {}

        @Override
        public void begin() {}

        @Override
        public void end() {}
      };

  /** Whether anybody consumes it; else no effect need be made. */
  boolean isOn();

  /**
   * Appends one effect.
   *
   * @param database the number of the database it applies to
   * @param words the command's name and arguments; views that must be copied to be kept
   */
  void append(int database, Bytes[] words);

  /**
   * Passes on what those who follow now shall do too, and no file keeps: a published message.
   * Within {@link #begin()} and {@link #end()} where it was published in a transaction. Does
   * nothing unless overridden.
   *
   * @param words the command's name and arguments; views that must be copied to be kept
   */
  default void pass(int database, Bytes[] words) {}

  /** What follows up to {@link #end()} belongs together: MULTI. */
  void begin();

  /** What began together ends: EXEC. */
  void end();
}
