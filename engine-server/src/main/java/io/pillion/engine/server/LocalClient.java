package io.pillion.engine.server;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.ErrorValue;
import io.pillion.engine.protocol.ObjectReply;
import io.pillion.engine.protocol.PushValue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client in the engine's own process: nothing is parsed, no socket is used, and a command is
 * carried out on the caller's thread before {@link #send} returns, unless it has to wait. For the
 * engine it is a client like any other, with its own database, name and transaction.
 *
 * <p>Thread-safe. Replies are the objects of {@link ObjectReply}: strings and statuses {@code
 * byte[]}, integers {@link Long}, floating-point numbers {@link Double}, truth values {@link
 * Boolean}, no value null, aggregates {@link List} (of a map, keys and values in turn), errors
 * {@link ErrorValue}, also at the top.
 */
public final class LocalClient implements AutoCloseable {
  private final Engine engine;
  private final Client client;
  private final ObjectReply reply;
  private volatile @Nullable Consumer<PushValue> pushListener;

  // Under the engine lock: sent and not yet answered, not yet carried out, and answered.
  private final ArrayDeque<CompletableFuture<@Nullable Object>> unanswered = new ArrayDeque<>();
  private final ArrayDeque<Sent> waiting = new ArrayDeque<>();
  private final ArrayDeque<Answer> answered = new ArrayDeque<>();

  // Something is left to do under the lock once the hold that is going on has ended.
  private volatile boolean unfinished;
  private volatile boolean closed;

  private record Sent(Args words, CompletableFuture<@Nullable Object> future) {}

  /** A reply and who gets it, or, without a future, a push. */
  private static final class Answer {
    private final @Nullable CompletableFuture<@Nullable Object> future;
    private final @Nullable Object value;

    /** Up to where the command log must be safe before it may be seen. */
    private long offset;

    Answer(@Nullable CompletableFuture<@Nullable Object> future, @Nullable Object value) {
      this.future = future;
      this.value = value;
    }
  }

  LocalClient(Engine engine, int protocolVersion) {
    this.engine = engine;
    reply = new ObjectReply(protocolVersion);
    Client[] connected = new Client[1];
    engine.hold(() -> connected[0] = engine.connect(new LocalOutlet(), reply));
    client = connected[0];
    closed = client.isClosing();
  }

  /**
   * Carries out one command.
   *
   * @param words its name and its arguments; they must not change until the stage completes
   * @return completes with the reply; already complete unless the command has to wait, or waits
   *     behind one that does. What depends on the stage may run on the thread that ended the wait,
   *     so it must not block.
   */
  public CompletionStage<@Nullable Object> send(List<byte[]> words) {
    CompletableFuture<@Nullable Object> future = new CompletableFuture<>();
    Sent sent = new Sent(Args.of(words), future);
    engine.hold(() -> accept(sent));
    return future;
  }

  /**
   * Carries out commands one after the other, with no other client's command in between unless one
   * of them has to wait.
   *
   * @return a stage for each, as of {@link #send}
   */
  public List<CompletionStage<@Nullable Object>> sendAll(List<List<byte[]>> commands) {
    List<CompletionStage<@Nullable Object>> stages = new ArrayList<>(commands.size());
    List<Sent> all = new ArrayList<>(commands.size());
    for (List<byte[]> words : commands) {
      Sent sent = new Sent(Args.of(words), new CompletableFuture<>());
      all.add(sent);
      stages.add(sent.future());
    }
    engine.hold(() -> all.forEach(this::accept));
    return stages;
  }

  /**
   * Says who is told of pushes: of one at a time, in their order, by any thread. It is called
   * outside the lock and must not block.
   */
  public void onPush(@Nullable Consumer<PushValue> listener) {
    pushListener = listener;
  }

  /** Whether it has ended: it was closed, ended itself with QUIT, or was killed. */
  public boolean isClosed() {
    return closed;
  }

  /** Ends this client: what still waits completes with an error. */
  @Override
  public void close() {
    engine.hold(this::end);
  }

  // --- under the lock

  private void accept(Sent sent) {
    if (client.isClosing()) {
      fail(sent.future());
    } else if (client.blocked() != null || !waiting.isEmpty()) {
      waiting.add(sent);
    } else {
      execute(sent);
    }
  }

