package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

final class GenericCommandsTest {
  private static final String SYNTAX = "ERR syntax error";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";

  @CommandTest
  void deleteAndExist(TestClient r) {
    r.ok("MSET", "a", "1", "b", "2", "c", "3", "d", "4");
    r.call("EXISTS", "a", "b", "a", "none").is(3);
    r.call("TOUCH", "a", "none", "b").is(2);
    r.call("DEL", "a", "a", "none").is(1);
    r.call("UNLINK", "b", "c", "none").is(2);
    r.call("EXISTS", "a", "b", "c").is(0);
    r.call("DBSIZE").is(1);
    for (String name : List.of("DEL", "UNLINK", "EXISTS", "TOUCH", "TYPE", "KEYS", "SCAN")) {
      r.call(name)
          .isError(
              "ERR wrong number of arguments for '"
                  + name.toLowerCase(java.util.Locale.ROOT)
                  + "' command");
    }
  }

  @CommandTest
  void types(TestClient r) {
    r.call("TYPE", "none").isStatus("none");
    r.ok("SET", "s", "1");
    r.call("RPUSH", "l", "1");
    r.call("SADD", "e", "1");
    r.call("HSET", "h", "f", "1");
    r.call("ZADD", "z", "1", "m");
    r.call("TYPE", "s").isStatus("string");
    r.call("TYPE", "l").isStatus("list");
    r.call("TYPE", "e").isStatus("set");
    r.call("TYPE", "h").isStatus("hash");
    r.call("TYPE", "z").isStatus("zset");
  }

  @CommandTest
  void keysByPattern(TestClient r) {
    r.call("KEYS", "*").isList();
    r.ok("MSET", "foo_a", "1", "foo_b", "2", "key_x", "3", "", "4", "[x]", "5", "a\\b", "6");
    r.call("KEYS", "foo_*").isUnordered("foo_a", "foo_b");
    r.call("KEYS", "*_[ax]").isUnordered("foo_a", "key_x");
    r.call("KEYS", "*_[^ax]").isUnordered("foo_b");
    r.call("KEYS", "???_?").isUnordered("foo_a", "foo_b", "key_x");
    r.call("KEYS", "\\[x\\]").isUnordered("[x]");
    r.call("KEYS", "a\\\\b").isUnordered("a\\b");
    r.call("KEYS", "*").isUnordered("foo_a", "foo_b", "key_x", "", "[x]", "a\\b");
    r.call("KEYS", "**").isUnordered("foo_a", "foo_b", "key_x", "[x]", "a\\b");
    r.call("KEYS", "FOO_*").isList();
    r.call("KEYS", "").isUnordered("");
    r.call("KEYS", "*?".repeat(1000) + "*").isList();
    r.call("KEYS", "*".repeat(50) + "b" + "*".repeat(50)).isUnordered("foo_b", "a\\b");
  }

  @CommandTest
  void scanSeesEveryKey(TestClient r) {
    TreeSet<String> all = new TreeSet<>();
    for (int i = 0; i < 500; i++) {
      r.ok("SET", "key:" + i, "v");
      all.add("key:" + i);
    }
    for (String count : List.of("1", "7", "10", "100", "100000")) {
      assertThat(scan(r, "COUNT", count)).isEqualTo(all);
    }
    assertThat(scan(r)).isEqualTo(all);
    assertThat(scan(r, "MATCH", "key:1??", "COUNT", "50")).hasSize(100);
    r.call("SADD", "set", "x");
    assertThat(scan(r, "TYPE", "set")).containsExactly("set");
    assertThat(scan(r, "TYPE", "STRING")).isEqualTo(all);
    assertThat(scan(r, "TYPE", "list")).isEmpty();
    assertThat(scan(r, "TYPE", "string", "MATCH", "key:49?", "COUNT", "10000")).hasSize(10);
  }

