package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica has its primary carry out what its clients may not do there; over TCP. */
final class ForwardingTest {
  private static final String READ_ONLY = "READONLY You can't write against a read only replica.";

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final EngineServer primaryServer = EngineServer.withLoops(1);
  private final EngineServer replicaServer = EngineServer.withLoops(1);
  private final TestClient primary = primaryServer.client();
  private final TestClient replica = replicaServer.client();

  @BeforeEach
  void follow() {
    primaryServer.config("repl-diskless-sync-delay", "0");
    replicaServer.config("repl-diskless-sync-delay", "0");
    replicaServer.config("replica-forward-writes", "yes");
    follow(replica, primaryServer);
    awaitForwarding(replica);
  }

  @AfterEach
  void close() {
    replicaServer.close();
    primaryServer.close();
  }

  private static void follow(TestClient client, EngineServer other) {
    client.call("REPLICAOF", "127.0.0.1", other.port()).isOk();
  }

  private static String field(TestClient client, String name) {
    return client
        .call("INFO", "replication")
        .text()
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }

  private static void await(TestClient client, String name, String value) {
    TestServer.await(name + " to be " + value, () -> field(client, name).equals(value));
  }

  private static void awaitForwarding(TestClient client) {
    await(client, "forwarding", "up");
  }

  /** The line of CLIENT LIST of a client with this name; empty when there is none. */
  private static String described(TestClient client, String name) {
    return client
        .call("CLIENT", "LIST")
        .text()
        .lines()
        .filter(line -> line.contains(" name=" + name + " "))
        .findFirst()
        .orElse("");
  }

  private static void awaitBlocked(TestClient client, String name) {
    TestServer.await(
        name + " to wait",
        () -> Pattern.compile(" flags=\\w*b").matcher(described(client, name)).find());
  }

  @Test
  void clientsReadWhatTheyWrote() {
    for (int i = 0; i < 200; i++) {
      replica.ok("SET", "k", i);
      replica.call("GET", "k").is(Integer.toString(i));
      replica.call("INCR", "n").is((long) i + 1);
    }
    primary.call("GET", "n").is("200");
    replica.call("SELECT", 3).isOk();
    replica.ok("SET", "in", "3");
    primary.call("EXISTS", "in").is(0L);
    primary.call("SELECT", 3).isOk();
    primary.call("GET", "in").is("3");
    assertThat(field(replica, "forwarding_total")).isEqualTo("401");
    assertThat(field(primary, "forward_clients")).isEqualTo("1");
    replica
        .call("LPUSH", "in", "x")
        .isError("WRONGTYPE Operation against a key holding the wrong kind of value");
    replica.call("SET", "in").isError("ERR wrong number of arguments for 'set' command");
  }

  @Test
  void pipelinesKeepTheirOrder() {
    for (int i = 0; i < 50; i++) {
      replica.send("RPUSH", "list", i);
      replica.send("LLEN", "list");
    }
    for (int i = 1; i <= 50; i++) {
      replica.receive().is((long) i);
      replica.receive().is((long) i);
    }
  }

  @Test
  void answersAreAsTheClientsProtocolHasThem() {
    TestClient three = replicaServer.client().hello3();
    replica.call("HSET", "h", "a", "1.5").is(1L);
    assertThat(three.call("HINCRBYFLOAT", "h", "a", "1").text()).isEqualTo("2.5");
    three.call("ZADD", "z", "INCR", "1.5", "m").is(1.5);
    replica.call("ZADD", "z", "INCR", "1.5", "m").is("3");
    three.call("SPOP", "none").isNil();
    replica.call("SPOP", "none").isNil();
    assertThat(
            three
                .call("EVAL", "redis.setresp(3) return redis.call('HGETALL', KEYS[1])", 1, "h")
                .pairs())
        .hasSize(1);
  }

