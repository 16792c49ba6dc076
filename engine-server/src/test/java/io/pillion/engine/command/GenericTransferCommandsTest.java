package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;

class GenericTransferCommandsTest {
  @CommandTest
  void dumpAndRestoreEveryType(TestClient c) {
    c.ok("SET", "string", "a value that is long enough to be kept as it is, whatever it is");
    c.ok("SET", "number", "-12345");
    c.call("RPUSH", "list", "a", "1", "70000", "x".repeat(20_000), "b");
    c.call("SADD", "integers", "1", "-70000", "3");
    c.call("SADD", "set", "a", "b", "5");
    c.call("ZADD", "zset", "1.5", "a", "-inf", "b", "3", "c");
    c.call("HSET", "hash", "f", "v", "g", "1", "h", "y".repeat(500));
    for (String key :
        new String[] {"string", "number", "list", "integers", "set", "zset", "hash"}) {
      Answer digest = c.call("DEBUG", "DIGEST-VALUE", key);
      String payload = c.call("DUMP", key).text();
      c.ok("RESTORE", key + "2", "0", payload);
      c.call("DEBUG", "DIGEST-VALUE", key + "2").is(digest.value());
      c.ok("RESTORE", key, "0", payload, "REPLACE");
      c.call("DEBUG", "DIGEST-VALUE", key).is(digest.value());
    }
  }

  @CommandTest
  void aNegativeZeroIsRestoredToALargeSortedSet(TestClient c) {
    c.call("ZADD", "z", "-0", "x".repeat(70), "0", "a").is(2);
    c.ok("RESTORE", "copy", "0", c.call("DUMP", "z").text());
    c.call("ZRANGE", "copy", "0", "-1", "WITHSCORES").isList("a", "0", "x".repeat(70), "-0");
  }

  /** Real servers make 0 of it, and answer something else after a restart than before. */
  @CommandTest(oursOnly = true)
  void aNegativeZeroIsRestoredToASortedSetThatWasLarge(TestClient c) {
    c.call("ZADD", "z", "1", "x".repeat(70), "0", "a").is(2);
    c.call("ZADD", "z", "-0", "b").is(1);
    c.call("ZREM", "z", "x".repeat(70)).is(1);
    c.line("OBJECT ENCODING z").is("skiplist");
    Answer digest = c.call("DEBUG", "DIGEST-VALUE", "z");
    c.ok("RESTORE", "copy", "0", c.call("DUMP", "z").text());
    c.line("OBJECT ENCODING copy").is("listpack");
    c.call("DEBUG", "DIGEST-VALUE", "copy").is(digest.value());
    // A packed one is written in another way than a large one.
    c.ok("RESTORE", "again", "0", c.call("DUMP", "copy").text());
    c.line("ZRANGE again 0 -1 WITHSCORES").isList("a", "0", "b", "-0");
    c.line("ZADD again -0 a 2 b").is(0);
    c.line("ZADD again -0 b").is(0);
    c.line("ZRANGE again 0 -1 WITHSCORES").isList("a", "0", "b", "0");
  }

  @CommandTest
  void dumpOfNothing(TestClient c) {
    c.call("DUMP", "missing").isNil();
  }

  @CommandTest
  void restoreRefuses(TestClient c) {
    c.ok("SET", "k", "v");
    String payload = c.call("DUMP", "k").text();
    c.call("RESTORE", "k", "0", payload).isError("BUSYKEY Target key name already exists.");
    c.call("RESTORE", "n", "0", "?" + payload)
        .isError("ERR DUMP payload version or checksum are wrong");
    c.call("RESTORE", "n", "0", "").isError("ERR DUMP payload version or checksum are wrong");
    c.call("RESTORE", "n", "-1", payload).isError("ERR Invalid TTL value, must be >= 0");
    c.call("RESTORE", "n", "x", payload).isError("ERR value is not an integer or out of range");
    c.call("RESTORE", "n", "0", payload, "NONSENSE").isError("ERR syntax error");
    c.call("RESTORE", "n", "0", payload, "IDLETIME").isError("ERR syntax error");
    c.call("RESTORE", "n", "0", payload, "IDLETIME", "1", "FREQ", "1").isError("ERR syntax error");
    c.call("RESTORE", "n", "0", payload, "IDLETIME", "-1")
        .isError("ERR Invalid IDLETIME value, must be >= 0");
    c.call("RESTORE", "n", "0", payload, "FREQ", "256")
        .isError("ERR Invalid FREQ value, must be >= 0 and <= 255");
    c.call("EXISTS", "n").is(0);
  }

  @CommandTest
  void restoreWithTimeToLive(TestClient c) {
    c.ok("SET", "k", "v");
    String payload = c.call("DUMP", "k").text();
    c.ok("RESTORE", "relative", "100000", payload);
    c.call("PTTL", "relative").isBetween(90_000, 100_000);
    long deadline = 4_000_000_000_000L;
    c.ok("RESTORE", "absolute", Long.toString(deadline), payload, "ABSTTL");
    c.call("PEXPIRETIME", "absolute").is(deadline);
    c.ok("RESTORE", "past", "1", payload, "ABSTTL");
    c.call("EXISTS", "past").is(0);
    c.ok("RESTORE", "k", "1", payload, "ABSTTL", "REPLACE");
    c.call("EXISTS", "k").is(0);
  }

  @CommandTest
  void restoreWithUse(TestClient c, TestServer server) {
    server.config("maxmemory-policy", "allkeys-lru");
    c.ok("SET", "k", "v");
    String payload = c.call("DUMP", "k").text();
    c.ok("RESTORE", "idle", "0", payload, "IDLETIME", "1000");
    c.call("OBJECT", "IDLETIME", "idle").isBetween(1000, 1010);
    server.config("maxmemory-policy", "allkeys-lfu");
    c.ok("RESTORE", "used", "0", payload, "FREQ", "100");
    c.call("OBJECT", "FREQ", "used").isBetween(90, 101);
  }

  @CommandTest
  void aWaitingClientIsServedByRestore(TestClient c, TestServer server) {
    c.call("RPUSH", "list", "a", "b");
    String payload = c.call("DUMP", "list").text();
    c.call("DEL", "list");
    TestClient waiting = server.client();
    waiting.send("BLPOP", "list", "0");
    server.awaitBlocked(1);
    c.ok("RESTORE", "list", "0", payload);
    waiting.receive().isList("list", "a");
    assertThat(c.call("LLEN", "list").integer()).isEqualTo(1);
  }
}