  @CommandTest(deterministic = false)
  void scanSeesWhatStaysWhileOthersComeAndGo(TestClient r) {
    TreeSet<String> staying = new TreeSet<>();
    for (int i = 0; i < 300; i++) {
      r.ok("SET", "stay:" + i, "v");
      staying.add("stay:" + i);
    }
    TreeSet<String> seen = new TreeSet<>();
    String cursor = "0";
    int round = 0;
    do {
      List<Object> page = page(r, cursor);
      cursor = (String) page.get(0);
      ((List<?>) page.get(1)).forEach(key -> seen.add((String) key));
      for (int i = 0; i < 100; i++) {
        r.ok("SET", "come:" + round + ":" + i, "v");
        r.call("DEL", "come:" + (round - 1) + ":" + i);
      }
      round++;
      assertThat(round).isLessThan(10_000);
    } while (!cursor.equals("0"));
    assertThat(seen).containsAll(staying);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> page(TestClient r, String cursor) {
    return (List<Object>) (List<?>) r.call("SCAN", cursor).elements();
  }

  private static Set<String> scan(TestClient r, Object... options) {
    TreeSet<String> seen = new TreeSet<>();
    String cursor = "0";
    do {
      List<Object> words = new ArrayList<>(List.of("SCAN", cursor));
      words.addAll(List.of(options));
      List<?> page = r.call(words.toArray()).elements();
      cursor = String.valueOf(page.get(0));
      for (Object key : (List<?>) java.util.Objects.requireNonNull(page.get(1))) {
        seen.add((String) key);
      }
    } while (!cursor.equals("0"));
    return seen;
  }

  @Since(valkey = "8.0.0")
  @CommandTest
  void scanReadsItsCursorAsStrtoullDoes(TestClient r) {
    for (String cursor :
        List.of(
            "+1", "-0", "-01", " -1", "0001", "18446744073709551615", "1\0x", " \t\n\u000b\f\r1")) {
      r.call("SCAN", cursor).isList("0", List.of());
    }
    for (String cursor : List.of("", "+", "-1", "--1", "1 ", "18446744073709551616", "0x1")) {
      r.call("SCAN", cursor).isError("ERR invalid cursor");
    }
  }

  @CommandTest
  void scanRefusesBadOptions(TestClient r) {
    r.call("SCAN", "0").isList("0", List.of());
    r.call("SCAN", "x").isError("ERR invalid cursor");
    r.call("SCAN", "-").isError("ERR invalid cursor");
    r.call("SCAN", "1 ").isError("ERR invalid cursor");
    r.call("SCAN", "0", "COUNT").isError(SYNTAX);
    r.call("SCAN", "0", "COUNT", "0").isError(SYNTAX);
    r.call("SCAN", "0", "COUNT", "-1").isError(SYNTAX);
    r.call("SCAN", "0", "COUNT", "x").isError(NOT_AN_INTEGER);
    r.call("SCAN", "0", "MATCH").isError(SYNTAX);
    r.call("SCAN", "0", "FOO", "x").isError(SYNTAX);
    r.call("SCAN", "0", "COUNT", "5", "MATCH", "*").isList("0", List.of());
  }

  @CommandTest
  void randomKey(TestClient r) {
    r.call("RANDOMKEY").isNil();
    r.ok("MSET", "a", "1", "b", "2");
    TreeSet<String> seen = new TreeSet<>();
    for (int i = 0; i < 200; i++) {
      seen.add(r.call("RANDOMKEY").text());
    }
    assertThat(seen).containsExactly("a", "b");
    r.call("DEL", "a", "b").is(2);
    r.call("RANDOMKEY").isNil();
  }

  @CommandTest
  void rename(TestClient r) {
    r.call("RENAME", "none", "b").isError("ERR no such key");
    r.call("RENAMENX", "none", "b").isError("ERR no such key");
    r.call("RENAME", "none", "none").isError("ERR no such key");
    r.ok("SET", "a", "1", "PXAT", "4102444800123");
    r.ok("RENAME", "a", "b");
    r.call("GET", "b").is("1");
    r.call("PEXPIRETIME", "b").is(4_102_444_800_123L);
    r.call("EXISTS", "a").is(0);
    r.call("RPUSH", "a", "x", "y");
    r.call("RENAMENX", "a", "b").is(0);
    r.call("RENAMENX", "b", "b").is(0);
    r.ok("RENAME", "b", "b");
    r.ok("RENAME", "a", "b");
    r.call("LRANGE", "b", "0", "-1").isList("x", "y");
    r.call("TTL", "b").is(-1);
    r.call("RENAMENX", "b", "c").is(1);
    r.call("LRANGE", "c", "0", "-1").isList("x", "y");
  }

  @CommandTest
  void copy(TestClient r) {
    r.call("COPY", "none", "b").is(0);
    r.ok("SET", "a", "1", "PXAT", "4102444800123");
    r.call("COPY", "a", "b").is(1);
    r.call("COPY", "a", "b").is(0);
    r.call("GET", "b").is("1");
    r.call("PEXPIRETIME", "b").is(4_102_444_800_123L);
    r.call("HSET", "h", "f", "v", "g", "w");
    r.call("COPY", "h", "b", "REPLACE").is(1);
    r.call("TTL", "b").is(-1);
    r.call("HSET", "b", "f", "changed");
    r.call("HGET", "h", "f").is("v");
    r.call("COPY", "h", "h", "DB", "3").is(1);
    r.ok("SELECT", "3");
    r.call("HGETALL", "h").isUnordered("f", "v", "g", "w");
    r.ok("SELECT", "0");
    r.call("RPUSH", "l", "1", "2");
    r.call("SADD", "s", "1", "x");
    r.call("ZADD", "z", "1", "x", "2.5", "y");
    for (String key : List.of("l", "s", "z")) {
      r.call("COPY", key, key + "2", "DB", "2", "REPLACE").is(1);
    }
    r.call("COPY", "a", "a").isError("ERR source and destination objects are the same");
    r.call("COPY", "a", "a", "DB", "0").isError("ERR source and destination objects are the same");
    r.call("COPY", "none", "b", "DB", "x").isError(NOT_AN_INTEGER);
    r.call("COPY", "a", "b", "DB", "99").isError("ERR DB index is out of range");
    r.call("COPY", "a", "b", "DB", "-1").isError("ERR DB index is out of range");
    r.call("COPY", "a", "b", "DB").isError(SYNTAX);
    r.call("COPY", "a", "b", "FOO").isError(SYNTAX);
  }

  @CommandTest
  void move(TestClient r) {
    r.call("MOVE", "none", "1").is(0);
    r.ok("SET", "a", "1", "PXAT", "4102444800123");
    r.call("MOVE", "a", "0").isError("ERR source and destination objects are the same");
    r.call("MOVE", "a", "x").isError(NOT_AN_INTEGER);
    r.call("MOVE", "a", "99").isError("ERR DB index is out of range");
    r.call("MOVE", "a", "-1").isError("ERR DB index is out of range");
    r.call("MOVE", "a", "9").is(1);
    r.call("EXISTS", "a").is(0);
    r.ok("SET", "a", "2");
    r.call("MOVE", "a", "9").is(0);
    r.ok("SELECT", "9");
    r.call("GET", "a").is("1");
    r.call("PEXPIRETIME", "a").is(4_102_444_800_123L);
  }

  @CommandTest
  void expireAndTtl(TestClient r) {
    r.call("EXPIRE", "none", "10").is(0);
    r.call("TTL", "none").is(-2);
    r.call("PTTL", "none").is(-2);
    r.call("EXPIRETIME", "none").is(-2);
    r.call("PEXPIRETIME", "none").is(-2);
    r.call("PERSIST", "none").is(0);
    r.ok("SET", "k", "v");
    r.call("TTL", "k").is(-1);
    r.call("PTTL", "k").is(-1);
    r.call("EXPIRETIME", "k").is(-1);
    r.call("PEXPIRETIME", "k").is(-1);
    r.call("PERSIST", "k").is(0);
    r.call("EXPIRE", "k", "100").is(1);
    r.call("TTL", "k").isBetween(99, 100);
    r.call("PTTL", "k").isBetween(99_000, 100_000);
    r.call("PEXPIRE", "k", "200500").is(1);
    r.call("TTL", "k").isBetween(200, 201);
    r.call("EXPIREAT", "k", "4102444800").is(1);
    r.call("EXPIRETIME", "k").is(4_102_444_800L);
    r.call("PEXPIRETIME", "k").is(4_102_444_800_000L);
    r.call("PEXPIREAT", "k", "4102444800999").is(1);
    r.call("EXPIRETIME", "k").is(4_102_444_801L);
    r.call("PEXPIRETIME", "k").is(4_102_444_800_999L);
    r.call("PERSIST", "k").is(1);
    r.call("TTL", "k").is(-1);
    r.call("EXPIRE", "k", "0").is(1);
    r.call("EXISTS", "k").is(0);
    r.call("RPUSH", "l", "v");
    r.call("EXPIRE", "l", "-1").is(1);
    r.call("EXISTS", "l").is(0);
    r.ok("SET", "k", "v");
    r.call("PEXPIREAT", "k", "-5").is(1);
    r.call("EXISTS", "k").is(0);
  }

  @CommandTest
  void expireWithConditions(TestClient r) {
    r.ok("SET", "k", "v");
    r.call("EXPIRE", "k", "100", "XX").is(0);
    r.call("EXPIRE", "k", "100", "GT").is(0);
    r.call("EXPIRE", "k", "100", "LT").is(1);
    r.call("EXPIRE", "k", "50", "NX").is(0);
    r.call("EXPIRE", "k", "50", "GT").is(0);
    r.call("EXPIRE", "k", "200", "LT").is(0);
    r.call("EXPIRE", "k", "200", "GT").is(1);
    r.call("EXPIRE", "k", "300", "xx").is(1);
    r.call("TTL", "k").isBetween(299, 300);
    r.call("EXPIRE", "k", "400", "XX", "GT").is(1);
    r.call("EXPIRE", "k", "-1", "GT").is(0);
    r.call("EXPIRE", "k", "-1", "LT").is(1);
    r.call("EXISTS", "k").is(0);
    r.ok("SET", "k", "v");
    r.call("EXPIRE", "k", "100", "NX").is(1);
    r.call("EXPIRE", "k", "10", "NX", "XX")
        .isError("ERR NX and XX, GT or LT options at the same time are not compatible");
    r.call("EXPIRE", "k", "10", "NX", "GT")
        .isError("ERR NX and XX, GT or LT options at the same time are not compatible");
    r.call("EXPIRE", "k", "10", "GT", "LT")
        .isError("ERR GT and LT options at the same time are not compatible");
    r.call("EXPIRE", "k", "10", "AB").isError("ERR Unsupported option AB");
    r.call("EXPIRE", "none", "10", "AB").isError("ERR Unsupported option AB");
    r.call("EXPIRE", "k", "10", "NX", "ab").isError("ERR Unsupported option ab");
  }

  @CommandTest
  void expireRefusesBadTimes(TestClient r) {
    r.ok("SET", "k", "v");
    for (String name : List.of("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT")) {
      r.call(name, "k", "x").isError(NOT_AN_INTEGER);
      r.call(name, "k", "").isError(NOT_AN_INTEGER);
      r.call(name, "k", "1.5").isError(NOT_AN_INTEGER);
      r.call(name, "none", "x").isError(NOT_AN_INTEGER);
      r.call(name, "k")
          .isError(
              "ERR wrong number of arguments for '"
                  + name.toLowerCase(java.util.Locale.ROOT)
                  + "' command");
    }
    r.call("EXPIRE", "k", "9223372036854775807")
        .isError("ERR invalid expire time in 'expire' command");
    r.call("EXPIRE", "k", "9223372036854775")
        .isError("ERR invalid expire time in 'expire' command");
    r.call("EXPIRE", "k", "-9223372036854775808")
        .isError("ERR invalid expire time in 'expire' command");
    r.call("PEXPIRE", "k", "9223372036854775807")
        .isError("ERR invalid expire time in 'pexpire' command");
    r.call("EXPIREAT", "k", "9223372036854776")
        .isError("ERR invalid expire time in 'expireat' command");
    r.call("TTL", "k").is(-1);
    r.call("PEXPIREAT", "k", "9223372036854775807").is(1);
    r.call("PEXPIRETIME", "k").is(Long.MAX_VALUE);
  }

  @CommandTest
  void expiredKeysAreGone(TestClient r) {
    r.ok("SET", "k", "v", "PX", "20");
    r.ok("SET", "l", "v", "PX", "20");
    io.pillion.engine.testkit.TestServer.await(
        "expiry", () -> r.call("EXISTS", "k", "l").integer() == 0);
    r.call("GET", "k").isNil();
    r.call("TTL", "l").is(-2);
    r.call("PERSIST", "k").is(0);
    r.call("RENAME", "k", "m").isError("ERR no such key");
    r.call("INCR", "k").is(1);
    r.call("TTL", "k").is(-1);
    r.call("SETNX", "l", "new").is(1);
  }

  @CommandTest
  void object(TestClient r) {
    r.call("OBJECT", "ENCODING", "none").isNil();
    r.call("OBJECT", "REFCOUNT", "none").isNil();
    r.call("OBJECT", "IDLETIME", "none").isNil();
    r.call("OBJECT", "FREQ", "none").isNil();
    r.ok("SET", "k", "foo");
    r.call("OBJECT", "REFCOUNT", "k").is(1);
    r.ok("SET", "shared", "9999");
    r.call("OBJECT", "REFCOUNT", "shared").is(Integer.MAX_VALUE);
    r.ok("SET", "own", "10000");
    r.call("OBJECT", "REFCOUNT", "own").is(1);
    r.call("OBJECT", "IDLETIME", "k").isBetween(0, 1);
    r.call("OBJECT", "FREQ", "k")
        .isError(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please"
                + " note that when switching between policies at runtime LRU and LFU data will"
                + " take some time to adjust.");
    r.call("OBJECT", "FOO", "k").isError("ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
    r.call("OBJECT", "ENCODING")
        .isError("ERR wrong number of arguments for 'object|encoding' command");
    r.call("OBJECT").isError("ERR wrong number of arguments for 'object' command");
    assertThat(r.call("OBJECT", "HELP").texts().get(0))
        .isEqualTo("OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    r.call("OBJECT", "HELP", "x")
        .isError("ERR wrong number of arguments for 'object|help' command");
  }

  @CommandTest
  void manyRandomElementsOfNothing(TestClient r) {
    r.line("SRANDMEMBER none -4294967296").isList();
    r.line("HRANDFIELD none -4294967296").isList();
    r.line("ZRANDMEMBER none -4294967296").isList();
    r.line("HRANDFIELD none -4294967296 WITHVALUES").isList();
  }
}