  @Test
  void transactionsAreCarriedOutWhole() {
    replica.ok("MULTI");
    replica.call("SET", "a", "1").isQueued();
    replica.call("GET", "a").isQueued();
    replica.call("LPUSH", "a", "x").isQueued();
    replica.call("INCR", "a").isQueued();
    primary.call("EXISTS", "a").is(0L);
    assertThat(replica.call("EXEC").elements()).hasSize(4);
    replica.call("GET", "a").is("2");

    replica.ok("MULTI");
    replica.call("GET", "a").isQueued();
    replica.call("EXEC");
    assertThat(field(replica, "forwarding_total")).isEqualTo("1");

    replica.ok("MULTI");
    replica.call("SET", "a", "3");
    replica.call("NOSUCH").isErrorLike("ERR ");
    replica.call("EXEC").isError("EXECABORT Transaction discarded because of previous errors.");
    replica.call("GET", "a").is("2");
    replica.ok("MULTI");
    replica.call("SET", "a", "3");
    replica.ok("DISCARD");
    replica.call("GET", "a").is("2");
  }

  @Test
  void watchedKeysAreWatchedAtThePrimary() {
    replica.ok("SET", "k", "1");
    for (String by : List.of("nobody", "primary", "discard", "unwatch", "itself")) {
      replica.ok("WATCH", "k");
      replica.call("GET", "k");
      if (!by.equals("nobody")) {
        (by.equals("itself") ? replica : primary).call("INCR", "k");
      }
      if (by.equals("discard")) {
        replica.ok("MULTI");
        replica.ok("DISCARD");
      } else if (by.equals("unwatch")) {
        replica.ok("UNWATCH");
      }
      replica.ok("MULTI");
      replica.call("SET", "by", by);
      if (by.equals("primary") || by.equals("itself")) {
        replica.call("EXEC").isNilArray();
      } else {
        assertThat(replica.call("EXEC").elements()).hasSize(1);
        replica.call("GET", "by").is(by);
      }
    }
    // What only reads must fail as well.
    replica.ok("WATCH", "k");
    primary.call("INCR", "k");
    replica.ok("MULTI");
    replica.call("GET", "k");
    replica.call("EXEC").isNilArray();
  }

  @Test
  void aLostWatchMakesExecFail() {
    replica.ok("CLIENT", "SETNAME", "watcher");
    replica.ok("WATCH", "k");
    String id = described(primary, "watcher").split(" ", 2)[0].substring("id=".length());
    primary.call("CLIENT", "KILL", "ID", id).is(1L);
    replica.ok("MULTI");
    replica.call("SET", "k", "1");
    replica.call("EXEC").isNilArray();

    replica.ok("WATCH", "k");
    replicaServer.config("replica-forward-writes", "no");
    replicaServer.config("replica-forward-writes", "yes");
    awaitForwarding(replicaServer.client());
    replica.ok("MULTI");
    replica.call("SET", "k", "1");
    replica.call("EXEC").isNilArray();

    // It was watched here, before there was a way.
    replicaServer.config("replica-forward-writes", "no");
    replica.ok("WATCH", "k");
    replicaServer.config("replica-forward-writes", "yes");
    awaitForwarding(replicaServer.client());
    replica.ok("MULTI");
    replica.call("SET", "k", "1");
    replica.call("EXEC").isNilArray();
    replica.ok("MULTI");
    replica.call("SET", "k", "1");
    assertThat(replica.call("EXEC").elements()).hasSize(1);
  }

  @Test
  void whoWaitsIsServedOutOfOrder() {
    TestClient first = replicaServer.client();
    TestClient second = replicaServer.client();
    first.ok("CLIENT", "SETNAME", "first");
    second.ok("CLIENT", "SETNAME", "second");
    first.send("BLPOP", "a", 0);
    awaitBlocked(primary, "first");
    second.send("BRPOP", "b", 0);
    awaitBlocked(primary, "second");
    replica.ok("SET", "meanwhile", "1");
    primary.call("RPUSH", "b", "x");
    assertThat(second.receive().elements()).hasSize(2);
    replica.call("RPUSH", "a", "y").is(1L);
    assertThat(first.receive().elements()).hasSize(2);
    replica.call("EXISTS", "a").is(0L);
    first.call("BLPOP", "a", "0.01").isNilArray();
  }

