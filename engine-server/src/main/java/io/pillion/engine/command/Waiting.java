package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;
import java.util.ArrayList;
import java.util.List;

/** For what a blocking command waits, and for how long. */
final class Waiting {
  private Waiting() {}

  /** A timeout, given in seconds with fractions: milliseconds, rounded up; 0 is for ever. */
  static long millis(Bytes seconds) {
    double value =
        Numbers.parseDouble(seconds, Errors.err("timeout is not a float or out of range"));
    double millis = Math.ceil(value * 1000);
    if (millis >= Long.MAX_VALUE) {
      throw Errors.err("timeout is out of range");
    }
    if (millis < 0) {
      throw Errors.err("timeout is negative");
    }
    return (long) millis;
  }

  /** A timeout, given in whole milliseconds; 0 is for ever. */
  static long wholeMillis(Bytes word, long now) {
    long millis = Numbers.parseLong(word, Errors.err("timeout is not an integer or out of range"));
    if (millis < 0) {
      throw Errors.err("timeout is negative");
    }
    if (millis > Long.MAX_VALUE - now) {
      throw Errors.err("timeout is out of range");
    }
    return millis;
  }

  /** So many keys from an index on. */
  static List<Bytes> keys(Args args, int first, int count) {
    List<Bytes> keys = new ArrayList<>(count);
    for (int i = first; i < first + count; i++) {
      keys.add(args.get(i));
    }
    return keys;
  }
}
