package io.pillion.client;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.push.PushMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one primary that reports changed keys, from when it was made until it breaks:
 * it never reconnects, so what it has heard is known to be without a gap.
 */
final class TrackedConnection {
  private final StatefulRedisConnection<byte[], byte[]> connection;
  private final Command heartbeat;
  private final Consumer<TrackedConnection> onBroken;
  private final Set<String> prefixes = new HashSet<>();
  private volatile long heardNanos;
  private volatile boolean answered = true;
  private volatile long askedNanos;
  private @Nullable String topology;

  /**
   * Over an open connection.
   *
   * @param cluster whether the heartbeat also asks whether the cluster is as it was
   * @param pushes told of what the server reports
   * @param onBroken told once the connection is of no use any more; perhaps more than once
   */
  TrackedConnection(
      StatefulRedisConnection<byte[], byte[]> connection,
      boolean cluster,
      Pushes pushes,
      Consumer<TrackedConnection> onBroken) {
    this.connection = connection;
    this.heartbeat = cluster ? Command.of("CLUSTER", "INFO") : Command.of("PING");
    this.onBroken = onBroken;
    connection.addListener((PushMessage message) -> pushes.deliver(message));
    connection.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
            onBroken.accept(TrackedConnection.this);
          }
        });
  }

  /** Asks for reports of these prefixes besides those asked for before. */
  CompletionStage<?> track(Set<String> wanted) {
    List<CompletableFuture<?>> answers = new ArrayList<>();
    if (prefixes.isEmpty()) {
      // The handshake is content with RESP2, in which nothing would ever be reported.
      answers.add(say(Command.of("HELLO", "3")));
    }
    Command tracking = Command.of("CLIENT", "TRACKING", "ON", "BCAST");
    boolean more = false;
    for (String prefix : wanted) {
      if (prefixes.add(prefix)) {
        tracking.arg("PREFIX").arg(prefix.getBytes(StandardCharsets.ISO_8859_1));
        more = true;
      }
    }
    if (more) {
      answers.add(say(tracking));
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new));
  }

  /** How many prefixes it reports, wanted or not any more. */
  int prefixCount() {
    return prefixes.size();
  }

  private CompletableFuture<@Nullable Object> say(Command command) {
    WireCommand word = new WireCommand(command, /* timed= */ false, null);
    connection.dispatch(word);
    return word;
  }

  /**
   * Asks for a sign of life unless one is under way.
   *
   * @param onHeard called when it came, on the thread that read it
   * @return completes then, and fails when it does not come
   */
  CompletionStage<?> beat(Runnable onHeard) {
    if (!answered) {
      return CompletableFuture.completedFuture(null);
    }
    long now = System.nanoTime();
    askedNanos = now;
    answered = false;
    CompletionStage<@Nullable Object> reply = say(heartbeat);
    return reply
        .thenAccept(
            state -> {
              if (hasChanged(state)) {
                throw new ConnectionException("The cluster has changed.", null);
              }
              // What was acknowledged before the question was reported before the answer.
              heardNanos = now;
              answered = true;
              onHeard.run();
            })
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                onBroken.accept(this);
              }
            });
  }

  /** Whether the cluster is another one than at the first heartbeat, or cannot serve. */
  private boolean hasChanged(@Nullable Object reply) {
    if (!(reply instanceof byte[] info) || info.length < 16) {
      return false;
    }
    String text = new String(info, StandardCharsets.US_ASCII);
    String now = line(text, "cluster_state:") + line(text, "cluster_current_epoch:");
    String before = topology;
    topology = now;
    return !now.startsWith("cluster_state:ok") || (before != null && !before.equals(now));
  }

  private static String line(String text, String name) {
    int start = text.indexOf(name);
    int end = start < 0 ? -1 : text.indexOf('\r', start);
    return end < 0 ? "" : text.substring(start, end);
  }

  /** When the latest sign of life that came was asked for. */
  long heardNanos() {
    return heardNanos;
  }

  /** Whether a sign of life was asked for this long ago, and did not come. */
  boolean isSilent(long nanos) {
    return !answered && System.nanoTime() - askedNanos > nanos;
  }

  void close() {
    CompletionStage<Void> closing = connection.closeAsync();
    closing.exceptionally(ignored -> null);
  }
}
