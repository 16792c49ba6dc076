package io.pillion.engine.scripting.lua;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A world of Lua: its globals, its running threads and its budget. Nothing of Java can be reached
 * from it but what was put into it. Not thread-safe.
 *
 * <p>Calls from Lua to Lua take no Java stack, whatever their depth; calls that pass through Java
 * (metamethods, pcall, the functions given to sort and gsub, threads) are at most 200 deep.
 */
public final class LuaState {
  private static final int MAX_CALLS = 200;
  private static final int DEEP_CALLS = 16;
  private static final int MAX_DEPTH = 20_000;

  private final Budget budget;
  private final Reachable reachable = new Reachable();
  private final LuaTable globals;
  private final List<Object> roots = new ArrayList<>();
  private final Interpreter interpreter;
  private final Coroutine main;
  private Coroutine current;
  private int calls;
  private @Nullable LuaTable stringMetatable;

  /**
   * An empty world.
   *
   * @param limitBytes how much heap its values may take
   */
  public LuaState(long limitBytes) {
    budget = new Budget(limitBytes, this::countReachable);
    globals = new LuaTable(budget, 0, 32);
    main = new Coroutine(null, globals);
    main.status = Coroutine.Status.RUNNING;
    current = main;
    interpreter = new Interpreter(this, budget);
  }

  // --- parts

  /** The table of all globals. */
  public LuaTable globals() {
    return globals;
  }

  /** What scripts may use. */
  public Budget budget() {
    return budget;
  }

  /**
   * Asks this every few thousand steps; what it throws ends the script, and no pcall catches it.
   */
  public void interrupt(Runnable question) {
    budget.interrupt(question);
  }

  /** Bytes in use: an upper bound. */
  public long usedBytes() {
    return budget.usedBytes();
  }

  /**
   * Bytes that can be reached, while nothing runs. O(values), but O(1) when nothing has run since
   * it was last asked.
   */
  public long reachableBytes() {
    if (!budget.isExact()) {
      budget.collect();
    }
    return budget.usedBytes();
  }

  /** A new table, charged to the budget. */
  public LuaTable table() {
    return new LuaTable(budget, 0, 0);
  }

  /** A new table with room. */
  public LuaTable table(int arraySize, int hashSize) {
    return new LuaTable(budget, arraySize, hashSize);
  }

  /** A new string of bytes that do not change any more, charged to the budget. */
  public LuaString string(byte[] bytes) {
    budget.charge(32 + bytes.length);
    return LuaString.of(bytes);
  }

  /** Keeps a value although no script can reach it. */
  public void keep(Object value) {
    roots.add(value);
  }

  /** Keeps it no longer. */
  public void forget(Object value) {
    roots.remove(value);
  }

  void stringMetatable(LuaTable metatable) {
    stringMetatable = metatable;
  }

  Interpreter interpreter() {
    return interpreter;
  }

  Coroutine current() {
    return current;
  }

  void current(Coroutine coroutine) {
    current = coroutine;
  }

  private long countReachable() {
    reachable.begin();
    reachable.add(globals);
    reachable.add(main);
    reachable.add(current);
    roots.forEach(reachable::add);
    if (stringMetatable != null) {
      reachable.add(stringMetatable);
    }
    return reachable.finish();
  }

  // --- values

  /** Whether a condition holds: all but nil and false. */
  static boolean isTrue(Object value) {
    return value != Nil.NIL && !Boolean.FALSE.equals(value);
  }

  /** The name of a value's type. */
  static String typeName(Object value) {
    if (value == Nil.NIL) {
      return "nil";
    }
    if (value instanceof Boolean) {
      return "boolean";
    }
    if (value instanceof Double) {
      return "number";
    }
    if (value instanceof LuaString) {
      return "string";
    }
    if (value instanceof LuaTable) {
      return "table";
    }
    if (value instanceof LuaFunction) {
      return "function";
    }
    return value instanceof Coroutine ? "thread" : "userdata";
  }

  /** The number that a value is, or that a string can be read as; null for all others. */
  static @Nullable Double toNumber(Object value) {
    if (value instanceof Double number) {
      return number;
    }
    return value instanceof LuaString string ? LuaNumbers.parse(string) : null;
  }

