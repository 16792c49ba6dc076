package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.world.SimulatedDisk;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Power is lost at any moment of an append-only log's life: while it is appended to, rewritten,
 * turned on, given up after a failed fsync, while RDB files are saved and backups made and deleted
 * beside it. What the disk may then hold must load, or be refused with a place up to which it is
 * whole; nothing that was acknowledged may be missing, no transaction may be torn, and the manifest
 * must name no file that is not there. An RDB file is whole and as new as SAVE has said; a backup
 * that was answered is there, and each that is there is whole.
 *
 * <p>{@code -Dpillion.crash.states=20000} tries more than a build does; {@code
 * -Dpillion.crash.first} begins with the engine's life of that number.
 */
@Timeout(600)
final class PowerLossTest {
  private static final int STATES = Integer.getInteger("pillion.crash.states", 2_000);
  private static final int FIRST_LIFE = Integer.getInteger("pillion.crash.first", 0);
  private static final int STATES_PER_LIFE = 50;
  private static final int STEPS = 50;
  private static final long EVERYSEC_NANOS = 1_100_000_000L;

  @ParameterizedTest
  @ValueSource(strings = {"always", "everysec"})
  void nothingAcknowledgedIsLost(String fsync) throws IOException {
    int lives = STATES / 2 / STATES_PER_LIFE;
    int checked = 0;
    for (int seed = FIRST_LIFE; seed < FIRST_LIFE + lives; seed++) {
      checked += new Life(seed, fsync).run();
    }
    System.out.printf("%d states of %d lives with %s%n", checked, lives, fsync);
    assertThat(checked).isGreaterThan(STATES / 4);
  }

  /** A write, or a transaction of two, that sets keys with its number. */
  private static final class Write {
    final String value;
    final boolean twice;
    final CompletableFuture<@Nullable Object> reply;
    long acknowledgedNanos = -1;

    Write(String value, boolean twice, CompletableFuture<@Nullable Object> reply) {
      this.value = value;
      this.twice = twice;
      this.reply = reply;
    }
  }

  /** What one seed does to an engine, and what is found after each loss of power. */
  private static final class Life {
    private final int seed;
    private final String fsync;
    private final SplittableRandom random;
    private final SimulatedDisk disk = new SimulatedDisk();
    private final List<Write> writes = new ArrayList<>();
    private final Map<String, CompletableFuture<@Nullable Object>> backups = new TreeMap<>();
    private final Map<String, CompletableFuture<@Nullable Object>> deleted = new TreeMap<>();
    private @Nullable CompletableFuture<@Nullable Object> save;
    private long savedKeys;
    private long keysToSave;
    private AofWorld engine;
    private int checked;
    private boolean checking;

    Life(int seed, String fsync) {
      this.seed = seed;
      this.fsync = fsync;
      random = new SplittableRandom(seed);
      engine = new AofWorld(disk, seed, "appendfsync", fsync);
    }

    int run() throws IOException {
      disk.beforeChange(this::maybeLosePower);
      for (int i = 0; i < STEPS; i++) {
        step();
        engine.world().advanceMillis(random.nextInt(3) == 0 ? random.nextInt(700) : 1);
        note();
      }
      engine.close();
      disk.beforeChange(() -> {});
      losePower();
      return checked;
    }

    private void step() {
      switch (random.nextInt(20)) {
        case 0 -> engine.sendOnly("BGREWRITEAOF");
        case 2, 3, 4 -> keep();
        case 1 -> {
          if (random.nextInt(3) == 0 && mayFail()) {
            disk.fail(
                List.of(SimulatedDisk.Operation.values())
                    .get(random.nextInt(SimulatedDisk.Operation.values().length)),
                "",
                "Input/output error",
                1);
          }
        }
        default -> {
          for (int n = random.nextInt(3); n >= 0; n--) {
            write();
          }
        }
      }
    }

    /** On a connection of its own, as others wait there for what they have asked for. */
    private CompletableFuture<@Nullable Object> ask(Object... words) {
      return AofWorld.send(engine.connect(), words);
    }

    private void keep() {
      switch (random.nextInt(6)) {
        case 0 -> engine.sendOnly("BGSAVE");
        case 1 -> {
          noteSave();
          save = null;
          // It answers before anything else happens, and saves what was written so far.
          keysToSave = keys();
          save = ask("SAVE");
        }
        case 2 -> {
          List<String> names = new ArrayList<>(backups.keySet());
          if (!names.isEmpty()) {
            String name = names.get(random.nextInt(names.size()));
            deleted.putIfAbsent(name, ask("BACKUP", "DELETE", name));
          }
        }
        default -> {
          String name = "b" + backups.size();
          backups.put(name, ask("BACKUP", "CREATE", name));
        }
      }
    }

    private long keys() {
      return engine.engine().engine().keyspace().database(0).size();
    }

    private void noteSave() {
      CompletableFuture<@Nullable Object> asked = save;
      if (asked != null && asked.isDone() && "OK".equals(asked.join())) {
        savedKeys = keysToSave;
      }
    }

    private void write() {
      if (engine.isClosed()) {
        engine.reconnect();
      }
      int number = writes.size();
      boolean twice = random.nextInt(4) == 0;
      String value = number + ":" + "x".repeat(random.nextInt(8) == 0 ? 6000 : random.nextInt(60));
      if (twice) {
        engine.sendOnly("MULTI");
      }
      CompletableFuture<@Nullable Object> reply = engine.send("SET", "a:" + number, value);
      if (twice) {
        engine.sendOnly("SET", "b:" + number, value);
        reply = engine.send("EXEC");
      }
      writes.add(new Write(value, twice, reply));
    }

