package io.pillion.client;

import io.lettuce.core.api.StatefulRedisConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link Invalidations} of one client over the network.
 *
 * <p>It is either complete, with a live {@link TrackedConnection} to every primary, or it is not.
 * Whatever casts doubt (a connection broke, here or where the commands go; a primary is silent; the
 * primaries are others) makes it incomplete at once, which every listener hears as a gap. A thread
 * of its own then makes all connections anew. First it sends a command the ordinary way: where
 * sentinels or a name service decide, the reports must come from a server that was looked up later
 * than the one that is read from.
 */
final class Tracking {
  private static final Logger LOG = LoggerFactory.getLogger(Tracking.class);
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /** Prefixes that nobody wants any more and the server goes on reporting until this many. */
  private static final int MOST_UNWANTED = 256;

  private final Commands commands;
  private final Router router;
  private final Duration timeout;
  private final Pushes reports = new Pushes();
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
  private final AutoCloseable gaps;

  // Guarded by this.
  private @Nullable ScheduledThreadPoolExecutor thread;
  private @Nullable ScheduledFuture<?> beating;
  private List<TrackedConnection> connections = List.of();
  private boolean complete;
  private boolean renewing;
  private boolean closed;
  private long pauseMillis;
  private long doubts;

  /**
   * The reports of the servers of this router.
   *
   * @param commands over the same router
   * @param gapsOf told when a connection of the router breaks
   */
  Tracking(Commands commands, Router router, Pushes gapsOf, Duration timeout) {
    this.commands = commands;
    this.router = router;
    this.timeout = timeout;
    reports.add(this::onPush);
    gaps = gapsOf.addForGaps(this::doubt);
    router.onChange(this::doubt, this::gap);
  }

  /** See {@link Commands#invalidations}. */
  Invalidations add(byte[] prefix, Duration heartbeat, Invalidations.Listener listener) {
    Subscription added =
        new Subscription(
            new String(prefix, StandardCharsets.ISO_8859_1), prefix, heartbeat, listener);
    synchronized (this) {
      if (closed) {
        throw new ConnectionException("The client of " + commands.target() + " is closed.", null);
      }
      subscriptions.add(added);
      beat(shortestHeartbeat());
      onThread(() -> join(added));
    }
    return added;
  }

