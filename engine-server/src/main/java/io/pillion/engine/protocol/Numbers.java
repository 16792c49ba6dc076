package io.pillion.engine.protocol;

import io.pillion.engine.memory.Bytes;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;

/** Numbers as Redis reads and writes them. */
public final class Numbers {
  /** The most characters that {@link #write} takes: a sign and 19 digits. */
  public static final int MAX_DIGITS = 20;

  /** So many digits, and powers of ten, are exact in a double. */
  private static final int MAX_EXACT_DIGITS = 15;

  private static final double[] POWERS_OF_TEN = {
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15
  };

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
    double value = parseBound(text, otherwise);
    if (Double.isInfinite(value) && !isInfinity(text)) {
      throw otherwise;
    }
    return value;
  }

  private static boolean isInfinity(Bytes text) {
    byte last = text.get(text.length() - 1);
    return last == 'f' || last == 'F' || last == 'y' || last == 'Y';
  }

  /** As {@link #parseDouble}, but what is too large for a double is infinite. */
  public static double parseBound(Bytes text, CommandException otherwise) {
    int length = text.length();
    if (length == 0 || length > 1024) {
      throw otherwise;
    }
    double plain = parsePlainDecimal(text);
    if (!Double.isNaN(plain)) {
      return plain;
    }
    boolean signed = text.get(0) == '-' || text.get(0) == '+';
    Bytes unsigned = text.slice(signed ? 1 : 0, length);
    if (unsigned.equalsIgnoreCase("INF") || unsigned.equalsIgnoreCase("INFINITY")) {
      return text.get(0) == '-' ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    boolean hex = unsigned.length() > 1 && unsigned.slice(0, 2).equalsIgnoreCase("0X");
    boolean exponent = false;
    for (int i = 0; i < length; i++) {
      int c = text.get(i);
      int lower = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
      boolean hexLetter = lower == 'x' || lower == 'p' || (lower >= 'a' && lower <= 'f');
      boolean allowed =
          (c >= '0' && c <= '9')
              || c == '.'
              || c == '-'
              || c == '+'
              || (hex ? hexLetter && !exponent : lower == 'e');
      if (!allowed) {
        throw otherwise;
      }
      exponent |= lower == 'p';
    }
    // All of it is ASCII.
    String s = new String(text.array(), text.offset(), length, StandardCharsets.ISO_8859_1);
    try {
      return Double.parseDouble(hex && !exponent ? s + "p0" : s);
    } catch (NumberFormatException e) {
      throw otherwise;
    }
  }

  /**
   * Parses a number as loosely as SORT does, which takes C's strtod at its word: no text at all is
   * 0, spaces may stand before a number, and a NUL ends the text.
   *
   * @return not a number for what is none, and for what is too large or too small for a double
   */
  public static double parseWeight(Bytes text) {
    int end = 0;
    while (end < text.length() && text.get(end) != 0) {
      end++;
    }
    if (end == 0) {
      return 0;
    }
    int start = 0;
    while (start < end
        && (text.get(start) == ' ' || (text.get(start) >= 9 && text.get(start) <= 13))) {
      start++;
    }
    Bytes number = text.slice(start, end);
    double value;
    try {
      value = parseDouble(number, Errors.notAFloat());
    } catch (CommandException e) {
      return Double.NaN;
    }
    boolean tooSmall = Math.abs(value) < Double.MIN_NORMAL && (value != 0 || hasMantissa(number));
    return tooSmall ? Double.NaN : value;
  }

  /** Whether a number that came out as 0 is not written as 0. */
  private static boolean hasMantissa(Bytes number) {
    for (int i = 0; i < number.length(); i++) {
      byte c = number.get(i);
      if (c == 'e' || c == 'E' || c == 'p' || c == 'P') {
        return false;
      }
      if (c > '0' && c <= '9') {
        return true;
      }
    }
    return false;
  }

  /**
   * A number of up to 15 digits, perhaps with a sign and a point, which is exact in one division;
   * not a number for everything else.
   */
  private static double parsePlainDecimal(Bytes text) {
    int length = text.length();
    int i = text.get(0) == '-' || text.get(0) == '+' ? 1 : 0;
    if (length - i > MAX_EXACT_DIGITS) {
      return Double.NaN;
    }
    long digits = 0;
    int decimals = -1;
    boolean any = false;
    for (; i < length; i++) {
      int c = text.get(i);
      if (c >= '0' && c <= '9') {
        digits = digits * 10 + (c - '0');
        decimals += decimals >= 0 ? 1 : 0;
        any = true;
      } else if (c == '.' && decimals < 0) {
        decimals = 0;
      } else {
        return Double.NaN;
      }
    }
    if (!any) {
      return Double.NaN;
    }
    double value = decimals > 0 ? digits / POWERS_OF_TEN[decimals] : digits;
    return text.get(0) == '-' ? -value : value;
  }

  /**
   * Writes a double as Redis does since 7.2: with the fewest digits that read back the same; whole
   * numbers up to 2^52 in full, others with an exponent when they would be long.
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
    if (value == Math.rint(value) && Math.abs(value) < 1L << 52) {
      return Long.toString((long) value);
    }
    String sign = value < 0 ? "-" : "";
    double magnitude = Math.abs(value);
    for (int decimals = 1; decimals <= 6; decimals++) {
      double scaled = Math.rint(magnitude * POWERS_OF_TEN[decimals]);
      if (scaled < 1e15 && scaled / POWERS_OF_TEN[decimals] == magnitude) {
        return sign + layOut(Long.toString((long) scaled), -decimals);
      }
    }
    BigDecimal shortest = shortest(magnitude);
    return sign + layOut(shortest.unscaledValue().toString(), -shortest.scale());
  }

  /** The decimal with the fewest digits that reads back as the same double. */
  private static BigDecimal shortest(double value) {
    BigDecimal exact = new BigDecimal(value);
    // Double.toString of Java 17 sometimes gives a digit too much.
    BigDecimal best = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    while (best.precision() > 1) {
      BigDecimal fewer = exact.round(new MathContext(best.precision() - 1, RoundingMode.HALF_EVEN));
      if (fewer.doubleValue() != value) {
        break;
      }
      best = fewer.stripTrailingZeros();
    }
    return best;
  }

  /** Writes digits times a power of ten. */
  private static String layOut(String digits, int power) {
    int length = digits.length();
    int exponent = power + length - 1;
    if (power >= 0 && exponent < length + 7) {
      return digits + "0".repeat(power);
    }
    if (power < 0 && (power > -7 || Math.abs(exponent) < 4)) {
      int whole = length + power;
      return whole <= 0
          ? "0." + "0".repeat(-whole) + digits
          : digits.substring(0, whole) + "." + digits.substring(whole);
    }
    String mantissa = length == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    return mantissa + (exponent < 0 ? "e-" : "e+") + Math.abs(exponent);
  }

  /**
   * C's {@code %.17g}, as Redis writes doubles where it does not shorten them: up to 17 digits, and
   * two of an exponent at least.
   */
  public static String formatExact(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value) || value == 0) {
      return format(value);
    }
    return general(new BigDecimal(value).round(new MathContext(17, RoundingMode.HALF_EVEN)), 17);
  }

  /** C's {@code %f} with so many digits after the point. */
  public static String formatFixed(double value, int decimals) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return format(value);
    }
    BigDecimal magnitude = new BigDecimal(Math.abs(value));
    String text = magnitude.setScale(decimals, RoundingMode.HALF_EVEN).toPlainString();
    boolean isNegative = Math.copySign(1, value) < 0;
    return isNegative ? "-" + text : text;
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
