package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.TRANSACTION;
import static io.pillion.engine.dispatch.CommandFlag.ALLOW_BUSY;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_MULTI;
import static io.pillion.engine.dispatch.CommandFlag.RUNS_TRANSACTION;
import static io.pillion.engine.dispatch.CommandFlag.SKIP_SLOWLOG;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.TRANSACTION_CONTROL;
import static io.pillion.engine.dispatch.CommandFlag.WATCHES;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.dispatch.Queued;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.util.ArrayList;
import java.util.List;

/** The transactions group: several commands with nobody else's between them. */
final class TransactionCommands {
  void declare(CommandTable table) {
    table.group(CommandGroup.TRANSACTIONS);
    table
        .command("MULTI", this::multi)
        .arity(1)
        .flags(NOSCRIPT, LOADING, STALE, FAST, ALLOW_BUSY, NO_MULTI, TRANSACTION_CONTROL)
        .acl(TRANSACTION)
        .since("1.2.0")
        .complexity("O(1)")
        .summary("Begins a transaction.");
    table
        .command("EXEC", this::exec)
        .arity(1)
        .flags(NOSCRIPT, LOADING, STALE, SKIP_SLOWLOG, TRANSACTION_CONTROL, RUNS_TRANSACTION)
        .acl(TRANSACTION)
        .since("1.2.0")
        .complexity("Depends on commands in the transaction")
        .summary("Carries out the commands of a transaction.");
    table
        .command("DISCARD", this::discard)
        .arity(1)
        .flags(NOSCRIPT, LOADING, STALE, FAST, ALLOW_BUSY, TRANSACTION_CONTROL)
        .acl(TRANSACTION)
        .since("2.0.0")
        .complexity("O(N) where N is the number of commands in the transaction")
        .summary("Forgets a transaction.");
    table
        .command("WATCH", this::watch)
        .arity(-2)
        .flags(NOSCRIPT, LOADING, STALE, FAST, ALLOW_BUSY, NO_MULTI, TRANSACTION_CONTROL, WATCHES)
        .acl(TRANSACTION)
        .keys(1, -1, 1, KeySpec.Flag.RO)
        .since("2.2.0")
        .complexity("O(1) for each key")
        .summary("Lets the next EXEC fail when one of the keys changes before.")
        .syntax("key [key ...]");
    table
        .command("UNWATCH", this::unwatch)
        .arity(1)
        .flags(NOSCRIPT, LOADING, STALE, FAST, ALLOW_BUSY)
        .acl(TRANSACTION)
        .since("2.2.0")
        .complexity("O(1)")
        .summary("Forgets the watched keys.");
  }

  private void multi(Call call) {
    call.client().transaction(new Client.Transaction());
    call.reply().ok();
  }

  private void exec(Call call) {
    Client client = call.client();
    Client.Transaction transaction = client.transaction();
    if (transaction == null) {
      throw Errors.err("EXEC without MULTI");
    }
    boolean changed = call.engine().isWatchBroken(client);
    client.transaction(null);
    call.engine().unwatch(client);
    call.noEffect();
    if (transaction.isBroken()) {
      throw new CommandException("EXECABORT Transaction discarded because of previous errors.");
    }
    if (changed) {
      call.reply().nilArray();
      return;
    }
    call.reply().array(transaction.queue().size());
    for (Queued queued : transaction.queue()) {
      call.engine().executeQueued(client, queued);
    }
  }

  private void discard(Call call) {
    if (call.client().transaction() == null) {
      throw Errors.err("DISCARD without MULTI");
    }
    call.client().transaction(null);
    call.engine().unwatch(call.client());
    call.reply().ok();
  }

  private void watch(Call call) {
    // Once broken, more keys make no difference.
    if (!call.engine().isWatchBroken(call.client())) {
      List<Bytes> keys = new ArrayList<>(call.count() - 1);
      for (int i = 1; i < call.count(); i++) {
        keys.add(call.arg(i));
      }
      call.engine().watch(call.client(), keys);
    }
    call.reply().ok();
  }

  private void unwatch(Call call) {
    call.engine().unwatch(call.client());
    call.reply().ok();
  }
}
