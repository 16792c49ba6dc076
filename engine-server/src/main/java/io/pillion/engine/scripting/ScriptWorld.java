package io.pillion.engine.scripting;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.protocol.Reply;
import io.pillion.engine.scripting.lua.Builtin;
import io.pillion.engine.scripting.lua.Libraries;
import io.pillion.engine.scripting.lua.LuaError;
import io.pillion.engine.scripting.lua.LuaFunction;
import io.pillion.engine.scripting.lua.LuaState;
import io.pillion.engine.scripting.lua.LuaString;
import io.pillion.engine.scripting.lua.LuaTable;
import io.pillion.engine.scripting.lua.ScriptRandom;
import io.pillion.engine.world.World;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Lua state with Redis in it, read-only all over, in which one script after another runs. EVAL
 * has one, functions another.
 */
final class ScriptWorld {
  private final LuaState lua;
  private final ServerLibrary library;
  private Runnable loadCheck = () -> {};
  private final LuaReply reply;
  private @Nullable Client client;
  private @Nullable ScriptRun run;

  ScriptWorld(World world, long limitBytes) {
    lua = new LuaState(limitBytes);
    reply = new LuaReply(lua);
    Libraries.open(lua, new ScriptRandom(), world::nanos);
    LuaTable server = new LuaTable();
    library = new ServerLibrary(this);
    library.open(server);
    lua.globals().set("server", server);
    lua.globals().set("redis", server);
    if (lua.globals().get("pcall") instanceof Builtin original) {
      lua.globals().set("pcall", ServerLibrary.protectedCall(original));
    }
    refuseUnknown(lua.globals());
    server.readonly(true);
    lua.interrupt(this::interrupted);
  }

  /** Makes a table read-only, and an error of what is not in it. */
  static void refuseUnknown(LuaTable globals) {
    LuaTable metatable = new LuaTable();
    metatable.set(
        "__index",
        new Builtin(
            args -> {
              throw args.error(
                  "Script attempted to access nonexistent global variable '"
                      + args.string(2)
                      + "'");
            }));
    metatable.readonly(true);
    globals.metatable(metatable);
    globals.readonly(true);
  }

  ServerLibrary library() {
    return library;
  }

  /** Asks this every so often while a library is loaded. */
  void whileLoading(Runnable check) {
    loadCheck = check;
  }

  LuaState lua() {
    return lua;
  }

  /** The heap that it takes: exactly, or, while a script runs, at most. */
  long bytes() {
    return run == null ? lua.reachableBytes() : lua.usedBytes();
  }

  @Nullable ScriptRun run() {
    return run;
  }

  private void interrupted() {
    ScriptRun current = run;
    if (current != null) {
      current.interrupted();
    } else {
      loadCheck.run();
    }
  }

  /** The client by which its scripts send commands, reset for a run of a caller's script. */
  Client client(Engine engine, Client caller) {
    Client own = client;
    if (own == null) {
      own = engine.scriptHost().client(Outlet.nowhere("lua"), reply);
      client = own;
    }
    own.database(caller.database());
    own.actFor(caller);
    reply.version(2);
    reply.rewind(0);
    return own;
  }

  LuaReply reply() {
    return reply;
  }

  /** A table of words. */
  LuaTable table(List<byte[]> words) {
    LuaTable table = lua.table(words.size(), 0);
    for (int i = 0; i < words.size(); i++) {
      table.set(i + 1, lua.string(words.get(i)));
    }
    return table;
  }

  /**
   * Runs a function, and writes what it returns, or its error, as the caller's reply.
   *
   * @param arguments made within the run's budget
   */
  void run(ScriptRun newRun, LuaFunction function, Reply answer, Arguments arguments) {
    run = newRun;
    int start = answer.position();
    try {
      Object[] results = lua.run(function, arguments.make());
      new LuaAnswer(
              answer,
              reply.version(),
              (text, isCounted) ->
                  newRun.engine().scriptHost().countFailed(newRun.command(), text, isCounted))
          .write(results.length == 0 ? io.pillion.engine.scripting.lua.Nil.NIL : results[0]);
    } catch (LuaError e) {
      answer.rewind(start);
      fail(newRun, answer, e.value());
    } catch (ScriptKilledException e) {
      answer.rewind(start);
      fail(newRun, answer, LuaString.of(String.valueOf(e.getMessage())));
    } finally {
      run = null;
      lua.rest();
      newRun.end();
    }
  }

  /** Makes the arguments of a call. */
  interface Arguments {
    Object[] make();
  }

  private void fail(ScriptRun failed, Reply answer, Object error) {
    String text;
    boolean isCounted = false;
    if (error instanceof LuaTable table) {
      text =
          table.get("err") instanceof LuaString message
              ? LuaAnswer.oneLine(message)
              : "ERR unknown error";
      isCounted = LuaAnswer.isCounted(table);
    } else {
      text = "ERR " + LuaAnswer.oneLine(ServerLibrary.shown(lua, error));
    }
    String source = lua.source();
    if (!source.isEmpty()) {
      text += " script: " + failed.name() + ", on " + source + ":" + lua.line() + ".";
    }
    failed.engine().scriptHost().countFailed(failed.command(), text, isCounted);
    answer.error(text);
  }
}
