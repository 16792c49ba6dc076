package io.pillion.engine.command;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.protocol.Errors;

/** The table of all commands, group by group. */
public final class AllCommands {
  /** What carries out a command that only has subcommands: nobody gets here. */
  static final Command.Handler CONTAINER =
      call -> {
        throw Errors.syntax();
      };

  private AllCommands() {}

  /** A new table, for one engine. */
  public static CommandTable table(Parameters parameters) {
    CommandTable table = new CommandTable();
    new StringCommands(parameters).declare(table);
    new GenericCommands().declare(table);
    new ListCommands().declare(table);
    new SortedSetCommands().declare(table);
    new ConnectionCommands().declare(table);
    new TransactionCommands().declare(table);
    new ServerCommands().declare(table);
    new ConfigCommands(parameters).declare(table);
    new DebugCommands(parameters).declare(table);
    return table;
  }
}
