package io.pillion.engine.command;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.protocol.Errors;

/** Whether a client is on this machine, which some settings trust. */
final class Locality {
  private Locality() {}

  /** By a Unix socket, from the loopback address or within the process. */
  static boolean isLocal(Client client) {
    String address = client.outlet().peerAddress();
    return address.isEmpty()
        || address.startsWith("/")
        || address.startsWith("127.")
        || address.startsWith("[::1]")
        || address.startsWith("::1:");
  }

  /**
   * Returns when a client may send a command that a parameter allows to all ({@code yes}), to those
   * on this machine ({@code local}) or to nobody.
   *
   * @throws io.pillion.engine.protocol.CommandException when it may not
   */
  static void requireAllowed(
      Parameters parameters, String parameter, String command, Client client) {
    String who = parameters.text(parameter);
    if (!who.equals("yes") && !(who.equals("local") && isLocal(client))) {
      throw Errors.err(
          command
              + " command not allowed. If the "
              + parameter
              + " option is set to \"local\", you can run it from a local connection, otherwise"
              + " you need to set this option in the configuration file, and then restart the"
              + " server.");
    }
  }
}
