package io.pillion.engine.scripting.lua;

import java.util.Arrays;

/** The functions that have no table: what is not safe (dofile, loadfile, print …) is left out. */
final class BaseLibrary {
  private static final int MAX_UNPACK = 8000;
  private static final LuaString NAME = LuaString.of("=?");

  private BaseLibrary() {}

  static void open(LuaState lua) {
    LuaTable globals = lua.globals();
    globals.set("_G", globals);
    globals.set("_VERSION", LuaString.of("Lua 5.1"));
    define(globals, "assert", BaseLibrary::assertTrue);
    define(globals, "collectgarbage", BaseLibrary::collectGarbage);
    define(globals, "error", BaseLibrary::error);
    define(globals, "gcinfo", args -> Arguments.of(Math.floor(args.lua().usedBytes() / 1024.0)));
    define(globals, "getfenv", BaseLibrary::getEnvironment);
    define(globals, "getmetatable", BaseLibrary::getMetatable);
    define(globals, "load", BaseLibrary::load);
    define(globals, "loadstring", BaseLibrary::loadString);
    define(globals, "next", BaseLibrary::next);
    define(globals, "newproxy", BaseLibrary::newProxy);
    define(globals, "pcall", BaseLibrary::protectedCall);
    define(
        globals, "rawequal", args -> Arguments.of(Operations.rawEqual(args.any(1), args.any(2))));
    define(globals, "rawget", args -> Arguments.of(args.table(1).get(args.any(2))));
    define(globals, "rawset", BaseLibrary::rawSet);
    define(globals, "select", BaseLibrary::select);
    define(globals, "setfenv", BaseLibrary::setEnvironment);
    define(globals, "setmetatable", BaseLibrary::setMetatable);
    define(globals, "tonumber", BaseLibrary::toNumber);
    define(globals, "tostring", BaseLibrary::toString);
    define(globals, "type", args -> Arguments.of(LuaString.of(LuaState.typeName(args.any(1)))));
    define(globals, "unpack", BaseLibrary::unpack);
    define(globals, "xpcall", BaseLibrary::protectedCallWithHandler);
    openIterators(globals);
  }

  static void define(LuaTable table, String name, Builtin.Body body) {
    table.set(name, new Builtin(body));
  }

  private static void openIterators(LuaTable globals) {
    Builtin step =
        new Builtin(
            args -> {
              int next = args.small(2) + 1;
              Object value = args.table(1).get(next);
              return value == Nil.NIL ? Arguments.of(Nil.NIL) : Arguments.of((double) next, value);
            });
    define(globals, "ipairs", args -> Arguments.of(step, args.table(1), 0.0));
    Object next = globals.get("next");
    define(globals, "pairs", args -> Arguments.of(next, args.table(1), Nil.NIL));
  }

  private static Object[] assertTrue(Arguments args) {
    if (LuaState.isTrue(args.any(1))) {
      return args.all();
    }
    LuaString message = args.string(2, LuaString.of("assertion failed!"));
    throw new LuaError(LuaString.ofBytes(args.lua().where(1) + message));
  }

  private static Object[] collectGarbage(Arguments args) {
    String option = args.string(1, LuaString.of("collect")).toString();
    Budget budget = args.lua().budget();
    switch (option) {
      case "collect", "step":
        budget.tick(1000);
        budget.collect();
        return Arguments.of(option.equals("step") ? (Object) true : (Object) 0.0);
      case "count":
        return Arguments.of(budget.usedBytes() / 1024.0);
      case "stop", "restart":
        return Arguments.of(0.0);
      case "setpause", "setstepmul":
        return Arguments.of(200.0);
      default:
        throw args.bad(1, "invalid option '" + option + "'");
    }
  }

  private static Object[] error(Arguments args) {
    int level = args.small(2, 1);
    Object value = args.get(1);
    if (value instanceof LuaString text && level > 0) {
      throw new LuaError(LuaString.ofBytes(args.lua().where(level) + text));
    }
    throw new LuaError(value);
  }

  // --- environments

