package io.pillion.engine.scripting.lua;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a chunk by recursive descent, at most 200 levels deep, and has code made for each function
 * as soon as it has been read.
 */
final class Parser {
  private static final int MAX_LEVELS = 200;
  private static final int UNARY_PRIORITY = 8;

  private final Lexer lexer;
  private final LuaString source;
  private final Budget budget;
  private FunctionScope scope;
  private int levels;

  private Parser(byte[] code, LuaString source, Budget budget) {
    this.source = source;
    this.budget = budget;
    lexer = new Lexer(code, source, budget);
    scope = new FunctionScope(source, null, 0);
  }

  /**
   * Compiles a chunk.
   *
   * @throws LuaError when it is not Lua, or too deep, or too large
   */
  static Prototype compile(byte[] code, LuaString source, Budget budget) {
    // A tree takes several times its text.
    budget.charge(16L * code.length);
    Parser parser = new Parser(code, source, budget);
    parser.scope.isVararg = true;
    parser.lexer.next();
    Statement.Block body = parser.block();
    parser.expect(Lexer.END);
    return parser.finish(parser.scope, body);
  }

  private Prototype finish(FunctionScope function, Statement.Block body) {
    FunctionCode code = new Generator(function, lexer).generate(body, lexer.line);
    Prototype prototype = new Prototype(function, code);
    budget.charge(prototype.sizeBytes());
    return prototype;
  }

  // --- tokens

  private boolean accept(int token) {
    if (lexer.token == token) {
      lexer.next();
      return true;
    }
    return false;
  }

  private void expect(int token) {
    if (lexer.token != token) {
      throw lexer.errorNear(Lexer.quoted(token) + " expected");
    }
    lexer.next();
  }

  private void close(int token, int opening, int line) {
    if (lexer.token == token) {
      lexer.next();
    } else if (line == lexer.line) {
      throw lexer.errorNear(Lexer.quoted(token) + " expected");
    } else {
      throw lexer.errorNear(
          Lexer.quoted(token)
              + " expected (to close "
              + Lexer.quoted(opening)
              + " at line "
              + line
              + ")");
    }
  }

  private LuaString name() {
    if (lexer.token != Lexer.NAME) {
      throw lexer.errorNear("'<name>' expected");
    }
    LuaString name = lexer.text;
    lexer.next();
    return name;
  }

  private void enter() {
    if (++levels > MAX_LEVELS) {
      throw lexer.error("chunk has too many syntax levels");
    }
  }

  private void leave() {
    levels--;
  }

  // --- blocks

  private boolean blockEnds() {
    switch (lexer.token) {
      case Lexer.ELSE, Lexer.ELSEIF, Lexer.END_BLOCK, Lexer.END, Lexer.UNTIL:
        return true;
      default:
        return false;
    }
  }

  /** A block with variables of its own. */
  private Statement.Block block() {
    int level = scope.level();
    Statement.Block block = openBlock();
    scope.leave(level);
    return block;
  }

  /** A block whose variables stay known. */
  private Statement.Block openBlock() {
    enter();
    List<Statement> statements = new ArrayList<>();
    boolean last = false;
    while (!last && !blockEnds()) {
      last = lexer.token == Lexer.RETURN || lexer.token == Lexer.BREAK;
      statements.add(statement());
      accept(';');
    }
    leave();
    return new Statement.Block(statements);
  }

  private Statement.Block loopBody() {
    scope.enterLoop();
    Statement.Block body = block();
    scope.leaveLoop();
    return body;
  }

  private Statement statement() {
    int line = lexer.line;
    switch (lexer.token) {
      case Lexer.IF:
        return ifStatement(line);
      case Lexer.WHILE:
        lexer.next();
        Expression condition = expression();
        expect(Lexer.DO);
        Statement.Block body = loopBody();
        close(Lexer.END_BLOCK, Lexer.WHILE, line);
        return new Statement.While(condition, body, line);
      case Lexer.DO:
        lexer.next();
        Statement.Block inner = block();
        close(Lexer.END_BLOCK, Lexer.DO, line);
        return inner;
      case Lexer.FOR:
        return forStatement(line);
      case Lexer.REPEAT:
        return repeatStatement(line);
      case Lexer.FUNCTION:
        return functionStatement(line);
      case Lexer.LOCAL:
        lexer.next();
        return accept(Lexer.FUNCTION) ? localFunction() : localStatement(line);
      case Lexer.RETURN:
        lexer.next();
        List<Expression> values = blockEnds() || lexer.token == ';' ? List.of() : expressions();
        return new Statement.Return(values, line);
      case Lexer.BREAK:
        lexer.next();
        if (!scope.isInLoop()) {
          throw lexer.errorNear("no loop to break");
        }
        return new Statement.Break(line);
      default:
        return expressionStatement(line);
    }
  }

