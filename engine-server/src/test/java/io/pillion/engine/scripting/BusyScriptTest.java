package io.pillion.engine.scripting;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Scripts that do not end by themselves, and those who wait for them. */
@Timeout(60)
final class BusyScriptTest {
  private static final String SPIN = "while true do end";
  private static final String LIBRARY =
      "#!lua name=spinning\nredis.register_function('spin', function() while true do end end)";

  /** Runs a script on a connection of its own and waits until it is too slow. */
  private static TestClient startSlow(TestClient r, TestServer server, Object... words) {
    server.config("busy-reply-threshold", "10");
    TestClient slow = server.client();
    slow.send(words);
    awaitBusy(r);
    return slow;
  }

  private static void awaitBusy(TestClient r) {
    TestServer.await(
        "a busy script",
        () ->
            r.call("PING").value() instanceof Answer.Failure failure
                && failure.text().startsWith("BUSY "));
  }

  @CommandTest(overTcpOnly = true)
  void othersAreToldThatItIsBusyUntilItIsKilled(TestClient r, TestServer server) {
    TestClient queueing = server.client();
    queueing.ok("MULTI");
    TestClient slow = startSlow(r, server, "EVAL", SPIN, "0");
    r.call("GET", "k").isErrorLike("BUSY ");
    r.call("EVAL", "return 1", "0").isErrorLike("BUSY ");
    r.call("FUNCTION", "KILL").isErrorLike("BUSY ");
    r.call("NOSUCH").isErrorLike("ERR unknown command");
    queueing.call("SET", "k", "v").isErrorLike("BUSY ");
    r.ok("SCRIPT", "KILL");
    assertThat(String.valueOf(slow.receive().value()))
        .contains("Script killed by user with SCRIPT KILL");
    slow.call("PING").isStatus("PONG");
    r.call("PING").isStatus("PONG");
    queueing.call("EXEC").isErrorLike("EXECABORT ");
    r.call("SCRIPT", "KILL").isError("NOTBUSY No scripts in execution right now.");
  }

  @CommandTest(overTcpOnly = true)
  void pcallDoesNotKeepItAlive(TestClient r, TestServer server) {
    TestClient slow =
        startSlow(
            r, server, "EVAL", "while true do pcall(function() while true do end end) end", "0");
    r.ok("SCRIPT", "KILL");
    assertThat(String.valueOf(slow.receive().value()))
        .contains("Script killed by user with SCRIPT KILL");
  }

  @CommandTest(overTcpOnly = true)
  void functionsAreKilledByTheirOwnCommand(TestClient r, TestServer server) {
    r.call("FUNCTION", "LOAD", "REPLACE", LIBRARY).is("spinning");
    TestClient slow = startSlow(r, server, "FCALL", "spin", "0");
    r.call("SCRIPT", "KILL").isErrorLike("BUSY ");
    Map<Object, Object> running =
        io.pillion.engine.testkit.Oracle.map(r.call("FUNCTION", "STATS").elements().get(1));
    assertThat(running).containsEntry("name", "spin");
    assertThat(running.get("command")).isEqualTo(List.of("FCALL", "spin", "0"));
    r.ok("FUNCTION", "KILL");
    assertThat(String.valueOf(slow.receive().value())).contains("Script killed by user");
    r.call("FUNCTION", "KILL").isError("NOTBUSY No scripts in execution right now.");
    r.ok("FUNCTION", "FLUSH");
  }

  /** Older ones have no clock for scripts. */
  @Since(value = "7.2.0", valkey = "7.2.0")
  @CommandTest(overTcpOnly = true)
  void oneThatHasWrittenIsNotKilled(TestClient r, TestServer server) {
    TestClient slow =
        startSlow(
            r,
            server,
            "EVAL",
            "redis.call('SET', 'k', 'v') local begin = os.clock()"
                + " while os.clock() - begin < 0.5 do end return 1",
            "0");
    r.call("SCRIPT", "KILL").isErrorLike("UNKILLABLE ");
    slow.receive().is(1);
    r.call("GET", "k").is("v");
  }

  @CommandTest(overTcpOnly = true)
  void itsClientMayGo(TestClient r, TestServer server) {
    TestClient slow = startSlow(r, server, "EVAL", SPIN, "0");
    slow.close();
    r.call("PING").isErrorLike("BUSY ");
    r.ok("SCRIPT", "KILL");
    TestServer.await(
        "an end of the script, and of its client",
        () ->
            !(r.call("PING").value() instanceof Answer.Failure)
                && !r.call("CLIENT", "LIST").text().contains("cmd=eval"));
    r.call("PING").isStatus("PONG");
  }

  @CommandTest(overTcpOnly = true)
  void whoHasSentMoreIsAnsweredInOrder(TestClient r, TestServer server) {
    TestClient slow = startSlow(r, server, "EVAL", SPIN, "0");
    slow.send("SET", "k", "v");
    slow.send("GET", "k");
    r.ok("SCRIPT", "KILL");
    assertThat(String.valueOf(slow.receive().value())).contains("Script killed by user");
    slow.receive().isOk();
    slow.receive().is("v");
  }

  @Test
  void anEngineOnTcpEndsWithItsScript() {
    try (EngineServer server = EngineServer.withLoops(1)) {
      TestClient r = server.client();
      r.ok("CONFIG", "SET", "busy-reply-threshold", "10");
      TestClient slow = server.client();
      slow.send("EVAL", SPIN, "0");
      awaitBusy(r);
      server.stop();
      slow.awaitClosedAfterAnything();
    }
  }

  @Test
  void anEmbeddedEngineEndsWithItsScript() throws Exception {
    PillionEngine engine =
        new EngineBuilder().memoryBytes(16 << 20).set("busy-reply-threshold", "10").start();
    LocalClient caller = engine.connect();
    LocalClient other = engine.connect();
    List<byte[]> words =
        List.of(
            "EVAL".getBytes(StandardCharsets.US_ASCII),
            SPIN.getBytes(StandardCharsets.US_ASCII),
            "0".getBytes(StandardCharsets.US_ASCII));
    CompletableFuture<Object> ended = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> caller.send(words).whenComplete((answer, failure) -> ended.complete("ended")),
            "caller");
    thread.start();
    List<byte[]> ping = List.of("PING".getBytes(StandardCharsets.US_ASCII));
    TestServer.await(
        "a busy script",
        () -> String.valueOf(other.send(ping).toCompletableFuture().join()).contains("BUSY "));
    engine.close();
    thread.join(10_000);
    assertThat(thread.isAlive()).isFalse();
    assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo("ended");
  }
}
