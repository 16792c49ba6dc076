package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.SET;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.SetValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Sets: members without order, and the algebra of several sets. */
final class SetCommands {
  private static final Bytes SREM = Bytes.of("SREM");

  /** How many members one SREM takes that stands for an SPOP. */
  private static final int MEMBERS_PER_EFFECT = 1024;

  /** The set that the command being carried out looks at: they run one at a time. */
  private @Nullable SetValue only;

  /** Declares the group's commands. */
  void declare(CommandTable table) {
    table.group(CommandGroup.SET);
    declareMembers(table);
    declareReads(table);
    declareAlgebra(table);
    declareStores(table);
  }

  private void declareMembers(CommandTable table) {
    write(table, "SADD", this::sadd)
        .arity(-3)
        .flags(DENYOOM, FAST)
        .keys(1, 1, 1, RW, INSERT)
        .since("1.0.0")
        .complexity("O(1) for each member")
        .summary("Adds members to a set, which is created when there is none.")
        .syntax("key member [member ...]");
    write(table, "SREM", this::srem)
        .arity(-3)
        .flags(FAST)
        .keys(1, 1, 1, RW, DELETE)
        .since("1.0.0")
        .complexity("O(N) in the number of members")
        .summary("Removes members; a set without members is deleted.")
        .syntax("key member [member ...]");
    write(table, "SPOP", this::spop)
        .arity(-2)
        .flags(FAST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .tips("nondeterministic_output")
        .since("1.0.0")
        .complexity("O(1) without a count, O(N) in the count with one")
        .summary("Removes members chosen at random and answers them.")
        .syntax("key [count]");
    write(table, "SMOVE", this::smove)
        .arity(4)
        .flags(FAST)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, RW, INSERT)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Moves a member from one set to another.")
        .syntax("source destination member");
  }

  private void declareReads(CommandTable table) {
    read(table, "SISMEMBER", this::sismember)
        .arity(3)
        .flags(FAST)
        .keys(1, 1, 1, RO)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Tells whether a set has a member.")
        .syntax("key member");
    read(table, "SMISMEMBER", this::smismember)
        .arity(-3)
        .flags(FAST)
        .keys(1, 1, 1, RO, ACCESS)
        .since("6.2.0")
        .complexity("O(N) in the number of members")
        .summary("Tells of several members whether a set has them.")
        .syntax("key member [member ...]");
    read(table, "SMEMBERS", this::smembers)
        .arity(2)
        .keys(1, 1, 1, RO, ACCESS)
        .tips("nondeterministic_output_order")
        .since("1.0.0")
        .complexity("O(N) in the size of the set")
        .summary("Answers all members.")
        .syntax("key");
    read(table, "SCARD", this::scard)
        .arity(2)
        .flags(FAST)
        .keys(1, 1, 1, RO)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers how many members a set has.")
        .syntax("key");
    read(table, "SRANDMEMBER", this::srandmember)
        .arity(-2)
        .keys(1, 1, 1, RO, ACCESS)
        .tips("nondeterministic_output")
        .since("1.0.0")
        .complexity("O(1) without a count, O(N) in the count with one")
        .summary("Answers members chosen at random.")
        .syntax("key [count]");
    read(table, "SSCAN", this::sscan)
        .arity(-3)
        .keys(1, 1, 1, RO, ACCESS)
        .tips("nondeterministic_output")
        .since("2.8.0")
        .complexity("O(1) for every call, O(N) for a whole walk")
        .summary("Walks over members, some with every call.")
        .syntax("key cursor [MATCH pattern] [COUNT count]");
  }

