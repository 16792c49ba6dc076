package io.pillion.engine.persistence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.testkit.RandomWords;
import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.world.SimulatedDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Append-only files that end anywhere, or were changed anywhere.
 *
 * <p>{@code -Dpillion.aof.mutations=10000} changes so many, {@code -Dpillion.fuzz.seed} others;
 * {@code -Dpillion.fuzz.first} begins with the one of that number.
 */
@Timeout(600)
final class DamagedAofTest {
  private static final String INCREMENT = "/appendonlydir/appendonly.aof.1.incr.aof";
  private static final int CUT_BYTES = Integer.getInteger("pillion.aof.cut.bytes", 1536);
  private static final int MUTATIONS = Integer.getInteger("pillion.aof.mutations", 150);
  private static final int FIRST = Integer.getInteger("pillion.fuzz.first", 0);
  private static final long SEED = Long.getLong("pillion.fuzz.seed", 20261121);
  private static final int WARM_UP = 20;

  /** What the words that a random command has may take, whatever the size of the file. */
  private static final long MEMORY_SLACK = 2 << 20;

  private static final List<String> KEYS = List.of("a", "s7", "h", "l", "z", "x", "set", "d");

  private static void put(ByteArrayOutputStream out, Object... words) {
    out.writeBytes(TestClient.encode(words));
  }

  private static SimulatedDisk diskWith(byte[] increment) {
    SimulatedDisk disk = new SimulatedDisk();
    disk.plant(
        "/appendonlydir/appendonly.aof.manifest",
        "file appendonly.aof.1.incr.aof seq 1 type i\n".getBytes(ISO_8859_1));
    disk.plant(INCREMENT, increment);
    return disk;
  }

