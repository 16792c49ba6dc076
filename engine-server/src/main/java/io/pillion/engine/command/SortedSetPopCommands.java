package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.SORTEDSET;
import static io.pillion.engine.dispatch.CommandFlag.BLOCKING;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;

import io.pillion.engine.datatype.SortedSetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.List;

/** Sorted sets as priority queues: the members with the lowest or highest scores are taken out. */
final class SortedSetPopCommands {
  private static final Bytes ZPOPMIN = Bytes.of("ZPOPMIN");
  private static final Bytes ZPOPMAX = Bytes.of("ZPOPMAX");

  /** Declares this family; it belongs to the group of the sorted sets. */
  void declare(CommandTable table) {
    table
        .command("ZPOPMIN", call -> pop(call, /* max= */ false))
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .since("5.0.0")
        .complexity("O(log(N)+M), M members taken")
        .summary("Takes the members with the lowest scores.")
        .syntax("key [count]");
    table
        .command("ZPOPMAX", call -> pop(call, /* max= */ true))
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(SORTEDSET)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .since("5.0.0")
        .complexity("O(log(N)+M), M members taken")
        .summary("Takes the members with the highest scores.")
        .syntax("key [count]");
    table
        .command("BZPOPMIN", call -> blockingPop(call, /* max= */ false))
        .arity(-3)
        .flags(WRITE, BLOCKING, FAST)
        .acl(SORTEDSET)
        .keys(1, -2, 1, RW, ACCESS, DELETE)
        .since("5.0.0")
        .complexity("O(log(N))")
        .summary("Takes the member with the lowest score of the first set, or waits for one.")
        .syntax("key [key ...] timeout");
    table
        .command("BZPOPMAX", call -> blockingPop(call, /* max= */ true))
        .arity(-3)
        .flags(WRITE, BLOCKING, FAST)
        .acl(SORTEDSET)
        .keys(1, -2, 1, RW, ACCESS, DELETE)
        .since("5.0.0")
        .complexity("O(log(N))")
        .summary("Takes the member with the highest score of the first set, or waits for one.")
        .syntax("key [key ...] timeout");
    table
        .command("ZMPOP", this::zmpop)
        .arity(-4)
        .flags(WRITE, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(KeySpec.counted(1, RW, ACCESS, DELETE))
        .since("7.0.0")
        .complexity("O(K+log(N)+M), K keys and M members taken")
        .summary("Takes the lowest or highest members of the first set that has any.")
        .syntax("numkeys key [key ...] <MIN | MAX> [COUNT count]");
    table
        .command("BZMPOP", this::bzmpop)
        .arity(-5)
        .flags(WRITE, BLOCKING, MOVABLE_KEYS)
        .acl(SORTEDSET)
        .keys(KeySpec.counted(2, RW, ACCESS, DELETE))
        .since("7.0.0")
        .complexity("O(K+log(N)+M), K keys and M members taken")
        .summary("Takes the lowest or highest members of the first set, or waits for some.")
        .syntax("timeout numkeys key [key ...] <MIN | MAX> [COUNT count]");
  }

  private void pop(Call call, boolean max) {
    if (call.count() > 3) {
      throw Errors.syntax();
    }
    boolean counted = call.count() == 3;
    long asked = counted ? Counts.notNegative(call.arg(2)) : 1;
    Bytes key = call.arg(1);
    SortedSetValue set = SortedSets.find(call, key);
    int count = set == null ? 0 : (int) Math.min(asked, set.size());
    Reply reply = call.reply();
    boolean nested = counted && reply.version() > 2;
    reply.array(nested ? count : 2 * count);
    if (set != null && count > 0) {
      take(call, key, set, max, count, nested);
    }
  }

  /** Replies entries of one end and removes them. */
  private static void take(
      Call call, Bytes key, SortedSetValue set, boolean max, int count, boolean nested) {
    SortedSetValue.Entries entries = set.byRank(0, max);
    for (int i = 0; i < count; i++) {
      entries.next();
      if (nested) {
        call.reply().array(2);
      }
      call.reply().bulk(entries.member());
      call.reply().number(entries.score());
    }
    set.removeRange(max ? set.size() - count : 0, count);
    call.changed(key, EventClass.ZSET, max ? "zpopmax" : "zpopmin");
    SortedSets.deleteIfEmpty(call, key, set);
  }

  private void blockingPop(Call call, boolean max) {
    int last = call.count() - 1;
    long timeout = Waiting.millis(call.arg(last));
    for (int i = 1; i < last; i++) {
      Bytes key = call.arg(i);
      SortedSetValue set = SortedSets.find(call, key);
      if (set != null) {
        call.reply().array(3);
        call.reply().bulk(key);
        take(call, key, set, max, 1, /* nested= */ false);
        call.effect(max ? ZPOPMAX : ZPOPMIN, key);
        return;
      }
    }
    call.block(ValueType.ZSET, Waiting.keys(call.args(), 1, last - 1), timeout, Reply::nilArray);
  }

  private void zmpop(Call call) {
    MultiPop pop = MultiPop.parse(call.args(), 1);
    if (!takeFirst(call, pop)) {
      call.reply().nilArray();
    }
  }

  private void bzmpop(Call call) {
    MultiPop pop = MultiPop.parse(call.args(), 2);
    long timeout = Waiting.millis(call.arg(1));
    if (!takeFirst(call, pop)) {
      List<Bytes> keys = Waiting.keys(call.args(), pop.firstKey, pop.keys);
      call.block(ValueType.ZSET, keys, timeout, Reply::nilArray);
    }
  }

  /** What ZMPOP and BZMPOP are asked for. */
  private record MultiPop(int firstKey, int keys, boolean max, long count) {
    static MultiPop parse(Args args, int at) {
      int keys = Counts.numKeys(args.get(at));
      int where = Counts.indexBehindKeys(args, at, keys);
      boolean max = args.is(where, "MAX");
      if (!max && !args.is(where, "MIN")) {
        throw Errors.syntax();
      }
      return new MultiPop(at + 1, keys, max, Counts.countOption(args, where + 1));
    }
  }

  /** Takes from the first set that has members; false when none has. */
  private static boolean takeFirst(Call call, MultiPop pop) {
    for (int i = pop.firstKey; i < pop.firstKey + pop.keys; i++) {
      Bytes key = call.arg(i);
      SortedSetValue set = SortedSets.find(call, key);
      if (set != null) {
        int count = (int) Math.min(pop.count, set.size());
        call.reply().array(2);
        call.reply().bulk(key);
        call.reply().array(count);
        take(call, key, set, pop.max, count, /* nested= */ true);
        call.effect(pop.max ? ZPOPMAX : ZPOPMIN, key, Bytes.of(count));
        return true;
      }
    }
    return false;
  }
}
