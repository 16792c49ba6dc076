package io.pillion.engine.persistence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.server.LocalClient;
import io.pillion.engine.testkit.EngineServer;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedDisk.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The append-only log of an engine whose disk and time a test moves. */
@Timeout(60)
final class AppendOnlyTest {
  private static final String FOLDER = "/appendonlydir/";
  private final SimulatedDisk disk = new SimulatedDisk();

  private AofWorld start(String... settings) {
    return new AofWorld(disk, 1, settings);
  }

  private String file(String name) throws IOException {
    return new String(disk.bytes(FOLDER + name), ISO_8859_1);
  }

  private static String lines(String... lines) {
    return String.join("\n", lines) + "\n";
  }

  private static String resp(String... words) {
    return new String(TestClient.encode((Object[]) words), ISO_8859_1);
  }

  private static void fill(AofWorld engine) {
    engine.call("SET", "s", "string");
    engine.call("HSET", "h", "f", "1", "g", "2");
    engine.call("RPUSH", "l", "a", "b", "c");
    engine.call("SADD", "set", "x", "y", "1");
    engine.call("ZADD", "z", "1", "m", "2.5", "n");
    engine.call("SET", "later", "v", "EX", "100");
    engine.call("SELECT", "2");
    engine.call("SET", "other", "db");
    engine.call("SELECT", "0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"always", "everysec", "no"})
  void whatWasWrittenIsThereAgain(String fsync) throws IOException {
    String digest;
    try (AofWorld engine = start("appendfsync", fsync)) {
      fill(engine);
      digest = engine.digest();
    }
    assertThat(file("appendonly.aof.manifest"))
        .isEqualTo(
            lines(
                "file appendonly.aof.1.base.rdb seq 1 type b",
                "file appendonly.aof.1.incr.aof seq 1 type i"));
    assertThat(file("appendonly.aof.1.incr.aof"))
        .startsWith("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\ns\r\n");
    try (AofWorld engine = start("appendfsync", fsync)) {
      assertThat(engine.digest()).isEqualTo(digest);
      assertThat(engine.call("GET", "s")).isEqualTo("string");
      engine.call("INCR", "counter");
    }
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "counter")).isEqualTo("1");
    }
  }

  @Test
  void transactionsAreKeptTogether() throws IOException {
    try (AofWorld engine = start()) {
      engine.call("MULTI");
      engine.call("SET", "a", "1");
      engine.call("INCR", "b");
      engine.call("EXEC");
      engine.call("MULTI");
      engine.call("SET", "c", "1");
      engine.call("EXEC");
    }
    assertThat(file("appendonly.aof.1.incr.aof"))
        .isEqualTo(
            resp("MULTI")
                + resp("SELECT", "0")
                + resp("SET", "a", "1")
                + resp("INCR", "b")
                + resp("EXEC")
                + resp("SET", "c", "1"));
  }

  @Test
  void keysDoNotExpireWhileTheyAreLoaded() {
    try (AofWorld engine = start("appendfsync", "always")) {
      engine.call("SET", "n", "41", "PX", "1000");
      engine.call("INCR", "n");
      engine.call("PERSIST", "n");
      engine.call("SET", "gone", "v", "PX", "1000");
    }
    try (AofWorld engine = start()) {
      // A minute of another life has passed; the first deadline was in it.
      engine.world().jumpWallMillis(60_000);
      assertThat(engine.call("GET", "n")).isEqualTo("42");
      assertThat(engine.call("GET", "gone")).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "no"})
  void aRewriteMakesABaseOfWhatIsThere(String rdb) throws IOException {
    String digest;
    try (AofWorld engine = start("appendfsync", "always", "aof-use-rdb-preamble", rdb)) {
      fill(engine);
      engine.call("CONFIG", "SET", "aof-timestamp-enabled", "yes");
      assertThat(engine.call("BGREWRITEAOF"))
          .isEqualTo("Background append only file rewriting started");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("ok");
      engine.call("INCR", "after");
      digest = engine.digest();
      engine.kill();
    }
    String kind = rdb.equals("yes") ? "rdb" : "aof";
    assertThat(file("appendonly.aof.manifest"))
        .isEqualTo(
            "file appendonly.aof.2.base."
                + kind
                + " seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n");
    assertThat(disk.list("/appendonlydir"))
        .containsExactly(
            "appendonly.aof.2.base." + kind,
            "appendonly.aof.2.incr.aof",
            "appendonly.aof.manifest");
    assertThat(file("appendonly.aof.2.base." + kind))
        .startsWith(rdb.equals("yes") ? "REDIS" : "#TS:");
    try (AofWorld engine = start()) {
      assertThat(engine.digest()).isEqualTo(digest);
    }
  }

  /** What is loaded again has no clock, so that it must be told of each field that was due. */
  @Test
  void writesOnHashesWithManyDueFieldsAreTheSameWhenLoadedAgain() {
    SimulatedDisk disk = new SimulatedDisk();
    try (AofWorld engine = new AofWorld(disk, 1)) {
      for (String key : List.of("kept", "emptied")) {
        engine.call("HSET", key, "live", 1);
        for (int i = 0; i < 500; i++) {
          engine.call("HSET", key, "f" + i, i);
          engine.call("HPEXPIREAT", key, 1_700_000_100_000L, "FIELDS", 1, "f" + i);
        }
      }
      engine.call("HSET", "whole", "f", 1);
      engine.call("HPEXPIREAT", "whole", 1_700_000_100_000L, "FIELDS", 1, "f");
      engine.call("DEBUG", "SET-ACTIVE-EXPIRE", 0);
      engine.world().jumpWallMillis(200_000);
      assertThat(engine.call("HINCRBY", "kept", "f400", 5)).isEqualTo(5L);
      assertThat(engine.call("HDEL", "kept", "f401")).isEqualTo(0L);
      assertThat(engine.call("HSETNX", "kept", "f402", "new")).isEqualTo(1L);
      assertThat(engine.call("HDEL", "emptied", "live")).isEqualTo(1L);
      assertThat(engine.call("HSET", "whole", "g", 1)).isEqualTo(1L);
    }
    // Here it is before the deadlines: who is not there has been removed by the log.
    try (AofWorld engine = new AofWorld(disk, 1)) {
      assertThat(engine.call("HGET", "kept", "f400")).isEqualTo("5");
      assertThat(engine.call("HEXISTS", "kept", "f401")).isEqualTo(0L);
      assertThat(engine.call("HGET", "kept", "f402")).isEqualTo("new");
      assertThat(engine.call("HEXISTS", "kept", "f499")).isEqualTo(1L);
      assertThat(engine.call("EXISTS", "emptied")).isEqualTo(0L);
      assertThat(engine.call("HLEN", "whole")).isEqualTo(1L);
    }
  }

  @Test
  void aBaseOfCommandsHasOneForManyFieldsThatLeaveTogether() throws IOException {
    String digest;
    try (AofWorld engine = start("aof-use-rdb-preamble", "no")) {
      for (int i = 0; i < 2_000; i++) {
        engine.call("HSET", "h", "f" + i, i);
        long deadline = 1_800_000_000_000L + (i < 1_500 ? 0 : i < 1_900 ? 1 : i);
        engine.call("HPEXPIREAT", "h", deadline, "FIELDS", 1, "f" + i);
      }
      engine.call("HSET", "h", "stays", "v");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      digest = engine.digest();
      engine.kill();
    }
    String base = file("appendonly.aof.2.base.aof");
    // 1,500 in commands of 512, 400 in one, and 100 that have each their own deadline.
    assertThat(base.split("HPEXPIREAT", -1)).hasSize(1 + 3 + 1 + 100);
    try (AofWorld engine = start()) {
      assertThat(engine.digest()).isEqualTo(digest);
      assertThat(String.valueOf(engine.call("HPEXPIRETIME", "h", "FIELDS", 2, "f0", "stays")))
          .isEqualTo("[1800000000000, -1]");
    }
  }

  @Test
  void replacedFilesAreKeptWhenToldTo() throws IOException {
    try (AofWorld engine = start("aof-disable-auto-gc", "yes")) {
      engine.call("SET", "k", "v");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(String.valueOf(engine.call("INFO", "stats"))).contains("total_forks:2\r\n");
      assertThat(file("appendonly.aof.manifest"))
          .isEqualTo(
              lines(
                  "file appendonly.aof.3.base.rdb seq 3 type b",
                  "file appendonly.aof.2.incr.aof seq 2 type h",
                  "file appendonly.aof.2.base.rdb seq 2 type h",
                  "file appendonly.aof.1.incr.aof seq 1 type h",
                  "file appendonly.aof.1.base.rdb seq 1 type h",
                  "file appendonly.aof.3.incr.aof seq 3 type i"));
      // Once it is answered nothing names them any more; in a transaction nobody waits.
      assertThat(engine.call("CONFIG", "SET", "aof-disable-auto-gc", "no")).isEqualTo("OK");
      assertThat(file("appendonly.aof.manifest"))
          .isEqualTo(
              lines(
                  "file appendonly.aof.3.base.rdb seq 3 type b",
                  "file appendonly.aof.3.incr.aof seq 3 type i"));
      engine.call("MULTI");
      engine.call("CONFIG", "SET", "aof-disable-auto-gc", "yes");
      assertThat((List<?>) engine.call("EXEC")).hasSize(1);
    }
    assertThat(disk.list("/appendonlydir"))
        .containsExactly(
            "appendonly.aof.3.base.rdb", "appendonly.aof.3.incr.aof", "appendonly.aof.manifest");
  }

  @Test
  void turnedOnAndOffWhileItRuns() {
    String digest;
    try (AofWorld engine = start("appendonly", "no")) {
      fill(engine);
      assertThat(disk.isFolder("/appendonlydir")).isFalse();
      assertThat(engine.call("CONFIG", "SET", "appendonly", "yes")).isEqualTo("OK");
      engine.call("INCR", "while");
      engine.awaitRewrite();
      assertThat(engine.info("aof_enabled")).isEqualTo("1");
      assertThat(engine.info("aof_pending_rewrite")).isEqualTo("0");
      engine.call("INCR", "after");
      assertThat(engine.call("CONFIG", "SET", "appendonly", "no")).isEqualTo("OK");
      engine.call("CONFIG", "SET", "appendonly", "yes");
      engine.awaitRewrite();
      engine.call("INCR", "again");
      digest = engine.digest();
      engine.call("CONFIG", "SET", "appendonly", "no");
      engine.world().advanceMillis(10);
      engine.call("SET", "not", "kept");
    }
    try (AofWorld engine = start()) {
      assertThat(engine.digest()).isEqualTo(digest);
    }
  }

  /** Nothing that was acknowledged may be in a file that the manifest of the new folder lacks. */
  @Test
  void theLogStaysWhereItIsUntilItIsTurnedOnAgain() throws IOException {
    disk.createFolder("/two");
    String digest;
    try (AofWorld engine = start("enable-protected-configs", "yes")) {
      engine.call("SET", "k", "v");
      assertThat(engine.call("CONFIG", "SET", "dir", "/two")).isEqualTo("OK");
      engine.call("SET", "l", "v");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("ok");
      assertThat(file("appendonly.aof.manifest")).contains("appendonly.aof.2.base.rdb");
      assertThat(disk.list("/two")).isEmpty();
      engine.call("SET", "m", "v");
      assertThat(engine.call("DEBUG", "LOADAOF")).isEqualTo("OK");
      digest = engine.digest();
      engine.call("CONFIG", "SET", "appendonly", "no");
      engine.call("CONFIG", "SET", "appendonly", "yes");
      engine.awaitRewrite();
      assertThat(disk.isFolder("/two/appendonlydir")).isTrue();
      engine.world().advanceMillis(2_000);
      engine.kill();
    }
    for (String dir : List.of("/", "/two")) {
      try (AofWorld engine = start("dir", dir)) {
        assertThat(engine.digest()).isEqualTo(digest);
      }
    }
  }

  @Test
  void aBaseOfALogThatIsOffGoesWhereItWouldBeLookedFor() throws IOException {
    disk.createFolder("/two");
    try (AofWorld engine = start("appendonly", "no", "enable-protected-configs", "yes")) {
      engine.call("SET", "k", "v");
      engine.call("CONFIG", "SET", "dir", "/two");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("ok");
    }
    try (AofWorld engine = start("dir", "/two")) {
      assertThat(engine.call("GET", "k")).isEqualTo("v");
    }
  }

  @Test
  void theSingleFileOfOldVersionsIsTakenOver() throws IOException {
    disk.plant("/appendonly.aof", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n".getBytes(ISO_8859_1));
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "k")).isEqualTo("v");
      engine.call("SET", "l", "w");
    }
    assertThat(disk.exists("/appendonly.aof")).isFalse();
    assertThat(file("appendonly.aof.manifest"))
        .isEqualTo(
            "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "k")).isEqualTo("v");
      assertThat(engine.call("GET", "l")).isEqualTo("w");
    }
  }

  /** As old versions have written them, when a script was logged as it was sent. */
  @Test
  void scriptsOfAnOldFileAreCarriedOut() {
    String plain = "return redis.call('SET', KEYS[1], 'plain')";
    String flagged = "#!lua flags=\nreturn redis.call('SET', KEYS[1], 'flagged')";
    String library =
        "#!lua name=lib\nredis.register_function('put', function(keys)"
            + " return redis.call('SET', keys[1], 'function') end)";
    disk.plant(
        "/appendonly.aof",
        (resp("EVAL", plain, "1", "a")
                + resp("EVAL", flagged, "1", "b")
                + resp("FUNCTION", "LOAD", library)
                + resp("FCALL", "put", "1", "c"))
            .getBytes(ISO_8859_1));
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "a")).isEqualTo("plain");
      assertThat(engine.call("GET", "b")).isEqualTo("flagged");
      assertThat(engine.call("GET", "c")).isEqualTo("function");
    }
  }

  @Test
  void debugLoadaofReadsEverythingAgain() {
    try (AofWorld engine = start()) {
      fill(engine);
      String digest = engine.digest();
      assertThat(engine.call("DEBUG", "LOADAOF")).isEqualTo("OK");
      assertThat(engine.digest()).isEqualTo(digest);
      assertThat(String.valueOf(engine.call("INFO", "persistence")))
          .contains("rdb_changes_since_last_save:0\r\n");
      engine.call("SET", "more", "1");
      assertThat(engine.call("DEBUG", "LOADAOF")).isEqualTo("OK");
      assertThat(engine.call("GET", "more")).isEqualTo("1");
    }
  }

  /** It reads what is there, whether anything is written to it or not. */
  @Test
  void debugLoadaofWorksWhileTheLogIsOff() {
    try (AofWorld engine = start("appendonly", "no")) {
      engine.call("SET", "k", "v");
      assertThat(String.valueOf(engine.call("DEBUG", "LOADAOF"))).startsWith("-ERR Error trying");
      assertThat(engine.call("GET", "k")).isEqualTo("v");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      engine.call("SET", "later", "v");
      assertThat(engine.call("DEBUG", "LOADAOF")).isEqualTo("OK");
      assertThat(engine.call("EXISTS", "k", "later")).isEqualTo(1L);
    }
  }

  @Test
  void waitaofWaitsForTheSync() {
    try (AofWorld engine = start("appendfsync", "everysec")) {
      engine.call("SET", "k", "v");
      CompletableFuture<@Nullable Object> waiting = engine.send("WAITAOF", "1", "0", "0");
      assertThat(waiting).isNotDone();
      engine.world().advanceMillis(1_100);
      assertThat(String.valueOf(waiting.join())).isEqualTo("[1, 0]");
      engine.call("SET", "k", "w");
      CompletableFuture<@Nullable Object> late = engine.send("WAITAOF", "1", "0", "10");
      engine.world().advanceMillis(20);
      assertThat(String.valueOf(late.join())).isEqualTo("[0, 0]");
      assertThat(String.valueOf(engine.call("WAITAOF", "2", "0", "0")))
          .isEqualTo("-ERR value is out of range, value must between 0 and 1");
    }
    try (AofWorld engine = start("appendonly", "no")) {
      assertThat(String.valueOf(engine.call("WAITAOF", "1", "0", "0")))
          .startsWith("-ERR WAITAOF cannot be used when numlocal is set");
    }
  }

  @Test
  void waitaofEndsWhenTheLogIsTurnedOff() {
    try (AofWorld engine = start("appendfsync", "no")) {
      List<CompletableFuture<@Nullable Object>> waiting = new ArrayList<>();
      for (String replicas : List.of("0", "1")) {
        LocalClient other = engine.connect();
        assertThat(AofWorld.send(other, "SET", "k", "v").join()).isEqualTo("OK");
        waiting.add(AofWorld.send(other, "WAITAOF", "1", replicas, "0"));
      }
      engine.call("CONFIG", "SET", "appendonly", "no");
      engine.world().advanceMillis(10);
      for (CompletableFuture<@Nullable Object> each : waiting) {
        assertThat(String.valueOf(each.join()))
            .contains("WAITAOF cannot be used when numlocal is set but appendonly is disabled");
      }
    }
  }

  /** What was written before a base could be begun is in that base. */
  @Test
  void waitaofWaitsForABaseThatHadToWait(@TempDir Path folder) {
    try (EngineServer server = EngineServer.in(folder)) {
      TestClient client = server.client();
      client.ok("SET", "k", "v");
      client.ok("CONFIG", "SET", "rdb-key-save-delay", 100_000_000);
      client.call("BGSAVE");
      client.ok("CONFIG", "SET", "appendonly", "yes");
      client.ok("SET", "k", "w");
      client.ok("CONFIG", "SET", "rdb-key-save-delay", 0);
      client.call("WAITAOF", 1, 0, 30_000).isList(1L, 0L);
    }
  }

  @Test
  void aFileCutWithinACommandOrTransactionIsCutOffThere() throws IOException {
    String begin = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
    for (String tail :
        new String[] {
          "*1\r\n$5\r\nMULTI\r\n" + begin, "*3\r\n$3\r\nSET\r\n$1\r\nk", "*", "*3", "*2\r\n$"
        }) {
      SimulatedDisk cut = new SimulatedDisk();
      cut.plant("/appendonly.aof", (begin + tail).getBytes(ISO_8859_1));
      try (AofWorld engine = new AofWorld(cut, 1)) {
        assertThat(engine.call("GET", "k")).isEqualTo("v");
      }
      assertThat(new String(cut.bytes(FOLDER + "appendonly.aof"), ISO_8859_1)).isEqualTo(begin);
      SimulatedDisk refused = new SimulatedDisk();
      refused.plant("/appendonly.aof", (begin + tail).getBytes(ISO_8859_1));
      assertThatThrownBy(() -> new AofWorld(refused, 1, "aof-load-truncated", "no"))
          .isInstanceOf(PersistenceException.class)
          .hasMessageContaining("Unexpected end of file reading the append only file")
          .hasMessageContaining("offset " + begin.length());
    }
  }

  @Test
  void whatIsNoCommandIsRefusedWithItsPlace() {
    disk.plant(
        "/appendonly.aof", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n!!!\r\n".getBytes(ISO_8859_1));
    assertThatThrownBy(this::start)
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("Bad file format reading the append only file")
        .hasMessageContaining("at offset 27");
  }

  @Test
  void aFullDiskRefusesWritesAndRecovers() {
    try (AofWorld engine = start("appendfsync", "always")) {
      engine.call("SET", "k", "v");
      disk.room(10);
      LocalClient held = engine.connect();
      CompletableFuture<@Nullable Object> lost = AofWorld.send(held, "SET", "waits", "1");
      engine.world().advanceMillis(10);
      assertThat(lost).isNotDone();
      assertThat(engine.call("SET", "k", "w"))
          .isEqualTo("-MISCONF Errors writing to the AOF file: No space left on device");
      assertThat(engine.call("GET", "k")).isEqualTo("v");
      assertThat(engine.info("aof_last_write_status")).isEqualTo("err");
      assertThat(engine.info("aof_buffer_length"))
          .isEqualTo(String.valueOf("*3\r\n$3\r\nSET\r\n$5\r\nwaits\r\n$1\r\n1\r\n".length()));
      assertThat(engine.call("PING"))
          .isEqualTo("-MISCONF Errors writing to the AOF file: No space left on device");
      disk.heal();
      engine.world().advanceMillis(1_500);
      assertThat(lost.join()).isEqualTo("OK");
      assertThat(engine.info("aof_buffer_length")).isEqualTo("0");
      assertThat(engine.call("PING")).isEqualTo("PONG");
      assertThat(engine.call("SET", "k", "w")).isEqualTo("OK");
      engine.kill();
    }
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "waits")).isEqualTo("1");
      assertThat(engine.call("GET", "k")).isEqualTo("w");
    }
  }

  @Test
  void aSaveInTheBackgroundThatLacksMemoryEndsAndSaysSo() {
    try (AofWorld engine = start()) {
      engine.call("SET", "k", "v");
      disk.failForMemory(Operation.WRITE, ".rdb");
      assertThat(engine.call("BGSAVE")).isEqualTo("Background saving started");
      engine.world().advanceMillis(100);
      assertThat(engine.info("rdb_bgsave_in_progress")).isEqualTo("0");
      assertThat(engine.info("rdb_last_bgsave_status")).isEqualTo("err");
      assertThat(engine.call("BGSAVE")).isEqualTo("Background saving started");
      engine.world().advanceMillis(100);
      assertThat(engine.info("rdb_last_bgsave_status")).isEqualTo("ok");
    }
  }

  /** What one of them has yet to do is done when the next has begun already. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 5, 10, 20, 40, 60, 80, 100, 101, 102, 103, 104, 105})
  void turnedOffAndOnAgainWhileABaseIsWrittenItIsWhole(int millis) {
    try (AofWorld engine = start("rdb-key-save-delay", "1")) {
      for (int i = 0; i < 100; i++) {
        engine.call("INCR", "k" + i);
      }
      String digest = engine.digest();
      engine.world().nanosPerLook(1_000_000);
      engine.sendOnly("BGREWRITEAOF");
      engine.world().advanceMillis(millis);
      engine.sendOnly("CONFIG", "SET", "appendonly", "no");
      engine.sendOnly("CONFIG", "SET", "appendonly", "yes");
      engine.sendOnly("SET", "after", "1");
      engine.world().nanosPerLook(0);
      engine.awaitRewrite();
      assertThat(engine.info("aof_pending_rewrite")).isEqualTo("0");
      assertThat(engine.call("DEL", "after")).isEqualTo(1L);
      assertThat(engine.digest()).isEqualTo(digest);
      engine.world().advanceMillis(3_000);
      engine.kill();
      try (AofWorld again = start()) {
        assertThat(again.digest()).isEqualTo(digest);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"always", "everysec"})
  void aRewriteThatFailsOnAFullDiskDoesNotHoldUpTheLog(String fsync) {
    try (AofWorld engine = start("appendfsync", fsync)) {
      engine.call("SET", "k", "v");
      engine.world().advanceMillis(2_000);
      disk.room(10);
      LocalClient held = engine.connect();
      CompletableFuture<@Nullable Object> waits = AofWorld.send(held, "SET", "waits", "1");
      engine.world().advanceMillis(10);
      engine.sendOnly("BGREWRITEAOF");
      engine.world().advanceMillis(1_000);
      disk.heal();
      engine.world().advanceMillis(3_000);
      assertThat(waits.join()).isEqualTo("OK");
      engine.reconnect();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("err");
      assertThat(engine.call("SET", "after", "1")).isEqualTo("OK");
      engine.world().advanceMillis(2_000);
      engine.kill();
    }
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "waits")).isEqualTo("1");
      assertThat(engine.call("GET", "after")).isEqualTo("1");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"always", "everysec"})
  void afterAFailedSyncTheWaitingAreCutOffAndANewBaseIsWritten(String fsync) throws IOException {
    try (AofWorld engine = start("appendfsync", fsync)) {
      engine.call("SET", "k", "v");
      engine.world().advanceMillis(2_000);
      disk.fail(Operation.SYNC, "incr.aof", "Input/output error", 1);
      LocalClient doubtful = engine.connect();
      CompletableFuture<@Nullable Object> reply = AofWorld.send(doubtful, "SET", "k", "w");
      engine.world().advanceMillis(fsync.equals("always") ? 1 : 1_100);
      assertThat(String.valueOf(reply.join())).contains(fsync.equals("always") ? "closed" : "OK");
      engine.world().advanceMillis(3_000);
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_write_status")).isEqualTo("ok");
      assertThat(engine.call("GET", "k")).isEqualTo("w");
      assertThat(engine.call("SET", "after", "1")).isEqualTo("OK");
      engine.world().advanceMillis(2_000);
      engine.kill();
    }
    assertThat(file("appendonly.aof.manifest"))
        .isEqualTo(
            lines(
                "file appendonly.aof.2.base.rdb seq 2 type b",
                "file appendonly.aof.2.incr.aof seq 2 type i"));
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "k")).isEqualTo("w");
      assertThat(engine.call("GET", "after")).isEqualTo("1");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"WRITE", "SYNC"})
  void whoWaitsForALogThatIsTurnedOffAndFailsIsCutOff(String operation) {
    try (AofWorld engine = start("appendfsync", "always")) {
      engine.call("SET", "k", "v");
      disk.fail(Operation.valueOf(operation), "incr.aof", "Input/output error", 10);
      LocalClient doubtful = engine.connect();
      CompletableFuture<@Nullable Object> reply = AofWorld.send(doubtful, "SET", "k", "w");
      CompletableFuture<@Nullable Object> turningOff =
          engine.send("CONFIG", "SET", "appendonly", "no");
      engine.world().advanceMillis(100);
      assertThat(turningOff).isDone();
      assertThat(String.valueOf(reply.join())).contains("closed");
      engine.reconnect();
      assertThat(engine.info("aof_enabled")).isEqualTo("0");
      assertThat(engine.call("SET", "k", "x")).isEqualTo("OK");
    }
  }

  @Test
  void aFolderThatVanishesIsMadeAgain() {
    String digest;
    try (AofWorld engine = start("appendfsync", "always")) {
      fill(engine);
      disk.vanish("/appendonlydir");
      engine.world().advanceMillis(5_000);
      engine.awaitRewrite();
      assertThat(engine.call("INCR", "after")).isEqualTo(1L);
      digest = engine.digest();
      engine.kill();
    }
    try (AofWorld engine = start()) {
      assertThat(engine.digest()).isEqualTo(digest);
    }
  }

  @Test
  void aReadOnlyFolderRefusesWritesUntilItIsNot() {
    try (AofWorld engine = start("appendfsync", "always")) {
      disk.readOnly("/appendonlydir");
      LocalClient held = engine.connect();
      CompletableFuture<@Nullable Object> waits = AofWorld.send(held, "SET", "k", "v");
      engine.world().advanceMillis(10);
      assertThat(engine.call("SET", "k", "w"))
          .isEqualTo("-MISCONF Errors writing to the AOF file: Read-only file system");
      assertThat(waits).isNotDone();
      disk.heal();
      engine.world().advanceMillis(1_500);
      assertThat(waits.join()).isEqualTo("OK");
    }
  }
}
