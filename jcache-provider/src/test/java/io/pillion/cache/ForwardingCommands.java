package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.Invalidations;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Commands that pass everything on, for those that get in between somewhere. */
abstract class ForwardingCommands implements Commands {
  final Commands commands;

  ForwardingCommands(Commands commands) {
    this.commands = commands;
  }

  @Override
  public List<CompletionStage<@Nullable Object>> pipeline(List<Command> pipelined) {
    return commands.pipeline(pipelined);
  }

  @Override
  public Invalidations invalidations(
      byte[] prefix, Duration heartbeat, Invalidations.Listener listener) {
    return commands.invalidations(prefix, heartbeat, listener);
  }

  @Override
  public CompletionStage<@Nullable Object> send(Command command) {
    return commands.send(command);
  }

  @Override
  public CompletionStage<List<@Nullable Object>> transaction(List<Command> transaction) {
    return commands.transaction(transaction);
  }

  @Override
  public CompletionStage<@Nullable Object> sendBlocking(Command command) {
    return commands.sendBlocking(command);
  }

  @Override
  public AutoCloseable onPush(PushListener listener) {
    return commands.onPush(listener);
  }

  @Override
  public @Nullable Object await(CompletionStage<@Nullable Object> stage) {
    return commands.await(stage);
  }

  @Override
  public Duration timeout() {
    return commands.timeout();
  }

  @Override
  public Set<String> supported(Set<String> commandNames) {
    return commands.supported(commandNames);
  }

  @Override
  public String target() {
    return commands.target();
  }

  @Override
  public boolean isCluster() {
    return commands.isCluster();
  }

  @Override
  public List<Commands> primaries() {
    return commands.primaries();
  }

  @Override
  public void close() {
    commands.close();
  }
}
