package io.pillion.engine.persistence;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.keyspace.Values;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;

/**
 * Reads values in every encoding of the RDB format that Redis and Valkey have had, and builds them
 * in the arena. A value is built as commands would build it, so nothing of how it was laid out
 * where it came from is trusted, and members that are there twice are found.
 */
public final class ValueReader {
  /** As Redis has it: 48 bits. */
  private static final long MAX_FIELD_DEADLINE = (1L << 48) - 2;

  /** As Valkey has it. */
  private static final long NO_FIELD_DEADLINE = -1;

  private final Arena arena;
  private final TypeLimits limits;

  /** A reader of values for this arena. */
  public ValueReader(Arena arena, TypeLimits limits) {
    this.arena = arena;
    this.limits = limits;
  }

  /**
   * Reads one value.
   *
   * @param type how it is encoded, which was read before
   * @throws RdbException when anything is wrong; nothing is left in the arena then
   * @throws io.pillion.engine.memory.OutOfArenaException when it does not fit; nor then
   */
  public LoadedValue read(int type, RdbInput in) throws IOException {
    switch (type) {
      case RdbFormat.TYPE_STRING:
        return new LoadedValue(in.readString());
      case RdbFormat.TYPE_MODULE, RdbFormat.TYPE_MODULE_PRE_RELEASE:
        throw in.broken("A value of a module, and there are no modules here,");
      default:
        return readCollection(type, in);
    }
  }

  private LoadedValue readCollection(int type, RdbInput in) throws IOException {
    ValueType valueType = typeOf(type, in);
    long cell = arena.allocate(Long.BYTES);
    try {
      arena.putLong(cell, Values.create(arena, valueType));
      boolean complete = false;
      try {
        long size = fillChecked(valueType, type, in, cell);
        if (size == 0 && valueType != ValueType.STREAM) {
          throw new RdbException(
              "An empty " + valueType.redisName(), in.offset(), /* emptyCollection= */ true);
        }
        complete = true;
      } finally {
        if (!complete) {
          Values.free(arena, valueType, arena.getLong(cell));
        }
      }
      return new LoadedValue(valueType, arena.getLong(cell));
    } finally {
      arena.free(cell);
    }
  }

  private static ValueType typeOf(int type, RdbInput in) throws IOException {
    return switch (type) {
      case RdbFormat.TYPE_LIST,
          RdbFormat.TYPE_LIST_ZIPLIST,
          RdbFormat.TYPE_LIST_QUICKLIST,
          RdbFormat.TYPE_LIST_QUICKLIST_2 ->
          ValueType.LIST;
      case RdbFormat.TYPE_SET, RdbFormat.TYPE_SET_INTSET, RdbFormat.TYPE_SET_LISTPACK ->
          ValueType.SET;
      case RdbFormat.TYPE_ZSET,
          RdbFormat.TYPE_ZSET_2,
          RdbFormat.TYPE_ZSET_ZIPLIST,
          RdbFormat.TYPE_ZSET_LISTPACK ->
          ValueType.ZSET;
      case RdbFormat.TYPE_HASH,
          RdbFormat.TYPE_HASH_ZIPMAP,
          RdbFormat.TYPE_HASH_ZIPLIST,
          RdbFormat.TYPE_HASH_LISTPACK,
          RdbFormat.TYPE_HASH_TTLS,
          RdbFormat.TYPE_HASH_TTLS_PRE_RELEASE,
          RdbFormat.TYPE_HASH_TTLS_LISTPACK,
          RdbFormat.TYPE_HASH_TTLS_LISTPACK_PRE_RELEASE,
          RdbFormat.TYPE_HASH_OF_VALKEY ->
          ValueType.HASH;
      case RdbFormat.TYPE_STREAM_LISTPACKS,
          RdbFormat.TYPE_STREAM_LISTPACKS_2,
          RdbFormat.TYPE_STREAM_LISTPACKS_3 ->
          ValueType.STREAM;
      default -> throw in.broken("An unknown value encoding " + type);
    };
  }

