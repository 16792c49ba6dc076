package io.pillion.engine.world;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.world.SimulatedDisk.Operation;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both disks do the same, and the simulated one loses only what was not synced. */
final class DiskTest {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path temporary;

  private static final byte[] HELLO = "hello world".getBytes(US_ASCII);

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLockIsOnesOwnUntilItIsClosed(boolean real) throws IOException {
    Disk disk = real ? RealWorld.get().disk() : new SimulatedDisk();
    String path = (real ? temporary.toString() : "") + "/lock";
    try (Closeable ours = disk.tryLock(path)) {
      assertThat(ours).isNotNull();
      try (Closeable others = disk.tryLock(path)) {
        assertThat(others).isNull();
      }
    }
    try (Closeable again = disk.tryLock(path)) {
      assertThat(again).isNotNull();
    }
    assertThatThrownBy(() -> disk.tryLock(path + "/no/such/folder/lock"))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writesReadsRenamesAndRemoves(boolean real) throws IOException {
    Disk disk = real ? RealWorld.get().disk() : new SimulatedDisk();
    String root = real ? temporary.toString() : "";
    String folder = root + "/data";
    disk.createFolder(folder);
    disk.createFolder(folder);
    assertThat(disk.isFolder(folder)).isTrue();
    try (DiskFile file = disk.create(folder + "/a")) {
      file.write(HELLO, 0, 5);
      file.sync();
      assertThat(file.size()).isEqualTo(5);
    }
    try (DiskFile file = disk.append(folder + "/a")) {
      file.write(HELLO, 5, 6);
      file.truncate(8);
      file.write(HELLO, 8, 3);
    }
    assertThat(disk.read(folder + "/a")).isEqualTo("hello world");
    try (InputStream in = disk.open(folder + "/a")) {
      assertThat(in.readAllBytes()).isEqualTo(HELLO);
    }
    disk.truncate(folder + "/a", 5);
    assertThat(disk.size(folder + "/a")).isEqualTo(5);
    disk.replace(folder + "/b", "old");
    disk.rename(folder + "/a", folder + "/b");
    disk.syncFolder(folder);
    assertThat(disk.list(folder)).isEqualTo(List.of("b"));
    assertThat(disk.matching(folder + "/*")).isEqualTo(List.of(folder + "/b"));
    assertThat(disk.read(folder + "/b")).isEqualTo("hello");
    disk.delete(folder + "/b");
    disk.delete(folder + "/b");
    assertThat(disk.exists(folder + "/b")).isFalse();
    for (String path : List.of(folder + "/none", root + "/none/none")) {
      assertThatThrownBy(() -> disk.open(path)).hasMessage("No such file or directory");
      assertThatThrownBy(() -> disk.size(path)).hasMessage("No such file or directory");
    }
    assertThatThrownBy(() -> disk.append(root + "/none/none"))
        .hasMessage("No such file or directory");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writesLargeFilesWhole(boolean real) throws IOException {
    Disk disk = real ? RealWorld.get().disk() : new SimulatedDisk();
    String path = (real ? temporary.toString() : "") + "/large";
    byte[] bytes = new byte[3 << 20];
    new Random(1).nextBytes(bytes);
    for (int size : new int[] {0, 1, 4095, 4096, 4097, 512 << 10, (1 << 20) + 1, bytes.length}) {
      int third = size / 3;
      try (WriteOnceFile file = disk.createLarge(path)) {
        file.write(bytes, 0, third);
        file.sync();
        assertThat(disk.size(path)).isEqualTo(third);
        file.write(bytes, third, third);
        file.sync();
        file.write(bytes, 2 * third, size - 2 * third);
      }
      try (InputStream in = disk.open(path)) {
        assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOf(bytes, size));
      }
    }
    assertThatThrownBy(() -> disk.createLarge(path + "/none")).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void givesBackWhatWasScratched(boolean real) throws IOException {
    Disk disk = real ? RealWorld.get().disk() : new SimulatedDisk();
    String folder = real ? temporary.toString() : "/";
    byte[] bytes = new byte[3 << 20];
    Random random = new Random(2);
    random.nextBytes(bytes);
    try (ScratchFile file = disk.scratch(folder)) {
      assertThat(disk.list(folder)).isEmpty();
      int size = 0;
      byte[] read = new byte[bytes.length + 3];
      while (size < bytes.length) {
        int length = Math.min(1 + random.nextInt(200_000), bytes.length - size);
        assertThat(file.append(bytes, size, length)).isEqualTo(size);
        size += length;
        int from = random.nextInt(size);
        int some = 1 + random.nextInt(size - from);
        file.read(from, read, 3, some);
        assertThat(Arrays.mismatch(read, 3, 3 + some, bytes, from, from + some)).isEqualTo(-1);
      }
    }
    assertThat(disk.list(folder)).isEmpty();
  }

  @Test
  void powerLossKeepsWhatWasSyncedAndMayLoseTheRest() throws IOException {
    SimulatedDisk disk = new SimulatedDisk();
    byte[] zeros = new byte[20_000];
    byte[] ones = new byte[20_000];
    java.util.Arrays.fill(ones, (byte) 1);
    DiskFile file = disk.create("/synced");
    file.write(HELLO, 0, HELLO.length);
    file.sync();
    disk.syncFolder("/");
    file.write(ones, 0, ones.length);
    DiskFile lost = disk.create("/unsynced");
    lost.write(HELLO, 0, HELLO.length);
    lost.sync();
    Set<Long> sizes = new HashSet<>();
    Set<Boolean> named = new HashSet<>();
    boolean torn = false;
    for (int seed = 0; seed < 200; seed++) {
      SimulatedDisk after = disk.afterCrash(seed);
      byte[] left = after.bytes("/synced");
      assertThat(left).startsWith(HELLO);
      sizes.add((long) left.length);
      named.add(after.exists("/unsynced"));
      for (int i = HELLO.length; i + 512 < left.length; i++) {
        torn |= left[i] == 1 && left[i + 512] == 0;
      }
      assertThat(Stream.of(left.length).allMatch(n -> n <= HELLO.length + zeros.length)).isTrue();
    }
    assertThat(sizes).hasSizeGreaterThan(20).contains(11L, 20_011L);
    assertThat(named).containsExactlyInAnyOrder(true, false);
    assertThat(torn).as("a page was lost or torn before one that was kept").isTrue();
  }

  @Test
  void powerLossMayTakeBackRenames() throws IOException {
    SimulatedDisk disk = new SimulatedDisk();
    disk.replace("/name", "old");
    try (DiskFile file = disk.create("/new")) {
      file.write(HELLO, 0, HELLO.length);
      file.sync();
    }
    disk.rename("/new", "/name");
    Set<String> found = new HashSet<>();
    for (int seed = 0; seed < 100; seed++) {
      found.add(disk.afterCrash(seed).read("/name"));
    }
    assertThat(found).containsExactlyInAnyOrder("old", "hello world");
    disk.syncFolder("/");
    for (int seed = 0; seed < 100; seed++) {
      assertThat(disk.afterCrash(seed).read("/name")).isEqualTo("hello world");
    }
  }

  @Test
  void failsAsTold() throws IOException {
    SimulatedDisk disk = new SimulatedDisk();
    DiskFile file = disk.create("/f");
    disk.room(5);
    assertThatThrownBy(() -> file.write(HELLO, 0, 11)).hasMessage("No space left on device");
    assertThat(file.size()).isEqualTo(5);
    disk.heal();
    disk.fail(Operation.SYNC, "/f", "Input/output error", 1);
    assertThatThrownBy(file::sync).hasMessage("Input/output error");
    file.sync();
    disk.readOnly("/");
    assertThatThrownBy(() -> disk.create("/g")).hasMessage("Read-only file system");
    disk.heal();
    disk.createFolder("/d");
    DiskFile inside = disk.create("/d/f");
    disk.vanish("/d");
    inside.write(HELLO, 0, 1);
    assertThat(disk.exists("/d/f")).isFalse();
    assertThatThrownBy(() -> disk.create("/d/f")).hasMessage("No such file or directory");
  }
}
