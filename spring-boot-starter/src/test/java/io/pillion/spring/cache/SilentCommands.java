package io.pillion.spring.cache;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A server that never answers. */
public final class SilentCommands implements Commands {
  private final AtomicInteger sent = new AtomicInteger();
  private final boolean isCluster;

  SilentCommands() {
    this(/* isCluster= */ false);
  }

  /** One that says of itself whether it is a cluster. */
  public SilentCommands(boolean isCluster) {
    this.isCluster = isCluster;
  }

  /** How many commands were sent to it. */
  int sent() {
    return sent.get();
  }

  @Override
  public CompletionStage<@Nullable Object> send(Command command) {
    sent.incrementAndGet();
    return CompletableFuture.failedFuture(noAnswer());
  }

  @Override
  public List<CompletionStage<@Nullable Object>> pipeline(List<Command> commands) {
    return commands.stream().map(this::send).toList();
  }

  @Override
  public CompletionStage<List<@Nullable Object>> transaction(List<Command> commands) {
    return CompletableFuture.failedFuture(noAnswer());
  }

  @Override
  public CompletionStage<@Nullable Object> sendBlocking(Command command) {
    return send(command);
  }

  @Override
  public AutoCloseable onPush(PushListener listener) {
    return () -> {};
  }

  @Override
  public @Nullable Object await(CompletionStage<@Nullable Object> stage) {
    try {
      return stage.toCompletableFuture().join();
    } catch (CompletionException e) {
      throw noAnswer();
    }
  }

  @Override
  public Duration timeout() {
    return Duration.ofSeconds(1);
  }

  @Override
  public Set<String> supported(Set<String> commandNames) {
    throw noAnswer();
  }

  @Override
  public String target() {
    return "nowhere";
  }

  @Override
  public boolean isCluster() {
    return isCluster;
  }

  @Override
  public void close() {}

  private static ConnectionException noAnswer() {
    return new ConnectionException("nobody answers", null);
  }
}
