package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.Nullable;

/** What instructions do beyond the simplest case: coercions, metamethods, errors. */
final class Operations {
  private static final int MAX_LOOP = 100;

  private final LuaState lua;
  private final Budget budget;

  Operations(LuaState lua, Budget budget) {
    this.lua = lua;
    this.budget = budget;
  }

  /** Values from registers and open ones, in one array. */
  static Object[] gather(Object[] registers, int from, int count, Object[] open) {
    if (count == 0) {
      return open;
    }
    Object[] all = new Object[count + open.length];
    System.arraycopy(registers, from, all, 0, count);
    System.arraycopy(open, 0, all, count, open.length);
    return all;
  }

  private static Object first(Object[] results) {
    return results.length == 0 ? Nil.NIL : results[0];
  }

  Cell cell(Object value) {
    budget.charge(24);
    return new Cell(value);
  }

  LuaClosure closure(Prototype prototype, LuaClosure around, Object[] registers) {
    int[] sources = prototype.upvalues;
    budget.charge(32 + 4L * sources.length);
    Cell[] upvalues = new Cell[sources.length];
    for (int i = 0; i < sources.length; i++) {
      upvalues[i] =
          sources[i] >= 0 ? (Cell) registers[sources[i]] : around.upvalues[-1 - sources[i]];
    }
    return new LuaClosure(prototype, upvalues, around.environment);
  }

  // --- errors

  /** An error about an operand, which is named where the instruction knows its name. */
  LuaError typeError(int operand, Object value, String what) {
    Frame frame = lua.current().top;
    Prototype.Name name =
        frame == null || frame.closure == null
            ? null
            : frame.closure.prototype.name(frame.pc, operand);
    String type = LuaState.typeName(value);
    return lua.error(
        name == null
            ? "attempt to " + what + " a " + type + " value"
            : "attempt to " + what + " " + name + " (a " + type + " value)");
  }

  private LuaError orderError(Object a, Object b) {
    String first = LuaState.typeName(a);
    String second = LuaState.typeName(b);
    // As Redis' Lua does, types are told apart by their third letter.
    return lua.error(
        first.charAt(2) == second.charAt(2)
            ? "attempt to compare two " + first + " values"
            : "attempt to compare " + first + " with " + second);
  }

  // --- tables

  Object indexFast(Object object, Object key) {
    if (object instanceof LuaTable table) {
      Object value = table.get(key);
      if (value != Nil.NIL || table.metatable() == null) {
        return value;
      }
    }
    return index(object, key);
  }

  /** {@code object[key]}. */
  Object index(Object object, Object key) {
    Object at = object;
    for (int i = 0; i < MAX_LOOP; i++) {
      Object handler;
      if (at instanceof LuaTable table) {
        Object value = table.get(key);
        if (value != Nil.NIL || table.metatable() == null) {
          return value;
        }
        handler = lua.metamethod(at, Metamethods.INDEX);
        if (handler == Nil.NIL) {
          return Nil.NIL;
        }
      } else {
        handler = lua.metamethod(at, Metamethods.INDEX);
        if (handler == Nil.NIL) {
          throw typeError(0, at, "index");
        }
      }
      if (handler instanceof LuaFunction) {
        return first(lua.callHandler(handler, at, key));
      }
      at = handler;
    }
    throw lua.error("loop in gettable");
  }

  /** {@code object[key] = value}. */
  void setIndex(Object object, Object key, Object value) {
    Object at = object;
    for (int i = 0; i < MAX_LOOP; i++) {
      Object handler = Nil.NIL;
      if (at instanceof LuaTable table) {
        if (table.isReadonly()) {
          throw lua.error("Attempt to modify a readonly table");
        }
        if (table.metatable() == null || table.get(key) != Nil.NIL) {
          rawSet(table, key, value);
          return;
        }
        handler = lua.metamethod(at, Metamethods.NEWINDEX);
        if (handler == Nil.NIL) {
          rawSet(table, key, value);
          return;
        }
      } else {
        handler = lua.metamethod(at, Metamethods.NEWINDEX);
        if (handler == Nil.NIL) {
          throw typeError(0, at, "index");
        }
      }
      if (handler instanceof LuaFunction) {
        lua.callHandler(handler, at, key, value);
        return;
      }
      at = handler;
    }
    throw lua.error("loop in settable");
  }

