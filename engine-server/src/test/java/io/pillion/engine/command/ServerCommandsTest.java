package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;
import java.util.Map;

final class ServerCommandsTest {
  private static final String SYNTAX = "ERR syntax error";

  @CommandTest
  void flushing(TestClient r) {
    r.ok("MSET", "a", "1", "b", "2");
    r.ok("SELECT", "3");
    r.ok("SET", "c", "3", "EX", "100");
    r.call("DBSIZE").is(1);
    r.ok("FLUSHDB");
    r.call("DBSIZE").is(0);
    r.ok("SET", "c", "3");
    r.ok("SELECT", "0");
    r.call("DBSIZE").is(2);
    r.ok("FLUSHALL", "ASYNC");
    r.call("DBSIZE").is(0);
    r.ok("SELECT", "3");
    r.call("DBSIZE").is(0);
    r.ok("FLUSHDB", "sync");
    r.call("FLUSHALL", "FOO").isError(SYNTAX);
    r.call("FLUSHDB", "SYNC", "ASYNC").isError(SYNTAX);
    r.ok("SET", "after", "1");
    r.call("GET", "after").is("1");
  }

  @CommandTest
  void swapdb(TestClient r) {
    r.ok("SET", "k", "zero");
    r.ok("SELECT", "1");
    r.ok("SET", "k", "one", "EX", "100");
    r.ok("SWAPDB", "0", "1");
    r.call("GET", "k").is("zero");
    r.call("TTL", "k").is(-1);
    r.ok("SELECT", "0");
    r.call("GET", "k").is("one");
    r.call("TTL", "k").isBetween(99, 100);
    r.ok("SWAPDB", "2", "2");
    r.call("SWAPDB", "x", "1").isError("ERR invalid first DB index");
    r.call("SWAPDB", "0", "x").isError("ERR invalid second DB index");
    r.call("SWAPDB", "0", "16").isError("ERR DB index is out of range");
    r.call("SWAPDB", "-1", "0").isError("ERR DB index is out of range");
  }

  @CommandTest
  void time(TestClient r) {
    List<String> time = r.call("TIME").texts();
    assertThat(Long.parseLong(time.get(0))).isGreaterThan(1_600_000_000L);
    assertThat(Long.parseLong(time.get(1))).isBetween(0L, 999_999L);
  }

  @CommandTest
  void info(TestClient r) {
    String all = r.call("INFO").text();
    for (String line :
        List.of(
            "# Server\r\n",
            "_mode:standalone\r\n",
            "\r\n# Clients\r\nconnected_clients:",
            "blocked_clients:0\r\n",
            "\r\n# Memory\r\nused_memory:",
            "maxmemory:0\r\n",
            "\r\n# Persistence\r\nloading:0\r\n",
            "\r\n# Stats\r\ntotal_connections_received:",
            "\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n",
            "\r\n# CPU\r\nused_cpu_sys:",
            "\r\n# Cluster\r\ncluster_enabled:0\r\n",
            "\r\n# Keyspace\r\n")) {
      assertThat(all).contains(line);
    }
    assertThat(all).doesNotContain("# Commandstats");
    r.ok("SET", "a", "1");
    r.ok("SET", "b", "1", "EX", "100");
    assertThat(r.call("INFO", "keyspace").text())
        .startsWith("# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=");
    r.ok("CONFIG", "RESETSTAT");
    r.call("GET", "a").is("1");
    r.call("GET", "none").isNil();
    r.call("INCR", "none", "x").isErrorLike("ERR");
    r.call("LPOP", "a").isErrorLike("WRONGTYPE");
    assertThat(r.call("INFO", "stats").text())
        .contains("keyspace_hits:1\r\n", "keyspace_misses:1\r\n");
    assertThat(r.call("INFO", "commandstats").text())
        .contains("cmdstat_get:calls=2,usec=", "rejected_calls=0,failed_calls=0")
        .containsPattern("cmdstat_incr:calls=0,.*rejected_calls=1,failed_calls=0")
        .containsPattern("cmdstat_lpop:calls=1,.*rejected_calls=0,failed_calls=1");
    assertThat(r.call("INFO", "errorstats").text())
        .contains("errorstat_ERR:count=1\r\n", "errorstat_WRONGTYPE:count=1\r\n");
    assertThat(r.call("INFO", "clients", "CPU").text()).startsWith("# Clients").contains("# CPU");
    r.call("INFO", "nosuch").is("");
    assertThat(r.call("INFO", "everything").text()).contains("# Commandstats");
    r.hello3();
    assertThat(r.call("INFO", "cluster").value()).isInstanceOf(Answer.Verbatim.class);
  }

