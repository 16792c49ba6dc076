package io.pillion.client;

import io.netty.util.Timeout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@link Commands} over the network, to one server or a cluster. */
final class LettuceCommands implements Commands {
  private static final int MOST_REDIRECTS = 5;
  private static final int MOST_TOGETHER = 256;

  private final PillionUrl url;
  private final LettuceTransport transport;
  private final Router router;
  private final Pushes pushes;
  private final boolean owner;
  private final SupportedCommands known = new SupportedCommands();
  private final Tracking tracking;

  /** A client that connects when the first command is sent. */
  LettuceCommands(PillionUrl url) {
    this.url = url;
    this.pushes = new Pushes();
    this.transport = new LettuceTransport(url, pushes);
    this.router =
        url.kind() == PillionUrl.Kind.CLUSTER
            ? new Cluster(transport, url)
            : new SingleServer(transport.node(null, error -> {}, () -> {}));
    this.owner = true;
    this.tracking = new Tracking(this, router, pushes, url.timeout());
  }

  /** A view of one node, over the connections of the whole. */
  private LettuceCommands(LettuceCommands whole, Node node) {
    this.url = whole.url;
    this.transport = whole.transport;
    this.pushes = whole.pushes;
    this.router = new SingleServer(node);
    this.owner = false;
    this.tracking = whole.tracking;
  }

  @Override
  public CompletionStage<@Nullable Object> send(Command command) {
    WireCommand sent = new WireCommand(command, /* timed= */ true, router.redirect());
    Node only = router.only();
    if (only != null) {
      only.wire().send(sent);
    } else {
      router.route(key(command), node -> node.wire().send(sent), sent::completeExceptionally);
    }
    return sent;
  }

  @Override
  public List<CompletionStage<@Nullable Object>> pipeline(List<Command> commands) {
    List<WireCommand> sent = new ArrayList<>(commands.size());
    for (Command command : commands) {
      sent.add(new WireCommand(command, /* timed= */ true, router.redirect()));
    }
    Node only = router.only();
    if (only != null) {
      sendInParts(only, sent);
    } else {
      pipelineByNode(sent);
    }
    return new ArrayList<>(sent);
  }

  /** A batch is encoded into one buffer, which must not grow without bounds. */
  private static void sendInParts(Node node, List<WireCommand> commands) {
    for (int i = 0; i < commands.size(); i += MOST_TOGETHER) {
      int end = Math.min(commands.size(), i + MOST_TOGETHER);
      node.wire().send(new Wire.Batch(commands.subList(i, end)));
    }
  }

  private void pipelineByNode(List<WireCommand> commands) {
    // Once one key could be routed the slots are known, and the others are routed on the spot.
    router.route(
        null,
        any -> {
          Map<Node, List<WireCommand>> batches = new HashMap<>();
          for (WireCommand command : commands) {
            router.routeNow(
                key(command.command()),
                node -> batches.computeIfAbsent(node, n -> new ArrayList<>()).add(command),
                command::completeExceptionally);
          }
          batches.forEach(LettuceCommands::sendInParts);
        },
        failure -> commands.forEach(command -> command.completeExceptionally(failure)));
  }

  @Override
  public CompletionStage<List<@Nullable Object>> transaction(List<Command> commands) {
    CompletableFuture<List<@Nullable Object>> result = new CompletableFuture<>();
    if (commands.isEmpty()) {
      result.complete(List.of());
      return result;
    }
    byte[] key = null;
    for (Command command : commands) {
      key = key == null ? key(command) : key;
    }
    router.route(
        key,
        node -> transaction(node, commands, result, MOST_REDIRECTS),
        result::completeExceptionally);
    return result;
  }

