package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;
import java.util.Map;

/** What a server answers that has no cluster, no modules, no replicas and one user. */
final class LoneServerCommandsTest {
  @CommandTest
  void noCluster(TestClient r) {
    String disabled = "ERR This instance has cluster support disabled";
    for (String words :
        List.of("INFO", "SLOTS", "SHARDS", "NODES", "MYID", "KEYSLOT k", "RESET", "HELP")) {
      r.line("CLUSTER " + words).isError(disabled);
    }
    r.call("CLUSTER", "KEYSLOT")
        .isError("ERR wrong number of arguments for 'cluster|keyslot' command");
    r.call("CLUSTER", "NONSENSE").isError("ERR unknown subcommand 'NONSENSE'. Try CLUSTER HELP.");
    r.call("ASKING").isError(disabled);
  }

  @CommandTest
  @Since(valkey = "8.0.0")
  void readonlyIsRemembered(TestClient r) {
    r.ok("READONLY");
    assertThat(r.call("CLIENT", "INFO").text()).contains("flags=r ");
    r.ok("READWRITE");
    assertThat(r.call("CLIENT", "INFO").text()).contains("flags=N ");
    r.ok("READONLY");
    r.call("RESET").isStatus("RESET");
    assertThat(r.call("CLIENT", "INFO").text()).contains("flags=N ");
  }

  @CommandTest
  void noModules(TestClient r) {
    r.call("MODULE", "LIST").isList();
    r.call("MODULE").isError("ERR wrong number of arguments for 'module' command");
    r.call("MODULE", "NONSENSE").isError("ERR unknown subcommand 'NONSENSE'. Try MODULE HELP.");
  }

  @CommandTest
  void noReplicas(TestServer server, TestClient r) {
    r.call("ROLE").isList("master", 0L, List.of());
    r.call("WAIT", "0", "0").is(0);
    r.call("WAIT", "1", "10").is(0);
    r.call("WAIT", "x", "10").isError("ERR value is not an integer or out of range");
    r.call("WAIT", "1", "-1").isError("ERR timeout is negative");
    r.ok("MULTI");
    r.call("WAIT", "1", "0").isQueued();
    r.call("EXEC").isList(0L);
    TestClient waiting = server.client();
    long id = waiting.id();
    waiting.send("WAIT", "2", "0");
    server.awaitBlocked(1);
    r.call("CLIENT", "UNBLOCK", id).is(1);
    waiting.receive().is(0);
    r.ok("REPLICAOF", "NO", "ONE");
    r.ok("SLAVEOF", "no", "one");
    r.call("FAILOVER").isError("ERR FAILOVER requires connected replicas.");
    r.call("FAILOVER", "ABORT").isError("ERR No failover in progress.");
  }