  @CommandTest
  void configGetAndSet(TestClient r, TestServer server) {
    r.call("CONFIG", "GET", "maxmemory").isList("maxmemory", "0");
    r.call("CONFIG", "GET", "MaxMemory").satisfies(v -> assertThat(v).isInstanceOf(List.class));
    r.call("CONFIG", "GET", "nosuch*").isList();
    assertThat(r.call("CONFIG", "GET", "maxmemory*").pairs())
        .containsKeys("maxmemory", "maxmemory-policy", "maxmemory-samples");
    assertThat(r.call("CONFIG", "GET", "hz", "port", "h?").pairs()).containsKeys("hz", "port");
    server.config("maxmemory-samples", "7");
    r.call("CONFIG", "GET", "maxmemory-samples").isList("maxmemory-samples", "7");
    r.call("CONFIG", "SET", "nosuch", "1")
        .isError("ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
    r.call("CONFIG", "SET", "maxmemory-samples", "x")
        .isErrorLike("ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - ");
    r.call("CONFIG", "SET", "maxmemory-samples", "5", "maxmemory-policy", "foo")
        .isErrorLike("ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - ");
    r.call("CONFIG", "GET", "maxmemory-samples").isList("maxmemory-samples", "7");
    r.call("CONFIG", "SET", "databases", "3")
        .isError(
            "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable"
                + " config");
    r.call("CONFIG", "SET", "hz").isError("ERR wrong number of arguments for 'config|set' command");
    r.call("CONFIG", "SET", "hz", "10", "port").isError(SYNTAX);
    r.call("CONFIG", "FOO").isError("ERR unknown subcommand 'FOO'. Try CONFIG HELP.");
    r.call("CONFIG", "REWRITE").isError("ERR The server is running without a config file");
    r.hello3();
    assertThat(r.call("CONFIG", "GET", "maxmemory").value()).isEqualTo(Map.of("maxmemory", "0"));
  }

  @CommandTest
  void debug(TestClient r) {
    r.call("DEBUG", "DIGEST").isStatus("0".repeat(40));
    r.ok("SET", "a", "1");
    String one = r.call("DEBUG", "DIGEST").text();
    r.ok("SET", "b", "2");
    r.call("DEL", "b");
    r.call("DEBUG", "DIGEST").isStatus(one);
    r.call("RPUSH", "l", "x", "y");
    r.call("DEBUG", "DIGEST-VALUE", "a", "l", "none")
        .satisfies(value -> assertThat((List<?>) value).hasSize(3));
    assertThat(r.call("DEBUG", "OBJECT", "a").text())
        .startsWith("Value at:0x")
        .contains(" encoding:int serializedlength:");
    r.call("DEBUG", "OBJECT", "none").isError("ERR no such key");
    r.ok("DEBUG", "SLEEP", "0");
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    r.ok("DEBUG", "SET-ACTIVE-EXPIRE", "1");
    r.call("DEBUG", "FOO").isErrorLike("ERR unknown subcommand");
    r.call("DEL", "a", "l");
    r.ok("DEBUG", "POPULATE", "20", "p", "7");
    r.call("DBSIZE").is(20);
    r.call("STRLEN", "p:19").is(7);
    r.call("GET", "p:3").is("value:3");
    r.ok("FLUSHALL");
  }

  @CommandTest
  void commandCountListInfo(TestClient r) {
    long count = r.call("COMMAND", "COUNT").integer();
    assertThat(r.call("COMMAND").elements()).hasSize((int) count);
    assertThat(r.call("COMMAND", "LIST").texts()).contains("get", "set", "config|get");
    r.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "xYz*").isUnordered();
    assertThat(r.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "GETR*").texts())
        .containsExactly("getrange");
    assertThat(r.call("COMMAND", "LIST", "FILTERBY", "ACLCAT", "transaction").texts())
        .containsExactlyInAnyOrder("multi", "exec", "discard", "watch", "unwatch");
    r.call("COMMAND", "LIST", "FILTERBY", "MODULE", "x").isUnordered();
    r.call("COMMAND", "LIST", "FOO").isError(SYNTAX);
    r.call("COMMAND", "INFO", "nosuch").isList((Object) null);
    r.call("COMMAND", "DOCS", "nosuch").isList();
    r.call("COMMAND", "FOO").isError("ERR unknown subcommand 'FOO'. Try COMMAND HELP.");
    r.call("COMMAND", "COUNT", "x")
        .isError("ERR wrong number of arguments for 'command|count' command");
  }

  @CommandTest
  void commandGetKeys(TestClient r) {
    r.call("COMMAND", "GETKEYS", "GET", "a").isList("a");
    r.call("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2").isList("a", "b");
    r.call("COMMAND", "GETKEYS", "OBJECT", "ENCODING", "k").isList("k");
    r.call("COMMAND", "GETKEYS", "RENAME", "a", "b").isList("a", "b");
    r.call("COMMAND", "GETKEYS", "ZUNIONSTORE", "d", "2", "a", "b", "WEIGHTS", "1", "2")
        .isList("d", "a", "b");
    r.call("COMMAND", "GETKEYS", "LMPOP", "2", "a", "b", "LEFT").isList("a", "b");
    r.call("COMMAND", "GETKEYS", "ZUNIONSTORE", "d", "x", "a")
        .isError("ERR Invalid arguments specified for command");
    r.call("COMMAND", "GETKEYS", "LMPOP", "9223372036854775807", "a", "LEFT")
        .isError("ERR Invalid arguments specified for command");
    r.call("COMMAND", "GETKEYS", "GET", "a", "b")
        .isError("ERR Invalid number of arguments specified for command");
    for (String words :
        List.of(
            "EVAL x 0",
            "EVALSHA x 3 a",
            "EVAL_RO x y a",
            "EVAL x -1 a",
            "FCALL f 0",
            "FCALL_RO f 0")) {
      r.line("COMMAND GETKEYS " + words).isList();
      r.line("COMMAND GETKEYSANDFLAGS " + words).isList();
    }
    r.call("COMMAND", "GETKEYS", "EVAL", "x", "1", "k", "a").isList("k");
    r.call("COMMAND", "GETKEYS", "PING", "x").isError("ERR The command has no key arguments");
    r.call("COMMAND", "GETKEYS", "NOSUCH", "x").isError("ERR Invalid command specified");
    r.call("COMMAND", "GETKEYS", "CONFIG", "NOSUCH").isError("ERR Invalid command specified");
    r.call("COMMAND", "GETKEYSANDFLAGS", "GET", "a")
        .isList(List.of("a", List.of(new Answer.Status("RO"), new Answer.Status("access"))));
  }

  @Since("7.2")
  @CommandTest
  void getKeysNeedsOneWordOnly(TestClient r) {
    r.call("COMMAND", "GETKEYS", "PING").isError("ERR The command has no key arguments");
  }

  @CommandTest(oursOnly = true)
  void infoSaysHowTheEngineFares(TestClient r) {
    r.ok("CONFIG", "RESETSTAT");
    r.ok("SET", "k", "v", "PX", "100000");
    String all = r.call("INFO", "everything").text();
    for (String line :
        List.of(
            "redis_git_sha1:00000000\r\n",
            "total_blocking_keys:0\r\n",
            "clients_in_timeout_table:0\r\n",
            "used_memory_peak_perc:",
            "mem_fragmentation_ratio:",
            "total_net_input_bytes:",
            "instantaneous_input_kbps:",
            "expired_stale_perc:0.00\r\n",
            "evicted_clients:0\r\n",
            "eventloop_cycles:",
            "used_cpu_sys:",
            "\r\n# Latencystats\r\nlatency_percentiles_usec_config|resetstat:p50=")) {
      assertThat(all).contains(line);
    }
    assertThat(all).containsPattern("db0:keys=1,expires=1,avg_ttl=(99\\d\\d\\d|100000)");
    r.call("INFO", "default")
        .satisfies(text -> assertThat(String.valueOf(text)).doesNotContain("# Latencystats"));
    String two = r.call("INFO", "cpu", "latencystats", "cpu").text();
    assertThat(two).contains("# CPU").contains("# Latencystats").doesNotContain("# Server");
  }
}
