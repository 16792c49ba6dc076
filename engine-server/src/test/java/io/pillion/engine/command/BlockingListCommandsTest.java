package io.pillion.engine.command;

import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Clients that wait for lists. */
class BlockingListCommandsTest {
  private static final String NO_FLOAT = "ERR timeout is not a float or out of range";
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";

  @CommandTest
  void doNotWaitWhenThereIsSomething(TestClient r) {
    r.line("RPUSH b 1 2 3 4 5 6 7").is(7);
    r.line("BLPOP a b 0").isList("b", "1");
    r.line("BRPOP a b 0").isList("b", "7");
    r.line("BLMOVE b c LEFT RIGHT 0").is("2");
    r.line("BRPOPLPUSH b c 0").is("6");
    r.line("BLMPOP 0 2 a b LEFT COUNT 2").isList("b", List.of("3", "4"));
    r.line("LRANGE c 0 -1").isList("6", "2");
    r.line("BLMPOP 0 2 a b RIGHT").isList("b", List.of("5"));
    r.line("EXISTS b").is(0);
  }

  @CommandTest
  void timeouts(TestClient r) {
    r.line("BLPOP l -1").isError("ERR timeout is negative");
    r.line("BLPOP l x").isError(NO_FLOAT);
    r.line("BLPOP l nan").isError(NO_FLOAT);
    r.line("BLPOP l ").isError(NO_FLOAT);
    r.line("BLMOVE l l LEFT LEFT x").isError(NO_FLOAT);
    r.line("BLMPOP x 1 l LEFT").isError(NO_FLOAT);
    r.line("BLMPOP 0 0 l LEFT").isError("ERR numkeys should be greater than 0");
    r.line("BLPOP l 0.01").isNilArray();
    r.line("BRPOP l m 0.0001").isNilArray();
    r.line("BLMPOP 0.01 2 l m RIGHT").isNilArray();
    r.line("BLMOVE l m LEFT LEFT 0.01").isNilArray();
    r.line("BRPOPLPUSH l m 0.01").isNilArray();
    r.hello3().line("BLPOP l 0.01").isNil();
  }

  @CommandTest
  @Since("7.2")
  void timeoutsBeyondReason(TestClient r) {
    r.line("BLPOP l inf").isError("ERR timeout is out of range");
    r.line("BLPOP l 1e300").isError("ERR timeout is out of range");
  }

  @CommandTest
  void doNotWaitInATransaction(TestClient r) {
    r.line("RPUSH l a").is(1);
    r.line("MULTI").isOk();
    for (String command :
        List.of(
            "BLPOP none 0",
            "BLMOVE none l LEFT LEFT 0",
            "BRPOPLPUSH none l 0",
            "BLMPOP 0 1 none LEFT",
            "BLPOP l 0")) {
      r.line(command).isQueued();
    }
    r.hello3();
    r.line("EXEC")
        .satisfies(
            replies ->
                org.assertj.core.api.Assertions.assertThat((List<?>) replies)
                    .hasSize(6)
                    .last()
                    .isNotNull());
  }

  @CommandTest
  void whatIsNothingInATransaction(TestClient r) {
    r.line("MULTI").isOk();
    r.line("BLMOVE none l LEFT LEFT 0").isQueued();
    r.line("BRPOPLPUSH none l 0").isQueued();
    r.line("EXEC").is(Arrays.asList(null, null));
  }

  @CommandTest
  void waitAndAreServed(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "a", "b", "0");
    server.awaitBlocked(1);
    r.line("RPUSH b 1 2").is(2);
    waiting.receive().isList("b", "1");
    r.line("LRANGE b 0 -1").isList("2");

    waiting.send("BRPOP", "c", "0");
    server.awaitBlocked(1);
    r.line("RPUSH c 1 2").is(2);
    waiting.receive().isList("c", "2");

