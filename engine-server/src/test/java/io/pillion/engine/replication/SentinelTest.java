package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.Processes;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Sentinel finds out that our primary is gone, and has a replica lead. */
final class SentinelTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        TestServer.await(what, condition);
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
    }
  }

  private Process sentinel(int port) throws IOException {
    int own = Processes.freePort();
    Path file = folder.resolve("sentinel.conf");
    Files.writeString(
        file,
        String.join(
            "\n",
            "port " + own,
            "bind 127.0.0.1",
            "dir " + folder,
            "sentinel monitor engines 127.0.0.1 " + port + " 1",
            "sentinel down-after-milliseconds engines 500",
            "sentinel failover-timeout engines 4000",
            ""));
    try {
      return Processes.start(
          new ProcessBuilder(RedisProcess.program(), file.toString(), "--sentinel")
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("sentinel.log").toFile()));
    } catch (IOException e) {
      Assumptions.abort("redis-server is not installed");
      throw e;
    }
  }

  /** By a connection of its own: Sentinel cuts off whoever is there when roles change. */
  private static boolean leads(EngineServer server) {
    try (TestClient client = server.client()) {
      return client.call("ROLE").elements().get(0).equals("master");
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  private static boolean wrote(EngineServer server) {
    try (TestClient client = server.client()) {
      return client.call("SET", "written", "after").toString().contains("OK");
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  private static boolean has(EngineServer server) {
    try (TestClient client = server.client()) {
      return "after".equals(client.call("GET", "written").value());
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  @Test
  void anotherLeadsWhenThePrimaryIsGone() throws IOException {
    List<EngineServer> servers = new ArrayList<>();
    Process sentinel = null;
    try {
      for (int i = 0; i < 3; i++) {
        EngineServer server = EngineServer.withLoops(1);
        servers.add(server);
        TestClient client = server.client();
        client.ok("CONFIG", "SET", "replica-announce-port", Integer.toString(server.port()));
        client.ok("CONFIG", "SET", "repl-diskless-sync-delay", "0");
        client.ok("CONFIG", "SET", "repl-ping-replica-period", "1");
        if (i > 0) {
          client.ok("REPLICAOF", "127.0.0.1", servers.get(0).port());
        }
      }
      TestClient first = servers.get(0).client();
      first.ok("SET", "written", "before");
      await("two replicas", () -> first.call("WAIT", 2, 100).integer() == 2);
      sentinel = sentinel(servers.get(0).port());
      await(
          "Sentinel to find the replicas",
          () -> {
            try {
              return Files.readString(folder.resolve("sentinel.log")).split("\\+slave ").length > 2;
            } catch (IOException e) {
              return false;
            }
          });
      servers.remove(0).close();
      EngineServer one = servers.get(0);
      EngineServer other = servers.get(1);
      await("one of them to lead", () -> leads(one) != leads(other));
      EngineServer leader = leads(one) ? one : other;
      EngineServer replica = leader == one ? other : one;
      await("the other to follow it", () -> wrote(leader) && has(replica));
      assertThat(leader.client().call("INFO", "stats").text()).contains("sync_partial_ok:1\r\n");
    } finally {
      if (sentinel != null) {
        sentinel.destroy();
        sentinel.onExit().orTimeout(10, TimeUnit.SECONDS).join();
      }
      servers.forEach(EngineServer::close);
    }
  }
}
