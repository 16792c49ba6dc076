package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.STREAM;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;

/** Streams: what is to be said of them, their groups and their consumers. */
final class StreamInfoCommands {
  private static final long DEFAULT_COUNT = 10;

  /** Declares the commands. */
  void declare(CommandTable table) {
    Command xinfo =
        table
            .command("XINFO", AllCommands.CONTAINER)
            .arity(-2)
            .since("5.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands that describe streams.");
    xinfo
        .sub("STREAM", this::stream)
        .arity(-3)
        .flags(READONLY)
        .acl(STREAM)
        .keys(2, 2, 1, RO, ACCESS)
        .since("5.0.0")
        .complexity("O(1), and O(N) in the entries returned")
        .summary("Describes a stream, in full if that is wanted.")
        .syntax("key [FULL [COUNT count]]");
    xinfo
        .sub("GROUPS", this::groups)
        .arity(3)
        .flags(READONLY)
        .acl(STREAM)
        .keys(2, 2, 1, RO, ACCESS)
        .since("5.0.0")
        .complexity("O(N) in the groups")
        .summary("Describes the groups of a stream.")
        .syntax("key");
    xinfo
        .sub("CONSUMERS", this::consumers)
        .arity(4)
        .flags(READONLY)
        .acl(STREAM)
        .keys(2, 2, 1, RO, ACCESS)
        .since("5.0.0")
        .complexity("O(N) in the consumers")
        .tips("nondeterministic_output")
        .summary("Describes the consumers of a group.")
        .syntax("key group");
    xinfo
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .acl(STREAM)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static StreamValue find(Call call) {
    StreamValue stream = Streams.find(call, call.arg(2));
    if (stream == null) {
      throw Errors.noSuchKey();
    }
    return stream;
  }

  private void stream(Call call) {
    StreamValue stream = find(call);
    Args args = call.args();
    boolean full = args.count() > 3;
    long count = DEFAULT_COUNT;
    if (full) {
      boolean counted = args.count() == 6 && args.is(4, "COUNT");
      if (!args.is(3, "FULL") || (args.count() != 4 && !counted)) {
        throw HelpText.unknownSubcommand(call);
      }
      count = counted ? args.integer(5) : count;
      count = count < 0 ? DEFAULT_COUNT : count;
    }
    Reply reply = call.reply();
    reply.map(full ? 9 : 10);
    reply.bulk("length");
    reply.integer(stream.size());
    reply.bulk("radix-tree-keys");
    reply.integer(stream.pageCount());
    reply.bulk("radix-tree-nodes");
    reply.integer(stream.indexNodeCount());
    reply.bulk("last-generated-id");
    Streams.reply(reply, stream.lastId());
    reply.bulk("max-deleted-entry-id");
    Streams.reply(reply, stream.maxDeletedId());
    reply.bulk("entries-added");
    reply.integer(stream.entriesAdded());
    reply.bulk("recorded-first-entry-id");
    Streams.reply(reply, stream.firstId());
    if (full) {
      reply.bulk("entries");
      Streams.replyAll(reply, stream.entries(), count);
      reply.bulk("groups");
      reply.array(stream.groupCount());
      for (int i = 0; i < stream.groupCount(); i++) {
        replyFull(reply, stream, stream.group(i), count);
      }
    } else {
      reply.bulk("groups");
      reply.integer(stream.groupCount());
      reply.bulk("first-entry");
      replyEdge(reply, stream, /* last= */ false);
      reply.bulk("last-entry");
      replyEdge(reply, stream, /* last= */ true);
    }
  }

  private static void replyEdge(Reply reply, StreamValue stream, boolean last) {
    StreamValue.Entries entries = stream.entries(StreamId.MIN, StreamId.MAX, /* reverse= */ last);
    if (entries.next()) {
      Streams.reply(reply, entries);
    } else {
      reply.nil();
    }
  }

  /**
   * @param most how many pending entries; 0 for all
   */
  private static void replyFull(Reply reply, StreamValue stream, StreamGroup group, long most) {
    reply.map(7);
    reply.bulk("name");
    reply.bulk(group.name());
    replyProgress(reply, stream, group);
    reply.bulk("pel-count");
    reply.integer(group.pendingCount());
    reply.bulk("pending");
    replyPending(reply, group.pending(), most, /* withConsumer= */ true);
    reply.bulk("consumers");
    reply.array(group.consumerCount());
    for (int i = 0; i < group.consumerCount(); i++) {
      StreamConsumer consumer = group.consumer(i);
      reply.map(5);
      reply.bulk("name");
      reply.bulk(consumer.name());
      reply.bulk("seen-time");
      reply.integer(consumer.seenTime());
      reply.bulk("active-time");
      reply.integer(consumer.activeTime());
      reply.bulk("pel-count");
      reply.integer(consumer.pendingCount());
      reply.bulk("pending");
      replyPending(reply, group.pending(consumer), most, /* withConsumer= */ false);
    }
  }

  /** How far a group has come: three pairs. */
  private static void replyProgress(Reply reply, StreamValue stream, StreamGroup group) {
    reply.bulk("last-delivered-id");
    Streams.reply(reply, group.lastId());
    reply.bulk("entries-read");
    replyKnown(reply, group.entriesRead());
    reply.bulk("lag");
    replyKnown(reply, stream.lag(group));
  }

  private static void replyKnown(Reply reply, long number) {
    if (number == StreamValue.UNKNOWN) {
      reply.nil();
    } else {
      reply.integer(number);
    }
  }

  private static void replyPending(
      Reply reply, StreamGroup.Pending pending, long most, boolean withConsumer) {
    int mark = reply.deferred();
    int count = 0;
    for (boolean more = pending.seek(StreamId.MIN);
        more && (most == 0 || count < most);
        more = pending.next()) {
      reply.array(withConsumer ? 4 : 3);
      Streams.reply(reply, pending.id());
      if (withConsumer) {
        reply.bulk(pending.consumer().name());
      }
      reply.integer(pending.deliveryTime());
      reply.integer(pending.deliveries());
      count++;
    }
    reply.resolveArray(mark, count);
  }

  private void groups(Call call) {
    StreamValue stream = find(call);
    Reply reply = call.reply();
    reply.array(stream.groupCount());
    for (int i = 0; i < stream.groupCount(); i++) {
      StreamGroup group = stream.group(i);
      reply.map(6);
      reply.bulk("name");
      reply.bulk(group.name());
      reply.bulk("consumers");
      reply.integer(group.consumerCount());
      reply.bulk("pending");
      reply.integer(group.pendingCount());
      replyProgress(reply, stream, group);
    }
  }

  private void consumers(Call call) {
    StreamValue stream = find(call);
    Bytes name = call.arg(3);
    StreamGroup group = stream.group(name);
    if (group == null) {
      throw new CommandException(
          "NOGROUP No such consumer group '"
              + Errors.shown(name)
              + "' for key name '"
              + Errors.shown(call.arg(2))
              + "'");
    }
    Reply reply = call.reply();
    reply.array(group.consumerCount());
    for (int i = 0; i < group.consumerCount(); i++) {
      StreamConsumer consumer = group.consumer(i);
      long active = consumer.activeTime();
      reply.map(4);
      reply.bulk("name");
      reply.bulk(consumer.name());
      reply.bulk("pending");
      reply.integer(consumer.pendingCount());
      reply.bulk("idle");
      reply.integer(Math.max(0, call.now() - consumer.seenTime()));
      reply.bulk("inactive");
      reply.integer(active == StreamConsumer.NEVER ? active : call.now() - active);
    }
  }
}
