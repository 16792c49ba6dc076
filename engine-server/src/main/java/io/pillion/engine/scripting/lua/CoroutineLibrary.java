package io.pillion.engine.scripting.lua;

import java.util.Arrays;
import java.util.Locale;

/** The table {@code coroutine}. */
final class CoroutineLibrary {
  private CoroutineLibrary() {}

  static void open(LuaState lua) {
    LuaTable table = new LuaTable();
    BaseLibrary.define(table, "create", args -> Arguments.of(create(args)));
    BaseLibrary.define(table, "resume", CoroutineLibrary::resume);
    BaseLibrary.define(table, "running", CoroutineLibrary::running);
    BaseLibrary.define(
        table, "status", args -> Arguments.of(LuaString.of(nameOf(coroutine(args).status))));
    BaseLibrary.define(table, "wrap", CoroutineLibrary::wrap);
    // Called from Lua it is the interpreter that carries it out; only Java can get here.
    Builtin yield =
        new Builtin(
            args -> {
              throw args.error("attempt to yield across metamethod/C-call boundary");
            });
    table.set("yield", yield);
    lua.interpreter().yieldFunction = yield;
    lua.globals().set("coroutine", table);
  }

  private static Coroutine create(Arguments args) {
    if (!(args.get(1) instanceof LuaClosure closure)) {
      throw args.bad(1, "Lua function expected");
    }
    args.lua().budget().charge(200);
    return new Coroutine(closure, args.lua().current().environment);
  }

  private static Coroutine coroutine(Arguments args) {
    if (args.get(1) instanceof Coroutine coroutine) {
      return coroutine;
    }
    throw args.bad(1, "coroutine expected");
  }

  private static Object[] running(Arguments args) {
    Coroutine current = args.lua().current();
    return current.resumer == null ? Arguments.of(Nil.NIL) : Arguments.of(current);
  }

  private static String nameOf(Coroutine.Status status) {
    return status.name().toLowerCase(Locale.ROOT);
  }

  private static Object[] resume(Arguments args) {
    Coroutine coroutine = coroutine(args);
    Object[] values = Arrays.copyOfRange(args.all(), 1, args.count());
    try {
      return BaseLibrary.prepend(true, resume(args.lua(), coroutine, values));
    } catch (LuaError error) {
      return Arguments.of(false, error.value());
    }
  }

  private static Object[] wrap(Arguments args) {
    Coroutine coroutine = create(args);
    return Arguments.of(
        new Builtin(
            inner -> {
              try {
                return resume(inner.lua(), coroutine, inner.all());
              } catch (LuaError error) {
                if (error.value() instanceof LuaString text) {
                  throw new LuaError(LuaString.ofBytes(inner.lua().where(1) + text));
                }
                throw error;
              }
            }));
  }

  private static Object[] resume(LuaState lua, Coroutine coroutine, Object[] values) {
    if (coroutine.status != Coroutine.Status.SUSPENDED) {
      throw new LuaError("cannot resume " + nameOf(coroutine.status) + " coroutine");
    }
    if (!lua.mayNest()) {
      throw new LuaError("C stack overflow");
    }
    Coroutine resumer = lua.current();
    LuaState.Point point = lua.point();
    resumer.status = Coroutine.Status.NORMAL;
    coroutine.status = Coroutine.Status.RUNNING;
    coroutine.resumer = resumer;
    lua.current(coroutine);
    lua.countCall(1);
    coroutine.baseCalls = lua.calls();
    boolean alive = false;
    try {
      Object[] results = lua.interpreter().run(coroutine, begin(lua, coroutine, values));
      if (results == null) {
        alive = true;
        results = coroutine.yielded;
        coroutine.yielded = null;
      }
      return results == null ? Arguments.none() : results;
    } finally {
      coroutine.status = alive ? Coroutine.Status.SUSPENDED : Coroutine.Status.DEAD;
      coroutine.resumer = null;
      if (!alive) {
        coroutine.top = null;
      }
      resumer.status = Coroutine.Status.RUNNING;
      lua.restore(point);
    }
  }

  private static Frame begin(LuaState lua, Coroutine coroutine, Object[] values) {
    if (coroutine.body instanceof LuaClosure closure) {
      coroutine.body = null;
      Frame frame = lua.enter(closure, null, values, 0, values.length, Frame.NONE);
      frame.isEntry = true;
      return frame;
    }
    Frame frame = coroutine.top;
    if (frame == null) {
      throw new IllegalStateException("a coroutine without a frame");
    }
    Interpreter.deliver(frame, values);
    return frame;
  }
}
