package io.pillion.engine.persistence;

import io.pillion.engine.datatype.Draft;
import io.pillion.engine.datatype.HashDraft;
import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListDraft;
import io.pillion.engine.datatype.SetDraft;
import io.pillion.engine.datatype.SortedSetDraft;
import io.pillion.engine.datatype.StreamDraft;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/**
 * Reads values in every encoding of the RDB format that Redis and Valkey have had, and builds them
 * in the arena. A value is built as commands would build it, so nothing of how it was laid out
 * where it came from is trusted, and members that are there twice are found.
 */
final class ValueReader {
  /** As Redis has it: 48 bits. */
  private static final long MAX_FIELD_DEADLINE = (1L << 48) - 2;

  /** As Valkey has it. */
  private static final long NO_FIELD_DEADLINE = -1;

  private final Arena arena;
  private final TypeLimits limits;
  private final Runnable beforeArena;
  private final StreamReader streams = new StreamReader();
  private final KeptString member = new KeptString();
  private final Map<ValueType, Draft> drafts = new EnumMap<>(ValueType.class);

  /** A reader of values for this arena. */
  public ValueReader(Arena arena, TypeLimits limits) {
    this(arena, limits, () -> {});
  }

  /**
   * A reader of values for this arena.
   *
   * @param beforeArena done before anything of the arena is looked at
   */
  ValueReader(Arena arena, TypeLimits limits, Runnable beforeArena) {
    this.arena = arena;
    this.limits = limits;
    this.beforeArena = beforeArena;
  }

  /**
   * Reads one value.
   *
   * @param type how it is encoded, which was read before
   * @throws RdbException when anything is wrong; nothing is left in the arena then
   * @throws io.pillion.engine.memory.OutOfArenaException when it does not fit; nor then
   */
  public LoadedValue read(int type, RdbInput in) throws IOException {
    if (type == RdbFormat.TYPE_STRING) {
      return new LoadedValue(in.readView());
    }
    ValueType valueType = typeOf(type, in);
    if (mayChangeWhileBuilt(type)) {
      return new LoadedValue(valueType, readInPlace(type, in));
    }
    return new LoadedValue(valueType, finish(fill(valueType, type, in)));
  }

  /**
   * As {@link #read(int, RdbInput)}, but leaves the value with its key in a batch, and the arena
   * alone if possible.
   */
  void read(int type, RdbInput in, EntryBatch batch, int number) throws IOException {
    if (type == RdbFormat.TYPE_STRING) {
      batch.string(number, in.readView());
      return;
    }
    ValueType valueType = typeOf(type, in);
    if (mayChangeWhileBuilt(type)) {
      beforeArena.run();
      batch.root(number, valueType, readInPlace(type, in));
      return;
    }
    Draft draft = fill(valueType, type, in);
    if (draft.isOnHeap()) {
      batch.draft(number, valueType, draft);
    } else {
      batch.root(number, valueType, finish(draft));
    }
  }

  /** Whether it is more than elements one after the other: a hash with fields that leave. */
  private static boolean mayChangeWhileBuilt(int type) {
    return switch (type) {
      case RdbFormat.TYPE_HASH_ZIPMAP,
          RdbFormat.TYPE_HASH_TTLS,
          RdbFormat.TYPE_HASH_TTLS_PRE_RELEASE,
          RdbFormat.TYPE_HASH_TTLS_LISTPACK,
          RdbFormat.TYPE_HASH_TTLS_LISTPACK_PRE_RELEASE,
          RdbFormat.TYPE_HASH_OF_VALKEY ->
          true;
      default -> false;
    };
  }

  private Draft fill(ValueType valueType, int type, RdbInput in) throws IOException {
    Draft draft = draft(valueType);
    boolean complete = false;
    try {
      fillChecked(draft, type, in);
      if (valueType != ValueType.STREAM && draft.size() == 0) {
        throw empty(valueType, in);
      }
      complete = true;
    } finally {
      if (!complete) {
        draft.abandon();
      }
    }
    return draft;
  }

  private static long finish(Draft draft) {
    boolean complete = false;
    try {
      long root = draft.finish();
      complete = true;
      return root;
    } finally {
      if (!complete) {
        draft.abandon();
      }
    }
  }

