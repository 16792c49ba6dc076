package io.pillion.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Waits for a condition, at most 45 seconds, or a minute for other processes. */
public final class Awaiting {
  private Awaiting() {}

  /** Returns when the condition holds. */
  public static void until(BooleanSupplier condition) {
    until(45, condition, () -> "");
  }

  /** For what other processes have to do first, on a machine that may be busy. */
  public static void untilOthersAreReady(BooleanSupplier condition) {
    untilOthersAreReady(condition, () -> "");
  }

  /**
   * The same.
   *
   * @param seen says, when they did not, what was there instead
   */
  public static void untilOthersAreReady(BooleanSupplier condition, Supplier<String> seen) {
    until(60, condition, seen);
  }

  private static void until(int seconds, BooleanSupplier condition, Supplier<String> seen) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "The condition did not become true within " + seconds + " seconds. " + seen.get());
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  /** The first reply of a server that may still be on its way up. */
  public static @Nullable Object reply(Commands commands, Command command) {
    Object[] reply = new Object[1];
    until(
        () -> {
          try {
            reply[0] = commands.call(command);
            return true;
          } catch (ConnectionException e) {
            return false;
          }
        });
    return reply[0];
  }
}
