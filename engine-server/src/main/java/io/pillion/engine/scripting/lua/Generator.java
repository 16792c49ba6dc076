package io.pillion.engine.scripting.lua;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the code of one function from its tree.
 *
 * <p>Registers are a stack: local variables lie at the bottom, values in the making above. A local
 * that inner functions use has a cell in its register. Chains that lean to the left may be as long
 * as a script likes, so they are walked in loops; everything else is as deep as the parser allows.
 */
final class Generator {
  private static final int MAX_REGISTERS = 250;
  private static final int FIELDS_PER_LIST = 50;

  private final FunctionScope scope;
  private final Lexer lexer;
  private final FunctionCode code = new FunctionCode();
  private final Deque<List<Integer>> breaks = new ArrayDeque<>();
  private int free;

  Generator(FunctionScope scope, Lexer lexer) {
    this.scope = scope;
    this.lexer = lexer;
  }

  FunctionCode generate(Statement.Block body, int endLine) {
    code.line(scope.line);
    List<LocalVariable> variables = new ArrayList<>(scope.parameters);
    if (scope.argument != null) {
      variables.add(scope.argument);
    }
    for (LocalVariable variable : variables) {
      declare(variable, allocate(1));
    }
    block(body);
    code.line(endLine);
    code.emit(Opcode.RETURN, 0, 0, 0);
    return code;
  }

  // --- registers

  private int allocate(int count) {
    int first = free;
    free += count;
    if (free > MAX_REGISTERS) {
      throw lexer.error("function or expression too complex");
    }
    code.needs(free + 1);
    return first;
  }

  /** The variable begins to live in a register, which holds its value. */
  private void declare(LocalVariable variable, int register) {
    variable.register = register;
    if (variable.isCaptured) {
      code.emit(Opcode.NEWCELL, register, 0, 0);
    }
  }

  // --- statements

  private void block(Statement.Block block) {
    int mark = free;
    open(block);
    free = mark;
  }

  private void open(Statement.Block block) {
    for (Statement statement : block.statements()) {
      statement(statement);
    }
  }

  private void statement(Statement statement) {
    if (statement instanceof Statement.CallStatement call) {
      int mark = free;
      call(call.call(), 0);
      free = mark;
    } else if (statement instanceof Statement.Local local) {
      local(local);
    } else if (statement instanceof Statement.Assignment assignment) {
      assignment(assignment);
    } else if (statement instanceof Statement.Return end) {
      returns(end);
    } else if (statement instanceof Statement.Block block) {
      block(block);
    } else {
      branching(statement);
    }
  }

  private void branching(Statement statement) {
    if (statement instanceof Statement.If conditional) {
      conditional(conditional);
    } else if (statement instanceof Statement.While loop) {
      whileLoop(loop);
    } else if (statement instanceof Statement.Repeat loop) {
      repeatLoop(loop);
    } else if (statement instanceof Statement.NumericFor loop) {
      numericFor(loop);
    } else if (statement instanceof Statement.GenericFor loop) {
      genericFor(loop);
    } else if (statement instanceof Statement.LocalFunction local) {
      int register = allocate(1);
      code.emit(Opcode.LOADNIL, register, 1, 0);
      declare(local.variable(), register);
      store(local.variable(), local.function());
    } else if (statement instanceof Statement.Break end) {
      code.line(end.line());
      breaks.element().add(code.emit(Opcode.JUMP, 0, 0, 0));
    }
  }

  private void local(Statement.Local local) {
    code.line(local.line());
    int count = local.variables().size();
    int first = free;
    values(local.values(), count);
    for (int i = 0; i < count; i++) {
      declare(local.variables().get(i), first + i);
    }
  }

  /** Puts exactly so many values into new registers. */
  private void values(List<Expression> values, int count) {
    int first = free;
    int given = values.size();
    for (int i = 0; i < given; i++) {
      Expression value = values.get(i);
      int missing = count - i;
      if (i == given - 1 && missing > 1 && Expression.isOpen(value)) {
        many(value, missing);
        return;
      }
      if (i < count) {
        to(value, allocate(1));
      } else {
        int mark = free;
        to(value, allocate(1));
        free = mark;
      }
    }
    if (given < count) {
      int from = allocate(count - given);
      code.emit(Opcode.LOADNIL, from, count - given, 0);
    }
    free = first + count;
  }