  /** What puts collections of a type together. */
  Draft draft(ValueType valueType) {
    Draft draft = drafts.get(valueType);
    if (draft == null) {
      draft =
          switch (valueType) {
            case LIST -> new ListDraft(arena, limits, beforeArena);
            case SET -> new SetDraft(arena, limits, beforeArena);
            case ZSET -> new SortedSetDraft(arena, limits, beforeArena);
            case STREAM -> new StreamDraft(arena, limits, beforeArena);
            default -> new HashDraft(arena, limits, beforeArena);
          };
      drafts.put(valueType, draft);
    }
    return draft;
  }

  private static RdbException empty(ValueType valueType, RdbInput in) {
    return new RdbException(
        "An empty " + valueType.redisName(), in.offset(), /* emptyCollection= */ true);
  }

  /** Reads a hash into the arena; returns its root. */
  private long readInPlace(int type, RdbInput in) throws IOException {
    long cell = arena.allocate(Long.BYTES);
    try {
      arena.putLong(cell, HashValue.create(arena));
      boolean complete = false;
      try {
        HashValue hash = new HashValue(arena, cell, limits);
        fillChecked(hash, type, in);
        if (hash.size() == 0) {
          throw empty(ValueType.HASH, in);
        }
        complete = true;
      } finally {
        if (!complete) {
          HashValue.free(arena, arena.getLong(cell));
        }
      }
      return arena.getLong(cell);
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
      case RdbFormat.TYPE_MODULE, RdbFormat.TYPE_MODULE_PRE_RELEASE ->
          throw in.broken("A value of a module, and there are no modules here,");
      default -> throw in.broken("An unknown value encoding " + type);
    };
  }

  /** As fill, with complaints about packed collections as tools know them. */
  private void fillChecked(Draft draft, int type, RdbInput in) throws IOException {
    try {
      if (draft instanceof ListDraft list) {
        fillList(list, type, in);
      } else if (draft instanceof SetDraft set) {
        fillSet(set, type, in);
      } else if (draft instanceof SortedSetDraft sortedSet) {
        fillSortedSet(sortedSet, type, in);
      } else if (draft instanceof HashDraft hash) {
        fillHash(hash, type, in);
      } else if (draft instanceof StreamDraft stream) {
        streams.read(stream, type, in);
      }
    } catch (RdbException e) {
      throw named(e, type);
    }
  }

  /** As fill, with complaints about packed collections as tools know them. */
  private void fillChecked(HashValue hash, int type, RdbInput in) throws IOException {
    try {
      fillHash(hash, type, in);
    } catch (RdbException e) {
      throw named(e, type);
    }
  }

