package io.pillion.client;

import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.server.LocalClient;
import io.pillion.engine.world.World;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * {@link Commands} into an engine of this JVM. Nothing is encoded, nothing parsed, no thread
 * changed: a command takes the engine's lock on its caller's thread, runs, and has its reply as
 * objects.
 *
 * <p>As over the network, one client carries everything that is answered at once, and each command
 * that blocks has one of its own.
 */
final class EmbeddedCommands implements Commands {
  private static final int MOST_BLOCKED = 1_024;
  private static final int MOST_IDLE = 16;

  private final PillionUrl url;
  private final EmbeddedEngine shared;
  private final Pushes pushes = new Pushes();
  private final SupportedCommands known = new SupportedCommands();
  private volatile @Nullable LocalClient main;

  // Guarded by this.
  private final Deque<LocalClient> idle = new ArrayDeque<>();
  private final Set<LocalClient> blocked = new HashSet<>();
  private boolean closed;

  /** A client of the URL's engine, which the first command of anybody starts. */
  EmbeddedCommands(PillionUrl url) {
    this.url = url;
    this.shared = EmbeddedEngine.of(url);
    if (!url.listen().isEmpty()) {
      // Others count on the open port, and whoever asked for it on being told that it is taken.
      try {
        shared.engine();
      } catch (RuntimeException e) {
        shared.release();
        throw e;
      }
    }
  }

  // --- the clients of the engine

  private LocalClient main() {
    LocalClient current = main;
    return current == null ? connectMain() : current;
  }

  private synchronized LocalClient connectMain() {
    LocalClient current = main;
    if (current == null) {
      current = connect();
      current.onPush(
          push -> {
            List<@Nullable Object> content = new ArrayList<>(push.elements());
            Object kind = content.remove(0);
            pushes.deliver(String.valueOf(Replies.asText(kind)), content);
          });
      main = current;
    }
    return current;
  }

  private synchronized LocalClient connect() {
    if (closed) {
      throw closedFailure();
    }
    LocalClient client = shared.engine().connect();
    List<Command> greeting = new ArrayList<>();
    String password = url.password();
    if (password != null) {
      greeting.add(Command.of("AUTH", password));
    }
    String name = url.clientName();
    if (name != null) {
      greeting.add(Command.of("CLIENT", "SETNAME", name));
    }
    for (Command command : greeting) {
      Object reply = client.send(words(command)).toCompletableFuture().getNow(null);
      if (reply instanceof ErrorValue refused) {
        client.close();
        throw new ConnectionException(
            "The embedded engine refuses this client: " + refused.message(), null);
      }
    }
    return client;
  }

  private ConnectionException closedFailure() {
    return new ConnectionException("The client of " + url + " is closed.", null);
  }

  private static List<byte[]> words(Command command) {
    List<byte[]> words = new ArrayList<>(command.args().size() + 1);
    words.add(command.name().getBytes(StandardCharsets.UTF_8));
    words.addAll(command.args());
    return words;
  }

  // --- replies

  /** The engine's errors are not ours. */
  private static @Nullable Object translated(@Nullable Object value) {
    if (value instanceof ErrorValue error) {
      return new CommandException(error.message());
    }
    if (value instanceof List<?> list && holdsError(list)) {
      List<@Nullable Object> copy = new ArrayList<>(list.size());
      list.forEach(element -> copy.add(translated(element)));
      return copy;
    }
    return value;
  }

  private static boolean holdsError(List<?> list) {
    for (Object element : list) {
      if (element instanceof ErrorValue
          || (element instanceof List<?> nested && holdsError(nested))) {
        return true;
      }
    }
    return false;
  }

  private static void settle(
      CompletableFuture<@Nullable Object> result, LocalClient by, @Nullable Object value) {
    if (value instanceof ErrorValue error) {
      result.completeExceptionally(failure(by, error));
    } else {
      result.complete(translated(value));
    }
  }

  private static RuntimeException failure(LocalClient by, ErrorValue error) {
    return by.isClosed()
        ? new ConnectionException("The embedded engine has ended this client.", null)
        : new CommandException(error.message());
  }

  /** What the caller gets: the reply, and no longer than a command may take. */
  private CompletableFuture<@Nullable Object> answered(
      LocalClient by, CompletionStage<@Nullable Object> stage, Command command) {
    CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
    CompletableFuture<@Nullable Object> future = stage.toCompletableFuture();
    if (future.isDone()) {
      settle(result, by, future.join());
      return result;
    }
    World.Scheduled alarm =
        shared
            .engine()
            .engine()
            .world()
            .schedule(timeout().toNanos(), () -> timedOut(result, by, command));
    stage.whenComplete(
        (value, failure) -> {
          alarm.cancel();
          settle(result, by, value);
        });
    return result;
  }

  /** The client waits for something: nothing can be taken back but the whole client. */
  private void timedOut(
      CompletableFuture<@Nullable Object> result, LocalClient by, Command command) {
    if (result.isDone()) {
      return;
    }
    result.completeExceptionally(
        new ConnectionException(
            String.format(
                "No answer to %s from %s within %d ms: clients are paused, or it blocks.",
                command.name(), url, timeout().toMillis()),
            null));
    replace(by);
  }

