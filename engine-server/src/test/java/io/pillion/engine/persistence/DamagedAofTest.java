package io.pillion.engine.persistence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.testkit.TestClient;
import io.pillion.engine.world.SimulatedDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Append-only files that end anywhere, or were changed anywhere. */
@Timeout(600)
final class DamagedAofTest {
  private static final String INCREMENT = "/appendonlydir/appendonly.aof.1.incr.aof";
  private static final int CUT_BYTES = 4096;
  private static final int MUTATIONS = Integer.getInteger("pillion.aof.mutations", 1_000);

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
  void aFileChangedAnywhereLoadsOrIsRefusedWithItsPlace() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    put(out, "SELECT", 0);
    for (int i = 0; i < 20; i++) {
      put(out, "SET", "s" + i, "v" + i);
      put(out, "HSET", "h", "f" + i, i);
      put(out, "RPUSH", "l", i, i);
      put(out, "ZADD", "z", i, "m" + i);
      put(out, "MULTI");
      put(out, "SADD", "set", i);
      put(out, "PEXPIREAT", "s" + i, 1_900_000_000_000L + i);
      put(out, "EXEC");
    }
    byte[] whole = out.toByteArray();
    SplittableRandom random = new SplittableRandom(7);
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] changed = whole.clone();
      for (int n = random.nextInt(4); n >= 0; n--) {
        changed = mutate(changed, random);
      }
      long begin = System.nanoTime();
      try (AofWorld engine = new AofWorld(diskWith(changed), 1)) {
        for (int k = 0; k < 5; k++) {
          engine.call("INCR", "s" + k);
          engine.call("HINCRBY", "h", "f" + k, 1);
          engine.call("LPOP", "l");
          engine.call("ZINCRBY", "z", 1, "m" + k);
          engine.call("SPOP", "set");
        }
        assertThat(engine.digest()).hasSize(40);
      } catch (PersistenceException e) {
        refused++;
        assertThat(e).hasMessageContaining("at offset ");
      }
      assertThat(System.nanoTime() - begin)
          .as("nanoseconds of mutation %d", i)
          .isLessThan(5_000_000_000L);
    }
    assertThat(refused).isBetween(MUTATIONS / 20, MUTATIONS - 1);
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
