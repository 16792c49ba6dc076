package io.pillion.engine.scripting.lua;

import java.util.Arrays;

/**
 * Bytes being put together by a built-in function; charged to a budget before they grow. Until it
 * becomes a string it is pinned: whoever may call back into Lua meanwhile closes it.
 */
final class LuaBuffer implements AutoCloseable {
  private final Budget budget;
  private byte[] bytes = new byte[32];
  private int length;
  private long pinned;

  LuaBuffer(Budget budget) {
    this.budget = budget;
  }

  private void reserve(int more) {
    long needed = (long) length + more;
    if (needed > bytes.length) {
      long size = Math.max(needed, bytes.length * 2L);
      if (size > Integer.MAX_VALUE - 16) {
        if (needed > Integer.MAX_VALUE - 16) {
          throw new LuaError("not enough memory");
        }
        size = Integer.MAX_VALUE - 16;
      }
      budget.pin(size - pinned);
      pinned = size;
      bytes = Arrays.copyOf(bytes, (int) size);
    }
  }

  LuaBuffer add(int value) {
    if (length == bytes.length) {
      reserve(1);
    }
    bytes[length++] = (byte) value;
    return this;
  }

  LuaBuffer add(byte[] source, int from, int to) {
    reserve(to - from);
    System.arraycopy(source, from, bytes, length, to - from);
    length += to - from;
    return this;
  }

  LuaBuffer add(LuaString string) {
    return add(string.bytes(), 0, string.length());
  }

  /** The characters of a text, which are all below 256. */
  LuaBuffer add(String text) {
    reserve(text.length());
    for (int i = 0; i < text.length(); i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
    return this;
  }

  void fill(int value, int count) {
    if (count > 0) {
      reserve(count);
      Arrays.fill(bytes, length, length + count, (byte) value);
      length += count;
    }
  }

  int length() {
    return length;
  }

  byte[] array() {
    return bytes;
  }

  /** The bytes so far as a string; the buffer is closed. */
  LuaString toLuaString() {
    if (length > 1) {
      budget.charge(32 + length);
    }
    LuaString result = LuaString.of(bytes, 0, length);
    close();
    return result;
  }

  @Override
  public void close() {
    budget.unpin(pinned);
    pinned = 0;
  }
}