  @Nullable LuaTable metatable(Object value) {
    if (value instanceof LuaTable table) {
      return table.metatable();
    }
    if (value instanceof LuaString) {
      return stringMetatable;
    }
    return value instanceof Userdata userdata ? userdata.metatable() : null;
  }

  /** What a value's metatable has for an event; nil when nothing. */
  Object metamethod(Object value, LuaString event) {
    LuaTable metatable = metatable(value);
    return metatable == null ? Nil.NIL : metatable.get(event);
  }

  /** As tostring shows it, metamethods aside. */
  LuaString show(Object value) {
    if (value instanceof LuaString string) {
      return string;
    }
    if (value instanceof Double number) {
      String text = LuaNumbers.format(number);
      budget.charge(32 + text.length());
      return LuaString.ofBytes(text);
    }
    if (value == Nil.NIL || value instanceof Boolean) {
      return LuaString.of(value.toString());
    }
    return LuaString.of(typeName(value) + ": " + address(value));
  }

  /** A value as errors show it, metamethods aside. */
  public static LuaString textOf(LuaState lua, Object value) {
    return lua.show(value);
  }

  private String address(Object value) {
    if (value instanceof Userdata userdata && userdata.address() != null) {
      return userdata.address();
    }
    // Java has no addresses; the identity's hash is as good, and says nothing of the memory.
    return String.format("0x%014x", 0x550000000000L + System.identityHashCode(value) * 16L);
  }

  // --- errors

  static LuaError readonlyError() {
    return new LuaError("Attempt to modify a readonly table");
  }

  /** An error where the innermost function of Lua is. */
  LuaError error(String message) {
    return new LuaError(LuaString.ofBytes(where(1) + message));
  }

  /** The place of the function so many calls up, as errors begin with it; empty when unknown. */
  String where(int level) {
    Frame frame = frame(level);
    if (frame == null || frame.closure == null) {
      return "";
    }
    return Lexer.chunkName(frame.closure.prototype.source) + ":" + frame.line() + ": ";
  }

  /** The call so many levels up; 1 is whoever called the built-in function that asks. */
  @Nullable Frame frame(int level) {
    Frame frame = current.top;
    for (int i = 1; i < level && frame != null; i++) {
      frame = frame.caller;
    }
    return frame;
  }

  /** The source of the innermost function of Lua, as it was named; empty when there is none. */
  public String source() {
    Frame frame = innermost();
    return frame == null || frame.closure == null ? "" : frame.closure.prototype.source.toString();
  }

  /** The line there, or -1. */
  public int line() {
    Frame frame = innermost();
    return frame == null ? -1 : frame.line();
  }

  private @Nullable Frame innermost() {
    Frame frame = current.top;
    return frame != null && frame.closure == null ? frame.caller : frame;
  }

  // --- code

  /**
   * Compiles a chunk.
   *
   * @param name what errors call it, after {@code @}
   * @throws LuaError when it is not Lua
   */
  public LuaFunction load(byte[] code, LuaString name) {
    if (code.length > 0 && code[0] == 0x1B) {
      throw new LuaError(
          LuaString.ofBytes(Lexer.chunkName(name) + ": bad code in precompiled chunk"));
    }
    try {
      return new LuaClosure(Parser.compile(code, name, budget), new Cell[0], current.environment);
    } catch (StackOverflowError tooDeep) {
      // The parser has a limit of its own; here the caller's stack was nearly full.
      throw new LuaError(
          LuaString.ofBytes(Lexer.chunkName(name) + ": chunk has too many syntax levels"));
    }
  }

  /** Lets a function, and whatever it makes, see other globals. */
  public void useAsGlobals(LuaFunction function, LuaTable seen) {
    function.environment = seen;
    main.environment = seen;
  }

  // --- calls

