package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.HYPERLOGLOG;
import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.MAY_REPLICATE;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.datatype.HyperLogLog;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.util.Locale;

/** The hyperloglog group: a string estimates how many different elements it was given. */
final class HyperLogLogCommands {
  private static final Bytes PFCOUNT = Bytes.of("PFCOUNT");
  private static final int SELF_TEST_ELEMENTS = 1_000_000;

  /** Spreads the numbers that are tried over all digits. */
  private static final long SELF_TEST_STEP = 0x9E37_79B9_7F4A_7C15L;

  /** Six standard deviations of the estimate. */
  private static final double MAX_SELF_TEST_ERROR = 6 * 1.04 / 128;

  private final Parameters parameters;

  /** Where strings are worked on before they are stored: commands run one at a time. */
  private final HyperLogLog hyperLogLog = new HyperLogLog();

  HyperLogLogCommands(Parameters parameters) {
    this.parameters = parameters;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.HYPERLOGLOG);
    table
        .command("PFADD", this::pfadd)
        .arity(-2)
        .flags(WRITE, DENYOOM, FAST)
        .acl(HYPERLOGLOG)
        .keys(1, 1, 1, RW, INSERT)
        .since("2.8.9")
        .complexity("O(1) for each element")
        .summary("Adds elements to a HyperLogLog, which it creates if need be.")
        .syntax("key [element [element ...]]");
    table
        .command("PFCOUNT", this::pfcount)
        .arity(-2)
        .flags(READONLY, MAY_REPLICATE)
        .acl(HYPERLOGLOG)
        .keys(1, -1, 1, RW, ACCESS)
        .since("2.8.9")
        .complexity("O(1) for one key that has not changed, else O(N) where N is the keys")
        .summary("Estimates how many different elements HyperLogLogs were given together.")
        .syntax("key [key ...]");
    table
        .command("PFMERGE", this::pfmerge)
        .arity(-2)
        .flags(WRITE, DENYOOM)
        .acl(HYPERLOGLOG)
        .keys(1, 1, 1, RW, ACCESS, INSERT)
        .keys(2, -1, 1, RO, ACCESS)
        .since("2.8.9")
        .complexity("O(N) where N is the number of keys")
        .summary("Adds to a HyperLogLog what others were given.")
        .syntax("destkey [sourcekey [sourcekey ...]]");
    table
        .command("PFDEBUG", this::pfdebug)
        .arity(3)
        .flags(WRITE, DENYOOM, ADMIN)
        .acl(HYPERLOGLOG)
        .keys(2, 2, 1, RW, ACCESS)
        .since("2.8.9")
        .complexity("O(N) where N is the number of registers")
        .summary("Looks into a HyperLogLog.")
        .syntax("<GETREG | DECODE | ENCODING | TODENSE> key");
    table
        .command("PFSELFTEST", this::pfselftest)
        .arity(1)
        .flags(ADMIN)
        .acl(HYPERLOGLOG)
        .since("2.8.9")
        .complexity("O(N) where N is the number of elements tried")
        .summary("Checks estimates against what was added.");
  }

  private void pfadd(Call call) {
    Bytes key = call.arg(1);
    long record = call.find(key, ValueType.STRING);
    loadOrCreate(call, record);
    long sparseMaxBytes = parameters.number("hll-sparse-max-bytes");
    boolean updated = record == 0;
    for (int i = 2; i < call.count(); i++) {
      int added = hyperLogLog.add(call.arg(i), sparseMaxBytes);
      requireWhole(added >= 0);
      updated |= added > 0;
    }
    if (updated) {
      store(call, key, record);
    } else {
      call.database().setRaw(record, true);
    }
    call.reply().integer(updated ? 1 : 0);
  }

  private void pfcount(Call call) {
    if (call.count() > 2) {
      call.reply().integer(HyperLogLog.estimate(union(call)));
      return;
    }
    Bytes key = call.arg(1);
    long record = call.find(key, ValueType.STRING);
    if (record == 0) {
      call.reply().integer(0);
      return;
    }
    load(call, record);
    Database database = call.database();
    database.setRaw(record, true);
    if (!hyperLogLog.isCardinalityValid()) {
      requireWhole(hyperLogLog.estimateCardinality());
      // Only the header has changed, and has kept its length.
      Bytes header = hyperLogLog.string().slice(0, HyperLogLog.HEADER_BYTES);
      call.arena().copyIn(database.writableString(record), header);
      call.changedSilently(key);
      if (call.wantsEffects()) {
        // A read by its flags, but what it keeps in the string is part of the data.
        call.effect(PFCOUNT, key);
      }
    }
    call.reply().integer(hyperLogLog.cardinality());
  }

  private void pfmerge(Call call) {
    boolean dense = false;
    byte[] registers = new byte[HyperLogLog.REGISTERS];
    for (int i = 1; i < call.count(); i++) {
      dense |= merge(call, call.arg(i), registers) && hyperLogLog.isDense();
    }
    Bytes key = call.arg(1);
    long record = call.database().peek(key);
    loadOrCreate(call, record);
    requireWhole(!dense || hyperLogLog.toDense());
    long sparseMaxBytes = parameters.number("hll-sparse-max-bytes");
    for (int i = 0; i < registers.length; i++) {
      if (registers[i] != 0) {
        requireWhole(hyperLogLog.raise(i, registers[i], sparseMaxBytes) >= 0);
      }
    }
    store(call, key, record);
    call.reply().ok();
  }

  private void pfdebug(Call call) {
    Bytes key = call.arg(2);
    long record = call.database().find(key);
    if (record == 0) {
      throw Errors.err("The specified key does not exist");
    }
    if (call.database().type(record) != ValueType.STRING) {
      throw Errors.wrongType();
    }
    load(call, record);
    switch (call.arg(1).toString().toUpperCase(Locale.ROOT)) {
      case "ENCODING" -> call.reply().simple(hyperLogLog.isDense() ? "dense" : "sparse");
      case "TODENSE" -> call.reply().integer(toDense(call, key, record) ? 1 : 0);
      case "DECODE" -> {
        if (hyperLogLog.isDense()) {
          throw Errors.err("HLL encoding is not sparse");
        }
        call.reply().bulk(hyperLogLog.runs());
      }
      case "GETREG" -> {
        byte[] registers = new byte[HyperLogLog.REGISTERS];
        toDense(call, key, record);
        requireWhole(hyperLogLog.mergeInto(registers));
        call.reply().array(registers.length);
        for (byte register : registers) {
          call.reply().integer(register);
        }
      }
      default -> throw Errors.err("Unknown PFDEBUG subcommand '" + Errors.shown(call.arg(1)) + "'");
    }
  }

  /** Lays a sparse one out register by register; its estimate stays valid. */
  private boolean toDense(Call call, Bytes key, long record) {
    if (hyperLogLog.isDense()) {
      return false;
    }
    requireWhole(hyperLogLog.toDense());
    Database database = call.database();
    Bytes string = hyperLogLog.string();
    long resized = database.resizeString(record, string.length(), /* growing= */ false);
    call.arena().copyIn(database.writableString(resized), string);
    call.changedSilently(key);
    return true;
  }

  /** Adds elements to a sparse one and one that becomes dense, and compares their estimates. */
  private void pfselftest(Call call) {
    HyperLogLog tested = new HyperLogLog();
    tested.create();
    long next = 1;
    for (int i = 1; i <= SELF_TEST_ELEMENTS; i++) {
      requireWhole(tested.add(Bytes.of(i * SELF_TEST_STEP), /* sparseMaxBytes= */ 3000) >= 0);
      if (i == next) {
        next *= 10;
        byte[] registers = new byte[HyperLogLog.REGISTERS];
        requireWhole(tested.mergeInto(registers));
        long error = Math.abs(HyperLogLog.estimate(registers) - i);
        if (error > Math.ceil(i * MAX_SELF_TEST_ERROR)) {
          throw Errors.err("TESTFAILED Too big error. card:" + i + " abserr:" + error);
        }
      }
    }
    call.reply().ok();
  }

  private byte[] union(Call call) {
    byte[] registers = new byte[HyperLogLog.REGISTERS];
    for (int i = 1; i < call.count(); i++) {
      merge(call, call.arg(i), registers);
    }
    return registers;
  }

  /** Loads what a key holds and adds it to registers; false when there is no such key. */
  private boolean merge(Call call, Bytes key, byte[] registers) {
    long record = call.findToRead(key, ValueType.STRING);
    if (record == 0) {
      return false;
    }
    load(call, record);
    requireWhole(hyperLogLog.mergeInto(registers));
    return true;
  }

  private void loadOrCreate(Call call, long record) {
    if (record == 0) {
      hyperLogLog.create();
    } else {
      load(call, record);
    }
  }

  private void load(Call call, long record) {
    Database database = call.database();
    boolean known =
        hyperLogLog.load(
            call.arena(), database.stringAddress(record), database.stringLength(record));
    if (!known) {
      throw new CommandException("WRONGTYPE Key is not a valid HyperLogLog string value.");
    }
  }

  private static void requireWhole(boolean whole) {
    if (!whole) {
      throw new CommandException("INVALIDOBJ Corrupted HLL object detected");
    }
  }

  /** Stores what was worked on, leaving the key's deadline as it is. */
  private void store(Call call, Bytes key, long record) {
    hyperLogLog.invalidateCardinality();
    Bytes string = hyperLogLog.string();
    Database database = call.database();
    if (record == 0) {
      database.setString(key, string, Database.NEVER);
      database.setRaw(database.peek(key), true);
    } else {
      long resized = database.resizeString(record, string.length(), /* growing= */ false);
      call.arena().copyIn(database.writableString(resized), string);
    }
    call.changed(key, EventClass.STRING, "pfadd");
  }
}
