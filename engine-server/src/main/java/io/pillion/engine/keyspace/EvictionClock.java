package io.pillion.engine.keyspace;

/**
 * The 32 bits in a record that say how much it is used: either when it was last (in units of 128
 * ms), or, under an LFU policy, a logarithmic counter (low 8 bits) that decays with the minutes
 * (upper 16 bits), as Redis counts.
 */
final class EvictionClock {
  static final int INITIAL_COUNT = 5;
  private static final int UNIT_SHIFT = 7;

  private EvictionClock() {}

  static int lastUse(long nowMillis) {
    return (int) (nowMillis >>> UNIT_SHIFT);
  }

  static long idleMillis(int clock, long nowMillis) {
    return ((lastUse(nowMillis) - clock) & 0xFFFF_FFFFL) << UNIT_SHIFT;
  }

  /** When the last use was, in Unix milliseconds, to the clock's precision. */
  static long lastUseMillis(int clock, long nowMillis) {
    return (nowMillis >>> UNIT_SHIFT << UNIT_SHIFT) - idleMillis(clock, nowMillis);
  }

  /** A clock that reads as idle for so long, and less than a unit longer. */
  static int idleFor(long idleMillis, long nowMillis) {
    return lastUse(nowMillis - idleMillis - (1 << UNIT_SHIFT) + 1);
  }

  static int counter(int count, long nowMillis) {
    return (minutes(nowMillis) << 16) | count;
  }

  /** The counter after the decay up to now. */
  static int frequency(int clock, long nowMillis, int decayMinutes) {
    int count = clock & 0xFF;
    if (decayMinutes <= 0) {
      return count;
    }
    int elapsed = (minutes(nowMillis) - (clock >>> 16)) & 0xFFFF;
    return Math.max(0, count - elapsed / decayMinutes);
  }

  /**
   * The clock after one more use: the higher the counter, the less likely it grows.
   *
   * @param random 64 random bits
   */
  static int used(int clock, long nowMillis, KeyspaceSettings settings, long random) {
    int count = frequency(clock, nowMillis, settings.lfuDecayMinutes);
    if (count < 255) {
      double base = Math.max(0, count - INITIAL_COUNT);
      double chance = 1.0 / (base * settings.lfuLogFactor + 1);
      if ((random >>> 11) * 0x1.0p-53 < chance) {
        count++;
      }
    }
    return counter(count, nowMillis);
  }

  private static int minutes(long nowMillis) {
    return (int) (nowMillis / 60_000) & 0xFFFF;
  }
}
