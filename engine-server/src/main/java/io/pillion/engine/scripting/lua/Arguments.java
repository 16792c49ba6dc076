package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.Nullable;

/**
 * What a built-in function is called with. Positions count from 1; what a function needs is asked
 * for by its type, and what does not fit becomes Lua's error about a bad argument.
 */
public final class Arguments {
  private static final Object[] NONE = {};

  private final LuaState lua;
  private final Object[] values;

  Arguments(LuaState lua, Object[] values) {
    this.lua = lua;
    this.values = values;
  }

  /** The world that the call is made in. */
  public LuaState lua() {
    return lua;
  }

  /** How many there are. */
  public int count() {
    return values.length;
  }

  Object[] all() {
    return values;
  }

  /** The value at a position; nil where there is none. */
  public Object get(int position) {
    return position <= values.length ? values[position - 1] : Nil.NIL;
  }

  /** Whether there is one that is not nil. */
  public boolean has(int position) {
    return get(position) != Nil.NIL;
  }

  // --- results

  /** No results. */
  public static Object[] none() {
    return NONE;
  }

  /** Results. */
  public static Object[] of(Object... results) {
    return results;
  }

  // --- by type

  /** An argument that must be there. */
  Object any(int position) {
    if (position > values.length) {
      throw bad(position, "value expected");
    }
    return values[position - 1];
  }

  /** A string, or a number as one. */
  public LuaString string(int position) {
    Object value = get(position);
    if (value instanceof LuaString string) {
      return string;
    }
    if (value instanceof Double) {
      return lua.show(value);
    }
    throw wrongType(position, "string");
  }

  /** A string, or this when there is none. */
  LuaString string(int position, LuaString otherwise) {
    return has(position) ? string(position) : otherwise;
  }

  /** A number, or a string as one. */
  public double number(int position) {
    Double number = LuaState.toNumber(get(position));
    if (number == null) {
      throw wrongType(position, "number");
    }
    return number;
  }

  double number(int position, double otherwise) {
    return has(position) ? number(position) : otherwise;
  }

  /** A number without its decimals, as C casts it. */
  public long integer(int position) {
    return truncate(number(position));
  }

  long integer(int position, long otherwise) {
    return has(position) ? integer(position) : otherwise;
  }

  /** The same within 32 bits. */
  int small(int position) {
    return clamp(integer(position));
  }

  int small(int position, int otherwise) {
    return has(position) ? small(position) : otherwise;
  }

  private static int clamp(long value) {
    return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, value));
  }

  private static long truncate(double value) {
    // What does not fit becomes the least integer, on the processors that Redis runs on.
    return Double.isNaN(value) || Math.abs(value) >= 0x1p63 ? Long.MIN_VALUE : (long) value;
  }

  /** A table. */
  public LuaTable table(int position) {
    if (get(position) instanceof LuaTable table) {
      return table;
    }
    throw wrongType(position, "table");
  }

  /** A function. */
  public LuaFunction function(int position) {
    if (get(position) instanceof LuaFunction function) {
      return function;
    }
    throw wrongType(position, "function");
  }

  // --- errors

  LuaError wrongType(int position, String expected) {
    String given = position > values.length ? "no value" : LuaState.typeName(values[position - 1]);
    return bad(position, expected + " expected, got " + given);
  }

  /** An argument that does not fit. */
  public LuaError bad(int position, String why) {
    Prototype.Name name = calledAs();
    if (name != null && name.kind().equals("method")) {
      return position == 1
          ? lua.error("calling '" + name.name() + "' on bad self (" + why + ")")
          : lua.error(badText(position - 1, name.name(), why));
    }
    return lua.error(badText(position, name == null ? "?" : name.name(), why));
  }

  private static String badText(int position, String function, String why) {
    return "bad argument #" + position + " to '" + function + "' (" + why + ")";
  }

  /** An error where the function was called. */
  public LuaError error(String message) {
    return lua.error(message);
  }

  private Prototype.@Nullable Name calledAs() {
    Frame frame = lua.frame(1);
    return frame == null || frame.closure == null
        ? null
        : frame.closure.prototype.name(frame.pc, 0);
  }
}
