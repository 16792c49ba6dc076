package io.pillion.engine.observe;

import io.pillion.engine.config.Parameters;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What LATENCY DOCTOR says: the spikes of each event, and what can be done about them. */
public final class LatencyDoctor {
  private final LatencyMonitor monitor;
  private final Parameters parameters;
  private final long nowSeconds;
  private final Set<String> advice = new LinkedHashSet<>();

  /** One report, made at this moment. */
  public LatencyDoctor(LatencyMonitor monitor, Parameters parameters, long nowSeconds) {
    this.monitor = monitor;
    this.parameters = parameters;
    this.nowSeconds = nowSeconds;
  }

  /** The report, in lines. */
  public String report() {
    if (monitor.events().isEmpty()) {
      return parameters.number("latency-monitor-threshold") == 0
          ? "Latency monitoring is disabled. Enable it with \"CONFIG SET"
              + " latency-monitor-threshold <milliseconds>\".\n"
          : "No latency spike was observed so far.\n";
    }
    StringBuilder text = new StringBuilder("Latency spikes were observed:\n\n");
    int number = 0;
    for (Map.Entry<String, LatencyMonitor.Series> event : monitor.events().entrySet()) {
      describe(text, ++number, event.getKey(), event.getValue());
      advise(event.getKey());
    }
    if (!advice.isEmpty()) {
      text.append("\nWhat may help:\n\n");
      advice.forEach(each -> text.append("- ").append(each).append('\n'));
    }
    return text.toString();
  }

  private void describe(
      StringBuilder text, int number, String event, LatencyMonitor.Series series) {
    List<LatencyMonitor.Sample> samples = series.samples();
    long sum = samples.stream().mapToLong(LatencyMonitor.Sample::millis).sum();
    long average = sum / samples.size();
    long deviation =
        samples.stream().mapToLong(sample -> Math.abs(average - sample.millis())).sum()
            / samples.size();
    double period = Math.max(1, nowSeconds - samples.get(0).seconds()) / (double) samples.size();
    text.append(
        String.format(
            Locale.ROOT,
            "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %.2f sec)."
                + " Worst all time event %dms.%n",
            number,
            event,
            samples.size(),
            average,
            deviation,
            period,
            series.maxMillis()));
  }

  private void advise(String event) {
    switch (event) {
      case "command" -> {
        long slowMicros = parameters.number("slowlog-log-slower-than");
        long thresholdMicros = parameters.number("latency-monitor-threshold") * 1000;
        if (slowMicros < 0 || slowMicros > thresholdMicros) {
          advice.add(
              "The slow log does not show these commands: use \"CONFIG SET"
                  + " slowlog-log-slower-than "
                  + thresholdMicros
                  + "\".");
        }
        advice.add("See which commands they were: SLOWLOG GET.");
        advice.add("Split large values: what is done to a whole one keeps everybody waiting.");
      }
      case "fast-command" ->
          advice.add(
              "Commands that do little took long, so the process got no CPU time or the collector"
                  + " ran: lower the load of the machine, look for noisy neighbours, and at the"
                  + " collector's log.");
      case "expire-cycle" ->
          advice.add(
              "Many keys, or large ones, expired together: spread their times to live, split large"
                  + " values.");
      case "eviction-cycle" ->
          advice.add(
              "Many keys were evicted at once: lower maxmemory in steps, avoid commands that store"
                  + " large results.");
      default -> {
        // There is nothing general to say of it.
      }
    }
  }
}