  @Test
  void aWaitCanBeEndedFromHere() {
    TestClient waiting = replicaServer.client();
    waiting.ok("CLIENT", "SETNAME", "waiting");
    long id = waiting.id();
    waiting.send("BLPOP", "a", 0);
    awaitBlocked(primary, "waiting");
    replica.call("CLIENT", "UNBLOCK", id).is(1L);
    waiting.receive().isNilArray();
    waiting.send("BLPOP", "a", 0);
    awaitBlocked(primary, "waiting");
    replica.call("CLIENT", "UNBLOCK", id, "ERROR").is(1L);
    waiting.receive().isError("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    waiting.send("BLPOP", "a", 0);
    awaitBlocked(primary, "waiting");
    replica.call("CLIENT", "KILL", "ID", id).is(1L);
    TestServer.await("the shadow to go", () -> described(primary, "waiting").isEmpty());
    replica.call("RPUSH", "a", "x").is(1L);
    replica.call("LLEN", "a").is(1L);
  }

  @Test
  void scriptsAndFunctionsThatMayWriteAreForwarded() {
    replica.call("EVAL", "return redis.call('INCR', KEYS[1])", 1, "n").is(1L);
    replica
        .call("EVAL", "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])", 1, "n")
        .is("1");
    replica.call("EVAL_RO", "return redis.call('GET', KEYS[1])", 1, "n").is("1");
    assertThat(field(replica, "forwarding_total")).isEqualTo("1");
    replica.call("EVAL_RO", "return redis.call('INCR', KEYS[1])", 1, "n").isErrorLike("ERR ");
    String sha = replica.call("SCRIPT", "LOAD", "return redis.call('INCRBY', KEYS[1], 10)").text();
    replica.call("EVALSHA", sha, 1, "n").is(11L);
    replica
        .call("EVALSHA", "0123456789012345678901234567890123456789", 1, "n")
        .isError("NOSCRIPT No matching script. Please use EVAL.");
    replica
        .call(
            "FUNCTION",
            "LOAD",
            "#!lua name=lib\nredis.register_function('f', function(k, a)"
                + " return redis.call('INCR', k[1]) end)")
        .is("lib");
    replica.call("FCALL", "f", 1, "n").is(12L);
    replica.call("GET", "n").is("12");
  }

  @Test
  void messagesStayHere() {
    TestClient here = replicaServer.client();
    TestClient there = primaryServer.client();
    here.call("SUBSCRIBE", "c");
    there.call("SUBSCRIBE", "c");
    replica.call("PUBLISH", "c", "m").is(1L);
    assertThat(field(replica, "forwarding_total")).isEqualTo("0");
    // A transaction that is carried out there says it there, and so to all.
    replica.ok("MULTI");
    replica.call("SET", "k", "v");
    replica.call("PUBLISH", "c", "m2");
    assertThat(replica.call("EXEC").elements()).hasSize(2);
    assertThat(there.receiveNext().toString()).contains("m2");
  }

  @Test
  void whoItIsDecidesWhatItMay() {
    for (TestClient each : List.of(primary, replica)) {
      each.ok("ACL", "SETUSER", "u", "on", ">p", "~a*", "+@all");
    }
    replica.ok("ACL", "SETUSER", "onlyhere", "on", ">p", "~*", "+@all");
    TestClient client = replicaServer.client();
    client.ok("AUTH", "u", "p");
    client.ok("SET", "a", "1");
    client.call("SET", "b", "1").isError("NOPERM No permissions to access a key");
    // What it may there counts too, though it may more here.
    replica.ok("ACL", "SETUSER", "u", "~*");
    client.call("SET", "b", "1").isError("NOPERM No permissions to access a key");
    client.ok("MULTI");
    client.call("SET", "a", "2").isQueued();
    client.call("SET", "b", "2").isQueued();
    client.call("EXEC").isError("EXECABORT Transaction discarded because of previous errors.");
    client.call("GET", "a").is("1");
    client.ok("AUTH", "onlyhere", "p");
    client
        .call("SET", "a", "1")
        .isError("ERR the user 'onlyhere' may not log in at the primary, or is not known there");
    client.ok("AUTH", "u", "p");
    primary.ok("ACL", "SETUSER", "u", "off");
    client.ok("SET", "a", "3");
    primary.call("ACL", "DELUSER", "u").is(1L);
    client
        .call("SET", "a", "4")
        .isError("ERR the user 'u' may not log in at the primary, or is not known there");
  }

  @Test
  void theLinkNeedsARight() {
    replica.ok("REPLICAOF", "NO", "ONE");
    primary.ok("ACL", "SETUSER", "repl", "on", ">p", "+psync", "+replconf", "+ping");
    replica.ok("CONFIG", "SET", "primaryuser", "repl", "primaryauth", "p");
    follow(replica, primaryServer);
    await(replica, "master_link_status", "up");
    TestServer.await(
        "the right to be asked for",
        () -> primary.call("ACL", "LOG").toString().contains("forward|begin"));
    replica.call("SET", "k", "v").isError(READ_ONLY);
    primary.ok("ACL", "SETUSER", "repl", "+forward");
    replicaServer.config("replica-forward-writes", "no");
    replicaServer.config("replica-forward-writes", "yes");
    awaitForwarding(replica);
    replica.ok("SET", "k", "v");
  }

  @Test
  void theOutcomeIsInDoubtWhenTheLinkIsLost() {
    TestClient waiting = replicaServer.client();
    waiting.ok("CLIENT", "SETNAME", "waiting");
    waiting.send("BLPOP", "a", 0);
    awaitBlocked(primary, "waiting");
    String link =
        primary
            .call("CLIENT", "LIST")
            .text()
            .lines()
            .filter(line -> line.contains(" cmd=forward|"))
            .map(line -> line.split(" ", 2)[0].substring("id=".length()))
            .findFirst()
            .orElseThrow();
    primary.call("CLIENT", "KILL", "ID", link).is(1L);
    waiting
        .receive()
        .isError(
            "INDOUBT The link to the primary was lost. The command may have been carried out, or"
                + " not.");
    TestServer.await("the shadow to go", () -> described(primary, "waiting").isEmpty());
    awaitForwarding(replica);
    waiting.ok("SET", "a", "1");
    assertThat(field(replica, "forwarding_in_doubt")).isEqualTo("1");

    waiting.send("BLPOP", "b", 0);
    awaitBlocked(primary, "waiting");
    String shadow = described(primary, "waiting").split(" ", 2)[0].substring("id=".length());
    primary.call("CLIENT", "KILL", "ID", shadow).is(1L);
    waiting
        .receive()
        .isError(
            "INDOUBT The primary has cut the client off. The command may have been carried out, or"
                + " not.");
    waiting.send("BLPOP", "b", 0);
    awaitBlocked(primary, "waiting");
    replica.ok("REPLICAOF", "NO", "ONE");
    waiting
        .receive()
        .isError(
            "INDOUBT This server does not follow that primary any more. The command may have been"
                + " carried out, or not.");
    waiting.ok("SET", "c", "here");
    primary.call("EXISTS", "c").is(0L);
  }

  @Test
  void aRoleThatChangesThereCutsOffWhoWaits() {
    TestClient waiting = replicaServer.client();
    waiting.ok("CLIENT", "SETNAME", "waiting");
    waiting.send("BLPOP", "a", 0);
    awaitBlocked(primary, "waiting");
    try (EngineServer other = EngineServer.withLoops(1)) {
      follow(primary, other);
      // It was answered before it was cut off, or is in doubt: it never waits for ever.
      assertThat(waiting.receive().toString()).containsAnyOf("UNBLOCKED", "INDOUBT");
    }
  }

  @Test
  void chainsForwardOn() {
    try (EngineServer last = EngineServer.withLoops(1)) {
      TestClient end = last.client();
      last.config("replica-forward-writes", "yes");
      follow(end, replicaServer);
      awaitForwarding(end);
      for (int i = 0; i < 50; i++) {
        end.ok("SET", "k", i);
        end.call("GET", "k").is(Integer.toString(i));
      }
      end.ok("WATCH", "k");
      primary.ok("SET", "k", "changed");
      end.ok("MULTI");
      end.call("SET", "k", "lost");
      end.call("EXEC").isNilArray();
      end.ok("WATCH", "k");
      end.ok("MULTI");
      end.call("SET", "k", "won");
      assertThat(end.call("EXEC").elements()).hasSize(1);
      end.call("GET", "k").is("won");
      // One that has nobody to forward to says so.
      replicaServer.config("replica-forward-writes", "no");
      end.call("SET", "k", "v").isError(READ_ONLY);
    }
  }

  @Test
  void thereAreNoForwardsToARealServer() throws IOException {
    try (RedisProcess redis = new RedisProcess(folder, "--repl-diskless-sync-delay", "0")) {
      replica.call("REPLICAOF", "127.0.0.1", redis.port()).isOk();
      await(replica, "master_link_status", "up");
      replica.call("SET", "k", "v").isError(READ_ONLY);
      replica.ok("MULTI");
      replica.call("SET", "k", "v").isError(READ_ONLY);
      replica.call("EXEC").isError("EXECABORT Transaction discarded because of previous errors.");
      assertThat(field(replica, "forwarding")).isEqualTo("down");
    }
  }

  @Test
  void largeValuesGoBothWays() {
    String large = "x".repeat(5 << 20);
    replica.ok("SET", "large", large);
    replica.call("GETSET", "large", "small").is(large);
    replica.call("GET", "large").is("small");
    replicaServer.config("replica-forward-buffer", "1mb");
    replica.ok("SET", "large", large);
    TestClient waiting = replicaServer.client();
    waiting.ok("CLIENT", "SETNAME", "waiting");
    waiting.send("BLPOP", "a", 0);
    awaitBlocked(primary, "waiting");
    replica
        .call("SET", "large", large)
        .isError("ERR too much is on its way to the primary: see replica-forward-buffer");
    replica.ok("SET", "large", "small");
    replica.call("GET", "large").is("small");
  }

  /** While a script runs here nothing of what happens there is carried out here. */
  @Test
  void answersThatWaitForReplicationAreLimited() {
    replicaServer.config("replica-forward-buffer", "1mb");
    List<TestClient> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      TestClient each = replicaServer.client();
      each.ok("CLIENT", "SETNAME", "waiting" + i);
      each.send("BLPOP", "a" + i, 0);
      awaitBlocked(primary, "waiting" + i);
      waiting.add(each);
    }
    replicaServer.config("busy-reply-threshold", "1");
    TestClient script = replicaServer.client();
    script.send("EVAL_RO", "while true do end", 0);
    TestServer.await(
        "the script to be busy", () -> replica.call("PING").toString().contains("BUSY"));
    String large = "x".repeat(700 << 10);
    for (int i = 0; i < waiting.size(); i++) {
      primary.call("RPUSH", "a" + i, large);
    }
    primary.ok("SET", "after", "all");
    assertThat(waiting).noneMatch(TestClient::hasInput);
    replica.ok("SCRIPT", "KILL");
    script.receive().isErrorLike("ERR ");
    for (int i = 0; i < waiting.size(); i++) {
      waiting.get(i).receive().isList("a" + i, large);
      waiting.get(i).call("EXISTS", "a" + i).is(0L);
    }
  }

