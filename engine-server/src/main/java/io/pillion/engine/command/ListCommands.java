package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.LIST;
import static io.pillion.engine.dispatch.CommandFlag.BLOCKING;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.ListValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists: queues and stacks, and the clients that wait for them. */
final class ListCommands {
  private static final Bytes LPOP = Bytes.of("LPOP");
  private static final Bytes RPOP = Bytes.of("RPOP");
  private static final Bytes LMOVE = Bytes.of("LMOVE");
  private static final Bytes RPOPLPUSH = Bytes.of("RPOPLPUSH");

  /** An end of a list. */
  private enum End {
    LEFT,
    RIGHT;

    boolean isLeft() {
      return this == LEFT;
    }

    Bytes word() {
      return this == LEFT ? LEFT_WORD : RIGHT_WORD;
    }

    private static final Bytes LEFT_WORD = Bytes.of("left");
    private static final Bytes RIGHT_WORD = Bytes.of("right");
  }

  // What the command being carried out looks at; commands of one engine run one at a time.
  private @Nullable ListValue only;

  /** Declares the group's commands. */
  void declare(CommandTable table) {
    table.group(CommandGroup.LIST);
    declarePushesAndPops(table);
    declareAccess(table);
    declareMoves(table);
    declareBlocking(table);
  }

  private void declarePushesAndPops(CommandTable table) {
    table
        .command("LPUSH", call -> push(call, End.LEFT, /* create= */ true))
        .arity(-3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RW, INSERT)
        .since("1.0.0")
        .complexity("O(1) per element")
        .summary("Puts elements at the head of a list; creates the list when there is none.")
        .syntax("key element [element ...]");
    table
        .command("RPUSH", call -> push(call, End.RIGHT, /* create= */ true))
        .arity(-3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RW, INSERT)
        .since("1.0.0")
        .complexity("O(1) per element")
        .summary("Puts elements at the tail of a list; creates the list when there is none.")
        .syntax("key element [element ...]");
    table
        .command("LPUSHX", call -> push(call, End.LEFT, /* create= */ false))
        .arity(-3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RW, INSERT)
        .since("2.2.0")
        .complexity("O(1) per element")
        .summary("Puts elements at the head of a list that exists.")
        .syntax("key element [element ...]");
    table
        .command("RPUSHX", call -> push(call, End.RIGHT, /* create= */ false))
        .arity(-3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RW, INSERT)
        .since("2.2.0")
        .complexity("O(1) per element")
        .summary("Puts elements at the tail of a list that exists.")
        .syntax("key element [element ...]");
    table
        .command("LPOP", call -> pop(call, End.LEFT))
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .since("1.0.0")
        .complexity("O(N) in the number of elements returned")
        .summary("Takes elements from the head of a list.")
        .syntax("key [count]");
    table
        .command("RPOP", call -> pop(call, End.RIGHT))
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .since("1.0.0")
        .complexity("O(N) in the number of elements returned")
        .summary("Takes elements from the tail of a list.")
        .syntax("key [count]");
    table
        .command("LMPOP", this::lmpop)
        .arity(-4)
        .flags(WRITE, MOVABLE_KEYS)
        .acl(LIST)
        .keys(KeySpec.counted(1, RW, ACCESS, DELETE))
        .since("7.0.0")
        .complexity("O(N+M), N keys and M elements returned")
        .summary("Takes elements from an end of the first list that has any.")
        .syntax("numkeys key [key ...] <LEFT | RIGHT> [COUNT count]");
  }

