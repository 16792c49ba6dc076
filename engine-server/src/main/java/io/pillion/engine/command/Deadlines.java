package io.pillion.engine.command;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.protocol.Errors;

/** From what a client says of a time to the Unix milliseconds at which a key leaves. */
final class Deadlines {
  private Deadlines() {}

  /**
   * A time as SET and its kin take it: only a positive one.
   *
   * @param base what the amount is added to, in Unix milliseconds; 0 for an absolute time
   */
  static long strict(Call call, long amount, int unitMillis, long base) {
    if (amount <= 0) {
      throw Errors.invalidExpire(call.command().fullName());
    }
    return lenient(call, amount, unitMillis, base);
  }

  /** A time as EXPIRE and its kin take it: also one that has passed. */
  static long lenient(Call call, long amount, int unitMillis, long base) {
    if (amount > Long.MAX_VALUE / unitMillis || amount < Long.MIN_VALUE / unitMillis) {
      throw Errors.invalidExpire(call.command().fullName());
    }
    long millis = amount * unitMillis;
    if (millis > Long.MAX_VALUE - base) {
      throw Errors.invalidExpire(call.command().fullName());
    }
    return millis + base;
  }
}
