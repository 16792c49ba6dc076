package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * DUMP payloads that follow the format, but not always its rules: members, fields, consumers and
 * pending entries twice, scores that are no numbers, lengths that nothing follows, packed
 * collections whose headers lie, HyperLogLogs whose registers run over; in the encodings of today
 * and of all versions before. About half of them are good. Members, groups and consumers have names
 * that {@link io.pillion.engine.testkit.RandomWords} knows, so that its commands meet them.
 */
final class HostilePayload {
  private static final long[] HOSTILE_LENGTHS = {
    0, 1, 0x3FFF, 0x7FFF_FFFFL, 0x8000_0000L, 0xFFFF_FFFFL, 1L << 40, Long.MAX_VALUE, -1, -2
  };
  private static final int STREAM_IDS = 12;
  private static final String[] GROUPS = {"g", "h", ""};

  private final Random random;

  /** One of how many choices is against the rules. */
  private final int rarity;

  private RdbOutput out = new RdbOutput(null, /* compress= */ true);
  private int version;
  private int form;

  HostilePayload(Random random, int rarity) {
    this.random = random;
    this.rarity = rarity;
  }

  /** The next one, without version and check sum. */
  byte[] next() {
    out = new RdbOutput(null, random.nextBoolean());
    version = RdbFormat.VERSION_WITH_FIELD_TTLS;
    switch (random.nextInt(13)) {
      case 0, 1 -> hyperLogLog();
      case 2 -> list();
      case 3 -> set();
      case 4 -> sortedSet();
      case 5 -> hash();
      case 6 -> expiringHash();
      case 7 -> text();
      case 8, 9 -> old();
      default -> stream();
    }
    return out.bytes().toByteArray();
  }

