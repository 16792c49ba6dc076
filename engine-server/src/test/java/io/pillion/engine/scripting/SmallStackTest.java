package io.pillion.engine.scripting;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What nests deeply: errors as Valkey's where the stack is a loop's, and never any harm. */
final class SmallStackTest {
  /** As loops have it. */
  private static final long LOOP_STACK_BYTES = 4 << 20;

  private final PillionEngine engine = new EngineBuilder().memoryBytes(16 << 20).start();
  private final LocalClient client = engine.connect();

  @AfterEach
  void close() {
    client.close();
    engine.close();
  }

  private String send(String... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (String word : words) {
      bytes.add(word.getBytes(StandardCharsets.ISO_8859_1));
    }
    return shown(client.send(bytes).toCompletableFuture().join());
  }

  private static String shown(@Nullable Object answer) {
    if (answer instanceof List<?> list) {
      return list.stream().map(SmallStackTest::shown).toList().toString();
    }
    return answer instanceof byte[] text
        ? new String(text, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  private String eval(String script) throws InterruptedException {
    return eval(script, LOOP_STACK_BYTES);
  }

  private String eval(String script, long stackBytes) throws InterruptedException {
    AtomicReference<String> answer = new AtomicReference<>("no answer");
    Thread thread =
        new Thread(null, () -> answer.set(send("EVAL", script, "0")), "caller", stackBytes);
    thread.start();
    thread.join(60_000);
    assertThat(send("PING")).isEqualTo("PONG");
    return String.valueOf(answer.get());
  }

  /** Calls a function below as many protected calls as there may be. */
  private static String deepest(String body) {
    return "local deepest, result = 0 local function down(n)"
        + " local ok, e = pcall(down, n + 1)"
        + " if not ok and deepest == 0 then deepest = n result = (function() "
        + body
        + " end)() end end down(1) return {deepest, result}";
  }

  @Test
  void documentsAreAsDeepAsCjsonAllows() throws InterruptedException {
    assertThat(
            eval(
                "return #cjson.encode(cjson.decode(string.rep('[', 1000)"
                    + " .. string.rep(']', 1000)))"))
        .isEqualTo("2000");
    assertThat(eval("return cjson.decode(string.rep('[', 1001) .. string.rep(']', 1001))"))
        .contains("Found too many nested data structures (1001) at character 1001");
    assertThat(eval("return cjson.decode(string.rep('{\"a\":', 100000))"))
        .contains("Found too many nested data structures (1001)");
    assertThat(eval("local t = {} for i = 1, 1000 do t = {t} end return cjson.encode(t)"))
        .contains("Cannot serialise, excessive nesting (1001)");
    assertThat(eval("local t = {} t.t = t return cjson.encode(t)"))
        .contains("Cannot serialise, excessive nesting (1001)");
    assertThat(eval("local t = {} for i = 1, 1e5 do t = {t} end return #cmsgpack.pack(t)"))
        .isEqualTo("17");
  }

  @Test
  void codeIsAsDeepAsLuaAllows() throws InterruptedException {
    for (String code :
        List.of(
            "(".repeat(100_000) + "1" + ")".repeat(100_000),
            "{".repeat(100_000) + "}".repeat(100_000),
            "not ".repeat(100_000) + "1",
            "1" + "^1".repeat(100_000),
            "1" + "..1".repeat(100_000),
            "function() return ".repeat(100_000) + "1" + " end".repeat(100_000))) {
      assertThat(eval("return " + code)).contains("ERR Error compiling script");
    }
    assertThat(eval("do ".repeat(100_000) + "end ".repeat(100_000)))
        .contains("ERR Error compiling script");
    assertThat(eval("return 1" + " + 1".repeat(10_000))).isEqualTo("10001");
    assertThat(eval("return 1" + " and 1".repeat(10_000))).isEqualTo("1");
    assertThat(eval("return " + "(".repeat(190) + "1" + ")".repeat(190))).isEqualTo("1");
    assertThat(eval("return loadstring('return ' .. string.rep('(', 100000)) == nil"))
        .isEqualTo("1");
  }

  @Test
  void belowAllCallsThereIsRoomForCommandsAndDocuments() throws InterruptedException {
    send("RPUSH", "list", "3", "1", "2");
    assertThat(eval(deepest("return redis.call('SORT', 'list', 'STORE', 'sorted')")))
        .matches("\\[1\\d\\d, 3\\]");
    assertThat(eval(deepest("return redis.call('ZADD', 'z', 1, 'a', 2, 'b')")))
        .matches("\\[1\\d\\d, 2\\]");
    assertThat(
            eval(
                deepest(
                    "return #cjson.encode(cjson.decode(string.rep('[', 1000)"
                        + " .. string.rep(']', 1000)))")))
        .matches("\\[1\\d\\d, 2000\\]");
    assertThat(
            eval(
                deepest(
                    "return #tostring(loadstring('return ' .. ('('):rep(190) .. '1' .."
                        + " (')'):rep(190))())")))
        .matches("\\[1\\d\\d, 1\\]");
  }

  /** Callers within the process have stacks of their own, of which much may be used already. */
  @ParameterizedTest
  @ValueSource(longs = {150 << 10, 256 << 10, 512 << 10})
  void nothingIsHarmedWhereTheStackIsSmall(long stackBytes) throws InterruptedException {
    send("RPUSH", "list", "3", "1", "2");
    for (String script :
        List.of(
            "return #cjson.encode(cjson.decode(('['):rep(1000) .. (']'):rep(1000)))",
            "local t = {} for i = 1, 1000 do t = {t} end return #cjson.encode(t)",
            "return " + "(".repeat(190) + "1" + ")".repeat(190),
            "return loadstring('return ' .. ('('):rep(190) .. '1' .. (')'):rep(190))() .. ''",
            deepest("return redis.call('SORT', 'list', 'STORE', 'sorted')"),
            deepest("for i = 1, 1000 do redis.call('ZADD', 'z', i, 'm' .. i) end return 1"),
            deepest("return #cjson.decode(('['):rep(1000) .. (']'):rep(1000))"),
            "local function f() return pcall(f) end return f()",
            "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k)"
                + " return t[k .. 'x'] end return t.a",
            "local function f(s) return s:gsub('x', f) end return f('x')",
            "local function f() table.sort({1, 2}, function() f() end) end f()",
            "local function f() return coroutine.wrap(f)() end return f()",
            "local t = setmetatable({}, {__tostring = function(t) return tostring(t) end})"
                + " return tostring(t)",
            "local function f() return 1 + f() end return f()")) {
      String answer = eval(script, stackBytes);
      assertThat(answer).as(script).isNotEqualTo("no answer").doesNotContain("internal error");
      // The next command is answered with its own reply, and the data are as they should be.
      assertThat(send("ECHO", "next")).isEqualTo("next");
      assertThat(send("LRANGE", "list", "0", "-1")).isEqualTo("[3, 1, 2]");
      assertThat(send("DEL", "z")).isIn("0", "1");
      assertThat(send("DEL", "sorted")).isIn("0", "1");
    }
    send("DEL", "list");
    assertThat(send("DBSIZE")).isEqualTo("0");
  }
}
