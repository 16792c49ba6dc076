package io.pillion.engine.datatype;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.SlabPool;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Streams against a model: the same operations on both, with pages and indexes of all sizes. */
class StreamValueTest {
  private static final List<String> NAMES = List.of("b", "a", "", "abc", "ab", "z\0z", "\u00ff");

  private final Arena arena = new Arena(SlabPool.shared(), 64 << 20);
  private final long cell = arena.allocate(8);
  private final long baseline = arena.usedBytes();
  private final TypeLimits limits = new TypeLimits();
  private final Model model = new Model();

  /** What a stream is. */
  private static final class Model {
    final NavigableMap<StreamId, List<Bytes>> entries = new TreeMap<>();
    final NavigableMap<Bytes, GroupModel> groups = new TreeMap<>();
    StreamId last = StreamId.MIN;
    StreamId maxDeleted = StreamId.MIN;
    long added;
  }

  /** What a group is. */
  private static final class GroupModel {
    final NavigableMap<Bytes, Integer> consumers = new TreeMap<>();
    final NavigableMap<StreamId, PendingModel> pending = new TreeMap<>();
  }

  private record PendingModel(Bytes consumer, long time, long deliveries) {}

  StreamValueTest() {
    arena.putLong(cell, StreamValue.create(arena));
  }

  @AfterEach
  void leavesNothingBehind() {
    StreamValue.free(arena, arena.getLong(cell));
    assertThat(arena.usedBytes()).isEqualTo(baseline);
    arena.close();
  }

