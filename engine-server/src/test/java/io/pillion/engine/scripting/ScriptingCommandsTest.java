package io.pillion.engine.scripting;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;

final class ScriptingCommandsTest {
  private static final String LIBRARY =
      "#!lua name=lib\n"
          + "redis.register_function('put', function(keys, args) return redis.call('SET', keys[1],"
          + " args[1]) end)\n"
          + "redis.register_function{function_name='get', callback=function(keys) return"
          + " redis.call('GET', keys[1]) end, flags={'no-writes'}}";

  @CommandTest
  void scriptsAreKnownByTheirDigest(TestClient r) {
    String digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    r.call("EVALSHA", digest, "0").isErrorLike("NOSCRIPT");
    r.call("SCRIPT", "LOAD", "return 1").is(digest);
    r.call("EVALSHA", digest, "0").is(1);
    r.call("EVALSHA", digest.toUpperCase(java.util.Locale.ROOT), "0").is(1);
    r.call("SCRIPT", "EXISTS", digest, "x").isList(1, 0);
    r.ok("SCRIPT", "FLUSH");
    r.call("SCRIPT", "EXISTS", digest).isList(0);
    r.call("EVAL", "return 1", "1").isErrorLike("ERR Number of keys can't be greater");
    r.call("EVAL", "return 1", "-1").isErrorLike("ERR Number of keys can't be negative");
    r.call("EVAL", "return 1", "x").isErrorLike("ERR value is not an integer");
  }

  @CommandTest
  void writesOfAScriptAreOneGroup(TestClient r) {
    r.call(
            "EVAL",
            "redis.call('SET', KEYS[1], ARGV[1]) redis.call('INCRBYFLOAT', KEYS[1], 0.5)"
                + " return redis.call('RPUSH', KEYS[2], 'a', 'b')",
            "2",
            "k",
            "l",
            "1")
        .is(2);
    r.call("GET", "k").is("1.5");
  }

  @CommandTest
  void scriptsThatDoNotWriteRunDuringAPauseOfWrites(TestClient r) {
    r.call("FUNCTION", "LOAD", "REPLACE", LIBRARY).is("lib");
    r.ok("SET", "k", "v");
    String script = "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])";
    r.ok("CLIENT", "PAUSE", "100000", "WRITE");
    r.call("EVAL", script, "1", "k").is("v");
    r.call("EVAL_RO", "return redis.call('GET', KEYS[1])", "1", "k").is("v");
    r.call("FCALL", "get", "1", "k").is("v");
    r.ok("MULTI");
    r.call("EVAL", script, "1", "k").isQueued();
    r.call("EXEC").isList("v");
    r.ok("CLIENT", "UNPAUSE");
  }

  @CommandTest
  void scriptsThatSayNothingReadWithoutReplicas(TestClient r) {
    r.ok("SET", "k", "v");
    r.ok("CONFIG", "SET", "min-replicas-to-write", "1");
    r.call("EVAL", "return redis.call('GET', KEYS[1])", "1", "k").is("v");
    r.call("EVAL", "#!lua\nreturn 1", "0").isErrorLike("NOREPLICAS");
    r.call("EVAL", "return redis.call('SET', KEYS[1], 1)", "1", "k").isErrorLike("NOREPLICAS");
    r.ok("CONFIG", "SET", "min-replicas-to-write", "0");
  }

  @CommandTest
  void setsAreInOrderForScriptsThatSortByAConstant(TestClient r) {
    r.call("SADD", "s", "b", "aa", "a", "c").is(4);
    r.call("EVAL", "return redis.call('SORT', KEYS[1], 'BY', '_', 'GET', '#')", "1", "s")
        .isList("a", "aa", "b", "c");
  }

  @CommandTest
  void selectingDoesNotLeak(TestClient r) {
    r.call("EVAL", "redis.call('SELECT', 5) return redis.call('SET', 'k', 'five')", "0").isOk();
    r.call("GET", "k").isNil();
    r.ok("SELECT", "5");
    r.call("GET", "k").is("five");
  }