  private Statement ifStatement(int line) {
    List<Statement.Branch> branches = new ArrayList<>();
    do {
      int branchLine = lexer.line;
      lexer.next();
      Expression condition = expression();
      expect(Lexer.THEN);
      branches.add(new Statement.Branch(condition, block(), branchLine));
    } while (lexer.token == Lexer.ELSEIF);
    Statement.Block otherwise = accept(Lexer.ELSE) ? block() : null;
    close(Lexer.END_BLOCK, Lexer.IF, line);
    return new Statement.If(branches, otherwise);
  }

  private Statement repeatStatement(int line) {
    lexer.next();
    int level = scope.level();
    scope.enterLoop();
    Statement.Block body = openBlock();
    scope.leaveLoop();
    close(Lexer.UNTIL, Lexer.REPEAT, line);
    Expression condition = expression();
    scope.leave(level);
    return new Statement.Repeat(body, condition, line);
  }

  private Statement forStatement(int line) {
    lexer.next();
    LuaString first = name();
    int level = scope.level();
    Statement statement;
    if (lexer.token == '=') {
      statement = numericFor(first, line);
    } else if (lexer.token == ',' || lexer.token == Lexer.IN) {
      statement = genericFor(first, line);
    } else {
      throw lexer.errorNear("'=' or 'in' expected");
    }
    close(Lexer.END_BLOCK, Lexer.FOR, line);
    scope.leave(level);
    return statement;
  }

  private Statement numericFor(LuaString name, int line) {
    lexer.next();
    Expression start = expression();
    expect(',');
    Expression limit = expression();
    Expression step = accept(',') ? expression() : null;
    expect(Lexer.DO);
    LocalVariable variable = new LocalVariable(name.toString());
    hideThree();
    scope.declare(variable, lexer);
    return new Statement.NumericFor(variable, start, limit, step, loopBody(), line);
  }

  private Statement genericFor(LuaString first, int line) {
    List<LocalVariable> variables = new ArrayList<>();
    variables.add(new LocalVariable(first.toString()));
    while (accept(',')) {
      variables.add(new LocalVariable(name().toString()));
    }
    expect(Lexer.IN);
    List<Expression> iterator = expressions();
    expect(Lexer.DO);
    hideThree();
    variables.forEach(variable -> scope.declare(variable, lexer));
    return new Statement.GenericFor(variables, iterator, loopBody(), line);
  }

  /** The variables of a loop that have no name count, too. */
  private void hideThree() {
    for (int i = 0; i < 3; i++) {
      scope.declare(new LocalVariable("(for)"), lexer);
    }
  }

  private Statement functionStatement(int line) {
    lexer.next();
    Expression target = scope.resolve(name(), lexer);
    boolean isMethod = false;
    while (lexer.token == '.' || lexer.token == ':') {
      isMethod = lexer.token == ':';
      lexer.next();
      target = new Expression.Index(target, new Expression.Constant(name()), lexer.lastLine);
      if (isMethod) {
        break;
      }
    }
    Expression function = function(isMethod, line);
    return new Statement.Assignment(List.of(target), List.of(function), line);
  }

  private Statement localFunction() {
    LocalVariable variable = new LocalVariable(name().toString());
    scope.declare(variable, lexer);
    return new Statement.LocalFunction(variable, function(/* isMethod= */ false, lexer.line));
  }

  private Statement localStatement(int line) {
    List<LocalVariable> variables = new ArrayList<>();
    do {
      scope.checkLocals(variables.size() + 1, lexer);
      variables.add(new LocalVariable(name().toString()));
    } while (accept(','));
    List<Expression> values = accept('=') ? expressions() : List.of();
    variables.forEach(variable -> scope.declare(variable, lexer));
    return new Statement.Local(variables, values, line);
  }

  private Statement expressionStatement(int line) {
    Expression first = suffixed();
    if (lexer.token != '=' && lexer.token != ',') {
      if (!(first instanceof Expression.Call) && !(first instanceof Expression.MethodCall)) {
        throw lexer.errorNear("syntax error");
      }
      return new Statement.CallStatement(first);
    }
    List<Expression> targets = new ArrayList<>();
    targets.add(assignable(first));
    while (accept(',')) {
      if (targets.size() >= MAX_LEVELS - levels) {
        throw lexer.error("variables in assignment");
      }
      targets.add(assignable(suffixed()));
    }
    expect('=');
    return new Statement.Assignment(targets, expressions(), line);
  }

