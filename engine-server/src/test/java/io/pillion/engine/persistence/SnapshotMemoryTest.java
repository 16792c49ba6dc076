package io.pillion.engine.persistence;

import static io.pillion.engine.testkit.TestServer.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.pillion.engine.keyspace.Keyspace;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.server.PillionEngine;
import io.pillion.engine.world.Disk;
import io.pillion.engine.world.RealWorld;
import io.pillion.engine.world.ScratchFile;
import io.pillion.engine.world.SeededWorld;
import io.pillion.engine.world.SimulatedWorld;
import io.pillion.engine.world.World;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a snapshot gathers lies outside the heap, within its budget, and is given back. */
class SnapshotMemoryTest {
  private static final int BUDGET_BYTES = 1 << 20;

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  private final long reservedBefore = SlabPool.shared().reservedBytes();

  private SnapshotMemory memory(String where, long budgetBytes) {
    return new SnapshotMemory(RealWorld.get(), where, budgetBytes);
  }

  private static void assertHas(Parcel parcel, byte[] expected, int from, int to)
      throws IOException {
    byte[] read = new byte[to - from];
    for (int done = 0; done < read.length; ) {
      done += parcel.read(from + done, read, done, read.length - done);
    }
    assertThat(read).isEqualTo(Arrays.copyOfRange(expected, from, to));
  }

  /** Some parcels get more, are read and dropped, in any order, and moved to the file meanwhile. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void parcelsHaveWhatTheyGot(long seed) throws IOException {
    Random random = new Random(seed);
    SnapshotMemory memory = memory(folder.toString(), BUDGET_BYTES);
    Parcel[] parcels = new Parcel[4];
    byte[][] got = new byte[parcels.length][];
    int[] dropped = new int[parcels.length];
    for (int i = 0; i < parcels.length; i++) {
      parcels[i] = new Parcel(memory);
      got[i] = new byte[0];
    }
    for (int step = 0; step < 2000; step++) {
      int i = random.nextInt(parcels.length);
      switch (random.nextInt(50)) {
        case 0, 1, 2, 3 -> {
          dropped[i] += random.nextInt(got[i].length - dropped[i] + 1);
          parcels[i].drop(dropped[i]);
        }
        case 4, 5, 6, 7, 8, 9 -> {
          int from = dropped[i] + random.nextInt(got[i].length - dropped[i] + 1);
          assertHas(parcels[i], got[i], from, from + random.nextInt(got[i].length - from + 1));
        }
        default -> {
          byte[] more = new byte[random.nextInt(random.nextInt(20) == 0 ? 200_000 : 9000)];
          random.nextBytes(more);
          parcels[i].accept(more, more.length);
          int length = got[i].length;
          got[i] = Arrays.copyOf(got[i], length + more.length);
          System.arraycopy(more, 0, got[i], length, more.length);
        }
      }
      assertThat(memory.used()).isBetween(0L, (long) BUDGET_BYTES);
      assertThat(parcels[i].size()).isEqualTo(got[i].length);
    }
    memory.check();
    assertThat(memory.spilled()).isPositive();
    for (int i = 0; i < parcels.length; i++) {
      assertHas(parcels[i], got[i], dropped[i], got[i].length);
      parcels[i].free();
    }
    assertThat(memory.used()).isZero();
    memory.close();
    assertThat(SlabPool.shared().reservedBytes()).isEqualTo(reservedBefore);
  }

  @Test
  void isReadAndDroppedWhileItIsMoved() throws IOException {
    byte[] bytes = new byte[BUDGET_BYTES / 2];
    new Random(1).nextBytes(bytes);
    SnapshotMemory memory = memory(folder.toString(), BUDGET_BYTES);
    byte[] read = new byte[100];
    for (int round = 0; round < 100; round++) {
      Parcel parcel = new Parcel(memory);
      // From here on it is moved, from its beginning on, where it is dropped.
      parcel.accept(bytes, bytes.length);
      for (int at = 0; at < bytes.length - read.length; at += read.length / 2) {
        parcel.drop(at);
        int length = parcel.read(at, read, 0, read.length);
        assertThat(Arrays.equals(read, 0, length, bytes, at, at + length)).isTrue();
      }
      parcel.free();
    }
    memory.check();
    assertThat(memory.spilled()).isPositive();
    assertThat(memory.used()).isZero();
    memory.close();
  }

  @Test
  void whatWaitsIsMovedByAThreadOfItsOwn() throws IOException {
    SnapshotMemory memory = memory(folder.toString(), BUDGET_BYTES);
    Parcel parcel = new Parcel(memory);
    byte[] bytes = new byte[BUDGET_BYTES / 2];
    new Random(1).nextBytes(bytes);
    parcel.accept(bytes, bytes.length);
    await("most of it in the file", () -> memory.used() <= BUDGET_BYTES / 8);
    assertHas(parcel, bytes, 0, bytes.length);
    parcel.free();
    memory.close();
  }

  /**
   * A file of gigabytes that the system has cached takes it a while, and others hold their breath.
   */
  @Test
  void closingDoesNotWaitForTheFile() throws Exception {
    CompletableFuture<Void> goOn = new CompletableFuture<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    World world =
        worldWith(
            file ->
                replacing(
                    ScratchFile.class,
                    (ScratchFile) file,
                    "close",
                    nothing -> {
                      goOn.orTimeout(10, TimeUnit.SECONDS).join();
                      closed.complete(null);
                      return null;
                    }));
    SnapshotMemory memory = new SnapshotMemory(world, folder.toString(), BUDGET_BYTES);
    Parcel parcel = new Parcel(memory);
    parcel.accept(new byte[2 * BUDGET_BYTES], 2 * BUDGET_BYTES);
    memory.close();
    assertThat(closed).isNotDone();
    goOn.complete(null);
    closed.get(10, TimeUnit.SECONDS);
  }

