package io.pillion.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A real server for a test: the one that the environment variable {@code PILLION_ORACLE} names, or
 * a {@code redis-server} of this machine, started on a free port and stopped at the end. {@code
 * PILLION_REDIS_SERVER} is the path of another program to start, such as a {@code valkey-server} or
 * one of an older version, for all tests that start any.
 */
public final class RedisServer implements AutoCloseable {
  private static final @Nullable String OTHER_PROGRAM = System.getenv("PILLION_REDIS_SERVER");
  private static final String PROGRAM = OTHER_PROGRAM == null ? "redis-server" : OTHER_PROGRAM;

  private static final int ATTEMPTS = 5;

  private final @Nullable Process process;
  private final @Nullable Path folder;
  private final String host;
  private final int port;

  private RedisServer(@Nullable Process process, @Nullable Path folder, String host, int port) {
    this.process = process;
    this.folder = folder;
    this.host = host;
    this.port = port;
  }

  /** A server to test against, skipping the test where this machine has none. */
  public static RedisServer find() {
    String oracle = System.getenv("PILLION_ORACLE");
    if (oracle != null && oracle.contains(":")) {
      int colon = oracle.lastIndexOf(':');
      return new RedisServer(
          null, null, oracle.substring(0, colon), Integer.parseInt(oracle.substring(colon + 1)));
    }
    return start();
  }

  /** A {@code redis-server} of its own, skipping the test where none is installed. */
  public static RedisServer start(String... options) {
    return onAFreePort(10_000, 32_000, port -> start(port, options));
  }

  /** Starts it, on another port if somebody was faster to take this one. */
  static RedisServer onAFreePort(int from, int to, IntFunction<RedisServer> start) {
    for (int attempt = 1; ; attempt++) {
      try {
        return start.apply(freePort(from, to));
      } catch (IllegalStateException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** A {@code redis-server} of its own on this port, skipping the test where none is installed. */
  public static RedisServer start(int port, String... options) {
    if (!installed()) {
      Assumptions.abort("no redis-server on this machine");
    }
    try {
      Path folder = Files.createTempDirectory("pillion-redis");
      List<String> line = new ArrayList<>(List.of(PROGRAM, "--port", "" + port));
      line.addAll(List.of("--bind", "127.0.0.1", "--save", "", "--dir", folder.toString()));
      line.addAll(List.of("--unixsocket", folder.resolve("redis.sock").toString()));
      if (!isOfVersion6()) {
        line.addAll(List.of("--enable-debug-command", "yes"));
      }
      line.addAll(List.of(options));
      return start(line, folder, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A sentinel that watches nothing yet, skipping the test where none is installed. */
  public static RedisServer startSentinel() {
    if (!installed()) {
      Assumptions.abort("no redis-server on this machine");
    }
    return onAFreePort(10_000, 32_000, RedisServer::startSentinel);
  }

  private static RedisServer startSentinel(int port) {
    try {
      Path folder = Files.createTempDirectory("pillion-sentinel");
      Path settings = folder.resolve("sentinel.conf");
      Files.writeString(settings, "port " + port + "\nbind 127.0.0.1\ndir " + folder + "\n");
      return start(List.of(PROGRAM, settings.toString(), "--sentinel"), folder, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RedisServer start(List<String> line, Path folder, int port) throws IOException {
    Process process =
        OwnProcesses.start(
            new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile()));
    RedisServer server = new RedisServer(process, folder, "127.0.0.1", port);
    server.awaitListening();
    return server;
  }

  /**
   * A port nobody listens on at the moment. Linux gives those from 32,768 on to outgoing
   * connections: one could take it before anybody listens, even one that asks for this very port
   * and is connected to itself.
   */
  public static int freePort() {
    return freePort(10_000, 32_000);
  }

  private static int freePort(int from, int to) {
    for (; ; ) {
      int port = ThreadLocalRandom.current().nextInt(from, to);
      try (ServerSocket socket = new ServerSocket(port)) {
        return socket.getLocalPort();
      } catch (BindException taken) {
        Thread.onSpinWait();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Whether it is of a version in which DEBUG is open to everybody, and no option of that name. */
  private static boolean isOfVersion6() throws IOException {
    Process asked = new ProcessBuilder(PROGRAM, "--version").start();
    return new String(asked.getInputStream().readAllBytes(), UTF_8).contains(" v=6.");
  }

  private static boolean installed() {
    if (OTHER_PROGRAM != null) {
      return true;
    }
    String path = System.getenv("PATH");
    return path != null
        && Stream.of(path.split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "redis-server")));
  }

  private void awaitListening() {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < deadline) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(host, port), 1_000);
        if (process == null || process.isAlive()) {
          return;
        }
      } catch (IOException e) {
        Thread.onSpinWait();
      }
      if (process != null && !process.isAlive()) {
        break;
      }
      pause();
    }
    close();
    throw new IllegalStateException("redis-server did not come up on port " + port);
  }

  private void pause() {
    try {
      if (process != null) {
        boolean ended = process.waitFor(20, TimeUnit.MILLISECONDS);
        if (ended) {
          Thread.onSpinWait();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the test started it, and may therefore stop it, stall it or change its settings. */
  public boolean own() {
    return process != null;
  }

  /** The URL of the server over TCP. */
  public String url() {
    return "redis://" + host + ":" + port;
  }

  /** Where it listens. */
  public int port() {
    return port;
  }

  /** Its Unix domain socket. */
  public Path socket() {
    if (folder == null) {
      throw new IllegalStateException("The socket of a foreign server is not known");
    }
    return folder.resolve("redis.sock");
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (folder != null) {
      // What is named last goes first.
      folder.toFile().deleteOnExit();
      File[] files = folder.toFile().listFiles();
      for (File file : files == null ? new File[0] : files) {
        file.deleteOnExit();
      }
    }
  }
}
