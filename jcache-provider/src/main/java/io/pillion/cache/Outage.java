package io.pillion.cache;

import io.pillion.client.ConnectionException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The circuit breaker of one cache, and what the cache owes its server since it was away, see
 * {@link FailureSettings}.
 *
 * <p>A debt is paid before anything else is asked: an operation that finds one waits until the keys
 * are removed, so nobody reads an old value that a write of this process was to replace. When
 * nobody asks, it is paid in the background.
 */
final class Outage implements FailureStatistics {
  private static final Logger log = LoggerFactory.getLogger(Outage.class);

  private final String cacheName;
  private final FailureSettings settings;
  private final LongAdder failures = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder tolerated = new LongAdder();
  private final LongAdder reconciled = new LongAdder();
  private volatile boolean owing;
  private volatile boolean open;

  // Guarded by this.
  private final Set<String> missed = new LinkedHashSet<>();
  private boolean missedAll;
  private int failuresInRow;
  private long askAgainNanos;
  private boolean scheduled;
  private @Nullable CompletableFuture<?> paying;
  private long beingPaid;

  Outage(String cacheName, FailureSettings settings) {
    this.cacheName = cacheName;
    this.settings = settings;
  }

  /** Pays by removing these, or everything when null. */
  @FunctionalInterface
  interface Payment {
    CompletionStage<?> remove(@Nullable List<byte[]> ids);
  }

  /** Whether the application goes on when an operation had no answer, which is counted. */
  boolean goesOnWithout() {
    if (settings.failsOpen()) {
      tolerated.increment();
    }
    return settings.failsOpen();
  }

  /** Whether the application goes on at the moment with nothing being sent. */
  boolean isAway() {
    return open && settings.failsOpen();
  }

  /** What the operation gives, or this when it has no answer and the application goes on. */
  @SuppressWarnings("NullAway") // nullness of T is the supplier's, which NullAway does not follow
  <T extends @Nullable Object> T orWithout(Supplier<T> operation, @Nullable T otherwise) {
    try {
      return operation.get();
    } catch (ConnectionException away) {
      if (goesOnWithout()) {
        return otherwise;
      }
      throw away;
    }
  }

  /** Like the other, of a stage. */
  @SuppressWarnings("NullAway") // as above
  <T extends @Nullable Object> CompletionStage<T> orWithout(
      CompletionStage<T> stage, @Nullable T otherwise) {
    return stage.exceptionally(
        failure -> {
          if (isOutage(failure) && goesOnWithout()) {
            return otherwise;
          }
          throw failure instanceof CompletionException wrapped
              ? wrapped
              : new CompletionException(failure);
        });
  }

  /** Runs the operation, unless the circuit is open, and after what is owed was paid. */
  <T extends @Nullable Object> CompletionStage<T> guard(
      Supplier<CompletionStage<T>> operation, Payment payment) {
    if (open) {
      ConnectionException no = refusal();
      if (no != null) {
        refused.increment();
        return CompletableFuture.failedFuture(no);
      }
    }
    return owing
        ? pay(payment).thenCompose(paid -> watched(operation.get()))
        : watched(operation.get());
  }

  private <T extends @Nullable Object> CompletionStage<T> watched(CompletionStage<T> stage) {
    return stage.whenComplete(
        (result, failure) -> {
          if (isOutage(failure)) {
            failed();
          } else {
            answered();
          }
        });
  }

  static boolean isOutage(@Nullable Throwable failure) {
    return failure instanceof ConnectionException
        || (failure instanceof CompletionException
            && failure.getCause() instanceof ConnectionException);
  }

  /** Why the operation is not sent; null for the one that is, to see whether the server is back. */
  private synchronized @Nullable ConnectionException refusal() {
    long now = System.nanoTime();
    if (!open || now - askAgainNanos >= 0) {
      askAgainNanos = now + settings.retryAfter().toNanos();
      return null;
    }
    return new ConnectionException(
        String.format(
            "The server of cache '%s' did not answer %d operations in a row; it is asked again in"
                + " %d ms, and this one was not sent.",
            cacheName, failuresInRow, TimeUnit.NANOSECONDS.toMillis(askAgainNanos - now)),
        null);
  }

