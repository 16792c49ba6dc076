package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

final class SortCommandsTest {
  private static final String NO_NUMBER = "ERR One or more scores can't be converted into double";
  private static final String SYNTAX = "ERR syntax error";

  private static void object(TestClient r, int id, String weight, String name) {
    r.ok("SET", "weight_" + id, weight);
    r.call("HSET", "object_" + id, "name", name, "weight", weight).is(2);
  }

  @CommandTest
  void byTheElementsThemselves(TestClient r) {
    r.call("RPUSH", "l", "3", "10", "-1", "2.5", "1e2").is(5);
    r.call("SORT", "l").isList("-1", "2.5", "3", "10", "1e2");
    r.call("SORT", "l", "DESC").isList("1e2", "10", "3", "2.5", "-1");
    r.call("SORT", "l", "desc", "asc").isList("-1", "2.5", "3", "10", "1e2");
    r.call("SORT_RO", "l", "ALPHA").isList("-1", "10", "1e2", "2.5", "3");
    r.call("SADD", "s", "5", "3", "40").is(3);
    r.call("SORT", "s").isList("3", "5", "40");
    r.call("SORT", "s", "ALPHA", "DESC").isList("5", "40", "3");
    r.call("ZADD", "z", "9", "1", "8", "2", "7", "3").is(3);
    r.call("SORT", "z", "DESC").isList("3", "2", "1");
    r.call("SORT", "none").isList();
    r.call("SORT_RO", "none", "BY", "x*").isList();
    // The library's qsort is the oracle's for equal numbers: they go by their text.
    r.call("RPUSH", "ties", "1.0", "01", "1", "0x1").is(4);
    r.call("SORT", "ties").isList("01", "0x1", "1", "1.0");
    r.call("SORT", "ties", "DESC").isList("1.0", "1", "0x1", "01");
  }

  @CommandTest
  void whatCountsAsANumber(TestClient r) {
    r.call("RPUSH", "l", "", " 1", "inf", "-inf", "0x10", "+3", "\t\n2", "4\0x").is(8);
    r.call("SORT", "l").isList("-inf", "", " 1", "\t\n2", "+3", "4\0x", "0x10", "inf");
    for (String bad : List.of("1 ", "x", "nan", " ", "1e400", "1e-400", "--1", "1,5")) {
      r.call("DEL", "bad");
      r.call("RPUSH", "bad", bad).is(1);
      r.call("SORT", "bad").isError(NO_NUMBER);
      r.call("SORT", "bad", "STORE", "d").isError(NO_NUMBER);
      r.call("SORT", "bad", "ALPHA").isList(bad);
    }
  }

  @CommandTest
  void byPatterns(TestClient r) {
    r.call("RPUSH", "l", "1", "2", "3").is(3);
    object(r, 1, "30", "c");
    object(r, 2, "20", "a");
    object(r, 3, "10", "b");
    r.call("SORT", "l", "BY", "weight_*").isList("3", "2", "1");
    r.call("SORT", "l", "BY", "object_*->weight").isList("3", "2", "1");
    r.call("SORT", "l", "BY", "object_*->name", "ALPHA").isList("2", "3", "1");
    r.call("SORT", "l", "BY", "weight_*", "DESC", "LIMIT", "1", "1").isList("2");
    // The first of these has no weight: 0 as a number, the least as a text.
    r.call("DEL", "weight_1").is(1);
    r.call("SORT", "l", "BY", "weight_*").isList("1", "3", "2");
    r.call("SORT", "l", "BY", "weight_*", "ALPHA").isList("1", "3", "2");
    r.call("SORT", "l", "BY", "weight_*", "ALPHA", "DESC").isList("2", "3", "1");
    // A weight of the wrong kind is as good as none; an arrow to no field belongs to the key.
    r.call("LPUSH", "weight_1", "x").is(1);
    r.call("SORT", "l", "BY", "weight_*").isList("1", "3", "2");
    r.call("SORT", "l", "BY", "weight_*->f").isList("1", "2", "3");
    r.ok("SET", "w1->", "5");
    r.call("SORT", "l", "BY", "w*->").isList("2", "3", "1");
    r.ok("SET", "weight_2", "x");
    r.call("SORT", "l", "BY", "weight_*").isError(NO_NUMBER);
  }

