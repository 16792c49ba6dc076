package io.pillion.client;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.EventLoopGroupProvider;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.util.Timer;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lettuce, as far as it is used: its event loops, TLS, the question to the sentinels, and its
 * parser. Started by the first connection, because it takes most of a second.
 */
final class LettuceTransport {
  private static final Logger LOG = LoggerFactory.getLogger(LettuceTransport.class);
  private static final int THREADS = 2;
  private static final Duration COLD_START = Duration.ofSeconds(3);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(5);

  private final PillionUrl url;
  private final Pushes pushes;
  private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Wire callersWire;
  private volatile @Nullable CallerLoop callerLoop;

  // Guarded by this.
  private @Nullable ClientResources resources;
  private @Nullable RedisClient client;
  private @Nullable ClientResources callersResources;
  private @Nullable RedisClient callersClient;
  private boolean closed;

  LettuceTransport(PillionUrl url, Pushes pushes) {
    this.url = url;
    this.pushes = pushes;
  }

  /**
   * A server of this URL.
   *
   * @param endpoint a node of a cluster; null for what the URL itself names
   */
  Node node(
      PillionUrl.@Nullable Endpoint endpoint, Consumer<String> onError, Runnable onConnectFailure) {
    RedisURI uri = uri(endpoint);
    String target = endpoint == null ? url.toString() : url + " (" + endpoint + ")";
    Wire[] shared = new Wire[1];
    Consumer<String> errors =
        error -> {
          // After a failover the sentinels name another primary, while this connection lives on.
          if (url.kind() == PillionUrl.Kind.SENTINEL && error.startsWith("READONLY")) {
            shared[0].drop();
          }
          onError.accept(error);
        };
    // The nodes of a cluster share the loops, and which of them a caller needs is not known.
    boolean single = url.kind() != PillionUrl.Kind.CLUSTER;
    shared[0] =
        known(
            new Wire(
                target,
                () -> connect(uri, single ? callersClient() : client()),
                this::timer,
                url.timeout(),
                patience(url),
                pushes,
                errors,
                onConnectFailure,
                single ? this::callerLoop : () -> null));
    if (single) {
      callersWire = shared[0];
    }
    return new Node(
        shared[0],
        () ->
            known(
                new Wire(
                    target,
                    () -> connect(uri, client()),
                    this::timer,
                    url.timeout(),
                    patience(url),
                    new Pushes(),
                    onError,
                    onConnectFailure,
                    () -> null)),
        () -> connect(uri, client()));
  }

  private Wire known(Wire made) {
    wires.removeIf(Wire::hasEnded);
    wires.add(made);
    return made;
  }

  /** The event loop of the shared wire, if it is there already and callers may run it. */
  @Nullable CallerLoop callerLoop() {
    return callerLoop;
  }

  /** For name lookup and sentinels, TLS and greeting; and for loading all the classes involved. */
  static Duration patience(PillionUrl url) {
    return url.connectTimeout().multipliedBy(2).plus(COLD_START);
  }

  private CompletionStage<StatefulRedisConnection<byte[], byte[]>> connect(
      RedisURI uri, RedisClient through) {
    return through
        .connectAsync(ByteArrayCodec.INSTANCE, uri)
        .thenCompose(connection -> new Handshake(url, connection, timer()).start());
  }

  /** The clock of timeouts. */
  Timer timer() {
    return resources().timer();
  }

  private synchronized ClientResources resources() {
    if (closed) {
      throw new ConnectionException("The client of " + url + " is closed.", null);
    }
    ClientResources current = resources;
    if (current == null) {
      current =
          withoutExtras()
              .ioThreadPoolSize(THREADS)
              .computationThreadPoolSize(THREADS)
              .threadFactoryProvider(LettuceTransport::threads)
              .build();
      resources = current;
    }
    return current;
  }

  private static ThreadFactory threads(String pool) {
    return new DefaultThreadFactory(Waiting.EVENT_LOOP_PREFIX + pool, /* daemon= */ true);
  }

  private static DefaultClientResources.Builder withoutExtras() {
    return DefaultClientResources.builder()
        .commandLatencyRecorder(CommandLatencyRecorder.disabled())
        .nettyCustomizer(
            new NettyCustomizer() {
              @Override
              public void afterChannelInitialized(Channel channel) {
                channel.pipeline().addLast(new BatchWriter());
              }
            });
  }

  private synchronized RedisClient client() {
    ClientResources shared = resources();
    RedisClient current = client;
    if (current == null) {
      current = newClient(shared);
      client = current;
    }
    return current;
  }

  /** For connections whose event loop callers may run; everything but the loop is shared. */
  private synchronized RedisClient callersClient() {
    ClientResources shared = resources();
    RedisClient current = callersClient;
    if (current == null) {
      EventLoopGroupProvider loops;
      try {
        loops = Netty42.loops(this::isQuiet, made -> callerLoop = made);
      } catch (LinkageError e) {
        LOG.debug("This is Netty 4.1, whose event loops no caller can run");
        loops = shared.eventLoopGroupProvider();
      }
      ClientResources own =
          withoutExtras()
              .eventLoopGroupProvider(loops)
              .eventExecutorGroup(shared.eventExecutorGroup())
              .eventBus(shared.eventBus())
              .timer(shared.timer())
              .build();
      callersResources = own;
      current = newClient(own);
      callersClient = current;
    }
    return current;
  }

