package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.replication.Replication;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** DEBUG: for tests and for those who look inside. */
final class DebugCommands {
  private static final Logger log = LoggerFactory.getLogger(DebugCommands.class);
  private static final int DEFAULT_PATTERN_REPEATS = 50;
  private static final int LRU_CLOCK_MASK = 0xFF_FFFF;

  private final Parameters parameters;
  private final RdbStore rdb;
  private final AppendOnly appendOnly;
  private final Shutdown shutdown;
  private final Replication replication;

  DebugCommands(Parameters parameters, Services services) {
    this.parameters = parameters;
    rdb = services.rdb();
    appendOnly = services.appendOnly();
    shutdown = services.shutdown();
    replication = services.replication();
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    table
        .command("DEBUG", this::debug)
        .arity(-2)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .since("1.0.0")
        .complexity("Depends on subcommand.")
        .summary("Looks inside, and changes what only tests may.");
  }

  private void debug(Call call) {
    Locality.requireAllowed(parameters, "enable-debug-command", "DEBUG", call.client());
    switch (call.arg(1).toString().toUpperCase(Locale.ROOT)) {
      case "DIGEST" -> call.reply().simple(new Digest(call.keyspace()).ofEverything());
      case "DIGEST-VALUE" -> digestValue(call);
      case "LOADAOF" -> appendOnly.reload(call, rdb::reloaded);
      case "AOF-FLUSH-SLEEP" -> {
        appendOnly.delayWrites(Numbers.parseLong(word(call, 2), Errors.notAnInteger()));
        call.reply().ok();
      }
      case "OBJECT" -> object(call);
      case "RELOAD" -> reload(call);
      case "REPLICATE" -> replicate(call);
      case "SET-SKIP-CHECKSUM-VALIDATION" -> {
        rdb.checkChecksums(Numbers.parseLong(word(call, 2), Errors.notAnInteger()) == 0);
        call.reply().ok();
      }
      case "SET-DISABLE-DENY-SCRIPTS" -> {
        call.engine()
            .scriptHost()
            .ignoreNoScript(Numbers.parseLong(word(call, 2), Errors.notAnInteger()) != 0);
        call.reply().ok();
      }
      case "SLEEP" -> sleep(call);
      case "SET-ACTIVE-EXPIRE" -> setActiveExpire(call);
      case "PAUSE-CRON" -> pauseCron(call);
      case "JMAP" -> jmap(call);
      case "STRINGMATCH-LEN" -> stringMatchLength(call);
      case "POPULATE" -> populate(call);
      case "PROTOCOL" -> protocol(call);
      case "ERROR" -> throw new CommandException(word(call, 2).toString());
      case "LOG" -> writeLog(call);
      case "HTSTATS" -> tableFigures(call);
      case "HTSTATS-KEY" -> keyTableFigures(call);
      case "SDSLEN" -> stringFigures(call);
      case "LISTPACK", "ZIPLIST" -> packedFigures(call);
      case "CLIENT-EVICTION" -> clientEviction(call);
      case "CONFIG-REWRITE-FORCE-ALL" -> ConfigCommands.rewrite(call, parameters, true);
      case "STRUCTSIZE" -> call.reply().simple("bits:64 record-header:16 index-slot:8 timer:16");
      case "QUICKLIST-PACKED-THRESHOLD", "DICT-RESIZING", "CLIENT-ENFORCE-REPLY-LIST" ->
          acceptWithoutEffect(call, 3);
      case "CHANGE-REPL-ID" -> acceptWithoutEffect(call, 2);
      case "REPLYBUFFER" -> replyBuffer(call);
      case "HELP" -> help(call);
      default -> throw HelpText.unknownSubcommand(call);
    }
  }

  /** What steers a mechanism that this engine does not have, or has no need to steer. */
  private static void acceptWithoutEffect(Call call, int words) {
    if (call.count() != words) {
      throw HelpText.unknownSubcommand(call);
    }
    call.reply().ok();
  }

