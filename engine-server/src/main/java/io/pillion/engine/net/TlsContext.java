package io.pillion.engine.net;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.world.Line;
import java.io.File;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

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

  /**
   * What encrypts connections to other servers: their certificates must come from {@code
   * tls-ca-cert-file}, and they are shown {@code tls-client-cert-file}, or else our own.
   *
   * @throws ConfigException when a file is missing or cannot be used; the message says which
   */
  static Line.Encryption toOthers(Parameters parameters) {
    boolean own = parameters.text("tls-client-cert-file").isEmpty();
    String password = parameters.text(own ? "tls-key-file-pass" : "tls-client-key-file-pass");
    try {
      SslContextBuilder builder =
          SslContextBuilder.forClient()
              .sslProvider(SslProvider.JDK)
              .trustManager(file(parameters, "tls-ca-cert-file"));
      if (!own || !parameters.text("tls-cert-file").isEmpty()) {
        builder.keyManager(
            file(parameters, own ? "tls-cert-file" : "tls-client-cert-file"),
            file(parameters, own ? "tls-key-file" : "tls-client-key-file"),
            password.isEmpty() ? null : password);
      }
      List<String> protocols = parameters.words("tls-protocols");
      if (!protocols.isEmpty()) {
        builder.protocols(protocols);
      }
      // As in Redis, a name is not compared: who has a certificate of this authority is trusted.
      builder.endpointIdentificationAlgorithm(null);
      SSLSocketFactory factory = ((JdkSslContext) builder.build()).context().getSocketFactory();
      return (plain, host, port) -> {
        SSLSocket encrypted =
            (SSLSocket) factory.createSocket(plain, host, port, /* autoClose= */ true);
        encrypted.startHandshake();
        return encrypted;
      };
    } catch (SSLException | IllegalArgumentException e) {
      throw new ConfigException("Failed to configure TLS to other servers: " + e.getMessage());
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
