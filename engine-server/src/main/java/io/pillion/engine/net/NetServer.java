package io.pillion.engine.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.netty.util.concurrent.Future;
import io.pillion.engine.config.ConfigException;
import io.pillion.engine.config.Parameters;
import io.pillion.engine.dispatch.Client;
import io.pillion.engine.dispatch.Engine;
import io.pillion.engine.protocol.BufferPool;
import io.pillion.engine.world.Line;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens, and turns what connects into clients of an engine. One thread accepts; {@code
 * engine-threads} loops read, parse, take their turns and write.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a socket that fails to close is closed
public final class NetServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NetServer.class);

  // Above the high mark a client counts as behind with reading, until it is below the low one.
  private static final long SENDING_NANOS = 500_000_000;
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(/* low= */ 16 << 10, /* high= */ 32 << 10);

  // What a connection is read in one poll: what comes faster than it is carried out waits in the
  // socket, instead of piling up on the heap.
  private static final int MIN_READ = 16 << 10;
  private static final int MAX_READ = 64 << 10;

  private static final AttributeKey<Boolean> ENCRYPTED =
      AttributeKey.valueOf(NetServer.class, "encrypted");

  private final Engine engine;
  private final Parameters parameters;
  private final NetworkLimits limits;

  // What the replies of all connections lend each other: they are written under the engine lock.
  private final BufferPool replies = new BufferPool();
  private final Transport transport = Transport.best();
  private final MultiThreadIoEventLoopGroup acceptor;
  private final EngineLoops workers;
  private final Map<EventExecutor, Loop> loops = new HashMap<>();
  private final List<Channel> tcp = new ArrayList<>();
  private final List<Channel> unix = new ArrayList<>();
  private final List<UnixSocketFile> files = new ArrayList<>();
  private volatile boolean isProtected;
  private volatile @Nullable SslContext tls;
  private boolean closed;

  /** A server that does not listen yet. */
  public NetServer(Engine engine, Parameters parameters) {
    this.engine = engine;
    this.parameters = parameters;
    limits = new NetworkLimits(parameters);
    acceptor =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("pillion-accept"), transport.ioHandlers());
    workers =
        new EngineLoops(
            parameters.integer("engine-threads"), new LoopThreads(), transport.ioHandlers());
    for (EventExecutor executor : workers) {
      loops.put(executor, new Loop((EngineLoops.PollingLoop) executor, engine));
    }
    refreshProtection();
    parameters.onChange(this::refreshProtection, "protected-mode");
    parameters.onChange(this::refreshTls, TlsContext.PARAMETERS);
  }

  /**
   * What encrypts connections to other servers, as the {@code tls-*} parameters want it.
   *
   * @throws ConfigException when a file is missing or cannot be used; the message says which
   */
  public static Line.Encryption toOthers(Parameters parameters) {
    return TlsContext.toOthers(parameters);
  }

  private void refreshTls() {
    if (tls != null) {
      tls = TlsContext.of(parameters);
    }
  }

  private void refreshProtection() {
    isProtected = parameters.isOn("protected-mode");
  }

  // --- listening

  /**
   * Listens there too.
   *
   * @throws ListenException when that is impossible; what was opened before stays open
   */
  public void listen(Endpoint endpoint) {
    if (endpoint instanceof Endpoint.Unix socket) {
      listenUnix(socket);
    } else if (endpoint instanceof Endpoint.Tcp address) {
      Channel channel = listenTcp(address);
      if (channel != null) {
        tcp.add(channel);
      }
    }
  }

  /**
   * Listens on these TCP addresses and on no others: the old ones are closed when all new ones are
   * open. Those that are in both stay open.
   *
   * @throws ListenException when one is impossible; nothing has changed then
   */
  public void relisten(List<Endpoint> endpoints) {
    List<Channel> opened = new ArrayList<>();
    List<Channel> kept = new ArrayList<>();
    try {
      for (Endpoint endpoint : endpoints) {
        Endpoint.Tcp address = (Endpoint.Tcp) endpoint;
        Channel open = openAlready(address);
        Channel channel = open == null ? listenTcp(address) : null;
        if (open != null) {
          kept.add(open);
        } else if (channel != null) {
          opened.add(channel);
        }
      }
    } catch (ListenException e) {
      opened.forEach(Channel::close);
      throw e;
    }
    tcp.stream().filter(channel -> !kept.contains(channel)).forEach(Channel::close);
    tcp.clear();
    tcp.addAll(kept);
    tcp.addAll(opened);
  }

  private @Nullable Channel openAlready(Endpoint.Tcp wanted) {
    InetSocketAddress address = new InetSocketAddress(wanted.address(), wanted.port());
    for (Channel channel : tcp) {
      if (address.equals(channel.localAddress())
          && Boolean.valueOf(wanted.encrypted()).equals(channel.attr(ENCRYPTED).get())) {
        return channel;
      }
    }
    return null;
  }

  /** The TCP ports that are open, in the order they were opened, each once. */
  public List<Integer> ports() {
    return tcp.stream()
        .map(channel -> ((InetSocketAddress) channel.localAddress()).getPort())
        .distinct()
        .toList();
  }

  private @Nullable Channel listenTcp(Endpoint.Tcp endpoint) {
    boolean encrypted = endpoint.encrypted();
    if (encrypted && tls == null) {
      try {
        tls = TlsContext.of(parameters);
      } catch (ConfigException e) {
        throw new ListenException(e.reason(), e);
      }
    }
    ServerBootstrap bootstrap = bootstrap(encrypted).channel(transport.tcpServer());
    bootstrap
        .attr(ENCRYPTED, encrypted)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.TCP_NODELAY, true);
    int keepAliveSeconds = parameters.integer("tcp-keepalive");
    if (keepAliveSeconds > 0) {
      transport.keepAlive(bootstrap, keepAliveSeconds);
    }
    try {
      return bind(bootstrap, new InetSocketAddress(endpoint.address(), endpoint.port()));
    } catch (IOException e) {
      if (endpoint.optional() && (!isInUse(e) || listensEverywhere(endpoint.port()))) {
        return null;
      }
      log.warn(
          "Warning: Could not create server TCP listening socket {}:{}: {}",
          endpoint.host(),
          endpoint.port(),
          reason(e));
      throw new ListenException(
          "Failed listening on port "
              + endpoint.port()
              + " (tcp): "
              + reason(e)
              + (isInUse(e) ? ". Is another server running there? Choose another port." : "."),
          e);
    }
  }

  /** Whether IPv4's wildcard is open there: where both are spoken, it takes IPv6's port too. */
  private boolean listensEverywhere(int port) {
    return tcp.stream()
        .map(channel -> (InetSocketAddress) channel.localAddress())
        .anyMatch(address -> address.getPort() == port && address.getAddress().isAnyLocalAddress());
  }

  private void listenUnix(Endpoint.Unix endpoint) {
    try {
      UnixSocketFile file = new UnixSocketFile(Path.of(endpoint.path()));
      try {
        unix.add(
            bind(
                transport
                    .forUnix(bootstrap(/* encrypted= */ false))
                    .channel(transport.unixServer())
                    .childAttr(Addresses.UNIX_PATH, endpoint.path()),
                transport.unixAddress(file.bindPath())));
        file.publish(endpoint.mode());
        files.add(file);
      } finally {
        file.tidy();
      }
    } catch (IOException e) {
      throw new ListenException(
          "Failed opening Unix socket: bind: " + endpoint.path() + ": " + reason(e) + ".", e);
    }
  }

  private ServerBootstrap bootstrap(boolean encrypted) {
    return new ServerBootstrap()
        .group(acceptor, workers)
        .option(ChannelOption.SO_BACKLOG, parameters.integer("tcp-backlog"))
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
        .childOption(
            ChannelOption.RECVBUF_ALLOCATOR,
            new AdaptiveRecvByteBufAllocator(MIN_READ, MIN_READ, MAX_READ).maxMessagesPerRead(1))
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                SslContext context = tls;
                if (encrypted && context != null) {
                  channel.pipeline().addLast(context.newHandler(channel.alloc()));
                }
                accept(channel);
              }
            });
  }

  private static Channel bind(ServerBootstrap bootstrap, SocketAddress address) throws IOException {
    ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
    Throwable cause = bound.cause();
    if (cause != null) {
      throw cause instanceof IOException io ? io : new IOException(cause.toString(), cause);
    }
    return bound.channel();
  }

  private static boolean isInUse(IOException e) {
    return reason(e).contains("in use");
  }

  private static String reason(IOException e) {
    String message = String.valueOf(e.getMessage());
    // Netty's native errors say which call failed with which number first.
    int text = message.lastIndexOf(": ");
    return text < 0 ? message : message.substring(text + 2);
  }

  // --- connections

  private void accept(Channel channel) {
    if (!limits.connected()) {
      engine.hold(() -> engine.statistics().rejectConnection());
      channel.closeFuture().addListener(closed -> limits.disconnected());
      refuse(channel, "-ERR max number of clients reached\r\n");
      return;
    }
    if (isProtected
        && engine.gate().letsAnyoneIn()
        && !Addresses.isLocal(channel.remoteAddress())) {
      engine.hold(() -> engine.statistics().rejectConnection());
      channel.closeFuture().addListener(closed -> limits.disconnected());
      refuse(
          channel,
          "-DENIED Redis is running in protected mode because protected mode is enabled and no"
              + " password is set for the default user: only clients on the same machine are let"
              + " in. Set a password (requirepass), or, where the network is safe, turn protected"
              + " mode off (protected-mode no).\r\n");
      return;
    }
    Loop loop = loops.get(channel.eventLoop());
    if (loop == null) {
      throw new IllegalStateException("a channel of a foreign loop");
    }
    Connection[] made = new Connection[1];
    engine.hold(() -> made[0] = new Connection(channel, loop, engine, limits, replies));
    loop.join(made[0]);
    channel.pipeline().addLast(made[0]);
  }

  private static void refuse(Channel channel, String reply) {
    ByteBuf bytes = ByteBufUtil.writeAscii(channel.alloc(), reply);
    // Written once the channel is open, which it is not before its initialisation is over.
    channel
        .eventLoop()
        .execute(() -> channel.writeAndFlush(bytes).addListener(ChannelFutureListener.CLOSE));
  }

  /** Lets nobody in any more; who is in stays. */
  public void stopListening() {
    Stream.concat(tcp.stream(), unix.stream())
        .map(Channel::close)
        .forEach(Future::awaitUninterruptibly);
    files.forEach(UnixSocketFile::remove);
  }

  /**
   * Returns once all that was answered has been handed to the system, or half a second has passed:
   * somebody does not read. Nothing may be carried out meanwhile.
   */
  public void awaitSent() {
    long giveUp = System.nanoTime() + SENDING_NANOS;
    boolean[] unsent = {true};
    while (unsent[0] && System.nanoTime() < giveUp) {
      engine.hold(
          () ->
              unsent[0] =
                  engine.clients().stream()
                      .map(Client::outlet)
                      .anyMatch(each -> each instanceof Connection && each.pendingBytes() > 0));
      if (unsent[0]) {
        LockSupport.parkNanos(SENDING_NANOS / 500);
      }
    }
  }

  /** Stops listening, closes what is open and waits for the loops to end. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    stopListening();
    loops.values().stream()
        .map(loop -> loop.eventLoop().submit(loop::endAll))
        .forEach(Future::awaitUninterruptibly);
    Future<?> accepting = acceptor.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    Future<?> working = workers.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    accepting.awaitUninterruptibly();
    working.awaitUninterruptibly();
  }

  /**
   * Threads with room for what scripts may nest: 200 calls, and in the innermost a document a
   * thousand levels deep. Only what is used of it takes memory.
   */
  private static final class LoopThreads extends DefaultThreadFactory {
    private static final long STACK_BYTES = 4L << 20;

    LoopThreads() {
      super("pillion-loop");
    }

    @Override
    protected Thread newThread(Runnable task, String name) {
      return new FastThreadLocalThread(threadGroup, task, name, STACK_BYTES);
    }
  }
}
