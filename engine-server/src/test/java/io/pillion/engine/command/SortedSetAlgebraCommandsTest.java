package io.pillion.engine.command;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.TestClient;
import java.util.List;
import java.util.Locale;

/** Unions, intersections and differences, of sorted sets and of sets. */
class SortedSetAlgebraCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String SYNTAX = "ERR syntax error";

  private static void fill(TestClient r) {
    r.line("ZADD a 1 one 2 two 3 three").is(3);
    r.line("ZADD b 10 two 20 three 30 four").is(3);
    r.line("SADD s three four five").is(3);
  }

  @CommandTest
  void union(TestClient r) {
    fill(r);
    r.line("ZUNION 2 a b WITHSCORES").isList("one", "1", "two", "12", "three", "23", "four", "30");
    r.line("ZUNION 1 none").isList();
    r.line("ZUNION 2 a none").isList("one", "two", "three");
    r.line("ZUNION 2 a b WEIGHTS 2 -1 WITHSCORES")
        .isList("four", "-30", "three", "-14", "two", "-6", "one", "2");
    r.line("ZUNION 2 a b AGGREGATE MAX WITHSCORES")
        .isList("one", "1", "two", "10", "three", "20", "four", "30");
    r.line("ZUNION 2 a b AGGREGATE min WITHSCORES")
        .isList("one", "1", "two", "2", "three", "3", "four", "30");
    r.line("ZUNION 2 a s WITHSCORES")
        .isList("five", "1", "four", "1", "one", "1", "two", "2", "three", "4");
    r.line("ZUNION 2 a a WITHSCORES").isList("one", "2", "two", "4", "three", "6");
    r.line("ZUNIONSTORE d 2 a b WEIGHTS 1 0.5 AGGREGATE SUM").is(4);
    r.line("ZRANGE d 0 -1 WITHSCORES").isList("one", "1", "two", "7", "three", "13", "four", "15");
  }

  @CommandTest
  void intersection(TestClient r) {
    fill(r);
    r.line("ZINTER 2 a b WITHSCORES").isList("two", "12", "three", "23");
    r.line("ZINTER 3 a b s WITHSCORES").isList("three", "24");
    r.line("ZINTER 2 s a WEIGHTS 100 1 WITHSCORES").isList("three", "103");
    r.line("ZINTER 2 a none").isList();
    r.line("ZINTER 2 a a WITHSCORES").isList("one", "2", "two", "4", "three", "6");
    r.line("ZINTER 2 a b AGGREGATE MAX").isList("two", "three");
    r.line("ZINTERSTORE d 2 a b AGGREGATE MIN").is(2);
    r.line("ZRANGE d 0 -1 WITHSCORES").isList("two", "2", "three", "3");
    r.line("ZINTERCARD 2 a b").is(2);
    r.line("ZINTERCARD 2 a b LIMIT 1").is(1);
    r.line("ZINTERCARD 2 a b LIMIT 0").is(2);
    r.line("ZINTERCARD 2 a none").is(0);
    r.line("ZINTERCARD 3 a b s").is(1);
  }

  @CommandTest
  void difference(TestClient r) {
    fill(r);
    r.line("ZDIFF 2 a b WITHSCORES").isList("one", "1");
    r.line("ZDIFF 2 a s WITHSCORES").isList("one", "1", "two", "2");
    r.line("ZDIFF 2 s a WITHSCORES").isList("five", "1", "four", "1");
    r.line("ZDIFF 2 a a").isList();
    r.line("ZDIFF 2 none a").isList();
    r.line("ZDIFF 2 a none").isList("one", "two", "three");
    r.line("ZDIFFSTORE d 2 a b").is(1);
    r.line("ZRANGE d 0 -1 WITHSCORES").isList("one", "1");
  }

  @CommandTest
  void storeInPlaceOfAnything(TestClient r) {
    fill(r);
    r.ok("SET", "string", "v");
    r.line("ZUNIONSTORE string 1 a").is(3);
    r.line("TYPE string").isStatus("zset");
    r.line("ZUNIONSTORE a 2 a b").is(4);
    r.line("ZSCORE a three").is("23");
    r.line("ZINTERSTORE a 2 a none").is(0);
    r.line("EXISTS a").is(0);
    r.line("ZDIFFSTORE none 1 none").is(0);
  }

  @CommandTest
  void infinitiesThatCancel(TestClient r) {
    r.line("ZADD a inf x 1 y").is(2);
    r.line("ZADD b -inf x 1 y").is(2);
    r.line("ZUNION 2 a b WITHSCORES").isList("x", "0", "y", "2");
    r.line("ZINTER 2 a b WITHSCORES").isList("x", "0", "y", "2");
    r.line("ZADD zeros 0 x 0 y 0 z").is(3);
    r.line("ZINTER 2 a zeros WEIGHTS 1 inf WITHSCORES").isList("x", "0", "y", "0");
    r.line("ZUNION 1 a WEIGHTS 0 WITHSCORES").isList("x", "0", "y", "0");
    r.line("ZUNION 1 a WEIGHTS -inf WITHSCORES").isList("x", "-inf", "y", "-inf");
  }

  @CommandTest
  void mistakes(TestClient r) {
    fill(r);
    r.ok("SET", "string", "v");
    for (String command : List.of("ZUNION", "ZINTER", "ZDIFF", "ZINTERCARD")) {
      String lower = command.toLowerCase(Locale.ROOT);
      r.line(command + " 0 a")
          .isError("ERR at least 1 input key is needed for '" + lower + "' command");
      r.line(command + " x a").isError("ERR value is not an integer or out of range");
      r.line(command + " 2 a").isError(SYNTAX);
      r.line(command + " 9223372036854775807 a").isError(SYNTAX);
      r.line(command + " 1 string FOO").isError(WRONG_TYPE);
      r.line(command + " 1 a FOO").isError(SYNTAX);
      r.line(command + " 1").isError("ERR wrong number of arguments for '" + lower + "' command");
    }
    r.line("ZUNIONSTORE d 0 a")
        .isError("ERR at least 1 input key is needed for 'zunionstore' command");
    r.line("ZUNIONSTORE d 1 a WITHSCORES").isError(SYNTAX);
    r.line("ZUNION 2 a b WEIGHTS 1").isError(SYNTAX);
    r.line("ZUNION 2 a b WEIGHTS 1 x").isError("ERR weight value is not a float");
    r.line("ZUNION 2 a b AGGREGATE").isError(SYNTAX);
    r.line("ZUNION 2 a b AGGREGATE AVG").isError(SYNTAX);
    r.line("ZDIFF 2 a b WEIGHTS 1 1").isError(SYNTAX);
    r.line("ZDIFFSTORE d 2 a b AGGREGATE SUM").isError(SYNTAX);
    r.line("ZINTERCARD 2 a b WITHSCORES").isError(SYNTAX);
    r.line("ZINTERCARD 2 a b LIMIT").isError(SYNTAX);
    r.line("ZINTERCARD 2 a b LIMIT -1").isError("ERR LIMIT can't be negative");
    r.line("ZINTERCARD 2 a b LIMIT x").isError("ERR LIMIT can't be negative");
  }

  @CommandTest
  void pairsInResp3(TestClient r) {
    fill(r);
    r.hello3();
    r.line("ZINTER 2 a b WITHSCORES").isList(List.of("two", 12.0), List.of("three", 23.0));
    r.line("ZDIFF 2 a b WITHSCORES").isList(List.of("one", 1.0));
    r.line("ZUNION 1 a").isList("one", "two", "three");
  }

  @CommandTest
  void largeInputs(TestClient r) {
    for (int i = 0; i < 400; i++) {
      r.call("ZADD", "a", i, "m" + i).is(1);
      r.call("ZADD", "b", 2 * i, "m" + 2 * i).is(1);
      r.call("SADD", "s", "m" + 3 * i).is(1);
    }
    r.line("ZUNIONSTORE u 3 a b s").is(799);
    r.line("ZINTERSTORE i 3 a b s WEIGHTS 1 2 3").is(67);
    r.line("ZRANGE i 0 1 WITHSCORES").isList("m0", "3", "m6", "21");
    r.line("ZDIFFSTORE d 3 a b s").is(133);
    r.line("ZRANGE d 0 2").isList("m1", "m5", "m7");
  }

  /** Large results have it to the last member, small ones only as long as nobody stores them. */
  @CommandTest
  void negativeZeros(TestClient r) {
    r.line("ZADD b 0 m").is(1);
    r.line("ZUNION 1 b WEIGHTS -1 WITHSCORES").isList("m", "-0");
    r.line("ZINTER 1 b WEIGHTS -1 WITHSCORES").isList("m", "-0");
    r.line("ZUNION 2 b b WEIGHTS -1 1 WITHSCORES").isList("m", "0");
    r.line("ZUNION 2 b b WEIGHTS -1 -1 WITHSCORES").isList("m", "-0");
    for (String command : List.of("ZUNIONSTORE", "ZINTERSTORE")) {
      r.line(command + " c 1 b WEIGHTS -1").is(1);
      r.line("ZSCORE c m").is("0");
    }
    for (int i = 0; i < 200; i++) {
      r.call("ZADD", "large", 0, "m" + i).is(1);
    }
    for (String command : List.of("ZUNIONSTORE", "ZINTERSTORE")) {
      r.line(command + " c 1 large WEIGHTS -1").is(200);
      r.line("ZMSCORE c m0 m199").isList("-0", "-0");
    }
    r.line("ZDIFFSTORE d 1 c").is(200);
    r.line("ZMSCORE d m0 m199").isList("-0", "-0");
    r.line("ZRANGESTORE d c 0 -1").is(200);
    r.line("ZMSCORE d m0 m199").isList("-0", "-0");
    r.line("ZRANGESTORE d c 0 9").is(10);
    r.line("ZSCORE d m0").is("0");
    r.line("ZUNIONSTORE c 2 c large WEIGHTS 1 1").is(200);
    r.line("ZMSCORE c m0 m199").isList("0", "0");
  }
}