  private boolean isQuiet() {
    Wire wire = callersWire;
    return wire != null && wire.isQuiet();
  }

  private RedisClient newClient(ClientResources through) {
    RedisClient made = RedisClient.create(through);
    ClientOptions.Builder options =
        ClientOptions.builder()
            .autoReconnect(false)
            // Handshake does that part: no question before it, and no protocol agreed on.
            .pingBeforeActivateConnection(false)
            .protocolVersion(ProtocolVersion.RESP2)
            .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
            .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
            .socketOptions(socketOptions())
            .sslOptions(SslOptions.builder().handshakeTimeout(url.connectTimeout()).build());
    try {
      Since7.noMaintenanceNotifications(options);
    } catch (LinkageError e) {
      LOG.debug("This is Lettuce 6, which does not ask for maintenance notifications");
    }
    made.setOptions(options.build());
    return made;
  }

  private SocketOptions socketOptions() {
    SocketOptions.Builder options = SocketOptions.builder().connectTimeout(url.connectTimeout());
    // A Unix socket has no such options: each connection would be warned of in the log.
    return url.kind() == PillionUrl.Kind.SOCKET
        ? options.keepAlive(false).build()
        : options
            .keepAlive(
                SocketOptions.KeepAliveOptions.builder()
                    .enable()
                    .idle(KEEP_ALIVE)
                    .interval(KEEP_ALIVE)
                    .build())
            .build();
  }

  private RedisURI uri(PillionUrl.@Nullable Endpoint endpoint) {
    RedisURI uri = new RedisURI();
    uri.setTimeout(url.connectTimeout());
    uri.setLibraryName("");
    uri.setLibraryVersion("");
    encrypt(uri);
    switch (url.kind()) {
      case SOCKET -> uri.setSocket(url.socketPath());
      case SENTINEL -> {
        uri.setSentinelMasterId(url.sentinelMaster());
        for (PillionUrl.Endpoint sentinel : url.endpoints()) {
          RedisURI one = RedisURI.create(sentinel.host(), sentinel.port());
          one.setTimeout(url.connectTimeout());
          String password = url.sentinelPassword();
          if (password != null) {
            one.setAuthentication(password);
          }
          encrypt(one);
          uri.getSentinels().add(one);
        }
      }
      default -> {
        PillionUrl.Endpoint server = endpoint == null ? url.endpoints().get(0) : endpoint;
        uri.setHost(server.host());
        uri.setPort(server.port());
      }
    }
    return uri;
  }

  private void encrypt(RedisURI uri) {
    if (url.tls()) {
      uri.setSsl(true);
      uri.setVerifyPeer(
          switch (url.verifyPeer()) {
            case FULL -> SslVerifyMode.FULL;
            case CA -> SslVerifyMode.CA;
            case NONE -> SslVerifyMode.NONE;
          });
    }
  }

  /** What only Lettuce 7 has. */
  private static final class Since7 {
    /** Saves a round trip per connection: only Redis' own cloud service knows that command. */
    static void noMaintenanceNotifications(ClientOptions.Builder options) {
      options.maintNotificationsConfig(MaintNotificationsConfig.disabled());
    }
  }

  /** What needs event loops that are open to extension. */
  private static final class Netty42 {
    static EventLoopGroupProvider loops(BooleanSupplier allAnswered, Consumer<CallerLoop> onMade) {
      return new DrivenLoops(LettuceTransport::threads, allAnswered, onMade);
    }
  }

  /** Stops Lettuce's threads; waits for them at most two seconds. */
  void close() {
    List<RedisClient> stopping = new ArrayList<>();
    List<ClientResources> owned = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      addIfMade(callersClient, stopping);
      addIfMade(client, stopping);
      addIfMade(callersResources, owned);
      addIfMade(resources, owned);
    }
    awaitClosing();
    // Each gives its event loops back, which ends them.
    stopping.forEach(one -> one.shutdown(0, 2, TimeUnit.SECONDS));
    for (ClientResources one : owned) {
      one.shutdown(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
  }

  /** Lettuce warns of a connection that is being closed when the client is. */
  private void awaitClosing() {
    if (Waiting.isOnEventLoop(Thread.currentThread())) {
      return;
    }
    CompletableFuture<?>[] closing =
        wires.stream()
            .map(Wire::closing)
            .filter(Objects::nonNull)
            .map(CompletionStage::toCompletableFuture)
            .toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(closing).get(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("Closing the connections to {} failed", url, e);
    }
  }

  private static <T> void addIfMade(@Nullable T made, List<T> to) {
    if (made != null) {
      to.add(made);
    }
  }
}