  private static Object[] getEnvironment(Arguments args) {
    if (args.get(1) instanceof LuaFunction function) {
      return Arguments.of(
          function instanceof Builtin ? args.lua().globals() : function.environment);
    }
    return Arguments.of(environment(args, args.small(1, 1)));
  }

  private static LuaTable environment(Arguments args, int level) {
    if (level < 0) {
      throw args.bad(1, "level must be non-negative");
    }
    if (level == 0) {
      return args.lua().current().environment;
    }
    Frame frame = args.lua().frame(level);
    if (frame == null) {
      throw args.bad(1, "invalid level");
    }
    return frame.closure == null ? args.lua().globals() : frame.closure.environment;
  }

  private static Object[] setEnvironment(Arguments args) {
    LuaTable environment = args.table(2);
    if (args.get(1) instanceof LuaClosure closure) {
      closure.environment = environment;
      return Arguments.of(closure);
    }
    if (!(args.get(1) instanceof LuaFunction)) {
      int level = args.small(1);
      if (level == 0) {
        args.lua().current().environment = environment;
        return Arguments.none();
      }
      environment(args, level);
      Frame frame = args.lua().frame(level);
      if (frame != null && frame.closure != null) {
        frame.closure.environment = environment;
        return Arguments.of(frame.closure);
      }
    }
    throw args.error("'setfenv' cannot change environment of given object");
  }

  // --- metatables

  private static Object[] getMetatable(Arguments args) {
    LuaTable metatable = args.lua().metatable(args.any(1));
    if (metatable == null) {
      return Arguments.of(Nil.NIL);
    }
    Object shown = metatable.get(Metamethods.METATABLE);
    return Arguments.of(shown == Nil.NIL ? metatable : shown);
  }

  private static Object[] setMetatable(Arguments args) {
    LuaTable table = args.table(1);
    Object metatable = args.get(2);
    if (!(metatable instanceof LuaTable) && (metatable != Nil.NIL || args.count() < 2)) {
      throw args.bad(2, "nil or table expected");
    }
    if (args.lua().metamethod(table, Metamethods.METATABLE) != Nil.NIL) {
      throw args.error("cannot change a protected metatable");
    }
    checkWritable(args, table);
    table.metatable(metatable instanceof LuaTable given ? given : null);
    return Arguments.of(table);
  }

  static void checkWritable(Arguments args, LuaTable table) {
    if (table.isReadonly()) {
      throw LuaState.readonlyError();
    }
  }

  private static Object[] rawSet(Arguments args) {
    LuaTable table = args.table(1);
    Object key = args.any(2);
    Object value = args.any(3);
    checkWritable(args, table);
    args.lua().interpreter().operations().rawSet(table, key, value);
    return Arguments.of(table);
  }

  private static Object[] newProxy(Arguments args) {
    Userdata proxy = new Userdata(null);
    args.lua().budget().charge(48);
    Object given = args.get(1);
    if (given instanceof Boolean yes && yes) {
      proxy.metatable(args.lua().table());
    } else if (given instanceof Userdata like && like.metatable() != null) {
      proxy.metatable(like.metatable());
    } else if (LuaState.isTrue(given)) {
      throw args.bad(1, "boolean or proxy expected");
    }
    return Arguments.of(proxy);
  }

  // --- values

  private static Object[] toString(Arguments args) {
    Object value = args.any(1);
    Object handler = args.lua().metamethod(value, Metamethods.TOSTRING);
    if (handler == Nil.NIL) {
      return Arguments.of(args.lua().show(value));
    }
    Object[] results = args.lua().call(handler, value);
    return Arguments.of(results.length == 0 ? Nil.NIL : results[0]);
  }

  private static Object[] toNumber(Arguments args) {
    int base = args.small(2, 10);
    if (base == 10) {
      Double number = LuaState.toNumber(args.any(1));
      return Arguments.of(number == null ? Nil.NIL : number);
    }
    LuaString digits = args.string(1);
    if (base < 2 || base > 36) {
      throw args.bad(2, "base out of range");
    }
    Double number = LuaNumbers.parse(digits, base);
    return Arguments.of(number == null ? Nil.NIL : number);
  }

