package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.SORTEDSET;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.Reply;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sorted sets: members with scores, their ranks and ranges. {@link SortedSetPopCommands} take the
 * lowest and highest, {@link SortedSetAlgebraCommands} combine sets.
 */
final class SortedSetCommands {
  private final ZaddRequest request = new ZaddRequest();

  // What the command being carried out looks at; commands of one engine run one at a time.
  private @Nullable SortedSetValue only;

  /** Declares the group's commands. */
  void declare(CommandTable table) {
    table.group(CommandGroup.SORTED_SET);
    declareMembers(table);
    declareCountsAndRanks(table);
    declareRanges(table);
    declareOlderRanges(table);
    declareRemovals(table);
    new SortedSetPopCommands().declare(table);
    new SortedSetAlgebraCommands().declare(table);
  }

  private void declareMembers(CommandTable table) {
    table
        .command("ZADD", this::zadd)
        .arity(-4)
        .flags(WRITE, DENYOOM, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, UPDATE)
        .since("1.2.0")
        .complexity("O(log(N)) per member")
        .summary("Adds members to a sorted set, or changes their scores.")
        .syntax("key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]");
    table
        .command("ZINCRBY", this::zincrby)
        .arity(4)
        .flags(WRITE, DENYOOM, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.2.0")
        .complexity("O(log(N))")
        .summary("Adds to a member's score.")
        .syntax("key increment member");
    table
        .command("ZSCORE", this::zscore)
        .arity(3)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.2.0")
        .complexity("O(1)")
        .summary("Returns a member's score.")
        .syntax("key member");
    table
        .command("ZMSCORE", this::zmscore)
        .arity(-3)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("6.2.0")
        .complexity("O(N) in the number of members asked for")
        .summary("Returns the scores of several members.")
        .syntax("key member [member ...]");
  }

  private void declareCountsAndRanks(CommandTable table) {
    table
        .command("ZCARD", this::zcard)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO)
        .since("1.2.0")
        .complexity("O(1)")
        .summary("Says how many members there are.")
        .syntax("key");
    table
        .command("ZRANK", call -> rank(call, /* reverse= */ false))
        .arity(-3)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.0.0")
        .complexity("O(log(N))")
        .summary("Says how many members come before one, the lowest score first.")
        .syntax("key member [WITHSCORE]");
    table
        .command("ZREVRANK", call -> rank(call, /* reverse= */ true))
        .arity(-3)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.0.0")
        .complexity("O(log(N))")
        .summary("Says how many members come before one, the highest score first.")
        .syntax("key member [WITHSCORE]");
    table
        .command("ZRANDMEMBER", this::zrandmember)
        .arity(-2)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .tips("nondeterministic_output")
        .since("6.2.0")
        .complexity("O(N*log(M)), N members returned of M")
        .summary("Returns members at random.")
        .syntax("key [count [WITHSCORES]]");
    table
        .command("ZSCAN", this::zscan)
        .arity(-3)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.8.0")
        .complexity("O(1) per call")
        .tips("nondeterministic_output")
        .summary("Walks over the members and scores, a few at a time.")
        .syntax("key cursor [MATCH pattern] [COUNT count] [NOSCORES]");
  }

