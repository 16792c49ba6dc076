package io.pillion.engine.net;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.world.Line;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSessionContext;
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
    "tls-ca-cert-dir",
    "tls-auth-clients",
    "tls-protocols",
    "tls-ciphers",
    "tls-ciphersuites",
    "tls-prefer-server-ciphers",
    "tls-dh-params-file",
    "tls-session-caching",
    "tls-session-cache-size",
    "tls-session-cache-timeout"
  };

  private static final long MOST_FILE_BYTES = 16 << 20;
  private static final String PEM_BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final String PEM_END = "-----END CERTIFICATE-----";

  private TlsContext() {}

  /**
   * Reads certificates and keys, in PEM.
   *
   * @throws ConfigException when one is missing or cannot be used, or something is wanted that a
   *     JVM cannot do; the message says which
   */
  static SslContext of(Parameters parameters) {
    refuseWhatNoJvmCan(parameters);
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
            .trustManager(authorities(parameters));
      }
      limit(builder, parameters);
      SslContext context = builder.build();
      SSLSessionContext sessions = context.sessionContext();
      sessions.setSessionCacheSize(parameters.integer("tls-session-cache-size"));
      sessions.setSessionTimeout(parameters.integer("tls-session-cache-timeout"));
      return new OrderedSuites(context, parameters.isOn("tls-prefer-server-ciphers"));
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
   * tls-ca-cert-file} or {@code tls-ca-cert-dir}, and they are shown {@code tls-client-cert-file},
   * or else our own.
   *
   * @throws ConfigException as {@link #of}
   */
  static Line.Encryption toOthers(Parameters parameters) {
    boolean own = parameters.text("tls-client-cert-file").isEmpty();
    String password = parameters.text(own ? "tls-key-file-pass" : "tls-client-key-file-pass");
    try {
      SslContextBuilder builder =
          SslContextBuilder.forClient()
              .sslProvider(SslProvider.JDK)
              .trustManager(authorities(parameters));
      if (!own || !parameters.text("tls-cert-file").isEmpty()) {
        builder.keyManager(
            file(parameters, own ? "tls-cert-file" : "tls-client-cert-file"),
            file(parameters, own ? "tls-key-file" : "tls-client-key-file"),
            password.isEmpty() ? null : password);
      }
      limit(builder, parameters);
      // As in Redis, a name is not compared: who has a certificate of this authority is trusted.
      builder.endpointIdentificationAlgorithm(null);
      SslContext settings = builder.build();
      SSLSocketFactory factory = ((JdkSslContext) settings).context().getSocketFactory();
      String[] suites = settings.cipherSuites().toArray(String[]::new);
      List<String> protocols = protocols(parameters.words("tls-protocols"), jvm());
      return (plain, host, port) -> {
        SSLSocket encrypted =
            (SSLSocket) factory.createSocket(plain, host, port, /* autoClose= */ true);
        encrypted.setEnabledCipherSuites(suites);
        if (!protocols.isEmpty()) {
          encrypted.setEnabledProtocols(protocols.toArray(String[]::new));
        }
        encrypted.startHandshake();
        return encrypted;
      };
    } catch (SSLException | IllegalArgumentException e) {
      throw new ConfigException("Failed to configure TLS to other servers: " + e.getMessage());
    }
  }

  /** Allows the protocols and cipher suites that are asked for. */
  private static void limit(SslContextBuilder builder, Parameters parameters) throws SSLException {
    SSLEngine jvm = jvm();
    List<String> protocols = protocols(parameters.words("tls-protocols"), jvm);
    if (!protocols.isEmpty()) {
      builder.protocols(protocols);
    }
    String ciphers = parameters.text("tls-ciphers");
    String ciphersuites = parameters.text("tls-ciphersuites");
    if (!ciphers.isEmpty() || !ciphersuites.isEmpty()) {
      CipherSuites suites =
          new CipherSuites(
              List.of(jvm.getEnabledCipherSuites()),
              List.of(jvm.getSupportedCipherSuites()),
              builder.build().cipherSuites());
      builder.ciphers(suites.chosen(ciphers, ciphersuites));
    }
  }

  /** Whose order counts where both sides can do with several cipher suites: as it is told. */
  private static final class OrderedSuites extends DelegatingSslContext {
    private final boolean ours;

    OrderedSuites(SslContext context, boolean ours) {
      super(context);
      this.ours = ours;
    }

    @Override
    protected void initEngine(SSLEngine engine) {
      SSLParameters settings = engine.getSSLParameters();
      settings.setUseCipherSuitesOrder(ours);
      engine.setSSLParameters(settings);
    }
  }

  private static void refuseWhatNoJvmCan(Parameters parameters) {
    if (!parameters.text("tls-dh-params-file").isEmpty()) {
      throw new ConfigException(
          "tls-dh-params-file: a JVM has its own Diffie-Hellman parameters"
              + " (jdk.tls.ephemeralDHKeySize); remove the line.");
    }
    if (!parameters.isOn("tls-session-caching")) {
      throw new ConfigException(
          "tls-session-caching no: a JVM always lets sessions be taken up again; let"
              + " tls-session-cache-timeout end them soon.");
    }
    if (parameters.number("tls-session-cache-timeout") == 0) {
      throw new ConfigException("tls-session-cache-timeout must be a second or more.");
    }
  }

  /** What this JVM does as a server when it is told nothing. */
  private static SSLEngine jvm() throws SSLException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      SSLEngine engine = context.createSSLEngine();
      engine.setUseClientMode(false);
      return engine;
    } catch (GeneralSecurityException e) {
      throw new SSLException(e);
    }
  }

  private static List<String> protocols(List<String> wanted, SSLEngine jvm) {
    List<String> found = new ArrayList<>();
    for (String name : wanted) {
      String known =
          Arrays.stream(jvm.getEnabledProtocols())
              .filter(each -> each.equalsIgnoreCase(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new ConfigException(
                          "tls-protocols: this JVM does not speak '"
                              + name
                              + "', but "
                              + String.join(", ", jvm.getEnabledProtocols())
                              + "."));
      found.add(known);
    }
    return found;
  }

  // --- files

  /** The certificates that sign those of clients. */
  private static List<X509Certificate> authorities(Parameters parameters) {
    List<X509Certificate> found = new ArrayList<>();
    String folder = parameters.text("tls-ca-cert-dir");
    if (folder.isEmpty() || !parameters.text("tls-ca-cert-file").isEmpty()) {
      File file = file(parameters, "tls-ca-cert-file");
      found.addAll(certificates(file));
      if (found.isEmpty()) {
        throw new ConfigException("The file of tls-ca-cert-file has no certificate: " + file);
      }
    }
    if (!folder.isEmpty()) {
      List<X509Certificate> inFolder = new ArrayList<>();
      File[] files = new File(folder).listFiles(File::isFile);
      if (files == null) {
        throw new ConfigException("The folder of tls-ca-cert-dir cannot be read: " + folder);
      }
      Arrays.sort(files);
      for (File file : files) {
        inFolder.addAll(certificates(file));
      }
      if (inFolder.isEmpty()) {
        throw new ConfigException("The folder of tls-ca-cert-dir has no certificate: " + folder);
      }
      found.addAll(inFolder);
    }
    return found;
  }

  /** The certificates in a file, which may have other things, too. */
  private static List<X509Certificate> certificates(File file) {
    List<X509Certificate> found = new ArrayList<>();
    if (file.length() > MOST_FILE_BYTES) {
      throw new ConfigException("This is too large for a file of certificates: " + file);
    }
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      String text = Files.readString(file.toPath(), StandardCharsets.ISO_8859_1);
      int begin = text.indexOf(PEM_BEGIN);
      while (begin >= 0) {
        int end = text.indexOf(PEM_END, begin);
        int behind = end < 0 ? text.length() : end + PEM_END.length();
        byte[] pem = text.substring(begin, behind).getBytes(StandardCharsets.ISO_8859_1);
        Certificate certificate = factory.generateCertificate(new ByteArrayInputStream(pem));
        found.add((X509Certificate) certificate);
        begin = text.indexOf(PEM_BEGIN, behind);
      }
      return found;
    } catch (IOException | CertificateException e) {
      throw new ConfigException(
          "The certificates in " + file + " cannot be read: " + e.getMessage());
    }
  }

  private static File file(Parameters parameters, String name) {
    String path = parameters.text(name);
    if (path.isEmpty()) {
      throw new ConfigException(
          name.equals("tls-ca-cert-file")
              ? "TLS needs tls-ca-cert-file or tls-ca-cert-dir."
              : "TLS needs " + name + ".");
    }
    File file = new File(path);
    if (!file.canRead()) {
      throw new ConfigException("The file of " + name + " cannot be read: " + path);
    }
    return file;
  }
}
