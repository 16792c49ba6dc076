package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server that is broken, or means harm, can do to those who follow it: nothing. */
final class HostilePrimaryTest {
  private static final String ID = "0123456789abcdef0123456789abcdef01234567";
  private static final String FULL = "+FULLRESYNC " + ID + " 100\r\n";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private byte[] data = {};
  private OutputStream toReplica = OutputStream.nullOutputStream();

  @SuppressWarnings("NullAway.Init")
  private EngineServer ours;

  @SuppressWarnings("NullAway.Init")
  private TestClient client;

  @BeforeEach
  void start() throws IOException {
    Path other = Files.createDirectory(folder.resolve("other"));
    try (EngineServer server = EngineServer.in(other)) {
      TestClient there = server.client();
      there.ok("SET", "new", "1");
      there.call("RPUSH", "list", "a", "b");
      there.ok("SAVE");
      data = Files.readAllBytes(other.resolve("dump.rdb"));
    }
    ours = EngineServer.in(Files.createDirectory(folder.resolve("ours")));
    client = ours.client();
    client.ok("SET", "old", "1");
  }

  @AfterEach
  void close() {
    ours.close();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    Stream.of(parts).forEach(all::writeBytes);
    return all.toByteArray();
  }

  private byte[] allData() {
    return join(ascii(FULL + "$" + data.length + "\r\n"), data);
  }

