package io.pillion.engine.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our engine follows a real server, or another of ours, and is followed itself. */
final class FollowingTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final EngineServer ours = EngineServer.withLoops(1);
  private final TestClient client = ours.client();

  @BeforeEach
  void waitForNobody() {
    ours.config("repl-diskless-sync-delay", "0");
  }

  @AfterEach
  void close() {
    ours.close();
  }

  private static String field(TestClient client, String section, String name) {
    return client
        .call("INFO", section)
        .text()
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1))
        .findFirst()
        .orElse("");
  }

  private static void awaitUp(TestClient replica) {
    TestServer.await(
        "the link to be up",
        () -> field(replica, "replication", "master_link_status").equals("up"));
  }

  private static void follow(TestClient replica, int port) {
    replica.call("REPLICAOF", "127.0.0.1", port).isOk();
  }

  private static void awaitSame(TestClient primary, TestClient replica) {
    awaitUp(replica);
    primary.call("SELECT", 0);
    primary.call("INCR", "the last");
    TestServer.await(
        "the replica to have everything",
        () ->
            field(primary, "replication", "master_repl_offset")
                .equals(field(replica, "replication", "slave_repl_offset")));
    assertThat(replica.call("DEBUG", "DIGEST").text())
        .isEqualTo(primary.call("DEBUG", "DIGEST").text());
  }

  private void load(TestClient primary, long seed, int count) {
    RandomWrites.run(ours.engine().table(), primary, primary, seed, count);
  }

  private RedisProcess redis() throws IOException {
    return new RedisProcess(folder, "--repl-diskless-sync-delay", "0");
  }

  @Test
  void hasTheDataOfARealServer() throws IOException {
    for (String diskless : List.of("yes", "no")) {
      try (RedisProcess redis = redis()) {
        TestClient primary = redis.client();
        primary.ok("CONFIG", "SET", "repl-diskless-sync", diskless);
        load(primary, /* seed= */ 1, 2000);
        primary.call("SELECT", 2);
        client.call("SET", "old", "gone");
        follow(client, redis.port());
        load(primary, /* seed= */ 2, 2000);
        awaitSame(primary, client);
        assertThat(field(client, "stats", "unexpected_error_replies")).isEqualTo("0");
        client.ok("REPLICAOF", "NO", "ONE");
      }
    }
  }

  /** Else a replica that comes to lead would acknowledge what is in no file. */
  @Test
  void aLogThatCannotGoOnAfterASynchronizationGoesOnAsSoonAsItCan() throws IOException {
    client.call("SET", "k", "v");
    Path own = Files.createDirectory(folder.resolve("own"));
    try (EngineServer server = EngineServer.in(own, "appendonly", "yes")) {
      TestClient replica = server.client();
      Path log = own.resolve("appendonlydir");
      Files.move(log, own.resolve("away"));
      Files.writeString(log, "in the way");
      follow(replica, ours.port());
      awaitUp(replica);
      assertThat(field(replica, "persistence", "aof_enabled")).isEqualTo("0");
      replica.ok("REPLICAOF", "NO", "ONE");
      replica
          .call("SET", "k", "w")
          .isError(
              "MISCONF The AOF cannot be turned on again after a synchronization. Please check the"
                  + " server logs.");
      assertThat(replica.call("GET", "k").text()).isEqualTo("v");
      Files.delete(log);
      TestServer.await(
          "the log to go on", () -> field(replica, "persistence", "aof_enabled").equals("1"));
      TestServer.await(
          "its base", () -> field(replica, "persistence", "aof_pending_rewrite").equals("0"));
      replica.ok("SET", "k", "w");
    }
    try (EngineServer again = EngineServer.in(own, "appendonly", "yes")) {
      assertThat(again.client().call("GET", "k").text()).isEqualTo("w");
    }
  }

  @Test
  void goesOnWhereTheLinkWasCut() throws IOException {
    try (RedisProcess redis = redis()) {
      TestClient primary = redis.client();
      follow(client, redis.port());
      awaitSame(primary, client);
      primary.call("SELECT", 3);
      primary.call("SET", "in database", "3");
      awaitOffset(primary, client);
      primary.call("CLIENT", "KILL", "TYPE", "replica").is(1L);
      // No SELECT comes with it: the database is remembered.
      primary.call("SET", "while", "away");
      awaitSame(primary, client);
      client.call("CLIENT", "KILL", "TYPE", "master").is(1L);
      awaitSame(primary, client);
      assertThat(field(primary, "stats", "sync_full")).isEqualTo("1");
      assertThat(field(primary, "stats", "sync_partial_ok")).isEqualTo("2");
    }
  }

  private static void awaitOffset(TestClient primary, TestClient replica) {
    TestServer.await(
        "the replica to have everything",
        () ->
            field(primary, "replication", "master_repl_offset")
                .equals(field(replica, "replication", "slave_repl_offset")));
  }

  @Test
  void isFollowedWhileItFollows() throws IOException {
    try (RedisProcess redis = redis();
        EngineServer last = EngineServer.withLoops(1)) {
      TestClient primary = redis.client();
      TestClient lastClient = last.client();
      follow(client, redis.port());
      awaitUp(client);
      primary.call("SELECT", 5);
      primary.call("SET", "a", "1");
      awaitOffset(primary, client);
      follow(lastClient, ours.port());
      load(primary, /* seed= */ 3, 500);
      awaitSame(primary, client);
      awaitOffset(primary, lastClient);
      assertThat(lastClient.call("DEBUG", "DIGEST").text())
          .isEqualTo(primary.call("DEBUG", "DIGEST").text());
      // The one in the middle leads now: both others go on from where they are.
      client.ok("REPLICAOF", "NO", "ONE");
      follow(primary, ours.port());
      client.call("SET", "new", "history");
      awaitSame(client, lastClient);
      awaitSame(client, primary);
      assertThat(field(client, "stats", "sync_full")).isEqualTo("1");
      assertThat(field(client, "stats", "sync_partial_ok")).isEqualTo("2");
    }
  }

  @Test
  void refusesChangesAndTellsItsRole() throws IOException {
    try (RedisProcess redis = redis()) {
      client.call("SET", "k", "v").isOk();
      follow(client, redis.port());
      client.call("SET", "k", "v").isError("READONLY You can't write against a read only replica.");
      awaitUp(client);
      assertThat(client.call("ROLE").elements().subList(0, 4))
          .containsExactly("slave", "127.0.0.1", (long) redis.port(), "connected");
      client.call("WAIT", 1, 0).isErrorLike("ERR WAIT cannot be used with replica instances");
      assertThat(client.call("CLIENT", "LIST", "TYPE", "master").text()).contains(" flags=M ");
      client
          .call("REPLICAOF", "127.0.0.1", redis.port())
          .isStatus("OK Already connected to specified master");
      client.ok("CONFIG", "SET", "replica-serve-stale-data", "no");
      client.call("GET", "k").isNil();
      redis.stopped(true);
      client.ok("REPLICAOF", "127.0.0.1", "1");
      client
          .call("GET", "k")
          .isError(
              "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
      redis.stopped(false);
      client.ok("REPLICAOF", "NO", "ONE");
      client.ok("SET", "k", "v");
      assertThat(client.call("ROLE").elements().get(0)).isEqualTo("master");
    }
  }

  @Test
  void keepsWhatHasExpiredUntilItIsTold() throws IOException {
    try (RedisProcess redis = redis()) {
      TestClient primary = redis.client();
      // It tells when it is to, not when a busy machine has let 300 ms go by.
      primary.ok("DEBUG", "SET-ACTIVE-EXPIRE", "0");
      primary.call("SET", "k", "v", "PX", 300);
      follow(client, redis.port());
      awaitUp(client);
      awaitOffset(primary, client);
      client.call("DBSIZE").is(1L);
      TestServer.await("the key to be hidden", () -> client.call("GET", "k").value() == null);
      client.call("EXISTS", "k").is(0L);
      client.call("TTL", "k").is(-2L);
      client.call("DBSIZE").is(1L);
      primary.ok("DEBUG", "SET-ACTIVE-EXPIRE", "1");
      TestServer.await("the key to go", () -> client.call("DBSIZE").integer() == 0);
    }
  }

  @Test
  void exchangesRolesWithAReplica() throws IOException {
    try (RedisProcess redis = redis()) {
      TestClient replica = redis.client();
      ours.config("replica-announce-port", Integer.toString(ours.port()));
      client.call("FAILOVER").isError("ERR FAILOVER requires connected replicas.");
      client.call("FAILOVER", "ABORT").isError("ERR No failover in progress.");
      follow(replica, ours.port());
      awaitSame(client, replica);
      client.call("FAILOVER", "TO", "127.0.0.1", 1).isErrorLike("ERR FAILOVER target HOST");
      client.call("FAILOVER", "FORCE").isErrorLike("ERR FAILOVER with force option requires");
      // Each of the two leads in turn, and both histories go on.
      client.ok("FAILOVER", "TO", "127.0.0.1", redis.port(), "TIMEOUT", 10_000);
      TestServer.await(
          "the replica to lead",
          () ->
              field(client, "replication", "role").equals("slave")
                  && field(client, "replication", "master_failover_state").equals("no-failover"));
      replica.ok("SET", "by", "redis");
      awaitSame(replica, client);
      TestServer.await(
          "the replica to be seen",
          () -> field(replica, "replication", "slave0").contains("state=online"));
      replica.ok("FAILOVER");
      TestServer.await("ours to lead", () -> field(client, "replication", "role").equals("master"));
      client.ok("SET", "by", "us");
      awaitSame(client, replica);
      assertThat(field(client, "stats", "sync_full")).isEqualTo("1");
    }
  }

  /** Who can be is told where the primary is, whatever a replica would do itself. */
  @Test
  void sendsClientsToThePrimary() throws IOException {
    try (RedisProcess redis = redis();
        TestClient other = ours.client()) {
      String there = "REDIRECT 127.0.0.1:" + redis.port();
      client.ok("CLIENT", "CAPA", "redirect");
      client.ok("SET", "k", "v");
      client.ok("MULTI");
      client.call("GET", "k").isStatus("QUEUED");
      follow(other, redis.port());
      awaitUp(other);
      client.call("EXEC").isError(there);
      client.ok("MULTI");
      client.call("GET", "k").isError(there);
      client.call("EXEC").isErrorLike("EXECABORT ");
      for (String readOnly : List.of("yes", "no")) {
        other.ok("CONFIG", "SET", "replica-read-only", readOnly);
        client.call("SET", "k", "v").isError(there);
        client.call("GET", "k").isError(there);
        client.call("PING").isStatus("PONG");
        other.call("GET", "k").isNil();
      }
      client.ok("READONLY");
      client.call("GET", "k").isNil();
      client.call("SET", "k", "v").isError(there);
      client.ok("READWRITE");
      other.ok("REPLICAOF", "NO", "ONE");
      client.ok("SET", "k", "v");
      assertThat(client.call("INFO", "errorstats").text()).contains("errorstat_REDIRECT:count=7");
    }
  }

  /** While it is not known yet that the other leads, they wait. */
  @Test
  void sendsClientsToAReplicaOnceItLeads() throws IOException {
    try (RedisProcess redis = redis();
        TestClient other = ours.client()) {
      ours.config("replica-announce-port", Integer.toString(ours.port()));
      follow(redis.client(), ours.port());
      awaitSame(other, redis.client());
      long id = other.id();
      other.ok("CLIENT", "CAPA", "redirect");
      redis.stopped(true);
      // What it never acknowledges.
      client.ok("SET", "k", "v");
      client.ok("FAILOVER", "TO", "127.0.0.1", redis.port(), "TIMEOUT", 100, "FORCE");
      TestServer.await(
          "the replica to be asked",
          () ->
              field(client, "replication", "master_failover_state").equals("failover-in-progress"));
      other.send("GET", "k");
      TestServer.await(
          "the client to wait",
          () -> client.call("CLIENT", "LIST", "ID", id).text().contains(" flags=b "));
      client.call("GET", "k").is("v");
      redis.stopped(false);
      other.receive().isError("REDIRECT 127.0.0.1:" + redis.port());
      assertThat(field(client, "replication", "role")).isEqualTo("slave");
    }
  }

  @Test
  void goesOnAfterARestart() throws IOException {
    Path own = Files.createDirectory(folder.resolve("own"));
    try (RedisProcess redis = redis()) {
      TestClient primary = redis.client();
      try (EngineServer replica = EngineServer.in(own)) {
        TestClient there = replica.client();
        follow(there, redis.port());
        awaitSame(primary, there);
        primary.call("SELECT", 4);
        primary.call("SET", "k", "1");
        awaitOffset(primary, there);
        there.ok("SAVE");
      }
      primary.call("APPEND", "k", "2");
      try (EngineServer replica = EngineServer.in(own, "replicaof", "127.0.0.1 " + redis.port())) {
        awaitSame(primary, replica.client());
      }
      assertThat(field(primary, "stats", "sync_full")).isEqualTo("1");
      assertThat(field(primary, "stats", "sync_partial_ok")).isEqualTo("1");
    }
  }

  @Test
  void saysWhatIsOnItsDisk() throws IOException {
    Path own = Files.createDirectory(folder.resolve("own"));
    try (EngineServer replica =
        EngineServer.in(own, "appendonly", "yes", "appendfsync", "everysec")) {
      TestClient there = replica.client();
      follow(there, ours.port());
      awaitSame(client, there);
      client.ok("SET", "k", "v");
      client.call("WAITAOF", 0, 1, 20_000).isList(0L, 1L);
      there.ok("CONFIG", "SET", "appendfsync", "always");
      client.ok("SET", "k", "w");
      client.call("WAITAOF", 0, 1, 20_000).isList(0L, 1L);
    }
  }

  /** Its data are another's: a backup of its own in their place would be lost, or worse, mixed. */
  @Test
  void refusesToRestoreABackup() throws IOException {
    try (RedisProcess redis = redis()) {
      client.ok("SET", "k", "backed up");
      client.call("BACKUP", "CREATE", "followed");
      try {
        follow(client, redis.port());
        awaitSame(redis.client(), client);
        String refusal =
            "ERR this server follows another one, whose data it has: restore the backup there, or"
                + " make this one a primary before (REPLICAOF NO ONE)";
        client.call("BACKUP", "RESTORE", "followed").isError(refusal);
        ours.config("replica-read-only", "no");
        client.call("BACKUP", "RESTORE", "followed").isError(refusal);
        awaitSame(redis.client(), client);
        client.ok("REPLICAOF", "NO", "ONE");
        client.ok("BACKUP", "RESTORE", "followed");
        assertThat(client.call("GET", "k").text()).isEqualTo("backed up");
      } finally {
        client.call("REPLICAOF", "NO", "ONE");
        client.ok("BACKUP", "DELETE", "followed");
      }
    }
  }

  @Test
  void rewritesWhomItFollows() throws IOException {
    Path config = folder.resolve("redis.conf");
    Files.writeString(config, "# ours\n");
    Parameters parameters = new Parameters();
    parameters.configFile(config.toString());
    try (PillionEngine engine =
            new EngineBuilder().parameters(parameters).set("dir", folder.toString()).start();
        EngineServer server = EngineServer.of(engine)) {
      TestClient there = server.client();
      follow(there, ours.port());
      there.ok("CONFIG", "REWRITE");
      assertThat(Files.readString(config))
          .contains("# ours\n", "replicaof 127.0.0.1 " + ours.port() + "\n");
      there.ok("REPLICAOF", "NO", "ONE");
      there.ok("CONFIG", "REWRITE");
      assertThat(Files.readString(config)).contains("# ours\n").doesNotContain("replicaof");
    }
  }

  @Test
  void keepsAnAppendOnlyLogOfItsOwn() throws IOException {
    Path own = Files.createDirectory(folder.resolve("own"));
    String digest;
    try (RedisProcess redis = redis()) {
      TestClient primary = redis.client();
      try (EngineServer replica = EngineServer.in(own, "appendonly", "yes")) {
        TestClient there = replica.client();
        there.ok("SET", "old", "1");
        load(primary, /* seed= */ 4, 300);
        follow(there, redis.port());
        awaitUp(there);
        load(primary, /* seed= */ 5, 300);
        awaitSame(primary, there);
        TestServer.await(
            "the base of the new data",
            () ->
                field(there, "persistence", "aof_rewrite_in_progress").equals("0")
                    && field(there, "persistence", "aof_rewrite_scheduled").equals("0"));
        digest = there.call("DEBUG", "DIGEST").text();
      }
      try (EngineServer again = EngineServer.in(own, "appendonly", "yes")) {
        assertThat(again.client().call("DEBUG", "DIGEST").text()).isEqualTo(digest);
      }
    }
  }
}