  private static void replyBuffer(Call call) {
    boolean known =
        call.count() == 4
            && (call.args().is(2, "PEAK-RESET-TIME") || call.args().is(2, "RESIZING"));
    if (!known) {
      throw HelpText.unknownSubcommand(call);
    }
    call.reply().ok();
  }

  private static void writeLog(Call call) {
    log.warn("DEBUG LOG: {}", word(call, 2));
    call.reply().ok();
  }

  private static void tableFigures(Call call) {
    long number = Numbers.parseLong(word(call, 2), Errors.notAnInteger());
    if (number < 0 || number >= call.keyspace().databaseCount()) {
      throw Errors.err("Out of range database");
    }
    Database database = call.keyspace().database((int) number);
    call.reply()
        .verbatim(
            "txt",
            "[Dictionary HT]\n"
                + figures(database.indexBytes() / Long.BYTES, database.size())
                + "[Expires HT]\n"
                + figures(database.expiry().size(), database.expiry().size()));
  }

  private static String figures(long slots, long elements) {
    return elements == 0
        ? "No stats available for empty dictionaries\n"
        : "Hash table 0 stats (main hash table):\n table size: "
            + slots
            + "\n number of elements: "
            + elements
            + "\n";
  }

  private static void keyTableFigures(Call call) {
    long record = existing(call, word(call, 2));
    String encoding = Encodings.of(call, record);
    if (!encoding.equals("hashtable") && !encoding.equals("skiplist")) {
      throw Errors.err(
          "The value stored at the specified key is not represented using an hash table");
    }
    long elements = Encodings.elements(call, record);
    call.reply().verbatim("txt", figures(elements, elements));
  }

  /** The record of a key, even if its time has come: who looks inside changes nothing. */
  private static long existing(Call call, Bytes key) {
    long record = call.database().stored(key);
    if (record == 0) {
      throw Errors.noSuchKey();
    }
    return record;
  }

  /** A record has no room to grow in place, so nothing is available. */
  private static void stringFigures(Call call) {
    Bytes key = word(call, 2);
    long record = existing(call, key);
    Database database = call.database();
    if (database.type(record) != ValueType.STRING) {
      throw Errors.err("Not an sds encoded string.");
    }
    long bytes = database.recordBytes(record);
    call.reply()
        .simple(
            "key_sds_len:"
                + key.length()
                + ", key_sds_avail:0, key_zmalloc: "
                + key.length()
                + ", val_sds_len:"
                + database.stringLength(record)
                + ", val_sds_avail:0, val_zmalloc: "
                + (bytes - key.length()));
  }

  private static void packedFigures(Call call) {
    long record = existing(call, word(call, 2));
    if (!Encodings.of(call, record).equals("listpack")) {
      throw Errors.err("Not a listpack encoded object.");
    }
    log.info("{} bytes in one block for {}", call.database().bytesOf(record), call.arg(2));
    call.reply().simple("Listpack structure printed on stdout");
  }

  private void clientEviction(Call call) {
    if (parameters.number("maxmemory-clients") == 0) {
      throw Errors.err("maxmemory-clients is disabled.");
    }
    call.reply()
        .verbatim(
            "txt",
            "clients: "
                + call.engine().clients().size()
                + "\nbytes: "
                + call.engine().statistics().clientBytes()
                + "\n");
  }

  private static Bytes word(Call call, int index) {
    if (index >= call.count()) {
      throw HelpText.unknownSubcommand(call);
    }
    return call.arg(index);
  }

