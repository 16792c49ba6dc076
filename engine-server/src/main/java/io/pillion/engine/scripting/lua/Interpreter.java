package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.Nullable;

/**
 * Carries out compiled functions. One loop runs all calls from Lua to Lua; what is rare (coercions,
 * metamethods, errors) is in {@link Operations}, so that the loop stays small enough to be compiled
 * as one.
 */
final class Interpreter {
  private static final int CONSTANT = Prototype.CONSTANT;

  private final LuaState lua;
  private final Budget budget;
  private final Operations operations;

  /** Set by the coroutine library: the function that the loop itself has to carry out. */
  @Nullable Builtin yieldFunction;

  Interpreter(LuaState lua, Budget budget) {
    this.lua = lua;
    this.budget = budget;
    operations = new Operations(lua, budget);
  }

  Operations operations() {
    return operations;
  }

  /** Runs a frame that must not yield to its end. */
  Object[] runToEnd(Coroutine coroutine, Frame entry) {
    Object[] results = run(coroutine, entry);
    if (results == null) {
      throw new IllegalStateException("yielded across a call from Java");
    }
    return results;
  }

  private static Object operand(Object[] registers, Object[] constants, int index) {
    return index >= CONSTANT ? constants[index - CONSTANT] : registers[index];
  }

  /**
   * Runs a frame, and all it calls, until the frame that is an entry returns.
   *
   * @return its results; null when the coroutine has yielded
   */
  @SuppressWarnings("MethodLength")
  Object @Nullable [] run(Coroutine coroutine, Frame first) {
    Frame f = first;
    while (true) {
      // The frame has changed: a function was called, or has returned.
      LuaClosure closure = closureOf(f);
      Prototype prototype = closure.prototype;
      Object[] r = f.registers;
      Object[] k = prototype.constants;
      long[] code = prototype.code;
      int pc = f.pc;
      Frame next = null;
      while (next == null) {
        long i = code[pc++];
        f.pc = pc;
        int a = Opcode.a(i);
        int b = Opcode.b(i);
        int c = Opcode.c(i);
        switch (Opcode.operation(i)) {
          case Opcode.MOVE:
            r[a] = r[b];
            break;
          case Opcode.LOAD:
            r[a] = k[b];
            break;
          case Opcode.LOADNIL:
            for (int n = 0; n < b; n++) {
              r[a + n] = Nil.NIL;
            }
            break;
          case Opcode.NEWCELL:
            r[a] = operations.cell(r[a]);
            break;
          case Opcode.GETCELL:
            r[a] = ((Cell) r[b]).value;
            break;
          case Opcode.SETCELL:
            ((Cell) r[a]).value = operand(r, k, b);
            break;
          case Opcode.GETUPVALUE:
            r[a] = closure.upvalues[b].value;
            break;
          case Opcode.SETUPVALUE:
            closure.upvalues[a].value = operand(r, k, b);
            break;
          case Opcode.GETGLOBAL:
            {
              Object value = closure.environment.get((LuaString) k[b]);
              r[a] = value != Nil.NIL ? value : operations.index(closure.environment, k[b]);
              break;
            }
          case Opcode.SETGLOBAL:
            operations.setIndex(closure.environment, k[c], operand(r, k, b));
            break;
          case Opcode.GETINDEX:
            r[a] = operations.indexFast(r[b], operand(r, k, c));
            break;
          case Opcode.GETFIELD:
            {
              Object value = r[b] instanceof LuaTable table ? table.get((LuaString) k[c]) : Nil.NIL;
              r[a] = value != Nil.NIL ? value : operations.index(r[b], k[c]);
              break;
            }
          case Opcode.SETINDEX:
            operations.setIndex(r[a], operand(r, k, b), operand(r, k, c));
            break;
          case Opcode.SELF:
            {
              Object object = r[b];
              r[a + 1] = object;
              r[a] = operations.index(object, k[c]);
              break;
            }
          case Opcode.NEWTABLE:
            r[a] = new LuaTable(budget, b, c);
            break;
          case Opcode.SETLIST:
            ((LuaTable) r[a]).setList(c, r, a + 1, b);
            break;
          case Opcode.SETLIST_OPEN:
            ((LuaTable) r[a]).setList(c, r, a + 1, b);
            ((LuaTable) r[a]).setList(c + b, f.open, 0, f.open.length);
            f.open = Frame.NONE;
            break;
          case Opcode.ADD:
            {
              Object x = operand(r, k, b);
              Object y = operand(r, k, c);
              r[a] =
                  x instanceof Double p && y instanceof Double q
                      ? (Object) (p + q)
                      : operations.arithmetic(Opcode.ADD, x, y);
              break;
            }
          case Opcode.SUBTRACT:
            {
              Object x = operand(r, k, b);
              Object y = operand(r, k, c);
              r[a] =
                  x instanceof Double p && y instanceof Double q
                      ? (Object) (p - q)
                      : operations.arithmetic(Opcode.SUBTRACT, x, y);
              break;
            }
          case Opcode.MULTIPLY:
            {
              Object x = operand(r, k, b);
              Object y = operand(r, k, c);
              r[a] =
                  x instanceof Double p && y instanceof Double q
                      ? (Object) (p * q)
                      : operations.arithmetic(Opcode.MULTIPLY, x, y);
              break;
            }
          case Opcode.DIVIDE, Opcode.MODULO, Opcode.POWER:
            r[a] = operations.arithmetic(Opcode.operation(i), operand(r, k, b), operand(r, k, c));
            break;
          case Opcode.NEGATE:
            r[a] = operations.negate(operand(r, k, b));
            break;
          case Opcode.NOT:
            r[a] = !LuaState.isTrue(operand(r, k, b));
            break;
          case Opcode.LENGTH:
            r[a] = operations.length(operand(r, k, b));
            break;
          case Opcode.CONCAT:
            r[a] = operations.concat(r, b, c);
            break;
          case Opcode.JUMP:
            pc = b;
            break;
          case Opcode.LOOP:
            budget.tick();
            pc = b;
            break;
          case Opcode.IF:
            if (LuaState.isTrue(r[a])) {
              pc = b;
            }
            break;
          case Opcode.UNLESS:
            if (!LuaState.isTrue(r[a])) {
              pc = b;
            }
            break;
          case Opcode.EQUAL:
            {
              Object x = operand(r, k, b);
              Object y = operand(r, k, c);
              boolean equal = operations.equal(x, y);
              pc = jump(equal, a, code, pc);
              break;
            }
          case Opcode.LESS:
            {
              Object x = operand(r, k, b);
              Object y = operand(r, k, c);
              boolean less = operations.less(x, y);
              pc = jump(less, a, code, pc);
              break;
            }
          case Opcode.LESS_EQUAL:
            {
              Object x = operand(r, k, b);
              Object y = operand(r, k, c);
              boolean atMost = operations.lessOrEqual(x, y);
              pc = jump(atMost, a, code, pc);
              break;
            }
          case Opcode.CALL, Opcode.CALL_OPEN:
            {
              budget.tick();
              Object[] open = Opcode.operation(i) == Opcode.CALL ? Frame.NONE : f.takeOpen();
              if (r[a] instanceof LuaClosure callee) {
                next = lua.enter(callee, f, r, a + 1, b, open);
                next.resultsAt = a;
                next.wanted = c - 1;
              } else if (r[a] == yieldFunction) {
                coroutine.yielded = Operations.gather(r, a + 1, b, open);
                checkMayYield(coroutine);
                return null;
              } else {
                next = callOther(f, a, b, c - 1, open);
              }
              break;
            }
          case Opcode.TAILCALL, Opcode.TAILCALL_OPEN:
            {
              budget.tick();
              Object[] open = Opcode.operation(i) == Opcode.TAILCALL ? Frame.NONE : f.takeOpen();
              if (r[a] instanceof LuaClosure callee) {
                next = lua.enter(callee, f.caller, r, a + 1, b, open);
                next.resultsAt = f.resultsAt;
                next.wanted = f.wanted;
                next.isEntry = f.isEntry;
              } else if (r[a] == yieldFunction) {
                coroutine.yielded = Operations.gather(r, a + 1, b, open);
                checkMayYield(coroutine);
                return null;
              } else {
                next = callOther(f, a, b, -1, open);
              }
              break;
            }
          case Opcode.RETURN, Opcode.RETURN_OPEN:
            {
              Object[] open = Opcode.operation(i) == Opcode.RETURN ? Frame.NONE : f.takeOpen();
              coroutine.top = f.caller;
              if (f.isEntry) {
                return Operations.gather(r, a, b, open);
              }
              next = giveBack(f, r, a, b, open);
              break;
            }
          case Opcode.VARARG:
            for (int n = 0; n < b; n++) {
              r[a + n] = n < f.varargs.length ? f.varargs[n] : Nil.NIL;
            }
            break;
          case Opcode.VARARG_OPEN:
            f.open = f.varargs;
            break;
          case Opcode.FORPREPARE:
            operations.prepareFor(r, a);
            pc = b;
            break;
          case Opcode.FORLOOP:
            {
              budget.tick();
              double step = (Double) r[a + 2];
              double value = (Double) r[a] + step;
              double limit = (Double) r[a + 1];
              if (step > 0 ? value <= limit : limit <= value) {
                Object boxed = value;
                r[a] = boxed;
                r[a + 3] = boxed;
                pc = b;
              }
              break;
            }
          case Opcode.FORIN:
            {
              budget.tick();
              operations.iterate(f, a, c);
              if (r[a + 3] != Nil.NIL) {
                r[a + 2] = r[a + 3];
                pc = b;
              }
              break;
            }
          case Opcode.CLOSURE:
            r[a] = operations.closure(prototype.inner[b], closure, r);
            break;
          default:
            throw new IllegalStateException("no such instruction");
        }
      }
      f = next;
    }
  }