  private void declareAlgebra(CommandTable table) {
    read(table, "SINTER", this::sinter)
        .arity(-2)
        .keys(1, -1, 1, RO, ACCESS)
        .tips("nondeterministic_output_order")
        .since("1.0.0")
        .complexity("O(N*M), N members of the smallest of M sets")
        .summary("Answers the members that all sets have.")
        .syntax("key [key ...]");
    read(table, "SINTERCARD", this::sintercard)
        .arity(-3)
        .flags(MOVABLE_KEYS)
        .keys(KeySpec.counted(1, RO, ACCESS))
        .since("7.0.0")
        .complexity("O(N*M), N members of the smallest of M sets")
        .summary("Answers how many members all sets have.")
        .syntax("numkeys key [key ...] [LIMIT limit]");
    read(table, "SUNION", this::sunion)
        .arity(-2)
        .keys(1, -1, 1, RO, ACCESS)
        .tips("nondeterministic_output_order")
        .since("1.0.0")
        .complexity("O(N) in the members of all sets")
        .summary("Answers the members that any of the sets has.")
        .syntax("key [key ...]");
    read(table, "SDIFF", this::sdiff)
        .arity(-2)
        .keys(1, -1, 1, RO, ACCESS)
        .tips("nondeterministic_output_order")
        .since("1.0.0")
        .complexity("O(N) in the members of all sets")
        .summary("Answers the members of the first set that no other has.")
        .syntax("key [key ...]");
  }