  /** The version that the last one is of. */
  byte version() {
    return (byte) version;
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
    if (number < 7) {
      return Bytes.of(String.valueOf((char) ('a' + number)));
    }
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
    form = 1 + random.nextInt(6);
    out.putByte(
        switch (form) {
          case 1 -> RdbFormat.TYPE_STREAM_LISTPACKS;
          case 2 -> RdbFormat.TYPE_STREAM_LISTPACKS_2;
          default -> RdbFormat.TYPE_STREAM_LISTPACKS_3;
        });
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
    if (form > 1) {
      length(pages == 0 ? 0 : 1);
      length(0);
      length(0);
      length(0);
      length(entries + 10L);
    }
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
    string(Bytes.of(GROUPS[wrong() ? 0 : number]));
    length(150);
    length(0);
    if (form > 1) {
      length(rarelyWrong() ? -5 : 3);
    }
    int pending = random.nextInt(STREAM_IDS);
    length(pending);
    for (int i = 0; i < pending; i++) {
      pendingId(i);
      out.putLong(rarelyWrong() ? random.nextLong() : 1_700_000_000_000L);
      length(1 + i);
    }
    int consumers = 1 + random.nextInt(3);
    length(consumers);
    int next = 0;
    for (int i = 0; i < consumers; i++) {
      string(Bytes.of(GROUPS[wrong() ? 0 : i]));
      out.putLong(rarelyWrong() ? random.nextLong() : 1_700_000_000_000L);
      if (form > 2) {
        out.putLong(rarelyWrong() ? random.nextLong() : 1_700_000_000_000L);
      }
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

  // --- strings, and what older versions wrote

  /** A string that is an integer, or is compressed: with more, fewer or other bytes than said. */
  private void text() {
    out.putByte(RdbFormat.TYPE_STRING);
    switch (random.nextInt(4)) {
      case 0 -> string(Bytes.of(random.nextLong() >> random.nextInt(64)));
      case 1 -> string(name(count()));
      default -> {
        out.putByte(RdbFormat.LENGTH_ENCODED << 6 | RdbFormat.STRING_LZF);
        byte[] packed = new byte[1 + random.nextInt(40)];
        int length = 0;
        int at = 0;
        // Runs as they are, and copies of what came before, or of what never came.
        while (at + 5 < packed.length) {
          if (at == 0 || random.nextBoolean()) {
            int run = 1 + random.nextInt(3);
            packed[at] = (byte) (run - 1);
            at += 1 + run;
            length += run;
          } else {
            packed[at] = (byte) (7 << 5);
            packed[at + 1] = (byte) random.nextInt(256);
            packed[at + 2] = (byte) (wrong() ? random.nextInt(256) : 0);
            length += 9 + (packed[at + 1] & 0xFF);
            at += 3;
          }
        }
        packed = java.util.Arrays.copyOf(packed, at);
        length(at);
        length(wrong() ? random.nextInt(5000) : length);
        out.putBytes(packed, 0, at);
      }
    }
  }

  private void old() {
    int count = count();
    switch (random.nextInt(10)) {
      case 0 -> {
        out.putByte(RdbFormat.TYPE_LIST);
        length(count);
        for (int i = 0; i < count; i++) {
          string(name(i));
        }
      }
      case 1 -> {
        out.putByte(RdbFormat.TYPE_LIST_ZIPLIST);
        ziplist(count, /* scores= */ false);
      }
      case 2 -> {
        out.putByte(RdbFormat.TYPE_LIST_QUICKLIST);
        length(2);
        ziplist(count, /* scores= */ false);
        ziplist(count, /* scores= */ false);
      }
      case 3 -> {
        out.putByte(RdbFormat.TYPE_ZSET);
        length(count);
        for (int i = 0; i < count; i++) {
          string(name(i));
          textScore(i);
        }
      }
      case 4 -> {
        out.putByte(RdbFormat.TYPE_ZSET_ZIPLIST);
        ziplist(2 * count, /* scores= */ true);
      }
      case 5 -> {
        out.putByte(RdbFormat.TYPE_HASH_ZIPLIST);
        ziplist(2 * count, /* scores= */ false);
      }
      case 6 -> zipmap(count);
      case 7 -> hashOfValkey(count);
      case 8 -> {
        out.putByte(RdbFormat.TYPE_HASH_TTLS_PRE_RELEASE);
        length(count);
        for (int i = 0; i < count; i++) {
          length(i % 2 == 0 ? 0 : 4_000_000_000_000L + i);
          string(name(i));
          string(name(random.nextInt(50)));
        }
      }
      default -> {
        out.putByte(RdbFormat.TYPE_HASH_TTLS_LISTPACK_PRE_RELEASE);
        Listpack listpack = new Listpack();
        for (int i = 0; i < count; i++) {
          listpack.add(name(i));
          listpack.add(name(random.nextInt(50)));
          listpack.add(rarelyWrong() ? random.nextLong() : i % 2 == 0 ? 0 : 4_000_000_000_000L);
        }
        packed(listpack);
      }
    }
  }

  private void textScore(int i) {
    if (wrong()) {
      out.putByte(253 + random.nextInt(3));
      return;
    }
    byte[] text =
        (rarelyWrong() ? "x1" : Double.toString(score(i))).getBytes(StandardCharsets.US_ASCII);
    out.putByte(text.length);
    out.putBytes(text, 0, text.length);
  }

  /** Strings of up to 63 bytes and small integers; fields and scores in turn, when told. */
  private void ziplist(int count, boolean scores) {
    ByteArrayOutputStream entries = new ByteArrayOutputStream();
    int previous = 0;
    int last = 10;
    for (int i = 0; i < count; i++) {
      last = 10 + entries.size();
      int start = entries.size();
      entries.write(wrong() ? previous + 1 : previous);
      boolean score = scores && i % 2 == 1;
      if (score && random.nextBoolean()) {
        entries.write(0xF1 + random.nextInt(rarelyWrong() ? 15 : 13));
      } else {
        byte[] text =
            score
                ? String.valueOf(random.nextInt(100)).getBytes(StandardCharsets.US_ASCII)
                : name(scores ? i / 2 : i).toByteArray();
        int length = Math.min(63, text.length);
        entries.write(rarelyWrong() ? random.nextInt(256) : length);
        entries.write(text, 0, length);
      }
      previous = entries.size() - start;
    }
    RdbOutput packed = new RdbOutput(null, /* compress= */ false);
    packed.putInt(11 + entries.size() + (rarelyWrong() ? 1 : 0));
    packed.putInt(rarelyWrong() ? random.nextInt() : last);
    int announced = rarelyWrong() ? random.nextInt(1 << 16) : count;
    packed.putByte(announced & 0xFF);
    packed.putByte(announced >>> 8);
    packed.putBytes(entries.toByteArray(), 0, entries.size());
    packed.putByte(rarelyWrong() ? 0 : 0xFF);
    string(packed.bytes());
  }

  private void zipmap(int count) {
    out.putByte(RdbFormat.TYPE_HASH_ZIPMAP);
    RdbOutput packed = new RdbOutput(null, /* compress= */ false);
    packed.putByte(Math.min(254, count));
    for (int i = 0; i < count; i++) {
      Bytes field = name(i);
      Bytes value = name(random.nextInt(50));
      int slack = random.nextInt(3);
      packed.putByte(rarelyWrong() ? random.nextInt(256) : field.length());
      packed.putBytes(field.array(), field.offset(), field.length());
      packed.putByte(rarelyWrong() ? random.nextInt(256) : value.length());
      packed.putByte(slack);
      packed.putBytes(value.array(), value.offset(), value.length());
      packed.putBytes(new byte[3], 0, slack);
    }
    packed.putByte(0xFF);
    string(packed.bytes());
  }

  private void hashOfValkey(int count) {
    version = RdbFormat.VERSION_OF_VALKEY;
    out.putByte(RdbFormat.TYPE_HASH_TTLS_PRE_RELEASE);
    length(count);
    for (int i = 0; i < count; i++) {
      string(name(i));
      string(name(random.nextInt(50)));
      out.putLong(rarelyWrong() ? random.nextLong() : i % 2 == 0 ? -1 : 4_000_000_000_000L);
    }
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