  private void declareAccess(CommandTable table) {
    table
        .command("LLEN", this::llen)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(LIST)
        .keys(1, 1, 1, RO)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Says how long a list is.")
        .syntax("key");
    table
        .command("LRANGE", this::lrange)
        .arity(4)
        .flags(READONLY)
        .acl(LIST)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(S+N), S to find the first and N elements returned")
        .summary("Returns the elements between two positions.")
        .syntax("key start stop");
    table
        .command("LINDEX", this::lindex)
        .arity(3)
        .flags(READONLY)
        .acl(LIST)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(N) in the pages to the nearer end")
        .summary("Returns the element at a position.")
        .syntax("key index");
    table
        .command("LPOS", this::lpos)
        .arity(-3)
        .flags(READONLY)
        .acl(LIST)
        .keys(1, 1, 1, RO, ACCESS)
        .since("6.0.6")
        .complexity("O(N) in the elements compared")
        .summary("Says at which positions an element is.")
        .syntax("key element [RANK rank] [COUNT num-matches] [MAXLEN len]");
    table
        .command("LSET", this::lset)
        .arity(4)
        .flags(WRITE, DENYOOM)
        .acl(LIST)
        .keys(1, 1, 1, RW, UPDATE)
        .since("1.0.0")
        .complexity("O(N) in the pages to the nearer end")
        .summary("Replaces the element at a position.")
        .syntax("key index element");
    table
        .command("LINSERT", this::linsert)
        .arity(5)
        .flags(WRITE, DENYOOM)
        .acl(LIST)
        .keys(1, 1, 1, RW, INSERT)
        .since("2.2.0")
        .complexity("O(N) in the elements before the pivot")
        .summary("Puts an element before or after another.")
        .syntax("key <BEFORE | AFTER> pivot element");
    table
        .command("LREM", this::lrem)
        .arity(4)
        .flags(WRITE)
        .acl(LIST)
        .keys(1, 1, 1, RW, DELETE)
        .since("1.0.0")
        .complexity("O(N+M), N elements and M of them removed")
        .summary("Removes elements by what they are.")
        .syntax("key count element");
    table
        .command("LTRIM", this::ltrim)
        .arity(4)
        .flags(WRITE)
        .acl(LIST)
        .keys(1, 1, 1, RW, DELETE)
        .since("1.0.0")
        .complexity("O(N) in the elements removed")
        .summary("Removes all elements but those between two positions.")
        .syntax("key start stop");
  }

  private void declareMoves(CommandTable table) {
    table
        .command("LMOVE", this::lmove)
        .arity(5)
        .flags(WRITE, DENYOOM)
        .acl(LIST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, RW, INSERT)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Takes an element from an end of one list and puts it at an end of another.")
        .syntax("source destination <LEFT | RIGHT> <LEFT | RIGHT>");
    table
        .command("RPOPLPUSH", this::rpoplpush)
        .arity(3)
        .flags(WRITE, DENYOOM)
        .acl(LIST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, RW, INSERT)
        .since("1.2.0")
        .complexity("O(1)")
        .summary("Takes the last element of one list and puts it at the head of another.")
        .syntax("source destination");
  }

  private void declareBlocking(CommandTable table) {
    table
        .command("BLPOP", call -> blockingPop(call, End.LEFT))
        .arity(-3)
        .flags(WRITE, BLOCKING)
        .acl(LIST)
        .keys(1, -2, 1, RW, ACCESS, DELETE)
        .since("2.0.0")
        .complexity("O(N) in the number of keys")
        .summary("Takes the first element of the first list that has any, or waits for one.")
        .syntax("key [key ...] timeout");
    table
        .command("BRPOP", call -> blockingPop(call, End.RIGHT))
        .arity(-3)
        .flags(WRITE, BLOCKING)
        .acl(LIST)
        .keys(1, -2, 1, RW, ACCESS, DELETE)
        .since("2.0.0")
        .complexity("O(N) in the number of keys")
        .summary("Takes the last element of the first list that has any, or waits for one.")
        .syntax("key [key ...] timeout");
    table
        .command("BLMOVE", this::blmove)
        .arity(6)
        .flags(WRITE, DENYOOM, BLOCKING)
        .acl(LIST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, RW, INSERT)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Moves an element between ends of two lists, or waits for one.")
        .syntax("source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout");
    table
        .command("BRPOPLPUSH", this::brpoplpush)
        .arity(4)
        .flags(WRITE, DENYOOM, BLOCKING)
        .acl(LIST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, RW, INSERT)
        .since("2.2.0")
        .complexity("O(1)")
        .summary("Moves the last element of one list to the head of another, or waits for one.")
        .syntax("source destination timeout");
    table
        .command("BLMPOP", this::blmpop)
        .arity(-5)
        .flags(WRITE, BLOCKING, MOVABLE_KEYS)
        .acl(LIST)
        .keys(KeySpec.counted(2, RW, ACCESS, DELETE))
        .since("7.0.0")
        .complexity("O(N+M), N keys and M elements returned")
        .summary("Takes elements from an end of the first list that has any, or waits for some.")
        .syntax("timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]");
  }

