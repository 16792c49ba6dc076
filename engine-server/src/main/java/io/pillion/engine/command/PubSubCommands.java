package io.pillion.engine.command;

import static io.pillion.engine.dispatch.CommandFlag.FAST;
import static io.pillion.engine.dispatch.CommandFlag.LOADING;
import static io.pillion.engine.dispatch.CommandFlag.MAY_REPLICATE;
import static io.pillion.engine.dispatch.CommandFlag.NOSCRIPT;
import static io.pillion.engine.dispatch.CommandFlag.PUBSUB;
import static io.pillion.engine.dispatch.CommandFlag.STALE;
import static io.pillion.engine.dispatch.CommandFlag.SUBSCRIBER;

import io.pillion.engine.dispatch.Call;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Command;
import io.pillion.engine.dispatch.CommandGroup;
import io.pillion.engine.dispatch.CommandTable;
import io.pillion.engine.dispatch.KeySpec;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Errors;
import io.pillion.engine.protocol.Glob;
import io.pillion.engine.pubsub.Kind;
import io.pillion.engine.pubsub.PubSub;
import java.util.ArrayList;
import java.util.List;

/**
 * The pubsub group: messages to whoever listens.
 *
 * <p>A message is no change of data: its effect is {@link Call#passOn passed on} to replicas, whose
 * subscribers shall have it too, and kept in no file.
 *
 * <p>Ending a subscription that a client does not have is confirmed like any other, as Redis and
 * Valkey do; only Valkey 8.0.0 and 8.0.1 refused it with NOSUB, which broke clients.
 */
final class PubSubCommands {
  private final PubSub pubSub;

  PubSubCommands(PubSub pubSub) {
    this.pubSub = pubSub;
  }

  void declare(CommandTable table) {
    table.group(CommandGroup.PUBSUB);
    listening(table, "SUBSCRIBE", call -> subscribe(call, Kind.CHANNEL), -2)
        .channels(1, -1)
        .since("2.0.0")
        .complexity("O(N) where N is the number of channels to subscribe to.")
        .summary("Listens to channels.")
        .syntax("channel [channel ...]");
    listening(table, "UNSUBSCRIBE", call -> unsubscribe(call, Kind.CHANNEL), -1)
        .since("2.0.0")
        .complexity("O(N) where N is the number of channels to unsubscribe.")
        .summary("Stops listening to channels, or to all.")
        .syntax("[channel [channel ...]]");
    listening(table, "PSUBSCRIBE", call -> subscribe(call, Kind.PATTERN), -2)
        .channelPatterns(1)
        .since("2.0.0")
        .complexity("O(N) where N is the number of patterns to subscribe to.")
        .summary("Listens to all channels that match patterns.")
        .syntax("pattern [pattern ...]");
    listening(table, "PUNSUBSCRIBE", call -> unsubscribe(call, Kind.PATTERN), -1)
        .since("2.0.0")
        .complexity("O(N) where N is the number of patterns to unsubscribe.")
        .summary("Stops listening to patterns, or to all.")
        .syntax("[pattern [pattern ...]]");
    listening(table, "SSUBSCRIBE", call -> subscribe(call, Kind.SHARD), -2)
        .keys(1, -1, 1, KeySpec.Flag.NOT_KEY)
        .channels(1, -1)
        .since("7.0.0")
        .complexity("O(N) where N is the number of shard channels to subscribe to.")
        .summary("Listens to shard channels.")
        .syntax("shardchannel [shardchannel ...]");
    listening(table, "SUNSUBSCRIBE", call -> unsubscribe(call, Kind.SHARD), -1)
        .keys(1, -1, 1, KeySpec.Flag.NOT_KEY)
        .since("7.0.0")
        .complexity("O(N) where N is the number of shard channels to unsubscribe.")
        .summary("Stops listening to shard channels, or to all.")
        .syntax("[shardchannel [shardchannel ...]]");
    table
        .command("PUBLISH", this::publish)
        .arity(3)
        .flags(PUBSUB, LOADING, STALE, FAST, MAY_REPLICATE)
        .channels(1, 1)
        .since("2.0.0")
        .complexity(
            "O(N+M) where N is the number of clients subscribed to the receiving channel and M is"
                + " the total number of subscribed patterns (by any client).")
        .summary("Sends a message to whoever listens to a channel.")
        .syntax("channel message");
    table
        .command("SPUBLISH", this::spublish)
        .arity(3)
        .flags(PUBSUB, LOADING, STALE, FAST, MAY_REPLICATE)
        .keys(1, 1, 1, KeySpec.Flag.NOT_KEY)
        .channels(1, 1)
        .since("7.0.0")
        .complexity(
            "O(N) where N is the number of clients subscribed to the receiving shard channel.")
        .summary("Sends a message to whoever listens to a shard channel.")
        .syntax("shardchannel message");
    declarePubSub(table.command("PUBSUB", AllCommands.CONTAINER).arity(-2));
  }

