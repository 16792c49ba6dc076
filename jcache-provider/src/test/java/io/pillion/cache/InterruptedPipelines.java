package io.pillion.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Commands whose pipelines let others in after each command, at the worst moment. */
final class InterruptedPipelines extends ForwardingCommands {
  private final Consumer<Command> afterEach;

  InterruptedPipelines(Commands commands, Consumer<Command> afterEach) {
    super(commands);
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
}