  /** Puts so many values of an expression that may give any number into new registers. */
  private void many(Expression value, int count) {
    if (value instanceof Expression.Varargs) {
      int first = allocate(count);
      code.emit(Opcode.VARARG, first, count, 0);
    } else {
      int first = free;
      call(value, count);
      free = first;
      allocate(count);
    }
  }

  private void assignment(Statement.Assignment assignment) {
    int mark = free;
    List<Expression> targets = assignment.targets();
    code.line(assignment.line());
    if (targets.size() == 1 && assignment.values().size() == 1) {
      assignOne(targets.get(0), assignment.values().get(0), assignment.line());
      free = mark;
      return;
    }
    int[][] places = new int[targets.size()][];
    for (int i = 0; i < places.length; i++) {
      if (targets.get(i) instanceof Expression.Index index) {
        // Copies: the variables themselves may be assigned to as well.
        int object = allocate(2);
        to(index.object(), object);
        to(index.key(), object + 1);
        places[i] = new int[] {object, object + 1};
      } else {
        places[i] = new int[0];
      }
    }
    int first = free;
    values(assignment.values(), places.length);
    for (int i = places.length - 1; i >= 0; i--) {
      Expression target = targets.get(i);
      code.line(assignment.line());
      if (target instanceof Expression.Index index) {
        code.emit(Opcode.SETINDEX, places[i][0], places[i][1], first + i);
        code.name(nameOf(index.object()));
      } else {
        move(target, first + i);
      }
    }
    free = mark;
  }

  private void assignOne(Expression target, Expression value, int line) {
    if (target instanceof Expression.Local local) {
      store(local.variable(), value);
    } else if (target instanceof Expression.Index index) {
      int object = any(index.object());
      int key = operand(index.key());
      int from = operand(value);
      code.line(line);
      code.emit(Opcode.SETINDEX, object, key, from);
      code.name(nameOf(index.object()));
    } else {
      int from = operand(value);
      code.line(line);
      move(target, from);
    }
  }

  private void store(LocalVariable variable, Expression value) {
    int mark = free;
    if (variable.isCaptured) {
      int from = operand(value);
      code.emit(Opcode.SETCELL, variable.register, from, 0);
    } else if (value instanceof Expression.Logical
        || value instanceof Expression.Table
        || value instanceof Expression.Comparison) {
      // These write their target before they have read all.
      int temporary = allocate(1);
      to(value, temporary);
      code.emit(Opcode.MOVE, variable.register, temporary, 0);
    } else {
      to(value, variable.register);
    }
    free = mark;
  }

  /** Assigns an operand to a variable. */
  private void move(Expression target, int from) {
    if (target instanceof Expression.Local local) {
      int register = local.variable().register;
      if (local.variable().isCaptured) {
        code.emit(Opcode.SETCELL, register, from, 0);
      } else {
        code.emit(Opcode.MOVE, register, from, 0);
      }
    } else if (target instanceof Expression.Upvalue upvalue) {
      code.emit(Opcode.SETUPVALUE, upvalue.index(), from, 0);
    } else if (target instanceof Expression.Global global) {
      code.emit(Opcode.SETGLOBAL, 0, from, code.constant(global.name()));
    }
  }