  // --- at the ends

  private void push(Call call, End end, boolean create) {
    Bytes key = call.arg(1);
    ListValue list = findOnly(call, key);
    boolean created = list == null;
    if (list == null) {
      if (!create) {
        call.reply().integer(0);
        return;
      }
      list = create(call, key);
    }
    int pushed = 0;
    try {
      for (int i = 2; i < call.count(); i++) {
        push(list, end, call.arg(i));
        pushed++;
      }
    } catch (OutOfArenaException e) {
      list.removeRange(end.isLeft() ? 0 : list.size() - pushed, pushed);
      if (created) {
        call.database().delete(key);
      }
      throw e;
    }
    call.reply().integer(list.size());
    call.changed(key, EventClass.LIST, end.isLeft() ? "lpush" : "rpush");
  }

  private void pop(Call call, End end) {
    if (call.count() > 3) {
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }
    boolean counted = call.count() == 3;
    long count = counted ? Counts.notNegative(call.arg(2)) : 1;
    Bytes key = call.arg(1);
    ListValue list = findOnly(call, key);
    if (list == null) {
      if (counted) {
        call.reply().nilArray();
      } else {
        call.reply().nil();
      }
    } else if (counted) {
      popMany(call, key, list, end, count);
    } else {
      popOne(call, key, list, end);
    }
  }

  private void lmpop(Call call) {
    MultiPop pop = MultiPop.parse(call.args(), 1);
    if (!popFirst(call, pop)) {
      call.reply().nilArray();
    }
  }

  /** What LMPOP and BLMPOP are asked for. */
  private record MultiPop(int firstKey, int keys, End end, long count) {
    static MultiPop parse(Args args, int at) {
      int keys = Counts.numKeys(args.get(at));
      int where = Counts.indexBehindKeys(args, at, keys);
      End end = endOf(args.get(where));
      return new MultiPop(at + 1, keys, end, Counts.countOption(args, where + 1));
    }
  }

  /** Pops from the first list that has elements; false when none has. */
  private boolean popFirst(Call call, MultiPop pop) {
    for (int i = pop.firstKey; i < pop.firstKey + pop.keys; i++) {
      Bytes key = call.arg(i);
      ListValue list = find(call, key);
      if (list != null) {
        call.reply().array(2);
        call.reply().bulk(key);
        long count = Math.min(pop.count, list.size());
        popMany(call, key, list, pop.end, count);
        call.effect(pop.end.isLeft() ? LPOP : RPOP, key, Bytes.of(count));
        return true;
      }
    }
    return false;
  }

  private static void reply(Reply reply, ListValue.Elements at) {
    if (at.isInteger()) {
      reply.bulk(at.integer());
    } else {
      reply.bulk(at.span());
    }
  }

  private static void popOne(Call call, Bytes key, ListValue list, End end) {
    ListValue.Elements first = list.elements(0, !end.isLeft());
    first.next();
    reply(call.reply(), first);
    remove(call, key, list, end, 1);
  }

  private static void popMany(Call call, Bytes key, ListValue list, End end, long most) {
    long count = Math.min(most, list.size());
    call.reply().array((int) count);
    if (count == 0) {
      return;
    }
    ListValue.Elements elements = list.elements(0, !end.isLeft());
    for (long i = 0; i < count; i++) {
      elements.next();
      reply(call.reply(), elements);
    }
    remove(call, key, list, end, count);
  }

