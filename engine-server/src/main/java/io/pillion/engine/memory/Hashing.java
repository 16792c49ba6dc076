package io.pillion.engine.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A seeded 64-bit hash of bytes, alike for bytes on the heap and in the arena.
 *
 * <p>Multiply-and-fold over eight bytes at a time, in the manner of the wyhash family: two
 * multiplications a step keep every input bit in play, and the secret seed enters before the first
 * of them, so that colliding keys cannot be prepared without it.
 */
public final class Hashing {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final long K0 = 0x9E37_79B9_7F4A_7C15L;
  private static final long K1 = 0xC2B2_AE3D_27D4_EB4FL;

  private Hashing() {}

  /** The hash of part of an array. */
  public static long hash(byte[] array, int offset, int length, long seed) {
    long h = start(length, seed);
    int i = offset;
    int end = offset + length;
    for (; end - i >= 8; i += 8) {
      h = step(h, (long) LONGS.get(array, i));
    }
    if (i < end) {
      long tail = 0;
      for (int shift = 0; i < end; i++, shift += 8) {
        tail |= (array[i] & 0xFFL) << shift;
      }
      h = step(h, tail);
    }
    return finish(h);
  }

  /** The same hash of bytes in the arena. */
  public static long hash(Arena arena, long address, int length, long seed) {
    long h = start(length, seed);
    int i = 0;
    for (; length - i >= 8; i += 8) {
      h = step(h, arena.getLongUnaligned(address + i));
    }
    if (i < length) {
      long tail = 0;
      for (int shift = 0; i < length; i++, shift += 8) {
        tail |= (arena.getByte(address + i) & 0xFFL) << shift;
      }
      h = step(h, tail);
    }
    return finish(h);
  }

  private static long start(int length, long seed) {
    return fold((seed ^ K0) + length, K1);
  }

  private static long step(long h, long word) {
    return fold(h ^ word, (K0 ^ Long.rotateLeft(word, 29)) | 1);
  }

  private static long finish(long h) {
    return fold(h ^ K1, K0);
  }

  private static long fold(long a, long b) {
    return (a * b) ^ Math.multiplyHigh(a, b);
  }
}
