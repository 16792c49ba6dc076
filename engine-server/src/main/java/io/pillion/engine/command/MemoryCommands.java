package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.observe.MemoryFigures;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.ArrayList;
import java.util.List;

/** MEMORY: what takes how much, by what the arena itself counts. */
final class MemoryCommands {
  private static final long LITTLE_BYTES = 5 << 20;
  private static final double HIGH_ARENA_RATIO = 1.4;
  private static final double HIGH_PEAK_RATIO = 1.5;
  private static final String[] TIPS = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"
  };

  private final Parameters parameters;

  MemoryCommands(Parameters parameters) {
    this.parameters = parameters;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command container =
        table
            .command("MEMORY", AllCommands.CONTAINER)
            .arity(-2)
            .since("4.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about memory.");
    container
        .sub("USAGE", this::usage)
        .arity(-3)
        .flags(READONLY)
        .keys(2, 2, 1, KeySpec.Flag.RO)
        .since("4.0.0")
        .complexity("O(N) where N is the number of blocks of a collection")
        .summary("Answers how many bytes a key and its value take.")
        .syntax("key [SAMPLES count]");
    container
        .sub("STATS", this::stats)
        .arity(2)
        .tips(TIPS)
        .since("4.0.0")
        .complexity("O(1)")
        .summary("Answers where the memory is.");
    container
        .sub("DOCTOR", this::doctor)
        .arity(2)
        .tips(TIPS)
        .since("4.0.0")
        .complexity("O(1)")
        .summary("Judges the use of memory, for people.");
    container
        .sub("MALLOC-STATS", this::mallocStats)
        .arity(2)
        .tips(TIPS)
        .since("4.0.0")
        .complexity("O(1)")
        .summary("Describes the arena.");
    container
        .sub("PURGE", call -> call.reply().ok())
        .arity(2)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .since("4.0.0")
        .complexity("O(1)")
        .summary("Does nothing: the arena keeps no more than it needs.");
    container
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("4.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  /** SAMPLES is checked and not needed: blocks are counted, elements are not looked at. */
  private void usage(Call call) {
    for (int i = 3; i < call.count(); i += 2) {
      if (!call.args().is(i, "SAMPLES") || i + 1 == call.count()) {
        throw Errors.syntax();
      }
      if (call.args().integer(i + 1) < 0) {
        throw Errors.syntax();
      }
    }
    Database database = call.database();
    long record = database.peek(call.arg(2));
    if (record == 0) {
      call.reply().nil();
    } else {
      call.reply().integer(database.bytesOf(record));
    }
  }

  private void stats(Call call) {
    MemoryFigures memory = MemoryFigures.of(call.engine());
    int mark = call.reply().deferred();
    Pairs pairs = new Pairs(call.reply());
    pairs.add("peak.allocated", memory.peakBytes());
    pairs.add("total.allocated", memory.usedBytes());
    pairs.add("startup.allocated", memory.emptyBytes());
    pairs.add("replication.backlog", 0);
    pairs.add("clients.slaves", 0);
    pairs.add("clients.normal", memory.clientBytes());
    pairs.add("cluster.links", 0);
    pairs.add("aof.buffer", 0);
    for (int i = 0; i < call.keyspace().databaseCount(); i++) {
      Database database = call.keyspace().database(i);
      if (database.size() > 0) {
        pairs.addDatabase(i, database);
      }
    }
    pairs.add("overhead.db.hashtable.lut", memory.indexBytes());
    pairs.add("overhead.db.hashtable.rehashing", 0);
    pairs.add("overhead.total", memory.overheadBytes());
    pairs.add("db.dict.rehashing.count", 0);
    pairs.add("keys.count", memory.keys());
    pairs.add("keys.bytes-per-key", memory.datasetBytes() / Math.max(1, memory.keys()));
    pairs.add("dataset.bytes", memory.datasetBytes());
    pairs.add("dataset.percentage", memory.datasetPercent());
    pairs.add("peak.percentage", memory.peakPercent());
    pairs.add("allocator.allocated", memory.dataBytes());
    pairs.add("allocator.active", memory.reservedBytes());
    pairs.add("allocator.resident", memory.reservedBytes());
    pairs.add("allocator.muzzy", 0);
    pairs.add("allocator-fragmentation.ratio", memory.arenaRatio());
    pairs.add("allocator-fragmentation.bytes", memory.reservedBytes() - memory.dataBytes());
    pairs.add("allocator-rss.ratio", 1.0);
    pairs.add("allocator-rss.bytes", 0);
    pairs.add(
        "rss-overhead.ratio",
        memory.residentBytes() / (double) Math.max(1, memory.reservedBytes()));
    pairs.add("rss-overhead.bytes", memory.residentBytes() - memory.reservedBytes());
    pairs.add("fragmentation", memory.residentRatio());
    pairs.add("fragmentation.bytes", memory.residentBytes() - memory.usedBytes());
    call.reply().resolveMap(mark, pairs.count);
  }

  private static final class Pairs {
    private final Reply reply;
    private int count;

    Pairs(Reply reply) {
      this.reply = reply;
    }

    void add(String name, long value) {
      count++;
      reply.bulk(name);
      reply.integer(value);
    }

    void add(String name, double value) {
      count++;
      reply.bulk(name);
      reply.number(value);
    }

    void addDatabase(int number, Database database) {
      count++;
      reply.bulk("db." + number);
      reply.map(2);
      reply.bulk("overhead.hashtable.main");
      reply.integer(database.indexBytes());
      reply.bulk("overhead.hashtable.expires");
      reply.integer(database.expiry().bytes());
    }
  }

  private void doctor(Call call) {
    MemoryFigures memory = MemoryFigures.of(call.engine());
    List<String> findings = new ArrayList<>();
    if (memory.usedBytes() < LITTLE_BYTES) {
      findings.add("There is too little data for a judgement: " + memory.usedBytes() + " bytes.");
    } else {
      if (memory.peakBytes() > HIGH_PEAK_RATIO * memory.usedBytes()) {
        findings.add(
            "The peak was "
                + memory.peakBytes()
                + " bytes, far above today's "
                + memory.usedBytes()
                + ": what it left partly empty is used again as data grow.");
      }
      if (memory.arenaRatio() > HIGH_ARENA_RATIO) {
        findings.add(
            "The arena holds "
                + memory.reservedBytes()
                + " bytes for "
                + memory.dataBytes()
                + " bytes of data: the sizes in use have changed, or much was deleted.");
      }
      long limit = parameters.number("maxmemory");
      if (limit > 0 && memory.usedBytes() > limit / 100 * 95) {
        findings.add(
            "maxmemory is nearly reached: "
                + memory.usedBytes()
                + " of "
                + limit
                + " bytes; the policy is "
                + parameters.text("maxmemory-policy")
                + ".");
      }
      if (findings.isEmpty()) {
        findings.add("Nothing is wrong with the memory.");
      }
    }
    call.reply().verbatim("txt", String.join("\n", findings) + "\n");
  }

  private void mallocStats(Call call) {
    MemoryFigures memory = MemoryFigures.of(call.engine());
    call.reply()
        .verbatim(
            "txt",
            "Arena of this engine (off-heap, size classes in slabs of 1 MiB)\nused bytes: "
                + memory.dataBytes()
                + "\nreserved bytes: "
                + memory.reservedBytes()
                + "\nbudget bytes: "
                + memory.budgetBytes()
                + "\nJava heap used bytes: "
                + memory.heapUsedBytes()
                + "\nJava heap committed bytes: "
                + memory.heapCommittedBytes()
                + "\n");
  }
}
