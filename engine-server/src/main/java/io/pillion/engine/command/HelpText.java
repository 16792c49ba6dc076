package io.pillion.engine.command;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import java.util.ArrayList;
import java.util.List;

/** What HELP answers: made from the declarations of the subcommands. */
final class HelpText {
  private HelpText() {}

  /** Describes the siblings of the subcommand HELP that is being carried out. */
  static void write(Call call) {
    Command container = call.command().container();
    if (container == null) {
      throw new IllegalStateException(call.command() + " has no subcommands");
    }
    List<String> lines = new ArrayList<>();
    lines.add(container.name() + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (Command command : container.subcommands().values()) {
      if (command != call.command()) {
        lines.add((command.name() + " " + command.syntax()).strip());
        lines.add("    " + command.summary());
      }
    }
    lines.add("HELP");
    lines.add("    Print this help.");
    call.reply().array(lines.size());
    lines.forEach(call.reply()::simple);
  }

  /** The complaint about a subcommand that is not there or does not take so many words. */
  static CommandException unknownSubcommand(Call call) {
    Command container = call.command().container();
    return Errors.err(
        "unknown subcommand or wrong number of arguments for '"
            + Errors.shown(call.arg(1))
            + "'. Try "
            + (container == null ? call.command() : container).name()
            + " HELP.");
  }
}