  /** As fill, with complaints about packed collections as tools know them. */
  private long fillChecked(ValueType valueType, int type, RdbInput in, long cell)
      throws IOException {
    try {
      return fill(valueType, type, in, cell);
    } catch (RdbException e) {
      String packed = nameOfPacked(type);
      throw packed.isEmpty() ? e : e.after(packed + " integrity check failed: ");
    }
  }

  private static String nameOfPacked(int type) {
    return switch (type) {
      case RdbFormat.TYPE_LIST_ZIPLIST -> "List ziplist";
      case RdbFormat.TYPE_LIST_QUICKLIST -> "Quicklist ziplist";
      case RdbFormat.TYPE_LIST_QUICKLIST_2 -> "Quicklist listpack";
      case RdbFormat.TYPE_SET_INTSET -> "Intset";
      case RdbFormat.TYPE_SET_LISTPACK -> "Set listpack";
      case RdbFormat.TYPE_ZSET_ZIPLIST -> "Zset ziplist";
      case RdbFormat.TYPE_ZSET_LISTPACK -> "Zset listpack";
      case RdbFormat.TYPE_HASH_ZIPMAP -> "Zipmap";
      case RdbFormat.TYPE_HASH_ZIPLIST -> "Hash ziplist";
      case RdbFormat.TYPE_HASH_LISTPACK,
          RdbFormat.TYPE_HASH_TTLS_LISTPACK,
          RdbFormat.TYPE_HASH_TTLS_LISTPACK_PRE_RELEASE ->
          "Hash listpack";
      case RdbFormat.TYPE_STREAM_LISTPACKS,
          RdbFormat.TYPE_STREAM_LISTPACKS_2,
          RdbFormat.TYPE_STREAM_LISTPACKS_3 ->
          "Stream listpack";
      default -> "";
    };
  }

  private long fill(ValueType valueType, int type, RdbInput in, long cell) throws IOException {
    switch (valueType) {
      case LIST -> {
        ListValue list = new ListValue(arena, cell, limits);
        fillList(list, type, in);
        return list.size();
      }
      case SET -> {
        SetValue set = new SetValue(arena, cell, limits);
        fillSet(set, type, in);
        return set.size();
      }
      case ZSET -> {
        SortedSetValue sortedSet = new SortedSetValue(arena, cell, limits);
        fillSortedSet(sortedSet, type, in);
        return sortedSet.size();
      }
      case HASH -> {
        HashValue hash = new HashValue(arena, cell, limits);
        fillHash(hash, type, in);
        return hash.size();
      }
      case STREAM -> {
        StreamValue stream = new StreamValue(arena, cell, limits);
        new StreamReader(stream, type, in).read();
        return stream.size();
      }
      default -> throw new IllegalStateException("no collection: " + valueType);
    }
  }

  // --- lists

  private static void fillList(ListValue list, int type, RdbInput in) throws IOException {
    if (type == RdbFormat.TYPE_LIST_ZIPLIST) {
      append(list, new ZiplistInput(in.readString(), in));
      return;
    }
    long count = in.readCount(1);
    for (long i = 0; i < count; i++) {
      switch (type) {
        case RdbFormat.TYPE_LIST -> list.pushTail(in.readString());
        case RdbFormat.TYPE_LIST_QUICKLIST -> append(list, new ZiplistInput(in.readString(), in));
        default -> {
          long container = in.readLength();
          if (container == RdbFormat.NODE_PLAIN) {
            Bytes element = in.readString();
            if (element.length() == 0) {
              throw in.broken("A list's node without bytes");
            }
            list.pushTail(element);
          } else if (container == RdbFormat.NODE_PACKED) {
            append(list, new ListpackInput(in.readString(), in));
          } else {
            throw in.broken("A list's node of an unknown kind");
          }
        }
      }
    }
  }

  private static void append(ListValue list, PackedInput packed) throws IOException {
    while (packed.next()) {
      list.pushTail(packed.string());
    }
  }