  /** Where a comparison goes on: where the jump behind it leads, or behind that. */
  private static int jump(boolean result, int expected, long[] code, int pc) {
    boolean jumps = expected == (result ? 1 : 0);
    return jumps ? Opcode.b(code[pc]) : pc + 1;
  }

  private static LuaClosure closureOf(Frame frame) {
    LuaClosure closure = frame.closure;
    if (closure == null) {
      throw new IllegalStateException("not a function of Lua");
    }
    return closure;
  }

  private void checkMayYield(Coroutine coroutine) {
    if (coroutine.resumer == null) {
      throw new LuaError("attempt to yield across metamethod/C-call boundary");
    }
    if (lua.calls() > coroutine.baseCalls) {
      throw lua.error("attempt to yield across metamethod/C-call boundary");
    }
  }

  /** Calls what is no function of Lua; returns the frame that goes on. */
  private @Nullable Frame callOther(Frame f, int a, int count, int wanted, Object[] open) {
    Object callee = f.registers[a];
    if (callee instanceof Builtin builtin) {
      Object[] arguments = Operations.gather(f.registers, a + 1, count, open);
      place(f, a, wanted, builtin.body.call(new Arguments(lua, arguments)));
      return null;
    }
    Object handler = lua.metamethod(callee, Metamethods.CALL);
    if (!(handler instanceof LuaFunction)) {
      throw operations.typeError(0, callee, "call");
    }
    Object[] arguments = Operations.gather(f.registers, a, count + 1, open);
    if (handler instanceof LuaClosure closure) {
      Frame next = lua.enter(closure, f, arguments, 0, arguments.length, Frame.NONE);
      next.resultsAt = a;
      next.wanted = wanted;
      return next;
    }
    place(f, a, wanted, ((Builtin) handler).body.call(new Arguments(lua, arguments)));
    return null;
  }

