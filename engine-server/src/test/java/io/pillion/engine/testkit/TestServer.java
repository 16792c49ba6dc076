package io.pillion.engine.testkit;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A server under test: ours in process, or a real one. */
public abstract class TestServer implements Closeable {
  /** How long to wait for what must happen before a test fails. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  private final List<TestClient> clients = new ArrayList<>();
  private final Map<String, String> changedSettings = new LinkedHashMap<>();
  private @Nullable TestClient settingsClient;

  /** Whether this is our engine. */
  public abstract boolean isOurs();

  /** A new connection, closed after the test. */
  public final TestClient client() {
    TestClient client = connect();
    clients.add(client);
    return client;
  }

  /** Sets a parameter with CONFIG SET until the end of the test. */
  public final void config(String name, String value) {
    if (settingsClient == null) {
      settingsClient = client();
    }
    List<String> old = settingsClient.call("CONFIG", "GET", name).texts();
    changedSettings.putIfAbsent(name, old.get(1));
    settingsClient.ok("CONFIG", "SET", name, value);
  }

  /** Waits until this many clients are blocked. */
  public final void awaitBlocked(int count) {
    TestClient client = client();
    await(
        count + " blocked clients",
        () -> client.call("INFO", "clients").text().contains("blocked_clients:" + count + "\r\n"));
  }

  /** Waits until a condition holds; asks every millisecond and fails after {@link #PATIENCE}. */
  public static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited in vain for " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  public abstract TestClient connect();

  /** A client over TCP. */
  final TestClient connect(String host, int port) {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket.connect(new InetSocketAddress(host, port), (int) PATIENCE.toMillis());
      return new TestClient(
          this, new BufferedInputStream(socket.getInputStream()), socket.getOutputStream(), socket);
    } catch (IOException e) {
      throw new UncheckedIOException(this + " does not answer at " + host + ":" + port, e);
    }
  }

  final void restoreSettings() {
    TestClient client = settingsClient;
    if (client != null) {
      changedSettings.forEach((name, value) -> client.call("CONFIG", "SET", name, value));
      changedSettings.clear();
      settingsClient = null;
    }
  }

  /** Takes back the settings and closes the clients. */
  @Override
  public void close() {
    restoreSettings();
    clients.forEach(TestClient::close);
    clients.clear();
  }
}