  void rawSet(LuaTable table, Object key, Object value) {
    if (key instanceof Double number) {
      if (number.isNaN()) {
        throw lua.error("table index is NaN");
      }
    } else if (key == Nil.NIL) {
      throw lua.error("table index is nil");
    }
    table.set(key, value);
  }

  // --- arithmetic

  Object arithmetic(int opcode, Object a, Object b) {
    Double x = LuaState.toNumber(a);
    Double y = LuaState.toNumber(b);
    if (x != null && y != null) {
      return compute(opcode, x, y);
    }
    LuaString event = Metamethods.arithmetic(opcode);
    Object handler = lua.metamethod(a, event);
    if (handler == Nil.NIL) {
      handler = lua.metamethod(b, event);
    }
    if (handler == Nil.NIL) {
      boolean isFirst = x == null;
      throw typeError(isFirst ? 0 : 1, isFirst ? a : b, "perform arithmetic on");
    }
    return first(lua.callHandler(handler, a, b));
  }

  private static double compute(int opcode, double x, double y) {
    switch (opcode) {
      case Opcode.ADD:
        return x + y;
      case Opcode.SUBTRACT:
        return x - y;
      case Opcode.MULTIPLY:
        return x * y;
      case Opcode.DIVIDE:
        return divide(x, y);
      case Opcode.MODULO:
        return modulo(x, y);
      default:
        return Math.pow(x, y);
    }
  }

  /** What is not a number has its sign set then, as processors have it, and scripts see it. */
  private static double divide(double x, double y) {
    double result = x / y;
    return Double.isNaN(result) && !Double.isNaN(x) && !Double.isNaN(y) ? MINUS_NAN : result;
  }

  private static final double MINUS_NAN = Double.longBitsToDouble(0xFFF8000000000000L);

  static double modulo(double x, double y) {
    if (y == 0 || Double.isInfinite(x)) {
      return MINUS_NAN;
    }
    double result = x - Math.floor(x / y) * y;
    return result;
  }

  Object negate(Object a) {
    Double x = LuaState.toNumber(a);
    if (x != null) {
      return -x;
    }
    Object handler = lua.metamethod(a, Metamethods.UNM);
    if (handler == Nil.NIL) {
      throw typeError(0, a, "perform arithmetic on");
    }
    return first(lua.callHandler(handler, a, a));
  }

  Object length(Object a) {
    if (a instanceof LuaTable table) {
      return (double) table.length();
    }
    if (a instanceof LuaString string) {
      return (double) string.length();
    }
    Object handler = lua.metamethod(a, Metamethods.LEN);
    if (handler == Nil.NIL) {
      throw typeError(0, a, "get length of");
    }
    return first(lua.callHandler(handler, a, Nil.NIL));
  }

  // --- strings

  /** Joins so many values, from the right. */
  Object concat(Object[] registers, int from, int count) {
    long bytes = 0;
    for (int i = from; i < from + count; i++) {
      if (registers[i] instanceof Double number) {
        registers[i] = lua.show(number);
      }
      if (!(registers[i] instanceof LuaString string)) {
        return concatSlowly(registers, from, count);
      }
      bytes += string.length();
    }
    return join(registers, from, count, bytes);
  }

