package io.pillion.client;

import io.lettuce.core.cluster.SlotHash;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Routes by hash slot. The map of slots is asked for (CLUSTER SLOTS) with the first command, again
 * when a reply says that it is out of date (MOVED), and when a node cannot be reached; one question
 * at a time, at most one a second. Until the first answer, commands wait in order.
 */
final class Cluster implements Router {
  private static final int MOST_REDIRECTS = 5;
  private static final long REFRESH_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LettuceTransport transport;
  private final PillionUrl url;
  private final Map<PillionUrl.Endpoint, Node> nodes = new ConcurrentHashMap<>();
  private final AtomicReferenceArray<@Nullable Node> owners =
      new AtomicReferenceArray<>(SlotHash.SLOT_COUNT);
  private volatile boolean known;
  private volatile Runnable onMoved = () -> {};
  private volatile Runnable onAsked = () -> {};

  // Guarded by this.
  private final Deque<Consumer<@Nullable ConnectionException>> waiting = new ArrayDeque<>();
  private boolean asking;
  private long askedAtNanos = System.nanoTime() - REFRESH_PAUSE_NANOS;

  /** A cluster of which only the nodes in the URL are known. */
  Cluster(LettuceTransport transport, PillionUrl url) {
    this.transport = transport;
    this.url = url;
  }

  @Override
  public @Nullable Node only() {
    return null;
  }

  private Node node(PillionUrl.Endpoint endpoint) {
    return nodes.computeIfAbsent(
        endpoint, at -> transport.node(at, error -> {}, this::refreshSoon));
  }

  @Override
  public void route(
      byte @Nullable [] key, Consumer<Node> then, Consumer<ConnectionException> otherwise) {
    if (known) {
      routeNow(key, then, otherwise);
      return;
    }
    whenKnown(
        failure -> {
          if (failure == null) {
            routeNow(key, then, otherwise);
          } else {
            otherwise.accept(failure);
          }
        });
  }

  @Override
  public void routeNow(
      byte @Nullable [] key, Consumer<Node> then, Consumer<ConnectionException> otherwise) {
    Node owner = key == null ? null : owners.get(SlotHash.getSlot(key));
    for (int slot = 0; owner == null && key == null && slot < owners.length(); slot++) {
      owner = owners.get(slot);
    }
    if (owner == null) {
      refreshSoon();
      otherwise.accept(
          new ConnectionException(
              "No node of the cluster " + url + " serves this key's slot at the moment.", null));
    } else {
      then.accept(owner);
    }
  }

  private void whenKnown(Consumer<@Nullable ConnectionException> action) {
    boolean wait;
    boolean ask;
    synchronized (this) {
      wait = !known;
      ask = wait && !asking;
      asking |= ask;
      if (wait) {
        waiting.add(action);
      }
    }
    if (!wait) {
      action.accept(null);
    } else if (ask) {
      ask(candidates());
    }
  }

  /** Asks again unless that was done a moment ago. */
  private void refreshSoon() {
    synchronized (this) {
      if (asking || !known || System.nanoTime() - askedAtNanos < REFRESH_PAUSE_NANOS) {
        return;
      }
      asking = true;
    }
    ask(candidates());
  }

  /** The nodes that may know the map: those that serve slots, then those of the URL. */
  private Deque<Node> candidates() {
    Set<Node> ordered = new LinkedHashSet<>(primariesKnown());
    url.endpoints().forEach(endpoint -> ordered.add(node(endpoint)));
    return new ArrayDeque<>(ordered);
  }

  private void ask(Deque<Node> candidates) {
    Node asked = candidates.poll();
    if (asked == null) {
      return;
    }
    WireCommand slots = new WireCommand(Command.of("CLUSTER", "SLOTS"), /* timed= */ true, null);
    slots.onDone(
        (reply, failure) -> {
          if (failure == null && reply instanceof List<?> ranges && !ranges.isEmpty()) {
            learn(ranges, asked);
            answered(null);
          } else if (!candidates.isEmpty()) {
            ask(candidates);
          } else {
            answered(explain(failure));
          }
        });
    asked.wire().send(slots);
  }

  private ConnectionException explain(@Nullable Throwable failure) {
    if (failure instanceof ConnectionException unreachable) {
      return unreachable;
    }
    return new ConnectionException(
        "No node of "
            + url
            + " tells the cluster's slots"
            + (failure == null ? "." : ": ")
            + (failure == null ? "" : failure.getMessage()),
        failure);
  }