  private static void help(Call call) {
    List<String> lines =
        List.of(
            "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
            "DIGEST",
            "    Fingerprint of all data.",
            "DIGEST-VALUE <key> [<key> ...]",
            "    Fingerprints of what these keys hold.",
            "CLIENT-EVICTION",
            "    What clients take of maxmemory-clients.",
            "CONFIG-REWRITE-FORCE-ALL",
            "    Write all parameters to the configuration file.",
            "ERROR <string>",
            "    Answer this error.",
            "HTSTATS <dbid>, HTSTATS-KEY <key>",
            "    Size of a database's index, or of a collection.",
            "JMAP",
            "    Memory of the Java heap, in bytes.",
            "LISTPACK <key>",
            "    Write to the log how a small collection is kept.",
            "AOF-FLUSH-SLEEP <microseconds>",
            "    Delay each write to the append-only file.",
            "LOADAOF",
            "    Throw all data away and read them from the append-only files.",
            "LOG <message>",
            "    Write this to the log.",
            "OBJECT <key>",
            "    How a key is kept.",
            "PAUSE-CRON <0|1>",
            "    Whether what time does by itself waits: keys that leave.",
            "POPULATE <count> [<prefix>] [<size>]",
            "    Create strings with values of this many bytes.",
            "PROTOCOL <type>",
            "    Answer an example: string, integer, double, bignum, null, array, set, map,",
            "    verbatim, attrib, push, true, false.",
            "CHANGE-REPL-ID, CLIENT-ENFORCE-REPLY-LIST, DICT-RESIZING,",
            "QUICKLIST-PACKED-THRESHOLD, REPLYBUFFER, SET-DISABLE-DENY-SCRIPTS",
            "    Accepted; there is nothing here that they would change.",
            "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
            "    Save all data, remove them and load them again. With MERGE, keys that are there",
            "    are replaced; with NOFLUSH, nothing is removed; with NOSAVE, nothing is saved.",
            "REPLICATE <command> [<arg> ...]",
            "    Have replicas carry out a command that is not carried out here.",
            "SDSLEN <key>",
            "    Lengths of a key and its string.",
            "SET-ACTIVE-EXPIRE <0|1>",
            "    Whether keys leave by themselves when their time has come.",
            "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
            "    Whether RESTORE and loading take what has a wrong check sum.",
            "SLEEP <seconds>",
            "    Keep everybody waiting.",
            "STRINGMATCH-LEN <length> <pattern>",
            "    Match a text of this many letters.",
            "HELP",
            "    Print this help.");
    call.reply().array(lines.size());
    lines.forEach(call.reply()::simple);
  }

  private void replicate(Call call) {
    word(call, 2);
    List<Bytes> words = new ArrayList<>();
    for (int i = 2; i < call.count(); i++) {
      words.add(call.arg(i));
    }
    replication.feed(words);
    call.reply().ok();
  }

