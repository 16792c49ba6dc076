package io.pillion.engine.persistence;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Numbers;
import org.jspecify.annotations.Nullable;

/**
 * Writes what keys hold in the RDB format of version 10, which redis-server 7.0 reads. Small
 * collections are written packed, large ones element by element.
 */
final class ValueWriter {
  /** Elements of a list up to this size share a node, which has up to this size. */
  private static final int NODE_BYTES = 8 << 10;

  /** A list with more elements is written one by one: nobody has to count nodes then. */
  static final int MAX_PACKED_LIST = 4096;

  private static final int STRING_PART_BYTES = 64 << 10;

  private final Arena arena;
  private final TypeLimits limits;
  private final RdbOutput out;
  private final FieldTtls fieldTtls;
  private final Listpack listpack = new Listpack();

  /** Writes values of this arena. */
  ValueWriter(Arena arena, TypeLimits limits, RdbOutput out, FieldTtls fieldTtls) {
    this.arena = arena;
    this.limits = limits;
    this.out = out;
    this.fieldTtls = fieldTtls;
  }

  /** What is left of a large value: it is written element by element. */
  @FunctionalInterface
  interface Walk {
    /** Writes the next element; false when there is none. */
    boolean step();
  }

  /** Writes how the value of a record is encoded: what comes before its key in a file. */
  public void writeType(Database database, long record) {
    writeType(database, record, out);
  }

  /** As {@link #writeType(Database, long)}, to somewhere else. */
  void writeType(Database database, long record, RdbOutput to) {
    to.putByte(typeOf(database, record));
  }

  private int typeOf(Database database, long record) {
    return switch (database.type(record)) {
      case STRING -> RdbFormat.TYPE_STRING;
      case LIST ->
          list(database, record).size() > MAX_PACKED_LIST
              ? RdbFormat.TYPE_LIST
              : RdbFormat.TYPE_LIST_QUICKLIST_2;
      case SET ->
          isIntegers(set(database, record)) ? RdbFormat.TYPE_SET_INTSET : RdbFormat.TYPE_SET;
      case ZSET ->
          isPacked(sortedSet(database, record))
              ? RdbFormat.TYPE_ZSET_LISTPACK
              : RdbFormat.TYPE_ZSET_2;
      case HASH -> typeOf(hash(database, record));
      case STREAM -> RdbFormat.TYPE_STREAM_LISTPACKS_2;
    };
  }

  private int typeOf(HashValue hash) {
    if (hash.expiringSize() > 0) {
      return fieldTtls.type();
    }
    return isPacked(hash) ? RdbFormat.TYPE_HASH_LISTPACK : RdbFormat.TYPE_HASH;
  }

  /** The version of the format that the value of a record needs. */
  public int versionOf(Database database, long record) {
    return database.type(record) == ValueType.HASH && hash(database, record).expiringSize() > 0
        ? fieldTtls.version()
        : RdbFormat.VERSION;
  }

  /** Writes the value of a record. O(elements). */
  public void writeValue(Database database, long record) {
    Walk rest = begin(database, record);
    while (rest != null && rest.step()) {
      // Each step writes an element.
    }
  }

  /**
   * Writes a small value whole, or begins a large one.
   *
   * @return what is left: to be finished before the value changes; or null
   */
  @Nullable Walk begin(Database database, long record) {
    return switch (database.type(record)) {
      case STRING -> beginString(database, record);
      case LIST -> beginList(list(database, record));
      case SET -> beginSet(set(database, record));
      case ZSET -> beginSortedSet(sortedSet(database, record));
      case HASH -> beginHash(hash(database, record));
      case STREAM ->
          new StreamWriter(new StreamValue(arena, database.rootCell(record), limits), out).begin();
    };
  }

  private ListValue list(Database database, long record) {
    return new ListValue(arena, database.rootCell(record), limits);
  }

  private SetValue set(Database database, long record) {
    return new SetValue(arena, database.rootCell(record), limits);
  }

  private HashValue hash(Database database, long record) {
    return new HashValue(arena, database.rootCell(record), limits);
  }

  private SortedSetValue sortedSet(Database database, long record) {
    return new SortedSetValue(arena, database.rootCell(record), limits);
  }

  private static boolean isIntegers(SetValue set) {
    return set.encoding().equals("intset");
  }

  private static boolean isPacked(SortedSetValue set) {
    return set.encoding().equals("listpack");
  }

  private static boolean isPacked(HashValue hash) {
    return hash.encoding().equals("listpack");
  }

  private @Nullable Walk beginString(Database database, long record) {
    long address = database.stringAddress(record);
    int length = database.stringLength(record);
    if (length <= RdbOutput.MAX_COMPRESSED_BYTES) {
      out.putString(arena, address, length);
      return null;
    }
    out.putLength(length);
    int[] done = {0};
    return () -> {
      int part = Math.min(length - done[0], STRING_PART_BYTES);
      out.putBytes(arena, address + done[0], part);
      done[0] += part;
      return done[0] < length;
    };
  }

  // --- lists

