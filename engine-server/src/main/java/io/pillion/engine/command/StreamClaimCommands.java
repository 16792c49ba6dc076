package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.STREAM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Streams: pending entries that go from one consumer to another. */
final class StreamClaimCommands {
  private static final long MAX_COUNT = Long.MAX_VALUE / 16;
  private static final long DEFAULT_COUNT = 100;
  private static final int LOOKS_PER_CLAIM = 10;

  /** Declares the commands. */
  void declare(CommandTable table) {
    table
        .command("XCLAIM", this::xclaim)
        .arity(-6)
        .flags(WRITE, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RW, UPDATE)
        .since("5.0.0")
        .complexity("O(log N) per id, N entries pending")
        .tips("nondeterministic_output")
        .summary("Gives pending entries to another consumer.")
        .syntax(
            "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds]"
                + " [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]");
    table
        .command("XAUTOCLAIM", this::xautoclaim)
        .arity(-6)
        .flags(WRITE, FAST)
        .acl(STREAM)
        .keys(1, 1, 1, RW, DELETE)
        .since("6.2.0")
        .complexity("O(N) in the entries looked at")
        .tips("nondeterministic_output")
        .summary("Gives to a consumer what has been pending for long, step by step.")
        .syntax("key group consumer min-idle-time start [COUNT count] [JUSTID]");
  }

  private static long parseMinIdle(Call call) {
    String name = call.command().name();
    return Math.max(
        0,
        Numbers.parseLong(call.arg(4), Errors.err("Invalid min-idle-time argument for " + name)));
  }

  // --- by ids

  /**
   * What XCLAIM is asked for.
   *
   * @param retryCount how often the entries were delivered, or -1 to count on
   */
  private record ClaimOptions(
      long minIdle,
      List<StreamId> ids,
      long deliveryTime,
      long retryCount,
      boolean force,
      boolean justId,
      StreamId lastId) {

    static ClaimOptions parse(Call call) {
      Args args = call.args();
      final long minIdle = parseMinIdle(call);
      List<StreamId> ids = new ArrayList<>(args.count() - 5);
      int at = 5;
      for (; at < args.count(); at++) {
        StreamId id = StreamIds.parseOrNull(args.get(at));
        if (id == null) {
          break;
        }
        ids.add(id);
      }
      long now = call.now();
      long time = now;
      long retryCount = -1;
      boolean force = false;
      boolean justId = false;
      StreamId lastId = StreamId.MIN;
      for (; at < args.count(); at++) {
        boolean hasValue = at + 1 < args.count();
        if (args.is(at, "FORCE")) {
          force = true;
        } else if (args.is(at, "JUSTID")) {
          justId = true;
        } else if (hasValue && args.is(at, "IDLE")) {
          time = now - number(args.get(++at), "IDLE");
        } else if (hasValue && args.is(at, "TIME")) {
          time = number(args.get(++at), "TIME");
        } else if (hasValue && args.is(at, "RETRYCOUNT")) {
          retryCount = number(args.get(++at), "RETRYCOUNT");
        } else if (hasValue && args.is(at, "LASTID")) {
          lastId = StreamIds.parse(args.get(++at));
        } else {
          throw Errors.err("Unrecognized XCLAIM option '" + Errors.shown(args.get(at)) + "'");
        }
      }
      // A time that cannot be is taken for now: clients compute it from clocks of their own.
      long deliveryTime = time < 0 || time > now ? now : time;
      return new ClaimOptions(minIdle, ids, deliveryTime, retryCount, force, justId, lastId);
    }

    private static long number(Bytes word, String option) {
      return Numbers.parseLong(
          word, Errors.err("Invalid " + option + " option argument for XCLAIM"));
    }
  }

  private void xclaim(Call call) {
    StreamValue stream = Streams.find(call, call.arg(1));
    StreamGroup group = StreamGroupCommands.pendingGroup(call, stream);
    ClaimOptions options = ClaimOptions.parse(call);
    call.noEffect();
    Claim claim =
        new Claim(call, Objects.requireNonNull(stream), group, options.minIdle, options.justId);
    boolean advances = options.lastId.compareTo(group.lastId()) > 0;
    if (advances) {
      group.lastId(options.lastId);
    }
    for (StreamId id : options.ids) {
      boolean known = claim.pending.find(id);
      if (!claim.stream.contains(id)) {
        if (known) {
          claim.drop(id);
        }
      } else if ((known || options.force)
          && !claim.take(id, known, options.deliveryTime, options.retryCount)) {
        break;
      }
    }
    if (advances && claim.claimed.isEmpty() && claim.gone.isEmpty()) {
      StreamEffects.advanced(call, call.arg(1), group);
      call.changed();
    }
    claim.replyClaimed();
  }

