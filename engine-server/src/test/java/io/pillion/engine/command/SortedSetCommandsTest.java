package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Members, ranks and ranges of sorted sets, small and large. */
class SortedSetCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String NOT_A_FLOAT = "ERR value is not a valid float";
  private static final String NO_SCORE = "ERR min or max is not a float";
  private static final String NO_MEMBER = "ERR min or max not valid string range item";
  private static final String SYNTAX = "ERR syntax error";

  @CommandTest
  void add(TestClient r) {
    r.line("ZADD z 1 a 2 b 3 c").is(3);
    r.line("ZADD z 1 a 5 b 4 d").is(1);
    r.line("ZADD z CH 1 a 6 b 4 e").is(2);
    r.line("ZRANGE z 0 -1 WITHSCORES").isList("a", "1", "c", "3", "d", "4", "e", "4", "b", "6");
    r.line("ZADD z 1 twice 2 twice").is(1);
    r.line("ZSCORE z twice").is("2");
    r.line("ZCARD z").is(6);
    r.line("ZCARD none").is(0);
    r.line("ZADD z inf top -inf bottom +inf too").is(3);
    r.line("ZRANGE z 0 0 WITHSCORES").isList("bottom", "-inf");
    r.line("ZRANGE z -2 -1 WITHSCORES").isList("too", "inf", "top", "inf");
  }

  @CommandTest
  void addWithConditions(TestClient r) {
    r.line("ZADD z XX 1 a").is(0);
    r.line("EXISTS z").is(0);
    r.line("ZADD z NX 1 a 2 b").is(2);
    r.line("ZADD z NX 5 a 3 c").is(1);
    r.line("ZADD z XX 5 a 4 d").is(0);
    r.line("ZADD z XX CH 6 a 2 b").is(1);
    r.line("ZADD z GT CH 5 a 9 b 1 new").is(2);
    r.line("ZADD z LT CH 7 a 1 b").is(1);
    r.line("ZADD z XX LT CH 1 a 0 other").is(1);
    r.line("ZRANGE z 0 -1 WITHSCORES").isList("a", "1", "b", "1", "new", "1", "c", "3");
    r.line("ZADD z NX XX 1 a").isError("ERR XX and NX options at the same time are not compatible");
    String gtLt = "ERR GT, LT, and/or NX options at the same time are not compatible";
    r.line("ZADD z NX GT 1 a").isError(gtLt);
    r.line("ZADD z LT NX 1 a").isError(gtLt);
    r.line("ZADD z GT LT 1 a").isError(gtLt);
  }

  @CommandTest
  void increment(TestClient r) {
    r.line("ZINCRBY z 2 a").is("2");
    r.line("ZINCRBY z 1.5 a").is("3.5");
    r.line("ZADD z INCR 1 a").is("4.5");
    r.line("ZADD z XX INCR 1 b").isNil();
    r.line("ZADD none XX INCR 1 b").isNil();
    r.line("ZADD z NX INCR 1 a").isNil();
    r.line("ZADD z NX INCR 1 b").is("1");
    r.line("ZADD z GT INCR -1 a").isNil();
    r.line("ZADD z LT INCR -1 a").is("3.5");
    r.line("ZADD z INCR 1 a 2 b")
        .isError("ERR INCR option supports a single increment-element pair");
    r.line("ZINCRBY z inf c").is("inf");
    r.line("ZINCRBY z -inf c").isError("ERR resulting score is not a number (NaN)");
    r.line("ZINCRBY z 0 c").is("inf");
    r.line("ZINCRBY z 0 d").is("0");
    r.line("ZINCRBY z x a").isError(NOT_A_FLOAT);
  }

  @CommandTest
  void wrongScores(TestClient r) {
    for (String score : List.of("x", "nan", "NaN", "1e400", " 1", "1 ", "", "0x", "1e", "--1")) {
      r.call("ZADD", "z", "1", "a", score, "b").isError(NOT_A_FLOAT);
    }
    r.line("EXISTS z").is(0);
    r.line("ZADD z 1 a 2").isError(SYNTAX);
    r.line("ZADD z NX CH").isError(SYNTAX);
    r.line("ZADD z FOO a").isError(NOT_A_FLOAT);
    r.line("ZADD z 0x10 hex 1e3 thousand .5 half 5. five Infinity all").is(5);
    r.line("ZRANGE z 0 -1 WITHSCORES")
        .isList("half", "0.5", "five", "5", "hex", "16", "thousand", "1000", "all", "inf");
  }

  @CommandTest
  void anotherTypeIsRefused(TestClient r) {
    r.ok("SET", "s", "v");
    for (String command :
        List.of(
            "ZADD s 1 a",
            "ZINCRBY s 1 a",
            "ZSCORE s a",
            "ZMSCORE s a",
            "ZCARD s",
            "ZCOUNT s 0 1",
            "ZLEXCOUNT s - +",
            "ZRANK s a",
            "ZREVRANK s a",
            "ZRANGE s 0 1",
            "ZREVRANGE s 0 1",
            "ZRANGEBYSCORE s 0 1",
            "ZREVRANGEBYSCORE s 0 1",
            "ZRANGEBYLEX s - +",
            "ZREVRANGEBYLEX s + -",
            "ZRANGESTORE d s 0 1",
            "ZREM s a",
            "ZREMRANGEBYRANK s 0 1",
            "ZREMRANGEBYSCORE s 0 1",
            "ZREMRANGEBYLEX s - +",
            "ZRANDMEMBER s",
            "ZRANDMEMBER s 1",
            "ZSCAN s 0")) {
      r.line(command).isError(WRONG_TYPE);
    }
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of(
            "ZADD z 1",
            "ZINCRBY z 1",
            "ZSCORE z",
            "ZMSCORE z",
            "ZCARD",
            "ZCOUNT z 0",
            "ZLEXCOUNT z - + x",
            "ZRANK z",
            "ZREVRANK z",
            "ZRANGE z 0",
            "ZREVRANGE z 0",
            "ZRANGEBYSCORE z 0",
            "ZRANGESTORE d z 0",
            "ZREM z",
            "ZREMRANGEBYRANK z 0",
            "ZREMRANGEBYSCORE z 0",
            "ZREMRANGEBYLEX z - + x",
            "ZRANDMEMBER",
            "ZSCAN z")) {
      String name = command.split(" ", -1)[0].toLowerCase(Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
  }

  @CommandTest
  void scoresAndRanks(TestClient r) {
    r.line("ZADD z 10 a 20 b 20 c 30 d").is(4);
    r.line("ZSCORE z a").is("10");
    r.line("ZSCORE z x").isNil();
    r.line("ZSCORE none x").isNil();
    r.line("ZMSCORE z a x d").isList("10", null, "30");
    r.line("ZMSCORE none a x").isList(null, null);
    r.line("ZRANK z a").is(0);
    r.line("ZRANK z c").is(2);
    r.line("ZREVRANK z c").is(1);
    r.line("ZREVRANK z a").is(3);
    r.line("ZRANK z x").isNil();
    r.line("ZREVRANK none x").isNil();
  }

  @CommandTest
  @Since("7.2")
  void ranksWithScore(TestClient r) {
    r.line("ZADD z 10 a 20.5 b").is(2);
    r.line("ZRANK z b WITHSCORE").isList(1, "20.5");
    r.line("ZREVRANK z b withscore").isList(0, "20.5");
    r.line("ZRANK z x WITHSCORE").isNilArray();
    r.line("ZRANK none x WITHSCORE").isNilArray();
    r.line("ZRANK z b FOO").isError(SYNTAX);
    r.line("ZRANK z b WITHSCORE x").isError("ERR wrong number of arguments for 'zrank' command");
    r.hello3().line("ZREVRANK z a WITHSCORE").isList(1, 10.0);
  }

  @CommandTest
  void rangesByPosition(TestClient r) {
    r.line("ZADD z 1 a 2 b 3 c 4 d").is(4);
    r.line("ZRANGE z 1 2").isList("b", "c");
    r.line("ZRANGE z -2 -1 WITHSCORES").isList("c", "3", "d", "4");
    r.line("ZRANGE z 2 1").isList();
    r.line("ZRANGE z 4 9").isList();
    r.line("ZRANGE z -9 0").isList("a");
    r.line("ZRANGE z -9223372036854775808 9223372036854775807").isList("a", "b", "c", "d");
    r.line("ZRANGE z 0 1 REV").isList("d", "c");
    r.line("ZRANGE z -1 -1 REV WITHSCORES").isList("a", "1");
    r.line("ZREVRANGE z 0 1").isList("d", "c");
    r.line("ZREVRANGE z 1 -1 WITHSCORES").isList("c", "3", "b", "2", "a", "1");
    r.line("ZREVRANGE z 9 10").isList();
    r.line("ZRANGE none 0 -1").isList();
    r.line("ZRANGE z 0 x").isError(NOT_AN_INTEGER);
    r.line("ZRANGE z 0 -1 LIMIT 0 1")
        .isError(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or"
                + " BYLEX");
    r.line("ZRANGE z 0 -1 LIMIT 1 -1").isList("a", "b", "c", "d");
    r.line("ZRANGE z 0 -1 FOO").isError(SYNTAX);
    r.line("ZRANGE z 0 -1 REV REV").isError(SYNTAX);
    r.line("ZREVRANGE z 0 -1 REV").isError(SYNTAX);
    r.line("ZREVRANGE z 0 -1 BYSCORE").isError(SYNTAX);
  }

  @CommandTest
  void rangesByScore(TestClient r) {
    r.line("ZADD z -inf low 1 a 2 b 2 bb 3 c inf high").is(6);
    r.line("ZRANGEBYSCORE z 1 2").isList("a", "b", "bb");
    r.line("ZRANGEBYSCORE z (1 2").isList("b", "bb");
    r.line("ZRANGEBYSCORE z 1 (2").isList("a");
    r.line("ZRANGEBYSCORE z (2 (3").isList();
    r.line("ZRANGEBYSCORE z 3 1").isList();
    r.line("ZRANGEBYSCORE z -inf +inf").isList("low", "a", "b", "bb", "c", "high");
    r.line("ZRANGEBYSCORE z (-inf (inf WITHSCORES").isList("a", "1", "b", "2", "bb", "2", "c", "3");
    r.line("ZRANGEBYSCORE z 1 3 LIMIT 1 2").isList("b", "bb");
    r.line("ZRANGEBYSCORE z 1 3 LIMIT 1 -1 WITHSCORES").isList("b", "2", "bb", "2", "c", "3");
    r.line("ZRANGEBYSCORE z 1 3 LIMIT -1 2").isList();
    r.line("ZRANGEBYSCORE z 1 3 LIMIT 4 2").isList();
    r.line("ZRANGEBYSCORE z 1 3 LIMIT 0 0").isList();
    r.line("ZREVRANGEBYSCORE z 3 1").isList("c", "bb", "b", "a");
    r.line("ZREVRANGEBYSCORE z 1 3").isList();
    r.line("ZREVRANGEBYSCORE z 3 (1 LIMIT 1 1").isList("bb");
    r.line("ZRANGE z 1 2 BYSCORE").isList("a", "b", "bb");
    r.line("ZRANGE z 2 (1 BYSCORE REV LIMIT 1 5 WITHSCORES").isList("b", "2");
    r.line("ZCOUNT z 1 2").is(3);
    r.line("ZCOUNT z (1 (3").is(2);
    r.line("ZCOUNT z -inf inf").is(6);
    r.line("ZCOUNT z 5 1").is(0);
    r.line("ZCOUNT none 0 1").is(0);
    r.call("ZRANGEBYSCORE", "z", "(", "1").isList("a");
    r.call("ZRANGEBYSCORE", "z", "", " 1").isList("a");
    for (String bound : List.of("x", "((1", "nan", "1 ", "[1")) {
      r.call("ZRANGEBYSCORE", "z", bound, "1").isError(NO_SCORE);
      r.call("ZCOUNT", "z", "1", bound).isError(NO_SCORE);
      r.call("ZREMRANGEBYSCORE", "z", bound, "1").isError(NO_SCORE);
    }
    r.line("ZRANGEBYSCORE z 1 2 LIMIT 1").isError(SYNTAX);
    r.line("ZRANGEBYSCORE z 1 2 LIMIT 1 x").isError(NOT_AN_INTEGER);
    r.line("ZRANGEBYSCORE z 1 2 REV").isError(SYNTAX);
    r.line("ZRANGE z 1 2 BYSCORE BYLEX").isError(SYNTAX);
  }

  @CommandTest
  void rangesByMember(TestClient r) {
    r.line("ZADD z 0 a 0 b 0 c 0 cc 0 d 0 e").is(6);
    r.line("ZRANGEBYLEX z - +").isList("a", "b", "c", "cc", "d", "e");
    r.line("ZRANGEBYLEX z [b [cc").isList("b", "c", "cc");
    r.line("ZRANGEBYLEX z (b (cc").isList("c");
    r.line("ZRANGEBYLEX z + -").isList();
    r.line("ZRANGEBYLEX z - [aa").isList("a");
    r.line("ZRANGEBYLEX z [ccc + LIMIT 1 1").isList("e");
    r.line("ZRANGEBYLEX z [ +").isList("a", "b", "c", "cc", "d", "e");
    r.line("ZREVRANGEBYLEX z + -").isList("e", "d", "cc", "c", "b", "a");
    r.line("ZREVRANGEBYLEX z (d [b LIMIT 0 2").isList("cc", "c");
    r.line("ZREVRANGEBYLEX z [b (d").isList();
    r.line("ZRANGE z [b (d BYLEX").isList("b", "c", "cc");
    r.line("ZRANGE z (d [b BYLEX REV LIMIT 1 2").isList("c", "b");
    r.line("ZLEXCOUNT z - +").is(6);
    r.line("ZLEXCOUNT z (b (d").is(2);
    r.line("ZLEXCOUNT z [x +").is(0);
    r.line("ZLEXCOUNT none - +").is(0);
    for (String bound : List.of("b", "-a", "++", "", "1")) {
      r.call("ZRANGEBYLEX", "z", bound, "+").isError(NO_MEMBER);
      r.call("ZLEXCOUNT", "z", "-", bound).isError(NO_MEMBER);
      r.call("ZREMRANGEBYLEX", "z", bound, "+").isError(NO_MEMBER);
    }
    r.line("ZRANGE z - + BYLEX WITHSCORES")
        .isError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    r.line("ZRANGEBYLEX z - + WITHSCORES")
        .isError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }

  @CommandTest
  void storeARange(TestClient r) {
    r.line("ZADD z 1 a 2 b 3 c 4 d").is(4);
    r.line("ZRANGESTORE d z 1 2").is(2);
    r.line("ZRANGE d 0 -1 WITHSCORES").isList("b", "2", "c", "3");
    r.line("ZRANGESTORE d z (1 3 BYSCORE LIMIT 1 5").is(1);
    r.line("ZRANGE d 0 -1").isList("c");
    r.line("ZRANGESTORE d z + - BYLEX REV LIMIT 0 2").is(2);
    r.line("ZRANGE d 0 -1").isList("c", "d");
    r.line("ZRANGESTORE d z 0 1 REV").is(2);
    r.line("ZRANGE d 0 -1").isList("c", "d");
    r.ok("SET", "s", "v");
    r.line("ZRANGESTORE s z 0 0").is(1);
    r.line("TYPE s").isStatus("zset");
    r.line("ZRANGESTORE z z 0 1").is(2);
    r.line("ZRANGE z 0 -1").isList("a", "b");
    r.line("ZRANGESTORE d z 5 6").is(0);
    r.line("EXISTS d").is(0);
    r.line("ZRANGESTORE s none 0 1").is(0);
    r.line("EXISTS s").is(0);
    r.line("ZRANGESTORE d z 0 1 WITHSCORES").isError(SYNTAX);
    r.line("ZRANGESTORE d z 0 x").isError(NOT_AN_INTEGER);
  }

  @CommandTest
  void remove(TestClient r) {
    r.line("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h").is(8);
    r.line("ZREM z a x a").is(1);
    r.line("ZREM none a").is(0);
    r.line("ZREMRANGEBYRANK z 0 1").is(2);
    r.line("ZREMRANGEBYRANK z -1 -1").is(1);
    r.line("ZREMRANGEBYRANK z 9 10").is(0);
    r.line("ZREMRANGEBYSCORE z (4 5").is(1);
    r.line("ZREMRANGEBYSCORE z 100 200").is(0);
    r.line("ZRANGE z 0 -1").isList("d", "f", "g");
    r.line("ZREMRANGEBYLEX z [d (f").is(1);
    r.line("ZREMRANGEBYLEX none - +").is(0);
    r.line("ZREMRANGEBYRANK z a b").isError(NOT_AN_INTEGER);
    r.line("ZREM z f g").is(2);
    r.line("EXISTS z").is(0);
    r.line("ZADD z 1 a").is(1);
    r.line("ZREMRANGEBYSCORE z -inf inf").is(1);
    r.line("EXISTS z").is(0);
  }

  @CommandTest
  void pairsInResp3(TestClient r) {
    r.hello3();
    r.line("ZADD z 1 a 2.5 b").is(2);
    r.line("ZRANGE z 0 -1 WITHSCORES").isList(List.of("a", 1.0), List.of("b", 2.5));
    r.line("ZREVRANGEBYSCORE z inf 2 WITHSCORES").isList(List.of("b", 2.5));
    r.line("ZSCORE z b").is(2.5);
    r.line("ZMSCORE z b x").isList(2.5, null);
    r.line("ZINCRBY z 1 a").is(2.0);
    r.line("ZADD z INCR XX 1 x").isNil();
    r.line("ZRANDMEMBER z 2 WITHSCORES").isUnordered(List.of("a", 2.0), List.of("b", 2.5));
    r.line("ZSCAN z 0").isList("0", List.of("a", "2", "b", "2.5"));
    r.line("ZADD z inf i -inf j").is(2);
    r.line("ZSCORE z i").is(Double.POSITIVE_INFINITY);
    r.line("ZSCORE z j").is(Double.NEGATIVE_INFINITY);
  }

  @CommandTest
  @Since(valkey = "8.0.0")
  void scanMembersOnly(TestClient r) {
    r.line("ZADD z 1 a 2 b").is(2);
    r.line("ZSCAN z 0 NOSCORES").isList("0", List.of("a", "b"));
    r.line("ZSCAN z 0 MATCH b noscores").isList("0", List.of("b"));
  }

  @CommandTest
  void randomMembers(TestClient r) {
    r.line("ZRANDMEMBER z").isNil();
    r.line("ZRANDMEMBER z 5").isList();
    for (int i = 0; i < 60; i++) {
      r.call("ZADD", "z", i, "m" + i).is(1);
    }
    for (int count : List.of(1, 5, 30, 60, 100)) {
      List<String> members = r.call("ZRANDMEMBER", "z", count).texts();
      assertThat(members).hasSize(Math.min(count, 60)).doesNotHaveDuplicates();
    }
    assertThat(r.line("ZRANDMEMBER z -200").texts()).hasSize(200);
    List<String> pairs = r.line("ZRANDMEMBER z -10 WITHSCORES").texts();
    for (int i = 0; i < 20; i += 2) {
      assertThat(pairs.get(i)).isEqualTo("m" + pairs.get(i + 1));
    }
    assertThat(r.line("ZRANDMEMBER z").text()).startsWith("m");
    r.line("ZRANDMEMBER z 0").isList();
    r.line("ZRANDMEMBER z x").isError(NOT_AN_INTEGER);
    r.line("ZRANDMEMBER z 1 FOO").isError(SYNTAX);
    r.line("ZRANDMEMBER z 1 WITHSCORES x").isError(SYNTAX);
    r.line("ZRANDMEMBER z 9223372036854775807 WITHSCORES").isError("ERR value is out of range");
    r.line("ZRANDMEMBER z -9223372036854775808")
        .isError(
            "ERR value is out of range, value must between -9223372036854775807 and"
                + " 9223372036854775807");
  }

  @CommandTest
  void scan(TestClient r) {
    r.line("ZSCAN z 0").isList("0", List.of());
    r.line("ZADD z 1 a 2.5 b").is(2);
    r.line("ZSCAN z 0").isList("0", List.of("a", "1", "b", "2.5"));
    r.line("ZSCAN z 0 MATCH b*").isList("0", List.of("b", "2.5"));
    r.line("ZSCAN z x").isError("ERR invalid cursor");
    r.line("ZSCAN z 0 COUNT 0").isError(SYNTAX);
    r.line("ZSCAN z 0 COUNT x").isError(NOT_AN_INTEGER);
    r.line("ZSCAN z 0 FOO 1").isError(SYNTAX);
    for (int i = 0; i < 1000; i++) {
      r.call("ZADD", "large", i, "m" + i).is(1);
    }
    Set<String> seen = new HashSet<>();
    String cursor = "0";
    do {
      List<?> reply = r.call("ZSCAN", "large", cursor, "COUNT", "50").elements();
      List<?> pairs = (List<?>) reply.get(1);
      for (int i = 0; i < pairs.size(); i += 2) {
        assertThat(pairs.get(i)).isEqualTo("m" + pairs.get(i + 1));
        seen.add((String) pairs.get(i));
      }
      cursor = (String) reply.get(0);
    } while (!"0".equals(cursor));
    assertThat(seen).hasSize(1000);
  }

  @CommandTest
  void encodings(TestClient r, TestServer server) {
    server.config("zset-max-listpack-entries", "3");
    server.config("zset-max-listpack-value", "5");
    r.line("ZADD z 1 a 2 b 3 c").is(3);
    r.line("OBJECT ENCODING z").is("listpack");
    r.line("ZADD z 4 d").is(1);
    r.line("OBJECT ENCODING z").is("skiplist");
    r.line("ZADD y 1 12345").is(1);
    r.line("OBJECT ENCODING y").is("listpack");
    r.line("ZADD y 1 123456").is(1);
    r.line("OBJECT ENCODING y").is("skiplist");
    r.line("ZRANGESTORE x z 0 1").is(2);
    r.line("OBJECT ENCODING x").is("listpack");
  }

  @CommandTest
  void zeroAndItsNegative(TestClient r) {
    r.line("ZADD z -0.0 a 0 b 0 c -1 d").is(4);
    r.line("ZRANGE z 0 -1").isList("d", "a", "b", "c");
    r.line("ZADD z CH 0 a -0.0 b").is(0);
    r.line("ZCOUNT z 0 0").is(3);
    r.line("ZCOUNT z (-0 1").is(0);
    r.line("ZRANGE z 0 -1").isList("d", "a", "b", "c");
  }

  @CommandTest
  void scoresAsText(TestClient r) {
    for (String score :
        List.of(
            "0",
            "1",
            "-1",
            "0.5",
            "-0.25",
            "3.5",
            "100",
            "123456789",
            "4503599627370495",
            "-4503599627370495",
            "1.25",
            "inf",
            "-inf")) {
      r.call("ZADD", "z", score, "m" + score).is(1);
      r.call("ZSCORE", "z", "m" + score).is(score);
    }
  }

  @CommandTest
  @Since("7.2")
  void scoresAreWrittenAsShortAsTheyReadBackAlike(TestClient r) {
    Map<String, String> texts =
        Map.of(
            "0.1", "0.1",
            "3.141592653589793", "3.141592653589793",
            "1e21", "1e+21",
            "1.7976931348623157e308", "1.7976931348623157e+308",
            "5e-324", "5e-324",
            "0.000001", "0.000001",
            "0.00000001", "1e-8",
            "123456789.123", "123456789.123",
            "2.2204460492503131e-16", "2.220446049250313e-16");
    texts.forEach(
        (given, read) -> {
          r.call("ZADD", "z", given, "m").isBetween(0, 1);
          r.line("ZSCORE z m").is(read);
        });
  }

  @CommandTest
  void largeOnesBehaveAsAModel(TestClient r) {
    Random random = new Random(17);
    Map<String, Integer> model = new HashMap<>();
    for (int step = 0; step < 2500; step++) {
      String member = "member:" + random.nextInt(700);
      int score = random.nextInt(200) - 100;
      if (random.nextInt(4) > 0) {
        r.call("ZADD", "z", score, member).is(model.put(member, score) == null ? 1 : 0);
      } else {
        r.call("ZREM", "z", member).is(model.remove(member) != null ? 1 : 0);
      }
      if (step % 50 == 49) {
        checkAgainst(r, model, random);
      }
    }
  }

  private static int scoreIn(Map<String, Integer> model, String member) {
    return model.getOrDefault(member, 0);
  }

  private static void checkAgainst(TestClient r, Map<String, Integer> model, Random random) {
    List<String> sorted = new ArrayList<>(model.keySet());
    sorted.sort(Comparator.<String>comparingInt(m -> scoreIn(model, m)).thenComparing(m -> m));
    int from = random.nextInt(sorted.size());
    int to = Math.min(sorted.size(), from + 20);
    r.call("ZRANGE", "z", from, to - 1).is(sorted.subList(from, to));
    List<String> backwards = new ArrayList<>(sorted.subList(from, to));
    java.util.Collections.reverse(backwards);
    int size = sorted.size();
    r.call("ZREVRANGE", "z", size - to, size - from - 1).is(backwards);
    String member = sorted.get(from);
    r.call("ZRANK", "z", member).is(from);
    r.call("ZREVRANK", "z", member).is(size - 1 - from);
    r.call("ZSCORE", "z", member).is(String.valueOf(model.get(member)));
    int low = random.nextInt(200) - 100;
    int high = low + random.nextInt(40);
    r.call("ZCOUNT", "z", "(" + low, high)
        .is(model.values().stream().filter(s -> s > low && s <= high).count());
    List<String> within = new ArrayList<>(sorted);
    within.removeIf(m -> scoreIn(model, m) < low || scoreIn(model, m) > high);
    java.util.Collections.reverse(within);
    r.call("ZREVRANGEBYSCORE", "z", high, low, "LIMIT", "2", "3")
        .is(within.subList(Math.min(2, within.size()), Math.min(5, within.size())));
    r.call("ZCARD", "z").is(size);
  }
}
