package io.pillion.engine.net;

import java.util.ArrayList;
import java.util.List;

/** Where to listen. */
public sealed interface Endpoint {
  /**
   * A TCP port of one address.
   *
   * @param host an address or name; {@code *} for all of IPv4, {@code ::*} for all of IPv6
   * @param port 0 for any free one
   * @param optional whether an address that this machine does not have is no error
   */
  record Tcp(String host, int port, boolean optional) implements Endpoint {
    /** What {@code bind} and {@code port} say; none when the port is 0. */
    public static List<Endpoint> of(List<String> bind, int port) {
      List<Endpoint> endpoints = new ArrayList<>();
      for (String word : port == 0 ? List.<String>of() : bind) {
        boolean optional = word.startsWith("-");
        endpoints.add(new Tcp(optional ? word.substring(1) : word, port, optional));
      }
      return endpoints;
    }

    String address() {
      return switch (host) {
        case "*" -> "0.0.0.0";
        case "::*" -> "::";
        default -> host;
      };
    }
  }

  /**
   * A Unix socket.
   *
   * @param mode who may connect, as the bits of chmod
   */
  record Unix(String path, int mode) implements Endpoint {}
}
