package io.pillion.engine.testkit;

import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.dispatch.Outlet;
import io.pillion.engine.dispatch.Turn;
import io.pillion.engine.protocol.Args;
import io.pillion.engine.protocol.ProtocolException;
import io.pillion.engine.protocol.RequestParser;
import io.pillion.engine.protocol.RespReply;
import io.pillion.engine.world.Line;
import io.pillion.engine.world.SimulatedWorld;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A network within a simulated world: engines listen at ports, bytes need time and come in pieces,
 * and connections are cut when the test says so; what was on its way is lost then. Single-threaded.
 */
public final class SimulatedNetwork implements SimulatedWorld.Network {
  private static final long MOST_DELAY_NANOS = 3_000_000;

  private final SimulatedWorld world;
  private final SplittableRandom random;
  private final Map<Integer, Engine> servers = new HashMap<>();
  private final List<Connection> connections = new ArrayList<>();

  /** A network without servers. */
  public SimulatedNetwork(SimulatedWorld world, long seed) {
    this.world = world;
    random = new SplittableRandom(seed);
    world.network(this);
  }

  /** An engine listens at a port from now on, or, with null, nobody does. */
  public void listen(int port, @Nullable Engine engine) {
    if (engine == null) {
      servers.remove(port);
    } else {
      servers.put(port, engine);
    }
  }

  /** Cuts all connections to whoever listens at a port. */
  public void cut(int port) {
    for (Connection each : List.copyOf(connections)) {
      if (each.port == port) {
        each.cut("cut");
      }
    }
  }

  /** Cuts some connection. */
  public void cutOne() {
    if (!connections.isEmpty()) {
      connections.get(random.nextInt(connections.size())).cut("cut");
    }
  }

  @Override
  public Line dial(Line.Target target, Line.Listener listener) {
    Connection connection = new Connection(target.port(), listener);
    connections.add(connection);
    connection.later(connection::connect);
    return connection;
  }

  /** One connection, as both ends see it. */
  private final class Connection implements Line, Outlet, Turn.Source, RequestParser.Limits {
    final int port;
    private final Line.Listener listener;
    private final RespReply reply = new RespReply();
    private final RequestParser parser = new RequestParser(this);
    private final ArrayDeque<byte[]> sealed = new ArrayDeque<>();
    private final ArrayDeque<byte[]> held = new ArrayDeque<>();
    private @Nullable Engine server;
    private @Nullable Client client;
    private boolean reads = true;
    private boolean closed;
    private boolean ended;
    private boolean queued;
    private long last;

    Connection(int port, Line.Listener listener) {
      this.port = port;
      this.listener = listener;
    }

    /** In order, some time from now. */
    void later(Runnable task) {
      long at = Math.max(last, world.nanos() + random.nextLong(MOST_DELAY_NANOS));
      last = at;
      world.schedule(at - world.nanos(), task);
    }

    void connect() {
      Engine found = servers.get(port);
      if (closed) {
        return;
      }
      if (found == null || found.isClosed()) {
        cut("Connection refused");
        return;
      }
      server = found;
      found.hold(() -> client = found.connect(this, reply));
      listener.connected();
    }

    void cut(String why) {
      if (ended) {
        return;
      }
      boolean told = closed;
      leave();
      if (!told) {
        world.schedule(
            random.nextLong(MOST_DELAY_NANOS), () -> listener.ended(new IOException(why)));
      }
    }

    private void leave() {
      ended = true;
      closed = true;
      connections.remove(this);
      Engine engine = server;
      Client gone = client;
      if (engine != null && gone != null && !engine.isClosed()) {
        world.schedule(0, () -> engine.hold(() -> engine.disconnect(gone)));
      }
    }

    // --- the end that has dialled

    @Override
    public void send(byte[] bytes) {
      later(() -> arrive(bytes));
    }

    private void arrive(byte[] bytes) {
      Engine engine = server;
      if (ended || engine == null || engine.isClosed()) {
        return;
      }
      try {
        int at = 0;
        while (at < bytes.length) {
          int some = parser.reserve(bytes.length - at);
          System.arraycopy(bytes, at, parser.array(), parser.position(), some);
          parser.received(some);
          parser.ready();
          at += some;
        }
      } catch (ProtocolException e) {
        cut("protocol error");
        return;
      }
      goOn(engine);
    }

    private void goOn(Engine engine) {
      if (!queued) {
        queued = true;
        new Turn(engine).run(new ArrayDeque<>(List.of(this)));
      }
    }

    @Override
    public void reading(boolean yes) {
      reads = yes;
      if (yes) {
        later(this::handOver);
      }
    }

    private void handOver() {
      while (reads && !closed && !held.isEmpty()) {
        byte[] bytes = held.removeFirst();
        int cut = bytes.length > 1 ? 1 + random.nextInt(bytes.length - 1) : bytes.length;
        if (cut < bytes.length) {
          held.addFirst(Arrays.copyOfRange(bytes, cut, bytes.length));
        }
        listener.received(bytes, cut);
      }
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        later(this::leave);
      }
    }

    // --- the server's end

    @Override
    public Client client() {
      return Objects.requireNonNull(client);
    }

    @Override
    public boolean next(Args words) {
      if (!ended && parser.ready()) {
        parser.take(words);
        return true;
      }
      queued = false;
      parser.trim();
      return false;
    }

    @Override
    public long maxBulkBytes() {
      return 1 << 20;
    }

    @Override
    public boolean mustAuthenticate() {
      return false;
    }

    @Override
    public void seal(long offset) {
      if (reply.size() > 0) {
        sealed.add(Arrays.copyOf(reply.array(), reply.size()));
      }
      reply.clear();
    }

    @Override
    public void flush() {
      while (!sealed.isEmpty()) {
        byte[] bytes = sealed.removeFirst();
        later(
            () -> {
              if (!ended) {
                held.addLast(bytes);
                handOver();
              }
            });
      }
    }

    @Override
    public void resume() {
      Engine engine = server;
      if (engine != null) {
        later(() -> goOn(engine));
      }
    }

    @Override
    public void close(boolean afterReplies) {
      later(() -> cut("closed by the server"));
    }

    @Override
    public String peerAddress() {
      return "127.0.0.1:" + port;
    }

    @Override
    public String localAddress() {
      return "127.0.0.1:1";
    }

    @Override
    public long pendingBytes() {
      return 0;
    }
  }
}