  @Test
  void whoeverMovesItWithoutMemoryFailsTheSnapshot() {
    World world =
        new SeededWorld(1) {
          @Override
          public Disk disk() {
            throw new OutOfMemoryError("Cannot reserve direct buffer memory");
          }
        };
    SnapshotMemory memory = new SnapshotMemory(world, folder.toString(), BUDGET_BYTES);
    Parcel parcel = new Parcel(memory);
    parcel.accept(new byte[BUDGET_BYTES / 2], BUDGET_BYTES / 2);
    await("the failure", () -> failureOf(memory).contains("direct buffer memory"));
    memory.close();
  }

  private static String failureOf(SnapshotMemory memory) {
    try {
      memory.check();
      return "";
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** The machine, but for its scratch files. */
  private static World worldWith(UnaryOperator<@Nullable Object> scratchFiles) {
    Disk disk = replacing(Disk.class, RealWorld.get().disk(), "scratch", scratchFiles);
    return new SeededWorld(1) {
      @Override
      public Disk disk() {
        return disk;
      }
    };
  }

  /** The same object, but for what one of its methods returns, once it has. */
  private static <T> T replacing(
      Class<T> type, T real, String name, UnaryOperator<@Nullable Object> result) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Object returned = method.invoke(real, arguments);
              return method.getName().equals(name) ? result.apply(returned) : returned;
            }));
  }

  @Test
  void noThreadToMoveItFailsTheSnapshotAndNotWhoGathers() throws IOException {
    SimulatedWorld world = new SimulatedWorld(1);
    world.threads(false);
    SnapshotMemory memory = new SnapshotMemory(world, folder.toString(), BUDGET_BYTES);
    Parcel parcel = new Parcel(memory);
    parcel.accept(new byte[BUDGET_BYTES / 2], BUDGET_BYTES / 2);
    assertThat(parcel.size()).isEqualTo(BUDGET_BYTES / 2);
    assertThatThrownBy(memory::check).hasMessageContaining("cannot be moved to a file");
    memory.close();
  }

  @Test
  void whatCannotBeKeptFailsTheSnapshotAndNotWhoGathers() throws IOException {
    SnapshotMemory memory = memory("/no such folder", BUDGET_BYTES);
    Parcel parcel = new Parcel(memory);
    byte[] bytes = new byte[100_000];
    for (int i = 0; i < 30; i++) {
      parcel.accept(bytes, bytes.length);
    }
    assertThat(memory.used()).isLessThanOrEqualTo(BUDGET_BYTES);
    assertThatThrownBy(memory::check).isInstanceOf(IOException.class);
    memory.close();
    assertThat(memory.used()).isZero();
    assertThat(SlabPool.shared().reservedBytes()).isEqualTo(reservedBefore);
    parcel.accept(bytes, bytes.length);
    parcel.free();
    assertThat(memory.used()).isZero();
  }

  // --- of an engine

  private PillionEngine engine() {
    return engine(RealWorld.get());
  }

  private PillionEngine engine(World world) {
    return new EngineBuilder()
        .world(world)
        .set("dir", folder.toString())
        .set("enable-debug-command", "yes")
        .set("snapshot-memory", "1mb")
        .set("save", "")
        .memoryBytes(64 << 20)
        .start();
  }

  /** To be done at once: nothing here is to wait for a snapshot. */
  private static String send(LocalClient client, Object... words) {
    List<byte[]> bytes = new ArrayList<>();
    for (Object word : words) {
      bytes.add(String.valueOf(word).getBytes(StandardCharsets.ISO_8859_1));
    }
    CompletableFuture<Object> sent = client.send(bytes).toCompletableFuture();
    assertThat(sent).isDone();
    Object answer = sent.join();
    return answer instanceof byte[] text
        ? new String(text, StandardCharsets.ISO_8859_1)
        : String.valueOf(answer);
  }

  private static void fill(LocalClient client) {
    for (int i = 0; i < 1000; i++) {
      send(client, "HSET", "hash", "field" + i, "value".repeat(20));
      send(client, "RPUSH", "list", "value".repeat(20));
      send(client, "SET", "string" + i, "value".repeat(20));
    }
    send(client, "SET", "large", new Random(1).ints(500_000).boxed().toList());
  }

  /** Some that waits in memory, and in the file. */
  private static void change(LocalClient client) {
    for (int i = 0; i < 100; i++) {
      send(client, "HSET", "hash", "field" + 10 * i, "changed");
      send(client, "SET", "string" + i, "changed");
    }
    send(client, "LSET", "list", -1, "changed");
  }

  private static void awaitReserved(long bytes) {
    await("its memory back", () -> SlabPool.shared().reservedBytes() == bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothing", "FLUSHALL", "SAVE", "failure", "BGREWRITEAOF"})
  void givesItsMemoryBackHoweverItEnds(String end) throws IOException {
    try (PillionEngine engine = engine();
        LocalClient client = engine.connect()) {
      fill(client);
      final long reserved = SlabPool.shared().reservedBytes();
      if (end.equals("SAVE")) {
        send(client, "SAVE");
        assertThat(SlabPool.shared().reservedBytes()).isEqualTo(reserved);
        return;
      }
      if (end.equals("failure")) {
        Files.createDirectory(folder.resolve("dump.rdb"));
      }
      send(client, "CONFIG", "SET", "rdb-key-save-delay", "500");
      send(client, end.equals("BGREWRITEAOF") ? end : "BGSAVE");
      assertThat(SlabPool.shared().reservedBytes()).isGreaterThan(reserved);
      change(client);
      send(client, "CONFIG", "SET", "rdb-key-save-delay", "0");
      if (end.equals("FLUSHALL")) {
        send(client, end);
      }
      awaitReserved(reserved);
      String status = "rdb_last_bgsave_status:" + (end.equals("failure") ? "err" : "ok");
      await(status, () -> send(client, "INFO", "persistence").contains(status));
      assertThat(engine.engine().keyspace().isCut()).isFalse();
    }
    assertThat(SlabPool.shared().reservedBytes()).isEqualTo(reservedBefore);
  }

  @Test
  void givesItsMemoryBackWhenTheEngineEndsMeanwhile() {
    try (PillionEngine engine = engine();
        LocalClient client = engine.connect()) {
      fill(client);
      send(client, "CONFIG", "SET", "rdb-key-save-delay", "5000");
      send(client, "BGSAVE");
      change(client);
    }
    awaitReserved(reservedBefore);
  }

  private static Snapshot begin(
      PillionEngine engine, OutputStream target, String folder, long budgetBytes) {
    Snapshot[] begun = {null};
    Keyspace keyspace = engine.engine().keyspace();
    SnapshotOptions options =
        new SnapshotOptions(
            /* compress= */ false,
            /* checksum= */ true,
            false,
            budgetBytes,
            folder,
            FieldTtls.REDIS);
    engine.engine().hold(() -> begun[0] = new Snapshot(keyspace, Functions.NONE, target, options));
    return begun[0];
  }

  private static void writeAll(PillionEngine engine, Snapshot snapshot) throws IOException {
    boolean[] more = {true};
    while (more[0]) {
      engine.engine().hold(() -> more[0] = snapshot.scan(1 << 16));
      snapshot.drain();
    }
    snapshot.finish();
  }

  private static CompletableFuture<Void> written(PillionEngine engine, Snapshot snapshot) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            writeAll(engine, snapshot);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @Test
  void oneChangeOfMoreThanTheBudgetStaysWithinIt() throws IOException {
    try (PillionEngine engine = engine();
        LocalClient client = engine.connect()) {
      fill(client);
      assertThat(Integer.parseInt(send(client, "STRLEN", "large"))).isGreaterThan(3 * BUDGET_BYTES);
      final String digest = send(client, "DEBUG", "DIGEST");
      ByteArrayOutputStream target = new ByteArrayOutputStream();
      Snapshot snapshot = begin(engine, target, folder.toString(), BUDGET_BYTES);
      send(client, "SETRANGE", "large", 5, "changed");
      assertThat(snapshot.spilledBytes()).isGreaterThan(3 * BUDGET_BYTES);
      writeAll(engine, snapshot);
      assertThat(snapshot.peakBytes()).isLessThanOrEqualTo(BUDGET_BYTES);
      Files.write(folder.resolve("dump.rdb"), target.toByteArray());
      assertThat(send(client, "DEBUG", "RELOAD", "NOSAVE")).isEqualTo("OK");
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  /** Who has got a snapshot may remove the folder: nobody makes a file there any more. */
  @Test
  void endsOnlyWhenNobodyMakesAFile() throws Exception {
    CompletableFuture<Void> making = new CompletableFuture<>();
    CompletableFuture<Void> goOn = new CompletableFuture<>();
    World world =
        worldWith(
            file -> {
              making.complete(null);
              goOn.orTimeout(10, TimeUnit.SECONDS).join();
              return file;
            });
    try (PillionEngine engine = engine(world);
        LocalClient client = engine.connect()) {
      fill(client);
      OutputStream target = OutputStream.nullOutputStream();
      Snapshot snapshot = begin(engine, target, folder.toString(), BUDGET_BYTES);
      change(client);
      making.get(10, TimeUnit.SECONDS);
      CompletableFuture<Void> writing = written(engine, snapshot);
      await("its memory back", () -> snapshot.heldBytes() == 0);
      assertThatThrownBy(() -> writing.get(50, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      goOn.complete(null);
      writing.get(10, TimeUnit.SECONDS);
    }
  }

  /** A disk may take a write and not come back from it for a second. */
  @Test
  void gathersMoreThanTheBudgetWhileTheFileStandsStill() throws Exception {
    try (PillionEngine engine = engine();
        LocalClient client = engine.connect()) {
      fill(client);
      final String digest = send(client, "DEBUG", "DIGEST");
      CompletableFuture<Void> goOn = new CompletableFuture<>();
      ByteArrayOutputStream written = new ByteArrayOutputStream();
      OutputStream target =
          new FilterOutputStream(written) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
              goOn.join();
              out.write(bytes, offset, length);
            }
          };
      Snapshot snapshot = begin(engine, target, folder.toString(), BUDGET_BYTES);
      CompletableFuture<Void> writing = written(engine, snapshot);
      for (int i = 0; i < 1000; i++) {
        send(client, "SET", "string" + i, "changed");
        send(client, "SETRANGE", "large", i * 3000, "changed");
        await("room", () -> snapshot.heldBytes() <= BUDGET_BYTES / 2);
        assertThat(snapshot.isFull()).isFalse();
      }
      assertThat(writing).isNotDone();
      assertThat(snapshot.spilledBytes()).isGreaterThan(BUDGET_BYTES);
      goOn.complete(null);
      writing.get();
      Files.write(folder.resolve("dump.rdb"), written.toByteArray());
      assertThat(send(client, "DEBUG", "RELOAD", "NOSAVE")).isEqualTo("OK");
      assertThat(send(client, "DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  /** Beside what the same changes allocate without a snapshot. */
  @ParameterizedTest
  @ValueSource(strings = {"SET", "HSET"})
  void gatheringAllocatesNothing(String command) throws IOException {
    int changes = 20_000;
    try (PillionEngine engine = engine();
        LocalClient client = engine.connect()) {
      for (int i = 0; i < changes; i++) {
        change(client, command, i, 100);
      }
      for (int i = 0; i < 3; i++) {
        changed(client, command, changes);
      }
      long without = changed(client, command, changes);
      long with = Long.MAX_VALUE;
      for (int i = 0; i < 3; i++) {
        Snapshot snapshot =
            begin(engine, OutputStream.nullOutputStream(), folder.toString(), 64 << 20);
        engine.engine().hold(() -> snapshot.scan(1));
        with = Math.min(with, changed(client, command, changes));
        assertThat(snapshot.heldBytes()).isGreaterThan(changes * 100L);
        engine.engine().hold(snapshot::abandon);
      }
      assertThat((with - without) / changes).as("bytes for each change").isLessThan(24);
    }
  }

  private static void change(LocalClient client, String command, int i, int length) {
    if (command.equals("SET")) {
      send(client, command, "key" + i, "v".repeat(length));
    } else {
      send(client, command, "hash", "field" + i, "v".repeat(length));
    }
  }

  /** A snapshot that is written as fast as it is taken down empties its memory again and again. */
  @Test
  void memoryThatWasEmptiedIsTakenAgain() {
    SnapshotMemory memory = memory(folder.toString(), BUDGET_BYTES);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    memory.giveBack(takeSome(memory, 100));
    long before = threads.getCurrentThreadAllocatedBytes();
    memory.giveBack(takeSome(memory, 10_000));
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100_000);
    assertThat(memory.used()).isZero();
    memory.close();
  }

  /** Takes a chunk and gives it back, so many times; returns one that is taken. */
  private static long takeSome(SnapshotMemory memory, int times) {
    for (int i = 0; i < times; i++) {
      memory.giveBack(memory.take());
    }
    return memory.take();
  }

  private static long changed(LocalClient client, String command, int changes) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < changes; i++) {
      change(client, command, i, 100);
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
