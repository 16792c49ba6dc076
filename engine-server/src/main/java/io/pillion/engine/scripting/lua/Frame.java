package io.pillion.engine.scripting.lua;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A call of a function of Lua going on, or a mark that a built-in one calls from here. */
final class Frame {
  static final Object[] NONE = {};

  /** Null for a built-in function. */
  final @Nullable LuaClosure closure;

  final @Nullable Frame caller;
  final int depth;
  final Object[] registers;
  Object[] varargs = NONE;

  /** The values of an expression that gives any number of them, until they are used. */
  Object[] open = NONE;

  int pc;

  /** Where the caller wants the results, and how many; -1 for all. */
  int resultsAt;

  int wanted;

  /** Whether its results go to Java. */
  boolean isEntry;

  /** A function of Lua. */
  Frame(LuaClosure closure, @Nullable Frame caller) {
    this.closure = closure;
    this.caller = caller;
    depth = caller == null ? 1 : caller.depth + 1;
    registers = new Object[closure.prototype.registers];
  }

  /** A built-in function. */
  Frame(@Nullable Frame caller) {
    this.closure = null;
    this.caller = caller;
    depth = caller == null ? 1 : caller.depth + 1;
    registers = NONE;
  }

  /** Fills the registers from one on with nil. */
  void clear(int from) {
    Arrays.fill(registers, from, registers.length, Nil.NIL);
  }

  /** The open values, which are none any more. */
  Object[] takeOpen() {
    Object[] values = open;
    open = NONE;
    return values;
  }

  int line() {
    return closure == null ? -1 : closure.prototype.line(pc);
  }
}