  @Test
  void aPausedPrimaryIsWaitedFor() {
    primary.ok("CLIENT", "PAUSE", 60_000, "WRITE");
    TestClient writes = replicaServer.client();
    writes.ok("CLIENT", "SETNAME", "writes");
    writes.ok("MULTI");
    writes.call("INCR", "n");
    writes.call("INCR", "n");
    writes.send("EXEC");
    awaitBlocked(primary, "writes");
    replica.call("EXISTS", "n").is(0L);
    primary.ok("CLIENT", "UNPAUSE");
    assertThat(writes.receive().elements()).hasSize(2);
    replica.call("GET", "n").is("2");
  }

  @Test
  void framesOfAWrongFormAreRefused() {
    TestClient link = primaryServer.client();
    link.call("FORWARD", "PING").isError("ERR FORWARD BEGIN comes first");
    link.call("FORWARD", "BEGIN", "2").isError("ERR unknown version of FORWARD: 2");
    link.ok("FORWARD", "BEGIN", "1");
    assertThat(link.call("FORWARD", "PING").elements()).hasSize(1);
    link.call("FORWARD", "CALL", 1, 1, 0, 4, 0, "default", "", "a:1", "DEL", "k")
        .isError("ERR FORWARD of a wrong form");
    link.call("FORWARD", "CALL", "x", 1, 0, 2, 0, "default", "", "a:1", "DEL", "k")
        .isError("ERR value is not an integer or out of range");
    link.call("FORWARD", "EXEC", 1, 1, 0, 2, 0, "default", "", "a:1", 3, "DEL", "k")
        .isError("ERR FORWARD EXEC with a wrong number of words");
    for (String notForOthers : List.of("PING", "KEYS", "SUBSCRIBE", "CONFIG", "EXEC")) {
      link.call(
              "FORWARD", "CALL", 1, 1, 0, 2, 0, "default", "", "a:1", notForOthers, "GET", "x", "y")
          .isError("ERR FORWARD of '" + notForOthers + "', which is not for others");
    }
    link.call("FORWARD", "CALL", 1, 1, 0, 2, 0, "default", "", "a:1", "FORWARD", "PING")
        .isError("ERR FORWARD of 'FORWARD', which is not for others");
    link.call("FORWARD", "EXEC", 1, 1, 0, 2, 0, "default", "", "a:1", 1, "EXEC")
        .isError("ERR FORWARD of 'EXEC', which is not for others");
    assertThat(frame(link, "FORWARD", "CALL", 7, 1, 99, 2, 0, "default", "", "a:1", "DEL", "k"))
        .contains("DB index is out of range");
    assertThat(frame(link, "FORWARD", "CALL", 8, 1, 0, 2, 0, "default", "a b", "a:1", "DEL", "k"))
        .contains(":0");
    assertThat(described(primary, "a_b")).contains(" addr=a:1 ");
    assertThat(frame(link, "FORWARD", "CALL", 9, 2, 0, 2, 0, "default", "", "a:1", "NOSUCH"))
        .contains("-ERR unknown command");
    link.send("FORWARD", "CALL", 10, 2, 0, 2, 0, "default", "", "a:1", "BLPOP", "l", "0");
    link.call("FORWARD", "CALL", 11, 2, 0, 2, 0, "default", "", "a:1", "DEL", "k")
        .isError("ERR FORWARD for a client that has not been answered");
    primaryServer.config("client-query-buffer-limit", "1mb");
    String many = "k".repeat(700 << 10);
    link.send("FORWARD", "CALL", 20, 20, 0, 2, 0, "default", "", "a:1", "BLPOP", many, "0");
    assertThat(
            frame(link, "FORWARD", "CALL", 21, 21, 0, 2, 0, "default", "", "a:1", "SET", "k", many))
        .contains("too much is waiting at the primary");
    primaryServer.config("maxclients", "2");
    assertThat(frame(link, "FORWARD", "CALL", 12, 3, 0, 2, 0, "default", "", "a:1", "DEL", "k"))
        .contains("max number of clients reached");
  }

