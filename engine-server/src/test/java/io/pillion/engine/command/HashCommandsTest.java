package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

final class HashCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";

  @CommandTest
  void setAndGetFields(TestClient r) {
    r.call("HGET", "h", "f").isNil();
    r.call("HSET", "h", "f", "v").is(1);
    r.call("HSET", "h", "f", "w", "g", "x").is(1);
    r.call("HSET", "h", "f", "w", "g", "x").is(0);
    r.call("HGET", "h", "f").is("w");
    r.call("HGET", "h", "none").isNil();
    r.call("HSET", "h", "twice", "1", "twice", "2").is(1);
    r.call("HGET", "h", "twice").is("2");
    r.ok("HMSET", "h", "a", "1", "b", "2");
    r.call("HMGET", "h", "a", "none", "b", "a").isList("1", null, "2", "1");
    r.call("HMGET", "none", "a", "b").isList(null, null);
    r.call("HLEN", "h").is(5);
    r.call("HLEN", "none").is(0);
    String allBytes = "\0\r\n\t \"\\\u00ff\u0080x";
    r.call("HSET", "h", "", "", allBytes, allBytes).is(2);
    r.call("HGET", "h", "").is("");
    r.call("HGET", "h", allBytes).is(allBytes);
    r.call("TYPE", "h").isStatus("hash");
  }

  @CommandTest
  void setOnlyNewFields(TestClient r) {
    r.call("HSETNX", "h", "f", "v").is(1);
    r.call("HSETNX", "h", "f", "w").is(0);
    r.call("HSETNX", "h", "g", "x").is(1);
    r.call("HMGET", "h", "f", "g").isList("v", "x");
  }

  @CommandTest
  void deleteFields(TestClient r) {
    r.call("HSET", "h", "a", "1", "b", "2", "c", "3").is(3);
    r.call("HDEL", "h", "none").is(0);
    r.call("HDEL", "h", "a", "none", "c", "a").is(2);
    r.call("EXISTS", "h").is(1);
    r.call("HDEL", "h", "b").is(1);
    r.call("EXISTS", "h").is(0);
    r.call("HDEL", "h", "b").is(0);
  }

  @CommandTest
  void lookAtFields(TestClient r) {
    r.call("HSET", "h", "a", "12345", "empty", "").is(2);
    r.call("HEXISTS", "h", "a").is(1);
    r.call("HEXISTS", "h", "none").is(0);
    r.call("HEXISTS", "none", "a").is(0);
    r.call("HSTRLEN", "h", "a").is(5);
    r.call("HSTRLEN", "h", "empty").is(0);
    r.call("HSTRLEN", "h", "none").is(0);
    r.call("HSTRLEN", "none", "a").is(0);
  }

  @CommandTest
  void allOfASmallHashInOrder(TestClient r) {
    r.call("HSET", "h", "b", "1", "a", "2", "c", "3").is(3);
    r.call("HGETALL", "h").isList("b", "1", "a", "2", "c", "3");
    r.call("HKEYS", "h").isList("b", "a", "c");
    r.call("HVALS", "h").isList("1", "2", "3");
    r.call("HGETALL", "none").isList();
    r.call("HKEYS", "none").isList();
    r.call("HVALS", "none").isList();
    r.hello3();
    r.call("HGETALL", "h").is(Map.of("a", "2", "b", "1", "c", "3"));
    r.call("HKEYS", "h").isList("b", "a", "c");
    r.call("HVALS", "h").isList("1", "2", "3");
    r.call("HGETALL", "none").is(Map.of());
    r.call("HKEYS", "none").isList();
    r.call("HGET", "h", "none").isNil();
    r.call("HMGET", "h", "a", "none").isList("2", null);
  }

  @CommandTest
  void aLargeHash(TestClient r) {
    Map<Object, Object> model = new HashMap<>();
    for (int i = 0; i < 2000; i++) {
      String value = "v".repeat(i % 700) + i;
      r.call("HSET", "h", "field:" + i, value).is(1);
      model.put("field:" + i, value);
    }
    r.call("HLEN", "h").is(2000);
    assertThat(r.call("HGETALL", "h").pairs()).isEqualTo(model);
    for (int i = 0; i < 2000; i += 3) {
      r.call("HDEL", "h", "field:" + i).is(1);
      model.remove("field:" + i);
    }
    assertThat(r.call("HGETALL", "h").pairs()).isEqualTo(model);
    assertThat(new HashSet<Object>(r.call("HKEYS", "h").texts())).isEqualTo(model.keySet());
    r.call("OBJECT", "ENCODING", "h").is("hashtable");
  }

  @CommandTest
  void encodingsFollowTheLimits(TestClient r, TestServer server) {
    r.call("HSET", "h", "f", "x".repeat(64)).is(1);
    r.call("OBJECT", "ENCODING", "h").is("listpack");
    r.call("HSET", "h", "f", "x".repeat(65)).is(0);
    r.call("OBJECT", "ENCODING", "h").is("hashtable");
    r.call("HSET", "g", "x".repeat(65), "").is(1);
    r.call("OBJECT", "ENCODING", "g").is("hashtable");
    server.config("hash-max-listpack-entries", "3");
    r.call("HSET", "i", "a", "1", "b", "2", "c", "3").is(3);
    r.call("OBJECT", "ENCODING", "i").is("listpack");
    r.call("HSETNX", "i", "d", "4").is(1);
    r.call("OBJECT", "ENCODING", "i").is("hashtable");
    r.call("HDEL", "i", "b", "c", "d").is(3);
    r.call("OBJECT", "ENCODING", "i").is("hashtable");
  }

  @CommandTest
  void countInIntegers(TestClient r) {
    r.call("HINCRBY", "h", "n", "5").is(5);
    r.call("HINCRBY", "h", "n", "-15").is(-10);
    r.call("HGET", "h", "n").is("-10");
    r.call("HSET", "h", "max", "9223372036854775806", "text", "abc", "space", " 11").is(3);
    r.call("HINCRBY", "h", "max", "1").is(Long.MAX_VALUE);
    r.call("HINCRBY", "h", "max", "1").isError("ERR increment or decrement would overflow");
    r.call("HGET", "h", "max").is("9223372036854775807");
    r.call("HINCRBY", "h", "min", "-9223372036854775808").is(Long.MIN_VALUE);
    r.call("HINCRBY", "h", "min", "-1").isError("ERR increment or decrement would overflow");
    r.call("HINCRBY", "h", "text", "1").isError("ERR hash value is not an integer");
    r.call("HINCRBY", "h", "space", "1").isError("ERR hash value is not an integer");
    r.call("HINCRBY", "h", "n", "1.5").isError(NOT_AN_INTEGER);
    r.call("HINCRBY", "h", "n", "").isError(NOT_AN_INTEGER);
    r.call("HINCRBY", "none", "n", "abc").isError(NOT_AN_INTEGER);
    r.call("EXISTS", "none").is(0);
    r.call("HINCRBY", "h", "x".repeat(100), "3").is(3);
    r.call("HINCRBY", "h", "x".repeat(100), "3").is(6);
  }

  @CommandTest
  void countInFloatingPointNumbers(TestClient r) {
    r.call("HINCRBYFLOAT", "h", "n", "2.5").is("2.5");
    r.call("HINCRBYFLOAT", "h", "n", "0.1").is("2.6");
    r.call("HINCRBYFLOAT", "h", "n", "-3").is("-0.4");
    r.call("HSET", "h", "e", "5e3", "text", "abc", "space", " 1", "i", "17").is(4);
    r.call("HINCRBYFLOAT", "h", "e", "2.0e2").is("5200");
    r.call("HINCRBYFLOAT", "h", "i", "1e-3").is("17.001");
    r.call("HINCRBYFLOAT", "h", "text", "1").isError("ERR hash value is not a float");
    r.call("HINCRBYFLOAT", "h", "space", "1").isError("ERR hash value is not a float");
    r.call("HINCRBYFLOAT", "h", "n", "abc").isError("ERR value is not a valid float");
    r.call("HINCRBYFLOAT", "h", "n", "").isError("ERR value is not a valid float");
    r.call("HINCRBYFLOAT", "h", "n", "inf").isError("ERR value is NaN or Infinity");
    r.call("HINCRBYFLOAT", "h", "n", "-inf").isError("ERR value is NaN or Infinity");
    r.call("HGET", "h", "n").is("-0.4");
    r.call("HINCRBYFLOAT", "none", "n", "x").isError("ERR value is not a valid float");
    r.call("EXISTS", "none").is(0);
  }

  @CommandTest
  void randomFields(TestClient r) {
    r.call("HRANDFIELD", "none").isNil();
    r.call("HRANDFIELD", "none", "3").isList();
    r.call("HRANDFIELD", "none", "-3", "WITHVALUES").isList();
    Map<Object, Object> model = new HashMap<>();
    for (int size : new int[] {10, 1000}) {
      for (int i = model.size(); i < size; i++) {
        r.call("HSET", "h", "f" + i, "v" + i);
        model.put("f" + i, "v" + i);
      }
      assertThat(model).containsKey(r.call("HRANDFIELD", "h").text());
      r.call("HRANDFIELD", "h", "0").isList();
      r.call("HRANDFIELD", "h", "0", "withvalues").isList();
      for (int count : new int[] {1, 3, size / 2, size, 2 * size}) {
        List<String> drawn = r.call("HRANDFIELD", "h", count).texts();
        assertThat(drawn).hasSize(Math.min(count, size)).doesNotHaveDuplicates();
        assertThat(model.keySet()).containsAll(drawn);
        Map<Object, Object> pairs = r.call("HRANDFIELD", "h", count, "WITHVALUES").pairs();
        assertThat(pairs).hasSize(Math.min(count, size));
        assertThat(model.entrySet()).containsAll(pairs.entrySet());
      }
      assertThat(r.call("HRANDFIELD", "h", -3 * size).elements()).hasSize(3 * size);
      List<String> flat = r.call("HRANDFIELD", "h", "-50", "WITHVALUES").texts();
      assertThat(flat).hasSize(100);
      for (int i = 0; i < 100; i += 2) {
        assertThat(model.get(flat.get(i))).isEqualTo(flat.get(i + 1));
      }
    }
    r.hello3();
    assertThat(r.call("HRANDFIELD", "h", "2").texts()).hasSize(2);
    for (String count : List.of("2", "-2", "999")) {
      for (Object entry : r.call("HRANDFIELD", "h", count, "WITHVALUES").elements()) {
        assertThat(entry).isInstanceOf(List.class);
        List<?> pair = (List<?>) entry;
        assertThat(model.get(pair.get(0))).isEqualTo(pair.get(1));
      }
    }
    r.call("HRANDFIELD", "none", "2").isList();
    r.call("HRANDFIELD", "none").isNil();
  }

  @CommandTest
  void everyFieldIsDrawnInTheEnd(TestClient r) {
    for (int size : new int[] {8, 200}) {
      for (int i = 0; i < size; i++) {
        r.call("HSET", "h", "f" + i, "v");
      }
      Set<String> drawn = new HashSet<>();
      for (int i = 0; i < 200 && drawn.size() < size; i++) {
        drawn.addAll(r.call("HRANDFIELD", "h", "-20").texts());
        drawn.addAll(r.call("HRANDFIELD", "h", "5").texts());
        drawn.add(r.call("HRANDFIELD", "h").text());
      }
      assertThat(drawn).hasSize(size);
    }
  }

  @CommandTest
  void randomFieldsWithBadArguments(TestClient r) {
    r.call("HSET", "h", "f", "v").is(1);
    r.call("HRANDFIELD", "h", "x").isError(NOT_AN_INTEGER);
    r.call("HRANDFIELD", "h", "1", "x").isError(SYNTAX);
    r.call("HRANDFIELD", "h", "1", "WITHVALUES", "x").isError(SYNTAX);
    r.call("HRANDFIELD", "h", "-9223372036854775808")
        .isError(
            "ERR value is out of range, value must between -9223372036854775807 and"
                + " 9223372036854775807");
    r.call("HRANDFIELD", "h", "-9223372036854770000", "WITHVALUES")
        .isError("ERR value is out of range");
    r.call("HRANDFIELD", "h", "9223372036854770000", "WITHVALUES")
        .isError("ERR value is out of range");
    r.call("HRANDFIELD", "h", "9223372036854775807").isList("f");
  }

  @CommandTest(oursOnly = true)
  void moreDrawsThanAReplyCanHoldAreRefused(TestClient r) {
    r.call("HSET", "h", "f", "v").is(1);
    r.call("HRANDFIELD", "h", "-9223372036854775807").isError("ERR value is out of range");
  }

  @CommandTest
  void scanASmallHashAtOnce(TestClient r) {
    r.call("HSET", "h", "a1", "1", "b", "2", "a2", "3").is(3);
    r.call("HSCAN", "h", "0").isList("0", List.of("a1", "1", "b", "2", "a2", "3"));
    r.call("HSCAN", "h", "0", "MATCH", "a*").isList("0", List.of("a1", "1", "a2", "3"));
    r.call("HSCAN", "h", "0", "match", "a?", "count", "1")
        .isList("0", List.of("a1", "1", "a2", "3"));
    r.call("HSCAN", "h", "0", "MATCH", "x*").isList("0", List.of());
    r.call("HSCAN", "none", "0").isList("0", List.of());
    r.call("HSCAN", "none", "17", "COUNT", "x").isList("0", List.of());
    r.hello3();
    r.call("HSCAN", "h", "0").isList("0", List.of("a1", "1", "b", "2", "a2", "3"));
  }

  @CommandTest
  @Since(value = "7.4.0", valkey = "8.0.0")
  void scanFieldsOnly(TestClient r) {
    r.call("HSET", "h", "a1", "1", "b", "2", "a2", "3").is(3);
    r.call("HSCAN", "h", "0", "NOVALUES").isList("0", List.of("a1", "b", "a2"));
    r.call("HSCAN", "h", "0", "novalues", "MATCH", "a*").isList("0", List.of("a1", "a2"));
    r.call("HSCAN", "h", "0", "COUNT", "5", "NOVALUES").isList("0", List.of("a1", "b", "a2"));
  }

  @CommandTest
  void scanWithBadArguments(TestClient r) {
    r.call("HSET", "h", "f", "v").is(1);
    r.call("HSCAN", "h", "x").isError("ERR invalid cursor");
    r.call("HSCAN", "h", "1x").isError("ERR invalid cursor");
    r.call("HSCAN", "h", "99999999999999999999").isError("ERR invalid cursor");
    r.call("HSCAN", "h", "0", "COUNT").isError(SYNTAX);
    r.call("HSCAN", "h", "0", "COUNT", "0").isError(SYNTAX);
    r.call("HSCAN", "h", "0", "COUNT", "x").isError(NOT_AN_INTEGER);
    r.call("HSCAN", "h", "0", "MATCH").isError(SYNTAX);
    r.call("HSCAN", "h", "0", "WHAT", "1").isError(SYNTAX);
  }

  @CommandTest
  void scanALargeHashInParts(TestClient r) {
    Map<String, String> model = new HashMap<>();
    for (int i = 0; i < 1500; i++) {
      r.call("HSET", "h", "field:" + i, "value:" + i);
      model.put("field:" + i, "value:" + i);
    }
    for (String count : List.of("10", "200", "100000")) {
      Map<String, String> met = new HashMap<>();
      String cursor = "0";
      int calls = 0;
      do {
        List<Object> reply =
            new ArrayList<>(r.call("HSCAN", "h", cursor, "COUNT", count).elements());
        cursor = (String) reply.get(0);
        List<?> elements = (List<?>) reply.get(1);
        for (int i = 0; i < elements.size(); i += 2) {
          met.put((String) elements.get(i), (String) elements.get(i + 1));
        }
        calls++;
      } while (!cursor.equals("0"));
      assertThat(met).isEqualTo(model);
      assertThat(calls).isLessThanOrEqualTo(3 * 1500 / Integer.parseInt(count) + 1);
    }
  }

  @CommandTest
  void wrongTypesAreRefused(TestClient r) {
    r.ok("SET", "s", "v");
    for (String command :
        List.of(
            "HSET s f v",
            "HMSET s f v",
            "HSETNX s f v",
            "HINCRBY s f 1",
            "HINCRBYFLOAT s f 1",
            "HDEL s f",
            "HGET s f",
            "HMGET s f",
            "HEXISTS s f",
            "HLEN s",
            "HSTRLEN s f",
            "HGETALL s",
            "HKEYS s",
            "HVALS s",
            "HRANDFIELD s",
            "HRANDFIELD s 2",
            "HSCAN s 0")) {
      r.line(command).isError(WRONG_TYPE);
    }
    r.call("GET", "s").is("v");
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of(
            "HSET h f",
            "HSET h f v g",
            "HMSET h f",
            "HMSET h f v g",
            "HSETNX h f",
            "HSETNX h f v w",
            "HINCRBY h f",
            "HINCRBYFLOAT h f",
            "HDEL h",
            "HGET h",
            "HGET h f g",
            "HMGET h",
            "HEXISTS h",
            "HLEN",
            "HSTRLEN h",
            "HGETALL",
            "HGETALL h x",
            "HKEYS",
            "HVALS",
            "HRANDFIELD",
            "HSCAN h")) {
      String name = Arrays.asList(command.split(" ", -1)).get(0).toLowerCase(Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
    r.call("DBSIZE").is(0);
  }

  @CommandTest
  void copiesAreTheirOwn(TestClient r) {
    for (int fields : new int[] {3, 500}) {
      for (int i = 0; i < fields; i++) {
        r.call("HSET", "h", "f" + i, "v".repeat(i));
      }
      r.call("COPY", "h", "copy", "REPLACE").is(1);
      r.call("HSET", "copy", "f0", "changed").is(0);
      r.call("HDEL", "h", "f1").is(1);
      r.call("HGET", "h", "f0").is("");
      r.call("HGET", "copy", "f1").is("v");
      r.call("HLEN", "copy").is(fields);
      r.call("RENAME", "copy", "renamed").isOk();
      r.call("HLEN", "renamed").is(fields);
    }
  }
}
