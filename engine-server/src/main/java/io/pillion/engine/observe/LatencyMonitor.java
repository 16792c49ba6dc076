package io.pillion.engine.observe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What took longer than {@code latency-monitor-threshold}, by kind of event: the worst of each
 * second, of the last 160 seconds that had any. Used under the engine lock.
 */
public final class LatencyMonitor {
  private static final int MAX_SAMPLES = 160;

  private final Map<String, Series> events = new TreeMap<>();

  LatencyMonitor() {}

  /**
   * The worst of one second.
   *
   * @param seconds the second, in Unix time
   */
  public record Sample(long seconds, long millis) {}

  /** The samples of one kind of event. */
  public static final class Series {
    private final Deque<Sample> samples = new ArrayDeque<>();
    private long maxMillis;

    /** The samples, the oldest first; there is at least one. */
    public List<Sample> samples() {
      return new ArrayList<>(samples);
    }

    /** The last sample. */
    public Sample latest() {
      return samples.getLast();
    }

    /** The worst there ever was since the last reset. */
    public long maxMillis() {
      return maxMillis;
    }

    private void add(long seconds, long millis) {
      maxMillis = Math.max(maxMillis, millis);
      Sample last = samples.peekLast();
      if (last != null && last.seconds() == seconds) {
        if (millis <= last.millis()) {
          return;
        }
        samples.removeLast();
      } else if (samples.size() == MAX_SAMPLES) {
        samples.removeFirst();
      }
      samples.addLast(new Sample(seconds, millis));
    }
  }

  /** The kinds of events that there were, by name. */
  public Map<String, Series> events() {
    return Collections.unmodifiableMap(events);
  }

  /** Forgets all events; returns how many kinds there were. */
  public int reset() {
    int kinds = events.size();
    events.clear();
    return kinds;
  }

  /** Forgets one kind of event, named in any case; returns 1 if there was one, else 0. */
  public int reset(String event) {
    return events.remove(event.toLowerCase(Locale.ROOT)) == null ? 0 : 1;
  }

  void add(String event, long nowMillis, long millis) {
    events.computeIfAbsent(event, name -> new Series()).add(nowMillis / 1000, millis);
  }
}