  private void declareStores(CommandTable table) {
    write(table, "SINTERSTORE", call -> store(call, "sinterstore", SetCommands::intersection))
        .arity(-3)
        .flags(DENYOOM)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(2, -1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(N*M), N members of the smallest of M sets")
        .summary("Stores the members that all sets have.")
        .syntax("destination key [key ...]");
    write(table, "SUNIONSTORE", call -> store(call, "sunionstore", SetCommands::union))
        .arity(-3)
        .flags(DENYOOM)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(2, -1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(N) in the members of all sets")
        .summary("Stores the members that any of the sets has.")
        .syntax("destination key [key ...]");
    write(table, "SDIFFSTORE", call -> store(call, "sdiffstore", SetCommands::difference))
        .arity(-3)
        .flags(DENYOOM)
        .keys(1, 1, 1, OW, UPDATE)
        .keys(2, -1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(N) in the members of all sets")
        .summary("Stores the members of the first set that no other has.")
        .syntax("destination key [key ...]");
  }

  private static Command write(CommandTable table, String name, Command.Handler handler) {
    return table.command(name, handler).flags(WRITE).acl(SET);
  }

  private static Command read(CommandTable table, String name, Command.Handler handler) {
    return table.command(name, handler).flags(READONLY).acl(SET);
  }

  private static @Nullable SetValue find(Call call, Bytes key) {
    long record = call.find(key, ValueType.SET);
    return record == 0 ? null : open(call, call.database().rootCell(record));
  }

  /** As {@link #find}, with one view for all commands that look at one set only. */
  private @Nullable SetValue findOnly(Call call, Bytes key) {
    long record = call.find(key, ValueType.SET);
    if (record == 0) {
      return null;
    }
    long cell = call.database().rootCell(record);
    SetValue view = only;
    if (view == null) {
      view = open(call, cell);
      only = view;
    }
    return view.at(cell);
  }

  private static SetValue open(Call call, long cell) {
    return new SetValue(call.arena(), cell, call.keyspace().settings().types);
  }

  /**
   * Makes an empty set.
   *
   * @param announced whether it is told at once, not by {@link Database#announce}
   */
  private static SetValue create(Call call, Bytes key, boolean announced) {
    long root = SetValue.create(call.arena());
    try {
      long record =
          announced
              ? call.database().setCollection(key, ValueType.SET, root)
              : call.database().addCollection(key, ValueType.SET, root);
      return open(call, call.database().rootCell(record));
    } catch (OutOfArenaException full) {
      SetValue.free(call.arena(), root);
      throw full;
    }
  }

  private static void reply(Reply reply, SetValue.Member member) {
    if (member.isInteger()) {
      reply.bulk(member.integer());
    } else {
      reply.bulk(member.span());
    }
  }

  // --- members

  private void sadd(Call call) {
    Bytes key = call.arg(1);
    SetValue found = findOnly(call, key);
    SetValue set = found == null ? create(call, key, /* announced= */ true) : found;
    int added = 0;
    // Which ones were new: only several can fail in the middle.
    BitSet fresh = call.count() > 3 ? new BitSet() : null;
    try {
      set.expect(call.arg(2), call.count() - 2);
      for (int i = 2; i < call.count(); i++) {
        if (set.add(call.arg(i))) {
          added++;
          if (fresh != null) {
            fresh.set(i);
          }
        }
      }
    } catch (OutOfArenaException full) {
      if (found == null) {
        call.database().delete(key);
      } else if (fresh != null) {
        fresh.stream().forEach(i -> set.remove(call.arg(i)));
      }
      throw full;
    }
    if (added > 0) {
      call.changed(key, EventClass.SET, "sadd");
    }
    call.reply().integer(added);
  }

  private void srem(Call call) {
    Bytes key = call.arg(1);
    SetValue set = findOnly(call, key);
    int removed = 0;
    for (int i = 2; set != null && i < call.count(); i++) {
      if (set.remove(call.arg(i))) {
        removed++;
      }
    }
    if (set != null && removed > 0) {
      call.changed(key, EventClass.SET, "srem");
      deleteIfEmpty(call, key, set);
    }
    call.reply().integer(removed);
  }

  private static void deleteIfEmpty(Call call, Bytes key, SetValue set) {
    if (set.size() == 0) {
      call.deleteEmptied(key);
    }
  }

  private void smove(Call call) {
    Bytes source = call.arg(1);
    Bytes destination = call.arg(2);
    Bytes member = call.arg(3);
    SetValue from = find(call, source);
    if (from == null) {
      call.reply().integer(0);
      return;
    }
    SetValue to = find(call, destination);
    boolean moves = from.contains(member);
    call.reply().integer(moves ? 1 : 0);
    if (!moves || source.equals(destination)) {
      return;
    }
    SetValue target = to == null ? create(call, destination, /* announced= */ false) : to;
    boolean added;
    try {
      added = target.add(member);
    } catch (OutOfArenaException full) {
      if (to == null) {
        call.database().delete(destination);
      }
      throw full;
    }
    // Creating the other may have moved the record of this one.
    SetValue still = open(call, call.database().rootCell(call.database().peek(source)));
    still.remove(member);
    call.changed(source, EventClass.SET, "srem");
    deleteIfEmpty(call, source, still);
    if (to == null) {
      // The other was made first, as memory may lack for it; it is told of where Redis makes it.
      call.database().announce(destination);
    }
    if (added) {
      call.changed(destination, EventClass.SET, "sadd");
    }
  }

  private void spop(Call call) {
    if (call.count() > 3) {
      throw Errors.syntax();
    }
    Bytes key = call.arg(1);
    if (call.count() == 3) {
      popMany(call, key, Counts.notNegative(call.arg(2)));
      return;
    }
    SetValue set = findOnly(call, key);
    if (set == null) {
      call.reply().nil();
      return;
    }
    SetValue.Member member = set.sampler(call.keyspace()::random).next();
    reply(call.reply(), member);
    Bytes popped = member.bytes();
    set.remove(popped);
    call.effect(SREM, key, popped);
    call.changed(key, EventClass.SET, "spop");
    deleteIfEmpty(call, key, set);
  }

  private static void popMany(Call call, Bytes key, long count) {
    SetValue set = find(call, key);
    if (set == null || count == 0) {
      call.reply().set(0);
      return;
    }
    if (count >= set.size()) {
      members(call.reply(), set);
      call.deletion(key, call.keyspace().settings().lazyReplace);
      call.changed(key, EventClass.SET, "spop");
      call.deleteEmptied(key);
      return;
    }
    call.reply().set((int) count);
    SetValue.Sampler sampler = set.sampler(call.keyspace()::random);
    boolean wantsEffects = call.wantsEffects();
    Bytes[] popped = new Bytes[0];
    for (int i = 0; i < count; i++) {
      SetValue.Member member = sampler.next();
      reply(call.reply(), member);
      Bytes bytes = member.bytes();
      set.remove(bytes);
      if (wantsEffects) {
        int at = i % MEMBERS_PER_EFFECT;
        if (at == 0) {
          popped = new Bytes[2 + (int) Math.min(count - i, MEMBERS_PER_EFFECT)];
          popped[0] = SREM;
          popped[1] = key;
          call.effect(popped);
        }
        popped[2 + at] = bytes.copy();
      }
    }
    call.changed(key, EventClass.SET, "spop");
  }

  // --- reading

  private void sismember(Call call) {
    SetValue set = findOnly(call, call.arg(1));
    call.reply().integer(set != null && set.contains(call.arg(2)) ? 1 : 0);
  }

  private void smismember(Call call) {
    SetValue set = findOnly(call, call.arg(1));
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      call.reply().integer(set != null && set.contains(call.arg(i)) ? 1 : 0);
    }
  }

  private void smembers(Call call) {
    SetValue set = findOnly(call, call.arg(1));
    if (set == null) {
      call.reply().set(0);
    } else {
      members(call.reply(), set);
    }
  }

  private static void members(Reply reply, SetValue set) {
    reply.set((int) set.size());
    SetValue.Members all = set.members();
    while (all.next()) {
      reply(reply, all.member());
    }
  }

  private void scard(Call call) {
    SetValue set = findOnly(call, call.arg(1));
    call.reply().integer(set == null ? 0 : set.size());
  }

  private void srandmember(Call call) {
    if (call.count() > 3) {
      throw Errors.syntax();
    }
    boolean counted = call.count() == 3;
    long count = counted ? Counts.negatable(call.arg(2)) : 1;
    SetValue set = findOnly(call, call.arg(1));
    Reply reply = call.reply();
    if (!counted) {
      if (set == null) {
        reply.nil();
      } else {
        reply(reply, set.sampler(call.keyspace()::random).next());
      }
    } else if (set == null || count == 0) {
      reply.array(0);
    } else if (count < 0) {
      Samples.checkDraws(count);
      reply.array((int) -count);
      SetValue.Sampler sampler = set.sampler(call.keyspace()::random);
      for (long i = count; i < 0; i++) {
        reply(reply, sampler.next());
      }
    } else {
      distinctMembers(call, set, Math.min(count, set.size()));
    }
  }

  private static void distinctMembers(Call call, SetValue set, long count) {
    Reply reply = call.reply();
    reply.array((int) count);
    if (Samples.areFewOf(count, set.size())) {
      Set<Bytes> drawn = new HashSet<>();
      SetValue.Sampler sampler = set.sampler(call.keyspace()::random);
      while (drawn.size() < count) {
        SetValue.Member member = sampler.next();
        if (drawn.add(member.bytes().copy())) {
          reply(reply, member);
        }
      }
      return;
    }
    Samples.Selection selection = new Samples.Selection(count, set.size(), call.keyspace()::random);
    SetValue.Members all = set.members();
    while (all.next()) {
      if (selection.takesNext()) {
        reply(reply, all.member());
      }
    }
  }

  private void sscan(Call call) {
    long cursor = Cursors.parse(call.arg(2));
    SetValue set = findOnly(call, call.arg(1));
    ScanReply found = new ScanReply();
    if (set == null) {
      found.write(call.reply(), 0);
      return;
    }
    ScanOptions options = ScanOptions.parse(call.args(), 3, /* bareWord= */ null);
    long next =
        set.scan(
            cursor,
            options.count(),
            member -> {
              Bytes bytes = member.bytes();
              if (options.matches(bytes)) {
                found.add(bytes.toByteArray());
              }
            });
    found.write(call.reply(), next);
  }

  // --- algebra

  /** Is given the members of a result one by one; says whether it wants more. */
  @FunctionalInterface
  private interface Sink {
    boolean accept(SetValue.Member member);
  }

  /** One of the three operations. */
  @FunctionalInterface
  private interface Operation {
    /**
     * Gives every member of the result once.
     *
     * @param sets the sets, null where there is no such key; they must not change meanwhile
     */
    void apply(@Nullable SetValue[] sets, Sink sink);
  }

  /** The sets under the keys from one index on; all are looked at, so that no wrong type passes. */
  private static @Nullable SetValue[] sets(Call call, int first, int count) {
    @Nullable SetValue[] sets = new SetValue[count];
    for (int i = 0; i < count; i++) {
      long record = call.findToRead(call.arg(first + i), ValueType.SET);
      sets[i] = record == 0 ? null : open(call, call.database().rootCell(record));
    }
    return sets;
  }

  private static void intersection(@Nullable SetValue[] sets, Sink sink) {
    SetValue[] bySize = new SetValue[sets.length];
    for (int i = 0; i < sets.length; i++) {
      SetValue set = sets[i];
      if (set == null) {
        return;
      }
      bySize[i] = set;
    }
    Arrays.sort(bySize, Comparator.comparingLong(SetValue::size));
    SetValue.Members smallest = bySize[0].members();
    while (smallest.next()) {
      if (isInAll(bySize, smallest.member()) && !sink.accept(smallest.member())) {
        return;
      }
    }
  }

  private static boolean isInAll(SetValue[] sets, SetValue.Member member) {
    Bytes bytes = member.bytes();
    for (int i = 1; i < sets.length; i++) {
      if (!sets[i].contains(bytes)) {
        return false;
      }
    }
    return true;
  }

  /** Every set's members that no earlier one has: no result to be kept to know them. */
  private static void union(@Nullable SetValue[] sets, Sink sink) {
    for (int i = 0; i < sets.length; i++) {
      SetValue set = sets[i];
      if (set == null) {
        continue;
      }
      SetValue.Members members = set.members();
      while (members.next()) {
        if (!isInAny(sets, 0, i, members.member()) && !sink.accept(members.member())) {
          return;
        }
      }
    }
  }

  private static void difference(@Nullable SetValue[] sets, Sink sink) {
    SetValue first = sets[0];
    if (first == null) {
      return;
    }
    SetValue.Members members = first.members();
    while (members.next()) {
      if (!isInAny(sets, 1, sets.length, members.member()) && !sink.accept(members.member())) {
        return;
      }
    }
  }

  private static boolean isInAny(
      @Nullable SetValue[] sets, int from, int to, SetValue.Member member) {
    if (from == to) {
      return false;
    }
    Bytes bytes = member.bytes();
    for (int i = from; i < to; i++) {
      SetValue set = sets[i];
      if (set != null && set.contains(bytes)) {
        return true;
      }
    }
    return false;
  }

  private void sinter(Call call) {
    answer(call, SetCommands::intersection);
  }

  private void sunion(Call call) {
    answer(call, SetCommands::union);
  }

  private void sdiff(Call call) {
    answer(call, SetCommands::difference);
  }

  private static void answer(Call call, Operation operation) {
    @Nullable SetValue[] sets = sets(call, 1, call.count() - 1);
    Reply reply = call.reply();
    int mark = reply.deferred();
    int[] members = new int[1];
    operation.apply(
        sets,
        member -> {
          reply(reply, member);
          members[0]++;
          return true;
        });
    reply.resolveSet(mark, members[0]);
  }

  private void sintercard(Call call) {
    long keys = Counts.atLeast(call.arg(1), 1, Errors.err("numkeys should be greater than 0"));
    if (keys > call.count() - 2) {
      throw Errors.err("Number of keys can't be greater than number of args");
    }
    long limit = 0;
    for (int i = 2 + (int) keys; i < call.count(); i += 2) {
      if (!call.args().is(i, "LIMIT") || i + 1 == call.count()) {
        throw Errors.syntax();
      }
      limit = Counts.atLeast(call.arg(i + 1), 0, Errors.err("LIMIT can't be negative"));
    }
    long most = limit == 0 ? Long.MAX_VALUE : limit;
    long[] members = new long[1];
    intersection(sets(call, 2, (int) keys), member -> ++members[0] < most);
    call.reply().integer(members[0]);
  }

  /** Makes the destination hold a result, or not exist when that is empty. */
  private static void store(Call call, String event, Operation operation) {
    @Nullable SetValue[] sets = sets(call, 2, call.count() - 2);
    Bytes destination = call.arg(1);
    Arena arena = call.arena();
    long cell = arena.allocate(8);
    long root = 0;
    long size;
    try {
      root = SetValue.create(arena);
      arena.putLong(cell, root);
      SetValue result = open(call, cell);
      operation.apply(
          sets,
          member -> {
            result.add(member.bytes());
            return true;
          });
      root = arena.getLong(cell);
      size = result.size();
      if (size > 0) {
        call.database().setCollection(destination, ValueType.SET, root);
        root = 0;
      }
    } finally {
      if (root != 0) {
        SetValue.free(arena, arena.getLong(cell));
      }
      arena.free(cell);
    }
    if (size > 0) {
      call.changed(destination, EventClass.SET, event);
    } else if (call.database().delete(destination)) {
      call.changed(destination, EventClass.GENERIC, "del");
    }
    call.reply().integer(size);
  }
}
