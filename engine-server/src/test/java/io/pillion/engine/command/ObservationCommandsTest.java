package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** SLOWLOG and LATENCY. */
final class ObservationCommandsTest {
  /** The words of the entries, the newest first. */
  private static List<Object> logged(TestClient r) {
    List<Object> words = new ArrayList<>();
    for (Object entry : r.call("SLOWLOG", "GET", "-1").elements()) {
      words.add(((List<?>) entry).get(3));
    }
    return words;
  }

  private static void logEverything(TestClient r) {
    r.ok("CONFIG", "SET", "slowlog-max-len", "128");
    r.ok("CONFIG", "SET", "slowlog-log-slower-than", "0");
    r.ok("SLOWLOG", "RESET");
  }

  @CommandTest
  void slowLogKeepsTheNewest(TestClient r) {
    r.ok("CLIENT", "SETNAME", "me");
    logEverything(r);
    r.ok("CONFIG", "SET", "slowlog-max-len", "3");
    r.ok("SET", "a", "1");
    r.ok("SET", "b", "2");
    r.ok("SET", "c", "3");
    r.ok("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    assertThat(logged(r))
        .containsExactly(
            List.of("SET", "c", "3"), List.of("SET", "b", "2"), List.of("SET", "a", "1"));
    r.call("SLOWLOG", "LEN").is(3);
    List<?> newest = (List<?>) r.call("SLOWLOG", "GET", "1").elements().get(0);
    assertThat(newest).hasSize(6);
    assertThat((Long) newest.get(2)).isBetween(0L, 10_000_000L);
    assertThat(newest.get(5)).isEqualTo("me");
    r.ok("CONFIG", "SET", "slowlog-max-len", "0");
    r.call("SLOWLOG", "LEN").is(3);
    r.ok("SLOWLOG", "RESET");
    r.call("SLOWLOG", "LEN").is(0);
    r.call("SLOWLOG", "GET", "-2").isError("ERR count should be greater than or equal to -1");
    r.call("SLOWLOG", "GET", "x").isError("ERR count should be greater than or equal to -1");
    r.call("SLOWLOG", "NONSENSE").isError("ERR unknown subcommand 'NONSENSE'. Try SLOWLOG HELP.");
  }

  @CommandTest
  void slowLogShortensWords(TestClient r) {
    logEverything(r);
    Object[] many = new Object[34];
    java.util.Arrays.fill(many, "x");
    many[0] = "SADD";
    r.call(many).is(1);
    r.ok("SET", "k", "v".repeat(129));
    r.ok("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    List<Object> logged = logged(r);
    assertThat(logged.get(0))
        .isEqualTo(List.of("SET", "k", "v".repeat(128) + "... (1 more bytes)"));
    assertThat((List<?>) logged.get(1)).hasSize(32).last().isEqualTo("... (3 more arguments)");
  }

  @CommandTest
  void slowLogHidesSecrets(TestClient r) {
    logEverything(r);
    r.ok("CONFIG", "SET", "masterauth", "secret", "timeout", "0");
    r.ok("CONFIG", "SET", "masterauth", "");
    r.call("AUTH", "secret");
    r.call("AUTH", "default", "secret");
    r.call("HELLO", "2", "AUTH", "default", "secret");
    r.ok("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    assertThat(logged(r).toString()).doesNotContain("secret").contains("AUTH, (redacted)");
    assertThat(logged(r))
        .contains(List.of("CONFIG", "SET", "masterauth", "(redacted)", "timeout", "0"));
  }

  @CommandTest
  void slowLogHidesSecretsOfWhatLacksAWord(TestClient r, TestServer server) {
    logEverything(r);
    r.call("CONFIG", "SET", "timeout", "0", "masterauth", "secret", "hz").isErrorLike("ERR");
    r.call("CONFIG", "SET", "timeout", "masterauth", "secret").isErrorLike("ERR");
    r.ok("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    if (server.isOurs()) {
      assertThat(logged(r).toString()).doesNotContain("secret").contains("masterauth");
    }
  }

  @CommandTest
  void slowLogShowsWhatATransactionDidAndWhatWasWaitedFor(TestServer server) {
    TestClient r = server.client();
    TestClient waiting = server.client();
    logEverything(r);
    r.ok("MULTI");
    r.call("SET", "k", "v").isQueued();
    r.call("EXEC");
    waiting.send("BLPOP", "list", "0");
    server.awaitBlocked(1);
    r.call("RPUSH", "list", "e").is(1);
    waiting.receive().isList("list", "e");
    r.ok("CONFIG", "SET", "slowlog-log-slower-than", "-1");
    assertThat(logged(r))
        .contains(List.of("SET", "k", "v"), List.of("BLPOP", "list", "0"))
        .doesNotContain(List.of("EXEC"));
  }

  @CommandTest
  void latencyOfCommandsAndTheirDuration(TestClient r) {
    r.ok("CONFIG", "SET", "latency-monitor-threshold", "5");
    r.call("LATENCY", "RESET");
    r.ok("DEBUG", "SLEEP", "0.02");
    r.ok("CONFIG", "SET", "latency-monitor-threshold", "0");
    List<?> latest = (List<?>) r.call("LATENCY", "LATEST").elements().get(0);
    assertThat(latest.get(0)).isEqualTo("command");
    assertThat((Long) latest.get(2)).isBetween(20L, 5_000L);
    assertThat(latest.get(3)).isEqualTo(latest.get(2));
    assertThat(r.call("LATENCY", "HISTORY", "command").elements())
        .isEqualTo(List.of(List.of(latest.get(1), latest.get(2))));
    assertThat(r.call("LATENCY", "GRAPH", "command").text())
        .startsWith("command - high " + latest.get(2) + " ms, low " + latest.get(2) + " ms (all");
    assertThat(r.call("LATENCY", "DOCTOR").text()).contains("1. command: 1 latency spikes");
    r.call("LATENCY", "RESET", "nonsense", "COMMAND").is(1);
    r.call("LATENCY", "HISTORY", "command").isList();
    r.call("LATENCY", "GRAPH", "command").isError("ERR No samples available for event 'command'");
    r.call("LATENCY", "HELP", "x")
        .isError("ERR wrong number of arguments for 'latency|help' command");
  }

  @CommandTest
  @Since(value = "7.0.0", valkey = "7.2.0")
  void histogramsOfCommands(TestServer server, TestClient r) {
    r.ok("CONFIG", "RESETSTAT");
    r.ok("SET", "k", "v");
    r.call("GET", "k").is("v");
    r.call("GET", "k").is("v");
    r.call("CLIENT", "ID");
    Map<?, ?> histograms = r.call("LATENCY", "HISTOGRAM", "get", "nonsense", "client").pairs();
    assertThat(histograms.keySet()).map(String::valueOf).containsExactly("get", "client|id");
    List<?> get = (List<?>) Objects.requireNonNull(histograms.get("get"));
    assertThat(get.subList(0, 2)).isEqualTo(List.of("calls", 2L));
    List<?> buckets = (List<?>) Objects.requireNonNull(get.get(3));
    assertThat(buckets.get(buckets.size() - 1)).isEqualTo(2L);
    r.ok("CONFIG", "RESETSTAT");
    server.config("latency-tracking", "no");
    r.call("GET", "k").is("v");
    r.call("LATENCY", "HISTOGRAM", "get").isList();
  }
}