    waiting.send("BLMPOP", "0", "2", "x", "y", "LEFT", "COUNT", "2");
    server.awaitBlocked(1);
    r.line("RPUSH y 1 2 3").is(3);
    waiting.receive().isList("y", List.of("1", "2"));
  }

  @CommandTest
  void firstComeFirstServed(TestClient r, TestServer server) {
    List<TestClient> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      TestClient client = server.client();
      client.send("BLPOP", "l", "0");
      server.awaitBlocked(i + 1);
      waiting.add(client);
    }
    r.line("RPUSH l a b c").is(3);
    waiting.get(0).receive().isList("l", "a");
    waiting.get(1).receive().isList("l", "b");
    waiting.get(2).receive().isList("l", "c");
    server.awaitBlocked(1);
    r.line("LPUSH l d").is(1);
    waiting.get(3).receive().isList("l", "d");
    r.line("EXISTS l").is(0);
  }

  @CommandTest
  void aListMadeInATransactionServesAtItsEnd(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "l", "0");
    server.awaitBlocked(1);
    r.line("MULTI").isOk();
    r.line("RPUSH l a").isQueued();
    r.line("LPUSH l b").isQueued();
    r.line("EXEC").isList(1, 2);
    waiting.receive().isList("l", "b");

    waiting.send("BLPOP", "m", "0");
    server.awaitBlocked(1);
    r.line("MULTI").isOk();
    r.line("RPUSH m a").isQueued();
    r.line("DEL m").isQueued();
    r.line("EXEC").isList(1, 1);
    server.awaitBlocked(1);
    r.line("RPUSH m z").is(1);
    waiting.receive().isList("m", "z");
  }

  @CommandTest
  void aKeyOfAnotherTypeWakesNobody(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "k", "0");
    server.awaitBlocked(1);
    r.ok("SET", "k", "v");
    r.line("DEL k").is(1);
    r.line("ZADD k 1 a").is(1);
    server.awaitBlocked(1);
    r.line("DEL k").is(1);
    r.line("RPUSH k a").is(1);
    waiting.receive().isList("k", "a");
  }

  @CommandTest
  void otherWaysToMakeAList(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    r.line("RPUSH source a").is(1);
    waiting.send("BLPOP", "k", "0");
    server.awaitBlocked(1);
    r.ok("RENAME", "source", "k");
    waiting.receive().isList("k", "a");

    r.line("RPUSH source b").is(1);
    waiting.send("BLPOP", "k", "0");
    server.awaitBlocked(1);
    r.line("LMOVE source k LEFT LEFT").is("b");
    waiting.receive().isList("k", "b");

    r.line("RPUSH source c").is(1);
    waiting.send("BLPOP", "k", "0");
    server.awaitBlocked(1);
    r.line("COPY source k").is(1);
    waiting.receive().isList("k", "c");
  }

  @CommandTest
  void moveToAListThatOthersWaitFor(TestClient r, TestServer server) {
    TestClient first = server.client();
    TestClient second = server.client();
    TestClient third = server.client();
    first.send("BLMOVE", "a", "b", "LEFT", "RIGHT", "0");
    server.awaitBlocked(1);
    second.send("BRPOPLPUSH", "b", "c", "0");
    server.awaitBlocked(2);
    third.send("BLPOP", "c", "0");
    server.awaitBlocked(3);
    r.line("RPUSH a x").is(1);
    first.receive().is("x");
    second.receive().is("x");
    third.receive().isList("c", "x");
    r.line("EXISTS a b c").is(0);
  }

  @CommandTest
  void moveInACircle(TestClient r, TestServer server) {
    TestClient first = server.client();
    TestClient second = server.client();
    first.send("BRPOPLPUSH", "a", "b", "0");
    server.awaitBlocked(1);
    second.send("BRPOPLPUSH", "b", "a", "0");
    server.awaitBlocked(2);
    r.line("RPUSH a x").is(1);
    first.receive().is("x");
    second.receive().is("x");
    r.line("LRANGE a 0 -1").isList("x");
    r.line("EXISTS b").is(0);
  }

  @CommandTest
  void moveOntoItself(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLMOVE", "l", "l", "LEFT", "RIGHT", "0");
    server.awaitBlocked(1);
    r.line("RPUSH l a b c").is(3);
    waiting.receive().is("a");
    r.line("LRANGE l 0 -1").isList("b", "c", "a");
  }

  @CommandTest
  void moveToAnotherTypeIsRefusedWhenItComesToIt(TestClient r, TestServer server) {
    r.ok("SET", "s", "v");
    TestClient waiting = server.client();
    waiting.send("BLMOVE", "l", "s", "LEFT", "RIGHT", "0");
    server.awaitBlocked(1);
    r.line("RPUSH l a").is(1);
    waiting.receive().isError(WRONG_TYPE);
    r.line("LRANGE l 0 -1").isList("a");
  }

  @CommandTest
  void twiceTheSameKey(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "l", "l", "m", "0");
    server.awaitBlocked(1);
    r.line("RPUSH l a b").is(2);
    waiting.receive().isList("l", "a");
    r.line("LRANGE l 0 -1").isList("b");
  }

  @CommandTest
  void aWaitThatTimedOutTakesNothing(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "l", "0.05");
    waiting.receive().isNilArray();
    r.line("RPUSH l a").is(1);
    r.line("LRANGE l 0 -1").isList("a");
    waiting.line("LPOP l").is("a");
  }

  @CommandTest
  void commandsBehindAWaitComeAfterIt(TestClient r, TestServer server) {
    TestClient waiting = server.client();
    waiting.send("BLPOP", "l", "0");
    waiting.send("ECHO", "later");
    server.awaitBlocked(1);
    r.line("RPUSH l a").is(1);
    waiting.receive().isList("l", "a");
    waiting.receive().is("later");
  }

  @CommandTest
  void aClientThatLeftIsNotServed(TestClient r, TestServer server) {
    TestClient leaving = server.client();
    leaving.send("BLPOP", "l", "0");
    server.awaitBlocked(1);
    leaving.close();
    server.awaitBlocked(0);
    r.line("RPUSH l a").is(1);
    r.line("LLEN l").is(1);
  }
}
