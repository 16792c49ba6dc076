package io.pillion.engine.testkit;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.dispatch.Turn;
import io.pillion.engine.memory.Bytes;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.ProtocolException;
import io.pillion.engine.protocol.RequestParser;
import io.pillion.engine.protocol.RespReply;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A connection without a network: what is written goes through the real parser into a real turn on
 * the writer's thread, and the real bytes of the replies come back.
 */
final class EngineConnection implements Outlet, Turn.Source {
  private static final int MAX_BULK_BYTES = 512 << 20;

  private final Engine engine;
  private final Turn turn;
  private final RespReply reply = new RespReply();
  private final RequestParser parser;
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private Client client;
  private byte[] unread = new byte[0];
  private int position;
  private final Semaphore news = new Semaphore(0);
  private volatile boolean resumed;
  private final ArrayDeque<Held> held = new ArrayDeque<>();
  private volatile boolean closing;
  private boolean ended;
  private boolean disconnected;

  @SuppressWarnings("NullAway.Init") // connected under the lock, before anything else
  EngineConnection(Engine engine) {
    this.engine = engine;
    turn = new Turn(engine);
    parser =
        new RequestParser(
            new RequestParser.Limits() {
              @Override
              public long maxBulkBytes() {
                return MAX_BULK_BYTES;
              }

              @Override
              public boolean mustAuthenticate() {
                return engine.needsAuthentication(client);
              }
            });
    engine.hold(() -> client = engine.connect(this, reply));
  }

  private void runTurn() {
    ArrayDeque<Turn.Source> sources = new ArrayDeque<>();
    sources.add(this);
    turn.run(sources);
  }

  // --- what a turn asks for

  @Override
  public Client client() {
    return client;
  }

  @Override
  public boolean next(Args words) {
    try {
      if (!parser.ready()) {
        return false;
      }
      parser.take(words);
      return true;
    } catch (ProtocolException e) {
      reply.error(e.text());
      client.close(/* afterReplies= */ true);
      return false;
    }
  }

  // --- what an engine asks of a way back

  @Override
  public synchronized void seal(long offset) {
    if (offset == 0 && held.isEmpty()) {
      received.write(reply.array(), 0, reply.size());
    } else {
      held.add(new Held(Bytes.of(Arrays.copyOf(reply.array(), reply.size())), offset));
    }
    reply.clear();
    news.release();
  }

  @Override
  public synchronized void flush() {
    while (!held.isEmpty() && held.element().offset <= engine.safeOffset() && !ended) {
      received.writeBytes(held.remove().bytes.array());
      news.release();
    }
  }

  private record Held(Bytes bytes, long offset) {}

  @Override
  public synchronized void resume() {
    resumed = true;
    news.release();
  }

  @Override
  public synchronized void close(boolean afterReplies) {
    closing = true;
    ended |= !afterReplies;
    news.release();
  }

  @Override
  public String peerAddress() {
    return "127.0.0.1:" + (10_000 + client.id());
  }

  @Override
  public String localAddress() {
    return "127.0.0.1:6379";
  }

  @Override
  public synchronized long pendingBytes() {
    return received.size();
  }

  // --- what a test client uses

  OutputStream output() {
    return new OutputStream() {
      @Override
      public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) {
        int done = 0;
        while (done < length) {
          int taken = parser.reserve(length - done);
          System.arraycopy(bytes, offset + done, parser.array(), parser.position(), taken);
          parser.received(taken);
          done += taken;
          runTurn();
        }
      }
    };
  }

  InputStream input() {
    return new InputStream() {
      @Override
      public int read() throws SocketTimeoutException, InterruptedIOException {
        return await() ? unread[position++] & 0xFF : -1;
      }

      @Override
      public int read(byte[] target, int offset, int length)
          throws SocketTimeoutException, InterruptedIOException {
        if (length == 0 || !await()) {
          return length == 0 ? 0 : -1;
        }
        int copied = Math.min(length, unread.length - position);
        System.arraycopy(unread, position, target, offset, copied);
        position += copied;
        return copied;
      }

      @Override
      public int available() {
        synchronized (EngineConnection.this) {
          return unread.length - position + received.size();
        }
      }
    };
  }

  /** Waits for a byte; false when the engine has closed the connection. */
  private boolean await() throws SocketTimeoutException, InterruptedIOException {
    long deadline = System.nanoTime() + TestServer.PATIENCE.toNanos();
    while (position == unread.length) {
      if (resumed) {
        resumed = false;
        runTurn();
      }
      boolean last = closing;
      if (last) {
        // Whoever closes it may still be within the hold whose end seals the last replies.
        engine.hold(() -> {});
      }
      synchronized (this) {
        if (received.size() > 0) {
          unread = received.toByteArray();
          position = 0;
          received.reset();
        } else if (last && (ended || held.isEmpty())) {
          disconnect();
          return false;
        } else if (System.nanoTime() > deadline) {
          throw new SocketTimeoutException("no reply in time");
        }
      }
      if (position == unread.length) {
        waitForNews();
      }
    }
    return true;
  }

  private void waitForNews() throws InterruptedIOException {
    try {
      if (news.tryAcquire(100, TimeUnit.MILLISECONDS)) {
        news.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /** The client hangs up. */
  void disconnect() {
    if (!disconnected) {
      disconnected = true;
      engine.hold(() -> engine.disconnect(client));
      Arrays.fill(unread, (byte) 0);
    }
  }
}
