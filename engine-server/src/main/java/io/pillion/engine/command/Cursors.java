package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.CommandException;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;

/**
 * The cursors of SCAN and its kin: 64 bits without a sign, in decimal digits as C's {@code
 * strtoull} reads them, with space and a sign before them.
 */
final class Cursors {
  private static final long LARGEST_TENTH = Long.divideUnsigned(-1L, 10);
  private static final int LARGEST_LAST_DIGIT = 5;

  private Cursors() {}

  /** Reads a cursor; its upper half is negative as a Java number. */
  static long parse(Bytes text) {
    int end = 0;
    while (end < text.length() && text.get(end) != 0) {
      end++;
    }
    int at = 0;
    while (at < end && isSpace(text.get(at))) {
      at++;
    }
    boolean negative = at < end && text.get(at) == '-';
    if (negative || (at < end && text.get(at) == '+')) {
      at++;
    }
    CommandException invalid = Errors.err("invalid cursor");
    // Redis takes what is plainly a number as one, before it asks strtoull.
    boolean isPlain =
        negative && at == 1 && Numbers.isLong(Bytes.of(text.array(), text.offset(), end));
    if (at == end || isPlain) {
      throw invalid;
    }
    long cursor = 0;
    for (; at < end; at++) {
      int digit = text.get(at) - '0';
      if (digit < 0
          || digit > 9
          || Long.compareUnsigned(cursor, LARGEST_TENTH) > 0
          || (cursor == LARGEST_TENTH && digit > LARGEST_LAST_DIGIT)) {
        throw invalid;
      }
      cursor = cursor * 10 + digit;
    }
    return negative ? -cursor : cursor;
  }

  private static boolean isSpace(byte letter) {
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
  }
}
