package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;

/** What clients may take on the heap, and what becomes of those who take more. */
final class ClientLimitsTest {
  private static final String LARGE = "v".repeat(100_000);

  private static long figure(TestClient r, String section, String name) {
    for (String line : r.call("INFO", section).text().split("\r\n", -1)) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.substring(name.length() + 1));
      }
    }
    throw new AssertionError("INFO has no " + name);
  }

  @CommandTest
  @Since(valkey = "8.0.0")
  void aTransactionCountsAsInput(TestServer server, TestClient r) {
    server.config("client-query-buffer-limit", "1048576");
    TestClient greedy = server.client();
    greedy.ok("MULTI");
    for (int i = 0; i < 10; i++) {
      greedy.call("SET", "k", LARGE).isQueued();
    }
    greedy.send("SET", "k", LARGE);
    greedy.awaitClosedAfterAnything();
    r.call("PING").isStatus("PONG");
  }

  @CommandTest(oursOnly = true)
  void whatIsKeptForAClientIsGivenBack(TestServer server, TestClient r) {
    long before = figure(r, "memory", "mem_clients_normal");
    TestClient other = server.client();
    other.ok("WATCH", LARGE);
    other.ok("MULTI");
    other.call("SET", "k", LARGE).isQueued();
    assertThat(figure(r, "memory", "mem_clients_normal")).isGreaterThan(before + 200_000);
    assertThat(r.call("CLIENT", "LIST").text()).containsPattern("multi-mem=100\\d{3}");
    other.call("EXEC").isList(new Answer.Status("OK"));
    assertThat(figure(r, "memory", "mem_clients_normal")).isLessThan(before + 1000);
    other.ok("MULTI");
    other.call("SET", "k", LARGE).isQueued();
    other.ok("DISCARD");
    other.ok("WATCH", LARGE);
    other.ok("UNWATCH");
    assertThat(figure(r, "memory", "mem_clients_normal")).isLessThan(before + 1000);
  }

  @CommandTest(oursOnly = true)
  void theLargestClientsGoFirst(TestServer server, TestClient r) {
    r.ok("CONFIG", "RESETSTAT");
    TestClient spared = server.client();
    spared.ok("CLIENT", "NO-EVICT", "ON");
    spared.ok("WATCH", "w".repeat(400_000));
    TestClient large = server.client();
    large.ok("WATCH", "w".repeat(300_000));
    TestClient small = server.client();
    small.ok("WATCH", "w".repeat(10_000));
    server.config("maxmemory-clients", "600000");
    small.ok("UNWATCH");
    small.ok("WATCH", "w".repeat(10_000));
    TestServer.await("an evicted client", () -> figure(r, "stats", "evicted_clients") == 1);
    large.awaitClosedAfterAnything();
    spared.call("PING").isStatus("PONG");
    small.call("PING").isStatus("PONG");
  }
}
