package io.pillion.engine.command;

import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Numbers;

/** How long a command may wait, in seconds with fractions as clients write it. */
final class Timeout {
  private Timeout() {}

  /** Milliseconds, rounded up; 0 is for ever. */
  static long millis(Bytes seconds) {
    double value =
        Numbers.parseDouble(seconds, Errors.err("timeout is not a float or out of range"));
    double millis = Math.ceil(value * 1000);
    if (millis > Long.MAX_VALUE - 1024) {
      throw Errors.err("timeout is out of range");
    }
    if (millis < 0) {
      throw Errors.err("timeout is negative");
    }
    return (long) millis;
  }
}
