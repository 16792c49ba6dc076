package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.STREAM;
import static io.pillion.engine.dispatch.CommandFlag.BLOCKING;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;

import io.pillion.engine.datatype.StreamConsumer;
import io.pillion.engine.datatype.StreamGroup;
import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Streams: reading what is new, alone or as one of a group, and waiting for it. */
final class StreamReadCommands {
  /** Declares the commands. */
  void declare(CommandTable table) {
    table
        .command("XREAD", this::xread)
        .arity(-4)
        .flags(READONLY, BLOCKING, MOVABLE_KEYS)
        .acl(STREAM)
        .keys(KeySpec.firstHalfAfter("STREAMS", 1, RO, ACCESS))
        .since("5.0.0")
        .complexity("O(N) in the entries returned")
        .summary("Returns the entries of streams behind given ids, or waits for some.")
        .syntax("[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]");
    table
        .command("XREADGROUP", this::xreadgroup)
        .arity(-7)
        .flags(WRITE, BLOCKING, MOVABLE_KEYS)
        .acl(STREAM)
        .keys(KeySpec.firstHalfAfter("STREAMS", 4, RO, ACCESS))
        .since("5.0.0")
        .complexity("O(N) in the entries returned")
        .summary(
            "Gives entries that are new to a group to one of its consumers, or waits for some.")
        .syntax(
            "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...]"
                + " id [id ...]");
  }

  /**
   * What is asked for.
   *
   * @param timeoutMillis how long to wait, 0 for ever, -1 not at all
   * @param count how many entries of each stream; 0 for all
   * @param firstKey where the first key is
   * @param streams how many keys there are, and then as many ids
   * @param group null for XREAD
   * @param consumer null for XREAD
   */
  private record Request(
      long timeoutMillis,
      long count,
      int firstKey,
      int streams,
      @Nullable Bytes group,
      @Nullable Bytes consumer,
      boolean noAck) {

    static Request parse(Call call, boolean grouped) {
      Args args = call.args();
      long timeout = -1;
      long count = 0;
      Bytes group = null;
      Bytes consumer = null;
      boolean noAck = false;
      int at = 1;
      while (at < args.count()) {
        int more = args.count() - 1 - at;
        if (more >= 1 && args.is(at, "BLOCK")) {
          timeout = Waiting.wholeMillis(args.get(++at), call.now());
        } else if (more >= 1 && args.is(at, "COUNT")) {
          count = Math.max(0, args.integer(++at));
        } else if (more >= 1 && args.is(at, "STREAMS")) {
          break;
        } else if (more >= 2 && args.is(at, "GROUP")) {
          group = requireGrouped("GROUP", grouped, args.get(at + 1));
          consumer = args.get(at + 2);
          at += 2;
        } else if (args.is(at, "NOACK")) {
          requireGrouped("NOACK", grouped, args.get(at));
          noAck = true;
        } else {
          throw Errors.syntax();
        }
        at++;
      }
      int words = args.count() - at - 1;
      if (words < 1) {
        throw Errors.syntax();
      }
      if (words % 2 != 0) {
        throw Errors.err(
            "Unbalanced '"
                + call.command().fullName()
                + "' list of streams: for each stream key an ID or '"
                + (grouped ? '>' : '$')
                + "' must be specified.");
      }
      if (grouped && group == null) {
        throw Errors.err("Missing GROUP option for XREADGROUP");
      }
      return new Request(timeout, count, at + 1, words / 2, group, consumer, noAck);
    }

    private static Bytes requireGrouped(String option, boolean grouped, Bytes value) {
      if (!grouped) {
        throw Errors.err(
            "The " + option + " option is only supported by XREADGROUP. You called XREAD instead.");
      }
      return value;
    }

    Bytes key(Call call, int stream) {
      return call.arg(firstKey + stream);
    }

    Bytes id(Call call, int stream) {
      return call.arg(firstKey + streams + stream);
    }
  }

  private static boolean is(Bytes word, char symbol) {
    return word.length() == 1 && word.get(0) == symbol;
  }

  // --- alone

