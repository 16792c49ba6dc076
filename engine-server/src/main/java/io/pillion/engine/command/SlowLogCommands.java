package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.observe.SlowLog;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.List;

/** SLOWLOG: the commands that took long. */
final class SlowLogCommands {
  private static final int USUAL_COUNT = 10;

  private final SlowLog slowLog;

  SlowLogCommands(SlowLog slowLog) {
    this.slowLog = slowLog;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command container =
        table
            .command("SLOWLOG", AllCommands.CONTAINER)
            .arity(-2)
            .since("2.2.12")
            .complexity("Depends on subcommand.")
            .summary("Commands about the log of commands that took long.");
    container
        .sub("GET", this::get)
        .arity(-2)
        .flags(ADMIN, LOADING, STALE)
        .tips("request_policy:all_nodes", "nondeterministic_output")
        .since("2.2.12")
        .complexity("O(N) where N is the number of entries returned")
        .summary("Answers the newest entries.")
        .syntax("[count]");
    container
        .sub("LEN", this::len)
        .arity(2)
        .flags(ADMIN, LOADING, STALE)
        .tips("request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output")
        .since("2.2.12")
        .complexity("O(1)")
        .summary("Answers how many entries there are.");
    container
        .sub("RESET", this::reset)
        .arity(2)
        .flags(ADMIN, LOADING, STALE)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .since("2.2.12")
        .complexity("O(N) where N is the number of entries in the slowlog")
        .summary("Forgets all entries.");
    container
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private void get(Call call) {
    if (call.count() > 3) {
      throw HelpText.unknownSubcommand(call);
    }
    long count = USUAL_COUNT;
    if (call.count() == 3) {
      CommandException invalid = Errors.err("count should be greater than or equal to -1");
      count = Numbers.parseLong(call.arg(2), invalid);
      if (count < -1) {
        throw invalid;
      }
    }
    List<SlowLog.Entry> entries = slowLog.newest(count < 0 ? Long.MAX_VALUE : count);
    call.reply().array(entries.size());
    for (SlowLog.Entry entry : entries) {
      call.reply().array(6);
      call.reply().integer(entry.id());
      call.reply().integer(entry.seconds());
      call.reply().integer(entry.micros());
      call.reply().array(entry.words().size());
      for (Bytes word : entry.words()) {
        call.reply().bulk(word);
      }
      call.reply().bulk(entry.address());
      call.reply().bulk(entry.clientName());
    }
  }

  private void len(Call call) {
    call.reply().integer(slowLog.size());
  }

  private void reset(Call call) {
    slowLog.clear();
    call.reply().ok();
  }
}
