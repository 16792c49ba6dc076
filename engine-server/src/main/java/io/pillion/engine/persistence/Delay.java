package io.pillion.engine.persistence;

import io.pillion.engine.config.Parameters;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A pause after each key that is saved or loaded, for tests of what happens meanwhile: {@code
 * rdb-key-save-delay}, {@code key-load-delay}. Any thread.
 */
public final class Delay {
  private static final long SLICE_MICROS = 5_000;
  static final Delay NONE = new Delay(null, "");

  private final @Nullable Parameters parameters;
  private final String name;

  private Delay(@Nullable Parameters parameters, String name) {
    this.parameters = parameters;
    this.name = name;
  }

  /** After each key that is saved. */
  public static Delay ofSaving(Parameters parameters) {
    return new Delay(parameters, "rdb-key-save-delay");
  }

  /** After each key that is loaded. */
  static Delay ofLoading(Parameters parameters) {
    return new Delay(parameters, "key-load-delay");
  }

  private long micros() {
    return parameters == null ? 0 : parameters.integer(name);
  }

  /** Whether there is no pause: many keys may be handled at once. */
  public boolean isNone() {
    return micros() <= 0;
  }

  /** Waits for one key, no longer than the parameter says by now, and not when it is over. */
  void pass(BooleanSupplier isOver) {
    pass(1, isOver);
  }

  /** Waits for so many keys, no longer than the parameter says by now, and not when it is over. */
  public void pass(long keys, BooleanSupplier isOver) {
    long passed = 0;
    for (long left = keys * micros();
        left > 0 && !isOver.getAsBoolean();
        left = keys * micros() - passed) {
      long slice = Math.min(left, SLICE_MICROS);
      LockSupport.parkNanos(slice * 1000);
      passed += slice;
    }
  }
}