  private void xread(Call call) {
    Request request = Request.parse(call, /* grouped= */ false);
    int count = request.streams;
    @Nullable StreamValue[] streams = new StreamValue[count];
    StreamId[] behind = new StreamId[count];
    for (int i = 0; i < count; i++) {
      streams[i] = Streams.find(call, request.key(call, i));
      behind[i] = behind(request.id(call, i), streams[i]);
    }
    Served served = new Served(call.reply());
    for (int i = 0; i < count; i++) {
      StreamValue stream = streams[i];
      if (stream != null && stream.size() > 0 && stream.topId().compareTo(behind[i]) > 0) {
        served.begin(request.key(call, i));
        Streams.replyAll(
            call.reply(),
            stream.entries(behind[i].next(), StreamId.MAX, /* reverse= */ false),
            request.count);
      }
    }
    if (!served.end()) {
      waitFor(call, request, withoutDollars(call, request, behind), /* untilLost= */ false);
    }
  }

  /** The id behind which entries are wanted. */
  private static StreamId behind(Bytes word, @Nullable StreamValue stream) {
    if (is(word, '$')) {
      return stream == null ? StreamId.MIN : stream.lastId();
    }
    if (is(word, '+')) {
      // The last entry is what is behind the id before its own.
      return stream == null || stream.lastId().isZero() ? StreamId.MIN : stream.lastId().previous();
    }
    if (is(word, '>')) {
      throw Errors.err(
          "The > ID can be specified only when calling XREADGROUP using the GROUP <group>"
              + " <consumer> option.");
    }
    return StreamIds.parse(word);
  }

  /** The words to try again with: what is last now is not what will be last then. */
  private static Args withoutDollars(Call call, Request request, StreamId[] behind) {
    Bytes[] words = new Bytes[call.count()];
    for (int i = 0; i < words.length; i++) {
      words[i] = call.arg(i);
    }
    for (int i = 0; i < behind.length; i++) {
      if (is(request.id(call, i), '$')) {
        words[request.firstKey + request.streams + i] = StreamIds.bytes(behind[i]);
      }
    }
    return Args.of(words);
  }

  private static void waitFor(Call call, Request request, Args again, boolean untilLost) {
    if (request.timeoutMillis < 0) {
      call.reply().nilArray();
      return;
    }
    List<Bytes> keys = Waiting.keys(call.args(), request.firstKey, request.streams);
    call.block(ValueType.STREAM, keys, request.timeoutMillis, Reply::nilArray, again, untilLost);
  }

  /** The streams in the reply: by key in RESP3, pairs in RESP2; there is no empty one. */
  private static final class Served {
    private final Reply reply;
    private int streams;
    private int mark;

    Served(Reply reply) {
      this.reply = reply;
    }

    void begin(Bytes key) {
      if (streams++ == 0) {
        mark = reply.deferred();
      }
      if (reply.version() == 2) {
        reply.array(2);
      }
      reply.bulk(key);
    }

    boolean any() {
      return streams > 0;
    }

    boolean end() {
      if (streams == 0) {
        return false;
      }
      if (reply.version() == 2) {
        reply.resolveArray(mark, streams);
      } else {
        reply.resolveMap(mark, streams);
      }
      return true;
    }
  }

  // --- in a group

  private void xreadgroup(Call call) {
    Request request = Request.parse(call, /* grouped= */ true);
    List<Reading> readings = new ArrayList<>(request.streams);
    for (int i = 0; i < request.streams; i++) {
      readings.add(Reading.parse(call, request, i));
    }
    call.noEffect();
    Served served = new Served(call.reply());
    try {
      for (Reading reading : readings) {
        reading.findConsumer(call);
      }
      OutOfArenaException full = null;
      for (Reading reading : readings) {
        if (reading.history != null) {
          reading.replyHistory(call, served, request.count);
        } else if (full == null) {
          full = reading.replyNew(call, served, request);
        }
      }
      if (full != null && !served.any()) {
        throw full;
      }
    } catch (OutOfArenaException e) {
      readings.forEach(Reading::forgetConsumer);
      throw e;
    }
    readings.forEach(reading -> reading.tellOfConsumer(call));
    if (!served.end()) {
      waitFor(call, request, call.args(), /* untilLost= */ true);
    }
  }

  /** What a consumer reads of one stream. */
  private static final class Reading {
    private final Bytes key;
    private final StreamValue stream;
    private final StreamGroup group;
    private final Bytes consumerName;
    private final @Nullable StreamId history;
    private boolean created;
    private boolean effective;

    private Reading(
        Bytes key,
        StreamValue stream,
        StreamGroup group,
        Bytes consumerName,
        @Nullable StreamId history) {
      this.key = key;
      this.stream = stream;
      this.group = group;
      this.consumerName = consumerName;
      this.history = history;
    }

