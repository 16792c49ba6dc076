package io.pillion.engine.net;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
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

  private static PillionEngine start(String authClients) {
    return new EngineBuilder()
        .memoryBytes(8 << 20)
        .set("tls-cert-file", folder.resolve("cert.pem").toString())
        .set("tls-key-file", folder.resolve("key.pem").toString())
        .set("tls-ca-cert-file", folder.resolve("cert.pem").toString())
        .set("tls-auth-clients", authClients)
        .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false, /* encrypted= */ true))
        .start();
  }

  private static String ping(PillionEngine engine, boolean withCertificate) throws Exception {
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
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", engine.port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write("PING\r\nPING 2\r\n".getBytes(US_ASCII));
      return new String(socket.getInputStream().readNBytes(14), US_ASCII);
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
