package io.pillion.cache;

import io.pillion.client.Commands;
import io.pillion.client.Invalidations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Commands whose reports of changed keys come only when they are let through: a slow network. */
final class HeldReports extends ForwardingCommands {
  private final List<Runnable> waiting = new ArrayList<>();
  private boolean held;

  HeldReports(Commands commands) {
    super(commands);
  }

  /** From now on they wait. */
  synchronized void hold() {
    held = true;
  }

  /** Lets through what waits and what comes. */
  synchronized void release() {
    held = false;
    waiting.forEach(Runnable::run);
    waiting.clear();
  }

  /** How many reports of changes wait. */
  synchronized int count() {
    return waiting.size();
  }

  private synchronized void passOn(Runnable report) {
    if (held) {
      waiting.add(report);
    } else {
      report.run();
    }
  }

  @Override
  public Invalidations invalidations(
      byte[] prefix, Duration heartbeat, Invalidations.Listener listener) {
    return super.invalidations(
        prefix,
        heartbeat,
        new Invalidations.Listener() {
          @Override
          public void onInvalidated(byte[] key) {
            passOn(() -> listener.onInvalidated(key));
          }

          @Override
          public void onGap() {
            listener.onGap();
          }

          @Override
          public void onHeard(long nanos) {
            synchronized (HeldReports.this) {
              // A heartbeat overtakes no report.
              if (!held) {
                listener.onHeard(nanos);
              }
            }
          }
        });
  }
}
