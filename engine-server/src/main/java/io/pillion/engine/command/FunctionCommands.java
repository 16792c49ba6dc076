package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.SCRIPTING;
import static io.pillion.engine.dispatch.CommandFlag.ALLOW_BUSY;
import static io.pillion.engine.dispatch.CommandFlag.DENYOOM;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.WRITE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.persistence.DumpPayload;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.scripting.FunctionLibraries;
import io.pillion.engine.scripting.FunctionLibraries.Library;
import io.pillion.engine.scripting.FunctionLibraries.Policy;
import io.pillion.engine.scripting.ScriptFlags;
import io.pillion.engine.scripting.Scripts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The scripting group's second half: functions that libraries bring, and that data files keep. */
final class FunctionCommands {
  private static final int NAME_INDEX = 2;

  private final Scripts scripts;
  private final FunctionLibraries functions;

  FunctionCommands(Scripts scripts, FunctionLibraries functions) {
    this.scripts = scripts;
    this.functions = functions;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SCRIPTING);
    ScriptingCommands.writing(
            table.command("FCALL", call -> functions.call(call, /* readonly= */ false)))
        .writesIf(functions::mayWrite)
        .since("7.0.0")
        .complexity("Depends on the function that is executed.")
        .summary("Calls a function.")
        .syntax("function numkeys [key [key ...]] [arg [arg ...]]");
    ScriptingCommands.reading(
            table.command("FCALL_RO", call -> functions.call(call, /* readonly= */ true)))
        .since("7.0.0")
        .complexity("Depends on the function that is executed.")
        .summary("Calls a function that may not write.")
        .syntax("function numkeys [key [key ...]] [arg [arg ...]]");
    Command function =
        table
            .command("FUNCTION", AllCommands.CONTAINER)
            .arity(-2)
            .since("7.0.0")
            .complexity("Depends on subcommand.")
            .summary("What concerns functions.");
    declareChanges(function);
    sub(function, "DUMP", this::dump, NOSCRIPT)
        .arity(2)
        .complexity("O(N) where N is the number of functions")
        .summary("Gives all libraries as one payload.");
    sub(function, "HELP", HelpText::write, LOADING, STALE)
        .arity(2)
        .complexity("O(1)")
        .summary("Describes the subcommands.");
    sub(function, "KILL", this::kill, NOSCRIPT, ALLOW_BUSY)
        .arity(2)
        .tips("request_policy:all_shards", "response_policy:one_succeeded")
        .complexity("O(1)")
        .summary("Ends the function that is running, if it has not written.");
    sub(function, "LIST", this::list, NOSCRIPT)
        .arity(-2)
        .tips("nondeterministic_output_order")
        .complexity("O(N) where N is the number of functions")
        .summary("Describes the libraries.")
        .syntax("[LIBRARYNAME library-name-pattern] [WITHCODE]");
    sub(function, "STATS", this::stats, NOSCRIPT, ALLOW_BUSY)
        .arity(2)
        .tips("nondeterministic_output", "request_policy:all_shards", "response_policy:special")
        .complexity("O(1)")
        .summary("Describes the function that is running.");
  }

  private void declareChanges(Command function) {
    sub(function, "DELETE", this::delete, NOSCRIPT, WRITE)
        .arity(3)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .complexity("O(1)")
        .summary("Deletes a library and its functions.")
        .syntax("library-name");
    sub(function, "FLUSH", this::flush, NOSCRIPT, WRITE)
        .arity(-2)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .complexity("O(N) where N is the number of functions deleted")
        .summary("Deletes all libraries.")
        .syntax("[ASYNC | SYNC]");
    sub(function, "LOAD", this::load, NOSCRIPT, WRITE, DENYOOM)
        .arity(-3)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .complexity("O(1) (considering compilation time is redundant)")
        .summary("Creates a library.")
        .syntax("[REPLACE] function-code");
    sub(function, "RESTORE", this::restore, NOSCRIPT, WRITE, DENYOOM)
        .arity(-3)
        .tips("request_policy:all_shards", "response_policy:all_succeeded")
        .complexity("O(N) where N is the number of functions on the payload")
        .summary("Creates the libraries of a payload.")
        .syntax("serialized-value [FLUSH | APPEND | REPLACE]");
  }

  private static Command sub(
      Command function, String name, Command.Handler handler, CommandFlag... flags) {
    return function.sub(name, handler).flags(flags).acl(SCRIPTING).since("7.0.0");
  }

  private void load(Call call) {
    boolean replace = false;
    for (int i = 2; i < call.count() - 1; i++) {
      if (!call.args().is(i, "REPLACE")) {
        throw Errors.err("Unknown option given: " + Errors.shown(call.arg(i)));
      }
      replace = true;
    }
    String name = functions.load(call.arg(call.count() - 1).toByteArray(), replace);
    call.changed();
    call.reply().bulk(name);
  }

  private void delete(Call call) {
    functions.delete(call.arg(NAME_INDEX).toString());
    call.changed();
    call.reply().ok();
  }

  private void flush(Call call) {
    if (call.count() > 3) {
      throw syntaxError(call);
    }
    if (call.count() == 3 && !call.args().is(2, "SYNC") && !call.args().is(2, "ASYNC")) {
      throw Errors.err("FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    functions.flush();
    call.changed();
    call.reply().ok();
  }

  private static RuntimeException syntaxError(Call call) {
    return Errors.err(
        "unknown subcommand or wrong number of arguments for '"
            + Errors.shown(call.arg(1))
            + "'. Try FUNCTION HELP.");
  }

  private void dump(Call call) {
    List<Bytes> sources = new ArrayList<>();
    functions.libraries().forEach(library -> sources.add(Bytes.of(library.code())));
    call.reply().bulk(DumpPayload.writeFunctions(sources));
  }

  private void restore(Call call) {
    if (call.count() > 4) {
      throw syntaxError(call);
    }
    Policy policy = Policy.APPEND;
    if (call.count() == 4) {
      policy = policy(call);
    }
    Bytes body = DumpPayload.body(call.arg(2), /* checked= */ true);
    if (body == null) {
      throw Errors.err("DUMP payload version or checksum are wrong");
    }
    List<byte[]> sources = new ArrayList<>();
    try {
      DumpPayload.readFunctions(body).forEach(source -> sources.add(source.toByteArray()));
    } catch (IOException e) {
      throw Errors.err(String.valueOf(e.getMessage()));
    }
    functions.restore(sources, policy);
    call.changed();
    call.reply().ok();
  }

  private static Policy policy(Call call) {
    for (Policy policy : Policy.values()) {
      if (call.args().is(3, policy.name())) {
        return policy;
      }
    }
    throw Errors.err(
        "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  }

  private void kill(Call call) {
    scripts.kill(/* asEval= */ false);
    call.reply().ok();
  }

  private void list(Call call) {
    boolean withCode = false;
    Bytes pattern = null;
    int i = 2;
    while (i < call.count()) {
      if (!withCode && call.args().is(i, "WITHCODE")) {
        withCode = true;
      } else if (pattern == null && call.args().is(i, "LIBRARYNAME")) {
        if (i == call.count() - 1) {
          throw Errors.err("library name argument was not given");
        }
        pattern = call.arg(++i);
      } else {
        throw Errors.err("Unknown argument " + Errors.shown(call.arg(i)));
      }
      i++;
    }
    Reply reply = call.reply();
    int mark = reply.deferred();
    int count = 0;
    for (Library library : functions.libraries()) {
      if (pattern == null || Glob.matchesIgnoringCase(pattern, Bytes.of(library.name()))) {
        describe(library, withCode, reply);
        count++;
      }
    }
    reply.resolveArray(mark, count);
  }

  private static void describe(Library library, boolean withCode, Reply reply) {
    reply.map(withCode ? 4 : 3);
    reply.bulk("library_name");
    reply.bulk(library.name());
    reply.bulk("engine");
    reply.bulk("LUA");
    reply.bulk("functions");
    reply.array(library.functions().size());
    for (FunctionLibraries.Function function : library.functions()) {
      reply.map(3);
      reply.bulk("name");
      reply.bulk(function.name());
      reply.bulk("description");
      byte[] description = function.description();
      if (description == null) {
        reply.nil();
      } else {
        reply.bulk(description);
      }
      reply.bulk("flags");
      reply.set(function.flags().size());
      for (ScriptFlags.Flag flag : function.flags()) {
        reply.simple(flag.redisName());
      }
    }
    if (withCode) {
      reply.bulk("library_code");
      reply.bulk(library.code());
    }
  }

  private void stats(Call call) {
    scripts.checkNoEval();
    Reply reply = call.reply();
    reply.map(2);
    reply.bulk("running_script");
    String name = scripts.runningName();
    Args words = scripts.runningWords();
    if (name == null || words == null) {
      reply.nil();
    } else {
      reply.map(3);
      reply.bulk("name");
      reply.bulk(name);
      reply.bulk("command");
      reply.array(words.count());
      for (int i = 0; i < words.count(); i++) {
        reply.bulk(words.get(i));
      }
      reply.bulk("duration_ms");
      reply.integer(scripts.runningMillis());
    }
    reply.bulk("engines");
    reply.map(1);
    reply.bulk("LUA");
    reply.map(2);
    reply.bulk("libraries_count");
    reply.integer(functions.libraries().size());
    reply.bulk("functions_count");
    reply.integer(functions.functionCount());
  }
}
