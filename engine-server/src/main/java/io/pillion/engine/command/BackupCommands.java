package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_MULTI;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.Blocked;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.keyspace.ValueType;
import io.pillion.engine.persistence.backup.BackupManifest;
import io.pillion.engine.persistence.backup.BackupStatus;
import io.pillion.engine.persistence.backup.BackupTask;
import io.pillion.engine.persistence.backup.Backups;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;

/** BACKUP: whole data sets under a name. Its client waits; nobody else does. */
final class BackupCommands {
  private static final String SINCE = "7.2.4";

  private final Backups backups;

  BackupCommands(Backups backups) {
    this.backups = backups;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command container =
        table
            .command("BACKUP", AllCommands.CONTAINER)
            .arity(-2)
            .since(SINCE)
            .complexity("Depends on subcommand.")
            .summary("Commands about backups.");
    container
        .sub("CREATE", this::create)
        .arity(-2)
        .flags(ADMIN, NOSCRIPT, NO_MULTI)
        .since(SINCE)
        .complexity("O(N) where N is the size of all data, in the background")
        .summary("Makes a backup of all data as they are now, verifies it, and answers its name.")
        .syntax("[name]");
    container
        .sub("LIST", this::list)
        .arity(2)
        .flags(ADMIN, NOSCRIPT, NO_MULTI, LOADING, STALE)
        .since(SINCE)
        .complexity("O(N) where N is the number of backups")
        .summary("Answers what is known of all backups, oldest first.");
    container
        .sub("VERIFY", this::verify)
        .arity(3)
        .flags(ADMIN, NOSCRIPT, NO_MULTI)
        .since(SINCE)
        .complexity("O(N) where N is the size of the backup, in the background")
        .summary("Compares a backup with its check sum and reads all of it.")
        .syntax("name");
    container
        .sub("RESTORE", this::restore)
        .arity(3)
        .flags(ADMIN, NOSCRIPT, NO_MULTI, LOADING)
        .since(SINCE)
        .complexity("O(N) where N is the size of the backup, in the background")
        .summary("Verifies a backup, then puts its data in place of all that are there.")
        .syntax("name");
    container
        .sub("DELETE", this::delete)
        .arity(3)
        .flags(ADMIN, NOSCRIPT, NO_MULTI)
        .since(SINCE)
        .complexity("O(1)")
        .summary("Removes a backup.")
        .syntax("name");
    container
        .sub("STATUS", this::status)
        .arity(2)
        .flags(ADMIN, LOADING, STALE)
        .since(SINCE)
        .complexity("O(1)")
        .summary("Answers what is being done, and when what was done or will be.");
    container
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since(SINCE)
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private void create(Call call) {
    if (call.count() > 3) {
      throw HelpText.unknownSubcommand(call);
    }
    String name = call.count() == 3 ? call.arg(2).toString() : backups.freshName();
    refuseIfNobodyCanWait(call);
    await(call, backups.create(name), (reply, answer) -> reply.bulk(answer));
  }

  private void verify(Call call) {
    refuseIfNobodyCanWait(call);
    await(call, backups.verify(call.arg(2).toString()), Reply::simple);
  }

  private void restore(Call call) {
    refuseIfNobodyCanWait(call);
    backups.checkMayRestore();
    call.engine().checkMayWrite(call.command());
    await(call, backups.restore(call.arg(2).toString()), Reply::simple);
  }

  private void delete(Call call) {
    refuseIfNobodyCanWait(call);
    await(call, backups.delete(call.arg(2).toString()), Reply::simple);
  }

  private void list(Call call) {
    refuseIfNobodyCanWait(call);
    List<BackupManifest> found = new ArrayList<>();
    await(
        call,
        backups.list(found),
        (reply, answer) -> {
          reply.array(found.size());
          found.forEach(each -> write(reply, each));
        });
  }

  private static void write(Reply reply, BackupManifest backup) {
    reply.map(10);
    text(reply, "name", backup.name());
    text(reply, "kind", backup.kind().word());
    number(reply, "created", backup.createdMillis());
    number(reply, "keys", backup.keys());
    number(reply, "bytes", backup.bytes());
    number(reply, "data-bytes", backup.dataBytes());
    number(reply, "offset", backup.offset());
    number(reply, "rdb-version", backup.rdbVersion());
    text(reply, "engine-version", backup.engineVersion());
    text(reply, "sha256", backup.sha256());
  }

  private void status(Call call) {
    BackupStatus status = backups.status();
    Reply reply = call.reply();
    reply.map(10);
    text(reply, "running", Objects.requireNonNullElse(status.running(), ""));
    text(reply, "last-status", status.lastOk() ? "ok" : "err");
    number(reply, "last-time", status.lastMillis());
    number(reply, "next-time", status.nextMillis());
    number(reply, "count", status.count());
    number(reply, "made", status.made());
    number(reply, "failed", status.failed());
    number(reply, "missed", status.missed());
    text(reply, "last-error", status.lastError());
    text(reply, "target", status.target());
  }

  private static void text(Reply reply, String name, String value) {
    reply.bulk(name);
    reply.bulk(value);
  }

  private static void number(Reply reply, String name, long value) {
    reply.bulk(name);
    reply.integer(value);
  }

  private static void refuseIfNobodyCanWait(Call call) {
    if (!call.mayBlock()) {
      throw Errors.err("BACKUP makes its client wait: not inside a transaction or a script");
    }
  }

  private static void await(Call call, BackupTask task, BiConsumer<Reply, String> write) {
    Engine engine = call.engine();
    Client client = call.client();
    call.block(
        ValueType.STRING,
        List.of(),
        /* timeoutMillis= */ 0,
        reply -> {
          IOException failure = task.failure();
          String answer = task.answer();
          if (answer != null) {
            write.accept(reply, answer);
          } else if (failure != null) {
            reply.error("ERR " + failure.getMessage());
          } else {
            reply.error("ERR no longer waited for; BACKUP STATUS tells of it");
          }
        });
    Blocked wait = client.blocked();
    task.whenEnded(
        () -> {
          // It may have been unblocked, and wait for something else by now.
          if (wait != null && client.blocked() == wait) {
            engine.unblock(client, /* withError= */ false);
          }
        });
  }
}
