package io.pillion.engine.testkit;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A redis-server of this machine, on a free port; a test that wants one is left out without it. */
public final class RedisProcess extends TestServer {
  private final Process process;
  private final int port;

  /** Starts it and waits until it answers. */
  public RedisProcess(Path folder, String... moreWords) throws IOException {
    port = Processes.freePort();
    List<String> words =
        new ArrayList<>(
            List.of(
                program(),
                "--bind",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--save",
                "",
                "--dir",
                folder.toString(),
                "--enable-debug-command",
                "yes"));
    words.addAll(List.of(moreWords));
    try {
      process =
          Processes.start(
              new ProcessBuilder(words)
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD));
    } catch (IOException e) {
      Assumptions.abort(words.get(0) + " is not installed");
      throw e;
    }
    await("redis-server to listen", this::listens);
  }

  /** The server's name, or its path. */
  public static String program() {
    return System.getProperty("pillion.redis.server", "redis-server");
  }

  private boolean listens() {
    try (TestClient client = connect()) {
      return client.call("PING").value() != null;
    } catch (java.io.UncheckedIOException e) {
      return false;
    }
  }

  /** Where it listens. */
  public int port() {
    return port;
  }

  @Override
  public boolean isOurs() {
    return false;
  }

  @Override
  public TestClient connect() {
    return connect("127.0.0.1", port);
  }

  /** Has it do nothing, or go on. */
  public void stopped(boolean yes) throws IOException {
    try {
      new ProcessBuilder("kill", yes ? "-STOP" : "-CONT", Long.toString(process.pid()))
          .start()
          .waitFor();
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  @Override
  public void close() {
    super.close();
    process.destroy();
    process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Override
  public String toString() {
    return "redis-server at " + port;
  }
}
