package io.pillion.engine.scripting.lua;

import org.jspecify.annotations.Nullable;

/** Reads a value from JSON. */
final class JsonDecoder {
  /** A depth that Java's stack has room for, whatever a script asks for. */
  private static final int MAX_DEPTH = 1000;

  private final Arguments args;
  private final JsonLibrary.Options options;
  private final LuaState lua;
  private final byte[] json;
  private int at;
  private int depth;

  JsonDecoder(Arguments args, JsonLibrary.Options options) {
    this.args = args;
    this.options = options;
    lua = args.lua();
    json = args.string(1).bytes();
  }

  Object decode() {
    // What is not one byte per character has a NUL among the first two bytes.
    if (json.length >= 2 && (json[0] == 0 || json[1] == 0)) {
      throw args.error("JSON parser does not support UTF-16 or UTF-32");
    }
    Object value = value();
    space();
    if (at < json.length) {
      throw unexpected("the end");
    }
    return value;
  }

  private int peek() {
    return at < json.length ? json[at] & 0xFF : -1;
  }

  private void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') {
      at++;
    }
  }

  // --- errors

  private LuaError unexpected(String expected) {
    return failed(expected, token(), at);
  }

  private LuaError failed(String expected, String found, int where) {
    return args.error(
        "Expected " + expected + " but found " + found + " at character " + (where + 1));
  }

  /** What the token here is called in errors. */
  private String token() {
    int c = peek();
    switch (c) {
      case -1:
        return "T_END";
      case '{':
        return "T_OBJ_BEGIN";
      case '}':
        return "T_OBJ_END";
      case '[':
        return "T_ARR_BEGIN";
      case ']':
        return "T_ARR_END";
      case ':':
        return "T_COLON";
      case ',':
        return "T_COMMA";
      case '"':
        int start = at;
        String problem = skipString();
        at = start;
        return problem == null ? "T_STRING" : problem;
      default:
        if (startsWith("true") || startsWith("false")) {
          return "T_BOOLEAN";
        }
        if (startsWith("null")) {
          return "T_NULL";
        }
        return Lexer.isDigit(c) || c == '-' ? "T_NUMBER" : "invalid token";
    }
  }

  private boolean startsWith(String word) {
    if (json.length - at < word.length()) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (json[at + i] != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private @Nullable String skipString() {
    try {
      string();
      return null;
    } catch (LuaError e) {
      return "invalid token";
    }
  }

  // --- values

  private Object value() {
    lua.budget().tick();
    space();
    switch (peek()) {
      case '{':
        return object();
      case '[':
        return array();
      case '"':
        return string();
      default:
        return word();
    }
  }

  private Object word() {
    if (startsWith("true")) {
      at += 4;
      return true;
    }
    if (startsWith("false")) {
      at += 5;
      return false;
    }
    if (startsWith("null")) {
      at += 4;
      return JsonLibrary.NULL;
    }
    Double number = number();
    if (number == null) {
      throw unexpected("value");
    }
    return number;
  }

  private @Nullable Double number() {
    int end = at;
    while (end < json.length && isNumberPart(json[end])) {
      end++;
    }
    int c = peek();
    boolean plain = Lexer.isDigit(c) || c == '-';
    if (!plain && !options.decodeInvalidNumbers) {
      return null;
    }
    // The longest beginning that is a number, as strtod takes it.
    for (int to = end; to > at; to--) {
      if (LuaNumbers.isSpace(json[at])) {
        return null;
      }
      Double value = LuaNumbers.parse(json, at, to);
      if (value != null) {
        if (!options.decodeInvalidNumbers && isInvalid(to)) {
          throw failed("value", "invalid number", at);
        }
        at = to;
        return value;
      }
    }
    return null;
  }

  private boolean isInvalid(int to) {
    int i = json[at] == '-' ? at + 1 : at;
    if (i < to && json[i] == '0' && i + 1 < to) {
      int next = json[i + 1] | 32;
      return next == 'x' || Lexer.isDigit(json[i + 1]);
    }
    return i < to && !Lexer.isDigit(json[i]);
  }

  private static boolean isNumberPart(int c) {
    int lower = c | 32;
    return Lexer.isDigit(c)
        || c == '.'
        || c == '+'
        || c == '-'
        || (lower >= 'a' && lower <= 'f')
        || "xpinty".indexOf(lower) >= 0;
  }

  private void enter() {
    if (++depth > Math.min(options.decodeMaxDepth, MAX_DEPTH)) {
      throw args.error(
          "Found too many nested data structures (" + depth + ") at character " + (at + 1));
    }
    at++;
  }

  private Object array() {
    enter();
    LuaTable table = lua.table();
    space();
    if (peek() == ']') {
      at++;
      depth--;
      return table;
    }
    for (int i = 1; ; i++) {
      table.set(i, value());
      space();
      int c = peek();
      if (c == ']') {
        at++;
        depth--;
        return table;
      }
      if (c != ',') {
        throw unexpected("comma or array end");
      }
      at++;
    }
  }

  private Object object() {
    enter();
    LuaTable table = lua.table();
    space();
    if (peek() == '}') {
      at++;
      depth--;
      return table;
    }
    while (true) {
      space();
      if (peek() != '"') {
        throw unexpected("object key string");
      }
      Object key = string();
      space();
      if (peek() != ':') {
        throw unexpected("colon");
      }
      at++;
      table.set(key, value());
      space();
      int c = peek();
      if (c == '}') {
        at++;
        depth--;
        return table;
      }
      if (c != ',') {
        throw unexpected("comma or object end");
      }
      at++;
    }
  }

  private LuaString string() {
    int start = at++;
    LuaBuffer text = new LuaBuffer(lua.budget());
    while (true) {
      int c = peek();
      if (c < 0 || c == 0) {
        at = start;
        throw failed("value", "unexpected end of string", json.length);
      }
      at++;
      if (c == '"') {
        return text.toLuaString();
      }
      if (c == '\\') {
        escape(text);
      } else {
        text.add(c);
      }
    }
  }

  private void escape(LuaBuffer text) {
    int c = peek();
    at++;
    switch (c) {
      case '"', '\\', '/' -> text.add(c);
      case 'b' -> text.add('\b');
      case 'f' -> text.add('\f');
      case 'n' -> text.add('\n');
      case 'r' -> text.add('\r');
      case 't' -> text.add('\t');
      case 'u' -> unicode(text);
      default -> throw failed("value", "invalid escape code", at - 2);
    }
  }

  private int hex(int from) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
      int digit = from + i < json.length ? Character.digit(json[from + i], 16) : -1;
      if (digit < 0) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }

  private void unicode(LuaBuffer text) {
    int escape = at - 2;
    int code = hex(at);
    at += 4;
    if (code < 0 || (code & 0xFC00) == 0xDC00) {
      throw failed("value", "invalid unicode escape code", escape);
    }
    if ((code & 0xF800) == 0xD800) {
      boolean pair = at + 1 < json.length && json[at] == '\\' && json[at + 1] == 'u';
      int low = pair ? hex(at + 2) : -1;
      if ((low & 0xFC00) != 0xDC00 || low < 0) {
        throw failed("value", "invalid unicode escape code", escape);
      }
      at += 6;
      code = ((code & 0x3FF) << 10 | (low & 0x3FF)) + 0x10000;
    }
    utf8(code, text);
  }

  private static void utf8(int code, LuaBuffer text) {
    if (code < 0x80) {
      text.add(code);
    } else if (code < 0x800) {
      text.add(0xC0 | code >> 6).add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      text.add(0xE0 | code >> 12).add(0x80 | (code >> 6 & 0x3F)).add(0x80 | (code & 0x3F));
    } else {
      text.add(0xF0 | code >> 18)
          .add(0x80 | (code >> 12 & 0x3F))
          .add(0x80 | (code >> 6 & 0x3F))
          .add(0x80 | (code & 0x3F));
    }
  }
}