  private static RdbException named(RdbException e, int type) {
    String packed = nameOfPacked(type);
    return packed.isEmpty() ? e : e.after(packed + " integrity check failed: ");
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

  // --- lists

  private static void fillList(ListDraft list, int type, RdbInput in) throws IOException {
    list.begin();
    if (type == RdbFormat.TYPE_LIST_ZIPLIST) {
      append(list, new ZiplistInput(in.readView(), in));
      return;
    }
    long count = in.readCount(1);
    for (long i = 0; i < count; i++) {
      switch (type) {
        case RdbFormat.TYPE_LIST -> list.add(in.readView());
        case RdbFormat.TYPE_LIST_QUICKLIST -> append(list, new ZiplistInput(in.readView(), in));
        default -> {
          long container = in.readLength();
          if (container == RdbFormat.NODE_PLAIN) {
            Bytes element = in.readView();
            if (element.length() == 0) {
              throw in.broken("A list's node without bytes");
            }
            list.add(element);
          } else if (container == RdbFormat.NODE_PACKED) {
            append(list, new ListpackInput(in.readView(), in));
          } else {
            throw in.broken("A list's node of an unknown kind");
          }
        }
      }
    }
  }

  private static void append(ListDraft list, PackedInput packed) throws IOException {
    while (packed.next()) {
      list.add(packed.view());
    }
  }

  // --- sets

  private static void fillSet(SetDraft set, int type, RdbInput in) throws IOException {
    switch (type) {
      case RdbFormat.TYPE_SET -> {
        long count = in.readCount(1);
        set.begin(count);
        for (long i = 0; i < count; i++) {
          add(set, in.readView(), in);
        }
      }
      case RdbFormat.TYPE_SET_INTSET -> fillWithIntegers(set, in.readView(), in);
      default -> {
        set.begin(0);
        ListpackInput packed = new ListpackInput(in.readView(), in);
        while (packed.next()) {
          add(set, packed.view(), in);
        }
      }
    }
  }

  private static void add(SetDraft set, Bytes member, RdbInput in) throws IOException {
    if (!set.add(member)) {
      throw in.broken("A set with a member twice");
    }
  }

  /** Four bytes of width, four of count, then the integers in ascending order. */
  private static void fillWithIntegers(SetDraft set, Bytes packed, RdbInput in) throws IOException {
    RdbInput integers = new RdbInput(packed);
    if (packed.length() < 8) {
      throw in.broken("A set of integers without a header");
    }
    int width = integers.readInt();
    long count = integers.readInt() & 0xFFFF_FFFFL;
    if ((width != 2 && width != 4 && width != 8) || count * width != packed.length() - 8) {
      throw in.broken("A set of integers of a wrong size");
    }
    set.begin(count);
    if (!set.integers(packed.slice(8, packed.length()), width)) {
      throw in.broken("A set of integers that are not in order");
    }
  }

  // --- sorted sets

  private void fillSortedSet(SortedSetDraft set, int type, RdbInput in) throws IOException {
    if (type == RdbFormat.TYPE_ZSET || type == RdbFormat.TYPE_ZSET_2) {
      long count = in.readCount(2);
      set.begin(count);
      for (long i = 0; i < count; i++) {
        Bytes name = member.read(in);
        double score = type == RdbFormat.TYPE_ZSET ? in.readTextDouble() : in.readDouble();
        add(set, name, Scores.check(score, in), in);
      }
      return;
    }
    set.begin(0);
    PackedInput packed =
        type == RdbFormat.TYPE_ZSET_LISTPACK
            ? new ListpackInput(in.readView(), in)
            : new ZiplistInput(in.readView(), in);
    while (packed.next()) {
      Bytes name = packed.view();
      packed.require();
      add(set, name, packed.score(), in);
    }
  }

  private static void add(SortedSetDraft set, Bytes member, double score, RdbInput in)
      throws IOException {
    if (!set.add(member, score)) {
      throw in.broken("A sorted set with a member twice");
    }
  }

  // --- hashes

  private static void fillHash(HashDraft hash, int type, RdbInput in) throws IOException {
    if (type == RdbFormat.TYPE_HASH) {
      long count = in.readCount(2);
      hash.begin(count);
      for (long i = 0; i < count; i++) {
        hash.field(in.readView());
        if (!hash.value(in.readView())) {
          throw in.broken("A hash with a field twice");
        }
      }
      return;
    }
    hash.begin(0);
    boolean listpack = type == RdbFormat.TYPE_HASH_LISTPACK;
    PackedInput packed =
        listpack ? new ListpackInput(in.readView(), in) : new ZiplistInput(in.readView(), in);
    while (packed.next()) {
      hash.field(packed.view());
      packed.require();
      if (!hash.value(packed.view())) {
        throw in.broken((listpack ? "A listpack" : "A ziplist") + " with dup elements");
      }
    }
  }

  private void fillHash(HashValue hash, int type, RdbInput in) throws IOException {
    switch (type) {
      case RdbFormat.TYPE_HASH_OF_VALKEY -> {
        long count = in.readCount(2 + Long.BYTES);
        for (long i = 0; i < count; i++) {
          Bytes field = member.read(in);
          put(hash, field, in.readView(), in);
          long deadline = in.readLong();
          expireAt(hash, field, deadline == NO_FIELD_DEADLINE ? 0 : deadline, in);
        }
      }
      case RdbFormat.TYPE_HASH_ZIPMAP -> fillFromZipmap(hash, in.readString(), in);
      case RdbFormat.TYPE_HASH_TTLS, RdbFormat.TYPE_HASH_TTLS_PRE_RELEASE ->
          fillWithDeadlines(hash, type == RdbFormat.TYPE_HASH_TTLS, in);
      default -> {
        if (type == RdbFormat.TYPE_HASH_TTLS_LISTPACK) {
          // The earliest deadline, which the fields tell too.
          in.readLong();
        }
        fillWithDeadlines(hash, new ListpackInput(in.readView(), in), in);
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
  private void fillWithDeadlines(HashValue hash, boolean relative, RdbInput in) throws IOException {
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
      Bytes field = member.read(in);
      put(hash, field, in.readView(), in);
      expireAt(hash, field, deadline, in);
    }
  }

  /** Fields, values and deadlines in turn, 0 for none. */
  private static void fillWithDeadlines(HashValue hash, PackedInput packed, RdbInput in)
      throws IOException {
    while (packed.next()) {
      Bytes field = packed.string();
      packed.require();
      put(hash, field, packed.view(), in);
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
