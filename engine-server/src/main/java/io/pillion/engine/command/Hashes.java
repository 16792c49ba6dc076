package io.pillion.engine.command;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.FieldExpiry;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The hash that a command is about, its key being word 1: found, made, and filled. */
final class Hashes {
  /** How many fields that are due a command removes before it looks past the others. */
  private static final int EXPIRED_BY_COMMANDS = 64;

  private static final Before[] NOTHING = {};

  // What the command being carried out looks at; commands of one engine run one at a time.
  private @Nullable HashValue hash;
  private @Nullable Span span;

  /** What becomes of the deadlines of fields that get a value. */
  enum Deadlines {
    CLEAR,
    KEEP
  }

  /** The hash: fields whose time has come are not in it, but may not be gone yet. */
  @Nullable HashValue find(Call call) {
    long record = findRecord(call);
    return record == 0 ? null : open(call, record);
  }

  /**
   * The hash, for writing: the fields that the command may name are gone when their time has come,
   * so that a change does the same when it is carried out elsewhere, without a clock.
   */
  @Nullable HashValue findToWrite(Call call) {
    long record = findRecord(call);
    if (record == 0) {
      return null;
    }
    Database database = call.database();
    if (database.fieldExpiry().areDue(record)) {
      List<Bytes> named = new ArrayList<>(call.count() - 2);
      for (int i = 2; i < call.count(); i++) {
        named.add(call.arg(i));
      }
      database.fieldExpiry().expire(call.arg(1), record, named);
    }
    return open(call, record);
  }

  private static long findRecord(Call call) {
    long record = call.find(call.arg(1), ValueType.HASH);
    return record == 0
        ? 0
        : call.database().fieldExpiry().expire(call.arg(1), record, EXPIRED_BY_COMMANDS);
  }

  private HashValue open(Call call, long record) {
    long cell = call.database().rootCell(record);
    HashValue view = hash;
    if (view == null) {
      view = new HashValue(call.arena(), cell, call.keyspace().settings().types);
      hash = view;
    }
    return view.at(cell).asOf(call.now());
  }

  /** A span for one value at a time. */
  Span span(Call call) {
    Span view = span;
    if (view == null) {
      view = new Span(call.arena());
      span = view;
    }
    return view;
  }

  /** A new, empty hash. */
  HashValue create(Call call) {
    long root = HashValue.create(call.arena());
    try {
      return open(call, call.database().setCollection(call.arg(1), ValueType.HASH, root));
    } catch (OutOfArenaException full) {
      HashValue.free(call.arena(), root);
      throw full;
    }
  }

  /** Says that the deadlines of fields have changed; after {@link FieldExpiry#reserve}. */
  void scheduleFields(Call call) {
    long record = call.database().peek(call.arg(1));
    if (record != 0) {
      call.database().fieldExpiry().changed(record);
    }
  }

  /**
   * Removes the hash when the command has taken its last field; also when others are still stored
   * whose time has come, and then says so: elsewhere they may be there as well.
   */
  void deleteIfEmptied(Call call, HashValue changed) {
    if (changed.size() > 0) {
      return;
    }
    if (changed.asOf(0).size() > 0) {
      call.deletion(call.arg(1), call.keyspace().settings().lazyExpire);
    }
    call.deleteEmptied(call.arg(1));
  }

  // --- setting fields

  /**
   * Sets the fields that the words from an index on name, each before its value; all of them, or
   * none and throws. Makes the hash when there is none.
   *
   * @return how many fields are new
   */
  int put(Call call, @Nullable HashValue found, int first, Deadlines deadlines) {
    HashValue target = found == null ? create(call) : found;
    boolean nearlyFull = call.count() > first + 2 && isNearlyFull(call);
    @Nullable Before[] before = nearlyFull ? before(call, target, first) : NOTHING;
    int added = 0;
    int i = first;
    try {
      for (; i < call.count(); i += 2) {
        boolean isNew =
            deadlines == Deadlines.KEEP
                ? target.putKeepingDeadline(call.arg(i), call.arg(i + 1))
                : target.put(call.arg(i), call.arg(i + 1));
        added += isNew ? 1 : 0;
      }
    } catch (OutOfArenaException full) {
      if (found == null) {
        call.database().delete(call.arg(1));
      } else {
        restore(call, target, before, first, i);
      }
      throw full;
    }
    return added;
  }

  /** What a field held before. */
  private record Before(Bytes value, long deadline) {}

  /** Whether memory may run out within this command, so that it must be able to go back. */
  private static boolean isNearlyFull(Call call) {
    long free = call.arena().budgetBytes() - call.arena().reservedBytes();
    return free < (2 << 20) + 4 * call.args().sizeBytes();
  }

  /** What the fields hold now; null for one that there is not. */
  private static @Nullable Before[] before(Call call, HashValue hash, int first) {
    @Nullable Before[] before = new Before[call.count()];
    Span span = new Span(call.arena());
    for (int i = first; i < call.count(); i += 2) {
      if (hash.get(call.arg(i), span)) {
        before[i] = new Before(span.toBytes(), hash.deadline(call.arg(i)));
      }
    }
    return before;
  }

  private static void restore(
      Call call, HashValue hash, @Nullable Before[] before, int first, int end) {
    if (before.length == 0) {
      return;
    }
    for (int i = end - 2; i >= first; i -= 2) {
      Before old = before[i];
      if (old == null) {
        hash.remove(call.arg(i));
      } else {
        hash.putKeepingDeadline(call.arg(i), old.value());
        if (old.deadline() != HashValue.NEVER) {
          hash.expireAt(call.arg(i), old.deadline());
        }
      }
    }
  }
}
