package io.pillion.engine.dispatch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Whose replies wait for the command log to be safe up to an offset. The replies themselves are
 * with their {@link Outlet}, which keeps their order: nothing overtakes what is held. Here is who
 * must be told when the offset is reached.
 *
 * <p>Who seals a reply (under the engine lock) and who reports that the log is safe (its own
 * thread, without the lock) may do so at the same time. The report is written before the list is
 * looked at, and an outlet looks at the report whenever it flushes, which every turn does after it
 * has sealed: so a reply that was not yet in the list when the report came goes with its own turn.
 */
final class HeldReplies {
  private final ArrayDeque<Held> waiting = new ArrayDeque<>();
  private volatile long safeOffset;

  private record Held(long offset, Outlet outlet) {}

  /** Up to where the log is safe; any thread. */
  long safeOffset() {
    return safeOffset;
  }

  /** Replies of an outlet wait for an offset, which is no lower than any before. */
  void add(long offset, Outlet outlet) {
    synchronized (waiting) {
      if (offset > safeOffset) {
        waiting.addLast(new Held(offset, outlet));
      }
    }
  }

  /** The log is safe up to there: sends what waited for it. Any thread, without the lock. */
  void safe(long offset) {
    List<Outlet> ready = new ArrayList<>();
    synchronized (waiting) {
      safeOffset = Math.max(safeOffset, offset);
      while (!waiting.isEmpty() && waiting.element().offset <= offset) {
        ready.add(waiting.remove().outlet);
      }
    }
    ready.forEach(Outlet::flush);
  }

  /** Forgets everything that waits; returns whose replies it was. */
  Set<Outlet> abandon() {
    Set<Outlet> outlets = new LinkedHashSet<>();
    synchronized (waiting) {
      waiting.forEach(held -> outlets.add(held.outlet));
      waiting.clear();
    }
    return outlets;
  }
}