  @CommandTest
  void getsWhatBelongsToElements(TestClient r) {
    r.call("RPUSH", "l", "1", "2", "3").is(3);
    object(r, 1, "30", "c");
    object(r, 3, "10", "b");
    r.call("SORT", "l", "GET", "weight_*").isList("30", null, "10");
    r.call("SORT", "l", "GET", "#", "GET", "object_*->name", "GET", "object_*->none")
        .isList("1", "c", null, "2", null, null, "3", "b", null);
    r.call("SORT", "l", "GET", "fixed").isList(null, null, null);
    r.call("SORT", "l", "GET", "object_*").isList(null, null, null);
    r.call("SORT", "l", "GET", "##").isList(null, null, null);
    // The first star and the first arrow behind it count.
    r.call("HSET", "x1->*", "f->g", "deep").is(1);
    r.call("HSET", "x1", "*->f->g", "flat").is(1);
    r.call("SORT", "l", "GET", "x*->*->f->g", "LIMIT", "0", "1").isList("flat");
    r.hello3();
    r.call("SORT", "l", "GET", "weight_*").isList("30", null, "10");
  }

  @CommandTest
  void withoutSorting(TestClient r) {
    r.call("RPUSH", "l", "c", "a", "b").is(3);
    r.call("SORT", "l", "BY", "nosort").isList("c", "a", "b");
    r.call("SORT", "l", "BY", "nosort", "DESC").isList("b", "a", "c");
    r.call("SORT", "l", "BY", "nosort", "LIMIT", "1", "5").isList("a", "b");
    r.call("SORT", "l", "BY", "nosort", "DESC", "LIMIT", "0", "2").isList("b", "a");
    r.call("SORT", "l", "BY", "nosort", "LIMIT", "3", "1").isList();
    r.call("SORT", "l", "BY", "x*", "BY", "nosort").isList("c", "a", "b");
    r.call("ZADD", "z", "3", "c", "1", "a", "2", "b", "4", "d").is(4);
    r.call("SORT", "z", "BY", "nosort").isList("a", "b", "c", "d");
    r.call("SORT", "z", "BY", "nosort", "ASC", "LIMIT", "1", "2").isList("b", "c");
    r.call("SORT", "z", "BY", "nosort", "DESC", "LIMIT", "1", "2").isList("c", "b");
    r.call("SORT", "z", "BY", "nosort", "DESC", "LIMIT", "-10", "100").isList("d", "c", "b", "a");
    r.call("SADD", "s", "c", "a", "b").is(3);
    r.call("SORT", "s", "BY", "nosort").isUnordered("a", "b", "c");
    // A set that is stored is sorted all the same.
    r.call("SORT", "s", "BY", "nosort", "STORE", "d").is(3);
    r.call("LRANGE", "d", "0", "-1").isList("a", "b", "c");
    r.call("SORT", "s", "BY", "nosort", "DESC", "LIMIT", "0", "2", "STORE", "d").is(2);
    r.call("LRANGE", "d", "0", "-1").isList("c", "b");
  }

  @CommandTest
  void limits(TestClient r) {
    r.call("RPUSH", "l", "1", "2", "3", "4", "5").is(5);
    r.call("SORT", "l", "LIMIT", "0", "2").isList("1", "2");
    r.call("SORT", "l", "LIMIT", "3", "10").isList("4", "5");
    r.call("SORT", "l", "LIMIT", "-3", "2").isList("1", "2");
    r.call("SORT", "l", "LIMIT", "2", "-1").isList("3", "4", "5");
    r.call("SORT", "l", "LIMIT", "2", "-10").isList("3", "4", "5");
    r.call("SORT", "l", "LIMIT", "2", "0").isList();
    r.call("SORT", "l", "LIMIT", "9223372036854775807", "2").isList();
    r.call("SORT", "l", "LIMIT", "1", "9223372036854775807", "GET", "#").isList("2", "3", "4", "5");
    r.call("SORT", "l", "LIMIT", "x", "2").isError("ERR value is not an integer or out of range");
    r.call("SORT", "l", "LIMIT", "1").isError(SYNTAX);
    r.call("SORT", "l", "BY").isError(SYNTAX);
    r.call("SORT", "l", "GET").isError(SYNTAX);
    r.call("SORT", "l", "STORE").isError(SYNTAX);
    r.call("SORT_RO", "l", "STORE", "d").isError(SYNTAX);
    r.call("SORT", "l", "bla").isError(SYNTAX);
    r.ok("SET", "k", "v");
    r.call("SORT", "k", "bla").isError(SYNTAX);
    r.call("SORT", "k")
        .isError("WRONGTYPE Operation against a key holding the wrong kind of value");
    r.call("SORT").isError("ERR wrong number of arguments for 'sort' command");
  }

