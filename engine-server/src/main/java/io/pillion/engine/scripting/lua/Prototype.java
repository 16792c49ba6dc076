package io.pillion.engine.scripting.lua;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A compiled function.
 *
 * <p>An instruction is one long: operation in 8 bits, A in 12, B and C in 22 each; see {@link
 * Opcode}. Operands that may be constants have {@link #CONSTANT} added then.
 */
final class Prototype {
  /** Added to an operand that is the index of a constant. */
  static final int CONSTANT = 1 << 21;

  final LuaString source;
  final int lineDefined;
  final int parameters;
  final boolean isVararg;

  /** Whether its {@code arg} has to be filled, for scripts of Lua 5.0. */
  final boolean needsArg;

  final int registers;
  final long[] code;
  final int[] lines;
  final Object[] constants;
  final Prototype[] inner;

  /** For each upvalue: the register around it that has its cell, or, from -1 down, an upvalue. */
  final int[] upvalues;

  final String[] upvalueNames;

  /** What the operands of an instruction are called, for errors. */
  final Map<Integer, Name[]> names;

  int mark;

  /** What kind of variable a value was taken from, and its name. */
  record Name(String kind, String name) {
    @Override
    public String toString() {
      return kind + " '" + name + "'";
    }
  }

  Prototype(FunctionScope scope, FunctionCode generated) {
    source = scope.source;
    lineDefined = scope.line;
    parameters = scope.parameters.size();
    isVararg = scope.isVararg;
    needsArg = scope.argument != null && !scope.usesVarargs;
    registers = generated.registers();
    code = generated.code();
    lines = generated.lines();
    constants = generated.constants();
    inner = generated.inner();
    upvalues = scope.upvalueSources();
    upvalueNames = scope.upvalueNames();
    names = generated.names();
  }

  int line(int pc) {
    return pc > 0 && pc <= lines.length ? lines[pc - 1] : lineDefined;
  }

  /** What operand of the instruction before {@code pc} is called, or null. */
  @Nullable Name name(int pc, int operand) {
    Name[] all = names.get(pc - 1);
    return all == null || operand >= all.length ? null : all[operand];
  }

  long sizeBytes() {
    return 200 + 12L * code.length + 16L * constants.length + 48L * names.size();
  }
}
