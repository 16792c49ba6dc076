package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Commands whose pipelines let others in after each command, at the worst moment. */
final class InterruptedPipelines implements Commands {
  private final Commands commands;
  private final Consumer<Command> afterEach;

  InterruptedPipelines(Commands commands, Consumer<Command> afterEach) {
    this.commands = commands;
    this.afterEach = afterEach;
  }

  @Override
  public List<CompletionStage<@Nullable Object>> pipeline(List<Command> pipelined) {
    List<CompletionStage<@Nullable Object>> replies = new ArrayList<>();
    for (Command command : pipelined) {
      replies.add(CompletableFuture.completedFuture(commands.call(command)));
      afterEach.accept(command);
    }
    return replies;
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
