package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * DUMP payloads that follow the format, but not always its rules: members, fields, consumers and
 * pending entries twice, scores that are no numbers, lengths that nothing follows, packed
 * collections whose headers lie, HyperLogLogs whose registers run over. About half of them are
 * good.
 */
final class HostilePayload {
  private static final long[] HOSTILE_LENGTHS = {
    0, 1, 0x3FFF, 0x7FFF_FFFFL, 0x8000_0000L, 0xFFFF_FFFFL, 1L << 40, Long.MAX_VALUE, -1, -2
  };
  private static final int STREAM_IDS = 12;

  private final Random random;

  /** One of how many choices is against the rules. */
  private final int rarity;

  private RdbOutput out = new RdbOutput(null, /* compress= */ true);

  HostilePayload(Random random, int rarity) {
    this.random = random;
    this.rarity = rarity;
  }

  /** The next one, without version and check sum. */
  byte[] next() {
    out = new RdbOutput(null, random.nextBoolean());
    switch (random.nextInt(8)) {
      case 0 -> hyperLogLog();
      case 1 -> list();
      case 2 -> set();
      case 3 -> sortedSet();
      case 4 -> hash();
      case 5 -> expiringHash();
      default -> stream();
    }
    return out.bytes().toByteArray();
  }

  private boolean wrong() {
    return random.nextInt(rarity) == 0;
  }

  private boolean rarelyWrong() {
    return random.nextInt(rarity * 8) == 0;
  }

  private void length(long right) {
    if (!rarelyWrong()) {
      out.putLength(right);
    } else if (random.nextBoolean()) {
      out.putLength(right + random.nextInt(3) - 1);
    } else {
      out.putByte(RdbFormat.LENGTH_64_BITS);
      out.putLong(Long.reverseBytes(HOSTILE_LENGTHS[random.nextInt(HOSTILE_LENGTHS.length)]));
    }
  }

  /** A name that was not there before, most of the time. */
  private Bytes name(int i) {
    int number = wrong() ? random.nextInt(i + 1) : i;
    return switch (number % 4) {
      case 0 -> Bytes.of(number * 1000L - 7);
      case 1 -> Bytes.of("member-" + number);
      case 2 -> Bytes.of("m".repeat(20 + number));
      default -> Bytes.of("m" + number);
    };
  }

  private int count() {
    return rarelyWrong() ? 0 : 1 + random.nextInt(random.nextInt(8) == 0 ? 200 : 12);
  }

  private double score(int i) {
    if (wrong()) {
      return Double.longBitsToDouble(random.nextLong() | 0x7FF0_0000_0000_0000L);
    }
    return random.nextBoolean() ? i : random.nextGaussian() * 1e9;
  }

  private void packed(Listpack listpack) {
    byte[] bytes = listpack.whole().toByteArray();
    if (rarelyWrong()) {
      bytes[random.nextInt(Math.min(bytes.length, 12))] = (byte) random.nextInt(256);
    }
    string(Bytes.of(bytes));
  }

  private void string(Bytes bytes) {
    if (rarelyWrong()) {
      length(bytes.length() + random.nextInt(3) - 1);
      out.putBytes(bytes.array(), bytes.offset(), bytes.length());
    } else {
      out.putString(bytes);
    }
  }

  private void list() {
    out.putByte(RdbFormat.TYPE_LIST_QUICKLIST_2);
    int nodes = 1 + random.nextInt(4);
    length(nodes);
    for (int i = 0; i < nodes; i++) {
      if (random.nextInt(3) == 0) {
        length(RdbFormat.NODE_PLAIN);
        string(rarelyWrong() ? Bytes.EMPTY : Bytes.of("x".repeat(300)));
        continue;
      }
      length(RdbFormat.NODE_PACKED);
      Listpack listpack = new Listpack();
      for (int j = count(); j > 0; j--) {
        listpack.add(name(j));
      }
      packed(listpack);
    }
  }

