package io.pillion.engine.scripting.lua;

import java.math.BigDecimal;
import java.util.Locale;

/** string.format, which is C's printf with one letter more: q. */
final class Formatter {
  private static final int MAX_WIDTH = 99;

  private final Arguments args;
  private final LuaString format;
  private final LuaBuffer result;
  private int at;
  private int argument = 1;
  private boolean leftAligned;
  private boolean plus;
  private boolean space;
  private boolean alternate;
  private boolean zeros;
  private int width;
  private int precision;

  private Formatter(Arguments args) {
    this.args = args;
    format = args.string(1);
    result = new LuaBuffer(args.lua().budget());
  }

  static Object[] format(Arguments args) {
    return Arguments.of(new Formatter(args).run());
  }

  private LuaString run() {
    while (at < format.length()) {
      int c = format.at(at++);
      if (c != '%') {
        result.add(c);
      } else if (at < format.length() && format.at(at) == '%') {
        at++;
        result.add('%');
      } else {
        directive();
      }
    }
    return result.toLuaString();
  }

  private int peek() {
    return at < format.length() ? format.at(at) : 0;
  }

  private void flags() {
    leftAligned = plus = space = alternate = zeros = false;
    int start = at;
    while (true) {
      switch (peek()) {
        case '-' -> leftAligned = true;
        case '+' -> plus = true;
        case ' ' -> space = true;
        case '#' -> alternate = true;
        case '0' -> zeros = true;
        default -> {
          if (at - start > 5) {
            throw args.error("invalid format (repeated flags)");
          }
          return;
        }
      }
      at++;
    }
  }

  private int number() {
    int value = 0;
    for (int i = 0; i < 2 && Lexer.isDigit(peek()); i++) {
      value = value * 10 + peek() - '0';
      at++;
    }
    if (Lexer.isDigit(peek())) {
      throw args.error("invalid format (width or precision too long)");
    }
    return Math.min(value, MAX_WIDTH);
  }

  private void directive() {
    flags();
    width = number();
    precision = -1;
    if (peek() == '.') {
      at++;
      precision = number();
    }
    int start = at;
    int c = peek();
    at++;
    argument++;
    if (argument > args.count()) {
      throw args.bad(argument, "no value");
    }
    switch (c) {
      case 'c':
        pad(Character.toString((char) (args.small(argument) & 0xFF)), "");
        break;
      case 'd', 'i':
        integer(args.integer(argument));
        break;
      case 'o', 'u', 'x', 'X':
        unsigned(c, args.number(argument));
        break;
      case 'e', 'E', 'f', 'g', 'G':
        floating(c, args.number(argument));
        break;
      case 'q':
        quoted(args.string(argument));
        break;
      case 's':
        string(args.string(argument));
        break;
      default:
        String shown = c == 0 ? "" : LuaString.of(format.bytes(), start, start + 1).toString();
        throw args.error("invalid option '%" + shown + "' to 'format'");
    }
  }

  /** Adds a text whose sign or prefix stays before any zeros. */
  private void pad(String text, String sign) {
    int missing = width - text.length() - sign.length();
    if (leftAligned) {
      result.add(sign).add(text);
      result.fill(' ', missing);
    } else if (zeros) {
      result.add(sign);
      result.fill('0', missing);
      result.add(text);
    } else {
      result.fill(' ', missing);
      result.add(sign).add(text);
    }
  }

  private String sign(boolean negative) {
    if (negative) {
      return "-";
    }
    return plus ? "+" : space ? " " : "";
  }

  private String digits(String text) {
    if (precision >= 0) {
      zeros = false;
      if (precision == 0 && text.equals("0")) {
        return "";
      }
      return "0".repeat(Math.max(0, precision - text.length())) + text;
    }
    return text;
  }

  private void integer(long value) {
    String text = Long.toString(value);
    pad(digits(value < 0 ? text.substring(1) : text), sign(value < 0));
  }

  private void unsigned(int c, double number) {
    long value = number < 0 ? (long) number : toUnsigned(number);
    String text;
    String prefix = "";
    switch (c) {
      case 'o' -> {
        text = Long.toOctalString(value);
        if (alternate) {
          text = "0" + text;
        }
      }
      case 'u' -> text = Long.toUnsignedString(value);
      default -> {
        text = Long.toHexString(value);
        prefix = alternate && value != 0 ? "0x" : "";
      }
    }
    text = digits(text);
    if (c == 'X') {
      text = text.toUpperCase(Locale.ROOT);
      prefix = prefix.toUpperCase(Locale.ROOT);
    }
    pad(text, prefix);
  }

  private static long toUnsigned(double number) {
    return number >= 0x1p63 ? (long) (number - 0x1p63) ^ Long.MIN_VALUE : (long) number;
  }

  private void floating(int c, double value) {
    boolean negative = Math.copySign(1, value) < 0;
    String text;
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String shown = LuaNumbers.notFinite(value);
      negative = shown.startsWith("-");
      text = negative ? shown.substring(1) : shown;
      zeros = false;
    } else {
      int decimals = precision < 0 ? 6 : precision;
      text =
          switch (c | 32) {
            case 'e' ->
                LuaNumbers.exponential(new BigDecimal(Math.abs(value)), decimals, alternate);
            case 'f' -> LuaNumbers.fixed(new BigDecimal(Math.abs(value)), decimals, alternate);
            default -> LuaNumbers.general(Math.abs(value), decimals, alternate);
          };
    }
    boolean isUpper = c == 'E' || c == 'G';
    pad(isUpper ? text.toUpperCase(Locale.ROOT) : text, sign(negative));
  }

  private void string(LuaString value) {
    int length = precision < 0 ? value.length() : Math.min(precision, value.length());
    zeros = false;
    if (!leftAligned) {
      result.fill(' ', width - length);
    }
    result.add(value.bytes(), 0, length);
    if (leftAligned) {
      result.fill(' ', width - length);
    }
  }

  /** As source: what a script could read back. */
  private void quoted(LuaString value) {
    result.add('"');
    for (int i = 0; i < value.length(); i++) {
      int c = value.at(i);
      switch (c) {
        case '"', '\\', '\n' -> result.add('\\').add(c);
        case '\r' -> result.add("\\r");
        case 0 -> result.add("\\000");
        default -> result.add(c);
      }
    }
    result.add('"');
  }
}
