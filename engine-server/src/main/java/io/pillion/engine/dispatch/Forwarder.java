package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import java.util.List;

/**
 * Has commands carried out by the server that this one follows: what {@link ForwardedCommands} asks
 * of whoever knows the way there. Under the engine lock.
 */
public interface Forwarder {
  /** Of an engine that follows nobody. */
  Forwarder NONE =
      new Forwarder() {
        @Override
        public boolean watches(Client client) {
          return false;
        }

        @Override
        public void forward(Client client, List<Args> commands, Kind kind) {
          throw new IllegalStateException("nobody to forward to");
        }

        @Override
        public boolean unblock(Client client, boolean withError) {
          return false;
        }

        @Override
        public void unwatch(Client client) {}
      };

  /** What is forwarded. */
  enum Kind {
    COMMAND,
    /** A command after which keys are watched for the client there. */
    WATCH,
    /** The commands of a transaction, to be carried out as one. */
    TRANSACTION
  }

  /** Whether keys are watched for this client there. */
  boolean watches(Client client);

  /**
   * Sends commands of a client on their way. The client gets one answer, later, by {@link
   * ForwardedCommands#answer}.
   *
   * @param commands one, or those of a transaction; views that must be copied to be kept
   * @throws io.pillion.engine.protocol.CommandException when they cannot be sent; nothing was
   */
  void forward(Client client, List<Args> commands, Kind kind);

  /**
   * Has the wait of a client's command ended, there and before its time.
   *
   * @return false when it is not one that waits
   */
  boolean unblock(Client client, boolean withError);

  /** A client watches no keys any more. */
  void unwatch(Client client);
}