  // --- sets

  private static void fillSet(SetValue set, int type, RdbInput in) throws IOException {
    switch (type) {
      case RdbFormat.TYPE_SET -> {
        long count = in.readCount(1);
        for (long i = 0; i < count; i++) {
          add(set, in.readString(), in);
        }
      }
      case RdbFormat.TYPE_SET_INTSET -> fillWithIntegers(set, in.readString(), in);
      default -> {
        ListpackInput packed = new ListpackInput(in.readString(), in);
        while (packed.next()) {
          add(set, packed.string(), in);
        }
      }
    }
  }

  private static void add(SetValue set, Bytes member, RdbInput in) throws IOException {
    if (!set.add(member)) {
      throw in.broken("A set with a member twice");
    }
  }

  /** Four bytes of width, four of count, then the integers in ascending order. */
  private static void fillWithIntegers(SetValue set, Bytes packed, RdbInput in) throws IOException {
    RdbInput integers = new RdbInput(packed);
    if (packed.length() < 8) {
      throw in.broken("A set of integers without a header");
    }
    int width = integers.readInt();
    long count = integers.readInt() & 0xFFFF_FFFFL;
    if ((width != 2 && width != 4 && width != 8) || count * width != packed.length() - 8) {
      throw in.broken("A set of integers of a wrong size");
    }
    long before = Long.MIN_VALUE;
    for (long i = 0; i < count; i++) {
      long value =
          switch (width) {
            case 2 -> (short) (integers.readByte() | integers.readByte() << 8);
            case 4 -> integers.readInt();
            default -> integers.readLong();
          };
      if (i > 0 && value <= before) {
        throw in.broken("A set of integers that are not in order");
      }
      before = value;
      add(set, Bytes.of(value), in);
    }
  }

  // --- sorted sets

  private static void fillSortedSet(SortedSetValue set, int type, RdbInput in) throws IOException {
    if (type == RdbFormat.TYPE_ZSET || type == RdbFormat.TYPE_ZSET_2) {
      long count = in.readCount(2);
      for (long i = 0; i < count; i++) {
        Bytes member = in.readString();
        double score = type == RdbFormat.TYPE_ZSET ? in.readTextDouble() : in.readDouble();
        add(set, member, Scores.check(score, in), in);
      }
      return;
    }
    PackedInput packed =
        type == RdbFormat.TYPE_ZSET_LISTPACK
            ? new ListpackInput(in.readString(), in)
            : new ZiplistInput(in.readString(), in);
    while (packed.next()) {
      Bytes member = packed.string();
      packed.require();
      add(set, member, packed.score(), in);
    }
  }

  private static void add(SortedSetValue set, Bytes member, double score, RdbInput in)
      throws IOException {
    if (set.seek(member)) {
      throw in.broken("A sorted set with a member twice");
    }
    set.assign(score);
  }

  // --- hashes

  private static void fillHash(HashValue hash, int type, RdbInput in) throws IOException {
    switch (type) {
      case RdbFormat.TYPE_HASH -> {
        long count = in.readCount(2);
        for (long i = 0; i < count; i++) {
          Bytes field = in.readString();
          put(hash, field, in.readString(), in);
        }
      }
      case RdbFormat.TYPE_HASH_OF_VALKEY -> {
        long count = in.readCount(2 + Long.BYTES);
        for (long i = 0; i < count; i++) {
          Bytes field = in.readString();
          put(hash, field, in.readString(), in);
          long deadline = in.readLong();
          expireAt(hash, field, deadline == NO_FIELD_DEADLINE ? 0 : deadline, in);
        }
      }
      case RdbFormat.TYPE_HASH_ZIPMAP -> fillFromZipmap(hash, in.readString(), in);
      case RdbFormat.TYPE_HASH_TTLS, RdbFormat.TYPE_HASH_TTLS_PRE_RELEASE ->
          fillWithDeadlines(hash, type == RdbFormat.TYPE_HASH_TTLS, in);
      case RdbFormat.TYPE_HASH_TTLS_LISTPACK, RdbFormat.TYPE_HASH_TTLS_LISTPACK_PRE_RELEASE -> {
        if (type == RdbFormat.TYPE_HASH_TTLS_LISTPACK) {
          // The earliest deadline, which the fields tell too.
          in.readLong();
        }
        fillWithDeadlines(hash, new ListpackInput(in.readString(), in), in);
      }
      default -> {
        boolean listpack = type == RdbFormat.TYPE_HASH_LISTPACK;
        PackedInput packed =
            listpack
                ? new ListpackInput(in.readString(), in)
                : new ZiplistInput(in.readString(), in);
        while (packed.next()) {
          Bytes field = packed.string();
          packed.require();
          if (!hash.put(field, packed.string())) {
            throw in.broken((listpack ? "A listpack" : "A ziplist") + " with dup elements");
          }
        }
      }
    }
  }