  /**
   * Runs a function from outside any script: whatever ended the one before is forgotten.
   *
   * @throws LuaError what it did not catch; {@link #line()} says where, until the next run
   */
  public Object[] run(LuaFunction function, Object... arguments) {
    current = main;
    main.top = null;
    calls = 0;
    budget.reset();
    try {
      return callHandler(function, arguments);
    } catch (StackOverflowError tooDeep) {
      // The caller's own stack was nearly full.
      throw new LuaError("stack overflow");
    }
  }

  /** Forgets where the last run ended, so that its values can be forgotten, too. */
  public void rest() {
    current = main;
    main.top = null;
    budget.reset();
  }

  /** Calls a value from a built-in function, which has its place among the calls then. */
  Object[] call(Object function, Object... arguments) {
    Coroutine coroutine = current;
    Frame before = coroutine.top;
    coroutine.top = new Frame(before);
    Object[] results = callHandler(function, arguments);
    coroutine.top = before;
    return results;
  }

  /** Calls a value from the middle of an instruction: a metamethod. */
  Object[] callHandler(Object function, Object... arguments) {
    if (++calls >= MAX_CALLS) {
      calls--;
      throw error("C stack overflow");
    }
    budget.tick();
    Coroutine coroutine = current;
    Frame caller = coroutine.top;
    Object[] results;
    if (function instanceof LuaClosure closure) {
      Frame frame = enter(closure, caller, arguments, 0, arguments.length, Frame.NONE);
      frame.isEntry = true;
      results = interpreter.runToEnd(coroutine, frame);
    } else if (function instanceof Builtin builtin) {
      results = builtin.body.call(new Arguments(this, arguments));
    } else {
      Object handler = metamethod(function, Metamethods.CALL);
      if (!(handler instanceof LuaFunction)) {
        calls--;
        throw error("attempt to call a " + typeName(function) + " value");
      }
      Object[] shifted = new Object[arguments.length + 1];
      shifted[0] = function;
      System.arraycopy(arguments, 0, shifted, 1, arguments.length);
      results = callHandler(handler, shifted);
    }
    coroutine.top = caller;
    calls--;
    return results;
  }

  /** Where things stand, for {@link #restore}. */
  record Point(Coroutine coroutine, @Nullable Frame top, int calls) {}

  Point point() {
    return new Point(current, current.top, calls);
  }

  /** Goes back after an error. */
  void restore(Point point) {
    current = point.coroutine();
    current.top = point.top();
    calls = point.calls();
  }

  int calls() {
    return calls;
  }

  /** Whether calls nest so deeply that little of Java's stack may be left. */
  public boolean isDeep() {
    return calls > DEEP_CALLS;
  }

  void countCall(int difference) {
    calls += difference;
  }

  boolean mayNest() {
    return calls < MAX_CALLS - 1;
  }

  /** Makes the frame of a call: arguments from registers, then from the open values. */
  Frame enter(
      LuaClosure closure, @Nullable Frame caller, Object[] from, int at, int count, Object[] open) {
    Prototype prototype = closure.prototype;
    Frame frame = new Frame(closure, caller);
    if (frame.depth > MAX_CALLS) {
      if (frame.depth > MAX_DEPTH) {
        throw error("stack overflow");
      }
      budget.charge(64 + 4L * prototype.registers);
    }
    int parameters = prototype.parameters;
    int direct = Math.min(count, parameters);
    System.arraycopy(from, at, frame.registers, 0, direct);
    int fromOpen = Math.min(parameters - direct, open.length);
    System.arraycopy(open, 0, frame.registers, direct, fromOpen);
    frame.clear(direct + fromOpen);
    if (prototype.isVararg) {
      int extra = count - direct + open.length - fromOpen;
      if (extra > 0) {
        Object[] varargs = new Object[extra];
        System.arraycopy(from, at + direct, varargs, 0, count - direct);
        System.arraycopy(open, fromOpen, varargs, count - direct, open.length - fromOpen);
        frame.varargs = varargs;
      }
      if (prototype.needsArg) {
        LuaTable argument = table(frame.varargs.length, 1);
        argument.setList(1, frame.varargs, 0, frame.varargs.length);
        argument.set("n", (double) frame.varargs.length);
        frame.registers[parameters] = argument;
      }
    }
    current.top = frame;
    return frame;
  }
}