  private @Nullable Walk beginList(ListValue list) {
    if (list.size() <= MAX_PACKED_LIST) {
      writeNodes(list);
      return null;
    }
    out.putLength(list.size());
    ListValue.Elements elements = list.elements(0, /* reverse= */ false);
    return () -> {
      if (!elements.next()) {
        return false;
      }
      if (elements.isInteger()) {
        out.putString(elements.integer());
      } else {
        out.putString(elements.span());
      }
      return true;
    };
  }

  /** How many nodes there will be is written before them, so the elements are looked at twice. */
  private void writeNodes(ListValue list) {
    out.putLength(countNodes(list));
    listpack.clear();
    ListValue.Elements elements = list.elements(0, /* reverse= */ false);
    while (elements.next()) {
      int length = elements.isInteger() ? Long.BYTES : elements.span().length();
      if (length > NODE_BYTES) {
        endNode();
        out.putLength(RdbFormat.NODE_PLAIN);
        out.putString(elements.span());
        continue;
      }
      if (listpack.count() > 0 && listpack.size() + Listpack.entryBytes(length) > NODE_BYTES) {
        endNode();
      }
      if (elements.isInteger()) {
        listpack.add(elements.integer());
      } else {
        listpack.add(elements.span().toBytes());
      }
    }
    endNode();
  }

  private long countNodes(ListValue list) {
    long nodes = 0;
    listpack.clear();
    ListValue.Elements elements = list.elements(0, /* reverse= */ false);
    while (elements.next()) {
      int length = elements.isInteger() ? Long.BYTES : elements.span().length();
      if (length > NODE_BYTES) {
        nodes += listpack.count() > 0 ? 2 : 1;
        listpack.clear();
        continue;
      }
      if (listpack.count() > 0 && listpack.size() + Listpack.entryBytes(length) > NODE_BYTES) {
        nodes++;
        listpack.clear();
      }
      if (elements.isInteger()) {
        listpack.add(elements.integer());
      } else {
        listpack.add(elements.span().toBytes());
      }
    }
    return listpack.count() > 0 ? nodes + 1 : nodes;
  }

  private void endNode() {
    if (listpack.count() > 0) {
      out.putLength(RdbFormat.NODE_PACKED);
      out.putPlain(listpack.whole());
      listpack.clear();
    }
  }

  // --- sets

  private @Nullable Walk beginSet(SetValue set) {
    if (isIntegers(set)) {
      writeIntegers(set);
      return null;
    }
    out.putLength(set.size());
    SetValue.Members members = set.members();
    return () -> {
      if (!members.next()) {
        return false;
      }
      out.putString(members.member().bytes());
      return true;
    };
  }

  private void writeIntegers(SetValue set) {
    long least = 0;
    long most = 0;
    SetValue.Members members = set.members();
    while (members.next()) {
      least = Math.min(least, members.member().integer());
      most = Math.max(most, members.member().integer());
    }
    int width =
        least == (short) least && most == (short) most
            ? 2
            : least == (int) least && most == (int) most ? 4 : 8;
    int count = (int) set.size();
    RdbOutput packed = new RdbOutput(null, /* compress= */ false);
    packed.putInt(width);
    packed.putInt(count);
    members = set.members();
    while (members.next()) {
      long value = members.member().integer();
      for (int i = 0; i < width; i++) {
        packed.putByte((int) (value >>> (8 * i)));
      }
    }
    out.putPlain(packed.bytes());
  }

  // --- sorted sets

  private @Nullable Walk beginSortedSet(SortedSetValue set) {
    if (isPacked(set)) {
      listpack.clear();
      SortedSetValue.Entries entries = set.byRank(0, /* reverse= */ false);
      while (entries.next()) {
        listpack.add(entries.member().toBytes());
        listpack.add(Bytes.of(Numbers.format(entries.score())));
      }
      out.putPlain(listpack.whole());
      return null;
    }
    out.putLength(set.size());
    // From the highest on: whoever builds a skip list of it always inserts at the head.
    SortedSetValue.Entries entries = set.byRank(0, /* reverse= */ true);
    return () -> {
      if (!entries.next()) {
        return false;
      }
      out.putString(entries.member());
      out.putLong(Double.doubleToRawLongBits(entries.score()));
      return true;
    };
  }

  // --- hashes

  private @Nullable Walk beginHash(HashValue hash) {
    HashValue.Entries entries = hash.entries();
    if (isPacked(hash)) {
      listpack.clear();
      while (entries.next()) {
        listpack.add(entries.field().toBytes());
        listpack.add(entries.value().toBytes());
      }
      out.putPlain(listpack.whole());
      return null;
    }
    FieldTtls format = hash.expiringSize() > 0 ? fieldTtls : FieldTtls.NONE;
    long earliest = hash.earliestDeadline();
    format.begin(out, hash.size(), earliest);
    return () -> {
      if (!entries.next()) {
        return false;
      }
      long deadline = format == FieldTtls.NONE ? HashValue.NEVER : entries.deadline();
      format.before(out, deadline, earliest);
      out.putString(entries.field());
      out.putString(entries.value());
      format.after(out, deadline);
      return true;
    };
  }
}
