package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.CONNECTION;
import static io.pillion.engine.dispatch.AclCategory.DANGEROUS;
import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.ALLOW_BUSY;
import static io.pillion.engine.dispatch.CommandFlag.BLOCKING;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_ASYNC_LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NO_MULTI;
import static io.pillion.engine.dispatch.CommandFlag.SKIP_SLOWLOG;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.AclCategory;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.replication.Following;
import io.pillion.engine.replication.Forwards;
import io.pillion.engine.replication.Replica;
import io.pillion.engine.replication.Replication;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Replication as a primary sees it: who follows asks for the data, clients ask who follows. */
final class ReplicationCommands {
  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack trace
  private static final CommandException NO_FILE =
      Errors.err("WAITAOF cannot be used when numlocal is set but appendonly is disabled.");

  private final AppendOnly appendOnly;
  private final Replication replication;
  private final Following following;

  ReplicationCommands(AppendOnly appendOnly, Replication replication, Following following) {
    this.appendOnly = appendOnly;
    this.replication = replication;
    this.following = following;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.GENERIC);
    table
        .command("WAIT", this::waitForReplicas)
        .arity(3)
        .flags(BLOCKING)
        .acl(CONNECTION)
        .tips("request_policy:all_shards", "response_policy:agg_min")
        .since("3.0.0")
        .complexity("O(1)")
        .summary("Waits until replicas have what this client wrote.")
        .syntax("numreplicas timeout");
    table
        .command("WAITAOF", this::waitForDisks)
        .arity(4)
        .flags(BLOCKING)
        .acl(CONNECTION)
        .tips("request_policy:all_shards", "response_policy:agg_min")
        .since("7.2.0")
        .complexity("O(1)")
        .summary("Waits until what this client wrote is on disks, here and at replicas.")
        .syntax("numlocal numreplicas timeout");
    table.group(CommandGroup.SERVER);
    table
        .command("ROLE", this::role)
        .arity(1)
        .flags(NOSCRIPT, LOADING, STALE, FAST)
        .acl(AclCategory.ADMIN, DANGEROUS)
        .since("2.8.12")
        .complexity("O(1)")
        .summary("Answers whether this is a primary, and who follows it.");
    table
        .command("FAILOVER", following.failover()::failover)
        .arity(-1)
        .flags(ADMIN, NOSCRIPT, STALE)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Makes a replica the primary.")
        .syntax("[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]");
    table
        .command("SYNC", replication::synchronize)
        .arity(1)
        .flags(NO_ASYNC_LOADING, ADMIN, NO_MULTI, NOSCRIPT)
        .since("1.0.0")
        .complexity("O(N) where N is the number of keys")
        .summary("Sends all data, then all changes.");
    table
        .command("PSYNC", replication::goOn)
        .arity(-3)
        .flags(NO_ASYNC_LOADING, ADMIN, NO_MULTI, NOSCRIPT)
        .since("2.8.0")
        .complexity("O(N) where N is the number of keys, or what was missed")
        .summary("Sends all changes since an offset, or all data before.")
        .syntax("replicationid offset");
    table
        .command("REPLCONF", replication::configure)
        .arity(-1)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE, ALLOW_BUSY)
        .since("3.0.0")
        .complexity("O(1)")
        .summary("What a replica says of itself, and how far it has come.");
    declareForward(table);
    replicaof(table, "REPLICAOF").since("5.0.0");
    replicaof(table, "SLAVEOF").since("1.0.0");
  }

  /** What an engine that follows sends on behalf of its clients. */
  private void declareForward(CommandTable table) {
    Forwards forwards = replication.forwards();
    Command container =
        table
            .command("FORWARD", AllCommands.CONTAINER)
            .arity(-2)
            .since("7.2.4")
            .complexity("Depends on subcommand.")
            .summary("What a replica has carried out for its clients.");
    forward(container, "BEGIN", forwards::begin)
        .arity(3)
        .summary("Asks whether frames of this version are taken.")
        .syntax("version");
    forward(container, "CALL", forwards::call)
        .arity(-11)
        .complexity("Depends on the command")
        .summary("Carries out a command of a replica's client, as its user.")
        .syntax("frame client database resp watches user name address command [arg [arg ...]]");
    forward(container, "EXEC", forwards::exec)
        .arity(-10)
        .complexity("Depends on the commands")
        .summary("Carries out a transaction of a replica's client, as its user.")
        .syntax("frame client database resp watches user name address [count word [word ...]]");
    forward(container, "CANCEL", forwards::cancel)
        .arity(4)
        .summary("Ends the wait of a replica's client.")
        .syntax("client with-error");
    forward(container, "GONE", forwards::gone)
        .arity(3)
        .summary("Forgets a replica's client.")
        .syntax("client");
    forward(container, "PING", forwards::ping).arity(2).summary("Answers that all is well.");
  }

  private static Command forward(Command container, String name, Command.Handler handler) {
    return container
        .sub(name, handler)
        .flags(ADMIN, NOSCRIPT, NO_MULTI, LOADING, STALE, ALLOW_BUSY, SKIP_SLOWLOG)
        .since("7.2.4")
        .complexity("O(1)");
  }

  private Command replicaof(CommandTable table, String name) {
    return table
        .command(name, following::replicaof)
        .arity(3)
        .flags(NO_ASYNC_LOADING, ADMIN, NOSCRIPT, STALE)
        .complexity("O(1)")
        .summary("Makes this server a replica of another, or a primary again.")
        .syntax("<host port | NO ONE>");
  }

  private void waitForReplicas(Call call) {
    if (following.isOn()) {
      throw Errors.err(
          "WAIT cannot be used with replica instances. Please also note that writes to replicas"
              + " are just local and are not propagated.");
    }
    long replicas = call.args().integer(1);
    long timeout = timeoutMillis(call, 2);
    long offset = call.client().propagatedOffset();
    Consumer<Reply> answer = reply -> reply.integer(replication.acknowledged(offset));
    awaitReplicas(call, () -> replication.acknowledged(offset) >= replicas, timeout, answer);
  }

  private void waitForDisks(Call call) {
    if (following.isOn()) {
      throw Errors.err(
          "WAITAOF cannot be used with replica instances. Please also note that writes to replicas"
              + " are just local and are not propagated.");
    }
    long here = call.args().integer(1);
    if (here < 0 || here > 1) {
      throw Errors.err("value is out of range, value must between 0 and 1");
    }
    long replicas = call.args().integer(2);
    if (replicas < 0) {
      throw Errors.err("value is out of range, must be positive");
    }
    long timeout = timeoutMillis(call, 3);
    if (here > 0 && !appendOnly.isEnabled()) {
      throw NO_FILE;
    }
    long offset = call.client().writtenOffset();
    long propagated = call.client().propagatedOffset();
    Consumer<Reply> answer =
        reply -> {
          if (here > 0 && !appendOnly.isEnabled()) {
            // It was turned off meanwhile.
            reply.error(NO_FILE.text());
            return;
          }
          reply.array(2);
          reply.integer(appendOnly.isSafe(offset) ? 1 : 0);
          reply.integer(replication.acknowledgedOnDisk(propagated));
        };
    if (here > 0 && replicas == 0 && !appendOnly.isSafe(offset) && call.mayBlock()) {
      call.engine().awaitOffset(call, offset, timeout, answer);
    } else {
      awaitReplicas(
          call,
          () ->
              (here > 0 && !appendOnly.isEnabled())
                  || ((here == 0 || appendOnly.isSafe(offset))
                      && replication.acknowledgedOnDisk(propagated) >= replicas),
          timeout,
          answer);
    }
  }

  private static long timeoutMillis(Call call, int index) {
    long millis =
        Numbers.parseLong(call.arg(index), Errors.err("timeout is not an integer or out of range"));
    if (millis < 0) {
      throw Errors.err("timeout is negative");
    }
    if (millis > Long.MAX_VALUE - call.now()) {
      throw Errors.err("timeout is out of range");
    }
    return millis;
  }

  private void awaitReplicas(
      Call call, BooleanSupplier done, long timeoutMillis, Consumer<Reply> reply) {
    if (done.getAsBoolean() || !call.mayBlock()) {
      reply.accept(call.reply());
    } else {
      replication.await(call, done, timeoutMillis, reply);
    }
  }

  private void role(Call call) {
    if (following.isOn()) {
      Reply reply = call.reply();
      reply.array(5);
      reply.bulk("slave");
      reply.bulk(following.host());
      reply.integer(following.port());
      reply.bulk(following.state().redisName());
      reply.integer(following.isUp() ? replication.offset() : -1);
      return;
    }
    List<Replica> online = replication.replicas().stream().filter(Replica::isOnline).toList();
    Reply reply = call.reply();
    reply.array(3);
    reply.bulk("master");
    reply.integer(replication.offset());
    reply.array(online.size());
    for (Replica replica : online) {
      reply.array(3);
      reply.bulk(replica.address());
      reply.bulk(Integer.toString(replica.port()));
      reply.bulk(Long.toString(replica.ackedOffset()));
    }
  }
}