  private static void remove(Call call, Bytes key, ListValue list, End end, long count) {
    list.removeRange(end.isLeft() ? 0 : list.size() - count, count);
    call.changed(key, EventClass.LIST, end.isLeft() ? "lpop" : "rpop");
    deleteIfEmpty(call, key, list);
  }

  // --- anywhere

  private void llen(Call call) {
    ListValue list = find(call, call.arg(1));
    call.reply().integer(list == null ? 0 : list.size());
  }

  private void lrange(Call call) {
    long start = call.args().integer(2);
    long stop = call.args().integer(3);
    ListValue list = find(call, call.arg(1));
    if (list == null) {
      call.reply().array(0);
      return;
    }
    IndexRange range = IndexRange.of(start, stop, list.size());
    Reply reply = call.reply();
    reply.array((int) range.count());
    if (range.count() > 0) {
      ListValue.Elements elements = list.elements(range.from(), /* reverse= */ false);
      for (long i = 0; i < range.count(); i++) {
        elements.next();
        reply(reply, elements);
      }
    }
  }

  private void lindex(Call call) {
    ListValue list = find(call, call.arg(1));
    if (list == null) {
      call.reply().nil();
      return;
    }
    long index = call.args().integer(2);
    ListValue.Elements elements =
        list.elements(index < 0 ? -(index + 1) : index, /* reverse= */ index < 0);
    if (elements.next()) {
      reply(call.reply(), elements);
    } else {
      call.reply().nil();
    }
  }

  private void lpos(Call call) {
    Search search = Search.parse(call.args());
    ListValue list = find(call, call.arg(1));
    Reply reply = call.reply();
    if (list == null) {
      if (search.counted) {
        reply.array(0);
      } else {
        reply.nil();
      }
      return;
    }
    int mark = search.counted ? reply.deferred() : -1;
    int found = search.run(list, call.arg(2), reply);
    if (search.counted) {
      reply.resolveArray(mark, found);
    } else if (found == 0) {
      reply.nil();
    }
  }

  /**
   * What LPOS is asked for.
   *
   * @param matches how many positions are wanted; 0 for all
   * @param most how many elements to compare; 0 for all
   */
  private record Search(long rank, boolean reverse, boolean counted, long matches, long most) {
    static Search parse(Args args) {
      long rank = 1;
      long matches = 1;
      long most = 0;
      boolean counted = false;
      for (int i = 3; i < args.count(); i += 2) {
        if (i + 1 == args.count()) {
          throw Errors.syntax();
        }
        Bytes value = args.get(i + 1);
        if (args.is(i, "RANK")) {
          rank = parseRank(value);
        } else if (args.is(i, "COUNT")) {
          matches = Counts.atLeast(value, 0, Errors.err("COUNT can't be negative"));
          counted = true;
        } else if (args.is(i, "MAXLEN")) {
          most = Counts.atLeast(value, 0, Errors.err("MAXLEN can't be negative"));
        } else {
          throw Errors.syntax();
        }
      }
      return new Search(Math.abs(rank), rank < 0, counted, matches, most);
    }

    private static long parseRank(Bytes word) {
      long rank = Counts.negatable(word);
      if (rank == 0) {
        throw Errors.err(
            "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use"
                + " negative to start from the end of the list");
      }
      return rank;
    }

    /** Replies each position that is wanted, and returns how many. */
    int run(ListValue list, Bytes element, Reply reply) {
      ListValue.Elements elements = list.elements(0, reverse).lookingFor(element);
      long size = list.size();
      long left = most == 0 ? size : Math.min(most, size);
      long toSkip = rank - 1;
      int found = 0;
      for (long i = 0; i < left && elements.next(); i++) {
        if (!elements.isWanted()) {
          continue;
        }
        if (toSkip > 0) {
          toSkip--;
          continue;
        }
        reply.integer(reverse ? size - 1 - i : i);
        if (++found == matches) {
          break;
        }
      }
      return found;
    }
  }

