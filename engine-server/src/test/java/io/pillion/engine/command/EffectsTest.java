package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;

/** What is written to the command log in place of a command whose words would not do the same. */
final class EffectsTest {
  private static void expect(TestServer server, TestClient r, String command, String... effects) {
    EngineServer engine = (EngineServer) server;
    int before = engine.effects().size();
    r.call((Object[]) command.split(" ", -1));
    List<String> made =
        engine.effects().subList(before, engine.effects().size()).stream()
            .map(effect -> effect.toString().replaceAll("\\b\\d{13}\\b", "<ms>"))
            .toList();
    assertThat(made).as(command).containsExactly(effects);
  }

  @CommandTest(oursOnly = true)
  void strings(TestClient r, TestServer server) {
    expect(server, r, "SET k v", "SET k v");
    expect(server, r, "SET k v EX 100", "SET k v PXAT <ms>");
    expect(server, r, "SET k v KEEPTTL GET", "SET k v KEEPTTL");
    expect(server, r, "SET k v NX");
    expect(server, r, "SET k w XX", "SET k w");
    expect(server, r, "SET k x IFEQ w", "SET k x");
    expect(server, r, "SETEX k 100 v", "SET k v PXAT <ms>");
    expect(server, r, "PSETEX k 100000 v", "SET k v PXAT <ms>");
    expect(server, r, "GETSET k v", "SET k v");
    expect(server, r, "GETEX k");
    expect(server, r, "GETEX k PERSIST");
    expect(server, r, "GETEX k EX 100", "PEXPIREAT k <ms>");
    expect(server, r, "GETEX k PERSIST", "PERSIST k");
    expect(server, r, "GETEX k PXAT 1", "UNLINK k");
    expect(server, r, "GETDEL k");
    expect(server, r, "SETNX k 1", "SETNX k 1");
    expect(server, r, "INCR k", "INCR k");
    expect(server, r, "INCRBYFLOAT k 0.5", "SET k 2.5 KEEPTTL");
    expect(server, r, "INCR k");
    expect(server, r, "DELIFEQ k 2.5", "DEL k");
    expect(server, r, "SETRANGE k 0 ");
    expect(server, r, "MSETNX a 1 b 2", "MSETNX a 1 b 2");
    expect(server, r, "MSETNX a 1 c 2");
    expect(server, r, "DELEX a IFNE 2", "DEL a");
  }

  @CommandTest(oursOnly = true)
  void bitmaps(TestClient r, TestServer server) {
    expect(server, r, "SETBIT k 9 0", "SETBIT k 9 0");
    expect(server, r, "SETBIT k 9 0");
    expect(server, r, "SETBIT k 9 1", "SETBIT k 9 1");
    expect(server, r, "BITFIELD k GET u8 0");
    expect(server, r, "BITFIELD k SET u8 0 0");
    expect(server, r, "BITFIELD k SET u8 0 1", "BITFIELD k SET u8 0 1");
    expect(server, r, "BITFIELD k OVERFLOW FAIL SET u8 0 256");
    expect(server, r, "BITOP NOT d k", "BITOP NOT d k");
    expect(server, r, "BITOP NOT d none", "BITOP NOT d none");
    expect(server, r, "BITOP NOT d none");
  }

  @CommandTest(oursOnly = true)
  void keys(TestClient r, TestServer server) {
    expect(server, r, "DEL none");
    expect(server, r, "SET k v", "SET k v");
    expect(server, r, "EXPIRE k 100", "PEXPIREAT k <ms>");
    expect(server, r, "EXPIRE k 50 GT");
    expect(server, r, "PEXPIREAT k 4102444800123", "PEXPIREAT k <ms>");
    expect(server, r, "PERSIST k", "PERSIST k");
    expect(server, r, "PERSIST k");
    expect(server, r, "COPY k l", "COPY k l");
    expect(server, r, "COPY k l");
    expect(server, r, "RENAME k k");
    expect(server, r, "RENAME k m", "RENAME k m");
    expect(server, r, "MOVE m 1", "MOVE m 1");
    expect(server, r, "EXPIRE l -1", "UNLINK l");
    expect(server, r, "TOUCH l");
    expect(server, r, "FLUSHALL", "FLUSHALL");
  }

  @CommandTest(oursOnly = true)
  void transactions(TestClient r, TestServer server) {
    EngineServer engine = (EngineServer) server;
    r.ok("MULTI");
    r.call("SET", "a", "1").isQueued();
    r.call("GET", "a").isQueued();
    r.call("INCR", "a").isQueued();
    assertThat(engine.effects()).isEmpty();
    expect(server, r, "EXEC", "MULTI", "SET a 1", "INCR a", "EXEC");
    r.ok("MULTI");
    r.call("GET", "a").isQueued();
    expect(server, r, "EXEC");
  }
}
