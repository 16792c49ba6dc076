package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.HASH;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.datatype.HashValue;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.memory.Span;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.Reply;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Hashes: fields and their values under one key. */
final class HashCommands {
  /** What the number of a draw takes: there are at most 4 Mi. */
  private static final int DRAW_BITS = 23;

  private static final Bytes HSET = Bytes.of("HSET");
  private static final Bytes HSETEX = Bytes.of("HSETEX");
  private static final Bytes KEEPTTL = Bytes.of("KEEPTTL");
  private static final Bytes FIELDS = Bytes.of("FIELDS");
  private static final Bytes ONE = Bytes.of(1);

  private final Hashes hashes;

  HashCommands(Hashes hashes) {
    this.hashes = hashes;
  }

  /** Declares the group's commands. */
  void declare(CommandTable table) {
    table.group(CommandGroup.HASH);
    declareWrites(table);
    declareReads(table);
    declareWalks(table);
  }

  private void declareWrites(CommandTable table) {
    write(table, "HSET", this::hset)
        .arity(-4)
        .flags(DENYOOM, FAST)
        .keys(1, 1, 1, RW, UPDATE)
        .since("2.0.0")
        .complexity("O(1) for each field")
        .summary("Sets fields of a hash, which is created when there is none.")
        .syntax("key field value [field value ...]");
    write(table, "HMSET", this::hset)
        .arity(-4)
        .flags(DENYOOM, FAST)
        .keys(1, 1, 1, RW, UPDATE)
        .since("2.0.0")
        .complexity("O(N) in the number of fields")
        .summary("Sets fields of a hash; HSET took its place.")
        .syntax("key field value [field value ...]");
    write(table, "HSETNX", this::hsetnx)
        .arity(4)
        .flags(DENYOOM, FAST)
        .keys(1, 1, 1, RW, INSERT)
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Sets a field of a hash unless the field exists.")
        .syntax("key field value");
    write(table, "HINCRBY", this::hincrby)
        .arity(4)
        .flags(DENYOOM, FAST)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Adds to the integer in a field of a hash; a missing one counts as 0.")
        .syntax("key field increment");
    write(table, "HINCRBYFLOAT", this::hincrbyfloat)
        .arity(4)
        .flags(DENYOOM, FAST)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("2.6.0")
        .complexity("O(1)")
        .summary("Adds to the floating-point number in a field; a missing one counts as 0.")
        .syntax("key field increment");
    write(table, "HDEL", this::hdel)
        .arity(-3)
        .flags(FAST)
        .keys(1, 1, 1, RW, DELETE)
        .since("2.0.0")
        .complexity("O(N) in the number of fields")
        .summary("Removes fields; a hash without fields is deleted.")
        .syntax("key field [field ...]");
  }

  private void declareReads(CommandTable table) {
    read(table, "HGET", this::hget)
        .arity(3)
        .flags(FAST)
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Answers the value of a field.")
        .syntax("key field");
    read(table, "HMGET", this::hmget)
        .arity(-3)
        .flags(FAST)
        .since("2.0.0")
        .complexity("O(N) in the number of fields")
        .summary("Answers the values of several fields.")
        .syntax("key field [field ...]");
    look(table, "HEXISTS", this::hexists)
        .arity(3)
        .flags(FAST)
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Tells whether a hash has a field.")
        .syntax("key field");
    look(table, "HLEN", this::hlen)
        .arity(2)
        .flags(FAST)
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Answers how many fields a hash has.")
        .syntax("key");
    look(table, "HSTRLEN", this::hstrlen)
        .arity(3)
        .flags(FAST)
        .since("3.2.0")
        .complexity("O(1)")
        .summary("Answers how many bytes the value of a field has.")
        .syntax("key field");
  }