    static Reading parse(Call call, Request request, int index) {
      Bytes key = request.key(call, index);
      Bytes groupName = request.group();
      Bytes consumerName = request.consumer();
      if (groupName == null || consumerName == null) {
        throw Errors.syntax();
      }
      StreamValue stream = Streams.find(call, key);
      StreamGroup group = stream == null ? null : stream.group(groupName);
      if (stream == null || group == null) {
        throw new CommandException(
            "NOGROUP No such key '"
                + Errors.shown(key)
                + "' or consumer group '"
                + Errors.shown(groupName)
                + "' in XREADGROUP with GROUP option");
      }
      Bytes id = request.id(call, index);
      if (is(id, '$') || is(id, '+')) {
        throw Errors.err(
            "The "
                + id
                + " ID is meaningless in the context of XREADGROUP: you want to read the history of"
                + " this consumer by specifying a proper ID, or use the > ID to get new messages."
                + " The "
                + id
                + " ID would just return an empty result set.");
      }
      StreamId history = is(id, '>') ? StreamId.MAX : StreamIds.parse(id);
      // To Redis the last id there can be is the same as >.
      return new Reading(
          key, stream, group, consumerName, history.equals(StreamId.MAX) ? null : history);
    }

    /** The consumer; made when there is none, and told that it was seen. */
    void findConsumer(Call call) {
      StreamConsumer consumer = group.consumer(consumerName);
      if (consumer == null) {
        group.createConsumer(consumerName, call.now());
        created = true;
      } else {
        consumer.seenTime(call.now());
      }
    }

    private StreamConsumer consumer() {
      return Objects.requireNonNull(group.consumer(consumerName));
    }

    void forgetConsumer() {
      if (created) {
        group.deleteConsumer(consumer());
      }
    }

    void tellOfConsumer(Call call) {
      if (created) {
        if (!effective) {
          StreamEffects.created(call, key, group, consumerName);
        }
        call.changed(key, EventClass.STREAM, "xgroup-createconsumer");
      }
    }

    /** Replies what is pending for the consumer, whether or not the entries are still there. */
    void replyHistory(Call call, Served served, long most) {
      Reply reply = call.reply();
      served.begin(key);
      int mark = reply.deferred();
      int count = 0;
      StreamGroup.Pending pending = group.pending(consumer());
      StreamId from = Objects.requireNonNull(history).next();
      for (boolean more = pending.seek(from);
          more && (most == 0 || count < most);
          more = pending.next()) {
        StreamId id = pending.id();
        if (Streams.replyOne(reply, stream, id)) {
          pending.deliveredAgain(call.now());
          StreamEffects.pending(call, key, group, pending);
        } else {
          reply.array(2);
          Streams.reply(reply, id);
          reply.nilArray();
        }
        count++;
      }
      reply.resolveArray(mark, count);
      call.changed();
    }

    /**
     * Gives the consumer what is new to the group. When there is no memory to note that, it is
     * given what could be noted.
     *
     * @return what went wrong, or null
     */
    @Nullable OutOfArenaException replyNew(Call call, Served served, Request request) {
      Reply reply = call.reply();
      StreamConsumer consumer = consumer();
      StreamValue.Entries entries =
          stream.entries(group.lastId().next(), StreamId.MAX, /* reverse= */ false);
      if (group.lastId().equals(StreamId.MAX)) {
        return null;
      }
      if (created && request.noAck) {
        effective = true;
        StreamEffects.created(call, key, group, consumerName);
      }
      OutOfArenaException full = null;
      int mark = 0;
      int count = 0;
      while ((request.count == 0 || count < request.count) && entries.next()) {
        StreamId id = entries.id();
        if (!request.noAck) {
          try {
            group.assign(id, consumer, call.now(), /* deliveries= */ 1);
          } catch (OutOfArenaException e) {
            full = e;
            break;
          }
          consumer.activeTime(call.now());
        }
        stream.advance(group, id);
        if (!request.noAck) {
          // This makes the consumer, too, where there is none.
          effective = true;
          StreamEffects.pending(call, key, group, id, consumerName, call.now(), 1);
        }
        if (count++ == 0) {
          served.begin(key);
          mark = reply.deferred();
        }
        Streams.reply(reply, entries);
      }
      if (count > 0) {
        reply.resolveArray(mark, count);
        StreamEffects.advanced(call, key, group);
        call.changed();
      }
      return full;
    }
  }
}