  private static String frame(TestClient link, Object... words) {
    return String.valueOf(link.call(words).elements().get(5));
  }

  @Test
  void aSilentReplicaIsCutOff() {
    TestClient link = primaryServer.client();
    link.ok("FORWARD", "BEGIN", "1");
    await(primary, "forward_links", "2");
    primaryServer.config("repl-timeout", "2");
    link.awaitClosed();
    await(primary, "forward_links", "1");
  }

  @Test
  void transactionsSelectDatabases() {
    replica.ok("MULTI");
    replica.call("SELECT", 3).isQueued();
    replica.call("SET", "k", "in 3").isQueued();
    assertThat(replica.call("EXEC").elements()).hasSize(2);
    replica.call("GET", "k").is("in 3");
    replica.ok("SET", "k", "still in 3");
    primary.call("SELECT", 3).isOk();
    primary.call("GET", "k").is("still in 3");
  }

  @Test
  void whatIsOfThisConnectionIsNotForwarded() {
    for (String command : List.of("CLIENT SETNAME n", "CONFIG SET appendonly no", "SUBSCRIBE c")) {
      replica.ok("MULTI");
      replica.line(command).isQueued();
      replica.call("SET", "k", "v").isQueued();
      replica.call("EXEC").isErrorLike("EXECABORT Transaction discarded because of: '");
      replica.call("EXISTS", "k").is(0L);
    }
    replica.ok("SET", "k", "v");
  }