  private void declareWalks(CommandTable table) {
    read(table, "HGETALL", call -> all(call, Part.BOTH))
        .arity(2)
        .tips("nondeterministic_output_order")
        .since("2.0.0")
        .complexity("O(N) in the size of the hash")
        .summary("Answers all fields and their values.")
        .syntax("key");
    read(table, "HKEYS", call -> all(call, Part.FIELD))
        .arity(2)
        .tips("nondeterministic_output_order")
        .since("2.0.0")
        .complexity("O(N) in the size of the hash")
        .summary("Answers all fields.")
        .syntax("key");
    read(table, "HVALS", call -> all(call, Part.VALUE))
        .arity(2)
        .tips("nondeterministic_output_order")
        .since("2.0.0")
        .complexity("O(N) in the size of the hash")
        .summary("Answers all values.")
        .syntax("key");
    read(table, "HRANDFIELD", this::hrandfield)
        .arity(-2)
        .tips("nondeterministic_output")
        .since("6.2.0")
        .complexity("O(N) in the number of fields answered")
        .summary("Answers fields chosen at random.")
        .syntax("key [count [WITHVALUES]]");
    read(table, "HSCAN", this::hscan)
        .arity(-3)
        .tips("nondeterministic_output")
        .since("2.8.0")
        .complexity("O(1) for every call, O(N) for a whole walk")
        .summary("Walks over fields and their values, some with every call.")
        .syntax("key cursor [MATCH pattern] [COUNT count] [NOVALUES]");
  }

  private static Command write(CommandTable table, String name, Command.Handler handler) {
    return table.command(name, handler).flags(WRITE).acl(HASH);
  }

  /** Looks at a hash without answering anything that it holds. */
  private static Command look(CommandTable table, String name, Command.Handler handler) {
    return table.command(name, handler).flags(READONLY).acl(HASH).keys(1, 1, 1, RO);
  }

  private static Command read(CommandTable table, String name, Command.Handler handler) {
    return table.command(name, handler).flags(READONLY).acl(HASH).keys(1, 1, 1, RO, ACCESS);
  }

  // --- writing

  private void hset(Call call) {
    if (call.count() % 2 != 0) {
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }
    int added = hashes.put(call, hashes.findToWrite(call), 2, Hashes.Deadlines.CLEAR);
    call.changed(call.arg(1), EventClass.HASH, "hset");
    if (call.command().name().equals("HMSET")) {
      call.reply().ok();
    } else {
      call.reply().integer(added);
    }
  }

  private void hsetnx(Call call) {
    HashValue hash = hashes.findToWrite(call);
    if (hash != null && hash.contains(call.arg(2))) {
      call.reply().integer(0);
      return;
    }
    hashes.put(call, hash, 2, Hashes.Deadlines.CLEAR);
    call.changed(call.arg(1), EventClass.HASH, "hset");
    call.reply().integer(1);
  }

  private void hincrby(Call call) {
    long increment = call.args().integer(3);
    HashValue hash = hashes.findToWrite(call);
    Span span = hashes.span(call);
    long value = 0;
    if (hash != null && hash.get(call.arg(2), span)) {
      value = Numbers.parseLong(span.toBytes(), Errors.err("hash value is not an integer"));
    }
    long sum = value + increment;
    if (((value ^ sum) & (increment ^ sum)) < 0) {
      throw Errors.err("increment or decrement would overflow");
    }
    set(call, hash, Bytes.of(sum));
    call.changed(call.arg(1), EventClass.HASH, "hincrby");
    call.reply().integer(sum);
  }

  private void hincrbyfloat(Call call) {
    LongDouble increment = LongDouble.parse(call.arg(3));
    if (!increment.isFinite()) {
      throw Errors.err("value is NaN or Infinity");
    }
    HashValue hash = hashes.findToWrite(call);
    Span span = hashes.span(call);
    LongDouble value = LongDouble.ZERO;
    if (hash != null && hash.get(call.arg(2), span)) {
      value = floatIn(span);
    }
    LongDouble sum = value.plus(increment);
    if (!sum.isFinite()) {
      throw Errors.err("increment would produce NaN or Infinity");
    }
    Bytes text = Bytes.of(sum.toString());
    set(call, hash, text);
    call.changed(call.arg(1), EventClass.HASH, "hincrbyfloat");
    if (hash != null && hash.deadline(call.arg(2)) != HashValue.NEVER) {
      call.effect(HSETEX, call.arg(1), KEEPTTL, FIELDS, ONE, call.arg(2), text);
    } else {
      call.effect(HSET, call.arg(1), call.arg(2), text);
    }
    call.reply().bulk(text);
  }

