package io.pillion.client;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.push.PushMessage;
import io.netty.util.Timeout;
import io.netty.util.Timer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to one server: made when the first command needs it, made again when the next
 * command comes after it broke.
 *
 * <p>A command is written at most once. Lettuce's own reconnecting writes unanswered commands a
 * second time, which counts an INCR twice and runs the rest of a transaction without its MULTI; so
 * it is off, and a command whose connection breaks fails as <em>in doubt</em>. Commands that come
 * while the connection is being made wait for it in order; they were not sent and may.
 *
 * <p>The time of a command runs from the moment it is written, and that of an attempt to connect by
 * itself: the first attempt loads a good part of Lettuce, which no server is to blame for.
 *
 * <p>After a failed attempt the next ones fail at once with the same reason until a pause has
 * passed that doubles from {@value #FIRST_PAUSE_MILLIS} ms to {@value #LONGEST_PAUSE_MILLIS} ms: a
 * server that is down must not cost every caller its full timeout. A connection that let a command
 * time out and gave no answer to anything since that command was sent is taken for dead and closed.
 */
final class Wire {
  private static final Logger LOG = LoggerFactory.getLogger(Wire.class);
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /** Commands without an answer; beyond it new ones are refused. */
  private static final int MOST_IN_FLIGHT = 200_000;

  /** Commands written together, with no other command of this client in between. */
  static final class Batch {
    private final List<WireCommand> commands;
    private volatile boolean abandoned;

    /** A batch of at least one command. */
    Batch(List<WireCommand> commands) {
      this.commands = commands;
    }

    private void writeTo(StatefulRedisConnection<byte[], byte[]> connection) {
      WireCommand last = commands.get(commands.size() - 1);
      if (commands.size() > 1) {
        last.carry(commands);
      }
      connection.dispatch(last);
    }

    /** Nobody waits for it any more: it is not sent if it was not sent yet. */
    void abandon() {
      abandoned = true;
    }
  }

  private final String target;
  private final Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> opener;
  private final Supplier<Timer> timer;
  private final Duration timeout;
  private final Duration patience;
  private final Pushes pushes;
  private final Consumer<String> onError;
  private final Runnable onConnectFailure;
  private final Supplier<@Nullable CallerLoop> callerLoop;
  private final Deadlines deadlines;

  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile @Nullable StatefulRedisConnection<byte[], byte[]> open;
  private volatile long lastAnswerNanos;
  private volatile @Nullable CompletionStage<Void> closing;

  // Guarded by this.
  private final Deque<Batch> waiting = new ArrayDeque<>();
  private boolean connecting;
  private boolean closed;
  private @Nullable ConnectionException lastFailure;
  private long pauseMillis;
  private long pauseEndsNanos;

  /**
   * A wire that is not connected yet.
   *
   * @param target where it leads, for messages
   * @param opener makes a connection that does not reconnect by itself
   * @param timer runs the timeouts
   * @param timeout after which a timed command fails, from the moment it is written
   * @param patience after which an attempt to connect has failed
   * @param pushes told of what the server sends unasked
   * @param onError told of every error reply, on the thread that read it
   * @param onConnectFailure told when a connection could not be made
   * @param callerLoop gives the event loop of the connections, if callers may run it
   */
  Wire(
      String target,
      Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> opener,
      Supplier<Timer> timer,
      Duration timeout,
      Duration patience,
      Pushes pushes,
      Consumer<String> onError,
      Runnable onConnectFailure,
      Supplier<@Nullable CallerLoop> callerLoop) {
    this.target = target;
    this.opener = opener;
    this.timer = timer;
    this.timeout = timeout;
    this.patience = patience;
    this.pushes = pushes;
    this.onError = onError;
    this.onConnectFailure = onConnectFailure;
    this.callerLoop = callerLoop;
    this.deadlines = new Deadlines(timer, timeout);
  }

  String target() {
    return target;
  }

  /** Sends one command. */
  void send(WireCommand command) {
    send(new Batch(List.of(command)));
  }

  /** Sends a batch in one flush. */
  void send(Batch batch) {
    if (admit(batch.commands)) {
      CallerLoop loop = callerLoop.get();
      if (loop != null) {
        loop.sending();
      }
      if (!dispatch(batch)) {
        sendWhenOpen(batch);
      }
    }
  }

  private boolean admit(List<WireCommand> commands) {
    if (inFlight.addAndGet(commands.size()) > MOST_IN_FLIGHT) {
      inFlight.addAndGet(-commands.size());
      ConnectionException refused =
          new ConnectionException(
              String.format(
                  "More than %d commands to %s wait for an answer; this one was not sent.",
                  MOST_IN_FLIGHT, target),
              null);
      commands.forEach(command -> command.completeExceptionally(refused));
      return false;
    }
    long now = System.nanoTime();
    for (WireCommand command : commands) {
      command.startedOn(this, now);
    }
    return true;
  }

  /** Starts the time of commands that are about to be written. */
  private void startTime(List<WireCommand> commands) {
    long now = System.nanoTime();
    for (WireCommand command : commands) {
      if (command.timed() && !command.hasDeadline()) {
        command.deadline(deadlines.begin(command, now));
      }
    }
  }

  /** Writes the batch, unless there is no connection. */
  private boolean dispatch(Batch batch) {
    StatefulRedisConnection<byte[], byte[]> connection = open;
    if (connection == null || !connection.isOpen()) {
      return false;
    }
    startTime(batch.commands);
    CallerLoop loop = callerLoop.get();
    if (loop != null && loop.enter()) {
      try {
        batch.writeTo(connection);
      } finally {
        loop.leave();
      }
    } else {
      batch.writeTo(connection);
    }
    return true;
  }

  /** Whether no command waits for an answer. */
  boolean isQuiet() {
    return inFlight.get() == 0;
  }

  private void sendWhenOpen(Batch batch) {
    ConnectionException refused = null;
    synchronized (this) {
      if (closed) {
        refused = closedFailure();
      } else if (dispatch(batch)) {
        return;
      } else if (!connecting && System.nanoTime() - pauseEndsNanos < 0 && lastFailure != null) {
        refused = lastFailure;
      } else {
        waiting.add(batch);
        if (!connecting) {
          connecting = true;
          connect();
        }
        return;
      }
    }
    fail(batch, refused);
  }

  private void connect() {
    CompletionStage<StatefulRedisConnection<byte[], byte[]>> opening;
    try {
      opening = opener.get();
    } catch (RuntimeException | LinkageError e) {
      connectFailed(e);
      return;
    }
    AtomicBoolean decided = new AtomicBoolean();
    Timeout alarm =
        timer
            .get()
            .newTimeout(
                expired -> {
                  if (decided.compareAndSet(false, true)) {
                    connectFailed(new TimeoutException("no answer within " + millis(patience)));
                  }
                },
                patience.toNanos(),
                TimeUnit.NANOSECONDS);
    opening.whenComplete(
        (connection, failure) -> {
          alarm.cancel();
          boolean inTime = decided.compareAndSet(false, true);
          if (failure == null && inTime) {
            connected(connection);
          } else if (failure == null) {
            closeLater(connection);
          } else if (inTime) {
            connectFailed(failure);
          }
        });
  }

  private static String millis(Duration duration) {
    return duration.toMillis() + " ms";
  }

  /** How much longer than usual a caller has to wait at the moment. */
  Duration patience() {
    StatefulRedisConnection<byte[], byte[]> connection = open;
    return connection != null && connection.isOpen() ? Duration.ZERO : patience;
  }

  private void connected(StatefulRedisConnection<byte[], byte[]> connection) {
    connection.addListener((PushMessage message) -> pushes.deliver(message));
    connection.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
            drop(connection);
          }
        });
    synchronized (this) {
      connecting = false;
      lastFailure = null;
      pauseMillis = 0;
      if (closed) {
        closeLater(connection);
        return;
      }
      lastAnswerNanos = System.nanoTime();
      for (Batch batch = waiting.poll(); batch != null; batch = waiting.poll()) {
        if (batch.abandoned) {
          fail(batch, new ConnectionException("Given up before it was sent.", null));
        } else {
          startTime(batch.commands);
          batch.writeTo(connection);
        }
      }
      // Last, so that no new command overtakes those that waited.
      open = connection;
    }
    if (!connection.isOpen()) {
      drop(connection);
    }
  }

  private void connectFailed(Throwable failure) {
    ConnectionException reason = explain(failure);
    List<Batch> failed;
    synchronized (this) {
      connecting = false;
      lastFailure = reason;
      pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, Math.max(FIRST_PAUSE_MILLIS, 2 * pauseMillis));
      pauseEndsNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMillis);
      failed = new ArrayList<>(waiting);
      waiting.clear();
    }
    onConnectFailure.run();
    failed.forEach(batch -> fail(batch, reason));
  }

  private ConnectionException explain(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    Throwable cause = failure instanceof CompletionException ? root : failure;
    String why =
        root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage().strip();
    return new ConnectionException(
        String.format(
            "Cannot connect to %s: %s%s Check that the server runs there and that the URL is"
                + " right.",
            target, why, why.endsWith(".") ? "" : "."),
        cause);
  }

  private void fail(Batch batch, ConnectionException reason) {
    batch.commands.forEach(command -> command.completeExceptionally(reason));
  }

  /** Called once for each attempt of a command that is over. */
  void left() {
    inFlight.decrementAndGet();
  }

  /** The server answered something; the text is that of an error reply, else null. */
  void answered(@Nullable String error) {
    lastAnswerNanos = System.nanoTime();
    if (error != null) {
      onError.accept(error);
    }
  }

  /** The command's time is up. */
  void timedOut(WireCommand command) {
    command.completeExceptionally(
        new ConnectionException(
            String.format(
                "No answer to %s from %s within %s; whether it was executed is not known.",
                command.command().name(), target, millis(timeout)),
            null));
    dropIfSilentSince(command.sentAtNanos());
  }

  /** Closes the connection when it brought no answer at all since then. */
  void dropIfSilentSince(long nanos) {
    if (lastAnswerNanos - nanos < 0) {
      drop();
    }
  }

  /** Closes the current connection; what is in flight fails, the next command makes a new one. */
  void drop() {
    StatefulRedisConnection<byte[], byte[]> connection = open;
    if (connection != null) {
      drop(connection);
    }
  }

  private void drop(StatefulRedisConnection<byte[], byte[]> connection) {
    boolean wasOpen;
    synchronized (this) {
      wasOpen = open == connection;
      if (wasOpen) {
        open = null;
      }
    }
    if (wasOpen) {
      closeLater(connection);
      pushes.lost();
    }
  }

  private void closeLater(StatefulRedisConnection<byte[], byte[]> connection) {
    CompletionStage<Void> closes = connection.closeAsync();
    closing = closes;
    closes.whenComplete(
        (done, failure) -> {
          if (failure != null) {
            LOG.debug("Closing a connection to {} failed", target, failure);
          }
        });
  }

  private ConnectionException closedFailure() {
    return new ConnectionException("The client of " + target + " is closed.", null);
  }

  /** Fails what waits and closes the connection, for good. */
  void close() {
    List<Batch> failed;
    synchronized (this) {
      closed = true;
      failed = new ArrayList<>(waiting);
      waiting.clear();
    }
    ConnectionException reason = closedFailure();
    failed.forEach(batch -> fail(batch, reason));
    drop();
  }

  /** Whether it is closed and so is its connection. */
  synchronized boolean hasEnded() {
    CompletionStage<Void> closes = closing;
    return closed && (closes == null || closes.toCompletableFuture().isDone());
  }

  /** Completes when the connection that was closed last is; null if none was. */
  @Nullable CompletionStage<Void> closing() {
    return closing;
  }
}
