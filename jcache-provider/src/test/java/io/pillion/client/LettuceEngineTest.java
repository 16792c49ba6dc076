package io.pillion.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The network client against our own engine, which an embedded client has opened to others. */
class LettuceEngineTest {
  private static @TempDir @Nullable Path folder;
  private static @Nullable Commands host;
  private static @Nullable Commands overTcp;
  private static @Nullable Commands socketHost;
  private static @Nullable Commands overSocket;

  @BeforeAll
  static void start() {
    int port = RedisServer.freePort();
    host = PillionClient.connect("embedded:tcp-test?listen=" + port);
    overTcp = PillionClient.connect("redis://127.0.0.1:" + port + "?timeout=5s");
    Path socket = Objects.requireNonNull(folder).resolve("pillion.sock");
    socketHost = PillionClient.connect("embedded:socket-test?listen=" + socket);
    overSocket = PillionClient.connect("unix://" + socket + "?timeout=5s");
  }

  @AfterAll
  static void stop() {
    for (Commands client : new Commands[] {overTcp, host, overSocket, socketHost}) {
      if (client != null) {
        client.close();
      }
    }
  }

  @Nested
  class OverTcp extends CommandsContract {
    @Override
    protected Commands commands() {
      return Objects.requireNonNull(overTcp);
    }
  }

  @Nested
  class OverAUnixDomainSocket extends CommandsContract {
    @Override
    protected Commands commands() {
      return Objects.requireNonNull(overSocket);
    }
  }

  @Test
  void bothWaysLeadToTheSameData() {
    Commands inside = Objects.requireNonNull(host);
    Commands outside = Objects.requireNonNull(overTcp);
    inside.call(Command.of("SET").arg("shared").arg("v"));
    assertThat(Replies.asText(outside.call(Command.of("GET").arg("shared")))).isEqualTo("v");
  }

  @Test
  void aPortInUseIsOneClearSentence() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String url = "embedded:taken?listen=" + taken.getLocalPort();
      assertThatThrownBy(() -> PillionClient.connect(url))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining(Integer.toString(taken.getLocalPort()));
    }
  }

  @Test
  void aPasswordGuardsTheOpenPort() {
    int port = RedisServer.freePort();
    PillionUrl url =
        PillionUrl.parse("embedded:guarded?listen=" + port).withCredentials(null, "s3cret");
    try (Commands inside = PillionClient.connect(url);
        Commands stranger = PillionClient.connect("redis://127.0.0.1:" + port);
        Commands friend = PillionClient.connect("redis://:s3cret@127.0.0.1:" + port)) {
      assertThat(Replies.asText(inside.call(Command.of("PING")))).isEqualTo("PONG");
      assertThat(Replies.asText(friend.call(Command.of("PING")))).isEqualTo("PONG");
      assertThatThrownBy(() -> stranger.call(Command.of("PING")))
          .isInstanceOf(ConnectionException.class)
          .hasMessageContaining("NOAUTH");
    }
  }

  @Test
  void whatCannotBeListenedOnIsRefused() {
    for (String listen : new String[] {"127.0.0.1:70000", "port", "127.0.0.1:", "a:b:c"}) {
      assertThatThrownBy(() -> PillionClient.connect("embedded:bad?listen=" + listen))
          .isInstanceOf(PillionUrlException.class)
          .hasMessageContaining("listen");
    }
    assertThatThrownBy(() -> PillionClient.connect("embedded:bad?maxmemory=lots"))
        .isInstanceOf(PillionUrlException.class)
        .hasMessageContaining("maxmemory");
    assertThatThrownBy(() -> PillionClient.connect("redis://h?listen=1"))
        .isInstanceOf(PillionUrlException.class)
        .hasMessageContaining("embedded");
  }
}
