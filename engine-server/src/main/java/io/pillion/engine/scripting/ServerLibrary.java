package io.pillion.engine.scripting;

import io.pillion.engine.dispatch.Command;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Numbers;
import io.pillion.engine.scripting.lua.Arguments;
import io.pillion.engine.scripting.lua.Builtin;
import io.pillion.engine.scripting.lua.LuaError;
import io.pillion.engine.scripting.lua.LuaState;
import io.pillion.engine.scripting.lua.LuaString;
import io.pillion.engine.scripting.lua.LuaTable;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The table that scripts know as {@code redis} and as {@code server}. */
final class ServerLibrary {
  private static final Logger log = LoggerFactory.getLogger("io.pillion.engine.script");
  private static final int LOG_DEBUG = 0;
  private static final int LOG_VERBOSE = 1;
  private static final int LOG_NOTICE = 2;
  private static final int LOG_WARNING = 3;
  private static final int REPL_ALL = 3;

  private final ScriptWorld world;

  ServerLibrary(ScriptWorld world) {
    this.world = world;
  }

  void open(LuaTable table) {
    define(table, "call", args -> call(args, /* raises= */ true));
    define(table, "pcall", args -> call(args, /* raises= */ false));
    define(table, "error_reply", this::errorReply);
    define(table, "status_reply", this::statusReply);
    define(table, "sha1hex", this::sha1Hex);
    define(table, "setresp", this::setProtocol);
    define(table, "set_repl", this::setReplication);
    define(table, "replicate_commands", args -> Arguments.of(true));
    define(table, "breakpoint", args -> Arguments.of(false));
    define(table, "debug", args -> Arguments.none());
    define(table, "acl_check_cmd", this::checkAccess);
    table.set("REPL_NONE", 0.0);
    table.set("REPL_AOF", 1.0);
    table.set("REPL_SLAVE", 2.0);
    table.set("REPL_REPLICA", 2.0);
    table.set("REPL_ALL", (double) REPL_ALL);
    loggingAndVersions(table);
  }

  /** What libraries find even while they are loaded. */
  void loggingAndVersions(LuaTable table) {
    define(table, "log", this::log);
    table.set("LOG_DEBUG", (double) LOG_DEBUG);
    table.set("LOG_VERBOSE", (double) LOG_VERBOSE);
    table.set("LOG_NOTICE", (double) LOG_NOTICE);
    table.set("LOG_WARNING", (double) LOG_WARNING);
    table.set("SERVER_NAME", LuaString.of("valkey"));
    table.set("REDIS_VERSION", LuaString.of("7.2.4"));
    table.set("REDIS_VERSION_NUM", (double) 0x070204);
    table.set("VALKEY_VERSION", LuaString.of("8.0.1"));
    table.set("VALKEY_VERSION_NUM", (double) 0x080001);
  }

  static void define(LuaTable table, String name, Builtin.Body body) {
    table.set(name, new Builtin(body));
  }

  // --- errors

  /** An error as scripts get it, of a text that begins with its code. */
  static LuaTable error(LuaState lua, String text) {
    LuaTable table = lua.table(0, 2);
    String trimmed = text;
    while (trimmed.endsWith("\r") || trimmed.endsWith("\n")) {
      trimmed = trimmed.substring(0, trimmed.length() - 1);
    }
    table.set("err", lua.string(trimmed.getBytes(StandardCharsets.ISO_8859_1)));
    return table;
  }

  private LuaError raise(String text) {
    return new LuaError(error(world.lua(), "ERR " + text));
  }

  /** A value as errors show it. */
  static LuaString shown(LuaState lua, Object value) {
    if (value instanceof LuaString string) {
      return string;
    }
    return LuaState.textOf(lua, value);
  }

  /** pcall as before scripts got errors as tables: what redis.call threw becomes its text. */
  static Builtin protectedCall(Builtin original) {
    return new Builtin(
        args -> {
          Object[] results = original.call(args);
          if (results.length == 2
              && results[0].equals(false)
              && results[1] instanceof LuaTable table
              && table.get("err") instanceof LuaString text) {
            results[1] = text;
          }
          return results;
        });
  }

  private ScriptRun run() {
    ScriptRun run = world.run();
    if (run == null) {
      throw raise("redis.call/pcall can only be called inside a script invocation");
    }
    return run;
  }

  // --- commands