  private void returns(Statement.Return end) {
    code.line(end.line());
    List<Expression> values = end.values();
    int mark = free;
    if (values.size() == 1
        && (values.get(0) instanceof Expression.Call
            || values.get(0) instanceof Expression.MethodCall)) {
      int base = free;
      int arguments = prepareCall(values.get(0));
      boolean open = arguments < 0;
      code.emit(
          open ? Opcode.TAILCALL_OPEN : Opcode.TAILCALL,
          base,
          open ? -1 - arguments : arguments,
          0);
      code.name(calledName(values.get(0)));
      // Where a built-in function was called, its results are open now.
      code.emit(Opcode.RETURN_OPEN, base, 0, 0);
    } else if (values.size() == 1 && !Expression.isOpen(values.get(0))) {
      code.emit(Opcode.RETURN, any(values.get(0)), 1, 0);
    } else {
      int first = free;
      int count = list(values);
      boolean open = count < 0;
      code.emit(open ? Opcode.RETURN_OPEN : Opcode.RETURN, first, open ? -1 - count : count, 0);
    }
    free = mark;
  }

  /**
   * Puts values into new registers; returns how many, or, when the last one's values are open, -1
   * minus how many came before.
   */
  private int list(List<Expression> values) {
    for (int i = 0; i < values.size(); i++) {
      Expression value = values.get(i);
      if (i == values.size() - 1 && Expression.isOpen(value)) {
        int mark = free;
        if (value instanceof Expression.Varargs) {
          code.emit(Opcode.VARARG_OPEN, 0, 0, 0);
        } else {
          call(value, -1);
        }
        free = mark;
        return -1 - i;
      }
      to(value, allocate(1));
    }
    return values.size();
  }

  private void conditional(Statement.If statement) {
    List<Integer> ends = new ArrayList<>();
    int branches = statement.branches().size();
    for (int i = 0; i < branches; i++) {
      Statement.Branch branch = statement.branches().get(i);
      List<Integer> no = new ArrayList<>();
      code.line(branch.line());
      condition(branch.condition(), /* jumpIf= */ false, no);
      block(branch.body());
      if (i < branches - 1 || statement.otherwise() != null) {
        ends.add(code.emit(Opcode.JUMP, 0, 0, 0));
      }
      no.forEach(code::patch);
    }
    if (statement.otherwise() != null) {
      block(statement.otherwise());
    }
    ends.forEach(code::patch);
  }

  private void whileLoop(Statement.While loop) {
    int start = code.here();
    List<Integer> no = new ArrayList<>();
    code.line(loop.line());
    condition(loop.condition(), /* jumpIf= */ false, no);
    breaks.push(new ArrayList<>());
    block(loop.body());
    code.emit(Opcode.LOOP, 0, start, 0);
    no.forEach(code::patch);
    breaks.pop().forEach(code::patch);
  }

  private void repeatLoop(Statement.Repeat loop) {
    int mark = free;
    int start = code.here();
    List<Integer> no = new ArrayList<>();
    breaks.push(new ArrayList<>());
    open(loop.body());
    code.line(loop.line());
    condition(loop.condition(), /* jumpIf= */ false, no);
    int done = code.emit(Opcode.JUMP, 0, 0, 0);
    no.forEach(code::patch);
    code.emit(Opcode.LOOP, 0, start, 0);
    code.patch(done);
    breaks.pop().forEach(code::patch);
    free = mark;
  }

  private void numericFor(Statement.NumericFor loop) {
    int mark = free;
    int base = allocate(4);
    code.line(loop.line());
    to(loop.start(), base);
    to(loop.limit(), base + 1);
    if (loop.step() != null) {
      to(loop.step(), base + 2);
    } else {
      code.emit(Opcode.LOAD, base + 2, code.constant(1.0), 0);
    }
    code.line(loop.line());
    int prepare = code.emit(Opcode.FORPREPARE, base, 0, 0);
    int body = code.here();
    declare(loop.variable(), base + 3);
    breaks.push(new ArrayList<>());
    block(loop.body());
    code.patch(prepare);
    code.line(loop.line());
    code.emit(Opcode.FORLOOP, base, body, 0);
    breaks.pop().forEach(code::patch);
    free = mark;
  }

