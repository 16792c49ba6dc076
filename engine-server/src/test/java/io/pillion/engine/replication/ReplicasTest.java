package io.pillion.engine.replication;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.RedisProcess;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.testkit.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server follows our engine, and has the same data whatever happens. */
final class ReplicasTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  private final EngineServer ours = EngineServer.withLoops(2);
  private final TestClient client = ours.client();

  @BeforeEach
  void waitForNobody() {
    ours.config("repl-diskless-sync-delay", "0");
  }

  @AfterEach
  void close() {
    ours.close();
  }

  private RedisProcess follow() throws IOException {
    // One of its own: it would go on from what another has left there.
    Path own = Files.createTempDirectory(folder, "replica");
    return new RedisProcess(own, "--replicaof", "127.0.0.1 " + ours.port());
  }

  private void awaitSame(RedisProcess replica) {
    // What is written before it asks has no offset to wait for: it comes with all data.
    TestServer.await(
        "the replica to ask",
        () -> client.call("INFO", "replication").text().contains("connected_slaves:1\r\n"));
    // Whatever it must be told to know that it is the last.
    client.call("SET", "the last", "1");
    TestServer.await(
        "the replica to have everything", () -> client.call("WAIT", 1, 1000).integer() == 1);
    assertThat(replica.client().call("DEBUG", "DIGEST").text())
        .isEqualTo(client.call("DEBUG", "DIGEST").text());
  }

  private String stats(String name) {
    return name + ":" + info(client, "stats", name);
  }

  /** All data are sent while they change, with a mark at the end and with their length. */
  @Test
  void hasTheSameDataAfterARandomLoad() throws IOException {
    for (String diskless : List.of("yes", "no")) {
      ours.config("repl-diskless-sync", diskless);
      client.ok("FLUSHALL");
      client.ok("DEBUG", "POPULATE", 20_000, "filler", 64);
      for (int i = 0; i < 5000; i++) {
        client.call("ZADD", "large", i, "member " + i);
      }
      try (RedisProcess replica = follow()) {
        // Its replicas must know the commands, too.
        RandomWrites.run(
            ours.engine().table(), client, replica.client(), /* seed= */ diskless.length(), 4000);
        awaitSame(replica);
      }
    }
  }

  @Test
  void getsTheDataOfARestoredBackup() throws IOException {
    client.ok("SET", "k", "backed up");
    client.call("RPUSH", "list", "a", "b");
    client.call("BACKUP", "CREATE", "followed");
    try (RedisProcess replica = follow()) {
      client.ok("SET", "k", "changed");
      client.ok("SET", "other", "1");
      awaitSame(replica);
      client.ok("BACKUP", "RESTORE", "followed");
      awaitSame(replica);
      assertThat(replica.client().call("GET", "k").text()).isEqualTo("backed up");
      assertThat(replica.client().call("EXISTS", "other").integer()).isZero();
      assertThat(stats("sync_full")).isEqualTo("sync_full:2");
      assertThat(stats("sync_partial_ok")).isEqualTo("sync_partial_ok:0");
    } finally {
      client.ok("BACKUP", "DELETE", "followed");
    }
  }

  @Test
  void goesOnAfterItsLinkWasCut() throws IOException {
    try (RedisProcess replica = follow()) {
      client.ok("SET", "before", "1");
      awaitSame(replica);
      client.call("CLIENT", "KILL", "TYPE", "replica").is(1L);
      client.call("SELECT", 3);
      client.call("RPUSH", "while it was away", "x".repeat(100_000));
      awaitSame(replica);
      assertThat(stats("sync_full")).isEqualTo("sync_full:1");
      assertThat(stats("sync_partial_ok")).isEqualTo("sync_partial_ok:1");
    }
  }

  @Test
  void getsAllDataAgainWhenTheBacklogHasNotWhatItMissed() throws IOException {
    ours.config("repl-backlog-size", "16384");
    try (RedisProcess replica = follow()) {
      awaitSame(replica);
      // Together, so that it cannot be back before.
      client.ok("MULTI");
      client.call("CLIENT", "KILL", "TYPE", "replica");
      client.call("SET", "large", "x".repeat(300_000));
      client.call("EXEC");
      awaitSame(replica);
      assertThat(stats("sync_full")).isEqualTo("sync_full:2");
      assertThat(stats("sync_partial_err")).isEqualTo("sync_partial_err:1");
    }
  }

  /** What it has not read is kept once, counted, and sent on when it reads again. */
  @Test
  void getsTheRestOnceItReadsAgain() throws IOException {
    ours.config("repl-backlog-size", "16384");
    try (RedisProcess replica = follow()) {
      awaitSame(replica);
      replica.stopped(true);
      client.ok("SET", "k", "v");
      client.call("EVAL", "return redis.call('wait', 1, 0)", 0).is(0L);
      String large = "x".repeat(1 << 20);
      for (int i = 0; buffered() < 8 << 20; i++) {
        assertThat(i).as("MiB that nobody reads").isLessThan(64);
        client.ok("SET", "large " + i % 4, large + i);
      }
      assertThat(number("memory", "mem_replication_backlog")).isLessThanOrEqualTo(16384);
      assertThat(number("memory", "mem_clients_slaves")).isGreaterThan(8 << 20);
      replica.stopped(false);
      awaitSame(replica);
      assertThat(stats("sync_full")).isEqualTo("sync_full:1");
      assertThat(buffered()).isLessThan(1 << 20);
    }
  }

  @Test
  void isClosedWhenItLeavesTooMuchUnread() throws IOException {
    ours.config("client-output-buffer-limit", "replica 4mb 0 0");
    // What it may go on from it may lag behind.
    ours.config("repl-backlog-size", "1mb");
    try (RedisProcess replica = follow()) {
      awaitSame(replica);
      replica.stopped(true);
      String large = "x".repeat(1 << 20);
      for (int i = 0; number("replication", "connected_slaves") > 0; i++) {
        assertThat(i).as("MiB that nobody reads").isLessThan(64);
        client.ok("SET", "large", large);
      }
      replica.stopped(false);
      awaitSame(replica);
    }
  }

  private long buffered() {
    return number("memory", "mem_total_replication_buffers");
  }

  private long number(String section, String name) {
    return Long.parseLong(info(client, section, name));
  }

  /** What has expired between its save and its start it tells those who had followed. */
  @Test
  void goesOnWhenWeStartAgainFromOurFile() throws IOException {
    startAgain(/* expired= */ 300, /* backlogBytes= */ 1 << 20, "sync_full:0", "sync_partial_ok:1");
  }

  @Test
  void getsAllDataWhenMoreHasExpiredThanTheBacklogHolds() throws IOException {
    startAgain(/* expired= */ 3000, /* backlogBytes= */ 16384, "sync_full:1", "sync_partial_ok:0");
  }

  private void startAgain(int expired, int backlogBytes, String full, String partial)
      throws IOException {
    Path own = Files.createDirectory(folder.resolve("own"));
    String[] settings = {
      "repl-diskless-sync-delay", "0", "repl-backlog-size", Integer.toString(backlogBytes)
    };
    Path other = Files.createDirectory(folder.resolve("other"));
    try (RedisProcess replica = new RedisProcess(other)) {
      String id;
      long offset;
      try (EngineServer before = EngineServer.in(own, settings)) {
        TestClient there = before.client();
        there.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0);
        replica.client().call("REPLICAOF", "127.0.0.1", before.port()).isOk();
        TestServer.await(
            "the replica to be there", () -> there.call("WAIT", 1, 1000).integer() == 1);
        there.ok("SET", "stays", "1");
        for (int i = 0; i < expired; i++) {
          there.call("SELECT", i % 3);
          there.ok("SET", "goes " + i, "1", "PX", 1);
        }
        TestServer.await(
            "the replica to have everything", () -> there.call("WAIT", 1, 1000).integer() == 1);
        there.ok("SAVE");
        id = info(there, "replication", "master_replid");
        offset = Long.parseLong(info(there, "replication", "master_repl_offset"));
      }
      try (EngineServer again = EngineServer.in(own, settings)) {
        TestClient there = again.client();
        assertThat(info(there, "persistence", "rdb_last_load_keys_expired"))
            .isEqualTo(Integer.toString(expired));
        assertThat(info(there, "replication", "master_replid2")).isEqualTo(id);
        assertThat(info(there, "replication", "second_repl_offset"))
            .isEqualTo(Long.toString(offset + 1));
        replica.client().call("REPLICAOF", "127.0.0.1", again.port()).isOk();
        there.ok("SET", "k", "v");
        TestServer.await(
            "the replica to have everything", () -> there.call("WAIT", 1, 1000).integer() == 1);
        assertThat(replica.client().call("DEBUG", "DIGEST").text())
            .isEqualTo(there.call("DEBUG", "DIGEST").text());
        assertThat(there.call("INFO", "stats").text()).contains(full, partial);
        there.ok("CONFIG", "RESETSTAT");
        assertThat(there.call("INFO", "stats").text()).contains("sync_full:0", "sync_partial_ok:0");
      }
    }
  }

  private static String info(TestClient of, String section, String name) {
    return of.call("INFO", section)
        .text()
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void carriesOutWhatItIsToldTo() throws IOException {
    try (RedisProcess replica = follow()) {
      awaitSame(replica);
      client.call("SELECT", 1);
      client.ok("SET", "k", "1");
      client.ok("DEBUG", "REPLICATE", "SET", "only", "there");
      client.ok("DEBUG", "REPLICATE", "no such command");
      // What was not carried out here has no offset to wait for.
      client.ok("SET", "k", "2");
      client.call("WAIT", 1, 0).is(1L);
      client.call("EXISTS", "only").is(0L);
      TestClient there = replica.client();
      there.ok("SELECT", 1);
      there.call("GET", "only").is("there");
      client.call("DEBUG", "REPLICATE").isErrorLike("ERR ");
    }
    client.ok("DEBUG", "REPLICATE", "SET", "nobody", "there");
  }

  /** The delay is what the parameter says by now, and nobody is waited for who has gone. */
  @Test
  void isSentAllDataSlowlyForAsLongAsItIsTold() throws IOException {
    ours.config("rdb-key-save-delay", "100000000");
    client.ok("DEBUG", "POPULATE", 3);
    try (RedisProcess leaves = follow()) {
      awaitTakingDown(1);
      assertThat(leaves.port()).isPositive();
    }
    awaitTakingDown(0);
    try (RedisProcess replica = follow()) {
      awaitTakingDown(1);
      ours.config("rdb-key-save-delay", "0");
      awaitSame(replica);
    }
    // Others fork for that.
    assertThat(number("stats", "total_forks")).isEqualTo(2);
  }

  /** Whatever is sent meanwhile, as a server that forks says it. */
  @Test
  void waitsUntilTheSnapshotIsMade() throws IOException {
    try (RedisProcess real = new RedisProcess(folder, "--repl-diskless-sync-delay", "0")) {
      for (TestClient primary : List.of(client, real.client())) {
        primary.ok("CONFIG", "SET", "rdb-key-save-delay", "100000000");
        primary.call("MSET", "a", "1", "b", "2", "c", "3");
      }
      // A child that writes to replicas sees only with its next piece that they have gone.
      for (String diskless : List.of("no", "yes")) {
        assertWaiting(diskless, client, ours.client());
        assertWaiting(diskless, real.client(), real.client());
      }
    }
  }

  private static void assertWaiting(String diskless, TestClient primary, TestClient replica) {
    awaitInfo(primary, "persistence", "rdb_bgsave_in_progress:0\r\n");
    primary.ok("CONFIG", "SET", "repl-diskless-sync", diskless);
    replica.ok("REPLCONF", "capa", "eof", "capa", "psync2");
    replica.send("PSYNC", "?", "-1");
    awaitInfo(primary, "persistence", "rdb_bgsave_in_progress:1\r\n");
    assertThat(info(primary, "replication", "slave0")).contains(",state=wait_bgsave,");
    primary.call("CLIENT", "KILL", "TYPE", "replica").is(1L);
  }

  /** Its connection has no place for replies, and its data are the primary's. */
  @Test
  void isCutOffWhenItSendsACommandWithAReply() throws IOException {
    try (RedisProcess real = new RedisProcess(folder, "--repl-diskless-sync-delay", "0")) {
      for (TestServer server : List.of(ours, real)) {
        TestClient primary = server.client();
        for (String command : List.of("SET k v", "GET k", "PUBLISH c m", "PING", "EVAL 0 0")) {
          try (TestClient replica = server.connect()) {
            replica.send("SYNC");
            awaitInfo(primary, "replication", ",state=online,");
            replica.send((Object[]) command.split(" "));
            replica.awaitClosedAfterAnything();
          }
          awaitInfo(primary, "replication", "connected_slaves:0\r\n");
        }
        primary.call("EXISTS", "k").is(0L);
      }
    }
  }

  private static void awaitInfo(TestClient primary, String section, String line) {
    TestServer.await(line, () -> primary.call("INFO", section).text().contains(line));
  }

  private void awaitTakingDown(int snapshots) {
    TestServer.await(
        "rdb_bgsave_in_progress to be " + snapshots,
        () -> number("persistence", "rdb_bgsave_in_progress") == snapshots);
  }

  /** As {@code valkey-cli --functions-rdb} asks for it. */
  @Test
  void getsAPartOfTheData() throws IOException {
    client.ok("DEBUG", "POPULATE", 1000);
    client
        .call(
            "FUNCTION",
            "LOAD",
            "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
        .is("lib");
    assertLoaded(partOfTheData("functions"), /* libraries= */ 1);
    assertLoaded(partOfTheData(""), /* libraries= */ 0);
    client
        .call("REPLCONF", "RDB-FILTER-ONLY", "functions keys")
        .isError("ERR Unsupported rdb-filter-only option: keys");
    client
        .call("REPLCONF", "rdb-filter-only", "\"functions")
        .isError("ERR Missing rdb-filter-only values");
    client.ok("REPLCONF", "rdb-filter-only", "functions");
    client.call("SYNC").isError("ERR Filtered replica requires EOF capability");
    assertLoaded(partOfTheData("functions FUNCTIONS"), /* libraries= */ 1);
  }

  private void assertLoaded(byte[] file, int libraries) throws IOException {
    Path other = Files.createTempDirectory(folder, "part");
    Files.write(other.resolve("dump.rdb"), file);
    try (EngineServer server = EngineServer.in(other)) {
      server.client().call("DBSIZE").is(0L);
      assertThat(server.client().call("FUNCTION", "LIST").elements()).hasSize(libraries);
    }
  }

  private byte[] partOfTheData(String filter) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), ours.port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(TestClient.encode("REPLCONF", "capa", "eof"));
      socket.getOutputStream().write(TestClient.encode("REPLCONF", "rdb-only", "1"));
      socket.getOutputStream().write(TestClient.encode("REPLCONF", "rdb-filter-only", filter));
      String answered = "";
      while (!answered.equals("+OK\r\n".repeat(3))) {
        answered += (char) socket.getInputStream().read();
      }
      socket.getOutputStream().write(TestClient.encode("SYNC"));
      // The connection is closed behind the data.
      String all = new String(socket.getInputStream().readAllBytes(), ISO_8859_1).stripLeading();
      assertThat(all).startsWith("$EOF:");
      String mark = all.substring(5, 45);
      assertThat(all).endsWith(mark);
      return all.substring(47, all.length() - 40).getBytes(ISO_8859_1);
    }
  }

  @Test
  void isSeenByClients() throws IOException {
    ours.config("min-replicas-to-write", "1");
    client.call("SET", "k", "v").isError("NOREPLICAS Not enough good replicas to write.");
    try (RedisProcess replica = follow()) {
      TestServer.await(
          "a good replica",
          () -> client.call("INFO", "replication").text().contains("min_slaves_good_slaves:1\r\n"));
      client.ok("SET", "k", "v");
      client.call("WAIT", 1, 0).is(1L);
      List<Object> role = new ArrayList<>(client.call("ROLE").elements());
      assertThat(role.get(0)).isEqualTo("master");
      assertThat(String.valueOf(role.get(2))).startsWith("[[127.0.0.1, " + replica.port() + ", ");
      assertThat(client.call("INFO", "replication").text())
          .contains("connected_slaves:1\r\n")
          .contains("slave0:ip=127.0.0.1,port=" + replica.port() + ",state=online,offset=");
      assertThat(client.call("CLIENT", "LIST", "TYPE", "replica").text()).contains(" flags=S ");
      assertThat(client.call("INFO", "clients").text()).contains("connected_clients:2\r\n");
    }
    TestServer.await(
        "writes to be refused",
        () -> client.call("SET", "k", "v").toString().contains("NOREPLICAS"));
  }
}
