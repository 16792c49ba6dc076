package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.net.Endpoint;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.Processes;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code tls-replication}: from a real server, to it, and from engine to engine. */
@Timeout(60)
final class EncryptedReplicationTest {
  private static final String PASSWORD = "changeit";

  @TempDir static Path folder = Path.of("");

  @BeforeAll
  static void makeCertificate() throws Exception {
    Path store = folder.resolve("keys.p12");
    String words =
        "-genkeypair -alias k -keyalg EC -dname CN=localhost -ext SAN=ip:127.0.0.1"
            + " -ext bc=ca:true -storetype PKCS12 -storepass changeit -keystore "
            + store;
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(Arrays.asList(words.split(" ", -1)));
    Process keytool = new ProcessBuilder(command).inheritIO().start();
    assertThat(keytool.waitFor(30, TimeUnit.SECONDS)).isTrue();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream input = Files.newInputStream(store)) {
      keys.load(input, PASSWORD.toCharArray());
    }
    writePem("key.pem", "PRIVATE KEY", keys.getKey("k", PASSWORD.toCharArray()).getEncoded());
    writePem("cert.pem", "CERTIFICATE", keys.getCertificate("k").getEncoded());
  }

  private static void writePem(String name, String type, byte[] der) throws IOException {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        folder.resolve(name),
        "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n");
  }

  private static PillionEngine engine() {
    return new EngineBuilder()
        .memoryBytes(32 << 20)
        .set("dir", folder.toString())
        .set("repl-diskless-sync-delay", "0")
        .set("tls-cert-file", folder.resolve("cert.pem").toString())
        .set("tls-key-file", folder.resolve("key.pem").toString())
        .set("tls-ca-cert-file", folder.resolve("cert.pem").toString())
        .set("tls-replication", "yes")
        .listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false, /* encrypted= */ true))
        .start();
  }

  /** One that speaks plainly to tests, and not to others. */
  private static RedisProcess redis(int encryptedPort) throws IOException {
    return new RedisProcess(
        Files.createTempDirectory(folder, "redis"),
        "--repl-diskless-sync-delay",
        "0",
        "--tls-port",
        Integer.toString(encryptedPort),
        "--tls-cert-file",
        folder.resolve("cert.pem").toString(),
        "--tls-key-file",
        folder.resolve("key.pem").toString(),
        "--tls-ca-cert-file",
        folder.resolve("cert.pem").toString(),
        "--tls-replication",
        "yes");
  }

  private static @Nullable String ask(LocalClient client, Object... words) {
    Object answer =
        client
            .send(
                Arrays.stream(words)
                    .map(word -> word.toString().getBytes(StandardCharsets.UTF_8))
                    .toList())
            .toCompletableFuture()
            .orTimeout(20, TimeUnit.SECONDS)
            .join();
    return answer instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.UTF_8)
        : answer == null ? null : answer.toString();
  }

  @Test
  void enginesFollowARealServerAndEachOther() throws IOException {
    int port = Processes.freePort();
    try (RedisProcess redis = redis(port);
        PillionEngine first = engine();
        PillionEngine second = engine()) {
      redis.client().ok("SET", "k", "before");
      ask(first.connect(), "REPLICAOF", "127.0.0.1", port);
      ask(second.connect(), "REPLICAOF", "127.0.0.1", first.port());
      await(second, "before");
      redis.client().ok("SET", "k", "then");
      await(first, "then");
      await(second, "then");
    }
  }

  @Test
  void aRealServerFollowsAnEngine() throws IOException {
    try (RedisProcess redis = redis(Processes.freePort());
        PillionEngine engine = engine()) {
      LocalClient client = engine.connect();
      ask(client, "SET", "k", "before");
      redis.client().call("REPLICAOF", "127.0.0.1", engine.port()).isOk();
      TestServer.await("all data", () -> "before".equals(redis.client().call("GET", "k").value()));
      ask(client, "SET", "k", "then");
      TestServer.await(
          "what happens", () -> "then".equals(redis.client().call("GET", "k").value()));
    }
  }

  private static void await(PillionEngine engine, String value) {
    LocalClient client = engine.connect();
    TestServer.await("'" + value + "'", () -> value.equals(ask(client, "GET", "k")));
  }
}
