package io.pillion.engine.persistence.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.world.SimulatedDisk;
import io.pillion.engine.world.SimulatedDisk.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a restore leaves, whenever and however it breaks off, and who else is told of it. */
class RestoreTest {
  private static final String NOON = "2026-03-01T12:00:00Z";
  private static final String[] LOGGED = {"appendonly", "yes", "appendfsync", "always"};
  private static final String[] SAVED = {"save", "3600 1"};
  private static final String LIBRARY =
      "#!lua name=lib\nredis.register_function('answer', function() return 42 end)";

  private final SimulatedDisk disk = new SimulatedDisk();

  private String makeBackup(String name) {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      assertThat(engine.call("BACKUP", "CREATE", name)).isEqualTo(name);
      return engine.digest();
    }
  }

  // --- into a running engine

  @Test
  void aRestoreThatBreaksOffAfterAllIsToldAndCanBeMadeAgain() {
    String backedUp = makeBackup("first");
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      engine.call("SET", "k", "mine");
      // Its sum is compared, it is tried, then it is loaded.
      disk.fail(Operation.OPEN, "first.rdb.gz", "Input/output error", /* passing= */ 2, 1);
      assertThat(engine.call("BACKUP", "RESTORE", "first"))
          .startsWith("-ERR the restore broke off: cannot read /backups: Input/output error");
      assertThat(engine.call("GET", "k")).startsWith("-LOADING");
      assertThat(engine.call("SET", "k", "2")).startsWith("-LOADING");
      assertThat(engine.info("loading")).isEqualTo("1");
      assertThat(engine.info("backup_last_error")).contains("restore first");
      assertThat(engine.call("CONFIG", "SET", "appendonly", "no")).isEqualTo("OK");
      assertThat(engine.call("CONFIG", "SET", "appendonly", "yes")).isEqualTo("OK");
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      assertThat(engine.digest()).isEqualTo(backedUp);
      assertThat(engine.call("SET", "k", "2")).isEqualTo("OK");
    }
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      assertThat(engine.call("GET", "k")).isEqualTo("2");
      assertThat(engine.call("GET", "string3")).isEqualTo("valuevaluevalue");
    }
  }

  @Test
  void aRestartAfterARestoreThatBrokeOffBeginsWithTheOldData() {
    makeBackup("first");
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      engine.call("SET", "k", "mine");
      disk.fail(Operation.OPEN, "first.rdb.gz", "Input/output error", /* passing= */ 2, 1);
      assertThat(engine.call("BACKUP", "RESTORE", "first")).startsWith("-ERR");
      engine.world().advanceMillis(5000);
    }
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      assertThat(engine.call("GET", "k")).isEqualTo("mine");
      assertThat(engine.call("DBSIZE")).isEqualTo("1");
    }
  }

  @Test
  void anEngineThatEndsWhileItRestoresKeepsTheOldDataOrHasTheNew() {
    String backedUp = makeBackup("first");
    for (int millis = 0; millis < 3; millis++) {
      SimulatedDisk copy = disk.afterCrash(millis);
      String mine;
      try (BackupWorld engine = new BackupWorld(copy, NOON, LOGGED)) {
        engine.call("SET", "k", "mine");
        mine = engine.digest();
        assertThat(engine.send("BACKUP", "RESTORE", "first")).isNotDone();
        engine.world().advanceMillis(millis);
      }
      try (BackupWorld engine = new BackupWorld(copy, NOON, LOGGED)) {
        assertThat(engine.digest()).isIn(mine, backedUp);
      }
    }
  }

  /** Before the answer either the old data or the new, afterwards the new; never anything else. */
  @Test
  void aLossOfPowerDuringARestoreLeavesTheOldDataOrTheNew() {
    String backedUp = makeBackup("first");
    List<SimulatedDisk> states = new ArrayList<>();
    List<SimulatedDisk> statesAfter = new ArrayList<>();
    String mine;
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      engine.call("SET", "k", "mine");
      mine = engine.digest();
      disk.beforeChange(() -> states.add(disk.afterCrash(states.size())));
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      disk.beforeChange(() -> {});
      for (int i = 0; i < 10; i++) {
        statesAfter.add(disk.afterCrash(i));
      }
    }
    for (SimulatedDisk state : states) {
      try (BackupWorld engine = new BackupWorld(state, NOON, LOGGED)) {
        assertThat(engine.digest()).isIn(mine, backedUp);
      }
    }
    for (SimulatedDisk state : statesAfter) {
      try (BackupWorld engine = new BackupWorld(state, NOON, LOGGED)) {
        assertThat(engine.digest()).isEqualTo(backedUp);
      }
    }
    assertThat(states).hasSizeGreaterThan(10);
  }

  @Test
  void changesAreRefusedUntilTheLogHasTheRestoredData() {
    String backedUp = makeBackup("first");
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      engine.call("SET", "k", "mine");
      CompletableFuture<@Nullable Object> restored = engine.send("BACKUP", "RESTORE", "first");
      disk.room(0);
      engine.world().advanceMillis(10_000);
      assertThat(restored).isNotDone();
      assertThat(engine.another("DEBUG", "DIGEST")).isEqualTo(backedUp);
      assertThat(engine.another("SET", "other", "1")).startsWith("-MISCONF");
      engine.world().advanceMillis(60_000);
      assertThat(restored.join()).asString().contains("does not have them yet");
      disk.heal();
      engine.world().advanceMillis(10_000);
      assertThat(engine.call("SET", "other", "1")).isEqualTo("OK");
    }
    try (BackupWorld engine = new BackupWorld(disk, NOON, LOGGED)) {
      assertThat(engine.call("GET", "other")).isEqualTo("1");
      engine.call("DEL", "other");
      assertThat(engine.digest()).isEqualTo(backedUp);
    }
  }

  @Test
  void whoWatchesOrWaitsForAKeyLearnsOfARestore() {
    makeBackup("first");
    try (BackupWorld engine = new BackupWorld(disk)) {
      CompletableFuture<@Nullable Object> waiting = engine.waiting("BLPOP", "list", 0);
      engine.call("WATCH", "string1");
      CompletableFuture<@Nullable Object> restored = engine.waiting("BACKUP", "RESTORE", "first");
      engine.world().advanceMillis(10);
      assertThat(restored.join()).isEqualTo("OK");
      engine.call("MULTI");
      engine.call("SET", "mine", "1");
      assertThat(engine.call("EXEC")).isEqualTo("null");
      assertThat(waiting.join()).isEqualTo(List.of("list", "0"));
    }
  }

  @Test
  void librariesOfFunctionsAreRestoredAndTriedBefore() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.call("FUNCTION", "LOAD", LIBRARY);
      engine.call("BACKUP", "CREATE", "first");
      engine.call("FUNCTION", "FLUSH");
      assertThat(engine.call("BACKUP", "VERIFY", "first")).isEqualTo("OK");
      assertThat(engine.call("FCALL", "answer", 0)).startsWith("-ERR");
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      assertThat(engine.call("FCALL", "answer", 0)).isEqualTo("42");
    }
    // As if it came from an engine that knows more.
    byte[] rdb = {'R', 'E', 'D', 'I', 'S', '0', '0', '1', '0', (byte) 0xF5, 4, '#', '!', 'x', '\n'};
    byte[] whole = new byte[rdb.length + 9];
    System.arraycopy(rdb, 0, whole, 0, rdb.length);
    whole[rdb.length] = (byte) 0xFF;
    disk.plant("/strange.rdb", whole);
    assertThatThrownBy(() -> new BackupWorld(disk, NOON, "restore-from", "/strange.rdb"))
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("Failed loading functions");
  }

  @Test
  void whatIsPackedInAnUnknownWayIsRefused() throws IOException {
    makeBackup("first");
    String text = disk.read("/backups/first.manifest").replace("encoding gzip", "encoding sealed");
    disk.plant("/backups/first.manifest", text.getBytes(StandardCharsets.UTF_8));
    try (BackupWorld engine = new BackupWorld(disk)) {
      assertThat(engine.call("BACKUP", "RESTORE", "first"))
          .isEqualTo("-ERR the backup is packed with 'sealed', which is not known here");
    }
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeAnythingGoes() throws IOException {
    makeBackup("first");
    String text = disk.read("/backups/first.manifest").replaceAll("memory \\d+", "memory 99999999");
    disk.plant("/backups/first.manifest", text.getBytes(StandardCharsets.UTF_8));
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.call("SET", "k", "mine");
      assertThat(engine.call("BACKUP", "RESTORE", "first")).contains("raise maxmemory");
      assertThat(engine.call("GET", "k")).isEqualTo("mine");
    }
  }

  // --- at the start

  /** Each time it breaks off, the next start with the same arguments makes up for it. */
  @Test
  void aLossOfPowerDuringARestoreAtTheStartIsMadeGoodByTheNext() {
    for (String[] kept : List.of(LOGGED, SAVED)) {
      SimulatedDisk copy = new SimulatedDisk();
      String backedUp;
      try (BackupWorld engine = new BackupWorld(copy)) {
        engine.fill();
        engine.call("BACKUP", "CREATE", "first");
        backedUp = engine.digest();
      }
      try (BackupWorld engine = new BackupWorld(copy, NOON, kept)) {
        engine.call("SET", "k", "mine");
        if (kept == SAVED) {
          assertThat(engine.call("SAVE")).isEqualTo("OK");
        }
      }
      String[] restoring = {kept[0], kept[1], "restore-from", "first"};
      List<SimulatedDisk> states = new ArrayList<>();
      copy.beforeChange(() -> states.add(copy.afterCrash(states.size())));
      try (BackupWorld engine = new BackupWorld(copy, NOON, restoring)) {
        assertThat(engine.digest()).isEqualTo(backedUp);
      }
      copy.beforeChange(() -> {});
      states.add(copy.afterCrash(1));
      for (SimulatedDisk state : states) {
        try (BackupWorld engine = new BackupWorld(state, "2026-03-01T12:30:00Z", restoring)) {
          assertThat(engine.digest()).as(kept[0]).isEqualTo(backedUp);
        }
        // What was there before is under its own name or its other one, once.
        assertThat(state.listing().keySet().stream().filter(each -> isOld(each, state)).count())
            .as("%s", state.listing())
            .isEqualTo(1);
      }
      assertThat(states).hasSizeGreaterThan(8);
    }
  }

  /** Whether a file has what only the data before the restore had. */
  private static boolean isOld(String path, SimulatedDisk disk) {
    try {
      return new String(disk.bytes(path), StandardCharsets.ISO_8859_1).contains("mine");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void dataThatAreLostAgainAreRestoredAgain() throws IOException {
    String backedUp = makeBackup("first");
    String[] restoring = {"save", "3600 1", "restore-from", "first"};
    try (BackupWorld engine = new BackupWorld(disk, NOON, restoring)) {
      assertThat(engine.digest()).isEqualTo(backedUp);
    }
    disk.delete("/dump.rdb");
    try (BackupWorld engine = new BackupWorld(disk, NOON, restoring)) {
      assertThat(engine.digest()).isEqualTo(backedUp);
    }
  }
}