  private void declareRanges(CommandTable table) {
    table
        .command("ZRANGE", call -> range(call, RangeRequest.Kind.ANY, false))
        .arity(-4)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.2.0")
        .complexity("O(log(N)+M), M members returned")
        .summary("Returns the members within a range of positions, scores or members.")
        .syntax("key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]");
    table
        .command("ZRANGESTORE", this::zrangestore)
        .arity(-5)
        .flags(WRITE, DENYOOM)
        .acl(SORTEDSET)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(2, 2, 1, RO, ACCESS)
        .since("6.2.0")
        .complexity("O(log(N)+M*log(M)), M members stored")
        .summary("Stores the members within a range of positions, scores or members.")
        .syntax("dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]");
    table
        .command("ZCOUNT", this::zcount)
        .arity(4)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.0.0")
        .complexity("O(log(N))")
        .summary("Counts the members within a range of scores.")
        .syntax("key min max");
    table
        .command("ZLEXCOUNT", this::zlexcount)
        .arity(4)
        .flags(READONLY, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.8.9")
        .complexity("O(log(N))")
        .summary("Counts the members within a range of members.")
        .syntax("key min max");
  }

  private void declareOlderRanges(CommandTable table) {
    table
        .command("ZREVRANGE", call -> range(call, RangeRequest.Kind.INDEX, true))
        .arity(-4)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.2.0")
        .complexity("O(log(N)+M), M members returned")
        .summary("Returns the members within a range of positions, the highest score first.")
        .syntax("key start stop [WITHSCORES]");
    table
        .command("ZRANGEBYSCORE", call -> range(call, RangeRequest.Kind.SCORE, false))
        .arity(-4)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.0.5")
        .complexity("O(log(N)+M), M members returned")
        .summary("Returns the members within a range of scores.")
        .syntax("key min max [WITHSCORES] [LIMIT offset count]");
    table
        .command("ZREVRANGEBYSCORE", call -> range(call, RangeRequest.Kind.SCORE, true))
        .arity(-4)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.2.0")
        .complexity("O(log(N)+M), M members returned")
        .summary("Returns the members within a range of scores, the highest first.")
        .syntax("key max min [WITHSCORES] [LIMIT offset count]");
    table
        .command("ZRANGEBYLEX", call -> range(call, RangeRequest.Kind.MEMBER, false))
        .arity(-4)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.8.9")
        .complexity("O(log(N)+M), M members returned")
        .summary("Returns the members within a range of members, when all scores are equal.")
        .syntax("key min max [LIMIT offset count]");
    table
        .command("ZREVRANGEBYLEX", call -> range(call, RangeRequest.Kind.MEMBER, true))
        .arity(-4)
        .flags(READONLY)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.8.9")
        .complexity("O(log(N)+M), M members returned")
        .summary("Returns the members within a range of members, backwards.")
        .syntax("key max min [LIMIT offset count]");
  }

  private void declareRemovals(CommandTable table) {
    table
        .command("ZREM", this::zrem)
        .arity(-3)
        .flags(WRITE, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, DELETE)
        .since("1.2.0")
        .complexity("O(M*log(N)), M members removed")
        .summary("Removes members.")
        .syntax("key member [member ...]");
    table
        .command("ZREMRANGEBYRANK", this::zremrangebyrank)
        .arity(4)
        .flags(WRITE)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, DELETE)
        .since("2.0.0")
        .complexity("O(log(N)+M), M members removed")
        .summary("Removes the members within a range of positions.")
        .syntax("key start stop");
    table
        .command("ZREMRANGEBYSCORE", this::zremrangebyscore)
        .arity(4)
        .flags(WRITE)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, DELETE)
        .since("1.2.0")
        .complexity("O(log(N)+M), M members removed")
        .summary("Removes the members within a range of scores.")
        .syntax("key min max");
    table
        .command("ZREMRANGEBYLEX", this::zremrangebylex)
        .arity(4)
        .flags(WRITE)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, DELETE)
        .since("2.8.9")
        .complexity("O(log(N)+M), M members removed")
        .summary("Removes the members within a range of members.")
        .syntax("key min max");
  }

  // --- adding

  /** What ZADD is asked for; one object for all calls, which come one at a time. */
  private static final class ZaddRequest {
    boolean onlyNew;
    boolean onlyOld;
    boolean onlyGreater;
    boolean onlyLower;
    boolean countChanges;
    boolean increment;
    int firstScore;
    int wordsOfEach;
    int pairs;
    double[] scores = new double[16];
    private double[] before = new double[16];

    private static final int KEPT = 1024;

    void parse(Args args) {
      onlyNew = onlyOld = onlyGreater = onlyLower = countChanges = increment = false;
      firstScore = 2;
      wordsOfEach = 2;
      while (firstScore < args.count() && option(args, firstScore)) {
        firstScore++;
      }
      int words = args.count() - firstScore;
      if (words == 0 || words % 2 != 0) {
        throw Errors.syntax();
      }
      pairs = words / 2;
      if (onlyNew && onlyOld) {
        throw Errors.err("XX and NX options at the same time are not compatible");
      }
      if ((onlyGreater && onlyNew) || (onlyLower && onlyNew) || (onlyGreater && onlyLower)) {
        throw Errors.err("GT, LT, and/or NX options at the same time are not compatible");
      }
      if (increment && pairs > 1) {
        throw Errors.err("INCR option supports a single increment-element pair");
      }
      parseScores(args);
    }

    void increment(Args args) {
      onlyNew = onlyOld = onlyGreater = onlyLower = countChanges = false;
      increment = true;
      firstScore = 2;
      wordsOfEach = 2;
      pairs = 1;
      parseScores(args);
    }

    private boolean option(Args args, int index) {
      if (args.is(index, "NX")) {
        onlyNew = true;
      } else if (args.is(index, "XX")) {
        onlyOld = true;
      } else if (args.is(index, "GT")) {
        onlyGreater = true;
      } else if (args.is(index, "LT")) {
        onlyLower = true;
      } else if (args.is(index, "CH")) {
        countChanges = true;
      } else if (args.is(index, "INCR")) {
        increment = true;
      } else {
        return false;
      }
      return true;
    }

    private void parseScores(Args args) {
      if (pairs > scores.length || (scores.length > KEPT && pairs < KEPT / 2)) {
        scores = new double[Math.max(16, pairs)];
      }
      for (int i = 0; i < pairs; i++) {
        scores[i] = args.number(firstScore + 2 * i);
      }
    }

    /** What was there before, to be restored when memory runs out half-way: room for so many. */
    double[] before(int count) {
      if (count > before.length || (before.length > KEPT && count < KEPT / 2)) {
        before = new double[Math.max(16, count)];
      }
      return before;
    }

    /** Where a member is among the words: the last of its own. */
    int member(int index) {
      return firstScore + wordsOfEach * (index + 1) - 1;
    }

    /** Whether a member that has a score gets this one instead. */
    boolean replaces(double before, double score) {
      return !onlyNew && !(onlyGreater && score <= before) && !(onlyLower && score >= before);
    }
  }

  private void zadd(Call call) {
    request.parse(call.args());
    add(call);
  }

  /**
   * Adds members as ZADD does, with scores that are not among the words as they are.
   *
   * @param first where the words of the first member begin; the member is the last of them
   * @param wordsOfEach how many words each member has
   * @return whether anything has changed
   */
  boolean add(
      Call call,
      boolean onlyNew,
      boolean onlyOld,
      boolean countChanges,
      int first,
      int wordsOfEach,
      double[] scores) {
    request.onlyNew = onlyNew;
    request.onlyOld = onlyOld;
    request.onlyGreater = request.onlyLower = request.increment = false;
    request.countChanges = countChanges;
    request.firstScore = first;
    request.wordsOfEach = wordsOfEach;
    request.pairs = scores.length;
    request.scores = scores;
    return add(call);
  }

  private void zincrby(Call call) {
    request.increment(call.args());
    add(call);
  }

  private boolean add(Call call) {
    Bytes key = call.arg(1);
    SortedSetValue set = findOnly(call, key);
    if (set == null && request.onlyOld) {
      if (request.increment) {
        call.reply().nil();
      } else {
        call.reply().integer(0);
      }
      return false;
    }
    boolean created = set == null;
    if (set == null) {
      set = SortedSets.create(call, key);
    }
    if (request.increment) {
      return increment(call, key, set, created);
    }
    return addAll(call, key, set, created);
  }

  private boolean increment(Call call, Bytes key, SortedSetValue set, boolean created) {
    double score = request.scores[0];
    boolean found = set.seek(call.arg(request.member(0)));
    if (found) {
      double before = set.score();
      score += before;
      if (Double.isNaN(score) && !request.onlyNew) {
        throw Errors.err("resulting score is not a number (NaN)");
      }
      if (!request.replaces(before, score)) {
        call.reply().nil();
        return false;
      }
      if (score == before) {
        call.reply().number(score);
        return false;
      }
    } else if (request.onlyOld) {
      call.reply().nil();
      return false;
    }
    assign(call, key, set, created, score);
    call.reply().number(score);
    call.changed(key, EventClass.ZSET, "zincr");
    return true;
  }

  private static void assign(
      Call call, Bytes key, SortedSetValue set, boolean created, double score) {
    try {
      set.assign(score);
    } catch (OutOfArenaException e) {
      if (created) {
        call.database().delete(key);
      }
      throw e;
    }
  }

  private boolean addAll(Call call, Bytes key, SortedSetValue set, boolean created) {
    int pairs = request.pairs;
    double[] before = request.before(pairs);
    int added = 0;
    int updated = 0;
    int done = 0;
    try {
      for (; done < pairs; done++) {
        double score = request.scores[done];
        boolean found = set.seek(call.arg(request.member(done)));
        double old = found ? set.score() : Double.NaN;
        before[done] = old;
        if (found ? !request.replaces(old, score) : request.onlyOld) {
          continue;
        }
        if (!found) {
          set.assign(score);
          added++;
        } else if (score != old) {
          set.assign(score);
          updated++;
        }
      }
    } catch (OutOfArenaException e) {
      undo(call, key, set, created, before, done);
      throw e;
    }
    call.reply().integer(request.countChanges ? added + updated : added);
    if (added + updated > 0) {
      call.changed(key, EventClass.ZSET, "zadd");
    }
    return added + updated > 0;
  }

  private void undo(
      Call call, Bytes key, SortedSetValue set, boolean created, double[] before, int done) {
    if (created) {
      call.database().delete(key);
      return;
    }
    for (int i = done - 1; i >= 0; i--) {
      Bytes member = call.arg(request.member(i));
      if (Double.isNaN(before[i])) {
        set.remove(member);
      } else {
        set.put(member, before[i]);
      }
    }
  }

  // --- members

  /** The set, for a command that looks at no other; the view is used again. */
  private @Nullable SortedSetValue findOnly(Call call, Bytes key) {
    long record = call.find(key, ValueType.ZSET);
    if (record == 0) {
      return null;
    }
    SortedSetValue view = only;
    if (view == null) {
      view = SortedSets.view(call, record);
      only = view;
    }
    return view.at(call.database().rootCell(record));
  }

  private void zscore(Call call) {
    SortedSetValue set = findOnly(call, call.arg(1));
    score(call.reply(), set != null && set.seek(call.arg(2)) ? set.score() : Double.NaN);
  }

  private void zmscore(Call call) {
    SortedSetValue set = findOnly(call, call.arg(1));
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      score(call.reply(), set != null && set.seek(call.arg(i)) ? set.score() : Double.NaN);
    }
  }

  /** A score, or nil for what is not a number, which no score is. */
  private static void score(Reply reply, double score) {
    if (Double.isNaN(score)) {
      reply.nil();
    } else {
      reply.number(score);
    }
  }

  private void zcard(Call call) {
    SortedSetValue set = findOnly(call, call.arg(1));
    call.reply().integer(set == null ? 0 : set.size());
  }

  private void rank(Call call, boolean reverse) {
    if (call.count() > 4) {
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }
    boolean withScore = call.count() == 4;
    if (withScore && !call.args().is(3, "WITHSCORE")) {
      throw Errors.syntax();
    }
    SortedSetValue set = findOnly(call, call.arg(1));
    int rank = set == null ? -1 : set.rank(call.arg(2));
    Reply reply = call.reply();
    if (set == null || rank < 0) {
      if (withScore) {
        reply.nilArray();
      } else {
        reply.nil();
      }
      return;
    }
    if (withScore) {
      reply.array(2);
    }
    reply.integer(reverse ? set.size() - 1 - rank : rank);
    if (withScore) {
      set.seek(call.arg(2));
      reply.number(set.score());
    }
  }

  private void zrandmember(Call call) {
    if (call.count() == 2) {
      SortedSetValue set = SortedSets.find(call, call.arg(1));
      if (set == null) {
        call.reply().nil();
      } else {
        SortedSetValue.Entries entry = set.byRank(random(call, set.size()), false);
        entry.next();
        call.reply().bulk(entry.member());
      }
      return;
    }
    long count = Counts.negatable(call.arg(2));
    boolean withScores = call.count() == 4 && call.args().is(3, "WITHSCORES");
    if (call.count() > 4 || (call.count() == 4 && !withScores)) {
      throw Errors.syntax();
    }
    if (withScores && Math.abs(count) > Long.MAX_VALUE / 2) {
      throw Errors.err("value is out of range");
    }
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    if (set == null) {
      call.reply().array(0);
    } else if (count < 0) {
      Samples.checkDraws(count);
      anyMembers(call, set, (int) -count, withScores);
    } else {
      differentMembers(call, set, (int) Math.min(count, set.size()), withScores);
    }
  }

  private static void anyMembers(Call call, SortedSetValue set, int count, boolean withScores) {
    SortedSets.entriesHeader(call.reply(), count, withScores);
    for (int i = 0; i < count; i++) {
      entryAt(call, set, random(call, set.size()), withScores);
    }
  }

  private static void differentMembers(
      Call call, SortedSetValue set, int count, boolean withScores) {
    int size = set.size();
    SortedSets.entriesHeader(call.reply(), count, withScores);
    if (!Samples.areFewOf(count, size)) {
      Samples.Selection selection =
          new Samples.Selection(count, size, () -> call.keyspace().random());
      SortedSetValue.Entries entries = set.byRank(0, /* reverse= */ false);
      while (entries.next()) {
        if (selection.takesNext()) {
          SortedSets.entry(call.reply(), entries, withScores);
        }
      }
      return;
    }
    Set<Integer> ranks = new LinkedHashSet<>();
    while (ranks.size() < count) {
      ranks.add(random(call, size));
    }
    for (int rank : ranks) {
      entryAt(call, set, rank, withScores);
    }
  }

  private static void entryAt(Call call, SortedSetValue set, int rank, boolean withScores) {
    SortedSetValue.Entries entry = set.byRank(rank, /* reverse= */ false);
    entry.next();
    SortedSets.entry(call.reply(), entry, withScores);
  }

  private static int random(Call call, int bound) {
    return (int) (((call.keyspace().random() >>> 33) * bound) >>> 31);
  }

  private void zscan(Call call) {
    long cursor = Cursors.parse(call.arg(2));
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    ScanReply found = new ScanReply();
    if (set == null) {
      found.write(call.reply(), 0);
      return;
    }
    ScanOptions options = ScanOptions.parse(call.args(), 3, "NOSCORES");
    // Redis shortens the scores of small sets only.
    boolean shortens = set.encoding().equals("listpack");
    long left = options.count();
    do {
      SortedSetValue.Entries entries = set.scan(cursor);
      for (; entries.next(); left--) {
        Bytes member = entries.member().toBytes();
        if (options.matches(member)) {
          found.add(member.array());
          if (!options.bare()) {
            double score = entries.score();
            String text = shortens ? Numbers.format(score) : Numbers.formatExact(score);
            found.add(Bytes.of(text).array());
          }
        }
      }
      cursor = entries.nextCursor();
    } while (cursor != 0 && left > 0);
    found.write(call.reply(), cursor);
  }

  // --- ranges

  /** What a command of the ZRANGE family is asked for. */
  private static final class RangeRequest {
    /** How the ends of a range are given. */
    enum Kind {
      /** By position unless a word says otherwise. */
      ANY,
      INDEX,
      SCORE,
      MEMBER
    }

    private Kind kind;
    private boolean reverse;
    private boolean withScores;
    private long offset;
    private long limit = -1;
    final SortedSetRange range;

    /**
     * @param first where the first end is among the words
     * @param kind how the ends are given, if the command says so
     */
    RangeRequest(Args args, int first, Kind kind, boolean reverse, boolean store) {
      this.kind = kind;
      this.reverse = reverse;
      boolean choosesDirection = kind == Kind.ANY;
      for (int i = first + 2; i < args.count(); i++) {
        if (!store && args.is(i, "WITHSCORES")) {
          withScores = true;
        } else if (args.is(i, "LIMIT") && i + 2 < args.count()) {
          offset = args.integer(i + 1);
          limit = args.integer(i + 2);
          i += 2;
        } else if (choosesDirection && !this.reverse && args.is(i, "REV")) {
          this.reverse = true;
        } else if (this.kind == Kind.ANY && args.is(i, "BYLEX")) {
          this.kind = Kind.MEMBER;
        } else if (this.kind == Kind.ANY && args.is(i, "BYSCORE")) {
          this.kind = Kind.SCORE;
        } else {
          throw Errors.syntax();
        }
      }
      boolean byIndex = this.kind == Kind.ANY || this.kind == Kind.INDEX;
      if (limit != -1 && byIndex) {
        throw Errors.err(
            "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
      }
      if (withScores && this.kind == Kind.MEMBER) {
        throw Errors.err("syntax error, WITHSCORES not supported in combination with BYLEX");
      }
      Bytes min = args.get(this.reverse ? first + 1 : first);
      Bytes max = args.get(this.reverse ? first : first + 1);
      range =
          switch (this.kind) {
            case ANY, INDEX -> SortedSetRange.ByIndex.parse(args, first, this.reverse);
            case SCORE -> SortedSetRange.ByScore.parse(min, max);
            case MEMBER -> SortedSetRange.ByMember.parse(min, max);
          };
      if (byIndex) {
        offset = 0;
      }
    }

    /** How many entries of the range are wanted. */
    int count(SortedSetRange.Ranks ranks) {
      if (offset < 0 || offset >= ranks.count()) {
        return 0;
      }
      long behindOffset = ranks.count() - offset;
      return (int) (limit < 0 ? behindOffset : Math.min(limit, behindOffset));
    }

    /** Walks over the entries from the first that is wanted. */
    SortedSetValue.Entries walk(SortedSetValue set, SortedSetRange.Ranks ranks) {
      int skipped = (int) offset;
      return set.byRank((reverse ? set.size() - ranks.to() : ranks.from()) + skipped, reverse);
    }
  }

  private static void range(Call call, RangeRequest.Kind kind, boolean reverse) {
    RangeRequest asked = new RangeRequest(call.args(), 2, kind, reverse, /* store= */ false);
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    if (set == null) {
      call.reply().array(0);
      return;
    }
    SortedSetRange.Ranks ranks = asked.range.in(set);
    int count = asked.count(ranks);
    SortedSets.entriesHeader(call.reply(), count, asked.withScores);
    if (count > 0) {
      SortedSetValue.Entries entries = asked.walk(set, ranks);
      for (int i = 0; i < count; i++) {
        entries.next();
        SortedSets.entry(call.reply(), entries, asked.withScores);
      }
    }
  }

  private void zrangestore(Call call) {
    RangeRequest asked =
        new RangeRequest(call.args(), 3, RangeRequest.Kind.ANY, false, /* store= */ true);
    SortedSetValue set = SortedSets.findToRead(call, call.arg(2));
    try (UnkeyedSortedSet result = new UnkeyedSortedSet(call)) {
      SortedSetRange.Ranks ranks = set == null ? null : asked.range.in(set);
      int count = ranks == null ? 0 : asked.count(ranks);
      if (set != null && ranks != null && count > 0) {
        SortedSetValue.Entries entries = asked.walk(set, ranks);
        for (int i = 0; i < count; i++) {
          entries.next();
          result.value().seek(entries.member().toBytes());
          result.value().assignExactly(entries.score());
        }
      }
      result.store(call.arg(1), "zrangestore");
    }
  }

  private void zcount(Call call) {
    count(call, SortedSetRange.ByScore.parse(call.arg(2), call.arg(3)));
  }

  private void zlexcount(Call call) {
    count(call, SortedSetRange.ByMember.parse(call.arg(2), call.arg(3)));
  }

  private static void count(Call call, SortedSetRange range) {
    SortedSetValue set = SortedSets.find(call, call.arg(1));
    call.reply().integer(set == null ? 0 : range.in(set).count());
  }

  // --- removing

  private void zrem(Call call) {
    Bytes key = call.arg(1);
    SortedSetValue set = findOnly(call, key);
    int removed = 0;
    if (set != null) {
      for (int i = 2; i < call.count(); i++) {
        removed += set.remove(call.arg(i)) ? 1 : 0;
      }
    }
    call.reply().integer(removed);
    if (set != null && removed > 0) {
      call.changed(key, EventClass.ZSET, "zrem");
      SortedSets.deleteIfEmpty(call, key, set);
    }
  }

  private void zremrangebyrank(Call call) {
    SortedSetRange range = SortedSetRange.ByIndex.parse(call.args(), 2, /* reverse= */ false);
    removeRange(call, range, "zremrangebyrank");
  }

  private void zremrangebyscore(Call call) {
    removeRange(call, SortedSetRange.ByScore.parse(call.arg(2), call.arg(3)), "zremrangebyscore");
  }

  private void zremrangebylex(Call call) {
    removeRange(call, SortedSetRange.ByMember.parse(call.arg(2), call.arg(3)), "zremrangebylex");
  }

  private static void removeRange(Call call, SortedSetRange range, String event) {
    Bytes key = call.arg(1);
    SortedSetValue set = SortedSets.find(call, key);
    if (set == null) {
      call.reply().integer(0);
      return;
    }
    SortedSetRange.Ranks ranks = range.in(set);
    int count = ranks.count();
    call.reply().integer(count);
    if (count > 0) {
      set.removeRange(ranks.from(), count);
      call.changed(key, EventClass.ZSET, event);
      SortedSets.deleteIfEmpty(call, key, set);
    }
  }
}
