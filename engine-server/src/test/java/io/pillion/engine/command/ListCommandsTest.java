package io.pillion.engine.command;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Lists, those that fit into one block and those that take many pages. */
class ListCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
  private static final String SYNTAX = "ERR syntax error";
  private static final String NOT_POSITIVE = "ERR value is out of range, must be positive";

  @CommandTest
  void theLeastStopIsBeforeEveryStart(TestClient r) {
    r.call("RPUSH", "l", "a", "b", "c");
    r.call("ZADD", "z", "1", "a", "2", "b");
    String least = "-9223372036854775808";
    r.call("LRANGE", "l", "5", least).isList();
    r.call("LRANGE", "l", "9223372036854775807", least).isList();
    r.call("ZRANGE", "z", "5", least).isList();
    r.call("ZREMRANGEBYRANK", "z", "5", least).is(0);
    r.ok("LTRIM", "l", "5", least);
    r.call("EXISTS", "l").is(0);
  }

  @CommandTest
  void pushAndPop(TestClient r) {
    r.line("RPUSH l a b c").is(3);
    r.line("LPUSH l x y").is(5);
    r.line("LRANGE l 0 -1").isList("y", "x", "a", "b", "c");
    r.line("LPOP l").is("y");
    r.line("RPOP l").is("c");
    r.line("LLEN l").is(3);
    r.line("LPOP l 2").isList("x", "a");
    r.line("RPOP l 0").isList();
    r.line("RPOP l 10").isList("b");
    r.line("EXISTS l").is(0);
    r.line("LPOP l").isNil();
    r.line("LPOP l 1").isNilArray();
    r.line("RPOP l 0").isNilArray();
    r.line("LLEN l").is(0);
  }

  @CommandTest
  void popReturnsTheLastFirst(TestClient r) {
    r.line("RPUSH l 1 2 3 4 5").is(5);
    r.line("RPOP l 3").isList("5", "4", "3");
    r.line("LPOP l 3").isList("1", "2");
  }

  @CommandTest
  void pushOnlyToAListThatExists(TestClient r) {
    r.line("LPUSHX l a").is(0);
    r.line("RPUSHX l a").is(0);
    r.line("EXISTS l").is(0);
    r.line("RPUSH l m").is(1);
    r.line("LPUSHX l a b").is(3);
    r.line("RPUSHX l c d").is(5);
    r.line("LRANGE l 0 -1").isList("b", "a", "m", "c", "d");
  }

  @CommandTest
  void anotherTypeIsRefused(TestClient r) {
    r.ok("SET", "s", "v");
    for (String command :
        List.of(
            "LPUSH s a",
            "RPUSH s a",
            "LPUSHX s a",
            "RPUSHX s a",
            "LPOP s",
            "RPOP s 1",
            "LLEN s",
            "LRANGE s 0 1",
            "LINDEX s 0",
            "LSET s 0 a",
            "LINSERT s BEFORE a b",
            "LREM s 0 a",
            "LTRIM s 0 1",
            "LPOS s a",
            "LMOVE s d LEFT LEFT",
            "RPOPLPUSH s d",
            "LMPOP 1 s LEFT",
            "BLPOP s 0",
            "BRPOP none s 0",
            "BLMOVE s d LEFT LEFT 0",
            "BRPOPLPUSH s d 0",
            "BLMPOP 0 1 s LEFT")) {
      r.line(command).isError(WRONG_TYPE);
    }
    r.line("RPUSH l a").is(1);
    r.line("LMOVE l s LEFT LEFT").isError(WRONG_TYPE);
    r.line("RPOPLPUSH l s").isError(WRONG_TYPE);
    r.line("LLEN l").is(1);
    r.line("LMOVE none s LEFT LEFT").isNil();
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of(
            "LPUSH l",
            "RPUSHX l",
            "LPOP",
            "LPOP l 1 2",
            "RPOP l 1 2",
            "LLEN",
            "LLEN l l",
            "LRANGE l 0",
            "LINDEX l",
            "LSET l 0",
            "LINSERT l BEFORE a",
            "LREM l 0",
            "LTRIM l 0",
            "LPOS l",
            "LMOVE a b LEFT",
            "RPOPLPUSH a",
            "LMPOP 1 l",
            "BLPOP l",
            "BLMOVE a b LEFT RIGHT",
            "BRPOPLPUSH a b",
            "BLMPOP 0 1 l")) {
      String name = command.split(" ", -1)[0].toLowerCase(Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
  }

  @CommandTest
  void wrongNumbers(TestClient r) {
    r.line("RPUSH l a b c").is(3);
    r.line("LPOP l -1").isError(NOT_POSITIVE);
    r.line("LPOP l x").isError(NOT_POSITIVE);
    r.line("LRANGE l 0 x").isError(NOT_AN_INTEGER);
    r.line("LRANGE l 1.5 2").isError(NOT_AN_INTEGER);
    r.line("LINDEX l x").isError(NOT_AN_INTEGER);
    r.line("LINDEX none x").isNil();
    r.line("LSET l x v").isError(NOT_AN_INTEGER);
    r.line("LSET l 3 v").isError("ERR index out of range");
    r.line("LSET l -4 v").isError("ERR index out of range");
    r.line("LSET none 0 v").isError("ERR no such key");
    r.line("LREM l x a").isError(NOT_AN_INTEGER);
    r.line("LTRIM l 0 x").isError(NOT_AN_INTEGER);
    r.line("LINSERT l AROUND a b").isError(SYNTAX);
    r.line("LMOVE l l UP DOWN").isError(SYNTAX);
    r.line("LMPOP 0 l LEFT").isError("ERR numkeys should be greater than 0");
    r.line("LMPOP x l LEFT").isError("ERR numkeys should be greater than 0");
    r.line("LMPOP 2 l LEFT").isError(SYNTAX);
    r.line("LMPOP 9223372036854775807 l LEFT").isError(SYNTAX);
    r.line("LMPOP 1 l UP").isError(SYNTAX);
    r.line("LMPOP 1 l LEFT COUNT").isError(SYNTAX);
    r.line("LMPOP 1 l LEFT COUNT 0").isError("ERR count should be greater than 0");
    r.line("LMPOP 1 l LEFT COUNT 1 COUNT 1").isError(SYNTAX);
    r.line("LLEN l").is(3);
  }

  @CommandTest
  void rangesAreCutToWhatThereIs(TestClient r) {
    r.line("RPUSH l a b c d e").is(5);
    r.line("LRANGE l 1 3").isList("b", "c", "d");
    r.line("LRANGE l -2 -1").isList("d", "e");
    r.line("LRANGE l -100 1").isList("a", "b");
    r.line("LRANGE l 3 100").isList("d", "e");
    r.line("LRANGE l 5 100").isList();
    r.line("LRANGE l 3 1").isList();
    r.line("LRANGE l -9223372036854775808 9223372036854775807").isList("a", "b", "c", "d", "e");
    r.line("LRANGE none 0 -1").isList();
    r.line("LINDEX l 0").is("a");
    r.line("LINDEX l -1").is("e");
    r.line("LINDEX l 5").isNil();
    r.line("LINDEX l -6").isNil();
    r.line("LINDEX l -9223372036854775808").isNil();
    r.line("LINDEX l 9223372036854775807").isNil();
  }

  @CommandTest
  void setInsertAndRemove(TestClient r) {
    r.line("RPUSH l a b c b a b").is(6);
    r.ok("LSET", "l", "0", "A");
    r.ok("LSET", "l", "-1", "a longer one than before");
    r.line("LINSERT l BEFORE c x").is(7);
    r.line("LINSERT l AFTER b y").is(8);
    r.line("LINSERT l after nothing y").is(-1);
    r.line("LINSERT none AFTER b y").is(0);
    r.line("LRANGE l 0 -1").isList("A", "b", "y", "x", "c", "b", "a", "a longer one than before");
    r.line("LREM l 1 b").is(1);
    r.line("LREM l -1 b").is(1);
    r.line("LREM l 0 b").is(0);
    r.line("LREM none 0 b").is(0);
    r.line("RPUSH l y y y").is(9);
    r.line("LREM l -2 y").is(2);
    r.line("LRANGE l 0 -1").isList("A", "y", "x", "c", "a", "a longer one than before", "y");
    r.line("LREM l 0 y").is(2);
    r.line("RPUSH all z z").is(2);
    r.line("LREM all -5 z").is(2);
    r.line("EXISTS all").is(0);
  }

  @CommandTest
  void trim(TestClient r) {
    r.line("RPUSH l a b c d e").is(5);
    r.ok("LTRIM", "l", "1", "-2");
    r.line("LRANGE l 0 -1").isList("b", "c", "d");
    r.ok("LTRIM", "l", "-100", "100");
    r.line("LLEN l").is(3);
    r.ok("LTRIM", "l", "0", "0");
    r.line("LRANGE l 0 -1").isList("b");
    r.ok("LTRIM", "l", "5", "1");
    r.line("EXISTS l").is(0);
    r.ok("LTRIM", "l", "0", "1");
  }

  @CommandTest
  void position(TestClient r) {
    r.line("RPUSH l a b c 1 2 3 c c").is(8);
    r.line("LPOS l c").is(2);
    r.line("LPOS l c RANK 2").is(6);
    r.line("LPOS l c RANK -1").is(7);
    r.line("LPOS l c RANK -2").is(6);
    r.line("LPOS l c RANK 4").isNil();
    r.line("LPOS l c COUNT 2").isList(2, 6);
    r.line("LPOS l c COUNT 0").isList(2, 6, 7);
    r.line("LPOS l c COUNT 0 RANK 2").isList(6, 7);
    r.line("LPOS l c COUNT 2 RANK -1").isList(7, 6);
    r.line("LPOS l c COUNT 0 MAXLEN 7").isList(2, 6);
    r.line("LPOS l c COUNT 0 MAXLEN 2 RANK -1").isList(7, 6);
    r.line("LPOS l c MAXLEN 2").isNil();
    r.line("LPOS l nothing").isNil();
    r.line("LPOS l nothing COUNT 1").isList();
    r.line("LPOS none c").isNil();
    r.line("LPOS none c COUNT 1").isList();
    r.line("LPOS l c COUNT -1").isError("ERR COUNT can't be negative");
    r.line("LPOS l c COUNT x").isError("ERR COUNT can't be negative");
    r.line("LPOS l c MAXLEN -1").isError("ERR MAXLEN can't be negative");
    r.line("LPOS l c RANK x").isError(NOT_AN_INTEGER);
    r.line("LPOS l c RANK 0").isErrorLike("ERR RANK can't be zero");
    r.line("LPOS l c RANK").isError(SYNTAX);
    r.line("LPOS l c FOO 1").isError(SYNTAX);
  }

  @CommandTest
  void moveBetweenLists(TestClient r) {
    r.line("RPUSH a 1 2 3 4").is(4);
    r.line("LMOVE a b LEFT RIGHT").is("1");
    r.line("LMOVE a b RIGHT LEFT").is("4");
    r.line("RPOPLPUSH a b").is("3");
    r.line("LRANGE b 0 -1").isList("3", "4", "1");
    r.line("LMOVE a b left left").is("2");
    r.line("EXISTS a").is(0);
    r.line("LMOVE a b LEFT LEFT").isNil();
    r.line("RPOPLPUSH a b").isNil();
    r.line("LRANGE b 0 -1").isList("2", "3", "4", "1");
  }

  @CommandTest
  void moveWithinAList(TestClient r) {
    r.line("RPUSH l a b c").is(3);
    r.line("RPOPLPUSH l l").is("c");
    r.line("LRANGE l 0 -1").isList("c", "a", "b");
    r.line("LMOVE l l LEFT RIGHT").is("c");
    r.line("LMOVE l l LEFT LEFT").is("a");
    r.line("LMOVE l l RIGHT RIGHT").is("c");
    r.line("LRANGE l 0 -1").isList("a", "b", "c");
    r.line("RPUSH one x").is(1);
    r.line("LMOVE one one LEFT RIGHT").is("x");
    r.line("LRANGE one 0 -1").isList("x");
  }

  @CommandTest
  void popFromTheFirstOfSeveral(TestClient r) {
    r.line("LMPOP 2 a b LEFT").isNilArray();
    r.line("RPUSH b 1 2 3 4 5").is(5);
    r.line("LMPOP 2 a b LEFT").isList("b", List.of("1"));
    r.line("LMPOP 2 a b right COUNT 2").isList("b", List.of("5", "4"));
    r.line("RPUSH a x").is(1);
    r.line("LMPOP 2 a b LEFT COUNT 10").isList("a", List.of("x"));
    r.line("LMPOP 2 a b LEFT COUNT 10").isList("b", List.of("2", "3"));
    r.line("EXISTS a b").is(0);
  }

  @CommandTest
  void nothingInResp3(TestClient r) {
    r.hello3();
    r.line("LPOP l").isNil();
    r.line("LPOP l 1").isNil();
    r.line("LMPOP 1 l LEFT").isNil();
    r.line("LPOS l a").isNil();
    r.line("LPOS l a COUNT 1").isList();
    r.line("RPUSH l a").is(1);
    r.line("LPOP l 1").isList("a");
  }

  @CommandTest
  void elementsOfAnyBytesAndSize(TestClient r) {
    String bytes = "\0\r\n\u00ff";
    String big = "x".repeat(300_000);
    r.call("RPUSH", "l", "", bytes, big, "12345").is(4);
    r.line("LRANGE l 0 -1").isList("", bytes, big, "12345");
    r.call("LPOS", "l", big).is(2);
    r.call("LINSERT", "l", "BEFORE", big, big + "y").is(5);
    r.ok("LSET", "l", "0", big);
    r.call("LREM", "l", "0", big).is(2);
    r.line("LRANGE l 0 -1").isList(bytes, big + "y", "12345");
    r.line("RPOP l").is("12345");
    r.line("RPOP l").is(big + "y");
  }

  @CommandTest
  @Since("7.2")
  void encodings(TestClient r, TestServer server) {
    server.config("list-max-listpack-size", "4");
    r.line("RPUSH l a b c d").is(4);
    r.line("OBJECT ENCODING l").is("listpack");
    r.line("RPUSH l e").is(5);
    r.line("OBJECT ENCODING l").is("quicklist");
    r.line("LPOP l 3").isList("a", "b", "c");
    r.line("OBJECT ENCODING l").is("quicklist");
    r.line("LPOP l").is("d");
    r.line("OBJECT ENCODING l").is("listpack");
  }

  @CommandTest
  void manyPagesBehaveAsAList(TestClient r, TestServer server) {
    server.config("list-max-listpack-size", "7");
    Random random = new Random(3);
    List<String> model = new ArrayList<>();
    for (int step = 0; step < 600; step++) {
      String element = "e" + random.nextInt(10) + "z".repeat(random.nextInt(30));
      int at = model.isEmpty() ? 0 : random.nextInt(model.size());
      switch (random.nextInt(model.size() < 100 ? 6 : 9)) {
        case 0, 1 -> {
          model.add(0, element);
          r.call("LPUSH", "l", element).is(model.size());
        }
        case 2, 3, 4 -> {
          model.add(element);
          r.call("RPUSH", "l", element).is(model.size());
        }
        case 5 -> {
          if (!model.isEmpty()) {
            r.ok("LSET", "l", at, element);
            model.set(at, element);
          }
        }
        case 6 -> {
          String pivot = model.get(at);
          model.add(model.indexOf(pivot), element);
          r.call("LINSERT", "l", "BEFORE", pivot, element).is(model.size());
        }
        case 7 -> {
          String gone = model.get(at);
          r.call("LREM", "l", "0", gone).is(Collections.frequency(model, gone));
          model.removeIf(gone::equals);
        }
        default -> {
          int kept = random.nextInt(20);
          r.ok("LTRIM", "l", kept, -2);
          model = new ArrayList<>(model.subList(kept, model.size() - 1));
        }
      }
      if (step % 20 == 0) {
        r.line("LRANGE l 0 -1").is(model);
      }
    }
  }

  @CommandTest
  void afterAnErrorNothingHasChanged(TestClient r) {
    r.line("RPUSH l a b").is(2);
    r.line("MULTI").isOk();
    r.line("LPUSH l x").isQueued();
    r.line("LSET l 9 x").isQueued();
    r.line("LMOVE l l LEFT RIGHT").isQueued();
    r.line("EXEC").satisfies(replies -> {});
    r.line("LRANGE l 0 -1").isList("a", "b", "x");
  }
}
