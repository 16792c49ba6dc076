package io.pillion.engine.command;

import static io.pillion.engine.dispatch.AclCategory.SCRIPTING;
import static io.pillion.engine.dispatch.CommandFlag.ALLOW_BUSY;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.MAY_REPLICATE;
import static io.pillion.engine.dispatch.CommandFlag.MOVABLE_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.NO_MANDATORY_KEYS;
import static io.pillion.engine.dispatch.CommandFlag.READONLY;
import static io.pillion.engine.dispatch.CommandFlag.SKIP_MONITOR;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.scripting.Scripts;

/** The scripting group's first half: scripts that are sent with their calls, or known by digest. */
final class ScriptingCommands {
  private final Scripts scripts;

  ScriptingCommands(Scripts scripts) {
    this.scripts = scripts;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SCRIPTING);
    declareEval(table);
    declareScript(table);
  }

  private void declareEval(CommandTable table) {
    writing(table.command("EVAL", call -> scripts.eval(call, false, false)))
        .writesIf(words -> scripts.mayWrite(words, /* byDigest= */ false))
        .since("2.6.0")
        .summary("Runs a Lua script.")
        .syntax("script numkeys [key [key ...]] [arg [arg ...]]");
    writing(table.command("EVALSHA", call -> scripts.eval(call, true, false)))
        .writesIf(words -> scripts.mayWrite(words, /* byDigest= */ true))
        .forwardedAs(this::withBody)
        .since("2.6.0")
        .summary("Runs a Lua script that is known by its SHA-1 digest.")
        .syntax("sha1 numkeys [key [key ...]] [arg [arg ...]]");
    reading(table.command("EVAL_RO", call -> scripts.eval(call, false, true)))
        .since("7.0.0")
        .summary("Runs a Lua script that may not write.")
        .syntax("script numkeys [key [key ...]] [arg [arg ...]]");
    reading(table.command("EVALSHA_RO", call -> scripts.eval(call, true, true)))
        .since("7.0.0")
        .summary("Runs a Lua script that may not write and is known by its SHA-1 digest.")
        .syntax("sha1 numkeys [key [key ...]] [arg [arg ...]]");
  }

  private void declareScript(CommandTable table) {
    Command script =
        table
            .command("SCRIPT", AllCommands.CONTAINER)
            .arity(-2)
            .since("2.6.0")
            .complexity("Depends on subcommand.")
            .summary("What concerns scripts.");
    script
        .sub("DEBUG", this::debug)
        .arity(3)
        .flags(NOSCRIPT)
        .acl(SCRIPTING)
        .since("3.2.0")
        .complexity("O(1)")
        .summary("Sets how scripts are debugged, which this engine does not do.")
        .syntax("<YES | SYNC | NO>");
    script
        .sub("EXISTS", this::exists)
        .arity(-3)
        .flags(NOSCRIPT)
        .acl(SCRIPTING)
        .tips("request_policy:all_shards", "response_policy:agg_logical_and")
        .since("2.6.0")
        .complexity(
            "O(N) with N being the number of scripts to check (so checking a single script is an"
                + " O(1) operation).")
        .summary("Tells which scripts are known.")
        .syntax("sha1 [sha1 ...]");
    script
        .sub("FLUSH", this::flush)
        .arity(-2)
        .flags(NOSCRIPT)
        .acl(SCRIPTING)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .since("2.6.0")
        .complexity("O(N) with N being the number of scripts in cache")
        .summary("Forgets all scripts.")
        .syntax("[ASYNC | SYNC]");
    script
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .acl(SCRIPTING)
        .since("5.0.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
    script
        .sub("KILL", this::kill)
        .arity(2)
        .flags(NOSCRIPT, ALLOW_BUSY)
        .acl(SCRIPTING)
        .tips("request_policy:all_shards", "response_policy:one_succeeded")
        .since("2.6.0")
        .complexity("O(1)")
        .summary("Ends the script that is running, if it has not written.");
    script
        .sub("LOAD", this::load)
        .arity(3)
        .flags(NOSCRIPT, STALE)
        .acl(SCRIPTING)
        .tips("request_policy:all_nodes", "response_policy:all_succeeded")
        .since("2.6.0")
        .complexity("O(N) with N being the length in bytes of the script body.")
        .summary("Keeps a script, and tells its SHA-1 digest.")
        .syntax("script");
    script
        .sub("SHOW", this::show)
        .arity(3)
        .flags(NOSCRIPT)
        .acl(SCRIPTING)
        .since("8.0.0")
        .complexity("O(1).")
        .summary("Shows a script that is known.")
        .syntax("sha1");
  }

  static Command writing(Command command) {
    return command
        .arity(-3)
        .flags(NOSCRIPT, STALE, SKIP_MONITOR, MAY_REPLICATE, NO_MANDATORY_KEYS, MOVABLE_KEYS)
        .acl(SCRIPTING)
        .keys(KeySpec.counted(2, KeySpec.Flag.RW, KeySpec.Flag.ACCESS, KeySpec.Flag.UPDATE))
        .complexity("Depends on the script that is executed.");
  }

  static Command reading(Command command) {
    return command
        .arity(-3)
        .flags(NOSCRIPT, STALE, SKIP_MONITOR, NO_MANDATORY_KEYS, MOVABLE_KEYS, READONLY)
        .acl(SCRIPTING)
        .keys(KeySpec.counted(2, KeySpec.Flag.RO, KeySpec.Flag.ACCESS))
        .complexity("Depends on the script that is executed.");
  }

  private void debug(Call call) {
    if (call.args().is(2, "NO")) {
      call.reply().ok();
    } else if (call.args().is(2, "YES") || call.args().is(2, "SYNC")) {
      throw Errors.err("SCRIPT DEBUG is not supported by this engine");
    } else {
      throw Errors.err("Use SCRIPT DEBUG YES/SYNC/NO");
    }
  }

  private void exists(Call call) {
    call.reply().array(call.count() - 2);
    for (int i = 2; i < call.count(); i++) {
      call.reply().integer(scripts.isKnown(call.arg(i).toString()) ? 1 : 0);
    }
  }

  private void flush(Call call) {
    boolean known =
        call.args().count() == 3 && (call.args().is(2, "ASYNC") || call.args().is(2, "SYNC"));
    if (call.count() != 2 && !known) {
      throw Errors.err("SCRIPT FLUSH only support SYNC|ASYNC option");
    }
    scripts.flush();
    call.reply().ok();
  }

  private void kill(Call call) {
    scripts.kill(/* asEval= */ true);
    call.reply().ok();
  }

  /** The script itself in place of its digest, which may be known only here. */
  private Args withBody(Args words) {
    byte[] body = scripts.body(words.get(1).toString());
    if (body == null) {
      return words;
    }
    Bytes[] others = new Bytes[words.count()];
    others[0] = Bytes.of("EVAL");
    others[1] = Bytes.of(body);
    for (int i = 2; i < others.length; i++) {
      others[i] = words.get(i);
    }
    return Args.of(others);
  }

  private void load(Call call) {
    call.reply().bulk(scripts.load(call.arg(2).toByteArray(), /* toStay= */ true));
  }

  private void show(Call call) {
    byte[] body = scripts.body(call.arg(2).toString());
    if (body == null) {
      throw new CommandException("NOSCRIPT No matching script. Please use EVAL.");
    }
    call.reply().bulk(body);
  }
}
