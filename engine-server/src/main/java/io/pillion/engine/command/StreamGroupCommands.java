package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.STREAM;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import org.jspecify.annotations.Nullable;

/** Streams: groups, their consumers, and what is pending in them. */
final class StreamGroupCommands {
  /** Declares the commands. */
  void declare(CommandTable table) {
    declareGroups(table);
    declarePending(table);
  }

  private void declareGroups(CommandTable table) {
    Command xgroup =
        table
            .command("XGROUP", AllCommands.CONTAINER)
            .arity(-2)
            .since("5.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about the groups that read a stream.");
    xgroup
        .sub("CREATE", this::create)
        .arity(-5)
        .flags(WRITE, DENYOOM)
        .acl(STREAM)
        .keys(2, 2, 1, RW, INSERT)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Makes a group, which reads what is behind an id.")
        .syntax("key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]");
    xgroup
        .sub("SETID", this::setId)
        .arity(-5)
        .flags(WRITE)
        .acl(STREAM)
        .keys(2, 2, 1, RW, UPDATE)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Sets behind which id a group reads.")
        .syntax("key group <id | $> [ENTRIESREAD entries-read]");
    xgroup
        .sub("DESTROY", this::destroy)
        .arity(4)
        .flags(WRITE)
        .acl(STREAM)
        .keys(2, 2, 1, RW, DELETE)
        .since("5.0.0")
        .complexity("O(N) in the entries that are pending")
        .summary("Removes a group.")
        .syntax("key group");
    xgroup
        .sub("CREATECONSUMER", this::createConsumer)
        .arity(5)
        .flags(WRITE, DENYOOM)
        .acl(STREAM)
        .keys(2, 2, 1, RW, INSERT)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Makes a consumer in a group.")
        .syntax("key group consumer");
    xgroup
        .sub("DELCONSUMER", this::deleteConsumer)
        .arity(5)
        .flags(WRITE)
        .acl(STREAM)
        .keys(2, 2, 1, RW, DELETE)
        .since("5.0.0")
        .complexity("O(N) in the entries that are pending for it")
        .summary("Removes a consumer, and says how many entries were pending for it.")
        .syntax("key group consumer");
    xgroup
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .acl(STREAM)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private void declarePending(CommandTable table) {
    table
        .command("XACK", this::xack)
        .arity(-4)
        .flags(WRITE, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RW, UPDATE)
        .since("5.0.0")
        .complexity("O(1) per id")
        .summary("Says that entries are done with, so that they are not pending any more.")
        .syntax("key group id [id ...]");
    table
        .command("XPENDING", this::xpending)
        .arity(-3)
        .flags(READONLY)
        .acl(STREAM)
        .keys(1, 1, 1, RO, ACCESS)
        .since("5.0.0")
        .complexity("O(N) in the entries returned, or in the consumers")
        .tips("nondeterministic_output")
        .summary("Says what is pending in a group, in all or entry by entry.")
        .syntax("key group [[IDLE min-idle-time] start end count [consumer]]");
  }

  // --- groups

  /** The options of XGROUP CREATE and SETID. */
  private record GroupOptions(boolean makeStream, long entriesRead) {
    static GroupOptions parse(Call call, boolean create) {
      Args args = call.args();
      boolean makeStream = false;
      long entriesRead = StreamValue.UNKNOWN;
      for (int i = 5; i < args.count(); i++) {
        if (create && args.is(i, "MKSTREAM")) {
          makeStream = true;
        } else if (args.is(i, "ENTRIESREAD") && i + 1 < args.count()) {
          entriesRead = args.integer(++i);
          if (entriesRead < StreamValue.UNKNOWN) {
            throw Errors.err("value for ENTRIESREAD must be positive or -1");
          }
        } else {
          throw HelpText.unknownSubcommand(call);
        }
      }
      return new GroupOptions(makeStream, entriesRead);
    }
  }

  private static StreamValue stream(@Nullable StreamValue stream) {
    if (stream == null) {
      throw Errors.err(
          "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to"
              + " use the MKSTREAM option to create an empty stream automatically.");
    }
    return stream;
  }

  /** The group of XGROUP's key and name. */
  private static StreamGroup group(Call call, StreamValue stream) {
    StreamGroup group = stream.group(call.arg(3));
    if (group == null) {
      throw new CommandException(
          "NOGROUP No such consumer group '"
              + Errors.shown(call.arg(3))
              + "' for key name '"
              + Errors.shown(call.arg(2))
              + "'");
    }
    return group;
  }

  private static boolean isDollar(Bytes word) {
    return word.length() == 1 && word.get(0) == '$';
  }

  private void create(Call call) {
    GroupOptions options = GroupOptions.parse(call, /* create= */ true);
    Bytes key = call.arg(2);
    StreamValue stream = Streams.find(call, key);
    if (!options.makeStream) {
      stream(stream);
    }
    if (call.count() > 8) {
      throw HelpText.unknownSubcommand(call);
    }
    StreamId last = stream == null ? StreamId.MIN : stream.lastId();
    StreamId id = isDollar(call.arg(4)) ? last : StreamIds.parse(call.arg(4));
    Bytes name = call.arg(3);
    if (stream != null && stream.group(name) != null) {
      throw new CommandException("BUSYGROUP Consumer Group name already exists");
    }
    boolean created = stream == null;
    StreamValue target = stream == null ? Streams.create(call, key) : stream;
    try {
      target.createGroup(name, id, options.entriesRead);
    } catch (OutOfArenaException e) {
      if (created) {
        call.database().delete(key);
      }
      throw e;
    }
    call.reply().ok();
    call.changed(key, EventClass.STREAM, "xgroup-create");
  }

  private void setId(Call call) {
    GroupOptions options = GroupOptions.parse(call, /* create= */ false);
    Bytes key = call.arg(2);
    StreamValue stream = stream(Streams.find(call, key));
    StreamGroup group = group(call, stream);
    if (call.count() > 7) {
      throw HelpText.unknownSubcommand(call);
    }
    group.lastId(isDollar(call.arg(4)) ? stream.lastId() : StreamIds.parseWithBounds(call.arg(4)));
    group.entriesRead(options.entriesRead);
    call.reply().ok();
    call.changed(key, EventClass.STREAM, "xgroup-setid");
  }

  private void destroy(Call call) {
    Bytes key = call.arg(2);
    boolean destroyed = stream(Streams.find(call, key)).deleteGroup(call.arg(3));
    call.reply().integer(destroyed ? 1 : 0);
    if (destroyed) {
      call.changed(key, EventClass.STREAM, "xgroup-destroy");
    }
  }

  private void createConsumer(Call call) {
    Bytes key = call.arg(2);
    StreamGroup group = group(call, stream(Streams.find(call, key)));
    if (group.consumer(call.arg(4)) != null) {
      call.reply().integer(0);
      return;
    }
    group.createConsumer(call.arg(4), call.now());
    call.reply().integer(1);
    call.changed(key, EventClass.STREAM, "xgroup-createconsumer");
  }

  private void deleteConsumer(Call call) {
    Bytes key = call.arg(2);
    StreamGroup group = group(call, stream(Streams.find(call, key)));
    StreamConsumer consumer = group.consumer(call.arg(4));
    if (consumer == null) {
      call.reply().integer(0);
      return;
    }
    call.reply().integer(consumer.pendingCount());
    group.deleteConsumer(consumer);
    call.changed(key, EventClass.STREAM, "xgroup-delconsumer");
  }

  // --- what is pending

  private void xack(Call call) {
    StreamValue stream = Streams.find(call, call.arg(1));
    StreamGroup group = stream == null ? null : stream.group(call.arg(2));
    if (group == null) {
      call.reply().integer(0);
      return;
    }
    int acknowledged = 0;
    for (StreamId id : StreamIds.parseAll(call.args(), 3)) {
      if (group.acknowledge(id)) {
        acknowledged++;
        call.changed();
      }
    }
    call.reply().integer(acknowledged);
  }

  /** The group of the first two arguments. */
  static StreamGroup pendingGroup(Call call, @Nullable StreamValue stream) {
    StreamGroup group = stream == null ? null : stream.group(call.arg(2));
    if (group == null) {
      throw new CommandException(
          "NOGROUP No such key '"
              + Errors.shown(call.arg(1))
              + "' or consumer group '"
              + Errors.shown(call.arg(2))
              + "'");
    }
    return group;
  }

  private void xpending(Call call) {
    Args args = call.args();
    if (args.count() == 3) {
      replySummary(call.reply(), pendingGroup(call, Streams.find(call, args.get(1))));
      return;
    }
    if (args.count() < 6 || args.count() > 9) {
      throw Errors.syntax();
    }
    long minIdle = 0;
    int at = 3;
    if (args.is(3, "IDLE")) {
      minIdle = args.integer(4);
      if (args.count() < 8) {
        throw Errors.syntax();
      }
      at = 5;
    }
    long count = args.integer(at + 2);
    StreamId start = StreamIds.start(args.get(at));
    StreamId end = StreamIds.end(args.get(at + 1));
    StreamGroup group = pendingGroup(call, Streams.find(call, args.get(1)));
    StreamGroup.Pending pending = group.pending();
    if (at + 3 < args.count()) {
      StreamConsumer consumer = group.consumer(args.get(at + 3));
      if (consumer == null) {
        call.reply().array(0);
        return;
      }
      pending = group.pending(consumer);
    }
    Reply reply = call.reply();
    int mark = reply.deferred();
    int found = 0;
    for (boolean more = pending.seek(start);
        more && found < count && pending.id().compareTo(end) <= 0;
        more = pending.next()) {
      long idle = call.now() - pending.deliveryTime();
      if (minIdle == 0 || idle >= minIdle) {
        found++;
        reply.array(4);
        Streams.reply(reply, pending.id());
        reply.bulk(pending.consumer().name());
        reply.integer(Math.max(0, idle));
        reply.integer(pending.deliveries());
      }
    }
    reply.resolveArray(mark, found);
  }

  private static void replySummary(Reply reply, StreamGroup group) {
    reply.array(4);
    reply.integer(group.pendingCount());
    StreamGroup.Pending pending = group.pending();
    if (!pending.seek(StreamId.MIN)) {
      reply.nil();
      reply.nil();
      reply.nilArray();
      return;
    }
    Streams.reply(reply, pending.id());
    pending.last();
    Streams.reply(reply, pending.id());
    int mark = reply.deferred();
    int consumers = 0;
    for (int i = 0; i < group.consumerCount(); i++) {
      StreamConsumer consumer = group.consumer(i);
      if (consumer.pendingCount() > 0) {
        consumers++;
        reply.array(2);
        reply.bulk(consumer.name());
        reply.bulk(consumer.pendingCount());
      }
    }
    reply.resolveArray(mark, consumers);
  }
}
