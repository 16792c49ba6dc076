package io.pillion.engine.dispatch;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;

/**
 * Who may do what: asked before each command of a {@link Client#isGuarded guarded} client is
 * carried out or queued. Under the engine lock, except where it says otherwise.
 */
public interface CommandGate {
  /** Lets everybody do everything. */
  CommandGate OPEN =
      new CommandGate() {
        @Override
        public void welcome(Client client) {}

        @Override
        public void admit(Client client, Command command, Args args) {}

        @Override
        public void check(Client client, Command command, Args args, Context context) {}

        @Override
        public boolean allows(Client client, Command command, Args args) {
          return true;
        }

        @Override
        public boolean allowsReadingAllKeys(Client client, Command command, Args args) {
          return true;
        }

        @Override
        public boolean become(Client client, Bytes user) {
          return true;
        }

        @Override
        public boolean needsAuthentication(Client client) {
          return false;
        }

        @Override
        public boolean letsAnyoneIn() {
          return true;
        }
      };

  /** What a command is part of. */
  enum Context {
    TOPLEVEL,
    /** It is to be queued. */
    MULTI,
    /** It was queued, and may have been allowed then. */
    EXEC,
    SCRIPT
  }

  /** A client has come, or is to be as good as new: from now on it is who everybody is at first. */
  void welcome(Client client);

  /**
   * Returns when the client may send the command.
   *
   * @throws io.pillion.engine.protocol.CommandException NOAUTH or NOPERM when it may not; taken
   *     down
   */
  void admit(Client client, Command command, Args args);

  /**
   * Returns when the user of a client may do this.
   *
   * @throws io.pillion.engine.protocol.CommandException NOPERM when it may not; taken down
   */
  void check(Client client, Command command, Args args, Context context);

  /** Whether the user of a client may do this; nobody takes down that it was asked. */
  boolean allows(Client client, Command command, Args args);

  /** Whether it may do this and, by the same rules, read every key there is. */
  boolean allowsReadingAllKeys(Client client, Command command, Args args);

  /**
   * Makes a client a user whom it has proved to be elsewhere.
   *
   * @return false when there is no such user, or it is switched off; the client stays who it was
   */
  boolean become(Client client, Bytes user);

  /** Whether a client must say who it is before it may go on. Any thread. */
  boolean needsAuthentication(Client client);

  /** Whether who connects needs no password to be the default user. Any thread. */
  boolean letsAnyoneIn();
}
