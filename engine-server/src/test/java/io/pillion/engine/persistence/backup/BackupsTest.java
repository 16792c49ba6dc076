package io.pillion.engine.persistence.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.persistence.PersistenceException;
import io.pillion.engine.testkit.LoggedLines;
import io.pillion.engine.world.SimulatedDisk;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Backups: made, listed, verified, restored, removed, on command and on schedule. */
class BackupsTest {
  private final SimulatedDisk disk = new SimulatedDisk();

  // --- on command

  @Test
  void aBackupIsMadeListedVerifiedAndRestored() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      String digest = engine.digest();
      assertThat(engine.call("BACKUP", "CREATE", "first")).isEqualTo("first");
      assertThat(disk.listing().keySet())
          .contains("/backups/first.rdb.gz", "/backups/first.manifest")
          .noneMatch(path -> path.contains("temp"));
      assertThat(engine.call("BACKUP", "LIST")).contains("first").contains("manual");
      assertThat(engine.call("BACKUP", "VERIFY", "first")).isEqualTo("OK");
      engine.call("DEL", "list");
      engine.call("SET", "other", "value");
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      assertThat(engine.digest()).isEqualTo(digest);
      assertThat(engine.info("loading")).isEqualTo("0");
      assertThat(engine.info("backup_count")).isEqualTo("1");
      assertThat(engine.info("backup_last_status")).isEqualTo("ok");
      assertThat(engine.call("BACKUP", "DELETE", "first")).isEqualTo("OK");
      assertThat(engine.names()).isEmpty();
      assertThat(engine.info("backup_count")).isEqualTo("0");
    }
  }

  /** Else whoever reads the log would look for who has replaced the data. */
  @Test
  void theLogSaysThatABackupIsVerifiedAndNotLoaded() throws IOException {
    try (LoggedLines lines = LoggedLines.ofPackage(PersistenceException.class);
        BackupWorld engine = new BackupWorld(disk)) {
      engine.call("SET", "k", "v");
      engine.call("BACKUP", "CREATE", "first");
      assertThat(engine.call("BACKUP", "VERIFY", "first")).isEqualTo("OK");
      assertThat(lines.take())
          .contains("Verifying RDB produced by version 7.2.4")
          .noneMatch(line -> line.startsWith("Loading"));
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      assertThat(lines.take())
          .containsSubsequence(
              "Verifying RDB produced by version 7.2.4", "Loading RDB produced by version 7.2.4");
    }
  }

  @Test
  void aBackupIsAnRdbInGzip() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      engine.call("BACKUP", "CREATE", "first");
      byte[] packed = disk.bytes("/backups/first.rdb.gz");
      byte[] rdb = new GZIPInputStream(new ByteArrayInputStream(packed)).readAllBytes();
      assertThat(new String(rdb, 0, 9, StandardCharsets.US_ASCII)).isEqualTo("REDIS0010");
      BackupManifest manifest = new FolderTarget(disk, "/backups").manifest("first");
      assertThat(manifest.dataBytes()).isEqualTo(rdb.length);
      assertThat(manifest.bytes()).isEqualTo(packed.length);
      assertThat(manifest.rdbVersion()).isEqualTo(10);
      assertThat(manifest.keys()).isEqualTo(57);
      assertThat(BackupManifest.parse(manifest.format())).isEqualTo(manifest);
    }
  }

  @Test
  void aNameLeadsOutOfNoFolder() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      for (String name : List.of("", "../up", "a/b", ".hidden", "-x", "a b", "n".repeat(101))) {
        for (String what : List.of("CREATE", "VERIFY", "RESTORE", "DELETE")) {
          assertThat(engine.call("BACKUP", what, name)).startsWith("-ERR invalid backup name");
        }
      }
      assertThat(engine.call("BACKUP", "CREATE")).isEqualTo("manual-20260301T120000Z");
      assertThat(engine.call("BACKUP", "VERIFY", "none"))
          .isEqualTo("-ERR there is no backup 'none'");
      assertThat(engine.call("BACKUP", "DELETE", "none"))
          .isEqualTo("-ERR there is no backup 'none'");
    }
  }

  @Test
  void aNameThatIsTakenIsRefused() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.call("SET", "k", "1");
      engine.call("BACKUP", "CREATE", "first");
      byte[] before = disk.bytes("/backups/first.rdb.gz");
      engine.call("SET", "k", "2");
      assertThat(engine.call("BACKUP", "CREATE", "first"))
          .isEqualTo("-ERR backup 'first' exists already");
      assertThat(disk.bytes("/backups/first.rdb.gz")).isEqualTo(before);
    }
  }

  @Test
  void aDamagedBackupIsRefusedAndTheDataStay() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      engine.call("BACKUP", "CREATE", "first");
      engine.call("SET", "later", "1");
      String digest = engine.digest();
      byte[] good = disk.bytes("/backups/first.rdb.gz");
      for (int at = 0; at < good.length; at += 37) {
        byte[] bad = good.clone();
        bad[at] ^= 1;
        disk.plant("/backups/first.rdb.gz", bad);
        assertThat(engine.call("BACKUP", "VERIFY", "first"))
            .startsWith("-ERR the backup is damaged");
        assertThat(engine.call("BACKUP", "RESTORE", "first"))
            .startsWith("-ERR the backup is damaged");
      }
      disk.plant("/backups/first.rdb.gz", Arrays.copyOf(good, good.length / 2));
      assertThat(engine.call("BACKUP", "RESTORE", "first"))
          .startsWith("-ERR the backup is damaged");
      assertThat(engine.digest()).isEqualTo(digest);
      assertThat(engine.info("backup_last_error")).contains("restore first").contains("damaged");
      disk.plant("/backups/first.rdb.gz", good);
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      assertThat(engine.call("GET", "later")).isEqualTo("null");
    }
  }

  @Test
  void aDamagedBackupWhoseCheckSumIsRightIsFoundOutByReadingIt() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      engine.call("BACKUP", "CREATE", "first");
      String digest = engine.digest();
      byte[] packed = disk.bytes("/backups/first.rdb.gz");
      byte[] rdb = new GZIPInputStream(new ByteArrayInputStream(packed)).readAllBytes();
      rdb[rdb.length / 2] ^= 4;
      disk.plant("/backups/first.rdb.gz", rdb);
      BackupManifest old = new FolderTarget(disk, "/backups").manifest("first");
      String sum = HexFormat.of().formatHex(BackupReader.sha256().digest(rdb));
      String text =
          old.format()
              .replace(old.sha256(), sum)
              .replace("\nbytes " + old.bytes(), "\nbytes " + rdb.length);
      disk.plant("/backups/first.manifest", text.getBytes(StandardCharsets.UTF_8));
      assertThat(engine.call("BACKUP", "RESTORE", "first"))
          .startsWith("-ERR the backup is damaged");
      assertThat(engine.digest()).isEqualTo(digest);
    }
  }

  @Test
  void aBackupOfANewerVersionIsNotCalledDamaged() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      engine.call("BACKUP", "CREATE", "first");
      String text = new FolderTarget(disk, "/backups").manifest("first").format();
      disk.plant(
          "/backups/first.manifest",
          text.replace("pillion-backup 1", "pillion-backup 2").getBytes(StandardCharsets.UTF_8));
      assertThat(engine.call("BACKUP", "VERIFY", "first"))
          .isEqualTo(
              "-ERR the backup is of a newer version: its manifest begins with 'pillion-backup 2',"
                  + " this version reads 'pillion-backup 1'");
    }
  }

  @Test
  void aFullDiskLeavesNothingBehind() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      disk.room(100);
      assertThat(engine.call("BACKUP", "CREATE", "first")).contains("No space left");
      assertThat(disk.listing().keySet()).noneMatch(path -> path.startsWith("/backups/"));
      assertThat(engine.info("backup_last_status")).isEqualTo("err");
      disk.heal();
      assertThat(engine.call("BACKUP", "CREATE", "first")).isEqualTo("first");
      assertThat(engine.info("backup_last_status")).isEqualTo("ok");
    }
  }

  @Test
  void aReadOnlyFolderOrAFailingSyncIsTold() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      engine.call("BACKUP", "CREATE", "first");
      disk.readOnly("/backups");
      assertThat(engine.call("BACKUP", "CREATE", "second")).startsWith("-ERR ");
      disk.heal();
      String told = "-ERR cannot write to /backups: Input/output error";
      disk.fail(SimulatedDisk.Operation.SYNC, ".rdb.gz", "Input/output error", 1);
      assertThat(engine.call("BACKUP", "CREATE", "second")).isEqualTo(told);
      disk.fail(SimulatedDisk.Operation.RENAME, ".rdb.gz", "Input/output error", 1);
      assertThat(engine.call("BACKUP", "CREATE", "second")).isEqualTo(told);
      assertThat(engine.names()).containsExactly("first");
      assertThat(disk.listing().keySet()).noneMatch(path -> path.contains("second"));
      assertThat(engine.call("BACKUP", "CREATE", "second")).isEqualTo("second");
    }
  }

  @Test
  void aFolderThatVanishesIsMadeAgain() throws IOException {
    disk.createFolder("/mnt");
    disk.syncFolder("/");
    try (BackupWorld engine =
        new BackupWorld(
            disk,
            "2026-03-01T00:30:00Z",
            "backup-dir",
            "/mnt/backups",
            "backup-schedule",
            "0 * * * *")) {
      engine.fill();
      engine.passUntil("2026-03-01T01:30:00Z");
      assertThat(engine.info("backup_count")).isEqualTo("1");
      disk.vanish("/mnt/backups");
      assertThat(engine.call("BACKUP", "LIST")).isEqualTo("[]");
      engine.passUntil("2026-03-01T02:30:00Z");
      assertThat(engine.call("BACKUP", "VERIFY", "auto-20260301T020000Z")).isEqualTo("OK");
      disk.vanish("/mnt");
      assertThat(engine.call("BACKUP", "LIST"))
          .isEqualTo("-ERR cannot read /mnt/backups: No such file or directory");
      engine.passUntil("2026-03-01T03:30:00Z");
      assertThat(engine.info("backup_last_status")).isEqualTo("err");
      assertThat(engine.info("backup_last_error"))
          .isEqualTo(
              "2026-03-01T03:00:00Z scheduled create auto-20260301T030000Z: cannot write to"
                  + " /mnt/backups: No such file or directory");
      assertThat(engine.call("SET", "k", "v")).isEqualTo("OK");
      disk.createFolder("/mnt");
      engine.passUntil("2026-03-01T04:30:00Z");
      assertThat(engine.info("backup_last_status")).isEqualTo("ok");
      assertThat(engine.call("BACKUP", "VERIFY", "auto-20260301T040000Z")).isEqualTo("OK");
    }
  }

  @Test
  void anEngineThatStartsLeavesAloneWhatAnotherWritesInTheSameFolder() throws IOException {
    List<String> others = new ArrayList<>();
    try (BackupWorld first = new BackupWorld(disk)) {
      first.fill();
      disk.beforeChange(
          () -> {
            if (disk.exists("/backups/.temp-first.rdb.gz") && others.isEmpty()) {
              others.add("begun");
              try (BackupWorld second = new BackupWorld(disk)) {
                others.add(second.call("BACKUP", "CREATE", "first"));
                others.add(second.info("backup_last_status"));
              }
            }
          });
      assertThat(first.call("BACKUP", "CREATE", "first")).isEqualTo("first");
      assertThat(others.get(1)).startsWith("-ERR another engine is at work in /backups");
      assertThat(others.get(2)).isEqualTo("ok");
      assertThat(first.call("BACKUP", "VERIFY", "first")).isEqualTo("OK");
      try (BackupWorld second = new BackupWorld(disk)) {
        assertThat(second.call("BACKUP", "CREATE", "first")).contains("exists already");
        assertThat(second.call("BACKUP", "CREATE", "second")).isEqualTo("second");
      }
      assertThat(first.names()).containsExactly("first", "second");
    }
  }

  @Test
  void aFolderThatCannotBeReadAtTheStartDoesNotEndTheSchedule() throws IOException {
    disk.createFolder("/backups");
    disk.fail(SimulatedDisk.Operation.LIST, "/backups", "Stale file handle", /* times= */ 2);
    try (BackupWorld engine =
        new BackupWorld(disk, "2026-03-01T12:30:00Z", "backup-schedule", "0 * * * *")) {
      engine.fill();
      assertThat(engine.info("backup_last_error")).contains("Stale file handle");
      engine.passUntil("2026-03-01T13:30:00Z");
      assertThat(engine.names()).containsExactly("auto-20260301T130000Z");
    }
  }

  @Test
  void aBackupThatLacksMemoryFailsAndTheNextIsMade() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      disk.failForMemory(SimulatedDisk.Operation.WRITE, ".rdb.gz");
      assertThat(engine.call("BACKUP", "CREATE", "first")).startsWith("-ERR not enough memory");
      assertThat(engine.info("backup_last_status")).isEqualTo("err");
      assertThat(engine.info("backup_in_progress")).isEqualTo("0");
      assertThat(engine.call("BACKUP", "CREATE", "first")).isEqualTo("first");
      disk.failForMemory(SimulatedDisk.Operation.OPEN, "first.rdb.gz");
      assertThat(engine.call("BACKUP", "VERIFY", "first")).startsWith("-ERR not enough memory");
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
    }
  }

  /** The run has made its backup: it is not to be made again. */
  @Test
  void oldBackupsThatCannotBeRemovedNowAreRemovedAfterTheNextRun() throws IOException {
    try (BackupWorld engine =
        new BackupWorld(
            disk,
            "2026-03-01T12:30:00Z",
            "backup-schedule",
            "0 * * * *",
            "backup-retention-count",
            "1")) {
      engine.fill();
      engine.passUntil("2026-03-01T13:30:00Z");
      disk.fail(SimulatedDisk.Operation.LOCK, ".lock", "theirs", /* passing= */ 1, 1);
      engine.passUntil("2026-03-01T14:30:00Z");
      assertThat(engine.names()).containsExactly("auto-20260301T130000Z", "auto-20260301T140000Z");
      engine.passUntil("2026-03-01T15:30:00Z");
      assertThat(engine.names()).containsExactly("auto-20260301T150000Z");
      assertThat(engine.info("backup_last_status")).isEqualTo("ok");
    }
  }

  @Test
  void anEngineThatEndsGivesTheBackupUp() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      assertThat(engine.send("BACKUP", "CREATE", "first")).isNotDone();
    }
    assertThat(disk.listing().keySet()).noneMatch(path -> path.startsWith("/backups/"));
  }

  @Test
  void aSaveInTheForegroundAndABackupDoNotDisturbEachOther() {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      CompletableFuture<@Nullable Object> backup = engine.send("BACKUP", "CREATE", "first");
      assertThat(engine.another("SAVE")).isEqualTo("OK");
      engine.world().advanceMillis(10);
      assertThat(backup.join()).isEqualTo("first");
    }
  }

  @Test
  void anEngineThatHasLostItsDataDoesNotRemoveTheLastThatAreThere() throws IOException {
    String[] settings = {"backup-schedule", "0 * * * *", "backup-retention-count", "2"};
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T00:30:00Z", settings)) {
      engine.fill();
      engine.passUntil("2026-03-01T02:30:00Z");
    }
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T02:45:00Z", settings)) {
      engine.passUntil("2026-03-01T09:30:00Z");
      assertThat(engine.names())
          .containsExactly(
              "auto-20260301T020000Z", "auto-20260301T080000Z", "auto-20260301T090000Z");
    }
  }

  @Test
  void duringABackgroundSaveAManualBackupIsRefusedAndAScheduledOneWaits() throws IOException {
    try (BackupWorld engine =
        new BackupWorld(disk, "2026-03-01T12:00:50Z", "backup-schedule", "1 12 * * *")) {
      engine.fill();
      CompletableFuture<@Nullable Object> manual = engine.send("BACKUP", "CREATE", "now");
      assertThat(engine.another("BGSAVE")).isEqualTo("Background saving started");
      engine.world().advanceMillis(10);
      assertThat(manual.join()).asString().startsWith("-ERR a background save");
      // Another one begins just as the backup of the schedule does.
      long wait =
          Instant.parse("2026-03-01T12:01:00Z").toEpochMilli() - engine.world().wallMillis();
      engine.world().schedule(wait * 1_000_000, () -> engine.another("BGSAVE"));
      engine.passUntil("2026-03-01T12:01:00Z");
      assertThat(engine.names()).isEmpty();
      assertThat(engine.info("backup_last_status")).isEqualTo("ok");
      engine.passUntil("2026-03-01T12:01:05Z");
      assertThat(engine.names()).hasSize(1);
    }
  }

  @Test
  void oneThingAtATimeIsDone() {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      CompletableFuture<@Nullable Object> first = engine.send("BACKUP", "CREATE", "first");
      assertThat(first).isNotDone();
      assertThat(engine.another("BACKUP", "VERIFY", "first"))
          .startsWith("-ERR another backup operation is going on (create first)");
      assertThat(engine.another("BACKUP", "STATUS")).contains("create first");
      engine.world().advanceMillis(10);
      assertThat(first.join()).isEqualTo("first");
    }
  }

  @Test
  void aTransactionCannotWait() {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.call("MULTI");
      assertThat(engine.call("BACKUP", "CREATE")).startsWith("-ERR");
    }
  }

  // --- on schedule

  @Test
  void aScheduleIsFollowedAndOldBackupsGo() throws IOException {
    try (BackupWorld engine =
        new BackupWorld(
            disk,
            "2026-03-27T12:00:00Z",
            "backup-schedule",
            "30 2 * * *",
            "backup-zone",
            "Europe/Berlin",
            "backup-retention-count",
            "2")) {
      engine.call("SET", "k", "v");
      engine.call("BACKUP", "CREATE", "manual");
      assertThat(engine.info("backup_next_time")).isEqualTo("1774661400");
      engine.passUntil("2026-03-28T01:31:00Z");
      assertThat(engine.names()).containsExactly("manual", "auto-20260328T013000Z");
      // The clock goes from 2:00 to 3:00: half past two is half past three.
      engine.passUntil("2026-03-29T01:31:00Z");
      engine.passUntil("2026-03-30T01:00:00Z");
      assertThat(engine.names())
          .containsExactly("manual", "auto-20260329T013000Z", "auto-20260330T003000Z");
      assertThat(engine.call("CONFIG", "SET", "backup-retention-days", "1")).isEqualTo("OK");
      assertThat(engine.call("CONFIG", "SET", "backup-schedule", "0 0 * * *")).isEqualTo("OK");
      engine.passUntil("2026-04-05T22:01:00Z");
      assertThat(engine.names().get(2)).isEqualTo("auto-20260405T220000Z");
      assertThat(engine.names()).hasSize(3);
      assertThat(engine.call("CONFIG", "SET", "backup-schedule", "")).isEqualTo("OK");
      assertThat(engine.info("backup_next_time")).isEqualTo("0");
    }
  }

  @Test
  void aClockThatJumpsDoesNotTakeTheBackupsWithIt() throws IOException {
    String[] settings = {
      "backup-schedule", "0 3 * * *", "backup-retention-count", "4", "backup-retention-days", "5"
    };
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T02:00:00Z", settings)) {
      engine.fill();
      engine.passUntil("2026-03-04T04:00:00Z");
      assertThat(engine.names()).hasSize(4);
      long tenYears = 3653 * 86_400_000L;
      engine.world().jumpWallMillis(tenYears);
      engine.passUntil("2036-03-05T04:00:00Z");
      // What the jump makes due, seen within half a minute, and the next run.
      assertThat(engine.names())
          .containsExactly(
              "auto-20260303T030000Z",
              "auto-20260304T030000Z",
              "auto-20360304T040030Z",
              "auto-20360305T030000Z");
      engine.world().jumpWallMillis(-tenYears);
      engine.passUntil("2026-03-07T04:00:00Z");
      // Newer than those of 2036, and so not the first to go.
      assertThat(engine.names())
          .containsExactly(
              "auto-20360304T040030Z",
              "auto-20360305T030000Z",
              "auto-20260306T030000Z",
              "auto-20260307T030000Z");
    }
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-08T02:00:00Z", settings)) {
      engine.passUntil("2026-03-09T04:00:00Z");
      assertThat(engine.names())
          .containsExactly(
              "auto-20260306T030000Z",
              "auto-20260307T030000Z",
              "auto-20260308T030000Z",
              "auto-20260309T030000Z");
    }
  }

  @Test
  void aRunThatWasMissedIsMadeAtTheStart() throws IOException {
    String[] settings = {"backup-schedule", "0 3 * * *"};
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T02:59:00Z", settings)) {
      engine.passUntil("2026-03-01T03:01:00Z");
      assertThat(engine.names()).hasSize(1);
    }
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T20:00:00Z", settings)) {
      engine.passUntil("2026-03-01T20:05:00Z");
      assertThat(engine.names()).hasSize(1);
    }
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-02T09:00:00Z", settings)) {
      engine.passUntil("2026-03-02T09:05:00Z");
      assertThat(engine.names()).hasSize(2);
      assertThat(engine.info("backup_next_time")).isEqualTo("1772506800");
    }
  }

  @Test
  void outsideTheWindowNoneIsMade() throws IOException {
    String[] settings = {"backup-schedule", "0 * * * *", "backup-window", "02:00-04:00"};
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T00:30:00Z", settings)) {
      engine.passUntil("2026-03-01T06:30:00Z");
      assertThat(engine.names()).containsExactly("auto-20260301T020000Z", "auto-20260301T030000Z");
      assertThat(engine.info("backup_missed")).isEqualTo("4");
    }
  }

  @Test
  void aScheduleThatCannotBeUnderstoodIsRefused() {
    try (BackupWorld engine = new BackupWorld(disk)) {
      assertThat(engine.call("CONFIG", "SET", "backup-schedule", "every day"))
          .contains("five fields");
      assertThat(engine.call("CONFIG", "SET", "backup-zone", "Mars")).contains("time zone");
      assertThat(engine.call("CONFIG", "SET", "backup-window", "noon")).contains("02:00-04:30");
      assertThat(engine.info("backup_next_time")).isEqualTo("0");
    }
    assertThatThrownBy(() -> new BackupWorld(disk, "2026-03-01T00:00:00Z", "backup-schedule", "x"))
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("backup-schedule");
  }

  // --- at the start

  @Test
  void anEngineBeginsWithABackup() throws IOException {
    String digest;
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      digest = engine.digest();
      engine.call("BACKUP", "CREATE", "first");
    }
    for (String from : List.of("first", "/backups/first.rdb.gz")) {
      try (BackupWorld engine =
          new BackupWorld(disk, "2026-03-01T13:00:00Z", "restore-from", from)) {
        assertThat(engine.digest()).isEqualTo(digest);
      }
    }
    assertThatThrownBy(
            () -> new BackupWorld(disk, "2026-03-01T13:00:00Z", "restore-from", "second"))
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("there is no backup 'second'");
    byte[] bad = disk.bytes("/backups/first.rdb.gz");
    bad[bad.length / 2] ^= 1;
    disk.plant("/backups/first.rdb.gz", bad);
    assertThatThrownBy(() -> new BackupWorld(disk, "2026-03-01T13:00:00Z", "restore-from", "first"))
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("damaged");
  }

  @Test
  void whatWasRestoredAtTheStartIsNotRestoredAgain() {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.call("SET", "k", "backed up");
      engine.call("BACKUP", "CREATE", "first");
    }
    for (String kept : List.of("save", "appendonly")) {
      String[] settings = {
        "restore-from",
        "first",
        kept,
        kept.equals("save") ? "1 1" : "yes",
        "dir",
        "/" + kept,
        "backup-dir",
        "/backups"
      };
      createFolder("/" + kept);
      try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T13:00:00Z", settings)) {
        assertThat(engine.call("GET", "k")).isEqualTo("backed up");
        engine.call("SET", "k", "changed");
        engine.passUntil("2026-03-01T13:01:00Z");
      }
      try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T14:00:00Z", settings)) {
        assertThat(engine.call("GET", "k")).as(kept).isEqualTo("changed");
      }
    }
  }

  private void createFolder(String path) {
    try {
      disk.createFolder(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRestoreGoesIntoTheAppendOnlyLog() {
    String[] settings = {"appendonly", "yes"};
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T12:00:00Z", settings)) {
      engine.call("SET", "k", "backed up");
      engine.call("BACKUP", "CREATE", "first");
      engine.call("SET", "k", "changed");
      engine.call("SET", "other", "1");
      assertThat(engine.call("BACKUP", "RESTORE", "first")).isEqualTo("OK");
      assertThat(engine.call("CONFIG", "GET", "appendonly")).contains("yes");
    }
    try (BackupWorld engine = new BackupWorld(disk, "2026-03-01T13:00:00Z", settings)) {
      assertThat(engine.call("GET", "k")).isEqualTo("backed up");
      assertThat(engine.call("EXISTS", "other")).isEqualTo("0");
    }
  }

  // --- crashes

  @Test
  void aFolderWhoseNameCouldNotBeSyncedIsSyncedForTheNextBackup() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      disk.fail(SimulatedDisk.Operation.SYNC_FOLDER, "/", "Input/output error", 1);
      assertThat(engine.call("BACKUP", "CREATE", "first")).startsWith("-ERR");
      assertThat(engine.call("BACKUP", "CREATE", "second")).isEqualTo("second");
      for (int seed = 0; seed < 10; seed++) {
        try (BackupWorld after = new BackupWorld(disk.afterCrash(seed))) {
          assertThat(after.names()).containsExactly("second");
        }
      }
    }
  }

  @Test
  void aCrashAtAnyMomentLeavesWholeBackupsOrNone() throws IOException {
    try (BackupWorld engine = new BackupWorld(disk)) {
      engine.fill();
      engine.call("BACKUP", "CREATE", "first");
      ArrayList<SimulatedDisk> states = new ArrayList<>();
      disk.beforeChange(
          () -> {
            for (int seed = 0; seed < 3; seed++) {
              states.add(disk.afterCrash(states.size()));
            }
          });
      engine.call("BACKUP", "CREATE", "second");
      engine.call("BACKUP", "DELETE", "first");
      disk.beforeChange(() -> {});
      states.add(disk.afterCrash(1));
      for (SimulatedDisk state : states) {
        try (BackupWorld after = new BackupWorld(state)) {
          for (String name : after.names()) {
            assertThat(after.call("BACKUP", "VERIFY", name)).isEqualTo("OK");
          }
          assertThat(after.names()).isNotEmpty();
          assertThat(state.listing().keySet()).noneMatch(path -> path.contains("temp"));
        }
      }
      assertThat(states).hasSizeGreaterThan(30);
      assertThat(engine.names()).containsExactly("second");
    }
  }
}
