package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A number with a mantissa of 64 bits, as C's long double has on the machines that Redis runs on:
 * what INCRBYFLOAT and HINCRBYFLOAT count in.
 */
final class LongDouble {
  static final LongDouble ZERO = new LongDouble(BigDecimal.ZERO);

  private static final int MANTISSA_BITS = 64;
  private static final int MAX_TEXT = 5 * 1024;
  private static final int MAX_EXPONENT = 4932;
  private static final int MIN_EXPONENT = -4951;
  private static final int DIGITS_AFTER_POINT = 17;

  /** Null when infinite. */
  private final @Nullable BigDecimal value;

  private LongDouble(@Nullable BigDecimal value) {
    this.value = value;
  }

  /**
   * Reads a number as Redis does.
   *
   * @throws io.pillion.engine.protocol.CommandException when it is none
   */
  static LongDouble parse(Bytes text) {
    if (text.isEmpty() || text.length() >= MAX_TEXT) {
      throw Errors.notAFloat();
    }
    String s = text.toString().toLowerCase(Locale.ROOT);
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e') {
        return other(text);
      }
    }
    BigDecimal decimal;
    try {
      decimal = new BigDecimal(s);
    } catch (NumberFormatException e) {
      throw Errors.notAFloat();
    }
    if (decimal.signum() == 0) {
      return ZERO;
    }
    long exponent = (long) decimal.precision() - decimal.scale();
    if (exponent > MAX_EXPONENT + 1 || exponent < MIN_EXPONENT) {
      throw Errors.notAFloat();
    }
    return new LongDouble(rounded(decimal));
  }

  /** A double's exact value, which is finite. */
  static LongDouble of(double value) {
    return new LongDouble(new BigDecimal(value));
  }

  /** Hexadecimal and infinite ones, for which the precision of a double will do. */
  private static LongDouble other(Bytes text) {
    double value = Numbers.parseDouble(text, Errors.notAFloat());
    return Double.isInfinite(value) ? new LongDouble(null) : new LongDouble(new BigDecimal(value));
  }

  /** The sum; infinite when one of them is. */
  LongDouble plus(LongDouble other) {
    if (value == null || other.value == null) {
      return new LongDouble(null);
    }
    return new LongDouble(rounded(value.add(other.value)));
  }

  /** Whether it is a number to count with. */
  boolean isFinite() {
    if (value == null) {
      return false;
    }
    return value.signum() == 0 || value.precision() - value.scale() <= MAX_EXPONENT + 1;
  }

  /** The nearest number with a mantissa of 64 bits, exactly. */
  private static BigDecimal rounded(BigDecimal exact) {
    if (exact.signum() == 0) {
      return BigDecimal.ZERO;
    }
    BigInteger numerator = exact.unscaledValue().abs();
    BigInteger denominator = BigInteger.ONE;
    if (exact.scale() > 0) {
      denominator = BigInteger.TEN.pow(exact.scale());
    } else {
      numerator = numerator.multiply(BigInteger.TEN.pow(-exact.scale()));
    }
    int shift = numerator.bitLength() - denominator.bitLength() - MANTISSA_BITS;
    BigInteger mantissa = divide(numerator, denominator, shift);
    if (mantissa.bitLength() > MANTISSA_BITS) {
      shift++;
      mantissa = divide(numerator, denominator, shift);
    }
    BigDecimal result = new BigDecimal(mantissa);
    BigDecimal power = new BigDecimal(BigInteger.ONE.shiftLeft(Math.abs(shift)));
    result = shift >= 0 ? result.multiply(power) : result.divide(power);
    return exact.signum() < 0 ? result.negate() : result;
  }

  /** The quotient over two to the power of {@code shift}, a tie to even. */
  private static BigInteger divide(BigInteger numerator, BigInteger denominator, int shift) {
    BigInteger above = shift < 0 ? numerator.shiftLeft(-shift) : numerator;
    BigInteger below = shift > 0 ? denominator.shiftLeft(shift) : denominator;
    BigInteger[] parts = above.divideAndRemainder(below);
    int half = parts[1].shiftLeft(1).compareTo(below);
    boolean up = half > 0 || (half == 0 && parts[0].testBit(0));
    return up ? parts[0].add(BigInteger.ONE) : parts[0];
  }

  /** As Redis writes it: at most 17 digits after the point, and none that say nothing. */
  @Override
  public String toString() {
    if (value == null) {
      return "inf";
    }
    BigDecimal shown =
        value.setScale(DIGITS_AFTER_POINT, RoundingMode.HALF_EVEN).stripTrailingZeros();
    return shown.signum() == 0 ? "0" : shown.toPlainString();
  }
}
