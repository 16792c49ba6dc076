package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.STRING;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RM;
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
import io.pillion.engine.keyspace.StringBatch;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Arena;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.memory.Lease;
import io.pillion.engine.memory.OutOfArenaException;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.Set;

/** The string group: a key holds bytes, which may be read as a number. */
final class StringCommands {
  private static final Bytes SET = Bytes.of("SET");
  private static final Bytes KEEPTTL = Bytes.of("KEEPTTL");
  private static final Bytes PXAT = Bytes.of("PXAT");
  private static final Bytes PEXPIREAT = Bytes.of("PEXPIREAT");
  private static final Bytes PERSIST = Bytes.of("PERSIST");

  private final Parameters parameters;

  /** Where integers are written before they are stored: commands run one at a time. */
  private final byte[] digits = new byte[Numbers.MAX_DIGITS];

  private final Bytes digitsView = Bytes.of(digits, 0, 0);

  /** The options of the SET or GETEX being carried out. */
  private final SetOptions options = new SetOptions();

  StringCommands(Parameters parameters) {
    this.parameters = parameters;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.STRING);
    declareSets(table);
    declareOlderSets(table);
    declareSeveral(table);
    declareParts(table);
    declareNumbers(table);
    declareComparisons(table);
  }

  private void declareSets(CommandTable table) {
    table
        .command("SET", this::set)
        .arity(-3)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE, VARIABLE_FLAGS)
        .keyFlags(StringCommands::setKeyFlags)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Makes a key hold a string, whatever it held before.")
        .syntax(
            "key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds |"
                + " EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]");
    table
        .command("GET", this::get)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Reads a string.")
        .syntax("key");
    table
        .command("GETSET", this::getset)
        .arity(3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Sets a string and answers the old one.")
        .syntax("key value");
    table
        .command("GETDEL", this::getdel)
        .arity(2)
        .flags(WRITE, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Reads a string and deletes its key.")
        .syntax("key");
    table
        .command("GETEX", this::getex)
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Reads a string and changes its expiry.")
        .syntax(
            "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT"
                + " unix-time-milliseconds | PERSIST]");
  }

  private void declareOlderSets(CommandTable table) {
    table
        .command("SETNX", this::setnx)
        .arity(3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, OW, INSERT)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Sets a string unless the key exists.")
        .syntax("key value");
    table
        .command("SETEX", this::setex)
        .arity(4)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(1, 1, 1, OW, UPDATE)
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Sets a string that lives some seconds.")
        .syntax("key seconds value");
    table
        .command("PSETEX", this::psetex)
        .arity(4)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(1, 1, 1, OW, UPDATE)
        .since("2.6.0")
        .complexity("O(1)")
        .summary("Sets a string that lives some milliseconds.")
        .syntax("key milliseconds value");
  }

  private void declareSeveral(CommandTable table) {
    table
        .command("MSET", this::mset)
        .arity(-3)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(1, -1, 2, OW, UPDATE)
        .tips("request_policy:multi_shard", "response_policy:all_succeeded")
        .since("1.0.1")
        .complexity("O(N) where N is the number of keys")
        .summary("Sets several strings at once.")
        .syntax("key value [key value ...]");
    table
        .command("MSETNX", this::msetnx)
        .arity(-3)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(1, -1, 2, OW, INSERT)
        .since("1.0.1")
        .complexity("O(N) where N is the number of keys")
        .summary("Sets several strings if none of the keys exists.")
        .syntax("key value [key value ...]");
    table
        .command("MSETEX", this::msetex)
        .arity(-4)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(KeySpec.counted(1, 2, OW, UPDATE))
        .tips("request_policy:multi_shard", "response_policy:all_succeeded")
        .since("8.4.0")
        .complexity("O(N) where N is the number of keys")
        .summary("Sets several strings, all or none, with the same time to live.")
        .syntax(
            "numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT"
                + " unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]");
    table
        .command("MGET", this::mget)
        .arity(-2)
        .flags(READONLY, FAST)
        .acl(STRING)
        .keys(1, -1, 1, RO, ACCESS)
        .tips("request_policy:multi_shard")
        .since("1.0.0")
        .complexity("O(N) where N is the number of keys")
        .summary("Reads several strings.")
        .syntax("key [key ...]");
  }

  private void declareParts(CommandTable table) {
    table
        .command("APPEND", this::append)
        .arity(3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, INSERT)
        .since("2.0.0")
        .complexity("O(1) amortized over appends to a string that doubles")
        .summary("Adds bytes at the end of a string, which it creates if need be.")
        .syntax("key value");
    table
        .command("STRLEN", this::strlen)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RO)
        .since("2.2.0")
        .complexity("O(1)")
        .summary("Answers how many bytes a string has.")
        .syntax("key");
    table
        .command("GETRANGE", this::getrange)
        .arity(4)
        .flags(READONLY)
        .acl(STRING)
        .keys(1, 1, 1, RO, ACCESS)
        .since("2.4.0")
        .complexity("O(N) where N is the number of bytes answered")
        .summary("Reads a part of a string.")
        .syntax("key start end");
    table
        .command("SUBSTR", this::getrange)
        .arity(4)
        .flags(READONLY)
        .acl(STRING)
        .keys(1, 1, 1, RO, ACCESS)
        .since("1.0.0")
        .complexity("O(N) where N is the number of bytes answered")
        .summary("Reads a part of a string; GETRANGE took its place.")
        .syntax("key start end");
    table
        .command("SETRANGE", this::setrange)
        .arity(4)
        .flags(WRITE, DENYOOM)
        .acl(STRING)
        .keys(1, 1, 1, RW, UPDATE)
        .since("2.2.0")
        .complexity("O(1) and the bytes to be written or filled with zeros")
        .summary("Overwrites bytes of a string from an offset on.")
        .syntax("key offset value");
  }

  private void declareNumbers(CommandTable table) {
    table
        .command("INCR", this::incr)
        .arity(2)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Adds one to an integer.")
        .syntax("key");
    table
        .command("DECR", this::decr)
        .arity(2)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Takes one from an integer.")
        .syntax("key");
    table
        .command("INCRBY", this::incrby)
        .arity(3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Adds to an integer.")
        .syntax("key increment");
    table
        .command("DECRBY", this::decrby)
        .arity(3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Takes from an integer.")
        .syntax("key decrement");
    table
        .command("INCRBYFLOAT", this::incrbyfloat)
        .arity(3)
        .flags(WRITE, DENYOOM, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("2.6.0")
        .complexity("O(1)")
        .summary("Adds to a floating-point number.")
        .syntax("key increment");
  }

  private void declareComparisons(CommandTable table) {
    table
        .command("LCS", this::lcs)
        .arity(-3)
        .flags(READONLY)
        .acl(STRING)
        .keys(1, 2, 1, RO, ACCESS)
        .since("7.0.0")
        .complexity("O(N*M) where N and M are the lengths of both strings")
        .summary("Finds the longest common subsequence of two strings.")
        .syntax("key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]");
    table
        .command("DELIFEQ", this::delifeq)
        .arity(3)
        .flags(WRITE, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RM, DELETE)
        .since("9.0.0")
        .complexity("O(1)")
        .summary("Deletes a key if it holds this string.")
        .syntax("key value");
    table
        .command("DELEX", this::delex)
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(STRING)
        .keys(1, 1, 1, RM, DELETE)
        .since("8.4.0")
        .complexity("O(1), and for a collection O(N) in its elements")
        .summary("Deletes a key, on condition of what it holds.")
        .syntax("key [IFEQ value | IFNE value]");
  }

  // --- SET and its kin

  private void set(Call call) {
    options.parse(call, 3, /* getex= */ false);
    Bytes key = call.arg(1);
    long deadline = options.deadline(call);
    long record;
    if (options.get) {
      record = call.findToRead(key, ValueType.STRING);
      replyString(call, record);
    } else if (options.comparand != null) {
      record = call.find(key, ValueType.STRING);
    } else if (options.condition == SetOptions.Condition.NONE && !options.keepTtl) {
      record = 0;
    } else {
      record = call.database().peek(key);
    }
    if (!holds(call, record)) {
      if (!options.get) {
        call.reply().nil();
      }
      return;
    }
    if (options.isExpiring() && deadline <= call.now()) {
      setExpired(call, key);
      return;
    }
    if (options.keepTtl && record != 0) {
      deadline = call.database().deadline(record);
    }
    store(call, key, 2, deadline);
    call.changed(key, EventClass.STRING, "set");
    if (options.isExpiring()) {
      call.changed(key, EventClass.GENERIC, "expire");
    }
    if (call.count() > 3 && call.wantsEffects() && !options.isOnlyMoment(call)) {
      setEffect(call, key, call.arg(2), options.isExpiring() ? deadline : Database.NEVER);
    }
    if (!options.get) {
      call.reply().ok();
    }
  }

  /** Sets a key to a word; one that lies outside the heap stays where it was received. */
  private static void store(Call call, Bytes key, int index, long deadline) {
    Lease large = call.args().lease(index);
    if (large == null) {
      call.database().setString(key, call.arg(index), deadline);
    } else {
      call.database().setString(key, large, deadline);
    }
  }

  /** What would be gone at once is not set; only what was there goes. */
  private void setExpired(Call call, Bytes key) {
    if (call.database().delete(key)) {
      call.changed(key, EventClass.GENERIC, "del");
      call.deletion(key, call.keyspace().settings().lazyExpire);
    }
    if (!options.get) {
      call.reply().ok();
    }
  }

  private static Set<KeySpec.Flag> setKeyFlags(Args words) {
    for (int i = 3; i < words.count(); i++) {
      if (words.is(i, "GET")) {
        return Set.of(RW, ACCESS, UPDATE);
      }
    }
    return Set.of(OW, UPDATE);
  }

  private boolean holds(Call call, long record) {
    return switch (options.condition) {
      case NONE -> true;
      case NX -> record == 0;
      case XX -> record != 0;
      case IFEQ -> record != 0 && matches(call, record, options.comparand());
    };
  }

  private void setEffect(Call call, Bytes key, Bytes value, long deadline) {
    if (deadline != Database.NEVER) {
      call.effect(SET, key, value, PXAT, Bytes.of(deadline));
    } else if (options.keepTtl) {
      call.effect(SET, key, value, KEEPTTL);
    } else {
      call.effect(SET, key, value);
    }
  }

  private void get(Call call) {
    replyString(call, call.find(call.arg(1), ValueType.STRING));
  }

  private static void replyString(Call call, long record) {
    if (record == 0) {
      call.reply().nil();
    } else {
      Database database = call.database();
      call.reply()
          .shared(call.arena(), database.stringAddress(record), database.stringLength(record));
    }
  }

  private void getset(Call call) {
    Bytes key = call.arg(1);
    replyString(call, call.findToRead(key, ValueType.STRING));
    store(call, key, 2, Database.NEVER);
    call.changed(key, EventClass.STRING, "set");
    if (call.wantsEffects()) {
      call.effect(SET, key, call.arg(2));
    }
  }

  private void getdel(Call call) {
    Bytes key = call.arg(1);
    long record = call.findToRead(key, ValueType.STRING);
    replyString(call, record);
    if (record != 0) {
      delete(call, key, /* lazily= */ false);
    }
  }

  private static void delete(Call call, Bytes key, boolean lazily) {
    call.database().delete(key);
    call.changed(key, EventClass.GENERIC, "del");
    call.deletion(key, lazily);
  }

  private void getex(Call call) {
    options.parse(call, 2, /* getex= */ true);
    Bytes key = call.arg(1);
    long record = call.findToRead(key, ValueType.STRING);
    if (record == 0) {
      call.reply().nil();
      return;
    }
    long deadline = options.deadline(call);
    replyString(call, record);
    if (options.isExpiring()) {
      if (deadline <= call.now()) {
        delete(call, key, call.keyspace().settings().lazyExpire);
        return;
      }
      call.database().expireAt(record, deadline);
      call.changed(key, EventClass.GENERIC, "expire");
      if (call.wantsEffects()) {
        call.effect(PEXPIREAT, key, Bytes.of(deadline));
      }
    } else if (options.persist && call.database().deadline(record) != Database.NEVER) {
      call.database().expireAt(record, Database.NEVER);
      call.changed(key, EventClass.GENERIC, "persist");
      call.effect(PERSIST, key);
    }
  }

  private void setnx(Call call) {
    Bytes key = call.arg(1);
    boolean absent = call.database().peek(key) == 0;
    if (absent) {
      store(call, key, 2, Database.NEVER);
      call.changed(key, EventClass.STRING, "set");
    }
    call.reply().integer(absent ? 1 : 0);
  }

  private void setex(Call call) {
    setFor(call, 1000);
  }

  private void psetex(Call call) {
    setFor(call, 1);
  }

  private void setFor(Call call, int unitMillis) {
    long deadline = Deadlines.strict(call, call.args().integer(2), unitMillis, call.now());
    Bytes key = call.arg(1);
    store(call, key, 3, deadline);
    call.changed(key, EventClass.STRING, "set");
    call.changed(key, EventClass.GENERIC, "expire");
    if (call.wantsEffects()) {
      call.effect(SET, key, call.arg(3), PXAT, Bytes.of(deadline));
    }
    call.reply().ok();
  }

  // --- several keys

  private void mset(Call call) {
    requirePairs(call);
    setPairs(call);
    call.reply().ok();
  }

  private void msetnx(Call call) {
    requirePairs(call);
    for (int i = 1; i < call.count(); i += 2) {
      if (call.database().peek(call.arg(i)) != 0) {
        call.reply().integer(0);
        return;
      }
    }
    setPairs(call);
    call.reply().integer(1);
  }

  private static void requirePairs(Call call) {
    if (call.count() % 2 == 0) {
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }
  }

  private void msetex(Call call) {
    CommandException invalid = Errors.err("invalid numkeys value");
    long keys = Counts.atLeast(call.arg(1), 1, invalid);
    if (keys > Integer.MAX_VALUE) {
      throw invalid;
    }
    if (keys > (call.count() - 2) / 2) {
      throw Errors.err("wrong number of key-value pairs");
    }
    int end = 2 + 2 * (int) keys;
    options.parse(call, end, /* getex= */ false);
    SetOptions.Condition condition = options.condition;
    if (options.get || condition == SetOptions.Condition.IFEQ) {
      throw Errors.syntax();
    }
    long deadline = options.deadline(call);
    for (int i = 2; condition != SetOptions.Condition.NONE && i < end; i += 2) {
      if ((call.database().peek(call.arg(i)) != 0) != (condition == SetOptions.Condition.XX)) {
        call.reply().integer(0);
        return;
      }
    }
    StringBatch batch = new StringBatch(call.database(), (int) keys);
    for (int i = 2; i < end; i += 2) {
      long record = options.keepTtl ? call.database().peek(call.arg(i)) : 0;
      long kept = record == 0 ? deadline : call.database().deadline(record);
      batch.prepare(call.arg(i), call.arg(i + 1), kept);
    }
    for (int i = 2; i < end; i += 2) {
      Bytes key = call.arg(i);
      batch.set((i - 2) / 2);
      call.changed(key, EventClass.STRING, "set");
      if (options.isExpiring()) {
        call.changed(key, EventClass.GENERIC, "expire");
      }
      if (call.wantsEffects()) {
        setEffect(call, key, call.arg(i + 1), deadline);
      }
    }
    call.reply().integer(1);
  }

  private static void setPairs(Call call) {
    StringBatch batch = new StringBatch(call.database(), call.count() / 2);
    for (int i = 1; i < call.count(); i += 2) {
      batch.prepare(call.arg(i), call.arg(i + 1), Database.NEVER);
    }
    for (int i = 1; i < call.count(); i += 2) {
      batch.set(i / 2);
      call.changed(call.arg(i), EventClass.STRING, "set");
    }
  }

  private void mget(Call call) {
    call.reply().array(call.count() - 1);
    for (int i = 1; i < call.count(); i++) {
      long record;
      try {
        record = call.find(call.arg(i), ValueType.STRING);
      } catch (CommandException wrongType) {
        record = 0;
      }
      replyString(call, record);
    }
  }

  // --- parts of strings

  private void append(Call call) {
    Bytes key = call.arg(1);
    int more = call.args().length(2);
    long record = call.find(key, ValueType.STRING);
    int length = 0;
    if (record == 0) {
      store(call, key, 2, Database.NEVER);
    } else {
      length = call.database().stringLength(record);
      requireAllowedLength(length, more);
      record = call.database().resizeString(record, length + more, /* growing= */ true);
      long end = call.database().stringAddress(record) + length;
      Lease large = call.args().lease(2);
      if (large == null) {
        call.arena().copyIn(end, call.arg(2));
      } else {
        call.arena().copy(large.address(), end, more);
      }
    }
    call.changed(key, EventClass.STRING, "append");
    call.reply().integer((long) length + more);
  }

  private void requireAllowedLength(long before, long more) {
    if (before > parameters.number("proto-max-bulk-len") - more) {
      throw Errors.err("string exceeds maximum allowed size (proto-max-bulk-len)");
    }
  }

  private void strlen(Call call) {
    long record = call.find(call.arg(1), ValueType.STRING);
    call.reply().integer(record == 0 ? 0 : call.database().stringLength(record));
  }

  private void getrange(Call call) {
    long start = call.args().integer(2);
    long end = call.args().integer(3);
    long record = call.find(call.arg(1), ValueType.STRING);
    int length = record == 0 ? 0 : call.database().stringLength(record);
    if (length == 0 || (start < 0 && end < 0 && start > end)) {
      call.reply().bulk(Bytes.EMPTY);
      return;
    }
    long from = Math.max(0, start < 0 ? start + length : start);
    long to = Math.min(length - 1L, Math.max(0, end < 0 ? end + length : end));
    if (from > to) {
      call.reply().bulk(Bytes.EMPTY);
    } else {
      call.reply()
          .shared(
              call.arena(), call.database().stringAddress(record) + from, (int) (to - from + 1));
    }
  }

  private void setrange(Call call) {
    Bytes key = call.arg(1);
    Bytes value = call.arg(3);
    long offset = call.args().integer(2);
    if (offset < 0) {
      throw Errors.err("offset is out of range");
    }
    Database database = call.database();
    long record = call.find(key, ValueType.STRING);
    int length = record == 0 ? 0 : database.stringLength(record);
    if (value.isEmpty()) {
      call.reply().integer(length);
      return;
    }
    requireAllowedLength(offset, value.length());
    int end = (int) offset + value.length();
    int newLength = Math.max(length, end);
    if (record == 0) {
      record = create(database, key, newLength);
    } else {
      record = database.resizeString(record, newLength, /* growing= */ newLength > length);
    }
    Arena arena = call.arena();
    long address =
        offset < length ? database.writableString(record) : database.stringAddress(record);
    if (offset > length) {
      arena.clear(address + length, offset - length);
    }
    arena.copyIn(address + offset, value);
    call.changed(key, EventClass.STRING, "setrange");
    call.reply().integer(newLength);
  }

  private static long create(Database database, Bytes key, int length) {
    database.setString(key, Bytes.EMPTY, Database.NEVER);
    try {
      return database.resizeString(database.peek(key), length, /* growing= */ false);
    } catch (OutOfArenaException e) {
      database.delete(key);
      throw e;
    }
  }

  // --- numbers

  private void incr(Call call) {
    add(call, 1);
  }

  private void decr(Call call) {
    add(call, -1);
  }

  private void incrby(Call call) {
    add(call, call.args().integer(2));
  }

  private void decrby(Call call) {
    long decrement = call.args().integer(2);
    if (decrement == Long.MIN_VALUE) {
      throw Errors.err("decrement would overflow");
    }
    add(call, -decrement);
  }

  private void add(Call call, long increment) {
    Bytes key = call.arg(1);
    Database database = call.database();
    long record = call.find(key, ValueType.STRING);
    long old = record == 0 ? 0 : integer(call.arena(), database, record);
    long sum = old + increment;
    if (((old ^ sum) & (increment ^ sum)) < 0) {
      throw Errors.err("increment or decrement would overflow");
    }
    int from = Numbers.write(sum, digits);
    digitsView.wrap(digits, from, digits.length - from);
    if (record == 0) {
      database.setString(key, digitsView, Database.NEVER);
    } else {
      record = database.resizeString(record, digitsView.length(), /* growing= */ false);
      call.arena().copyIn(database.writableString(record), digitsView);
      database.setRaw(record, false);
    }
    call.changed(key, EventClass.STRING, "incrby");
    call.reply().integer(sum);
  }

  private long integer(Arena arena, Database database, long record) {
    int length = database.stringLength(record);
    if (length > digits.length) {
      throw Errors.notAnInteger();
    }
    arena.copyOut(database.stringAddress(record), digits, 0, length);
    return Numbers.parseLong(digitsView.wrap(digits, 0, length), Errors.notAnInteger());
  }

  private void incrbyfloat(Call call) {
    Bytes key = call.arg(1);
    Database database = call.database();
    long record = call.find(key, ValueType.STRING);
    LongDouble old = record == 0 ? LongDouble.ZERO : LongDouble.parse(string(call, record));
    LongDouble sum = old.plus(LongDouble.parse(call.arg(2)));
    if (!sum.isFinite()) {
      throw Errors.err("increment would produce NaN or Infinity");
    }
    Bytes text = Bytes.of(sum.toString());
    database.setString(key, text, record == 0 ? Database.NEVER : database.deadline(record));
    call.changed(key, EventClass.STRING, "incrbyfloat");
    if (call.wantsEffects()) {
      call.effect(SET, key, text, KEEPTTL);
    }
    call.reply().bulk(text);
  }

  private static Bytes string(Call call, long record) {
    Database database = call.database();
    return Bytes.of(
        call.arena().toByteArray(database.stringAddress(record), database.stringLength(record)));
  }

  // --- LCS

  private void lcs(Call call) {
    Bytes first = stringOfLcs(call, 1);
    Bytes second = stringOfLcs(call, 2);
    boolean length = false;
    boolean indexes = false;
    boolean withLengths = false;
    long least = 0;
    for (int i = 3; i < call.count(); i++) {
      if (call.args().is(i, "IDX")) {
        indexes = true;
      } else if (call.args().is(i, "LEN")) {
        length = true;
      } else if (call.args().is(i, "WITHMATCHLEN")) {
        withLengths = true;
      } else if (call.args().is(i, "MINMATCHLEN") && i + 1 < call.count()) {
        least = Math.max(0, call.args().integer(++i));
      } else {
        throw Errors.syntax();
      }
    }
    if (length && indexes) {
      throw Errors.err("If you want both the length and indexes, please just use IDX.");
    }
    LongestCommonSubsequence lcs =
        new LongestCommonSubsequence(first, second, parameters.number("proto-max-bulk-len"));
    if (length) {
      call.reply().integer(lcs.length());
    } else if (indexes) {
      lcs.writeMatches(call.reply(), least, withLengths);
    } else {
      call.reply().bulk(lcs.text());
    }
  }

  private static Bytes stringOfLcs(Call call, int index) {
    try {
      long record = call.find(call.arg(index), ValueType.STRING);
      return record == 0 ? Bytes.EMPTY : string(call, record);
    } catch (CommandException wrongType) {
      throw Errors.err("The specified keys must contain string values");
    }
  }

  // --- deleting on condition

  private void delifeq(Call call) {
    Bytes key = call.arg(1);
    long record = call.find(key, ValueType.STRING);
    boolean equal = record != 0 && matches(call, record, call.arg(2));
    if (equal) {
      delete(call, key, /* lazily= */ false);
    }
    call.reply().integer(equal ? 1 : 0);
  }

  private void delex(Call call) {
    Bytes key = call.arg(1);
    boolean wanted = true;
    if (call.count() == 2) {
      wanted = call.database().peek(key) != 0;
    } else if (call.count() == 4) {
      boolean ifEqual = call.args().is(2, "IFEQ");
      if (!ifEqual && !call.args().is(2, "IFNE")) {
        throw Errors.err("Invalid condition. Use IFEQ or IFNE");
      }
      long record = call.database().find(key);
      if (record != 0 && call.database().type(record) != ValueType.STRING) {
        throw Errors.err("Key should be of string type if conditions are specified");
      }
      wanted = record != 0 && matches(call, record, call.arg(3)) == ifEqual;
    } else {
      throw Errors.wrongNumberOfArguments(call.command().fullName());
    }
    if (wanted) {
      delete(call, key, /* lazily= */ false);
    }
    call.reply().integer(wanted ? 1 : 0);
  }

  private static boolean matches(Call call, long record, Bytes value) {
    Database database = call.database();
    return call.arena()
        .matches(database.stringAddress(record), database.stringLength(record), value);
  }
}
