package io.pillion.engine.scripting.lua;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Numbers as C's strtod reads and {@code %.14g} writes them. */
final class LuaNumbers {
  private static final int DIGITS = 14;
  private static final int MAX_LENGTH = 4096;

  private LuaNumbers() {}

  /** The number that a whole string is, spaces around it allowed; null when it is none. */
  static @Nullable Double parse(LuaString string) {
    return parse(string.bytes(), 0, string.length());
  }

  static @Nullable Double parse(byte[] bytes, int from, int to) {
    int start = from;
    // As for C, a string ends at its first NUL.
    int end = from;
    while (end < to && bytes[end] != 0) {
      end++;
    }
    while (start < end && isSpace(bytes[start])) {
      start++;
    }
    while (end > start && isSpace(bytes[end - 1])) {
      end--;
    }
    int length = end - start;
    if (length == 0 || length > MAX_LENGTH) {
      return null;
    }
    if (length <= 9) {
      int small = smallInteger(bytes, start, end);
      if (small >= 0) {
        return (double) small;
      }
    }
    return parseText(new String(bytes, start, length, StandardCharsets.ISO_8859_1));
  }

  private static int smallInteger(byte[] bytes, int start, int end) {
    int value = 0;
    for (int i = start; i < end; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  private static @Nullable Double parseText(String text) {
    boolean negative = text.charAt(0) == '-';
    String unsigned = negative || text.charAt(0) == '+' ? text.substring(1) : text;
    Double value = parseUnsigned(unsigned);
    return value == null || !negative ? value : (Double) (-value);
  }

  private static @Nullable Double parseUnsigned(String text) {
    if (text.isEmpty()) {
      return null;
    }
    String lower = text.toLowerCase(java.util.Locale.ROOT);
    if (lower.equals("inf") || lower.equals("infinity")) {
      return Double.POSITIVE_INFINITY;
    }
    if (lower.equals("nan") || (lower.startsWith("nan(") && lower.endsWith(")"))) {
      return Double.NaN;
    }
    boolean hex = lower.startsWith("0x");
    String digits = hex ? "0123456789abcdef" : "0123456789";
    int i = hex ? 2 : 0;
    boolean any = false;
    boolean point = false;
    for (; i < lower.length(); i++) {
      char c = lower.charAt(i);
      if (c == '.' && !point) {
        point = true;
      } else if (digits.indexOf(c) >= 0) {
        any = true;
      } else {
        break;
      }
    }
    if (!any || !isExponent(lower, i, hex ? 'p' : 'e')) {
      return null;
    }
    return Double.parseDouble(hex && i == lower.length() ? lower + "p0" : lower);
  }

  private static boolean isExponent(String text, int from, char mark) {
    if (from == text.length()) {
      return true;
    }
    int i = from;
    if (text.charAt(i++) != mark) {
      return false;
    }
    if (i < text.length() && (text.charAt(i) == '+' || text.charAt(i) == '-')) {
      i++;
    }
    int first = i;
    while (i < text.length() && Lexer.isDigit(text.charAt(i))) {
      i++;
    }
    return i > first && i == text.length();
  }

  /** The number that digits of a base are; null when they are none. */
  static @Nullable Double parse(LuaString string, int base) {
    int start = 0;
    int end = string.length();
    while (start < end && isSpace(string.bytes()[start])) {
      start++;
    }
    while (end > start && isSpace(string.bytes()[end - 1])) {
      end--;
    }
    boolean negative = start < end && string.at(start) == '-';
    if (negative || (start < end && string.at(start) == '+')) {
      start++;
    }
    if (base == 16
        && end - start > 2
        && string.at(start) == '0'
        && (string.at(start + 1) | 32) == 'x') {
      start += 2;
    }
    if (start == end) {
      return null;
    }
    double value = 0;
    for (int i = start; i < end; i++) {
      int digit = Character.digit(string.at(i), base);
      if (digit < 0) {
        return null;
      }
      value = value * base + digit;
    }
    // C's strtoul ends at the largest, and negates within 64 bits.
    double most = 0x1p64;
    if (value >= most) {
      return most;
    }
    return negative && value != 0 ? most - value + 1 : value;
  }

  static boolean isSpace(int c) {
    return c == ' ' || (c >= 9 && c <= 13);
  }

  /** As tostring shows it. */
  static String format(double value) {
    if (value == (long) value && Math.abs(value) < 1e14) {
      return value == 0 && 1 / value < 0 ? "-0" : Long.toString((long) value);
    }
    return general(value, DIGITS, false);
  }

  /** The text of what is not finite, without a sign for infinity. */
  static String notFinite(double value) {
    if (Double.isNaN(value)) {
      // What a processor makes of 0/0 has its sign set.
      return Double.doubleToRawLongBits(value) >>> 63 == 1 ? "-nan" : "nan";
    }
    return value > 0 ? "inf" : "-inf";
  }

  /** C's {@code %g}: the sign, and the shorter of the two forms, without zeros at its end. */
  static String general(double value, int precision, boolean alternate) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return notFinite(value);
    }
    String sign = Math.copySign(1, value) < 0 ? "-" : "";
    int digits = Math.max(1, precision);
    if (value == 0) {
      return sign + (alternate ? "0." + "0".repeat(digits - 1) : "0");
    }
    BigDecimal rounded =
        new BigDecimal(Math.abs(value)).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = rounded.precision() - rounded.scale() - 1;
    String text =
        exponent < -4 || exponent >= digits
            ? exponential(rounded, digits - 1, alternate)
            : fixed(rounded, digits - 1 - exponent, alternate);
    if (!alternate) {
      text = withoutZeros(text);
    }
    return sign + text;
  }

  private static String withoutZeros(String text) {
    int e = text.indexOf('e');
    String mantissa = e < 0 ? text : text.substring(0, e);
    if (mantissa.indexOf('.') >= 0) {
      int end = mantissa.length();
      while (mantissa.charAt(end - 1) == '0') {
        end--;
      }
      if (mantissa.charAt(end - 1) == '.') {
        end--;
      }
      mantissa = mantissa.substring(0, end);
    }
    return e < 0 ? mantissa : mantissa + text.substring(e);
  }

  /** C's {@code %f} of a number that is not negative. */
  static String fixed(BigDecimal magnitude, int decimals, boolean alternate) {
    String text = magnitude.setScale(decimals, RoundingMode.HALF_EVEN).toPlainString();
    return alternate && decimals == 0 ? text + "." : text;
  }

  /** C's {@code %e} of a number that is not negative. */
  static String exponential(BigDecimal magnitude, int decimals, boolean alternate) {
    BigDecimal rounded = magnitude.round(new MathContext(decimals + 1, RoundingMode.HALF_EVEN));
    String digits = rounded.unscaledValue().toString();
    int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
    String padded = digits + "0".repeat(Math.max(0, decimals + 1 - digits.length()));
    String mantissa = padded.substring(0, 1);
    if (decimals > 0 || alternate) {
      mantissa += "." + padded.substring(1, decimals + 1);
    }
    String e = Integer.toString(Math.abs(exponent));
    return mantissa + (exponent < 0 ? "e-" : "e+") + (e.length() < 2 ? "0" + e : e);
  }
}
