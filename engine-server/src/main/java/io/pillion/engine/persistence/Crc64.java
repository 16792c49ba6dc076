package io.pillion.engine.persistence;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The check sum at the end of RDB files and DUMP payloads: CRC-64 with the polynomial of Jones,
 * reflected, beginning with 0. Eight bytes at a time, by one table for each.
 */
final class Crc64 {
  private static final long POLYNOMIAL = Long.reverse(0xad93d23594c935a9L);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long[][] TABLES = tables();

  private Crc64() {}

  private static long[][] tables() {
    long[][] tables = new long[8][256];
    for (int i = 0; i < 256; i++) {
      long crc = i;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) != 0 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
      }
      tables[0][i] = crc;
    }
    for (int t = 1; t < 8; t++) {
      for (int i = 0; i < 256; i++) {
        long before = tables[t - 1][i];
        tables[t][i] = tables[0][(int) before & 0xFF] ^ (before >>> 8);
      }
    }
    return tables;
  }

  /**
   * The sum after more bytes.
   *
   * @param crc the sum so far; 0 to begin
   */
  public static long update(long crc, byte[] bytes, int offset, int length) {
    int at = offset;
    int end = offset + length;
    for (; end - at >= Long.BYTES; at += Long.BYTES) {
      long word = crc ^ (long) LONG.get(bytes, at);
      crc =
          TABLES[7][(int) word & 0xFF]
              ^ TABLES[6][(int) (word >>> 8) & 0xFF]
              ^ TABLES[5][(int) (word >>> 16) & 0xFF]
              ^ TABLES[4][(int) (word >>> 24) & 0xFF]
              ^ TABLES[3][(int) (word >>> 32) & 0xFF]
              ^ TABLES[2][(int) (word >>> 40) & 0xFF]
              ^ TABLES[1][(int) (word >>> 48) & 0xFF]
              ^ TABLES[0][(int) (word >>> 56)];
    }
    for (; at < end; at++) {
      crc = TABLES[0][(int) (crc ^ bytes[at]) & 0xFF] ^ (crc >>> 8);
    }
    return crc;
  }
}
