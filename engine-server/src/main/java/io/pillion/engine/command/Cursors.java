package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;

/** The cursors of SCAN and its kin: 64 bits without a sign, in decimal digits. */
final class Cursors {
  private Cursors() {}

  /** Reads a cursor; its upper half is negative as a Java number. */
  static long parse(Bytes text) {
    CommandException invalid = Errors.err("invalid cursor");
    if (text.isEmpty() || text.length() > 20) {
      throw invalid;
    }
    long cursor = 0;
    for (int i = 0; i < text.length(); i++) {
      int digit = text.get(i) - '0';
      if (digit < 0
          || digit > 9
          || Long.compareUnsigned(cursor, Long.divideUnsigned(-1L, 10)) > 0
          || (cursor == Long.divideUnsigned(-1L, 10) && digit > 5)) {
        throw invalid;
      }
      cursor = cursor * 10 + digit;
    }
    return cursor;
  }
}
