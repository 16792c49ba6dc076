package io.pillion.session;

import io.pillion.client.Command;
import io.pillion.client.Commands;
import io.pillion.client.ConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Counts what is sent, and loses an answer when told to. */
record CountingCommands(Commands delegate, AtomicInteger sent, AtomicBoolean losing)
    implements Commands {
  CountingCommands(Commands delegate) {
    this(delegate, new AtomicInteger(), new AtomicBoolean());
  }

  /** The next transaction is carried out, but nobody learns of it. */
  void loseNextAnswer() {
    losing.set(true);
  }

  int roundTrips() {
    return sent.get();
  }

  void reset() {
    sent.set(0);
  }

  @Override
  public CompletionStage<@Nullable Object> send(Command command) {
    sent.incrementAndGet();
    return delegate.send(command);
  }

  @Override
  public List<CompletionStage<@Nullable Object>> pipeline(List<Command> commands) {
    sent.incrementAndGet();
    return delegate.pipeline(commands);
  }

  @Override
  public CompletionStage<List<@Nullable Object>> transaction(List<Command> commands) {
    sent.incrementAndGet();
    CompletionStage<List<@Nullable Object>> carriedOut = delegate.transaction(commands);
    if (!losing.getAndSet(false)) {
      return carriedOut;
    }
    return carriedOut.thenApply(
        replies -> {
          throw new ConnectionException("The answer was lost.", null);
        });
  }

  @Override
  public CompletionStage<@Nullable Object> sendBlocking(Command command) {
    return delegate.sendBlocking(command);
  }

  @Override
  public AutoCloseable onPush(PushListener listener) {
    return delegate.onPush(listener);
  }

  @Override
  public @Nullable Object await(CompletionStage<@Nullable Object> stage) {
    return delegate.await(stage);
  }

  @Override
  public Duration timeout() {
    return delegate.timeout();
  }

  @Override
  public Set<String> supported(Set<String> commandNames) {
    return delegate.supported(commandNames);
  }

  @Override
  public String target() {
    return delegate.target();
  }

  @Override
  public boolean isCluster() {
    return delegate.isCluster();
  }

  @Override
  public void close() {}
}
