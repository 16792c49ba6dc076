package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.DANGEROUS;
import static io.pillion.engine.dispatch.AclCategory.KEYSPACE;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;
import static io.pillion.engine.dispatch.KeySpec.Flag.ACCESS;
import static io.pillion.engine.dispatch.KeySpec.Flag.DELETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.INCOMPLETE;
import static io.pillion.engine.dispatch.KeySpec.Flag.OW;
import static io.pillion.engine.dispatch.KeySpec.Flag.RO;
import static io.pillion.engine.dispatch.KeySpec.Flag.RW;
import static io.pillion.engine.dispatch.KeySpec.Flag.UPDATE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.keyspace.EventClass;
import io.pillion.engine.keyspace.Eviction;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.DumpPayload;
import io.pillion.engine.persistence.LoadedValue;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The part of the generic group that takes keys from server to server. */
final class GenericTransferCommands {
  private static final Logger log = LoggerFactory.getLogger(GenericTransferCommands.class);
  private static final Bytes ABSTTL = Bytes.of("ABSTTL");
  private static final int MAX_FREQUENCY = 255;
  private static final int UNSET = -1;

  private final RdbStore rdb;

  private final MigrationLinks links;

  /** The migration that has ended, while its client's command comes back. */
  private @Nullable Migration arriving;

