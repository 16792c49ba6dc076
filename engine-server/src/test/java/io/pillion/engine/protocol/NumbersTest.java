package io.pillion.engine.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pillion.engine.memory.Bytes;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumbersTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, -0",
    "1, 1",
    "-1.5, -1.5",
    "0.1, 0.1",
    "-0.001, -0.001",
    "0.000001, 0.000001",
    "1e-7, 1e-7",
    "1.5e-7, 1.5e-7",
    "0.0012345678901, 0.0012345678901",
    "0.00012345678901, 1.2345678901e-4",
    "0.000012345678901, 1.2345678901e-5",
    "4503599627370495, 4503599627370495",
    "-4503599627370495, -4503599627370495",
    "1e15, 1000000000000000",
    "1e16, 1e+16",
    "12345678901234567, 12345678901234568",
    "1e21, 1e+21",
    "1.5e300, 1.5e+300",
    "5e-324, 5e-324",
    "2.2250738585072014E-308, 2.2250738585072014e-308",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "2.2204460492503131e-16, 2.220446049250313e-16",
    "3.141592653589793, 3.141592653589793",
    "123456789.123, 123456789.123",
    "1e100, 1e+100",
    "Infinity, inf",
    "-Infinity, -inf",
  })
  void writesDoublesShort(double value, String text) {
    assertThat(Numbers.format(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0.1, 0.10000000000000001",
    "1.5, 1.5",
    "1e-7, 9.9999999999999995e-08",
    "1e16, 10000000000000000",
    "1e17, 1e+17",
    "100, 100",
  })
  void writesDoublesExactly(double value, String text) {
    assertThat(Numbers.formatExact(value)).isEqualTo(text);
  }

  @Test
  void readsBackWhatItWrites() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      double value =
          switch (i % 4) {
            case 0 -> Double.longBitsToDouble(random.nextLong());
            case 1 -> random.nextInt(1_000_000) / 100.0;
            case 2 -> random.nextGaussian();
            default -> random.nextLong() / 1000.0;
          };
      if (Double.isFinite(value)) {
        String text = Numbers.format(value);
        assertThat(Double.parseDouble(text)).isEqualTo(value);
        assertThat(Numbers.parseDouble(Bytes.of(text), Errors.notAFloat())).isEqualTo(value);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "+1, 1",
    "-1.25, -1.25",
    "-0, -0.0",
    ".5, 0.5",
    "5., 5",
    "000000000000001, 1",
    "0.30000000000000004, 0.30000000000000004",
    "123456789012345678, 123456789012345680",
    "1e3, 1000",
    "1E-3, 0.001",
    "0x10, 16",
    "0x1p4, 16",
    "-0X1P4, -16",
    "inf, Infinity",
    "-Infinity, -Infinity",
  })
  void readsDoubles(String text, double value) {
    assertThat(Numbers.parseDouble(Bytes.of(text), Errors.notAFloat())).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "-", ".", "-.", "1.2.3", "x", "1x", "nan", "1e", "1e400", " 1", "1 ", "0x1p0f", "0x",
        "1d"
      })
  void refusesWhatIsNoDouble(String text) {
    assertThatThrownBy(() -> Numbers.parseDouble(Bytes.of(text), Errors.notAFloat()))
        .isInstanceOf(CommandException.class);
  }
}