  private Expression assignable(Expression target) {
    if (target instanceof Expression.Local
        || target instanceof Expression.Upvalue
        || target instanceof Expression.Global
        || target instanceof Expression.Index) {
      return target;
    }
    throw lexer.errorNear("syntax error");
  }

  // --- expressions

  private List<Expression> expressions() {
    List<Expression> list = new ArrayList<>();
    do {
      list.add(expression());
    } while (accept(','));
    return list;
  }

  private Expression expression() {
    return operation(0);
  }

  /** An operand and all operators after it that bind more strongly than the limit. */
  private Expression operation(int limit) {
    enter();
    Expression left;
    int line = lexer.line;
    int unary = unaryOpcode(lexer.token);
    if (unary >= 0) {
      lexer.next();
      left = negated(unary, operation(UNARY_PRIORITY), line);
    } else {
      left = simple();
    }
    while (true) {
      int token = lexer.token;
      int priority = leftPriority(token);
      if (priority <= limit) {
        break;
      }
      int operatorLine = lexer.line;
      lexer.next();
      Expression right = operation(rightPriority(token));
      left = combine(token, left, right, operatorLine);
    }
    leave();
    return left;
  }

  private static int unaryOpcode(int token) {
    switch (token) {
      case Lexer.NOT:
        return Opcode.NOT;
      case '-':
        return Opcode.NEGATE;
      case '#':
        return Opcode.LENGTH;
      default:
        return -1;
    }
  }

  private static Expression negated(int opcode, Expression operand, int line) {
    if (opcode == Opcode.NEGATE
        && operand instanceof Expression.Constant constant
        && constant.value() instanceof Double number) {
      return new Expression.Constant(-number);
    }
    return new Expression.Unary(opcode, operand, line);
  }

  private static int leftPriority(int token) {
    switch (token) {
      case Lexer.OR:
        return 1;
      case Lexer.AND:
        return 2;
      case '<', '>', Lexer.LESS_EQUAL, Lexer.GREATER_EQUAL, Lexer.NOT_EQUAL, Lexer.EQUAL:
        return 3;
      case Lexer.CONCAT:
        return 5;
      case '+', '-':
        return 6;
      case '*', '/', '%':
        return 7;
      case '^':
        return 10;
      default:
        return -1;
    }
  }

  /** Less than on the left where the operator groups to the right. */
  private static int rightPriority(int token) {
    int left = leftPriority(token);
    return token == Lexer.CONCAT || token == '^' ? left - 1 : left;
  }

  private static Expression combine(int token, Expression left, Expression right, int line) {
    switch (token) {
      case Lexer.OR:
        return new Expression.Logical(/* isAnd= */ false, left, right);
      case Lexer.AND:
        return new Expression.Logical(/* isAnd= */ true, left, right);
      case '<':
        return new Expression.Comparison(Opcode.LESS, true, false, left, right, line);
      case '>':
        return new Expression.Comparison(Opcode.LESS, true, true, left, right, line);
      case Lexer.LESS_EQUAL:
        return new Expression.Comparison(Opcode.LESS_EQUAL, true, false, left, right, line);
      case Lexer.GREATER_EQUAL:
        return new Expression.Comparison(Opcode.LESS_EQUAL, true, true, left, right, line);
      case Lexer.EQUAL:
        return new Expression.Comparison(Opcode.EQUAL, true, false, left, right, line);
      case Lexer.NOT_EQUAL:
        return new Expression.Comparison(Opcode.EQUAL, false, false, left, right, line);
      default:
        return new Expression.Binary(arithmeticOpcode(token), left, right, line);
    }
  }

  private static int arithmeticOpcode(int token) {
    switch (token) {
      case '+':
        return Opcode.ADD;
      case '-':
        return Opcode.SUBTRACT;
      case '*':
        return Opcode.MULTIPLY;
      case '/':
        return Opcode.DIVIDE;
      case '%':
        return Opcode.MODULO;
      case '^':
        return Opcode.POWER;
      default:
        return Opcode.CONCAT;
    }
  }