  private void genericFor(Statement.GenericFor loop) {
    int mark = free;
    int base = free;
    code.line(loop.line());
    values(loop.iterator(), 3);
    int count = loop.variables().size();
    allocate(Math.max(count, 3));
    int enter = code.emit(Opcode.JUMP, 0, 0, 0);
    int body = code.here();
    for (int i = 0; i < count; i++) {
      declare(loop.variables().get(i), base + 3 + i);
    }
    breaks.push(new ArrayList<>());
    block(loop.body());
    code.patch(enter);
    code.line(loop.line());
    code.emit(Opcode.FORIN, base, body, count);
    breaks.pop().forEach(code::patch);
    free = mark;
  }

  // --- expressions

  private static Prototype.@Nullable Name nameOf(Expression expression) {
    if (expression instanceof Expression.Local local) {
      return new Prototype.Name("local", local.variable().name);
    }
    if (expression instanceof Expression.Upvalue upvalue) {
      return new Prototype.Name("upvalue", upvalue.name());
    }
    if (expression instanceof Expression.Global global) {
      return new Prototype.Name("global", global.name().toString());
    }
    if (expression instanceof Expression.Index index) {
      boolean isField =
          index.key() instanceof Expression.Constant key && key.value() instanceof LuaString;
      return new Prototype.Name(
          "field", isField ? ((Expression.Constant) index.key()).value().toString() : "?");
    }
    return expression instanceof Expression.Single single && !Expression.isOpen(single.inner())
        ? nameOf(single.inner())
        : null;
  }

  private static Prototype.@Nullable Name calledName(Expression call) {
    return call instanceof Expression.MethodCall method
        ? new Prototype.Name("method", method.name().toString())
        : nameOf(((Expression.Call) call).function());
  }

  /** An operand: a constant, the register of a variable, or a new one. */
  private int operand(Expression expression) {
    return expression instanceof Expression.Constant constant
        ? Prototype.CONSTANT + code.constant(constant.value())
        : any(expression);
  }

  /** A register that has the value: a variable's own, or a new one. */
  private int any(Expression expression) {
    if (expression instanceof Expression.Local local && !local.variable().isCaptured) {
      return local.variable().register;
    }
    int register = allocate(1);
    to(expression, register);
    return register;
  }

  /** Puts the value, the first one of many, into a register. */
  private void to(Expression expression, int target) {
    if (expression instanceof Expression.Constant constant) {
      code.emit(Opcode.LOAD, target, code.constant(constant.value()), 0);
    } else if (expression instanceof Expression.Local local) {
      int register = local.variable().register;
      if (local.variable().isCaptured) {
        code.emit(Opcode.GETCELL, target, register, 0);
      } else if (register != target) {
        code.emit(Opcode.MOVE, target, register, 0);
      }
    } else if (expression instanceof Expression.Upvalue upvalue) {
      code.emit(Opcode.GETUPVALUE, target, upvalue.index(), 0);
    } else if (expression instanceof Expression.Global global) {
      code.line(global.line());
      code.emit(Opcode.GETGLOBAL, target, code.constant(global.name()), 0);
    } else if (expression instanceof Expression.Index index) {
      index(index, target);
    } else if (expression instanceof Expression.Single single) {
      to(single.inner(), target);
    } else if (expression instanceof Expression.Varargs) {
      code.emit(Opcode.VARARG, target, 1, 0);
    } else {
      compute(expression, target);
    }
  }

  private void compute(Expression expression, int target) {
    int mark = free;
    if (expression instanceof Expression.Binary binary) {
      if (binary.opcode() == Opcode.CONCAT) {
        concatenation(binary, target);
      } else {
        arithmetic(binary, target);
      }
    } else if (expression instanceof Expression.Unary unary) {
      int operand = operand(unary.operand());
      code.line(unary.line());
      code.emit(unary.opcode(), target, operand, 0);
      code.name(nameOf(unary.operand()));
    } else if (expression instanceof Expression.Comparison comparison) {
      List<Integer> no = new ArrayList<>();
      condition(comparison, /* jumpIf= */ false, no);
      code.emit(Opcode.LOAD, target, code.constant(true), 0);
      int end = code.emit(Opcode.JUMP, 0, 0, 0);
      no.forEach(code::patch);
      code.emit(Opcode.LOAD, target, code.constant(false), 0);
      code.patch(end);
    } else if (expression instanceof Expression.Logical logical) {
      logical(logical, target);
    } else if (expression instanceof Expression.Table table) {
      table(table, target);
    } else if (expression instanceof Expression.Function function) {
      function.scope().resolveUpvalues(function.prototype().upvalues);
      code.line(function.line());
      code.emit(Opcode.CLOSURE, target, code.add(function.prototype()), 0);
    } else {
      int base = free;
      call(expression, 1);
      code.emit(Opcode.MOVE, target, base, 0);
    }
    free = mark;
  }

