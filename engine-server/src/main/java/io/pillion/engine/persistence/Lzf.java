package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The compression of strings in RDB files, a format by Marc Lehmann: runs of up to 32 literal
 * bytes, and references to up to 264 bytes that begin at most 8 KiB back.
 *
 * <p>A control byte below 32 announces that many literals and one more. Otherwise its upper three
 * bits are a length less two, with 7 saying that a byte with more of it follows; its lower five and
 * the next byte are how far back, less one.
 *
 * <p>One object serves one thread: it keeps the table of places seen, which is never cleared;
 * places of earlier strings are told by their numbers.
 */
final class Lzf {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final int HASH_BITS = 13;
  private static final int MAX_LITERALS = 32;
  private static final int MAX_DISTANCE = 1 << 13;
  private static final int MIN_MATCH = 3;
  private static final int MAX_MATCH = 264;

  /** After so many bytes without a match every second place is looked at, then every third. */
  private static final int HASTE_SHIFT = 6;

  /** The most bytes that one compressed byte can stand for: three bytes for the longest match. */
  static final int MAX_RATIO = MAX_MATCH / 3;

  private final int[] places = new int[1 << HASH_BITS];

  /** The number of the first place of the string at work; what is lower is forgotten. */
  private int base = 1;

  /**
   * Compresses.
   *
   * @param target where to, from 0 on; what does not fit there is not worth it
   * @param room how much of the target may be used
   * @return how many bytes were written, or 0 when they would be more than {@code room}
   */
  int compress(Bytes source, byte[] target, int room) {
    byte[] in = source.array();
    int start = source.offset();
    int end = start + source.length();
    if (base > Integer.MAX_VALUE - source.length() - 1) {
      Arrays.fill(places, 0);
      base = 1;
    }
    int numberOfStart = base - start;
    base += source.length();
    int out = 0;
    int literals = start;
    int at = start;
    while (at < end - MIN_MATCH + 1) {
      int slot = hash(in, at);
      int candidate = places[slot] - numberOfStart;
      places[slot] = at + numberOfStart;
      if (candidate < start || at - candidate > MAX_DISTANCE || !matches(in, candidate, at)) {
        // What does not repeat itself soon is noise mostly, which is not worth each look.
        at += 1 + ((at - literals) >>> HASTE_SHIFT);
        continue;
      }
      int most = Math.min(end - at, MAX_MATCH);
      int length = MIN_MATCH;
      while (length < most && in[candidate + length] == in[at + length]) {
        length++;
      }
      out = putLiterals(in, literals, at, target, out, room);
      if (out < 0 || room - out < 3) {
        return 0;
      }
      out = putMatch(at - candidate - 1, length - 2, target, out);
      at += length;
      literals = at;
    }
    out = putLiterals(in, literals, end, target, out, room);
    return Math.max(out, 0);
  }

  private static int hash(byte[] in, int at) {
    int three = (in[at] & 0xFF) | (in[at + 1] & 0xFF) << 8 | (in[at + 2] & 0xFF) << 16;
    return (three * 0x9E3779B1) >>> (Integer.SIZE - HASH_BITS);
  }

  private static boolean matches(byte[] in, int a, int b) {
    return in[a] == in[b] && in[a + 1] == in[b + 1] && in[a + 2] == in[b + 2];
  }

  /** Returns where the target ends now, or -1 when there is no room. */
  private static int putLiterals(byte[] in, int from, int to, byte[] target, int out, int room) {
    int literals = to - from;
    if (room - out < literals + (literals + MAX_LITERALS - 1) / MAX_LITERALS) {
      return -1;
    }
    while (from < to) {
      int run = Math.min(to - from, MAX_LITERALS);
      target[out++] = (byte) (run - 1);
      System.arraycopy(in, from, target, out, run);
      out += run;
      from += run;
    }
    return out;
  }

  private static int putMatch(int distance, int length, byte[] target, int out) {
    if (length < 7) {
      target[out++] = (byte) (length << 5 | distance >>> 8);
    } else {
      target[out++] = (byte) (7 << 5 | distance >>> 8);
      target[out++] = (byte) (length - 7);
    }
    target[out++] = (byte) distance;
    return out;
  }

  /**
   * Expands.
   *
   * @param target where to, from 0 on
   * @param expected how many bytes it must come to, at most what the target has
   * @return whether the source is in the format and stands for exactly so many bytes
   */
  static boolean expand(byte[] in, int start, int length, byte[] target, int expected) {
    int at = start;
    int end = start + length;
    int out = 0;
    while (at < end) {
      int control = in[at++] & 0xFF;
      if (control < MAX_LITERALS) {
        int run = control + 1;
        if (end - at < run || expected - out < run) {
          return false;
        }
        if (in.length - at >= MAX_LITERALS && target.length - out >= MAX_LITERALS) {
          // What is too much is overwritten by what follows: this has one length only.
          copyWords(in, at, target, out, MAX_LITERALS);
        } else {
          System.arraycopy(in, at, target, out, run);
        }
        at += run;
        out += run;
        continue;
      }
      int run = (control >>> 5) + 2;
      if (run == 9) {
        if (at == end) {
          return false;
        }
        run += in[at++] & 0xFF;
      }
      if (at == end) {
        return false;
      }
      int distance = ((control & 0x1F) << 8 | (in[at++] & 0xFF)) + 1;
      if (distance > out || expected - out < run) {
        return false;
      }
      repeat(target, out, distance, run);
      out += run;
    }
    return out == expected;
  }

  /** Copies bytes to where they may overlap themselves, which repeats them. */
  private static void repeat(byte[] target, int out, int distance, int run) {
    int from = out - distance;
    if (distance >= Long.BYTES && target.length - out >= run + Long.BYTES) {
      copyWords(target, from, target, out, run);
      return;
    }
    for (int i = 0; i < run; i++) {
      target[out + i] = target[from + i];
    }
  }

  /** Copies eight bytes at a time, and so up to seven more than asked. */
  private static void copyWords(byte[] from, int at, byte[] to, int out, int length) {
    for (int i = 0; i < length; i += Long.BYTES) {
      LONG.set(to, out + i, (long) LONG.get(from, at + i));
    }
  }
}
