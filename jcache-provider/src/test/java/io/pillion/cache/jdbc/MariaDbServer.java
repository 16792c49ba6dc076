package io.pillion.cache.jdbc;

import io.pillion.client.OwnProcesses;
import io.pillion.client.RedisServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A {@code mariadbd} of this machine with an empty database named test, for the time of a test. */
public final class MariaDbServer implements AutoCloseable {
  private final Process process;
  private final Path folder;
  private final int port;

  private MariaDbServer(Process process, Path folder, int port) {
    this.process = process;
    this.folder = folder;
    this.port = port;
  }

  /** A server of its own, skipping the test where none is installed. */
  public static MariaDbServer start() throws IOException {
    String binary = binary();
    if (binary == null) {
      Assumptions.abort("no mariadbd on this machine (Debian: mariadb-server-core)");
    }
    Path folder = Files.createTempDirectory("pillion-mariadb");
    int port = RedisServer.freePort();
    // Without its system tables it takes half a second to start, and whoever comes is let in.
    Process process =
        OwnProcesses.start(
            new ProcessBuilder(
                    List.of(
                        Objects.requireNonNull(binary),
                        "--no-defaults",
                        "--user=" + System.getProperty("user.name"),
                        "--datadir=" + Files.createDirectory(folder.resolve("data")),
                        "--socket=" + folder.resolve("socket"),
                        "--pid-file=" + folder.resolve("pid"),
                        "--bind-address=127.0.0.1",
                        "--port=" + port,
                        "--skip-grant-tables",
                        "--skip-networking=0",
                        "--innodb-buffer-pool-size=8M",
                        "--innodb-log-file-size=4M"))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile()));
    MariaDbServer server = new MariaDbServer(process, folder, port);
    server.awaitReady();
    return server;
  }

  private static @Nullable String binary() {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Stream.of(path.split(File.pathSeparator))
        .map(one -> Path.of(one, "mariadbd"))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElse(null);
  }

  private void awaitReady() throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < deadline && process.isAlive()) {
      try (Connection connection =
          DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/?user=test")) {
        connection.createStatement().execute("create database test");
        return;
      } catch (SQLException notYet) {
        pause();
      }
    }
    String log = Files.readString(folder.resolve("log"));
    close();
    throw new IllegalStateException("mariadbd did not come up on port " + port + ":\n" + log);
  }

  private void pause() {
    try {
      if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
        Thread.onSpinWait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The URL of the empty database. */
  public String url() {
    return "jdbc:mariadb://127.0.0.1:" + port + "/test?user=test";
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
