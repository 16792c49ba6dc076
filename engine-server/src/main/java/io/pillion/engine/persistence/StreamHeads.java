package io.pillion.engine.persistence;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;

/**
 * Writes what an RDB has of a stream between its pages and what is pending: piece by piece, each up
 * to where entries follow that are pending in a group or for a consumer.
 */
final class StreamHeads {
  private final StreamValue stream;
  private boolean begun;
  private int group;

  /** The consumer whose turn it is; -1 before the group's own. */
  private int consumer = -1;

  /** The number of consumers comes next. */
  private boolean isBehindPending;

  StreamHeads(StreamValue stream) {
    this.stream = stream;
  }

  /** Writes the next piece; behind all that is pending, the last one. */
  void writeNext(RdbOutput out) {
    if (!begun) {
      begun = true;
      writeKnown(out);
    }
    while (group < stream.groupCount()) {
      StreamGroup at = stream.group(group);
      if (consumer < 0) {
        if (!isBehindPending && writeGroup(at, out)) {
          return;
        }
        isBehindPending = false;
        out.putLength(at.consumerCount());
        consumer = 0;
      }
      while (consumer < at.consumerCount()) {
        if (writeConsumer(at.consumer(consumer++), out)) {
          return;
        }
      }
      group++;
      consumer = -1;
    }
  }

  private void writeKnown(RdbOutput out) {
    out.putLength(stream.size());
    putLengths(stream.lastId(), out);
    putLengths(stream.size() == 0 ? StreamId.MIN : stream.firstId(), out);
    putLengths(stream.maxDeletedId(), out);
    out.putLength(stream.entriesAdded());
    out.putLength(stream.groupCount());
  }

  /** Whether entries are pending, which follow. */
  private boolean writeGroup(StreamGroup at, RdbOutput out) {
    out.putString(at.name());
    putLengths(at.lastId(), out);
    out.putLength(at.entriesRead());
    out.putLength(at.pendingCount());
    isBehindPending = true;
    return at.pendingCount() > 0;
  }

  private static boolean writeConsumer(StreamConsumer at, RdbOutput out) {
    out.putString(at.name());
    out.putLong(at.seenTime());
    out.putLength(at.pendingCount());
    return at.pendingCount() > 0;
  }

  private static void putLengths(StreamId id, RdbOutput out) {
    out.putLength(id.ms());
    out.putLength(id.seq());
  }
}
