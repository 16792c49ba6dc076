package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** DEBUG LOADAOF, and those who ask for something else meanwhile. */
@Timeout(60)
final class ReloadTest {
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  private Path folder;

  private EngineServer start() {
    return EngineServer.in(
        folder, "appendonly", "yes", "enable-debug-command", "yes", "busy-reply-threshold", "10");
  }

  /** As a file of an old version has it, in which scripts stand as they were sent. */
  private void appendScript(String script, String key) throws IOException {
    Path file = folder.resolve("appendonlydir/appendonly.aof.1.incr.aof");
    byte[] old = Files.readAllBytes(file);
    byte[] command = TestClient.encode("EVAL", script, "1", key);
    byte[] both = new byte[old.length + command.length];
    System.arraycopy(old, 0, both, 0, old.length);
    System.arraycopy(command, 0, both, old.length, command.length);
    Files.write(file, both);
  }

  private static boolean isLoading(TestClient r) {
    return r.call("PING").value() instanceof Answer.Failure failure
        && failure.text().startsWith("LOADING ");
  }

  @Test
  void othersAreToldThatDataAreLoadedWhileAScriptOfTheFileRuns() throws IOException {
    try (EngineServer server = start()) {
      TestClient r = server.client();
      r.ok("SET", "k", "v");
      TestClient waits = server.client();
      waits.send("BLPOP", "list", "0");
      TestServer.await(
          "a waiting client", () -> r.call("INFO", "clients").text().contains("blocked_clients:1"));
      TestServer.await(
          "a written file", () -> r.call("WAITAOF", "1", "0", "0").elements().get(0).equals(1L));
      appendScript(
          "redis.call('RPUSH', KEYS[1], 'a') local begin = os.clock()"
              + " while os.clock() - begin < 0.5 do end",
          "list");
      TestClient reloads = server.client();
      reloads.send("DEBUG", "LOADAOF");
      TestServer.await("the answer -LOADING", () -> isLoading(r));
      reloads.receive().isOk();
      // It is served only now, so that its effect is not taken for one that the file has.
      assertThat(waits.receive().elements()).hasSize(2);
      r.call("PING").isStatus("PONG");
      r.call("GET", "k").is("v");
      r.call("EXISTS", "list").is(0);
    }
  }

  @Test
  void anEngineEndsThoughAScriptOfTheFileDoesNot() throws IOException {
    try (EngineServer server = start()) {
      TestClient r = server.client();
      r.ok("SET", "k", "v");
      r.call("WAITAOF", "1", "0", "0");
      appendScript("while true do end", "k");
      TestClient reloads = server.client();
      reloads.send("DEBUG", "LOADAOF");
      TestServer.await("the answer -LOADING", () -> isLoading(r));
      server.stop();
    }
  }
}
