package io.pillion.engine.persistence;

import io.pillion.engine.memory.Bytes;
import java.io.IOException;

/**
 * A ziplist, what listpacks replaced: four bytes of size, four with the place of the last entry,
 * two of count, then entries, each preceded by the length of the one before.
 */
final class ZiplistInput extends PackedInput {
  private static final int HEADER = 10;
  private static final int LONG_PREVIOUS = 254;

  private int previous;

  ZiplistInput(Bytes packed, RdbInput in) throws IOException {
    super(packed, in);
    if (end - start < HEADER + 1 || (int) INT.get(bytes, start) != end - start) {
      throw broken("a wrong size");
    }
    at = start + HEADER;
    previous = at;
  }

  @Override
  int announced() {
    return (bytes[start + 8] & 0xFF) | (bytes[start + 9] & 0xFF) << 8;
  }

  @Override
  void read() throws IOException {
    int from = at;
    long lengthBefore = bytes[at++] & 0xFF;
    if (lengthBefore == LONG_PREVIOUS) {
      require(4);
      lengthBefore = (int) INT.get(bytes, at) & 0xFFFF_FFFFL;
      at += 4;
    }
    if (lengthBefore != from - previous) {
      throw broken("an entry that does not know how long the one before is");
    }
    previous = from;
    require(1);
    readContent(bytes[at++] & 0xFF);
  }

  private void readContent(int first) throws IOException {
    switch (first >>> 6) {
      case 0 -> setString(at, first & 0x3F);
      case 1 -> {
        require(1);
        int more = bytes[at++] & 0xFF;
        setString(at, (first & 0x3F) << 8 | more);
      }
      case 2 -> {
        require(4);
        long length = Integer.reverseBytes((int) INT.get(bytes, at)) & 0xFFFF_FFFFL;
        at += 4;
        setString(at, length);
      }
      default -> {
        switch (first) {
          case 0xC0 -> setInteger(takeSigned(2));
          case 0xD0 -> setInteger(takeSigned(4));
          case 0xE0 -> setInteger(takeSigned(8));
          case 0xF0 -> setInteger(takeSigned(3));
          case 0xFE -> setInteger(takeSigned(1));
          default -> {
            if (first < 0xF1 || first > 0xFD) {
              throw broken("an entry of an unknown kind");
            }
            setInteger(first - 0xF1);
          }
        }
      }
    }
  }

  @Override
  void checkEnd() throws IOException {
    if ((int) INT.get(bytes, start + 4) != previous - start) {
      throw broken("a wrong place of its last entry");
    }
  }
}
