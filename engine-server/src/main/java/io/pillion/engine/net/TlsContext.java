package io.pillion.engine.net;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import java.io.File;
import java.util.List;
import javax.net.ssl.SSLException;

/** Encryption as the {@code tls-*} parameters want it. */
final class TlsContext {
  /** What it depends on. */
  static final String[] PARAMETERS = {
    "tls-cert-file",
    "tls-key-file",
    "tls-key-file-pass",
    "tls-ca-cert-file",
    "tls-auth-clients",
    "tls-protocols"
  };

  private TlsContext() {}

  /**
   * Reads certificates and keys, in PEM.
   *
   * @throws ConfigException when one is missing or cannot be used; the message says which
   */
  static SslContext of(Parameters parameters) {
    File certificate = file(parameters, "tls-cert-file");
    File key = file(parameters, "tls-key-file");
    String password = parameters.text("tls-key-file-pass");
    String clients = parameters.text("tls-auth-clients");
    try {
      SslContextBuilder builder =
          SslContextBuilder.forServer(certificate, key, password.isEmpty() ? null : password);
      if (!clients.equals("no")) {
        builder
            .clientAuth(clients.equals("yes") ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL)
            .trustManager(file(parameters, "tls-ca-cert-file"));
      }
      List<String> protocols = parameters.words("tls-protocols");
      if (!protocols.isEmpty()) {
        builder.protocols(protocols);
      }
      return builder.build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new ConfigException(
          "Failed to configure TLS with the certificate '"
              + certificate
              + "' and the key '"
              + key
              + "': "
              + e.getMessage());
    }
  }

  private static File file(Parameters parameters, String name) {
    String path = parameters.text(name);
    if (path.isEmpty()) {
      throw new ConfigException("TLS needs " + name + ".");
    }
    File file = new File(path);
    if (!file.canRead()) {
      throw new ConfigException("The file of " + name + " cannot be read: " + path);
    }
    return file;
  }
}