  private void execute(Sent sent) {
    if (sent.words().count() == 0) {
      fail(sent.future());
      return;
    }
    unanswered.add(sent.future());
    engine.execute(client, sent.words());
    collect();
    if (client.blocked() == null) {
      completeUnanswered();
    }
  }

  /** CLIENT REPLY OFF: nobody is going to answer. */
  private void completeUnanswered() {
    if (!unanswered.isEmpty()) {
      for (CompletableFuture<@Nullable Object> future : unanswered) {
        answered.add(new Answer(future, null));
      }
      unanswered.clear();
      engine.touch(client);
    }
  }

  /** Gives each reply written to the command that waits for it the longest. */
  private void collect() {
    if (reply.isEmpty()) {
      return;
    }
    for (Object value : reply.take()) {
      if (value instanceof PushValue push) {
        answered.add(new Answer(null, push));
        continue;
      }
      CompletableFuture<@Nullable Object> future = unanswered.poll();
      if (future != null) {
        answered.add(new Answer(future, value));
      }
    }
    engine.touch(client);
  }

  private void tell(PushValue push) {
    Consumer<PushValue> listener = pushListener;
    if (listener != null) {
      listener.accept(push);
    }
  }

  private void fail(CompletableFuture<@Nullable Object> future) {
    answered.add(new Answer(future, closedError()));
    engine.touch(client);
  }

  private static ErrorValue closedError() {
    return new ErrorValue("ERR the client is closed");
  }

  private void end() {
    closed = true;
    // What still waits for the command log will not come: the outlet must look.
    engine.touch(client);
    engine.disconnect(client);
    unfinished = false;
    reply.take();
    unanswered.forEach(this::fail);
    unanswered.clear();
    waiting.forEach(sent -> fail(sent.future()));
    waiting.clear();
  }

  private void finish() {
    if (client.isClosing()) {
      end();
      return;
    }
    if (client.blocked() == null) {
      collect();
      completeUnanswered();
    }
    while (client.blocked() == null && !waiting.isEmpty()) {
      execute(waiting.remove());
    }
  }

  /** The way back. */
  private final class LocalOutlet implements Outlet {
    // Each guarded by the first.
    private final ArrayDeque<Answer> sealed = new ArrayDeque<>();
    private final ArrayDeque<PushValue> untold = new ArrayDeque<>(0);
    private boolean telling;

    @Override
    public void seal(long offset) {
      collect();
      synchronized (sealed) {
        for (Answer answer : answered) {
          answer.offset = closed ? 0 : offset;
          sealed.add(answer);
        }
      }
      answered.clear();
    }

    @Override
    public void flush() {
      while (true) {
        Answer next;
        boolean inDoubt;
        synchronized (sealed) {
          next = sealed.peek();
          if (next == null) {
            break;
          }
          inDoubt = next.offset > engine.safeOffset();
          if (inDoubt && !closed) {
            break;
          }
          sealed.remove();
          if (!inDoubt && next.value instanceof PushValue push && next.future == null) {
            untold.add(push);
          }
        }
        if (next.future != null) {
          next.future.complete(inDoubt ? closedError() : next.value);
        } else {
          tellAll();
        }
      }
      if (unfinished) {
        unfinished = false;
        engine.hold(LocalClient.this::finish);
      }
    }

    /** One thread tells at a time: what others add meanwhile, it finds before it goes. */
    private void tellAll() {
      while (true) {
        PushValue push;
        synchronized (sealed) {
          if (telling || untold.isEmpty()) {
            return;
          }
          telling = true;
          push = untold.remove();
        }
        try {
          tell(push);
        } finally {
          synchronized (sealed) {
            telling = false;
          }
        }
      }
    }

    @Override
    public void resume() {
      unfinished = true;
      engine.touch(client);
    }

    @Override
    public void close(boolean afterReplies) {
      unfinished = true;
      engine.touch(client);
    }

    @Override
    public String peerAddress() {
      return "in-process:0";
    }

    @Override
    public String localAddress() {
      return "in-process:0";
    }

    @Override
    public long pendingBytes() {
      return 0;
    }
  }
}
