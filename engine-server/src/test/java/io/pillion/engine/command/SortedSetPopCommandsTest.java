package io.pillion.engine.command;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;
import java.util.Locale;

/** The members with the lowest and highest scores, taken at once or waited for. */
class SortedSetPopCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String SYNTAX = "ERR syntax error";
  private static final String NOT_POSITIVE = "ERR value is out of range, must be positive";

  @CommandTest
  void pop(TestClient r) {
    r.line("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f").is(6);
    r.line("ZPOPMIN z").isList("a", "1");
    r.line("ZPOPMAX z").isList("f", "6");
    r.line("ZPOPMIN z 2").isList("b", "2", "c", "3");
    r.line("ZPOPMAX z 0").isList();
    r.line("ZPOPMAX z 10").isList("e", "5", "d", "4");
    r.line("EXISTS z").is(0);
    r.line("ZPOPMIN z").isList();
    r.line("ZPOPMIN z 2").isList();
    r.line("ZADD z 1 a").is(1);
    r.line("ZPOPMIN z -1").isError(NOT_POSITIVE);
    r.line("ZPOPMIN z x").isError(NOT_POSITIVE);
    r.line("ZPOPMIN z 1 2").isError(SYNTAX);
  }

  @CommandTest
  void popManyOfALargeSet(TestClient r) {
    for (int i = 0; i < 300; i++) {
      r.call("ZADD", "z", i / 3, "m" + i).is(1);
    }
    assertThatPopped(r, "ZPOPMIN z 150", 300);
    r.line("ZCARD z").is(150);
    assertThatPopped(r, "ZPOPMAX z 149", 298);
    r.line("ZCARD z").is(1);
  }

  private static void assertThatPopped(TestClient r, String command, int elements) {
    org.assertj.core.api.Assertions.assertThat(r.line(command).texts()).hasSize(elements);
  }

  @CommandTest
  void popFromTheFirstOfSeveral(TestClient r) {
    r.line("ZMPOP 2 a b MIN").isNilArray();
    r.line("ZADD b 1 x 2 y 3 z").is(3);
    r.line("ZMPOP 2 a b MIN").isList("b", List.of(List.of("x", "1")));
    r.line("ZMPOP 2 a b max COUNT 5").isList("b", List.of(List.of("z", "3"), List.of("y", "2")));
    r.line("EXISTS b").is(0);
    r.line("ZMPOP 0 a MIN").isError("ERR numkeys should be greater than 0");
    r.line("ZMPOP x a MIN").isError("ERR numkeys should be greater than 0");
    r.line("ZMPOP 1 a FOO").isError(SYNTAX);
    r.line("ZMPOP 2 a MIN").isError(SYNTAX);
    r.line("ZMPOP 1 a MIN COUNT 0").isError("ERR count should be greater than 0");
    r.line("ZMPOP 1 a MIN COUNT").isError(SYNTAX);
    r.line("ZMPOP 1 a MIN FOO 1").isError(SYNTAX);
  }

  @CommandTest
  void inResp3(TestClient r) {
    r.hello3();
    r.line("ZADD z 1 a 2.5 b 3 c 4 d").is(4);
    r.line("ZPOPMIN z").isList("a", 1.0);
    r.line("ZPOPMIN z 1").is(List.of(List.of("b", 2.5)));
    r.line("ZMPOP 1 z MAX").isList("z", List.of(List.of("d", 4.0)));
    r.line("BZPOPMAX z 0").isList("z", "c", 3.0);
    r.line("ZMPOP 1 z MAX").isNil();
    r.line("ZPOPMIN z").isList();
  }

  @CommandTest
  void anotherTypeIsRefused(TestClient r) {
    r.ok("SET", "s", "v");
    for (String command :
        List.of(
            "ZPOPMIN s",
            "ZPOPMAX s 1",
            "ZMPOP 1 s MIN",
            "BZPOPMIN s 0",
            "BZPOPMAX none s 0",
            "BZMPOP 0 1 s MIN")) {
      r.line(command).isError(WRONG_TYPE);
    }
  }

  @CommandTest
  void wrongNumbersOfArguments(TestClient r) {
    for (String command :
        List.of("ZPOPMIN", "BZPOPMIN z", "BZPOPMAX", "ZMPOP 1 z", "BZMPOP 0 1 z")) {
      String name = command.split(" ", -1)[0].toLowerCase(Locale.ROOT);
      r.line(command).isError("ERR wrong number of arguments for '" + name + "' command");
    }
  }

  @CommandTest
  void timeouts(TestClient r) {
    r.line("BZPOPMIN z -1").isError("ERR timeout is negative");
    r.line("BZPOPMIN z x").isError("ERR timeout is not a float or out of range");
    r.line("BZMPOP x 1 z MIN").isError("ERR timeout is not a float or out of range");
    r.line("BZMPOP 1 0 z MIN").isError("ERR numkeys should be greater than 0");
    r.line("BZPOPMIN z 0.01").isNilArray();
    r.line("BZPOPMAX y z 0.01").isNilArray();
    r.line("BZMPOP 0.01 1 z MIN").isNilArray();
  }

  @CommandTest
  void doNotWaitInATransaction(TestClient r) {
    r.hello3();
    r.line("ZADD y 1 a 2 b").is(2);
    r.line("MULTI").isOk();
    r.line("BZPOPMIN z 0").isQueued();
    r.line("BZMPOP 0 1 z MIN").isQueued();
    r.line("BZPOPMIN z y 0").isQueued();
    r.line("EXEC").isList(null, null, List.of("y", "a", 1.0));
  }

  @CommandTest
  void waitAndAreServed(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BZPOPMIN", "y", "z", "0");
    server.awaitBlocked(1);
    r.line("ZADD z 2 b 1 a").is(2);
    waiting.receive().isList("z", "a", "1");
    r.line("DEL z").is(1);

    waiting.send("BZPOPMAX", "z", "0");
    server.awaitBlocked(1);
    r.line("ZINCRBY z 5 a").is("5");
    waiting.receive().isList("z", "a", "5");

    waiting.send("BZMPOP", "0", "2", "y", "z", "MAX", "COUNT", "2");
    server.awaitBlocked(1);
    r.line("ZADD z 1 a 2 b 3 c").is(3);
    waiting.receive().isList("z", List.of(List.of("c", "3"), List.of("b", "2")));
    r.line("ZRANGE z 0 -1").isList("a");
  }

  @CommandTest
  void firstComeFirstServed(TestClient r, TestServer server) {
    TestClient first = server.client();
    TestClient second = server.client();
    TestClient third = server.client();
    first.send("BZPOPMIN", "z", "0");
    server.awaitBlocked(1);
    second.send("BZPOPMAX", "z", "0");
    server.awaitBlocked(2);
    third.send("BZPOPMIN", "z", "0");
    server.awaitBlocked(3);
    r.line("ZADD z 1 a 2 b").is(2);
    first.receive().isList("z", "a", "1");
    second.receive().isList("z", "b", "2");
    server.awaitBlocked(1);
    r.line("ZUNIONSTORE z 1 none").is(0);
    r.line("ZADD source 7 s").is(1);
    r.line("ZUNIONSTORE z 1 source").is(1);
    third.receive().isList("z", "s", "7");
  }

  @CommandTest
  void aListWakesNobody(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BZPOPMIN", "z", "0");
    server.awaitBlocked(1);
    r.line("RPUSH z a").is(1);
    r.line("DEL z").is(1);
    r.line("ZADD z 1 a").is(1);
    waiting.receive().isList("z", "a", "1");
  }
}