  private static LongDouble floatIn(Span value) {
    try {
      return LongDouble.parse(value.toBytes());
    } catch (CommandException e) {
      throw Errors.err("hash value is not a float");
    }
  }

  /** Sets the field that word 2 names, which keeps its deadline. */
  private void set(Call call, @Nullable HashValue found, Bytes value) {
    HashValue hash = found == null ? hashes.create(call) : found;
    try {
      hash.putKeepingDeadline(call.arg(2), value);
    } catch (OutOfArenaException full) {
      if (found == null) {
        call.database().delete(call.arg(1));
      }
      throw full;
    }
  }

  private void hdel(Call call) {
    HashValue hash = hashes.findToWrite(call);
    int removed = 0;
    for (int i = 2; hash != null && i < call.count(); i++) {
      if (hash.remove(call.arg(i))) {
        removed++;
      }
    }
    if (hash != null && removed > 0) {
      call.changed(call.arg(1), EventClass.HASH, "hdel");
      hashes.deleteIfEmptied(call, hash);
    }
    call.reply().integer(removed);
  }

  // --- reading

  private void hget(Call call) {
    HashValue hash = hashes.find(call);
    value(call.reply(), hash, call.arg(2), hashes.span(call));
  }

  private void hmget(Call call) {
    HashValue hash = hashes.find(call);
    Span span = hashes.span(call);
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      value(call.reply(), hash, call.arg(i), span);
    }
  }

  private static void value(Reply reply, @Nullable HashValue hash, Bytes field, Span span) {
    if (hash != null && hash.get(field, span)) {
      reply.bulk(span);
    } else {
      reply.nil();
    }
  }

  private void hexists(Call call) {
    HashValue hash = hashes.find(call);
    call.reply().integer(hash != null && hash.contains(call.arg(2)) ? 1 : 0);
  }

  private void hlen(Call call) {
    HashValue hash = hashes.find(call);
    call.reply().integer(hash == null ? 0 : hash.size());
  }

  private void hstrlen(Call call) {
    HashValue hash = hashes.find(call);
    Span span = hashes.span(call);
    call.reply().integer(hash != null && hash.get(call.arg(2), span) ? span.length() : 0);
  }

  // --- walking

  /** What of every field to answer. */
  private enum Part {
    FIELD,
    VALUE,
    BOTH
  }

  private void all(Call call, Part part) {
    HashValue hash = hashes.find(call);
    Reply reply = call.reply();
    int size = hash == null ? 0 : (int) hash.size();
    if (part == Part.BOTH) {
      reply.map(size);
    } else {
      reply.array(size);
    }
    if (hash == null) {
      return;
    }
    HashValue.Entries entries = hash.entries();
    while (entries.next()) {
      if (part != Part.VALUE) {
        reply.bulk(entries.field());
      }
      if (part != Part.FIELD) {
        reply.bulk(entries.value());
      }
    }
  }

  private void hrandfield(Call call) {
    if (call.count() == 2) {
      HashValue hash = hashes.find(call);
      if (hash == null || hash.size() == 0) {
        call.reply().nil();
        return;
      }
      Span field = new Span(call.arena());
      hash.randomEntry(call.keyspace()::random, field, new Span(call.arena()));
      call.reply().bulk(field);
      return;
    }
    long count = Counts.negatable(call.arg(2));
    boolean withValues = call.count() == 4 && call.args().is(3, "WITHVALUES");
    if (call.count() > 3 && !withValues) {
      throw Errors.syntax();
    }
    if (withValues && Math.abs(count) > Long.MAX_VALUE / 2) {
      throw Errors.err("value is out of range");
    }
    HashValue hash = hashes.find(call);
    if (hash == null || count == 0 || hash.size() == 0) {
      call.reply().array(0);
    } else if (count < 0) {
      Samples.checkDraws(count);
      randomFields(call, hash, (int) -count, withValues);
    } else {
      distinctFields(call, hash, Math.min(count, hash.size()), withValues);
    }
  }

  private static void header(Reply reply, int count, boolean withValues) {
    reply.array(withValues && reply.version() < 3 ? 2 * count : count);
  }

  private static void entry(Reply reply, Span field, Span value, boolean withValues) {
    if (withValues && reply.version() >= 3) {
      reply.array(2);
    }
    reply.bulk(field);
    if (withValues) {
      reply.bulk(value);
    }
  }

  /** Any field may come several times. */
  private static void randomFields(Call call, HashValue hash, int count, boolean withValues) {
    header(call.reply(), count, withValues);
    if (hash.isMostlyDue()) {
      randomFieldsInOnePass(call, hash, count, withValues);
      return;
    }
    Span field = new Span(call.arena());
    Span value = new Span(call.arena());
    for (int i = 0; i < count; i++) {
      hash.randomEntry(call.keyspace()::random, field, value);
      entry(call.reply(), field, value, withValues);
    }
  }

  /** Draws all places before it looks at what is there. */
  private static void randomFieldsInOnePass(
      Call call, HashValue hash, int count, boolean withValues) {
    long size = hash.size();
    long[] draws = new long[count];
    for (int i = 0; i < count; i++) {
      // The place decides the order, and which draw it was goes with it.
      draws[i] = Math.floorMod(call.keyspace().random(), size) << DRAW_BITS | i;
    }
    Arrays.sort(draws);
    Bytes[] fields = new Bytes[count];
    Bytes[] values = new Bytes[count];
    HashValue.Entries entries = hash.entries();
    Bytes field = Bytes.EMPTY;
    Bytes value = Bytes.EMPTY;
    long place = -1;
    for (long draw : draws) {
      if (draw >>> DRAW_BITS > place) {
        for (; draw >>> DRAW_BITS > place; place++) {
          entries.next();
        }
        field = entries.field().toBytes();
        value = withValues ? entries.value().toBytes() : Bytes.EMPTY;
      }
      int drawn = (int) (draw & ((1L << DRAW_BITS) - 1));
      fields[drawn] = field;
      values[drawn] = value;
    }
    for (int i = 0; i < count; i++) {
      if (withValues && call.reply().version() >= 3) {
        call.reply().array(2);
      }
      call.reply().bulk(fields[i]);
      if (withValues) {
        call.reply().bulk(values[i]);
      }
    }
  }

  private static void distinctFields(Call call, HashValue hash, long count, boolean withValues) {
    header(call.reply(), (int) count, withValues);
    if (Samples.areFewOf(count, hash.size()) && !hash.isMostlyDue()) {
      Set<Bytes> drawn = new HashSet<>();
      Span field = new Span(call.arena());
      Span value = new Span(call.arena());
      while (drawn.size() < count) {
        hash.randomEntry(call.keyspace()::random, field, value);
        if (drawn.add(field.toBytes())) {
          entry(call.reply(), field, value, withValues);
        }
      }
      return;
    }
    Samples.Selection selection =
        new Samples.Selection(count, hash.size(), call.keyspace()::random);
    HashValue.Entries entries = hash.entries();
    while (entries.next()) {
      if (selection.takesNext()) {
        entry(call.reply(), entries.field(), entries.value(), withValues);
      }
    }
  }

  private void hscan(Call call) {
    long cursor = Cursors.parse(call.arg(2));
    HashValue hash = hashes.find(call);
    Reply reply = call.reply();
    if (hash == null) {
      ScanOptions.replyCursor(reply, 0);
      reply.array(0);
      return;
    }
    ScanOptions options = ScanOptions.parse(call.args(), 3, "NOVALUES");
    ScanReply found = new ScanReply();
    long next =
        hash.scan(
            cursor,
            options.count(),
            (field, value) -> {
              if (options.matches(field)) {
                found.add(field.toByteArray());
                if (!options.bare()) {
                  found.add(value.toByteArray());
                }
              }
            });
    found.write(reply, next);
  }
}
