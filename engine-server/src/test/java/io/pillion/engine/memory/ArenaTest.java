package io.pillion.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArenaTest {
  private static final long MIB = 1 << 20;

  private final SlabPool pool = new SlabPool();
  private final Arena arena = new Arena(pool, 64 * MIB);

  @AfterEach
  void closeReturnsAll() {
    arena.close();
    assertThat(pool.borrowedSlabs()).isZero();
    assertThat(arena.usedBytes()).isZero();
  }

  /** In one slab with others, and over several. */
  @ParameterizedTest
  @ValueSource(ints = {20_000, 3_000_000})
  void whatIsLeasedStaysUntilItIsReleased(int size) {
    long block = arena.allocate(size);
    arena.allocate(20_000);
    byte[] content = new byte[size];
    new Random(1).nextBytes(content);
    arena.copyIn(block, content, 0, size);
    Lease first = Objects.requireNonNull(arena.lease(block + 100, size - 100));
    Lease second = Objects.requireNonNull(arena.lease(block, size));
    assertThat(arena.isLeased(block)).isTrue();
    arena.free(block);
    fillTheRest();
    assertThat(bytes(first)).isEqualTo(Arrays.copyOfRange(content, 100, size));
    first.release();
    arena.takeBack();
    arena.reset();
    assertThat(arena.usedBytes()).isEqualTo((size + 4095) / 4096 * 4096L);
    fillTheRest();
    assertThat(bytes(second)).isEqualTo(content);
    arena.reset();
    second.release();
    arena.takeBack();
    assertThat(arena.usedBytes()).isZero();
    assertThat(arena.reservedBytes()).isZero();
  }

  private static byte[] bytes(Lease lease) {
    byte[] bytes = new byte[lease.length()];
    lease.copyOut(bytes, bytes.length);
    return bytes;
  }

  private void fillTheRest() {
    byte[] other = new byte[100_000];
    Arrays.fill(other, (byte) 0x55);
    try {
      while (true) {
        arena.copyIn(arena.allocate(other.length), other, 0, other.length);
      }
    } catch (OutOfArenaException full) {
      assertThat(arena.usedBytes()).isGreaterThan(60 * MIB);
    }
  }

  @Test
  void aLeasedBlockGoesWithItsLeaseUnlessItIsAdopted() {
    Lease lent = arena.allocateLeased(40, 2_000_000);
    assertThat(lent.address()).isEqualTo(lent.block() + 40);
    lent.release();
    arena.takeBack();
    assertThat(arena.usedBytes()).isZero();
    Lease adopted = arena.allocateLeased(8, 100_000);
    arena.adopt(adopted);
    adopted.release();
    arena.takeBack();
    assertThat(arena.usedBytes()).isPositive();
    assertThat(arena.isLeased(adopted.block())).isFalse();
    arena.free(adopted.block());
    assertThat(arena.usedBytes()).isZero();
  }

  @Test
  void whatIsLeasedAtTheEndIsLentToNobodyElse() {
    Lease late = arena.allocateLeased(0, 1_000_000);
    late.copyIn(new byte[] {1, 2, 3}, 0, 3);
    arena.close();
    assertThat(pool.borrowedSlabs()).isZero();
    try (Arena other = new Arena(pool, 4 * MIB)) {
      other.clear(other.allocate(3_000_000), 3_000_000);
      assertThat(late.parts()[0].get(1)).isEqualTo((byte) 2);
    }
    late.release();
  }

  /** Blocks of every size, each filled with its own byte, against a map of what should be there. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void keepsEveryBlockApartWhateverIsTakenMovedAndFreed(long seed) {
    Random random = new Random(seed);
    TreeMap<Long, Block> model = new TreeMap<>();
    List<Long> addresses = new ArrayList<>();
    long wanted = 0;
    for (int i = 0; i < 10_000; i++) {
      int choice = random.nextInt(10);
      boolean full = wanted > 40 * MIB;
      if (choice < 5 && !full) {
        long size = randomSize(random);
        Block block = new Block(size, (byte) random.nextInt());
        long address = arena.allocate(size);
        assertThat(address % 8).isZero();
        assertThat(arena.capacity(address)).isGreaterThanOrEqualTo(size);
        assertApart(model, address, arena.capacity(address));
        fill(address, block);
        model.put(address, block);
        addresses.add(address);
        wanted += size;
      } else if (!addresses.isEmpty()) {
        int at = random.nextInt(addresses.size());
        long address = addresses.get(at);
        Block block = model.remove(address);
        assertThat(block).isNotNull();
        assertHolds(address, block, block.size);
        wanted -= block.size;
        if (choice < 8 || full) {
          arena.free(address);
          addresses.set(at, addresses.get(addresses.size() - 1));
          addresses.remove(addresses.size() - 1);
        } else {
          long size = randomSize(random);
          long kept = Math.min(size, block.size);
          long moved = arena.reallocate(address, size, kept);
          assertApart(model, moved, arena.capacity(moved));
          assertHolds(moved, block, kept);
          Block changed = new Block(size, (byte) random.nextInt());
          fill(moved, changed);
          model.put(moved, changed);
          addresses.set(at, moved);
          wanted += size;
        }
      }
      if (i % 1000 == 0) {
        assertThat(arena.usedBytes())
            .isEqualTo(model.keySet().stream().mapToLong(arena::capacity).sum());
        model.forEach((address, block) -> assertHolds(address, block, block.size));
      }
    }
    model.forEach((address, block) -> assertHolds(address, block, block.size));
    addresses.forEach(arena::free);
    assertThat(arena.usedBytes()).isZero();
    assertThat(arena.reservedBytes()).isZero();
  }

  private record Block(long size, byte content) {}

  private static long randomSize(Random random) {
    return switch (random.nextInt(20)) {
      case 0 -> 1 + random.nextInt((int) (3 * MIB));
      case 1, 2 -> 1 + random.nextInt(200_000);
      case 3, 4, 5 -> 1 + random.nextInt(20_000);
      case 6, 7, 8, 9 -> 1 + random.nextInt(4096);
      default -> random.nextInt(300);
    };
  }

  private static void assertApart(NavigableMap<Long, Block> model, long address, long capacity) {
    Map.Entry<Long, Block> before = model.floorEntry(address);
    if (before != null) {
      assertThat(before.getKey() + before.getValue().size).isLessThanOrEqualTo(address);
    }
    Long after = model.ceilingKey(address);
    if (after != null) {
      assertThat(address + capacity).isLessThanOrEqualTo(after);
    }
  }

  private void fill(long address, Block block) {
    byte[] bytes = new byte[(int) block.size];
    Arrays.fill(bytes, block.content);
    arena.copyIn(address, bytes, 0, bytes.length);
  }

  private void assertHolds(long address, Block block, long length) {
    byte[] bytes = arena.toByteArray(address, (int) length);
    for (byte b : bytes) {
      if (b != block.content) {
        throw new AssertionError("block at " + address + " of " + block + " was overwritten");
      }
    }
  }

  @Test
  void classesAreTightAndAscending() {
    for (int size = 1; size <= Arena.MAX_SMALL; size++) {
      long address = arena.allocate(size);
      long capacity = arena.capacity(address);
      long lost = size <= 256 ? 7 : capacity / 8;
      assertThat(capacity).isBetween((long) size, size + lost);
      arena.free(address);
    }
  }

  @Test
  void aBlockOfSeveralSlabsIsOneRunOfAddresses() {
    byte[] content = new byte[(int) (5 * MIB + 12_345)];
    new Random(5).nextBytes(content);
    long small = arena.allocate(100_000);
    long address = arena.allocate(content.length);
    arena.copyIn(address, content, 0, content.length);

    assertThat(arena.toByteArray(address, content.length)).isEqualTo(content);
    assertThat(arena.matches(address, content.length, Bytes.of(content))).isTrue();
    assertThat(Arena.crossesSlab(address, content.length)).isTrue();
    assertThat(arena.getLongUnaligned(address + MIB - 3))
        .isEqualTo(
            java.nio.ByteBuffer.wrap(content)
                .order(ByteOrder.nativeOrder())
                .getLong((int) MIB - 3));
    content[(int) (2 * MIB)]++;
    assertThat(arena.matches(address, content.length, Bytes.of(content))).isFalse();
    assertThat(Hashing.hash(arena, address, (int) (2 * MIB), 7))
        .isEqualTo(Hashing.hash(content, 0, (int) (2 * MIB), 7));

    // What is left of the last slab is used by others, and outlives the block.
    long tail = arena.allocate(300_000);
    arena.putLong(tail, 42);
    arena.free(address);
    assertThat(arena.getLong(tail)).isEqualTo(42);
    arena.free(tail);
    arena.free(small);
    assertThat(arena.reservedBytes()).isZero();
  }

  @Test
  void overlappingCopiesBehaveAsIfThroughAnotherPlace() {
    int length = (int) (3 * MIB);
    byte[] content = new byte[length];
    new Random(6).nextBytes(content);
    long address = arena.allocate(length);
    for (int shift : new int[] {1, 8, 5000, (int) MIB}) {
      arena.copyIn(address, content, 0, length);
      arena.copy(address, address + shift, length - shift);
      byte[] up = content.clone();
      System.arraycopy(content, 0, up, shift, length - shift);
      assertThat(arena.toByteArray(address, length)).isEqualTo(up);

      arena.copyIn(address, content, 0, length);
      arena.copy(address + shift, address, length - shift);
      byte[] down = content.clone();
      System.arraycopy(content, shift, down, 0, length - shift);
      assertThat(arena.toByteArray(address, length)).isEqualTo(down);
    }
    long small = arena.allocate(100);
    arena.copyIn(small, content, 0, 100);
    arena.copy(small, small + 3, 90);
    assertThat(arena.toByteArray(small + 3, 90)).isEqualTo(Arrays.copyOf(content, 90));
  }

  @Test
  void exhaustedBudgetRefusesAndChangesNothing() {
    try (Arena small = new Arena(pool, 4 * MIB)) {
      assertThat(small.budgetBytes()).isEqualTo(4 * MIB);
      assertThatThrownBy(() -> small.allocate(4 * MIB + 1)).isInstanceOf(OutOfArenaException.class);
      assertThatThrownBy(() -> small.allocate(1L << 50)).isInstanceOf(OutOfArenaException.class);
      assertThat(small.reservedBytes()).isZero();
      for (int size : new int[] {24, 5000, 20_000, (int) (MIB / 2), (int) (2 * MIB)}) {
        List<Long> blocks = fillUp(small, size);
        long used = small.usedBytes();
        assertThat(used).isGreaterThan(4 * MIB * 3 / 4);
        assertThatThrownBy(() -> small.allocate(size)).isInstanceOf(OutOfArenaException.class);
        long last = blocks.get(blocks.size() - 1);
        assertThatThrownBy(() -> small.reallocate(last, 4 * MIB, 10))
            .isInstanceOf(OutOfArenaException.class);
        assertThat(small.usedBytes()).isEqualTo(used);
        small.free(last);
        blocks.set(blocks.size() - 1, small.allocate(size));
        blocks.forEach(small::free);
        assertThat(small.usedBytes()).isZero();
      }
    }
  }

  private static List<Long> fillUp(Arena arena, int size) {
    List<Long> blocks = new ArrayList<>();
    try {
      while (true) {
        blocks.add(arena.allocate(size));
      }
    } catch (OutOfArenaException full) {
      return blocks;
    }
  }

  @Test
  void holesOfFreedRunsAreFilledAgain() {
    List<Long> blocks = fillUp(arena, 20_000);
    for (int i = 0; i < blocks.size(); i += 2) {
      arena.free(blocks.get(i));
    }
    for (int i = 0; i < blocks.size(); i += 2) {
      blocks.set(i, arena.allocate(20_000));
    }
    assertThat(arena.reservedBytes()).isEqualTo(arena.budgetBytes());
    blocks.forEach(arena::free);
    assertThat(arena.reservedBytes()).isZero();
  }

  @Test
  void budgetsOfOneProcessAreSharedAndReturned() {
    long all = pool.reserve(0);
    assertThat(pool.reserve(MIB)).isZero();
    pool.release(all);
    try (Arena first = new Arena(pool, 0);
        Arena second = new Arena(pool, 0)) {
      assertThat(first.budgetBytes()).isEqualTo(all);
      assertThat(second.budgetBytes()).isZero();
      assertThatThrownBy(() -> second.allocate(8)).isInstanceOf(OutOfArenaException.class);
    }
    assertThat(pool.reserve(0)).isEqualTo(all);
    pool.release(all);
  }

  @Test
  void scalarsAndZeros() {
    long address = arena.allocate(10_000);
    arena.copyIn(address, new byte[10_000], 0, 10_000);
    arena.putByte(address, (byte) -1);
    arena.putShort(address + 2, (short) -2);
    arena.putInt(address + 4, -3);
    arena.putLong(address + 8, -4);
    arena.putDouble(address + 16, -5.5);
    assertThat(arena.getByte(address)).isEqualTo((byte) -1);
    assertThat(arena.getShort(address + 2)).isEqualTo((short) -2);
    assertThat(arena.getInt(address + 4)).isEqualTo(-3);
    assertThat(arena.getLong(address + 8)).isEqualTo(-4);
    assertThat(arena.getDouble(address + 16)).isEqualTo(-5.5);
    arena.putByte(address + 9_999, (byte) 7);
    arena.clear(address, 9_999);
    byte[] expected = new byte[10_000];
    expected[9_999] = 7;
    assertThat(arena.toByteArray(address, 10_000)).isEqualTo(expected);
  }

  @Test
  void comparesAndMatchesAsBytesDo() {
    Random random = new Random(8);
    long left = arena.allocate(64);
    long right = arena.allocate(64);
    for (int i = 0; i < 20_000; i++) {
      byte[] a = new byte[random.nextInt(40)];
      byte[] b = new byte[random.nextInt(40)];
      random.nextBytes(a);
      System.arraycopy(a, 0, b, 0, Math.min(a.length, b.length));
      if (b.length > 0 && random.nextInt(3) > 0) {
        b[random.nextInt(b.length)] = (byte) random.nextInt();
      }
      arena.copyIn(left, Bytes.of(a));
      arena.copyIn(right, Bytes.of(b));
      int expected = Integer.signum(Bytes.of(a).compareTo(Bytes.of(b)));
      assertThat(Integer.signum(arena.compare(left, a.length, Bytes.of(b)))).isEqualTo(expected);
      assertThat(Integer.signum(arena.compare(left, a.length, right, b.length)))
          .isEqualTo(expected);
      assertThat(arena.matches(left, a.length, Bytes.of(b))).isEqualTo(expected == 0);
      Span span = new Span(arena).set(left, a.length);
      assertThat(span.equals(new Span(arena).set(right, b.length))).isEqualTo(expected == 0);
    }
  }

  @Test
  void wrongAddressesAreRefused() {
    assertThatThrownBy(() -> arena.capacity(0)).isInstanceOf(IllegalArgumentException.class);
    long address = arena.allocate(100_000);
    arena.free(address);
    long other = arena.allocate(20_000);
    assertThatThrownBy(() -> arena.free(other + 500_000))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theFirstSlabWithRoomIsFoundAmongThousands() {
    RoomTree tree = new RoomTree();
    Random random = new Random(9);
    int[] model = new int[3000];
    for (int i = 0; i < 30_000; i++) {
      int slab = random.nextInt(model.length);
      model[slab] = random.nextInt(8) == 0 ? random.nextInt(257) : 0;
      tree.set(slab, model[slab]);
      int units = 1 + random.nextInt(256);
      int expected = -1;
      for (int j = 0; j < model.length && expected < 0; j++) {
        expected = model[j] >= units ? j : -1;
      }
      assertThat(tree.first(units)).isEqualTo(expected);
    }
  }
}