  private static void put(HashValue hash, Bytes field, Bytes value, RdbInput in)
      throws IOException {
    if (!hash.put(field, value)) {
      throw in.broken("A hash with a field twice");
    }
  }

  /**
   * Each field with its deadline, 0 for none.
   *
   * @param relative whether the earliest deadline comes first, and the others, plus one, are
   *     counted from there
   */
  private static void fillWithDeadlines(HashValue hash, boolean relative, RdbInput in)
      throws IOException {
    long earliest = relative ? in.readLong() : 0;
    if (earliest < 0 || earliest > MAX_FIELD_DEADLINE) {
      throw in.broken("A hash whose earliest field leaves at no moment there is");
    }
    long count = in.readCount(3);
    for (long i = 0; i < count; i++) {
      long deadline = in.readLength();
      if (deadline < 0 || deadline > MAX_FIELD_DEADLINE) {
        throw in.broken("A hash with a field that leaves at no moment there is");
      }
      if (deadline > 0 && relative) {
        deadline += earliest - 1;
      }
      Bytes field = in.readString();
      put(hash, field, in.readString(), in);
      expireAt(hash, field, deadline, in);
    }
  }

  /** Fields, values and deadlines in turn, 0 for none. */
  private static void fillWithDeadlines(HashValue hash, PackedInput packed, RdbInput in)
      throws IOException {
    while (packed.next()) {
      Bytes field = packed.string();
      packed.require();
      put(hash, field, packed.string(), in);
      packed.require();
      expireAt(hash, field, packed.integer(), in);
    }
  }

  private static void expireAt(HashValue hash, Bytes field, long deadline, RdbInput in)
      throws IOException {
    if (deadline < 0 || deadline > MAX_FIELD_DEADLINE) {
      throw in.broken("A hash with a field that leaves at no moment there is");
    }
    if (deadline > 0) {
      hash.expireAt(field, deadline);
    }
  }

  /**
   * What small hashes were before Redis 2.6: a byte of count, which may be too low to trust, then
   * length and bytes of each field, and length, slack and bytes of each value; then 255.
   */
  private static void fillFromZipmap(HashValue hash, Bytes packed, RdbInput in) throws IOException {
    RdbInput map = new RdbInput(packed);
    int count = map.readByte();
    for (int length = map.readByte(); length != 255; length = map.readByte()) {
      Bytes field = Bytes.of(map.readBytes(zipmapLength(length, map)));
      int valueLength = map.readByte();
      if (valueLength == 255) {
        throw in.broken("A packed hash with a field without a value");
      }
      long bytes = zipmapLength(valueLength, map);
      int slack = map.readByte();
      Bytes value = Bytes.of(map.readBytes(bytes));
      map.skip(slack);
      put(hash, field, value, in);
    }
    if (map.remaining() != 0 || hash.size() == 0 || (count < 254 && count != hash.size())) {
      throw in.broken("A packed hash of a wrong size");
    }
  }

  private static long zipmapLength(int first, RdbInput map) throws IOException {
    return first < 254 ? first : map.readInt() & 0xFFFF_FFFFL;
  }
}