  @CommandTest
  void stores(TestClient r) {
    r.call("RPUSH", "l", "3", "1", "2").is(3);
    r.ok("SET", "d", "old", "EX", "100");
    r.call("SORT", "l", "STORE", "d").is(3);
    r.call("LRANGE", "d", "0", "-1").isList("1", "2", "3");
    r.call("TTL", "d").is(-1);
    r.ok("SET", "w1", "one");
    r.call("SORT", "l", "GET", "w*", "GET", "#", "STORE", "d").is(6);
    r.call("LRANGE", "d", "0", "-1").isList("one", "1", "", "2", "", "3");
    r.call("SORT", "l", "DESC", "STORE", "l").is(3);
    r.call("LRANGE", "l", "0", "-1").isList("3", "2", "1");
    r.call("SORT", "l", "STORE", "d", "STORE", "e").is(3);
    r.call("EXISTS", "e").is(1);
    r.call("SORT", "none", "STORE", "d").is(0);
    r.call("EXISTS", "d").is(0);
    r.call("SORT", "none", "STORE", "d").is(0);
    r.call("SORT", "l", "LIMIT", "5", "1", "STORE", "e").is(0);
    r.call("EXISTS", "e").is(0);
  }

  @CommandTest
  void manyElements(TestClient r) {
    List<Integer> numbers = new ArrayList<>(IntStream.range(0, 2000).boxed().toList());
    Collections.shuffle(numbers, new Random(7));
    for (int number : numbers) {
      r.call("RPUSH", "l", number);
      r.call("SADD", "s", "m" + number);
      r.call("SET", "wm" + number, 2000 - number);
    }
    List<String> sorted = IntStream.range(0, 2000).mapToObj(String::valueOf).toList();
    assertThat(r.call("SORT", "l").texts()).isEqualTo(sorted);
    assertThat(r.call("SORT", "s", "BY", "w*", "LIMIT", "10", "3").texts())
        .containsExactly("m1989", "m1988", "m1987");
    r.call("SORT", "s", "BY", "w*", "DESC", "GET", "w*", "STORE", "d").is(2000);
    r.call("LRANGE", "d", "0", "1").isList("2000", "1999");
  }

  @CommandTest
  void wakesWhoWaitsForTheList(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "d", "0");
    server.awaitBlocked(1);
    r.call("RPUSH", "l", "2", "1").is(2);
    r.call("SORT", "l", "STORE", "d").is(2);
    waiting.receive().isList("d", "1");
  }

  @CommandTest
  void keysOfTheCommand(TestClient r) {
    r.call(
            "COMMAND", "GETKEYS", "SORT", "a", "BY", "b*", "GET", "store", "STORE", "c", "store",
            "d")
        .isList("a", "d");
    r.call("COMMAND", "GETKEYS", "SORT_RO", "a", "BY", "b*").isList("a");
    r.call("COMMAND", "GETKEYSANDFLAGS", "SORT", "a", "STORE", "b")
        .isList(
            List.of("a", List.of(status("RO"), status("access"))),
            List.of("b", List.of(status("OW"), status("update"))));
  }

  private static Object status(String text) {
    return new io.pillion.engine.testkit.Answer.Status(text);
  }

  @CommandTest(oursOnly = true)
  void saysWhatWasStored(TestClient r, TestServer server) {
    r.call("RPUSH", "l", "2", "1").is(2);
    r.call("SORT", "l", "STORE", "d").is(2);
    r.call("SORT", "none", "STORE", "d").is(0);
    r.call("SORT", "none", "STORE", "d").is(0);
    List<String> effects =
        ((EngineServer) server).effects().stream().map(Object::toString).toList();
    assertThat(effects).endsWith("DEL d", "RPUSH d 1 2", "EXEC", "DEL d").hasSize(6);
  }
}
