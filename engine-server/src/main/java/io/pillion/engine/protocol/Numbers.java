package io.pillion.engine.protocol;

import io.pillion.engine.memory.Bytes;
import java.math.BigDecimal;
import java.util.Locale;

/** Numbers as Redis reads and writes them. */
public final class Numbers {
  /** The most characters that {@link #write} takes: a sign and 19 digits. */
  public static final int MAX_DIGITS = 20;

  private Numbers() {}

  /**
   * Writes an integer's digits at the end of an array, which has at least {@link #MAX_DIGITS}
   * bytes.
   *
   * @return where they begin
   */
  public static int write(long value, byte[] target) {
    int at = target.length;
    // Negative numbers reach one further than positive ones.
    long left = value > 0 ? -value : value;
    do {
      target[--at] = (byte) ('0' - left % 10);
      left /= 10;
    } while (left != 0);
    if (value < 0) {
      target[--at] = '-';
    }
    return at;
  }

  /** Parses an integer in Redis' strict form, or throws the given error. */
  public static long parseLong(Bytes text, CommandException otherwise) {
    int length = text.length();
    if (length == 0 || length > 20) {
      throw otherwise;
    }
    int i = 0;
    boolean negative = text.get(0) == '-';
    if (negative && ++i == length) {
      throw otherwise;
    }
    int first = text.get(i) - '0';
    if (first < 0 || first > 9 || (first == 0 && length > 1)) {
      throw otherwise;
    }
    long value = -first;
    for (i++; i < length; i++) {
      int digit = text.get(i) - '0';
      if (digit < 0 || digit > 9 || value < Long.MIN_VALUE / 10) {
        throw otherwise;
      }
      value *= 10;
      if (value < Long.MIN_VALUE + digit) {
        throw otherwise;
      }
      value -= digit;
    }
    if (!negative && value == Long.MIN_VALUE) {
      throw otherwise;
    }
    return negative ? value : -value;
  }

  /** Whether the text is an integer in Redis' strict form. */
  public static boolean isLong(Bytes text) {
    try {
      parseLong(text, Errors.notAnInteger());
      return true;
    } catch (CommandException e) {
      return false;
    }
  }

  /**
   * Parses a number as C's strtod does for Redis: decimal or hexadecimal, {@code inf} and {@code
   * infinity} in any case; not a number and spaces are refused with the given error.
   */
  public static double parseDouble(Bytes text, CommandException otherwise) {
    int length = text.length();
    if (length == 0 || length > 1024) {
      throw otherwise;
    }
    String s = text.toString().toLowerCase(Locale.ROOT);
    String unsigned = s.charAt(0) == '-' || s.charAt(0) == '+' ? s.substring(1) : s;
    if (unsigned.equals("inf") || unsigned.equals("infinity")) {
      return s.charAt(0) == '-' ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    for (int i = 0; i < length; i++) {
      char c = s.charAt(i);
      boolean hex = unsigned.startsWith("0x");
      boolean allowed =
          (c >= '0' && c <= '9')
              || c == '.'
              || c == '-'
              || c == '+'
              || c == 'e'
              || (hex && (c == 'x' || c == 'p' || (c >= 'a' && c <= 'f')));
      if (!allowed) {
        throw otherwise;
      }
    }
    try {
      if (unsigned.startsWith("0x")) {
        return Double.parseDouble(s.indexOf('p') < 0 ? s + "p0" : s);
      }
      double value = Double.parseDouble(s);
      if (Double.isInfinite(value)) {
        throw otherwise;
      }
      return value;
    } catch (NumberFormatException e) {
      throw otherwise;
    }
  }

  /**
   * Writes a double as Redis does: the shortest of up to 17 significant digits that reads back the
   * same, in C's {@code %.17g} layout.
   */
  public static String format(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return Long.toString((long) value);
    }
    return general(new BigDecimal(Double.toString(value)), 17);
  }

  /**
   * C's {@code %.17g}: as {@link #format}, but with 17 digits where they are needed to be exact.
   */
  public static String formatExact(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value) || value == 0) {
      return format(value);
    }
    return general(
        new BigDecimal(value)
            .round(new java.math.MathContext(17, java.math.RoundingMode.HALF_EVEN)),
        17);
  }

  private static String general(BigDecimal decimal, int precision) {
    BigDecimal stripped = decimal.stripTrailingZeros();
    String digits = stripped.unscaledValue().abs().toString();
    int exponent = digits.length() - stripped.scale() - 1;
    String sign = stripped.signum() < 0 ? "-" : "";
    if (exponent >= -4 && exponent < precision) {
      return sign + stripped.abs().toPlainString();
    }
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    String e = Integer.toString(Math.abs(exponent));
    return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (e.length() < 2 ? "0" + e : e);
  }
}