  GenericTransferCommands(RdbStore rdb, MigrationLinks links) {
    this.rdb = rdb;
    this.links = links;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.GENERIC);
    table
        .command("DUMP", this::dump)
        .arity(2)
        .flags(READONLY)
        .acl(KEYSPACE)
        .keys(1, 1, 1, RO, ACCESS)
        .tips("nondeterministic_output")
        .since("2.6.0")
        .complexity("O(N) in the bytes of what the key holds")
        .summary("Answers what a key holds, in a form that RESTORE takes.")
        .syntax("key");
    table
        .command("RESTORE", this::restore)
        .arity(-4)
        .flags(WRITE, DENYOOM)
        .acl(KEYSPACE, DANGEROUS)
        .keys(1, 1, 1, OW, UPDATE)
        .since("2.6.0")
        .complexity("O(N) in the elements, O(N*log(N)) for sorted sets")
        .summary("Makes a key hold what DUMP has answered.")
        .syntax("key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]");
    table
        .command("MIGRATE", this::migrate)
        .arity(-6)
        .flags(WRITE, MOVABLE_KEYS)
        .acl(KEYSPACE, DANGEROUS)
        .keys(KeySpec.range(3, 3, 1, RW, ACCESS, DELETE))
        .keys(
            new KeySpec(
                0,
                "KEYS",
                -2,
                KeySpec.Find.RANGE,
                -1,
                1,
                0,
                0,
                0,
                EnumSet.of(RW, ACCESS, DELETE, INCOMPLETE),
                null))
        .keysByWords(Migration::forEachKey)
        .tips("nondeterministic_output")
        .since("2.6.0")
        .complexity("O(N) in the bytes of what the keys hold")
        .summary("Moves keys to another server.")
        .syntax(
            "host port key|\"\" destination-db timeout [COPY] [REPLACE] [AUTH password |"
                + " AUTH2 username password] [KEYS key [key ...]]");
  }

  private void dump(Call call) {
    Database database = call.database();
    long record = call.peekToRead(call.arg(1));
    if (record == 0) {
      call.reply().nil();
      return;
    }
    call.reply()
        .bulk(
            DumpPayload.write(
                database, record, call.arena(), call.keyspace().settings().types, rdb.fieldTtls()));
  }

  private void restore(Call call) {
    RestoreOptions options = new RestoreOptions(call, 4);
    Bytes key = call.arg(1);
    Database database = call.database();
    boolean exists = database.peek(key) != 0;
    if (exists && !options.replace) {
      throw busyKey();
    }
    long ttl = call.args().integer(2);
    if (ttl < 0) {
      throw Errors.err("Invalid TTL value, must be >= 0");
    }
    if (DumpPayload.body(call.arg(3), rdb.areChecksumsChecked()) == null) {
      throw Errors.err("DUMP payload version or checksum are wrong");
    }
    LoadedValue value = read(call, call.arg(3));
    long deadline = deadline(call, ttl, options.absolute);
    if (deadline != Database.NEVER && deadline <= call.now()) {
      value.free(call.arena());
      if (exists && database.delete(key)) {
        call.changed(key, EventClass.GENERIC, "del");
        call.deletion(key, call.keyspace().settings().lazyReplace);
      }
      call.reply().ok();
      return;
    }
    value.enter(database, call.arena(), key, deadline);
    options.applyUse(call.keyspace().eviction(), database.peek(key));
    call.changed(key, EventClass.GENERIC, "restore");
    if (ttl != 0 && !options.absolute) {
      call.effect(absolute(call, deadline));
    }
    call.reply().ok();
  }

  private static CommandException busyKey() {
    return new CommandException("BUSYKEY Target key name already exists.");
  }

  private static LoadedValue read(Call call, Bytes payload) {
    try {
      return DumpPayload.read(payload, call.arena(), call.keyspace().settings().types);
    } catch (IOException e) {
      log.info("Internal error in RDB reading: {}", e.getMessage());
      throw Errors.err("Bad data format");
    }
  }

  private static long deadline(Call call, long ttl, boolean absolute) {
    if (ttl == 0) {
      return Database.NEVER;
    }
    return absolute ? ttl : Deadlines.lenient(call, ttl, 1, call.now());
  }

  /** The words as sent, with the moment in place of the time to live. */
  private static Bytes[] absolute(Call call, long deadline) {
    Bytes[] words = new Bytes[call.count() + 1];
    for (int i = 0; i < call.count(); i++) {
      words[i] = call.arg(i);
    }
    words[2] = Bytes.of(deadline);
    words[call.count()] = ABSTTL;
    return words;
  }

  // --- MIGRATE

  /**
   * Hands what the keys hold to a worker and lets the client wait; when the other server has
   * answered, comes back here to remove them. Nobody else waits meanwhile, so a key that has
   * changed since it was sent stays.
   */
  private void migrate(Call call) {
    Migration ended = arriving;
    if (ended != null) {
      end(call, ended);
      return;
    }
    Migration migration = Migration.parse(call, rdb.fieldTtls());
    if (migration.isEmpty()) {
      call.reply().simple("NOKEY");
      call.noEffect();
      return;
    }
    if (!call.mayBlock()) {
      throw Errors.err("MIGRATE waits for another server: not inside a transaction or a script");
    }
    Engine engine = call.engine();
    Client client = call.client();
    call.block(
        ValueType.STRING,
        List.of(),
        0,
        reply -> reply.error("IOERR given up; the keys are here, and may be there too"));
    engine
        .world()
        .background(
            "migrate",
            () -> {
              migration.send(engine.world(), links);
              engine.hold(
                  () -> {
                    arriving = migration;
                    engine.retry(client);
                    arriving = null;
                  });
            });
  }

  private static void end(Call call, Migration migration) {
    List<Bytes> deleted = new ArrayList<>();
    deleted.add(Bytes.of("DEL"));
    boolean changed = false;
    for (Bytes key : migration.acknowledged()) {
      if (migration.isAsSent(call, key)) {
        call.database().delete(key);
        call.changed(key, EventClass.GENERIC, "del");
        deleted.add(key);
      } else if (call.database().peek(key) != 0) {
        changed = true;
      }
    }
    if (deleted.size() > 1) {
      call.effect(deleted.toArray(Bytes[]::new));
    } else {
      call.noEffect();
    }
    String error = migration.error();
    if (error == null && changed) {
      error = "IOERR keys have changed while they were sent, and stay: send them again";
    }
    if (error == null) {
      call.reply().ok();
    } else {
      call.reply().error(error);
    }
  }

  /** What follows the payload. */
  private static final class RestoreOptions {
    private boolean replace;
    private boolean absolute;
    private long idleSeconds = UNSET;
    private long frequency = UNSET;

    RestoreOptions(Call call, int first) {
      for (int i = first; i < call.count(); i++) {
        boolean hasMore = i + 1 < call.count();
        if (call.args().is(i, "REPLACE")) {
          replace = true;
        } else if (call.args().is(i, "ABSTTL")) {
          absolute = true;
        } else if (call.args().is(i, "IDLETIME") && hasMore && frequency == UNSET) {
          idleSeconds = call.args().integer(++i);
          if (idleSeconds < 0) {
            throw Errors.err("Invalid IDLETIME value, must be >= 0");
          }
        } else if (call.args().is(i, "FREQ") && hasMore && idleSeconds == UNSET) {
          frequency = call.args().integer(++i);
          if (frequency < 0 || frequency > MAX_FREQUENCY) {
            throw Errors.err("Invalid FREQ value, must be >= 0 and <= 255");
          }
        } else {
          throw Errors.syntax();
        }
      }
    }

    void applyUse(Eviction eviction, long record) {
      if (idleSeconds != UNSET) {
        eviction.idleMillis(record, Math.min(idleSeconds, Integer.MAX_VALUE) * 1000);
      } else if (frequency != UNSET) {
        eviction.frequency(record, (int) frequency);
      }
    }
  }
}
