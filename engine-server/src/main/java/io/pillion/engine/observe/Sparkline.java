package io.pillion.engine.observe;

import java.util.Arrays;
import java.util.List;

/** The spikes of an event as a drawing in letters: 4 lines high, 80 columns wide, then again. */
public final class Sparkline {
  private static final int COLUMNS = 80;
  private static final int ROWS = 4;

  /** The letters of the steps within one row, the lowest first. */
  private static final String STEPS = "_o#";

  private Sparkline() {}

  /**
   * Draws.
   *
   * @param nowSeconds from when the age of each spike counts, in Unix seconds
   */
  public static String of(String event, LatencyMonitor.Series series, long nowSeconds) {
    List<LatencyMonitor.Sample> samples = series.samples();
    long high = samples.stream().mapToLong(LatencyMonitor.Sample::millis).max().orElse(0);
    long low = samples.stream().mapToLong(LatencyMonitor.Sample::millis).min().orElse(0);
    StringBuilder text = new StringBuilder(event);
    text.append(" - high ").append(high).append(" ms, low ").append(low);
    text.append(" ms (all time high ").append(series.maxMillis()).append(" ms)\n");
    text.append("-".repeat(COLUMNS)).append('\n');
    for (int from = 0; from < samples.size(); from += COLUMNS) {
      int to = Math.min(samples.size(), from + COLUMNS);
      draw(text, samples.subList(from, to), low, high, nowSeconds);
      if (to < samples.size()) {
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static void draw(
      StringBuilder text,
      List<LatencyMonitor.Sample> samples,
      long low,
      long high,
      long nowSeconds) {
    double range = Math.max(1, high - low);
    int steps = STEPS.length() * ROWS;
    char[] line = new char[samples.size()];
    for (int row = ROWS - 1; row >= 0; row--) {
      for (int i = 0; i < line.length; i++) {
        int step = Math.min(steps - 1, (int) ((samples.get(i).millis() - low) * steps / range));
        int within = step - row * STEPS.length();
        if (within < 0) {
          line[i] = ' ';
        } else {
          line[i] = within < STEPS.length() ? STEPS.charAt(within) : '|';
        }
      }
      text.append(line).append('\n');
    }
    Arrays.fill(line, ' ');
    text.append(line).append('\n');
    labels(text, samples, nowSeconds);
  }

  /** The age of each spike, written downwards below its column. */
  private static void labels(
      StringBuilder text, List<LatencyMonitor.Sample> samples, long nowSeconds) {
    List<String> ages = samples.stream().map(sample -> age(nowSeconds - sample.seconds())).toList();
    int longest = ages.stream().mapToInt(String::length).max().orElse(0);
    for (int row = 0; row < longest; row++) {
      for (String age : ages) {
        text.append(row < age.length() ? age.charAt(row) : ' ');
      }
      text.append('\n');
    }
  }

  private static String age(long seconds) {
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3600) {
      return seconds / 60 + "m";
    }
    return seconds < 86_400 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
  }
}
