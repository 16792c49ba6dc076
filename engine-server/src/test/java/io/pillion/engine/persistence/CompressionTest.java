package io.pillion.engine.persistence;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.pillion.engine.memory.Bytes;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CompressionTest {
  private final Lzf lzf = new Lzf();

  @Test
  void checkSumOfTheStandardWord() {
    byte[] word = "123456789".getBytes(US_ASCII);
    assertThat(Crc64.update(0, word, 0, 9)).isEqualTo(0xe9c6d914c4b8d9caL);
    long first = Crc64.update(0, word, 0, 4);
    assertThat(Crc64.update(first, word, 4, 5)).isEqualTo(0xe9c6d914c4b8d9caL);
  }

  @Test
  void checkSumOfManyBytesIsThatOfEachInTurn() {
    byte[] bytes = new byte[1000];
    new Random(1).nextBytes(bytes);
    long oneByOne = 0;
    for (int i = 0; i < bytes.length; i++) {
      oneByOne = Crc64.update(oneByOne, bytes, i, 1);
    }
    assertThat(Crc64.update(0, bytes, 0, bytes.length)).isEqualTo(oneByOne);
  }

  @Test
  void expandsWhatItCompresses() {
    Random random = new Random(2);
    for (int round = 0; round < 2000; round++) {
      byte[] bytes = new byte[random.nextInt(3000)];
      int letters = 1 + random.nextInt(round % 10 == 0 ? 200 : 4);
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) random.nextInt(letters);
      }
      byte[] target = new byte[bytes.length + 200];
      int offset = random.nextInt(bytes.length + 1);
      int length =
          lzf.compress(Bytes.of(bytes, offset, bytes.length - offset), target, target.length);
      byte[] expanded = new byte[bytes.length - offset];
      assertThat(Lzf.expand(target, 0, length, expanded, expanded.length)).isTrue();
      assertThat(expanded).isEqualTo(Arrays.copyOfRange(bytes, offset, bytes.length));
    }
  }

  @Test
  void aLongRunIsHardlyAnything() {
    byte[] target = new byte[4000];
    int length = lzf.compress(Bytes.of(new byte[100_000]), target, target.length);
    assertThat(length).isBetween(1, 100_000 / 80);
  }

  @Test
  void whatDoesNotShrinkIsNotCompressed() {
    byte[] noise = new byte[1000];
    new Random(3).nextBytes(noise);
    assertThat(lzf.compress(Bytes.of(noise), new byte[1000], 996)).isZero();
  }

  @Test
  void brokenInputIsRefusedAndNeverReadBeyond() {
    Random random = new Random(4);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      byte[] target = new byte[random.nextInt(300)];
      Lzf.expand(bytes, 0, bytes.length, target, target.length);
    }
    assertThat(Lzf.expand(new byte[] {0x20, 0}, 0, 2, new byte[3], 3)).isFalse();
    assertThat(Lzf.expand(new byte[] {5, 1}, 0, 2, new byte[6], 6)).isFalse();
  }
}
