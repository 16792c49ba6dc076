package io.pillion.engine.scripting.lua;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is known of a function while it is parsed: its variables, and those around it. */
final class FunctionScope {
  private static final int MAX_LOCALS = 200;
  private static final int MAX_UPVALUES = 60;

  final LuaString source;
  final @Nullable FunctionScope outer;
  final int line;
  final List<LocalVariable> parameters = new ArrayList<>();
  private final List<LocalVariable> active = new ArrayList<>();
  private final List<Upvalue> upvalues = new ArrayList<>();
  private int loops;
  boolean isVararg;
  boolean usesVarargs;

  /** The variable {@code arg} of a function with further arguments, or null. */
  @Nullable LocalVariable argument;

  /** A variable of a function around: a local of the next one, or that one's own upvalue. */
  private record Upvalue(String name, @Nullable LocalVariable local, int outerIndex) {}

  FunctionScope(LuaString source, @Nullable FunctionScope outer, int line) {
    this.source = source;
    this.outer = outer;
    this.line = line;
  }

  // --- locals

  void declare(LocalVariable variable, Lexer lexer) {
    checkLocals(1, lexer);
    active.add(variable);
  }

  void checkLocals(int more, Lexer lexer) {
    if (active.size() + more > MAX_LOCALS) {
      throw limit(lexer, MAX_LOCALS, "local variables");
    }
  }

  private LuaError limit(Lexer lexer, int most, String what) {
    String function = line == 0 ? "main function" : "function at line " + line;
    return lexer.errorNear(function + " has more than " + most + " " + what);
  }

  int level() {
    return active.size();
  }

  void leave(int level) {
    active.subList(level, active.size()).clear();
  }

  private @Nullable LocalVariable local(String name) {
    for (int i = active.size() - 1; i >= 0; i--) {
      if (active.get(i).name.equals(name)) {
        return active.get(i);
      }
    }
    return null;
  }

  // --- names

  /** What a name means here. */
  Expression resolve(LuaString name, Lexer lexer) {
    String text = name.toString();
    LocalVariable variable = local(text);
    if (variable != null) {
      return new Expression.Local(variable);
    }
    int index = upvalue(text, lexer);
    return index < 0
        ? new Expression.Global(name, lexer.lastLine)
        : new Expression.Upvalue(index, text);
  }

  private int upvalue(String name, Lexer lexer) {
    for (int i = 0; i < upvalues.size(); i++) {
      if (upvalues.get(i).name().equals(name)) {
        return i;
      }
    }
    if (outer == null) {
      return -1;
    }
    LocalVariable variable = outer.local(name);
    int index = -1;
    if (variable != null) {
      variable.isCaptured = true;
    } else {
      index = outer.upvalue(name, lexer);
      if (index < 0) {
        return -1;
      }
    }
    if (upvalues.size() == MAX_UPVALUES) {
      throw limit(lexer, MAX_UPVALUES, "upvalues");
    }
    upvalues.add(new Upvalue(name, variable, index));
    return upvalues.size() - 1;
  }

  /** For each upvalue: the register around, or, from -1 down, the upvalue around. */
  int[] upvalueSources() {
    return new int[upvalues.size()];
  }

  /** Fills them in, once the registers around are known. */
  void resolveUpvalues(int[] sources) {
    for (int i = 0; i < sources.length; i++) {
      Upvalue upvalue = upvalues.get(i);
      LocalVariable variable = upvalue.local();
      sources[i] = variable != null ? variable.register : -1 - upvalue.outerIndex();
    }
  }

  String[] upvalueNames() {
    return upvalues.stream().map(Upvalue::name).toArray(String[]::new);
  }

  // --- loops

  void enterLoop() {
    loops++;
  }

  void leaveLoop() {
    loops--;
  }

  boolean isInLoop() {
    return loops > 0;
  }
}
