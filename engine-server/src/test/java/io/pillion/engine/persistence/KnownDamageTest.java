package io.pillion.engine.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.server.EngineBuilder;
import io.pillion.engine.server.PillionEngine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The kinds of damage that have made servers of this family crash, hang or take all memory, one by
 * one, beside a value that differs in that alone and is good: refused in a payload and in a file,
 * where a key that was there stays, and nothing is left of what was read until then.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class KnownDamageTest {
  private static final long HUGE = 1L << 40;
  private static final int HEADER_OF_LISTPACK = 6;

  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  static Path folder;

  @SuppressWarnings("NullAway.Init")
  private PillionEngine engine;

  @SuppressWarnings("NullAway.Init")
  private WordClient client;

  @BeforeAll
  void start() {
    engine =
        new EngineBuilder()
            .set("enable-debug-command", "yes")
            .set("dir", folder.toString())
            .memoryBytes(16 << 20)
            .start();
    client = new WordClient(engine);
  }

  @AfterAll
  void close() {
    client.close();
    engine.close();
  }

  private @Nullable Object send(Object... words) {
    return client.send(words);
  }

  private String text(Object... words) {
    return client.text(words);
  }

  // --- values

  /** Numbers are lengths, texts are strings, and the rest is there as it is. */
  private static byte[] value(int type, Object... parts) {
    RdbOutput out = new RdbOutput(/* sink= */ null, /* compress= */ false);
    out.putByte(type);
    for (Object part : parts) {
      put(out, part);
    }
    return out.bytes().toByteArray();
  }

  private static void put(RdbOutput out, Object part) {
    if (part instanceof Number number && !(part instanceof Double)) {
      putLength(out, number.longValue());
    } else if (part instanceof Double score) {
      out.putLong(Double.doubleToRawLongBits(score));
    } else if (part instanceof byte[] raw) {
      out.putBytes(raw, 0, raw.length);
    } else if (part instanceof Bytes bytes) {
      out.putPlain(bytes);
    } else {
      out.putPlain(Bytes.of((String) part));
    }
  }

  private static void putLength(RdbOutput out, long length) {
    if (length >= 0) {
      out.putLength(length);
    } else {
      out.putByte(RdbFormat.LENGTH_64_BITS);
      out.putLong(Long.reverseBytes(length));
    }
  }

  private static byte[] raw(int... bytes) {
    byte[] raw = new byte[bytes.length];
    for (int i = 0; i < raw.length; i++) {
      raw[i] = (byte) bytes[i];
    }
    return raw;
  }

  private static byte[] number(long number) {
    RdbOutput out = new RdbOutput(/* sink= */ null, /* compress= */ false);
    out.putLong(number);
    return out.bytes().toByteArray();
  }

  private static Bytes listpack(Object... entries) {
    Listpack packed = new Listpack();
    for (Object entry : entries) {
      if (entry instanceof Number number) {
        packed.add(number.longValue());
      } else {
        packed.add(Bytes.of((String) entry));
      }
    }
    return packed.whole();
  }

  /** The same with another byte somewhere. */
  private static Bytes changed(Bytes packed, int at, int newByte) {
    byte[] bytes = packed.toByteArray();
    bytes[at < 0 ? bytes.length + at : at] = (byte) newByte;
    return Bytes.of(bytes);
  }

  /** Of two short strings. */
  private static Bytes ziplist(int size, int last, int count, int lengthBefore, int first) {
    return Bytes.of(
        raw(size, 0, 0, 0, last, 0, 0, 0, count, 0, 0, first, 'a', lengthBefore, 1, 'b', 0xFF));
  }

  private static Bytes intset(int width, int count, int... integers) {
    RdbOutput out = new RdbOutput(/* sink= */ null, /* compress= */ false);
    out.putInt(width);
    out.putInt(count);
    for (int integer : integers) {
      out.putInt(integer);
    }
    return out.bytes();
  }

  /** A stream of two entries, both pending, each for one of two consumers of a group. */
  private static final class StreamParts {
    long count = 2;
    long deleted;
    long fields = 1;
    long flags = StreamFormat.FLAG_SAME_FIELDS;
    long entryLength = 4;
    int[] entries = {1, 2};
    long length = 2;
    long lastMs = 2;
    long added = 2;
    String[] groups = {"g"};
    long read = 2;
    int[] pending = {1, 2};
    String[] consumers = {"a", "b"};
    int[][] owned = {{1}, {2}};

    private static byte[] id(int ms) {
      byte[] id = new byte[StreamFormat.ID_BYTES];
      id[7] = (byte) ms;
      return id;
    }

    byte[] whole() {
      Listpack page = new Listpack();
      for (long each : new long[] {count, deleted, fields}) {
        page.add(each);
      }
      page.add(Bytes.of("field"));
      page.add(0);
      for (int entry : entries) {
        for (long each : new long[] {flags, entry, 0}) {
          page.add(each);
        }
        page.add(Bytes.of("value"));
        page.add(entryLength);
      }
      List<Object> parts = new ArrayList<>(List.of(1, Bytes.of(id(0)), page.whole(), length));
      parts.addAll(List.of(lastMs, 0, 1, 0, 0, 0, added, groups.length));
      for (String group : groups) {
        parts.addAll(List.of(group, 2, 0, read, pending.length));
        for (int each : pending) {
          parts.addAll(List.of(id(each), number(1), 1));
        }
        parts.add(consumers.length);
        for (int i = 0; i < consumers.length; i++) {
          parts.addAll(List.of(consumers[i], number(1), number(1), owned[i].length));
          for (int each : owned[i]) {
            parts.add(id(each));
          }
        }
      }
      return value(RdbFormat.TYPE_STREAM_LISTPACKS_3, parts.toArray());
    }
  }

  // --- the table

  /** A kind of damage: a value that has it, and the same without it. */
  private record Damage(String name, Bytes good, Bytes bad) {
    Damage(String name, byte[] good, byte[] bad) {
      this(name, Bytes.of(good), Bytes.of(bad));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static Damage of(String name, int type, Object[] good, Object[] bad) {
    return new Damage(name, value(type, good), value(type, bad));
  }

  private static Object[] parts(Object... parts) {
    return parts;
  }

  private static Stream<Damage> claims() {
    Object[] set = parts(2, "a", "b");
    Object[] hash = parts(1, "f", "v");
    return Stream.of(
        of("a set of 2^40", RdbFormat.TYPE_SET, set, parts(HUGE, "a", "b")),
        of("a set of 2^31", RdbFormat.TYPE_SET, set, parts(1L << 31, "a", "b")),
        of("a set of -1", RdbFormat.TYPE_SET, set, parts(-1, "a", "b")),
        of("a list of 2^62", RdbFormat.TYPE_LIST, set, parts(1L << 62, "a", "b")),
        of("a hash of 2^40", RdbFormat.TYPE_HASH, hash, parts(HUGE, "f", "v")),
        of("a hash of 2^63", RdbFormat.TYPE_HASH, hash, parts(Long.MIN_VALUE, "f", "v")),
        of("scores of 2^40", RdbFormat.TYPE_ZSET_2, parts(1, "a", 1.0), parts(HUGE, "a", 1.0)),
        of("nodes of 2^40", RdbFormat.TYPE_LIST_QUICKLIST_2, parts(1, 1, "a"), parts(HUGE, 1, "a")),
        of("a string of 2^31", RdbFormat.TYPE_STRING, parts("abc"), parts(1L << 31, raw('a'))),
        of("a string of -3", RdbFormat.TYPE_STRING, parts("abc"), parts(-3, raw('a'))),
        of("a string cut off", RdbFormat.TYPE_STRING, parts("abc"), parts(3, raw('a', 'b'))),
        of("a member cut off", RdbFormat.TYPE_SET, set, parts(2, "a", 9, raw('b'))),
        of(
            "three bytes that expand to 2^31",
            RdbFormat.TYPE_STRING,
            parts(raw(0xC3), 4, 3, raw(2, 'a', 'b', 'c')),
            parts(raw(0xC3), 4, 1L << 31, raw(2, 'a', 'b', 'c'))),
        of(
            "expanded to more than was said",
            RdbFormat.TYPE_STRING,
            parts(raw(0xC3), 5, 11, raw(0, 'a', 0xE0, 1, 0)),
            parts(raw(0xC3), 5, 10, raw(0, 'a', 0xE0, 1, 0))),
        of(
            "a copy of what never came",
            RdbFormat.TYPE_STRING,
            parts(raw(0xC3), 5, 11, raw(0, 'a', 0xE0, 1, 0)),
            parts(raw(0xC3), 5, 11, raw(0, 'a', 0xE0, 1, 9))),
        of("an unknown string", RdbFormat.TYPE_STRING, parts(raw(0xC0, 1)), parts(raw(0xC4, 1))),
        of("an unknown length", RdbFormat.TYPE_STRING, parts("a"), parts(raw(0x82, 1, 'a'))));
  }

  private static Stream<Damage> twice() {
    return Stream.of(
        of("set", RdbFormat.TYPE_SET, parts(2, "a", "b"), parts(2, "a", "a")),
        of(
            "packed set",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(listpack("a", 7)),
            parts(listpack(7, 7))),
        of(
            "integers",
            RdbFormat.TYPE_SET_INTSET,
            parts(intset(4, 3, 1, 2, 3)),
            parts(intset(4, 3, 1, 2, 2))),
        of(
            "scores",
            RdbFormat.TYPE_ZSET_2,
            parts(2, "a", 1.0, "b", 1.0),
            parts(2, "a", 1.0, "a", 2.0)),
        of(
            "packed scores",
            RdbFormat.TYPE_ZSET_LISTPACK,
            parts(listpack("a", 1, "b", 2)),
            parts(listpack("a", 1, "a", 2))),
        of("hash", RdbFormat.TYPE_HASH, parts(2, "f", "v", "g", "v"), parts(2, "f", "v", "f", "w")),
        of(
            "packed hash",
            RdbFormat.TYPE_HASH_LISTPACK,
            parts(listpack("f", "v", "g", "v")),
            parts(listpack("f", "v", "f", "w"))),
        of(
            "expiring hash",
            RdbFormat.TYPE_HASH_TTLS,
            parts(number(4_000_000_000_000L), 2, 1, "f", "v", 0, "g", "v"),
            parts(number(4_000_000_000_000L), 2, 1, "f", "v", 0, "f", "w")),
        of(
            "packed expiring hash",
            RdbFormat.TYPE_HASH_TTLS_LISTPACK,
            parts(number(0), listpack("f", "v", 0, "g", "v", 0)),
            parts(number(0), listpack("f", "v", 0, "f", "w", 0))),
        of(
            "zipmap",
            RdbFormat.TYPE_HASH_ZIPMAP,
            parts(Bytes.of(raw(2, 1, 'f', 1, 0, 'v', 1, 'g', 1, 0, 'v', 255))),
            parts(Bytes.of(raw(2, 1, 'f', 1, 0, 'v', 1, 'f', 1, 0, 'w', 255)))));
  }

  private static Stream<Damage> disorder() {
    Bytes two = listpack("a", "b");
    Object[] zipmap = parts(Bytes.of(raw(1, 1, 'f', 1, 0, 'v', 255)));
    Object[] ziplist = parts(ziplist(17, 13, 2, 3, 1));
    Object[] expiring = parts(number(1), 1, 4_000_000_000_000L, "f", "v");
    return Stream.of(
        of("NaN", RdbFormat.TYPE_ZSET_2, parts(1, "a", 1.0), parts(1, "a", Double.NaN)),
        of("NaN as text", RdbFormat.TYPE_ZSET, parts(1, "a", "1"), parts(1, "a", raw(253))),
        of(
            "packed NaN",
            RdbFormat.TYPE_ZSET_LISTPACK,
            parts(listpack("a", "1.5")),
            parts(listpack("a", "nan"))),
        of(
            "a score missing",
            RdbFormat.TYPE_ZSET_LISTPACK,
            parts(listpack("a", 1)),
            parts(listpack("a", 1, "b"))),
        of(
            "a value missing",
            RdbFormat.TYPE_HASH_LISTPACK,
            parts(listpack("a", 1)),
            parts(listpack("a", 1, "b"))),
        of(
            "a size too large",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(two),
            parts(changed(two, 0, 0x7F))),
        of("a count too large", RdbFormat.TYPE_SET_LISTPACK, parts(two), parts(changed(two, 4, 3))),
        of(
            "an entry beyond the end",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(two),
            parts(changed(two, HEADER_OF_LISTPACK, 0xBF))),
        of(
            "an unknown entry",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(two),
            parts(changed(two, HEADER_OF_LISTPACK, 0xF5))),
        of(
            "a wrong length behind an entry",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(two),
            parts(changed(two, -2, 0x7F))),
        of("no end", RdbFormat.TYPE_SET_LISTPACK, parts(two), parts(changed(two, -1, 0))),
        of(
            "bytes behind the end",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(two),
            parts(changed(two, HEADER_OF_LISTPACK, 0xFF))),
        of(
            "a header cut off",
            RdbFormat.TYPE_SET_LISTPACK,
            parts(two),
            parts(Bytes.of(raw(5, 0, 0, 0, 0)))),
        of("size of a ziplist", 10, ziplist, parts(ziplist(99, 13, 2, 3, 1))),
        of("last of a ziplist", 10, ziplist, parts(ziplist(17, 10, 2, 3, 1))),
        of("count of a ziplist", 10, ziplist, parts(ziplist(17, 13, 1, 3, 1))),
        of("length before in a ziplist", 10, ziplist, parts(ziplist(17, 13, 2, 2, 1))),
        of("five bytes of length before", 10, ziplist, parts(ziplist(17, 13, 2, 254, 1))),
        of("an entry beyond a ziplist", 10, ziplist, parts(ziplist(17, 13, 2, 3, 0x3F))),
        of("an unknown entry of a ziplist", 10, ziplist, parts(ziplist(17, 13, 2, 3, 0xEF))),
        of("a huge field", 9, zipmap, parts(Bytes.of(raw(1, 254, 255, 255, 255, 255, 255)))),
        of("a field alone", 9, zipmap, parts(Bytes.of(raw(1, 1, 'f', 255)))),
        of("count of a zipmap", 9, zipmap, parts(Bytes.of(raw(2, 1, 'f', 1, 0, 'v', 255)))),
        of("no end of a zipmap", 9, zipmap, parts(Bytes.of(raw(1, 1, 'f', 1, 0, 'v')))),
        of("width of integers", 11, parts(intset(4, 1, 7)), parts(intset(3, 1, 7))),
        of("count of integers", 11, parts(intset(4, 1, 7)), parts(intset(4, -1, 7))),
        of("order of integers", 11, parts(intset(4, 2, 1, 7)), parts(intset(4, 2, 7, 1))),
        of("an unknown node", 18, parts(1, 2, two), parts(1, 3, two)),
        of("an empty node", 18, parts(1, 1, "a"), parts(1, 1, "")),
        of("a moment beyond all", 24, expiring, parts(number(1), 1, 1L << 60, "f", "v")),
        of("a moment before all", 24, expiring, parts(number(-9), 1, 1, "f", "v")),
        of(
            "a moment that is a text",
            RdbFormat.TYPE_HASH_TTLS_LISTPACK,
            parts(number(0), listpack("f", "v", 0)),
            parts(number(0), listpack("f", "v", "x"))),
        new Damage("a module's value", value(0, "a"), value(7, number(1))),
        new Damage("an old module's value", value(0, "a"), value(6, number(1))),
        new Damage("an unknown type", value(0, "a"), value(99, "a")));
  }

  private static Damage stream(String name, Consumer<StreamParts> change) {
    StreamParts parts = new StreamParts();
    byte[] good = parts.whole();
    change.accept(parts);
    return new Damage(name, good, parts.whole());
  }

  private static Stream<Damage> streams() {
    return Stream.of(
        stream("entries that are not there", parts -> parts.count = 3),
        stream("deleted entries that are not there", parts -> parts.deleted = 1),
        stream("an entry deleted that is counted", parts -> parts.flags = 3),
        stream("no fields", parts -> parts.fields = 0),
        stream("fields without end", parts -> parts.fields = HUGE),
        stream("fewer fields than none", parts -> parts.fields = -1),
        stream("an entry's wrong length", parts -> parts.entryLength = 5),
        stream("an entry twice", parts -> parts.entries = new int[] {1, 1}),
        stream("entries out of order", parts -> parts.entries = new int[] {2, 1}),
        stream("a wrong length", parts -> parts.length = 7),
        stream("a last id before the last entry", parts -> parts.lastMs = 1),
        stream("fewer added than there are", parts -> parts.added = 1),
        stream("a group twice", parts -> parts.groups = new String[] {"g", "g"}),
        stream("a group that has read -5", parts -> parts.read = -5),
        stream("a consumer twice", parts -> parts.consumers = new String[] {"a", "a"}),
        stream("an entry pending twice", parts -> parts.pending = new int[] {1, 1, 2}),
        stream("pending out of order", parts -> parts.pending = new int[] {2, 1}),
        stream("one entry of two consumers", parts -> parts.owned = new int[][] {{1, 2}, {2}}),
        stream("an entry of a consumer twice", parts -> parts.owned = new int[][] {{1, 1}, {2}}),
        stream("pending for nobody", parts -> parts.owned = new int[][] {{1}, {}}),
        stream("pending in no group", parts -> parts.owned = new int[][] {{1}, {2, 3}}));
  }

  static Stream<Damage> all() {
    return Stream.of(claims(), twice(), disorder(), streams()).flatMap(each -> each);
  }

  // --- what becomes of it

  private static byte[] payload(byte[] value) {
    return DamagedInputTest.versioned(value, (byte) RdbFormat.VERSION_WITH_FIELD_TTLS);
  }

  /** A file with a key before it, and the value as the next one. */
  private static byte[] file(byte[] value) {
    RdbOutput out = new RdbOutput(/* sink= */ null, /* compress= */ false);
    byte[] magic = "REDIS0012".getBytes(StandardCharsets.US_ASCII);
    out.putBytes(magic, 0, magic.length);
    out.putByte(RdbFormat.TYPE_LIST);
    put(out, "first");
    put(out, 1);
    put(out, "element");
    out.putByte(value[0]);
    put(out, "second");
    out.putBytes(value, 1, value.length - 1);
    out.putByte(RdbFormat.OP_END);
    out.putLong(0);
    return out.bytes().toByteArray();
  }

  private long arenaBytes() {
    return engine.engine().keyspace().arena().usedBytes();
  }

  @ParameterizedTest
  @MethodSource("all")
  void isRefused(Damage damage) throws IOException {
    assertThat(text("RESTORE", "key", 0, payload(damage.good.toByteArray()), "REPLACE"))
        .isEqualTo("OK");
    assertThat(text("SET", "key", "before")).isEqualTo("OK");
    String digest = text("DEBUG", "DIGEST");
    long before = arenaBytes();
    assertThat(text("RESTORE", "key", 0, payload(damage.bad.toByteArray()), "REPLACE"))
        .contains("Bad data format");
    assertThat(text("DEBUG", "DIGEST")).isEqualTo(digest);
    assertThat(arenaBytes()).isEqualTo(before);
    Files.write(folder.resolve("dump.rdb"), file(damage.bad.toByteArray()));
    assertThat(text("DEBUG", "RELOAD", "NOSAVE")).contains("Error trying to load the RDB dump");
    assertThat(text("DEBUG", "DIGEST")).isEqualTo(digest);
    assertThat(arenaBytes()).isEqualTo(before);
    Files.write(folder.resolve("dump.rdb"), file(damage.good.toByteArray()));
    assertThat(text("DEBUG", "RELOAD", "NOSAVE")).isEqualTo("OK");
    assertThat(text("DEL", "first", "second")).isEqualTo("2");
  }

  /** Payloads of which not even the end is right. */
  @Test
  void aWrongEndIsRefused() {
    byte[] good = payload(value(RdbFormat.TYPE_STRING, "value"));
    List<byte[]> wrong = new ArrayList<>();
    for (int length = 0; length < good.length; length++) {
      wrong.add(Arrays.copyOf(good, length));
    }
    for (int i = 0; i < good.length; i++) {
      byte[] changed = good.clone();
      changed[i] ^= 0x40;
      wrong.add(changed);
    }
    wrong.add(DamagedInputTest.versioned(value(RdbFormat.TYPE_STRING, "value"), (byte) 13));
    for (byte[] payload : wrong) {
      assertThat(text("RESTORE", "key", 0, payload))
          .contains("DUMP payload version or checksum are wrong");
    }
    assertThat(text("RESTORE", "key", 0, payload(value(0, "value", raw(1)))))
        .contains("Bad data format");
    assertThat(send("EXISTS", "key")).isEqualTo(0L);
  }

  private static byte[] hyperLogLog(int encoding, int... registers) {
    byte[] bytes = new byte[16 + registers.length];
    System.arraycopy("HYLL".getBytes(StandardCharsets.US_ASCII), 0, bytes, 0, 4);
    bytes[4] = (byte) encoding;
    bytes[15] = (byte) 0x80; // its count is to be made anew
    System.arraycopy(raw(registers), 0, bytes, 16, registers.length);
    return value(RdbFormat.TYPE_STRING, Bytes.of(bytes));
  }

  /** They are strings like others, until they are used as what they are not. */
  @Test
  void hyperLogLogsThatAreNoneAreRefusedWhereTheyAreUsed() {
    assertThat(text("RESTORE", "good", 0, payload(hyperLogLog(1, 0x7F, 0xFF)))).isEqualTo("OK");
    assertThat(text("PFCOUNT", "good")).isEqualTo("0");
    for (byte[] damaged :
        List.of(
            hyperLogLog(2, 0x7F, 0xFF),
            hyperLogLog(0, 1, 2, 3),
            hyperLogLog(1),
            hyperLogLog(1, 0x7F),
            hyperLogLog(1, 0x7F, 0xFE),
            hyperLogLog(1, 0x7F, 0xFF, 0x7F, 0xFF),
            hyperLogLog(1, 0x7F, 0xFF, 0x80),
            value(RdbFormat.TYPE_STRING, "HYLL"))) {
      assertThat(text("RESTORE", "key", 0, payload(damaged), "REPLACE")).isEqualTo("OK");
      for (Object[] use :
          List.of(
              parts("PFCOUNT", "key"),
              parts("PFCOUNT", "key", "good"),
              parts("PFMERGE", "target", "good", "key"))) {
        assertThat(text(use)).containsAnyOf("WRONGTYPE", "INVALIDOBJ");
      }
      assertThat(text("PFADD", "key", "element")).doesNotContain("internal error");
      assertThat(send("EXISTS", "target")).isEqualTo(0L);
    }
    assertThat(send("DEL", "good", "key")).isEqualTo(2L);
  }
}
