package io.pillion.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.Processes;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class NetServerTest {
  private @Nullable PillionEngine running;

  @AfterEach
  void stop() {
    if (running != null) {
      running.close();
    }
  }

  private PillionEngine start(EngineBuilder builder) {
    PillionEngine engine =
        builder.listen(new Endpoint.Tcp("127.0.0.1", 0, /* optional= */ false)).start();
    running = engine;
    return engine;
  }

  private static EngineBuilder builder() {
    return new EngineBuilder().memoryBytes(16 << 20);
  }

  private static @Nullable Object call(PillionEngine engine, String... words) {
    try (LocalClient client = engine.connect()) {
      return client
          .send(Arrays.stream(words).map(w -> w.getBytes(StandardCharsets.UTF_8)).toList())
          .toCompletableFuture()
          .join();
    }
  }

  // --- bytes in, bytes out: the same on the oracle

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PING\\r\\nPING hi\\r\\n|+PONG\\r\\n$2\\r\\nhi\\r\\n",
        "*1\\r\\n$4\\r\\nPING\\r\\n\\r\\n*0\\r\\n*-1\\r\\nPING\\r\\n|+PONG\\r\\n+PONG\\r\\n",
        "PING\\r\\n*1\\r\\nfoo\\r\\nPING\\r\\n|+PONG\\r\\n-ERR Protocol error: expected '$', got"
            + " 'f'\\r\\n",
        "*3000000000\\r\\n|-ERR Protocol error: invalid multibulk length\\r\\n",
        "*2\\r\\n$3\\r\\nGET\\r\\n$-1\\r\\n|-ERR Protocol error: invalid bulk length\\r\\n",
        "*1\\r\\n$4\\r\\nPINGxx*1\\r\\n$4\\r\\nPING\\r\\n|+PONG\\r\\n+PONG\\r\\n",
        "PING \"a\\r\\n|-ERR Protocol error: unbalanced quotes in request\\r\\n",
        "PING \"a\\\\x41\\\\n\" \\r\\n|$3\\r\\naA\\n\\r\\n",
        "PING\\r\\nQUIT\\r\\nPING\\r\\n|+PONG\\r\\n+OK\\r\\n",
        "POST / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n|''",
        "BLPOP nolist 0\\r\\n|''",
      })
  void answersAndEndsAsRedisDoes(String request, String reply) throws Exception {
    PillionEngine engine = start(builder());
    assertThat(exchange("127.0.0.1", engine.port(), request)).isEqualTo(unescape(reply));
    String oracle = System.getenv("PILLION_ORACLE");
    if (oracle != null) {
      String[] address = oracle.split(":", -1);
      assertThat(exchange(address[0], Integer.parseInt(address[1]), request))
          .as("the oracle's reply")
          .isEqualTo(unescape(reply));
    }
  }

  private static String exchange(String host, int port, String request) throws IOException {
    try (RawClient client = new RawClient(host, port)) {
      return client.send(unescape(request)).endInput().readToEnd();
    }
  }

  private static String unescape(String text) {
    return text.replace("\\\\", "\0").replace("\\r", "\r").replace("\\n", "\n").replace("\0", "\\");
  }

  @Test
  void aLongPipelineIsAnsweredInOrder() throws Exception {
    PillionEngine engine = start(builder());
    int commands = 20_000;
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < commands; i++) {
      String word = Integer.toString(i);
      expected.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      StringBuilder requests = new StringBuilder();
      for (int i = 0; i < commands; i++) {
        requests.append("PING ").append(i).append("\r\n");
      }
      client.send(requests.toString());
      assertThat(client.read(expected.length())).isEqualTo(expected.toString());
    }
  }

  @Test
  void largeValuesGoInAndOut() throws Exception {
    PillionEngine engine = start(builder());
    String value = "x".repeat(3_000_000);
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n").send(value).send("\r\nGET k\r\n");
      assertThat(client.read(5)).isEqualTo("+OK\r\n");
      assertThat(client.read(value.length() + 12)).isEqualTo("$3000000\r\n" + value + "\r\n");
    }
  }

  @Test
  void aWaitingClientIsServedByAnotherAndGoesOnWithItsInput() throws Exception {
    PillionEngine engine = start(builder().set("engine-threads", "2"));
    try (RawClient waiting = new RawClient("127.0.0.1", engine.port());
        RawClient giving = new RawClient("127.0.0.1", engine.port())) {
      waiting.send("PING\r\nBLPOP list 0\r\nPING after\r\n");
      assertThat(waiting.read(7)).isEqualTo("+PONG\r\n");
      giving.send("RPUSH list element\r\n");
      assertThat(giving.read(4)).isEqualTo(":1\r\n");
      String reply = "*2\r\n$4\r\nlist\r\n$7\r\nelement\r\n$5\r\nafter\r\n";
      assertThat(waiting.read(reply.length())).isEqualTo(reply);
    }
  }

  // --- limits

  @Test
  void oneClientTooManyIsTurnedAway() throws Exception {
    PillionEngine engine = start(builder().set("maxclients", "1"));
    try (RawClient first = new RawClient("127.0.0.1", engine.port())) {
      first.send("PING\r\n");
      assertThat(first.read(7)).isEqualTo("+PONG\r\n");
      try (RawClient second = new RawClient("127.0.0.1", engine.port())) {
        assertThat(second.readToEnd()).isEqualTo("-ERR max number of clients reached\r\n");
      }
      first.send("QUIT\r\n");
      assertThat(first.readToEnd()).isEqualTo("+OK\r\n");
    }
  }

  @Test
  void strangersMaySendLittleUntilTheyHaveAuthenticated() throws Exception {
    PillionEngine engine = start(builder().set("requirepass", "secret"));
    assertThat(exchange("127.0.0.1", engine.port(), "*11\\r\\n"))
        .isEqualTo("-ERR Protocol error: unauthenticated multibulk length\r\n");
    assertThat(exchange("127.0.0.1", engine.port(), "*2\\r\\n$4\\r\\nPING\\r\\n$16385\\r\\n"))
        .isEqualTo("-ERR Protocol error: unauthenticated bulk length\r\n");
    assertThat(exchange("127.0.0.1", engine.port(), "PING\\r\\nAUTH secret\\r\\nPING\\r\\n"))
        .isEqualTo("-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n");
    String many = "*12\\r\\n$3\\r\\nDEL\\r\\n" + "$1\\r\\nk\\r\\n".repeat(11);
    assertThat(exchange("127.0.0.1", engine.port(), "AUTH secret\\r\\n" + many))
        .isEqualTo("+OK\r\n:0\r\n");
  }

  @Test
  void cve21605AStrangerWhoDoesNotReadMakesNoRepliesPileUp() throws Exception {
    PillionEngine engine = start(builder().set("requirepass", "secret"));
    try (RawClient stranger = new RawClient("127.0.0.1", engine.port())) {
      Thread flood =
          new Thread(
              () -> {
                try {
                  String pings = "PING\r\n".repeat(10_000);
                  for (int i = 0; i < 400; i++) {
                    stranger.send(pings);
                  }
                } catch (IOException e) {
                  // The test is over.
                  return;
                }
              });
      flood.setDaemon(true);
      flood.start();
      // Four million refusals would be 140 MB; the sockets' own buffers take a few.
      String refusal = "-NOAUTH Authentication required.\r\n";
      for (int i = 0; i < 1000; i++) {
        assertThat(stranger.read(refusal.length())).isEqualTo(refusal);
      }
      assertThat(engine.engine().statistics().clientBytes()).isLessThan(4 << 20);
    }
  }

  @Test
  void whoLeavesTooMuchUnreadIsClosed() throws Exception {
    PillionEngine engine =
        start(builder().set("client-output-buffer-limit", "normal", "1mb", "0", "0"));
    assertThat(call(engine, "SET", "k", "x".repeat(100_000))).isNotNull();
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      client.send("GET k\r\n".repeat(500));
      assertThat(client.readToEnd().length()).isLessThan(500 * 100_000);
    }
  }

  @Test
  void aSubscriberWhoDoesNotReadIsClosedAtTheHardLimit() throws Exception {
    PillionEngine engine =
        start(builder().set("client-output-buffer-limit", "pubsub", "1mb", "0", "0"));
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      client.send("SUBSCRIBE c\r\n");
      assertThat(client.read(30)).endsWith("c\r\n:1\r\n");
      String message = "x".repeat(100_000);
      int sent = 0;
      while (Long.valueOf(1).equals(call(engine, "PUBLISH", "c", message))) {
        assertThat(++sent).isLessThan(1000);
      }
      assertThat(client.readToEnd().length()).isLessThan(1000 * 100_000);
    }
  }

  @Test
  void aSubscriberWhoStaysOverTheSoftLimitIsClosed() throws Exception {
    PillionEngine engine =
        start(builder().set("client-output-buffer-limit", "pubsub", "0", "1mb", "1"));
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      client.send("SUBSCRIBE c\r\n");
      assertThat(client.read(30)).endsWith("c\r\n:1\r\n");
      String message = "x".repeat(1_000_000);
      for (int i = 0; i < 40; i++) {
        assertThat(call(engine, "PUBLISH", "c", message)).isEqualTo(1L);
      }
      TestServer.await(
          "the subscriber to be closed",
          () -> Long.valueOf(0).equals(call(engine, "PUBLISH", "c", "")));
    }
  }

  @Test
  void anUnfinishedRequestBeyondTheQueryBufferEndsTheClient() throws Exception {
    PillionEngine engine = start(builder().set("client-query-buffer-limit", "1mb"));
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      client.send("*2\r\n$3\r\nGET\r\n$100000000\r\n");
      try {
        client.send("x".repeat(4 << 20));
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("");
      }
      assertThat(client.readToEnd()).isEmpty();
    }
  }

  @Test
  void silentClientsAreClosedAfterTheTimeout() throws Exception {
    PillionEngine engine = start(builder().set("timeout", "1"));
    try (RawClient client = new RawClient("127.0.0.1", engine.port())) {
      client.send("PING\r\n");
      assertThat(client.readToEnd()).isEqualTo("+PONG\r\n");
    }
  }

  // --- where it listens

  @Test
  void aPortThatIsTakenIsOneClearMessage() {
    PillionEngine engine = start(builder());
    assertThatThrownBy(
            () ->
                builder()
                    .listen(new Endpoint.Tcp("127.0.0.1", engine.port(), /* optional= */ false))
                    .start())
        .isInstanceOf(ListenException.class)
        .hasMessage(
            "Failed listening on port "
                + engine.port()
                + " (tcp): Address already in use. Is another server running there? Choose another"
                + " port.");
  }

  @Test
  void thePortCanChangeWhileClientsStay() throws Exception {
    PillionEngine engine = start(builder().set("bind", "127.0.0.1"));
    int before = engine.port();
    int free = Processes.freePort();
    try (RawClient client = new RawClient("127.0.0.1", before)) {
      client.send("CONFIG SET port " + free + "\r\n");
      assertThat(client.read(5)).isEqualTo("+OK\r\n");
      assertThat(engine.ports()).containsExactly(free);
      client.send("PING\r\n");
      assertThat(client.read(7)).isEqualTo("+PONG\r\n");
    }
    assertThat(exchange("127.0.0.1", free, "PING\\r\\n")).isEqualTo("+PONG\r\n");
    assertThatThrownBy(() -> exchange("127.0.0.1", before, "PING\\r\\n"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aPortThatCannotBeHadIsTakenBack() throws Exception {
    PillionEngine engine = start(builder().set("bind", "127.0.0.1"));
    // The port it has is the one that it goes back to.
    engine.parameters().set("port", Integer.toString(engine.port()));
    try (java.net.ServerSocket taken =
        new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      assertThat(call(engine, "CONFIG", "SET", "port", Integer.toString(taken.getLocalPort())))
          .isEqualTo(
              new ErrorValue(
                  "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen"
                      + " on this port. Check server logs."));
    }
    assertThat(exchange("127.0.0.1", engine.port(), "PING\\r\\n")).isEqualTo("+PONG\r\n");
  }

  @Test
  void theUnixSocketIsOursAloneAndGoneAfterwards(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("pillion.sock");
    Files.createFile(path);
    try (PillionEngine engine =
            builder().listen(new Endpoint.Unix(path.toString(), /* mode= */ 0)).start();
        SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      assertThat(engine.ports()).isEmpty();
      assertThat(Files.getPosixFilePermissions(path))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      assertThat(folder)
          .isDirectoryContaining(path::equals)
          .isDirectoryNotContaining("glob:**/.p*");
      client.connect(UnixDomainSocketAddress.of(path));
      client.write(StandardCharsets.UTF_8.encode("PING\r\nCLIENT LIST\r\n"));
      ByteBuffer reply = ByteBuffer.allocate(512);
      while (!new String(reply.array(), 0, reply.position(), StandardCharsets.UTF_8)
          .contains(" cmd=")) {
        assertThat(client.read(reply)).isPositive();
      }
      assertThat(new String(reply.array(), 0, reply.position(), StandardCharsets.UTF_8))
          .startsWith("+PONG\r\n")
          .contains(" addr=" + path + ":0 laddr=" + path + ":0 ");
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void whereNobodyListensNothingIsOpen() {
    try (PillionEngine engine = builder().start()) {
      assertThat(engine.ports()).isEmpty();
      assertThatThrownBy(engine::port).isInstanceOf(IllegalStateException.class);
      assertThat(call(engine, "PING")).isEqualTo("PONG".getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void closingTheEngineEndsItsClients() throws Exception {
    PillionEngine engine = start(builder());
    List<RawClient> clients =
        List.of(
            new RawClient("127.0.0.1", engine.port()), new RawClient("127.0.0.1", engine.port()));
    for (RawClient client : clients) {
      client.send("PING\r\n");
      assertThat(client.read(7)).isEqualTo("+PONG\r\n");
    }
    engine.close();
    for (RawClient client : clients) {
      assertThat(client.readToEnd()).isEmpty();
      client.close();
    }
  }
}