  private void lset(Call call) {
    Bytes key = call.arg(1);
    ListValue list = find(call, key);
    if (list == null) {
      throw Errors.noSuchKey();
    }
    long index = call.args().integer(2);
    long size = list.size();
    long position = index < 0 ? index + size : index;
    if (position < 0 || position >= size) {
      throw Errors.err("index out of range");
    }
    list.set(position, call.arg(3));
    call.reply().ok();
    call.changed(key, EventClass.LIST, "lset");
  }

  private void linsert(Call call) {
    boolean after = call.args().is(2, "AFTER");
    if (!after && !call.args().is(2, "BEFORE")) {
      throw Errors.syntax();
    }
    Bytes key = call.arg(1);
    ListValue list = find(call, key);
    if (list == null) {
      call.reply().integer(0);
      return;
    }
    Bytes pivot = call.arg(3);
    ListValue.Elements elements = list.elements(0, /* reverse= */ false).lookingFor(pivot);
    for (long i = 0; elements.next(); i++) {
      if (elements.isWanted()) {
        list.insert(after ? i + 1 : i, call.arg(4));
        call.reply().integer(list.size());
        call.changed(key, EventClass.LIST, "linsert");
        return;
      }
    }
    call.reply().integer(-1);
  }

  private void lrem(Call call) {
    long count = Counts.negatable(call.arg(2));
    Bytes key = call.arg(1);
    ListValue list = find(call, key);
    if (list == null) {
      call.reply().integer(0);
      return;
    }
    long most = count == 0 ? Long.MAX_VALUE : Math.abs(count);
    Bytes element = call.arg(3);
    ListValue.Elements elements = list.elements(0, /* reverse= */ count < 0).lookingFor(element);
    long removed = 0;
    while (removed < most && elements.next()) {
      if (elements.isWanted()) {
        elements.remove();
        removed++;
      }
    }
    call.reply().integer(removed);
    if (removed > 0) {
      list.compact();
      call.changed(key, EventClass.LIST, "lrem");
      deleteIfEmpty(call, key, list);
    }
  }

  private void ltrim(Call call) {
    long start = call.args().integer(2);
    long stop = call.args().integer(3);
    Bytes key = call.arg(1);
    ListValue list = find(call, key);
    call.reply().ok();
    if (list == null) {
      return;
    }
    long size = list.size();
    IndexRange kept = IndexRange.of(start, stop, size);
    long behind = kept.count() == 0 ? 0 : kept.from() + kept.count();
    list.removeRange(behind, size - behind);
    if (kept.count() > 0) {
      list.removeRange(0, kept.from());
    }
    call.changed(key, EventClass.LIST, "ltrim");
    deleteIfEmpty(call, key, list);
  }

  // --- between lists

  private void lmove(Call call) {
    End from = endOf(call.arg(3));
    End to = endOf(call.arg(4));
    if (!move(call, from, to)) {
      call.reply().nil();
    }
  }

  private void rpoplpush(Call call) {
    if (!move(call, End.RIGHT, End.LEFT)) {
      call.reply().nil();
    }
  }

  /** Moves an element between the lists of the first two arguments; false when there is none. */
  private static boolean move(Call call, End from, End to) {
    Bytes sourceKey = call.arg(1);
    Bytes targetKey = call.arg(2);
    ListValue source = find(call, sourceKey);
    if (source == null) {
      return false;
    }
    ListValue target = find(call, targetKey);
    ListValue.Elements first = source.elements(0, !from.isLeft());
    first.next();
    Bytes element = first.toBytes();
    if (target == null) {
      target = create(call, targetKey);
      try {
        push(target, to, element);
      } catch (OutOfArenaException e) {
        call.database().delete(targetKey);
        throw e;
      }
      source = view(call, call.database().peek(sourceKey));
    } else {
      push(target, to, element);
    }
    call.reply().bulk(element);
    call.changed(targetKey, EventClass.LIST, to.isLeft() ? "lpush" : "rpush");
    source.removeRange(from.isLeft() ? 0 : source.size() - 1, 1);
    call.changedAlso(sourceKey, EventClass.LIST, from.isLeft() ? "lpop" : "rpop");
    deleteIfEmpty(call, sourceKey, source);
    return true;
  }

