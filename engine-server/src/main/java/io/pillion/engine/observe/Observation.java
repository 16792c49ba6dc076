package io.pillion.engine.observe;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandFlag;
import io.pillion.engine.dispatch.CommandObserver;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.world.World;

/** What is kept of how long things took: the slow log, and the latency monitor. */
public final class Observation implements CommandObserver {
  private static final long NEVER = Long.MAX_VALUE;

  private final World world;
  private final Parameters parameters;
  private final SlowLog slowLog = new SlowLog();
  private final LatencyMonitor latency = new LatencyMonitor();
  private long slowNanos;
  private long spikeNanos;

  /** Observes by what these parameters say, and follows their changes. */
  public Observation(World world, Parameters parameters) {
    this.world = world;
    this.parameters = parameters;
    follow();
    parameters.onChange(
        this::follow, "slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold");
  }

  private void follow() {
    long slowMicros = parameters.number("slowlog-log-slower-than");
    slowNanos = slowMicros < 0 ? NEVER : saturatedMultiply(slowMicros, 1000);
    slowLog.maxLength(parameters.number("slowlog-max-len"));
    long spikeMillis = parameters.number("latency-monitor-threshold");
    spikeNanos = spikeMillis == 0 ? NEVER : saturatedMultiply(spikeMillis, 1_000_000);
  }

  private static long saturatedMultiply(long a, long b) {
    return a > NEVER / b ? NEVER : a * b;
  }

  /** Commands that took long. */
  public SlowLog slowLog() {
    return slowLog;
  }

  /** Spikes, by kind of event. */
  public LatencyMonitor latency() {
    return latency;
  }

  @Override
  public void executed(Client client, Command command, Args args, long nanos) {
    if (nanos >= slowNanos && slowNanos != NEVER && !command.is(CommandFlag.SKIP_SLOWLOG)) {
      slowLog.add(world.wallMillis(), client, args, nanos / 1000);
    }
    if (nanos >= spikeNanos) {
      spent(command.is(CommandFlag.FAST) ? "fast-command" : "command", nanos);
    }
  }

  @Override
  public void spent(String event, long nanos) {
    if (nanos >= spikeNanos) {
      latency.add(event, world.wallMillis(), nanos / 1_000_000);
    }
  }
}
