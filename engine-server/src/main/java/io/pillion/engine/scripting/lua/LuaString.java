package io.pillion.engine.scripting.lua;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A string of Lua: bytes that never change. Equal by content. */
public final class LuaString implements Comparable<LuaString> {
  /** No bytes. */
  public static final LuaString EMPTY = new LuaString(new byte[0]);

  private static final LuaString[] SINGLES = new LuaString[256];

  static {
    for (int i = 0; i < 256; i++) {
      SINGLES[i] = new LuaString(new byte[] {(byte) i});
    }
  }

  private final byte[] bytes;
  private int hash;
  int mark;

  private LuaString(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A string of these bytes, which must not change any more. */
  public static LuaString of(byte[] bytes) {
    return bytes.length == 0 ? EMPTY : new LuaString(bytes);
  }

  /** A string of a copy of some bytes. */
  public static LuaString of(byte[] bytes, int from, int to) {
    if (to - from == 1) {
      return SINGLES[bytes[from] & 0xFF];
    }
    return of(Arrays.copyOfRange(bytes, from, to));
  }

  /** A string of the UTF-8 bytes of a text. */
  public static LuaString of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A string of the ISO-8859-1 bytes of a text: the opposite of {@link #toString()}. */
  static LuaString ofBytes(String text) {
    return of(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** The string of one byte. */
  static LuaString single(int value) {
    return SINGLES[value & 0xFF];
  }

  /** The bytes themselves, not to be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /** How many bytes. */
  public int length() {
    return bytes.length;
  }

  int at(int index) {
    return bytes[index] & 0xFF;
  }

  /** Byte by byte, unsigned, then by length. */
  @Override
  public int compareTo(LuaString other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof LuaString that
            && hashCode() == that.hashCode()
            && Arrays.equals(bytes, that.bytes));
  }

  @Override
  public int hashCode() {
    int h = hash;
    if (h == 0) {
      h = Arrays.hashCode(bytes) * 0x9E3779B1 | 1;
      hash = h;
    }
    return h;
  }

  /** The bytes as ISO-8859-1 text, so that every byte survives. */
  @Override
  public String toString() {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
