package io.pillion.engine.dispatch;

import io.pillion.engine.protocol.Args;
import java.util.Arrays;

/**
 * Who is told of commands: monitors of what clients send, observers of what was carried out and how
 * long it took, which is counted here, too. Under the engine lock.
 */
public final class Observers {
  private final Engine engine;
  private final EngineStatistics statistics;
  private CommandObserver[] observers = {};
  private CommandMonitor monitor = CommandMonitor.NONE;
  private int monitors;
  private boolean tracksLatency = true;

  Observers(Engine engine) {
    this.engine = engine;
    statistics = engine.statistics();
  }

  /** Adds somebody to be told of each command, after those who are told already. */
  public void add(CommandObserver observer) {
    observers = Arrays.copyOf(observers, observers.length + 1);
    observers[observers.length - 1] = observer;
  }

  /** Says who shows monitors what clients send. */
  public void monitor(CommandMonitor newMonitor) {
    monitor = newMonitor;
  }

  /** How many clients are monitors. */
  public int monitorCount() {
    return monitors;
  }

  void countMonitors(int more) {
    monitors += more;
  }

  /** Says whether it is recorded how the durations of each command are spread. */
  public void trackLatency(boolean yes) {
    tracksLatency = yes;
  }

  /** Shows monitors a command that is carried out, unless they have seen it before. */
  void show(Call call) {
    if (monitors != 0 && !engine.waits().isRetrying() && !call.client().isReplaying()) {
      monitor.sent(call.client(), call.command(), call.args(), engine.scriptHost().isRunning());
    }
  }

  /** Shows monitors a command that is not carried out here. */
  void show(Client client, Command command, Args args) {
    if (monitors != 0) {
      monitor.sent(client, command, args, /* byScript= */ false);
    }
  }

  /** Counts a command that was carried out, and tells of it. */
  void executed(Client client, Command command, Args args, long took) {
    statistics.executed(took);
    client.executed();
    command.statistics().called(took);
    if (tracksLatency) {
      command.statistics().recordLatency(took);
    }
    for (CommandObserver observer : observers) {
      observer.executed(client, command, args, took);
    }
  }

  /** Tells how long something took that was no command. */
  void spent(String event, long nanos) {
    for (CommandObserver observer : observers) {
      observer.spent(event, nanos);
    }
  }
}
