package io.pillion.engine.scripting.lua;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tree of an expression. */
sealed interface Expression {
  /** Nil, a truth value, a number or a string. */
  record Constant(Object value) implements Expression {}

  /** {@code ...}. */
  record Varargs() implements Expression {}

  record Function(FunctionScope scope, Prototype prototype, int line) implements Expression {}

  record Local(LocalVariable variable) implements Expression {}

  record Upvalue(int index, String name) implements Expression {}

  record Global(LuaString name, int line) implements Expression {}

  record Index(Expression object, Expression key, int line) implements Expression {}

  record Call(Expression function, List<Expression> arguments, int line) implements Expression {}

  record MethodCall(Expression object, LuaString name, List<Expression> arguments, int line)
      implements Expression {}

  /** An operator of {@link Opcode} on one operand. */
  record Unary(int opcode, Expression operand, int line) implements Expression {}

  /** An operator on two, that gives a value. */
  record Binary(int opcode, Expression left, Expression right, int line) implements Expression {}

  /**
   * A comparison; {@code expected} false for its opposite, {@code swapped} where the right operand
   * is the first one of the operation. The left one is computed first all the same.
   */
  record Comparison(
      int opcode, boolean expected, boolean swapped, Expression left, Expression right, int line)
      implements Expression {}

  /** {@code and}, or {@code or}. */
  record Logical(boolean isAnd, Expression left, Expression right) implements Expression {}

  /** A constructor: list items have no key. */
  record Table(List<Field> fields, int line) implements Expression {}

  record Field(@Nullable Expression key, Expression value) {}

  /** In parentheses: of many values only the first. */
  record Single(Expression inner) implements Expression {}

  /** Whether it may give any number of values. */
  static boolean isOpen(Expression expression) {
    return expression instanceof Call
        || expression instanceof MethodCall
        || expression instanceof Varargs;
  }
}
