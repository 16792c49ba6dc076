package io.pillion.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HashingTest {
  @Test
  void everyPartOfTheHashIsEvenForKeysThatDifferLittle() {
    int keys = 1 << 18;
    for (String form : new String[] {"%d", "key:%012d", "user:%d:profile:visited", "%08x"}) {
      for (int shift : new int[] {0, 8, 28, 48, 56}) {
        int[] buckets = new int[256];
        for (int i = 0; i < keys; i++) {
          byte[] key = form(form, i);
          buckets[(int) (Hashing.hash(key, 0, key.length, 1) >>> shift) & 0xFF]++;
        }
        double expected = keys / 256.0;
        double chiSquare = 0;
        for (int count : buckets) {
          chiSquare += (count - expected) * (count - expected) / expected;
        }
        // 255 degrees of freedom: five standard deviations above the mean.
        assertThat(chiSquare).as("%s >>> %d", form, shift).isLessThan(255 + 5 * 22.6);
      }
    }
  }

  private static byte[] form(String form, int i) {
    String number = Integer.toString(i);
    String text =
        switch (form) {
          case "%d" -> number;
          case "%08x" -> Integer.toHexString(0x1000_0000 + i);
          case "key:%012d" -> "key:000000000000".substring(0, 16 - number.length()) + number;
          default -> "user:" + number + ":profile:visited";
        };
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void heapAndArenaAgreeAndLengthAndSeedMatter() {
    try (Arena arena = new Arena(SlabPool.shared(), 4 << 20)) {
      Random random = new Random(2);
      long address = arena.allocate(200);
      for (int length = 1; length < 100; length++) {
        byte[] bytes = new byte[length + 3];
        random.nextBytes(bytes);
        arena.copyIn(address + 5, bytes, 3, length);
        long hash = Hashing.hash(bytes, 3, length, 99);
        assertThat(Hashing.hash(arena, address + 5, length, 99)).isEqualTo(hash);
        assertThat(Bytes.of(bytes, 3, length).hash(99)).isEqualTo(hash);
        assertThat(Hashing.hash(bytes, 3, length, 98)).isNotEqualTo(hash);
        assertThat(Hashing.hash(bytes, 3, length / 2, 99)).isNotEqualTo(hash);
      }
      byte[] zeros = new byte[64];
      assertThat(Hashing.hash(zeros, 0, 16, 1)).isNotEqualTo(Hashing.hash(zeros, 0, 17, 1));
    }
  }
}