  private static ScheduledThreadPoolExecutor newThread() {
    ScheduledThreadPoolExecutor one =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread made = new Thread(task, "pillion-tracking");
              made.setDaemon(true);
              return made;
            });
    one.setRemoveOnCancelPolicy(true);
    return one;
  }

  private synchronized void onThread(Runnable task) {
    onThread(task, 0);
  }

  private synchronized void onThread(Runnable task, long delayMillis) {
    if (closed) {
      return;
    }
    ScheduledThreadPoolExecutor running = thread;
    if (running == null) {
      running = newThread();
      thread = running;
    }
    ScheduledFuture<?> unused = running.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
  }

  private Duration shortestHeartbeat() {
    Duration shortest = Duration.ofMinutes(1);
    for (Subscription one : subscriptions) {
      shortest = one.heartbeat.compareTo(shortest) < 0 ? one.heartbeat : shortest;
    }
    return shortest;
  }

  private synchronized void beat(Duration interval) {
    onThread(() -> {});
    ScheduledFuture<?> before = beating;
    if (before != null) {
      before.cancel(false);
    }
    beating =
        Objects.requireNonNull(thread)
            .scheduleWithFixedDelay(
                this::beat, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  // --- on the thread

  private void beat() {
    List<TrackedConnection> alive;
    synchronized (this) {
      if (!complete) {
        return;
      }
      alive = connections;
    }
    for (TrackedConnection connection : alive) {
      if (connection.isSilent(timeout.toNanos())) {
        doubt();
        return;
      }
      connection.beat(this::heard);
    }
  }

  private void join(Subscription added) {
    List<TrackedConnection> alive;
    long doubtsBefore;
    synchronized (this) {
      if (!complete) {
        renewSoon();
        return;
      }
      alive = connections;
      doubtsBefore = doubts;
    }
    try {
      for (TrackedConnection connection : alive) {
        if (connection.prefixCount() > wanted().size() + MOST_UNWANTED) {
          doubt();
          return;
        }
        settled(connection.track(Set.of(added.text)));
      }
    } catch (ConnectionException | CommandException e) {
      added.established.completeExceptionally(e);
      doubt();
      return;
    }
    synchronized (this) {
      if (complete && doubts == doubtsBefore) {
        added.active = true;
      }
    }
    heard();
    added.established.complete(null);
  }

  private void renew() {
    long doubtsBefore;
    synchronized (this) {
      renewing = false;
      if (complete || closed || subscriptions.isEmpty()) {
        return;
      }
      closeConnections();
      doubtsBefore = doubts;
    }
    List<Subscription> covered = List.copyOf(subscriptions);
    try {
      connectAll();
    } catch (ConnectionException | CommandException e) {
      LOG.debug("No reports of changed keys from {} yet: {}", commands.target(), e.toString());
      covered.forEach(one -> one.established.completeExceptionally(e));
      synchronized (this) {
        closeConnections();
        pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, Math.max(FIRST_PAUSE_MILLIS, 2 * pauseMillis));
        renewSoon();
      }
      return;
    }
    synchronized (this) {
      if (doubts != doubtsBefore) {
        renewSoon();
        return;
      }
      complete = true;
      pauseMillis = 0;
      covered.forEach(one -> one.active = true);
    }
    heard();
    covered.forEach(one -> one.established.complete(null));
    // Those that came meanwhile.
    subscriptions.stream().filter(one -> !one.active).forEach(this::join);
  }

  /** Closes them; what they still have to say does not matter any more. */
  private void closeConnections() {
    List<TrackedConnection> closing = connections;
    connections = List.of();
    closing.forEach(TrackedConnection::close);
  }

  private void connectAll() {
    router.forget();
    commands.call(Command.of("PING"));
    boolean cluster = router.only() == null;
    List<Node> primaries = router.primaries();
    if (primaries.isEmpty()) {
      throw new ConnectionException(commands.target() + " has no primaries", null);
    }
    List<CompletionStage<?>> beats = new ArrayList<>();
    for (Node primary : primaries) {
      StatefulRedisConnection<byte[], byte[]> opened = settled(primary.open());
      TrackedConnection connection = new TrackedConnection(opened, cluster, reports, this::broken);
      synchronized (this) {
        List<TrackedConnection> more = new ArrayList<>(connections);
        more.add(connection);
        connections = more;
      }
      settled(connection.track(wanted()));
      beats.add(connection.beat(() -> {}));
    }
    beats.forEach(this::settled);
  }

  private Set<String> wanted() {
    Set<String> wanted = new HashSet<>();
    subscriptions.forEach(one -> wanted.add(one.text));
    return wanted;
  }

  private <T extends @Nullable Object> T settled(CompletionStage<T> stage) {
    Duration most = timeout.plus(router.patience());
    try {
      return stage.toCompletableFuture().get(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | CompletionException e) {
      if (e.getCause() instanceof CommandException refused) {
        throw refused;
      }
      throw new ConnectionException(String.valueOf(e.getMessage()), e);
    } catch (TimeoutException e) {
      throw new ConnectionException(
          "No answer from " + commands.target() + " within " + most.toMillis() + " ms", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectionException("Interrupted", e);
    }
  }

  // --- on any thread

  private void broken(TrackedConnection connection) {
    boolean matters;
    synchronized (this) {
      matters = connections.contains(connection);
    }
    if (matters) {
      doubt();
    }
  }

  /** The reports may be incomplete from now on: says so, and has everything made anew. */
  private void doubt() {
    synchronized (this) {
      doubts++;
      complete = false;
      subscriptions.forEach(
          one -> {
            one.active = false;
            one.listener.onGap();
          });
      renewSoon();
    }
  }

  private synchronized void renewSoon() {
    if (!renewing && !closed && !subscriptions.isEmpty()) {
      renewing = true;
      onThread(this::renew, pauseMillis);
      // So that a cluster that keeps changing is not connected to without pause.
      pauseMillis = Math.max(FIRST_PAUSE_MILLIS, pauseMillis);
    }
  }

  private void gap() {
    subscriptions.forEach(one -> one.listener.onGap());
    heard();
  }

  private synchronized void heard() {
    if (!complete) {
      return;
    }
    long oldest = connections.get(0).heardNanos();
    for (TrackedConnection connection : connections) {
      if (connection.heardNanos() - oldest < 0) {
        oldest = connection.heardNanos();
      }
    }
    for (Subscription one : subscriptions) {
      if (one.active) {
        one.listener.onHeard(oldest);
      }
    }
  }

  private void onPush(String kind, List<@Nullable Object> content) {
    if (!kind.equals("invalidate")) {
      return;
    }
    if (content.isEmpty() || !(content.get(0) instanceof List<?> keys)) {
      subscriptions.forEach(one -> one.listener.onGap());
      heard();
      return;
    }
    for (Object key : keys) {
      if (key instanceof byte[] bytes) {
        invalidated(bytes);
      }
    }
  }

  private void invalidated(byte[] key) {
    for (Subscription one : subscriptions) {
      if (one.covers(key)) {
        one.listener.onInvalidated(key);
      }
    }
  }

  private synchronized void leave(Subscription gone) {
    subscriptions.remove(gone);
    gone.active = false;
    gone.listener.onGap();
    if (subscriptions.isEmpty()) {
      stop();
    }
  }

  private void stop() {
    complete = false;
    renewing = false;
    beating = null;
    closeConnections();
    ScheduledThreadPoolExecutor ending = thread;
    thread = null;
    if (ending != null) {
      ending.shutdownNow();
    }
  }

  /** Ends all reports. */
  void close() {
    synchronized (this) {
      closed = true;
      subscriptions.forEach(one -> one.listener.onGap());
      subscriptions.clear();
      stop();
    }
    try {
      gaps.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private final class Subscription implements Invalidations {
    private final String text;
    private final byte[] prefix;
    private final Duration heartbeat;
    private final Listener listener;
    private final CompletableFuture<@Nullable Object> established = new CompletableFuture<>();

    /** Whether the connections report its prefix; guarded by the tracking. */
    private volatile boolean active;

    Subscription(String text, byte[] prefix, Duration heartbeat, Listener listener) {
      this.text = text;
      this.prefix = prefix;
      this.heartbeat = heartbeat;
      this.listener = listener;
    }

    boolean covers(byte[] key) {
      for (int i = 0; i < prefix.length; i++) {
        if (i >= key.length || key[i] != prefix[i]) {
          return false;
        }
      }
      return true;
    }

    @Override
    public CompletionStage<@Nullable Object> established() {
      return established;
    }

    @Override
    public void close() {
      leave(this);
    }
  }
}