  @CommandTest
  void runsInTransactionsAndBreaksWatches(TestClient r, TestServer server) {
    TestClient other = server.client();
    r.ok("WATCH", "k");
    other.call("EVAL", "return redis.call('SET', 'k', '1')", "0").isOk();
    r.ok("MULTI");
    r.call("EVAL", "return redis.call('INCR', 'k')", "0").isQueued();
    r.call("EXEC").isNilArray();
    r.ok("MULTI");
    r.call("EVAL", "return redis.call('INCR', 'k')", "0").isQueued();
    r.call("EXEC").isList(2);
  }

  @Since(valkey = "8.0")
  @CommandTest
  void blockingCommandsDoNotWait(TestClient r) {
    r.call("EVAL", "return redis.call('BLPOP', 'l', 0)", "0").isNil();
    r.call("EVAL", "return redis.call('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0)", "0").isNil();
  }

  @CommandTest
  void wakesWhoWaits(TestClient r, TestServer server) {
    TestClient waits = server.client();
    waits.send("BLPOP", "l", "0");
    server.awaitBlocked(1);
    r.call("EVAL", "return redis.call('RPUSH', 'l', 'a')", "0").is(1);
    waits.receive().isList("l", "a");
  }

  @CommandTest
  void readOnlyFormsRefuseWrites(TestClient r) {
    r.call("EVAL_RO", "return redis.call('SET', 'k', '1')", "0")
        .isErrorLike("ERR Write commands are not allowed from read-only scripts.");
    r.call("EVAL_RO", "return redis.call('GET', 'k')", "0").isNil();
  }