  private Expression simple() {
    Expression value;
    switch (lexer.token) {
      case Lexer.NUMBER:
        value = new Expression.Constant(lexer.number);
        break;
      case Lexer.STRING:
        value = new Expression.Constant(lexer.text);
        break;
      case Lexer.NIL:
        value = new Expression.Constant(Nil.NIL);
        break;
      case Lexer.TRUE:
        value = new Expression.Constant(true);
        break;
      case Lexer.FALSE:
        value = new Expression.Constant(false);
        break;
      case Lexer.DOTS:
        if (!scope.isVararg) {
          throw lexer.errorNear("cannot use '...' outside a vararg function");
        }
        scope.usesVarargs = true;
        value = new Expression.Varargs();
        break;
      case '{':
        return table();
      case Lexer.FUNCTION:
        int line = lexer.line;
        lexer.next();
        return function(/* isMethod= */ false, line);
      default:
        return suffixed();
    }
    lexer.next();
    return value;
  }

  private Expression primary() {
    if (lexer.token == '(') {
      int line = lexer.line;
      lexer.next();
      Expression inner = expression();
      close(')', '(', line);
      // In parentheses nothing can be assigned to, and of many values one is left.
      return new Expression.Single(inner);
    }
    if (lexer.token == Lexer.NAME) {
      return scope.resolve(name(), lexer);
    }
    throw lexer.errorNear("unexpected symbol");
  }

  private Expression suffixed() {
    Expression left = primary();
    for (int suffixes = 0; ; suffixes++) {
      if (suffixes > MAX_LEVELS) {
        throw lexer.error("chunk has too many syntax levels");
      }
      switch (lexer.token) {
        case '.':
          lexer.next();
          left = new Expression.Index(left, new Expression.Constant(name()), lexer.lastLine);
          break;
        case '[':
          lexer.next();
          Expression key = expression();
          int line = lexer.line;
          expect(']');
          left = new Expression.Index(left, key, line);
          break;
        case ':':
          lexer.next();
          LuaString method = name();
          int methodLine = lexer.line;
          left = new Expression.MethodCall(left, method, arguments(), methodLine);
          break;
        case '(', Lexer.STRING, '{':
          int callLine = lexer.line;
          left = new Expression.Call(left, arguments(), callLine);
          break;
        default:
          return left;
      }
    }
  }

  private List<Expression> arguments() {
    switch (lexer.token) {
      case '(':
        int line = lexer.line;
        if (line != lexer.lastLine) {
          throw lexer.errorNear("ambiguous syntax (function call x new statement)");
        }
        lexer.next();
        if (accept(')')) {
          return List.of();
        }
        List<Expression> list = expressions();
        close(')', '(', line);
        return list;
      case '{':
        return List.of(table());
      case Lexer.STRING:
        Expression text = new Expression.Constant(lexer.text);
        lexer.next();
        return List.of(text);
      default:
        throw lexer.errorNear("function arguments expected");
    }
  }

  private Expression table() {
    int line = lexer.line;
    expect('{');
    List<Expression.Field> fields = new ArrayList<>();
    while (lexer.token != '}') {
      if (lexer.token == '[') {
        lexer.next();
        Expression key = expression();
        expect(']');
        expect('=');
        fields.add(new Expression.Field(key, expression()));
      } else if (lexer.token == Lexer.NAME && lexer.lookAhead() == '=') {
        Expression key = new Expression.Constant(name());
        lexer.next();
        fields.add(new Expression.Field(key, expression()));
      } else {
        fields.add(new Expression.Field(null, expression()));
      }
      if (!accept(',') && !accept(';')) {
        break;
      }
    }
    close('}', '{', line);
    return new Expression.Table(fields, line);
  }

  private Expression.Function function(boolean isMethod, int line) {
    FunctionScope outer = scope;
    FunctionScope inner = new FunctionScope(source, outer, line);
    scope = inner;
    expect('(');
    if (isMethod) {
      parameter("self");
    }
    if (lexer.token != ')') {
      do {
        if (lexer.token == Lexer.DOTS) {
          lexer.next();
          inner.isVararg = true;
        } else if (lexer.token == Lexer.NAME) {
          parameter(name().toString());
        } else {
          throw lexer.errorNear("<name> or '...' expected");
        }
      } while (!inner.isVararg && accept(','));
    }
    if (inner.isVararg) {
      LocalVariable argument = new LocalVariable("arg");
      inner.argument = argument;
      inner.declare(argument, lexer);
    }
    expect(')');
    Statement.Block body = openBlock();
    int endLine = lexer.line;
    close(Lexer.END_BLOCK, Lexer.FUNCTION, line);
    scope = outer;
    FunctionCode code = new Generator(inner, lexer).generate(body, endLine);
    Prototype prototype = new Prototype(inner, code);
    budget.charge(prototype.sizeBytes());
    return new Expression.Function(inner, prototype, endLine);
  }

  private void parameter(String name) {
    LocalVariable variable = new LocalVariable(name);
    scope.parameters.add(variable);
    scope.declare(variable, lexer);
  }
}
