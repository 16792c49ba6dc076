package io.pillion.engine.scripting.lua;

import java.util.HashMap;
import java.util.Map;

/** Cuts a source into tokens: a single character is its own code, all others are below. */
final class Lexer {
  static final int END = -1;
  static final int NAME = 300;
  static final int STRING = 301;
  static final int NUMBER = 302;
  static final int CONCAT = 303;
  static final int DOTS = 304;
  static final int EQUAL = 305;
  static final int GREATER_EQUAL = 306;
  static final int LESS_EQUAL = 307;
  static final int NOT_EQUAL = 308;

  static final int AND = 400;
  static final int BREAK = 401;
  static final int DO = 402;
  static final int ELSE = 403;
  static final int ELSEIF = 404;
  static final int END_BLOCK = 405;
  static final int FALSE = 406;
  static final int FOR = 407;
  static final int FUNCTION = 408;
  static final int IF = 409;
  static final int IN = 410;
  static final int LOCAL = 411;
  static final int NIL = 412;
  static final int NOT = 413;
  static final int OR = 414;
  static final int REPEAT = 415;
  static final int RETURN = 416;
  static final int THEN = 417;
  static final int TRUE = 418;
  static final int UNTIL = 419;
  static final int WHILE = 420;

  private static final String[] WORDS = {
    "and",
    "break",
    "do",
    "else",
    "elseif",
    "end",
    "false",
    "for",
    "function",
    "if",
    "in",
    "local",
    "nil",
    "not",
    "or",
    "repeat",
    "return",
    "then",
    "true",
    "until",
    "while"
  };

  private static final String[] SYMBOLS = {"..", "...", "==", ">=", "<=", "~="};

  private static final Map<LuaString, Integer> RESERVED = new HashMap<>();

  static {
    for (int i = 0; i < WORDS.length; i++) {
      RESERVED.put(LuaString.of(WORDS[i]), AND + i);
    }
  }

  private final byte[] source;
  private final String chunk;
  private final Budget budget;
  private final Map<LuaString, LuaString> strings = new HashMap<>();
  private int at;
  private int tokenStart;

  /** The line being read, from 1. */
  int line = 1;

  /** The line of the token before. */
  int lastLine = 1;

  int token;
  LuaString text = LuaString.EMPTY;
  double number;

  Lexer(byte[] source, LuaString name, Budget budget) {
    this.source = source;
    this.budget = budget;
    chunk = chunkName(name);
    if (source.length > 0 && source[0] == '#') {
      while (at < source.length && source[at] != '\n') {
        at++;
      }
    }
  }

  /** How errors call a chunk: what follows {@code @} or {@code =}, or its first line. */
  static String chunkName(LuaString name) {
    String text = name.toString();
    if (text.startsWith("=")) {
      return text.substring(1, Math.min(text.length(), 60));
    }
    if (text.startsWith("@")) {
      String file = text.substring(1);
      return file.length() > 52 ? "..." + file.substring(file.length() - 52) : file;
    }
    int end = 0;
    while (end < text.length()
        && end < 43
        && text.charAt(end) != '\n'
        && text.charAt(end) != '\r') {
      end++;
    }
    String dots = end < text.length() ? "..." : "";
    return "[string \"" + text.substring(0, end) + dots + "\"]";
  }

  // --- errors

  LuaError error(String message) {
    return new LuaError(LuaString.ofBytes(chunk + ":" + line + ": " + message));
  }

  LuaError errorNear(String message) {
    return errorNear(message, token);
  }

  private LuaError errorNear(String message, int token) {
    return error(message + " near " + shown(token));
  }

  private String shown(int token) {
    if (token == NAME || token == STRING || token == NUMBER) {
      return "'" + LuaString.of(source, tokenStart, Math.min(at, source.length)) + "'";
    }
    return quoted(token);
  }

  static String quoted(int token) {
    return "'" + describe(token) + "'";
  }

  private static String describe(int token) {
    if (token == END) {
      return "<eof>";
    }
    if (token >= AND) {
      return WORDS[token - AND];
    }
    if (token >= CONCAT) {
      return SYMBOLS[token - CONCAT];
    }
    if (token == NAME) {
      return "<name>";
    }
    if (token == STRING) {
      return "<string>";
    }
    if (token == NUMBER) {
      return "<number>";
    }
    return token < 32 || token == 127 ? "char(" + token + ")" : Character.toString((char) token);
  }

  // --- tokens

  private int peek(int ahead) {
    int i = at + ahead;
    return i < source.length ? source[i] & 0xFF : END;
  }

  /** Moves on by one token. */
  void next() {
    lastLine = line;
    token = read();
  }

  /** The token after this one, which stays. */
  int lookAhead() {
    int savedAt = at;
    int savedStart = tokenStart;
    int savedLine = line;
    LuaString savedText = text;
    double savedNumber = number;
    int ahead = read();
    at = savedAt;
    tokenStart = savedStart;
    line = savedLine;
    text = savedText;
    number = savedNumber;
    return ahead;
  }

  private int read() {
    while (true) {
      tokenStart = at;
      int c = peek(0);
      switch (c) {
        case END:
          return END;
        case '\n', '\r':
          newLine();
          break;
        case ' ', '\t', 0x0B, '\f':
          at++;
          break;
        case '-':
          if (peek(1) != '-') {
            at++;
            return '-';
          }
          comment();
          break;
        default:
          return readToken(c);
      }
    }
  }