  private void replace(LocalClient gone) {
    synchronized (this) {
      if (main == gone) {
        main = null;
      }
    }
    gone.close();
    pushes.lost();
  }

  // --- Commands

  @Override
  public @Nullable Object call(Command command) {
    LocalClient client = usable();
    CompletableFuture<@Nullable Object> future = client.send(words(command)).toCompletableFuture();
    if (!future.isDone()) {
      return await(answered(client, future, command));
    }
    Object value = future.join();
    if (value instanceof ErrorValue error) {
      throw failure(client, error);
    }
    return translated(value);
  }

  /** The shared client, and not one that has ended itself with QUIT or was killed. */
  private LocalClient usable() {
    LocalClient client = main();
    if (client.isClosed()) {
      replace(client);
      client = main();
    }
    return client;
  }

  @Override
  public CompletionStage<@Nullable Object> send(Command command) {
    try {
      LocalClient client = usable();
      return answered(client, client.send(words(command)), command);
    } catch (ConnectionException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public List<CompletionStage<@Nullable Object>> pipeline(List<Command> commands) {
    List<CompletionStage<@Nullable Object>> results = new ArrayList<>(commands.size());
    try {
      LocalClient client = usable();
      List<CompletionStage<@Nullable Object>> stages =
          client.sendAll(commands.stream().map(EmbeddedCommands::words).toList());
      for (int i = 0; i < stages.size(); i++) {
        results.add(answered(client, stages.get(i), commands.get(i)));
      }
    } catch (ConnectionException e) {
      commands.forEach(command -> results.add(CompletableFuture.failedFuture(e)));
    }
    return results;
  }

  @Override
  public CompletionStage<List<@Nullable Object>> transaction(List<Command> commands) {
    if (commands.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    List<Command> all = new ArrayList<>(commands.size() + 2);
    all.add(Command.of("MULTI"));
    all.addAll(commands);
    all.add(Command.of("EXEC"));
    List<CompletionStage<@Nullable Object>> stages = pipeline(all);
    CompletableFuture<List<@Nullable Object>> result = new CompletableFuture<>();
    stages
        .get(stages.size() - 1)
        .whenComplete(
            (reply, failure) -> {
              if (failure != null) {
                result.completeExceptionally(reason(stages, failure));
              } else {
                result.complete(Replies.asList(reply));
              }
            });
    return result;
  }

  /** The engine's word on the part it refused says more than the EXECABORT it leads to. */
  private static Throwable reason(
      List<CompletionStage<@Nullable Object>> stages, Throwable failure) {
    Throwable[] first = new Throwable[1];
    for (CompletionStage<@Nullable Object> stage : stages) {
      stage.whenComplete((reply, refused) -> first[0] = first[0] == null ? refused : first[0]);
    }
    return failure instanceof CommandException && first[0] != null ? first[0] : failure;
  }

  @Override
  public CompletionStage<@Nullable Object> sendBlocking(Command command) {
    LocalClient own;
    try {
      own = takeBlocking(command);
    } catch (ConnectionException e) {
      return CompletableFuture.failedFuture(e);
    }
    CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
    own.send(words(command)).whenComplete((value, failure) -> settle(result, own, value));
    CompletionStage<@Nullable Object> given = result;
    given.whenComplete((reply, failure) -> giveBack(own, /* reusable= */ !result.isCancelled()));
    return result;
  }

  private synchronized LocalClient takeBlocking(Command command) {
    if (blocked.size() >= MOST_BLOCKED) {
      throw new ConnectionException(
          String.format(
              "%s was not sent to %s: %d commands block already.",
              command.name(), url, MOST_BLOCKED),
          null);
    }
    LocalClient taken = idle.poll();
    if (taken == null) {
      taken = connect();
    }
    blocked.add(taken);
    return taken;
  }

  private void giveBack(LocalClient own, boolean reusable) {
    synchronized (this) {
      blocked.remove(own);
      if (reusable && !closed && !own.isClosed() && idle.size() < MOST_IDLE) {
        idle.push(own);
        return;
      }
    }
    own.close();
  }

  @Override
  public AutoCloseable onPush(PushListener listener) {
    return pushes.add(listener);
  }

  @Override
  public @Nullable Object await(CompletionStage<@Nullable Object> stage) {
    return Waiting.on(stage, timeout(), target());
  }

  @Override
  public Duration timeout() {
    return url.timeout();
  }

  @Override
  public Set<String> supported(Set<String> commandNames) {
    return known.among(commandNames, this);
  }

  @Override
  public String target() {
    return url.toString();
  }

  @Override
  public boolean isCluster() {
    return false;
  }

  @Override
  public void close() {
    List<LocalClient> clients = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      LocalClient current = main;
      main = null;
      if (current != null) {
        clients.add(current);
      }
      clients.addAll(blocked);
      clients.addAll(idle);
      idle.clear();
    }
    clients.forEach(LocalClient::close);
    shared.release();
  }

  /** Like {@link #target()}. */
  @Override
  public String toString() {
    return target();
  }
}
