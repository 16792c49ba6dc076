package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.DANGEROUS;
import static io.pillion.engine.dispatch.AclCategory.KEYSPACE;
import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.ALLOW_BUSY;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_MULTI;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;

import io.pillion.engine.config.FatalConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import org.jspecify.annotations.Nullable;

/** The server group: whole databases, and the server itself. */
final class ServerCommands {
  private final Parameters parameters;
  private final Services services;
  private final MigrationLinks links;
  private @Nullable ServerIdentity identity;

  ServerCommands(Parameters parameters, Services services, MigrationLinks links) {
    this.parameters = parameters;
    this.services = services;
    this.links = links;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    table
        .command("DBSIZE", this::dbsize)
        .arity(1)
        .flags(READONLY, FAST)
        .acl(KEYSPACE)
        .tips("request_policy:all_shards", "response_policy:agg_sum")
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers how many keys the database has.");
    table
        .command("FLUSHALL", this::flushall)
        .arity(-1)
        .flags(WRITE)
        .acl(KEYSPACE, DANGEROUS)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Removes all keys of all databases.")
        .syntax("[ASYNC | SYNC]");
    table
        .command("FLUSHDB", this::flushdb)
        .arity(-1)
        .flags(WRITE)
        .acl(KEYSPACE, DANGEROUS)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .since("1.0.0")
        .complexity("O(N) where N is the number of keys in the database")
        .summary("Removes all keys of this database.")
        .syntax("[ASYNC | SYNC]");
    table
        .command("SWAPDB", this::swapdb)
        .arity(3)
        .flags(WRITE, FAST)
        .acl(KEYSPACE, DANGEROUS)
        .since("4.0.0")
        .complexity("O(N) where N is the number of keys that are watched")
        .summary("Exchanges two databases.")
        .syntax("index1 index2");
    table
        .command("TIME", this::time)
        .arity(1)
        .flags(LOADING, STALE, FAST)
        .tips("nondeterministic_output")
        .since("2.6.0")
        .complexity("O(1)")
        .summary("Answers the Unix time in seconds, and the microseconds within the second.");
    table
        .command("INFO", this::info)
        .arity(-1)
        .flags(LOADING, STALE)
        .acl(DANGEROUS)
        .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers figures about the server.")
        .syntax("[section [section ...]]");
    table
        .command("LOLWUT", this::lolwut)
        .arity(-1)
        .flags(READONLY, FAST)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Draws something, and says the version.")
        .syntax("[VERSION version]");
    table
        .command("MONITOR", this::monitor)
        .arity(1)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .since("1.0.0")
        .complexity("O(1) for each command that is shown")
        .summary("Shows what clients send, as it is carried out.");
    table
        .command("SHUTDOWN", this::shutdown)
        .arity(-1)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE, NO_MULTI, ALLOW_BUSY)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Ends the server.")
        .syntax("[[NOSAVE | SAVE] [NOW] [FORCE] | ABORT]");
  }

  private void dbsize(Call call) {
    call.reply().integer(call.database().size());
  }

  private void flushall(Call call) {
    requireFlushMode(call);
    call.keyspace().flushAll();
    call.changed();
    services.rdb().flushed();
    call.reply().ok();
  }

  private void flushdb(Call call) {
    requireFlushMode(call);
    boolean lazily =
        call.count() == 2 ? call.args().is(1, "ASYNC") : call.keyspace().settings().lazyFlush;
    call.keyspace().flush(call.database(), lazily);
    call.changed();
    call.reply().ok();
  }

  private static void requireFlushMode(Call call) {
    boolean valid =
        call.count() == 1
            || (call.count() == 2 && (call.args().is(1, "SYNC") || call.args().is(1, "ASYNC")));
    if (!valid) {
      throw Errors.syntax();
    }
  }

  private void swapdb(Call call) {
    int first = database(call, 1, "invalid first DB index");
    int second = database(call, 2, "invalid second DB index");
    int count = call.keyspace().databaseCount();
    if (first < 0 || first >= count || second < 0 || second >= count) {
      throw Errors.err("DB index is out of range");
    }
    if (first != second) {
      call.keyspace().swap(first, second);
    }
    call.changed();
    call.reply().ok();
  }

  private static int database(Call call, int index, String complaint) {
    Bytes word = call.arg(index);
    long number = Numbers.parseLong(word, Errors.err(complaint));
    if (number != (int) number) {
      throw Errors.err(complaint);
    }
    return (int) number;
  }

  private void time(Call call) {
    // For a script, time stands still.
    long millis =
        call.engine().scriptHost().isRunning() ? call.now() : call.engine().world().wallMillis();
    call.reply().array(2);
    call.reply().bulk(millis / 1000);
    call.reply().bulk(millis % 1000 * 1000);
  }

  private void info(Call call) {
    ServerIdentity known = identity;
    if (known == null) {
      known = ServerIdentity.random(call.engine().world(), call.engine().startedMillis());
      identity = known;
    }
    call.reply().verbatim("txt", new ServerInfo(call, parameters, services, links, known).write());
  }

  private void lolwut(Call call) {
    if (call.count() >= 3 && call.args().is(1, "VERSION")) {
      call.args().integer(2);
    }
    call.reply()
        .verbatim(
            "txt",
            """
                 __o
               _`\\<,_ _\\
              (_)/ (_)(_)   a seat behind the rider
            """
                + "Redis ver. "
                + FatalConfigException.REDIS_VERSION
                + "\n");
  }

  private void monitor(Call call) {
    if (!call.mayBlock()) {
      throw Errors.err("MONITOR isn't allowed for DENY BLOCKING client");
    }
    services.monitors().add(call.client());
    call.reply().ok();
  }

  private void shutdown(Call call) {
    boolean abort = false;
    boolean save = false;
    boolean noSave = false;
    boolean force = false;
    boolean now = false;
    for (int i = 1; i < call.count(); i++) {
      if (call.args().is(i, "NOSAVE")) {
        noSave = true;
      } else if (call.args().is(i, "SAVE")) {
        save = true;
      } else if (call.args().is(i, "ABORT")) {
        abort = true;
      } else if (call.args().is(i, "FORCE")) {
        force = true;
      } else if (call.args().is(i, "NOW")) {
        now = true;
      } else {
        throw Errors.syntax();
      }
    }
    if ((abort && call.count() != 2) || (save && noSave)) {
      throw Errors.syntax();
    }
    Shutdown shutdown = services.shutdown();
    if (abort) {
      if (!shutdown.abort()) {
        throw Errors.err("No shutdown in progress.");
      }
      call.reply().ok();
      return;
    }
    if (!now && !call.mayBlock()) {
      throw Errors.err("SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
    }
    if (!noSave) {
      // A script that is half-way must be in no file.
      call.engine().scriptHost().checkNotBusy();
    }
    shutdown.request(call, new Shutdown.Wish(save, noSave, now, force));
  }
}
