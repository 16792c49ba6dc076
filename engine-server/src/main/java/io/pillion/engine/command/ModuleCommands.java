package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_ASYNC_LOADING;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.protocol.Errors;

/** MODULE: there are none, and a JVM can load none of Redis'. */
final class ModuleCommands {
  private final Parameters parameters;

  ModuleCommands(Parameters parameters) {
    this.parameters = parameters;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command container =
        table
            .command("MODULE", AllCommands.CONTAINER)
            .arity(-2)
            .since("4.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about modules.");
    container
        .sub("LIST", call -> call.reply().array(0))
        .arity(2)
        .flags(ADMIN, NOSCRIPT)
        .tips("nondeterministic_output_order")
        .since("4.0.0")
        .complexity("O(N) where N is the number of loaded modules.")
        .summary("Lists the modules that are loaded.");
    change(container, "LOAD", this::load, -3).summary("Loads a module.").syntax("path [arg ...]");
    change(container, "LOADEX", this::load, -3)
        .since("7.0.0")
        .summary("Loads a module with its parameters.")
        .syntax("path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]");
    change(container, "UNLOAD", this::unload, 3).summary("Unloads a module.").syntax("name");
    container
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static Command change(
      Command container, String name, Command.Handler handler, int arity) {
    return container
        .sub(name, handler)
        .arity(arity)
        .flags(NO_ASYNC_LOADING, ADMIN, NOSCRIPT)
        .since("4.0.0")
        .complexity("O(1)");
  }

  private void requireAllowed(Call call) {
    Locality.requireAllowed(parameters, "enable-module-command", "MODULE", call.client());
  }

  private void load(Call call) {
    requireAllowed(call);
    throw Errors.err("Error loading the extension. Please check the server logs.");
  }

  private void unload(Call call) {
    requireAllowed(call);
    throw Errors.err("Error unloading module: no such module with that name");
  }
}
