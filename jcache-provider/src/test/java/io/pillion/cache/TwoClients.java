package io.pillion.cache;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.pillion.client.Commands;
import io.pillion.client.PillionClient;
import io.pillion.client.RedisServer;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Two clients of one server, as of two JVMs, for all tests of a class. JUnit limits the time of
 * tests, and not of this.
 */
final class TwoClients implements BeforeAllCallback, AfterAllCallback {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final Supplier<Place> begin;
  private @Nullable Place place;
  private @Nullable Commands one;
  private @Nullable Commands other;

  /** Where the server is, and how it ends. */
  private record Place(String url, AutoCloseable server) {}

  private TwoClients(Supplier<Place> begin) {
    this.begin = begin;
  }

  /**
   * Of a server that is started for this.
   *
   * @param url tells where it is
   */
  static <S extends AutoCloseable> TwoClients of(Supplier<S> start, Function<S, String> url) {
    return new TwoClients(
        () -> {
          S server = start.get();
          return new Place(url.apply(server) + "?timeout=5s", server);
        });
  }

  /** Of an engine of this JVM. */
  static TwoClients embedded(String name) {
    return new TwoClients(() -> new Place("embedded:" + name, () -> {}));
  }

  /** Of an engine of this JVM, over TCP. */
  static TwoClients overTcp(String name) {
    return new TwoClients(
        () -> {
          int port = RedisServer.freePort();
          Commands host = PillionClient.connect("embedded:" + name + "?listen=" + port);
          return new Place("redis://127.0.0.1:" + port + "?timeout=5s", host);
        });
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    assertTimeoutPreemptively(LIMIT, this::begin);
  }

  private void begin() {
    Place found = begin.get();
    place = found;
    one = PillionClient.connect(found.url);
    other = PillionClient.connect(found.url);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    assertTimeoutPreemptively(LIMIT, this::end);
  }

  private void end() throws Exception {
    Commands first = one;
    Commands second = other;
    Place used = place;
    if (first != null) {
      first.close();
    }
    if (second != null) {
      second.close();
    }
    if (used != null) {
      used.server.close();
    }
  }

  Commands one() {
    return Objects.requireNonNull(one);
  }

  Commands other() {
    return Objects.requireNonNull(other);
  }
}
