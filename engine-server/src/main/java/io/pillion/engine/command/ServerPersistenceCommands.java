package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.ADMIN;
import static io.pillion.engine.dispatch.AclCategory.DANGEROUS;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_ASYNC_LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NO_MULTI;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.persistence.RdbStore;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.io.IOException;

/** The part of the server group that writes all data to a file. */
final class ServerPersistenceCommands {
  private final RdbStore rdb;
  private final AppendOnly appendOnly;

  ServerPersistenceCommands(RdbStore rdb, AppendOnly appendOnly) {
    this.rdb = rdb;
    this.appendOnly = appendOnly;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    table
        .command("SAVE", this::save)
        .arity(1)
        .flags(CommandFlag.ADMIN, NOSCRIPT, NO_MULTI, CommandFlag.NO_ASYNC_LOADING)
        .since("1.0.0")
        .complexity("O(N) where N is the number of keys of all databases")
        .summary("Writes all data to the RDB file while everybody waits.");
    table
        .command("BGSAVE", this::bgsave)
        .arity(-1)
        .flags(CommandFlag.ADMIN, NOSCRIPT, CommandFlag.NO_ASYNC_LOADING)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Writes all data as they are now to the RDB file in the background.")
        .syntax("[SCHEDULE]");
    table
        .command("BGREWRITEAOF", this::bgrewriteaof)
        .arity(1)
        .flags(CommandFlag.ADMIN, NOSCRIPT, NO_ASYNC_LOADING)
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Rewrites the append-only file as the shortest that gives the same data.");
    table
        .command("LASTSAVE", this::lastsave)
        .arity(1)
        .flags(LOADING, STALE, FAST)
        .acl(ADMIN, DANGEROUS)
        .tips("nondeterministic_output")
        .since("1.0.0")
        .complexity("O(1)")
        .summary("Answers when all data were last written to the RDB file, in Unix seconds.");
  }

  private void bgrewriteaof(Call call) {
    call.reply().simple(appendOnly.rewrite(call));
  }

  private void save(Call call) {
    if (rdb.isSaving()) {
      throw alreadySaving();
    }
    try {
      rdb.save();
    } catch (IOException e) {
      // The log says why, as with Redis.
      throw new CommandException("ERR");
    }
    call.reply().ok();
  }

  private void bgsave(Call call) {
    boolean schedule = call.count() == 2 && call.args().is(1, "SCHEDULE");
    if (call.count() > 1 && !schedule) {
      throw Errors.syntax();
    }
    if (rdb.isSaving()) {
      throw alreadySaving();
    }
    if (!call.keyspace().isCut()) {
      rdb.saveInBackground();
      call.reply().simple("Background saving started");
    } else if (schedule) {
      rdb.scheduleSave();
      call.reply().simple("Background saving scheduled");
    } else {
      throw Errors.err(
          "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in"
              + " order to schedule a BGSAVE whenever possible.");
    }
  }

  private static CommandException alreadySaving() {
    return Errors.err("Background save already in progress");
  }

  private void lastsave(Call call) {
    call.reply().integer(rdb.progress().lastSaveSeconds());
  }
}