  private StreamValue stream() {
    return new StreamValue(arena, cell, limits);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 4096, 100, 20, 3000",
    "2, 4096, 3, 20, 3000", // a deep index
    "3, 200, 0, 60, 3000",
    "4, 0, 0, 10, 2000",
    "5, 1, 0, 10, 1000", // a page for each
    "6, 4096, 100, 9000, 1500", // entries larger than a page
  })
  void entriesBehaveAsTheModel(
      long seed, int pageBytes, int pageEntries, int valueBytes, int steps) {
    limits.streamNodeMaxBytes = pageBytes;
    limits.streamNodeMaxEntries = pageEntries;
    Random random = new Random(seed);
    for (int step = 0; step < steps; step++) {
      boolean grows = (step / (steps / 5)) % 2 == 0;
      int action = random.nextInt(100);
      if (action < (grows ? 80 : 30)) {
        add(random, valueBytes);
      } else if (action < 93) {
        deleteOne(random);
      } else if (action < 95) {
        trim(random);
      } else {
        checkRange(random);
      }
      checkNumbers();
      if (step % 250 == 0) {
        checkAll(stream());
      }
    }
    checkAll(stream());
  }

  private void add(Random random, int valueBytes) {
    StreamId id =
        switch (random.nextInt(12)) {
          case 0 -> new StreamId(model.last.ms() + (1L << random.nextInt(57)), random.nextLong());
          case 1, 2 -> new StreamId(model.last.ms() + 1 + random.nextInt(300), random.nextInt(3));
          default -> model.last.next();
        };
    if (id.compareTo(model.last) <= 0) {
      return;
    }
    List<Bytes> words = new ArrayList<>();
    int fields = random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 2;
    for (int i = 0; i < fields; i++) {
      words.add(Bytes.of(random.nextInt(10) == 0 ? "other" + i : "field" + i));
      byte[] value = new byte[random.nextInt(valueBytes)];
      random.nextBytes(value);
      words.add(Bytes.of(value));
    }
    stream().append(id, words.toArray(Bytes[]::new));
    model.entries.put(id, words);
    model.last = id;
    model.added++;
  }

  private void deleteOne(Random random) {
    StreamId id = someId(random);
    boolean there = model.entries.remove(id) != null;
    assertThat(stream().contains(id)).isEqualTo(there);
    assertThat(stream().delete(id)).isEqualTo(there);
    assertThat(stream().contains(id)).isFalse();
    if (there && id.compareTo(model.maxDeleted) > 0) {
      model.maxDeleted = id;
    }
  }

  private StreamId someId(Random random) {
    if (model.entries.isEmpty()) {
      return new StreamId(random.nextInt(10), 0);
    }
    StreamId first = model.entries.firstKey();
    StreamId last = model.entries.lastKey();
    StreamId wanted =
        new StreamId(
            first.ms() + (long) (random.nextDouble() * Math.max(0, last.ms() - first.ms())),
            random.nextInt(100));
    StreamId floor = model.entries.floorKey(wanted);
    return switch (random.nextInt(6)) {
      case 0 -> wanted;
      case 1 -> first;
      case 2 -> last;
      default -> floor == null ? first : floor;
    };
  }

  private void trim(Random random) {
    boolean approximate = random.nextBoolean();
    long limit = approximate && random.nextBoolean() ? random.nextInt(20) : 0;
    long before = model.entries.size();
    long removed;
    if (random.nextBoolean()) {
      long most = Math.max(0, before - random.nextInt(30));
      removed = stream().trimToSize(most, approximate, limit);
      assertThat(removed).isLessThanOrEqualTo(before - most);
      if (!approximate) {
        assertThat(removed).isEqualTo(before - most);
      }
    } else {
      StreamId least = someId(random);
      removed = stream().trimBefore(least, approximate, limit);
      long all = model.entries.headMap(least, false).size();
      assertThat(removed).isLessThanOrEqualTo(all);
      if (!approximate) {
        assertThat(removed).isEqualTo(all);
      }
    }
    assertThat(limit == 0 || removed <= limit).isTrue();
    for (long i = 0; i < removed; i++) {
      model.entries.pollFirstEntry();
    }
  }

  private void checkRange(Random random) {
    StreamId from = someId(random);
    StreamId to = random.nextBoolean() ? someId(random) : StreamId.MAX;
    List<Map.Entry<StreamId, List<Bytes>>> expected =
        from.compareTo(to) > 0
            ? List.of()
            : new ArrayList<>(model.entries.subMap(from, true, to, true).entrySet());
    assertThat(read(stream().entries(from, to, /* reverse= */ false))).isEqualTo(expected);
    List<Map.Entry<StreamId, List<Bytes>>> reversed = new ArrayList<>(expected);
    Collections.reverse(reversed);
    assertThat(read(stream().entries(from, to, /* reverse= */ true))).isEqualTo(reversed);
  }

  private static List<Map.Entry<StreamId, List<Bytes>>> read(StreamValue.Entries entries) {
    List<Map.Entry<StreamId, List<Bytes>>> all = new ArrayList<>();
    while (entries.next()) {
      List<Bytes> words = new ArrayList<>();
      while (entries.nextField()) {
        words.add(entries.field().toBytes());
        words.add(entries.value().toBytes());
      }
      assertThat(words).hasSize(2 * entries.fieldCount());
      all.add(Map.entry(entries.id(), words));
    }
    return all;
  }

  private void checkNumbers() {
    assertThat(stream().size()).isEqualTo(model.entries.size());
    assertThat(stream().lastId()).isEqualTo(model.last);
    assertThat(stream().maxDeletedId()).isEqualTo(model.maxDeleted);
    assertThat(stream().entriesAdded()).isEqualTo(model.added);
    assertThat(stream().firstId())
        .isEqualTo(model.entries.isEmpty() ? StreamId.MIN : model.entries.firstKey());
  }

  private void checkAll(StreamValue stream) {
    assertThat(read(stream.entries())).isEqualTo(new ArrayList<>(model.entries.entrySet()));
    long pages = 0;
    StreamValue.Entries entries = stream.entries();
    while (entries.next()) {
      pages += entries.isFirstOfPage() ? 1 : 0;
    }
    assertThat(stream.pageCount()).isEqualTo(pages);
  }

  @ParameterizedTest
  @CsvSource({"1, 300, 3000", "2, 3000, 9000", "3, 20, 1500"})
  void groupsBehaveAsTheModel(long seed, int ids, int steps) {
    Random random = new Random(seed);
    for (int step = 0; step < steps; step++) {
      boolean grows = (step / (steps / 5)) % 2 == 0;
      changeGroups(random, ids, grows);
      if (step % 100 == 0) {
        checkGroups(stream());
      }
    }
    checkGroups(stream());
    checkCopy();
  }

  private void changeGroups(Random random, int ids, boolean grows) {
    Bytes name = Bytes.of(NAMES.get(random.nextInt(2)));
    GroupModel group = model.groups.get(name);
    if (group == null) {
      assertThat(stream().group(name)).isNull();
      assertThat(stream().deleteGroup(name)).isFalse();
      stream().createGroup(name, new StreamId(7, 7), StreamValue.UNKNOWN);
      model.groups.put(name, new GroupModel());
      return;
    }
    StreamGroup ours = Objects.requireNonNull(stream().group(name));
    Bytes consumerName = Bytes.of(NAMES.get(random.nextInt(NAMES.size())));
    StreamConsumer consumer = ours.consumer(consumerName);
    assertThat(consumer != null).isEqualTo(group.consumers.containsKey(consumerName));
    if (consumer == null) {
      ours.createConsumer(consumerName, 5);
      group.consumers.put(consumerName, 0);
      return;
    }
    StreamId id = new StreamId(random.nextInt(ids), 0);
    int action = random.nextInt(1000);
    if (action < 3) {
      ours.deleteConsumer(consumer);
      group.consumers.remove(consumerName);
      group.pending.values().removeIf(entry -> entry.consumer.equals(consumerName));
    } else if (action < 4) {
      assertThat(stream().deleteGroup(name)).isTrue();
      model.groups.remove(name);
    } else if (action < (grows ? 800 : 300)) {
      PendingModel entry = new PendingModel(consumerName, random.nextLong(), random.nextInt(9));
      ours.assign(id, consumer, entry.time, entry.deliveries);
      group.pending.put(id, entry);
    } else {
      assertThat(ours.acknowledge(id)).isEqualTo(group.pending.remove(id) != null);
    }
  }

  private void checkGroups(StreamValue stream) {
    assertThat(stream.groupCount()).isEqualTo(model.groups.size());
    int index = 0;
    for (Map.Entry<Bytes, GroupModel> expected : model.groups.entrySet()) {
      StreamGroup group = stream.group(index++);
      assertThat(group.name().toBytes()).isEqualTo(expected.getKey());
      assertThat(group.lastId()).isEqualTo(new StreamId(7, 7));
      assertThat(group.entriesRead()).isEqualTo(StreamValue.UNKNOWN);
      NavigableMap<StreamId, PendingModel> pending = expected.getValue().pending;
      assertThat(pending(group.pending())).isEqualTo(pending);
      assertThat(group.pendingCount()).isEqualTo(pending.size());
      assertThat(group.consumerCount()).isEqualTo(expected.getValue().consumers.size());
      int number = 0;
      for (Bytes name : expected.getValue().consumers.keySet()) {
        StreamConsumer consumer = group.consumer(number++);
        assertThat(consumer.name().toBytes()).isEqualTo(name);
        assertThat(consumer.seenTime()).isEqualTo(5);
        assertThat(consumer.activeTime()).isEqualTo(StreamConsumer.NEVER);
        NavigableMap<StreamId, PendingModel> own = new TreeMap<>(pending);
        own.values().removeIf(entry -> !entry.consumer.equals(name));
        assertThat(pending(group.pending(consumer))).isEqualTo(own);
        assertThat(consumer.pendingCount()).isEqualTo(own.size());
      }
    }
  }

  private static NavigableMap<StreamId, PendingModel> pending(StreamGroup.Pending walk) {
    NavigableMap<StreamId, PendingModel> all = new TreeMap<>();
    for (boolean more = walk.seek(StreamId.MIN); more; more = walk.next()) {
      all.put(
          walk.id(),
          new PendingModel(
              walk.consumer().name().toBytes(), walk.deliveryTime(), walk.deliveries()));
    }
    assertThat(walk.last()).isEqualTo(!all.isEmpty());
    assertThat(all.isEmpty() || walk.id().equals(all.lastKey())).isTrue();
    return all;
  }

  private void checkCopy() {
    long other = arena.allocate(8);
    arena.putLong(other, StreamValue.copy(arena, arena.getLong(cell)));
    StreamValue copy = new StreamValue(arena, other, limits);
    checkAll(copy);
    checkGroups(copy);
    assertThat(copy.lastId()).isEqualTo(stream().lastId());
    copy.append(copy.lastId().next(), Bytes.of("f"), Bytes.of("v"));
    if (copy.groupCount() > 0) {
      copy.deleteGroup(copy.group(0).name().toBytes());
    }
    checkAll(stream());
    checkGroups(stream());
    StreamValue.free(arena, arena.getLong(other));
    arena.free(other);
  }

  @Test
  void copiesEntries() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      add(random, 30);
    }
    checkCopy();
  }

  @Test
  void aCappedStreamStaysSmall() {
    for (int i = 0; i < 20_000; i++) {
      stream().append(new StreamId(1000 + i / 3, i), Bytes.of("job"), Bytes.of("number " + i));
      stream().trimToSize(150, /* approximate= */ false, 0);
    }
    assertThat(stream().size()).isEqualTo(150);
    assertThat(arena.usedBytes() - baseline).isLessThan(8192);
  }

  @Test
  void smallEntriesAreSmall() {
    for (int i = 0; i < 100_000; i++) {
      stream().append(new StreamId(1000 + i / 3, i), Bytes.of("field"), Bytes.of("value"));
    }
    assertThat((arena.usedBytes() - baseline) / 100_000.0).isLessThan(11.5);
  }

  @Test
  void holdsEntriesLargerThanASlab() {
    Bytes huge = Bytes.of("x".repeat(3 << 20));
    List<Bytes> words = List.of(huge, huge, Bytes.of("f"), huge);
    for (int i = 1; i < 4; i++) {
      StreamId id = new StreamId(i, i);
      stream().append(id, words.toArray(Bytes[]::new));
      model.entries.put(id, words);
    }
    checkAll(stream());
    stream().delete(new StreamId(2, 2));
    model.entries.remove(new StreamId(2, 2));
    checkAll(stream());
  }

  @Test
  void runningOutOfMemoryChangesNothing() {
    Arena small = new Arena(SlabPool.shared(), 3 << 20);
    long smallCell = small.allocate(8);
    small.putLong(smallCell, StreamValue.create(small));
    StreamValue stream = new StreamValue(small, smallCell, limits);
    StreamGroup group = stream.createGroup(Bytes.of("g"), StreamId.MIN, 0);
    List<StreamConsumer> consumers =
        List.of(group.createConsumer(Bytes.of("a"), 0), group.createConsumer(Bytes.of("b"), 0));
    NavigableMap<StreamId, PendingModel> pending = new TreeMap<>();
    Random random = new Random(5);
    assertThatThrownBy(
            () -> {
              for (int i = 1; true; i++) {
                StreamId id = new StreamId(i, 0);
                List<Bytes> words = List.of(Bytes.of("f"), Bytes.of("v" + i));
                stream.append(id, words.toArray(Bytes[]::new));
                model.entries.put(id, words);
                StreamConsumer consumer = consumers.get(random.nextInt(2));
                StreamId some = new StreamId(random.nextInt(i), 0);
                group.assign(some, consumer, i, 1);
                pending.put(some, new PendingModel(consumer.name().toBytes(), i, 1));
              }
            })
        .isInstanceOf(OutOfArenaException.class);
    checkAll(stream);
    assertThat(pending(group.pending())).isEqualTo(pending);
    assertThat(consumers.get(0).pendingCount() + consumers.get(1).pendingCount())
        .isEqualTo(pending.size());
    long full = small.usedBytes();
    assertThatThrownBy(() -> StreamValue.copy(small, small.getLong(smallCell)))
        .isInstanceOf(OutOfArenaException.class);
    assertThat(small.usedBytes()).isEqualTo(full);
    StreamValue.free(small, small.getLong(smallCell));
    small.free(smallCell);
    assertThat(small.usedBytes()).isZero();
    small.close();
  }

  @ParameterizedTest
  @CsvSource({"1", "7", "1000000"})
  void isFreedBitByBit(int portion) {
    limits.streamNodeMaxEntries = 2;
    StreamValue stream = stream();
    assertThat(StreamValue.isLarge(arena, arena.getLong(cell))).isFalse();
    Bytes[] words = {Bytes.of("field"), Bytes.of("value")};
    for (int i = 1; i <= 10_000; i++) {
      stream.append(new StreamId(i, 0), words);
    }
    for (int g = 0; g < 5; g++) {
      StreamGroup group = stream.createGroup(Bytes.of("group" + g), StreamId.MIN, 0);
      for (int c = 0; c < 3; c++) {
        StreamConsumer consumer = group.createConsumer(Bytes.of("consumer" + c), 0);
        for (int i = 1; i <= 500; i++) {
          group.assign(new StreamId(3L * i + c, 0), consumer, 0, 1);
        }
      }
    }
    assertThat(StreamValue.isLarge(arena, arena.getLong(cell))).isTrue();
    int steps = 1;
    while (!StreamValue.freeSome(arena, arena.getLong(cell), new Portion(portion))) {
      steps++;
    }
    assertThat(arena.usedBytes()).isEqualTo(baseline);
    assertThat(steps).isGreaterThanOrEqualTo(5_000 / portion);
    arena.putLong(cell, StreamValue.create(arena));
  }
}
