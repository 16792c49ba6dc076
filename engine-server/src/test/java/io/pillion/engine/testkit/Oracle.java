package io.pillion.engine.testkit;

import io.pillion.engine.dispatch.Engine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Both servers side by side, for tests that compare what they say. */
public final class Oracle {
  private Oracle() {}

  /** Runs with a client of an engine of ours, in RESP2. */
  public static void withOurs(Consumer<TestClient> test) {
    try (EngineServer ours = new EngineServer()) {
      ours.start();
      test.accept(ours.client());
    }
  }

  /** Runs with a client of each, both empty; skips the test when no real server is named. */
  public static void withBoth(BiConsumer<TestClient, TestClient> test) {
    Assumptions.assumeTrue(OracleServer.isNamed(), "PILLION_ORACLE is not set");
    try (EngineServer ours = new EngineServer();
        OracleServer oracle = new OracleServer()) {
      ours.start();
      TestClient other = oracle.client();
      other.ok("FLUSHALL");
      test.accept(ours.client(), other);
    }
  }

  /**
   * Runs with a client of an engine of ours, whose effects are replayed afterwards, and with one of
   * the real server; the latter is null when none is named.
   */
  public static void withOursAndAnyOracle(BiConsumer<TestClient, @Nullable TestClient> test) {
    try (EngineServer ours = new EngineServer()) {
      ours.start();
      if (OracleServer.isNamed()) {
        try (OracleServer oracle = new OracleServer()) {
          TestClient other = oracle.client();
          other.ok("FLUSHALL");
          test.accept(ours.client(), other);
        }
      } else {
        test.accept(ours.client(), null);
      }
      ours.checkReplay(ours.client().call("DEBUG", "DIGEST").text());
    }
  }

  /** Checks an engine that has nothing but the effects of what a client's engine has done. */
  public static void replayed(TestClient client, Consumer<TestClient> check) {
    ((EngineServer) client.server()).replayed(check);
  }

  /** Sets a parameter of a client's server until the end of the test. */
  public static void configure(TestClient client, String name, String value) {
    client.server().config(name, value);
  }

  /** The engine that a client of ours talks to. */
  public static Engine engineOf(TestClient client) {
    return ((EngineServer) client.server()).engine();
  }

  /** The pairs of a list that alternates keys and values. */
  public static Map<Object, Object> map(@Nullable Object flat) {
    List<?> list = (List<?>) Objects.requireNonNull(flat);
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i + 1 < list.size(); i += 2) {
      map.put(Objects.requireNonNull(list.get(i)), Objects.requireNonNull(list.get(i + 1)));
    }
    return map;
  }
}
