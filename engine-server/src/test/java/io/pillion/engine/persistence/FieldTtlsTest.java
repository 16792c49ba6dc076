package io.pillion.engine.persistence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fields with a time to live, in the format of Redis and in that of Valkey. */
@Timeout(60)
final class FieldTtlsTest {
  private static final long FAR = 32_503_680_000_000L;
  private static final int LARGE = 600;

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  private EngineServer start(String... settings) {
    return EngineServer.in(folder, settings);
  }

  private static void fill(TestClient client) {
    client.call("HSET", "plain", "f", "v");
    client.call("HSET", "small", "f", "v", "g", "w", "h", "x");
    client.call("HPEXPIREAT", "small", FAR, "FIELDS", 1, "f");
    client.call("HPEXPIREAT", "small", FAR + 5, "FIELDS", 1, "g");
    for (int i = 0; i < LARGE; i++) {
      client.call("HSET", "large", "field" + i, "value" + i);
      if (i % 3 > 0) {
        client.call("HPEXPIREAT", "large", FAR + i, "FIELDS", 1, "field" + i);
      }
    }
  }

  private static void requireAll(TestClient client, String small) {
    client.call("HPEXPIRETIME", small, "FIELDS", 3, "f", "g", "h").isList(FAR, FAR + 5, -1L);
    client
        .call("HPEXPIRETIME", "large", "FIELDS", 3, "field1", "field2", "field597")
        .isList(FAR + 1, FAR + 2, -1L);
    assertThat(client.call("HLEN", "large").integer()).isEqualTo(LARGE);
  }

  private String beginOf(String file) throws IOException {
    return new String(Files.readAllBytes(folder.resolve(file)), 0, 9, ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({"redis, REDIS0012, 24, 12", "valkey, VALKEY080, 22, 80"})
  void areInFilesAndPayloadsAsAsked(String format, String magic, int type, int version)
      throws IOException {
    String digest;
    try (EngineServer server = start("rdb-field-ttl-format", format)) {
      TestClient client = server.client();
      fill(client);
      String payload = client.call("DUMP", "small").text();
      assertThat((int) payload.charAt(0)).isEqualTo(type);
      assertThat((int) payload.charAt(payload.length() - 10)).isEqualTo(version);
      client.ok("RESTORE", "again", 0, payload);
      requireAll(client, "again");
      digest = client.call("DEBUG", "DIGEST").text();
      client.ok("SAVE");
      assertThat(beginOf("dump.rdb")).isEqualTo(magic);
    }
    try (EngineServer server = start()) {
      requireAll(server.client(), "small");
      assertThat(server.client().call("DEBUG", "DIGEST").text()).isEqualTo(digest);
    }
  }

  /** The large hash is written part by part, and some of it earlier than the rest. */
  @ParameterizedTest
  @CsvSource({"redis", "valkey"})
  void areInASnapshotThatWritersOvertake(String format) {
    String digest;
    try (EngineServer server =
        start("rdb-field-ttl-format", format, "rdb-key-save-delay", "100000")) {
      TestClient client = server.client();
      fill(client);
      digest = client.call("DEBUG", "DIGEST").text();
      client.call("BGSAVE");
      for (int i = 0; i < LARGE; i += 7) {
        client.call("HDEL", "large", "field" + i);
      }
      client.call("DEL", "small");
      TestServer.await(
          "the file",
          () -> client.call("INFO", "persistence").text().contains("rdb_bgsave_in_progress:0"));
      assertThat(client.call("INFO", "persistence").text()).contains("rdb_saves:1\r\n");
    }
    try (EngineServer server = start()) {
      requireAll(server.client(), "small");
      assertThat(server.client().call("DEBUG", "DIGEST").text()).isEqualTo(digest);
    }
  }

  @Test
  void areNoConcernOfFilesWithout() throws IOException {
    try (EngineServer server = start("rdb-field-ttl-format", "valkey")) {
      TestClient client = server.client();
      client.call("HSET", "plain", "f", "v");
      client.ok("SAVE");
      assertThat(beginOf("dump.rdb")).isEqualTo("REDIS0010");
    }
  }

  /** A base of commands is for every server that knows the command. */
  @Test
  void areCommandsInABaseOfCommands() throws IOException {
    String digest;
    try (EngineServer server = start("appendonly", "yes", "aof-use-rdb-preamble", "no")) {
      TestClient client = server.client();
      fill(client);
      client.call("BGREWRITEAOF");
      TestServer.await(
          "the base",
          () -> Files.exists(folder.resolve("appendonlydir/appendonly.aof.2.base.aof")));
      digest = client.call("DEBUG", "DIGEST").text();
    }
    assertThat(
            Files.readString(folder.resolve("appendonlydir/appendonly.aof.2.base.aof"), ISO_8859_1))
        .contains("HPEXPIREAT\r\n$5\r\nsmall\r\n$14\r\n" + (FAR + 5) + "\r\n$6\r\nFIELDS\r\n")
        .doesNotContain("REDIS0");
    try (EngineServer server = start("appendonly", "yes")) {
      requireAll(server.client(), "small");
      assertThat(server.client().call("DEBUG", "DIGEST").text()).isEqualTo(digest);
    }
  }

  /** What comes later in the log may need a field whose time has come since. */
  @Test
  void mayHavePassedWhenTheyAreLoaded() throws IOException {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    log.writeBytes(TestClient.encode("HSET", "h", "stays", "v", "goes", "v"));
    log.writeBytes(TestClient.encode("HPEXPIREAT", "h", 1000, "FIELDS", 2, "stays", "goes"));
    log.writeBytes(TestClient.encode("HPERSIST", "h", "FIELDS", 1, "stays"));
    Files.write(folder.resolve("appendonly.aof"), log.toByteArray());
    try (EngineServer server = start("appendonly", "yes")) {
      server.client().call("HMGET", "h", "stays", "goes").isList("v", null);
    }
  }

  /** Valkey says its version before it follows; Redis does not. */
  @ParameterizedTest
  @CsvSource({"9.1.2, VALKEY080", "10.0.0, VALKEY080", "8.0.1, REDIS0012", "'', REDIS0012"})
  void areSentAsTheReplicaReadsThem(String version, String magic) throws IOException {
    try (EngineServer server = start("repl-diskless-sync", "no")) {
      TestClient client = server.client();
      client.call("HSET", "small", "f", "v");
      client.call("HPEXPIREAT", "small", FAR, "FIELDS", 1, "f");
      try (Socket replica = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        replica.setSoTimeout((int) TestServer.PATIENCE.toMillis());
        if (!version.isEmpty()) {
          write(replica, "REPLCONF version " + version);
          assertThat(beginOf(replica, 3)).isEqualTo("+OK");
        }
        write(replica, "SYNC");
        assertThat(beginOf(replica, magic.length())).isEqualTo(magic);
      }
    }
  }

  private static void write(Socket socket, String command) throws IOException {
    socket.getOutputStream().write((command + "\r\n").getBytes(ISO_8859_1));
  }

  /** The first so many characters of a line that has them; shorter ones are passed over. */
  private static String beginOf(Socket socket, int length) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder line = new StringBuilder();
    while (line.length() < length) {
      int next = in.read();
      assertThat(next).as("after %s", line).isNotEqualTo(-1);
      line.append((char) next);
      if (next == '\n') {
        line.setLength(0);
      }
    }
    return line.toString();
  }
}
