package io.pillion.engine.command;

import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Reply;
import org.jspecify.annotations.Nullable;

/** Streams by key, and their entries in replies. */
final class Streams {
  private Streams() {}

  /** The stream of a key, or null when there is no such key. */
  static @Nullable StreamValue find(Call call, Bytes key) {
    long record = call.find(key, ValueType.STREAM);
    return record == 0 ? null : view(call, record);
  }

  private static StreamValue view(Call call, long record) {
    return new StreamValue(
        call.arena(), call.database().rootCell(record), call.keyspace().settings().types);
  }

  /** Makes an empty stream, which is a key like any other: a stream may be empty. */
  static StreamValue create(Call call, Bytes key) {
    long root = StreamValue.create(call.arena());
    try {
      return view(call, call.database().setCollection(key, ValueType.STREAM, root));
    } catch (OutOfArenaException e) {
      StreamValue.free(call.arena(), root);
      throw e;
    }
  }

  /** Replies an id. */
  static void reply(Reply reply, StreamId id) {
    reply.bulk(StreamIds.bytes(id));
  }

  /** Replies the entry at which a walk is: its id, and its fields and values. */
  static void reply(Reply reply, StreamValue.Entries at) {
    reply.array(2);
    reply(reply, at.id());
    reply.array(2 * at.fieldCount());
    while (at.nextField()) {
      reply.bulk(at.field());
      reply.bulk(at.value());
    }
  }

  /**
   * Replies an array of the entries that a walk comes to.
   *
   * @param most how many; 0 for all
   */
  static void replyAll(Reply reply, StreamValue.Entries entries, long most) {
    int mark = reply.deferred();
    int count = 0;
    while ((most == 0 || count < most) && entries.next()) {
      reply(reply, entries);
      count++;
    }
    reply.resolveArray(mark, count);
  }

  /** Replies the entry with an id; false, and nothing, when there is none. */
  static boolean replyOne(Reply reply, StreamValue stream, StreamId id) {
    StreamValue.Entries entries = stream.entries(id, id, /* reverse= */ false);
    if (!entries.next()) {
      return false;
    }
    reply(reply, entries);
    return true;
  }
}