  private LuaString join(Object[] values, int from, int count, long bytes) {
    if (bytes > Integer.MAX_VALUE - 16) {
      throw lua.error("string length overflow");
    }
    budget.charge(32 + bytes);
    budget.tick((int) (bytes >> 8));
    byte[] all = new byte[(int) bytes];
    int at = 0;
    for (int i = from; i < from + count; i++) {
      byte[] part = ((LuaString) values[i]).bytes();
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return LuaString.of(all);
  }

  private Object concatSlowly(Object[] registers, int from, int count) {
    Object right = registers[from + count - 1];
    for (int i = count - 2; i >= 0; i--) {
      Object left = registers[from + i];
      if (isText(left) && isText(right)) {
        Object[] pair = {lua.show(left), lua.show(right)};
        right =
            join(
                pair, 0, 2, (long) ((LuaString) pair[0]).length() + ((LuaString) pair[1]).length());
        continue;
      }
      Object handler = lua.metamethod(left, Metamethods.CONCAT);
      if (handler == Nil.NIL) {
        handler = lua.metamethod(right, Metamethods.CONCAT);
      }
      if (handler == Nil.NIL) {
        boolean isLeft = !isText(left);
        throw typeError(isLeft ? i : i + 1, isLeft ? left : right, "concatenate");
      }
      right = first(lua.callHandler(handler, left, right));
    }
    return right;
  }

  private static boolean isText(Object value) {
    return value instanceof LuaString || value instanceof Double;
  }

  // --- comparisons

  static boolean rawEqual(Object a, Object b) {
    if (a instanceof Double x) {
      return b instanceof Double y && x.doubleValue() == y.doubleValue();
    }
    return a == b
        || (a instanceof LuaString string && string.equals(b))
        || (a instanceof Boolean && a.equals(b));
  }

  boolean equal(Object a, Object b) {
    if (rawEqual(a, b)) {
      return true;
    }
    boolean comparable =
        (a instanceof LuaTable && b instanceof LuaTable)
            || (a instanceof Userdata && b instanceof Userdata);
    if (!comparable) {
      return false;
    }
    Object handler = common(a, b, Metamethods.EQ);
    return handler != Nil.NIL && LuaState.isTrue(first(lua.callHandler(handler, a, b)));
  }

  /** The handler that both have, or nil. */
  private Object common(Object a, Object b, LuaString event) {
    Object handler = lua.metamethod(a, event);
    return handler != Nil.NIL && rawEqual(handler, lua.metamethod(b, event)) ? handler : Nil.NIL;
  }

  boolean less(Object a, Object b) {
    if (a instanceof Double x && b instanceof Double y) {
      return x < y;
    }
    if (a instanceof LuaString x && b instanceof LuaString y) {
      return x.compareTo(y) < 0;
    }
    Object handler = sameType(a, b) ? common(a, b, Metamethods.LT) : Nil.NIL;
    if (handler == Nil.NIL) {
      throw orderError(a, b);
    }
    return LuaState.isTrue(first(lua.callHandler(handler, a, b)));
  }

  boolean lessOrEqual(Object a, Object b) {
    if (a instanceof Double x && b instanceof Double y) {
      return x <= y;
    }
    if (a instanceof LuaString x && b instanceof LuaString y) {
      return x.compareTo(y) <= 0;
    }
    if (sameType(a, b)) {
      Object handler = common(a, b, Metamethods.LE);
      if (handler != Nil.NIL) {
        return LuaState.isTrue(first(lua.callHandler(handler, a, b)));
      }
      handler = common(a, b, Metamethods.LT);
      if (handler != Nil.NIL) {
        return !LuaState.isTrue(first(lua.callHandler(handler, b, a)));
      }
    }
    throw orderError(a, b);
  }

  private static boolean sameType(Object a, Object b) {
    return LuaState.typeName(a).equals(LuaState.typeName(b));
  }

  // --- loops

  void prepareFor(Object[] r, int a) {
    Double start = LuaState.toNumber(r[a]);
    Double limit = LuaState.toNumber(r[a + 1]);
    Double step = LuaState.toNumber(r[a + 2]);
    if (start == null) {
      throw lua.error("'for' initial value must be a number");
    }
    if (limit == null) {
      throw lua.error("'for' limit must be a number");
    }
    if (step == null) {
      throw lua.error("'for' step must be a number");
    }
    r[a] = start - step;
    r[a + 1] = limit;
    r[a + 2] = step;
  }

  /** Asks the iterator of a loop for its next values. */
  void iterate(Frame f, int a, int count) {
    Object[] r = f.registers;
    Object[] results;
    if (r[a] instanceof Builtin builtin) {
      results = builtin.body.call(new Arguments(lua, new Object[] {r[a + 1], r[a + 2]}));
    } else if (r[a] instanceof LuaFunction || callable(r[a]) != null) {
      results = lua.callHandler(r[a], r[a + 1], r[a + 2]);
    } else {
      throw typeError(0, r[a], "call");
    }
    Interpreter.place(f, a + 3, count, results);
  }

  private @Nullable LuaFunction callable(Object value) {
    return lua.metamethod(value, Metamethods.CALL) instanceof LuaFunction function
        ? function
        : null;
  }
}
