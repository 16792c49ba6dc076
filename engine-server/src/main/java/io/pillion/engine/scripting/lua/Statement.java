package io.pillion.engine.scripting.lua;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tree of a statement. */
sealed interface Statement {
  record Block(List<Statement> statements) implements Statement {}

  record Local(List<LocalVariable> variables, List<Expression> values, int line)
      implements Statement {}

  record LocalFunction(LocalVariable variable, Expression.Function function) implements Statement {}

  record Assignment(List<Expression> targets, List<Expression> values, int line)
      implements Statement {}

  record CallStatement(Expression call) implements Statement {}

  record While(Expression condition, Block body, int line) implements Statement {}

  record Repeat(Block body, Expression condition, int line) implements Statement {}

  /** One branch for each condition; {@code otherwise} may be null. */
  record If(List<Branch> branches, @Nullable Block otherwise) implements Statement {}

  record Branch(Expression condition, Block body, int line) {}

  record NumericFor(
      LocalVariable variable,
      Expression start,
      Expression limit,
      @Nullable Expression step,
      Block body,
      int line)
      implements Statement {}

  record GenericFor(List<LocalVariable> variables, List<Expression> iterator, Block body, int line)
      implements Statement {}

  record Return(List<Expression> values, int line) implements Statement {}

  record Break(int line) implements Statement {}
}
