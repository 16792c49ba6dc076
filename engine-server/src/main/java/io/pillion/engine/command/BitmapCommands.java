package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.BITMAP;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;
import static io.pillion.engine.dispatch.KeySpec.Flag.VARIABLE_FLAGS;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The bitmap group: a string as an array of bits. Bit 0 is the highest of the first byte; past the
 * end all bits are zero.
 */
final class BitmapCommands {
  /** Strings are combined so many bytes at a time. */
  private static final int CHUNK_BYTES = 16 << 10;

  private final Parameters parameters;

  BitmapCommands(Parameters parameters) {
    this.parameters = parameters;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.BITMAP);
    table
        .command("SETBIT", this::setbit)
        .arity(4)
        .flags(WRITE, DENYOOM)
        .acl(BITMAP)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("2.2.0")
        .complexity("O(1) and the bytes to be filled with zeros")
        .summary("Sets or clears a bit and answers what it was.")
        .syntax("key offset value");
    table
        .command("GETBIT", this::getbit)
        .arity(3)
        .flags(READONLY, FAST)
        .acl(BITMAP)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.2.0")
        .complexity("O(1)")
        .summary("Reads a bit.")
        .syntax("key offset");
    table
        .command("BITCOUNT", this::bitcount)
        .arity(-2)
        .flags(READONLY)
        .acl(BITMAP)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.6.0")
        .complexity("O(N) in the bytes looked at")
        .summary("Counts the bits that are set.")
        .syntax("key [start [end [BYTE | BIT]]]");
    table
        .command("BITPOS", this::bitpos)
        .arity(-3)
        .flags(READONLY)
        .acl(BITMAP)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.8.7")
        .complexity("O(N) in the bytes looked at")
        .summary("Finds the first bit that is set, or that is clear.")
        .syntax("key bit [start [end [BYTE | BIT]]]");
    table
        .command("BITOP", this::bitop)
        .arity(-4)
        .flags(WRITE, DENYOOM)
        .acl(BITMAP)
        .keys(2, 2, 1, OW, UPDATE)
        .keys(3, -1, 1, RO, ACCESS)
        .since("2.6.0")
        .complexity("O(N) in the bytes of all strings")
        .summary("Combines strings bit by bit and stores the result.")
        .syntax("<AND | OR | XOR | NOT> destkey key [key ...]");
    table
        .command("BITFIELD", this::bitfield)
        .arity(-2)
        .flags(WRITE, DENYOOM)
        .acl(BITMAP)
        .keys(1, 1, 1, RW, ACCESS, UPDATE, VARIABLE_FLAGS)
        .keyFlags(BitmapCommands::bitfieldKeyFlags)
        .since("3.2.0")
        .complexity("O(1) for each operation")
        .summary("Reads and writes integers of any width within a string.")
        .syntax(
            "key [<GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>]"
                + " <SET encoding offset value | INCRBY encoding offset increment>> ...]");
    table
        .command("BITFIELD_RO", this::bitfieldRo)
        .arity(-2)
        .flags(READONLY, FAST)
        .acl(BITMAP)
        .keys(1, 1, 1, RO, ACCESS)
        .since("6.0.0")
        .complexity("O(1) for each operation")
        .summary("Reads integers of any width within a string.")
        .syntax("key [GET encoding offset ...]");
  }

  // --- one bit

  private void setbit(Call call) {
    long offset = bitOffset(call.arg(2), /* elementBits= */ 0);
    long bit = Numbers.parseLong(call.arg(3), Errors.err("bit is not an integer or out of range"));
    if (bit != 0 && bit != 1) {
      throw Errors.err("bit is not an integer or out of range");
    }
    Bytes key = call.arg(1);
    long record = call.find(key, ValueType.STRING);
    boolean grows = grows(call, record, offset);
    record = withRoom(call, key, record, offset);
    long old = BitField.read(call.arena(), call.database().stringAddress(record), offset, 1);
    if (grows || old != bit) {
      long address = call.database().writableString(record);
      BitField.write(call.arena(), address, offset, 1, bit);
      call.changed(key, EventClass.STRING, "setbit");
    }
    call.reply().integer(old);
  }

  private void getbit(Call call) {
    long offset = bitOffset(call.arg(2), /* elementBits= */ 0);
    long record = call.find(call.arg(1), ValueType.STRING);
    call.reply().integer(read(call, record, offset, 1));
  }

  /**
   * The word as the number of a bit.
   *
   * @param elementBits how wide the elements are that {@code #} counts; 0 when it is not allowed
   */
  private long bitOffset(Bytes word, int elementBits) {
    CommandException refusal = Errors.err("bit offset is not an integer or out of range");
    boolean counts = elementBits > 0 && !word.isEmpty() && word.get(0) == '#';
    long offset;
    if (counts) {
      offset = Numbers.parseLong(word.slice(1, word.length()), refusal);
      if (Math.multiplyHigh(offset, elementBits) != 0) {
        throw refusal;
      }
      offset *= elementBits;
    } else {
      offset = Numbers.parseLong(word, refusal);
    }
    // The length of a string is an int, whatever the parameter allows.
    long mostBytes = Math.min(parameters.number("proto-max-bulk-len"), Integer.MAX_VALUE - 64);
    if (offset < 0 || offset >>> 3 >= mostBytes) {
      throw refusal;
    }
    return offset;
  }

  private static boolean grows(Call call, long record, long lastBit) {
    return record == 0 || lastBit >>> 3 >= call.database().stringLength(record);
  }

  /** The record, in which there is this bit: a string is created, or zeros are added. */
  private static long withRoom(Call call, Bytes key, long record, long lastBit) {
    Database database = call.database();
    int least = (int) (lastBit >>> 3) + 1;
    int length = record == 0 ? 0 : database.stringLength(record);
    int newLength = Math.max(least, length);
    long roomy =
        record == 0
            ? database.setStringOfLength(key, newLength)
            : database.resizeString(record, newLength, /* growing= */ newLength > length);
    call.arena().clear(database.stringAddress(roomy) + length, newLength - length);
    return roomy;
  }

  /** Bits of a string that may be shorter, or not there at all. */
  private static long read(Call call, long record, long offset, int bits) {
    Database database = call.database();
    long present = record == 0 ? 0 : (long) database.stringLength(record) << 3;
    int readable = (int) Math.max(0, Math.min(bits, present - offset));
    return readable == 0
        ? 0
        : BitField.read(call.arena(), database.stringAddress(record), offset, readable)
            << (bits - readable);
  }

  // --- counting and searching

  private void bitcount(Call call) {
    int count = call.count();
    if (count > 5) {
      throw Errors.syntax();
    }
    long start = count > 2 ? call.args().integer(2) : 0;
    long end = count > 3 ? call.args().integer(3) : -1;
    boolean inBits = count == 5 && isInBits(call, 4);
    long record = call.find(call.arg(1), ValueType.STRING);
    if (record == 0 || (start < 0 && end < 0 && start > end)) {
      call.reply().integer(0);
      return;
    }
    long length = call.database().stringLength(record);
    long units = inBits ? length << 3 : length;
    long from = first(start, units);
    long to = last(end, units) + 1;
    if (from >= to) {
      call.reply().integer(0);
      return;
    }
    if (!inBits) {
      from <<= 3;
      to <<= 3;
    }
    long address = call.database().stringAddress(record);
    call.reply().integer(BitField.count(call.arena(), address, from, to));
  }

  private void bitpos(Call call) {
    int count = call.count();
    long bit = call.args().integer(2);
    if (bit != 0 && bit != 1) {
      throw Errors.err("The bit argument must be 1 or 0.");
    }
    if (count > 6) {
      throw Errors.syntax();
    }
    long start = count > 3 ? call.args().integer(3) : 0;
    boolean inBits = count == 6 && isInBits(call, 5);
    boolean endGiven = count > 4;
    long end = endGiven ? call.args().integer(4) : -1;
    long record = call.find(call.arg(1), ValueType.STRING);
    if (record == 0) {
      call.reply().integer(bit == 0 ? 0 : -1);
      return;
    }
    long length = call.database().stringLength(record);
    long units = inBits ? length << 3 : length;
    long from = first(start, units);
    long to = last(end, units) + 1;
    if (from >= to) {
      call.reply().integer(-1);
      return;
    }
    if (!inBits) {
      from <<= 3;
      to <<= 3;
    }
    long address = call.database().stringAddress(record);
    long found = BitField.find(call.arena(), address, from, to, bit == 1);
    // Zeros follow the end of the string, but not an end that was asked for.
    call.reply().integer(found < 0 && bit == 0 && !endGiven ? to : found);
  }

  private static boolean isInBits(Call call, int index) {
    if (call.args().is(index, "BIT")) {
      return true;
    }
    if (call.args().is(index, "BYTE")) {
      return false;
    }
    throw Errors.syntax();
  }

  private static long first(long start, long units) {
    return Math.max(0, start < 0 ? start + units : start);
  }

  private static long last(long end, long units) {
    return Math.min(units - 1, Math.max(0, end < 0 ? end + units : end));
  }

  // --- BITOP

  private enum Operation {
    AND,
    OR,
    XOR,
    NOT
  }

  private void bitop(Call call) {
    Operation operation = operation(call);
    if (operation == Operation.NOT && call.count() != 4) {
      throw Errors.err("BITOP NOT must be called with a single source key.");
    }
    Database database = call.database();
    Bytes destination = call.arg(2);
    long[] sources = new long[call.count() - 3];
    boolean ontoItself = false;
    int length = 0;
    for (int i = 0; i < sources.length; i++) {
      Bytes key = call.arg(3 + i);
      sources[i] = call.findToRead(key, ValueType.STRING);
      if (sources[i] != 0) {
        ontoItself |= key.equals(destination);
        length = Math.max(length, database.stringLength(sources[i]));
      }
    }
    if (length == 0) {
      if (database.delete(destination)) {
        call.changed(destination, EventClass.GENERIC, "del");
      }
    } else {
      int[] lengths = new int[sources.length];
      for (int i = 0; i < sources.length; i++) {
        lengths[i] = sources[i] == 0 ? 0 : database.stringLength(sources[i]);
      }
      long target = target(database, destination, sources, ontoItself, length);
      combine(call, operation, sources, lengths, database.writableString(target), length);
      call.changed(destination, EventClass.STRING, "set");
    }
    call.reply().integer(length);
  }

  private static Operation operation(Call call) {
    for (Operation operation : Operation.values()) {
      if (call.args().is(1, operation.name())) {
        return operation;
      }
    }
    throw Errors.syntax();
  }

  /** Where the result goes; a source that is the destination is made as long, and stays. */
  private static long target(
      Database database, Bytes destination, long[] sources, boolean ontoItself, int length) {
    if (!ontoItself) {
      return database.setStringOfLength(destination, length);
    }
    long before = database.peek(destination);
    int lengthBefore = database.stringLength(before);
    long target = database.resizeString(before, length, /* growing= */ false);
    try {
      target = database.expireAt(target, Database.NEVER);
    } catch (OutOfArenaException e) {
      database.resizeString(target, lengthBefore, /* growing= */ false);
      throw e;
    }
    for (int i = 0; i < sources.length; i++) {
      if (sources[i] == before) {
        sources[i] = target;
      }
    }
    return target;
  }

  /** Chunk by chunk: each is read from all sources before it is written. */
  private static void combine(
      Call call, Operation operation, long[] sources, int[] lengths, long target, int length) {
    byte[] result = new byte[Math.min(length, CHUNK_BYTES)];
    byte[] operand = new byte[result.length];
    for (int at = 0; at < length; at += CHUNK_BYTES) {
      int size = Math.min(CHUNK_BYTES, length - at);
      readChunk(call, sources[0], lengths[0], at, result, size);
      if (operation == Operation.NOT) {
        for (int i = 0; i < size; i++) {
          result[i] = (byte) ~result[i];
        }
      }
      for (int i = 1; i < sources.length; i++) {
        readChunk(call, sources[i], lengths[i], at, operand, size);
        combine(operation, result, operand, size);
      }
      call.arena().copyIn(target + at, result, 0, size);
    }
  }

  /** The bytes of a source from an index on, and zeros where it has none. */
  private static void readChunk(
      Call call, long record, int length, int at, byte[] chunk, int size) {
    int present = Math.max(0, Math.min(size, length - at));
    if (present > 0) {
      call.arena().copyOut(call.database().stringAddress(record) + at, chunk, 0, present);
    }
    Arrays.fill(chunk, present, size, (byte) 0);
  }

  /** Plain loops over bytes: the compiler makes vectors of them. */
  private static void combine(Operation operation, byte[] result, byte[] operand, int size) {
    switch (operation) {
      case AND -> {
        for (int i = 0; i < size; i++) {
          result[i] &= operand[i];
        }
      }
      case OR -> {
        for (int i = 0; i < size; i++) {
          result[i] |= operand[i];
        }
      }
      case XOR -> {
        for (int i = 0; i < size; i++) {
          result[i] ^= operand[i];
        }
      }
      case NOT -> throw new IllegalStateException("NOT takes one source");
    }
  }

  // --- BITFIELD

  private static Set<KeySpec.Flag> bitfieldKeyFlags(Args words) {
    Set<KeySpec.Flag> writing = Set.of(RW, ACCESS, UPDATE);
    for (int i = 2; i < words.count(); ) {
      int rest = words.count() - i - 1;
      if (words.is(i, "GET") && rest >= 2) {
        i += 3;
      } else if (words.is(i, "OVERFLOW") && rest >= 1) {
        i += 2;
      } else {
        return writing;
      }
    }
    return Set.of(RO, ACCESS);
  }

  private enum Verb {
    GET,
    SET,
    INCRBY
  }

  /** One operation of a BITFIELD. */
  private record Step(
      Verb verb, BitField field, long offset, long operand, BitField.Overflow overflow) {}

  private void bitfield(Call call) {
    carryOut(call, steps(call));
  }

  private void bitfieldRo(Call call) {
    List<Step> steps = steps(call);
    if (steps.stream().anyMatch(step -> step.verb != Verb.GET)) {
      throw Errors.err("BITFIELD_RO only supports the GET subcommand");
    }
    carryOut(call, steps);
  }

  private List<Step> steps(Call call) {
    Args args = call.args();
    List<Step> steps = new ArrayList<>();
    BitField.Overflow overflow = BitField.Overflow.WRAP;
    for (int i = 2; i < call.count(); ) {
      int rest = call.count() - i - 1;
      if (args.is(i, "OVERFLOW") && rest >= 1) {
        overflow = overflow(args, i + 1);
        i += 2;
        continue;
      }
      Verb verb = verb(args, i, rest);
      BitField field = BitField.parse(call.arg(i + 1));
      long offset = bitOffset(call.arg(i + 2), field.bits());
      long operand = verb == Verb.GET ? 0 : args.integer(i + 3);
      steps.add(new Step(verb, field, offset, operand, overflow));
      i += verb == Verb.GET ? 3 : 4;
    }
    return steps;
  }

  private static Verb verb(Args args, int index, int rest) {
    if (args.is(index, "GET") && rest >= 2) {
      return Verb.GET;
    }
    if (args.is(index, "SET") && rest >= 3) {
      return Verb.SET;
    }
    if (args.is(index, "INCRBY") && rest >= 3) {
      return Verb.INCRBY;
    }
    throw Errors.syntax();
  }

  private static BitField.Overflow overflow(Args args, int index) {
    for (BitField.Overflow overflow : BitField.Overflow.values()) {
      if (args.is(index, overflow.name())) {
        return overflow;
      }
    }
    throw Errors.err("Invalid OVERFLOW type specified");
  }

  private static void carryOut(Call call, List<Step> steps) {
    Bytes key = call.arg(1);
    boolean reads = steps.stream().allMatch(step -> step.verb == Verb.GET);
    long record = reads ? call.findToRead(key, ValueType.STRING) : call.find(key, ValueType.STRING);
    long lastBit = -1;
    for (Step step : steps) {
      if (step.verb != Verb.GET) {
        lastBit = Math.max(lastBit, step.offset + step.field.bits() - 1);
      }
    }
    boolean changes = false;
    if (lastBit >= 0) {
      changes = grows(call, record, lastBit);
      record = withRoom(call, key, record, lastBit);
    }
    call.reply().array(steps.size());
    for (Step step : steps) {
      changes |= carryOut(call, record, step);
    }
    if (changes) {
      call.changed(key, EventClass.STRING, "setbit");
    }
  }

  /** Answers one operation; true when it changed something. */
  private static boolean carryOut(Call call, long record, Step step) {
    BitField field = step.field;
    long old = field.extend(read(call, record, step.offset, field.bits()));
    if (step.verb == Verb.GET) {
      call.reply().integer(old);
      return false;
    }
    long base = step.verb == Verb.SET ? step.operand : old;
    long increment = step.verb == Verb.SET ? 0 : step.operand;
    int over = field.overflow(base, increment);
    if (over != 0 && step.overflow == BitField.Overflow.FAIL) {
      call.reply().nil();
      return false;
    }
    long value =
        over == 0 ? base + increment : field.confine(base + increment, over, step.overflow);
    call.reply().integer(step.verb == Verb.SET ? old : value);
    Arena arena = call.arena();
    if (old == value) {
      return false;
    }
    long address = call.database().writableString(record);
    BitField.write(arena, address, step.offset, field.bits(), value);
    return true;
  }
}
