package io.pillion.engine.persistence;

import io.pillion.engine.dispatch.Engine;

/**
 * How much of a file is loaded in one hold of the engine lock: what takes a few milliseconds, so
 * that others are soon told that data are being loaded. It begins with little, as nothing is
 * compiled yet then.
 */
final class LoadPace {
  private static final long LEAST_NANOS = 2_000_000;
  private static final long MOST_NANOS = 4_000_000;
  private static final int LEAST_BYTES = 4 << 10;
  private static final int MOST_BYTES = 1 << 20;

  private final Engine engine;
  private int bytes = 4 * LEAST_BYTES;

  LoadPace(Engine engine) {
    this.engine = engine;
  }

  /** How many bytes to load in the next hold. */
  int bytes() {
    return bytes;
  }

  /** Loads in one hold; then those come who have waited for its end. Without the lock. */
  void hold(Runnable load) {
    long[] nanos = new long[1];
    engine.hold(
        () -> {
          long begin = engine.world().nanos();
          load.run();
          nanos[0] = engine.world().nanos() - begin;
        });
    if (nanos[0] < LEAST_NANOS) {
      bytes = Math.min(MOST_BYTES, 2 * bytes);
    } else if (nanos[0] > MOST_NANOS) {
      bytes = Math.max(LEAST_BYTES, bytes / 2);
    }
    engine.giveWay();
  }
}