  private void index(Expression.Index index, int target) {
    int mark = free;
    int object = any(index.object());
    if (index.key() instanceof Expression.Constant key && key.value() instanceof LuaString) {
      code.line(index.line());
      code.emit(Opcode.GETFIELD, target, object, code.constant(key.value()));
    } else {
      int key = operand(index.key());
      code.line(index.line());
      code.emit(Opcode.GETINDEX, target, object, key);
    }
    code.name(nameOf(index.object()));
    free = mark;
  }

  /** {@code a + b + c …}, from the left. */
  private void arithmetic(Expression.Binary last, int target) {
    Deque<Expression.Binary> chain = new ArrayDeque<>();
    Expression left = last;
    while (left instanceof Expression.Binary binary && binary.opcode() != Opcode.CONCAT) {
      chain.push(binary);
      left = binary.left();
    }
    int mark = free;
    int from = operand(left);
    Prototype.Name name = nameOf(left);
    while (!chain.isEmpty()) {
      Expression.Binary binary = chain.pop();
      int right = operand(binary.right());
      code.line(binary.line());
      free = mark;
      int result = chain.isEmpty() ? target : allocate(1);
      code.emit(binary.opcode(), result, from, right);
      code.name(name, nameOf(binary.right()));
      from = result;
      name = null;
    }
  }

  /** {@code a .. b .. c …}, which is parsed from the right, in one instruction. */
  private void concatenation(Expression.Binary first, int target) {
    int base = free;
    List<Expression> operands = new ArrayList<>();
    Expression rest = first;
    int line = first.line();
    while (rest instanceof Expression.Binary binary && binary.opcode() == Opcode.CONCAT) {
      to(binary.left(), allocate(1));
      operands.add(binary.left());
      line = binary.line();
      rest = binary.right();
    }
    to(rest, allocate(1));
    operands.add(rest);
    code.line(line);
    code.emit(Opcode.CONCAT, target, base, operands.size());
    code.name(operands.stream().map(Generator::nameOf).toArray(Prototype.Name[]::new));
  }

  private void logical(Expression.Logical last, int target) {
    Deque<Expression.Logical> chain = new ArrayDeque<>();
    Expression left = last;
    while (left instanceof Expression.Logical logical) {
      chain.push(logical);
      left = logical.left();
    }
    to(left, target);
    while (!chain.isEmpty()) {
      Expression.Logical logical = chain.pop();
      int end = code.emit(logical.isAnd() ? Opcode.UNLESS : Opcode.IF, target, 0, 0);
      to(logical.right(), target);
      code.patch(end);
    }
  }

  /** Jumps where the expression is true, or where it is false; else goes on. */
  private void condition(Expression expression, boolean jumpIf, List<Integer> jumps) {
    int mark = free;
    if (expression instanceof Expression.Comparison comparison) {
      int left = operand(comparison.left());
      int right = operand(comparison.right());
      code.line(comparison.line());
      boolean jumpsWhen = comparison.expected() == jumpIf;
      boolean swapped = comparison.swapped();
      code.emit(
          comparison.opcode(), jumpsWhen ? 1 : 0, swapped ? right : left, swapped ? left : right);
      jumps.add(code.emit(Opcode.JUMP, 0, 0, 0));
    } else if (expression instanceof Expression.Unary unary && unary.opcode() == Opcode.NOT) {
      condition(unary.operand(), !jumpIf, jumps);
    } else if (expression instanceof Expression.Logical logical) {
      choice(logical, jumpIf, jumps);
    } else if (expression instanceof Expression.Single single
        && !Expression.isOpen(single.inner())) {
      condition(single.inner(), jumpIf, jumps);
    } else if (expression instanceof Expression.Constant constant) {
      if (LuaState.isTrue(constant.value()) == jumpIf) {
        jumps.add(code.emit(Opcode.JUMP, 0, 0, 0));
      }
    } else {
      int value = any(expression);
      jumps.add(code.emit(jumpIf ? Opcode.IF : Opcode.UNLESS, value, 0, 0));
    }
    free = mark;
  }