  /** Each command or transaction adds one to the same counter. */
  @Test
  void aFileCutAtAnyByteLoadsUpToTheLastWholeCommand() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int[] ends = new int[400];
    int steps = 0;
    put(out, "SELECT", 0);
    while (out.size() < CUT_BYTES) {
      if (steps % 3 == 2) {
        put(out, "MULTI");
        put(out, "SET", "k" + steps, "x".repeat(steps % 50));
        put(out, "INCR", "steps");
        put(out, "EXEC");
      } else {
        put(out, "INCR", "steps");
      }
      ends[steps++] = out.size();
    }
    byte[] whole = out.toByteArray();
    int expected = 0;
    for (int length = 1; length <= whole.length; length++) {
      if (expected < steps && ends[expected] == length) {
        expected++;
      }
      SimulatedDisk disk = diskWith(Arrays.copyOf(whole, length));
      try (AofWorld engine = new AofWorld(disk, 1)) {
        assertThat(engine.call("GET", "steps"))
            .as("cut at %d", length)
            .isEqualTo(expected == 0 ? null : String.valueOf(expected));
        engine.call("INCR", "steps");
      }
      // What follows the cut is found again.
      try (AofWorld engine = new AofWorld(disk, 1)) {
        assertThat(engine.call("GET", "steps"))
            .as("cut at %d, then written on", length)
            .isEqualTo(String.valueOf(expected + 1));
      }
    }
  }

  @Test
  void aCutIsRefusedWithItsPlaceWhenThatIsWhatIsAskedFor() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, "SELECT", 0);
    int first = out.size();
    put(out, "SET", "key", "value");
    byte[] whole = out.toByteArray();
    for (int length = first + 1; length < whole.length; length++) {
      SimulatedDisk disk = diskWith(Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> new AofWorld(disk, 1, "aof-load-truncated", "no"))
          .as("cut at %d", length)
          .isInstanceOf(PersistenceException.class)
          .hasMessageContaining("at offset " + first);
    }
  }

  /** Behind a command that is whole. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET key inline\r\n",
        "\r\n",
        "\0\0\0\0",
        "REDIS0010",
        "*0\r\n",
        "*-1\r\n",
        "*x\r\n",
        "*\r\n",
        "*1\n$4\r\nPING\r\n",
        "*1048577\r\n$3\r\nSET\r\n",
        "*99999999999\r\n$3\r\nSET\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$-4\r\nPING\r\n",
        "*1\r\n$2147483647\r\nPING\r\n",
        "*1\r\n$99999999999\r\nPING\r\n",
        "*1\r\n+PING\r\n",
        "*1\r\n*1\r\n$4\r\nPING\r\n",
        "*1\r\n$3\r\nPING\r\n",
        "*1\r\n$4\r\nPINGxx",
        "*1\r\n$0\r\n\r\n",
        "*1\r\n$6\r\nNOSUCH\r\n",
        "*2\r\n$3\r\nSET\r\n$3\r\nkey\r\n",
      })
  void whatIsNoCommandIsRefusedWithItsPlace(String what) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, "SET", "key", "value");
    int place = out.size();
    out.writeBytes(what.getBytes(ISO_8859_1));
    put(out, "SET", "key", "other");
    SimulatedDisk disk = diskWith(out.toByteArray());
    assertThatThrownBy(() -> new AofWorld(disk, 1))
        .isInstanceOf(PersistenceException.class)
        .hasMessageContaining("at offset " + place);
  }

  /** A length that nothing can follow is an end that came too early. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "*1\r\n$2147483583\r\n",
        "*1048576\r\n$3\r\nSET\r\n",
        "*2\r\n$3\r\nGET\r\n$99\r\n"
      })
  void whatClaimsMoreThanFollowsIsCutOff(String what) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, "SET", "key", "value");
    out.writeBytes(what.getBytes(ISO_8859_1));
    long before = RandomUse.allocatedBytes();
    try (AofWorld engine = new AofWorld(diskWith(out.toByteArray()), 1)) {
      assertThat(RandomUse.allocatedBytes() - before).isLessThan(64 << 20);
      assertThat(engine.call("GET", "key")).isEqualTo("value");
    }
  }

  private static final String[][] MANIFESTS = {
    {"", "empty AOF manifest"},
    {"file a.aof seq 1 type i", "too long line"},
    {"file a.aof seq 1\n", "Invalid AOF manifest"},
    {"file a.aof seq 1 type\n", "Invalid AOF manifest"},
    {"file a.aof seq 0 type i\n", "Invalid AOF manifest"},
    {"file a.aof seq x type i\n", "Invalid AOF manifest"},
    {"file \"a.aof seq 1 type i\n", "Invalid AOF manifest"},
    {"file a.aof seq 1 type x\n", "Unknown AOF file type"},
    {"file ../a.aof seq 1 type i\n", "can't be a path"},
    {"file a\\\\a.aof seq 1 type i\n", "can't be a path"},
    {"file a.rdb seq 1 type b\nfile b.rdb seq 2 type b\n", "duplicate base file"},
    {"file a.aof seq 2 type i\nfile b.aof seq 1 type i\n", "non-monotonic sequence"},
    {"file a.aof seq 1 type i\n", "a.aof"},
    {"file a.rdb seq 1 type b\n", "a.rdb"},
  };

  @Test
  void aManifestThatMakesNoSenseIsRefused() {
    for (String[] row : MANIFESTS) {
      SimulatedDisk disk = new SimulatedDisk();
      disk.plant("/appendonlydir/appendonly.aof.manifest", row[0].getBytes(ISO_8859_1));
      assertThatThrownBy(() -> new AofWorld(disk, 1))
          .as(row[0])
          .isInstanceOf(PersistenceException.class)
          .hasMessageContaining(row[1]);
    }
  }

  @Test
  void aFileChangedAnywhereLoadsOrIsRefusedWithItsPlace() {
    List<byte[]> commands = commands();
    byte[] whole = joined(commands);
    Cost usual = new Cost();
    Cost most = new Cost();
    RandomWords words = new RandomWords(SEED);
    List<Command> writes = new ArrayList<>();
    int refused = 0;
    for (int i = FIRST - WARM_UP; i < FIRST + MUTATIONS; i++) {
      SplittableRandom random = new SplittableRandom(SEED + i * 1_000_003L);
      words.seed(SEED + i * 1_000_003L);
      byte[] changed = whole;
      if (i >= FIRST) {
        changed = joined(changeOrder(commands, writes, words, random));
        for (int n = random.nextInt(4); n > 0; n--) {
          changed = mutate(changed, random);
        }
      }
      String what = "file " + i + " of seed " + SEED;
      Cost cost = new Cost();
      cost.begin();
      try (AofWorld engine = new AofWorld(diskWith(changed), 1)) {
        cost.end();
        if (writes.isEmpty()) {
          engine.engine().engine().table().all().forEach(command -> addWrites(command, writes));
        }
        use(what, engine, words, random.nextInt(KEYS.size()));
      } catch (PersistenceException e) {
        cost.end();
        refused++;
        assertThat(e).as(what).hasMessageContaining("at offset ");
      }
      if (i < FIRST) {
        usual = cost;
      } else {
        assertThat(cost.nanos).as("nanoseconds of %s", what).isLessThan(RandomUse.SLOW_NANOS);
        assertThat(cost.bytes - usual.bytes)
            .as("bytes taken by %s", what)
            .isLessThan(4L * changed.length + MEMORY_SLACK);
        most.bytes = Math.max(most.bytes, cost.bytes - usual.bytes);
      }
    }
    System.out.printf(
        "%d of %d files were refused; at most %d bytes more than the whole one of %d took%n",
        refused, MUTATIONS, most.bytes, whole.length);
    assertThat(refused).isBetween(MUTATIONS / 20, MUTATIONS - MUTATIONS / 20);
  }

  /** What it takes to load a file. */
  private static final class Cost {
    private long bytes;
    private long nanos;

    void begin() {
      bytes = RandomUse.allocatedBytes();
      nanos = RandomUse.cpuNanos();
    }

    void end() {
      bytes = RandomUse.allocatedBytes() - bytes;
      nanos = RandomUse.cpuNanos() - nanos;
    }
  }

  private static void use(String what, AofWorld engine, RandomWords words, int first) {
    RandomUse use = new RandomUse(engine.engine().engine().table(), words, engine::call);
    for (int k = 0; k < KEYS.size(); k++) {
      String key = KEYS.get((first + k) % KEYS.size());
      Object value = engine.call("DUMP", key);
      if (value != null) {
        use.use(what, key, () -> engine.call("RESTORE", key, 0, value, "REPLACE"));
        return;
      }
    }
    assertThat(engine.digest()).as(what).hasSize(40);
  }

  private static void addWrites(Command command, List<Command> writes) {
    command.subcommands().values().forEach(sub -> addWrites(sub, writes));
    boolean goesElsewhere = command.name().equals("MIGRATE");
    if (command.is(CommandFlag.WRITE) && command.subcommands().isEmpty() && !goesElsewhere) {
      writes.add(command);
    }
  }

  /** Of all types, by the effects that commands have in a log. */
  private static List<byte[]> commands() {
    List<byte[]> commands = new ArrayList<>();
    add(commands, "SELECT", 0);
    for (int i = 0; i < 20; i++) {
      add(commands, "SET", "s" + i, "v" + i);
      add(commands, "APPEND", "a", "x".repeat(i));
      add(commands, "SETBIT", "a", 100 + i, 1);
      add(commands, "PFADD", "d", i, "e" + i);
      add(commands, "HSET", "h", "f" + i, i);
      add(commands, "HPEXPIREAT", "h", 1_900_000_000_000L + i, "FIELDS", 1, "f" + i);
      add(commands, "RPUSH", "l", i, i);
      add(commands, "ZADD", "z", i, "m" + i);
      add(commands, "XADD", "x", i + 1 + "-1", "f", i, "g", "v");
      if (i == 3) {
        add(commands, "XGROUP", "CREATE", "x", "g", "0-0", "ENTRIESREAD", 0);
      }
      if (i > 3) {
        add(commands, "XCLAIM", "x", "g", "h", 0, i + "-1", "TIME", 1_700_000_000_000L + i);
        add(commands, "XGROUP", "SETID", "x", "g", i + "-1", "ENTRIESREAD", i);
      }
      add(commands, "MULTI");
      add(commands, "SADD", "set", i);
      add(commands, "PEXPIREAT", "s" + i, 1_900_000_000_000L + i);
      add(commands, "EXEC");
    }
    return commands;
  }

  private static void add(List<byte[]> commands, Object... words) {
    commands.add(TestClient.encode(words));
  }

  private static byte[] joined(List<byte[]> commands) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    commands.forEach(out::writeBytes);
    return out.toByteArray();
  }

  /**
   * Commands left out, twice, elsewhere; and others that nobody has sent, or with hostile values.
   */
  private static List<byte[]> changeOrder(
      List<byte[]> commands, List<Command> writes, RandomWords words, SplittableRandom random) {
    List<byte[]> changed = new ArrayList<>(commands);
    for (int n = random.nextInt(6); n > 0; n--) {
      int at = random.nextInt(changed.size());
      switch (random.nextInt(4)) {
        case 0 -> changed.remove(at);
        case 1 -> changed.add(at, changed.get(random.nextInt(changed.size())));
        case 2 -> {
          HostilePayload hostile = new HostilePayload(new Random(random.nextLong()), 100);
          byte[] payload = DamagedInputTest.versioned(hostile.next(), hostile.version());
          String key = KEYS.get(random.nextInt(KEYS.size()));
          add(changed, "RESTORE", key, 0, new String(payload, ISO_8859_1), "REPLACE");
        }
        default -> {
          Command command = words.oneOf(writes);
          List<String> line = words.command(command.fullName(), command.syntax());
          changed.add(at, TestClient.encode(line.toArray()));
        }
      }
    }
    return changed;
  }

  private static byte[] mutate(byte[] bytes, SplittableRandom random) {
    int at = random.nextInt(bytes.length);
    switch (random.nextInt(4)) {
      case 0 -> bytes[at] = (byte) random.nextInt(256);
      case 1 -> bytes[at] = (byte) ('0' + random.nextInt(10));
      case 2 -> {
        // A length or a count that claims far too much.
        for (int i = at; i < bytes.length - 12; i++) {
          if (bytes[i] == '$' || bytes[i] == '*') {
            byte[] huge =
                (bytes[i] == '$' ? "$2147483583\r\n" : "*1048576\r\n").getBytes(ISO_8859_1);
            System.arraycopy(huge, 0, bytes, i, Math.min(huge.length, bytes.length - i));
            break;
          }
        }
      }
      default -> {
        int to = Math.min(bytes.length, at + 1 + random.nextInt(30));
        byte[] shorter = new byte[bytes.length - (to - at)];
        System.arraycopy(bytes, 0, shorter, 0, at);
        System.arraycopy(bytes, to, shorter, at, bytes.length - to);
        return shorter.length == 0 ? bytes : shorter;
      }
    }
    return bytes;
  }
}
