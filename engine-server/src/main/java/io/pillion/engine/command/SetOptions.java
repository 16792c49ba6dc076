package io.pillion.engine.command;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.keyspace.Database;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The options of SET and GETEX. Reused from call to call, so that the commonest command of all
 * allocates nothing.
 */
final class SetOptions {
  Condition condition = Condition.NONE;
  boolean get;
  boolean keepTtl;
  boolean persist;

  /** With what IFEQ compares. */
  @Nullable Bytes comparand;

  private Expiry expiry = Expiry.NONE;
  private int amountIndex;

  /** On what condition SET sets. */
  enum Condition {
    NONE,
    NX,
    XX,
    IFEQ
  }

  private enum Expiry {
    NONE(0, /* relative= */ false),
    EX(1000, /* relative= */ true),
    PX(1, /* relative= */ true),
    EXAT(1000, /* relative= */ false),
    PXAT(1, /* relative= */ false);

    private final int unitMillis;
    private final boolean relative;

    Expiry(int unitMillis, boolean relative) {
      this.unitMillis = unitMillis;
      this.relative = relative;
    }
  }

  /** Reads the options from an index on; {@link #deadline} still has to be asked for. */
  void parse(Call call, int from, boolean getex) {
    condition = Condition.NONE;
    get = false;
    keepTtl = false;
    persist = false;
    comparand = null;
    expiry = Expiry.NONE;
    amountIndex = 0;
    Args args = call.args();
    for (int i = from; i < args.count(); i++) {
      boolean hasNext = i + 1 < args.count();
      Expiry unit = hasNext ? unit(args, i) : Expiry.NONE;
      if (unit != Expiry.NONE && !keepTtl && !persist && isFree(expiry, unit)) {
        expiry = unit;
        amountIndex = ++i;
      } else if (getex && args.is(i, "PERSIST") && expiry == Expiry.NONE) {
        persist = true;
      } else if (getex) {
        throw Errors.syntax();
      } else if (args.is(i, "NX") && isFree(Condition.NX)) {
        condition = Condition.NX;
      } else if (args.is(i, "XX") && isFree(Condition.XX)) {
        condition = Condition.XX;
      } else if (args.is(i, "IFEQ") && hasNext && isFree(Condition.IFEQ)) {
        condition = Condition.IFEQ;
        comparand = args.get(++i);
      } else if (args.is(i, "GET")) {
        get = true;
      } else if (args.is(i, "KEEPTTL") && expiry == Expiry.NONE) {
        keepTtl = true;
      } else {
        throw Errors.syntax();
      }
    }
  }

  private static boolean isFree(Expiry before, Expiry unit) {
    return before == Expiry.NONE || before == unit;
  }

  private boolean isFree(Condition wanted) {
    return condition == Condition.NONE || condition == wanted;
  }

  private static Expiry unit(Args args, int index) {
    if (args.is(index, "EX")) {
      return Expiry.EX;
    }
    if (args.is(index, "PX")) {
      return Expiry.PX;
    }
    if (args.is(index, "EXAT")) {
      return Expiry.EXAT;
    }
    return args.is(index, "PXAT") ? Expiry.PXAT : Expiry.NONE;
  }

  /** Whether nothing was said but when the key shall expire, and that in Unix milliseconds. */
  boolean isOnlyMoment(Call call) {
    return expiry == Expiry.PXAT && call.count() == 5;
  }

  /** Whether the key shall expire. */
  boolean isExpiring() {
    return expiry != Expiry.NONE;
  }

  /**
   * When the key shall expire, in Unix milliseconds, or {@link Database#NEVER} when nothing was
   * said.
   *
   * @throws io.pillion.engine.protocol.CommandException when the time makes no sense
   */
  long deadline(Call call) {
    if (expiry == Expiry.NONE) {
      return Database.NEVER;
    }
    long amount = call.args().integer(amountIndex);
    return Deadlines.strict(call, amount, expiry.unitMillis, expiry.relative ? call.now() : 0);
  }

  /** With what IFEQ compares; only under that condition. */
  Bytes comparand() {
    if (comparand == null) {
      throw new IllegalStateException("no IFEQ");
    }
    return comparand;
  }
}