    /** When each write was answered. */
    private void note() {
      noteSave();
      for (Write write : writes) {
        if (write.acknowledgedNanos < 0 && isAcknowledged(write)) {
          write.acknowledgedNanos = engine.world().nanos();
        }
      }
    }

    private static boolean isAcknowledged(Write write) {
      if (!write.reply.isDone()) {
        return false;
      }
      Object reply = write.reply.join();
      return write.twice ? reply instanceof List<?> : "OK".equals(reply);
    }

    private void maybeLosePower() {
      if (!checking && random.nextInt(3) == 0 && checked < STATES_PER_LIFE) {
        try {
          losePower();
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }

    private void losePower() throws IOException {
      checking = true;
      note();
      checked++;
      int crash = seed * 1000 + checked;
      String context = fsync + ", seed " + seed + ", crash " + crash;
      SimulatedDisk after = disk.afterCrash(crash);
      checkManifest(after, context);
      try (AofWorld restarted = restart(after, context)) {
        check(restarted, context);
        checkFile(restarted, after, context);
        checkBackups(restarted, after, context);
      }
      checking = false;
    }

    private static void checkManifest(SimulatedDisk after, String context) {
      Parameters parameters = new Parameters().set("dir", "/");
      AofFolder folder = new AofFolder(after, parameters);
      for (AofManifest.Entry file : folder.read().files()) {
        assertThat(after.exists(folder.file(file.name())))
            .as("%s: %s is there, of %s", context, file.name(), after.listing())
            .isTrue();
      }
    }

    /** Loads what is left; where that is refused, what is whole of it. */
    private AofWorld restart(SimulatedDisk after, String context) throws IOException {
      try {
        return new AofWorld(after, seed, "appendfsync", fsync);
      } catch (PersistenceException e) {
        String message = String.valueOf(e.getMessage());
        int name = message.indexOf("append only file ");
        int place = message.indexOf(" at offset ");
        assertThat(name).as("%s: %s", context, message).isNotNegative();
        assertThat(place).as("%s: %s", context, message).isGreaterThan(name);
        String file = "/appendonlydir/" + message.substring(name + 17, place);
        String offset = message.substring(place + 11).split(":", 2)[0];
        after.truncate(file, Long.parseLong(offset));
        return new AofWorld(after, seed, "appendfsync", fsync);
      }
    }

    private void check(AofWorld restarted, String context) {
      int found = 0;
      boolean gap = false;
      for (int i = 0; i < writes.size(); i++) {
        Write write = writes.get(i);
        Object value = restarted.call("GET", "a:" + i);
        // What was not acknowledged may be there with a page missing: the format has no sums.
        if (write.twice) {
          assertThat(restarted.call("EXISTS", "b:" + i))
              .as("%s: transaction %d is whole", context, i)
              .isEqualTo(value == null ? 0L : 1L);
        }
        if (mustBeThere(write)) {
          assertThat(value)
              .as("%s: write %d of %d, acknowledged", context, i, writes.size())
              .isEqualTo(write.value);
        }
        boolean refused = write.reply.isDone() && !isAcknowledged(write);
        if (value != null) {
          assertThat(gap).as("%s: write %d although an earlier one is lost", context, i).isFalse();
          found += write.twice ? 2 : 1;
        } else if (!refused) {
          gap = true;
        }
      }
      assertThat(restarted.call("DBSIZE")).as("%s: keys", context).isEqualTo((long) found);
    }

    private void checkFile(AofWorld restarted, SimulatedDisk after, String context)
        throws IOException {
      String path = "/dump.rdb";
      if (!after.exists(path)) {
        assertThat(savedKeys).as("%s: keys saved", context).isZero();
        return;
      }
      RdbReader.Options options =
          new RdbReader.Options(/* keepExpired= */ true, /* replace= */ true, /* checksum= */ true);
      try (InputStream in = after.open(path)) {
        RdbReader reader =
            new RdbReader(
                in,
                after.size(path),
                restarted.engine().engine().keyspace(),
                Functions.NONE,
                options.asDry());
        reader.readHeader();
        while (reader.readSome(1 << 20, 1000)) {
          assertThat(reader.offset()).as("%s: %s", context, path).isPositive();
        }
        assertThat(reader.keys()).as("%s: keys", context).isGreaterThanOrEqualTo(savedKeys);
      }
    }

    private void checkBackups(AofWorld restarted, SimulatedDisk after, String context) {
      // What was not finished is removed first.
      restarted.world().advanceMillis(1);
      backups.forEach(
          (name, reply) -> {
            Object verified = restarted.call("BACKUP", "VERIFY", name);
            if (reply.isDone() && name.equals(reply.join()) && !deleted.containsKey(name)) {
              assertThat(verified).as("%s: %s", context, name).isEqualTo("OK");
            } else {
              assertThat(verified)
                  .as("%s: %s", context, name)
                  .isIn("OK", "-ERR there is no backup '" + name + "'");
            }
          });
      assertThat(after.listing().keySet())
          .as(context)
          .noneMatch(path -> path.startsWith("/backups/.temp-"));
    }

    /** With everysec a failing disk can only be made up for by the next second's try. */
    private boolean mayFail() {
      return fsync.equals("always") || seed % 2 == 1;
    }

    private boolean mustBeThere(Write write) {
      long at = write.acknowledgedNanos;
      return at >= 0
          && (fsync.equals("always")
              || (!mayFail() && engine.world().nanos() - at > EVERYSEC_NANOS));
    }
  }
}