  private static Command listening(
      CommandTable table, String name, Command.Handler handler, int arity) {
    return table
        .command(name, handler)
        .arity(arity)
        .flags(PUBSUB, NOSCRIPT, LOADING, STALE, SUBSCRIBER);
  }

  private void declarePubSub(Command container) {
    container
        .since("2.8.0")
        .complexity("Depends on subcommand.")
        .summary("Commands about channels and who listens to them.");
    sub(container, "CHANNELS", call -> channels(call, Kind.CHANNEL), -2)
        .since("2.8.0")
        .complexity(
            "O(N) where N is the number of active channels, and assuming constant time pattern"
                + " matching (relatively short channels and patterns)")
        .summary("Answers the channels that somebody listens to.")
        .syntax("[pattern]");
    sub(container, "NUMSUB", call -> numsub(call, Kind.CHANNEL), -2)
        .since("2.8.0")
        .complexity("O(N) for the NUMSUB subcommand, where N is the number of requested channels")
        .summary("Answers how many clients listen to channels.")
        .syntax("[channel [channel ...]]");
    sub(container, "NUMPAT", this::numpat, 2)
        .since("2.8.0")
        .complexity("O(1)")
        .summary("Answers how many different patterns somebody listens to.");
    sub(container, "SHARDCHANNELS", call -> channels(call, Kind.SHARD), -2)
        .since("7.0.0")
        .complexity(
            "O(N) where N is the number of active shard channels, and assuming constant time"
                + " pattern matching (relatively short shard channels).")
        .summary("Answers the shard channels that somebody listens to.")
        .syntax("[pattern]");
    sub(container, "SHARDNUMSUB", call -> numsub(call, Kind.SHARD), -2)
        .since("7.0.0")
        .complexity(
            "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard"
                + " channels")
        .summary("Answers how many clients listen to shard channels.")
        .syntax("[shardchannel [shardchannel ...]]");
    container
        .sub("HELP", HelpText::write)
        .arity(2)
        .flags(LOADING, STALE)
        .since("6.2.0")
        .complexity("O(1)")
        .summary("Describes the subcommands.");
  }

  private static Command sub(Command container, String name, Command.Handler handler, int arity) {
    return container.sub(name, handler).arity(arity).flags(PUBSUB, LOADING, STALE);
  }

  private void subscribe(Call call, Kind kind) {
    if (kind == Kind.SHARD && !call.mayBlock()) {
      throw Errors.err("SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    }
    pubSub.subscribe(call.client(), kind, names(call), confirmations(call));
  }

  private void unsubscribe(Call call, Kind kind) {
    pubSub.unsubscribe(call.client(), kind, names(call), confirmations(call));
  }

  private static List<Bytes> names(Call call) {
    List<Bytes> names = new ArrayList<>(call.count() - 1);
    for (int i = 1; i < call.count(); i++) {
      names.add(call.arg(i));
    }
    return names;
  }

  /** Confirmations are the reply; who wants no replies gets them all the same, as pushes. */
  private static PubSub.Confirmations confirmations(Call call) {
    Client client = call.client();
    return client.replyMode() == Client.ReplyMode.ON
        ? writer -> writer.accept(call.reply())
        : writer -> client.push(writer);
  }

  private void publish(Call call) {
    call.passOn();
    call.reply().integer(pubSub.publish(call.arg(1), call.arg(2)));
  }

  private void spublish(Call call) {
    call.passOn();
    call.reply().integer(pubSub.publishToShard(call.arg(1), call.arg(2)));
  }

  private void channels(Call call, Kind kind) {
    if (call.count() > 3) {
      throw Errors.err(
          "unknown subcommand or wrong number of arguments for '"
              + Errors.shown(call.arg(1))
              + "'. Try PUBSUB HELP.");
    }
    List<Bytes> found = new ArrayList<>();
    for (Bytes name : pubSub.names(kind)) {
      if (call.count() == 2 || Glob.matches(call.arg(2), name)) {
        found.add(name);
      }
    }
    call.reply().array(found.size());
    found.forEach(call.reply()::bulk);
  }

  private void numsub(Call call, Kind kind) {
    call.reply().array(2 * (call.count() - 2));
    for (int i = 2; i < call.count(); i++) {
      call.reply().bulk(call.arg(i));
      call.reply().integer(pubSub.listenerCount(kind, call.arg(i)));
    }
  }

  private void numpat(Call call) {
    call.reply().integer(pubSub.names(Kind.PATTERN).size());
  }
}
