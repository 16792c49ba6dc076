package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;

/**
 * Where effects go, once and in order: what an append-only file or a replica needs to become the
 * same. Called under the engine lock, except where it says otherwise.
 *
 * <p>An offset counts what was appended since the log began; it never goes back. A reply may have
 * to wait until the log is safe up to an offset: see {@link HeldReplies}.
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

  /** Appends one effect that is a command as it was sent. */
  default void append(int database, Args words) {
    Bytes[] copies = new Bytes[words.count()];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = words.get(i);
    }
    append(database, copies);
  }

  /** What follows up to {@link #end()} belongs together: MULTI. */
  void begin();

  /** What began together ends: EXEC. */
  void end();

  /** How far effects have been passed to those who follow; never goes back. */
  default long propagatedOffset() {
    return 0;
  }

  /**
   * A hold of the lock ends, replies are about to be sealed: what it appended can go on its way.
   *
   * @param more whether the same thread takes the lock again at once, with more to carry out
   */
  default void endHold(boolean more) {}

  /** How far effects have been appended. */
  default long offset() {
    return 0;
  }

  /**
   * Up to where the log has to be safe before a client may see its replies of the hold that ends
   * now; 0 for nowhere.
   *
   * @param written where its last change ends: {@link Client#writtenOffset}
   */
  default long replyOffset(long written) {
    return 0;
  }

  /** Whether so much waits to be consumed that commands that write must wait, too. */
  default boolean isFull() {
    return false;
  }
}
