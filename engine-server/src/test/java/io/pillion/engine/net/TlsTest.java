package io.pillion.engine.net;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Encrypted connections, with a certificate that signs itself and is everybody's. */
@Timeout(60)
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir static Path folder = Path.of("");
  private static KeyStore keys = newKeyStore();

  private static KeyStore newKeyStore() {
    try {
      return KeyStore.getInstance("PKCS12");
    } catch (java.security.KeyStoreException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeAll
  static void makeCertificate() throws Exception {
    Path store = folder.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "k",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                store.toString())
            .inheritIO()
            .start();
    assertThat(keytool.waitFor(30, TimeUnit.SECONDS)).isTrue();
    try (InputStream input = Files.newInputStream(store)) {
      keys.load(input, PASSWORD);
    }
    writePem("key.pem", "PRIVATE KEY", keys.getKey("k", PASSWORD).getEncoded());
    writePem("cert.pem", "CERTIFICATE", keys.getCertificate("k").getEncoded());
  }

  private static void writePem(String name, String type, byte[] der) throws Exception {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n");
  }

  private static PillionEngine start(String authClients, String... settings) {
    EngineBuilder builder =
        new EngineBuilder()
            .memoryBytes(8 << 20)
            .set("tls-cert-file", folder.resolve("cert.pem").toString())
            .set("tls-key-file", folder.resolve("key.pem").toString())
            .set("tls-auth-clients", authClients)
            .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false, /* encrypted= */ true));
    if (!List.of(settings).contains("tls-ca-cert-dir")) {
      builder.set("tls-ca-cert-file", folder.resolve("cert.pem").toString());
    }
    for (int i = 0; i < settings.length; i += 2) {
      builder.set(settings[i], settings[i + 1]);
    }
    return builder.start();
  }

  private static SSLContext client(boolean withCertificate) throws Exception {
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("k", keys.getCertificate("k"));
    trust.init(trusted);
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(withCertificate ? own.getKeyManagers() : null, trust.getTrustManagers(), null);
    return context;
  }

  private static String ping(PillionEngine engine, boolean withCertificate) throws Exception {
    try (SSLSocket socket = connect(engine, client(withCertificate))) {
      return ping(socket);
    }
  }

  private static SSLSocket connect(PillionEngine engine, SSLContext client) throws Exception {
    SSLSocket socket =
        (SSLSocket) client.getSocketFactory().createSocket("127.0.0.1", engine.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static String ping(SSLSocket socket) throws Exception {
    socket.getOutputStream().write("PING\r\nPING 2\r\n".getBytes(US_ASCII));
    return new String(socket.getInputStream().readNBytes(14), US_ASCII);
  }

  /** The cipher suite that a client and the engine agree on. */
  private static String agreed(PillionEngine engine, String protocol, String... suites)
      throws Exception {
    try (SSLSocket socket = connect(engine, client(/* withCertificate= */ false))) {
      socket.setEnabledProtocols(new String[] {protocol});
      if (suites.length > 0) {
        socket.setEnabledCipherSuites(suites);
      }
      assertThat(ping(socket)).isEqualTo("+PONG\r\n$1\r\n2\r\n");
      assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
      return socket.getSession().getCipherSuite();
    }
  }

  private static String configSet(PillionEngine engine, String name, String value)
      throws Exception {
    List<byte[]> all = new ArrayList<>();
    for (String word : List.of("CONFIG", "SET", name, value)) {
      all.add(word.getBytes(US_ASCII));
    }
    try (LocalClient client = engine.connect()) {
      Object reply = client.send(all).toCompletableFuture().get(10, TimeUnit.SECONDS);
      return reply instanceof ErrorValue error
          ? error.message()
          : new String((byte[]) Objects.requireNonNull(reply), US_ASCII);
    }
  }

  @Test
  void encryptedClientsAreServed() throws Exception {
    try (PillionEngine engine = start("no")) {
      assertThat(ping(engine, /* withCertificate= */ false)).isEqualTo("+PONG\r\n$1\r\n2\r\n");
    }
  }

  @Test
  void clientsMustShowACertificateByDefault() throws Exception {
    try (PillionEngine engine = start("yes")) {
      assertThat(ping(engine, /* withCertificate= */ true)).isEqualTo("+PONG\r\n$1\r\n2\r\n");
      assertThatThrownBy(() -> ping(engine, /* withCertificate= */ false))
          .isInstanceOfAny(SSLException.class, java.net.SocketException.class);
    }
  }

  @Test
  void plainTextIsNotAnswered() throws Exception {
    try (PillionEngine engine = start("no");
        RawClient client = new RawClient("127.0.0.1", engine.port())) {
      assertThat(client.send("PING\r\nPING\r\nPING\r\n").readToEnd()).doesNotContain("PONG");
    }
  }

  private static final String AES128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  private static final String AES256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
  private static final String CHACHA20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";

  @Test
  void onlyTheCipherSuitesThatAreNamedAreUsed() throws Exception {
    String[] settings = {
      "tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384", "tls-ciphersuites", "TLS_AES_256_GCM_SHA384"
    };
    try (PillionEngine engine = start("no", settings)) {
      assertThat(agreed(engine, "TLSv1.2")).isEqualTo(AES256);
      assertThat(agreed(engine, "TLSv1.2", AES128, AES256)).isEqualTo(AES256);
      assertThatThrownBy(() -> agreed(engine, "TLSv1.2", AES128)).isInstanceOf(IOException.class);
      assertThat(agreed(engine, "TLSv1.3")).isEqualTo("TLS_AES_256_GCM_SHA384");
      assertThatThrownBy(() -> agreed(engine, "TLSv1.3", "TLS_AES_128_GCM_SHA256"))
          .isInstanceOf(IOException.class);

      assertThat(configSet(engine, "tls-ciphersuites", "TLS_AES_128_GCM_SHA256")).isEqualTo("OK");
      assertThat(agreed(engine, "TLSv1.3")).isEqualTo("TLS_AES_128_GCM_SHA256");
      assertThat(configSet(engine, "tls-ciphers", "ECDHE-ECDSA-AES128-NOTHING"))
          .contains("'ECDHE-ECDSA-AES128-NOTHING' is none of the cipher suites");
      assertThat(agreed(engine, "TLSv1.2")).isEqualTo(AES256);
    }
  }

  @Test
  void wordsForGroupsOfCipherSuitesAreUnderstood() throws Exception {
    try (PillionEngine engine = start("no", "tls-ciphers", "HIGH:!AESGCM:!aNULL:!MD5:!SHA")) {
      assertThat(agreed(engine, "TLSv1.2", AES128, AES256, CHACHA20)).isEqualTo(CHACHA20);
      assertThat(configSet(engine, "tls-ciphers", "ECDHE+AESGCM:-AES128")).isEqualTo("OK");
      assertThat(agreed(engine, "TLSv1.2", AES128, AES256, CHACHA20)).isEqualTo(AES256);
      assertThat(agreed(engine, "TLSv1.3", "TLS_AES_128_GCM_SHA256"))
          .isEqualTo("TLS_AES_128_GCM_SHA256");
    }
  }

  @Test
  void theOrderIsTheClientsUnlessTheServersIsPreferred() throws Exception {
    String[] settings = {
      "tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
    };
    try (PillionEngine engine = start("no", settings)) {
      assertThat(agreed(engine, "TLSv1.2", AES128, AES256)).isEqualTo(AES128);
      assertThat(configSet(engine, "tls-prefer-server-ciphers", "yes")).isEqualTo("OK");
      assertThat(agreed(engine, "TLSv1.2", AES128, AES256)).isEqualTo(AES256);
      assertThat(configSet(engine, "tls-ciphers", "DEFAULT:+AES256")).isEqualTo("OK");
      assertThat(agreed(engine, "TLSv1.2", AES256, AES128)).isEqualTo(AES128);
    }
  }

  @Test
  void onlyTheProtocolsThatAreNamedAreSpoken() throws Exception {
    try (PillionEngine engine = start("no", "tls-protocols", "tlsv1.3")) {
      assertThat(agreed(engine, "TLSv1.3")).startsWith("TLS_");
      assertThatThrownBy(() -> agreed(engine, "TLSv1.2")).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aFolderOfCertificatesIsTrusted() throws Exception {
    Path authorities = Files.createDirectory(folder.resolve("authorities"));
    Files.writeString(authorities.resolve("README"), "no certificate");
    assertThatThrownBy(() -> start("yes", "tls-ca-cert-dir", authorities.toString()))
        .hasMessage("The folder of tls-ca-cert-dir has no certificate: " + authorities);
    Files.writeString(
        authorities.resolve("0b1b94ef.0"),
        "# who signs\n" + Files.readString(folder.resolve("cert.pem")) + "\nthe end");
    try (PillionEngine engine = start("yes", "tls-ca-cert-dir", authorities.toString())) {
      assertThat(ping(engine, /* withCertificate= */ true)).isEqualTo("+PONG\r\n$1\r\n2\r\n");
      assertThatThrownBy(() -> ping(engine, /* withCertificate= */ false))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void sessionsAreTakenUpAgainAsLongAsTheyAreKept() throws Exception {
    Parameters parameters =
        new Parameters()
            .set("tls-cert-file", folder.resolve("cert.pem").toString())
            .set("tls-key-file", folder.resolve("key.pem").toString())
            .set("tls-auth-clients", "no")
            .set("tls-session-cache-size", "77")
            .set("tls-session-cache-timeout", "66");
    assertThat(TlsContext.of(parameters).sessionContext().getSessionCacheSize()).isEqualTo(77);
    assertThat(TlsContext.of(parameters).sessionContext().getSessionTimeout()).isEqualTo(66);
    try (PillionEngine engine = start("no")) {
      SSLContext client = client(/* withCertificate= */ false);
      long[] created = new long[2];
      for (int i = 0; i < 2; i++) {
        try (SSLSocket socket = connect(engine, client)) {
          socket.setEnabledProtocols(new String[] {"TLSv1.2"});
          ping(socket);
          created[i] = socket.getSession().getCreationTime();
        }
      }
      assertThat(created[1]).isEqualTo(created[0]);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "tls-ciphers | NULL | leaves no cipher suite",
        "tls-ciphers | !aNULL | leaves no cipher suite",
        "tls-ciphers | HIGH:@SECLEVEL=2 | '@SECLEVEL=2' is none of the cipher suites",
        "tls-ciphers | TLS_AES_128_GCM_SHA256 | 'TLS_AES_128_GCM_SHA256' is not for it",
        "tls-ciphersuites | ECDHE-ECDSA-AES128-GCM-SHA256 | jdk.tls.disabledAlgorithms",
        "tls-ciphersuites | TLS_AES_128_CCM_8_SHA256 | is none of the cipher suites",
        "tls-protocols | TLSv1.3 TLSv1.1 | this JVM does not speak 'TLSv1.1'",
        "tls-dh-params-file | dh.pem | a JVM has its own Diffie-Hellman parameters",
        "tls-session-caching | no | a JVM always lets sessions be taken up again",
        "tls-session-cache-timeout | 0 | must be a second or more",
        "tls-ca-cert-dir | /nowhere/at/all | cannot be read: /nowhere/at/all"
      })
  void whatCannotBeDoneIsRefused(String name, String value, String message) throws Exception {
    assertThatThrownBy(() -> start("yes", name, value))
        .isInstanceOf(ListenException.class)
        .hasMessageContaining(message);
    try (PillionEngine engine = start("yes")) {
      assertThat(configSet(engine, name, value)).contains(message);
      assertThat(ping(engine, /* withCertificate= */ true)).startsWith("+PONG");
    }
  }

  @Test
  void aMissingCertificateIsOneClearMessage() {
    assertThatThrownBy(
            () ->
                new EngineBuilder()
                    .memoryBytes(8 << 20)
                    .listen(
                        new Endpoint.Tcp(
                            "127.0.0.1", 0, /* optional= */ false, /* encrypted= */ true))
                    .start())
        .isInstanceOf(ListenException.class)
        .hasMessage("TLS needs tls-cert-file.");
  }
}