  private static void digestValue(Call call) {
    Digest digest = new Digest(call.keyspace());
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      call.reply().simple(digest.ofValue(call.database(), call.arg(i)));
    }
  }

  private static void object(Call call) {
    Database database = call.database();
    long record = existing(call, word(call, 2));
    call.reply()
        .simple(
            "Value at:0x"
                + Long.toHexString(record)
                + " refcount:1 encoding:"
                + Encodings.of(call, record)
                + " serializedlength:"
                + database.recordBytes(record)
                + " lru:"
                + (call.keyspace().eviction().lastUseMillis(record) / 1000 & LRU_CLOCK_MASK)
                + " lru_seconds_idle:"
                + (call.keyspace().eviction().idleMillis(record) / 1000));
  }

  private void reload(Call call) {
    boolean flush = true;
    boolean save = true;
    boolean merge = false;
    for (int i = 2; i < call.count(); i++) {
      if (call.args().is(i, "MERGE")) {
        merge = true;
      } else if (call.args().is(i, "NOFLUSH")) {
        flush = false;
      } else if (call.args().is(i, "NOSAVE")) {
        save = false;
      } else {
        throw Errors.err("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
      }
    }
    try {
      if (save) {
        rdb.save();
      }
    } catch (IOException e) {
      throw new CommandException("ERR");
    }
    try {
      rdb.reload(flush, merge);
    } catch (IOException e) {
      throw Errors.err("Error trying to load the RDB dump, check server logs.");
    }
    call.reply().ok();
  }

  private static void sleep(Call call) {
    double seconds = Numbers.parseDouble(word(call, 2), Errors.notAFloat());
    long end = call.engine().world().nanos() + (long) (seconds * 1e9);
    for (long left = 1; left > 0; left = end - call.engine().world().nanos()) {
      LockSupport.parkNanos(left);
    }
    call.reply().ok();
  }

  private static void setActiveExpire(Call call) {
    call.keyspace().settings().activeExpiry =
        Numbers.parseLong(word(call, 2), Errors.notAnInteger()) != 0;
    call.reply().ok();
  }

  private void pauseCron(Call call) {
    boolean paused = Numbers.parseLong(word(call, 2), Errors.notAnInteger()) != 0;
    call.keyspace().settings().activeExpiry = !paused;
    shutdown.signalsWait(paused);
    call.reply().ok();
  }

  private static void jmap(Call call) {
    Runtime runtime = Runtime.getRuntime();
    call.reply().map(3);
    call.reply().bulk("used");
    call.reply().integer(runtime.totalMemory() - runtime.freeMemory());
    call.reply().bulk("committed");
    call.reply().integer(runtime.totalMemory());
    call.reply().bulk("max");
    call.reply().integer(runtime.maxMemory());
  }

  private static void protocol(Call call) {
    Reply reply = call.reply();
    switch (word(call, 2).toString().toLowerCase(Locale.ROOT)) {
      case "string" -> reply.bulk("Hello World");
      case "integer" -> reply.integer(12_345);
      case "double" -> reply.number(3.141);
      case "null" -> reply.nil();
      case "array" -> {
        reply.array(3);
        for (int i = 0; i < 3; i++) {
          reply.integer(i);
        }
      }
      case "set" -> {
        reply.set(3);
        for (int i = 0; i < 3; i++) {
          reply.integer(i);
        }
      }
      case "map" -> {
        reply.map(3);
        for (int i = 0; i < 3; i++) {
          reply.integer(i);
          reply.bool(i == 1);
        }
      }
      case "attrib" -> {
        if (reply.version() > 2 && reply instanceof RespReply wire) {
          wire.attribute(1);
          reply.bulk("key-popularity");
          reply.array(2);
          reply.bulk("key:123");
          reply.integer(90);
        }
        reply.bulk("Some real reply following the attribute");
      }
      case "push" -> {
        if (reply.version() < 3) {
          throw Errors.err("RESP2 is not supported by this command");
        }
        reply.push(2);
        reply.bulk("server-cpu-usage");
        reply.integer(42);
        reply.bulk("Some real reply following the push reply");
      }
      case "bignum" -> reply.bigNumber("1234567999999999999999999999999999999");
      case "true" -> reply.bool(true);
      case "false" -> reply.bool(false);
      case "verbatim" -> reply.verbatim("txt", "This is a verbatim\nstring");
      default ->
          throw Errors.err(
              "Wrong protocol type name. Please use one of the following: string|integer|double|"
                  + "bignum|null|array|set|map|attrib|push|verbatim|true|false");
    }
  }

  private static void stringMatchLength(Call call) {
    long length = Numbers.parseLong(word(call, 2), Errors.notAnInteger());
    if (length < 0 || length > 1 << 20) {
      throw Errors.notAnInteger();
    }
    byte[] text = new byte[(int) length];
    Arrays.fill(text, (byte) 'a');
    Bytes pattern = call.count() > 3 ? call.arg(3) : Bytes.of("*?".repeat(DEFAULT_PATTERN_REPEATS));
    call.reply().integer(Glob.matches(pattern, Bytes.of(text)) ? 1 : 0);
  }

  private static void populate(Call call) {
    long count = Numbers.parseLong(word(call, 2), Errors.notAnInteger());
    String prefix = call.count() > 3 ? call.arg(3).toString() : "key";
    long size = call.count() > 4 ? call.args().integer(4) : 0;
    if (count < 0 || size < 0 || size > 512 << 20) {
      throw Errors.err("value is out of range, must be positive");
    }
    for (long i = 0; i < count; i++) {
      Bytes key =
          Bytes.of((prefix + ":" + i).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
      if (call.database().peek(key) == 0) {
        byte[] value = ("value:" + i).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        call.database()
            .setString(
                key,
                Bytes.of(size == 0 ? value : Arrays.copyOf(value, (int) size)),
                Database.NEVER);
        call.changed(key, EventClass.STRING, "set");
      }
    }
    call.reply().ok();
  }
}