  private void transaction(
      Node node,
      List<Command> commands,
      CompletableFuture<List<@Nullable Object>> result,
      int redirectsLeft) {
    List<WireCommand> sent = new ArrayList<>(commands.size() + 2);
    sent.add(untimed(Command.of("MULTI")));
    commands.forEach(command -> sent.add(untimed(command)));
    WireCommand exec = untimed(Command.of("EXEC"));
    sent.add(exec);
    Wire.Batch batch = new Wire.Batch(sent);
    long sentAtNanos = System.nanoTime();
    // The parts must not time out one by one: a MULTI without its EXEC would swallow what follows.
    Timeout alarm =
        transport
            .timer()
            .newTimeout(
                expired -> {
                  batch.abandon();
                  node.wire().dropIfSilentSince(sentAtNanos);
                  result.completeExceptionally(
                      new ConnectionException(
                          String.format(
                              "No answer to EXEC from %s within %d ms; whether the transaction was"
                                  + " executed is not known.",
                              target(), timeout().toMillis()),
                          null));
                },
                timeout().plus(node.wire().patience()).toNanos(),
                TimeUnit.NANOSECONDS);
    exec.onDone(
        (reply, failure) -> {
          alarm.cancel();
          if (failure != null) {
            Throwable reason = reason(sent, failure);
            Node next =
                reason instanceof CommandException refused && redirectsLeft > 0
                    ? router.moved(String.valueOf(refused.getMessage()))
                    : null;
            if (next != null) {
              transaction(next, commands, result, redirectsLeft - 1);
            } else {
              result.completeExceptionally(reason);
            }
          } else if (reply instanceof List<?> replies) {
            result.complete(new ArrayList<>(replies));
          } else {
            result.completeExceptionally(
                new CommandException("EXECABORT Transaction discarded: a watched key changed."));
          }
        });
    node.wire().send(batch);
  }

  /** The server's word on the part it refused says more than the EXECABORT it leads to. */
  private static Throwable reason(List<WireCommand> sent, Throwable failure) {
    if (failure instanceof CommandException) {
      for (WireCommand part : sent) {
        if (part.failure() instanceof CommandException refused) {
          return refused;
        }
      }
    }
    return failure;
  }

  private static WireCommand untimed(Command command) {
    return new WireCommand(command, /* timed= */ false, null);
  }

  @Override
  public CompletionStage<@Nullable Object> sendBlocking(Command command) {
    Node only = router.only();
    if (only != null) {
      return only.sendBlocking(command);
    }
    CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
    router.route(
        key(command),
        node -> sendBlocking(node, command, result, MOST_REDIRECTS),
        result::completeExceptionally);
    return result;
  }

  private void sendBlocking(
      Node node, Command command, CompletableFuture<@Nullable Object> result, int redirectsLeft) {
    CompletionStage<@Nullable Object> sent = node.sendBlocking(command);
    CompletionStage<@Nullable Object> given = result;
    given.whenComplete(
        (reply, failure) -> {
          if (result.isCancelled()) {
            sent.toCompletableFuture().cancel(false);
          }
        });
    sent.whenComplete(
        (reply, failure) -> {
          if (failure == null) {
            result.complete(reply);
            return;
          }
          Node next =
              failure instanceof CommandException && redirectsLeft > 0
                  ? router.moved(String.valueOf(failure.getMessage()))
                  : null;
          if (next == null) {
            result.completeExceptionally(failure);
          } else {
            sendBlocking(next, command, result, redirectsLeft - 1);
          }
        });
  }

  private static byte @Nullable [] key(Command command) {
    return command.keyIndex() < command.args().size()
        ? command.args().get(command.keyIndex())
        : null;
  }

  @Override
  public AutoCloseable onPush(PushListener listener) {
    AutoCloseable subscription = pushes.add(listener);
    CallerLoop loop = transport.callerLoop();
    if (loop != null) {
      // From now on somebody has to listen to the socket all the time.
      loop.sending();
    }
    return subscription;
  }

  @Override
  public @Nullable Object await(CompletionStage<@Nullable Object> stage) {
    return wait(stage, null);
  }

  @Override
  public @Nullable Object call(Supplier<CompletionStage<@Nullable Object>> asking) {
    CallerLoop loop = transport.callerLoop();
    if (loop == null || pushes.areAwaited() || !loop.begin()) {
      return wait(asking.get(), loop);
    }
    try {
      return wait(asking.get(), loop);
    } finally {
      loop.end();
    }
  }

  private @Nullable Object wait(
      CompletionStage<@Nullable Object> stage, @Nullable CallerLoop loop) {
    return Waiting.on(stage, timeout().plus(router.patience()), target(), loop);
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
    return url.kind() == PillionUrl.Kind.CLUSTER;
  }

  @Override
  public List<Commands> primaries() {
    if (router.only() != null) {
      return List.of(this);
    }
    List<Commands> views = new ArrayList<>();
    router.primaries().forEach(node -> views.add(new LettuceCommands(this, node)));
    return views;
  }

  @Override
  public Invalidations invalidations(
      byte[] prefix, Duration heartbeat, Invalidations.Listener listener) {
    return tracking.add(prefix, heartbeat, listener);
  }

  @Override
  public void close() {
    if (owner) {
      tracking.close();
      router.close();
      transport.close();
    }
  }

  /** Like {@link #target()}. */
  @Override
  public String toString() {
    return target();
  }
}
