package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.DANGEROUS;
import static io.pillion.engine.dispatch.AclCategory.KEYSPACE;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.TOUCHES_ARBITRARY_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INSERT;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RM;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import java.util.ArrayList;
import java.util.List;

/** The generic group: keys, whatever they hold. */
final class GenericCommands {
  private static final Bytes PEXPIREAT = Bytes.of("PEXPIREAT");

  void declare(CommandTable table) {
    table.group(CommandGroup.GENERIC);
    declareKeys(table);
    declareWalks(table);
    declareMoves(table);
    declareExpiry(table);
    declareObject(table.command("OBJECT", AllCommands.CONTAINER).arity(-2));
  }

  private void declareKeys(CommandTable table) {
    table
        .command("DEL", call -> del(call, call.keyspace().settings().lazyDelete))
        .arity(-2)
        .flags(WRITE)
        .acl(KEYSPACE)
        .keys(1, -1, 1, RM, DELETE)
        .tips("request_policy:multi_shard", "response_policy:agg_sum")
        .since("1.0.0")
        .complexity("O(N) in the keys and in the elements of what they hold")
        .summary("Deletes keys.")
        .syntax("key [key ...]");
    table
        .command("UNLINK", call -> del(call, /* lazily= */ true))
        .arity(-2)
        .flags(WRITE, FAST)
        .acl(KEYSPACE)
        .keys(1, -1, 1, RM, DELETE)
        .tips("request_policy:multi_shard", "response_policy:agg_sum")
        .since("4.0.0")
        .complexity("O(1) for each key; what it held is freed by and by")
        .summary("Deletes keys.")
        .syntax("key [key ...]");
    table
        .command("EXISTS", this::exists)
        .arity(-2)
        .flags(READONLY, FAST)
        .acl(KEYSPACE)
        .keys(1, -1, 1, RO)
        .tips("request_policy:multi_shard", "response_policy:agg_sum")
        .since("1.0.0")
        .complexity("O(N) where N is the number of keys")
        .summary("Counts which of these keys exist.")
        .syntax("key [key ...]");
    table
        .command("TOUCH", this::touch)
        .arity(-2)
        .flags(READONLY, FAST)
        .acl(KEYSPACE)
        .keys(1, -1, 1, RO)
        .tips("request_policy:multi_shard", "response_policy:agg_sum")
        .since("3.2.1")
        .complexity("O(N) where N is the number of keys")
        .summary("Counts which of these keys exist, as a use of them.")
        .syntax("key [key ...]");
    table
        .command("TYPE", this::type)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RO)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers what a key holds.")
        .syntax("key");
  }

  private void declareWalks(CommandTable table) {
    table
        .command("KEYS", this::keys)
        .arity(2)
        .flags(READONLY)
        .acl(KEYSPACE, DANGEROUS)
        .tips("request_policy:all_shards", "nondeterministic_output_order")
        .since("1.0.0")
        .complexity("O(N) where N is the number of keys in the database")
        .summary("Answers all keys that match a pattern.")
        .syntax("pattern");
    table
        .command("SCAN", this::scan)
        .arity(-2)
        .flags(READONLY, TOUCHES_ARBITRARY_KEYS)
        .acl(KEYSPACE)
        .tips("nondeterministic_output", "request_policy:special", "response_policy:special")
        .since("2.8.0")
        .complexity("O(1) a call, O(N) for the whole walk")
        .summary("Walks over the keys of the database.")
        .syntax("cursor [MATCH pattern] [COUNT count] [TYPE type]");
    table
        .command("RANDOMKEY", this::randomkey)
        .arity(1)
        .flags(READONLY, TOUCHES_ARBITRARY_KEYS)
        .acl(KEYSPACE)
        .tips("request_policy:all_shards", "response_policy:special", "nondeterministic_output")
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers some key.");
  }

  private void declareMoves(CommandTable table) {
    table
        .command("RENAME", this::rename)
        .arity(3)
        .flags(WRITE)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, OW, UPDATE)
        .since("1.0.0")
        .complexity("O(1), and what it takes to delete what the new name held")
        .summary("Gives a key another name, which loses what it held.")
        .syntax("key newkey");
    table
        .command("RENAMENX", this::renamenx)
        .arity(3)
        .flags(WRITE, FAST)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RW, ACCESS, DELETE)
        .keys(2, 2, 1, OW, INSERT)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Gives a key another name unless that exists.")
        .syntax("key newkey");
    table
        .command("COPY", this::copy)
        .arity(-3)
        .flags(WRITE, DENYOOM)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RO, ACCESS)
        .keys(2, 2, 1, OW, UPDATE)
        .since("6.2.0")
        .complexity("O(N) in the elements of what the key holds")
        .summary("Copies what a key holds to another key.")
        .syntax("source destination [DB destination-db] [REPLACE]");
    table
        .command("MOVE", this::move)
        .arity(3)
        .flags(WRITE, FAST)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RW, ACCESS, UPDATE)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Moves a key to another database.")
        .syntax("key db");
  }

  private void declareExpiry(CommandTable table) {
    String conditions = " [NX | XX | GT | LT]";
    expiring(table, "EXPIRE", this::expire, "1.0.0", "key seconds" + conditions)
        .summary("Lets a key leave after some seconds.");
    expiring(table, "PEXPIRE", this::pexpire, "2.6.0", "key milliseconds" + conditions)
        .summary("Lets a key leave after some milliseconds.");
    expiring(table, "EXPIREAT", this::expireat, "1.2.0", "key unix-time-seconds" + conditions)
        .summary("Lets a key leave at a Unix time.");
    expiring(
            table, "PEXPIREAT", this::pexpireat, "2.6.0", "key unix-time-milliseconds" + conditions)
        .summary("Lets a key leave at a Unix time in milliseconds.");
    remaining(table, "TTL", this::ttl, "1.0.0")
        .tips("nondeterministic_output")
        .summary("Answers in how many seconds a key leaves.");
    remaining(table, "PTTL", this::pttl, "2.6.0")
        .tips("nondeterministic_output")
        .summary("Answers in how many milliseconds a key leaves.");
    remaining(table, "EXPIRETIME", this::expiretime, "7.0.0")
        .summary("Answers at which Unix time a key leaves.");
    remaining(table, "PEXPIRETIME", this::pexpiretime, "7.0.0")
        .summary("Answers at which Unix time in milliseconds a key leaves.");
    table
        .command("PERSIST", this::persist)
        .arity(2)
        .flags(WRITE, FAST)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RW, UPDATE)
        .since("2.2.0")
        .complexity("O(1)")
        .summary("Lets a key stay.")
        .syntax("key");
  }

  private static Command expiring(
      CommandTable table, String name, Command.Handler handler, String since, String syntax) {
    return table
        .command(name, handler)
        .arity(-3)
        .flags(WRITE, FAST)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RW, UPDATE)
        .since(since)
        .complexity("O(1)")
        .syntax(syntax);
  }

  private static Command remaining(
      CommandTable table, String name, Command.Handler handler, String since) {
    return table
        .command(name, handler)
        .arity(2)
        .flags(READONLY, FAST)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RO, ACCESS)
        .since(since)
        .complexity("O(1)")
        .syntax("key");
  }

  private void declareObject(Command object) {
    object
        .since("2.2.3")
        .complexity("Depends on subcommand.")
        .summary("Commands about how keys are kept.");
    about(object, "ENCODING", this::objectEncoding, "2.2.3").summary("Answers how a key is kept.");
    about(object, "REFCOUNT", this::objectRefcount, "2.2.3")
        .summary("Answers how many references there are to what a key holds.");
    about(object, "IDLETIME", this::objectIdletime, "2.2.3")
        .summary("Answers how many seconds ago a key was used.");
    about(object, "FREQ", this::objectFreq, "4.0.0")
        .summary("Answers the logarithmic counter of a key's uses.");
    object
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .acl(KEYSPACE)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static Command about(Command object, String name, Command.Handler handler, String since) {
    return object
        .sub(name, handler)
        .arity(3)
        .flags(READONLY)
        .acl(KEYSPACE)
        .keys(2, 2, 1, RO)
        .tips("nondeterministic_output")
        .since(since)
        .complexity("O(1)")
        .syntax("key");
  }

  // --- keys

  private static void del(Call call, boolean lazily) {
    int deleted = 0;
    for (int i = 1; i < call.count(); i++) {
      if (call.database().delete(call.arg(i), lazily)) {
        call.changed(call.arg(i), EventClass.GENERIC, "del");
        deleted++;
      }
    }
    call.reply().integer(deleted);
  }

  private void exists(Call call) {
    int found = 0;
    for (int i = 1; i < call.count(); i++) {
      if (call.peekToRead(call.arg(i)) != 0) {
        found++;
      }
    }
    call.reply().integer(found);
  }

  private void touch(Call call) {
    int found = 0;
    for (int i = 1; i < call.count(); i++) {
      if (call.findToRead(call.arg(i)) != 0) {
        found++;
      }
    }
    call.reply().integer(found);
  }

  private void type(Call call) {
    long record = call.peekToRead(call.arg(1));
    call.reply().simple(record == 0 ? "none" : call.database().type(record).redisName());
  }

  // --- walking

  private void keys(Call call) {
    Bytes pattern = call.arg(1);
    boolean any = Glob.isAny(pattern);
    Database database = call.database();
    int mark = call.reply().deferred();
    int[] found = {0};
    database.forEach(
        record -> {
          Bytes key = database.key(record);
          if (any || Glob.matches(pattern, key)) {
            call.reply().bulk(key);
            found[0]++;
          }
        });
    call.reply().resolveArray(mark, found[0]);
  }

  private void scan(Call call) {
    Args args = call.args();
    long cursor = Cursors.parse(args.get(1));
    Bytes pattern = null;
    String type = null;
    long count = 10;
    for (int i = 2; i < args.count(); i += 2) {
      if (i + 1 == args.count()) {
        throw Errors.syntax();
      }
      if (args.is(i, "COUNT")) {
        count = args.integer(i + 1);
        if (count < 1) {
          throw Errors.syntax();
        }
      } else if (args.is(i, "MATCH")) {
        pattern = Glob.isAny(args.get(i + 1)) ? null : args.get(i + 1);
      } else if (args.is(i, "TYPE")) {
        type = knownType(Errors.shown(args.get(i + 1)));
      } else {
        throw Errors.syntax();
      }
    }
    Database database = call.database();
    List<Bytes> found = new ArrayList<>();
    Bytes wanted = pattern;
    String wantedType = type;
    long next =
        database.scan(
            cursor,
            (int) Math.min(count, Integer.MAX_VALUE),
            record -> {
              Bytes key = database.key(record);
              if ((wanted == null || Glob.matches(wanted, key))
                  && (wantedType == null
                      || database.type(record).redisName().equalsIgnoreCase(wantedType))
                  && database.peek(key) != 0) {
                found.add(key);
              }
            });
    call.reply().array(2);
    call.reply().bulk(Long.toUnsignedString(next));
    call.reply().array(found.size());
    found.forEach(call.reply()::bulk);
  }

  private static String knownType(String name) {
    for (ValueType type : ValueType.values()) {
      if (type.redisName().equalsIgnoreCase(name)) {
        return type.redisName();
      }
    }
    throw Errors.err("unknown type name '" + name + "'");
  }

  private void randomkey(Call call) {
    long record = call.database().random();
    if (record == 0) {
      call.reply().nil();
    } else {
      call.reply().bulk(call.database().key(record));
    }
  }

  // --- from one key to another

  private void rename(Call call) {
    rename(call, /* onlyIfAbsent= */ false);
    call.reply().ok();
  }

  private void renamenx(Call call) {
    call.reply().integer(rename(call, /* onlyIfAbsent= */ true) ? 1 : 0);
  }

  private static boolean rename(Call call, boolean onlyIfAbsent) {
    Bytes from = call.arg(1);
    Bytes to = call.arg(2);
    Database database = call.database();
    if (database.find(from) == 0) {
      throw Errors.noSuchKey();
    }
    if (from.equals(to) || (onlyIfAbsent && database.peek(to) != 0)) {
      return false;
    }
    database.move(from, database, to);
    call.changed(from, EventClass.GENERIC, "rename_from");
    call.changed(to, EventClass.GENERIC, "rename_to");
    return true;
  }

  private void copy(Call call) {
    Database target = call.database();
    boolean replace = false;
    for (int i = 3; i < call.count(); i++) {
      if (call.args().is(i, "REPLACE")) {
        replace = true;
      } else if (call.args().is(i, "DB") && i + 1 < call.count()) {
        target = call.keyspace().database(Databases.selectable(call, ++i));
      } else {
        throw Errors.syntax();
      }
    }
    Bytes from = call.arg(1);
    Bytes to = call.arg(2);
    if (target == call.database() && from.equals(to)) {
      throw sameObject();
    }
    if (call.findToRead(from) == 0 || (!replace && target.peek(to) != 0)) {
      call.reply().integer(0);
      return;
    }
    call.database().copy(from, target, to);
    call.changed(target, to, EventClass.GENERIC, "copy_to");
    call.reply().integer(1);
  }

  private static CommandException sameObject() {
    return Errors.err("source and destination objects are the same");
  }

  private void move(Call call) {
    Database source = call.database();
    Database target = call.keyspace().database(Databases.selectable(call, 2));
    if (source == target) {
      throw sameObject();
    }
    Bytes key = call.arg(1);
    if (source.find(key) == 0 || target.peek(key) != 0) {
      call.reply().integer(0);
      return;
    }
    source.move(key, target, key);
    call.changed(key, EventClass.GENERIC, "move_from");
    call.changed(target, key, EventClass.GENERIC, "move_to");
    call.reply().integer(1);
  }

  // --- expiry

  private void expire(Call call) {
    expire(call, 1000, call.now());
  }

  private void pexpire(Call call) {
    expire(call, 1, call.now());
  }

  private void expireat(Call call) {
    expire(call, 1000, 0);
  }

  private void pexpireat(Call call) {
    expire(call, 1, 0);
  }

  private static void expire(Call call, int unitMillis, long base) {
    boolean ifNone = false;
    boolean ifSome = false;
    boolean ifLater = false;
    boolean ifSooner = false;
    for (int i = 3; i < call.count(); i++) {
      if (call.args().is(i, "NX")) {
        ifNone = true;
      } else if (call.args().is(i, "XX")) {
        ifSome = true;
      } else if (call.args().is(i, "GT")) {
        ifLater = true;
      } else if (call.args().is(i, "LT")) {
        ifSooner = true;
      } else {
        throw Errors.err("Unsupported option " + Errors.shown(call.arg(i)));
      }
    }
    if (ifNone && (ifSome || ifLater || ifSooner)) {
      throw Errors.err("NX and XX, GT or LT options at the same time are not compatible");
    }
    if (ifLater && ifSooner) {
      throw Errors.err("GT and LT options at the same time are not compatible");
    }
    long deadline = Deadlines.lenient(call, call.args().integer(2), unitMillis, base);
    Bytes key = call.arg(1);
    Database database = call.database();
    long record = database.find(key);
    if (record == 0) {
      call.reply().integer(0);
      return;
    }
    long old = database.deadline(record);
    boolean refused =
        old == Database.NEVER
            ? ifSome || ifLater
            : ifNone || (ifLater && deadline <= old) || (ifSooner && deadline >= old);
    if (refused) {
      call.reply().integer(0);
      return;
    }
    if (deadline <= call.now()) {
      database.delete(key);
      call.changed(key, EventClass.GENERIC, "del");
      call.deletion(key, call.keyspace().settings().lazyExpire);
    } else {
      database.expireAt(record, deadline);
      call.changed(key, EventClass.GENERIC, "expire");
      if (call.wantsEffects()) {
        call.effect(PEXPIREAT, key, Bytes.of(deadline));
      }
    }
    call.reply().integer(1);
  }

  private void ttl(Call call) {
    long deadline = deadline(call);
    call.reply()
        .integer(deadline < 0 ? deadline : (Math.max(0, deadline - call.now()) + 500) / 1000);
  }

  private void pttl(Call call) {
    long deadline = deadline(call);
    call.reply().integer(deadline < 0 ? deadline : Math.max(0, deadline - call.now()));
  }

  private void expiretime(Call call) {
    long deadline = deadline(call);
    call.reply()
        .integer(deadline < 0 ? deadline : deadline / 1000 + (deadline % 1000 + 500) / 1000);
  }

  private void pexpiretime(Call call) {
    call.reply().integer(deadline(call));
  }

  /** When the key leaves; -1 when it stays, -2 when there is none. */
  private static long deadline(Call call) {
    long record = call.peekToRead(call.arg(1));
    return record == 0 ? -2 : call.database().deadline(record);
  }

  private void persist(Call call) {
    Bytes key = call.arg(1);
    Database database = call.database();
    long record = database.find(key);
    boolean expiring = record != 0 && database.deadline(record) != Database.NEVER;
    if (expiring) {
      database.expireAt(record, Database.NEVER);
      call.changed(key, EventClass.GENERIC, "persist");
    }
    call.reply().integer(expiring ? 1 : 0);
  }

  // --- OBJECT

  private void objectEncoding(Call call) {
    long record = call.database().peek(call.arg(2));
    if (record == 0) {
      call.reply().nil();
    } else {
      call.reply().bulk(Encodings.of(call, record));
    }
  }

  private void objectRefcount(Call call) {
    long record = call.database().peek(call.arg(2));
    if (record == 0) {
      call.reply().nil();
    } else {
      call.reply().integer(Encodings.isShared(call, record) ? Integer.MAX_VALUE : 1);
    }
  }

  private void objectIdletime(Call call) {
    long record = call.database().peek(call.arg(2));
    if (record == 0) {
      call.reply().nil();
    } else if (call.keyspace().settings().policy.countsUses()) {
      throw Errors.err(
          "An LFU maxmemory policy is selected, idle time not tracked. Please note that when"
              + " switching between policies at runtime LRU and LFU data will take some time to"
              + " adjust.");
    } else {
      call.reply().integer(call.keyspace().eviction().idleMillis(record) / 1000);
    }
  }

  private void objectFreq(Call call) {
    long record = call.database().peek(call.arg(2));
    if (record == 0) {
      call.reply().nil();
    } else if (!call.keyspace().settings().policy.countsUses()) {
      throw Errors.err(
          "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that"
              + " when switching between policies at runtime LRU and LFU data will take some time"
              + " to adjust.");
    } else {
      call.reply().integer(call.keyspace().eviction().frequency(record));
    }
  }
}
