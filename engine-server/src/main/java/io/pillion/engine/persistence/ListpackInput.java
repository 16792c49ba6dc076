package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;

/**
 * A listpack: four bytes of size, two of count, then entries, each followed by its own length, the
 * lower seven bits last, so that it can be read from behind.
 */
final class ListpackInput extends PackedInput {
  private static final int HEADER = 6;

  ListpackInput(Bytes packed, RdbInput in) throws IOException {
    super(packed, in);
    if (end - start < HEADER + 1 || (int) INT.get(bytes, start) != end - start) {
      throw broken("a wrong size");
    }
    at = start + HEADER;
  }

  @Override
  int announced() {
    return (bytes[start + 4] & 0xFF) | (bytes[start + 5] & 0xFF) << 8;
  }

  @Override
  void read() throws IOException {
    int from = at;
    int first = bytes[at++] & 0xFF;
    if (first < 0x80) {
      setInteger(first);
    } else if (first < 0xC0) {
      setString(at, first & 0x3F);
    } else if (first < 0xE0) {
      require(1);
      int value = (first & 0x1F) << 8 | (bytes[at++] & 0xFF);
      setInteger(value << 19 >> 19);
    } else if (first < 0xF0) {
      require(1);
      int more = bytes[at++] & 0xFF;
      setString(at, (first & 0x0F) << 8 | more);
    } else {
      switch (first) {
        case 0xF0 -> {
          require(4);
          long length = (int) INT.get(bytes, at) & 0xFFFF_FFFFL;
          at += 4;
          setString(at, length);
        }
        case 0xF1 -> setInteger(takeSigned(2));
        case 0xF2 -> setInteger(takeSigned(3));
        case 0xF3 -> setInteger(takeSigned(4));
        case 0xF4 -> setInteger(takeSigned(8));
        default -> throw broken("an entry of an unknown kind");
      }
    }
    checkBackLength(at - from);
  }

  private void checkBackLength(int length) throws IOException {
    if (length < 0x80 && at < end && bytes[at] == length) {
      at++;
      return;
    }
    int size = Listpack.backLengthBytes(length);
    require(size);
    for (int i = 0; i < size; i++) {
      int expected = ((length >>> (7 * (size - 1 - i))) & 0x7F) | (i == 0 ? 0 : 0x80);
      if ((bytes[at++] & 0xFF) != expected) {
        throw broken("an entry whose length is not repeated behind it");
      }
    }
  }

  @Override
  void checkEnd() {}
}
