package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.dispatch.Poller;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.testkit.LoggedLines;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedDisk.Operation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lacks memory, time or room on its way to the append-only log, and back. */
@Timeout(60)
final class AppendOnlyFaultsTest {
  private static final String FOLDER = "/appendonlydir";
  private final SimulatedDisk disk = new SimulatedDisk();

  private AofWorld start(String... settings) {
    return new AofWorld(disk, 1, settings);
  }

  private static void sendOnly(LocalClient client, Object... words) {
    CompletableFuture<@Nullable Object> unused = AofWorld.send(client, words);
  }

  // --- memory

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLogThatDoesNotFitIntoMemoryIsRefusedAndStaysWhole(boolean inTransactions)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < 40; i++) {
      if (inTransactions) {
        bytes.writeBytes(TestClient.encode("MULTI"));
      }
      bytes.writeBytes(TestClient.encode("SET", "k" + i, "v".repeat(400_000)));
      if (inTransactions) {
        bytes.writeBytes(TestClient.encode("EXEC"));
      }
    }
    disk.plant("/appendonly.aof", bytes.toByteArray());
    assertThatThrownBy(this::start)
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("the data do not fit into memory: raise maxmemory")
        .hasMessageContaining("appendonly.aof at offset ");
    assertThat(disk.bytes(FOLDER + "/appendonly.aof")).isEqualTo(bytes.toByteArray());
  }

  /** What was taken to be written must not go when there is no memory to write it with. */
  @ParameterizedTest
  @ValueSource(strings = {"always", "everysec"})
  void whatCouldNotBeWrittenForWantOfMemoryIsWrittenLater(String fsync) {
    try (AofWorld engine = start("appendfsync", fsync)) {
      engine.call("SET", "before", "1");
      engine.world().advanceMillis(100);
      disk.failForMemory(Operation.WRITE, "incr.aof");
      CompletableFuture<@Nullable Object> reply = AofWorld.send(engine.connect(), "SET", "k", "v");
      engine.world().advanceMillis(10);
      CompletableFuture<@Nullable Object> next = AofWorld.send(engine.connect(), "SET", "l", "w");
      engine.world().advanceMillis(3_000);
      assertThat(reply.join()).isEqualTo("OK");
      assertThat(next).isDone();
      assertThat(engine.info("aof_last_write_status")).isEqualTo("ok");
      assertThat(engine.call("SET", "after", "1")).isEqualTo("OK");
      engine.world().advanceMillis(2_000);
      engine.kill();
    }
    try (AofWorld engine = start()) {
      assertThat(engine.call("GET", "k")).isEqualTo("v");
      assertThat(engine.call("GET", "after")).isEqualTo("1");
    }
  }

  @Test
  void aSyncThatLacksMemoryIsASyncThatFailed() {
    try (AofWorld engine = start("appendfsync", "everysec")) {
      engine.call("SET", "k", "v");
      disk.failForMemory(Operation.SYNC, "incr.aof");
      engine.world().advanceMillis(5_000);
      engine.awaitRewrite();
      assertThat(engine.info("aof_pending_bio_fsync")).isEqualTo("0");
      assertThat(engine.call("SET", "l", "w")).isEqualTo("OK");
      assertThat(String.valueOf(engine.call("WAITAOF", "1", "0", "1500"))).isEqualTo("[1, 0]");
    }
  }

  /** Else nothing would ever be synced again, and nobody would know. */
  @Test
  void whatFailsOnceInASecondDoesNotEndTheSeconds() {
    try (AofWorld engine = start("appendfsync", "everysec")) {
      engine.call("SET", "k", "v");
      disk.vanish(FOLDER);
      disk.failForMemory(Operation.CREATE_FOLDER, FOLDER);
      assertThatThrownBy(() -> engine.world().advanceMillis(2_000))
          .isInstanceOf(OutOfMemoryError.class);
      engine.world().advanceMillis(3_000);
      assertThat(engine.info("aof_pending_rewrite")).isEqualTo("0");
      assertThat(engine.call("SET", "l", "w")).isEqualTo("OK");
      assertThat(String.valueOf(engine.call("WAITAOF", "1", "0", "1900"))).isEqualTo("[1, 0]");
    }
  }

  @Test
  void anIncrementThatCannotBeBegunForWantOfMemoryDoesNotHoldUpTheLog() {
    try (AofWorld engine = start("appendfsync", "always")) {
      engine.call("SET", "k", "v");
      disk.failForMemory(Operation.OPEN, "2.incr.aof");
      engine.sendOnly("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("err");
      assertThat(engine.call("SET", "l", "w")).isEqualTo("OK");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("ok");
    }
  }

  @Test
  void aSyncForWhichThereIsNoThreadIsTriedAgain() {
    try (AofWorld engine = start("appendfsync", "everysec")) {
      engine.world().threads(false);
      engine.call("SET", "k", "v");
      engine.world().advanceMillis(3_000);
      engine.world().threads(true);
      assertThat(String.valueOf(engine.call("WAITAOF", "1", "0", "1500"))).isEqualTo("[1, 0]");
    }
  }

  /** A pod may have only so many threads. */
  @Test
  void whatNoThreadCanBeBegunForFailsAndSaysSo() {
    try (AofWorld engine = start()) {
      engine.call("SET", "k", "v");
      engine.world().threads(false);
      engine.call("BGSAVE");
      assertThat(engine.info("rdb_bgsave_in_progress")).isEqualTo("0");
      assertThat(engine.info("rdb_last_bgsave_status")).isEqualTo("err");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("err");
      engine.world().threads(true);
      engine.call("BGSAVE");
      engine.world().advanceMillis(100);
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("rdb_last_bgsave_status")).isEqualTo("ok");
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("ok");
    }
  }

  // --- the end

  /** Changes are refused then, but those before were acknowledged, and the end is in order. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 500, 1_000, 1_001})
  void anEndSoonAfterAFailedSyncLosesNothing(int millis) {
    try (AofWorld engine = start("appendfsync", "everysec")) {
      engine.call("SET", "k", "v");
      engine.world().advanceMillis(2_000);
      disk.fail(Operation.SYNC, "incr.aof", "Input/output error", 1);
      engine.call("SET", "l", "w");
      disk.fail(Operation.OPEN, ".aof", "Input/output error", 1_000);
      engine.world().advanceMillis(1_500);
      assertThat(engine.info("aof_pending_rewrite")).isEqualTo("1");
      assertThat(engine.engine().saveAtEnd()).isFalse();
      disk.heal();
      engine.world().advanceMillis(millis);
    }
    for (int seed = 0; seed < 20; seed++) {
      try (AofWorld engine = new AofWorld(disk.afterCrash(seed), 1)) {
        assertThat(engine.call("GET", "l")).isEqualTo("w");
      }
    }
  }

  /** What was thrown away because a base would have it is safe when that is there. */
  @Test
  void repliesDoNotWaitForWhatIsInTheNewBase() {
    try (AofWorld engine = start("appendfsync", "always")) {
      engine.call("SET", "k", "v");
      disk.fail(Operation.SYNC, "incr.aof", "Input/output error", 1);
      sendOnly(engine.connect(), "SET", "k", "w", "PX", "1500");
      // While there is no file, a key that expires is an effect that nobody writes.
      disk.fail(Operation.OPEN, ".aof", "Input/output error", 2);
      engine.world().advanceMillis(5_000);
      assertThat(engine.info("aof_pending_rewrite")).isEqualTo("0");
      assertThat(engine.call("EXISTS", "k")).isEqualTo(0L);
    }
  }

  // --- room

  @ParameterizedTest
  @ValueSource(strings = {"OPEN", "WRITE"})
  void aBaseOfCommandsThatCannotBeWrittenLeavesNothingBehind(String operation) throws IOException {
    try (AofWorld engine = start("aof-use-rdb-preamble", "no")) {
      engine.call("SET", "k", "v");
      disk.fail(Operation.valueOf(operation), "-1.aof", "No space left on device", 1, 1);
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("err");
      engine.world().advanceMillis(100);
      assertThat(disk.list(FOLDER)).noneMatch(name -> name.startsWith("temp-"));
    }
  }

  @Test
  void aLogThatIsTurnedOffBeforeItHasABaseLeavesNothingBehind() throws IOException {
    try (AofWorld engine = start("appendonly", "no", "rdb-key-save-delay", "1000")) {
      engine.call("SET", "k", "v");
      engine.sendOnly("CONFIG", "SET", "appendonly", "yes");
      engine.sendOnly("SET", "l", "w");
      engine.sendOnly("CONFIG", "SET", "appendonly", "no");
      engine.world().advanceMillis(2_000);
      assertThat(disk.list(FOLDER)).isEmpty();
    }
  }

  @Test
  void aFirstBaseThatCannotBeWrittenForLongIsWrittenAsSoonAsItCan() {
    try (AofWorld engine = start("appendonly", "no", "appendfsync", "always")) {
      engine.call("SET", "k", "v".repeat(1_000));
      disk.room(100);
      engine.sendOnly("CONFIG", "SET", "appendonly", "yes");
      sendOnly(engine.connect(), "SET", "l", "w".repeat(1_000));
      engine.world().advanceMillis(120_000);
      disk.heal();
      engine.world().advanceMillis(3_000);
      assertThat(engine.info("aof_pending_rewrite")).isEqualTo("0");
      assertThat(engine.call("SET", "m", "x")).isEqualTo("OK");
    }
  }

  // --- what the log says

  @ParameterizedTest
  @ValueSource(strings = {"OPEN", "WRITE", "SYNC"})
  void whatFailsEverySecondIsNotSaidEverySecond(String operation) {
    try (LoggedLines lines = LoggedLines.ofPackage(AppendOnly.class);
        AofWorld engine = start("appendfsync", "everysec")) {
      engine.call("SET", "k", "v");
      engine.world().advanceMillis(20);
      assertThat(lines.take()).isNotEmpty();
      engine.sendOnly("SET", "k", "w");
      engine.world().advanceMillis(20);
      disk.fail(Operation.SYNC, "incr.aof", "Input/output error", 1);
      disk.fail(Operation.valueOf(operation), ".aof", "No space left on device", 1_000);
      engine.world().advanceMillis(29_000);
      assertThat(lines.take())
          .hasSizeLessThan(7)
          .anyMatch(line -> line.startsWith("Fail to write or fsync the AOF file: Input/output"))
          .anyMatch(line -> line.endsWith(": No space left on device"));
      engine.world().advanceMillis(30_000);
      assertThat(lines.take())
          .hasSizeLessThan(7)
          .anyMatch(line -> line.endsWith(": No space left on device"));
      disk.heal();
      engine.world().advanceMillis(2_000);
      assertThat(lines.take())
          .contains("AOF write error looks solved. The server can write again.")
          .contains("Background AOF rewrite finished successfully");
      engine.sendOnly("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(lines.take()).contains("Background append only file rewriting started");
    }
  }

  // --- what is said to be safe

  /** It is written before there is a base, and named by the manifest with it. */
  @Test
  void whatIsSaidToBeSafeWithTheFirstBaseSurvivesALossOfPower() {
    try (AofWorld engine = start("appendonly", "no", "rdb-key-save-delay", "1000")) {
      for (int i = 0; i < 50; i++) {
        engine.call("SET", "k" + i, "v");
      }
      engine.world().nanosPerLook(1_000_000);
      engine.sendOnly("CONFIG", "SET", "appendonly", "yes");
      engine.sendOnly("SET", "l", "w");
      CompletableFuture<@Nullable Object> safe = engine.send("WAITAOF", "1", "0", "0");
      for (int i = 0; i < 1_000 && !safe.isDone(); i++) {
        engine.world().advanceMillis(1);
      }
      assertThat(String.valueOf(safe.join())).isEqualTo("[1, 0]");
      for (int seed = 0; seed < 20; seed++) {
        try (AofWorld again = new AofWorld(disk.afterCrash(seed), 1)) {
          assertThat(again.call("GET", "l")).isEqualTo("w");
        }
      }
      engine.world().nanosPerLook(0);
    }
  }

  /** It had begun before changes were refused, and others were let in meanwhile. */
  @ParameterizedTest
  @ValueSource(strings = {"WRITE", "SYNC"})
  void aScriptIsAnsweredWhenItsEffectsAreSafeIfTheDiskFailsMeanwhile(String operation) {
    try (AofWorld engine = start("appendfsync", "always", "busy-reply-threshold", "1")) {
      sendOnly(engine.connect(), "SET", "before", "1");
      disk.fail(Operation.valueOf(operation), "incr.aof", "Input/output error", 1_000);
      disk.fail(Operation.OPEN, ".aof", "Input/output error", 1_000);
      lettingIn(engine, () -> engine.world().advanceMillis(50));
      engine.world().nanosPerLook(10_000);
      LocalClient sender = engine.connect();
      CompletableFuture<@Nullable Object> reply =
          AofWorld.send(
              sender,
              "EVAL",
              "redis.call('SET', 'k', 'v') for i = 1, 2000000 do end"
                  + " return redis.call('SET', 'l', 'w')",
              "0");
      engine.world().nanosPerLook(0);
      engine.world().advanceMillis(3_000);
      assertThat(engine.call("SET", "m", "x")).asString().startsWith("-MISCONF ");
      assertThat(engine.call("GET", "l")).isEqualTo("w");
      assertThat(reply).isNotDone();
      CompletableFuture<@Nullable Object> next = AofWorld.send(sender, "GET", "before");

      disk.heal();
      engine.world().advanceMillis(3_000);
      assertThat(reply.join()).isEqualTo("OK");
      assertThat(next.join()).isEqualTo("1");
      engine.kill();
    }
    for (int seed = 0; seed < 20; seed++) {
      try (AofWorld engine = new AofWorld(disk.afterCrash(seed), 1)) {
        assertThat(engine.call("GET", "k")).isEqualTo("v");
        assertThat(engine.call("GET", "l")).isEqualTo("w");
      }
    }
  }

  private static void lettingIn(AofWorld engine, Runnable meanwhile) {
    engine
        .engine()
        .engine()
        .scriptHost()
        .addPoller(
            new Poller() {
              @Override
              public boolean isHere() {
                return true;
              }

              @Override
              public void poll() {
                meanwhile.run();
              }
            });
  }

  // --- clocks and figures

  @Test
  void aClockThatGoesBackDoesNotPutOffTheNextTry() {
    try (AofWorld engine = start("auto-aof-rewrite-min-size", "1")) {
      engine.call("SET", "k", "v".repeat(1_000));
      for (int i = 1; i <= 3; i++) {
        disk.fail(Operation.OPEN, "-" + i + ".aof", "No space left on device", 1);
      }
      engine.world().advanceMillis(5_000);
      assertThat(engine.info("aof_rewrites_consecutive_failures")).isEqualTo("3");
      engine.world().jumpWallMillis(-86_400_000);
      engine.world().advanceMillis(70_000);
      assertThat(engine.info("aof_rewrites_consecutive_failures")).isEqualTo("0");
    }
  }

  /** Else an engine that is often restarted would never rewrite its log. */
  @Test
  void growthIsCountedFromTheBaseThatIsFoundAtTheStart() throws IOException {
    try (AofWorld engine = start()) {
      engine.call("SET", "k", "v".repeat(1_000));
    }
    try (AofWorld engine = start()) {
      assertThat(engine.info("aof_base_size"))
          .isEqualTo(String.valueOf(disk.size(FOLDER + "/appendonly.aof.1.base.rdb")));
      assertThat(Integer.parseInt(engine.info("aof_current_size"))).isGreaterThan(1_000);
    }
  }

  @Test
  void aRewriteThatIsGivenUpTakesNoTimeAnyMore() {
    try (AofWorld engine = start("rdb-key-save-delay", "1")) {
      engine.call("SET", "k", "v");
      engine.sendOnly("BGREWRITEAOF");
      engine.sendOnly("CONFIG", "SET", "appendonly", "no");
      engine.world().advanceMillis(5_000);
      assertThat(engine.info("aof_rewrite_in_progress")).isEqualTo("0");
      assertThat(engine.info("aof_current_rewrite_time_sec")).isEqualTo("-1");
    }
  }

  @Test
  void whatARewriteGathersIsCounted() {
    try (AofWorld engine = start("rdb-key-save-delay", "1000", "rdbcompression", "no")) {
      for (int i = 0; i < 100; i++) {
        engine.call("SET", "k" + i, "v".repeat(10_000));
      }
      assertThat(engine.info("aof_last_cow_size")).isEqualTo("0");
      engine.call("BGREWRITEAOF");
      engine.awaitRewrite();
      assertThat(Integer.parseInt(engine.info("aof_last_cow_size"))).isBetween(1, 200_000);
      engine.sendOnly("BGREWRITEAOF");
      for (int i = 0; i < 100; i++) {
        engine.sendOnly("SET", "k" + i, "w".repeat(10_000));
      }
      engine.awaitRewrite();
      assertThat(engine.info("aof_last_bgrewrite_status")).isEqualTo("ok");
      String ofTheLog = engine.info("aof_last_cow_size");
      assertThat(Integer.parseInt(ofTheLog)).isGreaterThan(900_000);
      assertThat(engine.info("rdb_last_cow_size")).isEqualTo("0");
      engine.sendOnly("BGSAVE");
      for (int i = 0; i < 50; i++) {
        engine.sendOnly("SET", "k" + i, "x".repeat(10_000));
      }
      engine.awaitSave();
      assertThat(Integer.parseInt(engine.info("rdb_last_cow_size"))).isBetween(400_000, 900_000);
      assertThat(engine.info("aof_last_cow_size")).isEqualTo(ofTheLog);
      assertThat(engine.info("current_cow_peak")).isEqualTo("0");
    }
  }

  @Test
  void whatCannotBeWrittenCountsAsWaiting() {
    try (AofWorld engine = start()) {
      disk.room(10);
      sendOnly(engine.connect(), "SET", "k", "v".repeat(1_000));
      engine.world().advanceMillis(10);
      assertThat(Integer.parseInt(engine.info("aof_buffer_length"))).isGreaterThan(1_000);
      disk.heal();
      engine.world().advanceMillis(1_500);
      assertThat(engine.info("aof_buffer_length")).isEqualTo("0");
    }
  }

  /** Somebody who asks again and again must not fill the heap. */
  @Test
  void whoGivesUpWaitingForASyncIsForgotten() {
    try (AofWorld engine = start("appendfsync", "no")) {
      LocalClient client = engine.connect();
      sendOnly(client, "SET", "k", "v");
      for (int i = 0; i < 100; i++) {
        sendOnly(client, "WAITAOF", "1", "0", "1");
        engine.world().advanceMillis(5);
      }
      assertThat(engine.engine().engine().offsetWaitCount()).isZero();
    }
  }
}
