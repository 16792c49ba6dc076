package io.pillion.engine.persistence;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A draft of an RDB: its bytes, but for the strings that are still to be compressed. To compress
 * takes as long as all the rest, and who takes data down holds the engine lock; who finishes the
 * draft does not.
 *
 * <p>It is a sequence of segments: a head of four bytes, and as many as it says of either bytes
 * that are taken as they are, or one string.
 */
final class RdbDraft {
  static final int HEAD_BYTES = Integer.BYTES;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final int STRING = Integer.MIN_VALUE;

  private RdbDraft() {}

  static void putHead(byte[] draft, int at, int length, boolean string) {
    INT.set(draft, at, string ? length | STRING : length);
  }

  /** How long the segment is that begins at a place, with its head. */
  static int segmentBytes(byte[] draft, int at) {
    return HEAD_BYTES + ((int) INT.get(draft, at) & ~STRING);
  }

  static boolean isString(byte[] draft, int at) {
    return (int) INT.get(draft, at) < 0;
  }
}