  // --- by age

  private void xautoclaim(Call call) {
    Args args = call.args();
    long minIdle = parseMinIdle(call);
    StreamId start = StreamIds.start(args.get(5));
    long count = DEFAULT_COUNT;
    boolean justId = false;
    for (int i = 6; i < args.count(); i++) {
      if (args.is(i, "COUNT") && i + 1 < args.count()) {
        count = Counts.atLeast(args.get(++i), 1, Errors.err("COUNT must be > 0"));
        if (count > MAX_COUNT) {
          throw Errors.err("COUNT must be > 0");
        }
      } else if (args.is(i, "JUSTID")) {
        justId = true;
      } else {
        throw Errors.syntax();
      }
    }
    StreamValue stream = Streams.find(call, call.arg(1));
    StreamGroup group = StreamGroupCommands.pendingGroup(call, stream);
    call.noEffect();
    Claim claim = new Claim(call, Objects.requireNonNull(stream), group, minIdle, justId);
    long looks = count * LOOKS_PER_CLAIM;
    boolean more = claim.pending.seek(start);
    while (more && looks-- > 0 && claim.claimed.size() + claim.gone.size() < count) {
      StreamId id = claim.pending.id();
      if (!claim.stream.contains(id)) {
        claim.drop(id);
        more = claim.pending.seek(id);
      } else if (claim.take(id, /* known= */ true, call.now(), /* retryCount= */ -1)) {
        more = claim.pending.next();
      } else {
        break;
      }
    }
    StreamId next = more ? claim.pending.id() : StreamId.MIN;
    Reply reply = call.reply();
    reply.array(3);
    Streams.reply(reply, next);
    claim.replyClaimed();
    reply.array(claim.gone.size());
    claim.gone.forEach(id -> Streams.reply(reply, id));
  }

  /** One command that claims for one consumer, which it makes when there is none. */
  private static final class Claim {
    private final Call call;
    private final Bytes key;
    private final StreamValue stream;
    private final StreamGroup group;
    private final long minIdle;
    private final boolean justId;
    private final StreamConsumer consumer;
    private final StreamGroup.Pending pending;
    private final List<StreamId> claimed = new ArrayList<>();
    private final List<StreamId> gone = new ArrayList<>();

    Claim(Call call, StreamValue stream, StreamGroup group, long minIdle, boolean justId) {
      this.call = call;
      this.key = call.arg(1);
      this.stream = stream;
      this.group = group;
      this.minIdle = minIdle;
      this.justId = justId;
      StreamConsumer known = group.consumer(call.arg(3));
      if (known == null) {
        consumer = group.createConsumer(call.arg(3), call.now());
        StreamEffects.created(call, key, group, call.arg(3));
        call.changed(key, EventClass.STREAM, "xgroup-createconsumer");
      } else {
        consumer = known;
        consumer.seenTime(call.now());
      }
      pending = group.pending();
    }

    /**
     * Gives an entry to the consumer, if it has been idle for long enough.
     *
     * @param known whether it is pending, and the walk is at it
     * @return false when there is no memory for it, but some were given before
     * @throws OutOfArenaException when there is no memory for the first
     */
    boolean take(StreamId id, boolean known, long deliveryTime, long retryCount) {
      if (known && minIdle > 0 && call.now() - pending.deliveryTime() < minIdle) {
        return true;
      }
      long deliveries = retryCount;
      if (retryCount < 0) {
        deliveries = (known ? pending.deliveries() : 1) + (justId ? 0 : 1);
      }
      try {
        group.assign(id, consumer, deliveryTime, deliveries);
      } catch (OutOfArenaException e) {
        if (claimed.isEmpty() && gone.isEmpty()) {
          throw e;
        }
        return false;
      }
      claimed.add(id);
      consumer.activeTime(call.now());
      StreamEffects.pending(
          call, key, group, id, consumer.name().toBytes(), deliveryTime, deliveries);
      call.changed();
      return true;
    }

    /** Forgets the pending entry at which the walk is: the stream has it no more. */
    void drop(StreamId id) {
      StreamEffects.pending(call, key, group, pending);
      group.acknowledge(id);
      gone.add(id);
      call.changed();
    }

    void replyClaimed() {
      Reply reply = call.reply();
      reply.array(claimed.size());
      for (StreamId id : claimed) {
        if (justId) {
          Streams.reply(reply, id);
        } else {
          Streams.replyOne(reply, stream, id);
        }
      }
    }
  }
}
