package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.ADMIN;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.STALE;

import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.observe.LatencyDoctor;
import io.pillion.engine.observe.LatencyMonitor;
import io.pillion.engine.observe.Sparkline;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Reply;
import java.util.Locale;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/** LATENCY: what took longer than it should, and how the durations of each command are spread. */
final class LatencyCommands {
  /** Where the histogram's first bucket ends; each of the next is twice as wide as the last. */
  private static final long FIRST_BUCKET_NANOS = 1024;

  private static final String[] MONITOR_TIPS = {
    "nondeterministic_output", "request_policy:all_nodes", "response_policy:special"
  };

  private final LatencyMonitor monitor;
  private final Parameters parameters;

  LatencyCommands(LatencyMonitor monitor, Parameters parameters) {
    this.monitor = monitor;
    this.parameters = parameters;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.SERVER);
    Command container =
        table
            .command("LATENCY", AllCommands.CONTAINER)
            .arity(-2)
            .since("2.8.13")
            .complexity("Depends on subcommand.")
            .summary("Commands about latency.");
    sub(container, "DOCTOR", this::doctor, 2).summary("Judges the spikes, for people.");
    sub(container, "GRAPH", this::graph, 3)
        .summary("Draws the spikes of an event.")
        .syntax("event");
    sub(container, "HISTORY", this::history, 3)
        .summary("Answers the spikes of an event.")
        .syntax("event");
    sub(container, "LATEST", this::latest, 2).summary("Answers the last spike of each event.");
    sub(container, "HISTOGRAM", this::histogram, -2)
        .since("7.0.0")
        .complexity(
            "O(N) where N is the number of commands with latency information being retrieved.")
        .summary("Answers how the durations of commands are spread.")
        .syntax("[command [command ...]]");
    container
        .sub("RESET", this::reset)
        .arity(-2)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .tips("request_policy:all_nodes", "response_policy:agg_sum")
        .since("2.8.13")
        .complexity("O(1)")
        .summary("Forgets the spikes of some events, or all.")
        .syntax("[event [event ...]]");
    container
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("2.8.13")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static Command sub(Command container, String name, Command.Handler handler, int arity) {
    return container
        .sub(name, handler)
        .arity(arity)
        .flags(ADMIN, NOSCRIPT, LOADING, STALE)
        .tips(MONITOR_TIPS)
        .since("2.8.13")
        .complexity("O(1)");
  }

  private void doctor(Call call) {
    call.reply()
        .verbatim("txt", new LatencyDoctor(monitor, parameters, call.now() / 1000).report());
  }

  private void graph(Call call) {
    String event = call.arg(2).toString();
    LatencyMonitor.Series series = monitor.events().get(event);
    if (series == null) {
      throw Errors.err("No samples available for event '" + Errors.shown(call.arg(2)) + "'");
    }
    call.reply().verbatim("txt", Sparkline.of(event, series, call.now() / 1000));
  }

  private void history(Call call) {
    LatencyMonitor.Series series = monitor.events().get(call.arg(2).toString());
    if (series == null) {
      call.reply().array(0);
      return;
    }
    call.reply().array(series.samples().size());
    for (LatencyMonitor.Sample sample : series.samples()) {
      call.reply().array(2);
      call.reply().integer(sample.seconds());
      call.reply().integer(sample.millis());
    }
  }

  private void latest(Call call) {
    call.reply().array(monitor.events().size());
    monitor
        .events()
        .forEach(
            (event, series) -> {
              call.reply().array(4);
              call.reply().bulk(event);
              call.reply().integer(series.latest().seconds());
              call.reply().integer(series.latest().millis());
              call.reply().integer(series.maxMillis());
            });
  }

  private void reset(Call call) {
    int reset = 0;
    if (call.count() == 2) {
      reset = monitor.reset();
    }
    for (int i = 2; i < call.count(); i++) {
      reset += monitor.reset(call.arg(i).toString().toLowerCase(Locale.ROOT));
    }
    call.reply().integer(reset);
  }

  private void histogram(Call call) {
    int mark = call.reply().deferred();
    int found = 0;
    if (call.count() == 2) {
      for (Command command : call.engine().table().all()) {
        found += writeWithSubcommands(call.reply(), command);
      }
    }
    for (int i = 2; i < call.count(); i++) {
      Command command = call.engine().table().find(call.arg(i).toString());
      if (command != null) {
        found += writeWithSubcommands(call.reply(), command);
      }
    }
    call.reply().resolveMap(mark, found);
  }

  private static int writeWithSubcommands(Reply reply, Command command) {
    int written = write(reply, command);
    for (Command sub : command.subcommands().values()) {
      written += write(reply, sub);
    }
    return written;
  }

  private static int write(Reply reply, Command command) {
    Histogram histogram = command.statistics().latency();
    if (histogram == null) {
      return 0;
    }
    reply.bulk(command.fullName());
    reply.map(2);
    reply.bulk("calls");
    reply.integer(histogram.getTotalCount());
    reply.bulk("histogram_usec");
    int mark = reply.deferred();
    int buckets = 0;
    long before = 0;
    for (HistogramIterationValue bucket :
        histogram.logarithmicBucketValues(FIRST_BUCKET_NANOS, 2.0)) {
      long upTo = bucket.getTotalCountToThisValue();
      if (upTo > before) {
        reply.integer(histogram.highestEquivalentValue(bucket.getValueIteratedTo()) / 1000);
        reply.integer(upTo);
        buckets++;
      }
      before = upTo;
    }
    reply.resolveMap(mark, buckets);
    return 1;
  }
}
