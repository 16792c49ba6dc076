package io.pillion.engine.persistence;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.datatype.TypeLimits;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;

/**
 * Writes what keys hold in the RDB format of version 10, which redis-server 7.0 reads. Small
 * collections are written packed, large ones element by element.
 */
public final class ValueWriter {
  /** Elements of a list up to this size share a node, which has up to this size. */
  private static final int NODE_BYTES = 8 << 10;

  private final Arena arena;
  private final TypeLimits limits;
  private final RdbOutput out;
  private final Listpack listpack = new Listpack();

  /** Writes values of this arena. */
  public ValueWriter(Arena arena, TypeLimits limits, RdbOutput out) {
    this.arena = arena;
    this.limits = limits;
    this.out = out;
  }

  /** Writes how the value of a record is encoded: what comes before its key in a file. */
  public void writeType(Database database, long record) {
    out.putByte(typeOf(database, record));
  }

  private int typeOf(Database database, long record) {
    return switch (database.type(record)) {
      case STRING -> RdbFormat.TYPE_STRING;
      case LIST -> RdbFormat.TYPE_LIST_QUICKLIST_2;
      case SET -> isIntegers(database, record) ? RdbFormat.TYPE_SET_INTSET : RdbFormat.TYPE_SET;
      case ZSET ->
          sortedSet(database, record).encoding().equals("listpack")
              ? RdbFormat.TYPE_ZSET_LISTPACK
              : RdbFormat.TYPE_ZSET_2;
      case HASH ->
          hash(database, record).encoding().equals("listpack")
              ? RdbFormat.TYPE_HASH_LISTPACK
              : RdbFormat.TYPE_HASH;
      case STREAM -> throw Errors.err("streams cannot be dumped");
    };
  }

  /** Writes the value of a record. O(elements). */
  public void writeValue(Database database, long record) {
    switch (database.type(record)) {
      case STRING ->
          out.putString(arena, database.stringAddress(record), database.stringLength(record));
      case LIST -> writeList(new ListValue(arena, database.rootCell(record), limits));
      case SET -> {
        SetValue set = new SetValue(arena, database.rootCell(record), limits);
        if (isIntegers(database, record)) {
          writeIntegers(set);
        } else {
          writeSet(set);
        }
      }
      case ZSET -> writeSortedSet(sortedSet(database, record));
      case HASH -> writeHash(hash(database, record));
      case STREAM -> throw Errors.err("streams cannot be dumped");
    }
  }

  private HashValue hash(Database database, long record) {
    return new HashValue(arena, database.rootCell(record), limits);
  }

  private SortedSetValue sortedSet(Database database, long record) {
    return new SortedSetValue(arena, database.rootCell(record), limits);
  }

  private boolean isIntegers(Database database, long record) {
    return new SetValue(arena, database.rootCell(record), limits).encoding().equals("intset");
  }

  // --- lists

  /** How many nodes there will be is written before them, so the elements are looked at twice. */
  private void writeList(ListValue list) {
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

  private void writeSet(SetValue set) {
    out.putLength(set.size());
    SetValue.Members members = set.members();
    while (members.next()) {
      out.putString(members.member().bytes());
    }
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

  private void writeSortedSet(SortedSetValue set) {
    if (!set.encoding().equals("listpack")) {
      out.putLength(set.size());
      // From the highest on: whoever builds a skip list of it always inserts at the head.
      SortedSetValue.Entries entries = set.byRank(0, /* reverse= */ true);
      while (entries.next()) {
        out.putString(entries.member());
        out.putLong(Double.doubleToRawLongBits(entries.score()));
      }
      return;
    }
    listpack.clear();
    SortedSetValue.Entries entries = set.byRank(0, /* reverse= */ false);
    while (entries.next()) {
      listpack.add(entries.member().toBytes());
      listpack.add(Bytes.of(io.pillion.engine.protocol.Numbers.format(entries.score())));
    }
    out.putPlain(listpack.whole());
  }

  // --- hashes

  private void writeHash(HashValue hash) {
    HashValue.Entries entries = hash.entries();
    if (!hash.encoding().equals("listpack")) {
      out.putLength(hash.size());
      while (entries.next()) {
        out.putString(entries.field());
        out.putString(entries.value());
      }
      return;
    }
    listpack.clear();
    while (entries.next()) {
      listpack.add(entries.field().toBytes());
      listpack.add(entries.value().toBytes());
    }
    out.putPlain(listpack.whole());
  }
}
