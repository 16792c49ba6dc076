package io.pillion.engine.net;

import io.pillion.engine.config.Parameters;
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
   * @param encrypted whether TLS is spoken there, as the {@code tls-*} parameters say
   */
  record Tcp(String host, int port, boolean optional, boolean encrypted) implements Endpoint {
    /** Without encryption. */
    public Tcp(String host, int port, boolean optional) {
      this(host, port, optional, /* encrypted= */ false);
    }

    /** What {@code bind}, {@code port} and {@code tls-port} say; none for a port of 0. */
    public static List<Endpoint> of(Parameters parameters) {
      List<Endpoint> endpoints = new ArrayList<>();
      add(endpoints, parameters, "port", /* encrypted= */ false);
      add(endpoints, parameters, "tls-port", /* encrypted= */ true);
      return endpoints;
    }

    private static void add(
        List<Endpoint> endpoints, Parameters parameters, String name, boolean encrypted) {
      int port = parameters.integer(name);
      for (String word : port == 0 ? List.<String>of() : parameters.words("bind")) {
        boolean optional = word.startsWith("-");
        String host = optional ? word.substring(1) : word;
        endpoints.add(new Tcp(host, port, optional, encrypted));
      }
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
