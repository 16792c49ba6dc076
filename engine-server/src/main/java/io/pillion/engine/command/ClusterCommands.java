package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.CONNECTION;
import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_ASYNC_LOADING;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.protocol.Errors;

/**
 * The cluster group, as a server answers that is no part of a cluster: clients that probe for one
 * find out. We write no sharding engine of our own.
 */
final class ClusterCommands {
  private static final CommandFlag[] READ = {STALE};
  private static final CommandFlag[] READ_EARLY = {LOADING, STALE};
  private static final CommandFlag[] LOOK = {ADMIN, STALE};
  private static final CommandFlag[] CHANGE = {NO_ASYNC_LOADING, ADMIN, STALE};
  private static final String VARIES = "nondeterministic_output";

  private Command cluster = new CommandTable().command("CLUSTER", AllCommands.CONTAINER);

  void declare(CommandTable table) {
    table.group(CommandGroup.CLUSTER);
    connection(table, "READONLY", call -> readsHere(call, true), LOADING, STALE, FAST)
        .summary("Has reads carried out here though this server is a replica: see CLIENT CAPA.");
    connection(table, "READWRITE", call -> readsHere(call, false), LOADING, STALE, FAST)
        .summary("Takes READONLY back.");
    connection(table, "ASKING", ClusterCommands::refuse, FAST)
        .summary("Follows a redirection while a slot moves.");
    cluster =
        table
            .command("CLUSTER", AllCommands.CONTAINER)
            .arity(-2)
            .since("3.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about the cluster, which this server is no part of.");
    declareReads();
    declareChanges();
  }

  private void declareReads() {
    sub("INFO", 2, READ_EARLY).tips(VARIES).summary("Describes the cluster.");
    sub("NODES", 2, READ_EARLY).tips(VARIES).summary("Lists the nodes.");
    sub("SLOTS", 2, READ_EARLY).tips(VARIES).summary("Says which node has which slots.");
    sub("SHARDS", 2, READ_EARLY)
        .tips(VARIES)
        .since("7.0.0")
        .summary("Says which nodes share which slots.");
    sub("MYID", 2, READ_EARLY).summary("Answers the node's identifier.");
    sub("MYSHARDID", 2, READ_EARLY)
        .tips(VARIES)
        .since("7.2.0")
        .summary("Answers the shard's identifier.");
    sub("LINKS", 2, READ)
        .tips(VARIES)
        .since("7.0.0")
        .summary("Lists the connections between nodes.");
    sub("KEYSLOT", 3, READ).summary("Answers the slot of a key.").syntax("key");
    sub("COUNTKEYSINSLOT", 3, READ).summary("Counts the keys of a slot.").syntax("slot");
    sub("GETKEYSINSLOT", 4, READ)
        .tips(VARIES)
        .summary("Lists keys of a slot.")
        .syntax("slot count");
    sub("SLOT-STATS", -4, READ_EARLY)
        .tips(VARIES, "request_policy:all_shards")
        .since("8.0.0")
        .summary("Answers figures about slots.")
        .syntax("<SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]>");
    sub("COUNT-FAILURE-REPORTS", 3, LOOK)
        .tips(VARIES)
        .summary("Counts who reports a node as failing.")
        .syntax("node-id");
    sub("REPLICAS", 3, LOOK)
        .tips(VARIES)
        .since("5.0.0")
        .summary("Lists the replicas of a node.")
        .syntax("node-id");
    sub("SLAVES", 3, LOOK).tips(VARIES).summary("Lists the replicas of a node.").syntax("node-id");
    sub("HELP", 2, READ_EARLY).since("5.0.0").summary("Describes the subcommands.");
  }

  private void declareChanges() {
    sub("ADDSLOTS", -3, CHANGE).summary("Takes slots.").syntax("slot [slot ...]");
    sub("ADDSLOTSRANGE", -4, CHANGE)
        .since("7.0.0")
        .summary("Takes ranges of slots.")
        .syntax("start-slot end-slot [start-slot end-slot ...]");
    sub("BUMPEPOCH", 2, CHANGE).tips(VARIES).summary("Advances the epoch.");
    sub("DELSLOTS", -3, CHANGE).summary("Gives slots up.").syntax("slot [slot ...]");
    sub("DELSLOTSRANGE", -4, CHANGE)
        .since("7.0.0")
        .summary("Gives ranges of slots up.")
        .syntax("start-slot end-slot [start-slot end-slot ...]");
    sub("FAILOVER", -2, CHANGE)
        .summary("Makes a replica the primary.")
        .syntax("[FORCE | TAKEOVER]");
    sub("FLUSHSLOTS", 2, CHANGE).summary("Gives all slots up.");
    sub("FORGET", 3, CHANGE).summary("Forgets a node.").syntax("node-id");
    sub("MEET", -4, CHANGE).summary("Joins a node.").syntax("ip port [cluster-bus-port]");
    sub("REPLICATE", 3, CHANGE).summary("Follows a node.").syntax("node-id");
    sub("RESET", -2, new CommandFlag[] {ADMIN, STALE, NOSCRIPT})
        .summary("Leaves the cluster.")
        .syntax("[HARD | SOFT]");
    sub("SAVECONFIG", 2, CHANGE).summary("Writes the cluster's configuration.");
    sub("SET-CONFIG-EPOCH", 3, CHANGE).summary("Sets the epoch.").syntax("config-epoch");
    sub("SETSLOT", -4, CHANGE)
        .summary("Says what becomes of a slot.")
        .syntax("slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>");
  }

  private static void readsHere(Call call, boolean yes) {
    call.client().readsHere(yes);
    call.reply().ok();
  }

  private static Command connection(
      CommandTable table, String name, Command.Handler handler, CommandFlag... flags) {
    return table
        .command(name, handler)
        .arity(1)
        .flags(flags)
        .acl(CONNECTION)
        .since("3.0.0")
        .complexity("O(1)");
  }

  private Command sub(String name, int arity, CommandFlag[] flags) {
    return cluster
        .sub(name, ClusterCommands::refuse)
        .arity(arity)
        .flags(flags)
        .since("3.0.0")
        .complexity("O(1)");
  }

  private static void refuse(Call call) {
    throw Errors.err("This instance has cluster support disabled");
  }
}
