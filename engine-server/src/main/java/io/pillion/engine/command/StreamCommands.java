package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.STREAM;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;

/** Streams: entries added, counted, listed by id and removed. */
final class StreamCommands {
  private static final long MAX_ENTRY_BYTES = 1 << 30;

  /** Declares the group's commands, those of its other files included. */
  void declare(CommandTable table) {
    table.group(CommandGroup.STREAM);
    declareEntries(table);
    declareRemovals(table);
    new StreamReadCommands().declare(table);
    new StreamGroupCommands().declare(table);
    new StreamClaimCommands().declare(table);
    new StreamInfoCommands().declare(table);
  }

  private void declareEntries(CommandTable table) {
    table
        .command("XADD", this::xadd)
        .arity(-5)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RW, UPDATE)
        .since("5.0.0")
        .complexity("O(1), and O(N) in the entries trimmed")
        .tips("nondeterministic_output")
        .summary("Adds an entry at the end of a stream; creates the stream when there is none.")
        .syntax(
            "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field"
                + " value [field value ...]");
    table
        .command("XLEN", this::xlen)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RO)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Says how many entries a stream has.")
        .syntax("key");
    table
        .command("XRANGE", call -> range(call, 2, 3, /* reverse= */ false))
        .arity(-4)
        .flags(READONLY)
        .acl(STREAM)
        .keys(1, 1, 1, RO, ACCESS)
        .since("5.0.0")
        .complexity("O(N) in the entries returned")
        .summary("Returns the entries between two ids.")
        .syntax("key start end [COUNT count]");
    table
        .command("XREVRANGE", call -> range(call, 3, 2, /* reverse= */ true))
        .arity(-4)
        .flags(READONLY)
        .acl(STREAM)
        .keys(1, 1, 1, RO, ACCESS)
        .since("5.0.0")
        .complexity("O(N) in the entries returned")
        .summary("Returns the entries between two ids, the last first.")
        .syntax("key end start [COUNT count]");
  }

  private void declareRemovals(CommandTable table) {
    table
        .command("XDEL", this::xdel)
        .arity(-3)
        .flags(WRITE, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RW, DELETE)
        .since("5.0.0")
        .complexity("O(1) per entry")
        .summary("Removes entries by their ids, and says how many there were.")
        .syntax("key id [id ...]");
    table
        .command("XTRIM", this::xtrim)
        .arity(-4)
        .flags(WRITE)
        .acl(STREAM)
        .keys(1, 1, 1, RW, DELETE)
        .since("5.0.0")
        .complexity("O(N) in the entries removed")
        .tips("nondeterministic_output")
        .summary("Removes entries from the beginning of a stream.")
        .syntax("key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]");
    table
        .command("XSETID", this::xsetid)
        .arity(-3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RW, UPDATE)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Sets what a stream knows of the entries it had.")
        .syntax("key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]");
  }

  // --- entries

  private void xadd(Call call) {
    StreamTrim trim = StreamTrim.parse(call, /* add= */ true);
    int idIndex = trim.end();
    Args args = call.args();
    NewId wanted = idIndex < args.count() ? NewId.parse(args.get(idIndex)) : NewId.ANY;
    int words = args.count() - idIndex - 1;
    if (words < 2 || words % 2 == 1) {
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }
    if (wanted.kind == NewId.Kind.WHOLE && wanted.id.isZero()) {
      throw Errors.err("The ID specified in XADD must be greater than 0-0");
    }
    Bytes[] entry = new Bytes[words];
    long bytes = 0;
    for (int i = 0; i < words; i++) {
      entry[i] = args.get(idIndex + 1 + i);
      bytes += entry[i].length();
    }
    Bytes key = call.arg(1);
    StreamValue stream = Streams.find(call, key);
    if (stream == null && trim.noMakeStream()) {
      call.reply().nil();
      return;
    }
    StreamId id = wanted.after(stream == null ? StreamId.MIN : stream.lastId(), call.now());
    if (bytes > MAX_ENTRY_BYTES) {
      throw Errors.err("Elements are too large to be stored");
    }
    boolean created = stream == null;
    if (stream == null) {
      stream = Streams.create(call, key);
    }
    try {
      stream.append(id, entry);
    } catch (OutOfArenaException e) {
      if (created) {
        call.database().delete(key);
      }
      throw e;
    }
    long trimmed = trim.apply(stream);
    Bytes shownId = StreamIds.bytes(id);
    call.reply().bulk(shownId);
    call.changed(key, EventClass.STREAM, "xadd");
    if (trimmed > 0) {
      call.changed(key, EventClass.STREAM, "xtrim");
    }
    if (wanted.kind != NewId.Kind.WHOLE || trim.approximate()) {
      trim.effect(call, stream, shownId);
    }
  }

  /** The id that XADD is asked for. */
  private record NewId(Kind kind, StreamId id) {
    enum Kind {
      ANY,
      MILLIS,
      WHOLE
    }

    static final NewId ANY = new NewId(Kind.ANY, StreamId.MIN);

    static NewId parse(Bytes word) {
      if (word.length() == 1 && word.get(0) == '*') {
        return ANY;
      }
      return StreamIds.leavesSeq(word)
          ? new NewId(Kind.MILLIS, new StreamId(StreamIds.millis(word), 0))
          : new NewId(Kind.WHOLE, StreamIds.parse(word));
    }

    /** The id for an entry behind the one that was last. */
    StreamId after(StreamId last, long now) {
      if (last.equals(StreamId.MAX)) {
        throw Errors.err("The stream has exhausted the last possible ID, unable to add more items");
      }
      StreamId chosen =
          switch (kind) {
            case ANY ->
                Long.compareUnsigned(now, last.ms()) > 0 ? new StreamId(now, 0) : last.next();
            case MILLIS -> last.ms() == id.ms() && last.seq() != -1 ? last.next() : id;
            case WHOLE -> id;
          };
      if (chosen.compareTo(last) <= 0) {
        throw Errors.err(
            "The ID specified in XADD is equal or smaller than the target stream top item");
      }
      return chosen;
    }
  }

  private void xlen(Call call) {
    StreamValue stream = Streams.find(call, call.arg(1));
    call.reply().integer(stream == null ? 0 : stream.size());
  }

  private void range(Call call, int startIndex, int endIndex, boolean reverse) {
    StreamId start = StreamIds.start(call.arg(startIndex));
    StreamId end = StreamIds.end(call.arg(endIndex));
    long most = -1;
    for (int i = 4; i < call.count(); i += 2) {
      if (!call.args().is(i, "COUNT") || i + 1 == call.count()) {
        throw Errors.syntax();
      }
      most = Math.max(0, call.args().integer(i + 1));
    }
    StreamValue stream = Streams.find(call, call.arg(1));
    if (stream == null) {
      call.reply().array(0);
    } else if (most == 0) {
      call.reply().nilArray();
    } else {
      Streams.replyAll(call.reply(), stream.entries(start, end, reverse), Math.max(0, most));
    }
  }

  // --- removals

  private void xdel(Call call) {
    Bytes key = call.arg(1);
    StreamValue stream = Streams.find(call, key);
    if (stream == null) {
      call.reply().integer(0);
      return;
    }
    int deleted = 0;
    for (StreamId id : StreamIds.parseAll(call.args(), 2)) {
      if (stream.delete(id)) {
        deleted++;
      }
    }
    call.reply().integer(deleted);
    if (deleted > 0) {
      call.changed(key, EventClass.STREAM, "xdel");
    }
  }

  private void xtrim(Call call) {
    StreamTrim trim = StreamTrim.parse(call, /* add= */ false);
    Bytes key = call.arg(1);
    StreamValue stream = Streams.find(call, key);
    long trimmed = stream == null ? 0 : trim.apply(stream);
    call.reply().integer(trimmed);
    if (stream != null && trimmed > 0) {
      call.changed(key, EventClass.STREAM, "xtrim");
      if (trim.approximate()) {
        trim.effect(call, stream, /* id= */ null);
      }
    }
  }

  private void xsetid(Call call) {
    Args args = call.args();
    StreamId id = StreamIds.parse(args.get(2));
    long added = -1;
    StreamId deleted = StreamId.MIN;
    for (int i = 3; i < args.count(); i += 2) {
      boolean hasValue = i + 1 < args.count();
      if (hasValue && args.is(i, "ENTRIESADDED")) {
        added = Numbers.parseLong(args.get(i + 1), Errors.notAnInteger());
        if (added < 0) {
          throw Errors.err("entries_added must be positive");
        }
      } else if (hasValue && args.is(i, "MAXDELETEDID")) {
        deleted = StreamIds.parse(args.get(i + 1));
        if (id.compareTo(deleted) < 0) {
          throw Errors.err(
              "The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        }
      } else {
        throw Errors.syntax();
      }
    }
    Bytes key = call.arg(1);
    StreamValue stream = Streams.find(call, key);
    if (stream == null) {
      throw Errors.noSuchKey();
    }
    checkSetId(stream, id, added);
    stream.restore(
        id,
        deleted.isZero() ? stream.maxDeletedId() : deleted,
        added == -1 ? stream.entriesAdded() : added);
    call.reply().ok();
    call.changed(key, EventClass.STREAM, "xsetid");
  }

  private static void checkSetId(StreamValue stream, StreamId id, long added) {
    if (id.compareTo(stream.maxDeletedId()) < 0) {
      throw Errors.err("The ID specified in XSETID is smaller than current max_deleted_entry_id");
    }
    if (stream.size() == 0) {
      return;
    }
    if (id.compareTo(stream.topId()) < 0) {
      throw Errors.err("The ID specified in XSETID is smaller than the target stream top item");
    }
    if (added != -1 && stream.size() > added) {
      throw Errors.err(
          "The entries_added specified in XSETID is smaller than the target stream length");
    }
  }
}
