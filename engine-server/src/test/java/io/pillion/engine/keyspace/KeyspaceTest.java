package io.pillion.engine.keyspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import io.pillion.engine.world.SimulatedWorld;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Databases against a model of maps: finding, growing, shrinking, expiring, evicting, scanning. */
final class KeyspaceTest {
  private final SimulatedWorld world = new SimulatedWorld(1);
  private final Arena arena = new Arena(SlabPool.shared(), 64 << 20);
  private final Recorder recorder = new Recorder();
  private Keyspace keyspace;
  private Database database;

  @BeforeEach
  void open() {
    keyspace = new Keyspace(world, arena, new KeyspaceSettings(), 2);
    keyspace.listener(recorder);
    database = keyspace.database(0);
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void holdsWhatAMapWouldHold() {
    long empty = arena.usedBytes();
    Map<String, Entry> model = new HashMap<>();
    SplittableRandom random = new SplittableRandom(42);
    for (int step = 0; step < 80_000; step++) {
      String key = "key:" + random.nextInt(10_000);
      switch (random.nextInt(10)) {
        case 0, 1 -> {
          assertThat(database.delete(Bytes.of(key))).isEqualTo(model.remove(key) != null);
        }
        case 2 -> {
          long record = database.find(Bytes.of(key));
          if (record != 0) {
            long deadline = random.nextBoolean() ? Database.NEVER : world.wallMillis() + 1_000_000;
            database.expireAt(record, deadline);
            Entry old = Objects.requireNonNull(model.get(key));
            model.put(key, new Entry(old.value, deadline));
          }
        }
        case 3 -> {
          long record = database.find(Bytes.of(key));
          if (record != 0) {
            Entry old = Objects.requireNonNull(model.get(key));
            int length = random.nextInt(300);
            int before = database.stringLength(record);
            record = database.resizeString(record, length, random.nextBoolean());
            if (length > before) {
              byte[] filler =
                  "x".repeat(length - before).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
              arena.copyIn(database.stringAddress(record) + before, filler, 0, filler.length);
            }
            String value =
                length <= before
                    ? old.value.substring(0, length)
                    : old.value + "x".repeat(length - before);
            model.put(key, new Entry(value, old.deadline));
          }
        }
        default -> {
          String value = "v".repeat(random.nextInt(100)) + step;
          long deadline = random.nextInt(4) == 0 ? world.wallMillis() + 5_000_000 : Database.NEVER;
          database.setString(Bytes.of(key), Bytes.of(value), deadline);
          model.put(key, new Entry(value, deadline));
        }
      }
    }
    assertThat(database.size()).isEqualTo(model.size());
    assertThat(contents()).isEqualTo(model);
    assertThat(database.expiry().size())
        .isEqualTo(model.values().stream().filter(e -> e.deadline != Database.NEVER).count());
    for (String key : List.copyOf(model.keySet())) {
      database.delete(Bytes.of(key));
    }
    assertThat(database.size()).isZero();
    // What remains is one segment, and the nodes of the wheel, which are kept for reuse.
    assertThat(arena.usedBytes() - empty).isLessThan(16L * 8_000);
  }

  @Test
  void roomForKeysToComeIsMadeOnceAndGivenBack() {
    long empty = arena.usedBytes();
    database.reserve(Long.MAX_VALUE);
    assertThat(arena.usedBytes()).as("more than there is: nothing").isEqualTo(empty);
    database.reserve(20_000);
    long reserved = arena.usedBytes();
    assertThat(reserved - empty).isBetween(20_000L * 8, 20_000L * 24);
    for (int i = 0; i < 20_000; i++) {
      set("key:" + i, "");
    }
    assertThat(database.indexBytes()).isLessThan((reserved - empty) * 5 / 4);
    database.reserve(1_000_000);
    for (int i = 0; i < 20_000; i++) {
      assertThat(database.find(Bytes.of("key:" + i))).isNotZero();
      assertThat(database.delete(Bytes.of("key:" + i))).isTrue();
    }
    keyspace.flushAll();
    assertThat(arena.usedBytes()).isEqualTo(empty);
  }

  @Test
  void scanSeesWhatStaysWhateverComesAndGoes() {
    Set<String> staying = new HashSet<>();
    for (int i = 0; i < 5_000; i++) {
      String key = "stay:" + i;
      staying.add(key);
      set(key, "1");
    }
    for (int i = 0; i < 12_000; i++) {
      set("leave:" + i, "1");
    }
    SplittableRandom random = new SplittableRandom(7);
    Set<String> seen = new HashSet<>();
    long cursor = 0;
    int added = 0;
    int rounds = 0;
    do {
      cursor = database.scan(cursor, 10, record -> seen.add(database.key(record).toString()));
      // First everything else leaves, so that segments merge; then more come, so that they split.
      for (int i = 0; i < 20; i++) {
        if (rounds < 250) {
          database.delete(Bytes.of("leave:" + random.nextInt(12_000)));
        } else if (i < 4) {
          set("new:" + added++, "1");
        }
      }
      rounds++;
    } while (cursor != 0 && rounds < 100_000);
    assertThat(cursor).isZero();
    assertThat(seen).containsAll(staying);
  }

  @Test
  void scanSeesTheKeysThatAMergeBringsIntoBucketsThatWerePassed() {
    for (int firstPage = 20; firstPage <= 1_000; firstPage += 20) {
      keyspace.flushAll();
      Set<String> staying = fillForMerges();
      Set<String> seen = new HashSet<>();
      long cursor =
          database.scan(0, firstPage, record -> seen.add(database.key(record).toString()));
      for (int i = 0; i < 1_500; i++) {
        database.delete(Bytes.of("leave:" + i));
      }
      while (cursor != 0) {
        cursor = database.scan(cursor, 10, record -> seen.add(database.key(record).toString()));
      }
      assertThat(seen).as("after a first page of %s", firstPage).containsAll(staying);
    }
  }

  @Test
  void aVisitorMayRemoveSoMuchThatSegmentsMergeUnderTheScan() {
    Set<String> staying = fillForMerges();
    Set<String> seen = new HashSet<>();
    database.scan(
        0,
        Integer.MAX_VALUE,
        record -> {
          Bytes key = database.key(record);
          seen.add(key.toString());
          if (key.toString().startsWith("leave")) {
            database.delete(key);
          }
        });
    assertThat(seen).containsAll(staying);
    assertThat(contents().keySet()).isEqualTo(staying);
  }

  private Set<String> fillForMerges() {
    Set<String> staying = new HashSet<>();
    for (int i = 0; i < 1_500; i++) {
      set("leave:" + i, "1");
    }
    for (int i = 0; i < 60; i++) {
      staying.add("stay:" + i);
      set("stay:" + i, "1");
    }
    return staying;
  }

  @Test
  void keysLeaveOnTime() {
    SplittableRandom random = new SplittableRandom(3);
    Map<String, Long> deadlines = new HashMap<>();
    long start = world.wallMillis();
    for (int i = 0; i < 600; i++) {
      long deadline = start + 1 + (long) Math.exp(random.nextDouble() * 16);
      String key = "k" + i;
      database.setString(Bytes.of(key), Bytes.of("v"), deadline);
      deadlines.put(key, deadline);
      if (i % 5 == 0) {
        database.expireAt(database.find(Bytes.of(key)), deadline / 2 + start / 2 + 1);
        deadlines.put(key, deadline / 2 + start / 2 + 1);
      }
    }
    while (!deadlines.isEmpty()) {
      long next = keyspace.nextDue();
      long earliest = deadlines.values().stream().mapToLong(Long::longValue).min().orElseThrow();
      assertThat(next).as("never wakes too late").isLessThanOrEqualTo(earliest);
      world.advanceMillis(Math.max(0, next - world.wallMillis()));
      keyspace.refreshNow();
      recorder.expired.clear();
      keyspace.expireDue(Integer.MAX_VALUE);
      for (String key : recorder.expired) {
        assertThat(deadlines.remove(key)).isLessThanOrEqualTo(world.wallMillis());
      }
      long now = world.wallMillis();
      assertThat(deadlines.values()).allMatch(deadline -> deadline > now);
    }
    assertThat(database.size()).isZero();
  }

  @Test
  void anExpiredKeyIsGoneEvenWhenNothingRemovesIt() {
    keyspace.settings().activeExpiry = false;
    database.setString(Bytes.of("k"), Bytes.of("v"), world.wallMillis() + 10);
    world.advanceMillis(9);
    keyspace.refreshNow();
    assertThat(database.find(Bytes.of("k"))).isNotZero();
    world.advanceMillis(1);
    keyspace.refreshNow();
    assertThat(keyspace.expireDue(10)).isFalse();
    assertThat(database.size()).isEqualTo(1);
    assertThat(database.find(Bytes.of("k"))).isZero();
    assertThat(database.size()).isZero();
    assertThat(recorder.expired).containsExactly("k");
  }

  @Test
  void movingAndSwappingKeepValuesAndDeadlines() {
    long deadline = world.wallMillis() + 1000;
    database.setString(Bytes.of("a"), Bytes.of("one"), deadline);
    set("b", "two");
    database.move(Bytes.of("a"), keyspace.database(1), Bytes.of("c"));
    assertThat(database.find(Bytes.of("a"))).isZero();
    assertThat(keyspace.database(1).deadline(keyspace.database(1).find(Bytes.of("c"))))
        .isEqualTo(deadline);
    keyspace.swap(0, 1);
    assertThat(contents()).isEqualTo(Map.of("c", new Entry("one", deadline)));
    database.copy(Bytes.of("c"), database, Bytes.of("d"));
    assertThat(contents())
        .isEqualTo(Map.of("c", new Entry("one", deadline), "d", new Entry("one", deadline)));
    keyspace.flushAll();
    assertThat(database.size()).isZero();
    assertThat(keyspace.database(1).size()).isZero();
    set("again", "x");
    assertThat(contents()).hasSize(1);
  }

  @Test
  void evictsTheLeastRecentlyUsedOfItsSamples() {
    keyspace.settings().policy = EvictionPolicy.ALLKEYS_LRU;
    keyspace.settings().samples = 10;
    for (int i = 0; i < 6_000; i++) {
      set("key:" + i, "v".repeat(50));
      world.advanceMillis(200);
      keyspace.refreshNow();
    }
    for (int i = 0; i < 2_000; i++) {
      database.find(Bytes.of("key:" + i));
    }
    keyspace.settings().maxMemoryBytes = arena.usedBytes() * 3 / 4;
    assertThat(keyspace.eviction().makeRoom(0)).isTrue();
    int usedLately = 0;
    for (String key : recorder.evicted) {
      if (Integer.parseInt(key.substring(4)) < 2_000) {
        usedLately++;
      }
    }
    assertThat(recorder.evicted.size()).isGreaterThan(1_000);
    assertThat(usedLately).isLessThan(recorder.evicted.size() / 50);
  }

  @Test
  void volatilePoliciesSpareKeysThatStay() {
    for (EvictionPolicy policy : EvictionPolicy.values()) {
      if (!policy.volatileOnly()) {
        continue;
      }
      keyspace.flushAll();
      recorder.evicted.clear();
      keyspace.settings().policy = policy;
      for (int i = 0; i < 100; i++) {
        set("stay:" + i, "v");
        database.setString(
            Bytes.of("go:" + i), Bytes.of("v"), world.wallMillis() + 10_000L * (i + 1));
      }
      keyspace.settings().maxMemoryBytes = 1;
      assertThat(keyspace.eviction().makeRoom(0)).isFalse();
      keyspace.settings().maxMemoryBytes = 0;
      assertThat(database.size()).as(policy.redisName()).isEqualTo(100);
      if (policy == EvictionPolicy.VOLATILE_TTL) {
        assertThat(recorder.evicted.get(0)).isEqualTo("go:0");
      }
    }
  }

  @Test
  void withoutRoomNothingChanges() {
    try (Arena small = new Arena(SlabPool.shared(), 2 << 20)) {
      Keyspace tight = new Keyspace(world, small, new KeyspaceSettings(), 1);
      tight.listener(recorder);
      Database db = tight.database(0);
      db.setString(Bytes.of("k"), Bytes.of("old"), Database.NEVER);
      Bytes huge = Bytes.of(new byte[3 << 20]);
      assertThatThrownBy(() -> db.setString(Bytes.of("k"), huge, Database.NEVER))
          .isInstanceOf(OutOfArenaException.class);
      long record = db.find(Bytes.of("k"));
      assertThat(small.toByteArray(db.stringAddress(record), db.stringLength(record)))
          .asString()
          .isEqualTo("old");
    }
  }

  @Test
  void aKeyThatCannotBeMovedForWantOfMemoryStays() {
    try (Arena small = new Arena(SlabPool.shared(), 2 << 20)) {
      Keyspace tight = new Keyspace(world, small, new KeyspaceSettings(), 2);
      tight.listener(recorder);
      Database source = tight.database(0);
      Database target = tight.database(1);
      int keys = fill(source);
      // Room for a record, but not for another segment of an index.
      source.delete(Bytes.of("key:" + --keys));
      int refused = 0;
      for (int i = 0; i < keys; i++) {
        Bytes key = Bytes.of("key:" + i);
        try {
          source.move(key, target, key);
        } catch (OutOfArenaException full) {
          refused++;
        }
        assertThat(source.isStored(key) ^ target.isStored(key)).isTrue();
      }
      assertThat(refused).isPositive();
    }
  }

  /** Adds keys until there is no room for one more; returns how many. */
  private static int fill(Database database) {
    Bytes value = Bytes.of("v".repeat(100));
    for (int added = 0; ; added++) {
      try {
        database.setString(Bytes.of("key:" + added), value, Database.NEVER);
      } catch (OutOfArenaException full) {
        return added;
      }
    }
  }

  @Test
  void aCollectionIsCopiedWithItsDeadlineOrNotAtAll() {
    long deadline = world.wallMillis() + 1000;
    long root = SetValue.create(arena);
    database.setCollection(Bytes.of("s"), ValueType.SET, root);
    database.expireAt(database.find(Bytes.of("s")), deadline);
    database.copy(Bytes.of("s"), keyspace.database(1), Bytes.of("t"));
    long copied = keyspace.database(1).find(Bytes.of("t"));
    assertThat(keyspace.database(1).deadline(copied)).isEqualTo(deadline);
    assertThat(keyspace.database(1).expiry().size()).isEqualTo(1);
  }

  private void set(String key, String value) {
    database.setString(Bytes.of(key), Bytes.of(value), Database.NEVER);
  }

  private Map<String, Entry> contents() {
    Map<String, Entry> found = new HashMap<>();
    database.forEach(
        record ->
            found.put(
                database.key(record).toString(),
                new Entry(
                    Bytes.of(
                            arena.toByteArray(
                                database.stringAddress(record), database.stringLength(record)))
                        .toString(),
                    database.deadline(record))));
    return found;
  }

  private static final int LARGE = 20_000;

  /** A collection with this many elements, some of them too long to lie within a page. */
  private void fill(String key, ValueType type, int elements) {
    long record = database.setCollection(Bytes.of(key), type, Values.create(arena, type));
    long cell = database.rootCell(record);
    TypeLimits limits = keyspace.settings().types;
    for (int i = 0; i < elements; i++) {
      Bytes element = Bytes.of("element:" + i + (i % 10 == 0 ? "x".repeat(300) : ""));
      switch (type) {
        case HASH -> {
          HashValue hash = new HashValue(arena, cell, limits);
          hash.put(element, element);
          if (i % 2 == 0) {
            hash.expireAt(element, world.wallMillis() + 1000 + i);
          }
        }
        case SET -> new SetValue(arena, cell, limits).add(element);
        case ZSET -> new SortedSetValue(arena, cell, limits).put(element, i % 1000);
        default -> new ListValue(arena, cell, limits).pushTail(element);
      }
    }
    if (type == ValueType.HASH) {
      database.fieldExpiry().changed(record);
    }
  }

  private void fillAll(int elements) {
    for (ValueType type : List.of(ValueType.HASH, ValueType.SET, ValueType.ZSET, ValueType.LIST)) {
      fill(type.name() + elements, type, elements);
    }
  }

  /** Steps until nothing is left; none gives back more than a few blocks' worth of memory. */
  private void reclaimInSmallSteps() {
    int steps = 0;
    while (keyspace.hasDiscarded()) {
      long before = arena.usedBytes();
      keyspace.reclaim(10);
      // Ten blocks, or a page with all its long elements.
      assertThat(before - arena.usedBytes()).isBetween(0L, 100_000L);
      steps++;
    }
    assertThat(steps).isGreaterThan(100);
  }

  @Test
  void freesLargeValuesBitByBit() {
    fillAll(5);
    fillAll(LARGE);
    fillAll(LARGE + 1);
    List<Bytes> keys = new ArrayList<>();
    database.forEach(record -> keys.add(database.key(record)));
    long before = arena.usedBytes();
    keys.forEach(key -> database.delete(key, /* lazily= */ true));
    assertThat(keyspace.discardedCount()).isEqualTo(8);
    assertThat(arena.usedBytes()).isGreaterThan(before * 9 / 10);
    reclaimInSmallSteps();
    assertThat(keyspace.discardedCount()).isZero();
    assertThat(keyspace.lazilyFreedCount()).isEqualTo(8);
    keyspace.flush(database, /* lazily= */ false);
    database.delete(Bytes.of("none"));
    assertThat(arena.usedBytes()).isLessThan(20_000);
  }

  @Test
  void flushesADatabaseBitByBit() {
    long empty = arena.usedBytes();
    for (int i = 0; i < 5000; i++) {
      database.setString(Bytes.of("key:" + i), Bytes.of(i), world.wallMillis() + 1_000_000);
    }
    fillAll(5);
    fillAll(LARGE);
    keyspace.flush(database, /* lazily= */ true);
    assertThat(database.size()).isZero();
    assertThat(database.expiry().size()).isZero();
    assertThat(keyspace.discardedCount()).isEqualTo(5008);
    database.setString(Bytes.of("new"), Bytes.of("value"), Database.NEVER);
    reclaimInSmallSteps();
    assertThat(database.peek(Bytes.of("new"))).isNotZero();
    database.delete(Bytes.of("new"));
    assertThat(keyspace.discardedCount()).isZero();
    assertThat(arena.usedBytes()).isLessThan(empty + 20_000);
  }

  @Test
  void forgetsWhatWaitsWhenEverythingGoes() {
    fillAll(LARGE);
    fill("other", ValueType.SET, LARGE);
    database.delete(Bytes.of("other"), /* lazily= */ true);
    keyspace.reclaim(10);
    keyspace.flushAll();
    assertThat(keyspace.hasDiscarded()).isFalse();
    fillAll(LARGE);
    keyspace.reclaim(1000);
    keyspace.flushAll();
  }

  @Test
  void evictsNothingWhileWhatWaitsSuffices() {
    keyspace.settings().policy = EvictionPolicy.ALLKEYS_LRU;
    database.setString(Bytes.of("keep"), Bytes.of("value"), Database.NEVER);
    long small = arena.usedBytes();
    fill("large", ValueType.SET, LARGE);
    keyspace.settings().maxMemoryBytes = small + 100_000;
    database.delete(Bytes.of("large"), /* lazily= */ true);
    assertThat(keyspace.eviction().makeRoom(0)).isTrue();
    assertThat(keyspace.eviction().evictedCount()).isZero();
    assertThat(database.peek(Bytes.of("keep"))).isNotZero();
  }

  private record Entry(String value, long deadline) {}

  private static final class Recorder implements KeyListener {
    final List<String> expired = new ArrayList<>();
    final List<String> evicted = new ArrayList<>();

    @Override
    public void onChange(Database database, Bytes key, EventClass eventClass, String event) {}

    @Override
    public void onExpired(Database database, Bytes key) {
      expired.add(key.toString());
    }

    @Override
    public void onFieldsExpired(
        Database database, Bytes key, List<Bytes> fields, boolean emptied) {}

    @Override
    public void onEvicted(Database database, Bytes key) {
      evicted.add(key.toString());
    }

    @Override
    public void onNew(Database database, long record) {}

    @Override
    public void onFlush() {}

    @Override
    public void beforeFlush(Database database) {}

    @Override
    public void onSwap(Database first, Database second) {}
  }
}