  private void choice(Expression.Logical last, boolean jumpIf, List<Integer> jumps) {
    // Operands of the same operator in a row, from the left.
    Deque<Expression> operands = new ArrayDeque<>();
    Expression left = last;
    while (left instanceof Expression.Logical logical && logical.isAnd() == last.isAnd()) {
      operands.push(logical.right());
      left = logical.left();
    }
    operands.push(left);
    // An operand that decides alone jumps at once: false in an "and", true in an "or".
    boolean decides = !last.isAnd();
    if (decides == jumpIf) {
      operands.forEach(operand -> condition(operand, jumpIf, jumps));
    } else {
      List<Integer> past = new ArrayList<>();
      while (operands.size() > 1) {
        condition(operands.pop(), decides, past);
      }
      condition(operands.pop(), jumpIf, jumps);
      past.forEach(code::patch);
    }
  }

  private void table(Expression.Table table, int target) {
    int mark = free;
    int base = allocate(1);
    code.line(table.line());
    int make = code.emit(Opcode.NEWTABLE, base, 0, 0);
    int items = 0;
    int pending = 0;
    int keyed = 0;
    for (int i = 0; i < table.fields().size(); i++) {
      Expression.Field field = table.fields().get(i);
      Expression key = field.key();
      if (key != null) {
        int before = free;
        int keyOperand = operand(key);
        int value = operand(field.value());
        code.emit(Opcode.SETINDEX, base, keyOperand, value);
        free = before;
        keyed++;
        continue;
      }
      if (i == table.fields().size() - 1 && Expression.isOpen(field.value())) {
        list(List.of(field.value()));
        code.emit(Opcode.SETLIST_OPEN, base, pending, items + 1);
        pending = -1;
        break;
      }
      to(field.value(), allocate(1));
      if (++pending == FIELDS_PER_LIST) {
        code.emit(Opcode.SETLIST, base, pending, items + 1);
        items += pending;
        pending = 0;
        free = base + 1;
      }
    }
    if (pending > 0) {
      code.emit(Opcode.SETLIST, base, pending, items + 1);
    }
    code.patchSizes(make, Math.max(pending, 0) + items, keyed);
    code.emit(Opcode.MOVE, target, base, 0);
    free = mark;
  }

  // --- calls

  /**
   * Calls; the results go to where the next free register is now.
   *
   * @param results how many are wanted; -1 for all, as open values
   */
  private void call(Expression call, int results) {
    int base = free;
    int arguments = prepareCall(call);
    boolean open = arguments < 0;
    code.emit(
        open ? Opcode.CALL_OPEN : Opcode.CALL,
        base,
        open ? -1 - arguments : arguments,
        results + 1);
    code.name(calledName(call));
    free = base;
    if (results > 0) {
      allocate(results);
    }
  }

  /** Puts function and arguments into new registers; counts the arguments as {@link #list}. */
  private int prepareCall(Expression call) {
    if (call instanceof Expression.MethodCall method) {
      int base = allocate(2);
      int mark = free;
      int object = any(method.object());
      code.line(method.line());
      code.emit(Opcode.SELF, base, object, code.constant(method.name()));
      code.name(nameOf(method.object()));
      free = mark;
      int count = list(method.arguments());
      code.line(method.line());
      return count < 0 ? count - 1 : count + 1;
    }
    Expression.Call plain = (Expression.Call) call;
    int base = allocate(1);
    to(plain.function(), base);
    int count = list(plain.arguments());
    code.line(plain.line());
    return count;
  }
}