  /** Has our engine follow a server that sends this, until it is left, or the check is over. */
  private void whenItSends(byte[] bytes, Runnable check) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      client.ok("REPLICAOF", "127.0.0.1", server.getLocalPort());
      try (Socket socket = server.accept()) {
        socket.setSoTimeout((int) TestServer.PATIENCE.toMillis());
        InputStream in = new BufferedInputStream(socket.getInputStream());
        toReplica = socket.getOutputStream();
        shakeHands(in, toReplica);
        try {
          toReplica.write(bytes);
        } catch (IOException e) {
          // It has had enough.
        }
        check.run();
      }
    }
    client.ok("REPLICAOF", "NO", "ONE");
    try (Stream<Path> files = Files.list(folder.resolve("ours"))) {
      Path[] left = files.toArray(Path[]::new);
      TestServer.await(
          "temporary files to be removed: " + List.of(left),
          () -> Stream.of(left).noneMatch(Files::exists));
    }
  }

  private static void shakeHands(InputStream in, OutputStream out) throws IOException {
    while (true) {
      int words = Integer.parseInt(line(in).substring(1));
      String name = "";
      for (int i = 0; i < words; i++) {
        byte[] word = in.readNBytes(Integer.parseInt(line(in).substring(1)));
        in.skipNBytes(2);
        name = i == 0 ? new String(word, StandardCharsets.US_ASCII) : name;
      }
      if (name.equals("PSYNC")) {
        return;
      }
      out.write(ascii(name.equals("PING") ? "+PONG\r\n" : "+OK\r\n"));
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("closed");
      }
      line.append((char) b);
    }
    return line.toString().trim();
  }

  private String field(String section, String name) {
    return client
        .call("INFO", section)
        .text()
        .lines()
        .filter(each -> each.startsWith(name + ":"))
        .map(each -> each.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }

  private void awaitLeft() {
    TestServer.await(
        "the link to be given up", () -> client.call("ROLE").elements().get(3).equals("connect"));
  }

  private void staysAsItWas(byte[] bytes) throws IOException {
    whenItSends(
        bytes,
        () -> {
          awaitLeft();
          client.call("KEYS", "*").isList("old");
        });
  }

  @Test
  void answersThatMakeNoSenseChangeNothing() throws IOException {
    staysAsItWas(ascii("x".repeat(100_000)));
    staysAsItWas(ascii("+FULLRESYNC \r\n"));
    staysAsItWas(ascii("+FULLRESYNC " + ID + " 99999999999999999999\r\n"));
    staysAsItWas(ascii("+CONTINUE " + ID + "\r\n"));
    staysAsItWas(ascii(FULL + "$-1\r\n"));
    staysAsItWas(ascii(FULL + "$999999999999999\r\n"));
    staysAsItWas(ascii(FULL + "$EOF:short\r\n"));
    staysAsItWas(ascii(FULL + "-ERR no\r\n"));
  }

  @Test
  void damagedDataChangeNothing() throws IOException {
    byte[] wrongSum = allData();
    wrongSum[wrongSum.length - 1] ^= 1;
    staysAsItWas(wrongSum);
    staysAsItWas(join(ascii(FULL + "$10\r\n"), ascii("no RDB at all")));
    byte[] cutOff = join(ascii(FULL + "$" + (data.length - 20) + "\r\n"), data);
    staysAsItWas(cutOff);
    byte[] withMark = join(ascii(FULL + "$EOF:" + ID + "\r\n"), data, ascii("more"), ascii(ID));
    withMark[withMark.length - ID.length() - 20] ^= 1;
    staysAsItWas(withMark);
  }

  @Test
  void theOldDataStayWhileTheEndIsMissing() throws IOException {
    whenItSends(
        join(ascii(FULL + "$EOF:" + ID + "\r\n"), data),
        () -> {
          TestServer.await(
              "data to come", () -> !field("replication", "master_sync_read_bytes").isEmpty());
          client.call("KEYS", "*").isList("old");
        });
    client.call("KEYS", "*").isList("old");
  }

  /** All data come while a script is half-way, and has let others in. */
  @Test
  void whatAScriptSeesStaysUntilItEnds() throws IOException {
    client.ok("CONFIG", "SET", "busy-reply-threshold", 1);
    TestClient script = ours.client();
    byte[] all = allData();
    int part = all.length - 10;
    whenItSends(
        Arrays.copyOf(all, part),
        () -> {
          script.send(
              "EVAL_RO",
              "local till = os.clock() + 1.5; while os.clock() < till do end;"
                  + " return redis.call('GET', 'old')",
              0);
          TestServer.await(
              "the script to be busy", () -> client.call("PING").toString().contains("BUSY"));
          try {
            toReplica.write(all, part, all.length - part);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          script.receive().is("1");
          TestServer.await("the new data", () -> "1".equals(client.call("GET", "new").value()));
          client.call("GET", "old").isNil();
        });
  }

  /** Room for it would be made as its bytes come, whatever else needs the heap. */
  @Test
  void aWordThatIsTooLargeForTheHeapEndsTheLinkAtOnce() throws IOException {
    long tooLarge = Math.min(512L << 20, Runtime.getRuntime().maxMemory() / 4) + 1;
    whenItSends(
        join(allData(), ascii("*3\r\n$3\r\nSET\r\n$3\r\nnew\r\n$" + tooLarge + "\r\n")),
        () -> {
          awaitLeft();
          client.call("GET", "new").is("1");
        });
  }

  @Test
  void garbageInTheStreamEndsTheLink() throws IOException {
    whenItSends(
        join(allData(), ascii("*1\r\n$4\r\nPING\r\n*2\r\n$-5\r\n")),
        () -> {
          awaitLeft();
          client.call("GET", "new").is("1");
        });
  }

  @Test
  void commandsThatDoNotBelongThereAreLeftOut() throws IOException {
    whenItSends(
        join(
            allData(),
            ascii("*1\r\n$3\r\nSET\r\n"),
            ascii("*1\r\n$6\r\nNOSUCH\r\n"),
            ascii("*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n"),
            ascii("*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$10\r\nmaxclients\r\n$1\r\n1\r\n"),
            ascii("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n"),
            ascii("*3\r\n$5\r\nLPUSH\r\n$3\r\nnew\r\n$1\r\nx\r\n"),
            ascii("*1\r\n$4\r\nEXEC\r\n"),
            ascii("*3\r\n$3\r\nSET\r\n$5\r\nafter\r\n$1\r\n1\r\n")),
        () -> {
          TestServer.await(
              "what follows to be carried out",
              () -> "1".equals(client.call("GET", "after").value()));
          assertThat(field("stats", "unexpected_error_replies")).isEqualTo("7");
          client.call("CONFIG", "GET", "maxclients").isList("maxclients", "10000");
          assertThat(field("replication", "master_link_status")).isEqualTo("up");
        });
  }

  @Test
  void halfATransactionIsNeverSeen() throws IOException {
    whenItSends(
        join(
            allData(),
            ascii("*3\r\n$3\r\nSET\r\n$6\r\nbefore\r\n$1\r\n1\r\n"),
            ascii("*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n")),
        () -> {
          TestServer.await(
              "what is before it to be carried out",
              () -> "1".equals(client.call("GET", "before").value()));
          client.call("GET", "half").isNil();
        });
    client.call("GET", "half").isNil();
  }
}
