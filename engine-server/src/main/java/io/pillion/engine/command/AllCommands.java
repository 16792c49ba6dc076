package io.pillion.engine.command;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.protocol.Errors;

/** The table of all commands, group by group. */
final class AllCommands {
  /** What carries out a command that only has subcommands: nobody gets here. */
  static final Command.Handler CONTAINER =
      call -> {
        throw Errors.syntax();
      };

  private AllCommands() {}

  /**
   * Fills the table of one engine.
   *
   * @param services what commands reach beside keys and clients
   */
  static void declare(CommandTable table, Parameters parameters, Services services) {
    new StringCommands(parameters).declare(table);
    new BitmapCommands(parameters).declare(table);
    new GenericCommands().declare(table);
    new SortCommands().declare(table);
    MigrationLinks links = new MigrationLinks();
    new GenericTransferCommands(services.rdb(), links).declare(table);
    Hashes hashes = new Hashes();
    new HashCommands(hashes).declare(table);
    new HashFieldExpiryCommands(hashes).declare(table);
    new SetCommands().declare(table);
    new ListCommands().declare(table);
    SortedSetCommands sortedSets = new SortedSetCommands();
    sortedSets.declare(table);
    new GeoCommands(sortedSets).declare(table);
    new StreamCommands().declare(table);
    new HyperLogLogCommands(parameters).declare(table);
    new PubSubCommands(services.pubSub()).declare(table);
    new ScriptingCommands(services.scripts()).declare(table);
    new FunctionCommands(services.scripts(), services.functions()).declare(table);
    new ConnectionCommands(services).declare(table);
    new TransactionCommands().declare(table);
    new ServerCommands(parameters, services, links).declare(table);
    new ServerPersistenceCommands(services.rdb(), services.appendOnly()).declare(table);
    new BackupCommands(services.backups()).declare(table);
    new CommandCommands().declare(table);
    new ConfigCommands(parameters, services.replication().counts(), services.appendOnly())
        .declare(table);
    new DebugCommands(parameters, services).declare(table);
    new ReplicationCommands(services.appendOnly(), services.replication(), services.following())
        .declare(table);
    new ClusterCommands().declare(table);
    new ModuleCommands(parameters).declare(table);
    new AclCommands(services.access()).declare(table);
    new MemoryCommands(parameters).declare(table);
    new SlowLogCommands(services.observation().slowLog()).declare(table);
    new LatencyCommands(services.observation().latency(), parameters).declare(table);
  }
}