  @CommandTest
  @Since(value = "7.2.0", valkey = "7.2.0")
  void noAppendOnlyFile(TestClient r) {
    r.call("WAITAOF", "0", "0", "0").isList(0L, 0L);
    r.call("WAITAOF", "0", "1", "10").isList(0L, 0L);
    r.call("WAITAOF", "2", "0", "0")
        .isError("ERR value is out of range, value must between 0 and 1");
    r.call("WAITAOF", "1", "0", "0")
        .isError("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }

  @CommandTest
  void oneUser(TestClient r) {
    r.call("ACL", "WHOAMI").is("default");
    r.call("ACL", "USERS").isList("default");
    assertThat(r.call("ACL", "LIST").texts().get(0))
        .startsWith("user default on nopass")
        .endsWith("~* &* +@all");
    List<Object> user = r.call("ACL", "GETUSER", "default").elements();
    assertThat(user).contains("flags", "commands", "+@all", "keys", "~*", "channels", "&*");
    r.call("ACL", "GETUSER", "nobody").isNilArray();
    assertThat(r.call("ACL", "GENPASS").text()).matches("[0-9a-f]{64}");
    assertThat(r.call("ACL", "GENPASS", "5").text()).matches("[0-9a-f]{2}");
    r.call("ACL", "GENPASS", "0")
        .isError(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a"
                + " positive number up to 4096");
    r.ok("ACL", "DRYRUN", "default", "GET", "k");
    r.call("ACL", "DRYRUN", "default", "nonsense").isError("ERR Command 'nonsense' not found");
    r.call("ACL", "DRYRUN", "nobody", "GET", "k").isError("ERR User 'nobody' not found");
    r.ok("ACL", "LOG", "RESET");
    r.call("ACL", "LOG").isList();
    r.call("ACL", "DELUSER", "default").isError("ERR The 'default' user cannot be removed");
    r.call("ACL", "DELUSER", "nobody").is(0);
    r.call("ACL", "SAVE").isErrorLike("ERR This ");
    assertThat(r.call("ACL", "CAT").texts()).contains("keyspace", "read", "scripting");
    assertThat(r.call("ACL", "CAT", "transaction").texts())
        .containsExactlyInAnyOrder("multi", "exec", "discard", "watch", "unwatch");
    r.call("ACL", "CAT", "nonsense").isError("ERR Unknown category 'nonsense'");
  }

  @CommandTest
  void memory(TestClient r) {
    r.ok("SET", "k", "v");
    long small = r.call("MEMORY", "USAGE", "k").integer();
    assertThat(small).isBetween(16L, 200L);
    r.ok("SET", "large", "v".repeat(100_000));
    r.call("MEMORY", "USAGE", "large").isBetween(100_000, 200_000);
    for (int i = 0; i < 1000; i++) {
      r.call("HSET", "hash", "field:" + i, "v".repeat(100));
    }
    r.call("MEMORY", "USAGE", "hash", "SAMPLES", "0").isBetween(100_000, 300_000);
    r.call("MEMORY", "USAGE", "nothing").isNil();
    r.call("MEMORY", "USAGE", "k", "SAMPLES").isError("ERR syntax error");
    r.call("MEMORY", "USAGE", "k", "SAMPLES", "-1").isError("ERR syntax error");
    Map<?, ?> stats = r.hello3().call("MEMORY", "STATS").pairs();
    assertThat(stats.keySet())
        .map(String::valueOf)
        .contains("peak.allocated", "total.allocated", "db.0", "keys.count", "fragmentation");
    assertThat(stats.get("keys.count")).isEqualTo(3L);
    r.ok("MEMORY", "PURGE");
    assertThat(r.call("MEMORY", "DOCTOR").text()).isNotEmpty();
  }

  @CommandTest(oursOnly = true)
  void lolwut(TestClient r) {
    assertThat(r.call("LOLWUT").text()).endsWith("Redis ver. 7.2.4\n");
    assertThat(r.call("LOLWUT", "VERSION", "5", "1").text()).endsWith("Redis ver. 7.2.4\n");
    r.call("LOLWUT", "VERSION", "x").isError("ERR value is not an integer or out of range");
  }

  @CommandTest
  void insideAHyperLogLog(TestClient r) {
    r.call("PFADD", "hll", "a", "b", "c").is(1);
    r.call("PFDEBUG", "ENCODING", "hll").isStatus("sparse");
    r.call("PFDEBUG", "DECODE", "hll").is("Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
    r.call("PFDEBUG", "TODENSE", "hll").is(1);
    r.call("PFDEBUG", "TODENSE", "hll").is(0);
    r.call("PFDEBUG", "ENCODING", "hll").isStatus("dense");
    assertThat(r.call("PFDEBUG", "GETREG", "hll").elements()).hasSize(16_384);
    r.call("PFDEBUG", "DECODE", "hll").isError("ERR HLL encoding is not sparse");
    r.call("PFDEBUG", "NONSENSE", "hll").isError("ERR Unknown PFDEBUG subcommand 'NONSENSE'");
    r.call("PFDEBUG", "GETREG", "none").isError("ERR The specified key does not exist");
    r.call("PFCOUNT", "hll").is(3);
    r.ok("PFSELFTEST");
  }
}
