package io.pillion.engine.command;

import io.pillion.engine.datatype.StreamId;
import io.pillion.engine.datatype.StreamValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What XADD and XTRIM are told of trimming, among their other options.
 *
 * @param by what to trim by, or null not to trim
 * @param approximate whether whole pages are enough: {@code ~}
 * @param most how many entries to keep
 * @param least the first id to keep
 * @param limit how many entries to remove at most; 0 for any number
 * @param noMakeStream NOMKSTREAM
 * @param strategyIndex where the word MAXLEN or MINID is
 * @param end behind the options: where XADD's id is
 */
record StreamTrim(
    @Nullable Strategy by,
    boolean approximate,
    long most,
    StreamId least,
    long limit,
    boolean noMakeStream,
    int strategyIndex,
    int end) {
  private static final Bytes EXACTLY = Bytes.of("=");
  private static final long MAX_LIMIT = 1_000_000;

  /** What to trim by. */
  enum Strategy {
    MAXLEN,
    MINID
  }

  /** Reads options from index 2 on; for XADD up to what is none of them. */
  static StreamTrim parse(Call call, boolean add) {
    Args args = call.args();
    if (add && isStar(args.get(2))) {
      return new StreamTrim(null, false, 0, StreamId.MIN, 0, false, 0, 2);
    }
    Parser parser = new Parser(args, add);
    parser.run();
    return parser.result(
        call.keyspace().settings().types.streamNodeMaxEntries, call.client().isReplaying());
  }

  private static boolean isStar(Bytes word) {
    return word.length() == 1 && word.get(0) == '*';
  }

  private static final class Parser {
    private final Args args;
    private final boolean add;
    private int at = 2;
    private @Nullable Strategy by;
    private boolean approximate;
    private long most;
    private StreamId least = StreamId.MIN;
    private long limit;
    private boolean hasLimit;
    private boolean noMakeStream;
    private int strategyIndex;

    Parser(Args args, boolean add) {
      this.args = args;
      this.add = add;
    }

    void run() {
      for (; at < args.count(); at++) {
        boolean hasValue = at + 1 < args.count();
        if (add && isStar(args.get(at))) {
          return;
        }
        if (hasValue && args.is(at, "MAXLEN")) {
          strategy(Strategy.MAXLEN);
          most = Counts.atLeast(args.get(at), Long.MIN_VALUE, Errors.notAnInteger());
          if (most < 0) {
            throw Errors.err("The MAXLEN argument must be >= 0.");
          }
        } else if (hasValue && args.is(at, "MINID")) {
          strategy(Strategy.MINID);
          least = StreamIds.parse(args.get(at));
        } else if (hasValue && args.is(at, "LIMIT")) {
          limit = args.integer(++at);
          if (limit < 0) {
            throw Errors.err("The LIMIT argument must be >= 0.");
          }
          hasLimit = true;
        } else if (add && args.is(at, "NOMKSTREAM")) {
          noMakeStream = true;
        } else if (add) {
          // Its id comes before what is wrong with the options as a whole.
          StreamIds.check(args.get(at));
          return;
        } else {
          throw Errors.syntax();
        }
      }
    }

    /** Moves to the strategy's value. */
    private void strategy(Strategy strategy) {
      if (by != null) {
        throw Errors.err(
            "syntax error, MAXLEN and MINID options at the same time are not compatible");
      }
      by = strategy;
      strategyIndex = at++;
      Bytes how = args.get(at);
      boolean hasMore = at + 1 < args.count();
      approximate = hasMore && how.length() == 1 && how.get(0) == '~';
      if (approximate || (hasMore && how.length() == 1 && how.get(0) == '=')) {
        at++;
      }
    }

    StreamTrim result(int entriesPerPage, boolean replaying) {
      if (limit > 0 && by == null) {
        throw Errors.err(
            "syntax error, LIMIT cannot be used without specifying a trimming strategy");
      }
      if (!add && by == null) {
        throw Errors.err("syntax error, XTRIM must be called with a trimming strategy");
      }
      if (replaying) {
        // It was exact when it was done first, whatever limit its words still have.
        limit = 0;
      } else if (hasLimit && !approximate) {
        throw Errors.err("syntax error, LIMIT cannot be used without the special ~ option");
      } else if (approximate && !hasLimit) {
        limit = Math.min(MAX_LIMIT, 100L * entriesPerPage);
        if (limit == 0) {
          limit = 10_000;
        }
      }
      return new StreamTrim(by, approximate, most, least, limit, noMakeStream, strategyIndex, at);
    }
  }

  /** Trims, and returns how many entries were removed. */
  long apply(StreamValue stream) {
    if (by == null) {
      return 0;
    }
    return by == Strategy.MAXLEN
        ? stream.trimToSize(most, approximate, limit)
        : stream.trimBefore(least, approximate, limit);
  }

  /**
   * Says what would do the same again: the words as sent, but with another id, and with what is
   * left now in place of what was to be left about.
   *
   * @param id XADD's, or null for XTRIM
   */
  void effect(Call call, StreamValue stream, @Nullable Bytes id) {
    if (!call.wantsEffects()) {
      return;
    }
    Args args = call.args();
    List<Bytes> words = new ArrayList<>(args.count() + 1);
    for (int i = 0; i < args.count(); i++) {
      if (approximate && i == strategyIndex) {
        words.add(args.get(i));
        words.add(EXACTLY);
        words.add(left(stream));
        i += 2;
      } else if (i >= 2 && i < end && args.is(i, "LIMIT")) {
        // It would be refused without the ~.
        i++;
      } else {
        words.add(i == end && id != null ? id : args.get(i));
      }
    }
    call.effect(words.toArray(Bytes[]::new));
  }

  private Bytes left(StreamValue stream) {
    if (by == Strategy.MAXLEN) {
      return Bytes.of(stream.size());
    }
    return StreamIds.bytes(stream.size() == 0 ? StreamId.MAX : stream.firstId());
  }
}
