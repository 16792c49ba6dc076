package io.pillion.engine.command;

import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Reply;
import org.jspecify.annotations.Nullable;

/** Sorted sets by key, and how their entries are replied: what all families of commands share. */
final class SortedSets {
  private SortedSets() {}

  /** The set that a key holds, or null when there is no such key. */
  static @Nullable SortedSetValue find(Call call, Bytes key) {
    long record = call.find(key, ValueType.ZSET);
    return record == 0 ? null : view(call, record);
  }

  /** As {@link #find}, as a source that something is made from. */
  static @Nullable SortedSetValue findToRead(Call call, Bytes key) {
    long record = call.findToRead(key, ValueType.ZSET);
    return record == 0 ? null : view(call, record);
  }

  static SortedSetValue view(Call call, long record) {
    return new SortedSetValue(
        call.arena(), call.database().rootCell(record), call.keyspace().settings().types);
  }

  /** Makes an empty set, which its caller fills, or deletes when it cannot. */
  static SortedSetValue create(Call call, Bytes key) {
    long root = SortedSetValue.create(call.arena());
    try {
      return view(call, call.database().setCollection(key, ValueType.ZSET, root));
    } catch (OutOfArenaException e) {
      SortedSetValue.free(call.arena(), root);
      throw e;
    }
  }

  static void deleteIfEmpty(Call call, Bytes key, SortedSetValue set) {
    if (set.size() == 0) {
      call.deleteEmptied(key);
    }
  }

  /** The header of a reply of entries, to be followed by so many {@link #entry}. */
  static void entriesHeader(Reply reply, int count, boolean withScores) {
    reply.array(withScores && reply.version() == 2 ? 2 * count : count);
  }

  /** One entry: with its score, a pair in RESP3 and two elements in RESP2. */
  static void entry(Reply reply, SortedSetValue.Entries at, boolean withScores) {
    if (withScores && reply.version() > 2) {
      reply.array(2);
    }
    reply.bulk(at.member());
    if (withScores) {
      reply.number(at.score());
    }
  }
}
