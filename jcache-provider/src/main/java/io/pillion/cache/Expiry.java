package io.pillion.cache;

import java.time.Duration;

/**
 * How long entries live from their creation, update and access, in milliseconds: 0 ends the entry
 * at once, {@link #ETERNAL} never by itself, {@link #UNCHANGED} leaves what was agreed before.
 */
public interface Expiry {

  /** Does not end by time. */
  long ETERNAL = Long.MAX_VALUE;

  /** The time to live stays as it is; not for creation. */
  long UNCHANGED = -1;

  /** From the creation of an entry: 0 or more, or {@link #ETERNAL}. */
  long forCreation();

  /** From the update of an existing entry. */
  long forUpdate();

  /** From reading an entry. */
  long forAccess();

  /**
   * Whether the three never change, so that they may be asked for at any time and any number of
   * times. Most operations then need one round trip; else the entry is read first to know which of
   * the three applies.
   */
  boolean isFixed();

  /** These three, always. */
  static Expiry fixed(long creation, long update, long access) {
    if (creation < 0 || update < UNCHANGED || access < UNCHANGED) {
      throw new IllegalArgumentException(
          "Expiry of creation " + creation + ", update " + update + ", access " + access + " ms");
    }
    return new Fixed(creation, update, access);
  }

  /** Entries end this long after they were last written. */
  static Expiry afterWrite(Duration ttl) {
    return fixed(millis(ttl), millis(ttl), UNCHANGED);
  }

  /** Entries end this long after they were last written or read. */
  static Expiry afterTouch(Duration ttl) {
    return fixed(millis(ttl), millis(ttl), millis(ttl));
  }

  /** Entries do not end by time. */
  static Expiry eternal() {
    return fixed(ETERNAL, ETERNAL, UNCHANGED);
  }

  /** A duration in milliseconds, rounded up, so that only zero becomes zero. */
  static long millis(Duration ttl) {
    if (ttl.isNegative()) {
      throw new IllegalArgumentException("A time to live may not be negative: " + ttl);
    }
    try {
      long millis = ttl.toMillis();
      return ttl.minusMillis(millis).isZero() ? millis : millis + 1;
    } catch (ArithmeticException tooLong) {
      return ETERNAL;
    }
  }

  /** The same three, always. */
  record Fixed(long forCreation, long forUpdate, long forAccess) implements Expiry {
    @Override
    public boolean isFixed() {
      return true;
    }
  }
}