  /** Puts the results of a call where its caller wants them. */
  static void place(Frame f, int at, int wanted, Object[] results) {
    if (wanted < 0) {
      f.open = results;
      return;
    }
    int given = Math.min(wanted, results.length);
    System.arraycopy(results, 0, f.registers, at, given);
    for (int n = given; n < wanted; n++) {
      f.registers[at + n] = Nil.NIL;
    }
  }

  private static Frame giveBack(Frame f, Object[] r, int a, int count, Object[] open) {
    Frame caller = f.caller;
    if (caller == null) {
      throw new IllegalStateException("a call from nowhere");
    }
    if (f.wanted >= 0 && open.length == 0) {
      int at = f.resultsAt;
      int given = Math.min(f.wanted, count);
      System.arraycopy(r, a, caller.registers, at, given);
      for (int n = given; n < f.wanted; n++) {
        caller.registers[at + n] = Nil.NIL;
      }
    } else {
      place(caller, f.resultsAt, f.wanted, Operations.gather(r, a, count, open));
    }
    return caller;
  }

  /** Hands the values that a resume passes on to the call of yield that waits for them. */
  static void deliver(Frame f, Object[] values) {
    long instruction = closureOf(f).prototype.code[f.pc - 1];
    int operation = Opcode.operation(instruction);
    boolean isTail = operation == Opcode.TAILCALL || operation == Opcode.TAILCALL_OPEN;
    int wanted = isTail ? -1 : Opcode.c(instruction) - 1;
    place(f, Opcode.a(instruction), wanted, values);
  }
}