  @Since("7.0.0")
  @CommandTest
  void functionsAreLoadedCalledAndRestored(TestClient r) {
    r.ok("FUNCTION", "FLUSH");
    r.call("FUNCTION", "LOAD", LIBRARY).is("lib");
    r.call("FUNCTION", "LOAD", LIBRARY).isError("ERR Library 'lib' already exists");
    r.call("FUNCTION", "LOAD", "REPLACE", LIBRARY).is("lib");
    r.call("FCALL", "put", "1", "k", "v").isOk();
    r.call("FCALL_RO", "get", "1", "k").is("v");
    r.call("FCALL_RO", "put", "1", "k", "v")
        .isError("ERR Can not execute a script with write flag using *_ro command.");
    r.call("FCALL", "none", "0").isError("ERR Function not found");
    r.call("FUNCTION", "DELETE", "none").isError("ERR Library not found");
    r.call("FUNCTION", "RESTORE", "no payload")
        .isError("ERR DUMP payload version or checksum are wrong");
    String payload = r.call("FUNCTION", "DUMP").text();
    r.ok("FUNCTION", "FLUSH");
    r.call("FUNCTION", "LIST").isList();
    r.ok("FUNCTION", "RESTORE", payload.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    r.call("FCALL", "get", "1", "k").is("v");
    r.ok("FUNCTION", "FLUSH");
  }

  @CommandTest(oursOnly = true)
  void memoryAndDepthAreBounded(TestClient r) {
    for (String script :
        List.of(
            "return #string.rep('x', 2000000000)",
            "local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
            "local t = {} while true do t[#t + 1] = {} end",
            "local s = 'x' while true do s = s .. s end",
            "local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
            "return string.rep('x', 1e7):gsub('x', string.rep('y', 1e6))")) {
      r.call("EVAL", script, "0").isErrorLike("ERR");
    }
    r.call("EVAL", "collectgarbage() return collectgarbage('count') < 10000", "0").is(1);
    r.call("EVAL", "local function f() return f() + 1 end return f()", "0")
        .isErrorLike("ERR user_script:1: stack overflow");
    r.call("EVAL", "local t = {} t[1] = t return t", "0");
    r.call("EVAL", "local s = 0 for i = 1, 1e6 do s = s + #tostring(i) end return s", "0")
        .is(5888896);
  }

  /** What escapes were made of, by CVE, and what scripts might change for others. */
  @CommandTest(oursOnly = true)
  void nothingLeadsOutOfTheSandbox(TestClient r) {
    for (String script :
        List.of(
            "return package",
            "return io",
            "return debug",
            "return require('os')",
            "return dofile('/etc/passwd')",
            "return loadfile('/etc/passwd')",
            "getmetatable('').__index = function() end",
            "setmetatable(_G, {})",
            "getmetatable(_G).__index = nil",
            "rawset(_G, 'x', 1)",
            "_G.redis = nil",
            "redis.call = nil",
            "string.rep = nil",
            "table.insert(redis, 1)",
            "rawset(string, 'x', 1)",
            "math.pi = 3",
            "return loadstring('\\27Lua')()",
            "return unpack({}, 0, 2147483647)",
            "return unpack({}, -2147483648, 2147483647)",
            "return luajava",
            "return ('x'):getClass()",
            "error(setmetatable({}, {__index = _G}))")) {
      Answer answer = r.call("EVAL", script, "0");
      assertThat(answer.value()).as(script).isInstanceOf(Answer.Failure.class);
    }
    r.call("EVAL", "return os.execute == nil and os.getenv == nil", "0").is(1);
    r.call("EVAL", "return bit.tohex(1, -2147483648)", "0").is("00000001");
    r.call("EVAL", "return redis.error_reply('A b\\r\\n+OK\\0x')", "0").isError("A b  +OK");
    r.call("EVAL", "return {ok='fine\\r\\n$3'}", "0").isStatus("fine  $3");
    r.call("PING").isStatus("PONG");
  }

  private static void counts(TestClient r, String command, String expected) {
    assertThat(r.call("INFO", "commandstats").text())
        .containsPattern("cmdstat_" + command + ":.*," + expected + "\r\n");
  }

  @CommandTest
  void anErrorThatAScriptEndsWithIsAFailedCallOfIt(TestClient r) {
    String wrongIndex = "redis.%s('SELECT', 99)";
    for (String script :
        List.of(
            "return " + wrongIndex.formatted("call"),
            "return " + wrongIndex.formatted("pcall"),
            "return redis.error_reply('ERR mine')",
            "return {err='ERR mine'}",
            "error('mine')")) {
      r.ok("CONFIG", "RESETSTAT");
      r.call("EVAL", script, "0").isErrorLike("ERR ");
      counts(r, "eval", "rejected_calls=0,failed_calls=1");
      assertThat(r.call("INFO", "errorstats").text()).as(script).contains("ERR:count=1\r\n");
    }
    r.ok("CONFIG", "RESETSTAT");
    r.call("EVAL", wrongIndex.formatted("pcall") + " return 1", "0").is(1);
    counts(r, "eval", "rejected_calls=0,failed_calls=0");
    counts(r, "select", "rejected_calls=0,failed_calls=1");
    assertThat(r.call("INFO", "errorstats").text()).contains("ERR:count=1\r\n");
  }

  @CommandTest(oursOnly = true)
  void whatScriptsHaveDroppedIsNotUsedMemory(TestClient r) {
    String garbage = "local t for i = 1, 20000 do t = {i, tostring(i)} end return #t";
    r.call("EVAL", garbage, "0").is(2);
    assertThat(used(r, "used_memory_lua")).isBetween(1L, 100L << 10);
    r.ok("FUNCTION", "FLUSH");
    r.call(
            "FUNCTION",
            "LOAD",
            "#!lua name=lib\nredis.register_function('waste', function() " + garbage + " end)")
        .is("lib");
    r.call("FCALL", "waste", "0").is(2);
    assertThat(used(r, "used_memory_vm_functions")).isBetween(1L, 100L << 10);
    r.ok("FUNCTION", "FLUSH");
  }

  private static long used(TestClient r, String figure) {
    return r.call("INFO", "memory")
        .text()
        .lines()
        .filter(line -> line.startsWith(figure + ":"))
        .mapToLong(line -> Long.parseLong(line.substring(figure.length() + 1)))
        .findAny()
        .orElseThrow();
  }
}