  private int readToken(int c) {
    switch (c) {
      case '[':
        int level = bracketLevel();
        if (level >= 0) {
          text = string(longBracket(level, "string"));
          return STRING;
        }
        if (level < -1) {
          at = source.length;
          throw errorNear("invalid long string delimiter", STRING);
        }
        at++;
        return '[';
      case '=':
        return orEqual('=', EQUAL);
      case '<':
        return orEqual('<', LESS_EQUAL);
      case '>':
        return orEqual('>', GREATER_EQUAL);
      case '~':
        return orEqual('~', NOT_EQUAL);
      case '"', '\'':
        text = quotedString(c);
        return STRING;
      case '.':
        if (peek(1) == '.') {
          at += peek(2) == '.' ? 3 : 2;
          return at - tokenStart == 3 ? DOTS : CONCAT;
        }
        if (!isDigit(peek(1))) {
          at++;
          return '.';
        }
        return numeral();
      default:
        return isDigit(c) ? numeral() : word(c);
    }
  }

  private int orEqual(int alone, int both) {
    at++;
    if (peek(0) != '=') {
      return alone;
    }
    at++;
    return both;
  }

  private int word(int c) {
    if (!isNameStart(c)) {
      at++;
      return c;
    }
    while (isNamePart(peek(0))) {
      at++;
    }
    text = string(LuaString.of(source, tokenStart, at));
    return RESERVED.getOrDefault(text, NAME);
  }

  /** One object for equal strings, so that they are compared by identity most times. */
  private LuaString string(LuaString value) {
    LuaString known = strings.putIfAbsent(value, value);
    if (known == null) {
      budget.charge(32 + value.length());
      return value;
    }
    return known;
  }

  private void newLine() {
    int first = peek(0);
    at++;
    int second = peek(0);
    if ((second == '\n' || second == '\r') && second != first) {
      at++;
    }
    line++;
  }

  private void comment() {
    at += 2;
    if (peek(0) == '[') {
      int level = bracketLevel();
      if (level >= 0) {
        longBracket(level, "comment");
        return;
      }
    }
    while (peek(0) != END && peek(0) != '\n' && peek(0) != '\r') {
      at++;
    }
  }

  /** The number of equals signs of the long bracket here; -1 for none, less for a broken one. */
  private int bracketLevel() {
    int count = 0;
    while (peek(1 + count) == '=') {
      count++;
    }
    if (peek(1 + count) == '[') {
      return count;
    }
    return count == 0 ? -1 : -2;
  }

  private LuaString longBracket(int level, String what) {
    at += level + 2;
    if (peek(0) == '\n' || peek(0) == '\r') {
      newLine();
    }
    LuaBuffer content = new LuaBuffer(budget);
    while (true) {
      int c = peek(0);
      if (c == END) {
        throw errorNear("unfinished long " + what, END);
      }
      if (c == ']' && closes(level)) {
        at += level + 2;
        return content.toLuaString();
      }
      if (c == '\n' || c == '\r') {
        newLine();
        content.add('\n');
      } else {
        content.add(c);
        at++;
      }
    }
  }

  private boolean closes(int level) {
    for (int i = 1; i <= level; i++) {
      if (peek(i) != '=') {
        return false;
      }
    }
    return peek(level + 1) == ']';
  }

  private LuaString quotedString(int quote) {
    at++;
    LuaBuffer content = new LuaBuffer(budget);
    while (true) {
      int c = peek(0);
      if (c == quote) {
        at++;
        return string(content.toLuaString());
      }
      if (c == END) {
        throw errorNear("unfinished string", END);
      }
      if (c == '\n' || c == '\r') {
        throw errorNear("unfinished string", STRING);
      }
      at++;
      if (c == '\\') {
        escape(content);
      } else {
        content.add(c);
      }
    }
  }

  private void escape(LuaBuffer content) {
    int c = peek(0);
    switch (c) {
      case 'a' -> content.add(7);
      case 'b' -> content.add('\b');
      case 'f' -> content.add('\f');
      case 'n' -> content.add('\n');
      case 'r' -> content.add('\r');
      case 't' -> content.add('\t');
      case 'v' -> content.add(11);
      case '\n', '\r' -> {
        newLine();
        content.add('\n');
        return;
      }
      case END -> {
        return;
      }
      default -> {
        if (isDigit(c)) {
          decimalEscape(content);
          return;
        }
        content.add(c);
      }
    }
    at++;
  }

  private void decimalEscape(LuaBuffer content) {
    int value = 0;
    for (int i = 0; i < 3 && isDigit(peek(0)); i++) {
      value = value * 10 + peek(0) - '0';
      at++;
    }
    if (value > 255) {
      throw errorNear("escape sequence too large", STRING);
    }
    content.add(value);
  }

  private int numeral() {
    while (isDigit(peek(0)) || peek(0) == '.') {
      at++;
    }
    if (peek(0) == 'e' || peek(0) == 'E') {
      at++;
      if (peek(0) == '+' || peek(0) == '-') {
        at++;
      }
    }
    while (isNamePart(peek(0))) {
      at++;
    }
    Double value = LuaNumbers.parse(source, tokenStart, at);
    if (value == null) {
      throw errorNear("malformed number", NUMBER);
    }
    number = value;
    return NUMBER;
  }

  static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isNameStart(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  private static boolean isNamePart(int c) {
    return isNameStart(c) || isDigit(c);
  }
}
