package io.pillion.engine.scripting.lua;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The instructions of a function as they are put together. */
final class FunctionCode {
  private long[] code = new long[32];
  private int[] lines = new int[32];
  private int size;
  private final List<Object> constants = new ArrayList<>();
  private final Map<Object, Integer> constantIndex = new HashMap<>();
  private final List<Prototype> inner = new ArrayList<>();
  private final Map<Integer, Prototype.Name[]> names = new HashMap<>();
  private int registers = 2;
  private int line;

  void line(int newLine) {
    line = newLine;
  }

  /** Appends an instruction, and returns where it is. */
  int emit(int operation, int a, int b, int c) {
    if (size == code.length) {
      code = Arrays.copyOf(code, size * 2);
      lines = Arrays.copyOf(lines, size * 2);
    }
    code[size] = Opcode.pack(operation, a, b, c);
    lines[size] = line;
    return size++;
  }

  int here() {
    return size;
  }

  /** Lets the jump at a place go on here. */
  void patch(int place) {
    patch(place, size);
  }

  void patch(int place, int target) {
    long instruction = code[place];
    code[place] =
        Opcode.pack(
            Opcode.operation(instruction), Opcode.a(instruction), target, Opcode.c(instruction));
  }

  /** Says how large the table made at a place will be, as far as is known. */
  void patchSizes(int place, int array, int hash) {
    code[place] = Opcode.pack(Opcode.NEWTABLE, Opcode.a(code[place]), array, hash);
  }

  int constant(Object value) {
    Integer known = constantIndex.get(value);
    if (known != null) {
      return known;
    }
    if (constants.size() == Prototype.CONSTANT - 1) {
      throw new LuaError("constant table overflow");
    }
    constants.add(value);
    constantIndex.put(value, constants.size() - 1);
    return constants.size() - 1;
  }

  int add(Prototype prototype) {
    inner.add(prototype);
    return inner.size() - 1;
  }

  /** Says what the operands of the last instruction are called. */
  void name(Prototype.@Nullable Name... operands) {
    for (Prototype.Name operand : operands) {
      if (operand != null) {
        names.put(size - 1, operands);
        return;
      }
    }
  }

  void needs(int register) {
    registers = Math.max(registers, register);
  }

  int registers() {
    return registers;
  }

  long[] code() {
    return Arrays.copyOf(code, size);
  }

  int[] lines() {
    return Arrays.copyOf(lines, size);
  }

  Object[] constants() {
    return constants.toArray();
  }

  Prototype[] inner() {
    return inner.toArray(Prototype[]::new);
  }

  Map<Integer, Prototype.Name[]> names() {
    return names;
  }
}