  private synchronized void failed() {
    failures.increment();
    failuresInRow++;
    if (failuresInRow == settings.failuresToOpen()) {
      log.warn(
          "Cache '{}' does without its server, which did not answer {} operations in a row",
          cacheName,
          failuresInRow);
      open = true;
      askAgainNanos = System.nanoTime() + settings.retryAfter().toNanos();
    }
  }

  private void answered() {
    if (open || failuresInRow > 0) {
      synchronized (this) {
        if (open) {
          log.info("Cache '{}' has its server back", cacheName);
        }
        open = false;
        failuresInRow = 0;
      }
    }
  }

  /** Notes what a write that failed was to change; all entries when null. */
  void missed(@Nullable List<byte[]> ids, @Nullable Throwable failure, Payment payment) {
    if (!isOutage(failure)) {
      return;
    }
    synchronized (this) {
      remember(ids);
    }
    payLater(payment);
  }

  private void payLater(Payment payment) {
    synchronized (this) {
      if (scheduled || !owing) {
        return;
      }
      scheduled = true;
    }
    CompletableFuture.delayedExecutor(
            settings.retryAfter().toMillis(), TimeUnit.MILLISECONDS, CacheThreads.WORKERS)
        .execute(
            () -> {
              synchronized (this) {
                scheduled = false;
              }
              CompletionStage<?> unused =
                  pay(payment).whenComplete((paid, failure) -> payLater(payment));
            });
  }

  /** A payment that fails before there is a stage must not leave those who wait for it waiting. */
  private static CompletionStage<?> paidBy(Payment payment, @Nullable List<byte[]> ids) {
    try {
      return payment.remove(ids);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Removes what is owed, once for all who ask meanwhile. */
  private CompletionStage<?> pay(Payment payment) {
    CompletableFuture<@Nullable Object> done;
    @Nullable List<byte[]> owed;
    synchronized (this) {
      CompletableFuture<?> underWay = paying;
      if (underWay != null) {
        return underWay;
      }
      if (!owing) {
        return CompletableFuture.completedFuture(null);
      }
      done = new CompletableFuture<>();
      paying = done;
      owed = missedAll ? null : new ArrayList<>();
      if (owed != null) {
        for (String id : missed) {
          owed.add(id.getBytes(StandardCharsets.ISO_8859_1));
        }
      }
      // What is missed from now on is owed anew: it may be later than this payment.
      beingPaid = owed == null ? -1 : owed.size();
      missed.clear();
      missedAll = false;
    }
    List<byte[]> removing = owed;
    CompletionStage<?> unused =
        watched(paidBy(payment, removing))
            .whenComplete(
                (removed, failure) -> {
                  settle(removing, failure);
                  if (failure == null) {
                    done.complete(null);
                  } else {
                    done.completeExceptionally(failure);
                  }
                });
    return done;
  }

  private synchronized void settle(@Nullable List<byte[]> removed, @Nullable Throwable failure) {
    paying = null;
    beingPaid = 0;
    if (failure != null) {
      remember(removed);
    } else if (removed == null) {
      log.info("Cache '{}' was cleared, as a clear or too many keys were missed", cacheName);
    } else {
      reconciled.add(removed.size());
    }
    owing = missedAll || !missed.isEmpty();
  }

  private void remember(@Nullable List<byte[]> ids) {
    if (ids == null || missed.size() + ids.size() > settings.mostMissed()) {
      missedAll = true;
      missed.clear();
    } else if (!missedAll) {
      ids.forEach(id -> missed.add(new String(id, StandardCharsets.ISO_8859_1)));
    }
    owing = true;
  }

  @Override
  public boolean isCircuitOpen() {
    return open;
  }

  @Override
  public long failures() {
    return failures.sum();
  }

  @Override
  public long refused() {
    return refused.sum();
  }

  @Override
  public long tolerated() {
    return tolerated.sum();
  }

  @Override
  public synchronized long missed() {
    return missedAll || beingPaid < 0 ? -1 : missed.size() + beingPaid;
  }

  @Override
  public long reconciled() {
    return reconciled.sum();
  }
}