  private static Object[] next(Arguments args) {
    LuaTable table = args.table(1);
    int position;
    try {
      position = table.after(args.get(2));
    } catch (LuaError noSuchKey) {
      throw args.error(noSuchKey.getMessage());
    }
    return position < 0
        ? Arguments.of(Nil.NIL)
        : Arguments.of(table.keyAt(position), table.valueAt(position));
  }

  private static Object[] select(Arguments args) {
    Object[] all = args.all();
    if (args.get(1) instanceof LuaString text && text.length() > 0 && text.at(0) == '#') {
      return Arguments.of((double) (all.length - 1));
    }
    int n = args.small(1);
    if (n < 0) {
      n = all.length + n;
    } else if (n > all.length - 1) {
      n = all.length;
    }
    if (n < 1) {
      throw args.bad(1, "index out of range");
    }
    return Arrays.copyOfRange(all, n, all.length);
  }

  private static Object[] unpack(Arguments args) {
    LuaTable table = args.table(1);
    int from = args.small(2, 1);
    int to = args.has(3) ? args.small(3) : table.length();
    if (from > to) {
      return Arguments.none();
    }
    long count = (long) to - from + 1;
    if (count >= MAX_UNPACK) {
      throw args.error("too many results to unpack");
    }
    args.lua().budget().tick((int) count);
    Object[] values = new Object[(int) count];
    for (int i = 0; i < count; i++) {
      values[i] = table.get((Object) (double) (from + i));
    }
    return values;
  }

  // --- code

  private static Object[] loadString(Arguments args) {
    LuaString code = args.string(1);
    return compile(args, code, args.string(2, code));
  }

  private static Object[] compile(Arguments args, LuaString code, LuaString name) {
    args.lua().budget().tick(code.length() / 16);
    LuaState.Point point = args.lua().point();
    try {
      return Arguments.of(args.lua().load(code.bytes(), name));
    } catch (LuaError notLua) {
      args.lua().restore(point);
      return Arguments.of(Nil.NIL, notLua.value());
    }
  }

  private static Object[] load(Arguments args) {
    LuaFunction reader = args.function(1);
    LuaString name = args.string(2, NAME);
    LuaBuffer code = new LuaBuffer(args.lua().budget());
    while (true) {
      Object[] piece = args.lua().call(reader);
      if (piece.length == 0 || piece[0] == Nil.NIL) {
        break;
      }
      if (!(piece[0] instanceof LuaString text)) {
        return Arguments.of(Nil.NIL, LuaString.of("reader function must return a string"));
      }
      if (text.length() == 0) {
        break;
      }
      code.add(text);
    }
    return compile(args, code.toLuaString(), name);
  }

  // --- protected calls

  private static Object[] protectedCall(Arguments args) {
    Object function = args.any(1);
    Object[] rest = Arrays.copyOfRange(args.all(), 1, args.count());
    LuaState.Point point = args.lua().point();
    try {
      return prepend(true, args.lua().call(function, rest));
    } catch (LuaError error) {
      args.lua().restore(point);
      return Arguments.of(false, error.value());
    }
  }

  private static Object[] protectedCallWithHandler(Arguments args) {
    Object function = args.any(1);
    Object handler = args.any(2);
    LuaState.Point point = args.lua().point();
    try {
      return prepend(true, args.lua().call(function));
    } catch (LuaError error) {
      // The handler runs where the error happened, so that it sees the calls; it may fail as well.
      Object[] handled;
      try {
        handled = args.lua().call(handler, error.value());
      } catch (LuaError again) {
        args.lua().restore(point);
        return Arguments.of(false, LuaString.of("error in error handling"));
      }
      args.lua().restore(point);
      return prepend(false, handled.length == 0 ? new Object[] {Nil.NIL} : handled);
    }
  }

  static Object[] prepend(Object first, Object[] rest) {
    Object[] all = new Object[rest.length + 1];
    all[0] = first;
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }
}