  @Test
  void answersCanBeLeftOut() {
    replica.send("CLIENT", "REPLY", "SKIP");
    replica.sendRaw(TestClient.encode("SET", "a", "1"));
    replica.sendRaw(TestClient.encode("GET", "a"));
    replica.receive().is("1");
    replica.sendRaw(TestClient.encode("CLIENT", "REPLY", "OFF"));
    replica.sendRaw(TestClient.encode("SET", "a", "2"));
    replica.sendRaw(TestClient.encode("CLIENT", "REPLY", "ON"));
    replica.sendRaw(TestClient.encode("GET", "a"));
    replica.receive().isOk();
    replica.receive().is("2");
  }

  @Test
  void aBusyPrimarySaysSo() {
    primaryServer.config("busy-reply-threshold", "1");
    TestClient script = primaryServer.client();
    script.send("EVAL", "while true do end", 0);
    TestServer.await(
        "the script to be busy", () -> primary.call("PING").toString().contains("BUSY"));
    replica.call("SET", "k", "v").isErrorLike("BUSY ");
    primary.ok("SCRIPT", "KILL");
    script.receive().isErrorLike("ERR ");
    replica.ok("SET", "k", "v");
  }

  @Test
  void whoHangsUpHalfIsAnsweredFirst() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), replicaServer.port())) {
      socket.setSoTimeout((int) TestServer.PATIENCE.toMillis());
      socket.getOutputStream().write(TestClient.encode("SET", "k", "v"));
      socket.getOutputStream().write(TestClient.encode("GET", "k"));
      socket.shutdownOutput();
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .isEqualTo("+OK\r\n$1\r\nv\r\n");
    }
  }

  @Test
  void monitorsAndStatisticsKnowOfIt() {
    TestClient here = replicaServer.client();
    TestClient there = primaryServer.client();
    here.ok("MONITOR");
    there.ok("MONITOR");
    replica.ok("SET", "k", "v");
    assertThat(here.receiveNext().text()).endsWith("\"SET\" \"k\" \"v\"");
    assertThat(there.receiveNext().text()).endsWith("\"SET\" \"k\" \"v\"");
    assertThat(replica.call("INFO", "commandstats").text()).contains("cmdstat_set:calls=1,");
    assertThat(primary.call("INFO", "commandstats").text()).contains("cmdstat_set:calls=1,");
  }
}
