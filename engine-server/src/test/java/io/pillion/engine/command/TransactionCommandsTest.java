package io.pillion.engine.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.Answer;
import io.pillion.engine.testkit.CommandTest;
import io.pillion.engine.testkit.Since;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.util.List;

final class TransactionCommandsTest {
  @CommandTest
  void queuesAndExecutes(TestClient r, TestServer server) {
    r.ok("MULTI");
    r.call("SET", "k", "1").isQueued();
    r.call("INCR", "k").isQueued();
    r.call("GET", "none").isQueued();
    r.call("LPOP", "k").isQueued();
    r.call("INCR", "k").isQueued();
    server.client().call("GET", "k").isNil();
    r.call("EXEC")
        .isList(
            new Answer.Status("OK"),
            2,
            null,
            new Answer.Failure("WRONGTYPE Operation against a key holding the wrong kind of value"),
            3);
    r.call("GET", "k").is("3");
    r.ok("MULTI");
    r.call("EXEC").isList();
  }

  @CommandTest
  void discardForgets(TestClient r) {
    r.ok("MULTI");
    r.call("SET", "k", "1").isQueued();
    r.ok("DISCARD");
    r.call("GET", "k").isNil();
    r.call("DISCARD").isError("ERR DISCARD without MULTI");
    r.call("EXEC").isError("ERR EXEC without MULTI");
  }

  @Since(valkey = "8.0")
  @CommandTest
  void multiDoesNotNest(TestClient r) {
    for (String misplaced : List.of("MULTI", "WATCH k")) {
      r.ok("MULTI");
      r.call((Object[]) misplaced.split(" ", -1))
          .isError("ERR Command not allowed inside a transaction");
      r.call("SET", "k", "1").isQueued();
      r.call("EXEC").isError("EXECABORT Transaction discarded because of previous errors.");
    }
  }

  @CommandTest
  void aKeyThatExpiresWhileItIsWatchedBreaksTheTransaction(TestClient r) {
    r.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    r.ok("SET", "k", "v", "PX", "300");
    r.ok("WATCH", "k");
    r.call("DEBUG", "SLEEP", "0.301");
    r.ok("MULTI");
    r.call("PING").isQueued();
    r.call("EXEC").isNilArray();
    r.call("GET", "k").isNil();
    r.call("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  }

  @CommandTest
  void aKeyThatHadExpiredBeforeItWasWatchedDoesNot(TestClient r) {
    r.call("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    r.ok("SET", "k", "v", "PX", "1");
    r.call("DEBUG", "SLEEP", "0.005");
    r.ok("WATCH", "k");
    r.call("GET", "k").isNil();
    r.ok("MULTI");
    r.call("PING").isQueued();
    r.call("EXEC").satisfies(value -> assertThat(value).isNotNull());
    r.call("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  }

  @CommandTest
  void errorsWhileQueuingAbort(TestClient r) {
    r.ok("MULTI");
    r.call("SET", "k", "1").isQueued();
    r.call("SET", "k").isError("ERR wrong number of arguments for 'set' command");
    r.call("SET", "k", "2").isQueued();
    r.call("EXEC").isError("EXECABORT Transaction discarded because of previous errors.");
    r.call("GET", "k").isNil();
    r.ok("MULTI");
    r.call("NOSUCH").isError("ERR unknown command 'NOSUCH', with args beginning with: ");
    r.call("EXEC").isError("EXECABORT Transaction discarded because of previous errors.");
    r.ok("MULTI");
    r.call("EXEC", "x")
        .isError(
            "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec'"
                + " command");
    r.call("EXEC").isError("ERR EXEC without MULTI");
    r.call("PING").isStatus("PONG");
  }

  @CommandTest
  void watchedKeyChanged(TestClient r, TestServer server) {
    TestClient other = server.client();
    r.ok("SET", "k", "1");
    r.ok("WATCH", "k", "none");
    other.ok("SET", "k", "2");
    r.ok("MULTI");
    r.call("SET", "k", "3").isQueued();
    r.call("EXEC").isNilArray();
    r.call("GET", "k").is("2");
    r.ok("MULTI");
    r.call("SET", "k", "3").isQueued();
    r.call("EXEC").isList(new Answer.Status("OK"));
    r.ok("WATCH", "none");
    other.ok("SET", "none", "now");
    r.ok("MULTI");
    r.call("EXEC").isNilArray();
  }

  @CommandTest
  void watchedKeyChangedByOthersOnly(TestClient r, TestServer server) {
    TestClient other = server.client();
    r.ok("MSET", "k", "1", "l", "1");
    for (String change :
        List.of(
            "DEL k",
            "EXPIRE k 100",
            "RENAME l k",
            "APPEND k x",
            "FLUSHDB",
            "FLUSHALL",
            "SWAPDB 0 1",
            "GETEX k EX 100",
            "MOVE k 5",
            "COPY l k REPLACE")) {
      other.ok("FLUSHALL");
      other.ok("MSET", "k", "1", "l", "1");
      r.ok("WATCH", "k");
      other.line(change);
      r.ok("MULTI");
      r.call("PING").isQueued();
      r.call("EXEC").isNilArray();
    }
    other.ok("FLUSHALL");
    other.ok("MSET", "k", "1", "l", "1");
    for (String change :
        List.of(
            "GET k",
            "SET l 2",
            "DEL none",
            "EXPIRE none 1",
            "SETNX k 2",
            "GETEX k",
            "PERSIST k",
            "RENAMENX l k",
            "TOUCH k",
            "SETRANGE k 0 ")) {
      r.ok("WATCH", "k");
      other.line(change);
      r.ok("MULTI");
      r.call("PING").isQueued();
      r.call("EXEC").isList(new Answer.Status("PONG"));
    }
    r.ok("WATCH", "k");
    r.ok("UNWATCH");
    other.ok("SET", "k", "9");
    r.ok("MULTI");
    r.call("EXEC").isList();
    r.ok("WATCH", "k");
    other.ok("SET", "k", "10");
    r.ok("MULTI");
    r.ok("DISCARD");
    r.ok("MULTI");
    r.call("EXEC").isList();
  }

  @CommandTest
  void blockingCommandsDoNotBlockInside(TestClient r) {
    r.ok("MULTI");
    r.call("BLPOP", "none", "0").isQueued();
    r.call("PING").isQueued();
    r.call("EXEC").isList(Answer.NilArray.NIL_ARRAY, new Answer.Status("PONG"));
  }

  @CommandTest
  void selectInside(TestClient r) {
    r.ok("MULTI");
    r.call("SET", "k", "0").isQueued();
    r.call("SELECT", "5").isQueued();
    r.call("SET", "k", "5").isQueued();
    r.call("EXEC")
        .isList(new Answer.Status("OK"), new Answer.Status("OK"), new Answer.Status("OK"));
    r.call("GET", "k").is("5");
    r.ok("SELECT", "0");
    r.call("GET", "k").is("0");
  }
}