  private Object[] call(Arguments args, boolean raises) {
    ScriptRun run = run();
    LuaTable failure;
    try {
      run.execute(words(args));
      Object result = run.reply().take();
      if (!raises
          || !(result instanceof LuaTable table)
          || !(table.get("err") instanceof LuaString)
          || !table.get("ignore_error_stats_update").equals(true)) {
        return Arguments.of(result);
      }
      failure = table;
    } catch (CommandException e) {
      failure = error(world.lua(), e.text());
      failure.set("ignore_error_stats_update", true);
    } catch (LuaError e) {
      if (raises || !(e.value() instanceof LuaTable table)) {
        throw e;
      }
      failure = table;
    }
    if (raises) {
      throw new LuaError((Object) failure);
    }
    return Arguments.of(failure);
  }

  /** The words of a command, copied: what is carried out may keep or change them. */
  private Args words(Arguments args) {
    int count = args.count();
    if (count == 0) {
      throw raise("Please specify at least one argument for this call");
    }
    Bytes[] words = new Bytes[count];
    for (int i = 0; i < count; i++) {
      Object value = args.get(i + 1);
      if (value instanceof LuaString string) {
        words[i] = Bytes.of(string.bytes());
      } else if (value instanceof Double number) {
        words[i] = Bytes.of(number == 0 ? "0" : Numbers.format(number));
      } else {
        throw raise("Command arguments must be strings or integers");
      }
    }
    return Args.of(words);
  }

  private Object[] checkAccess(Arguments args) {
    ScriptRun run = run();
    Args words = words(args);
    Command command = run.engine().table().lookUp(words);
    if (command == null) {
      throw raise("Invalid command passed to server.acl_check_cmd()");
    }
    return Arguments.of(run.engine().scriptHost().isAllowed(run.caller(), command, words));
  }

  // --- replies

  private Object[] errorReply(Arguments args) {
    if (args.count() != 1 || !(args.get(1) instanceof LuaString text)) {
      return Arguments.of(error(world.lua(), "ERR wrong number or type of arguments"));
    }
    String message = text.toString();
    int nul = message.indexOf('\0');
    message = nul < 0 ? message : message.substring(0, nul);
    message = message.startsWith("-") ? message.substring(1) : message;
    // A single word is no code.
    return Arguments.of(error(world.lua(), message.indexOf(' ') < 0 ? "ERR " + message : message));
  }

  private Object[] statusReply(Arguments args) {
    if (args.count() != 1 || !(args.get(1) instanceof LuaString text)) {
      return Arguments.of(error(world.lua(), "ERR wrong number or type of arguments"));
    }
    LuaTable table = world.lua().table(0, 1);
    table.set("ok", text);
    return Arguments.of(table);
  }

  private Object[] sha1Hex(Arguments args) {
    if (args.count() != 1) {
      throw raise("wrong number of arguments");
    }
    return Arguments.of(LuaString.of(Sha1.hex(args.string(1).bytes())));
  }

  // --- settings

  private Object[] setProtocol(Arguments args) {
    if (args.count() != 1) {
      throw raise("server.setresp() requires one argument.");
    }
    double version = args.get(1) instanceof Double number ? number : 0;
    if (version != 2 && version != 3) {
      throw raise("RESP version must be 2 or 3.");
    }
    run().reply().version((int) version);
    return Arguments.none();
  }

  private Object[] setReplication(Arguments args) {
    if (args.count() != 1) {
      throw raise("server.set_repl() requires one argument.");
    }
    double flags = args.get(1) instanceof Double number ? number : 0;
    if ((int) flags < 0 || (int) flags > REPL_ALL) {
      throw raise("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
    }
    // There is one log for both.
    run().logged((int) flags != 0);
    return Arguments.none();
  }

  private Object[] log(Arguments args) {
    if (args.count() < 2) {
      throw raise("server.log() requires two arguments or more.");
    }
    if (!(args.get(1) instanceof Double level)) {
      throw raise("First argument must be a number (log level).");
    }
    if (level < LOG_DEBUG || level > LOG_WARNING) {
      throw raise("Invalid log level.");
    }
    StringBuilder text = new StringBuilder();
    for (int i = 2; i <= args.count(); i++) {
      if (args.get(i) instanceof LuaString || args.get(i) instanceof Double) {
        text.append(i > 2 ? " " : "").append(LuaAnswer.oneLine(args.string(i)));
      }
    }
    switch (level.intValue()) {
      case LOG_DEBUG -> log.trace("{}", text);
      case LOG_VERBOSE -> log.debug("{}", text);
      case LOG_NOTICE -> log.info("{}", text);
      default -> log.warn("{}", text);
    }
    return Arguments.none();
  }
}
