package io.pillion.engine.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

/** The server as users start it: a process of its own. */
@Timeout(60)
class MainTest {
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path home;

  private @Nullable Process process;
  private boolean withoutNative;
  private String limits = "";
  private final List<String> jvmOptions = new ArrayList<>();

  @AfterEach
  void stop() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private Process start(String... args) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:MaxDirectMemorySize=96m",
                "-Dio.netty.transport.noNative=" + withoutNative,
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path", "")),
                "io.pillion.engine.server.Main"));
    command.addAll(1, jvmOptions);
    command.addAll(Arrays.asList(args));
    if (!limits.isEmpty()) {
      command.addAll(0, List.of("sh", "-c", limits + " && exec \"$@\"", "sh"));
    }
    Process started = Processes.start(new ProcessBuilder(command).directory(home.toFile()));
    process = started;
    return started;
  }

  /** What it says until a line has the words, which is the last of what is returned. */
  private static String readUntil(BufferedReader reader, String words) throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      seen.append(line).append('\n');
      if (line.contains(words)) {
        return seen.toString();
      }
    }
    throw new AssertionError("'" + words + "' was not said, but:\n" + seen);
  }

  @Test
  void startsServesAndEndsCleanly(@TempDir Path folder) throws Exception {
    int port = Processes.freePort();
    Path socket = folder.resolve("p.sock");
    Path config = folder.resolve("redis.conf");
    Path pidFile = folder.resolve("pid");
    Files.writeString(
        config,
        "# test\nport 1\nmaxmemory 10mb\ninclude "
            + folder.resolve("more-*.conf")
            + "\npidfile "
            + pidFile
            + "\nbind 127.0.0.1\nsave \"\"\n");
    Files.writeString(folder.resolve("more-1.conf"), "maxmemory-policy allkeys-lru\n");
    Process server =
        start(
            config.toString(), "--port", Integer.toString(port), "--unixsocket", socket.toString());
    BufferedReader output = server.inputReader(UTF_8);
    assertThat(readUntil(output, "Ready to accept connections unix"))
        .containsPattern("(?s) PID: " + server.pid() + ".*Server initialized")
        .contains("Ready to accept connections tcp");
    assertThat(Files.readString(pidFile)).isEqualTo(server.pid() + "\n");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      assertThat(jedis.ping()).isEqualTo("PONG");
      assertThat(jedis.configGet("maxmemory*"))
          .containsEntry("maxmemory", "10485760")
          .containsEntry("maxmemory-policy", "allkeys-lru");
      assertThat(jedis.configSet("maxmemory", "5mb")).isEqualTo("OK");
      assertThat(jedis.configRewrite()).isEqualTo("OK");
    }
    assertThat(Files.readString(config)).startsWith("# test\n").contains("\nmaxmemory 5mb\n");
    // Process.destroy would close the output as well.
    assertThat(server.toHandle().destroy()).isTrue();
    assertThat(readUntil(output, "ready to exit, bye bye")).isNotEmpty();
    assertThat(server.waitFor()).isZero();
    assertThat(socket).doesNotExist();
    assertThat(pidFile).doesNotExist();
  }

  @Test
  void theFirstAnswerDoesNotWakeTheFlightRecorder() throws Exception {
    Path classes = home.resolve("classes");
    jvmOptions.add("-Xlog:class+load:file=" + classes);
    int port = Processes.freePort();
    Process server = start("--port", Integer.toString(port), "--save", "");
    BufferedReader output = server.inputReader(UTF_8);
    readUntil(output, "Ready to accept connections tcp");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      assertThat(jedis.ping()).isEqualTo("PONG");
    }
    assertThat(server.toHandle().destroy()).isTrue();
    assertThat(server.waitFor()).isZero();
    assertThat(Files.readString(classes))
        .contains("io.pillion.engine.net.Connection ")
        .doesNotContain("jdk.jfr.internal.handlers");
  }

  /** As in a container without a folder for temporary files, to unpack epoll's library into. */
  @Test
  void withoutTheNativeTransportUnixSocketsWorkAsWell() throws Exception {
    withoutNative = true;
    Path socket = home.resolve("s");
    Process server = start("--port", "0", "--save", "", "--unixsocket", socket.toString());
    BufferedReader output = server.inputReader(UTF_8);
    readUntil(output, "Ready to accept connections unix");
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      client.write(ByteBuffer.wrap("PING\r\n".getBytes(UTF_8)));
      ByteBuffer answer = ByteBuffer.allocate(7);
      while (answer.hasRemaining() && client.read(answer) >= 0) {}
      assertThat(new String(answer.array(), UTF_8)).isEqualTo("+PONG\r\n");
    }
    assertThat(server.toHandle().destroy()).isTrue();
    assertThat(readUntil(output, "ready to exit")).doesNotContain("Unknown channel option");
    assertThat(server.waitFor()).isZero();
  }

  @Test
  void shutdownEndsIt() throws Exception {
    int port = Processes.freePort();
    Process server = start("--port", Integer.toString(port));
    readUntil(server.inputReader(UTF_8), "Ready to accept connections");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      jedis.shutdown();
    }
    assertThat(server.waitFor()).isZero();
  }

  /** As a pod is ended and comes back: what was there is there again, and nothing half-loaded. */
  @Test
  void aSignalSavesAndARestartIsWarm() throws Exception {
    int port = Processes.freePort();
    String[] args = {"--port", Integer.toString(port), "--save", "900 1", "--bind", "127.0.0.1"};
    Process first = start(args);
    BufferedReader output = first.inputReader(UTF_8);
    readUntil(output, "Ready to accept connections");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      for (int i = 0; i < 20; i++) {
        jedis.set("k" + i, "v");
      }
      Path inTheWay = Files.createDirectory(home.resolve("dump.rdb"));
      Files.createFile(inTheWay.resolve("full"));
      first.toHandle().destroy();
      readUntil(output, "Error trying to save the DB, can't exit");
      assertThat(jedis.ping()).isEqualTo("PONG");
      Files.delete(inTheWay.resolve("full"));
      Files.delete(inTheWay);
    }
    first.toHandle().destroy();
    assertThat(first.waitFor()).isZero();

    List<String> slow = new ArrayList<>(Arrays.asList(args));
    slow.addAll(List.of("--key-load-delay", "10000000", "--enable-debug-command", "yes"));
    Process second = start(slow.toArray(new String[0]));
    readUntil(second.inputReader(UTF_8), "Server initialized");
    second.toHandle().destroy();
    assertThat(second.waitFor()).isZero();

    Process third = start(args);
    readUntil(third.inputReader(UTF_8), "Ready to accept connections");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      assertThat(jedis.dbSize()).isEqualTo(20);
    }
    third.toHandle().destroy();
    assertThat(third.waitFor()).isZero();
  }

  @Test
  void aSignalRightAfterTheFirstAnswerKeepsWhatWasAcknowledged() throws Exception {
    int port = Processes.freePort();
    String[] args = {"--port", Integer.toString(port), "--save", "900 1", "--bind", "127.0.0.1"};
    Process first = start(args);
    setAsSoonAsPossible(port);
    assertThat(first.toHandle().destroy()).isTrue();
    assertThat(first.waitFor()).isZero();

    Process second = start(args);
    readUntil(second.inputReader(UTF_8), "Ready to accept connections");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      assertThat(jedis.get("k")).isEqualTo("v");
    }
  }

  private static void setAsSoonAsPossible(int port) {
    while (true) {
      try (Jedis jedis = new Jedis("127.0.0.1", port)) {
        assertThat(jedis.set("k", "v")).isEqualTo("OK");
        return;
      } catch (JedisConnectionException | JedisDataException e) {
        // It does not listen yet, or loads.
        Thread.onSpinWait();
      }
    }
  }

  /** The log that has no room is one that the process may not write. */
  @Test
  void whatCannotBeWrittenAtTheEndIsSaidAndCostsTheExitCode() throws Exception {
    limits = "ulimit -f 64";
    int port = Processes.freePort();
    Process server = start("--port", Integer.toString(port), "--save", "", "--appendonly", "yes");
    BufferedReader output = server.inputReader(UTF_8);
    readUntil(output, "Ready to accept connections");
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      assertThat(jedis.set("k", "v".repeat(100_000))).isEqualTo("OK");
    }
    server.toHandle().destroy();
    assertThat(readUntil(output, "ready to exit"))
        .contains("What could not be written to the AOF is lost: 100")
        .contains("Exiting with an error: what was changed last is in no file");
    assertThat(server.waitFor()).isEqualTo(1);
  }

  @Test
  void aPortThatIsTakenIsSaidInOneLine() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Process server = start("--port", Integer.toString(taken.getLocalPort()));
      assertThat(readUntil(server.inputReader(UTF_8), "Failed listening on port"))
          .contains("already in use. Is another server running there?")
          .doesNotContain("\tat ");
      assertThat(server.waitFor()).isEqualTo(1);
    }
  }

  @Test
  void mistakesInTheConfigurationAreSaidOnStandardError() throws Exception {
    assertThat(errorOf("--nosuch", "1"))
        .isEqualTo(
            """

            *** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***
            Reading the configuration file, at line 1
            >>> 'nosuch "1"'
            Bad directive or wrong number of arguments
            """);
    assertThat(errorOf("/no/such/redis.conf"))
        .isEqualTo(
            "Fatal error, can't open config file '/no/such/redis.conf': No such file or"
                + " directory\n");
    assertThat(errorOf("--daemonize", "yes")).contains("cannot daemonize");
    assertThat(errorOf("--logfile", home.toString()))
        .isEqualTo("Can't open the log file " + home + ": Is a directory\n");
  }

  @Test
  void whatStopsTheStartIsSaidInOneLine() throws Exception {
    Path file = Files.createFile(home.resolve("file"));
    assertThat(lastWords("--dir", "/no/such/dir"))
        .endsWith(" # Can't chdir to '/no/such/dir': No such file or directory");
    assertThat(lastWords("--dir", file.toString())).endsWith(": Not a directory");
    assertThat(lastWords("--tls-port", "1")).endsWith(" # TLS needs tls-cert-file.");
    assertThat(lastWords("--aclfile", "none.acl"))
        .endsWith(
            " # Aborting startup because of ACL errors: Error loading ACLs, opening file"
                + " 'none.acl': No such file or directory");
    Files.writeString(file, "user u on +get\nuser u off\n");
    assertThat(lastWords("--aclfile", file.toString()))
        .contains("WARNING: Duplicate user 'u' found on line 2. WARNING: ACL errors detected");
    assertThat(lastWords("--aclfile", file.toString(), "--user", "u", "on"))
        .contains("define users in one of the two places");
    assertThat(lastWords("--user", "u", "on", "+nothing"))
        .endsWith(
            " # Error loading ACL rule '+nothing' for the user named 'u': Unknown command or"
                + " category name in ACL");
    Files.writeString(home.resolve("dump.rdb"), "what is this?");
    assertThat(lastWords()).contains("Terminating server after rdb file reading failure");
  }

  /** The last line that it says before it ends with 1; all before it are ordinary. */
  private String lastWords(String... args) throws Exception {
    List<String> all = new ArrayList<>(List.of("--port", Integer.toString(Processes.freePort())));
    all.addAll(Arrays.asList(args));
    Process server = start(all.toArray(new String[0]));
    String said = new String(server.getInputStream().readAllBytes(), UTF_8);
    assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(server.exitValue()).isEqualTo(1);
    assertThat(said + new String(server.getErrorStream().readAllBytes(), UTF_8))
        .doesNotContain("\tat ", "Exception");
    return said.strip().lines().reduce("", (before, line) -> line);
  }

  private String errorOf(String... args) throws Exception {
    Process server = start(args);
    assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(server.exitValue()).isEqualTo(1);
    return new String(server.getErrorStream().readAllBytes(), UTF_8);
  }

  @Test
  void helpAndVersion() throws Exception {
    Process help = start("--help");
    assertThat(new String(help.getInputStream().readAllBytes(), UTF_8))
        .startsWith("Usage: pillion-server ");
    assertThat(help.waitFor()).isZero();
    Process version = start("-v");
    assertThat(new String(version.getInputStream().readAllBytes(), UTF_8))
        .startsWith("Pillion server v=")
        .contains(" redis=7.2.4 ");
  }
}
