package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameter;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.AppendOnly;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.replication.Replication;
import io.pillion.engine.world.Disk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** CONFIG: the parameters, while the engine runs. */
final class ConfigCommands {
  private final Parameters parameters;
  private final Replication.Counts replicas;
  private final AppendOnly appendOnly;

  ConfigCommands(Parameters parameters, Replication.Counts replicas, AppendOnly appendOnly) {
    this.parameters = parameters;
    this.replicas = replicas;
    this.appendOnly = appendOnly;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command config =
        table
            .command("CONFIG", AllCommands.CONTAINER)
            .arity(-2)
            .since("2.0.0")
            .complexity("Depends on subcommand.")
            .summary("Commands about parameters.");
    config
        .sub("GET", this::get)
        .arity(-3)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .since("2.0.0")
        .complexity("O(N) where N is the number of parameters")
        .summary("Answers the parameters whose names match.")
        .syntax("parameter [parameter ...]");
    config
        .sub("SET", this::set)
        .arity(-4)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .since("2.0.0")
        .complexity("O(N) where N is the number of parameters given")
        .summary("Sets parameters: all of those given, or none.")
        .syntax("parameter value [parameter value ...]");
    config
        .sub("RESETSTAT", this::resetStat)
        .arity(2)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .since("2.0.0")
        .complexity("O(1)")
        .summary("Begins the statistics anew.");
    config
        .sub("REWRITE", this::rewrite)
        .arity(2)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .since("2.8.0")
        .complexity("O(1)")
        .summary("Writes the parameters of now to the configuration file.");
    config
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private void get(Call call) {
    TreeMap<String, String> found = new TreeMap<>();
    for (int i = 2; i < call.count(); i++) {
      Bytes pattern = call.arg(i);
      Parameter exact = Parameters.find(pattern.toUtf8());
      if (exact != null) {
        found.put(pattern.toUtf8(), parameters.text(exact.name()));
        continue;
      }
      for (String name : Parameters.visibleNames()) {
        if (Glob.matchesIgnoringCase(pattern, Bytes.of(name))) {
          found.put(name, parameters.text(name));
        }
      }
    }
    call.reply().map(found.size());
    found.forEach(
        (name, value) -> {
          call.reply().bulk(name);
          call.reply().bulk(value);
        });
  }

  private void set(Call call) {
    if (call.count() % 2 != 0) {
      hideSecrets(call);
      throw Errors.syntax();
    }
    List<Parameters.Setting> settings = new ArrayList<>();
    for (int i = 2; i < call.count(); i += 2) {
      String name = Errors.shown(call.arg(i)).toLowerCase(Locale.ROOT);
      settings.add(new Parameters.Setting(name, call.arg(i + 1).toUtf8()));
    }
    hideSecrets(call);
    try {
      parameters.change(settings, Locality.isLocal(call.client()));
    } catch (ConfigException e) {
      throw new CommandException(e.errorReply());
    }
    if (settings.stream().anyMatch(each -> each.name().equals("aof-disable-auto-gc"))) {
      appendOnly.answerOnceCollected(call);
    } else {
      call.reply().ok();
    }
  }

  /** What follows the name of a secret, also where it is no value because a word is lacking. */
  private static void hideSecrets(Call call) {
    for (int i = 2; i + 1 < call.count(); i++) {
      Parameter parameter = Parameters.find(Errors.shown(call.arg(i)).toLowerCase(Locale.ROOT));
      if (parameter != null && parameter.is(Parameter.Trait.SENSITIVE)) {
        call.args().redact(i + 1);
      }
    }
  }

  private void resetStat(Call call) {
    call.engine().statistics().reset();
    call.keyspace().resetCounts();
    replicas.reset();
    for (Command command : call.engine().table().all()) {
      command.statistics().reset();
      command.subcommands().values().forEach(sub -> sub.statistics().reset());
    }
    call.reply().ok();
  }

  private void rewrite(Call call) {
    rewrite(call, parameters, /* all= */ false);
  }

  /**
   * Writes the configuration file anew.
   *
   * @param all whether parameters at their defaults are written too
   */
  static void rewrite(Call call, Parameters parameters, boolean all) {
    String file = parameters.configFile();
    if (file == null) {
      throw Errors.err("The server is running without a config file");
    }
    Disk disk = call.engine().world().disk();
    try {
      // As Redis: one that was removed meanwhile is there again.
      String old = disk.exists(file) ? disk.read(file) : "";
      disk.replace(file, parameters.rewrite(old, all));
    } catch (IOException e) {
      throw Errors.err("Rewriting config file: " + e.getMessage());
    }
    call.reply().ok();
  }
}
