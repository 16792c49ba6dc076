package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import java.util.List;
import java.util.Map;

final class StringCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";

  @CommandTest
  void setAndGet(TestClient r) {
    r.call("GET", "k").isNil();
    r.ok("SET", "k", "v");
    r.call("GET", "k").is("v");
    r.ok("set", "k", "");
    r.call("get", "k").is("");
    r.ok("SET", "", "empty key");
    r.call("GET", "").is("empty key");
    String allBytes = "\0\r\n\t \"\\\u00ff\u0080x";
    r.ok("SET", allBytes, allBytes);
    r.call("GET", allBytes).is(allBytes);
    r.ok("SET", "k", "x".repeat(100_000));
    r.call("GET", "k").is("x".repeat(100_000));
    r.ok("SET", "k", "short again");
    r.call("GET", "k").is("short again");
  }

  @CommandTest
  void getOfAnotherTypeIsRefused(TestClient r) {
    r.call("RPUSH", "list", "a");
    for (String command :
        List.of(
            "GET list",
            "GETSET list v",
            "GETDEL list",
            "GETEX list",
            "APPEND list v",
            "STRLEN list",
            "GETRANGE list 0 1",
            "SUBSTR list 0 1",
            "SETRANGE list 0 v",
            "SETRANGE list 0 ",
            "INCR list",
            "DECR list",
            "INCRBY list 1",
            "DECRBY list 1",
            "INCRBYFLOAT list 1",
            "SET list v GET")) {
      r.line(command).isError(WRONG_TYPE);
    }
    r.call("MGET", "list", "nothing").isList(null, null);
    r.ok("SET", "list", "v");
    r.call("GET", "list").is("v");
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of(
            "SET k",
            "GET",
            "GET a b",
            "GETSET k",
            "GETDEL",
            "GETEX",
            "SETNX k",
            "SETEX k 1",
            "PSETEX k 1",
            "MSET k",
            "MSETNX k",
            "MGET",
            "APPEND k",
            "STRLEN",
            "GETRANGE k 0",
            "SUBSTR k 0",
            "SETRANGE k 0",
            "INCR",
            "DECR a b",
            "INCRBY k",
            "DECRBY k",
            "INCRBYFLOAT k",
            "LCS a")) {
      String name = command.split(" ", -1)[0].toLowerCase(java.util.Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
    r.line("MSET a 1 b").isError("ERR wrong number of arguments for 'mset' command");
    r.line("MSETNX a 1 b").isError("ERR wrong number of arguments for 'msetnx' command");
    r.call("DBSIZE").is(0);
  }

  @CommandTest
  void setWithConditions(TestClient r) {
    r.call("SET", "k", "v", "XX").isNil();
    r.ok("SET", "k", "v", "NX");
    r.call("SET", "k", "w", "nx").isNil();
    r.ok("SET", "k", "w", "xx");
    r.call("GET", "k").is("w");
    r.call("SET", "k", "x", "GET").is("w");
    r.call("SET", "new", "x", "GET").isNil();
    r.call("SET", "new", "y", "NX", "GET").is("x");
    r.call("SET", "newer", "y", "NX", "GET").isNil();
    r.call("SET", "none", "y", "XX", "GET").isNil();
    r.call("EXISTS", "none").is(0);
    r.call("GET", "newer").is("y");
    r.call("RPUSH", "list", "a");
    r.call("SET", "list", "y", "NX", "GET").isError(WRONG_TYPE);
    r.call("SET", "list", "y", "NX").isNil();
  }

  @CommandTest
  void setWithAnExpiry(TestClient r) {
    r.ok("SET", "k", "v", "EX", "100");
    r.call("TTL", "k").isBetween(99, 100);
    r.ok("SET", "k", "v", "PX", "100000");
    r.call("PTTL", "k").isBetween(99_000, 100_000);
    r.ok("SET", "k", "v", "KEEPTTL");
    r.call("PTTL", "k").isBetween(90_000, 100_000);
    r.ok("SET", "k", "v");
    r.call("TTL", "k").is(-1);
    r.ok("SET", "k", "v", "EXAT", "4102444800");
    r.call("EXPIRETIME", "k").is(4_102_444_800L);
    r.ok("SET", "k", "v", "PXAT", "4102444800123");
    r.call("PEXPIRETIME", "k").is(4_102_444_800_123L);
    r.call("SET", "k", "w", "XX", "GET", "KEEPTTL").is("v");
    r.call("PEXPIRETIME", "k").is(4_102_444_800_123L);
    r.ok("SET", "gone", "v", "PXAT", "1");
    r.call("GET", "gone").isNil();
    r.ok("SET", "gone", "v", "EXAT", "1", "NX");
    r.call("EXISTS", "gone").is(0);
  }

  @CommandTest
  void setRefusesBadOptions(TestClient r) {
    for (String command :
        List.of(
            "SET k v foo",
            "SET k v NX XX",
            "SET k v XX NX",
            "SET k v EX",
            "SET k v EX 1 PX 1",
            "SET k v PX 1 KEEPTTL",
            "SET k v KEEPTTL EX 1",
            "SET k v NX NX XX",
            "SET k v EXAT 1 PXAT 1",
            "SET k v KEEPTTL EXAT 1",
            "SET k v PERSIST",
            "SET k v KEEPTTL KEEPTTL foo")) {
      r.line(command).isError(SYNTAX);
    }
    for (String option : List.of("EX", "PX", "EXAT", "PXAT")) {
      r.call("SET", "k", "v", option, "0").isError("ERR invalid expire time in 'set' command");
      r.call("SET", "k", "v", option, "-1").isError("ERR invalid expire time in 'set' command");
      r.call("SET", "k", "v", option, "x").isError(NOT_AN_INTEGER);
      r.call("SET", "k", "v", option, "1.5").isError(NOT_AN_INTEGER);
      r.call("SET", "k", "v", option, "9223372036854775808").isError(NOT_AN_INTEGER);
    }
    String invalid = "ERR invalid expire time in 'set' command";
    r.call("SET", "k", "v", "EX", "9223372036854775807").isError(invalid);
    r.call("SET", "k", "v", "EX", "9223372036854775").isError(invalid);
    r.call("SET", "k", "v", "PX", "9223372036854775807").isError(invalid);
    r.call("SET", "k", "v", "EXAT", "9223372036854776").isError(invalid);
    r.call("EXISTS", "k").is(0);
  }

  @Since(valkey = "8.1")
  @CommandTest
  void setIfEqual(TestClient r) {
    r.call("SET", "k", "new", "IFEQ", "old").isNil();
    r.call("EXISTS", "k").is(0);
    r.ok("SET", "k", "old");
    r.call("SET", "k", "new", "IFEQ", "other").isNil();
    r.ok("SET", "k", "new", "IFEQ", "old");
    r.call("GET", "k").is("new");
    r.call("SET", "k", "newer", "IFEQ", "old", "GET").is("new");
    r.call("SET", "k", "newer", "IFEQ", "new", "GET").is("new");
    r.call("GET", "k").is("newer");
    r.ok("SET", "k", "x", "ifeq", "newer", "EX", "100");
    r.call("TTL", "k").isBetween(99, 100);
    r.call("SET", "k", "v", "IFEQ").isError(SYNTAX);
    r.call("SET", "k", "v", "NX", "IFEQ", "x").isError(SYNTAX);
    r.call("SET", "k", "v", "IFEQ", "x", "XX").isError(SYNTAX);
    r.ok("SET", "n", "10");
    r.ok("SET", "n", "11", "IFEQ", "10");
    r.call("RPUSH", "list", "a");
    r.call("SET", "list", "v", "IFEQ", "a").isError(WRONG_TYPE);
  }

  @Since(valkey = "9.0")
  @CommandTest
  void deleteIfEqual(TestClient r) {
    r.call("DELIFEQ", "k", "v").is(0);
    r.ok("SET", "k", "v");
    r.call("DELIFEQ", "k", "w").is(0);
    r.call("DELIFEQ", "k", "v").is(1);
    r.call("EXISTS", "k").is(0);
    r.call("RPUSH", "list", "a");
    r.call("DELIFEQ", "list", "a").isError(WRONG_TYPE);
    r.call("DELIFEQ", "k").isError("ERR wrong number of arguments for 'delifeq' command");
  }

  @Since("8.4")
  @CommandTest
  void deleteWithCondition(TestClient r) {
    r.call("DELEX", "k").is(0);
    r.call("DELEX", "k", "IFEQ", "v").is(0);
    r.ok("SET", "k", "v");
    r.call("DELEX", "k", "IFEQ", "w").is(0);
    r.call("DELEX", "k", "IFNE", "v").is(0);
    r.call("DELEX", "k", "ifne", "w").is(1);
    r.ok("SET", "k", "v");
    r.call("DELEX", "k", "IFEQ", "v").is(1);
    r.call("RPUSH", "list", "a");
    r.call("DELEX", "list", "FOO", "v").isErrorLike("ERR ");
    r.call("DELEX", "list").is(1);
  }

  @CommandTest
  void getsetAndFriends(TestClient r) {
    r.call("GETSET", "k", "a").isNil();
    r.call("GETSET", "k", "b").is("a");
    r.call("EXPIRE", "k", "100").is(1);
    r.call("GETSET", "k", "c").is("b");
    r.call("TTL", "k").is(-1);
    r.call("GETDEL", "k").is("c");
    r.call("GETDEL", "k").isNil();
    r.call("EXISTS", "k").is(0);
    r.call("SETNX", "k", "a").is(1);
    r.call("SETNX", "k", "b").is(0);
    r.call("GET", "k").is("a");
  }

  @CommandTest
  void getex(TestClient r) {
    r.call("GETEX", "k").isNil();
    r.call("GETEX", "k", "EX", "10").isNil();
    r.ok("SET", "k", "v");
    r.call("GETEX", "k").is("v");
    r.call("TTL", "k").is(-1);
    r.call("GETEX", "k", "EX", "100").is("v");
    r.call("TTL", "k").isBetween(99, 100);
    r.call("GETEX", "k").is("v");
    r.call("TTL", "k").isBetween(99, 100);
    r.call("GETEX", "k", "PX", "200000").is("v");
    r.call("TTL", "k").isBetween(199, 200);
    r.call("GETEX", "k", "EXAT", "4102444800").is("v");
    r.call("EXPIRETIME", "k").is(4_102_444_800L);
    r.call("GETEX", "k", "PXAT", "4102444800123").is("v");
    r.call("PEXPIRETIME", "k").is(4_102_444_800_123L);
    r.call("GETEX", "k", "PERSIST").is("v");
    r.call("TTL", "k").is(-1);
    r.call("GETEX", "k", "PERSIST").is("v");
    for (String command :
        List.of(
            "GETEX k EX",
            "GETEX k EX 1 PX 1",
            "GETEX k PERSIST EX 1",
            "GETEX k NX",
            "GETEX k XX",
            "GETEX k KEEPTTL",
            "GETEX k GET",
            "GETEX k EX 1 PERSIST",
            "GETEX none foo")) {
      r.line(command).isError(SYNTAX);
    }
    r.call("GETEX", "k", "EX", "0").isError("ERR invalid expire time in 'getex' command");
    r.call("GETEX", "k", "PX", "-5").isError("ERR invalid expire time in 'getex' command");
    r.call("GETEX", "k", "EX", "foo").isError(NOT_AN_INTEGER);
    r.call("GETEX", "k", "PXAT", "1").is("v");
    r.call("EXISTS", "k").is(0);
  }

  @CommandTest
  void setexAndPsetex(TestClient r) {
    r.ok("SETEX", "k", "100", "v");
    r.call("TTL", "k").isBetween(99, 100);
    r.ok("PSETEX", "k", "200000", "w");
    r.call("TTL", "k").isBetween(199, 200);
    r.call("GET", "k").is("w");
    r.call("SETEX", "k", "0", "v").isError("ERR invalid expire time in 'setex' command");
    r.call("SETEX", "k", "-1", "v").isError("ERR invalid expire time in 'setex' command");
    r.call("PSETEX", "k", "0", "v").isError("ERR invalid expire time in 'psetex' command");
    r.call("SETEX", "k", "x", "v").isError(NOT_AN_INTEGER);
    r.call("SETEX", "k", "9223372036854775807", "v")
        .isError("ERR invalid expire time in 'setex' command");
    r.call("GET", "k").is("w");
  }

  @CommandTest
  void manyKeysAtOnce(TestClient r) {
    r.ok("MSET", "a", "1", "b", "2", "a", "3");
    r.call("MGET", "a", "b", "c", "a").isList("3", "2", null, "3");
    r.call("EXPIRE", "a", "100").is(1);
    r.ok("MSET", "a", "4");
    r.call("TTL", "a").is(-1);
    r.call("MSETNX", "c", "1", "b", "9").is(0);
    r.call("EXISTS", "c").is(0);
    r.call("MSETNX", "c", "1", "d", "2", "c", "3").is(1);
    r.call("MGET", "c", "d").isList("3", "2");
    r.call("RPUSH", "list", "a");
    r.call("MSETNX", "e", "1", "list", "9").is(0);
    r.ok("MSET", "list", "string now");
    r.call("GET", "list").is("string now");
  }

  @CommandTest
  void append(TestClient r) {
    r.call("APPEND", "k", "abc").is(3);
    r.call("APPEND", "k", "").is(3);
    r.call("APPEND", "k", "def").is(6);
    r.call("GET", "k").is("abcdef");
    r.call("APPEND", "new", "").is(0);
    r.call("EXISTS", "new").is(1);
    r.call("EXPIRE", "k", "100").is(1);
    r.call("APPEND", "k", "g").is(7);
    r.call("TTL", "k").isBetween(99, 100);
    r.ok("SET", "n", "12");
    r.call("APPEND", "n", "34").is(4);
    r.call("INCR", "n").is(1235);
    for (int i = 0; i < 100; i++) {
      r.call("APPEND", "long", "0123456789".repeat(10)).is((i + 1) * 100);
    }
    r.call("GET", "long").is("0123456789".repeat(1000));
    r.call("STRLEN", "long").is(10_000);
    r.call("STRLEN", "none").is(0);
    r.call("STRLEN", "n").is(4);
  }

  @CommandTest
  void getrange(TestClient r) {
    r.ok("SET", "k", "Hello World");
    r.call("GETRANGE", "k", "0", "4").is("Hello");
    r.call("GETRANGE", "k", "-5", "-1").is("World");
    r.call("GETRANGE", "k", "0", "-1").is("Hello World");
    r.call("GETRANGE", "k", "3", "1").is("");
    r.call("GETRANGE", "k", "-1", "-5").is("");
    r.call("GETRANGE", "k", "100", "200").is("");
    r.call("GETRANGE", "k", "5", "200").is(" World");
    r.call("GETRANGE", "k", "-200", "3").is("Hell");
    r.call("GETRANGE", "k", "-200", "-100").is("H");
    r.call("GETRANGE", "none", "0", "-1").is("");
    r.call("SUBSTR", "k", "0", "0").is("H");
    r.call("GETRANGE", "k", "a", "1").isError(NOT_AN_INTEGER);
    r.call("GETRANGE", "none", "0", "b").isError(NOT_AN_INTEGER);
    r.call("GETRANGE", "k", "-9223372036854775808", "9223372036854775807").is("Hello World");
    r.ok("SET", "n", "12345");
    r.call("GETRANGE", "n", "1", "2").is("23");
  }

  @CommandTest
  void setrange(TestClient r) {
    r.call("SETRANGE", "k", "0", "").is(0);
    r.call("EXISTS", "k").is(0);
    r.call("SETRANGE", "k", "3", "abc").is(6);
    r.call("GET", "k").is("\0\0\0abc");
    r.call("SETRANGE", "k", "1", "XY").is(6);
    r.call("GET", "k").is("\0XYabc");
    r.call("SETRANGE", "k", "10", "").is(6);
    r.call("SETRANGE", "k", "5", "12345").is(10);
    r.call("GET", "k").is("\0XYab12345");
    r.call("SETRANGE", "k", "12", "z").is(13);
    r.call("GET", "k").is("\0XYab12345\0\0z");
    r.call("SETRANGE", "k", "-1", "x").isError("ERR offset is out of range");
    r.call("SETRANGE", "k", "x", "x").isError(NOT_AN_INTEGER);
    r.call("SETRANGE", "k", "536870912", "x")
        .isError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    r.call("SETRANGE", "none", "9223372036854775807", "x")
        .isError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    r.call("EXISTS", "none").is(0);
    r.ok("SET", "n", "1234", "EX", "100");
    r.call("SETRANGE", "n", "1", "9").is(4);
    r.call("INCR", "n").is(1935);
    r.call("TTL", "n").isBetween(99, 100);
  }

  @CommandTest
  void incrementsAndDecrements(TestClient r) {
    r.call("INCR", "n").is(1);
    r.call("INCRBY", "n", "41").is(42);
    r.call("DECR", "n").is(41);
    r.call("DECRBY", "n", "50").is(-9);
    r.call("INCRBY", "n", "-1").is(-10);
    r.call("GET", "n").is("-10");
    r.call("DECR", "m").is(-1);
    r.ok("SET", "n", "9223372036854775806");
    r.call("INCR", "n").is(Long.MAX_VALUE);
    r.call("INCR", "n").isError("ERR increment or decrement would overflow");
    r.call("GET", "n").is("9223372036854775807");
    r.ok("SET", "n", "-9223372036854775807");
    r.call("DECR", "n").is(Long.MIN_VALUE);
    r.call("DECR", "n").isError("ERR increment or decrement would overflow");
    r.call("DECRBY", "n", "-9223372036854775808").isError("ERR decrement would overflow");
    r.call("INCRBY", "n", "x").isError(NOT_AN_INTEGER);
    r.call("INCRBY", "n", "1 ").isError(NOT_AN_INTEGER);
    r.call("INCRBY", "n", "9223372036854775808").isError(NOT_AN_INTEGER);
    for (String bad : List.of("", " 1", "1 ", "+1", "01", "1.0", "abc", "-", "-0")) {
      r.ok("SET", "bad", bad);
      r.call("INCR", "bad").isError(NOT_AN_INTEGER);
    }
    r.ok("SET", "n", "5", "EX", "100");
    r.call("INCR", "n").is(6);
    r.call("TTL", "n").isBetween(99, 100);
    r.ok("SET", "n", "99");
    r.call("INCR", "n").is(100);
    r.ok("SET", "n", "-1");
    r.call("INCR", "n").is(0);
    r.call("STRLEN", "n").is(1);
  }

  @CommandTest
  void incrbyfloat(TestClient r) {
    r.call("INCRBYFLOAT", "f", "1").is("1");
    r.call("INCRBYFLOAT", "f", "0.25").is("1.25");
    r.call("GET", "f").is("1.25");
    r.call("INCRBYFLOAT", "f", "-1.25").is("0");
    r.ok("SET", "f", "3.0e3");
    r.call("INCRBYFLOAT", "f", "200").is("3200");
    r.ok("SET", "f", "10.50");
    r.call("INCRBYFLOAT", "f", "0.1").is("10.6");
    r.call("INCRBYFLOAT", "f", "-5").is("5.6");
    r.ok("SET", "f", "1");
    r.call("INCRBYFLOAT", "f", "1.1").is("2.1");
    r.ok("SET", "f", "9007199254740993");
    r.call("INCRBYFLOAT", "f", "0.5").is("9007199254740993.5");
    r.ok("SET", "f", "0.1");
    r.call("INCRBYFLOAT", "f", "0.2").is("0.3");
    r.ok("SET", "f", "foo");
    r.call("INCRBYFLOAT", "f", "1").isError("ERR value is not a valid float");
    r.ok("SET", "f", " 1");
    r.call("INCRBYFLOAT", "f", "1").isError("ERR value is not a valid float");
    r.ok("SET", "f", "1");
    r.call("INCRBYFLOAT", "f", "x").isError("ERR value is not a valid float");
    r.call("INCRBYFLOAT", "f", "nan").isError("ERR value is not a valid float");
    r.call("INCRBYFLOAT", "f", "+inf").isError("ERR increment would produce NaN or Infinity");
    r.call("INCRBYFLOAT", "f", "-inf").isError("ERR increment would produce NaN or Infinity");
    r.call("EXPIRE", "f", "100").is(1);
    r.call("INCRBYFLOAT", "f", "1.5e2").is("151");
    r.call("TTL", "f").isBetween(99, 100);
    r.call("INCRBYFLOAT", "big", "1e20").is("100000000000000000000");
    r.call("INCRBYFLOAT", "small", "1e-10").is("0.0000000001");
    r.call("INCRBYFLOAT", "tiny", "1e-20").is("0");
  }

  @CommandTest
  void lcs(TestClient r) {
    r.ok("MSET", "a", "ohmytext", "b", "mynewtext", "c", "", "x", "abc", "y", "xyz");
    r.call("LCS", "a", "b").is("mytext");
    r.call("LCS", "a", "b", "LEN").is(6);
    r.call("LCS", "a", "none").is("");
    r.call("LCS", "a", "none", "LEN").is(0);
    r.call("LCS", "x", "y", "LEN").is(0);
    r.call("LCS", "a", "c", "IDX").isList("matches", List.of(), "len", 0);
    r.call("LCS", "a", "b", "IDX")
        .isList(
            "matches",
            List.of(List.of(List.of(4, 7), List.of(5, 8)), List.of(List.of(2, 3), List.of(0, 1))),
            "len",
            6);
    r.call("LCS", "a", "b", "idx", "minmatchlen", "4")
        .isList("matches", List.of(List.of(List.of(4, 7), List.of(5, 8))), "len", 6);
    r.call("LCS", "a", "b", "IDX", "MINMATCHLEN", "-4", "WITHMATCHLEN")
        .isList(
            "matches",
            List.of(
                List.of(List.of(4, 7), List.of(5, 8), 4), List.of(List.of(2, 3), List.of(0, 1), 2)),
            "len",
            6);
    r.call("LCS", "a", "b", "LEN", "IDX")
        .isError("ERR If you want both the length and indexes, please just use IDX.");
    r.call("LCS", "a", "b", "FOO").isError(SYNTAX);
    r.call("LCS", "a", "b", "MINMATCHLEN").isError(SYNTAX);
    r.call("LCS", "a", "b", "IDX", "MINMATCHLEN", "x").isError(NOT_AN_INTEGER);
    r.call("RPUSH", "list", "a");
    r.call("LCS", "a", "list").isError("ERR The specified keys must contain string values");
    r.hello3();
    assertThat(r.call("LCS", "x", "x", "IDX").value())
        .isEqualTo(
            Map.of("matches", List.of(List.of(List.of(0L, 2L), List.of(0L, 2L))), "len", 3L));
  }

  @CommandTest
  void encodings(TestClient r) {
    r.ok("SET", "k", "1234");
    r.call("OBJECT", "ENCODING", "k").is("int");
    r.ok("SET", "k", "01234");
    r.call("OBJECT", "ENCODING", "k").is("embstr");
    r.ok("SET", "k", "x".repeat(44));
    r.call("OBJECT", "ENCODING", "k").is("embstr");
    r.ok("SET", "k", "x".repeat(45));
    r.call("OBJECT", "ENCODING", "k").is("raw");
    r.ok("SET", "k", "9223372036854775808");
    r.call("OBJECT", "ENCODING", "k").is("embstr");
    r.call("INCR", "n").is(1);
    r.call("OBJECT", "ENCODING", "n").is("int");
  }

  @CommandTest
  @Since("8.4")
  void setSeveralWithADeadline(TestClient r) {
    r.line("MSETEX 2 a 1 b 2").is(1);
    r.call("MGET", "a", "b").isList("1", "2");
    r.line("MSETEX 2 a 3 c 3 NX EX 100").is(0);
    r.line("MSETEX 2 c 3 d 4 EX 100 NX").is(1);
    r.call("TTL", "c").is(100);
    r.line("MSETEX 2 c 5 e 5 XX").is(0);
    r.call("GET", "c").is("3");
    r.line("MSETEX 2 c 5 a 5 XX KEEPTTL").is(1);
    r.call("TTL", "c").is(100);
    r.call("TTL", "a").is(-1);
    r.line("MSETEX 1 c 6 pxat 4000000000000").is(1);
    r.call("PEXPIRETIME", "c").is(4000000000000L);
    r.line("MSETEX 1 c 7").is(1);
    r.call("TTL", "c").is(-1);
    r.call("RPUSH", "l", "x").is(1);
    r.line("MSETEX 3 x 1 x 2 l 3 PX 100000").is(1);
    r.call("MGET", "x", "l").isList("2", "3");
    r.line("MSETEX key val EX 10").isError("ERR invalid numkeys value");
    r.line("MSETEX 0 key val").isError("ERR invalid numkeys value");
    r.line("MSETEX 2147483648 key val").isError("ERR invalid numkeys value");
    r.line("MSETEX 2147483647 key val").isError("ERR wrong number of key-value pairs");
    r.line("MSETEX 2 key val key2").isError("ERR wrong number of key-value pairs");
    r.line("MSETEX 1 key val flag").isError("ERR syntax error");
    r.line("MSETEX 1 key val NX XX").isError("ERR syntax error");
    r.line("MSETEX 1 key val GET").isError("ERR syntax error");
    r.line("MSETEX 1 key val IFEQ x").isError("ERR syntax error");
    r.line("MSETEX 1 key val EX 1 KEEPTTL").isError("ERR syntax error");
    r.line("MSETEX 1 key val EX 0").isError("ERR invalid expire time in 'msetex' command");
    r.call("EXISTS", "key").is(0);
    r.line("COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 5").isList("a", "b");
  }
}
