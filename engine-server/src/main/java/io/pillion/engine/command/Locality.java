package io.pillion.engine.command;

import io.pillion.engine.dispatch.Client;

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
}