  private void set() {
    int count = count();
    switch (random.nextInt(3)) {
      case 0 -> {
        out.putByte(RdbFormat.TYPE_SET);
        length(count);
        for (int i = 0; i < count; i++) {
          string(name(i));
        }
      }
      case 1 -> {
        out.putByte(RdbFormat.TYPE_SET_LISTPACK);
        Listpack listpack = new Listpack();
        for (int i = 0; i < count; i++) {
          listpack.add(name(i));
        }
        packed(listpack);
      }
      default -> {
        out.putByte(RdbFormat.TYPE_SET_INTSET);
        RdbOutput integers = new RdbOutput(null, /* compress= */ false);
        integers.putInt(rarelyWrong() ? random.nextInt(10) : 4);
        integers.putInt(rarelyWrong() ? random.nextInt() : count);
        for (int i = 0; i < count; i++) {
          integers.putInt(wrong() ? random.nextInt(50) : 10 * i);
        }
        string(integers.bytes());
      }
    }
  }

  private void sortedSet() {
    int count = count();
    if (random.nextBoolean()) {
      out.putByte(RdbFormat.TYPE_ZSET_2);
      length(count);
      for (int i = 0; i < count; i++) {
        string(name(i));
        out.putLong(Double.doubleToRawLongBits(score(i)));
      }
      return;
    }
    out.putByte(RdbFormat.TYPE_ZSET_LISTPACK);
    Listpack listpack = new Listpack();
    for (int i = 0; i < count; i++) {
      listpack.add(name(i));
      if (!rarelyWrong()) {
        listpack.add(wrong() ? Bytes.of("nan") : Bytes.of(Double.toString(score(i))));
      }
    }
    packed(listpack);
  }

  private void hash() {
    int count = count();
    if (random.nextBoolean()) {
      out.putByte(RdbFormat.TYPE_HASH);
      length(count);
      for (int i = 0; i < count; i++) {
        string(name(i));
        string(name(random.nextInt(50)));
      }
      return;
    }
    out.putByte(RdbFormat.TYPE_HASH_LISTPACK);
    Listpack listpack = new Listpack();
    for (int i = 0; i < count; i++) {
      listpack.add(name(i));
      if (!rarelyWrong()) {
        listpack.add(name(random.nextInt(50)));
      }
    }
    packed(listpack);
  }

  private void expiringHash() {
    int count = count();
    long first = 4_000_000_000_000L;
    if (random.nextBoolean()) {
      out.putByte(RdbFormat.TYPE_HASH_TTLS);
      out.putLong(rarelyWrong() ? random.nextLong() : first);
      length(count);
      for (int i = 0; i < count; i++) {
        length(i % 2 == 0 ? 0 : 1 + random.nextInt(1000));
        string(name(i));
        string(name(random.nextInt(50)));
      }
      return;
    }
    out.putByte(RdbFormat.TYPE_HASH_TTLS_LISTPACK);
    out.putLong(first);
    Listpack listpack = new Listpack();
    for (int i = 0; i < count; i++) {
      listpack.add(name(i));
      listpack.add(name(random.nextInt(50)));
      listpack.add(rarelyWrong() ? random.nextLong() : i % 2 == 0 ? 0 : first + i);
    }
    packed(listpack);
  }

  // --- streams

  private void stream() {
    out.putByte(RdbFormat.TYPE_STREAM_LISTPACKS_3);
    int pages = random.nextInt(4);
    length(pages);
    int entries = 0;
    for (int i = 0; i < pages; i++) {
      out.putPlain(id(100L * (wrong() ? i - 1 : i) + 1));
      entries += page();
    }
    length(entries);
    length(100L * pages);
    length(50);
    length(pages == 0 ? 0 : 1);
    length(0);
    length(0);
    length(0);
    length(entries + 10L);
    int groups = random.nextInt(3);
    length(groups);
    for (int i = 0; i < groups; i++) {
      group(i);
    }
  }

