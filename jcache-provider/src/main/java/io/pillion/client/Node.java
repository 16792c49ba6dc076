package io.pillion.client;

import io.lettuce.core.api.StatefulRedisConnection;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one server: a shared one for everything that is answered at once, and one for
 * each command that blocks at the moment.
 */
final class Node {
  /** Blocking commands at a time; beyond it new ones are refused. */
  private static final int MOST_BLOCKED = 1_024;

  private static final int MOST_IDLE = 16;

  private final Wire wire;
  private final Supplier<Wire> blockingWires;
  private final Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> opener;

  // Guarded by this.
  private final Deque<Wire> idle = new ArrayDeque<>();
  private final Set<Wire> blocked = new HashSet<>();
  private boolean closed;

  /**
   * A server nobody is connected to yet.
   *
   * @param wire the shared one
   * @param blockingWires makes one more, for a command that blocks
   * @param opener makes a bare connection
   */
  Node(
      Wire wire,
      Supplier<Wire> blockingWires,
      Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> opener) {
    this.wire = wire;
    this.blockingWires = blockingWires;
    this.opener = opener;
  }

  /** One more connection, for whoever asks, who also closes it. */
  CompletionStage<StatefulRedisConnection<byte[], byte[]>> open() {
    return opener.get();
  }

  Wire wire() {
    return wire;
  }

  CompletionStage<@Nullable Object> sendBlocking(Command command) {
    WireCommand sent = new WireCommand(command, /* timed= */ false, null);
    Wire own = take();
    if (own == null) {
      sent.completeExceptionally(
          new ConnectionException(
              String.format(
                  "%s was not sent to %s: the client is closed, or %d commands block already.",
                  command.name(), wire.target(), MOST_BLOCKED),
              null));
      return sent;
    }
    sent.onDone(
        (reply, failure) -> {
          // A caller that gave up leaves a command behind that would still take an element.
          if (failure != null && !(failure instanceof CommandException)) {
            own.drop();
          }
          giveBack(own);
        });
    own.send(sent);
    return sent;
  }

  private synchronized @Nullable Wire take() {
    if (closed || blocked.size() >= MOST_BLOCKED) {
      return null;
    }
    Wire taken = idle.poll();
    if (taken == null) {
      taken = blockingWires.get();
    }
    blocked.add(taken);
    return taken;
  }

  private void giveBack(Wire own) {
    synchronized (this) {
      blocked.remove(own);
      if (!closed && idle.size() < MOST_IDLE) {
        idle.push(own);
        return;
      }
    }
    own.close();
  }

  void close() {
    Set<Wire> all;
    synchronized (this) {
      closed = true;
      all = new HashSet<>(blocked);
      all.addAll(idle);
      idle.clear();
    }
    wire.close();
    all.forEach(Wire::close);
  }
}