  /** Lets the waiting commands go, in order; those that come meanwhile wait behind them. */
  private void answered(@Nullable ConnectionException failure) {
    while (true) {
      List<Consumer<@Nullable ConnectionException>> actions;
      synchronized (this) {
        if (waiting.isEmpty()) {
          known |= failure == null;
          asking = false;
          askedAtNanos = System.nanoTime();
          return;
        }
        actions = new ArrayList<>(waiting);
        waiting.clear();
      }
      actions.forEach(action -> action.accept(failure));
    }
  }

  /** Reads ranges of {@code [first, last, [host, port, ...], replicas...]}. */
  private void learn(List<?> ranges, Node asked) {
    Node[] learned = new Node[SlotHash.SLOT_COUNT];
    for (Object element : ranges) {
      if (element instanceof List<?> range
          && range.size() >= 3
          && range.get(0) instanceof Long first
          && range.get(1) instanceof Long last
          && range.get(2) instanceof List<?> primary
          && primary.size() >= 2
          && primary.get(1) instanceof Long port) {
        String host =
            primary.get(0) instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : "";
        Node owner =
            host.isEmpty() || host.equals("?")
                ? asked
                : node(new PillionUrl.Endpoint(host, port.intValue()));
        int from = (int) Math.max(0, first);
        int to = (int) Math.min(learned.length - 1L, last);
        if (from <= to) {
          Arrays.fill(learned, from, to + 1, owner);
        }
      }
    }
    boolean changed = false;
    for (int slot = 0; slot < learned.length; slot++) {
      changed |= !Objects.equals(owners.get(slot), learned[slot]);
    }
    if (changed) {
      // First, so that nothing read from a new owner counts as covered by reports of the old one.
      onMoved.run();
      for (int slot = 0; slot < learned.length; slot++) {
        owners.set(slot, learned[slot]);
      }
    }
  }

  @Override
  public @Nullable Node moved(String error) {
    if (!error.startsWith("MOVED ")) {
      return null;
    }
    Node target = target(error);
    if (target != null) {
      String[] words = error.split(" ", -1);
      int slot = Integer.parseInt(words[1]);
      if (slot >= 0 && slot < owners.length() && !Objects.equals(owners.get(slot), target)) {
        onMoved.run();
        owners.set(slot, target);
      }
      refreshSoon();
    }
    return target;
  }

  /** The node in {@code MOVED slot host:port} or {@code ASK slot host:port}. */
  private @Nullable Node target(String error) {
    String[] words = error.split(" ", -1);
    int colon = words.length == 3 ? words[2].lastIndexOf(':') : -1;
    if (colon <= 0) {
      return null;
    }
    try {
      int port = Integer.parseInt(words[2].substring(colon + 1));
      Integer.parseInt(words[1]);
      return node(new PillionUrl.Endpoint(words[2].substring(0, colon), port));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  @Override
  public WireCommand.Redirect redirect() {
    return this::redirected;
  }

  private boolean redirected(WireCommand command, String error) {
    boolean ask = error.startsWith("ASK ");
    Node target = ask ? target(error) : moved(error);
    if (target == null || command.countRedirect() > MOST_REDIRECTS) {
      return false;
    }
    command.reset();
    if (ask) {
      onAsked.run();
      WireCommand asking = new WireCommand(Command.of("ASKING"), /* timed= */ false, null);
      target.wire().send(new Wire.Batch(List.of(asking, command)));
    } else {
      target.wire().send(command);
    }
    return true;
  }

  private Set<Node> primariesKnown() {
    Set<Node> primaries = new LinkedHashSet<>();
    for (int slot = 0; slot < owners.length(); slot++) {
      Node owner = owners.get(slot);
      if (owner != null) {
        primaries.add(owner);
      }
    }
    return primaries;
  }

  @Override
  public List<Node> primaries() {
    CompletableFuture<List<Node>> found = new CompletableFuture<>();
    whenKnown(
        failure -> {
          if (failure == null) {
            found.complete(List.copyOf(primariesKnown()));
          } else {
            found.completeExceptionally(failure);
          }
        });
    Object primaries =
        Waiting.on(
            found.thenApply(list -> (Object) list), url.timeout().plus(patience()), url.toString());
    List<Node> result = new ArrayList<>();
    if (primaries instanceof List<?> list) {
      list.forEach(node -> result.add((Node) node));
    }
    return result;
  }

  @Override
  public synchronized void forget() {
    known = false;
  }

  @Override
  public void onChange(Runnable moved, Runnable asked) {
    onMoved = moved;
    onAsked = asked;
  }

  @Override
  public Duration patience() {
    return known ? Duration.ZERO : LettuceTransport.patience(url).multipliedBy(2);
  }

  @Override
  public void close() {
    nodes.values().forEach(Node::close);
  }
}