  private static Bytes id(long ms) {
    byte[] bytes = new byte[StreamFormat.ID_BYTES];
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[i] = (byte) (ms >>> (56 - 8 * i));
    }
    return Bytes.of(bytes);
  }

  /** Entries of two fields, some deleted; how many are not. */
  private int page() {
    int live = 1 + random.nextInt(5);
    int deleted = random.nextInt(3);
    Listpack listpack = new Listpack();
    listpack.add(live + (wrong() ? 1L : 0));
    listpack.add(deleted);
    listpack.add(rarelyWrong() ? random.nextInt() : 2);
    listpack.add(Bytes.of("f"));
    listpack.add(Bytes.of("g"));
    listpack.add(0);
    for (int i = 0; i < live + deleted; i++) {
      boolean same = random.nextBoolean();
      listpack.add((same ? StreamFormat.FLAG_SAME_FIELDS : 0) | (i < deleted ? 1 : 0));
      listpack.add(rarelyWrong() ? random.nextLong() : i);
      listpack.add(rarelyWrong() ? random.nextLong() : 0);
      if (!same) {
        listpack.add(rarelyWrong() ? random.nextInt() : 1);
        listpack.add(name(i));
      } else {
        listpack.add(name(i));
      }
      listpack.add(name(i + 1));
      listpack.add(wrong() ? random.nextInt(9) : same ? 5 : 6);
    }
    packed(listpack);
    return live;
  }

  private void group(int number) {
    string(Bytes.of("g" + (wrong() ? 0 : number)));
    length(150);
    length(0);
    length(rarelyWrong() ? -5 : 3);
    int pending = random.nextInt(STREAM_IDS);
    length(pending);
    for (int i = 0; i < pending; i++) {
      pendingId(i);
      out.putLong(1_700_000_000_000L);
      length(1 + i);
    }
    int consumers = 1 + random.nextInt(3);
    length(consumers);
    int next = 0;
    for (int i = 0; i < consumers; i++) {
      string(Bytes.of("c" + (wrong() ? 0 : i)));
      out.putLong(1_700_000_000_000L);
      out.putLong(1_700_000_000_000L);
      int own = i == consumers - 1 ? pending - next : random.nextInt(pending - next + 1);
      length(own);
      for (int j = 0; j < own; j++) {
        pendingId(next++);
      }
    }
  }

  /** The same entry twice in a group, or with two consumers, when something is wrong. */
  private void pendingId(int i) {
    Bytes id = id(rarelyWrong() ? 1 + random.nextInt(STREAM_IDS) : 1 + i);
    out.putBytes(id.array(), 0, StreamFormat.ID_BYTES);
  }

  // --- HyperLogLogs

  /** A string that says that it is one. */
  private void hyperLogLog() {
    out.putByte(RdbFormat.TYPE_STRING);
    int encoding = wrong() ? random.nextInt(256) : random.nextInt(2);
    byte[] registers = new byte[encoding == 0 && !wrong() ? 12_288 : random.nextInt(200)];
    for (int i = 0; i < registers.length; i++) {
      // Runs of zeros of any length, and values: they may stand for more registers than there are.
      registers[i] = (byte) random.nextInt(256);
    }
    byte[] header = "HYLL".getBytes(StandardCharsets.US_ASCII);
    byte[] bytes = new byte[16 + registers.length];
    System.arraycopy(header, 0, bytes, 0, 4);
    bytes[4] = (byte) encoding;
    for (int i = 8; i < 16; i++) {
      bytes[i] = (byte) random.nextInt(256);
    }
    System.arraycopy(registers, 0, bytes, 16, registers.length);
    if (rarelyWrong()) {
      bytes = java.util.Arrays.copyOf(bytes, random.nextInt(17));
    }
    out.putString(Bytes.of(bytes));
  }
}