  // --- waiting

  private void blockingPop(Call call, End end) {
    int last = call.count() - 1;
    long timeout = Waiting.millis(call.arg(last));
    for (int i = 1; i < last; i++) {
      Bytes key = call.arg(i);
      ListValue list = find(call, key);
      if (list != null) {
        call.reply().array(2);
        call.reply().bulk(key);
        popOne(call, key, list, end);
        call.effect(end.isLeft() ? LPOP : RPOP, key);
        return;
      }
    }
    call.block(ValueType.LIST, Waiting.keys(call.args(), 1, last - 1), timeout, Reply::nilArray);
  }

  private void blmpop(Call call) {
    MultiPop pop = MultiPop.parse(call.args(), 2);
    long timeout = Waiting.millis(call.arg(1));
    if (!popFirst(call, pop)) {
      List<Bytes> keys = Waiting.keys(call.args(), pop.firstKey, pop.keys);
      call.block(ValueType.LIST, keys, timeout, Reply::nilArray);
    }
  }

  private void blmove(Call call) {
    End from = endOf(call.arg(3));
    End to = endOf(call.arg(4));
    if (moveOrWait(call, from, to, Waiting.millis(call.arg(5)))) {
      call.effect(LMOVE, call.arg(1), call.arg(2), from.word(), to.word());
    }
  }

  private void brpoplpush(Call call) {
    if (moveOrWait(call, End.RIGHT, End.LEFT, Waiting.millis(call.arg(3)))) {
      call.effect(RPOPLPUSH, call.arg(1), call.arg(2));
    }
  }

  private static boolean moveOrWait(Call call, End from, End to, long timeout) {
    if (move(call, from, to)) {
      return true;
    }
    if (call.mayBlock()) {
      call.block(ValueType.LIST, List.of(call.arg(1)), timeout, Reply::nilArray);
    } else {
      call.reply().nil();
    }
    return false;
  }

  // --- lists by key

  private static End endOf(Bytes word) {
    if (word.equalsIgnoreCase("LEFT")) {
      return End.LEFT;
    }
    if (word.equalsIgnoreCase("RIGHT")) {
      return End.RIGHT;
    }
    throw Errors.syntax();
  }

  private static void push(ListValue list, End end, Bytes element) {
    if (end.isLeft()) {
      list.pushHead(element);
    } else {
      list.pushTail(element);
    }
  }

  /** As {@link #find}, for a command that looks at no other list: the view is used again. */
  private @Nullable ListValue findOnly(Call call, Bytes key) {
    long record = call.find(key, ValueType.LIST);
    if (record == 0) {
      return null;
    }
    ListValue view = only;
    if (view == null) {
      view = view(call, record);
      only = view;
    }
    return view.at(call.database().rootCell(record));
  }

  private static @Nullable ListValue find(Call call, Bytes key) {
    long record = call.find(key, ValueType.LIST);
    return record == 0 ? null : view(call, record);
  }

  private static ListValue view(Call call, long record) {
    return new ListValue(
        call.arena(), call.database().rootCell(record), call.keyspace().settings().types);
  }

  /** Makes an empty list, which its caller fills, or deletes when it cannot. */
  private static ListValue create(Call call, Bytes key) {
    long root = ListValue.create(call.arena());
    try {
      return view(call, call.database().setCollection(key, ValueType.LIST, root));
    } catch (OutOfArenaException e) {
      ListValue.free(call.arena(), root);
      throw e;
    }
  }

  private static void deleteIfEmpty(Call call, Bytes key, ListValue list) {
    if (list.size() == 0) {
      call.deleteEmptied(key);
    }
  }
}
